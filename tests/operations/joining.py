"""Rows for joining arrays and splitting them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import ANY, Case, Row, array_cases, generators


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


def join(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays, axis: function(arrays, axis)


@st.composite
def joinable_at(draw: st.DrawFn, axis: int, shapes: list[tuple[int, ...]], ranks: list[int]) -> Case:
    """Arrays that differ along one axis only, for a function that chooses it."""
    shape, count, rng = draw(st.sampled_from(shapes)), draw(st.integers(1, 3)), draw(generators)
    arrays = []
    for _ in range(count):
        size = draw(st.integers(0, 3))
        arrays.append(ANY(rng, tuple(size if i == axis and len(shape) in ranks else n for i, n in enumerate(shape))))
    return arrays, {}


def joined(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays: function(arrays)


def pieces(function: Callable[..., Any], concatenate: Callable[..., Any]) -> Callable[..., Any]:
    """All pieces in a row, the last first, so that each counts at its place."""
    return lambda x, **settings: concatenate([p.reshape(-1) for p in reversed(function(x, **settings))])


def row_of_pieces(name: str, cases: st.SearchStrategy[Case], reference: Callable[..., Any] | None = None) -> Row:
    ours, numpys = getattr(ag, name), reference or getattr(np, name)
    return Row(ours, pieces(ours, ag.concatenate), pieces(numpys, np.concatenate), cases)


def unstack(x: np.ndarray, axis: int) -> list[np.ndarray]:
    return [np.take(x, position, axis) for position in range(x.shape[axis])]


def some_axis(shape: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.integers(-len(shape), len(shape) - 1)


def cuts(shape: tuple[int, ...]) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-3, 5), max_size=3)


def divisors(size: int) -> st.SearchStrategy[int]:
    return st.sampled_from([n for n in range(1, size + 1) if size % n == 0])


def split_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    def parts(axis: int) -> st.SearchStrategy[dict[str, Any]]:
        fits = cuts(shape) | divisors(shape[axis])
        return fits.map(lambda cut: {"indices_or_sections": cut, "axis": axis})

    return some_axis(shape).flatmap(parts)


def array_split_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"indices_or_sections": cuts(shape) | st.integers(1, 5), "axis": some_axis(shape)})


def sections(axis: int) -> Callable[[tuple[int, ...]], st.SearchStrategy[dict[str, Any]]]:
    return lambda shape: (cuts(shape) | divisors(shape[min(axis, len(shape) - 1)])).map(
        lambda cut: {"indices_or_sections": cut}
    )


def sized(least: int) -> st.SearchStrategy[tuple[int, ...]]:
    return array_shapes(min_dims=least, max_dims=max(least, 3), max_side=3)


def append_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return (st.none() | some_axis(shape)).map(lambda axis: {"axis": axis}) if shape else st.just({"axis": None})


FLAT = [(), (2,), (3,)]

ROWS = [
    Row(ops.joining.concatenate_arrays, join(ag.concatenate), join(np.concatenate), joinable(new_axis=False)),
    Row(ops.joining.stack_arrays, join(ag.stack), join(np.stack), joinable(new_axis=True)),
    Row(ag.vstack, joined(ag.vstack), joined(np.vstack), joinable_at(0, [*FLAT, (2, 3), (1, 2, 2)], [2, 3])),
    Row(ag.hstack, joined(ag.hstack), joined(np.hstack), joinable_at(1, [*FLAT, (2, 3), (1, 2, 2)], [2, 3])),
    Row(ag.dstack, joined(ag.dstack), joined(np.dstack), joinable_at(2, [*FLAT, (2, 3), (1, 2, 2)], [3])),
    Row(ag.column_stack, joined(ag.column_stack), joined(np.column_stack), joinable_at(1, [*FLAT, (2, 3)], [2])),
    Row(
        ag.append,
        lambda x, axis: ag.append(x, 2 * x, axis),
        lambda x, axis: np.append(x, 2 * x, axis),
        array_cases(append_settings),
    ),
    row_of_pieces("array_split", array_cases(array_split_settings, shapes=sized(1))),
    row_of_pieces("split", array_cases(split_settings, shapes=sized(1))),
    row_of_pieces("vsplit", array_cases(sections(0), shapes=sized(2))),
    row_of_pieces("hsplit", array_cases(sections(1), shapes=sized(1))),
    row_of_pieces("dsplit", array_cases(sections(2), shapes=sized(3))),
    row_of_pieces(
        "unstack",
        array_cases(lambda shape: some_axis(shape).map(lambda axis: {"axis": axis}), shapes=sized(1)),
        unstack,
    ),
]
