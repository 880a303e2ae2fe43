"""Chains of additions as one sum of many terms, each a value or a product of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd_mini.compiler.batch.values import Values, is_weak
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.ops import add, multiply, negative, subtract

_ADDING = frozenset({add, subtract})
_OPENED = _ADDING | {multiply, negative}


@dataclass(slots=True)
class Sum:
    """The terms of a sum as numbers of values, by what becomes of them.

    Products are pairs, one after the other: x, y, x, y. Additions of the number 0 are left out.
    """

    added_products: list[int]
    subtracted_products: list[int]
    added: list[int]
    subtracted: list[int]

    @property
    def parts(self) -> tuple[list[int], list[int], list[int], list[int]]:
        return self.added_products, self.subtracted_products, self.added, self.subtracted

    @property
    def merges(self) -> bool:
        """Whether it is more than an addition."""
        products = len(self.added_products) + len(self.subtracted_products)
        terms = products // 2 + len(self.added) + len(self.subtracted)
        return terms > 2 or products > 2


def sums_of(graph: Graph, values: Values) -> tuple[dict[int, Sum], set[int]]:
    """The sums of a graph by the number of their last addition, and the nodes that are inside of them."""
    readers = _readers(graph, values)
    sums: dict[int, Sum] = {}
    inside: set[int] = set()
    for position in range(values.count - 1, -1, -1):
        node = graph.nodes[position]
        if node.op in _ADDING and position not in inside and _is_uniform(node):
            found, opened = _terms(node, readers, values)
            if found.merges:
                sums[position] = found
                inside.update(opened)
    return sums, inside


def _readers(graph: Graph, values: Values) -> list[int]:
    """How often each node is read; an output is read once more, by the caller."""
    counts = [0] * values.count
    index = values.index
    for node in graph.nodes:
        for x in node.inputs:
            if isinstance(x, Node):
                counts[index[x]] += 1
    for node in graph.outputs:
        counts[index[node]] += 1
    return counts


def _is_uniform(node: Node) -> bool:
    """Whether a node computes with scalars of one float dtype, so that nothing is rounded by a cast."""
    if node.shape != () or node.dtype.kind != "f":
        return False
    dtype = node.dtype
    return all([is_weak(x) or x.dtype is dtype or x.dtype == dtype for x in node.inputs])


def _terms(root: Node, readers: list[int], values: Values) -> tuple[Sum, list[int]]:
    """The sum that a node is the end of, and the nodes between its terms and the end."""
    found = Sum([], [], [], [])
    opened: list[int] = []
    stack = _operands(root, False)
    while stack:
        x, minus = stack.pop()
        if not isinstance(x, Node):
            if x:
                (found.subtracted if minus else found.added).append(values.constant(x, root.dtype))
            continue
        position = values.index[x]
        if x.op not in _OPENED or readers[position] != 1 or x.dtype != root.dtype or not _is_uniform(x):
            (found.subtracted if minus else found.added).append(position)
            continue
        opened.append(position)
        if x.op is multiply:
            products = found.subtracted_products if minus else found.added_products
            products += [values.index[y] if isinstance(y, Node) else values.constant(y, x.dtype) for y in x.inputs]
        else:
            stack += _operands(x, minus)
    return found, opened


def _operands(node: Node, minus: bool) -> list[tuple[Any, bool]]:
    """The terms of an addition, subtraction or negation with their signs, the first one last."""
    if node.op is negative:
        return [(node.inputs[0], not minus)]
    return [(node.inputs[1], minus is not (node.op is subtract)), (node.inputs[0], minus)]
