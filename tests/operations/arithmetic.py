"""Rows for further arithmetic, rounding and logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import ANY, Row, array_cases, away_from_zero, between, elementwise_cases, lattice, pointwise

LEFT, RIGHT = lattice(0.02), lattice(0.07)


def beyond_integers(low: float, high: float) -> Callable[..., np.ndarray]:
    """Integers plus a fraction between two bounds, away from the jumps of rounding."""
    return lambda rng, shape: np.asarray(rng.integers(-2, 2, shape) + rng.uniform(low, high, shape))


def near_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.uniform(0.95, 1.05, shape) * rng.choice([-1.0, 1.0], shape))


def thirds(offset: float) -> Callable[..., np.ndarray]:
    """Multiples of 0.3 shifted by an offset: of three such lattices no two come closer than 0.1."""
    return lambda rng, shape: np.asarray(rng.integers(-5, 5, shape) * 0.3 + offset)


HALVES, QUARTERS = beyond_integers(0.4, 0.6), beyond_integers(0.2, 0.3)


def decimals(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, int]]:
    return st.sampled_from([{}, {"decimals": 0}, {"decimals": -1}])


def float_power(x: Any, y: Any) -> Any:
    """In the dtype of x: float_power itself answers in float64, and has a test of that."""
    return ag.astype(ag.float_power(x, y), x.dtype)


ROWS = [
    pointwise(ag.floor_divide, np.floor_divide, HALVES, near_one),
    pointwise(ag.remainder, np.remainder, HALVES, near_one),
    pointwise(ag.fmod, np.fmod, HALVES, near_one),
    pointwise(ag.reciprocal, np.reciprocal, away_from_zero),
    pointwise(ag.square, np.square, ANY),
    pointwise(ag.cbrt, np.cbrt, away_from_zero),
    Row(ag.float_power, float_power, np.float_power, elementwise_cases(between(0.2, 2.0), ANY)),
    pointwise(ag.minimum, np.minimum, LEFT, RIGHT),
    pointwise(ag.fmax, np.fmax, LEFT, RIGHT),
    pointwise(ag.fmin, np.fmin, LEFT, RIGHT),
    pointwise(ag.clip, np.clip, thirds(0.05), thirds(0.15), thirds(0.25)),
    pointwise(ag.heaviside, np.heaviside, away_from_zero, ANY),
    pointwise(ag.copysign, np.copysign, away_from_zero, away_from_zero),
    pointwise(ag.deg2rad, np.deg2rad, ANY),
    pointwise(ag.rad2deg, np.rad2deg, ANY),
    pointwise(ag.nan_to_num, np.nan_to_num, ANY),
    pointwise(ag.floor, np.floor, QUARTERS),
    pointwise(ag.ceil, np.ceil, QUARTERS),
    pointwise(ag.trunc, np.trunc, QUARTERS),
    pointwise(ag.rint, np.rint, QUARTERS),
    pointwise(ag.fix, np.trunc, QUARTERS),
    Row(ag.round, ag.round, np.round, array_cases(decimals, QUARTERS)),
    Row(ag.around, ag.around, np.round, array_cases(decimals, QUARTERS)),
    pointwise(ag.logical_and, np.logical_and, QUARTERS, QUARTERS),
    pointwise(ag.logical_or, np.logical_or, QUARTERS, QUARTERS),
    pointwise(ag.logical_xor, np.logical_xor, QUARTERS, QUARTERS),
    pointwise(ag.logical_not, np.logical_not, QUARTERS),
    pointwise(ag.isnan, np.isnan, ANY),
    pointwise(ag.isinf, np.isinf, ANY),
    pointwise(ag.isfinite, np.isfinite, ANY),
    pointwise(ag.signbit, np.signbit, away_from_zero),
    pointwise(ag.isclose, np.isclose, LEFT, RIGHT),
]
