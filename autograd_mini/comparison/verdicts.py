"""Is a difference rounding? The verdict on one array, entry by entry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.checks import Array

FACTOR = 8.0
"""How many times the spread of disturbed runs is still called rounding. In 4 000 nets of
tests/autograd_mini/comparison/nets.py the furthest that a correct derivation went was 4.5."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """A verdict with the figures that it rests on."""

    verdict: str
    """exact, rounding, kink or wrong."""
    max_abs: float
    max_rel: float
    """Of each entry in proportion to the larger of the two numbers: at most 2."""
    worst_index: tuple[int, ...] | None
    """The entry that is furthest beyond rounding; None where all are equal."""
    ulps: float
    """The largest difference in units in the last place of the gradient's entry."""
    outside: Array
    """Which entries differ by more than rounding."""


EXACT = Judgement("exact", 0.0, 0.0, None, 0.0, np.zeros((), bool))
"""The verdict on the same numbers as autodiff's, entry by entry, in whatever dtype."""


def bound(gradient: Array, noise: Array, graph_epsilon: float, hand_dtype: np.dtype[Any]) -> Array:
    """How far rounding may take each entry of a derivation that computes in the coarser of the two precisions."""
    own = float(np.finfo(hand_dtype).eps) if hand_dtype.kind == "f" else 0.0
    epsilon = max(graph_epsilon, own)
    with np.errstate(all="ignore"):
        allowed = FACTOR * (noise * (epsilon / graph_epsilon) + epsilon * np.abs(gradient))
    finite: Array = np.where(np.isfinite(allowed), allowed, 0.0)  # what is infinite is right or not
    return finite


def judged(
    hand: Array, automatic: Array, gradient: Array, allowed: Array, lowest: Array | None, highest: Array | None
) -> Judgement:
    """The verdict on numbers that are not autodiff's, in the shape of the gradient.

    Rounding: all within what is allowed. Kink: the others lie between `lowest` and `highest`, the bounds that kinks
    leave, where these are given. Else wrong.
    """
    with np.errstate(all="ignore"):
        difference = np.abs(hand.astype(np.float64) - gradient)
        same = (hand == automatic) | (np.isnan(hand) & np.isnan(automatic))
        outside = ~same & ~(difference <= allowed)
        difference = np.where(same & ~np.isfinite(difference), 0.0, difference)
        verdict = "wrong" if outside.any() else "rounding"
        if verdict == "wrong" and lowest is not None and highest is not None:
            within = (hand >= lowest - allowed) & (hand <= highest + allowed) & (highest - lowest > allowed)
            verdict = "kink" if within[outside].all() else "wrong"
        return _measured(verdict, hand, automatic, gradient, difference, allowed, outside)


def _measured(
    verdict: str, hand: Array, automatic: Array, gradient: Array, difference: Array, allowed: Array, outside: Array
) -> Judgement:
    larger = np.fmax(np.abs(hand.astype(np.float64)), np.abs(gradient))
    relative = np.where(difference == 0, 0.0, difference / larger)
    excess = np.where(difference == 0, 0.0, difference / np.where(allowed > 0, allowed, np.finfo(np.float64).tiny))
    unit = np.spacing(np.abs(gradient).astype(automatic.dtype)).astype(np.float64)
    excess = np.where(np.isnan(excess), np.inf, excess)
    worst = np.unravel_index(int(np.argmax(excess)), gradient.shape)
    return Judgement(
        verdict,
        _largest(difference),
        _largest(relative),
        tuple(int(i) for i in worst),
        _largest(difference / unit),
        outside,
    )


def _largest(x: Array) -> float:
    """The largest entry; NaN if one is."""
    return float(np.max(x, initial=0.0)) if x.size else math.nan
