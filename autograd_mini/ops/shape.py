"""Operations that move entries: shapes, axes, indexing and joining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.ops.op import REQUIRED, Op, Traced, as_operand, implements

reshape: Op = Op(
    "reshape",
    lambda x, *, shape: np.reshape(x, shape),
    lambda g, out, x, *, shape: reshape(g, shape=x.shape),
    settings={"shape": REQUIRED},
    numpy=np.reshape,
    doc="""The same entries in another shape; one size may be -1.

    >>> ag.reshape(ag.Tensor([1.0, 2.0, 3.0, 4.0]), (2, 2))
    Tensor([[1., 2.],
            [3., 4.]], op='reshape')
    """,
)


def _inverse_permutation(axes: Sequence[int] | None, ndim: int) -> tuple[int, ...] | None:
    if axes is None:
        return None
    positions = [axis % ndim for axis in axes]
    return tuple(positions.index(axis) for axis in range(ndim))


transpose: Op = Op(
    "transpose",
    lambda x, *, axes: np.transpose(x, axes),
    lambda g, out, x, *, axes: transpose(g, axes=_inverse_permutation(axes, g.ndim)),
    settings={"axes": None},
    symbol="T",
    numpy=np.transpose,
    doc="""The axes reversed, or in the order given.

    >>> ag.transpose(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 3.],
            [2., 4.]], op='transpose')
    """,
)


def _broadcast_to(x: Any, shape: Any) -> Any:
    # A scalar repeated by strides of 0: what np.broadcast_to makes, in a tenth of its time.
    if isinstance(x, np.generic) and isinstance(shape, tuple):
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return np.broadcast_to(x, shape)


broadcast_to = Op(
    "broadcast_to",
    _broadcast_to,
    lambda g, out, x, *, shape: g,  # the engine sums over the broadcast axes, as for every operation
    settings={"shape": REQUIRED},
    numpy=np.broadcast_to,
    doc="""x repeated along new and length-1 axes until it has the shape.

    >>> ag.broadcast_to(ag.Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]], op='broadcast_to')
    """,
)


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
    """Whether no entry can be read twice: slices never repeat, and neither does one boolean mask."""
    return not arrays or (len(arrays) == 1 and arrays[0].dtype == bool)


def _add_at(total: Any, g: Any, *arrays: Any, index: tuple[Any, ...]) -> None:
    where_to = _filled(index, arrays)
    if _reads_once(arrays):
        total[where_to] += g
    else:
        np.add.at(total, where_to, g)


def _scatter_forward(g: Any, *arrays: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    total = np.zeros(shape, g.dtype)
    _add_at(total, g, *arrays, index=index)
    return total


def _getitem_accumulate(total: Any, g: Any, x: Any, *arrays: Any, index: tuple[Any, ...]) -> None:
    _add_at(total, g, *arrays, index=index)


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
    arrays = tuple([_index_array(part) for part in parts if isinstance(part, _ARRAY_INDEX)])
    return arrays, tuple([SLOT if isinstance(part, _ARRAY_INDEX) else part for part in parts])


_ARRAY_INDEX = (np.ndarray, list, tuple, Traced)


def _index_array(part: Any) -> Any:
    if isinstance(part, Traced):
        return part
    array = np.asarray(part)
    return array if array.size or isinstance(part, np.ndarray) else array.astype(np.intp)


def _slice_of(g: Any, axis: int, start: int, size: int) -> Any:
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + size),)]


def _concatenate_vjp(g: Any, out: Any, *arrays: Any, axis: int, position: int) -> Any:
    start = sum(array.shape[axis] for array in arrays[:position])
    return _slice_of(g, axis, start, arrays[position].shape[axis])


_concatenate = Op(
    "concatenate",
    lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    each=_concatenate_vjp,
    settings={"axis": REQUIRED},
)

_stack = Op(
    "stack",
    lambda *arrays, axis: np.stack(arrays, axis=axis),
    each=lambda g, out, *arrays, axis, position: g[(slice(None),) * (axis % g.ndim) + (position,)],
    settings={"axis": REQUIRED},
)


@implements(np.concatenate)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Join arrays along an existing axis; with `axis=None` each is flattened first.

    >>> import autograd_mini as ag
    >>> ag.concatenate([ag.Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.], op='concatenate')
    """
    operands = [as_operand(x) for x in arrays]
    if axis is None:
        return _concatenate(*(reshape(x, shape=-1) for x in operands), axis=0)
    return _concatenate(*operands, axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis; numbers and 0-d Tensors become a vector.

    >>> import autograd_mini as ag
    >>> ag.stack([ag.Tensor(1.0), ag.Tensor(2.0)])
    Tensor([1., 2.], op='stack')
    """
    return _stack(*arrays, axis=axis)
