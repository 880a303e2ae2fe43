"""Values that nobody needs are not computed."""

from __future__ import annotations

from autograd_mini.compiler.graph import Graph, Node


def without_dead(graph: Graph) -> Graph:
    """The graph without the nodes, inputs among them, that no output is computed from."""
    needed: set[Node] = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.operands)
    if len(needed) == len(graph.nodes):
        return graph
    return Graph(tuple([node for node in graph.nodes if node in needed]), graph.outputs)
