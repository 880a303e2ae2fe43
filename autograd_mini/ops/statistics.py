"""Spread about the mean, weighted averages, and sums and means that skip NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import astype, stop_gradient, where
from autograd_mini.ops.op import Op, Traced, implements
from autograd_mini.ops.reductions import axes_of, mean, reduce_sum, restore
from autograd_mini.ops.shape import transpose

_SPREAD: dict[str, Any] = {"axis": None, "ddof": 0, "keepdims": False}


def _deviation(x: Any, axis: Any) -> Any:
    """x minus its mean, exactly 0 where x is constant.

    The mean of three 0.1 is not 0.1; the mean of their differences from the first is 0.
    """
    axes = axes_of(axis, x.ndim)
    first = x[tuple(slice(0, 1) if position in axes else slice(None) for position in range(x.ndim))]
    shifted = x - stop_gradient(first)
    return shifted - mean(shifted, axis=axis, keepdims=True)


def _per_freedom(x: Any, out: Any, ddof: Any) -> float:
    freedom = x.size // max(out.size, 1) - ddof
    return 1 / freedom if freedom > 0 else math.nan


def _var_vjp(g: Any, out: Any, x: Any, *, axis: Any, ddof: Any, keepdims: bool) -> Any:
    return restore(g, x, axis, keepdims) * _deviation(x, axis) * (2 * _per_freedom(x, out, ddof))


var = Op(
    "var",
    lambda x, *, axis, ddof, keepdims: np.var(x, axis=axis, ddof=ddof, keepdims=keepdims),
    _var_vjp,
    settings=_SPREAD,
    numpy=np.var,
    doc="""Variance sum((x - mean)**2) / (n - ddof) over the given axis, axes, or all; d/dx = 2 (x - mean) / (n - ddof).

    >>> ag.var(ag.Tensor([1.0, 2.0, 6.0]), ddof=1)
    Tensor(7.0, op='var')
    """,
)


def _std_vjp(g: Any, out: Any, x: Any, *, axis: Any, ddof: Any, keepdims: bool) -> Any:
    deviation = restore(out, x, axis, keepdims)
    slope = _deviation(x, axis) / where(deviation == 0, 1, deviation)
    return restore(g, x, axis, keepdims) * slope * _per_freedom(x, out, ddof)


std = Op(
    "std",
    lambda x, *, axis, ddof, keepdims: np.std(x, axis=axis, ddof=ddof, keepdims=keepdims),
    _std_vjp,
    settings=_SPREAD,
    numpy=np.std,
    doc="""Standard deviation s = sqrt(var) over the given axis, axes, or all; d/dx = (x - mean) / (s (n - ddof)).

    The gradient of equal entries is 0 by convention.

    >>> ag.std(ag.Tensor([1.0, 2.0, 6.0]), ddof=1)
    Tensor(2.6457513110645907, op='std')
    """,
)


def _array(a: Any) -> Any:
    return a if isinstance(a, Traced) else np.asarray(a)


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """Mean with weights, sum(a * weights) / sum(weights), over the given axis, axes, or all.

    The weights have the shape of `a`, or one entry per position along the axis or axes. Weights that sum to 0 give
    inf or NaN, and NumPy's warning.

    Raises TypeError for weights of another shape without an axis, and for `returned=True`, which has two results;
    ValueError for weights that do not fit along the axis.

    >>> import autograd_mini as ag
    >>> ag.average(ag.Tensor([1.0, 2.0]), weights=[3.0, 1.0])
    Tensor(1.25, op='divide')
    """
    if returned:
        raise TypeError("average: returned=True is not supported; compute ag.sum(weights) beside it")
    if weights is None:
        return mean(a, axis=axis, keepdims=keepdims)
    a = _array(a)
    weights = _aligned(_array(weights), a.shape, axis)
    return reduce_sum(a * weights, axis=axis, keepdims=keepdims) / reduce_sum(weights, axis=axis, keepdims=keepdims)


def _aligned(weights: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """The weights with length 1 along the axes that they do not name."""
    if weights.shape == shape:
        return weights
    if axis is None:
        raise TypeError(f"average: weights {weights.shape} and data {shape} differ in shape; give the axis")
    given = [a % len(shape) for a in ((axis,) if isinstance(axis, int | np.integer) else axis)]
    if weights.shape != tuple(shape[a] for a in given):
        raise ValueError(f"average: weights {weights.shape} do not fit data {shape} along axis {axis}")
    ordered = transpose(weights, axes=tuple(given.index(a) for a in sorted(given)))
    return ordered.reshape(tuple(size if position in given else 1 for position, size in enumerate(shape)))


@implements(np.nansum)
def nansum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Sum over the given axis, axes, or all, with NaN as 0; NaN entries get gradient 0.

    Raises as `sum`: IndexError for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.nansum(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(4.0, op='sum')
    """
    a = _array(a)
    return reduce_sum(where(a == a, a, 0), axis=axis, keepdims=keepdims)


@implements(np.nanmean)
def nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Mean of the entries that are not NaN over the given axis, axes, or all; NaN entries get gradient 0.

    A slice of NaN only gives NaN, and NumPy's warning. Raises as `sum`: IndexError for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.nanmean(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(2.0, op='divide')
    """
    a = _array(a)
    quotient = nansum(a, axis, keepdims=keepdims) / reduce_sum(a == a, axis=axis, keepdims=keepdims)
    # The count is not cast instead: float16 ends at 65504.
    return astype(quotient, dtype=a.dtype) if a.dtype.kind == "f" and a.dtype != quotient.dtype else quotient
