"""Rows for inverses, determinants and factorisations. Each is of a matrix that has the derivatives asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import autograd_mini as ag
from autograd_mini import ops
from autograd_mini.ops import decompositions, inverses
from tests.operations.rows import ANY, Case, Row, generators

batch_shapes = array_shapes(min_dims=0, max_dims=1, min_side=0, max_side=2)


def with_singular_values(rng: np.random.Generator, batch: tuple[int, ...], m: int, n: int) -> np.ndarray:
    """Matrices whose singular values are 1, 2, ... to within 0.2."""
    k = min(m, n)
    left = np.linalg.qr(rng.normal(size=(*batch, m, m)))[0][..., :k]
    right = np.linalg.qr(rng.normal(size=(*batch, n, n)))[0][..., :k, :]
    return np.asarray((left * (np.arange(1.0, k + 1) + rng.uniform(-0.2, 0.2, k))) @ right)


@st.composite
def squares(draw: st.DrawFn) -> Case:
    n = draw(st.integers(0, 3))
    return [with_singular_values(draw(generators), draw(batch_shapes), n, n)], {}


@st.composite
def rectangles(draw: st.DrawFn) -> Case:
    m, n = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    return [with_singular_values(draw(generators), draw(batch_shapes), m, n)], {}


@st.composite
def symmetric(draw: st.DrawFn) -> Case:
    """Symmetric matrices with eigenvalues that are apart and positive."""
    n, rng, batch = draw(st.integers(0, 3)), draw(generators), draw(batch_shapes)
    v = np.linalg.qr(rng.normal(size=(*batch, n, n)))[0]
    return [(v * (np.arange(1.0, n + 1) + rng.uniform(-0.2, 0.2, n))) @ np.swapaxes(v, -1, -2)], {}


@st.composite
def systems(draw: st.DrawFn) -> Case:
    n, k, rng = draw(st.integers(0, 3)), draw(st.integers(0, 2)), draw(generators)
    batch = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=1, min_side=0, max_side=2)).input_shapes
    right = draw(st.sampled_from([(n,), (n, k), (*batch[1], n, k)]))
    return [with_singular_values(rng, batch[0], n, n), ANY(rng, right)], {}


@st.composite
def directions(draw: st.DrawFn) -> Case:
    (a,), _ = draw(squares())
    return [a, ANY(draw(generators), a.shape)], {}


@st.composite
def powers(draw: st.DrawFn) -> Case:
    arrays, _ = draw(squares())
    return arrays, {"n": draw(st.integers(-3, 5))}


def both(x: Any) -> Any:
    """Symmetric, however x is moved: differences see the function of symmetric matrices."""
    return (x + ag.transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))) / 2


def bent(x: Any) -> Any:
    """Not linear, so that no second derivative is 0 up to rounding: differences could not confirm it."""
    return x + x * x / 8


def projections(vectors: Any) -> Any:
    """v v^T of each column: what no choice of sign changes."""
    return ag.einsum("...ik,...jk->...kij", vectors, vectors)


def numpy_cofactors(x: np.ndarray) -> np.ndarray:
    result = np.empty_like(x)
    for i, j in np.ndindex(x.shape[-2:]):
        result[..., i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, -2), j, -1))
    return result


def numpy_cofactor_slope(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Cofactors of up to 3 rows are polynomials of degree 2: central differences are exact."""
    return np.asarray((numpy_cofactors(x + h) - numpy_cofactors(x - h)) / 2)


def numpy_projections(vectors: np.ndarray) -> np.ndarray:
    columns = np.swapaxes(vectors, -1, -2)
    return np.asarray(columns[..., :, None] * columns[..., None, :])


def ag_svd(x: Any) -> Any:
    """The singular vectors' products u v^T: what no choice of sign changes."""
    u, _, vh = ag.linalg.svd(x, full_matrices=False)
    return ag.einsum("...ik,...kj->...kij", u, vh)


def numpy_svd(x: np.ndarray) -> np.ndarray:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return np.asarray(np.swapaxes(u, -1, -2)[..., :, None] * vh[..., :, None, :])


linalg = ag.linalg
EXACT = 1e-12

ROWS = [
    Row(linalg.inv, linalg.inv, np.linalg.inv, squares()),
    Row(linalg.solve, linalg.solve, np.linalg.solve, systems()),
    Row(linalg.pinv, linalg.pinv, np.linalg.pinv, rectangles(), rtol=EXACT),
    Row(linalg.matrix_power, linalg.matrix_power, np.linalg.matrix_power, powers(), rtol=EXACT),
    Row(linalg.det, linalg.det, np.linalg.det, squares()),
    Row(ops.cofactor, lambda x: ops.cofactor(bent(x)), lambda x: numpy_cofactors(bent(x)), squares(), rtol=EXACT),
    Row(
        ops.cofactor_slope,
        lambda x, h: ops.cofactor_slope(x, h) * x * x,
        lambda x, h: numpy_cofactor_slope(x, h) * x * x,
        directions(),
        rtol=EXACT,
    ),
    Row(linalg.slogdet, lambda x: linalg.slogdet(x)[1], lambda x: np.linalg.slogdet(x)[1], squares()),
    Row(inverses._logabsdet, lambda x: linalg.slogdet(x).logabsdet, lambda x: np.linalg.slogdet(x)[1], squares()),
    Row(inverses._det_sign, lambda x: linalg.slogdet(x).sign, lambda x: np.linalg.slogdet(x)[0], squares()),
    Row(linalg.cholesky, lambda x: linalg.cholesky(both(x)), np.linalg.cholesky, symmetric(), rtol=EXACT),
    Row(linalg.qr, lambda x: linalg.qr(x).Q, lambda x: np.linalg.qr(x).Q, rectangles(), rtol=EXACT),
    Row(
        decompositions._qr, lambda x: linalg.qr(x, "r") ** 2, lambda x: np.linalg.qr(x).R ** 2, rectangles(), rtol=EXACT
    ),
    Row(
        linalg.eigh,
        lambda x: projections(linalg.eigh(both(x)).eigenvectors),
        lambda x: numpy_projections(np.linalg.eigh(x).eigenvectors),
        symmetric(),
        rtol=EXACT,
    ),
    Row(
        decompositions._eigh,
        lambda x: linalg.eigh(both(x), "U").eigenvalues,
        lambda x: np.linalg.eigh(x).eigenvalues,
        symmetric(),
        rtol=EXACT,
    ),
    Row(linalg.eigvalsh, lambda x: linalg.eigvalsh(both(x)), np.linalg.eigvalsh, symmetric(), rtol=EXACT),
    Row(linalg.svd, ag_svd, numpy_svd, rectangles(), rtol=EXACT),
    Row(
        decompositions._svd,
        lambda x: linalg.svd(x, compute_uv=False),
        lambda x: np.linalg.svd(x, compute_uv=False),
        rectangles(),
        rtol=EXACT,
    ),
    Row(linalg.svdvals, linalg.svdvals, np.linalg.svdvals, rectangles(), rtol=EXACT),
]
