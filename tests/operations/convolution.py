"""Rows for convolution, against loops over every product that is summed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.ops import convolution
from tests.operations.rows import ANY, Case, Row, generators

Index = tuple[int, ...]


def products(
    x: Index, w: Index, g: Index, *, stride: Index, padding: Index, dilation: Index, groups: int
) -> Iterator[tuple[Index, Index, Index]]:
    """The indices of x, w and g, arrays of these shapes, that meet in one product."""
    for example, feature, *position in np.ndindex(g):
        first = feature // (w[0] // groups) * w[1]
        for channel, *offset in np.ndindex(w[1:]):
            at = tuple(a * s + o * d - p for a, s, o, d, p in zip(position, stride, offset, dilation, padding))
            if all(0 <= a < size for a, size in zip(at, x[2:])):
                yield (example, first + channel, *at), (feature, channel, *offset), (example, feature, *position)


def positions(x: Index, w: Index, stride: Index, padding: Index, dilation: Index) -> Index:
    every = zip(x[2:], w[2:], stride, padding, dilation)
    return tuple(len(range(0, size + 2 * p - d * (k - 1), s)) for size, k, s, p, d in every)


def numpy_conv(x: np.ndarray, w: np.ndarray, *, groups: int, **settings: Any) -> np.ndarray:
    out = np.zeros((len(x), len(w), *positions(x.shape, w.shape, **settings)))
    for i, j, k in products(x.shape, w.shape, out.shape, groups=groups, **settings):
        out[k] += x[i] * w[j]
    return out


def numpy_conv_transpose(g: np.ndarray, w: np.ndarray, *, size: Index, groups: int, **settings: Any) -> np.ndarray:
    out = np.zeros((len(g), w.shape[1] * groups, *size))
    for i, j, k in products(out.shape, w.shape, g.shape, groups=groups, **settings):
        out[i] += g[k] * w[j]
    return out


def numpy_conv_weight(x: np.ndarray, g: np.ndarray, *, kernel: Index, groups: int, **settings: Any) -> np.ndarray:
    out = np.zeros((g.shape[1], x.shape[1] // groups, *kernel))
    for i, j, k in products(x.shape, out.shape, g.shape, groups=groups, **settings):
        out[j] += x[i] * g[k]
    return out


@st.composite
def conv_cases(draw: st.DrawFn, n: int, which: str = "xw") -> Case:
    """Two of x, w and g, and the settings that the operation on them takes."""
    few = [draw(st.lists(st.integers(low, high), min_size=n, max_size=n)) for low, high in RANGES[n]]
    kernel, stride, padding, dilation, room = map(tuple, few)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    size = tuple(max(1, span - 2 * p) + r for span, p, r in zip(spans, padding, room))
    count, groups, channels = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    filters = draw(st.sampled_from([1, 2, 12]))  # 12 filters are many: more than 4 for each of few positions
    settings: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    shapes = {"x": (count, groups * channels, *size), "w": (groups * filters, channels, *kernel)}
    shapes["g"] = (count, groups * filters, *positions(shapes["x"], shapes["w"], **settings))
    settings |= {"groups": groups} | {"xw": {}, "gw": {"size": size}, "xg": {"kernel": kernel}}[which]
    rng = draw(generators)
    return [ANY(rng, shapes[name]) for name in which], settings


SMALL = [(1, 2), (1, 3), (0, 1), (1, 2), (0, 1)]
RANGES = {1: [(1, 3), (1, 3), (0, 2), (1, 2), (0, 3)], 2: SMALL, 3: SMALL}
"""By number of axes, from and to: sizes of the kernel, stride, padding, dilation, and room for the kernel to move."""


def with_size(call: Callable[..., Any]) -> Callable[..., Any]:
    """The transposed convolution told its result by `output_padding`, the part of the size that does not follow."""

    def sized(g: Any, w: Any, *, size: Index, stride: Index, padding: Index, dilation: Index, groups: int) -> Any:
        every = zip(size, g.shape[2:], w.shape[2:], stride, padding, dilation)
        extra = tuple(n - ((m - 1) * s - 2 * p + d * (k - 1) + 1) for n, m, k, s, p, d in every)
        settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return call(g, w, output_padding=extra, **settings)

    return sized


@st.composite
def sequences(draw: st.DrawFn, modes: tuple[str, ...] = ("full", "same", "valid")) -> Case:
    rng = draw(generators)
    arrays = [ANY(rng, (draw(st.integers(1, 6)),)) for _ in range(2)]
    return arrays, {"mode": draw(st.sampled_from(modes))}


def conv_row(subject: Any, call: Callable[..., Any], reference: Callable[..., Any], n: int, which: str = "xw") -> Row:
    return Row(subject, call, reference, conv_cases(n, which), rtol=1e-12)


ROWS = [
    Row(convolution._convolve, convolution._convolve, np.convolve, sequences(("full", "valid")), rtol=1e-13),
    Row(ag.convolve, ag.convolve, np.convolve, sequences(), rtol=1e-13),
    Row(ag.correlate, ag.correlate, np.correlate, sequences(), rtol=1e-13),
    conv_row(convolution._conv, convolution._conv, numpy_conv, 3),
    conv_row(convolution._conv_input_gradient, convolution._conv_input_gradient, numpy_conv_transpose, 2, "gw"),
    conv_row(convolution._conv_weight_gradient, convolution._conv_weight_gradient, numpy_conv_weight, 2, "xg"),
    conv_row(ag.conv1d, ag.conv1d, numpy_conv, 1),
    conv_row(ag.conv2d, ag.conv2d, numpy_conv, 2),
    conv_row(ag.conv_transpose1d, with_size(ag.conv_transpose1d), numpy_conv_transpose, 1, "gw"),
    conv_row(ag.conv_transpose2d, with_size(ag.conv_transpose2d), numpy_conv_transpose, 2, "gw"),
]
