"""Reading and replacing entries at an index."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from types import EllipsisType, NoneType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_mini.ops.elementwise import astype, where
from autograd_mini.ops.op import REQUIRED, Op, Traced, as_operand, implements
from autograd_mini.ops.shape import as_array, ravel, reshape


class Slot:
    """Stands in an index for the next array input: `x[:, [0, 2]]` has the index `(:, slot)` and one array input."""

    def __repr__(self) -> str:
        return "array"

    def __reduce__(self) -> str:
        return "SLOT"  # compared by identity: every copy is the same object


SLOT = Slot()


def _filled(index: tuple[Any, ...], arrays: Sequence[Any]) -> tuple[Any, ...]:
    remaining = iter(arrays)
    return tuple(next(remaining) if part is SLOT else part for part in index)


def _reads_once(arrays: Sequence[Any]) -> bool:
    """Whether no entry can be read twice: slices and numbers never repeat, and neither do boolean masks."""
    return all(array.ndim == 0 or array.dtype == bool for array in arrays)


def _positions(arrays: Sequence[Any], index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Where in the flattened array each entry of `x[index]` is."""
    return np.arange(math.prod(shape)).reshape(shape)[_filled(index, arrays)]


def _add_into(total: Any, g: Any, *arrays: Any, index: tuple[Any, ...]) -> None:
    if _reads_once(arrays):
        total[_filled(index, arrays)] += g
    elif total.ndim > 1 and total.flags.c_contiguous and total.size <= 4 * np.size(g):
        # np.add.at is several times faster along one axis; a few entries of a large array are not worth the positions.
        places = _positions(arrays, index, total.shape)
        np.add.at(total.reshape(-1), places.reshape(-1), np.broadcast_to(g, places.shape).reshape(-1))
    else:
        np.add.at(total, _filled(index, arrays), g)


