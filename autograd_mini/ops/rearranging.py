"""Repeating, rolling, flipping and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd_mini.ops.indexing import SLOT, scatter_add, take
from autograd_mini.ops.op import REQUIRED, Op, implements
from autograd_mini.ops.shape import as_array, broadcast_to, ravel, reshape, transpose


@implements(np.repeat)
def repeat(a: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Each entry along the axis, or of the flattened array, several times in a row: (2, 3) twice along 1 is (2, 6).

    `repeats` is one number, or one for each entry. Raises ValueError if their count differs or one is negative.

    >>> import autograd_mini as ag
    >>> ag.repeat(ag.Tensor([1.0, 2.0]), [1, 2])
    Tensor([1., 2., 2.], op='getitem')
    """
    a = ravel(a) if axis is None else as_array(a)
    axis = normalize_axis_index(axis or 0, a.ndim, "repeat")
    counts = np.asarray(repeats)
    if counts.size != 1 or counts.dtype.kind not in "iu":
        return take(a, np.repeat(np.arange(a.shape[axis]), counts), axis)
    # Equal counts repeat by broadcasting, whose gradient is a sum; taking entries would scatter them one by one.
    before, after = a.shape[: axis + 1], a.shape[axis + 1 :]
    wide = broadcast_to(reshape(a, shape=(*before, 1, *after)), shape=(*before, int(counts.item()), *after))
    return reshape(wide, shape=(*before[:-1], before[-1] * int(counts.item()), *after))


@implements(np.tile)
def tile(A: Any, reps: int | Sequence[int]) -> Any:
    """The whole array several times along each axis: (2, 3) with reps (2, 1) is (4, 3); missing axes are added.

    >>> import autograd_mini as ag
    >>> ag.tile(ag.Tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.], op='reshape')
    """
    A, counts = as_array(A), tuple(np.atleast_1d(np.asarray(reps, np.intp)).tolist())
    shape = (1,) * (len(counts) - A.ndim) + A.shape
    counts = (1,) * (len(shape) - len(counts)) + counts
    apart = reshape(A, shape=[n for size in shape for n in (1, size)])
    repeated = broadcast_to(apart, shape=tuple(n for pair in zip(counts, shape) for n in pair))
    return reshape(repeated, shape=tuple(map(math.prod, zip(counts, shape))))


def _opposite(shift: Any) -> Any:
    return tuple(-each for each in shift) if np.ndim(shift) else -shift


roll: Op = Op(
    "roll",
    lambda x, *, shift, axis: np.roll(x, shift, axis)[()],
    lambda g, out, x, *, shift, axis: roll(g, shift=_opposite(shift), axis=axis),
    settings={"shift": REQUIRED, "axis": None},
    positional=2,
    numpy=np.roll,
    doc="""The entries moved on by a shift along an axis, or several, or the flattened array; the last come first.

    >>> ag.roll(ag.Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.], op='roll')
    """,
)


@implements(np.flip)
def flip(m: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The entries in reverse order along the axis, axes, or all.

    >>> import autograd_mini as ag
    >>> ag.flip(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([[2., 1.],
            [4., 3.]], op='getitem')
    """
    m = as_array(m)
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim, "flip: axis")
    return m[tuple(slice(None, None, -1 if position in axes else 1) for position in range(m.ndim))]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """The rows in reverse order; ValueError for a number.

    >>> import autograd_mini as ag
    >>> ag.flipud(ag.Tensor([[1.0], [2.0]]))
    Tensor([[2.],
            [1.]], op='getitem')
    """
    return flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """The columns in reverse order; ValueError for fewer than two axes.

    >>> import autograd_mini as ag
    >>> ag.fliplr(ag.Tensor([[1.0, 2.0]]))
    Tensor([[2., 1.]], op='getitem')
    """
    return flip(m, 1)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned by k quarters from the first of two axes to the second; (2, 3) turned once is (3, 2).

    Raises ValueError if the axes are not two different ones.

    >>> import autograd_mini as ag
    >>> ag.rot90(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 4.],
            [1., 3.]], op='getitem')
    """
    m = as_array(m)
    plane = normalize_axis_tuple(axes, m.ndim, "rot90: axes")
    if len(plane) != 2:
        raise ValueError(f"rot90: axes must be 2 axes, got {len(plane)}")
    first, second = plane
    if k % 4 in (0, 2):
        return flip(m, plane if k % 4 else ())
    order = list(range(m.ndim))
    order[first], order[second] = second, first
    return flip(transpose(m, axes=tuple(order)), first if k % 4 == 1 else second)


# Padding

_PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def _pad_widths(pad_width: Any, ndim: int) -> Any:
    """The widths before and after, for each axis: NumPy's forms are a number, a pair, pairs, or a dict of axes."""
    if not isinstance(pad_width, dict):
        return np.broadcast_to(np.asarray(pad_width), (ndim, 2)).tolist()
    widths = np.zeros((ndim, 2), np.intp)
    for axis, width in pad_width.items():
        widths[axis] = width
    return widths.tolist()


def _pad_forward(x: Any, *, pad_width: Any, mode: Any, constant_values: Any) -> Any:
    if mode not in _PAD_MODES:
        raise ValueError(f"mode {mode!r} is not supported; choose one of {', '.join(_PAD_MODES)}")
    x = np.asarray(x)
    if x.ndim == 0:
        return x[()]  # it has no border
    options = {"constant_values": constant_values} if mode == "constant" else {}
    padded: Any = np.pad(x, _pad_widths(pad_width, x.ndim), mode, **options)
    return padded[()]


def _pad_vjp(g: Any, out: Any, x: Any, *, pad_width: Any, mode: Any, constant_values: Any) -> Any:
    if x.ndim == 0:
        return g
    widths = _pad_widths(pad_width, x.ndim)
    if mode == "constant":
        return g[tuple(slice(before, before + size) for (before, _), size in zip(widths, x.shape))]
    for axis, (width, size) in enumerate(zip(widths, x.shape)):
        if any(width):
            sources = np.pad(np.arange(size), width, mode)  # where each entry along the axis came from
            shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
            g = scatter_add(g, sources, index=(*(slice(None),) * axis, SLOT), shape=shape)
    return g


pad = Op(
    "pad",
    _pad_forward,
    _pad_vjp,
    settings={"pad_width": REQUIRED, "mode": "constant", "constant_values": 0},
    positional=2,
    numpy=np.pad,
    doc="""x with a border: constant values, or copies of x by the mode edge, reflect, symmetric or wrap.

    `pad_width` is a number, a pair (before, after), a pair for each axis, or a dict of axis to either. An entry gets
    the gradients of all its copies; the constant gets none.

    >>> ag.pad(ag.Tensor([1.0, 2.0]), (1, 2), mode="edge")
    Tensor([1., 1., 2., 2., 2.], op='pad')
    """,
)
