"""Rows for spread about the mean, weighted averages and norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import (
    ANY,
    Case,
    Row,
    array_cases,
    away_from_zero,
    between,
    by_axis,
    distinct,
    full_shapes,
    generators,
    reduction_settings,
)


def freedom_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """ddof below the number of entries that each result is made of."""

    def with_ddof(options: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        count = int(np.prod(shape)) // max(np.var(np.ones(shape), **options).size, 1)
        return st.integers(0, min(count - 1, 2)).map(lambda ddof: {**options, "ddof": ddof})

    return reduction_settings(shape).flatmap(with_ddof)


@st.composite
def weighted(draw: st.DrawFn) -> Case:
    """Data and positive weights: of the same shape, or one per position along the axis or axes."""
    shape = draw(full_shapes.filter(len))
    options = draw(reduction_settings(shape).filter(lambda options: options["axis"] != ()))
    axis, rng = options["axis"], draw(generators)
    named = (axis,) if isinstance(axis, int) else axis
    along = shape if axis is None else tuple(shape[a] for a in named)
    size = draw(st.sampled_from([shape, along]))
    return [ANY(rng, shape), between(0.5, 2.0)(rng, size)], options


def average(x: np.ndarray, weights: np.ndarray, axis: Any, keepdims: bool) -> Any:
    return np.average(x, axis=axis, weights=weights, keepdims=keepdims)


def vector_orders(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    if not shape:
        return st.just({"ord": None})
    orders = st.sampled_from([None, 0, 1, 2, 3, 2.5, 0.5, -1, math.inf, -math.inf])
    axis = st.integers(-len(shape), len(shape) - 1)
    return st.fixed_dictionaries({"ord": orders, "axis": axis, "keepdims": st.booleans()})


def matrix_orders(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    orders = st.sampled_from([None, "fro", 1, -1, math.inf, -math.inf])
    axis = st.permutations(range(len(shape))).map(lambda order: (order[0], order[1] - len(shape)))
    return st.fixed_dictionaries({"ord": orders, "axis": axis, "keepdims": st.booleans()})


@st.composite
def norms(draw: st.DrawFn) -> Case:
    shape = draw(full_shapes)
    settings = draw(st.sampled_from([vector_orders, matrix_orders] if len(shape) > 1 else [vector_orders]))
    rng, options = draw(generators), draw(settings(shape))
    # Sums and powers of distinct entries do not tie; signs do not matter.
    return [np.asarray(distinct(rng, shape) * rng.uniform(0.9, 1.0, shape))], options


def powers(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    power = st.sampled_from([2, 1.5, 3])
    return st.tuples(reduction_settings(shape), power).map(lambda drawn: {**drawn[0], "power": drawn[1]})


def power_norm(x: np.ndarray, axis: Any, keepdims: bool, power: float) -> Any:
    return (np.abs(x) ** power).sum(axis=axis, keepdims=keepdims) ** (1 / power)


ROWS = [
    Row(ag.var, ag.var, np.var, array_cases(freedom_settings, shapes=full_shapes)),
    Row(ag.std, ag.std, np.std, array_cases(freedom_settings, distinct, shapes=full_shapes)),
    Row(ag.average, lambda x, w, **options: ag.average(x, weights=w, **options), average, weighted()),
    by_axis(ag.median, np.median, distinct, full_shapes),
    Row(ag.norm, ag.norm, np.linalg.norm, norms()),
    Row(ops.norms.power_norm, ops.norms.power_norm, power_norm, array_cases(powers, away_from_zero)),
]
