"""Rows for operations that move entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices, broadcastable_shapes, integer_array_indices

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import ANY, Case, Row, array_cases, generators


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


def indices(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Every form of index: slices, ints, None, Ellipsis; arrays of ints, with repeats; masks; and mixtures."""
    forms = [basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)]
    if shape and all(shape):
        forms.append(integer_array_indices(shape, result_shape=array_shapes(max_dims=2, max_side=3)))
        first = st.integers(-shape[0], shape[0] - 1)
        forms.append(st.lists(first, max_size=4).map(lambda rows: (rows, ...)))
        forms.append(st.lists(st.booleans(), min_size=shape[0], max_size=shape[0]).map(lambda m: np.array(m, bool)))
        forms.append(st.lists(first, min_size=1, max_size=3).map(lambda rows: (None, np.array(rows), ...)))
    return st.one_of(forms).map(lambda index: {"index": index})


@st.composite
def joinable(draw: st.DrawFn, new_axis: bool) -> Case:
    count, rng = draw(st.integers(1, 3)), draw(generators)
    shape = list(draw(array_shapes(min_dims=0 if new_axis else 1, max_dims=3, min_side=0, max_side=3)))
    axis = draw(st.integers(-len(shape) - new_axis, len(shape) - 1 + new_axis))
    arrays = []
    for _ in range(count):
        if not new_axis:
            shape[axis] = draw(st.integers(0, 3))
        arrays.append(ANY(rng, tuple(shape)))
    return arrays, {"axis": axis}


@st.composite
def scattered(draw: st.DrawFn) -> Case:
    shape = draw(array_shapes(max_dims=2, max_side=3))
    index = draw(indices(shape))["index"]
    result = np.zeros(shape)[tuple(index) if isinstance(index, list) else index].shape
    return [ANY(draw(generators), result)], {"index": index, "shape": shape}


def join(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays, axis: function(arrays, axis)


def scatter_add(g: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    arrays, pattern = ops.split_index(index)
    return ops.scatter_add(g, *arrays, index=pattern, shape=shape)


def numpy_scatter_add(g: np.ndarray, *, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    total = np.zeros(shape, g.dtype)
    np.add.at(total, index, g)
    return total


ROWS = [
    Row(ag.reshape, ag.reshape, np.reshape, array_cases(new_shapes)),
    Row(ag.transpose, ag.transpose, np.transpose, array_cases(permutations)),
    Row(ag.broadcast_to, ag.broadcast_to, np.broadcast_to, array_cases(larger_shapes)),
    Row(ops.getitem, lambda x, index: x[index], lambda x, index: x[index], array_cases(indices)),
    Row(ops.scatter_add, scatter_add, numpy_scatter_add, scattered()),
    Row(ops.shape._concatenate, join(ag.concatenate), join(np.concatenate), joinable(new_axis=False)),
    Row(ops.shape._stack, join(ag.stack), join(np.stack), joinable(new_axis=True)),
]
