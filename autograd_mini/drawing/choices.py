"""The choices of a drawing, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np

from autograd_mini.drawing.subject import Subject
from autograd_mini.drawing.themes import VERDICTS
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor


def check_choice(call: str, name: str, given: Any, choices: Collection[Any]) -> None:
    """ValueError for anything but one of the choices."""
    if not any(given is choice or (isinstance(given, str) and given == choice) for choice in choices):
        raise ValueError(f"{call}: {name} is one of {', '.join(map(repr, choices))}, got {given!r}")


def check_count(call: str, name: str, given: Any, least: int) -> None:
    """TypeError for what is no whole number, ValueError for one below the least."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise TypeError(f"{call}: {name} is a whole number, got {given!r}")
    if given < least:
        raise ValueError(f"{call}: {name} is at least {least}, got {given}")


def check_paper(call: str, size: Any, dpi: Any) -> None:
    """ValueError for a size that is no pair of lengths in inches, and for dots per inch that are no positive number."""
    if size is not None and not (np.shape(size) == (2,) and all(map(_is_length, size))):
        raise ValueError(f"{call}: size is (width, height) in inches, (8, 5) say, got {size!r}")
    if dpi is not None and not _is_length(dpi):
        raise ValueError(f"{call}: dpi is a number above 0, 150 say, got {dpi!r}")


def _is_length(x: Any) -> bool:
    return isinstance(x, int | float | np.number) and not isinstance(x, bool) and bool(0 < x < np.inf)


class Judged(Protocol):
    """A comparison of gradients, of which the verdicts are drawn."""

    @property
    def verdicts(self) -> Mapping[Any, str]:
        """The verdict on each Tensor."""


Agreement = Mapping[Any, str] | Judged
"""What colours a drawing by agreement: verdicts by Tensor or name, or the report that holds them."""


def verdicts_of(agreement: Agreement, subject: Subject) -> dict[Any, str]:
    """The verdict on each node that the mapping, or the report, names by Tensor or by name.

    TypeError for what is neither; ValueError for another verdict, or a name that no node has.
    """
    verdicts = getattr(agreement, "verdicts", agreement)
    if not isinstance(verdicts, Mapping):
        raise TypeError(
            'draw: agreement is a report of ag.compare, or maps Tensors or names to verdicts, {"W": "wrong"} say; '
            f"got {agreement!r}"
        )
    named: dict[Any, list[Any]] = {}
    for node in subject.order:
        named.setdefault(node.name, []).append(node)
    tensors = set(subject.order)
    found: dict[Any, str] = {}
    for key, verdict in verdicts.items():
        check_choice("draw", "a verdict of agreement", verdict, VERDICTS)
        nodes = ([key] if key in tensors else []) if isinstance(key, Tensor) else named.get(key, [])
        if key is None or not nodes:
            what = describe(key) if isinstance(key, Tensor) else repr(key)
            raise ValueError(f"draw: agreement speaks of {what}, which is not in the graph; name its Tensors")
        found |= dict.fromkeys(nodes, verdict)
    return found
