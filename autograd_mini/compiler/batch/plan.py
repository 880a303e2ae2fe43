"""Which scalar operations of a program can run together: those that are alike, and of one level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.entries import is_entry
from autograd_mini.compiler.batch.sums import Sum, sums_of
from autograd_mini.compiler.batch.values import Values, is_weak
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.ops import Op, power

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
