"""The order of a program: first what the value needs, then what the gradients need, then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.sources import Argument, Outside


def in_parts(graph: Graph, ends: Mapping[str, int]) -> tuple[Graph, dict[str, int]]:
    """The graph in the order of its parts, and the number of nodes of each.

    A part has a title and the number of outputs that are there when it ends.
    """
    ranks: dict[Node, int] = {}
    for rank, count in enumerate(ends.values()):
        for node in _needed(graph, count):
            ranks.setdefault(node, rank)
    for node in graph.inputs:
        if node in ranks:
            ranks[node] = 0
    nodes = sorted((node for node in graph.nodes if node in ranks), key=lambda node: (ranks[node], _kind(node)))
    counts = {title: sum(rank == i for rank in ranks.values()) for i, title in enumerate(ends)}
    return Graph(tuple(nodes), graph.outputs), counts


def _kind(node: Node) -> int:
    """What comes first within a part: arguments, what is read from outside, the other inputs, all else."""
    kinds = (Argument, Outside, object) if node.source is not None else ()
    return next((i for i, kind in enumerate(kinds) if isinstance(node.source, kind)), 3)


def _needed(graph: Graph, count: int) -> Iterator[Node]:
    """What the first outputs are computed from."""
    wanted = set(graph.outputs[:count])
    for node in reversed(graph.nodes):
        if node in wanted:
            wanted.update(node.operands)
            yield node
