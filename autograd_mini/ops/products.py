"""Products of vectors, matrices and arrays, composed of `matmul`, `multiply` and changes of shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd_mini.ops.joining import stack
from autograd_mini.ops.linalg import matmul
from autograd_mini.ops.op import as_operand, implements
from autograd_mini.ops.shape import transpose


def as_arrays(*operands: Any) -> list[Any]:
    """Lists as arrays, and Python numbers as scalars of the dtype that they would take in arithmetic."""
    arrays = [as_operand(x) for x in operands]
    if all(hasattr(x, "dtype") for x in arrays):
        return arrays
    dtype = np.result_type(*[getattr(x, "dtype", x) for x in arrays])
    return [x if hasattr(x, "dtype") else dtype.type(x) for x in arrays]


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """Sum over the last axis of a and the last but one of b; the product if one of them is a number.

    Shapes: (n,) and (n,) give a number, (m, n) and (n, k) give (m, k), (..., n) and (..., n, k) all axes of both but n.
    Raises ValueError if the two sizes n differ.

    >>> import autograd_mini as ag
    >>> ag.dot(ag.Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0, op='matmul')
    """
    a, b = as_arrays(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return matmul(a, b) if b.ndim <= 2 else tensordot(a, b, axes=(-1, -2))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """Sum of the products of all entries, in order; shapes may differ, sizes not (ValueError).

    >>> import autograd_mini as ag
    >>> ag.vdot(ag.Tensor([[1.0, 2.0]]), [[3.0], [4.0]])
    Tensor(11.0, op='matmul')
    """
    a, b = as_arrays(a, b)
    return matmul(a.reshape(a.size), b.reshape(b.size))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sum over the last axes of both: (..., n) and (..., n) give the other axes of a, then those of b.

    The product if one of them is a number. Raises ValueError if the two sizes n differ.

    >>> import autograd_mini as ag
    >>> ag.inner(ag.Tensor([[1.0, 2.0]]), [[3.0, 4.0], [5.0, 6.0]])
    Tensor([[11., 17.]], op='reshape')
    """
    a, b = as_arrays(a, b)
    return a * b if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, axes=(-1, -1))


@implements(np.outer)
def outer(a: Any, b: Any) -> Any:
    """All products of an entry of a and an entry of b: shape (a.size, b.size).

    >>> import autograd_mini as ag
    >>> ag.outer(ag.Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]], op='multiply')
    """
    a, b = as_arrays(a, b)
    return a.reshape((a.size, 1)) * b.reshape((1, b.size))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum over pairs of axes: the last n of a with the first n of b, or the axes given as `(of_a, of_b)`.

    The result has the other axes of a, then those of b. Raises ValueError if sizes that meet differ, or the two lists
    of axes do.

    >>> import autograd_mini as ag
    >>> ag.tensordot(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1.0, 0.0], [0.0, 1.0]])
    Tensor(5.0, op='reshape')
    """
    a, b = as_arrays(a, b)
    of_a, of_b = _axis_pairs(axes, a.ndim, b.ndim)
    if [a.shape[axis] for axis in of_a] != [b.shape[axis] for axis in of_b]:
        raise ValueError(f"tensordot: axes {of_a} of {a.shape} and {of_b} of {b.shape} differ in number or size")
    rest_a, rest_b = _others(of_a, a.ndim), _others(of_b, b.ndim)
    shape_a, shape_b = [a.shape[axis] for axis in rest_a], [b.shape[axis] for axis in rest_b]
    summed = math.prod(a.shape[axis] for axis in of_a)
    rows = transpose(a, axes=(*rest_a, *of_a)).reshape((math.prod(shape_a), summed))
    columns = transpose(b, axes=(*of_b, *rest_b)).reshape((summed, math.prod(shape_b)))
    return matmul(rows, columns).reshape((*shape_a, *shape_b))


def _axis_pairs(axes: Any, ndim_a: int, ndim_b: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, (int, np.integer)):
        axes = (range(-int(axes), 0), range(int(axes)))
    of_a, of_b = axes
    return normalize_axis_tuple(of_a, ndim_a, "axes"), normalize_axis_tuple(of_b, ndim_b, "axes")


def _others(axes: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return tuple([axis for axis in range(ndim) if axis not in axes])


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Kronecker product: b once for each entry of a, times that entry; the sizes of the axes multiply.

    >>> import autograd_mini as ag
    >>> ag.kron(ag.Tensor([1.0, 10.0]), [3.0, 4.0])
    Tensor([ 3.,  4., 30., 40.], op='reshape')
    """
    a, b = as_arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    shape_a, shape_b = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    blocks = a.reshape(tuple([size for m in shape_a for size in (m, 1)]))
    inside = b.reshape(tuple([size for n in shape_b for size in (1, n)]))
    return (blocks * inside).reshape(tuple([m * n for m, n in zip(shape_a, shape_b)]))


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Vector product along an axis of 3: `axisa` of a, `axisb` of b, `axisc` of the result, or `axis` for all three.

    The other axes broadcast. Raises ValueError for vectors of 2 (write their third entry, 0) or of any other size.

    >>> import autograd_mini as ag
    >>> ag.cross(ag.Tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
    Tensor([0., 0., 1.], op='stack')
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _with_axes("cross", (a, 1), (b, 1))
    (a0, a1, a2), (b0, b1, b2) = _components(a, axisa), _components(b, axisb)
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axisc)


