"""What becomes of a group: array operations where they pay, else the scalar operations that it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import ALONE, Arrays, constant
from autograd_mini.compiler.batch.combine import applied, combined
from autograd_mini.compiler.batch.elementwise import apply_elementwise
from autograd_mini.compiler.batch.patterns import components, distinct_rows
from autograd_mini.compiler.batch.plan import LEAST, Group, Level
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import broadcast_to, matmul, multiply, reduce_sum, scatter_add, transpose
from autograd_mini.ops.indexing import SLOT


def sum_products(arrays: Arrays, left: Array, right: Array) -> Array:
    """The numbers of new values: for each row the sum of `left` times `right`, two tables of numbers."""
    results = arrays.fresh(len(left))
    x, i = distinct_rows(left)
    y, j = distinct_rows(right)
    rest = []
    for members in _connected(i, j):
        if len(members) < min(LEAST, len(left)):
            rest.append(members)
            continue
        pairs = np.unique(np.stack([i[members], j[members]]), axis=1)
        some_i, some_j = np.unique(i[members]), np.unique(j[members])
        cells = len(some_i) * len(some_j)
        if pairs.shape[1] == cells and (cells >= LEAST or len(members) == len(left)):
            rows, columns = np.searchsorted(some_i, i[members]), np.searchsorted(some_j, j[members])
            _multiply_tables(arrays, x[some_i], y[some_j], rows, columns, results[members])
        else:
            rest.append(members)
    if rest:
        members = np.concatenate(rest)
        _multiply_rows(arrays, left[members], right[members], results[members])
    return results


def _connected(i: Array, j: Array) -> list[Array]:
    """The members, in parts that have no row in common."""
    labels = components(i, j)
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _multiply_tables(arrays: Arrays, x: Array, y: Array, rows: Array, columns: Array, results: Array) -> None:
    """x @ y.T, or y @ x.T if the results are in that order."""
    if len(rows) > 1 and rows[0] != rows[1] and len(y) > 1:
        x, y, rows, columns = y, x, columns, rows
    if len(x) == 1 == len(y):
        order = np.lexsort((arrays.place_of[x[0]], arrays.array_of[x[0]]))  # the terms of one sum come in any order
        x, y = x[:, order], y[:, order]
    shape = tuple(n for n in (len(x), len(y)) if n > 1)
    first = arrays.read_fully(x if len(x) > 1 else x[0])
    second = arrays.read_fully(y if len(y) > 1 else y[0])
    if len(x) == 1:
        first, second = second, first
    product = arrays.apply(matmul, (first, _turned(arrays, second)), shape, {})
    arrays.hold(product, results, rows * len(y) + columns)


def _turned(arrays: Arrays, table: Node) -> Node:
    if len(table.shape) < 2:
        return table
    return arrays.apply(transpose, (table,), table.shape[::-1], {"axes": None})


def _multiply_rows(arrays: Arrays, left: Array, right: Array, results: Array) -> None:
    operands = arrays.read(left), arrays.read(right)
    shape = np.broadcast_shapes(*[x.shape for x in operands])
    products = arrays.apply(multiply, operands, shape, {})
    if shape != left.shape:
        products = arrays.apply(broadcast_to, (products,), left.shape, {"shape": left.shape})
    totals = arrays.apply(reduce_sum, (products,), left.shape[:1], {"axis": 1, "keepdims": False})
    arrays.hold(totals, results)


def sum_rows(arrays: Arrays, table: Array) -> Array:
    """The numbers of new values: the sum of each row, whose terms are taken in the order in which they are held."""
    order = np.lexsort((arrays.place_of[table], arrays.array_of[table]))
    table = np.take_along_axis(table, order, 1)
    order = np.argsort(arrays.place_of[table[:, 0]], kind="stable")
    results = arrays.fresh(len(table))
    terms = arrays.read_fully(table[order] if len(table) > 1 else table[0])
    axis = len(terms.shape) - 1
    totals = arrays.apply(reduce_sum, (terms,), terms.shape[:-1], {"axis": axis, "keepdims": False})
    arrays.hold(totals, results[order])
    return results


# ---------------------------------------------------------------------------------------------------------- ragged rows


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


# ------------------------------------------------------------------------------------------------------------- lowering


FEW = 3
"""So many terms are added one by one, in place of making a table of them."""


def lower(arrays: Arrays, level: Level, trained: Array) -> None:
    """Emit the array operations of a level; what stays scalar is emitted when it is read.

    `trained` are the inputs that come first in products, so that weights meet other values on one side.
    """
    for position in level.entries:
        arrays.hold_entry(position)
    sums = [group for group in level.groups if group.op is None]
    for group in sums:
        _put_first(arrays, group, trained)
    ragged = {id(group): group for group in sums if not is_table(group)}
    for dtype in dict.fromkeys(group.dtype for group in ragged.values()):
        _lower_pool(arrays, [group for group in ragged.values() if group.dtype == dtype])
    for group in level.groups:
        if id(group) not in ragged:
            _lower_group(arrays, group)


def _lower_pool(arrays: Arrays, groups: list[Group]) -> None:
    """Emit sums of different lengths together."""
    ids = np.concatenate([group.ids.reshape(-1) for group in groups])
    results = np.concatenate([group.results for group in groups])
    if len(groups) > 1 and groups[0].pays_for(len(results), len(ids)) and _readable(arrays, ids):
        arrays.alias(results, add_ragged(arrays, groups))
        return
    for group in groups:
        _lower_group(arrays, group)


def _lower_group(arrays: Arrays, group: Group) -> None:
    for part in _alike(arrays, group):
        if not part.pays or not _readable(arrays, part.ids):
            continue
        if part.op is None:
            arrays.alias(part.results, _sums(arrays, part))
        else:
            apply_elementwise(arrays, part.op, part.example.settings, part.dtype, part.ids, part.results)


def _readable(arrays: Arrays, ids: Array) -> bool:
    """Whether few arrays hold most operands: many of them, or values alone, would take long to join."""
    held = arrays.array_of[ids]
    sources = len(np.unique(held)) + len(np.unique(ids[held == ALONE]))
    return bool(4 * (sources - 3) <= ids.size)


def _put_first(arrays: Arrays, group: Group, trained: Array) -> None:
    """Swap the factors of products so that all of one array are on one side, to meet those of another as tables."""
    rank = arrays.array_of.copy()
    rank[trained] = -2
    stop = group.counts[0] + group.counts[1]
    left, right = group.ids[:, 0:stop:2].copy(), group.ids[:, 1:stop:2].copy()
    swapped = rank[left] > rank[right]
    group.ids[:, 0:stop:2] = np.where(swapped, right, left)
    group.ids[:, 1:stop:2] = np.where(swapped, left, right)


def _alike(arrays: Arrays, group: Group) -> Iterator[Group]:
    """Large parts of a group that each read their own arrays, and what is left over together."""
    _, which = distinct_rows(arrays.array_of[group.ids])
    order = np.argsort(which, kind="stable")
    rest = []
    for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
        part = group.chosen(rows)
        if part.pays and 4 * len(rows) >= len(order):
            yield part
        else:
            rest.append(rows)
    if rest:
        yield group.chosen(np.sort(np.concatenate(rest)))


def _sums(arrays: Arrays, group: Group) -> Array:
    plus = [*_product_totals(arrays, group.part(0)), *_totals(arrays, group.part(2))]
    minus = [*_product_totals(arrays, group.part(1)), *_totals(arrays, group.part(3))]
    return combined(arrays, plus, minus)


def _product_totals(arrays: Arrays, factors: Array) -> list[Array]:
    left, right = factors[:, 0::2], factors[:, 1::2]
    if left.shape[1] > 1:
        return [sum_products(arrays, left, right)]
    return [applied(arrays, multiply, left[:, 0], right[:, 0])] if left.shape[1] else []


def _totals(arrays: Arrays, terms: Array) -> list[Array]:
    return list(terms.T) if terms.shape[1] <= FEW else [sum_rows(arrays, terms)]
