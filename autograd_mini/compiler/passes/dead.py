"""Values that nobody needs are not computed."""

from __future__ import annotations

from autograd_mini.compiler.graph import Graph, Node


def without_dead(graph: Graph) -> Graph:
    """The graph without the nodes, inputs among them, that no output is computed from.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> graph = graph_of([ag.exp(x), ag.log(x)], {x: "argument 0"}, {})
    >>> print(text(without_dead(Graph(graph.nodes, graph.outputs[:1]))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = exp(%0)
    return %1
    """
    needed: set[Node] = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.operands)
    if len(needed) == len(graph.nodes):
        return graph
    return Graph(tuple([node for node in graph.nodes if node in needed]), graph.outputs)
