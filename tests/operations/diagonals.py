"""Rows for diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import autograd_mini as ag
from tests.operations.rows import Row, array_cases

Settings = st.SearchStrategy[dict[str, Any]]
offset = st.integers(-4, 4)
matrices = array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=3)


def diagonals(shape: tuple[int, ...]) -> Settings:
    plane = st.permutations(range(len(shape))).map(lambda order: (order[0], order[1] - len(shape)))
    return st.tuples(offset, plane).map(lambda drawn: {"offset": drawn[0], "axis1": drawn[1][0], "axis2": drawn[1][1]})


def offsets(shape: tuple[int, ...]) -> Settings:
    return offset.map(lambda k: {"k": k})


ROWS = [
    Row(ag.diagonal, ag.diagonal, np.diagonal, array_cases(diagonals, shapes=matrices)),
    Row(ag.trace, ag.trace, np.trace, array_cases(diagonals, shapes=matrices)),
    Row(ag.diag, ag.diag, np.diag, array_cases(offsets, shapes=array_shapes(max_dims=2, min_side=0, max_side=3))),
    Row(ag.diagflat, ag.diagflat, np.diagflat, array_cases(offsets, shapes=array_shapes(max_dims=2, max_side=2))),
    Row(ag.tril, ag.tril, np.tril, array_cases(offsets, shapes=array_shapes(max_dims=4, min_side=0, max_side=3))),
    Row(ag.triu, ag.triu, np.triu, array_cases(offsets, shapes=array_shapes(max_dims=4, min_side=0, max_side=3))),
]
