"""Whether a hypothesis gives the student's numbers: equal up to rounding, perhaps after one factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.case import Case

_LOOSEST = 0.02
_SMALLEST = 1e-100


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A mistake, and the array that a derivation with this mistake gives."""

    kind: str
    detail: str
    array: Array


def level_of(case: Case) -> float:
    """The relative difference that rounding may make between the student's numbers and the right hypothesis.

    Where the true gradient is small by cancellation, rounding is large beside it: that is what the noise knows. A
    mistake may undo a cancellation or add one, so that four times as much is allowed.
    """
    size = norm(case.gradient)
    relative = norm(case.noise) / size if size else 0.0
    dtype = case.node.dtype if case.node.dtype.kind == "f" else np.dtype(np.float64)
    smallest = 16 * float(np.finfo(dtype).eps)
    return float(min(max(4 * relative, smallest), _LOOSEST))


def norm(array: Array) -> float:
    """The Euclidean norm of all entries, which neither overflows nor underflows."""
    unit, size = _scaled(np.asarray(array, np.result_type(array, np.float16)))  # what a comparison says has no minus
    return size * float(np.sqrt(np.vdot(unit, unit)))


def _scaled(array: Array) -> tuple[Array, float]:
    """An array whose squares are in range, and the number that it was divided by."""
    largest = float(max(array.max(initial=0.0), -array.min(initial=0.0)))
    if _SMALLEST < largest < 1 / _SMALLEST or not largest or not np.isfinite(largest):
        return array, 1.0
    return array / largest, largest


def residual(hand: Array, candidate: Array) -> float:
    """The part of `hand` that a candidate does not explain: the norm of their difference over that of `hand`."""
    missed, size = norm(hand - candidate), norm(hand)
    return missed / size if size else missed


def fits(hand: Array, candidate: Array, level: float) -> bool:
    """Whether two arrays of one shape differ by rounding only, entry by entry."""
    candidate = np.asarray(candidate)
    hand = hand.astype(np.float64) if hand.dtype == bool else hand
    if hand.shape != candidate.shape or not np.isfinite(candidate).all():
        return False
    typical = norm(candidate) / max(np.sqrt(candidate.size), 1)
    return bool(np.all(np.abs(hand - candidate) <= level * (np.abs(candidate) + typical)))


def explains(hand: Array, candidate: Array, gradient: Array, level: float) -> bool:
    """Whether a candidate fits, and much better than the truth does."""
    if not fits(hand, candidate, level):
        return False
    return hand.shape != gradient.shape or norm(hand - candidate) < 0.1 * norm(hand - gradient)


def multiple(hand: Array, candidate: Array) -> float:
    """The number c for which c times the candidate comes closest to `hand`; 0 for a candidate of zeros."""
    unit, size = _scaled(np.asarray(candidate))
    square = float(np.vdot(unit, unit))
    return float(np.vdot(unit, hand)) / square / size if square and np.isfinite(square) else 0.0
