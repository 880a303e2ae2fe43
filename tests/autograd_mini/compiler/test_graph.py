"""The record of a program: what it holds, what its checker refuses, how it is printed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor, modes
from autograd_mini.compiler.graph import Graph, Node, check, evaluate, graph_of, rebuilt, text
from tests.autograd_mini.compiler.graphs import assert_same_bits, operations, random_graph, results, traced, values_of

SEEDS = st.integers(0, 2**32 - 1)
X = Node((2,), np.dtype(float), source="argument 0", name="x")
SINE = Node((2,), np.dtype(float), ag.sin, (X,), name="s")
SUM = Node((2,), np.dtype(float), ag.add, (X, SINE))
VALUE = {X: np.array([1.0, 2.0])}


@given(seed=SEEDS)
def test_a_graph_computes_what_was_traced_and_passes_its_checker(seed: int) -> None:
    graph = random_graph(seed)
    check(graph, values_of(graph))
    assert_same_bits(graph, rebuilt(graph, lambda node: node))


@pytest.mark.parametrize(
    ("nodes", "outputs", "complaint"),
    [
        ((X, SINE, X), (SINE,), "x is bound twice"),
        ((X, SUM, SINE), (SUM,), "add reads s, which is not bound before it"),
        ((SINE, X), (SINE,), "s reads x, which is not bound before it"),
        ((X, SINE), (SUM,), "the output add is not bound"),
    ],
)
def test_the_checker_finds_what_is_out_of_order(nodes: Any, outputs: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^graph: {complaint}$"):
        check(Graph(nodes, outputs))


@pytest.mark.parametrize("wrong", [{"shape": (2, 1)}, {"shape": ()}, {"dtype": np.dtype(np.float32)}])
def test_the_checker_finds_a_wrong_shape_or_dtype(wrong: dict[str, Any]) -> None:
    for node in (X, SINE):
        bad = replace(node, **wrong)
        nodes = (bad,) if node is X else (X, bad)
        check(Graph(nodes, nodes[-1:]))
        with pytest.raises(ValueError, match=rf"^graph: {node.name} is float.*, but computing it gives float64 \(2,\)"):
            check(Graph(nodes, nodes[-1:]), {bad if node is X else X: VALUE[X]})


def test_a_right_graph_passes() -> None:
    graph = Graph((X, SINE, SUM), (SUM, SINE))
    check(graph, VALUE)
    np.testing.assert_array_equal(evaluate(graph, VALUE)[SUM], VALUE[X] + np.sin(VALUE[X]))


def test_a_name_for_what_has_none_in_complaints() -> None:
    unnamed, constant = replace(X, name=None), Node((2,), np.dtype(float), value=np.ones(2))
    for node, name in ((unnamed, "input"), (constant, "constant")):
        with pytest.raises(ValueError, match=f"{name} is bound twice"):
            check(Graph((node, node), (node,)))


def test_the_printer_shows_inputs_constants_numbers_settings_names_and_results() -> None:
    graph = traced(lambda x: (x * np.array([1.0, 2.0]) - 0.5).named("d").sum(axis=0), [3.0, 4.0], names=["x"])
    assert text(graph).splitlines() == [
        "%0 float64 (2,) = constant",
        "%1 float64 (2,) = [3. 4.]  # x",
        "%2 float64 (2,) = multiply(%1, %0)",
        "%3 float64 (2,) = subtract(%2, 0.5)  # d",
        "%4 float64 () = sum(%3, axis=0, keepdims=False)",
        "return %4",
    ]


def test_one_array_is_one_constant_and_numbers_stay_numbers() -> None:
    weights = np.array([1.0, 2.0])
    graph = traced(lambda x: x * weights + weights + np.float64(2.0) + 1, [3.0, 4.0])
    assert [node.value is weights for node in graph.nodes if node.op is None and node.source is None] == [True]
    assert [x for node in graph.nodes for x in node.inputs if not isinstance(x, Node)] == [np.float64(2.0), 1]


def test_constants_of_no_shape_are_numbers_in_their_readers() -> None:
    graph = traced(lambda x: x * Tensor(2.0), [3.0])
    (product,) = [node for node in graph.nodes if node.op is ag.multiply]
    assert isinstance(product.inputs[1], np.float64)


def test_what_no_grad_computes_stays_without_a_gradient_in_a_forward_graph() -> None:
    x = Tensor([1.0, 2.0])
    with modes.tracing():
        with ag.no_grad():
            frozen = x * 2
        output = frozen + x
    assert operations(graph_of([output], {x: "x"}, {}, forward=True)) == ["multiply", "stop_gradient", "add"]
    assert operations(graph_of([output], {x: "x"}, {})) == ["multiply", "add"]


def test_new_nodes_come_before_what_reads_them() -> None:
    def halved(node: Node) -> Node:
        if node.op is not ag.sin:
            return node
        half = Node(node.shape, node.dtype, ag.multiply, (0.5, *node.inputs))
        return replace(node, inputs=(half,))

    graph = traced(lambda x: ag.sin(x) + x, [1.0, 2.0])
    changed = rebuilt(graph, halved)
    check(changed, values_of(changed))
    (value,) = results(changed)
    np.testing.assert_array_equal(value, np.array([1.0, 2.0]) + np.sin([0.5, 1.0]))
