"""Rows for running sums, products and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.reductions import some_zeros
from tests.operations.rows import ANY, Case, Row, array_cases, full_shapes, generators, shapes


def one_axis_or_none(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    axis = st.integers(-len(shape), len(shape) - 1) if shape else st.just(0)
    return (st.none() | axis).map(lambda axis: {"axis": axis})


def one_axis(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.integers(-len(shape), len(shape) - 1).map(lambda axis: {"axis": axis})


def difference_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(one_axis(shape), st.integers(1, 3)).map(lambda drawn: {**drawn[0], "n": drawn[1]})


@st.composite
def integrals(draw: st.DrawFn) -> Case:
    """y alone, or y with the points x: in the shape of y, or a row."""
    shape = draw(full_shapes.filter(len))
    options, rng = draw(one_axis(shape)), draw(generators)
    points = draw(st.sampled_from([None, shape, (shape[options["axis"]],)]))
    if points is None:
        return [ANY(rng, shape)], {**options, "dx": 0.5}
    return [ANY(rng, shape), ANY(rng, points)], options


ROWS = [
    Row(ag.cumsum, ag.cumsum, np.cumsum, array_cases(one_axis_or_none)),
    Row(ag.cumprod, ag.cumprod, np.cumprod, array_cases(one_axis_or_none, some_zeros)),
    Row(ag.diff, ag.diff, np.diff, array_cases(difference_settings, shapes=shapes.filter(len))),
    Row(ag.trapezoid, ag.trapezoid, np.trapezoid, integrals()),
]
