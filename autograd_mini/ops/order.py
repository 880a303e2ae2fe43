"""Operations that order entries, and that find where an entry stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import where
from autograd_mini.ops.op import REQUIRED, Op, Traced, implements
from autograd_mini.ops.reductions import axes_of, in_row, kept_shape, mean, out_of_row
from autograd_mini.ops.shape import reshape, transpose

argsort = Op(
    "argsort",
    lambda x, *, axis, kind: np.argsort(x, axis=axis, kind=kind),
    None,
    settings={"axis": -1, "kind": None},
    positional=2,
    numpy=np.argsort,
    doc="""The indices that sort x along the axis, or in one row (None); no gradient flows.

    >>> ag.argsort(ag.Tensor([3.0, 1.0, 2.0]))
    Tensor([1, 2, 0], dtype=int64, requires_grad=False, op='argsort')
    """,
)


def _take(x: Any, index: Any, axis: int) -> Any:
    """x at an index along one axis, as NumPy's take_along_axis."""
    grid: list[Any] = [*np.indices(x.shape, sparse=True)]
    grid[axis] = index
    return x[tuple(grid)]


def _unsorted(g: Any, x: Any, axis: int | None) -> Any:
    """Send the gradients of the sorted entries to where they stood; equal entries stood in their order."""
    row, along = in_row(x, axis)
    ranks = argsort(argsort(row, axis=along, kind="stable"), axis=along)
    return out_of_row(_take(g, ranks, along), x)


def _partition_vjp(g: Any, out: Any, x: Any, *, kth: Any, axis: int | None) -> Any:
    _, along = in_row(x, axis)
    return _unsorted(_take(g, argsort(out, axis=along, kind="stable"), along), x, axis)


sort = Op(
    "sort",
    lambda x, *, axis, kind: np.sort(x, axis=axis, kind=kind),
    lambda g, out, x, *, axis, kind: _unsorted(g, x, axis),
    settings={"axis": -1, "kind": None},
    positional=2,
    numpy=np.sort,
    doc="""The entries in ascending order along the axis, or in one row (None); each gradient goes to the entry it took.

    Equal entries take their gradients in their order, as of a stable sort.

    >>> ag.sort(ag.Tensor([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.], op='sort')
    """,
)

partition = Op(
    "partition",
    lambda x, *, kth, axis: np.partition(x, kth, axis=axis),
    _partition_vjp,
    settings={"kth": REQUIRED, "axis": -1},
    positional=2,
    numpy=np.partition,
    doc="""The entries with the kth (one or several) where sorting puts it, no larger ones before, no smaller after.

    Each gradient goes to the entry it took; equal entries take theirs in their order.

    >>> ag.partition(ag.Tensor([3.0, 1.0, 2.0]), 0)[0]
    Tensor(1.0, op='getitem')
    """,
)

argpartition = Op(
    "argpartition",
    lambda x, *, kth, axis: np.argpartition(x, kth, axis=axis),
    None,
    settings={"kth": REQUIRED, "axis": -1},
    positional=2,
    numpy=np.argpartition,
    doc="""The indices that partition x along the axis, or in one row (None); no gradient flows.

    >>> ag.argpartition(ag.Tensor([3.0, 1.0, 2.0]), 0)[0]
    Tensor(1, dtype=int64, requires_grad=False)
    """,
)

searchsorted = Op(
    "searchsorted",
    lambda a, v, *, side: np.searchsorted(a, v, side=side),
    None,
    None,
    settings={"side": "left"},
    numpy=np.searchsorted,
    doc="""Where to insert each entry of v into the sorted row a so that it stays sorted; no gradient flows.

    >>> ag.searchsorted([1.0, 2.0, 3.0], ag.Tensor([2.5, 0.0]))
    Tensor([2, 0], dtype=int64, requires_grad=False, op='searchsorted')
    """,
)

argmax = Op(
    "argmax",
    lambda x, *, axis, keepdims: np.argmax(x, axis=axis, keepdims=keepdims),
    None,
    settings={"axis": None, "keepdims": False},
    numpy=np.argmax,
    doc="""The index of the first largest entry along the axis, or in one row (None); no gradient flows.

    >>> ag.argmax(ag.Tensor([1.0, 3.0, 3.0]))
    Tensor(1, dtype=int64, requires_grad=False, op='argmax')
    """,
)

argmin = Op(
    "argmin",
    lambda x, *, axis, keepdims: np.argmin(x, axis=axis, keepdims=keepdims),
    None,
    settings={"axis": None, "keepdims": False},
    numpy=np.argmin,
    doc="""The index of the first smallest entry along the axis, or in one row (None); no gradient flows.

    >>> ag.argmin(ag.Tensor([1.0, 3.0, 1.0]))
    Tensor(0, dtype=int64, requires_grad=False, op='argmin')
    """,
)


@implements(np.median)
def median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Middle entry over the given axis, axes, or all; of an even number the mean of the two in the middle.

    The middle entry gets the gradient, or each of the two a half; of equal entries those that a stable sort puts
    there. A slice with a NaN gives NaN.

    Raises IndexError for an axis out of range; ValueError for an empty slice.

    >>> import autograd_mini as ag
    >>> ag.median(ag.Tensor([5.0, 1.0, 2.0, 4.0]))
    Tensor(3.0, op='where')
    """
    a = a if isinstance(a, Traced) else np.asarray(a)
    rows = _rows(a, axis)
    n = rows.shape[-1]
    if not n:
        raise ValueError(f"median: a slice of data {a.shape} along axis {axis} is empty")
    parted = partition(rows, kth=tuple({(n - 1) // 2, n // 2, n - 1}))
    middle, last = mean(parted[..., (n - 1) // 2 : n // 2 + 1], axis=-1), parted[..., -1]
    value = where(last == last, middle, last)  # NaN sorts last
    return reshape(value, kept_shape(a.shape, axis)) if keepdims else value


def _rows(a: Any, axis: Any) -> Any:
    """The axes to reduce merged into one, the last; IndexError for an axis out of range."""
    for named in (axis,) if isinstance(axis, int | np.integer) else axis or ():
        if not -a.ndim <= named < a.ndim:
            raise np.exceptions.AxisError(f"median: axis {named} is out of bounds for an array with {a.ndim} axes")
    reduced = axes_of(axis, a.ndim)
    kept = tuple(position for position in range(a.ndim) if position not in reduced)
    moved = transpose(a, axes=kept + reduced)
    return moved.reshape((*moved.shape[: len(kept)], math.prod(moved.shape[len(kept) :])))
