"""Numbers in place of nodes: every value of a program has one, so that NumPy can sort, compare and group them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph


class Values:
    """The nodes of a graph by position, and after them its constants: equal numbers of one dtype are one value."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.nodes
        self.index = {node: position for position, node in enumerate(graph.nodes)}
        self.count = len(graph.nodes)
        self.constants: list[tuple[np.dtype[Any], Any]] = []
        self._known: dict[np.dtype[Any], dict[Any, int]] = {}

    def constant(self, x: Any, dtype: np.dtype[Any]) -> int:
        """The number of a constant."""
        known = self._known.setdefault(dtype, {})
        key = x or repr(x)  # 0.0 == -0.0, but they are two values
        if key not in known:
            known[key] = self.count + len(self.constants)
            self.constants.append((dtype, x))
        return known[key]


def is_weak(x: Any) -> bool:
    """Whether an operand is a Python number, which takes the dtype of the others."""
    kind = type(x)
    return kind is float or kind is int or kind is bool
