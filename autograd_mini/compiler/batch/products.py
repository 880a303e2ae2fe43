"""Many sums of products: matrix products where every row of factors meets every other, else products and sums."""

from __future__ import annotations

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import Arrays
from autograd_mini.compiler.batch.patterns import components, distinct_rows
from autograd_mini.compiler.batch.plan import LEAST
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import broadcast_to, matmul, multiply, reduce_sum, transpose


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
