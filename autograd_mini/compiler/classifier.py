"""The loss of a classifier and its deltas, step by step as the operation itself computes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import Op
from autograd_mini.ops.indexing import SLOT
from autograd_mini.ops.losses import careful_if_infinite, check_range
from autograd_mini.ops.op import REQUIRED
from autograd_mini.ops.reductions import reduce_max, reduce_sum
from autograd_mini.tensor import SAVED

_SHORT = 64
"""Entries of a row that is shorter than what it takes to start on it."""


def _assigned(x: Any, rows: Any, columns: Any, value: Any) -> Any:
    changed = np.array(x)
    changed[rows, columns] = value
    return changed


assigned = Op("assigned", _assigned, None, None, None, None, doc="x, in which x[rows, columns] = value.")

checked_labels = Op(
    "checked_labels",
    check_range,
    None,
    settings={"classes": REQUIRED},
    doc="The labels, if all of them are classes counted from 0; ValueError otherwise.",
)

in_columns = Op(
    "in_columns", lambda x: np.ascontiguousarray(x.T), None, doc="The transpose of a matrix, with a memory of its own."
)

careful_loss = Op(
    "careful_if_infinite",
    careful_if_infinite,
    None,
    None,
    None,
    None,
    saves=True,
    doc="A loss and its deltas, computed with more care if logits were infinite.",
)


def step(like: Node, op: Op, *inputs: Any, shape: tuple[int, ...] | None = None, **settings: Any) -> Node:
    """A step on the way to a node, of its dtype and, unless said otherwise, of its shape."""
    return Node(like.shape if shape is None else shape, like.dtype, op, inputs, settings)


def _largest_in_rows(z: Node) -> Node:
    """The largest entry of each row, as a column. Short rows are turned first: along them NumPy goes entry by entry."""
    count, length = z.shape
    if length > _SHORT:
        return step(z, reduce_max, z, shape=(count, 1), axis=1, keepdims=True)
    turned = step(z, in_columns, z, shape=(length, count))
    largest = step(z, reduce_max, turned, shape=(count,), axis=0, keepdims=False)
    return Node((count, 1), z.dtype, ops.reshape, (largest,), {"shape": (count, 1)})


def cross_entropy(node: Node) -> tuple[Node, Node]:
    """The loss and its deltas, step by step as the operation itself computes them."""
    z, y = node.inputs
    count, classes = z.shape
    row = z.shape[:1]
    labels = Node(y.shape, y.dtype, checked_labels, (y,), {"classes": classes})
    rows = Node(row, np.dtype(np.intp), value=np.arange(count), name="rows")
    place = {"index": (SLOT, SLOT)}
    largest = _largest_in_rows(z)
    below = step(z, ops.subtract, z, largest)
    of_label = step(z, ops.getitem, below, rows, labels, shape=row, **place)
    powers = step(z, assigned, step(z, ops.exp, below), rows, labels, 0)
    rest = step(z, reduce_sum, powers, shape=row, axis=1, keepdims=False)
    grown = step(z, ops.add, rest, step(z, ops.expm1, of_label, shape=row), shape=row)
    losses = step(z, ops.subtract, step(z, ops.log1p, grown, shape=row), of_label, shape=row)
    total = step(z, ops.add, rest, step(z, ops.exp, of_label, shape=row), shape=row)
    signed = step(z, assigned, powers, rows, labels, step(z, ops.negative, rest, shape=row))
    column = Node((count, 1), z.dtype, ops.reshape, (total,), {"shape": (count, 1)})
    deltas = step(z, ops.divide, signed, column)
    summed = step(z, reduce_sum, losses, shape=(), axis=None, keepdims=False)
    loss = replace(node, op=ops.divide, inputs=(summed, count), name=None)
    checked = replace(node, op=careful_loss, inputs=(loss, deltas, z, y))
    return checked, Node(z.shape, z.dtype, SAVED, (checked,))
