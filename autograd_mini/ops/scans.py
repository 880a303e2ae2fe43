"""Running sums, products and differences along an axis, and the product of all entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import astype
from autograd_mini.ops.joining import concatenate
from autograd_mini.ops.op import Op, Traced, implements
from autograd_mini.ops.reductions import axes_of, in_row, out_of_row, reduce_sum, restore
from autograd_mini.ops.shape import broadcast_to, transpose


def _cut(x: Any, axis: int, start: int | None, stop: int | None, step: int = 1) -> Any:
    """x[start:stop:step] along one axis."""
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop, step),)]


def _flipped(x: Any, axis: int) -> Any:
    return _cut(x, axis, None, None, -1)


def _cumsum_vjp(g: Any, out: Any, x: Any, *, axis: int | None) -> Any:
    _, along = in_row(x, axis)
    return out_of_row(_flipped(cumsum(_flipped(g, along), axis=along), along), x)


cumsum: Op = Op(
    "cumsum",
    lambda x, *, axis: np.cumsum(x, axis=axis),
    _cumsum_vjp,
    settings={"axis": None},
    numpy=np.cumsum,
    doc="""Running sum along the axis, or of all entries in one row; entry i gets the gradient of entries i and later.

    >>> ag.cumsum(ag.Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.], op='cumsum')
    """,
)


def _product_before(x: Any, axis: int) -> Any:
    """The product of the entries before each entry; 1 before the first."""
    ones = broadcast_to(astype(1.0, dtype=x.dtype), shape=_cut(x, axis, None, 1).shape)
    return concatenate([ones, _cut(cumprod(x, axis=axis), axis, None, -1)], axis)


def _weighted_products_after(g: Any, x: Any, axis: int) -> Any:
    """s[i] = g[i] + x[i+1] s[i+1]: what the running products from entry i on make of a factor at i.

    Division by x would lose zeros. Instead s[i] over the next `reach` entries, and the product of these entries,
    double their reach in each round: log2(n) rounds.
    """
    n, reach = x.shape[axis], 1
    total, product = g, _cut(x, axis, 1, None)
    while reach < n:
        near, far = _cut(total, axis, None, n - reach), _cut(total, axis, reach, None)
        total = concatenate([near + product * far, _cut(total, axis, n - reach, None)], axis)
        product = _cut(product, axis, None, max(n - 2 * reach, 0)) * _cut(product, axis, reach, None)
        reach *= 2
    return total


def _cumprod_vjp(g: Any, out: Any, x: Any, *, axis: int | None) -> Any:
    row, along = in_row(x, axis)
    return out_of_row(_product_before(row, along) * _weighted_products_after(g, row, along), x)


cumprod: Op = Op(
    "cumprod",
    lambda x, *, axis: np.cumprod(x, axis=axis),
    _cumprod_vjp,
    settings={"axis": None},
    numpy=np.cumprod,
    doc="""Running product along the axis, or of all entries in one row; the derivatives are right with zeros.

    d(out[k])/d(x[i]) is the product of x[:k + 1] without x[i], for i <= k.

    >>> ag.cumprod(ag.Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 2., 6.], op='cumprod')
    """,
)


def _prod_vjp(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    reduced = axes_of(axis, x.ndim)
    order = tuple(a for a in range(x.ndim) if a not in reduced) + reduced
    moved = transpose(x, axes=order)
    kept = moved.shape[: x.ndim - len(reduced)]
    rows = moved.reshape((*kept, math.prod(moved.shape[len(kept) :])))
    others = _product_before(rows, -1) * _flipped(_product_before(_flipped(rows, -1), -1), -1)
    back = transpose(others.reshape(moved.shape), axes=tuple(order.index(a) for a in range(x.ndim)))
    return restore(g, x, axis, keepdims) * back


prod = Op(
    "prod",
    lambda x, *, axis, keepdims: np.multiply.reduce(x, axis=axis, keepdims=keepdims),
    _prod_vjp,
    settings={"axis": None, "keepdims": False},
    symbol="Π",
    numpy=np.prod,
    doc="""Product over the given axis, axes, or all; d/dx[i] is the product of the others, right with zeros.

    >>> ag.prod(ag.Tensor([2.0, 3.0, 4.0]))
    Tensor(24.0, op='prod')
    """,
)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The n-th differences a[i + 1] - a[i] along the axis, which gets n entries shorter.

    Raises IndexError for a number without axis, and for an axis out of range; ValueError for a negative n.

    >>> import autograd_mini as ag
    >>> ag.diff(ag.Tensor([1.0, 2.0, 4.0]))
    Tensor([1., 2.], op='subtract')
    """
    a = _along("diff", a, axis)
    if n < 0:
        raise ValueError(f"diff: n counts how often to take differences, got {n}")
    for _ in range(n):
        a = _cut(a, axis, 1, None) - _cut(a, axis, None, -1)
    return a


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral of y along the axis by the trapezoid rule, at the points x (a row, or in the shape of y), else dx apart.

    Raises IndexError for a number without axis, and for an axis out of range; ValueError for widths that do not
    broadcast with y.

    >>> import autograd_mini as ag
    >>> ag.trapezoid(ag.Tensor([1.0, 2.0, 3.0]), dx=2.0)
    Tensor(8.0, op='sum')
    """
    y = _along("trapezoid", y, axis)
    widths = dx if x is None else _widths(x, y.ndim, axis)
    return reduce_sum(widths * (_cut(y, axis, 1, None) + _cut(y, axis, None, -1)) / 2, axis=axis)


def _widths(x: Any, ndim: int, axis: int) -> Any:
    if np.ndim(x) != 1:
        return diff(x, axis=axis)
    row = diff(x)
    return row.reshape((row.size, *(1,) * (ndim - 1 - axis % ndim)))


def _along(name: str, a: Any, axis: int) -> Any:
    """The operand, which has the axis; IndexError otherwise."""
    a = a if isinstance(a, Traced) else np.asarray(a)
    if not -a.ndim <= axis < a.ndim:
        raise np.exceptions.AxisError(f"{name}: axis {axis} is out of bounds for an array with {a.ndim} axes")
    return a
