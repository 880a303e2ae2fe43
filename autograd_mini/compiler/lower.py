"""Operations of several steps as these steps, so that each step can have a buffer of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.classifier import cross_entropy
from autograd_mini.compiler.graph import Graph, Node, replaced, with_inputs
from autograd_mini.ops import Op
from autograd_mini.ops.reductions import reduce_sum
from autograd_mini.tensor import SAVED

_SMALL = 65_536
"""Entries of an array that stays in the cache while it is read."""


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
            made[node], saved[node] = cross_entropy(fresh)
        else:
            made[node] = _LOWERED[node.op](fresh) if node.op in _LOWERED else fresh
    return replaced(graph, made)


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
