"""Debugging: name the first operation that makes a NaN or an infinity, and data changed before the way back."""

from __future__ import annotations

import linecache
import os
import sys
import zlib
from typing import Any

import numpy as np

from autograd_mini.errors import describe
from autograd_mini.modes import Block, Observer, observed, tracer
from autograd_mini.tensor import Tensor, _extras

_ROOT = os.path.dirname(os.path.dirname(__file__))  # not pathlib, which takes 3 ms to import
_OWN = tuple(os.path.join(_ROOT, package) for package in ("autograd_mini", "nn"))


def debug() -> Block:
    """Within the block every recorded operation, and every gradient on the way back, is checked.

    Raises FloatingPointError at the first operation whose result, or whose gradient for an input, has a NaN or an
    infinity that was not there before: it names the operation, its inputs, the entry, and the line that created it.
    Raises RuntimeError if `backward` meets an input that was changed after it was recorded in the block. The setting
    belongs to the current thread or task. Outside the block nothing is checked and nothing costs time.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor([4.0, 0.0], name="x")
    >>> with ag.debug():
    ...     ag.sqrt(x).sum().backward()
    Traceback (most recent call last):
    FloatingPointError: sqrt: the gradient for x (2,) is inf at entry (1,), where g = 1.0, x = 0.0; ...
    """
    if tracer():
        raise RuntimeError("debug: ag.compile traces this function; call the function itself within ag.debug()")
    return observed(_Checks())


class _Checks(Observer):
    reports_errors = True

    def recorded(self, node: Tensor) -> None:
        origin = _Origin(node)
        _extras(node).origin = origin
        entry = _strange_entry(node.data)
        if entry is not None and not any(_strange_entry(x) is not None for x in _floats(node)):
            raise FloatingPointError(
                f"{_name(node)}: the result is {node.data[entry]} at entry {entry}, where {_inputs_at(node, entry)}; "
                f"computed from {_operands(node)} at {origin.line}"
            )

    def contributed(self, node: Tensor, x: Tensor, g: Any, contribution: Any) -> None:
        origin = node._extras.origin if node._extras is not None else None
        if origin is not None:
            origin.check_unchanged(node)
        value = contribution.data if isinstance(contribution, Tensor) else contribution
        upstream = g.data if isinstance(g, Tensor) else g
        entry = _strange_entry(value)
        if entry is not None and _strange_entry(upstream) is None:
            line = origin.line if origin is not None else "a line that was run outside ag.debug()"
            raise FloatingPointError(
                f"{_name(node)}: the gradient for {describe(x)} is {np.asarray(value)[entry]} at entry {entry}, where "
                f"{_at('g', upstream, entry)}{_inputs_at(node, entry)}; computed from {_operands(node)} at {line}"
            )


class _Origin:
    """Where a node was created, and checksums of the arrays that it will be differentiated with."""

    def __init__(self, node: Tensor) -> None:
        self.line = _user_line()
        self.checksums = [_checksum(x) for x in (node, *node.inputs)]

    def check_unchanged(self, node: Tensor) -> None:
        for x, before in zip((node, *node.inputs), self.checksums):
            if _checksum(x) != before:
                raise RuntimeError(
                    f"{_name(node)}: {describe(x)} was changed after {self.line} had computed with it; "
                    "change data after backward(), or compute with a copy"
                )


def _checksum(x: Any) -> int:
    data = x.data if isinstance(x, Tensor) else x
    return zlib.crc32(np.ascontiguousarray(data).view(np.uint8).data) if np.size(data) else 0


def _user_line() -> str:
    """The innermost line of the program that is neither ours nor NumPy's."""
    frame: Any = sys._getframe(1)
    own = (*_OWN, os.path.dirname(np.__file__), "<frozen", "<__array_function__")
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        frame = frame.f_back
    file, number = frame.f_code.co_filename, frame.f_lineno
    return f"{file}:{number}: {linecache.getline(file, number).strip() or '(source not available)'}"


def _floats(node: Tensor) -> list[Any]:
    values = [x.data if isinstance(x, Tensor) else x for x in node.inputs]
    return [x for x in values if np.asarray(x).dtype.kind == "f"]


def _strange_entry(value: Any) -> tuple[int, ...] | None:
    """The first entry that is not finite, or None."""
    array = np.asarray(value)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    return tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])


def _inputs_at(node: Tensor, entry: tuple[int, ...]) -> str:
    """The inputs at one entry of the result, where they broadcast to it; else their shapes must do."""
    return ", ".join(filter(None, (_at(_label(x), _array(x), entry).rstrip(", ") for x in node.inputs)))


def _at(label: str, value: Any, entry: tuple[int, ...]) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{label} = {array[()]}, "
    fits = array.ndim <= len(entry) and all(n in (1,) or i < n for i, n in zip(reversed(entry), reversed(array.shape)))
    if not fits:
        return ""
    index = tuple(0 if n == 1 else i for i, n in zip(entry[len(entry) - array.ndim :], array.shape))
    return f"{label} = {array[index]}, "


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _label(x: Any) -> str:
    return str(getattr(x, "name", None) or "x")


def _operands(node: Tensor) -> str:
    return ", ".join(describe(x) for x in node.inputs)


def _name(node: Tensor) -> str:
    assert node.op is not None
    return node.op.name
