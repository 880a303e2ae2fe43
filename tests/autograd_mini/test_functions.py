"""Exponential, trigonometric and special functions and activations at zeros, infinities and far out."""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from tests.slopes import assert_slopes, slopes

nan, inf = np.nan, np.inf


def second(function: Callable[..., Any], x: float) -> Any:
    return ag.grad(ag.grad(function))(x)


def test_expm1_keeps_the_slope_of_a_small_tail() -> None:
    assert_slopes(ag.expm1, [-100.0], [math.exp(-100)])


@pytest.mark.parametrize("function", [ag.logaddexp, ag.logaddexp2])
@pytest.mark.parametrize(
    ("x", "y", "dx"),
    [(0, 0, 0.5), (1e4, -1e4, 1), (-1e4, 1e4, 0), (inf, inf, 0.5), (-inf, -inf, 0.5), (inf, 3, 1), (-inf, inf, 0)],
)
def test_sums_of_exponentials_at_ties_and_infinities(function: Any, x: float, y: float, dx: float) -> None:
    assert_slopes(function, [x, y], [dx, 1 - dx])
    assert function(Tensor(x), y).item() == function.numpy(float(x), float(y))


def test_sums_of_equal_exponentials_have_their_second_derivative() -> None:
    assert second(lambda x: ag.logaddexp(x, 2.0), 2.0) == 0.25
    assert second(lambda x: ag.logaddexp2(x, 2.0), 2.0) == pytest.approx(math.log(2) / 4, rel=1e-15, abs=0)


@pytest.mark.parametrize("function", [ag.log2, ag.log10])
def test_logarithms_of_half_precision_keep_a_small_slope(function: Any) -> None:
    x = Tensor(np.float16(60000))
    function(x).backward()
    assert x.grad is not None
    assert x.grad > 0


@pytest.mark.parametrize("function", [ag.arctan2, ag.hypot])
def test_the_origin_has_slope_zero(function: Any) -> None:
    assert_slopes(function, [0.0, 0.0], [0.0, 0.0])
    assert_slopes(function, [-0.0, 0.0], [0.0, 0.0])
    assert np.isfinite(second(lambda x: function(x, 0.0 * x), 0.0))


def test_the_angle_and_distance_of_extreme_points() -> None:
    assert_slopes(ag.arctan2, [[inf, inf, 1.0], [1.0, inf, -inf]], [np.zeros(3), np.zeros(3)])
    np.testing.assert_allclose(slopes(ag.arctan2, 1e200, 1e200), [5e-201, -5e-201], rtol=1e-15)
    np.testing.assert_allclose(slopes(ag.hypot, [3e200, 3e-200], [4e200, 4e-200]), [[0.6] * 2, [0.8] * 2], rtol=1e-15)


@pytest.mark.parametrize(("function", "slope"), [(ag.arctan, 1e-8), (ag.arcsinh, 1e-4)])
def test_inverses_far_out(function: Any, slope: float) -> None:
    np.testing.assert_allclose(slopes(function, [1e4, -1e4]), [[slope, slope]], rtol=1e-7)
    assert_slopes(function, [[inf, -inf]], [[0, 0]])
    assert np.isfinite(slopes(function, [1e200])).all()


@pytest.mark.parametrize("function", [ag.arcsin, ag.arccos, ag.arctanh])
def test_inverses_near_their_edge_keep_their_digits(function: Any) -> None:
    gap = 3 * 2.0**-30  # the square of 1 - gap needs more digits than there are
    square = gap * (2 - gap)
    exact = {"arcsin": square**-0.5, "arccos": -(square**-0.5), "arctanh": 1 / square}[function.name]
    np.testing.assert_allclose(slopes(function, 1 - gap), [exact], rtol=1e-14)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("function", "x", "slope"), [(ag.arcsin, 1, inf), (ag.arccos, -1, -inf), (ag.arccosh, 1, inf)])
def test_inverses_at_their_edge(function: Any, x: float, slope: float) -> None:
    assert_slopes(function, [x], [slope])


