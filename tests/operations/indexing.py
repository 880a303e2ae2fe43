"""Rows for reading and replacing entries at an index."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices, integer_array_indices

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import ANY, Case, Row, array_cases, generators


def indices(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return any_index(shape).map(lambda index: {"index": index})


def any_index(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """Every form of index: slices, ints, None, Ellipsis; arrays of ints, with repeats; masks; and mixtures."""
    forms = [basic_indices(shape, allow_newaxis=True, allow_ellipsis=True), masks(shape), st.booleans()]
    if shape and all(shape):
        forms.append(integer_array_indices(shape, result_shape=array_shapes(max_dims=2, max_side=3)))
        first = st.integers(-shape[0], shape[0] - 1)
        forms.append(st.lists(first, max_size=4).map(lambda rows: (rows, ...)))
        forms.append(st.lists(st.booleans(), min_size=shape[0], max_size=shape[0]).map(lambda m: np.array(m, bool)))
        forms.append(st.lists(first, min_size=1, max_size=3).map(lambda rows: (None, np.array(rows), ...)))
        forms.append(mixed_index(shape))
    return st.one_of(forms)


def masks(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return generators.map(lambda rng: np.asarray(rng.random(shape) < 0.5))


@st.composite
def mixed_index(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """One part for each axis: slices with negative steps, numbers of any kind, broadcasting arrays, masks; and None."""
    length, parts = draw(st.integers(1, 3)), []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        numbers = st.integers(-size, size - 1)
        several = st.lists(numbers, min_size=length, max_size=length)
        dtype = draw(st.sampled_from([np.int8, np.int32, np.int64]))
        mask = np.isin(np.arange(size), draw(st.integers(0, size - 1)))  # one True: it broadcasts with every length
        parts += draw(
            st.sampled_from(
                [
                    [slice(draw(st.none() | numbers), draw(st.none() | numbers), draw(st.sampled_from([-2, -1, 1])))],
                    [draw(numbers)],
                    [np.array(draw(numbers), dtype)],
                    [dtype(draw(numbers)), None],
                    [draw(several)],
                    [[[number] for number in draw(several)]],
                    [np.array(draw(several), dtype)],
                    [np.array([[draw(numbers)]], dtype)],
                    [mask],
                    [np.True_, ag.Tensor(draw(several), requires_grad=False, dtype=dtype).data],
                ]
            )
        )
    return (*parts, *draw(st.sampled_from([(), (...,), (..., None)])))


@st.composite
def scattered(draw: st.DrawFn) -> Case:
    shape = draw(array_shapes(max_dims=2, max_side=3))
    index = draw(indices(shape))["index"]
    result = np.zeros(shape)[tuple(index) if isinstance(index, list) else index].shape
    return [ANY(draw(generators), result)], {"index": index, "shape": shape}


def scatter_add(g: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    arrays, pattern = ops.split_index(index)
    return ops.scatter_add(g, *arrays, index=pattern, shape=shape)


def numpy_scatter_add(g: np.ndarray, *, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    total = np.zeros(shape, g.dtype)
    np.add.at(total, index, g)
    return total


def loop_put(x: np.ndarray, value: np.ndarray, *, index: Any) -> np.ndarray:
    """Assign the entries one by one, in order."""
    result, places = x.copy(), np.arange(x.size).reshape(x.shape)[index]
    for place, entry in zip(np.ravel(places), np.ravel(np.broadcast_to(value, np.shape(places)))):
        result.reshape(-1)[place] = entry
    return result


def loop_add_at(x: np.ndarray, value: np.ndarray, *, index: Any) -> np.ndarray:
    result, places = x.copy(), np.arange(x.size).reshape(x.shape)[index]
    for place, entry in zip(np.ravel(places), np.ravel(np.broadcast_to(value, np.shape(places)))):
        result.reshape(-1)[place] += entry
    return result


def last_writes(x: Any, *, index: Any) -> Any:
    arrays, pattern = ops.split_index(index)
    return ops.indexing._last_writes(x, *arrays, index=pattern)


def numpy_last_writes(x: np.ndarray, *, index: Any) -> np.ndarray:
    places = np.arange(x.size).reshape(x.shape)[index]
    last = {place: order for order, place in enumerate(np.ravel(places))}
    return np.isin(np.arange(np.size(places)), list(last.values())).reshape(np.shape(places))


@st.composite
def updates(draw: st.DrawFn) -> Case:
    shape = draw(array_shapes(min_dims=0, max_dims=3, max_side=3))
    index, rng = draw(any_index(shape)), draw(generators)
    place = np.zeros(shape)[index].shape
    smaller = tuple(draw(st.sampled_from([n, 1])) for n in place)[draw(st.integers(0, len(place))) :]
    return [ANY(rng, shape), ANY(rng, draw(st.sampled_from([place, smaller, ()])))], {"index": index}


def take_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    def positions(axis: int | None) -> st.SearchStrategy[dict[str, Any]]:
        size = int(np.prod(shape)) if axis is None else shape[axis]
        one = st.integers(-size, size - 1)
        several = st.lists(one, max_size=4).map(lambda drawn: np.array(drawn, np.intp))
        square = st.lists(one, min_size=4, max_size=4).map(lambda drawn: np.reshape(drawn, (2, 2)).tolist())
        return (one | several | square).map(lambda indices: {"indices": indices, "axis": axis})

    return (st.sampled_from([None, *range(-len(shape), len(shape))])).flatmap(positions)


@st.composite
def along_axis_settings(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    axis, rng = draw(st.sampled_from([None, *range(-len(shape), len(shape))])), draw(generators)
    count = draw(st.integers(0, 3))
    if axis is None:
        return {"axis": None, "indices": rng.integers(0, int(np.prod(shape)), count)}
    wanted = [draw(st.sampled_from([n, 1])) for n in shape]
    wanted[axis] = count
    return {"axis": axis, "indices": rng.integers(-shape[axis], shape[axis], wanted)}


filled_shapes = array_shapes(min_dims=1, max_dims=3, max_side=3)

ROWS = [
    Row(ops.getitem, lambda x, index: x[index], lambda x, index: x[index], array_cases(indices)),
    Row(ops.scatter_add, scatter_add, numpy_scatter_add, scattered()),
    Row(ag.take, ag.take, np.take, array_cases(take_settings, shapes=filled_shapes)),
    Row(
        ag.take_along_axis,
        ag.take_along_axis,
        np.take_along_axis,
        array_cases(along_axis_settings, shapes=filled_shapes),
    ),
    Row(
        ag.extract,
        lambda x, condition: ag.extract(condition, x),
        lambda x, condition: np.extract(condition, x),
        array_cases(lambda shape: masks(shape).map(lambda mask: {"condition": mask})),
    ),
    Row(ops.indexing._put, lambda x, value, index: ag.put(x, index, value), loop_put, updates()),
    Row(ops.indexing._add_at, lambda x, value, index: ag.add_at(x, index, value), loop_add_at, updates()),
    Row(ops.indexing._last_writes, last_writes, numpy_last_writes, array_cases(indices, shapes=filled_shapes)),
]
