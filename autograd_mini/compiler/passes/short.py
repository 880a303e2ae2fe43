"""Fewer calls for small arrays, whose time is that of the calls.

Both rewrites change the last digits at most: an inner product adds up in another order than a sum of products, and a
product by twice a number differs from twice the product where that is subnormal.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node, rebuilt
from autograd_mini.ops import Op
from autograd_mini.ops.reductions import reduce_sum

SMALL = 4096
"""Entries up to which an inner product is as exact as NumPy's sum by halves, nearly enough."""

vdot = Op("vdot", np.vdot, None, None, doc="The sum of the products of all entries.")


def with_short_forms(graph: Graph) -> Graph:
    """The graph with sum(x * y) as an inner product where x * y is small, and c * x + c * x as (2 c) * x.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> from autograd_mini.compiler.passes import without_dead
    >>> x = ag.Tensor([1.0, 2.0])
    >>> print(text(without_dead(with_short_forms(graph_of([(x * x).sum()], {x: "argument 0"}, {})))))
    %0 float64 (2,) = argument 0
    %1 float64 () = vdot(%0, %0)
    return %1
    """
    reads = Counter(x for node in graph.nodes for x in node.operands)
    reads.update(graph.outputs)
    products = {node: reads[node] for node in graph.nodes if node.op is ops.multiply}

    def change(node: Node) -> Node:
        if node.op is reduce_sum:
            return _as_inner_product(node, products)
        return _doubled(node, products) if node.op is ops.add else node

    return rebuilt(graph, change)


def _as_inner_product(node: Node, products: dict[Node, int]) -> Node:
    (x,) = node.inputs
    if node.shape or products.get(x) != 1 or node.dtype == np.float16 or math.prod(x.shape) > SMALL:
        return node
    same = all(isinstance(y, Node) and (y.shape, y.dtype) == (x.shape, x.dtype) for y in x.inputs)
    return replace(node, op=vdot, inputs=x.inputs, settings={}) if same and x.dtype == node.dtype else node


def _doubled(node: Node, products: dict[Node, int]) -> Node:
    x, y = node.inputs
    if x is not y or products.get(x) != 2 or not _can_double(x.inputs[0], node.dtype):
        return node
    return replace(node, op=ops.multiply, inputs=(x.inputs[0] + x.inputs[0], x.inputs[1]))


def _can_double(x: Any, dtype: np.dtype[Any]) -> bool:
    """Whether x is a number that is finite in a dtype of floats, twice x too; a small integer would overflow."""
    if dtype.kind != "f" or not (type(x) in (int, float) or (isinstance(x, np.floating) and x.dtype == dtype)):
        return False
    return bool(abs(x) <= np.finfo(dtype).max / 2)
