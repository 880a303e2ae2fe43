"""Factorisations of matrices, and of stacks of them: the last two axes are the matrix.

The formulas are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), and of the papers named below, for all results of a factorisation at once. One Op
returns them in one array, one below the other: as each has a column per eigenvalue, singular value or column of Q, they
share their columns. A function slices it apart. So the factorisation is computed once, rules read it from `out`, and
are differentiated again like any others.

Gradients of functions of symmetric matrices (cholesky, eigh) are symmetric: they are for changes that leave the matrix
symmetric, although only one triangle is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import where
from autograd_mini.ops.inverses import solve, with_float16
from autograd_mini.ops.joining import concatenate
from autograd_mini.ops.linalg import _swap
from autograd_mini.ops.op import Op, as_operand, implements

# The named tuples that NumPy's functions return; their classes have no public name.
_ONE = np.ones((1, 1))
_QRResult: Any = type(np.linalg.qr(_ONE))
_EighResult: Any = type(np.linalg.eigh(_ONE))
_SVDResult: Any = type(np.linalg.svd(_ONE))


def _rows_and_columns(name: str, a: Any) -> tuple[int, int]:
    if a.ndim < 2:
        raise np.linalg.LinAlgError(f"{name}: an array of shape {a.shape} is no matrix; it needs two axes")
    m, n = a.shape[-2:]
    return m, n


def _symmetric(x: Any) -> Any:
    return (x + _swap(x)) / 2


def _diagonal_matrix(x: Any) -> Any:
    """Square matrices with the last axis of x on their diagonals."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


def _cholesky_vjp(g: Any, out: Any, a: Any) -> Any:
    half_diagonal = np.tri(out.shape[-1], dtype=g.dtype) - np.eye(out.shape[-1], dtype=g.dtype) / 2
    lower = _swap(out)
    return _symmetric(solve(lower, _swap(solve(lower, half_diagonal * (lower @ g)))))


cholesky = Op(
    "cholesky",
    with_float16(np.linalg.cholesky),
    _cholesky_vjp,
    numpy=np.linalg.cholesky,
    doc="""Lower triangular L with L @ L.T = a, for symmetric positive definite a (..., n, n), else LinAlgError.

    The lower triangle of a is read; the gradient is symmetric, for changes that leave a symmetric (I. Murray,
    "Differentiation of the Cholesky decomposition", 2016).

    >>> ag.linalg.cholesky(ag.Tensor([[4.0, 0.0], [0.0, 9.0]]))
    Tensor([[2., 0.],
            [0., 3.]], op='cholesky')
    """,
)


def _qr_rows(a: Any) -> Any:
    return np.concatenate(np.linalg.qr(a), axis=-2)


def _qr_vjp(g: Any, out: Any, a: Any) -> Any:
    m, n = a.shape[-2:]
    q, r, g_q, g_r = out[..., :m, :], out[..., m:, :], g[..., :m, :], g[..., m:, :]
    inside = r @ _swap(g_r) - _swap(g_q) @ q
    triangle = np.tri(n, dtype=g.dtype)
    copied = triangle * inside + _swap((triangle - np.eye(n, dtype=g.dtype)) * inside)
    return _swap(solve(r, _swap(g_q + q @ copied)))


