"""Operations that combine entries along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import exp, where
from autograd_mini.ops.op import Op
from autograd_mini.ops.shape import broadcast_to

_REDUCTION: dict[str, Any] = {"axis": None, "keepdims": False}


def _kept_shape(shape: tuple[int, ...], axis: int | tuple[int, ...]) -> tuple[int, ...]:
    axes = {a % max(len(shape), 1) for a in ((axis,) if isinstance(axis, int | np.integer) else axis)}
    return tuple(1 if position in axes else size for position, size in enumerate(shape))


def _restore(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced array its lost axes back, with length 1, so that it broadcasts against x."""
    return reduced if keepdims or axis is None else reduced.reshape(_kept_shape(x.shape, axis))


def _spread(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    return broadcast_to(_restore(reduced, x, axis, keepdims), shape=x.shape)


reduce_sum = Op(
    "sum",
    lambda x, *, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, out, x, *, axis, keepdims: _spread(g, x, axis, keepdims),
    settings=_REDUCTION,
    symbol="Σ",
    numpy=np.sum,
    doc="""Sum over the given axis, axes, or all; each summand gets the whole gradient.

    >>> ag.sum(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.], op='sum')
    """,
)


def _shared(g: Any, count: int) -> Any:
    # float16 holds 1/70000 but not 70000: dividing by it would give 0.
    return g / max(count, 1) if count < 65504 else g * (1 / count)


mean = Op(
    "mean",
    lambda x, *, axis, keepdims: np.asarray(x).mean(axis=axis, keepdims=keepdims),
    lambda g, out, x, *, axis, keepdims: _spread(_shared(g, x.size // max(out.size, 1)), x, axis, keepdims),
    settings=_REDUCTION,
    numpy=np.mean,
    doc="""Arithmetic mean over the given axis, axes, or all; each of n entries gets 1/n of the gradient.

    >>> ag.mean(ag.Tensor([1.0, 2.0, 6.0]))
    Tensor(3.0, op='mean')
    """,
)


def _max_vjp(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    winners = x == _restore(out, x, axis, keepdims)
    return winners * (_restore(g, x, axis, keepdims) / reduce_sum(winners, axis=axis, keepdims=True))


reduce_max = Op(
    "max",
    lambda x, *, axis, keepdims: np.maximum.reduce(x, axis=axis, keepdims=keepdims),
    _max_vjp,
    settings=_REDUCTION,
    numpy=np.max,
    doc="""Largest entry over the given axis, axes, or all; entries that tie share the gradient equally.

    >>> ag.max(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([2., 4.], op='max')
    """,
)


def _logsumexp(x: Any, *, axis: Any, keepdims: bool) -> Any:
    x = x if np.asarray(x).dtype.kind == "f" else np.asarray(x, np.float64)
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
    total = _restore(out, x, axis, keepdims)
    # An all -inf row has no weight to give: exp(-inf - 0) is 0 where exp(-inf + inf) would be NaN.
    return _restore(g, x, axis, keepdims) * exp(x - where(total == -np.inf, 0, total))


logsumexp = Op(
    "logsumexp",
    _logsumexp,
    _logsumexp_vjp,
    settings=_REDUCTION,
    doc="""log(sum(exp(x))) over the given axis, axes, or all, without overflow; d/dx = softmax(x).

    The largest entry is taken off before exp and added back (004_3fd59ef6bf62b8c0.txt, eq. 6.20, has the plain form).

    >>> ag.logsumexp(ag.Tensor([1000.0, 1000.0]))
    Tensor(1000.6931471805599, op='logsumexp')
    """,
)
