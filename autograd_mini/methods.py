"""The methods of a Tensor that NumPy's arrays have too: each calls the operation of its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np
from numpy.typing import DTypeLike

from autograd_mini import ops
from autograd_mini.checks import sizes

if TYPE_CHECKING:
    from autograd_mini.tensor import Tensor

Axis = int | tuple[int, ...] | None


class Methods:
    """What a Tensor can do by name; the functions of `ag` have the full documentation."""

    __slots__ = ()

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Sum over the axis, axes, or all."""
        return ops.reduce_sum(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Product over the axis, axes, or all."""
        return ops.prod(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Arithmetic mean over the axis, axes, or all."""
        return ops.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Largest entry over the axis, axes, or all; ties share the gradient equally."""
        return ops.reduce_max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Smallest entry over the axis, axes, or all; ties share the gradient equally."""
        return ops.reduce_min(self, axis=axis, keepdims=keepdims)

    def any(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Whether any entry is true, along the axis, axes, or all."""
        return ops.reduce_any(self, axis=axis, keepdims=keepdims)

    def all(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Whether all entries are true, along the axis, axes, or all."""
        return ops.reduce_all(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Variance over the axis, axes, or all; divided by n - ddof."""
        return ops.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Standard deviation over the axis, axes, or all; divided by n - ddof."""
        return ops.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Position of the largest entry."""
        return ops.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Position of the smallest entry."""
        return ops.argmin(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        """Running sum along the axis, or of all entries."""
        return ops.cumsum(self, axis=axis)

    def cumprod(self, axis: int | None = None) -> Tensor:
        """Running product along the axis, or of all entries."""
        return ops.cumprod(self, axis=axis)

    def argsort(self, axis: int | None = -1, kind: str | None = None) -> Tensor:
        """The positions that sort the entries along the axis."""
        return ops.argsort(self, axis=axis, kind=kind)

    @overload
    def reshape(self, *shape: SupportsIndex) -> Tensor: ...
    @overload
    def reshape(self, shape: Sequence[SupportsIndex], /) -> Tensor: ...
    def reshape(self, *shape: Any) -> Tensor:
        """The same entries in another shape, given as numbers or as one tuple; one size may be -1."""
        return ops.reshape(self, shape=sizes(shape))

    def ravel(self) -> Tensor:
        """The entries in one row."""
        return ops.ravel(self)

    def flatten(self) -> Tensor:
        """The entries in one row."""
        return ops.flatten(self)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes reversed, or in the order given, as numbers or as one tuple."""
        return ops.transpose(self, axes=sizes(axes) or None)

    @property
    def T(self) -> Tensor:
        """The Tensor with its axes reversed."""
        return ops.transpose(self, axes=None)

    @property
    def mT(self) -> Tensor:
        """The Tensor with its last two axes swapped."""
        return ops.matrix_transpose(self)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return ops.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """Without the axes of length 1, or without those given."""
        return ops.squeeze(self, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """Each entry repeated, along the axis or in one row."""
        return ops.repeat(self, repeats, axis)

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        """The entries at positions along the axis, or of the entries in one row."""
        return ops.take(self, indices, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The diagonal of two axes."""
        return ops.diagonal(self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The sum of the diagonal of two axes."""
        return ops.trace(self, offset, axis1, axis2)

    def dot(self, b: Any) -> Tensor:
        """The product with another array, as `ag.dot`."""
        return ops.dot(self, b)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """The entries within bounds."""
        return ops.clip(self, min, max)

    def round(self, decimals: int = 0) -> Tensor:
        """The entries rounded to some decimals; the gradient is 0."""
        return ops.round_(self, decimals=decimals)

    def astype(self, dtype: DTypeLike) -> Tensor:
        """This Tensor in another dtype; gradients are cast back."""
        return ops.astype(self, dtype=np.dtype(dtype))

    def exp(self) -> Tensor:
        """e**self, elementwise."""
        return ops.exp(self)

    def log(self) -> Tensor:
        """Natural logarithm, elementwise."""
        return ops.log(self)

    def sqrt(self) -> Tensor:
        """Square root, elementwise."""
        return ops.sqrt(self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent, elementwise."""
        return ops.tanh(self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-self)), elementwise."""
        return ops.sigmoid(self)

    def relu(self) -> Tensor:
        """max(self, 0), elementwise."""
        return ops.relu(self)
