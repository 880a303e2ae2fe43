"""What the algebra must know of a value besides its entries: how they lie in memory, and who reads them how.

The order of the entries in memory decides the order in which a sum adds them, and so its last bits. A rewrite is exact
only if it leaves that order too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node

_ROUNDED = frozenset({ops.add, ops.subtract, ops.multiply, ops.divide, ops.negative, ops.astype})
"""Each entry of the result is the exact one, rounded."""

_COMPARISONS = frozenset({ops.equal, ops.not_equal, ops.less, ops.less_equal, ops.greater, ops.greater_equal})

EXACT = _ROUNDED | _COMPARISONS | {ops.where, ops.logical_and, ops.logical_or, ops.logical_not}
"""Elementwise operations that give an entry the same bits in a row of many as alone: exp and others may not."""

_POWERS = frozenset({ops.exp, ops.log, ops.log1p, ops.sqrt, ops.power, ops.square, ops.reciprocal})
_BENT = frozenset({ops.relu, ops.absolute, ops.sign, ops.maximum, ops.minimum})
_CURVED = frozenset({ops.tanh, ops.sigmoid, ops.softplus, ops.log_sigmoid})
_FRESH = EXACT | _POWERS | _BENT | _CURVED | {ops.positive}
"""Elementwise operations, whose result is an array of its own."""

_REDUCTIONS = frozenset({ops.reduce_sum, ops.mean, ops.var, ops.reduce_max, ops.reduce_min})
_SOFTMAX = frozenset({ops.logsumexp, ops.softmax, ops.log_softmax})
_ROWS_OF_ROWS = _REDUCTIONS | _SOFTMAX | {ops.reshape, ops.stop_gradient}
"""Further operations whose result lies in rows if their operand does."""

_PASSED_THROUGH = frozenset({ops.reshape, ops.broadcast_to, ops.negative})
"""Operations that a rewrite may take out between a value and those who read it."""

_ACTIVATIONS = frozenset({ops.relu, ops.relu6, ops.hard_tanh, ops.leaky_relu})


@dataclass
class Facts:
    """What is known of the nodes of a graph, and of those that have taken their place."""

    in_rows: set[Node]
    """Values that surely lie in memory row by row, if the inputs do."""
    whole: set[Node]
    """Values not read entry by entry only, by operations whose results lie in rows however these do."""
    activations: dict[Node, list[Node]] = field(default_factory=dict)
    """By what they read: results of functions like relu that are bound already."""

    def follow(self, original: Node, node: Node) -> None:
        """What is known of a node holds for what replaces it, but that a repeated value lies in rows."""
        if original in self.in_rows and node.op is not ops.broadcast_to:
            self.in_rows.add(node)
        if original in self.whole:
            self.whole.add(node)

    def bind(self, node: Node) -> None:
        """Remember an activation."""
        if node.op in _ACTIVATIONS:
            self.activations.setdefault(node.inputs[0], []).append(node)


def facts_of(graph: Graph) -> Facts:
    """The facts of a graph, found in one way forward and one back."""
    in_rows: set[Node] = set()
    for node in graph.nodes:
        if _lies_in_rows(node, in_rows):
            in_rows.add(node)
    return Facts(in_rows, _read_as_a_whole(graph, in_rows))


def _lies_in_rows(node: Node, in_rows: set[Node]) -> bool:
    if not node.shape:
        return True
    if node.op is None:
        return not isinstance(node.value, np.ndarray) or node.value.flags.c_contiguous
    if node.op in _FRESH:
        return len(node.shape) == 1 or _of_rows(node, in_rows)
    if node.op is ops.matmul:
        return len(node.shape) <= 2
    return node.op in _ROWS_OF_ROWS and all([x in in_rows for x in node.operands])


def _of_rows(node: Node, in_rows: set[Node]) -> bool:
    return all([x in in_rows or _keeps_rows(x, in_rows) for x in node.inputs if isinstance(x, Node)])


def _keeps_rows(x: Node, in_rows: set[Node]) -> bool:
    """Whether an elementwise operation that reads x gives rows all the same: x is repeated, or but a single line."""
    if sum([size > 1 for size in x.shape]) <= 1:
        return True
    return x.op is ops.broadcast_to and all([source in in_rows for source in x.operands])


def _read_as_a_whole(graph: Graph, in_rows: set[Node]) -> set[Node]:
    found = set(graph.outputs)
    for reader in reversed(graph.nodes):
        if not _takes_entries(reader, in_rows, found):
            found.update(reader.operands)
    return found


def _takes_entries(reader: Node, in_rows: set[Node], whole: set[Node]) -> bool:
    if reader.op in _PASSED_THROUGH:
        return reader not in whole
    return reader.op in EXACT and reader in in_rows
