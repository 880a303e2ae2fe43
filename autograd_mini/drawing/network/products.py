"""The products of a graph that are layers of a network: a weight times what the layer before computes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class Product:
    """A node that multiplies a signal by a weight, which is its input at position `side`."""

    node: Tensor
    side: int

    @property
    def signal(self) -> Any:
        """What is multiplied by the weight: x, or what the layer before computes."""
        return self.node.inputs[1 - self.side]

    @property
    def weight(self) -> Any:
        """The leaf that holds the weights."""
        return leaf(self.node.inputs[self.side])

    @property
    def matrix(self) -> Any:
        """The weights as an array (units before, units here)."""
        array = plain(self.node.inputs[self.side])
        if array.ndim == 1:
            return array[:, None]
        return array if self.side else array.T

    @property
    def axis(self) -> int:
        """The axis of the units, counted from the end, in the signal; in the result too where the weight has two."""
        return -1 if self.side else -min(np.ndim(self.signal), 2)


@dataclass(frozen=True)
class Addend:
    """What is added to a product at once: at `node` the array `value`, computed from `source`."""

    node: Tensor
    value: Any
    source: Any


def find_products(order: Sequence[Tensor]) -> dict[Tensor, Product]:
    """The products among the nodes of a graph; ValueError if one does not tell the weight from the data."""
    addends = find_addends(order)
    sides = {node: _sides(node, addends.get(node)) for node in order if node.op in (ops.matmul, ops.affine)}
    settled = {possible[0] for possible in sides.values() if len(possible) == 1}
    return {node: Product(node, _side(node, possible, settled)) for node, possible in sides.items() if possible}


def find_addends(order: Iterable[Tensor]) -> dict[Tensor, Addend]:
    """By product, what is added to it or subtracted from it."""
    found = {}
    for node in order:
        if node.op is ops.affine:
            found[node] = Addend(node, plain(node.inputs[2]), leaf(node.inputs[2]))
        elif node.op is ops.add or node.op is ops.subtract:
            for product, other in (node.inputs, node.inputs[::-1]):
                if _is_product(product) and leaf(other) is not None and (node.op is ops.add or other is node.inputs[1]):
                    sign = 1 if node.op is ops.add else -1
                    found.setdefault(product, Addend(node, sign * plain(other), leaf(other)))
    return found


def is_bias(product: Product, value: Any) -> bool:
    """Whether an array that is added to the product differs from unit to unit only, not from sample to sample."""
    units = {product.axis} if np.ndim(product.node.inputs[product.side]) == 2 else set()
    varying = {axis - value.ndim for axis, size in enumerate(value.shape) if size != 1}
    if value.ndim > product.node.ndim or not varying <= units:
        return False
    return all(value.shape[axis] == product.node.shape[axis] for axis in varying)


def leaf(x: Any) -> Any:
    """The leaf that x is, seen through changes of shape; None if x is computed otherwise."""
    while isinstance(x, Tensor) and (x.op is ops.transpose or x.op is ops.reshape):
        x = x.inputs[0]
    return None if isinstance(x, Tensor) and x.op is not None else x


def plain(x: Any) -> Any:
    """The value as an ndarray."""
    return np.asarray(x.data if isinstance(x, Tensor) else x)


def trains(x: Any) -> bool:
    """Whether x requires a gradient."""
    return isinstance(x, Tensor) and x.requires_grad


def _is_product(x: Any) -> bool:
    return isinstance(x, Tensor) and x.op is ops.matmul


def _sides(node: Tensor, addend: Addend | None) -> list[int]:
    """The inputs that may be the weight: leaves, and those that are trained before those that are not."""
    possible = [side for side in (0, 1) if np.ndim(node.inputs[side]) <= 2 and leaf(node.inputs[side]) is not None]
    possible = [side for side in possible if trains(node.inputs[side])] or possible
    fitting = [side for side in possible if addend is None or is_bias(Product(node, side), addend.value)]
    return fitting or possible


def _side(node: Tensor, possible: list[int], settled: set[int]) -> int:
    """The only possible side; of two, the one of the other products, or that of `affine(x, w, b)`."""
    if len(possible) == 1:
        return possible[0]
    if len(settled) == 1:
        return next(iter(settled))
    if node.op is ops.affine:
        return 1
    operands = " @ ".join(map(describe, node.inputs))
    raise ValueError(
        f"draw_network: matmul: {operands}: either may be the weight; pass the data as an array, or as a Tensor with "
        "requires_grad=False"
    )
