"""Derivatives of functions of one number by differences, with an estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
LEVELS = 9
"""Steps tried per scale, each half the one before."""


@dataclass(frozen=True)
class Estimate:
    """A derivative by differences, its estimated error, the last step, its natural size, and its rounding."""

    value: float
    error: float
    step: float
    natural: float
    rounding: float = 0.0
    """How much of the error is there because the function itself is rounded."""

    @property
    def rough(self) -> bool:
        """Whether the error estimate is about as large as the value."""
        return self.error > 1e-3 * abs(self.value)


def scales(entry: float, largest: float) -> list[float]:
    """Sizes from which to take steps: the entry's own first, then its neighbours', then 1."""
    return list(dict.fromkeys(size for size in (abs(entry), largest, 1.0) if size > 0))


def ridders(along: Callable[[float], float], scale: float, epsilon: float = EPSILON, noise: float = 0.0) -> Estimate:
    """Central differences at halved steps, extrapolated to step 0; the entry of the table that changes least.

    `epsilon` is that of the dtype in which the values are known, to within `noise` at the best.
    """
    best = Estimate(np.nan, np.inf, 0.0, 0.0)
    previous: list[float] = []
    for level in range(LEVELS):
        step = 0.1 * scale / 2**level
        above, below = along(step), along(-step)
        row = _extrapolated((above - below) / (2 * step), previous)
        roundoff = max(epsilon * max(abs(above), abs(below)), noise) / step
        for column in range(1, min(len(row), len(previous) + 1)):
            change = max(abs(row[column] - row[column - 1]), abs(row[column] - previous[column - 1]))
            if level > 1 and change + roundoff < best.error:  # two steps may agree by chance, across a jump
                best = Estimate(row[column], change + roundoff, step, max(abs(above), abs(below)) / scale, noise / step)
        if best.error <= 1e-10 * abs(best.value):
            break
        previous = row if np.isfinite(row[0]) else []
    return best


def _extrapolated(difference: float, previous: list[float]) -> list[float]:
    """The next row of Richardson's table: each column removes one more even power of the step."""
    row = [difference]
    for column, older in enumerate(previous, 1):
        row.append(row[-1] + (row[-1] - older) / (4**column - 1))
    return row
