"""The gradient checker is itself checked: it must catch what is wrong, and accept what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.testing import GradientMismatchError, check_gradient


def cube(factor: float, scale: float = 1.0) -> ag.Op:
    """scale * x**3 with a derivative that is wrong by a factor."""
    return ag.Op("cube", lambda x: scale * x**3, lambda g, out, x: g * (3 * factor * scale) * x**2)


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 2.0, 0.0])
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-200, 1e9])
@pytest.mark.parametrize("point", [2.0, 1e-6, 1e6, [[0.3, -4.0]]])
def test_a_wrong_factor_is_caught_at_every_scale(factor: float, scale: float, point: Any) -> None:
    with pytest.raises(GradientMismatchError, match="cube: order 1, input 0"):
        check_gradient(cube(factor, scale), point)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-200, 1e9])
@pytest.mark.parametrize("point", [2.0, 1e-6, 1e6, 0.0, [[0.3, -4.0]], np.zeros((0, 2))])
def test_the_right_rule_passes_at_every_scale(scale: float, point: Any) -> None:
    check_gradient(cube(1.0, scale), point)


@pytest.mark.parametrize("factor", [1.0001, 0.9999])
def test_a_factor_near_one_is_caught(factor: float) -> None:
    with pytest.raises(GradientMismatchError):
        check_gradient(cube(factor), [2.0, -3.0], order=1)


def test_a_random_gradient_is_refused() -> None:
    rng = np.random.default_rng(0)
    noisy = ag.Op("noisy", lambda x: x**2, lambda g, out, x: g * 2 * x * (1 + 1e-3 * rng.normal()))
    with pytest.raises(ValueError, match="noisy: order 1 gives two gradients for one point"):
        check_gradient(noisy, 2.0)


def test_a_kink_away_from_zero_forgives_nothing() -> None:
    tripled = ag.Op("tripled", lambda x: np.maximum(x - 1, 0), lambda g, out, x: g * 3 * (x > 1))
    for point in (1.0, 2.0):
        with pytest.raises(GradientMismatchError):
            check_gradient(tripled, point, order=1)


def test_a_wrong_second_order_is_caught() -> None:
    frozen = ag.Op("frozen", lambda x: x**3, lambda g, out, x: g * 3 * ag.stop_gradient(x) ** 2)
    check_gradient(frozen, 2.0, order=1)
    with pytest.raises(GradientMismatchError, match="frozen: order 2"):
        check_gradient(frozen, 2.0)


def test_one_wrong_entry_of_one_input_is_named() -> None:
    one_off = np.array([1.0, 1.0, 1.01])
    product = ag.Op("product", lambda x, y: x * y, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x * one_off)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradient(product, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    message = str(caught.value)
    assert "input 1, entry (2,)" in message
    assert "1 of 3 entries differ" in message
    for word in ("autodiff gives", "finite differences", "error about", "step"):
        assert word in message


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (ag.log, 1e-9),
        (ag.exp, 1e-9),
        (lambda x: ag.exp(x) / ag.exp(x).sum(), [1.0, 2.0, 3.0]),
        (lambda x: (ag.exp(x) / ag.exp(x).sum()).sum(), [1.0, 2.0, 3.0]),
        (lambda x: x**3, 1e8),
        (lambda x: x * 0 + 5.0, 2.0),
        (ag.relu, [0.05, -2.0, 1e-3]),
        (lambda x: ag.tanh(x * 30), [0.1, 1.0]),
    ],
)
def test_right_gradients_pass_where_differences_are_hard(function: Callable[..., Any], point: Any) -> None:
    check_gradient(function, point)


@pytest.mark.parametrize("function", [ag.relu, ag.absolute, lambda x: ag.maximum(x, 0.5 * x)])
def test_a_kink_is_called_a_kink(function: Callable[..., Any]) -> None:
    def bent(x: Any) -> Any:
        return function(x) * 0.7 + x

    with pytest.raises(GradientMismatchError, match=r"to the left and .* to the right: a kink"):
        check_gradient(lambda x: bent(x) - ag.relu(x) * 0.1, 0.0)


@pytest.mark.parametrize(("function", "point"), [(ag.absolute, [0.0, 1.0]), (ag.max, [2.0, 2.0])])
def test_a_jump_of_the_slope_is_called_one(function: Callable[..., Any], point: Any) -> None:
    with pytest.raises(GradientMismatchError, match="a kink, a jump, or an edge"):
        check_gradient(function, point)


def test_differences_that_do_not_settle_are_said_to_be_rough() -> None:
    with pytest.raises(GradientMismatchError, match="too rough to confirm anything"):
        check_gradient(lambda x: ag.relu(x) ** 2, 0.0)


@pytest.mark.parametrize(
    ("forward", "rule", "point"),
    [
        (lambda x: x**2, lambda g, out, x: g * (2 * x + 1e-3), 0.0),
        (lambda x: 1.0 + 1e-9 * x**2, lambda g, out, x: g * 3e-9 * x, 2.0),
        (lambda x: ag.exp(x), lambda g, out, x: -g * out, 1.0),
    ],
)
def test_a_smooth_function_is_not_called_a_kink(forward: Any, rule: Any, point: Any) -> None:
    with pytest.raises(GradientMismatchError) as caught:
        check_gradient(ag.Op("smooth", forward, rule), point, order=1)
    assert "kink" not in str(caught.value)


def test_an_order_that_checks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="order is 1 or more"):
        check_gradient(ag.exp, 1.0, order=0)


def test_inputs_are_not_changed() -> None:
    x = np.array([1.0, 2.0])
    check_gradient(ag.exp, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_function_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="log is not finite at this point"):
        check_gradient(ag.log, -1.0)


def test_a_random_function_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="gives two results for one point"):
        check_gradient(lambda x: x * rng.normal(), 1.0)


def test_a_function_without_a_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="returned float, not a Tensor"):
        check_gradient(lambda x: float(x), 1.0)
