"""Inverses, linear systems and determinants of matrices, and of stacks of them: the last two axes are the matrix.

The formulas are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), in the sections given below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import where
from autograd_mini.ops.linalg import _swap, matmul
from autograd_mini.ops.op import Op, as_operand, implements
from autograd_mini.ops.reductions import reduce_sum

_SlogdetResult: Any = type(np.linalg.slogdet(np.ones((1, 1))))  # the class has no public name


def with_float16(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's linear algebra has no float16: compute it in float32, and round the result."""

    def forward(*arrays: Any, **settings: Any) -> Any:
        if all(np.result_type(x) != np.float16 for x in arrays):
            return function(*arrays, **settings)
        wider = [np.asarray(x, np.result_type(x, np.float32)) for x in arrays]
        return function(*wider, **settings).astype(np.result_type(*arrays))

    return forward


def _trace(x: Any) -> Any:
    """The trace, with both axes kept."""
    return reduce_sum(x * np.eye(x.shape[-1], dtype=x.dtype), axis=(-2, -1), keepdims=True)


inv: Op = Op(
    "inv",
    with_float16(np.linalg.inv),
    lambda g, out, a: -(_swap(out) @ g @ _swap(out)),
    numpy=np.linalg.inv,
    doc="""Inverse of square matrices (..., n, n); d/da = -inv(a).T @ g @ inv(a).T (Giles 2.2.3).

    A singular matrix raises np.linalg.LinAlgError, as in NumPy.

    >>> ag.linalg.inv(ag.Tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]], op='inv')
    """,
)


def _solve_right(g: Any, out: Any, a: Any, b: Any) -> Any:
    return solve(_swap(a), g[..., None])[..., 0] if b.ndim == 1 else solve(_swap(a), g)


