"""Operations of several steps as these steps, so that each step can have a buffer of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node, replaced, with_inputs
from autograd_mini.ops import Op
from autograd_mini.ops.indexing import SLOT
from autograd_mini.ops.losses import careful_if_infinite, check_range
from autograd_mini.ops.op import REQUIRED
from autograd_mini.ops.reductions import reduce_max, reduce_sum
from autograd_mini.tensor import SAVED


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


_SMALL = 65_536
"""Entries of an array that stays in the cache while it is read."""
_SHORT = 64
"""Entries of a row that is shorter than what it takes to start on it."""


def lowered(graph: Graph) -> Graph:
    """The graph with each operation of several steps written out; the values are the same, bit for bit."""
    producers = {producer for node in graph.nodes if node.op is SAVED for producer in node.operands}
    made: dict[Node, Node] = {}
    saved: dict[Node, Node] = {}
    for node in graph.nodes:
        fresh = with_inputs(node, made)
        if node.op is SAVED:
            made[node] = saved.get(node.inputs[0], fresh)
        elif node.op is ops.softmax_cross_entropy and node in producers and node.dtype != np.float16:
            made[node], saved[node] = _cross_entropy(fresh)
        else:
            made[node] = _LOWERED[node.op](fresh) if node.op in _LOWERED else fresh
    return replaced(graph, made)


def _step(like: Node, op: Op, *inputs: Any, shape: tuple[int, ...] | None = None, **settings: Any) -> Node:
    """A step on the way to a node, of its dtype and, unless said otherwise, of its shape."""
    return Node(like.shape if shape is None else shape, like.dtype, op, inputs, settings)


def _affine(node: Node) -> Node:
    x, w, b = node.inputs
    if not isinstance(x, Node) or not isinstance(w, Node) or not isinstance(b, Node) or b.dtype != node.dtype:
        return node
    product = Node(node.shape, np.result_type(x.dtype, w.dtype), ops.matmul, (x, w))
    return replace(node, op=ops.add, inputs=(product, b))


def _relu(node: Node) -> Node:
    # Against an array NumPy finds the larger with vector instructions, against a number it does not.
    in_cache = len(node.shape) > 0 and math.prod(node.shape) <= _SMALL and node.dtype in (np.float32, np.float64)
    return replace(node, op=ops.maximum, inputs=(*node.inputs, _zeros(node) if in_cache else 0))


def _zeros(node: Node) -> Node:
    return Node(node.shape, node.dtype, value=np.zeros(node.shape, node.dtype), name="zeros")


def _mean(node: Node) -> Node:
    (x,) = node.inputs
    if not isinstance(x, Node) or x.dtype != node.dtype or node.dtype == np.float16 or not x.shape or 0 in x.shape:
        return node
    total = replace(node, op=reduce_sum, name=None)
    count = math.prod(x.shape) // math.prod(node.shape)
    return replace(node, op=ops.divide, inputs=(total, count), settings={})


_LOWERED: dict[Op, Callable[[Node], Node]] = {ops.affine: _affine, ops.relu: _relu, ops.mean: _mean}


def _largest_in_rows(z: Node) -> Node:
    """The largest entry of each row, as a column. Short rows are turned first: along them NumPy goes entry by entry."""
    count, length = z.shape
    if length > _SHORT:
        return _step(z, reduce_max, z, shape=(count, 1), axis=1, keepdims=True)
    turned = _step(z, in_columns, z, shape=(length, count))
    largest = _step(z, reduce_max, turned, shape=(count,), axis=0, keepdims=False)
    return Node((count, 1), z.dtype, ops.reshape, (largest,), {"shape": (count, 1)})


def _cross_entropy(node: Node) -> tuple[Node, Node]:
    """The loss and its deltas, step by step as the operation itself computes them."""
    z, y = node.inputs
    count, classes = z.shape
    row = z.shape[:1]
    labels = Node(y.shape, y.dtype, checked_labels, (y,), {"classes": classes})
    rows = Node(row, np.dtype(np.intp), value=np.arange(count), name="rows")
    place = {"index": (SLOT, SLOT)}
    largest = _largest_in_rows(z)
    below = _step(z, ops.subtract, z, largest)
    of_label = _step(z, ops.getitem, below, rows, labels, shape=row, **place)
    powers = _step(z, assigned, _step(z, ops.exp, below), rows, labels, 0)
    rest = _step(z, reduce_sum, powers, shape=row, axis=1, keepdims=False)
    grown = _step(z, ops.add, rest, _step(z, ops.expm1, of_label, shape=row), shape=row)
    losses = _step(z, ops.subtract, _step(z, ops.log1p, grown, shape=row), of_label, shape=row)
    total = _step(z, ops.add, rest, _step(z, ops.exp, of_label, shape=row), shape=row)
    signed = _step(z, assigned, powers, rows, labels, _step(z, ops.negative, rest, shape=row))
    column = Node((count, 1), z.dtype, ops.reshape, (total,), {"shape": (count, 1)})
    deltas = _step(z, ops.divide, signed, column)
    summed = _step(z, reduce_sum, losses, shape=(), axis=None, keepdims=False)
    loss = replace(node, op=ops.divide, inputs=(summed, count), name=None)
    checked = replace(node, op=careful_loss, inputs=(loss, deltas, z, y))
    return checked, Node(z.shape, z.dtype, SAVED, (checked,))
