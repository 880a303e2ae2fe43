"""Three witnesses for a gradient: the hand-derived one, autodiff, and differences of values; and their vote."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.numeric import MARGIN, Index, Numeric

YOURS = "your rule is wrong"
OURS = "autodiff is suspect: please report"
NOBODY = "no two of the three agree"

ROUGH = "the numeric derivative is too rough to decide"


@dataclass(frozen=True)
class Testimony:
    """What the three say about one entry; NaN for a witness that there is not."""

    index: Index
    hand: float
    automatic: float
    numeric: float
    error: float
    """How far the numeric derivative may be from the true one."""
    method: str


def entries(outside: Array, worst: Index | None, limit: int) -> list[Index]:
    """The entries to ask about: all that differ if they are few, else the worst and a seeded sample of them."""
    differing = np.flatnonzero(outside)
    if differing.size > limit:
        sample = np.random.default_rng(0).choice(differing, limit - 1, replace=False)
        first = sample if worst is None else [np.ravel_multi_index(worst, outside.shape)]
        differing = np.unique([*first, *sample])
    found = [tuple(int(i) for i in np.unravel_index(entry, outside.shape)) for entry in differing]
    return sorted(found, key=lambda index: index != worst)


def heard(
    indices: Sequence[Index], hand: Array, automatic: Array, numeric: Callable[[Index], Numeric], method: str
) -> list[Testimony]:
    """What the three say about some entries."""
    said = [(index, numeric(index)) for index in indices]
    return [Testimony(i, float(hand[i]), float(automatic[i]), n.value, n.error, method) for i, n in said]


def vote(testimonies: Sequence[Testimony], allowed: Array) -> str:
    """Who is wrong, by the entries on which the numeric derivative is precise enough to take a side."""
    sides = [_side(said, float(allowed[said.index])) for said in testimonies]
    for verdict in (OURS, YOURS, NOBODY):
        if verdict in sides:
            return verdict
    return ROUGH


def _side(said: Testimony, allowed: float) -> str:
    if not math.isfinite(said.numeric) or not math.isfinite(said.error):
        return ROUGH
    apart = abs(said.hand - said.automatic)
    if MARGIN * said.error > apart:
        return ROUGH
    reach = MARGIN * said.error + allowed
    with_hand, with_autodiff = (abs(said.numeric - x) <= reach for x in (said.hand, said.automatic))
    if with_hand == with_autodiff:
        return ROUGH if with_hand else NOBODY
    return OURS if with_hand else YOURS
