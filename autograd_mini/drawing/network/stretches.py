"""The parts of a graph between its layers: what stands there, and whether a picture of layers may leave it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.drawing.network.products import plain, trains
from autograd_mini.errors import describe
from autograd_mini.ops.joining import concatenate_arrays
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class Stretch:
    """What is computed from a product, or from the data, up to the next product.

    `start` is the product, None if there is none. `nodes` are the Tensors computed from it, in order; `leaves` the
    arrays and leaf Tensors that are read on the way.
    """

    start: Tensor | None
    nodes: tuple[Tensor, ...]
    leaves: tuple[Any, ...]

    def carries(self, x: Any) -> bool:
        """Whether x is the start or computed from it. Without a start, everything is the data."""
        return self.start is None or x is self.start or (isinstance(x, Tensor) and x in self._computed)

    @cached_property
    def _computed(self) -> frozenset[Tensor]:
        return frozenset(self.nodes)


def stretch(top: Any, products: Mapping[Tensor, Any], position: Mapping[Tensor, int]) -> Stretch:
    """The stretch that ends with `top`; ValueError where it joins two layers."""
    nodes, starts, leaves = _walk(top, products)
    nodes.sort(key=position.__getitem__)
    starts.sort(key=position.__getitem__)
    reached = {start: frozenset({index}) for index, start in enumerate(starts)}
    for node in nodes:
        sources = [reached[x] for x in node.inputs if isinstance(x, Tensor) and x in reached]
        reached[node] = frozenset[int]().union(*sources)
        if len(reached[node]) > 1:
            raise refusal(node, "joins " + " and ".join(describe(starts[index]) for index in sorted(reached[node])))
    if not starts:
        return Stretch(None, tuple(nodes), tuple(leaves))
    return Stretch(starts[0], tuple(node for node in nodes if reached[node]), tuple(leaves))


def _walk(top: Any, products: Mapping[Tensor, Any]) -> tuple[list[Tensor], list[Tensor], list[Any]]:
    """The computed Tensors above the products, these products, and the leaves."""
    nodes: list[Tensor] = []
    starts: list[Tensor] = []
    leaves: list[Any] = []
    stack, seen = [top], set()
    while stack:
        x = stack.pop()
        if not isinstance(x, Tensor):
            leaves.append(x)
        elif x not in seen:
            seen.add(x)
            (starts if x in products else leaves if x.op is None else nodes).append(x)
            stack += () if x in products else x.inputs
    return nodes, starts, leaves


def refusal(node: Tensor, reason: str) -> ValueError:
    """What is raised for a graph that is no chain of layers."""
    op = node.op.name if node.op else "leaf"
    return ValueError(f"draw_network: {op}: {describe(node)} {reason}, so this is no chain of layers; use ag.draw")


def is_reshaped(node: Tensor) -> bool:
    """Whether a node has the entries of its only input, with other axes."""
    if node.op is ops.transpose:
        return True
    return node.op is ops.reshape and _long_axes(node) == _long_axes(node.inputs[0])


def _long_axes(x: Any) -> list[int]:
    return [size for size in np.shape(x) if size != 1]


def has_constant_unit(node: Tensor, part: Stretch) -> bool:
    """Whether a node appends a unit that is always 1, whose weights are the biases of the next layer."""
    others = [x for x in node.inputs if not part.carries(x)]
    if node.op is not concatenate_arrays or len(node.inputs) != 2 or len(others) != 1 or trains(others[0]):
        return False
    axis = node.settings["axis"]
    return np.shape(others[0])[axis] == 1 and bool(np.all(plain(others[0]) == 1))


def is_activation(node: Tensor, part: Stretch) -> bool:
    """Whether a node keeps the shape and the order of the units, and brings in no further parameters."""
    carried = [x for x in node.inputs if part.carries(x) and np.ndim(x)] or node.inputs
    if any(np.shape(x) != node.shape for x in carried):
        return False
    others = [x for x in node.inputs if not part.carries(x)]
    return (is_elementwise(node) or _is_function_of_rows(node)) and not any(map(trains, others))


def _is_function_of_rows(node: Tensor) -> bool:
    """Whether a node is a softmax, or an operation of one array that users have added; others may permute units."""
    own = node.op is not None and node.op.__module__.startswith("autograd_mini.ops")
    return node.op in (ops.softmax, ops.log_softmax) or (len(node.inputs) == 1 and not own)


def is_elementwise(node: Tensor) -> bool:
    """Whether each entry of a node is computed from the entries at its place."""
    return node.op is not None and node.op.elementwise
