"""When two things that a function reads are the same: plain values by type and value, all others by identity."""

from __future__ import annotations

from types import EllipsisType, NoneType, NotImplementedType
from typing import Any

import numpy as np


class Absent:
    """Stands for what is not there."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()
PLAIN = frozenset({bool, int, float, complex, str, bytes, NoneType, EllipsisType, NotImplementedType})
"""The types whose values are compared; exactly these, as a subclass may compare in its own way."""

_DEEPEST = 8  # tuples nested deeper go by identity, as the recursion must end


def same(one: Any, other: Any, depth: int = _DEEPEST) -> bool:
    """Whether a function can't tell two values apart.

    NaN is itself, 1 is neither 1.0 nor True, and 0.0 is not -0.0.

    >>> same(float("nan"), float("nan")), same((1, 2), (1, 2)), same(1, 1.0), same(0.0, -0.0), same([], [])
    (True, True, False, False, False)
    """
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is float or kind is complex:
        return repr(one) == repr(other)
    if kind is tuple:
        return depth > 0 and len(one) == len(other) and all(same(x, y, depth - 1) for x, y in zip(one, other))
    return one.tobytes() == other.tobytes() if isinstance(one, np.generic) else kind in PLAIN and bool(one == other)


def is_plain(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether a value is compared by value: numbers, strings, None, and tuples of them down to some depth.

    >>> is_plain(np.float32(1.0)), is_plain((1, "relu", (None,))), is_plain((1, [2]))
    (True, True, False)
    """
    kind = type(value)
    if kind is tuple:
        return depth > 0 and all(is_plain(part, depth - 1) for part in value)
    return kind in PLAIN or isinstance(value, np.generic)
