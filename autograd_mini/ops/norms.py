"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.decompositions import svdvals
from autograd_mini.ops.elementwise import absolute, astype, sign, where
from autograd_mini.ops.op import Op, Traced, implements
from autograd_mini.ops.reductions import kept_shape, reduce_max, reduce_min, reduce_sum, restore
from autograd_mini.ops.shape import reshape, transpose


def _power_norm(x: Any, *, power: float, axis: Any, keepdims: Any) -> Any:
    sizes = np.abs(x if np.asarray(x).dtype.kind == "f" else np.asarray(x, np.float64))
    with np.errstate(over="ignore", under="ignore"):
        total = np.add.reduce(sizes**power, axis=axis, keepdims=keepdims)
    smallest = np.finfo(sizes.dtype).tiny / np.finfo(sizes.dtype).eps
    if power < 0 or ((total > smallest) & (total < np.inf)).all():
        return _root(total, power)
    return _scaled_norm(sizes, power, axis, keepdims)


def _root(total: Any, power: float) -> Any:
    return np.sqrt(total) if power == 2 else total ** (1 / power)


def _scaled_norm(sizes: Any, power: float, axis: Any, keepdims: Any) -> Any:
    """The norm in units of the largest entry, whose powers neither overflow nor vanish."""
    largest = np.maximum.reduce(sizes, axis=axis, keepdims=True, initial=0)
    unit = np.where((largest > 0) & (largest < np.inf), largest, sizes.dtype.type(1))
    with np.errstate(over="ignore", under="ignore"):
        total = np.add.reduce((sizes / unit) ** power, axis=axis, keepdims=keepdims)
    return _root(total, power) * unit.reshape(np.shape(total))[()]


def _power_norm_vjp(g: Any, out: Any, x: Any, *, power: float, axis: Any, keepdims: bool) -> Any:
    total = restore(out, x, axis, keepdims)
    unit = where(total == 0, 1, total)
    # |x|**(power - 1) may be infinite at 0, where the sign makes the slope 0: any other base will do.
    slope = x / unit if power == 2 else sign(x) * (where(x == 0, unit, absolute(x)) / unit) ** (power - 1)
    return where(total == 0, 0, restore(g, x, axis, keepdims)) * slope


power_norm = Op(
    "norm",
    _power_norm,
    _power_norm_vjp,
    settings={"power": 2, "axis": None, "keepdims": False},
    doc="""sum(|x|**power)**(1/power) over the given axis, axes, or all, without overflow; write `norm(x, power)`.

    d/dx = sign(x) (|x| / norm)**(power - 1); 0 for the zero vector, and for an entry 0.

    >>> ag.norm(ag.Tensor([3.0, 4.0]))
    Tensor(5.0, op='norm')
    """,
)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of a vector (along one axis) or a matrix (along two), or of all entries: the root of the sum of squares.

    A vector takes `ord` 2, 1, inf, -inf, 0 or any other power; a matrix 'fro', 1, -1, inf, -inf, and by its singular
    values 2 (the largest), -2 (the smallest) and 'nuc' (their sum). The gradient is 0 at the zero vector and, for
    powers, at an entry 0; the largest or smallest entries share it at a tie.

    Raises ValueError for an order that does not fit the number of axes, and for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.norm(ag.Tensor([[3.0, 4.0], [0.0, 0.0]]), axis=1)
    Tensor([5., 0.], op='norm')
    """
    x = x if isinstance(x, Traced) else np.asarray(x)
    axes = _checked_axes(axis, x.ndim)
    if ord is None or (axis is None and (x.ndim, ord) in {(1, 2), (2, "fro")}):
        return power_norm(x, axis=axis, keepdims=keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"norm: order {ord!r} is of a vector or a matrix, not of data {x.shape}; give one or two axes")


def _checked_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes in the order given, from the front: the first of a matrix counts its rows."""
    if axis is None:
        return tuple(range(ndim))
    named = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    for a in named:
        if not -ndim <= a < ndim:
            raise np.exceptions.AxisError(f"norm: axis {a} is out of bounds for an array with {ndim} axes")
    axes = tuple(int(a) % ndim for a in named)
    if len(set(axes)) != len(axes) or not 1 <= len(axes) <= 2:
        raise ValueError(f"norm: axis {axis} names neither one axis nor two")
    return axes


def _vector_norm(x: Any, order: Any, axis: int, keepdims: bool) -> Any:
    if isinstance(order, str):
        raise ValueError(f"norm: order {order!r} is of matrices; give two axes, or a number")
    if order == 0:
        return reduce_sum(astype(x != 0, dtype=np.result_type(x.dtype, np.float16)), axis=axis, keepdims=keepdims)
    if abs(order) == math.inf:
        return (reduce_max if order > 0 else reduce_min)(absolute(x), axis=axis, keepdims=keepdims)
    if order == 1:
        return reduce_sum(absolute(x), axis=axis, keepdims=keepdims)
    return power_norm(x, power=float(order), axis=axis, keepdims=keepdims)


def _spectral_norm(x: Any, order: Any, axes: tuple[int, ...]) -> Any:
    others = tuple(axis for axis in range(x.ndim) if axis not in axes)
    values = svdvals(transpose(x, axes=(*others, *axes)))
    return {"nuc": reduce_sum, 2: reduce_max, -2: reduce_min}[order](values, axis=-1)


def _matrix_norm(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if order == "fro":
        return power_norm(x, axis=axes, keepdims=keepdims)
    if order in ("nuc", 2, -2):
        total = _spectral_norm(x, order, axes)
    elif order in (1, -1, math.inf, -math.inf):
        rows, columns = axes if abs(order) == 1 else axes[::-1]
        sums = reduce_sum(absolute(x), axis=rows, keepdims=True)
        total = (reduce_max if order > 0 else reduce_min)(sums, axis=columns, keepdims=True)
    else:
        raise ValueError(f"norm: no order {order!r} of matrices; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    kept = tuple(size for position, size in enumerate(x.shape) if position not in axes)
    return reshape(total, kept_shape(x.shape, axes) if keepdims else kept)