def _components(x: Any, axis: int) -> list[Any]:
    axis = normalize_axis_index(axis, x.ndim)
    if x.shape[axis] != 3:
        raise ValueError(f"cross: axis {axis} of shape {x.shape} has size {x.shape[axis]}; a vector product needs 3")
    return [x[(slice(None),) * axis + (position,)] for position in range(3)]


# NumPy has these two since 2.2.
_matvec: Any = getattr(np, "matvec", None)
_vecmat: Any = getattr(np, "vecmat", None)


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """Sum of the products along one axis of both, whose sizes must agree (ValueError); the others broadcast.

    >>> import autograd_mini as ag
    >>> ag.vecdot(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    Tensor([21., 43.], op='getitem')
    """
    left, right = (_to_last(x, axis) for x in _with_axes("vecdot", (x1, 1), (x2, 1)))
    return matmul(left[..., None, :], right[..., None])[..., 0, 0]


def _with_axes(name: str, *operands: tuple[Any, int]) -> list[Any]:
    """The operands as arrays, each with at least as many axes as it needs; ValueError otherwise."""
    arrays = as_arrays(*(x for x, _ in operands))
    for x, (_, least) in zip(arrays, operands):
        if x.ndim < least:
            raise ValueError(f"{name}: an operand of shape {x.shape} has too few axes; it needs {least}")
    return arrays


def _to_last(x: Any, axis: int) -> Any:
    axis = normalize_axis_index(axis, x.ndim)
    return x if axis == x.ndim - 1 else transpose(x, axes=(*_others((axis,), x.ndim), axis))


@implements(_matvec)
def matvec(x1: Any, x2: Any) -> Any:
    """Matrices (..., m, n) times vectors (..., n), giving (..., m); the axes before them broadcast.

    >>> import autograd_mini as ag
    >>> ag.matvec([[1.0, 2.0], [3.0, 4.0]], ag.Tensor([[1.0, 0.0], [0.0, 1.0]]))
    Tensor([[1., 3.],
            [2., 4.]], op='getitem')
    """
    x1, x2 = _with_axes("matvec", (x1, 2), (x2, 1))
    return matmul(x1, x2[..., None])[..., 0]


@implements(_vecmat)
def vecmat(x1: Any, x2: Any) -> Any:
    """Vectors (..., m) times matrices (..., m, n), giving (..., n); the axes before them broadcast.

    >>> import autograd_mini as ag
    >>> ag.vecmat(ag.Tensor([[1.0, 0.0], [0.0, 1.0]]), [[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]], op='getitem')
    """
    x1, x2 = _with_axes("vecmat", (x1, 1), (x2, 2))
    return matmul(x1[..., None, :], x2)[..., 0, :]


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """Matrix product of two or more matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors. Raises ValueError for fewer than two arrays, or sizes that do not meet.

    >>> import autograd_mini as ag
    >>> ag.linalg.multi_dot([ag.Tensor([1.0, 2.0]), [[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0]])
    Tensor(19.0, op='matmul')
    """
    operands = [as_operand(x) for x in arrays]
    if len(operands) < 2:
        raise ValueError(f"multi_dot: needs two or more arrays, got {len(operands)}")
    _check_chain(operands)
    first, last = operands[0].shape, operands[-1].shape
    sizes = [(1, *first)[-2], *[x.shape[0] for x in operands[1:]], (*last, 1)[1]]
    split = _cheapest_splits(sizes)
    return _chain(operands, split, 0, len(operands))


def _check_chain(operands: Sequence[Any]) -> None:
    for position, x in enumerate(operands):
        vector = x.ndim == 1 and position in (0, len(operands) - 1)
        if x.ndim != 2 and not vector:
            raise ValueError(f"multi_dot: array {position} has shape {x.shape}; it must be a matrix")


def _cheapest_splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to split each product of consecutive matrices, matrix i being (sizes[i], sizes[i + 1])."""
    count = len(sizes) - 1
    cost = {(i, i + 1): 0 for i in range(count)}
    split = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            k = i + length
            totals = {j: cost[i, j] + cost[j, k] + sizes[i] * sizes[j] * sizes[k] for j in range(i + 1, k)}
            split[i, k] = min(totals, key=lambda j: totals[j])
            cost[i, k] = totals[split[i, k]]
    return split


def _chain(operands: Sequence[Any], split: dict[tuple[int, int], int], start: int, stop: int) -> Any:
    if stop - start == 1:
        return operands[start]
    middle = split[start, stop]
    return matmul(_chain(operands, split, start, middle), _chain(operands, split, middle, stop))
