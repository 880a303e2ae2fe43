"""Rows for exponential, trigonometric and special functions, and for activations."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import ANY, Row, array_cases, away_from_zero, between, pointwise

POSITIVE, WITHIN_ONE, WIDE = between(0.1, 3.0), between(-0.9, 0.9), between(-5.0, 5.0)


def hinges(*kinks: float) -> object:
    """Numbers from -8 to 8 that keep a distance of 0.2 from the kinks."""

    def domain(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        x = np.asarray(rng.uniform(-8.0, 8.0, shape))
        for kink in kinks:
            x = np.where(np.abs(x - kink) < 0.2, kink + 0.3, x)
        return np.asarray(x)

    return domain


def sinc_derivative(x: np.ndarray, order: int) -> np.ndarray:
    """The derivatives of sin(t) / t at t = π x, by the rule for quotients."""
    t = np.pi * x
    slopes = [
        (t * np.cos(t) - np.sin(t)) / t**2,
        (2 * np.sin(t) - 2 * t * np.cos(t) - t**2 * np.sin(t)) / t**3,
        (3 * t**2 * np.sin(t) + 6 * t * np.cos(t) - 6 * np.sin(t) - t**3 * np.cos(t)) / t**4,
    ]
    return np.asarray(np.pi**order * slopes[order - 1])


def normal_distribution(x: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda entry: 0.5 * math.erfc(-entry / math.sqrt(2)), otypes=[float])(x)


def gelu(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    tanh = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * ((1 + tanh) / 2 if approximate else normal_distribution(x))


def options(*choices: dict[str, object]) -> object:
    return lambda shape: st.sampled_from([{}, *choices])


ROWS = [
    pointwise(ag.exp2, np.exp2, ANY),
    pointwise(ag.expm1, np.expm1, ANY),
    pointwise(ag.log2, np.log2, POSITIVE),
    pointwise(ag.log10, np.log10, POSITIVE),
    pointwise(ag.log1p, np.log1p, WITHIN_ONE),
    pointwise(ag.logaddexp, lambda x, y: np.log(np.exp(x) + np.exp(y)), ANY, ANY),
    pointwise(ag.logaddexp2, lambda x, y: np.log2(2.0**x + 2.0**y), ANY, ANY),
    pointwise(ag.sin, np.sin, ANY),
    pointwise(ag.cos, np.cos, ANY),
    pointwise(ag.tan, np.tan, between(-1.2, 1.2)),
    pointwise(ag.arcsin, np.arcsin, WITHIN_ONE),
    pointwise(ag.arccos, np.arccos, WITHIN_ONE),
    pointwise(ag.arctan, np.arctan, ANY),
    pointwise(ag.arctan2, np.arctan2, away_from_zero, away_from_zero),
    pointwise(ag.hypot, np.hypot, away_from_zero, away_from_zero),
    pointwise(ag.sinh, np.sinh, ANY),
    pointwise(ag.cosh, np.cosh, ANY),
    pointwise(ag.arcsinh, np.arcsinh, ANY),
    pointwise(ag.arccosh, np.arccosh, between(1.5, 3.0)),
    pointwise(ag.arctanh, np.arctanh, WITHIN_ONE),
    pointwise(ag.sinc, np.sinc, ANY),
    Row(
        ops.sinc_derivative,
        lambda x, order: ops.sinc_derivative(x, order=order),
        sinc_derivative,
        array_cases(lambda shape: st.integers(1, 3).map(lambda order: {"order": order}), away_from_zero),
        rtol=1e-11,
    ),
    pointwise(ag.erf, np.vectorize(math.erf, otypes=[float]), WIDE),
    pointwise(ag.erfc, np.vectorize(math.erfc, otypes=[float]), WIDE),
    pointwise(ag.softplus, lambda x: np.log(1 + np.exp(x)), WIDE),
    pointwise(ag.log_sigmoid, lambda x: -np.log(1 + np.exp(-x)), WIDE),
    Row(
        ag.leaky_relu,
        ag.leaky_relu,
        lambda x, negative_slope=0.01: np.maximum(x, 0) + negative_slope * np.minimum(x, 0),
        array_cases(options({"negative_slope": 0.2}), away_from_zero),
    ),
    Row(
        ag.elu,
        ag.elu,
        lambda x, alpha=1.0: np.maximum(x, 0) + alpha * (np.exp(np.minimum(x, 0)) - 1),
        array_cases(options({"alpha": 0.5}), away_from_zero),
    ),
    pointwise(
        ag.selu,
        lambda x: 1.0507009873554805 * (np.maximum(x, 0) + 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1)),
        away_from_zero,
    ),
    pointwise(ag.softsign, lambda x: x / (1 + np.abs(x)), away_from_zero),
    pointwise(ag.silu, lambda x: x / (1 + np.exp(-x)), WIDE),
    pointwise(ag.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x))), WIDE),
    Row(ag.gelu, ag.gelu, gelu, array_cases(options({"approximate": True}), WIDE)),
    pointwise(ag.relu6, lambda x: np.minimum(np.maximum(x, 0), 6), hinges(0, 6)),
    pointwise(ag.hard_tanh, lambda x: np.minimum(np.maximum(x, -1), 1), hinges(-1, 1)),
    pointwise(ag.hard_sigmoid, lambda x: np.minimum(np.maximum(x / 6 + 0.5, 0), 1), hinges(-3, 3)),
    pointwise(ag.hard_silu, lambda x: x * np.minimum(np.maximum(x / 6 + 0.5, 0), 1), hinges(-3, 3)),
]
