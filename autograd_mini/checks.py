"""What may become the data, the name or the gradient of a Tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_mini.errors import describe

Array = NDArray[Any]
"""A NumPy array, or a NumPy scalar where the shape is ()."""


def as_value(data: Any) -> Array:
    """Data as Tensors hold it: an ndarray, or a NumPy scalar for shape () (seven times faster than a 0-d array)."""
    if isinstance(data, np.generic):
        return data  # type: ignore[return-value]
    array: Array = data if type(data) is np.ndarray else np.asarray(data)
    return array if array.ndim else array[()]


def result_value(op: Any, data: Any) -> Array:
    """What a forward function returned, as Tensors hold it; TypeError for what is no array."""
    if not isinstance(data, (np.ndarray, int, float, complex)):
        raise TypeError(f"{op.name}: its forward returned {type(data).__name__}; it must return one array or number")
    return as_value(data)


def checked_data(data: Any, requires_grad: bool, dtype: DTypeLike | None, *, copy: bool) -> Array:
    """Data as real numbers, of floats if they require a gradient; TypeError or ValueError for anything else."""
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError("Tensor: a masked array would lose its mask; write x.filled(value) or ag.where(mask, x, value)")
    try:
        array = np.array(data, dtype, copy=copy or None)
    except ValueError as error:
        raise ValueError(f"Tensor: the data make no array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"Tensor: data of dtype {array.dtype} can't be computed with here; use real numbers")
    if requires_grad and array.dtype.kind != "f":
        array = _as_float(array, dtype)
    return as_value(array)


def _as_float(array: Array, dtype: DTypeLike | None) -> Array:
    if array.dtype.kind == "b" or dtype is not None:
        raise TypeError(
            f"Tensor: {array.dtype} data carry no gradient; write requires_grad=False, or convert them to float"
        )
    return array.astype(np.float64)


def checked_name(name: Any) -> str | None:
    """A name that is a string, or None."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name: expected a string, got {type(name).__name__}; write name={str(name)!r}")
    return name


def conforming(what: str, value: ArrayLike, tensor: Any) -> Array:
    """A copy of `value` in the dtype of the tensor; ValueError if its shape differs, TypeError if it does not fit."""
    array = np.asarray(value)
    if not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
        raise TypeError(f"{what}: {describe(tensor, True)} can't take {array.dtype}; convert it with astype first")
    if array.shape != tensor.shape:
        raise ValueError(f"{what}: {describe(tensor)} can't take a value of shape {array.shape}; reshape it first")
    return as_value(array.astype(tensor.dtype))


def sizes(arguments: tuple[Any, ...]) -> Any:
    """`f(2, 3)` and `f((2, 3))` mean the same, as in NumPy."""
    return arguments[0] if len(arguments) == 1 and not isinstance(arguments[0], int | np.integer) else arguments


def read_only(array: Array) -> Array:
    """A view that can't be written: gradients share memory, and a copy would cost more than the arithmetic."""
    if isinstance(array, np.generic):
        return array
    view = array.view()
    view.setflags(write=False)
    return view


def close(again: Any, first: Any) -> bool:
    """Whether two results are equal up to rounding: another alignment in memory or order of summation.

    Integers and booleans are equal or not.
    """
    if np.shape(again) != np.shape(first):
        return False
    if np.result_type(first).kind != "f":
        return bool(np.array_equal(again, first))
    tolerance = float(np.sqrt(np.finfo(first.dtype).eps))
    largest = np.max(np.abs(first), initial=0, where=np.isfinite(first))
    return np.allclose(again, first, rtol=tolerance, atol=tolerance * float(largest), equal_nan=True)
