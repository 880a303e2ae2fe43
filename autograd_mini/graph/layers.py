"""The layers of a network, found in its graph: the net inputs, whose gradients the delta rule calls δ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_mini import ops
from autograd_mini.graph.walk import users_of
from autograd_mini.tensor import Tensor, topological_order

_MOVES = {ops.transpose, ops.reshape, ops.getitem}
"""A parameter stays one: `W.T`, `b[None]`."""


def net_inputs(output: Tensor) -> list[Tensor]:
    """The net inputs of all layers, from the first to the last.

    >>> x, W = Tensor([1.0, 2.0], requires_grad=False), Tensor([3.0, 4.0])
    >>> net_inputs(((W @ x) ** 2).named("E"))
    [Tensor(11.0, op='matmul')]
    """
    order = topological_order(output)
    users = users_of(order)
    return [_with_bias(node, users[node]) for node in order if _is_weighted_sum(node)]


def _is_weighted_sum(node: Tensor) -> bool:
    return node.op is ops.affine or (node.op is ops.matmul and any(map(_is_parameter, node.inputs)))


def _with_bias(node: Tensor, users: Sequence[Tensor]) -> Tensor:
    """The sum of a product and its bias; the product itself if nothing, or something else, is added."""
    if node.op is not ops.matmul or len(users) != 1 or users[0].op is not ops.add:
        return node
    (total,) = users
    has_bias = any(map(_is_parameter, total.inputs))
    return total if has_bias and total.shape == node.shape else node


def _is_parameter(x: Any) -> bool:
    while isinstance(x, Tensor) and x.op in _MOVES:
        x = x.inputs[0]
    return isinstance(x, Tensor) and x.op is None and x.requires_grad
