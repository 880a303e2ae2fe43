"""About how long a program takes, to tell whether it is faster with arrays."""

from __future__ import annotations

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.ops import getitem
from autograd_mini.ops.joining import concatenate_arrays, stack_arrays

ARRAY = 10
"""An operation on a small array, in operations on scalars: about 1 µs to 0.1 µs."""


def cost(graph: Graph) -> int:
    """The time of a program and its way back, in operations on scalars."""
    return sum([_cost(node) for node in graph.nodes])


def _cost(node: Node) -> int:
    if node.op is None:
        return 0
    if node.op is getitem and node.shape == ():
        return 2  # its gradient is added into an array
    if node.op is stack_arrays or node.op is concatenate_arrays:
        return ARRAY + 2 * len(node.inputs)
    return 1 if node.shape == () and node.op.elementwise else ARRAY
