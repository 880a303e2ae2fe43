"""Rows for operations that combine entries along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import ANY, Row, array_cases, by_axis, distinct, full_shapes, reduction_settings


def some_zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(ANY(rng, shape) * (rng.uniform(size=shape) < 0.7))


def flags(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0 and 1: with other zeros a difference would cross them."""
    return np.asarray(rng.integers(0, 2, shape) * 1.0)


def some_nan(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Distinct entries and NaN; every slice along any axis begins with a number."""
    inside = np.all(np.indices(shape) > 0, axis=0) & bool(shape)
    return np.where(inside & (rng.uniform(size=shape) < 0.6), np.nan, distinct(rng, shape))


def along_axes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """An empty tuple of axes would make slices of one entry, which may be NaN."""
    return reduction_settings(shape).filter(lambda options: options["axis"] != ())


def skipping_nan(function: Any, reference: Any) -> Row:
    return Row(function, function, reference, array_cases(along_axes, some_nan, full_shapes))


ROWS = [
    by_axis(ag.sum, np.sum),
    by_axis(ag.mean, np.mean, shapes=full_shapes),
    by_axis(ag.max, np.max, distinct, full_shapes),
    by_axis(ag.min, np.min, distinct, full_shapes),
    by_axis(ag.amax, np.amax, distinct, full_shapes),
    by_axis(ag.amin, np.amin, distinct, full_shapes),
    by_axis(ag.ptp, np.ptp, distinct, full_shapes),
    by_axis(ag.prod, np.prod, some_zeros),
    by_axis(ag.any, np.any, flags, order=0),
    by_axis(ag.all, np.all, flags, order=0),
    by_axis(ag.count_nonzero, lambda x, axis, keepdims: np.sum(x != 0, axis=axis, keepdims=keepdims), flags, order=0),
    skipping_nan(ag.nansum, np.nansum),
    skipping_nan(ag.nanmean, np.nanmean),
    skipping_nan(ag.nanmax, np.nanmax),
    skipping_nan(ag.nanmin, np.nanmin),
]
