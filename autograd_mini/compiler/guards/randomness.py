"""RandomWatch: notices that a function drew random numbers while it was traced; compiled, they would never change."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd_mini.compiler.guards.reachable import label, reachable

State = Callable[[], Any]


class RandomWatch:
    """Remembers the state of every random generator that a call can reach, before it is traced.

    These are NumPy's generators and Python's `random.Random` reachable from the function and its arguments, and the
    global states of `np.random` and `random`. A generator that the function makes itself can't be seen.

    >>> rng = np.random.default_rng(0)
    >>> watch = RandomWatch(lambda x: x + rng.normal(), (1.0,))
    >>> watch.check()
    >>> noise = rng.normal()
    >>> watch.check()
    Traceback (most recent call last):
    RuntimeError: compile: <lambda> drew random numbers from `rng` while it was traced; they would be the same in ...
    """

    def __init__(self, function: Any, arguments: Any = ()) -> None:
        self._function = label(function)
        own = [*_readers(function, self._function), *_readers(arguments, "arguments")]
        shared: list[tuple[str, State]] = [
            ("np.random", partial(np.random.get_state, legacy=False)),
            ("random", random.getstate),
        ]
        self._states = [(path, read, _comparable(read())) for path, read in own + shared]

    def check(self) -> None:
        """Raise RuntimeError, naming the generator, if one of them has been used since."""
        for path, read, state in self._states:
            if _comparable(read()) != state:
                raise RuntimeError(
                    f"compile: {self._function} drew random numbers from `{path}` while it was traced; they would be "
                    "the same in every call: draw them outside and pass them as an argument"
                )


def _readers(value: Any, path: str) -> list[tuple[str, State]]:
    """The path of each generator, and how to read its state."""
    parts = [(place.path_of(i), part) for place in reachable(value, path) for i, part in enumerate(place.parts)]
    pairs = [(name, _reader(part)) for name, part in [(path, value), *parts]]
    return [(name, read) for name, read in pairs if read is not None]


def _reader(source: Any) -> State | None:
    if isinstance(source, np.random.Generator):
        return lambda: source.bit_generator.state
    if isinstance(source, np.random.BitGenerator):
        return lambda: source.state
    if isinstance(source, np.random.RandomState):
        return partial(source.get_state, legacy=False)
    if isinstance(source, random.Random) and not isinstance(source, random.SystemRandom):  # that one has no state
        return source.getstate
    return None


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _comparable(part) for name, part in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
