"""One operation on all gradients at once, where an optimiser scales each of them by the same number."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node, substituted
from autograd_mini.ops import Op
from autograd_mini.ops.op import REQUIRED

gathered = Op(
    "gathered",
    lambda *arrays: np.concatenate([array.ravel() for array in arrays]),
    None,
    variadic=True,
    doc="The entries of several arrays in one row: those of gradients that are kept have one memory.",
)

section = Op(
    "section",
    lambda x, *, start, shape: x[start : start + math.prod(shape)].reshape(shape),
    None,
    settings={"start": REQUIRED, "shape": REQUIRED},
    doc="A part of a row of entries, as an array.",
)


def joined(graph: Graph, kept: Mapping[int, Node | None]) -> Graph:
    """The graph with one product in place of `number * gradient` for each gradient that is kept, if there are several.

    Every product is the same, bit for bit; small nets have as many calls for their update as for all else.
    """
    slopes = [graph.outputs[position] for position, target in kept.items() if target is None]
    products = _products(graph, slopes)
    if len(slopes) < 2 or list(products) != slopes or len({slope.dtype for slope in slopes}) > 1:
        return graph
    number = _number(products[slopes[0]])
    row = Node((sum(math.prod(x.shape) for x in slopes),), slopes[0].dtype, gathered, tuple(slopes))
    scaled = Node(row.shape, row.dtype, ops.multiply, (number, row), name="scaled")
    starts = itertools.accumulate((math.prod(x.shape) for x in slopes), initial=0)
    parts = {products[slope]: _part(scaled, start, slope) for start, slope in zip(starts, slopes)}
    return substituted(graph, parts)


def _part(scaled: Node, start: int, slope: Node) -> Node:
    """The part of the row of products that belongs to one gradient."""
    name = f"scaled_{slope.name}" if slope.name else "scaled"
    return Node(slope.shape, slope.dtype, section, (scaled,), {"start": start, "shape": slope.shape}, name)


def _products(graph: Graph, slopes: list[Node]) -> dict[Node, Node]:
    """The product of each gradient and the number that the first of them is multiplied with."""
    found: dict[Node, Node] = {}
    wanted = set(slopes)
    for node in graph.nodes:
        if node.op is ops.multiply and node.inputs[1] in wanted and _is_number(node.inputs[0]):
            found.setdefault(node.inputs[1], node)
    numbers = {_number(node) for node in found.values()}
    return {slope: found[slope] for slope in slopes if slope in found} if len(numbers) == 1 else {}


def _is_number(x: Any) -> bool:
    return isinstance(x, Node) and x.shape == () and x.source is not None


def _number(product: Node) -> Any:
    return product.inputs[0]
