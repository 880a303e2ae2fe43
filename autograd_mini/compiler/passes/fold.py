"""What depends on numbers alone is computed once, when the program is compiled."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.passes.rewriting import is_function, rewritten
from autograd_mini.tensor import SAVED


def with_folded(graph: Graph) -> Graph:
    """The graph in which constant numbers stand in their readers, and operations on numbers alone are computed.

    Constant arrays are left alone: they may be changed in place between calls, which the program must see. So is
    what raises or warns when it is computed: it does so when the program runs.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> from autograd_mini.compiler.passes import without_dead
    >>> half = 1 / ag.Tensor(2.0)
    >>> print(text(without_dead(with_folded(graph_of([x * half], {x: "argument 0"}, {})))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = multiply(%0, np.float64(0.5))
    return %1
    """
    return rewritten(graph, lambda _, node: _folded(node))


def _folded(node: Node) -> Node:
    if node.op is None or node.op is SAVED:
        return node
    if any(isinstance(x, Node) and isinstance(x.value, np.generic) for x in node.inputs):
        node = replace(node, inputs=tuple([_literal(x) for x in node.inputs]))
    if node.shape or any(isinstance(x, Node) for x in node.inputs):
        return node
    value = _computed(node)
    return node if value is None else Node((), node.dtype, name=node.name, value=value)


def _literal(x: Any) -> Any:
    """The number that a node is a constant of: a NumPy scalar can't change."""
    return x.value if isinstance(x, Node) and isinstance(x.value, np.generic) else x


def _computed(node: Node) -> Any:
    """The value of an operation on numbers; None where computing it raises or warns, or gives another type."""
    if node.op is None or node.op.saves or not is_function(node.op):
        return None
    try:
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            value = np.asarray(node.op(*node.inputs, **node.settings))[()]
    except Exception:  # whatever an operation raises, it is for the program to raise
        return None
    return value if value.shape == () and value.dtype == node.dtype else None
