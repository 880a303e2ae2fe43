"""Many scalar operations of one kind as one operation on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import Arrays
from autograd_mini.compiler.batch.patterns import distinct_rows
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import Op


def apply_elementwise(
    arrays: Arrays, op: Op, settings: Mapping[str, Any], dtype: np.dtype[Any], ids: Array, results: Array
) -> None:
    """Compute `results`, whose operands are the rows of `ids`, in one operation; equal rows are computed once."""
    rows, which = distinct_rows(ids)
    order, shape = _arranged(arrays, rows)
    operands = _weakened([arrays.read(column.reshape(shape)) for column in rows[order].T])
    node = arrays.emit(Node(shape, dtype, op, tuple(operands), settings))
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    arrays.hold(node, results, places[which])


def _arranged(arrays: Arrays, rows: Array) -> tuple[Array, tuple[int, ...]]:
    """An order and a shape in which operands are whole arrays, or repeat along an axis.

    Else the order of the program, which is a walk from the results: what is read together comes together.
    """
    if len(rows) == 1:
        return np.zeros(1, np.intp), ()
    for column in rows.T:
        order = np.lexsort((arrays.place_of[column], arrays.array_of[column]))
        whole = arrays.whole(column[order])
        if whole is not None:
            return order, whole.shape
    return _grid(arrays, rows) or (np.arange(len(rows)), (len(rows),))


def _grid(arrays: Arrays, rows: Array) -> tuple[Array, tuple[int, ...]] | None:
    """The order for two operands of which each value meets each."""
    if rows.shape[1] != 2:
        return None
    (left, i), (right, j) = (distinct_rows(column[:, None]) for column in rows.T)
    if len(left) * len(right) != len(rows) or 1 in (len(left), len(right)):
        return None
    return np.lexsort((j, i)), (len(left), len(right))


def _weakened(operands: list[Any]) -> list[Any]:
    """The operands with a NumPy scalar as a Python number where that computes the same."""
    others = [x.dtype for x in operands if isinstance(x, Node)]
    if not others:
        return operands
    common = np.result_type(*others)
    return [x.item() if not isinstance(x, Node) and x.dtype == common else x for x in operands]
