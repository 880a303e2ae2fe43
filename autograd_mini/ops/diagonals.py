"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import where
from autograd_mini.ops.indexing import SLOT, scatter_add
from autograd_mini.ops.op import implements
from autograd_mini.ops.shape import as_array, moveaxis, ravel


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries at (i, i + offset) of two axes, as a new last axis: (5, 3, 4) with axes 1 and 2 becomes (5, 3).

    Raises ValueError for axes that are equal or out of bounds.

    >>> import autograd_mini as ag
    >>> ag.diagonal(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), offset=1)
    Tensor([2.], op='getitem')
    """
    matrices = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = matrices.shape[-2:]
    steps = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return matrices[..., steps - min(offset, 0), steps + max(offset, 0)]


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with v on its k-th diagonal; ValueError for other shapes.

    >>> import autograd_mini as ag
    >>> ag.diag(ag.Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]], op='scatter_add')
    """
    v = as_array(v)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag: input must be 1- or 2-d, got {v.shape}; use diagflat or diagonal")
    size = v.shape[0] + abs(k)
    steps = np.arange(v.shape[0])
    return scatter_add(v, steps - min(k, 0), steps + max(k, 0), index=(SLOT, SLOT), shape=(size, size))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with all entries of v, flattened, on its k-th diagonal.

    >>> import autograd_mini as ag
    >>> ag.diagflat(ag.Tensor([[1.0, 2.0]])).shape
    (2, 2)
    """
    return diag(ravel(v), k)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of two axes: (3, 4) gives a number, (5, 3, 4) with axes 1 and 2 gives (5,).

    >>> import autograd_mini as ag
    >>> ag.trace(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.0, op='sum')
    """
    return diagonal(a, offset, axis1, axis2).sum(axis=-1)


def _lower(m: Any, k: int) -> Any:
    return np.tri(*m.shape[-2:], k=k, dtype=bool)  # type: ignore[call-overload]


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """The entries of the last two axes on and below the k-th diagonal; zero above it.

    >>> import autograd_mini as ag
    >>> ag.tril(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]], op='where')
    """
    m = as_array(m)
    return where(_lower(m, k), m, m.dtype.type(0))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """The entries of the last two axes on and above the k-th diagonal; zero below it.

    >>> import autograd_mini as ag
    >>> ag.triu(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]], op='where')
    """
    m = as_array(m)
    return where(_lower(m, k - 1), m.dtype.type(0), m)
