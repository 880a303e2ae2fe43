"""Short names for the values of a graph: their own, or v₁, v₂, … in topological order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.drawing.text import shortened, subscript, value
from autograd_mini.tensor import Tensor


class Labels:
    """A short name for every node of a graph: what it is called, or v with a number; no two have the same.

    >>> from autograd_mini import Tensor, topological_order
    >>> x = Tensor(2.0, name="x")
    >>> order = topological_order(x * x + 1.0)
    >>> labels = Labels(order)
    >>> [labels[node] for node in order], labels.slope(x), labels.operands(order[-1])
    (['x', 'v₁', 'v₂'], '∂v₂/∂x', ['v₁', '1'])
    """

    def __init__(self, order: Sequence[Any]) -> None:
        self._short: dict[Any, str] = {}
        given = Counter(_symbols(order))
        unnamed = 0
        for node in order:
            unnamed += node.name is None
            label = f"v{subscript(unnamed)}" if node.name is None else shortened(node.name)
            given[label] += 1
            self._short[node] = label if given[label] == 1 else f"{label}#{given[label]}"
        self.output = self._short[node]
        """What the last node is called."""

    def __getitem__(self, node: Any) -> str:
        return self._short[node]

    def slope(self, node: Any) -> str:
        """The derivative of the output by a node, as it is written."""
        return f"∂{self.output}/∂{self._short[node]}"

    def of_operands(self, node: Any) -> list[str | None]:
        """What formulas call the operands of a node: plain arrays c₁, c₂, … by their places, and numbers nothing."""
        return [self._short[x] if isinstance(x, Tensor) else _symbol(x, i) for i, x in enumerate(node.inputs, 1)]

    def operands(self, node: Any) -> list[str]:
        """The operands of a node by their names, plain numbers and arrays as they are."""
        return [self._short[x] if isinstance(x, Tensor) else _constant(x) for x in node.inputs]


def _symbols(order: Sequence[Any]) -> set[str]:
    """What formulas call what is no node: upstream gradients of operations on arrays g, plain arrays c₁, c₂, …"""
    upstream = {"g"} if any(node.op is not None and not node.op.elementwise for node in order) else set()
    plain = {_symbol(x, i) for node in order for i, x in enumerate(node.inputs, 1) if isinstance(x, np.ndarray)}
    return {name for name in upstream | plain if name is not None}


def _symbol(x: Any, place: int) -> str | None:
    return None if isinstance(x, int | float | np.generic) else f"c{subscript(place)}"


def _constant(x: Any) -> str:
    return value(x) if isinstance(x, np.ndarray | np.generic | int | float) else shortened(repr(x))
