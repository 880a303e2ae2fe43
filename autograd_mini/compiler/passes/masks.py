"""The same mask from less memory: what an activation was applied to need not be kept for its derivative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograd_mini import ops
from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.passes.facts import Facts
from autograd_mini.ops import Op

_SAME = frozenset(
    {
        (ops.relu, ops.greater, 0),
        (ops.relu6, ops.greater, 0),
        (ops.relu6, ops.less, 6),
        (ops.hard_tanh, ops.greater, -1),
        (ops.hard_tanh, ops.less, 1),
    }
)
"""f, comparison and number, where f(x) compares with the number as x does: both are NaN, or on the same side."""


def of_activation(node: Node, facts: Facts) -> Node | None:
    """x > 0 is relu(x) > 0, and the like: read from a value that the program keeps anyway.

    Then the memory of x can be used again. The activation must be bound before; its function only cuts at the number.
    """
    x, number = node.inputs
    if isinstance(number, Node) or not isinstance(x, Node):
        return None
    for activation in facts.activations.get(x, ()):
        if (activation.op, node.op, number) in _SAME or _slopes_up(activation, node.op, number):
            return replace(node, inputs=(activation, number))
    return None


def _slopes_up(activation: Node, op: Op | None, number: Any) -> bool:
    """leaky_relu(x) > 0 is x > 0 unless its slope turns negative numbers around."""
    leaky = activation.op is ops.leaky_relu and op is ops.greater and number == 0
    return leaky and bool(activation.settings["negative_slope"] >= 0)


RULES: Mapping[Op, Any] = {ops.greater: (of_activation,), ops.less: (of_activation,)}
