"""Joining arrays, and splitting them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_mini.ops.op import REQUIRED, Op, as_operand, implements
from autograd_mini.ops.shape import as_array, atleast_1d, atleast_2d, atleast_3d, ravel, reshape


def _slice_of(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop),)]


def _concatenate_vjp(g: Any, out: Any, *arrays: Any, axis: int, position: int) -> Any:
    start = sum(array.shape[axis] for array in arrays[:position])
    return _slice_of(g, axis, start, start + arrays[position].shape[axis])


concatenate_arrays = Op(
    "concatenate",
    lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    each=_concatenate_vjp,
    settings={"axis": REQUIRED},
)

stack_arrays = Op(
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
        return concatenate_arrays(*(reshape(x, shape=-1) for x in operands), axis=0)
    return concatenate_arrays(*operands, axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis; numbers and 0-d Tensors become a vector.

    >>> import autograd_mini as ag
    >>> ag.stack([ag.Tensor(1.0), ag.Tensor(2.0)])
    Tensor([1., 2.], op='stack')
    """
    return stack_arrays(*arrays, axis=axis)


@implements(np.vstack)
def vstack(tup: Sequence[Any]) -> Any:
    """Join arrays as rows, along axis 0; vectors of shape (n,) count as (1, n).

    >>> import autograd_mini as ag
    >>> ag.vstack([ag.Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]], op='concatenate')
    """
    return concatenate([atleast_2d(x) for x in tup], 0)


@implements(np.hstack)
def hstack(tup: Sequence[Any]) -> Any:
    """Join arrays as columns, along axis 1; vectors along their only axis.

    >>> import autograd_mini as ag
    >>> ag.hstack([ag.Tensor([1.0, 2.0]), [3.0]])
    Tensor([1., 2., 3.], op='concatenate')
    """
    arrays = [atleast_1d(x) for x in tup]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """Join arrays along axis 2; (n,) counts as (1, n, 1), and (m, n) as (m, n, 1).

    >>> import autograd_mini as ag
    >>> ag.dstack([ag.Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[[1., 3.],
             [2., 4.]]], op='concatenate')
    """
    return concatenate([atleast_3d(x) for x in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """Join vectors (n,) as columns of a matrix (n, k); arrays of two axes as they are.

    >>> import autograd_mini as ag
    >>> ag.column_stack([ag.Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]], op='concatenate')
    """
    arrays = [as_array(x) for x in tup]
    return concatenate([reshape(x, shape=(-1, 1)) if x.ndim < 2 else x for x in arrays], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Join values to the end of an array, both flattened unless an axis is given.

    >>> import autograd_mini as ag
    >>> ag.append(ag.Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.], op='concatenate')
    """
    return concatenate([ravel(arr), ravel(values)] if axis is None else [arr, values], axis or 0)


# Splitting


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """A list of parts: n parts as equal as can be, the first ones longer, or cuts at the given positions.

    Raises ValueError for a number of parts below 1.

    >>> import autograd_mini as ag
    >>> ag.array_split(ag.Tensor([1.0, 2.0, 3.0]), 2)
    [Tensor([1., 2.], op='getitem'), Tensor([3.], op='getitem')]
    """
    ary = as_array(ary)
    size = ary.shape[normalize_axis_index(axis, ary.ndim, "array_split")]
    if isinstance(indices_or_sections, int | np.integer):
        cuts = _equal_cuts(size, indices_or_sections)
    else:
        cuts = [index(cut) for cut in indices_or_sections]
    return [_slice_of(ary, axis, start, stop) for start, stop in zip([0, *cuts], [*cuts, size])]


def _equal_cuts(size: int, sections: int) -> list[int]:
    if sections < 1:
        raise ValueError(f"array_split: the number of sections must be larger than 0, got {sections}")
    each, longer = divmod(size, sections)
    return [each * count + min(count, longer) for count in range(1, sections)]


@implements(np.split)
def split(ary: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """A list of parts: n equal ones, or cuts at the given positions; (6, 2) into 3 gives three (2, 2).

    Raises ValueError if the parts would not be equal.

    >>> import autograd_mini as ag
    >>> ag.split(ag.Tensor([1.0, 2.0, 3.0]), [1])
    [Tensor([1.], op='getitem'), Tensor([2., 3.], op='getitem')]
    """
    ary = as_array(ary)
    size = ary.shape[normalize_axis_index(axis, ary.ndim, "split")]
    if isinstance(indices_or_sections, int | np.integer) and size % indices_or_sections:
        raise ValueError(
            f"split: axis {axis} of {ary.shape} does not result in an equal division by {indices_or_sections}; "
            "use array_split"
        )
    return array_split(ary, indices_or_sections, axis)


def _split_along(name: str, ary: Any, indices_or_sections: Any, axis: int, least: int) -> list[Any]:
    ary = as_array(ary)
    if ary.ndim < least:
        raise ValueError(f"{name}: an array of shape {ary.shape} has fewer than {least} dimensions; use split")
    return split(ary, indices_or_sections, axis)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Split the rows, axis 0 of at least two; ValueError for fewer.

    >>> import autograd_mini as ag
    >>> ag.vsplit(ag.Tensor([[1.0], [2.0]]), 2)
    [Tensor([[1.]], op='getitem'), Tensor([[2.]], op='getitem')]
    """
    return _split_along("vsplit", ary, indices_or_sections, axis=0, least=2)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Split the columns, axis 1, or a vector; ValueError for a number.

    >>> import autograd_mini as ag
    >>> ag.hsplit(ag.Tensor([[1.0, 2.0]]), 2)
    [Tensor([[1.]], op='getitem'), Tensor([[2.]], op='getitem')]
    """
    ary = as_array(ary)
    return _split_along("hsplit", ary, indices_or_sections, axis=0 if ary.ndim == 1 else 1, least=1)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Split along axis 2; ValueError for fewer than three axes.

    >>> import autograd_mini as ag
    >>> ag.dsplit(ag.Tensor([[[1.0, 2.0]]]), 2)
    [Tensor([[[1.]]], op='getitem'), Tensor([[[2.]]], op='getitem')]
    """
    return _split_along("dsplit", ary, indices_or_sections, axis=2, least=3)


@implements(getattr(np, "unstack", None))  # type: ignore[arg-type]
def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """The arrays that `stack` would join to x: (2, 3) gives two of shape (3,); ValueError for a number.

    >>> import autograd_mini as ag
    >>> ag.unstack(ag.Tensor([1.0, 2.0]))
    (Tensor(1.0, op='getitem'), Tensor(2.0, op='getitem'))
    """
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError("unstack: a number has no axis to take apart; the array must be at least 1-d")
    before = (slice(None),) * normalize_axis_index(axis, x.ndim, "unstack")
    return tuple(x[(*before, position)] for position in range(x.shape[axis]))
