"""Rows for matrix products."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import autograd_mini as ag
from tests.operations.rows import ANY, Case, Row, generators


@st.composite
def matrices(draw: st.DrawFn) -> Case:
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    batch = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=2)).input_shapes
    left = draw(st.sampled_from([(k,), (n, k), (*batch[0], n, k)]))
    right = draw(st.sampled_from([(k,), (k, m), (*batch[1], k, m)]))
    rng = draw(generators)
    return [ANY(rng, left), ANY(rng, right)], {}


@st.composite
def layers(draw: st.DrawFn) -> Case:
    (x, w), _ = draw(matrices())
    shape = np.matmul(x, w).shape
    b = draw(generators).uniform(-2, 2, shape[draw(st.integers(0, len(shape))) :])
    return [x, w, np.asarray(b)], {}


ROWS = [
    Row(ag.affine, ag.affine, lambda x, w, b: np.matmul(x, w) + b, layers()),
    Row(ag.matmul, ag.matmul, np.matmul, matrices()),
]
