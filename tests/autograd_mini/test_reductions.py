"""Special points of reductions, scans and orderings: ties, zeros, infinities, NaN, and NumPy's own names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient

INF, NAN = math.inf, math.nan
equal = np.testing.assert_array_equal


def slope(function: Any, x: Any, weights: Any = None) -> Any:
    """The gradient of a function, or of the sum of its entries times the weights."""
    variable = Tensor(x)
    out = function(variable)
    ag.as_tensor(out).backward(np.ones(out.shape) if weights is None else np.array(weights))
    return variable.grad


# -------------------------------------------------------------------------------------------- extremes and ties


@pytest.mark.parametrize("function", [ag.max, ag.min, ag.amax, ag.amin, ag.nanmax, ag.nanmin])
def test_ties_share_the_gradient(function: Any) -> None:
    equal(slope(function, [2.0, 2.0, 2.0, 2.0]), [0.25] * 4)
    equal(slope(lambda x: function(x, axis=1), [[3.0, 3.0], [3.0, 3.0]], [1.0, 4.0]), [[0.5, 0.5], [2.0, 2.0]])


def test_the_range_gives_each_end_to_its_ties() -> None:
    equal(slope(ag.ptp, [5.0, 1.0, 1.0, 3.0]), [1.0, -0.5, -0.5, 0.0])
    equal(slope(ag.ptp, [5.0, 5.0]), [0.0, 0.0])


@pytest.mark.parametrize("function", [ag.max, ag.min])
def test_an_extreme_that_is_nan_gives_no_warning_of_its_own(function: Any) -> None:
    equal(slope(lambda x: function(x, axis=1), [[NAN, 2.0], [3.0, 3.0]]), [[0.0, 0.0], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (ag.nansum, [1.0, 0.0, 1.0]),
        (ag.nanmean, [0.5, 0.0, 0.5]),
        (ag.nanmax, [0.0, 0.0, 1.0]),
        (ag.nanmin, [1.0, 0.0, 0.0]),
    ],
)
def test_entries_that_are_nan_get_no_gradient(function: Any, expected: list[float]) -> None:
    equal(slope(function, [1.0, NAN, 3.0]), expected)
    equal(slope(function, [-INF, NAN, 3.0]), expected)


def test_the_mean_without_nan_counts_further_than_half_precision() -> None:
    np.testing.assert_allclose(slope(ag.nanmean, np.zeros(70_000, np.float16)), 1 / 70_000, rtol=0.01)


def test_a_slice_of_nan_only() -> None:
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        equal(slope(lambda x: ag.nanmax(x, axis=1), [[NAN, NAN], [1.0, 2.0]]), [[0.0, 0.0], [0.0, 1.0]])
    equal(slope(lambda x: ag.nansum(x, axis=1), [[NAN, NAN], [1.0, 2.0]]), [[0.0, 0.0], [1.0, 1.0]])


# ------------------------------------------------------------------------------------------------------- products


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
        ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
        ([0.0, 3.0, 0.0], [0.0, 0.0, 0.0]),
        ([5.0], [1.0]),
        ([], []),
        ([1e-200, 1e200, 1e-200, 1e200], [1e200, 1e-200, 1e200, 1e-200]),
    ],
)
def test_the_product_differentiates_right_with_zeros(x: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(slope(ag.prod, x), expected, rtol=1e-15)


def test_the_second_derivative_of_a_product_with_zeros() -> None:
    x = Tensor([0.0, 0.0, 4.0])
    (first,) = ag.gradients(ag.prod(x), [x], create_graph=True)
    equal(first.data, [0.0, 0.0, 0.0])
    equal(ag.gradients(first[0], [x])[0], [0.0, 4.0, 0.0])


def test_the_running_product_differentiates_right_with_zeros() -> None:
    x = [2.0, 0.0, 3.0, 0.0, 5.0]
    equal(slope(ag.cumprod, x, [1.0, 10.0, 100.0, 1000.0, 1e4]), [1.0, 620.0, 0.0, 0.0, 0.0])
    for n in range(1, 10):  # every way to fill the rounds of doubling
        check_gradient(ag.cumprod, np.arange(n) % 4 - 1.0)


def test_scans_without_axis_run_in_one_row() -> None:
    equal(slope(ag.cumsum, [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0, 100.0, 1000.0]), [[1111.0, 1110.0], [1100.0, 1000.0]])
    equal(slope(ag.cumprod, [[1.0, 2.0], [0.0, 4.0]]), [[3.0, 1.0], [10.0, 0.0]])
    assert isinstance(slope(ag.cumsum, 2.0), np.float64)
    assert isinstance(slope(ag.cumprod, 2.0), np.float64)


# --------------------------------------------------------------------------------------------------- var and std


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e3])
@pytest.mark.parametrize("function", [ag.std, ag.var])
def test_equal_entries_get_gradient_zero(function: Any, value: float, dtype: Any) -> None:
    equal(slope(function, np.full(3, value, dtype)), [0.0, 0.0, 0.0])
    equal(slope(lambda x: function(x, axis=-1, ddof=1), np.full((2, 3), value, dtype)), np.zeros((2, 3)))


def test_a_constant_row_does_not_poison_the_others() -> None:
    equal(slope(lambda x: ag.std(x, axis=1), [[0.1, 0.1], [1.0, 3.0]]), [[0.0, 0.0], [-0.5, 0.5]])


def test_the_deviation_survives_a_large_offset() -> None:
    equal(slope(ag.var, [1e15, 1e15 + 2.0, 1e15 + 4.0]), slope(ag.var, [0.0, 2.0, 4.0]))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_without_freedom_the_variance_and_its_gradient_are_nan() -> None:
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        out = ag.var(Tensor([1.0]), ddof=1)
    assert math.isnan(out.item())
    assert np.isnan(ag.gradients(out)[out.inputs[0]]).all()


@pytest.mark.parametrize("function", [ag.var, ag.std, ag.median, ag.cumsum, ag.norm, ag.amax, ag.nanmean, ag.diff])
@pytest.mark.parametrize("setting", ["out", "where", "dtype"])
def test_settings_that_are_not_supported_are_refused(function: Any, setting: str) -> None:
    with pytest.raises(TypeError, match=setting):
        function(Tensor([1.0, 2.0]), **{setting: np.ones(2)})


# -------------------------------------------------------------------------------------------------------- softmax


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e4), (np.float32, 1e2)])
def test_softmax_at_large_entries_is_right_to_the_last_digits(dtype: Any, size: float) -> None:
    x = np.array([[size, size, -size], [-size, -size + 1, -size + 2], [size - 3, size, size]], dtype)
    wide = x.astype(np.longdouble) - x.max(axis=1, keepdims=True)
    expected = np.exp(wide) / np.exp(wide).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ag.softmax(x), expected.astype(dtype), rtol=4 * np.finfo(dtype).eps)
    expected = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(ag.log_softmax(x), expected.astype(dtype), rtol=4 * np.finfo(dtype).eps)
    for function in (ag.softmax, ag.log_softmax, ag.logsumexp):
        assert np.isfinite(slope(lambda x, function=function: function(x, axis=1), x)).all()


def test_log_softmax_keeps_a_tiny_loss() -> None:
    out = ag.log_softmax([0.0, -40.0, -41.0])
    assert out[0] == -np.log1p(np.exp(-40.0) + np.exp(-41.0))
    assert -6e-18 < out[0] < -5e-18


def test_infinite_entries_stay_in_their_row() -> None:
    x = [[-INF, -INF], [0.0, 0.0], [INF, 0.0], [-INF, 7.0]]
    equal(ag.softmax(x), [[0.0, 0.0], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]])
    equal(ag.log_softmax(x), [[-INF, -INF], [-math.log(2.0)] * 2, [0.0, -INF], [-INF, 0.0]])
    weights = np.array([[1.0, 3.0]] * 4)
    equal(slope(ag.softmax, x, weights), [[0.0, 0.0], [-0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])
    equal(slope(ag.log_softmax, x, weights)[1:], [[-1.0, 1.0], [-3.0, 3.0], [1.0, -1.0]])
    assert np.isfinite(slope(ag.log_softmax, x, weights)).all()


def test_a_nan_entry_stays_in_its_row() -> None:
    equal(np.isnan(ag.softmax([[NAN, 1.0], [0.0, 0.0]])), [[True, True], [False, False]])


# ---------------------------------------------------------------------------------------------------------- norms


@pytest.mark.parametrize("order", [None, 2, 1.5, 3, 0.5, 1, INF, -INF, 0])
def test_the_zero_vector_gets_gradient_zero(order: Any) -> None:
    equal(slope(lambda x: ag.norm(x, order, axis=1) + 0 * x[:, 0], [[0.0, 0.0], [0.0, 3.0]])[0], [0.0, 0.0])


def test_a_zero_row_does_not_poison_the_others() -> None:
    equal(slope(lambda x: ag.norm(x, axis=1), [[0.0, 0.0], [3.0, 4.0]]), [[0.0, 0.0], [0.6, 0.8]])
    equal(slope(lambda x: ag.norm(x, 0.5), [0.0, 4.0]), [0.0, 1.0])


def test_a_negative_power_with_an_entry_0_has_gradient_zero() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        equal(slope(lambda x: ag.norm(x, -1), [0.0, 2.0]), [0.0, 0.0])


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e-320])
@pytest.mark.parametrize("order", [2, 3])
def test_norms_neither_overflow_nor_vanish(size: float, order: int) -> None:
    np.testing.assert_allclose(ag.norm([size, 0.0], order), size)
    np.testing.assert_allclose(ag.norm([[size], [-size]], order, axis=0), [2 ** (1 / order) * size], rtol=1e-3)
    np.testing.assert_allclose(slope(lambda x: ag.norm(x, order), [size, 0.0]), [1.0, 0.0])


def test_norms_of_infinite_and_missing_entries() -> None:
    assert ag.norm([INF, 1.0]) == INF
    assert math.isnan(ag.norm([NAN, 1.0]))
    assert ag.norm([]) == 0.0


def test_the_norm_of_integers_and_numbers_is_numpys() -> None:
    assert ag.norm([3, 4]) == 5.0
    assert ag.norm(-3.0) == 3.0
    assert ag.norm([3, 0], 0) == np.linalg.norm([3, 0], 0)
    assert ag.norm(np.arange(4.0).reshape(2, 2), "fro") == np.linalg.norm(np.arange(4.0).reshape(2, 2), "fro")


@pytest.mark.parametrize("order", [2, -2, "nuc"])
@pytest.mark.parametrize("axis", [None, (0, 1), (2, 0)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_by_singular_values(order: Any, axis: Any, keepdims: bool) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2) if axis is None else (3, 2, 4))
    expected = np.linalg.norm(x, order, axis, keepdims)
    np.testing.assert_allclose(ag.norm(Tensor(x), order, axis, keepdims).data, expected, rtol=1e-13)
    check_gradient(lambda t: ag.norm(t, order, axis, keepdims), x)


@pytest.mark.parametrize(
    ("x", "order", "axis", "message"),
    [
        (np.ones(2), "fro", None, "of matrices"),
        (np.ones((2, 2)), 3, None, "no order 3"),
        (np.ones((2, 2, 2)), 1, None, "vector or a matrix"),
        (np.ones((2, 2)), None, (0, -2), "axis"),
        (np.ones((2, 2)), None, 2, "axis"),
        (np.ones((2, 2, 2)), None, (0, 1, 2), "axis"),
    ],
)
def test_orders_and_axes_that_do_not_fit_are_refused(x: Any, order: Any, axis: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.norm(x, order, axis)


# ----------------------------------------------------------------------------------------------------------- order


def test_equal_entries_take_their_gradients_in_order() -> None:
    equal(slope(ag.sort, [2.0, 1.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]), [3.0, 1.0, 4.0, 2.0])
    equal(slope(lambda x: ag.sort(x, None), [[2.0, 1.0], [0.0, 1.0]], [1.0, 2.0, 3.0, 4.0]), [[4.0, 2.0], [1.0, 3.0]])


def test_nan_sorts_last_and_takes_its_gradient() -> None:
    equal(slope(ag.sort, [NAN, 1.0, INF], [1.0, 2.0, 3.0]), [3.0, 1.0, 2.0])


def test_partition_sends_each_gradient_to_the_entry_it_took() -> None:
    x = np.random.default_rng(0).permutation(5000) * 1.0
    parted = ag.partition(x, 70)
    assert (np.diff(parted) < 0).any()
    equal(slope(lambda x: ag.partition(x, 70), x, parted**2), x**2)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([5.0, 1.0, 3.0], [0.0, 0.0, 1.0]),
        ([5.0, 1.0, 3.0, 2.0], [0.0, 0.0, 0.5, 0.5]),
        ([1.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        ([1.0, 1.0], [0.5, 0.5]),
        ([4.0], [1.0]),
    ],
)
def test_the_median_gives_its_gradient_to_the_middle(x: list[float], expected: list[float]) -> None:
    equal(slope(ag.median, x), expected)


def test_the_median_of_a_slice_with_nan_is_nan() -> None:
    equal(ag.median([[NAN, 1.0, 2.0], [3.0, 1.0, 2.0]], axis=1), [NAN, 2.0])
    with pytest.raises(ValueError, match="empty"):
        ag.median([])
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        ag.median([1.0], axis=2)


def test_differences_and_integrals_refuse_what_has_no_such_axis() -> None:
    with pytest.raises(ValueError, match="diff: axis -1 is out of bounds"):
        ag.diff(1.0)
    with pytest.raises(ValueError, match="got -1"):
        ag.diff([1.0], -1)
    with pytest.raises(ValueError, match="trapezoid: axis 1"):
        ag.trapezoid([1.0], axis=1)
    equal(ag.diff([1.0, 2.0], 0), [1.0, 2.0])


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeError, match="give the axis"):
        ag.average(np.ones((2, 3)), weights=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="do not fit"):
        ag.average(np.ones((2, 3)), 0, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="returned=True"):
        ag.average([1.0], returned=True)
    equal(ag.average([1.0, 3.0]), 2.0)


def test_weights_along_several_axes_are_in_their_order() -> None:
    x, weights = np.arange(24.0).reshape(2, 3, 4), np.arange(1.0, 25.0).reshape(4, 2, 3)
    np.testing.assert_allclose(ag.average(x, (2, 0, 1), weights), np.average(x, (2, 0, 1), weights), rtol=1e-15)


# --------------------------------------------------------------------------------------------- NumPy's functions

SQUARE = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.max(x, 0),
        lambda x: np.amax(x, 0),
        lambda x: np.min(x, axis=1, keepdims=True),
        lambda x: np.amin(x),
        lambda x: np.ptp(x, 1),
        lambda x: np.prod(x, 1),
        lambda x: np.any(x > 4, 1),
        lambda x: np.all(x > 1, axis=0),
        lambda x: np.count_nonzero(x > 2, axis=1),
        lambda x: np.var(x, 0, None, None, 1),
        lambda x: np.std(x, axis=1, ddof=1),
        lambda x: np.median(x, 1),
        lambda x: np.average(x, 1, [1.0, 2.0, 1.0]),
        lambda x: np.nansum(x, 1),
        lambda x: np.nanmean(x, 1),
        lambda x: np.nanmax(x, 1),
        lambda x: np.nanmin(x, 1),
        lambda x: np.cumsum(x, 1),
        lambda x: np.cumprod(x, 1),
        lambda x: np.diff(x, 1, 0),
        lambda x: np.trapezoid(x, None, 0.5, 0),
        lambda x: np.trapezoid(x, [0.0, 1.0, 3.0]),
        lambda x: np.sort(x, 0),
        lambda x: np.argsort(x, 0, "stable"),
        lambda x: np.partition(x, 1, 1),
        lambda x: np.argpartition(x, (0, 1, 2), 1),
        lambda x: np.searchsorted([1.0, 4.0], x, "right"),
        lambda x: np.argmax(x, 1),
        lambda x: np.argmin(x, axis=0, keepdims=True),
        lambda x: np.linalg.norm(x, 1, (0, 1)),
    ],
)
def test_numpys_functions_answer_for_tensors(call: Any) -> None:
    result = call(Tensor(SQUARE))
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result.data, call(SQUARE), rtol=1e-15)


@pytest.mark.parametrize("function", [ag.any, ag.all, ag.count_nonzero, ag.argmax, ag.argmin, ag.argsort])
def test_what_has_no_gradient_is_recorded(function: Any) -> None:
    result = function(Tensor([1.0, 0.0]))
    assert not result.requires_grad
    assert result.op is function
