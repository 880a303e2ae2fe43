"""Several changes as one: an interrupt finds all of them done, or none."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from itertools import starmap
from operator import call
from threading import RLock
from typing import Any

import numpy as np


def at_once(calls: Iterable[tuple[Any, ...]]) -> None:
    """Make calls, each given as its function and arguments; the functions are written in C.

    Python looks for interrupts between its own instructions, and this is one of them. If one of the calls fails, with
    a floating-point warning that is made an error say, the others are made all the same, and its exception is raised.
    """
    remaining = iter(calls)
    try:
        deque(starmap(call, remaining), maxlen=0)
    except BaseException:
        with np.errstate(all="ignore"):
            deque(starmap(call, remaining), maxlen=0)
        raise


def lock() -> Any:
    """A lock that a thread may take again, and that is free in the child of a fork, where other threads are not."""
    made: Any = RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: made._is_owned() or made._at_fork_reinit())
    return made
