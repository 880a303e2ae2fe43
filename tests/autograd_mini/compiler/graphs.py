"""Graphs to test with, and what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import modes
from autograd_mini.compiler.graph import Graph, Node, check, evaluate, graph_of
from tests.programs import OURS, random_program


def traced(f: Callable[..., Any], *arrays: Any, grad: bool = False, names: Sequence[str] = ()) -> Graph:
    """The graph of f, whose inputs have the arrays as their sources, and with `grad` of its gradients."""
    leaves = [ag.Tensor(x, requires_grad=np.asarray(x).dtype.kind == "f") for x in arrays]
    for leaf, name in zip(leaves, names):
        leaf.name = name
    with modes.tracing(), np.errstate(all="ignore"):
        results = f(*leaves)
        outputs = list(results) if isinstance(results, tuple) else [results]
        if grad:
            outputs += ag.gradients(outputs[0], [x for x in leaves if x.requires_grad])
    return graph_of(outputs, dict(zip(leaves, map(np.asarray, arrays))), {})


def random_graph(seed: int) -> Graph:
    program = random_program(seed, smooth=False)
    return traced(lambda *leaves: program.run(OURS, list(leaves)), *program.leaves, grad=True)


def values_of(graph: Graph) -> dict[Node, Any]:
    return {node: node.source[()] for node in graph.inputs}


def results(graph: Graph) -> list[Any]:
    with np.errstate(all="ignore"):
        values = evaluate(graph, values_of(graph))
    return [values[node] for node in graph.outputs]


def assert_same_bits(before: Graph, after: Graph) -> None:
    with np.errstate(all="ignore"):
        check(after, values_of(after))
    for x, y in zip(results(before), results(after), strict=True):
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_array_equal(x, y, strict=True)
        number = ~np.isnan(x)
        np.testing.assert_array_equal(np.signbit(x)[number], np.signbit(y)[number])


def operations(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes if node.op is not None]
