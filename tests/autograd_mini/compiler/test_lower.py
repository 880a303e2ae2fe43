"""Each lowering computes the same, bit for bit, and leaves what it does not cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler.build import lowered
from autograd_mini.compiler.graph import Graph, check
from autograd_mini.ops.losses import softmax_cross_entropy
from tests.autograd_mini.compiler.graphs import assert_same_bits, operations, random_graph, results, traced, values_of

FLOATS = (np.float64, np.float32)
SPECIAL = np.array([[0.0, -0.0, np.nan], [np.inf, -np.inf, -1.5]])


def assert_lowered(graph: Graph, *gone: str) -> Graph:
    after = lowered(graph)
    assert_same_bits(graph, after)
    assert set(gone) <= set(operations(graph))
    assert not set(gone) & set(operations(after))
    return after


@given(seed=st.integers(0, 2**32 - 1))
def test_random_programs_keep_every_bit(seed: int) -> None:
    graph = random_graph(seed)
    assert_same_bits(graph, lowered(graph))


@given(dtype=st.sampled_from(FLOATS), shape=st.sampled_from([(3,), (4, 3), (2, 4, 3)]), seed=st.integers(0, 99))
def test_affine_is_a_product_and_a_sum(dtype: Any, shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w, b = (rng.normal(size=size).astype(dtype) for size in (shape, (3, 5), (5,)))
    graph = assert_lowered(traced(ag.affine, x, w, b, grad=False), "affine")
    assert operations(graph) == ["matmul", "add"]


@pytest.mark.parametrize("dtypes", [(np.float32, np.float32, np.float64), (np.float64, np.float32, np.float32)])
def test_affine_of_several_dtypes(dtypes: Any) -> None:
    x, w, b = (np.full(shape, 0.1, dtype) for shape, dtype in zip([(2, 3), (3, 5), (5,)], dtypes))
    graph = traced(ag.affine, x, w, b)
    assert_same_bits(graph, lowered(graph))


@pytest.mark.parametrize("dtype", [*FLOATS, np.float16])
def test_relu_is_a_maximum(dtype: Any) -> None:
    graph = assert_lowered(traced(ag.relu, SPECIAL.astype(dtype)), "relu")
    assert operations(graph) == ["maximum"]


@given(
    dtype=st.sampled_from(FLOATS),
    shape=st.sampled_from([(1,), (7,), (3, 5), (2, 1, 4)]),
    axis=st.sampled_from([None, 0, -1, (0,), (-1, 0)]),
    keepdims=st.booleans(),
)
def test_mean_is_a_sum_and_a_quotient(dtype: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> None:
    if isinstance(axis, tuple) and len(shape) < len(axis):
        return
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    graph = assert_lowered(traced(lambda x: ag.mean(x, axis=axis, keepdims=keepdims), x), "mean")
    assert operations(graph) == ["sum", "divide"]


@pytest.mark.parametrize("x", [np.ones(3, np.float16), np.arange(3), np.float64(2.0), np.array(2.0)])
def test_a_mean_that_numpy_sums_otherwise_is_left(x: Any) -> None:
    graph = traced(lambda x: ag.mean(x), x)
    assert_same_bits(graph, lowered(graph))
    assert operations(lowered(graph)) == ["mean"]


def cross_entropy(z: Any, y: Any) -> Any:
    return softmax_cross_entropy(z, y)


@given(
    dtype=st.sampled_from(FLOATS),
    count=st.integers(1, 5),
    classes=st.integers(1, 4),
    scale=st.sampled_from([1e-3, 1.0, 1e2, 1e4]),
    seed=st.integers(0, 99),
)
def test_cross_entropy_and_its_deltas_step_by_step(
    dtype: Any, count: int, classes: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    z = (scale * rng.normal(size=(count, classes))).astype(dtype)
    graph = traced(cross_entropy, z, rng.integers(0, classes, count), grad=True)
    assert_lowered(graph, "softmax_cross_entropy")


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_cross_entropy_of_infinite_logits(bad: float) -> None:
    z = np.array([[1.0, 2.0, 3.0], [bad, 0.0, 1.0]])
    assert_lowered(traced(cross_entropy, z, np.array([2, 1]), grad=True), "softmax_cross_entropy")


def test_cross_entropy_is_left_where_its_deltas_are_not_read_and_in_float16() -> None:
    z, y = np.ones((2, 3)), np.array([0, 2])
    assert operations(lowered(traced(cross_entropy, z, y))) == ["softmax_cross_entropy"]
    graph = traced(cross_entropy, z.astype(np.float16), y, grad=True)
    assert "softmax_cross_entropy" in operations(lowered(graph))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
@pytest.mark.parametrize("dtype", [np.int64, np.int8])
def test_labels_out_of_range_are_refused_as_before(labels: list[int], dtype: Any) -> None:
    good = traced(cross_entropy, np.ones((2, 3)), np.array([0, 1], dtype), grad=True)
    after = lowered(good)
    values = {node: value if value.ndim == 2 else np.array(labels, dtype) for node, value in values_of(after).items()}
    with pytest.raises(ValueError, match="is not among the classes 0 to 2"):
        check(after, values)


def test_names_stay_with_the_result() -> None:
    graph = lowered(traced(lambda x: ag.mean(ag.relu(x).named("h")).named("loss"), [[1.0, -2.0]]))
    assert [node.name for node in graph.nodes if node.op is not None] == ["h", None, "loss"]
    assert len(results(graph)) == 1
