"""Rewrites that leave every bit as it is: units, signs, shapes and masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.passes import arithmetic, masks, movement
from autograd_mini.compiler.passes.facts import EXACT, Facts, facts_of
from autograd_mini.compiler.passes.rewriting import rewritten
from autograd_mini.ops import Op

Rule = Callable[[Node, Facts], Node | None]

_TABLES: tuple[Mapping[Op, tuple[Rule, ...]], ...] = (
    arithmetic.RULES,
    movement.RULES,
    dict.fromkeys(EXACT, (movement.repeats_nothing,)),
    masks.RULES,
)

RULES: dict[Op, tuple[Rule, ...]] = {
    op: tuple([rule for table in _TABLES for rule in table.get(op, ())])
    for op in {op for table in _TABLES for op in table}
}
"""The rules for each operation: each gives what a node can be replaced by, or None."""


def simplified(graph: Graph) -> Graph:
    """The graph with each node replaced by something cheaper of the same value, where a rule knows it.

    Values are the same to the last bit, and -0.0, NaN and infinities stay, if the arrays put into the program lie in
    memory row by row; otherwise a sum may add in another order. Shapes and dtypes stay.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> from autograd_mini.compiler.passes import without_dead
    >>> print(text(without_dead(simplified(graph_of([x * 1.0 + -ag.exp(x)], {x: "argument 0"}, {})))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = exp(%0)
    %2 float64 (2,) = subtract(%0, %1)
    return %2
    """
    facts = facts_of(graph)

    def change(original: Node, node: Node) -> Node:
        if node is not original:
            facts.follow(original, node)
        new = _changed(node, facts)
        if new is not node:
            facts.follow(original, new)
        facts.bind(new)
        return new

    return rewritten(graph, change)


def _changed(node: Node, facts: Facts) -> Node:
    for rule in RULES.get(node.op, ()) if node.op is not None else ():
        new = rule(node, facts)
        if new is not None and (new.shape, new.dtype) == (node.shape, node.dtype):
            return new
    return node
