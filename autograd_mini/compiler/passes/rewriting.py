"""Rewriting graphs by rules; the same thing once; what depends on numbers alone; what nobody needs."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node, rebuilt, with_inputs
from autograd_mini.ops import Op
from autograd_mini.tensor import SAVED


def rewritten(graph: Graph, change: Callable[[Node, Node], Node]) -> Graph:
    """The graph with `change(original, node)` in place of each node, which reads what its inputs have become.

    A node without a name that takes the place of a named one takes its name too; inputs and constants keep theirs.
    """
    originals = iter(graph.nodes)  # `rebuilt` asks once for each, in order
    names: dict[Node, str] = {}

    def changed(node: Node) -> Node:
        new = change(next(originals), node)
        if new is not node and node.name and not new.name and new.op is not None:
            names.setdefault(new, node.name)
        return new

    return _renamed(rebuilt(graph, changed), names)


def _renamed(graph: Graph, names: Mapping[Node, str]) -> Graph:
    if not names:
        return graph
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        new = with_inputs(node, made)
        made[node] = replace(new, name=names[node]) if node in names else new
    return Graph(tuple(made.values()), tuple(made[node] for node in graph.outputs))


def is_function(op: Op) -> bool:
    """Whether an operation surely computes the same each time: a user's may draw random numbers."""
    return op is SAVED or op.__module__.startswith("autograd_mini.ops.")


# -------------------------------------------------------------------------------------------------- the same thing once


def with_shared(graph: Graph) -> Graph:
    """The graph with one node for all that have the same operation, inputs and settings: the first of them.

    Numbers are the same if type, value and sign are: 1, 1.0 and True differ, and 0.0 and -0.0. What is not known to
    be a plain value, such as a random generator among the settings, is the same as nothing; so is a user's own
    operation, which may compute something else each time.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> print(text(with_shared(graph_of([ag.exp(x), ag.exp(x)], {x: "argument 0"}, {}))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = exp(%0)
    return %1, %1
    """
    firsts: dict[Any, Node] = {}

    def shared(_: Node, node: Node) -> Node:
        key = _key(node)
        return node if key is None else firsts.setdefault(key, node)

    return rewritten(graph, shared)


def _key(node: Node) -> Any:
    """What is equal for nodes that compute the same; None if that can't be told."""
    if node.op is None or not is_function(node.op):
        return None
    try:
        inputs = tuple([x if isinstance(x, Node) else _value_key(x) for x in node.inputs])
        return (node.op, inputs, _value_key(node.settings)) if node.settings else (node.op, inputs)
    except _UnknownValueError:
        return None


class _UnknownValueError(Exception):
    """Nobody knows whether two such values are the same."""


def _value_key(x: Any) -> Any:
    known = _KEYS.get(type(x))
    if known is not None:
        return known(x)
    if isinstance(x, np.generic):
        return x.dtype, x.tobytes()
    if isinstance(x, np.dtype):
        return x
    raise _UnknownValueError


def _typed(x: Any) -> Any:
    return type(x), x


def _each(x: Any) -> Any:
    return type(x), *map(_value_key, x)


def _entries(x: Mapping[Any, Any]) -> Any:
    return dict, *[(name, _value_key(value)) for name, value in sorted(x.items())]


_KEYS: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((bool, int, str, bytes, type, type(None), type(Ellipsis)), _typed),
    float: lambda x: (float, struct.pack("d", x)),  # tells -0.0 from 0.0, and finds NaN equal to itself
    slice: lambda x: (slice, *map(_value_key, (x.start, x.stop, x.step))),
    tuple: _each,
    list: _each,
    dict: _entries,
    np.ndarray: lambda x: (np.ndarray, id(x)),  # the graph keeps it alive, and its entries may change between calls
}


# ---------------------------------------------------------------------------------------- what depends on numbers alone


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


# ---------------------------------------------------------------------------------------------------- what nobody needs


def without_dead(graph: Graph) -> Graph:
    """The graph without the nodes, inputs among them, that no output is computed from.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> graph = graph_of([ag.exp(x), ag.log(x)], {x: "argument 0"}, {})
    >>> print(text(without_dead(Graph(graph.nodes, graph.outputs[:1]))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = exp(%0)
    return %1
    """
    needed: set[Node] = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.operands)
    if len(needed) == len(graph.nodes):
        return graph
    return Graph(tuple([node for node in graph.nodes if node in needed]), graph.outputs)
