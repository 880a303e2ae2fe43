"""Rows for arithmetic, functions of one number, selection and comparisons."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import ANY, Row, array_cases, away_from_zero, between, lattice, pointwise

LEFT, RIGHT = lattice(0.02), lattice(0.07)

ROWS = [
    pointwise(ag.add, np.add, ANY, ANY),
    pointwise(ag.subtract, np.subtract, ANY, ANY),
    pointwise(ag.multiply, np.multiply, ANY, ANY),
    pointwise(ag.divide, np.divide, ANY, away_from_zero),
    pointwise(ag.negative, np.negative, ANY),
    pointwise(ag.positive, np.positive, ANY),
    pointwise(ag.power, np.power, between(0.2, 2.0), ANY),
    pointwise(ag.exp, np.exp, ANY),
    pointwise(ag.log, np.log, between(0.1, 3.0)),
    pointwise(ag.sqrt, np.sqrt, between(0.1, 3.0)),
    pointwise(ag.tanh, np.tanh, ANY),
    pointwise(ag.sigmoid, lambda x: 1 / (1 + np.exp(-x)), between(-5.0, 5.0)),
    pointwise(ag.relu, lambda x: np.where(x > 0, x, 0 * x), away_from_zero),
    pointwise(ag.absolute, np.abs, away_from_zero),
    pointwise(ag.sign, np.sign, away_from_zero),
    pointwise(ag.maximum, np.maximum, LEFT, RIGHT),
    pointwise(ag.where, lambda c, x, y: np.where(c != 0, x, y), away_from_zero, ANY, ANY),
    pointwise(ag.stop_gradient, lambda x: x, ANY, order=0),
    pointwise(ag.equal, np.equal, LEFT, RIGHT),
    pointwise(ag.not_equal, np.not_equal, LEFT, RIGHT),
    pointwise(ag.less, np.less, LEFT, RIGHT),
    pointwise(ag.less_equal, np.less_equal, LEFT, RIGHT),
    pointwise(ag.greater, np.greater, LEFT, RIGHT),
    pointwise(ag.greater_equal, np.greater_equal, LEFT, RIGHT),
    Row(
        ag.astype,
        ag.astype,
        lambda x, dtype: x.astype(dtype),
        array_cases(lambda shape: st.just({"dtype": np.dtype(np.float64)})),
    ),
]