def test_sinc_at_zero_to_fourth_order() -> None:
    expected = [1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5]
    function: Callable[..., Any] = ag.sinc
    for value in expected:
        assert function(0.0) == pytest.approx(value, rel=1e-15, abs=0)
        function = ag.grad(function)


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e-9, 1e-3, 0.5, 1.0, 3.0 / np.pi, 50.0])
def test_the_slope_of_sinc_is_smooth_and_exact(x: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(200)
    u = (nodes + 1) / 2  # sin(t) / t is the integral of cos(u t) over u from 0 to 1
    exact = [np.sum(weights / 2 * -u * np.sin(np.pi * x * u)), np.sum(weights / 2 * -u * u * np.cos(np.pi * x * u))]
    assert ag.grad(ag.sinc)(x) == pytest.approx(np.pi * exact[0], rel=1e-12, abs=1e-14)
    assert second(ag.sinc, x) == pytest.approx(np.pi**2 * exact[1], rel=1e-12, abs=1e-13)


# --------------------------------------------------------------------------------------------- the error function

EDGES = [0.46875, np.nextafter(0.46875, 1), 4.0, np.nextafter(4.0, 5), 26.5]


@pytest.mark.parametrize("function", [ag.erf, ag.erfc])
def test_the_error_function_to_the_last_digits(function: Any) -> None:
    x = np.concatenate([np.linspace(-7, 26.5, 20001), np.geomspace(1e-300, 1, 1001), EDGES, np.negative(EDGES)])
    exact = np.array([getattr(math, function.name)(entry) for entry in x])
    units = np.abs(function(x) - exact) / np.spacing(np.abs(exact))
    assert units.max() <= 8


def test_the_error_function_at_its_ends() -> None:
    x = np.array([0.0, -0.0, inf, -inf, nan, 1e300, 5e-324])
    np.testing.assert_array_equal(ag.erf(x), [0, 0, 1, -1, nan, 1, 5e-324])
    assert np.signbit(ag.erf(-0.0))
    np.testing.assert_array_equal(ag.erfc(x), [1, 1, 0, 2, nan, 0, 1])
    np.testing.assert_array_equal(slopes(ag.erf, x)[0][2:6], [0, 0, nan, 0])
    assert second(ag.erf, 1e300) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_error_function_keeps_its_dtype_and_does_not_overflow(dtype: Any) -> None:
    x = Tensor(np.array([0.5, 300.0], dtype))
    y = ag.erf(x)
    y.sum().backward()
    assert x.grad is not None
    assert y.dtype == x.grad.dtype == dtype
    np.testing.assert_array_equal(y.data, np.array([math.erf(0.5), 1], dtype))
    assert ag.erf(1) == pytest.approx(math.erf(1), rel=1e-15, abs=0)


# ---------------------------------------------------------------------------------------------------- activations

FAR = [
    (ag.softplus, 0, 1e4, 0, 1),
    (ag.log_sigmoid, -1e4, 0, 1, 0),
    (ag.gelu, 0, 1e4, 0, 1),
    (lambda x: ag.gelu(x, approximate=True), 0, 1e4, 0, 1),
    (ag.silu, 0, 1e4, 0, 1),
    (ag.mish, 0, 1e4, 0, 1),
    (ag.elu, -1, 1e4, 0, 1),
    (ag.leaky_relu, -100, 1e4, 0.01, 1),
    (ag.selu, -1.7580993408473766, 10507.009873554805, 0, 1.0507009873554805),
    (ag.softsign, -1e4 / 10001, 1e4 / 10001, 10001.0**-2, 10001.0**-2),
    (ag.relu6, 0, 6, 0, 0),
    (ag.hard_tanh, -1, 1, 0, 0),
    (ag.hard_sigmoid, 0, 1, 0, 0),
    (ag.hard_silu, 0, 1e4, 0, 1),
]


@pytest.mark.parametrize(("function", "left", "right", "left_slope", "right_slope"), FAR)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_activations_far_out(
    function: Any, left: Any, right: Any, left_slope: Any, right_slope: Any, dtype: Any
) -> None:
    x = Tensor(np.array([-1e4, 1e4], dtype))
    y = function(x)
    y.backward(np.ones(2))
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(y.data, np.array([left, right], dtype), rtol=tolerance)
    np.testing.assert_allclose(x.grad, np.array([left_slope, right_slope], dtype), rtol=tolerance)
    assert y.dtype == dtype


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        (ag.leaky_relu, 0, 0.01),
        (ag.elu, 0, 1),
        (lambda x: ag.elu(x, 0.5), 0, 0.5),
        (ag.selu, 0, 1.6732632423543772 * 1.0507009873554805),
        (ag.softsign, 0, 1),
        (ag.relu6, 0, 0),
        (ag.relu6, 6, 0),
        (ag.hard_tanh, -1, 0),
        (ag.hard_tanh, 1, 0),
        (ag.hard_sigmoid, -3, 0),
        (ag.hard_sigmoid, 3, 0),
        (ag.hard_silu, -3, 0),
        (ag.hard_silu, 3, 1),
    ],
)
def test_activations_at_their_kinks(function: Any, x: float, slope: float) -> None:
    assert_slopes(function, [x], [slope])


