"""The same operation on the same values is computed once."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.passes.rewriting import is_function, rewritten


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
