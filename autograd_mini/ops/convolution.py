"""Convolution: of two sequences as NumPy has it, and of batches of signals and images as networks use it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import REQUIRED, Op, as_operand, implements
from autograd_mini.ops.shape import reshape
from autograd_mini.ops.windows import Sizes, add_back, check_fit, per_axis, view

Size = int | tuple[int, ...]

# ------------------------------------------------------------------------------------------------------- two sequences


def _convolve_vjp(g: Any, x: Any, other: Any, mode: str) -> Any:
    """The gradient of x, whichever of the two operands it is: convolution commutes."""
    return _convolve(g, other[::-1], mode="full" if mode == "valid" and x.size >= other.size else "valid")


_convolve: Op = Op(
    "convolve",
    lambda a, v, *, mode: np.convolve(a, v, mode),
    lambda g, out, a, v, *, mode: _convolve_vjp(g, a, v, mode),
    lambda g, out, a, v, *, mode: _convolve_vjp(g, v, a, mode),
    settings={"mode": REQUIRED},
    symbol="∗",
    doc="The full convolution of two sequences, or the valid part of it, where they overlap wholly.",
)


def _sequence(name: str, x: Any) -> Any:
    x = as_operand(x)
    if np.ndim(x) > 1:
        raise ValueError(f"{name}: takes 1-D sequences, got shape {x.shape}; conv1d and conv2d take batches of them")
    return x if np.ndim(x) else reshape(x, shape=1)


def _sliding(name: str, a: Any, v: Any, mode: str, start: int) -> Any:
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"{name}: mode {mode!r}; write 'full', 'same' or 'valid'")
    if mode != "same":
        return _convolve(a, v, mode=mode)
    return _convolve(a, v, mode="full")[start : start + max(a.size, v.size)]


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The sums of a[k - i] * v[i] over i, for every k; linear in a and in v.

    `full` has a.size + v.size - 1 entries; `same` its middle, as many as the longer operand; `valid` those where one
    operand lies wholly within the other. Raises ValueError for another mode, for empty operands and for more axes.

    >>> import autograd_mini as ag
    >>> ag.convolve(ag.Tensor([1.0, 2.0, 3.0]), [1.0, 10.0])
    Tensor([ 1., 12., 23., 30.], op='convolve')
    """
    a, v = _sequence("convolve", a), _sequence("convolve", v)
    return _sliding("convolve", a, v, mode, (min(a.size, v.size) - 1) // 2)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The sums of a[k + i] * v[i] over i, for every k: `convolve` with v reversed, in the same modes.

    >>> import autograd_mini as ag
    >>> ag.correlate(ag.Tensor([1.0, 2.0, 3.0]), [1.0, 10.0])
    Tensor([21., 32.], op='convolve')
    """
    a, v = _sequence("correlate", a), _sequence("correlate", v)
    # NumPy correlates the longer with the shorter and reverses the result, so an even overlap is cut on the other side.
    start = (v.size - 1) // 2 if a.size >= v.size else a.size // 2
    return _sliding("correlate", a, v[::-1], mode, start)


# ------------------------------------------------------------------------------------- batches of signals and images
#
# Three operations on x (N, C, *size), w (F, C / groups, *kernel) and g (N, F, *positions). Each is linear in both its
# inputs, and all three are derivatives of the one sum over all products x * w * g that meet: so they are each other's
# rules, to any order.


def _check(x: Any, w: Any, n: int, groups: int) -> None:
    if np.ndim(x) != n + 2 or np.ndim(w) != n + 2:
        size, kernel = ("L", "K") if n == 1 else ("H, W", "KH, KW")
        layout = f"x (N, C, {size}) and w (F, C / groups, {kernel})"
        raise ValueError(f"{layout} have {n + 2} axes, not x {np.shape(x)} and w {np.shape(w)}")
    if 0 in w.shape[2:]:
        raise ValueError(f"w {w.shape} is an empty kernel")
    if x.shape[1] % groups or w.shape[0] % groups:
        raise ValueError(f"{groups} groups do not divide the channels of x {x.shape} and the filters of w {w.shape}")


def _columns(x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Any:
    """What each output reads of x, as columns: (N, groups, C / groups * entries of the kernel, all positions)."""
    n = len(kernel)
    seen = view(x, kernel, stride, padding, dilation)
    seen = seen.transpose(0, 1, *range(n + 2, 2 * n + 2), *range(2, n + 2))
    rows = x.shape[1] // groups * math.prod(kernel)
    return seen.reshape(x.shape[0], groups, rows, math.prod(seen.shape[n + 2 :]))


def _filters(w: Any, groups: int) -> Any:
    return w.reshape(groups, w.shape[0] // groups, math.prod(w.shape[1:]))


def _grouped(g: Any, groups: int) -> Any:
    return g.reshape(g.shape[0], groups, g.shape[1] // groups, math.prod(g.shape[2:]))


def _conv_forward(x: Any, w: Any, *, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Any:
    _check(x, w, len(stride), groups)
    if w.shape[1] * groups != x.shape[1]:
        read = f"{w.shape[1]}" + (f" x {groups} groups" if groups > 1 else "")
        raise ValueError(f"x {x.shape} has {x.shape[1]} channels, but the filters w {w.shape} read {read}")
    size, kernel = x.shape[2:], w.shape[2:]
    check_fit(size, kernel, padding, dilation)
    positions = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)
    ]
    out = _filters(w, groups) @ _columns(x, kernel, stride, padding, dilation, groups)
    return out.reshape(x.shape[0], w.shape[0], *positions)


def _conv_input_gradient_forward(
    g: Any, w: Any, *, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    columns = _filters(w, groups).swapaxes(1, 2) @ _grouped(g, groups)
    kernel, positions = w.shape[2:], g.shape[2:]
    n = len(size)
    seen = columns.reshape(g.shape[0], w.shape[1] * groups, *kernel, *positions)
    seen = seen.transpose(0, 1, *range(n + 2, 2 * n + 2), *range(2, n + 2))
    return add_back(seen, size, stride, padding, dilation)


def _conv_weight_gradient_forward(
    x: Any, g: Any, *, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    columns = _columns(x, kernel, stride, padding, dilation, groups).swapaxes(2, 3)
    deltas = _grouped(g, groups)
    count, _, filters, positions = deltas.shape
    if filters > 4 * positions:  # a matrix of weights per example, summed later, would outgrow the columns
        columns = columns.swapaxes(0, 1).reshape(groups, count * positions, columns.shape[3])
        total = deltas.transpose(1, 2, 0, 3).reshape(groups, filters, count * positions) @ columns
    else:
        total = (deltas @ columns).sum(axis=0)
    return total.reshape(g.shape[1], x.shape[1] // groups, *kernel)


_CONV: dict[str, Any] = dict.fromkeys(("stride", "padding", "dilation", "groups"), REQUIRED)

_conv: Op = Op(
    "conv",
    _conv_forward,
    lambda g, out, x, w, **settings: _conv_input_gradient(g, w, size=x.shape[2:], **settings),
    lambda g, out, x, w, **settings: _conv_weight_gradient(x, g, kernel=w.shape[2:], **settings),
    settings=_CONV,
    doc="x (N, C, *size) correlated with the filters w (F, C / groups, *kernel).",
)

_conv_input_gradient: Op = Op(
    "conv_transpose",
    _conv_input_gradient_forward,
    lambda h, out, g, w, *, size, **settings: _conv(h, w, **settings),
    lambda h, out, g, w, *, size, **settings: _conv_weight_gradient(h, g, kernel=w.shape[2:], **settings),
    settings={"size": REQUIRED, **_CONV},
    doc="The gradient of `conv` for x, from g (N, F, *positions): each entry adds its filter to the result.",
)

_conv_weight_gradient: Op = Op(
    "conv_weight_gradient",
    _conv_weight_gradient_forward,
    lambda h, out, x, g, *, kernel, **settings: _conv_input_gradient(g, h, size=x.shape[2:], **settings),
    lambda h, out, x, g, *, kernel, **settings: _conv(x, h, **settings),
    settings={"kernel": REQUIRED, **_CONV},
    doc="The gradient of `conv` for w, from x and g (N, F, *positions).",
)


def _settings(name: str, n: int, stride: Size, padding: Size, dilation: Size, groups: int) -> dict[str, Any]:
    (count,) = per_axis(f"{name}: groups", groups, 1, 1)
    return {
        "stride": per_axis(f"{name}: stride", stride, n, 1),
        "padding": per_axis(f"{name}: padding", padding, n, 0),
        "dilation": per_axis(f"{name}: dilation", dilation, n, 1),
        "groups": count,
    }


def conv1d(x: Any, w: Any, *, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1) -> Any:
    """x (N, C, L) correlated with the filters w (F, C / groups, K); no filter is reversed, as in all deep learning.

    The result is (N, F, (L + 2 padding - dilation (K - 1) - 1) // stride + 1). `padding` adds zeros at both ends;
    `dilation` is the distance between the entries a filter reads; with `groups` the first F / groups filters read the
    first C / groups channels, and so on. A bias is added after: `conv1d(x, w) + b[:, None]`. Linear in x and in w;
    the derivatives are convolutions again.

    Raises ValueError for shapes that do not fit, and for settings that are no positive integers (padding may be 0).

    >>> import autograd_mini as ag
    >>> x = ag.Tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> ag.conv1d(x, [[[1.0, 10.0]]], stride=2)
    Tensor([[[21., 43.]]], op='conv')
    """
    return _conv(x, w, **_settings("conv1d", 1, stride, padding, dilation, groups))


def conv2d(x: Any, w: Any, *, stride: Size = 1, padding: Size = 0, dilation: Size = 1, groups: int = 1) -> Any:
    """x (N, C, H, W) correlated with the filters w (F, C / groups, KH, KW), as `conv1d`.

    `stride`, `padding` and `dilation` are an integer or a pair. A bias is added after, as `b[:, None, None]`.

    >>> import autograd_mini as ag
    >>> image = ag.Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> ag.conv2d(image, [[[[1.0, 1.0]]]])
    Tensor([[[[3.],
              [7.]]]], op='conv')
    """
    return _conv(x, w, **_settings("conv2d", 2, stride, padding, dilation, groups))


def _transposed(name: str, x: Any, w: Any, output_padding: Size, settings: dict[str, Any]) -> Any:
    x, w = as_operand(x), as_operand(w)
    stride, padding, dilation, groups = settings.values()
    extra = per_axis(f"{name}: output_padding", output_padding, len(stride), 0)
    if any(e >= s for e, s in zip(extra, stride)):
        raise ValueError(f"{name}: output_padding {extra} must be less than the stride {stride}")
    if np.ndim(x) != len(stride) + 2 or np.ndim(w) != np.ndim(x) or 0 in w.shape[2:] or x.shape[1] != w.shape[0]:
        layout = "x (N, F, ...) and w (F, C / groups, ...)"
        raise ValueError(f"{name}: {layout} have {len(stride) + 2} axes and one F, not x {x.shape} and w {w.shape}")
    if x.shape[1] % groups:
        raise ValueError(f"{name}: {groups} groups do not divide the {x.shape[1]} channels of x {x.shape}")
    size = [
        (m - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for m, k, s, p, d, e in zip(x.shape[2:], w.shape[2:], stride, padding, dilation, extra)
    ]
    if min(size) < 1:
        raise ValueError(f"{name}: a padding of {padding} leaves nothing of x {x.shape} and w {w.shape}; pad less")
    return _conv_input_gradient(x, w, size=tuple(size), **settings)


def conv_transpose1d(
    x: Any,
    w: Any,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """The transpose of `conv1d`: each entry of x (N, F, L) adds its filter of w (F, C / groups, K), `stride` apart.

    The result is (N, C, (L - 1) stride - 2 padding + dilation (K - 1) + 1 + output_padding), a shape that `conv1d` with
    the same settings turns into that of x; where several do, `output_padding` chooses.

    Raises ValueError as `conv1d`, and for an output_padding that is not less than the stride.

    >>> import autograd_mini as ag
    >>> ag.conv_transpose1d(ag.Tensor([[[1.0, 2.0]]]), [[[1.0, 10.0]]], stride=2)
    Tensor([[[ 1., 10.,  2., 20.]]], op='conv_transpose')
    """
    settings = _settings("conv_transpose1d", 1, stride, padding, dilation, groups)
    return _transposed("conv_transpose1d", x, w, output_padding, settings)


def conv_transpose2d(
    x: Any,
    w: Any,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """The transpose of `conv2d`, of x (N, F, H, W) and w (F, C / groups, KH, KW), as `conv_transpose1d`.

    >>> import autograd_mini as ag
    >>> ag.conv_transpose2d(ag.Tensor([[[[1.0, 2.0]]]]), [[[[1.0, 10.0]]]])
    Tensor([[[[ 1., 12., 20.]]]], op='conv_transpose')
    """
    settings = _settings("conv_transpose2d", 2, stride, padding, dilation, groups)
    return _transposed("conv_transpose2d", x, w, output_padding, settings)
