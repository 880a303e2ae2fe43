"""The local derivative of an elementwise operation as a tree that a web page can evaluate."""

from __future__ import annotations

from autograd_mini.drawing.explorer.values import Data
from autograd_mini.formula import expression_as_data, local_derivative
from autograd_mini.graph.walk import differentiable_positions
from autograd_mini.tensor import Tensor


def slope_as_data(node: Tensor, position: int) -> Data:
    """The derivative of a computed node with respect to the operand at `position`; None where no gradient flows.

    The tree is what the operation's own rule leaves when it runs on symbols: `["name", "x0"]` for the first operand,
    `["name", "y"]` for the result, `["number", 2.0]`, and `["multiply", a, b]` with the names of operations.

    >>> x, w = Tensor(2.0), Tensor(3.0)
    >>> slope_as_data(x * w, 1)
    ['name', 'x0']
    """
    if node.op is None or position not in differentiable_positions(node):
        return None
    names = [f"x{place}" if isinstance(x, Tensor) else None for place, x in enumerate(node.inputs)]
    slope: Data = expression_as_data(
        local_derivative(node.op, position, node.inputs, node.settings, node, [*names, "y"])
    )
    return slope
