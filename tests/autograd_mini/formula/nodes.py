"""The operations that a row of the table records, and their formulas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_mini import Tensor
from autograd_mini.formula import Expression, local_derivative
from autograd_mini.tensor import topological_order
from tests.operations import Row
from tests.operations.rows import Case


def recorded(row: Row, case: Case) -> list[Tensor]:
    """Every computed Tensor, when the row is called with Tensors."""
    arrays, settings = case
    result = row.call(*(Tensor(x) if x.dtype.kind == "f" else x for x in arrays), **settings)
    outputs = [x for x in (result if isinstance(result, tuple) else (result,)) if isinstance(x, Tensor)]
    return [node for node in topological_order(*outputs) if node.op is not None] if outputs else []


def names_of(node: Tensor) -> list[str | None]:
    """A name for each operand that needs one: arrays, but no numbers."""
    operands = [None if isinstance(x, int | float) else f"x{i}" for i, x in enumerate(node.inputs)]
    return [*operands, "out"]


def formulas(node: Tensor) -> Iterator[tuple[int, Expression]]:
    """The formula for each input that is a Tensor."""
    assert node.op is not None
    for position, x in enumerate(node.inputs):
        if isinstance(x, Tensor):
            yield position, local_derivative(node.op, position, node.inputs, node.settings, node, names_of(node))


def values_of(node: Tensor) -> dict[str, Any]:
    """The values of the names."""
    plain = [x.data if isinstance(x, Tensor) else x for x in (*node.inputs, node)]
    return {name: x for name, x in zip(names_of(node), plain) if name is not None}


def contribution(node: Tensor, position: int, g: Any) -> Any:
    """What the operation's rule sends to an input, before broadcasting is undone; 0 without a rule."""
    assert node.op is not None
    rules = node.op.rules(len(node.inputs))
    rule = rules[position] if position < len(rules) else None
    if rule is None:
        return np.float64(0)
    plain = [x.data if isinstance(x, Tensor) else x for x in node.inputs]
    extra = {"saved": node.op.forward(*plain, **node.settings)[1]} if node.op.saves else {}
    return rule(g, node.data, *plain, **node.settings, **extra)
