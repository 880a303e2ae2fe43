"""Factors that an update hides in its rate: 2, the number of samples, the number of outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograd_mini.tensor import Tensor

Sizes = tuple[tuple[str, int], ...]
"""N, the rows of what the loss adds up, and K, its columns, with their numbers."""


def sizes_of(order: Sequence[Tensor]) -> Iterator[tuple[Tensor, Sizes]]:
    """What the loss adds up to one number, nearest to the loss first, with its sizes."""
    for node in reversed(order):
        for x in node.inputs if node.size == 1 else ():
            if isinstance(x, Tensor) and x.op is not None and x.requires_grad and x.size > 1 and x.ndim < 3:
                yield x, tuple((name, n) for name, n in zip("NK", x.shape) if n > 1)


@dataclass(frozen=True)
class Reading:
    """A factor in terms of 2, N and K."""

    value: float
    text: str
    meaning: str


def read(factor: float, order: Sequence[Tensor], tolerance: float) -> Reading | None:
    """The simplest reading of a positive factor; None if it is nothing of that.

    >>> read(0.5, [], 1e-9), read(3.7, [], 1e-9)
    (Reading(value=0.5, text='1/2', meaning=''), None)
    """
    for x, sizes in (*sizes_of(order), (None, ())):
        for exponents in _exponents(len(sizes)):
            value = math.prod(n**e for n, e in zip((2.0, *(n for _, n in sizes)), exponents))
            if math.isclose(value, factor, rel_tol=max(tolerance, 1e-9)):
                used = [(name, n) for (name, n), e in zip(sizes, exponents[1:]) if e]
                text = _text(sizes, exponents) + (f" = {value:.6g}" if used else "")
                return Reading(value, text, _meanings(used, x))
    return None


def _exponents(count: int) -> list[tuple[int, ...]]:
    """Of 2 and of the sizes, those of the simplest factors first."""
    powers = itertools.product((0, 1, -1), repeat=count + 1)
    return sorted(powers, key=lambda p: sum(map(abs, p)))


def _text(sizes: Sizes, exponents: Sequence[int]) -> str:
    """A product of powers: N K / 2."""
    names = ("2", *(name for name, _ in sizes))
    above = [name for name, e in zip(names, exponents) if e > 0]
    below = [name for name, e in zip(names, exponents) if e < 0]
    under = f"({' '.join(below)})" if len(below) > 1 else "".join(below)
    if not below:
        return " ".join(above)
    return f"{' '.join(above) or '1'}{' / ' if len(above) > 1 else '/'}{under}"


def _meanings(used: Sequence[tuple[str, int]], x: Tensor | None) -> str:
    if not used or x is None or x.op is None:
        return ""
    words = {"N": "rows" if x.ndim > 1 else "entries", "K": "columns"}
    told = ", ".join(f"{name} = {n} {words[name]}" for name, n in used)
    return f" ({told} of {x.name or f'the {x.op.name}'} {x.shape})"
