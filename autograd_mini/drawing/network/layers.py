"""The layers of a network, found in the graph that computed its output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.drawing.network.products import (
    Addend,
    Product,
    find_addends,
    find_products,
    is_bias,
    leaf,
    plain,
    trains,
)
from autograd_mini.drawing.network.stretches import (
    Stretch,
    has_constant_unit,
    is_activation,
    is_elementwise,
    is_reshaped,
    refusal,
    stretch,
)
from autograd_mini.ops.joining import concatenate_arrays, stack_arrays
from autograd_mini.tensor import Tensor, topological_order

ACTIVATIONS = {
    "relu", "leaky_relu", "relu6", "elu", "sigmoid", "hard_sigmoid", "log_sigmoid", "tanh", "hard_tanh", "softplus",
    "softsign", "softmax", "log_softmax",
}  # fmt: skip
"""Below a loss these belong to the last layer; other operations are the loss."""


@dataclass(frozen=True)
class Layer:
    """A column of units: `size` of them, computed by `weight` from the column before.

    `weight` has shape (units before, size) and `bias` (size,), None if there is none; both are None for the data.
    `constant` is the position of a unit that is always 1. `functions` are the operations that follow the sum, and
    `tail` those that follow the last layer.
    """

    title: str
    size: int
    weight_name: str = "weight"
    weight: Any = None
    bias: Any = None
    constant: int | None = None
    functions: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """A product with the stretch of graph that follows it."""

    product: Product
    after: Stretch
    addend: Addend | None


def find_layers(output: Tensor) -> list[Layer]:
    """The columns from the data to the output; ValueError for a graph that is no chain of layers."""
    order = topological_order(output)
    position = {node: index for index, node in enumerate(order)}
    products, addends = find_products(order), find_addends(order)
    links: list[Link] = []
    part = stretch(output, products, position)
    while part.start is not None:
        product = products[part.start]
        if 0 in product.matrix.shape:
            raise refusal(product.node, "has a layer without units")
        links.insert(0, Link(product, part, _bias(product, part, addends.get(part.start))))
        part = stretch(product.signal, products, position)
    if not links:
        raise refusal(output, "has no product x @ W of a weight matrix below it")
    _check_data(part, links)
    inner = [_inner(link, after, number) for number, (link, after) in enumerate(pairwise(links), 1)]
    return [_data(links[0].product, part), *inner, _last(links[-1], output)]


def _bias(product: Product, after: Stretch, addend: Addend | None) -> Addend | None:
    """What is added to a product, if it is a bias and nothing reads the product without it."""
    if addend is None:
        return None
    fits = addend.source is not None and is_bias(product, addend.value)
    if addend.node is product.node:
        if not fits:
            raise refusal(product.node, "adds more than a bias")
        return addend
    readers = {node for node in after.nodes if any(x is product.node for x in node.inputs)}
    return addend if fits and readers == {addend.node} else None


def _check_data(data: Stretch, links: Sequence[Link]) -> None:
    """The data are no function of several parameters, and go into the first layer only."""
    for node in data.nodes:
        if not (is_elementwise(node) or len(node.inputs) == 1 or node.op is concatenate_arrays):
            raise refusal(node, "stands before the first layer")
    if sum(map(trains, data.leaves)) > 1:
        raise refusal(data.nodes[-1], "combines several parameters before the first layer")
    sources = [x for x in (*data.nodes, *data.leaves) if np.ndim(x)]
    for link in links[:-1]:
        _check_no_shortcut(link.after.nodes, sources)
    after = links[-1].after.nodes
    # An autoencoder compares its output with the data: only a sum or a pair with them is a shortcut.
    joining = (ops.add, concatenate_arrays, stack_arrays)
    scalar = bool(after) and after[-1].size == 1
    _check_no_shortcut([node for node in after if not scalar or node.op in joining], sources)


def _check_no_shortcut(nodes: Sequence[Tensor], sources: Sequence[Any]) -> None:
    known = {id(source) for source in sources}  # arrays have no hash
    for node in nodes:
        if any(id(x) in known for x in node.inputs):
            raise refusal(node, "reads the data again after a layer")


def _data(product: Product, part: Stretch) -> Layer:
    names = [x.name for x in (*part.leaves, *part.nodes) if isinstance(x, Tensor) and x.name]
    return Layer(names[-1] if names else "input", len(product.matrix), constant=_constant_feature(product))


def _constant_feature(product: Product) -> int | None:
    """The first or last of several features, if it is the only one that is 1 in each of several samples."""
    signal = plain(product.signal)
    if signal.ndim < 2:
        return None
    rows = np.moveaxis(signal, product.axis, -1).reshape(-1, signal.shape[product.axis])
    ones = np.flatnonzero((rows == 1).all(axis=0))
    at_edge = len(ones) == 1 and ones[0] in (0, rows.shape[1] - 1)
    return int(ones[0]) if min(rows.shape) > 1 and at_edge else None


def _inner(link: Link, following: Link, number: int) -> Layer:
    """The layer of a product that another one follows; ValueError for what is neither bias nor activation."""
    functions, constant = [], None
    for node in link.after.nodes:
        if has_constant_unit(node, link.after) and constant is None:
            constant = 0 if link.after.carries(node.inputs[1]) else link.product.matrix.shape[1]
        elif _is_function(node, link) and constant is None:
            functions.append(node.op.name)  # type: ignore[union-attr]
        elif not _is_silent(node, link):
            raise refusal(node, "stands between two layers and is neither a bias nor an activation")
    layer = _layer(link, link.after.nodes, f"hidden {number}", functions, constant)
    _check_units(link, following, layer)
    return layer


def _is_silent(node: Tensor, link: Link) -> bool:
    """Whether a node is the bias or a change of shape, and nothing that needs a word."""
    return is_reshaped(node) or (link.addend is not None and node is link.addend.node)


def _is_function(node: Tensor, link: Link) -> bool:
    return not _is_silent(node, link) and is_activation(node, link.after)


def _check_units(link: Link, following: Link, layer: Layer) -> None:
    product = following.product
    if len(product.matrix) != layer.size:
        raise refusal(
            product.node, f"multiplies {len(product.matrix)} values, not the {layer.size} of the layer before"
        )
    shapes = [node.op for node in link.after.nodes if is_reshaped(node)]
    sides = link.product.side + product.side + shapes.count(ops.transpose)
    if np.ndim(product.signal) == 2 and ops.reshape not in shapes and sides % 2:
        raise refusal(product.node, "sums over another axis than that of the units before")


def _last(link: Link, output: Tensor) -> Layer:
    """The layer of the last product: its bias and activation, and what follows by name."""
    nodes = link.after.nodes
    whole = all(_is_silent(node, link) or _is_own(node, link) for node in nodes)
    head = len(nodes) if whole else _head(link)
    _check_no_further_layer(nodes[head:])
    functions = [node.op.name for node in nodes[:head] if _is_function(node, link) and node.op]
    tail = [node.op.name for node in nodes[head:] if node.op]
    return _layer(link, nodes[:head], "output", functions, None, tail)


def _check_no_further_layer(tail: Sequence[Tensor]) -> None:
    """A loss may compare with a Tensor that requires a gradient, but no convolution or the like may follow."""
    for node in tail:
        if not is_elementwise(node) and any(trains(leaf(x)) for x in node.inputs):
            raise refusal(node, "brings in a further parameter after the last layer")


def _is_own(node: Tensor, link: Link) -> bool:
    """Whether a node is an activation that reads no further arrays, such as the target of a loss."""
    return _is_function(node, link) and not any(np.ndim(x) and not link.after.carries(x) for x in node.inputs)


def _head(link: Link) -> int:
    """How many nodes above the last product belong to its layer: up to one activation."""
    for count, node in enumerate(link.after.nodes):
        if not _is_silent(node, link):
            return count + (node.op is not None and node.op.name in ACTIVATIONS)
    return len(link.after.nodes)


def _layer(
    link: Link,
    nodes: Sequence[Tensor],
    default: str,
    functions: Sequence[str],
    constant: int | None,
    tail: Sequence[str] = (),
) -> Layer:
    weight, matrix = link.product.weight, link.product.matrix
    weight_name = weight.name if isinstance(weight, Tensor) and weight.name else "weight"
    names = [node.name for node in (link.product.node, *nodes) if node.name]
    path = weight_name.rpartition(".")[0] or default
    return Layer(
        title=names[-1] if names else path,
        size=matrix.shape[1] + (constant is not None),
        weight_name=weight_name,
        weight=matrix,
        bias=None if link.addend is None else np.broadcast_to(link.addend.value.reshape(-1), matrix.shape[1:]),
        constant=constant,
        functions=tuple(functions),
        tail=tuple(dict.fromkeys(tail)),
    )
