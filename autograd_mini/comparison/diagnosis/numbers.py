"""Numbers that a student may have lost or doubled: 2, the sizes of the axes, and their quotients."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.tensor import Tensor

_LARGEST = 1_000_000
_AXES = {0: "rows", 1: "columns"}
_MOST_SIZES = 4


@dataclass(frozen=True)
class Reading:
    """A factor as an exact number, and where its parts come from."""

    value: Fraction
    origin: str
    parts: int
    """Of how many simple numbers it is the product."""

    def of(self, what: str) -> str:
        """In words: "3 times the gradient, and 3 is the number of columns of y (4, 3)"."""
        return f"{self.value} times {what}" + (f", and {self.origin}" if self.origin else "")


def sizes(study: Study) -> dict[int, str]:
    """The sizes over which the loss takes sums, each with its meanings; without a graph, those of the gradient."""
    found: dict[int, list[str]] = {}
    for x in _reduced(study):
        for axis, size in enumerate(x.shape):
            if size > 1:
                found.setdefault(size, []).append(f"the number of {_AXES.get(axis, f'entries on axis {axis}')} of ")
                found[size][-1] += called(_with_a_name(x))
    lengths = () if found else [size for size in study.gradient.shape if size > 2]  # a 2 is lost without an axis of 2
    for size in lengths:
        found.setdefault(size, [f"the size of an axis of {study.case.name}"])
    some = list(found.items())[:_MOST_SIZES]
    return {size: f"{size} is " + " and ".join(dict.fromkeys(meanings[:2])) for size, meanings in some if size > 1}


def _with_a_name(x: Tensor) -> Tensor:
    """The nearest Tensor with a name that x is computed from, entry by entry: y rather than the power (4, 3)."""
    near = x
    while near.name is None and near.op is not None and near.op.elementwise:
        alike = [y for y in near.inputs if isinstance(y, Tensor) and y.requires_grad and y.shape == x.shape]
        if not alike:
            break
        near = alike[0]
    return x if near.name is None else near


def _reduced(study: Study) -> list[Tensor]:
    """What sums and means on the way from the loss go over, those next to the loss first."""
    return [x for node in study.path if node.op is not None for x in node.inputs[:1] if _is_reduction(node, x)]


def _is_reduction(node: Tensor, x: object) -> bool:
    if not isinstance(x, Tensor) or node.op is None or node.op.name == "getitem":
        return False
    return node.ndim < x.ndim and node.op.arity in (1, 2) and node.op.name not in ("matmul", "reshape")


def readings(study: Study) -> list[Reading]:
    """All factors that have a meaning here, the simplest first: -1, 2, 1/2, N, 1/N, then their products."""
    known = sizes(study)
    powers = [p for p in itertools.product((0, 1, -1), repeat=len(known)) if sum(map(abs, p)) <= 2]
    combinations = itertools.product((1, -1), (Fraction(1), Fraction(2), Fraction(1, 2)), powers)
    ranked = sorted(combinations, key=lambda c: _parts(*c))
    found: dict[Fraction, Reading] = {}
    for sign, two, exponents in ranked:
        value = sign * two
        used = []
        for (size, meaning), exponent in zip(known.items(), exponents):
            value *= Fraction(size) ** exponent
            used += [meaning] if exponent else []
        found.setdefault(value, Reading(value, _with_sizes(value, used, known), _parts(sign, two, exponents)))
    return [reading for value, reading in found.items() if value != 1]


def _parts(sign: int, two: Fraction, exponents: tuple[int, ...]) -> int:
    return (sign < 0) + (two != 1) + sum(map(abs, exponents))


def _with_sizes(value: Fraction, used: list[str], known: dict[int, str]) -> str:
    """The meanings of a factor: 2 and 1/2 may be sizes too."""
    size = abs(value) if abs(value) > 1 else 1 / abs(value)
    return ", ".join(used or [known[n] for n in known if n == size])


def read_factor(c: float, options: list[Reading], level: float) -> Reading | None:
    """The simplest reading of a factor that was found by least squares."""
    return next((r for r in options if abs(c - float(r.value)) <= 4 * level * abs(float(r.value))), None)


def besides(reading: Reading | None) -> str:
    """How a sentence about another mistake goes on when the result is multiplied by a number too."""
    return "" if reading is None else "; besides, your rule is " + reading.of("what it should be")


def as_text(c: float, level: float) -> str:
    """A factor as a whole number or its inverse where it is one, else in six digits."""
    if c == 0 or not 1 / _LARGEST < abs(c) < _LARGEST:
        return f"{c:.6g}"
    whole = Fraction(round(c)) if abs(c) >= 1 else Fraction(1, round(1 / c))
    return str(whole) if abs(c - float(whole)) <= 4 * level * abs(c) else f"{c:.6g}"
