"""What the passes share: replacing nodes without losing names, and whether an operation may be replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from autograd_mini.compiler.graph import Graph, Node, rebuilt, with_inputs
from autograd_mini.ops import Op
from autograd_mini.tensor import SAVED


def rewritten(graph: Graph, change: Callable[[Node, Node], Node]) -> Graph:
    """The graph with `change(original, node)` in place of each node, which reads what its inputs have become.

    A node without a name that takes the place of a named one takes its name too; inputs and constants keep theirs.
    """
    originals = iter(graph.nodes)  # `rebuilt` asks once for each, in order
    names: dict[Node, str] = {}

    def changed(node: Node) -> Node:
        new = change(next(originals), node)
        if new is not node and node.name and not new.name and new.op is not None:
            names.setdefault(new, node.name)
        return new

    return _renamed(rebuilt(graph, changed), names)


def _renamed(graph: Graph, names: Mapping[Node, str]) -> Graph:
    if not names:
        return graph
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        new = with_inputs(node, made)
        made[node] = replace(new, name=names[node]) if node in names else new
    return Graph(tuple(made.values()), tuple(made[node] for node in graph.outputs))


def is_function(op: Op) -> bool:
    """Whether an operation surely computes the same each time: a user's may draw random numbers."""
    return op is SAVED or op.__module__.startswith("autograd_mini.ops.")
