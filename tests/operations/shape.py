"""Rows for operations that move entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import broadcastable_shapes, mutually_broadcastable_shapes

import autograd_mini as ag
from tests.operations.rows import ANY, Case, Row, array_cases, generators, pointwise


def new_shapes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    size = int(np.prod(shape))
    candidates = [shape, (size,), (1, size), (*shape[::-1], 1)] + ([(-1, 1)] if size else [])
    return st.sampled_from(candidates).map(lambda new: {"shape": new})


def permutations(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    order = st.permutations(range(-len(shape), 0)).map(tuple)
    return (st.none() | order).map(lambda axes: {"axes": axes})


def larger_shapes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    fits = broadcastable_shapes(shape, max_dims=4, max_side=3)
    return fits.map(lambda other: {"shape": np.broadcast_shapes(shape, other)})


def moves(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    axes = st.permutations(range(-len(shape), 0))
    both = st.tuples(axes, axes, st.integers(0, len(shape)))
    several = both.map(lambda drawn: {"source": drawn[0][: drawn[2]], "destination": drawn[1][: drawn[2]]})
    one = both.map(lambda drawn: {"source": drawn[0][0], "destination": drawn[1][0] % len(shape)})
    return several | one if shape else several


def two_axes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    axis = st.integers(-len(shape), len(shape) - 1)
    return st.fixed_dictionaries({"axis1": axis, "axis2": axis})


def added_axes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.integers(-len(shape) - 1, len(shape))
    several = st.lists(one, unique_by=lambda axis: axis % (len(shape) + 3), max_size=2).map(tuple)
    valid = several.filter(lambda axes: len({axis % (len(shape) + len(axes)) for axis in axes}) == len(axes))
    return (one | valid).map(lambda axis: {"axis": axis})


def removed_axes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    some = st.permutations(ones).flatmap(lambda axes: st.integers(0, len(ones)).map(lambda n: tuple(axes[:n])))
    return (some | st.sampled_from([None, *ones, *(axis - len(shape) for axis in ones)])).map(
        lambda axis: {"axis": axis}
    )


@st.composite
def broadcastable(draw: st.DrawFn) -> Case:
    drawn = draw(mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=3))
    rng = draw(generators)
    return [ANY(rng, shape) for shape in drawn.input_shapes], {}


thin_shapes = st.lists(st.sampled_from([1, 1, 2, 0]), max_size=4).map(tuple)
two_or_more = st.lists(st.integers(0, 3), min_size=2, max_size=4).map(tuple)

ROWS = [
    Row(ag.reshape, ag.reshape, np.reshape, array_cases(new_shapes)),
    Row(ag.transpose, ag.transpose, np.transpose, array_cases(permutations)),
    Row(ag.broadcast_to, ag.broadcast_to, np.broadcast_to, array_cases(larger_shapes)),
    pointwise(ag.ravel, np.ravel, ANY),
    pointwise(ag.flatten, lambda x: x.flatten(), ANY),
    pointwise(ag.atleast_1d, np.atleast_1d, ANY),
    pointwise(ag.atleast_2d, np.atleast_2d, ANY),
    pointwise(ag.atleast_3d, np.atleast_3d, ANY),
    Row(
        ag.moveaxis,
        ag.moveaxis,
        np.moveaxis,
        array_cases(moves, shapes=st.sampled_from([(), (0, 2), (1, 2, 3), (3, 2, 1, 2)])),
    ),
    Row(ag.swapaxes, ag.swapaxes, np.swapaxes, array_cases(two_axes, shapes=two_or_more)),
    Row(
        ag.matrix_transpose,
        ag.matrix_transpose,
        np.matrix_transpose,
        array_cases(lambda shape: st.just({}), shapes=two_or_more),
    ),
    Row(ag.expand_dims, ag.expand_dims, np.expand_dims, array_cases(added_axes)),
    Row(ag.squeeze, ag.squeeze, np.squeeze, array_cases(removed_axes, shapes=thin_shapes)),
    Row(
        ag.broadcast_arrays,
        lambda *arrays: ag.broadcast_arrays(*arrays)[0],
        lambda *arrays: np.broadcast_arrays(*arrays)[0],
        broadcastable(),
    ),
]
