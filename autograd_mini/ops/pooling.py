"""The largest entry or the mean of each window of a signal or an image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import as_operand
from autograd_mini.ops.reductions import mean, reduce_max
from autograd_mini.ops.windows import per_axis, windows

Size = int | tuple[int, ...]


def _pooling(name: str, x: Any, n: int, window: Size, stride: Size | None, padding: Size) -> tuple[Any, dict[str, Any]]:
    """The operand and the settings of `windows`, checked."""
    x = as_operand(x)
    if np.ndim(x) != n + 2:
        axes = ("N", "C", "L") if n == 1 else ("N", "C", "H", "W")
        raise ValueError(f"{name}: x {np.shape(x)} must have {n + 2} axes ({', '.join(axes)})")
    sizes = per_axis(f"{name}: window", window, n, 1)
    steps = sizes if stride is None else per_axis(f"{name}: stride", stride, n, 1)
    margins = per_axis(f"{name}: padding", padding, n, 0)
    if any(p >= k for p, k in zip(margins, sizes)):
        raise ValueError(f"{name}: a window {sizes} could lie wholly in a padding of {margins}; pad less")
    return x, {"window": sizes, "stride": steps, "padding": margins}


def _max_pool(name: str, x: Any, n: int, window: Size, stride: Size | None, padding: Size) -> Any:
    x, settings = _pooling(name, x, n, window, stride, padding)
    lowest = -math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return reduce_max(windows(x, **settings, fill=lowest), axis=0)


def _avg_pool(
    name: str, x: Any, n: int, window: Size, stride: Size | None, padding: Size, count_include_pad: bool
) -> Any:
    x, settings = _pooling(name, x, n, window, stride, padding)
    if count_include_pad or not any(settings["padding"]):
        return mean(windows(x, **settings), axis=0)
    # Means, not sums: float16 holds no large sum. The share of real entries makes up for the zeros of the padding.
    share = mean(windows(np.ones(x.shape[2:]), **settings), axis=0)
    return mean(windows(x, **settings), axis=0) / share.astype(np.result_type(x.dtype, np.float16))


def max_pool1d(x: Any, window: Size, *, stride: Size | None = None, padding: Size = 0) -> Any:
    """The largest entry of each window of x (N, C, L); entries that tie share the gradient equally.

    Windows lie side by side unless `stride` says how far apart they start. Padded entries are -inf: they never win.
    The result is (N, C, (L + 2 padding - window) // stride + 1).

    Raises ValueError for another number of axes, a window larger than the padded input or a padding that could fill
    one, and sizes that are no positive integers.

    >>> import autograd_mini as ag
    >>> ag.max_pool1d(ag.Tensor([[[1.0, 4.0, 3.0, 2.0]]]), 2)
    Tensor([[[4., 3.]]], op='max')
    """
    return _max_pool("max_pool1d", x, 1, window, stride, padding)


def max_pool2d(x: Any, window: Size, *, stride: Size | None = None, padding: Size = 0) -> Any:
    """The largest entry of each window of x (N, C, H, W), as `max_pool1d`; sizes are an integer or a pair.

    >>> import autograd_mini as ag
    >>> ag.max_pool2d(ag.Tensor([[[[1.0, 2.0], [4.0, 3.0]]]]), 2)
    Tensor([[[[4.]]]], op='max')
    """
    return _max_pool("max_pool2d", x, 2, window, stride, padding)


def avg_pool1d(
    x: Any, window: Size, *, stride: Size | None = None, padding: Size = 0, count_include_pad: bool = False
) -> Any:
    """The mean of each window of x (N, C, L); the windows lie as in `max_pool1d`, with the same errors.

    Padded entries do not count: at the border the mean is over what the window holds of x. With
    `count_include_pad=True` they count as zeros (PyTorch's default).

    >>> import autograd_mini as ag
    >>> ag.avg_pool1d(ag.Tensor([[[1.0, 4.0, 3.0, 2.0]]]), 2)
    Tensor([[[2.5, 2.5]]], op='mean')
    """
    return _avg_pool("avg_pool1d", x, 1, window, stride, padding, count_include_pad)


def avg_pool2d(
    x: Any, window: Size, *, stride: Size | None = None, padding: Size = 0, count_include_pad: bool = False
) -> Any:
    """The mean of each window of x (N, C, H, W), as `avg_pool1d`; sizes are an integer or a pair.

    >>> import autograd_mini as ag
    >>> ag.avg_pool2d(ag.Tensor([[[[1.0, 2.0], [4.0, 3.0]]]]), 2)
    Tensor([[[[2.5]]]], op='mean')
    """
    return _avg_pool("avg_pool2d", x, 2, window, stride, padding, count_include_pad)
