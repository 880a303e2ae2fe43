"""Pooling at its edges: ties, padding, overlapping windows, and windows that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor


def test_entries_that_tie_share_the_gradient() -> None:
    x = Tensor([[[[1.0, 7.0, 5.0, 5.0], [7.0, 7.0, 5.0, 5.0]]]])
    ag.max_pool2d(x, 2).sum().backward()
    third, quarter = 1 / 3, 0.25
    np.testing.assert_array_equal(x.grad[0, 0], [[0, third, quarter, quarter], [third, third, quarter, quarter]])


def test_overlapping_windows_add_their_gradients() -> None:
    x = Tensor([[[1.0, 9.0, 2.0, 3.0]]])
    ag.max_pool1d(x, 2, stride=1).sum().backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0, 1.0]]]


def test_padding_never_wins_and_does_not_count() -> None:
    x = Tensor([[[-1.0, -2.0, -3.0]]])
    assert ag.max_pool1d(x, 2, padding=1).data.tolist() == [[[-1.0, -2.0]]]
    assert ag.avg_pool1d(x, 2, padding=1).data.tolist() == [[[-1.0, -2.5]]]
    assert ag.avg_pool1d(x, 2, padding=1, count_include_pad=True).data.tolist() == [[[-0.5, -2.5]]]
    ag.avg_pool1d(x, 2, padding=1).sum().backward()
    assert x.grad.tolist() == [[[1.0, 0.5, 0.5]]]


def test_entries_after_the_last_whole_window_are_not_read() -> None:
    x = Tensor([[[1.0, 2.0, 3.0]]])
    y = ag.max_pool1d(x, 2)
    assert y.data.tolist() == [[[2.0]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[0.0, 1.0, 0.0]]]


def test_integers_are_pooled_as_integers() -> None:
    x = np.array([[[-5, -7, 2]]])
    result = ag.max_pool1d(x, 2, padding=1)
    assert result.dtype == x.dtype
    assert result.tolist() == [[[-5, 2]]]


def test_nested_lists_are_arrays() -> None:
    assert ag.avg_pool1d([[[1.0, 3.0]]], 2).tolist() == [[[2.0]]]


def test_second_order_through_the_winners() -> None:
    x = np.array([[[1.0, 4.0, 3.0, 2.0]]])
    curvature = ag.grad(lambda s: ag.grad(lambda t: (ag.max_pool1d(x * t, 2) ** 3).sum())(s))
    assert curvature(2.0) == pytest.approx(6 * 2 * (4**3 + 3**3), rel=1e-14)


@pytest.mark.parametrize("pool", [ag.max_pool2d, ag.avg_pool2d])
@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        ((4, 4), {"window": 2}, r"pool2d: x \(4, 4\) must have 4 axes \(N, C, H, W\)"),
        ((1, 1, 2, 4), {"window": 3}, r"window \(3, 3\) spans \(3, 3\) entries, more than the padded input \(2, 4\)"),
        ((1, 1, 4, 4), {"window": 0}, "pool2d: window=0: give an integer of at least 1"),
        ((1, 1, 4, 4), {"window": 2, "stride": 0}, "pool2d: stride=0"),
        ((1, 1, 4, 4), {"window": 2, "padding": -1}, "pool2d: padding=-1"),
        ((1, 1, 4, 4), {"window": 2, "padding": 2}, r"a window \(2, 2\) could lie wholly in a padding of \(2, 2\)"),
        ((1, 1, 4, 4), {"window": (2, 2, 2)}, r"window=\(2, 2, 2\): .* or a tuple of 2 of them"),
    ],
)
def test_windows_that_do_not_fit(pool: Any, shape: Any, settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool(Tensor(np.ones(shape)), **settings)


def test_a_padded_mean_in_half_precision_does_not_overflow() -> None:
    x = Tensor(np.full((1, 1, 30, 30), 100, np.float16))
    np.testing.assert_allclose(ag.avg_pool2d(x, 30, padding=1, stride=1).data, 100.0, rtol=2e-3)
