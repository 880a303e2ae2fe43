"""Which scalar operations of a program can run together: those that are alike, and of one level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.entries import is_entry
from autograd_mini.compiler.batch.values import Values, is_weak
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.ops import Op, add, multiply, negative, power, subtract

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
    stack = _terms_of(root, False)
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
            stack += _terms_of(x, minus)
    return found, opened


def _terms_of(node: Node, minus: bool) -> list[tuple[Any, bool]]:
    """The terms of an addition, subtraction or negation with their signs, the first one last."""
    if node.op is negative:
        return [(node.inputs[0], not minus)]
    return [(node.inputs[1], minus is not (node.op is subtract)), (node.inputs[0], minus)]


# ----------------------------------------------------------------------------------------------------------------- plan


LEAST = 8
"""So many scalar operations take longer than one on an array and the reads that it needs."""


@dataclass(slots=True)
class Group:
    """Scalar operations that differ in their operands alone: a row of `ids` for each of `results`.

    Without an operation they are sums, and `counts` says how many of the ids belong to each part of a `Sum`.
    """

    op: Op | None
    dtype: np.dtype[Any]
    counts: tuple[int, ...]
    example: Node
    ids: Array
    results: Array

    @property
    def pays(self) -> bool:
        """Whether there is enough to compute for operations on arrays."""
        return self.pays_for(len(self.results), self.ids.size)

    def pays_for(self, results: int, ids: int) -> bool:
        """The same for so many members with so many operands: sums of products take a few array operations."""
        if self.op is not None:
            return results >= LEAST
        return ids >= (4 * LEAST if self.counts[0] + self.counts[1] else LEAST)

    def part(self, number: int) -> Array:
        """The ids of one part of the sums, a row for each sum."""
        stop = sum(self.counts[: number + 1])
        return self.ids[:, stop - self.counts[number] : stop]

    def chosen(self, rows: Array) -> Group:
        """The members at some rows."""
        return Group(self.op, self.dtype, self.counts, self.example, self.ids[rows], self.results[rows])


@dataclass(slots=True)
class Level:
    """What reads only values of earlier levels: the groups, and the entries of arrays."""

    groups: list[Group] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Members:
    node: Node
    counts: tuple[int, ...]
    ids: list[int] = field(default_factory=list)
    results: list[int] = field(default_factory=list)

    def group(self, op: Op | None) -> Group:
        ids = np.array(self.ids, np.intp).reshape(len(self.results), -1)
        return Group(op, self.node.dtype, self.counts, self.node, ids, np.array(self.results, np.intp))


def planned(graph: Graph, values: Values) -> list[Level]:
    """The levels of a program, all nodes counted: no group waits for another of its level."""
    sums, inside = sums_of(graph, values)
    depths = _depths(graph, values, sums, inside)
    crowd = Counter(depths)
    levels = [Level() for _ in range(max(depths, default=0) + 1)]
    members: dict[tuple[Any, ...], _Members] = {}
    for position, (node, depth) in enumerate(zip(graph.nodes, depths)):
        if node.op is None or position in inside:
            continue
        found = _sum_operands(node, sums[position]) if position in sums else None
        if found is None and crowd[depth] >= LEAST:
            found = _operands(node, values)
        if found is not None:
            key, counts, ids = found
            alike = members.setdefault((depth, *key), _Members(node, counts))
            alike.ids += ids
            alike.results.append(position)
        elif is_entry(node):
            levels[depth].entries.append(position)
    for (depth, op, *_), alike in members.items():
        if op is None or len(alike.results) >= LEAST:
            levels[depth].groups.append(alike.group(op))
    return levels


def _depths(graph: Graph, values: Values, sums: Mapping[int, Sum], inside: Set[int]) -> list[int]:
    """How many nodes are one behind the other up to each; those inside of a sum are none."""
    depths = [0] * values.count
    index = values.index
    for position, node in enumerate(graph.nodes):
        if position in sums:
            read = [x for part in sums[position].parts for x in part if x < values.count]
        elif node.op is None or position in inside:
            continue
        else:
            read = [index[x] for x in node.inputs if isinstance(x, Node)]
        depths[position] = 1 + max([depths[x] for x in read], default=0)
    return depths


_Found = tuple[tuple[Hashable, ...], tuple[int, ...], list[int]]


def _sum_operands(node: Node, found: Sum) -> _Found:
    counts = tuple([len(part) for part in found.parts])
    return (None, node.dtype, counts), counts, [x for part in found.parts for x in part]


def _operands(node: Node, values: Values) -> _Found | None:
    """What an operation on scalars has in common with others like it, and its operands; None if it stays alone."""
    if node.op is None or node.shape != () or not node.op.elementwise or node.op.saves:
        return None
    ids, kinds = [], []
    for x in node.inputs:
        dtype = x.dtype if isinstance(x, Node) else _dtype_of(x, node)
        if dtype is None:
            return None
        ids.append(values.index[x] if isinstance(x, Node) else values.constant(x, dtype))
        kinds.append((dtype, x if node.op is power and not isinstance(x, Node) else isinstance(x, Node)))
    settings = tuple(node.settings.items())
    try:
        hash(settings)
    except TypeError:
        return None
    return (node.op, node.dtype, settings, tuple(kinds)), (len(ids),), ids


def _dtype_of(x: Any, node: Node) -> np.dtype[Any] | None:
    """The dtype in which an operation computes with a number; None if there is no such."""
    if isinstance(x, np.generic):
        return x.dtype
    try:
        dtype = np.result_type(*[y if is_weak(y) else y.dtype for y in node.inputs])
        if dtype.kind in "iu":
            dtype.type(x)
    except (TypeError, OverflowError):
        return None
    return dtype
