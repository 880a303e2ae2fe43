"""The logarithm of a sum of exponentials, softmax, and its logarithm: none of them overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import exp
from autograd_mini.ops.op import Op
from autograd_mini.ops.reductions import REDUCTION, reduce_sum, restore


def _as_float(x: Any) -> Any:
    return x if np.asarray(x).dtype.kind == "f" else np.asarray(x, np.float64)


def _logsumexp(x: Any, *, axis: Any, keepdims: bool) -> Any:
    x = _as_float(x)
    shift = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    if np.isfinite(shift).all():
        total = _log_sum_exp(x, shift, axis)
    else:
        shift = np.where(np.isfinite(shift), shift, shift.dtype.type(0))  # inf - inf would be NaN
        with np.errstate(divide="ignore"):  # the logarithm of an empty or all -inf sum is -inf, as it should be
            total = _log_sum_exp(x, shift, axis)
    return total if keepdims else total.squeeze(axis)


def _log_sum_exp(x: Any, shift: Any, axis: Any) -> Any:
    return np.log(np.add.reduce(np.exp(x - shift), axis=axis, keepdims=True)) + shift


def _logsumexp_vjp(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    return restore(g, x, axis, keepdims) * softmax(x, axis=axis)


logsumexp = Op(
    "logsumexp",
    _logsumexp,
    _logsumexp_vjp,
    settings=REDUCTION,
    doc="""log(sum(exp(x))) over the given axis, axes, or all, without overflow; d/dx = softmax(x).

    The largest entry is taken off before exp and added back (004_3fd59ef6bf62b8c0.txt, eq. 6.20, has the plain form).

    >>> ag.logsumexp(ag.Tensor([1000.0, 1000.0]))
    Tensor(1000.6931471805599, op='logsumexp')
    """,
)


def _below_largest(x: Any, axis: Any) -> tuple[Any, Any]:
    """x minus its largest entry along the axis, and that entry: -inf stays, +inf becomes 0."""
    largest = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    if np.isfinite(largest).all():
        return x - largest, largest
    with np.errstate(invalid="ignore"):  # inf - inf, replaced at once
        return np.where((x == largest) & np.isinf(largest), np.minimum(x, 0), x - largest), largest


def _softmax(x: Any, *, axis: Any) -> Any:
    below, _ = _below_largest(_as_float(x), axis)
    weights = np.exp(below)
    total = np.add.reduce(weights, axis=axis, keepdims=True)
    if not total.all():
        total = np.where(total == 0, weights.dtype.type(1), total)  # an all -inf row
    return weights / total


softmax: Op = Op(
    "softmax",
    _softmax,
    lambda g, out, x, *, axis: out * (g - reduce_sum(g * out, axis=axis, keepdims=True)),
    settings={"axis": -1},
    doc="""exp(x) / sum(exp(x)) over the axis, axes, or all (None), without overflow; d/dx = s (g - sum(g s)).

    A row that is -inf throughout gives 0 throughout, as in the derivative of `logsumexp`.

    >>> ag.softmax(ag.Tensor([1000.0, 1000.0]))
    Tensor([0.5, 0.5], op='softmax')
    """,
)


def _log_softmax(x: Any, *, axis: Any) -> Any:
    x = _as_float(x)
    below, largest = _below_largest(x, axis)
    winners = x == largest
    # One winner counts as the 1 of log1p: log(1 + tiny) would be 0 where it is tiny.
    others = np.add.reduce(np.where(winners, 0, np.exp(below)), axis=axis, keepdims=True)
    surplus = np.maximum(np.add.reduce(winners, axis=axis, keepdims=True, dtype=below.dtype) - 1, 0)
    return (below - np.log1p(others + surplus))[()]


log_softmax = Op(
    "log_softmax",
    _log_softmax,
    lambda g, out, x, *, axis: g - exp(out) * reduce_sum(g, axis=axis, keepdims=True),
    settings={"axis": -1},
    doc="""x - logsumexp(x) over the axis, axes, or all (None), without cancellation; d/dx = g - softmax(x) sum(g).

    A row that is -inf throughout stays -inf; its softmax counts as 0.

    >>> ag.log_softmax(ag.Tensor([1e4, -1e4]))
    Tensor([     0., -20000.], op='log_softmax')
    """,
)
