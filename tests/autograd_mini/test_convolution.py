"""Convolution at its edges: NumPy's modes, lengths and errors, transposes, and shapes that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor

MODES = ["full", "same", "valid"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize("sizes", [(m, n) for m in range(1, 7) for n in range(1, 7)], ids=str)
def test_numpys_functions_take_tensors_of_any_lengths(function: Any, mode: str, sizes: tuple[int, int]) -> None:
    a, v = (np.arange(1.0, n + 1) ** 2 for n in sizes)
    result = function(Tensor(a), v, mode)
    assert result.op is not None
    np.testing.assert_array_equal(result.data, function(a, v, mode))
    np.testing.assert_array_equal(function(a, Tensor(v), mode=mode).data, function(a, v, mode))


def test_default_modes_are_numpys() -> None:
    a, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0])
    np.testing.assert_array_equal(ag.convolve(a, v), np.convolve(a, v))
    np.testing.assert_array_equal(ag.correlate(a, v), np.correlate(a, v))


def test_a_number_is_a_sequence_of_one() -> None:
    x = Tensor(2.0)
    y = ag.convolve(x, [1.0, 3.0])
    assert y.data.tolist() == [2.0, 6.0]
    y.sum().backward()
    assert x.grad == 4.0


@pytest.mark.parametrize("function", [ag.convolve, ag.correlate])
@pytest.mark.parametrize(
    ("a", "v", "mode", "message"),
    [
        ([1.0], [1.0], "wide", "mode 'wide'; write 'full', 'same' or 'valid'"),
        ([[1.0]], [1.0], "full", r"1-D sequences, got shape \(1, 1\)"),
        (np.ones(0), [1.0], "full", "empty"),
        ([1.0], np.ones(0), "full", "empty"),
    ],
)
def test_sequences_that_can_not_be_convolved(function: Any, a: Any, v: Any, mode: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(Tensor(a), v, mode)


def test_a_filter_is_not_reversed() -> None:
    x = Tensor([[[1.0, 2.0, 3.0]]])
    w = Tensor([[[1.0, 10.0]]])
    y = ag.conv1d(x, w)
    assert y.data.tolist() == [[[21.0, 32.0]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[1.0, 11.0, 10.0]]]
    assert w.grad.tolist() == [[[3.0, 5.0]]]


def test_settings_are_an_integer_or_one_for_each_axis() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 7, 7)), rng.normal(size=(2, 2, 3, 3))
    one = ag.conv2d(x, w, stride=2, padding=1, dilation=2)
    np.testing.assert_array_equal(one, ag.conv2d(x, w, stride=(2, 2), padding=[1, 1], dilation=(2, np.int64(2))))
    np.testing.assert_array_equal(
        ag.conv2d(x, w, padding=(1, 0)), ag.conv2d(np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)]), w)
    )
    assert ag.conv1d(x[:, :, 0], w[:, :, 0], stride=(3,)).shape == (1, 2, 2)


def test_depthwise_filters_read_one_channel_each() -> None:
    x = np.arange(6.0).reshape(1, 3, 2)
    w = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)
    assert ag.conv1d(x, w, groups=3).tolist() == [[[0.0, 1.0], [20.0, 30.0], [400.0, 500.0]]]


@pytest.mark.parametrize("shapes", [((0, 2, 5), (3, 2, 2)), ((2, 0, 5), (3, 0, 2)), ((2, 2, 5), (0, 2, 2))], ids=str)
def test_an_empty_batch_channel_or_filter_axis(shapes: Any) -> None:
    x, w = (Tensor(np.ones(shape)) for shape in shapes)
    y = ag.conv1d(x, w)
    assert y.shape == (x.shape[0], w.shape[0], 4)
    y.sum().backward()
    assert (x.grad.shape, w.grad.shape) == shapes
    assert not x.grad.any()
    assert not w.grad.any()


def test_the_transposed_convolution_is_the_transpose() -> None:
    rng = np.random.default_rng(0)
    x, w, g = rng.normal(size=(2, 4, 8, 7)), rng.normal(size=(6, 2, 3, 2)), rng.normal(size=(2, 6, 4, 3))
    settings: dict[str, Any] = {"stride": (2, 3), "padding": (1, 1), "groups": 2}
    back = ag.conv_transpose2d(g, w, output_padding=(1, 1), **settings)
    assert back.shape == x.shape
    assert np.sum(ag.conv2d(x, w, **settings) * g) == pytest.approx(np.sum(x * back), rel=1e-13)


@pytest.mark.parametrize("filters", [1, 40])
def test_few_and_many_filters_have_the_same_gradient(filters: int) -> None:
    """Above four filters for each position another product computes the gradient of the weights."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 2, 4)), Tensor(np.zeros((filters, 2, 3)))
    ag.conv1d(x, w).sum().backward()
    expected = [[x[:, c, k : k + 2].sum() for k in range(3)] for c in range(2)]
    np.testing.assert_allclose(w.grad, np.broadcast_to(expected, w.shape), rtol=1e-13)


