"""grad and value_and_grad: nesting, closures, several arguments, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor


def test_derivatives_of_every_order_from_the_first_day() -> None:
    f: Any = lambda x: x**5  # noqa: E731
    expected = [32.0, 80.0, 160.0, 240.0, 240.0, 120.0, 0.0]
    for order, value in enumerate(expected):
        assert float(f(2.0)) == pytest.approx(value), order
        f = ag.grad(f)


def test_arrays_in_arrays_out() -> None:
    slope = ag.grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    assert isinstance(slope, np.ndarray)
    np.testing.assert_array_equal(slope, [2.0, 4.0])
    one, other = ag.grad(lambda x, y: (x + y).sum(), argnums=(0, 1))(np.ones(2), np.ones(2))
    one += 1.0
    np.testing.assert_array_equal(other, [1.0, 1.0])


def test_tensors_in_tensors_out() -> None:
    x = Tensor(3.0)
    slope = ag.grad(lambda t: t**2)(x)
    assert isinstance(slope, Tensor)
    slope.backward()
    assert x.grad == 2.0


def test_a_tensor_of_the_closure_stays_differentiable() -> None:
    w = Tensor(2.0)
    slope = ag.grad(lambda x: w * x * x)(3.0)
    assert slope.item() == 12.0
    slope.backward()
    assert w.grad == 6.0


def test_nested_derivatives_do_not_mix() -> None:
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(x))(1.0) == 1.0
    for inner in (lambda x, y: x * y * y, lambda x, y: x * y**2):
        slope = ag.grad(lambda x, inner=inner: ag.grad(lambda y: inner(x, y))(3.0))(2.0)
        assert slope == 6.0
        assert isinstance(slope, np.float64)


def test_several_arguments_and_settings() -> None:
    def f(x: Any, y: Any, *, power: int) -> Any:
        return (x * y**power).sum()

    assert ag.grad(f, argnums=1)(2.0, 3.0, power=2) == 12.0
    assert ag.grad(f, argnums=(1, 0))(2.0, 3.0, power=2) == (12.0, 9.0)
    value, slopes = ag.value_and_grad(f, argnums=(0,))(2.0, 3.0, power=2)
    assert (value, slopes) == (18.0, (9.0,))


def test_a_constant_function_has_gradient_zero() -> None:
    assert ag.grad(lambda x: Tensor(2.0, requires_grad=False))(1.0) == 0.0
    assert ag.grad(lambda x: ag.sign(x))(1.0) == 0.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0,), TypeError, "expected a function, got float; for a Tensor use ag.gradients"),
        ((ag.exp, "0"), TypeError, "argnums are positions"),
        ((ag.exp, ()), TypeError, "argnums are positions"),
        ((ag.exp, -1), TypeError, "argnums are positions"),
        ((ag.exp, (0, 0)), ValueError, "name an argument twice"),
    ],
)
def test_wrong_transforms(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ag.grad(*arguments)


def test_nothing_is_left_behind() -> None:
    w = Tensor(2.0)
    ag.grad(lambda x: w * x)(3.0)
    assert w.grad is None


def test_derivatives_within_no_grad() -> None:
    w = Tensor(2.0)
    with ag.no_grad():
        assert ag.grad(lambda x: x**3)(2.0) == 12.0
        assert isinstance(ag.grad(lambda x: w * x)(3.0), np.floating)


def test_a_result_that_lost_its_graph_is_refused() -> None:
    def careless(x: Tensor) -> Any:
        return float(x) ** 2

    with pytest.raises(TypeError, match=r"careless returned float, not a Tensor; was \.data or float"):
        ag.grad(careless)(2.0)


def test_a_result_of_several_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="3 entries, not 1"):
        ag.grad(lambda x: x * 2)(np.ones(3))


def test_an_argument_without_gradient_is_refused() -> None:
    with pytest.raises(TypeError, match="bool data carry no gradient"):
        ag.grad(lambda x: x * 2)(True)
    with pytest.raises(TypeError, match="grad: there is no argument 2"):
        ag.grad(lambda x: x * 2, argnums=2)(1.0)