def test_small_tails_keep_their_digits() -> None:
    for function in (ag.softplus, lambda x: -ag.log_sigmoid(-x)):
        assert function(np.float64(-40)) == pytest.approx(math.exp(-40), rel=1e-15, abs=0)
    assert ag.gelu(np.float64(-10)) == pytest.approx(-5 * math.erfc(10 / math.sqrt(2)), rel=1e-13, abs=0)


@pytest.mark.parametrize("function", [ag.gelu, ag.silu, ag.mish, ag.hard_silu, ag.hard_sigmoid, ag.selu, ag.elu])
def test_activations_take_lists_and_numbers(function: Any) -> None:
    np.testing.assert_array_equal(function([1.0, -2.0]), function(np.array([1.0, -2.0])))
    assert function(0.5) == function(np.float64(0.5))


def test_an_operation_with_too_few_rules_says_so() -> None:
    one_rule = ag.Op("one_rule", lambda x, y: x * y, lambda g, out, x, y: g * y)
    with pytest.raises(TypeError, match=r"one_rule: takes 1 array\(s\), got 2; an Op has a rule, or None, for each"):
        one_rule(ag.Tensor(1.0), ag.Tensor(2.0))


def test_operations_have_signatures() -> None:
    assert str(inspect.signature(ag.sum)) == "(x, axis=None, keepdims=False)"
    assert str(inspect.signature(ag.matmul)) == "(x, y)"
    assert str(inspect.signature(ag.reshape)) == "(x, shape)"
    own = ag.Op("own", lambda a, b: a * b, lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)
    assert str(inspect.signature(own)) == "(a, b)"
    for name in dir(ag):
        operation = getattr(ag, name)
        if isinstance(operation, ag.Op):
            parameters = inspect.signature(operation).parameters
            assert operation.settings.keys() <= parameters.keys()


def test_only_what_is_for_users_is_listed() -> None:
    modules = [name for name in dir(ag) if isinstance(getattr(ag, name), types.ModuleType)]
    assert modules == ["linalg", "random", "testing"]
    assert not [name for name in dir(ag) if name.startswith("_") or name in ("moment", "TYPE_CHECKING")]
    assert {"softmax", "compile", "compare", "Tensor"} <= set(dir(ag))
    with pytest.raises(AttributeError, match="no attribute 'sofmax'; did you mean 'softmax'"):
        ag.sofmax  # type: ignore[attr-defined]  # noqa: B018 - to ask is the test


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2,), (2, 2)], "'ij' labels 2 axes, the array has 1"),
        ("ij,jk->ik", [(2, 3), (2, 3)], "'j' stands for axes of 3 and of 2"),
        ("i...,...i", [(2, 3), (3, 4)], "'i' stands for axes of 2 and of 4"),
        ("i,j,k", [(2,), (2,)], r"it is for 3 array\(s\), got 2"),
        ("ii", [(2, 3)], "'i' stands for axes of 2 and of 3"),
    ],
)
def test_subscripts_that_do_not_fit(subscripts: str, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=rf"einsum: {re.escape(repr(subscripts))}.*{message}"):
        ag.einsum(subscripts, *[ag.Tensor(np.ones(shape)) for shape in shapes])


def test_the_approximation_of_gelu_is_chosen_as_in_pytorch() -> None:
    x = ag.Tensor([-1.0, 0.5])
    np.testing.assert_array_equal(ag.gelu(x, "none").data, ag.gelu(x).data)
    np.testing.assert_array_equal(ag.gelu(x, approximate="tanh").data, ag.gelu(x, True).data)
    assert (ag.gelu(x).data != ag.gelu(x, True).data).all()
    for wrong in ("erf", 2, None):
        with pytest.raises(ValueError, match='approximate is True, False, "tanh" or "none"'):
            ag.gelu(x, wrong)  # type: ignore[arg-type]