def test_the_third_order_of_a_cubed_convolution() -> None:
    x = np.array([[[1.0, 2.0, 3.0]]])
    cube = ag.grad(lambda s: (ag.conv1d(x * s, np.array([[[1.0, 1.0]]])) ** 3).sum())
    assert ag.grad(ag.grad(cube))(2.0) == pytest.approx(6 * (3**3 + 5**3), rel=1e-14)


@pytest.mark.parametrize(
    ("x", "w", "settings", "message"),
    [
        ((1, 3, 8, 8), (4, 2, 3, 3), {}, r"x \(1, 3, 8, 8\) has 3 channels, but the filters w \(4, 2, 3, 3\) read 2"),
        ((1, 4, 8, 8), (4, 4, 3, 3), {"groups": 2}, "has 4 channels, but the filters .* read 4 x 2 groups"),
        ((1, 3, 8, 8), (4, 3, 3, 3), {"groups": 2}, r"2 groups do not divide the channels of x \(1, 3, 8, 8\)"),
        ((1, 4, 8, 8), (3, 2, 3, 3), {"groups": 2}, r"2 groups do not divide .* the filters of w \(3, 2, 3, 3\)"),
        (
            (1, 1, 2, 2),
            (1, 1, 3, 3),
            {},
            r"window \(3, 3\) .* more than the padded input \(2, 2\)",
        ),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"dilation": 2}, r"window \(3, 3\) spans \(5, 5\) .* input \(4, 4\)"),
        ((1, 1, 4, 4), (1, 1, 0, 3), {}, r"w \(1, 1, 0, 3\) is an empty kernel"),
        ((1, 4, 4), (1, 1, 3, 3), {}, r"x \(N, C, H, W\) and w .* have 4 axes, not x \(1, 4, 4\) and w \(1, 1, 3, 3\)"),
        ((1, 1, 4, 4), (3, 3), {}, r"have 4 axes, not x \(1, 1, 4, 4\) and w \(3, 3\)"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"stride": 0}, "conv2d: stride=0: give an integer of at least 1"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"stride": (1, -1)}, r"conv2d: stride=\(1, -1\)"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"stride": (1, 1, 1)}, "or a tuple of 2 of them"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"padding": -1}, "conv2d: padding=-1: give an integer of at least 0"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"padding": "same"}, "conv2d: padding='same'"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"dilation": 1.5}, "conv2d: dilation=1.5"),
        ((1, 1, 4, 4), (1, 1, 3, 3), {"groups": 0}, "conv2d: groups=0"),
    ],
)
def test_shapes_and_settings_that_do_not_fit(x: Any, w: Any, settings: Any, message: str) -> None:
    for kind in (Tensor, np.asarray):
        with pytest.raises(ValueError, match=message):
            ag.conv2d(kind(np.ones(x)), np.ones(w), **settings)


def test_an_error_names_the_tensors() -> None:
    x, w = Tensor(np.ones((2, 3, 5)), name="signal"), Tensor(np.ones((4, 1, 2)), name="filters")
    with pytest.raises(ValueError, match=r"conv: signal \(2, 3, 5\), filters \(4, 1, 2\), .*has 3 channels"):
        ag.conv1d(x, w)


@pytest.mark.parametrize(
    ("x", "w", "settings", "message"),
    [
        ((1, 3, 4), (2, 1, 2), {}, r"conv_transpose1d: x .* not x \(1, 3, 4\) and w \(2, 1, 2\)"),
        ((3, 4), (3, 1, 2), {}, r"have 3 axes and one F, not x \(3, 4\)"),
        ((1, 3, 4), (3, 1, 2), {"groups": 2}, r"2 groups do not divide the 3 channels of x \(1, 3, 4\)"),
        (
            (1, 3, 4),
            (3, 1, 2),
            {"stride": 2, "output_padding": 2},
            r"output_padding \(2,\) must be less",
        ),
        ((1, 3, 1), (3, 1, 2), {"padding": 1}, r"a padding of \(1,\) leaves nothing of x \(1, 3, 1\)"),
    ],
)
def test_transposed_shapes_that_do_not_fit(x: Any, w: Any, settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.conv_transpose1d(Tensor(np.ones(x)), np.ones(w), **settings)
