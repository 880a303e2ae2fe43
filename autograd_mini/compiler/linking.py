"""Source text becomes a function, and its buffers memory."""

from __future__ import annotations

import itertools
import linecache
import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.checks import as_value
from autograd_mini.compiler.emit import Source
from autograd_mini.compiler.plan import ALIGNMENT, Place

_numbers = itertools.count(1)


def linked(source: Source) -> Any:
    """The function that the source defines; tracebacks and debuggers show its lines."""
    file = f"<ag.compile {source.name} {next(_numbers)}>"
    scope: dict[str, Any] = {"np": np, "as_value": as_value, **source.constants}
    scope |= {name: op.forward for name, op in source.operations.items()}
    exec(compile(source.text, file, "exec"), scope)
    # Without a time linecache does not look for a file.
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(keepends=True), file)
    weakref.finalize(scope[source.name], linecache.cache.pop, file, None)
    return scope[source.name]


def buffers(source: Source, blocks: Sequence[int]) -> list[Any]:
    """The buffers of a program, cut out of blocks of memory."""
    memory = [aligned(size) for size in blocks]
    return [_cut(memory[place.block], place) for place in source.buffers]


def _cut(memory: Any, place: Place) -> Any:
    stop = place.start + place.dtype.itemsize * math.prod(place.shape)
    return memory[place.start : stop].view(place.dtype).reshape(place.shape)


def aligned(size: int) -> Any:
    """So many bytes of memory that start with a cache line."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]
