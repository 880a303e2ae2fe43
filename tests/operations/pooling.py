"""Rows for sliding windows and pooling, against loops over every window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import ops
from tests.operations.rows import ANY, Case, Domain, Row, distinct, generators

Index = tuple[int, ...]


def windows_of(size: Index, window: Index, stride: Index, padding: Index) -> Iterator[tuple[Index, list[range]]]:
    """Each position of the window, and the entries it covers along each axis, with those in the padding."""
    counts = [len(range(0, n + 2 * p - k + 1, s)) for n, k, s, p in zip(size, window, stride, padding)]
    for at in np.ndindex(*counts):
        yield at, [range(a * s - p, a * s - p + k) for a, k, s, p in zip(at, window, stride, padding)]


def pooled(reduce: Callable[..., Any], include_pad: bool = False) -> Callable[..., Any]:
    """Pooling in loops: what `reduce` makes of the part of each window that lies in x."""

    def reference(x: np.ndarray, *, window: Index, stride: Index, padding: Index) -> np.ndarray:
        size = x.shape[2:]
        results = {}
        for at, covered in windows_of(size, window, stride, padding):
            seen = x[(..., *(slice(max(r.start, 0), min(r.stop, n)) for r, n in zip(covered, size)))]
            axes = tuple(range(2, x.ndim))
            results[at] = seen.sum(axis=axes) / np.prod(window) if include_pad else reduce(seen, axis=axes)
        out = np.empty((*x.shape[:2], *(last + 1 for last in max(results))))
        for at, value in results.items():
            out[(..., *at)] = value
        return out

    return reference


def numpy_windows(x: np.ndarray, *, window: Index, stride: Index, padding: Index, fill: float) -> np.ndarray:
    outside = [(0, 0), (0, 0), *((p, p) for p in padding)]
    larger = np.pad(x, outside, constant_values=fill)
    every = list(windows_of(x.shape[2:], window, stride, padding))
    out = np.empty((np.prod(window), *x.shape[:2], *(last + 1 for last in every[-1][0])))
    for at, covered in every:
        part = larger[(..., *(slice(r.start + p, r.stop + p) for r, p in zip(covered, padding)))]
        out[(..., *at)] = part.reshape(*x.shape[:2], np.prod(window)).transpose(2, 0, 1)
    return out


def numpy_add_windows(g: np.ndarray, *, window: Index, stride: Index, padding: Index, size: Index) -> np.ndarray:
    out = np.zeros((*g.shape[1:3], *size))
    for at, covered in windows_of(size, window, stride, padding):
        for entry, offset in enumerate(np.ndindex(*window)):
            where_to = tuple(r[o] for r, o in zip(covered, offset))
            if all(0 <= a < n for a, n in zip(where_to, size)):
                out[(..., *where_to)] += g[(entry, ..., *at)]
    return out


@st.composite
def pool_cases(draw: st.DrawFn, n: int, domain: Domain = ANY, **extra: st.SearchStrategy[Any]) -> Case:
    window = tuple(draw(st.integers(1, 3)) for _ in range(n))
    padding = tuple(draw(st.integers(0, k - 1)) for k in window)
    stride = tuple(draw(st.integers(1, 3)) for _ in range(n))
    size = tuple(max(1, k - 2 * p) + draw(st.integers(0, 2)) for k, p in zip(window, padding))
    settings = {"window": window, "stride": stride, "padding": padding}
    shape = (draw(st.integers(0, 2)), draw(st.integers(0, 2)), *size)
    return [domain(draw(generators), shape)], settings | {name: draw(values) for name, values in extra.items()}


@st.composite
def adding_cases(draw: st.DrawFn, n: int) -> Case:
    (x,), settings = draw(pool_cases(n))
    g = numpy_windows(x, **settings, fill=0)
    return [ANY(draw(generators), g.shape)], settings | {"size": x.shape[2:]}


def averaged(x: Any, *, count_include_pad: bool, **settings: Any) -> Any:
    return pooled(np.mean, count_include_pad)(x, **settings)


counting = {"count_include_pad": st.booleans()}

ROWS = [
    Row(ops.windows, ops.windows, numpy_windows, pool_cases(2, fill=st.sampled_from([0, -1.5]))),
    Row(ops.add_windows, ops.add_windows, numpy_add_windows, adding_cases(2), rtol=1e-13),
    Row(ag.max_pool1d, ag.max_pool1d, pooled(np.max), pool_cases(1, distinct)),
    Row(ag.max_pool2d, ag.max_pool2d, pooled(np.max), pool_cases(2, distinct)),
    Row(ag.avg_pool1d, ag.avg_pool1d, averaged, pool_cases(1, **counting), rtol=1e-13),
    Row(ag.avg_pool2d, ag.avg_pool2d, averaged, pool_cases(2, **counting), rtol=1e-13),
]
