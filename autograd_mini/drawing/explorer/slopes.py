"""The local derivative of an elementwise operation as a tree that a web page can evaluate."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.draw.explorer.values import Data, number_as_data
from autograd_mini.modes import tracing
from autograd_mini.tensor import Tensor, as_tensor, topological_order


def slope_as_data(node: Tensor, position: int) -> Data:
    """The derivative of a computed node with respect to the operand at `position`; None where no gradient flows.

    The tree is what the operation's own rule leaves when it runs on symbols: `["name", "x0"]` for the first operand,
    `["name", "y"]` for the result, `["number", 2.0]`, and `["multiply", a, b]` with the names of operations.

    >>> x, w = Tensor(2.0), Tensor(3.0)
    >>> slope_as_data(x * w, 1)
    ['multiply', ['number', 1.0], ['name', 'x0']]
    """
    assert node.op is not None
    rule = node.op.rules(len(node.inputs))[position]
    if rule is None:
        return None
    inputs = [_symbol(x, f"x{place}") if isinstance(x, Tensor) else x for place, x in enumerate(node.inputs)]
    out = _symbol(node, "y")
    settings = {**node.settings, "saved": None} if node.op.saves else node.settings
    with tracing():
        slope = rule(1.0, out, *inputs, **settings)
    return _tree(slope)


def _symbol(x: Tensor, name: str) -> Tensor:
    return as_tensor(x.data, requires_grad=x.dtype.kind == "f", name=name)


def _tree(slope: Any) -> Data:
    if not isinstance(slope, Tensor):
        return _number(slope)
    trees: dict[Tensor, Data] = {}
    for node in topological_order(slope):
        arguments = [trees[x] if isinstance(x, Tensor) else _number(x) for x in node.inputs]
        trees[node] = ["name", node.name] if node.op is None else [node.op.name, *arguments]
    return trees[slope]


def _number(x: Any) -> Data:
    return ["number", number_as_data(np.asarray(x)[()])]
