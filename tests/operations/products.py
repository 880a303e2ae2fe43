"""Rows for products of vectors, matrices and arrays, and sums of products by labels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import autograd_mini as ag
from autograd_mini.ops.einsum import _einsum
from tests.operations.rows import ANY, Case, Row, generators, shapes


@st.composite
def vectors_and_more(draw: st.DrawFn, last_but_one: bool) -> Case:
    """Operands of `dot` (summed over the last axis but one of the second) and of `inner` (over the last of both)."""
    n, rng = draw(st.integers(0, 3)), draw(generators)
    left, right = (draw(array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)) for _ in range(2))
    right = (*right[:-1], n, right[-1]) if last_but_one and right else (*right, n)
    shape = draw(st.sampled_from([((*left, n), right), ((), right), ((*left, n), ())]))
    return [ANY(rng, part) for part in shape], {}


@st.composite
def same_size(draw: st.DrawFn) -> Case:
    shape, rng = draw(shapes), draw(generators)
    return [ANY(rng, shape), ANY(rng, draw(st.sampled_from([shape, shape[::-1], (int(np.prod(shape)),)])))], {}


@st.composite
def two_arrays(draw: st.DrawFn) -> Case:
    rng = draw(generators)
    return [ANY(rng, draw(array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))) for _ in range(2)], {}


@st.composite
def contractions(draw: st.DrawFn) -> Case:
    """Axes to sum over: a count, or two lists in any order, negative ones too."""
    rng = draw(generators)
    summed, left, right = (draw(st.lists(st.integers(0, 3), max_size=2)) for _ in range(3))
    if draw(st.booleans()):
        return [ANY(rng, (*left, *summed)), ANY(rng, (*summed, *right))], {"axes": len(summed)}
    order_a = draw(st.permutations(range(len(left + summed))))
    order_b = draw(st.permutations(range(len(summed + right))))
    a, b = np.transpose(ANY(rng, (*left, *summed)), order_a), np.transpose(ANY(rng, (*summed, *right)), order_b)
    of_a = [order_a.index(len(left) + k) - draw(st.sampled_from([0, a.ndim])) for k in range(len(summed))]
    of_b = [order_b.index(k) - draw(st.sampled_from([0, b.ndim])) for k in range(len(summed))]
    if len(summed) == 1 and draw(st.booleans()):
        return [a, b], {"axes": (of_a[0], of_b[0])}
    return [a, b], {"axes": (of_a, of_b)}


@st.composite
def triples(draw: st.DrawFn) -> Case:
    rng = draw(generators)
    drawn = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=2))
    first, second = drawn.input_shapes
    names = ("axisa", "axisb", "axisc")
    axes = [draw(st.integers(-len(s) - 1, len(s))) for s in (first, second, drawn.result_shape)]
    arrays = [np.moveaxis(ANY(rng, (*s, 3)), -1, axis) for s, axis in zip((first, second), axes)]
    if len(first) == len(second) and draw(st.booleans()):
        return [arrays[0], np.moveaxis(arrays[1], axes[1], axes[0])], {"axis": axes[0]}
    return arrays, dict(zip(names, axes))


@st.composite
def batches(draw: st.DrawFn, left: int, right: int, by_axis: bool = False) -> Case:
    """Stacks of (n,) or (m, n) with stacks of (n,) or (n, k)."""
    n, m, rng = draw(st.integers(0, 3)), draw(st.integers(0, 3)), draw(generators)
    drawn = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=2)).input_shapes
    cores = ((m, n)[2 - left :], (n, m)[:right])
    arrays = [ANY(rng, (*batch, *core)) for batch, core in zip(drawn, cores)]
    if not by_axis:
        return arrays, {}
    axis = draw(st.integers(-min(x.ndim for x in arrays), -1))
    return [np.moveaxis(x, -1, axis) for x in arrays], {"axis": axis}


@st.composite
def chains(draw: st.DrawFn) -> Case:
    sizes, rng = draw(st.lists(st.integers(0, 3), min_size=3, max_size=5)), draw(generators)
    arrays = [ANY(rng, pair) for pair in pairwise(sizes)]
    if draw(st.booleans()) and sizes[0]:
        arrays[0] = arrays[0][0]
    if draw(st.booleans()) and sizes[-1]:
        arrays[-1] = arrays[-1][:, 0]
    return arrays, {}


@st.composite
def labelled(draw: st.DrawFn) -> Case:
    """Subscripts of every form with operands that fit: repeats, ellipses, axes of size 1, implicit results."""
    sizes = {label: draw(st.integers(0, 3) if label == "i" else st.integers(1, 3)) for label in "ijBa"}
    ellipsis = draw(st.lists(st.integers(1, 2), max_size=2)) if draw(st.booleans()) else None
    terms, operands, rng = [], [], draw(generators)
    for _ in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from("ijBa"), max_size=3))
        stretched = {label for label in labels if draw(st.integers(0, 4)) == 0}
        shape = [1 if label in stretched else sizes[label] for label in labels]
        if ellipsis is not None and draw(st.booleans()):
            start, position = draw(st.integers(0, len(ellipsis))), draw(st.integers(0, len(labels)))
            labels.insert(position, "...")
            shape[position:position] = [draw(st.sampled_from([1, size])) for size in ellipsis[start:]]
        terms.append(draw(st.sampled_from(["", " "])).join(labels))
        operands.append(ANY(rng, tuple(shape)))
    return operands, {"subscripts": draw(results(terms)), "optimize": draw(st.sampled_from([False, True, "optimal"]))}


@st.composite
def results(draw: st.DrawFn, terms: list[str]) -> str:
    given = ",".join(terms)
    if draw(st.booleans()):
        return given
    seen = sorted(set(given) & set("ijBa"))
    result = draw(st.permutations(seen))[: draw(st.integers(0, len(seen)))]
    if "..." in given:
        result.insert(draw(st.integers(0, len(result))), "...")
    return f"{given} -> {''.join(result)}"


def by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands, subscripts, optimize: function(subscripts, *operands, optimize=optimize)


def as_list(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays: function(arrays)


ROWS = [
    Row(ag.dot, ag.dot, np.dot, vectors_and_more(last_but_one=True)),
    Row(ag.inner, ag.inner, np.inner, vectors_and_more(last_but_one=False)),
    Row(ag.vdot, ag.vdot, np.vdot, same_size()),
    Row(ag.outer, ag.outer, np.outer, two_arrays()),
    Row(ag.kron, ag.kron, np.kron, two_arrays()),
    Row(ag.tensordot, ag.tensordot, np.tensordot, contractions()),
    Row(ag.cross, ag.cross, np.cross, triples()),
    Row(ag.vecdot, ag.vecdot, lambda x, y, axis: (x * y).sum(axis), batches(1, 1, by_axis=True)),
    Row(ag.matvec, ag.matvec, lambda x, y: (x * y[..., None, :]).sum(-1), batches(2, 1)),
    Row(ag.vecmat, ag.vecmat, lambda x, y: (x[..., None] * y).sum(-2), batches(1, 2)),
    Row(ag.linalg.multi_dot, as_list(ag.linalg.multi_dot), as_list(np.linalg.multi_dot), chains()),
    Row(ag.einsum, by_name(ag.einsum), by_name(np.einsum), labelled()),
    Row(
        _einsum,
        lambda *operands: ag.einsum("...j,jk->...k", *operands),
        np.matmul,
        batches(1, 2).map(lambda case: ([case[0][0], np.ones(case[0][1].shape[-2:])], {})),
    ),
]
