"""Operations that combine entries along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import maximum
from autograd_mini.ops.op import Op, implements
from autograd_mini.ops.shape import broadcast_to

REDUCTION: dict[str, Any] = {"axis": None, "keepdims": False}


def axes_of(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """The axes that a setting names, counted from the front and in order."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(sorted(a % ndim for a in ((axis,) if isinstance(axis, int | np.integer) else axis)))


def kept_shape(shape: tuple[int, ...], axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape with length 1 along the axes that are reduced."""
    axes = axes_of(axis, len(shape))
    return tuple(1 if position in axes else size for position, size in enumerate(shape))


def restore(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced array its lost axes back, with length 1, so that it broadcasts against x."""
    return reduced if keepdims or axis is None else reduced.reshape(kept_shape(x.shape, axis))


def spread(reduced: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array repeated over the entries that it came from."""
    return broadcast_to(restore(reduced, x, axis, keepdims), shape=x.shape)


def in_row(x: Any, axis: int | None) -> tuple[Any, int]:
    """x and the axis to go along: all entries in one row without an axis, or if x is a number."""
    return (x.reshape((x.size,)), 0) if axis is None or not x.ndim else (x, axis)


def out_of_row(row: Any, x: Any) -> Any:
    """The inverse of `in_row` for the gradient of x."""
    return row.reshape(x.shape) if x.ndim else row[0]


reduce_sum = Op(
    "sum",
    lambda x, *, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, out, x, *, axis, keepdims: spread(g, x, axis, keepdims),
    settings=REDUCTION,
    symbol="Σ",
    numpy=np.sum,
    doc="""Sum over the given axis, axes, or all; each summand gets the whole gradient.

    >>> ag.sum(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.], op='sum')
    """,
)


def shared(g: Any, count: int) -> Any:
    """A gradient divided among `count` entries."""
    # float16 holds 1/70000 but not 70000: dividing by it would give 0.
    return g / max(count, 1) if count < 65504 else g * (1 / count)


mean = Op(
    "mean",
    lambda x, *, axis, keepdims: np.asarray(x).mean(axis=axis, keepdims=keepdims),
    lambda g, out, x, *, axis, keepdims: spread(shared(g, x.size // max(out.size, 1)), x, axis, keepdims),
    settings=REDUCTION,
    numpy=np.mean,
    doc="""Arithmetic mean over the given axis, axes, or all; each of n entries gets 1/n of the gradient.

    >>> ag.mean(ag.Tensor([1.0, 2.0, 6.0]))
    Tensor(3.0, op='mean')
    """,
)


def _shared_by_winners(g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    winners = x == restore(out, x, axis, keepdims)
    # Where the result is NaN nothing equals it: 0 winners must not divide.
    count = maximum(reduce_sum(winners, axis=axis, keepdims=True), 1)
    return winners * (restore(g, x, axis, keepdims) / count)


reduce_max = Op(
    "max",
    lambda x, *, axis, keepdims: np.maximum.reduce(x, axis=axis, keepdims=keepdims),
    _shared_by_winners,
    settings=REDUCTION,
    numpy=np.max,
    doc="""Largest entry over the given axis, axes, or all; entries that tie share the gradient equally.

    >>> ag.max(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([2., 4.], op='max')
    """,
)

reduce_min = Op(
    "min",
    lambda x, *, axis, keepdims: np.minimum.reduce(x, axis=axis, keepdims=keepdims),
    _shared_by_winners,
    settings=REDUCTION,
    numpy=np.min,
    doc="""Smallest entry over the given axis, axes, or all; entries that tie share the gradient equally.

    >>> ag.min(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([1., 3.], op='min')
    """,
)

nanmax = Op(
    "nanmax",
    lambda x, *, axis, keepdims: np.nanmax(x, axis=axis, keepdims=keepdims),
    _shared_by_winners,
    settings=REDUCTION,
    numpy=np.nanmax,
    doc="""Largest entry that is not NaN; entries that tie share the gradient equally, NaN entries get 0.

    NumPy warns of a slice of NaN only, whose result is NaN and whose entries get 0.

    >>> ag.nanmax(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(3.0, op='nanmax')
    """,
)

nanmin = Op(
    "nanmin",
    lambda x, *, axis, keepdims: np.nanmin(x, axis=axis, keepdims=keepdims),
    _shared_by_winners,
    settings=REDUCTION,
    numpy=np.nanmin,
    doc="""Smallest entry that is not NaN; entries that tie share the gradient equally, NaN entries get 0.

    NumPy warns of a slice of NaN only, whose result is NaN and whose entries get 0.

    >>> ag.nanmin(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(1.0, op='nanmin')
    """,
)


@implements(np.amax)
def amax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Largest entry over the given axis, axes, or all; another name of `max`.

    Raises as `max`: ValueError for an empty slice, IndexError for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.amax(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([2., 4.], op='max')
    """
    return reduce_max(a, axis=axis, keepdims=keepdims)


@implements(np.amin)
def amin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Smallest entry over the given axis, axes, or all; another name of `min`.

    Raises as `min`: ValueError for an empty slice, IndexError for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.amin(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([1., 3.], op='min')
    """
    return reduce_min(a, axis=axis, keepdims=keepdims)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Largest minus smallest entry over the given axis, axes, or all; each end shares its gradient among ties.

    Raises as `max`: ValueError for an empty slice, IndexError for an axis out of range.

    >>> import autograd_mini as ag
    >>> ag.ptp(ag.Tensor([[1.0, 2.0], [3.0, 7.0]]), axis=1)
    Tensor([1., 4.], op='subtract')
    """
    return reduce_max(a, axis=axis, keepdims=keepdims) - reduce_min(a, axis=axis, keepdims=keepdims)


reduce_any = Op(
    "any",
    lambda x, *, axis, keepdims: np.logical_or.reduce(x, axis=axis, keepdims=keepdims),
    None,
    settings=REDUCTION,
    numpy=np.any,
    doc="""Whether any entry over the given axis, axes, or all is not zero; no gradient flows.

    >>> ag.any(ag.Tensor([0.0, 2.0]) > 1)
    Tensor(True, dtype=bool, requires_grad=False)
    """,
)

reduce_all = Op(
    "all",
    lambda x, *, axis, keepdims: np.logical_and.reduce(x, axis=axis, keepdims=keepdims),
    None,
    settings=REDUCTION,
    numpy=np.all,
    doc="""Whether every entry over the given axis, axes, or all is not zero; no gradient flows.

    >>> ag.all(ag.Tensor([0.0, 2.0]) > 1)
    Tensor(False, dtype=bool, requires_grad=False)
    """,
)

count_nonzero = Op(
    "count_nonzero",
    lambda x, *, axis, keepdims: np.asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims))[()],
    None,
    settings=REDUCTION,
    numpy=np.count_nonzero,
    doc="""How many entries over the given axis, axes, or all are not zero; no gradient flows.

    >>> ag.count_nonzero(ag.Tensor([0.0, 2.0, 3.0]))
    Tensor(2, dtype=int64, requires_grad=False, op='count_nonzero')
    """,
)
