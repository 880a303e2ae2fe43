"""Ties, zeros, infinities and NaN of further arithmetic, rounding and logic; and NumPy's functions that lead here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor, ops
from tests.slopes import assert_slopes

nan, inf = np.nan, np.inf


@pytest.mark.parametrize("smaller", [ag.minimum, ag.fmin])
@pytest.mark.parametrize(("x", "y", "dx"), [(1, 2, 1), (2, 1, 0), (3, 3, 0.5), (inf, inf, 0.5), (-inf, 0, 1)])
def test_the_smaller_gets_the_gradient_and_ties_share(smaller: Any, x: float, y: float, dx: float) -> None:
    assert_slopes(smaller, [x, y], [dx, 1 - dx])
    larger = ag.fmax if smaller is ag.fmin else ag.maximum
    assert_slopes(larger, [x, y], [1 - dx, dx])


@pytest.mark.parametrize("function", [ag.minimum, ag.fmin, ag.fmax])
def test_the_same_tensor_on_both_sides_has_slope_one(function: Any) -> None:
    assert_slopes(lambda x: function(x, x), [[1.0, -inf]], [[1.0, 1.0]])


@pytest.mark.parametrize("function", [ag.fmin, ag.fmax])
def test_a_nan_beside_a_number_gets_no_gradient(function: Any) -> None:
    assert_slopes(function, [[nan, 2.0], [3.0, nan]], [[0.0, 1.0], [1.0, 0.0]])
    assert function(Tensor(nan), 2.0).item() == 2


@pytest.mark.parametrize("function", [ag.minimum, ag.maximum])
def test_a_nan_spreads_through_minimum_and_maximum(function: Any) -> None:
    assert np.isnan(function(Tensor(nan), 2.0).item())


def test_clip_gives_half_at_an_edge_and_the_rest_to_the_bound() -> None:
    x = [-1.0, 0.0, 0.5, 1.0, 2.0]
    assert_slopes(ag.clip, [x, 0.0, 1.0], [[0, 0.5, 1, 0.5, 0], 1.5, 1.5])


def test_clip_with_one_bound_none_or_crossed_ones() -> None:
    x = np.array([-1.0, 0.5, 2.0])
    for low, high in [(None, 1), (0, None), (2, 1), ([0, 0, 0], 1)]:
        np.testing.assert_array_equal(ag.clip(Tensor(x), low, high).data, np.clip(x, low, high))
    np.testing.assert_array_equal(ag.clip(Tensor(x)).data, x)
    assert_slopes(lambda t: ag.clip(t, None, 1), [x], [[1, 1, 0]])
    assert_slopes(lambda t: ag.clip(t, 0), [x], [[0, 1, 1]])


def test_clip_says_which_shapes_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"maximum: Tensor \(3,\), array \(2,\): shapes do not broadcast"):
        ag.clip(Tensor(np.ones(3)), np.zeros(2), 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_python_numbers_do_not_widen(dtype: Any) -> None:
    x = Tensor(np.array([0.3, 2.0], dtype))
    for result in [ag.clip(x, 0, 1.0), ag.minimum(x, 1.0), ag.fmod(x, 0.5), ag.remainder(x, 2), ag.copysign(-1.0, x)]:
        assert result.dtype == dtype


@pytest.mark.parametrize(("x", "y"), [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, 2), (-6, 2), (0.3, 0.1), (1, inf)])
def test_remainders_give_minus_the_quotient_to_the_divisor(x: float, y: float) -> None:
    assert_slopes(ag.remainder, [x, y], [1, -np.floor_divide(x, y)])
    assert_slopes(ag.fmod, [x, y], [1, -np.rint((x - np.fmod(x, y)) / y)])


@pytest.mark.parametrize("function", [ag.remainder, ag.fmod])
def test_remainders_count_the_quotient_as_their_value_does(function: Any) -> None:
    x, y = 1.0, 0.1  # x / y rounds to 10, yet almost 0.1 is left because the float 0.1 is a little more than a tenth
    assert function(x, y) > 0.09
    assert_slopes(function, [x, y], [1, -9])


def test_powers_at_zero() -> None:
    assert_slopes(ag.square, [0.0], [0.0])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert_slopes(ag.cbrt, [0.0], [inf])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_power_answers_in_float64_and_its_gradient_in_the_inputs_dtype(dtype: Any) -> None:
    x = Tensor(2.0, dtype=dtype)
    result = ag.float_power(x, 3)
    result.backward()
    assert result.dtype == np.float64
    assert x.grad is not None
    assert x.grad == dtype(12)
    assert x.grad.dtype == dtype
    assert ag.float_power(2, -1) == 0.5
    assert ag.float_power(np.int64([2, 4]), [-1, -1]).tolist() == [0.5, 0.25]


def test_heaviside_passes_the_gradient_to_its_value_at_zero() -> None:
    assert_slopes(ag.heaviside, [[-1.0, 0.0, -0.0, 1.0, nan], 0.5], [np.zeros(5), 2.0])


def test_copysign_reads_the_sign_of_zero() -> None:
    assert_slopes(ag.copysign, [[2.0, -2.0, 2.0, 0.0], [0.0, -0.0, -3.0, 1.0]], [[1, 1, -1, 0], np.zeros(4)])


def test_nan_to_num_replaces_without_gradient() -> None:
    x = [1.0, nan, inf, -inf]
    assert_slopes(ag.nan_to_num, [x], [[1, 0, 0, 0]])
    np.testing.assert_array_equal(ag.nan_to_num(Tensor(x), nan=2.0, posinf=3.0, neginf=4.0).data, [1, 2, 3, 4])
    np.testing.assert_array_equal(ag.nan_to_num(Tensor(x)).data, np.nan_to_num(x))


@pytest.mark.parametrize("op", [ag.floor, ag.ceil, ag.trunc, ag.rint, ag.round, ag.around, ag.fix])
def test_rounding_is_numpys_at_ties_and_carries_no_gradient(op: Any) -> None:
    x = np.array([-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, inf, nan])
    result = op(Tensor(x))
    np.testing.assert_array_equal(result.data, getattr(np, getattr(op, "name", None) or op.__name__)(x))
    assert not result.requires_grad


def test_round_takes_decimals_by_position_or_name() -> None:
    x = Tensor([2.125, 1234.5])
    for rounded in [ag.round(x, 2), ag.round(x, decimals=2), ag.around(x, 2), np.round(x, 2), np.around(x, decimals=2)]:
        np.testing.assert_array_equal(rounded.data, [2.12, 1234.5])
    assert ag.round(1234.5, -2) == 1200


@pytest.mark.parametrize("op", [ag.isnan, ag.isinf, ag.isfinite, ag.signbit, ag.logical_not])
def test_questions_are_numpys(op: Any) -> None:
    x = np.array([0.0, -0.0, 1.0, -1.0, nan, inf, -inf])
    np.testing.assert_array_equal(op(Tensor(x)).data, op.numpy(x))


@pytest.mark.parametrize("op", [ag.logical_and, ag.logical_or, ag.logical_xor])
def test_logic_of_two_is_numpys(op: Any) -> None:
    x, y = np.array([0.0, 0.0, 1.0, nan]), np.array([0.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(op(Tensor(x), y).data, op.numpy(x, y))
    assert op(Tensor(x), y).op is op


def test_isclose_takes_numpys_settings() -> None:
    x, y = np.array([1.0, nan, inf]), np.array([1.05, nan, inf])
    for options in [{}, {"rtol": 0.1}, {"atol": 0.1}, {"equal_nan": True}]:
        np.testing.assert_array_equal(ag.isclose(Tensor(x), y, **options).data, np.isclose(x, y, **options))
    np.testing.assert_array_equal(ag.isclose(Tensor(x), y, 0.1, 0.0, True).data, [True, True, True])


NUMPYS = {f for f in vars(ops).values() if isinstance(getattr(f, "numpy", None), np.ufunc)}
UFUNCS = sorted({f for f in NUMPYS if f.numpy.signature is None}, key=repr)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # arctanh(1)
@pytest.mark.parametrize("op", UFUNCS, ids=lambda op: op.numpy.__name__)
def test_numpys_function_of_a_tensor_is_recorded(op: Any) -> None:
    x = Tensor([1.0])
    arguments = [x] * op.numpy.nin
    np.testing.assert_array_equal(op.numpy(*arguments).data, op.numpy(*[x.data] * op.numpy.nin))
    assert op.numpy(*arguments).op is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.clip(x, 0, 1),
        lambda x: np.clip(x, a_min=None, a_max=1),
        lambda x: np.fix(x),
        lambda x: np.around(x, 1),
        lambda x: np.round(x, decimals=1),
        lambda x: np.nan_to_num(x, nan=1.0),
        lambda x: np.nan_to_num(x, True, 1.0),
        lambda x: np.isclose(x, 0.5, 1e-3),
        lambda x: np.sinc(x),
        lambda x: np.mod(x, 2),
        lambda x: np.float_power(x, 2),
    ],
)
def test_numpys_function_with_settings_is_recorded(call: Callable[..., Any]) -> None:
    x = Tensor([-0.5, 0.5, 2.7])
    np.testing.assert_array_equal(call(x).data, call(x.data))
    assert call(x).op is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.clip(x, 0, 1, out=np.zeros(1)),
        lambda x: np.sin(x, out=np.zeros(1)),
        lambda x: np.round(x, out=np.zeros(1)),
        lambda x: np.nan_to_num(x, copy=False),
        lambda x: np.add.reduce(x),
    ],
)
def test_what_numpy_can_and_we_can_not_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"out|place|setting|rule|derivative"):
        call(Tensor([1.0]))


def test_the_bounds_of_a_clip_by_both_names() -> None:
    x = Tensor([-1.0, 0.5, 2.0])
    for result in (ag.clip(x, min=0.0, max=1.0), np.clip(x, min=0.0, max=1.0), x.clip(0.0, 1.0)):
        np.testing.assert_array_equal(result.data, [0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="a bound was given twice"):
        ag.clip(x, 0.0, min=1.0)
