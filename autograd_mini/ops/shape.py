"""Operations that give the same entries other axes or another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd_mini.ops.op import REQUIRED, Op, Traced, implements


def as_array(x: Any) -> Any:
    """What has a shape: a Tensor or an array as it is, anything else as an array."""
    return x if isinstance(x, (Traced, np.ndarray, np.generic)) else np.asarray(x)


def _reshape(x: Any, *, shape: Any) -> Any:
    reshaped = np.reshape(x, shape)
    return reshaped if reshaped.ndim else reshaped[()]


reshape: Op = Op(
    "reshape",
    _reshape,
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


# Composed of these


@implements(np.ravel)
def ravel(a: Any) -> Any:
    """All entries in a row: (2, 3) becomes (6,).

    >>> import autograd_mini as ag
    >>> ag.ravel(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 2., 3., 4.], op='reshape')
    """
    return reshape(a, shape=-1)


def flatten(a: Any) -> Any:
    """All entries in a row, as `ravel`: (2, 3) becomes (6,).

    >>> import autograd_mini as ag
    >>> ag.flatten(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 2., 3., 4.], op='reshape')
    """
    return reshape(a, shape=-1)


@implements(np.moveaxis)
def moveaxis(a: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move axes to new positions, the others keep their order: moving 0 to 2 makes (2, 3, 4) a (3, 4, 2).

    Raises ValueError for an axis that is out of bounds or repeated, and for unequal numbers of axes.

    >>> import autograd_mini as ag
    >>> ag.moveaxis(ag.Tensor([[[1.0, 2.0]]]), 2, 0).shape
    (2, 1, 1)
    """
    a = as_array(a)
    sources = normalize_axis_tuple(source, a.ndim, "moveaxis: source")
    targets = normalize_axis_tuple(destination, a.ndim, "moveaxis: destination")
    if len(sources) != len(targets):
        raise ValueError(f"moveaxis: {len(sources)} source axes but {len(targets)} destinations; give one for each")
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources)):
        order.insert(target, axis)
    return transpose(a, axes=tuple(order))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes: swapping 0 and 2 makes (2, 3, 4) a (4, 3, 2).

    Raises ValueError (NumPy's AxisError) for an axis that is out of bounds.

    >>> import autograd_mini as ag
    >>> ag.swapaxes(ag.Tensor([[1.0, 2.0]]), 0, 1)
    Tensor([[1.],
            [2.]], op='transpose')
    """
    a = as_array(a)
    first, second = (normalize_axis_index(axis, a.ndim, "swapaxes") for axis in (axis1, axis2))
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return transpose(a, axes=tuple(order))


@implements(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """Exchange the last two axes: (5, 2, 3) becomes (5, 3, 2); ValueError for fewer than two.

    >>> import autograd_mini as ag
    >>> ag.matrix_transpose(ag.Tensor([[[1.0, 2.0]]]))
    Tensor([[[1.],
             [2.]]], op='transpose')
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: an array of shape {x.shape} has no two axes; reshape it first")
    return swapaxes(x, -1, -2)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: int | Sequence[int]) -> Any:
    """Add axes of length 1 at the given positions of the result: (2, 3) with axis=1 becomes (2, 1, 3).

    Raises ValueError for a position that is out of bounds or repeated.

    >>> import autograd_mini as ag
    >>> ag.expand_dims(ag.Tensor([1.0, 2.0]), axis=0)
    Tensor([[1., 2.]], op='reshape')
    """
    a = as_array(a)
    count = a.ndim + (len(axis) if isinstance(axis, Sequence) else 1)
    added = normalize_axis_tuple(axis, count, "expand_dims: axis")
    kept = iter(a.shape)
    return reshape(a, shape=tuple(1 if position in added else next(kept) for position in range(count)))


@implements(np.squeeze)
def squeeze(a: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Remove the given axes, or all, of length 1: (2, 1, 3) becomes (2, 3).

    Raises ValueError for an axis that is out of bounds or whose length is not 1.

    >>> import autograd_mini as ag
    >>> ag.squeeze(ag.Tensor([[1.0, 2.0]]), axis=0)
    Tensor([1., 2.], op='reshape')
    """
    a = as_array(a)
    ones = [position for position, size in enumerate(a.shape) if size == 1]
    removed = ones if axis is None else normalize_axis_tuple(axis, a.ndim, "squeeze: axis")
    for position in set(removed) - set(ones):
        raise ValueError(f"squeeze: axis {position} of {a.shape} has size {a.shape[position]}, not one; index it")
    return reshape(a, shape=tuple(size for position, size in enumerate(a.shape) if position not in removed))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """The arrays, each repeated to their common shape; ValueError if they have none.

    >>> import autograd_mini as ag
    >>> [x.shape for x in ag.broadcast_arrays(ag.Tensor([1.0, 2.0]), [[3.0]])]
    [(1, 2), (1, 2)]
    """
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(broadcast_to(x, shape=shape) for x in arrays)


def _with_axes(arrays: Sequence[Any], widen: Any) -> Any:
    """Each array in the shape that `widen` makes of its own: alone, or as a tuple if there are several."""
    reshaped = tuple(reshape(x, shape=widen(x.shape)) for x in map(as_array, arrays))
    return reshaped[0] if len(reshaped) == 1 else reshaped


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """Each array with at least one axis: () becomes (1,). Several arrays give a tuple.

    >>> import autograd_mini as ag
    >>> ag.atleast_1d(ag.Tensor(1.0))
    Tensor([1.], op='reshape')
    """
    return _with_axes(arys, lambda shape: shape or (1,))


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Each array with at least two axes: (3,) becomes (1, 3). Several arrays give a tuple.

    >>> import autograd_mini as ag
    >>> ag.atleast_2d(ag.Tensor([1.0, 2.0]))
    Tensor([[1., 2.]], op='reshape')
    """
    return _with_axes(arys, lambda shape: (1,) * (2 - len(shape)) + shape)


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Each array with at least three axes: (3,) becomes (1, 3, 1), (2, 3) becomes (2, 3, 1). Several give a tuple.

    >>> import autograd_mini as ag
    >>> ag.atleast_3d(ag.Tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """
    return _with_axes(arys, lambda shape: [(1, 1, 1), (1, *shape, 1), (*shape, 1), shape][min(len(shape), 3)])
