"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import Op
from autograd_mini.ops.shape import transpose


def _matmul_forward(x: Any, y: Any) -> Any:
    try:
        return x @ y
    except (TypeError, ValueError):
        # NumPy's operator refuses numbers and 0-d arrays with a TypeError about Python types.
        for operand in (x, y):
            if not isinstance(operand, (np.ndarray, np.generic, int, float)):
                raise TypeError(f"{operand!r} is no array") from None
        if np.ndim(x) == 0 or np.ndim(y) == 0:
            raise ValueError("a 0-d operand has no axis to sum over; use * instead") from None
        rows = np.shape(y)[-2] if np.ndim(y) > 1 else np.shape(y)[0]
        if np.shape(x)[-1] != rows:
            raise ValueError(f"inner sizes {np.shape(x)[-1]} and {rows} differ; transpose or reshape one") from None
        raise


def _swap(x: Any) -> Any:
    """Transpose the last two axes."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)) if x.ndim > 2 else x.T


def _flat_rows(x: Any) -> Any:
    return x.reshape((math.prod(x.shape[:-1]), x.shape[-1]))


def _matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 == y.ndim:
        return g @ y.T
    if y.ndim == 1:
        return g[..., None] * y
    if x.ndim == 1:
        return (y @ g[..., None])[..., 0]
    return g @ _swap(y)


def _matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 == y.ndim:
        return x.T @ g
    if x.ndim == 1:
        return x[:, None] * g[..., None, :] if y.ndim > 1 else x * g
    if y.ndim == 1:
        return (g[..., None, :] @ x)[..., 0, :]
    if y.ndim == 2 < x.ndim:
        # One product over all rows: a product per batch entry, summed later, needs batch times the memory.
        return _flat_rows(x).T @ _flat_rows(g)
    return _swap(x) @ g


def _affine_forward(x: Any, w: Any, b: Any) -> Any:
    product = _matmul_forward(x, w)
    if type(b) is np.ndarray and b.dtype == product.dtype and b.ndim > 0 and b.shape == product.shape[-b.ndim :]:
        return np.add(product, b, out=product)  # nobody else has seen the product
    total = product + b
    if np.shape(total) != np.shape(product):
        raise ValueError(f"the bias {np.shape(b)} would enlarge the product {np.shape(product)}; reshape it")
    return total


affine = Op(
    "affine",
    _affine_forward,
    lambda g, out, x, w, b: _matmul_left(g, out, x, w),
    lambda g, out, x, w, b: _matmul_right(g, out, x, w),
    lambda g, out, x, w, b: g,
    symbol="@ +",
    doc="""x @ w + b in one operation, without a second array; d/dx = g @ w.T, d/dw = x.T @ g, d/db = g.

    The result has the shape of x @ w, to which b broadcasts; ValueError for a b that would enlarge it.

    >>> ag.affine([[1.0, 2.0]], ag.Tensor([[3.0], [4.0]]), 0.5)
    Tensor([[11.5]], op='affine')
    """,
)

matmul = Op(
    "matmul",
    _matmul_forward,
    _matmul_left,
    _matmul_right,
    symbol="@",
    numpy=np.matmul,
    doc="""Matrix product of 1-D, 2-D and batched operands, as NumPy's @; d/dx = g @ y.T, d/dy = x.T @ g.

    >>> ag.matmul(ag.Tensor([[1.0, 2.0]]), [[3.0], [4.0]])
    Tensor([[11.]], op='matmul')
    """,
)
