"""Graph to graph: the same results from fewer and cheaper operations."""

from __future__ import annotations

from autograd_mini.compiler.graph import Graph
from autograd_mini.compiler.passes.algebra import simplified as simplified
from autograd_mini.compiler.passes.rewriting import with_folded as with_folded
from autograd_mini.compiler.passes.rewriting import with_shared as with_shared
from autograd_mini.compiler.passes.rewriting import without_dead as without_dead
from autograd_mini.compiler.passes.scatter import with_scatters as with_scatters
from autograd_mini.compiler.passes.short import with_short_forms as with_short_forms

_ROUNDS = 8


def optimised(graph: Graph) -> Graph:
    """The graph after all passes, repeated until nothing changes, and at most a few times.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> print(text(optimised(graph_of([(ag.exp(x) * 1 + -ag.exp(x)) ** 2], {x: "argument 0"}, {}))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = exp(%0)
    %2 float64 (2,) = subtract(%1, %1)
    %3 float64 (2,) = square(%2)
    return %3
    """
    graph = without_dead(graph)
    for _ in range(_ROUNDS):
        before = graph
        for improve in (with_folded, with_shared, simplified, without_dead):
            graph = improve(graph)
        if graph == before:
            break
    return graph