_qr = Op("qr", with_float16(_qr_rows), _qr_vjp)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and upper triangular R with Q @ R = a (..., m, n); R alone with mode "r".

    The derivative (Walter and Lehmann, arXiv:1009.6112) needs the first min(m, n) columns of a to be independent: its
    rule raises np.linalg.LinAlgError where they are not. Raises ValueError for NumPy's other modes, LinAlgError for an
    array of fewer than two axes.

    >>> import autograd_mini as ag
    >>> q, r = ag.linalg.qr(ag.Tensor([[3.0], [4.0]]))
    >>> r
    Tensor([[-5.]], op='getitem')
    """
    if mode not in ("reduced", "r"):
        raise ValueError(f"qr: mode {mode!r} has no derivative here; use 'reduced' or 'r'")
    a = as_operand(a)
    m, n = _rows_and_columns("qr", a)
    rows = _qr(a[..., :m] if n > m else a)
    q, r = rows[..., :m, :], rows[..., m:, :]
    r = concatenate([r, _swap(q) @ a[..., m:]], axis=-1) if n > m else r
    return r if mode == "r" else _QRResult(q, r)


def _inverse(x: Any) -> Any:
    """1 / x, but 0 where x is 0."""
    zero = x == 0
    return where(zero, 0, 1 / where(zero, 1, x))


def _eigh_rows(a: Any, *, UPLO: Any) -> Any:
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_vjp(g: Any, out: Any, a: Any, *, UPLO: Any) -> Any:
    w, v, g_w, g_v = out[..., 0, :], out[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    mixing = _inverse(w[..., None, :] - w[..., :, None]) * (_swap(v) @ g_v)
    return _symmetric(v @ (mixing + _diagonal_matrix(g_w)) @ _swap(v))


_eigh = Op("eigh", with_float16(_eigh_rows), _eigh_vjp, settings={"UPLO": "L"})


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues (..., n), ascending, and orthonormal eigenvectors (..., n, n), in columns, of symmetric matrices.

    One triangle is read, the lower one unless UPLO is "U"; the gradient is symmetric, for changes that leave a
    symmetric (Giles 3.1). Eigenvectors of equal eigenvalues have no derivative: their mixing counts as 0, which is
    right to first order for what does not depend on their choice, such as the eigenvalues. Nearly equal ones give
    large gradients.

    >>> import autograd_mini as ag
    >>> ag.linalg.eigh(ag.Tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Tensor([1., 2.], op='getitem')
    """
    rows = _eigh(a, UPLO=UPLO)
    return _EighResult(rows[..., 0, :], rows[..., 1:, :])


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues (..., n), ascending, of symmetric matrices; equal ones are right to first order, as for `eigh`.

    >>> import autograd_mini as ag
    >>> ag.linalg.eigvalsh(ag.Tensor([[2.0, 0.0], [0.0, 1.0]]))
    Tensor([1., 2.], op='getitem')
    """
    return eigh(a, UPLO).eigenvalues


def _svd_rows(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], np.swapaxes(vh, -1, -2)], axis=-2)


def _svd_vjp(g: Any, out: Any, a: Any) -> Any:
    m = a.shape[-2]
    u, s, v = out[..., :m, :], out[..., m, :], out[..., m + 1 :, :]
    g_u, g_s, g_v = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    row, column = s[..., None, :], s[..., :, None]
    apart = _inverse((row - column) * (row + column))
    turn_u, turn_v = _swap(u) @ g_u, _swap(v) @ g_v
    inside = apart * (turn_u - _swap(turn_u)) * row + column * apart * (turn_v - _swap(turn_v))
    slope = u @ (inside + _diagonal_matrix(g_s)) @ _swap(v)
    if m > s.shape[-1]:
        slope = slope + (g_u - u @ turn_u) * _inverse(row) @ _swap(v)
    if a.shape[-1] > s.shape[-1]:
        slope = slope + u @ _swap((g_v - v @ turn_v) * _inverse(row))
    return slope


_svd = Op("svd", with_float16(_svd_rows), _svd_vjp)


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, S and Vh with U @ diag(S) @ Vh = a (..., m, n), S descending; S alone with `compute_uv=False`.

    Columns of U beyond min(m, n) have no derivative: write `full_matrices=False` unless m = n (ValueError). The
    derivative (Giles 3.2) of singular vectors does not exist where singular values are equal, or 0 with m != n: what is
    undefined counts as 0, which is right to first order for what does not depend on the choice of the vectors.

    >>> import autograd_mini as ag
    >>> u, s, vh = ag.linalg.svd(ag.Tensor([[3.0, 0.0], [0.0, 2.0]]))
    >>> s
    Tensor([3., 2.], op='getitem')
    """
    a = as_operand(a)
    m, n = _rows_and_columns("svd", a)
    if compute_uv and full_matrices and m != n:
        raise ValueError(f"svd: the full U and Vh of shape {a.shape} have no derivative; write full_matrices=False")
    rows = _svd(a)
    u, s, v = rows[..., :m, :], rows[..., m, :], rows[..., m + 1 :, :]
    return _SVDResult(u, s, _swap(v)) if compute_uv else s


@implements(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """Singular values of matrices (..., m, n), descending; equal ones are right to first order, as for `svd`.

    >>> import autograd_mini as ag
    >>> ag.linalg.svdvals(ag.Tensor([[3.0, 0.0], [0.0, 2.0]]))
    Tensor([3., 2.], op='getitem')
    """
    return svd(x, compute_uv=False)