def _solve_left(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        g, out = g[..., None], out[..., None]
    return -(solve(_swap(a), g) @ _swap(out))


solve: Op = Op(
    "solve",
    with_float16(np.linalg.solve),
    _solve_left,
    _solve_right,
    numpy=np.linalg.solve,
    doc="""x with a @ x = b, for a (..., n, n) and b (n,) or (..., n, k); d/db = solve(a.T, g), d/da = -(d/db) @ x.T.

    As in NumPy 2, b is a vector only if it has one axis (Giles 2.3.1). A singular a raises np.linalg.LinAlgError.

    >>> ag.linalg.solve([[2.0, 0.0], [0.0, 4.0]], ag.Tensor([2.0, 2.0]))
    Tensor([1. , 0.5], op='solve')
    """,
)


def _pinv_vjp(g: Any, out: Any, a: Any, *, rcond: Any) -> Any:
    p = out
    left, right = g - g @ (a @ p), g - (p @ a) @ g
    return -_swap(p) @ g @ _swap(p) + _swap(left) @ p @ _swap(p) + _swap(p) @ p @ _swap(right)


pinv = Op(
    "pinv",
    with_float16(np.linalg.pinv),
    _pinv_vjp,
    settings={"rcond": None},
    numpy=np.linalg.pinv,
    doc="""Pseudo-inverse (..., n, m) of matrices (..., m, n), dropping singular values up to rcond times the largest.

    The derivative is that of Golub and Pereyra (SIAM J. Numer. Anal. 10, 1973), for changes that keep the rank; where
    the rank is not full, other changes make the pseudo-inverse jump.

    >>> ag.linalg.pinv(ag.Tensor([[2.0], [0.0]]))
    Tensor([[0.5, 0. ]], op='pinv')
    """,
)


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Product of n copies of square matrices (..., k, k); of their inverses for n < 0, the identity for n = 0.

    Raises TypeError if n is no integer; np.linalg.LinAlgError for matrices that are not square, or singular with n < 0.

    >>> import autograd_mini as ag
    >>> ag.linalg.matrix_power(ag.Tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    Tensor([[1., 3.],
            [0., 1.]], op='matmul')
    """
    a = as_operand(a)
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"matrix_power: the exponent is an integer, got {n!r}")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: the last two axes of {a.shape} differ; they must be a square")
    if n == 0:
        return where(False, a, np.eye(a.shape[-1], dtype=a.dtype))  # of the shape of a; its gradient is exactly 0
    return _positive_power(inv(a) if n < 0 else a, abs(n))


def _positive_power(a: Any, n: int) -> Any:
    if n == 1:
        return a
    half = _positive_power(a, n // 2)
    return matmul(matmul(half, half), a) if n % 2 else matmul(half, half)


# ----------------------------------------------------------------------------------------------------- determinants


def _cofactor(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return (u * (_orientation(u, vh) * _products_of_others(s))[..., None, :]) @ vh


def _orientation(u: Any, vh: Any) -> Any:
    return (np.linalg.det(u) * np.linalg.det(vh))[..., None]


def _products_of_others(s: Any) -> Any:
    """For each entry of the last axis the product of the others, without a division that fails at 0."""
    own = np.eye(s.shape[-1], dtype=bool)
    return np.where(own, s.dtype.type(1), s[..., None, :]).prod(axis=-1)


def _products_of_other_pairs(s: Any) -> Any:
    """For each two entries of the last axis, which descends, the product of the others; 0 on the diagonal."""
    larger, upper = s[..., :, None], np.triu(np.ones((s.shape[-1],) * 2, bool), 1)
    pairs = np.zeros(s.shape + s.shape[-1:], s.dtype)
    np.divide(_products_of_others(s)[..., None, :], larger, out=pairs, where=upper & (larger > 0))
    if s.shape[-1] > 1:
        pairs[..., -2, -1] = s[..., :-2].prod(axis=-1)  # of all pairs only this one may leave no 0 among the others
    return pairs + np.swapaxes(pairs, -1, -2)


def _cofactor_slope(a: Any, h: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    turned = np.swapaxes(u, -1, -2) @ h @ np.swapaxes(vh, -1, -2)
    pairs = _products_of_other_pairs(s)
    slope = -pairs * np.swapaxes(turned, -1, -2)
    own = np.eye(s.shape[-1], dtype=s.dtype)
    slope += own * (pairs @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None])
    return _orientation(u, vh)[..., None] * (u @ slope @ vh)


def _cofactor_third(g: Any, out: Any, a: Any, h: Any) -> Any:
    x = inv(a)
    p, q = x @ g, x @ h
    both = p @ q
    along = (_trace(p) * _trace(q) - _trace(both)) * x - (_trace(q) * p + _trace(p) * q - both - q @ p) @ x
    return det(a)[..., None, None] * _swap(along)


cofactor_slope: Op = Op(
    "cofactor_slope",
    with_float16(_cofactor_slope),
    _cofactor_third,
    lambda g, out, a, h: cofactor_slope(a, g),
    doc="""The derivative of `cofactor` in the direction h, which is its gradient too: it is the Hessian of det.""",
)

cofactor = Op(
    "cofactor",
    with_float16(_cofactor),
    lambda g, out, a: cofactor_slope(a, g),
    doc="""The gradient of det: det(a) * inv(a).T, from the singular values, so that it is right where det(a) is 0.""",
)

det: Op = Op(
    "det",
    with_float16(np.linalg.det),
    lambda g, out, a: g[..., None, None] * cofactor(a),
    numpy=np.linalg.det,
    doc="""Determinant of square matrices (..., n, n); d/da is the matrix of cofactors, det(a) * inv(a).T (Giles 2.2.4).

    Gradients of first and second order are right for singular matrices too; third order needs a regular one.

    >>> ag.linalg.det(ag.Tensor([[2.0, 5.0], [0.0, 1.0]]))
    Tensor(2.0, op='det')
    """,
)

_logabsdet = Op(
    "logabsdet",
    with_float16(lambda a: np.linalg.slogdet(a).logabsdet),
    lambda g, out, a: g[..., None, None] * _swap(inv(a)),
)

_det_sign = Op("det_sign", with_float16(lambda a: np.linalg.slogdet(a).sign), None)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """The sign of the determinant and the logarithm of its absolute value, which neither overflows nor underflows.

    d(logabsdet)/da = inv(a).T; no gradient flows through the sign. For a singular matrix they are 0 and -inf, and the
    gradient raises np.linalg.LinAlgError.

    >>> import autograd_mini as ag
    >>> ag.linalg.slogdet(ag.Tensor([[-2.0, 0.0], [0.0, 0.5]]))
    SlogdetResult(sign=Tensor(-1.0, requires_grad=False, op='det_sign'), logabsdet=Tensor(0.0, op='logabsdet'))
    """
    return _SlogdetResult(_det_sign(a), _logabsdet(a))
