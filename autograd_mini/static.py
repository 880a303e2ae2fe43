"""The promise that something never changes, for what nobody can watch."""

from __future__ import annotations

import weakref
from types import FunctionType
from typing import Any, TypeVar

Value = TypeVar("Value")

_promised: dict[int, Any] = {}
"""By identity what was promised, or a weak reference to it: only the promise itself can know."""


def static(value: Value) -> Value:
    """The value itself, of which you promise that it never changes, decides nothing, or gives the same when called.

    `ag.compile` then takes it as it is: without the promise it compares what a function reads before each call, and
    refuses what can't be compared, such as an open file, or a function that reads the clock.

    >>> import numpy as np
    >>> import autograd_mini as ag
    >>> codes = ag.static(iter([1.0, 2.0]))
    >>> ag.compile(lambda x: x * next(codes)).value(np.ones(2))
    array([1., 1.])
    """
    if isinstance(value, FunctionType):
        static(value.__code__)  # by which it is known when it runs
    identity = id(value)
    try:
        _promised[identity] = weakref.ref(value, lambda _: _promised.pop(identity, None))
    except TypeError:  # it has no weak references, and is kept
        _promised[identity] = value
    return value


def is_static(value: Any) -> bool:
    """Whether this very object was promised to stay the same."""
    promised = _promised.get(id(value))
    return promised is not None and (promised is value or _referent(promised) is value)


def _referent(promised: Any) -> Any:
    return promised() if isinstance(promised, weakref.ref) else None