def _scatter_forward(g: Any, *arrays: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    total = np.zeros(shape, g.dtype)
    _add_into(total, g, *arrays, index=index)
    return total[()]


def _getitem_accumulate(total: Any, g: Any, x: Any, *arrays: Any, index: tuple[Any, ...]) -> None:
    _add_into(total, g, *arrays, index=index)


getitem = Op(
    "getitem",
    lambda x, *arrays, index: x[_filled(index, arrays)],
    lambda g, out, x, *arrays, index: scatter_add(g, *arrays, index=index, shape=x.shape),
    accumulate=_getitem_accumulate,
    settings={"index": REQUIRED},
    variadic=True,
    symbol="[]",
    doc="""The entries of x at an index that `split_index` has taken apart; write `x[index]`.

    >>> ag.Tensor([1.0, 2.0, 3.0])[[0, 0, 2]]
    Tensor([1., 1., 3.], op='getitem')
    """,
)

scatter_add: Op = Op(
    "scatter_add",
    _scatter_forward,
    lambda h, out, g, *arrays, index, shape: getitem(h, *arrays, index=index),
    settings={"index": REQUIRED, "shape": REQUIRED},
    variadic=True,
    doc="""Zeros of a shape with the entries of g added at an index; the derivative of `getitem`.

    >>> x = ag.Tensor([1.0, 2.0, 3.0])
    >>> ag.gradients(x[[0, 0, 2]].sum(), [x], create_graph=True)
    [Tensor([2., 0., 1.], op='scatter_add')]
    """,
)


def split_index(index: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Separate an index into its array parts, which are inputs of the operation, and the pattern around them.

    >>> split_index((slice(None), [0, 2]))
    ((array([0, 2]),), (slice(None, None, None), array))
    """
    parts = index if isinstance(index, tuple) else (index,)
    arrays = tuple([_index_array(part) for part in parts if not isinstance(part, _BASIC_INDEX)])
    return arrays, tuple([part if isinstance(part, _BASIC_INDEX) else SLOT for part in parts])


_BASIC_INDEX = (int, slice, NoneType, EllipsisType, np.generic)
"""What selects no entry twice; everything else becomes an array, which may."""


def _index_array(part: Any) -> Any:
    if isinstance(part, (Traced, np.ndarray)):
        return part
    array = np.asarray(part)
    if array.dtype == object and hasattr(part, "__index__"):
        return np.asarray(operator.index(part))
    return array if array.size else array.astype(np.intp)


def _read(x: Any, index: Any) -> Any:
    arrays, pattern = split_index(index)
    return getitem(x, *arrays, index=pattern)


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, part)


def _as_integers(indices: Any) -> Any:
    """Booleans as 0 and 1, for functions that take numbers where `x[index]` takes a mask."""
    indices = _index_array(indices)
    return astype(indices, dtype=np.intp) if indices.dtype == bool else indices


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries of a at positions along an axis, or of a flattened; repeated positions accumulate their gradients.

    (4, 3) and indices of (5, 2) with axis=0 give (5, 2, 3). Raises IndexError for a position out of bounds.

    >>> import autograd_mini as ag
    >>> ag.take(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 1], axis=0)
    Tensor([[3., 4.],
            [3., 4.]], op='getitem')
    """
    if axis is None:
        return _read(ravel(a), _as_integers(indices))
    a = as_array(a)
    return _read(a, _along(normalize_axis_index(axis, a.ndim, "take"), _as_integers(indices)))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """One entry along the axis for each index: what the indices of `argsort` and `argmax(keepdims=True)` mean.

    `indices` has as many axes as `arr`; (4, 3) and (4, 1) with axis=1 give (4, 1). With axis=None arr is flattened.
    Raises ValueError for another number of axes, IndexError for a position out of bounds or no integer.

    >>> import autograd_mini as ag
    >>> ag.take_along_axis(ag.Tensor([[1.0, 5.0], [7.0, 4.0]]), [[1], [0]], axis=1)
    Tensor([[5.],
            [7.]], op='getitem')
    """
    arr, indices = (ravel(arr) if axis is None else as_array(arr)), as_array(indices)
    if indices.dtype.kind not in "iu":
        raise IndexError(f"take_along_axis: the indices must be integers, got {indices.dtype}")
    if indices.ndim != arr.ndim:
        raise ValueError(f"take_along_axis: arr {arr.shape} and indices {indices.shape} differ in number of dimensions")
    position = normalize_axis_index(axis or 0, arr.ndim, "take_along_axis")
    grid = [np.arange(size).reshape((-1,) + (1,) * (arr.ndim - 1 - i)) for i, size in enumerate(arr.shape)]
    return _read(arr, (*grid[:position], indices, *grid[position + 1 :]))


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The entries of arr, flattened, where the condition holds; as `arr[mask]`.

    >>> import autograd_mini as ag
    >>> ag.extract([True, False, True], ag.Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3.], op='getitem')
    """
    return _read(ravel(arr), ravel(condition) != 0)


# Functional updates


def _copy_for(x: Any, value: Any) -> Any:
    """A copy of x in C order that can hold the value: floats keep their dtype, integers are promoted."""
    return np.array(x, x.dtype if x.dtype.kind == "f" else np.result_type(x, value), order="C")


def _put_forward(x: Any, value: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    total = _copy_for(x, value)
    if _reads_once(arrays):
        total[_filled(index, arrays)] = value
        return total[()]
    positions = _positions(arrays, index, x.shape)
    values = np.empty(positions.shape, total.dtype)
    values[...] = value
    # NumPy promises no order for repeated entries of several axes; along one it writes from first to last.
    total.reshape(-1)[positions.ravel()] = values.ravel()
    return total


def _last_writes_forward(x: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    places = _filled(index, arrays)
    order = np.arange(x[places].size).reshape(x[places].shape)
    return _put_forward(np.zeros(x.shape, np.intp), order, *arrays, index=index)[places] == order


_last_writes = Op(
    "last_writes",
    _last_writes_forward,
    None,
    settings={"index": REQUIRED},
    variadic=True,
    doc="""Which entries of a value assigned to `x[index]` stay: of those for one place, the last.""",
)


def _put_value_vjp(g: Any, out: Any, x: Any, value: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    slope = getitem(g, *arrays, index=index)
    if not _reads_once(arrays):
        slope = where(_last_writes(x, *arrays, index=index), slope, 0)
    return _led_by_ones(slope, value.ndim)


def _led_by_ones(slope: Any, ndim: int) -> Any:
    # NumPy assigns (1, 1, 3) to a place of shape (3,), though it does not broadcast so.
    return reshape(slope, shape=(1,) * (ndim - slope.ndim) + slope.shape) if ndim > slope.ndim else slope


def _add_at_forward(x: Any, value: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    total = _copy_for(x, value)
    _add_into(total, value, *arrays, index=index)
    return total[()]


_put: Op = Op(
    "put",
    _put_forward,
    lambda g, out, x, value, *arrays, index: _put(g, 0, *arrays, index=index),
    _put_value_vjp,
    settings={"index": REQUIRED},
    variadic=True,
)

_add_at = Op(
    "add_at",
    _add_at_forward,
    lambda g, out, x, value, *arrays, index: g,
    lambda g, out, x, value, *arrays, index: getitem(g, *arrays, index=index),
    settings={"index": REQUIRED},
    variadic=True,
)


def put(x: Any, index: Any, value: Any) -> Any:
    """A copy of x in which `x[index] = value`, for every index that `x[index]` takes.

    The value broadcasts to the shape of `x[index]`, and takes the dtype of x if that is a float. The gradient of x is 0
    at the index. Of values for the same entry the last one is assigned, and alone gets a gradient.

    Raises IndexError for an index that does not fit, ValueError for a value that does not broadcast.

    >>> import autograd_mini as ag
    >>> x, value = ag.Tensor([1.0, 2.0, 3.0]), ag.Tensor(5.0)
    >>> changed = ag.put(x, [0, 2], value)
    >>> changed
    Tensor([5., 2., 5.], op='put')
    >>> ag.gradients(changed.sum(), [x, value])
    [array([0., 1., 0.]), np.float64(2.0)]
    """
    arrays, pattern = split_index(index)
    return _put(as_array(x), as_operand(value), *arrays, index=pattern)


def add_at(x: Any, index: Any, value: Any) -> Any:
    """A copy of x with the value added at `x[index]`; values for the same entry add up, unlike in `x[index] += value`.

    The value broadcasts to the shape of `x[index]`, and takes the dtype of x if that is a float.

    Raises IndexError for an index that does not fit, ValueError for a value that does not broadcast.

    >>> import autograd_mini as ag
    >>> ag.add_at(ag.Tensor([1.0, 2.0, 3.0]), [0, 0, 2], 10.0)
    Tensor([21.,  2., 13.], op='add_at')
    """
    arrays, pattern = split_index(index)
    return _add_at(as_array(x), as_operand(value), *arrays, index=pattern)
