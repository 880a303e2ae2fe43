"""Sliding windows over the last axes of an array: what convolution and pooling read, and how it is added back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd_mini.ops.op import REQUIRED, Op

Sizes = tuple[int, ...]


def per_axis(what: str, value: Any, count: int, least: int) -> Sizes:
    """An integer for every spatial axis, given as one for all or one for each; `what` names the setting in errors."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * count
    if len(values) != count or not all(isinstance(v, int | np.integer) and v >= least for v in values):
        several = f"or a tuple of {count} of them" if count > 1 else "alone or in a tuple"
        raise ValueError(f"{what}={value!r}: give an integer of at least {least}, {several}")
    return tuple([int(v) for v in values])


def check_fit(size: Sizes, window: Sizes, padding: Sizes, dilation: Sizes) -> None:
    """Raise ValueError unless the window fits into the padded input."""
    spans = tuple([d * (k - 1) + 1 for k, d in zip(window, dilation)])
    room = tuple([n + 2 * p for n, p in zip(size, padding)])
    if any(span > n for span, n in zip(spans, room)):
        raise ValueError(f"the window {window} spans {spans} entries, more than the padded input {room}; pad it more")


def _inner(size: Sizes, padding: Sizes) -> tuple[Any, ...]:
    return (..., *[slice(p, p + n) for n, p in zip(size, padding)])


def _padded(x: Any, padding: Sizes, fill: float) -> Any:
    if not any(padding):
        return x
    size = x.shape[-len(padding) :]
    larger: Any = np.full(x.shape[: -len(size)] + tuple([n + 2 * p for n, p in zip(size, padding)]), fill, x.dtype)
    larger[_inner(size, padding)] = x
    return larger


def view(x: Any, window: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, fill: float = 0) -> Any:
    """Every window of an array (..., *size) as a read-only view (..., *positions, *window)."""
    spans = tuple([d * (k - 1) + 1 for k, d in zip(window, dilation)])
    seen: Any = sliding_window_view(_padded(x, padding, fill), spans, tuple(range(-len(window), 0)))
    return seen[(..., *[slice(None, None, step) for step in stride + dilation])]


def add_back(seen: Any, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    """The transpose of `view`: an array (..., *size) with windows added where they were read from."""
    n = len(size)
    positions, window = seen.shape[-2 * n : -n], seen.shape[-n:]
    if math.prod(window) > math.prod(positions):  # entry = position * stride + offset * dilation: swap to loop less
        seen = np.moveaxis(seen, tuple(range(-n, 0)), tuple(range(-2 * n, -n)))
        positions, window, stride, dilation = window, positions, dilation, stride
    total: Any = np.zeros(seen.shape[: -2 * n] + tuple([m + 2 * p for m, p in zip(size, padding)]), seen.dtype)
    for offset in np.ndindex(*window):
        starts = [k * d for k, d in zip(offset, dilation)]
        where_to = [slice(start, start + s * (m - 1) + 1, s) for start, s, m in zip(starts, stride, positions)]
        total[(..., *where_to)] += seen[(..., *offset)]
    return total[_inner(size, padding)]


def _windows(x: Any, *, window: Sizes, stride: Sizes, padding: Sizes, fill: float) -> Any:
    n = len(window)
    check_fit(x.shape[-n:], window, padding, (1,) * n)
    seen = np.moveaxis(view(x, window, stride, padding, (1,) * n, fill), tuple(range(-n, 0)), tuple(range(n)))
    return seen.reshape(math.prod(window), *seen.shape[n:])


def _add_windows(g: Any, *, window: Sizes, stride: Sizes, padding: Sizes, size: Sizes) -> Any:
    n = len(window)
    seen = np.moveaxis(g.reshape(*window, *g.shape[1:]), tuple(range(n)), tuple(range(-n, 0)))
    return add_back(seen, size, stride, padding, (1,) * n)


# The entries of a window come first: reducing a leading axis runs at full speed, reducing short last axes does not.
windows: Op = Op(
    "windows",
    _windows,
    lambda g, out, x, *, window, stride, padding, fill: add_windows(
        g, window=window, stride=stride, padding=padding, size=x.shape[-len(window) :]
    ),
    settings={"window": REQUIRED, "stride": REQUIRED, "padding": REQUIRED, "fill": 0},
    doc="The windows of an array (..., *size) as (entries of a window, ..., *positions); padding holds `fill`.",
)

add_windows: Op = Op(
    "add_windows",
    _add_windows,
    lambda h, out, g, *, window, stride, padding, size: windows(h, window=window, stride=stride, padding=padding),
    settings={"window": REQUIRED, "stride": REQUIRED, "padding": REQUIRED, "size": REQUIRED},
    doc="An array (..., *size) to which windows are added where `windows` reads them; the derivative of `windows`.",
)
