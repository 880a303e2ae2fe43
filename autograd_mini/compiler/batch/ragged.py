"""Sums of many lengths, whose terms meet no other's in a table: all terms in a row, added up by the sum they are of."""

from __future__ import annotations

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import Arrays, constant
from autograd_mini.compiler.batch.combine import combined
from autograd_mini.compiler.batch.patterns import distinct_rows
from autograd_mini.compiler.batch.plan import Group
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import multiply, scatter_add
from autograd_mini.ops.indexing import SLOT


def is_table(group: Group) -> bool:
    """Whether factors are shared between the products of a group of sums, or its terms are its own table."""
    factors = group.ids[:, : group.counts[0] + group.counts[1]]
    if factors.shape[1] == 0:
        return len(factors) > 2
    (left, _), (right, _) = (distinct_rows(factors[:, side::2]) for side in (0, 1))
    return len(factors) > 2 and len(left) * len(right) <= 2 * len(factors)


def add_ragged(arrays: Arrays, groups: list[Group]) -> Array:
    """The numbers of new values: the sums of some groups of one dtype, one after the other."""
    totals: list[list[Array]] = []
    count = sum(len(group.results) for group in groups)
    for part in range(4):
        tables = [group.part(part) for group in groups]
        terms = np.concatenate([table.reshape(-1) for table in tables])
        if terms.size == 0:
            totals.append([])
            continue
        width = 2 if part < 2 else 1
        rows = np.repeat(np.arange(count), [table.shape[1] // width for table in tables for _ in table])
        vector = _products(arrays, terms) if part < 2 else arrays.read_fully(terms)
        added = arrays.apply(scatter_add, (vector, constant(rows)), (count,), {"index": (SLOT,), "shape": (count,)})
        totals.append([arrays.fresh(count)])
        arrays.hold(added, totals[-1][0])
    return combined(arrays, [*totals[0], *totals[2]], [*totals[1], *totals[3]])


def _products(arrays: Arrays, factors: Array) -> Node:
    left, right = arrays.read_fully(factors[0::2]), arrays.read(factors[1::2])
    return arrays.apply(multiply, (left, right), left.shape, {})
