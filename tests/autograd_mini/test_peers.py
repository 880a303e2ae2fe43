"""The points where implementations of automatic differentiation disagree, with the gradients documented here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor

INF, NAN = np.inf, np.nan

CASES: list[tuple[str, Callable[..., Any], list[Any], list[Any]]] = [
    # The case, the function, the point (one value per variable), and the gradient of each variable.
    ("relu at 0", ag.relu, [0.0], [0.0]),
    ("the larger of x and 0, at 0", lambda x: ag.maximum(x, 0), [0.0], [0.5]),
    ("the larger of x and y, equal", ag.maximum, [2.0, 2.0], [0.5, 0.5]),
    ("the larger of x and x", lambda x: ag.maximum(x, x), [2.0], [1.0]),
    ("the largest of three equal", ag.max, [[5.0, 5.0, 5.0]], [[1 / 3, 1 / 3, 1 / 3]]),
    ("the largest along an axis, equal", lambda x: ag.max(x, axis=1), [[[1.0, 3.0, 3.0]]], [[[0.0, 0.5, 0.5]]]),
    ("the absolute value at 0", ag.absolute, [0.0], [0.0]),
    ("a square root at 0", ag.sqrt, [0.0], [INF]),
    ("the square of a square root at 0: 0 times inf", lambda x: ag.sqrt(x) ** 2, [0.0], [NAN]),
    ("x ** 0 at 0", lambda x: x**0, [0.0], [0.0]),
    ("x ** 1 at 0", lambda x: x**1, [0.0], [1.0]),
    ("x ** 2 at 0", lambda x: x**2, [0.0], [0.0]),
    ("x ** 0, 1, 2 at 0, as an array", lambda x: x ** np.array([0.0, 1.0, 2.0]), [[0.0] * 3], [[0.0, 1.0, 0.0]]),
    ("x ** 0 at infinity", lambda x: x**0, [INF], [0.0]),
    ("hard_silu at both infinities", ag.hard_silu, [[-INF, INF]], [[0.0, 1.0]]),
    ("a product along the axis of a scalar", lambda x: ag.prod(x, axis=0), [3.0], [1.0]),
    ("padding of a scalar", lambda x: ag.pad(x, 1), [3.0], [1.0]),
    ("x ** y at (0, 0)", ag.power, [0.0, 0.0], [0.0, 0.0]),
    ("x ** y at (0, -1)", ag.power, [0.0, -1.0], [-INF, -INF]),
    ("x ** y at (-2, 3), where only x may vary", ag.power, [-2.0, 3.0], [12.0, NAN]),
    ("x ** 3 at -2", lambda x: x**3.0, [-2.0], [12.0]),
    ("a branch that is not taken, infinitely steep", lambda x: ag.where(x > 0, ag.log(x), 0.0), [0.0], [NAN]),
    (
        "a branch that is not taken, made safe by a second where",
        lambda x: ag.where(x > 0, ag.log(ag.where(x > 0, x, 1.0)), 0.0),
        [0.0],
        [0.0],
    ),
    ("a branch that is broadcast", lambda x: ag.where(np.array([True, False, True]), x, 0.0), [[7.0]], [[2.0]]),
    ("an index with repeats", lambda x: x[[0, 0, 1]], [[1.0, 2.0]], [[2.0, 1.0]]),
    ("a clip at its lower edge", lambda x: ag.clip(x, 0.0, 1.0), [0.0], [0.5]),
    ("a clip at its upper edge", lambda x: ag.clip(x, 0.0, 1.0), [1.0], [0.5]),
    ("a clip inside and outside", lambda x: ag.clip(x, 0.0, 1.0), [[0.5, 2.0, -1.0]], [[1.0, 0.0, 0.0]]),
    ("the norm of a zero vector", ag.norm, [[0.0, 0.0]], [[0.0, 0.0]]),
    ("the standard deviation of a constant", ag.std, [[2.0, 2.0, 2.0]], [[0.0, 0.0, 0.0]]),
    ("a product with one zero", ag.prod, [[2.0, 0.0, 3.0]], [[0.0, 6.0, 0.0]]),
    ("a product with two zeros", ag.prod, [[2.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]),
    ("running products with a zero", lambda x: ag.sum(ag.cumprod(x)), [[2.0, 0.0, 3.0]], [[1.0, 8.0, 0.0]]),
    ("sinc at 0", ag.sinc, [0.0], [0.0]),
    ("hypot at (0, 0)", ag.hypot, [0.0, 0.0], [0.0, 0.0]),
    ("arctan2 at (0, 0)", ag.arctan2, [0.0, 0.0], [0.0, 0.0]),
    ("softplus of 800", ag.softplus, [800.0], [1.0]),
    ("log(1 + exp(800)), written out", lambda x: ag.log1p(ag.exp(x)), [800.0], [NAN]),
    (
        "fused cross-entropy",
        lambda z: ag.softmax_cross_entropy(z, np.array([1])),
        [[[1000.0, -1000.0]]],
        [[[1.0, -1.0]]],
    ),
    ("logsumexp of nothing but -inf", ag.logsumexp, [[-INF, -INF]], [[0.0, 0.0]]),
    ("cross-entropy of logits (1000, -1000)", lambda z: ag.logsumexp(z) - z[1], [[1000.0, -1000.0]], [[1.0, -1.0]]),
]


@pytest.mark.parametrize(("function", "point", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_gradients_at_special_points(function: Callable[..., Any], point: list[Any], expected: list[Any]) -> None:
    variables = [Tensor(value) for value in point]
    with np.errstate(all="ignore"):  # at some of these points NumPy itself warns
        ag.sum(function(*variables)).backward()
    for x, gradient in zip(variables, expected):
        np.testing.assert_array_equal(x.grad, gradient)


def test_cross_entropy_of_large_logits_does_not_overflow() -> None:
    z = Tensor([1000.0, -1000.0])
    assert (ag.logsumexp(z) - z[1]).data == 2000.0
