"""Run a function once, on values that stand for all values, and keep what it did as a graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node, graph_of, substituted
from autograd_mini.compiler.sources import Argument, Outside
from autograd_mini.errors import describe
from autograd_mini.modes import tracing
from autograd_mini.tensor import Tensor, as_tensor, topological_order
from autograd_mini.transforms.passes import outputs_of
from autograd_mini.transforms.trees import Leaf


@dataclass(frozen=True)
class Trace:
    """What a function did: the graph of its outputs, their container, and the inputs that it was traced with."""

    graph: Graph
    container: Any
    """What the function returned, with the positions of its outputs in place of the Tensors."""
    examples: Mapping[Node, Any]
    """The value of each input."""
    differentiable: tuple[bool, ...]
    """Which outputs depend on what requires a gradient."""


def trace(function: Callable[..., Any], leaves: Sequence[Leaf], rebuild: Callable[[Iterable[Any]], Any]) -> Trace:
    """What `function` does with arguments that `rebuild` makes of these leaves, of which arrays and Tensors are inputs.

    Raises TypeError if it asks a traced Tensor for its value, reads one with hooks, or returns anything but Tensors.
    """
    arguments = [_variable(leaf) if is_input(leaf.value) else leaf.value for leaf in leaves]
    traced = [x if is_input(leaf.value) else None for x, leaf in zip(arguments, leaves)]
    sources: dict[Tensor, Any] = {
        x: Argument(position, x.requires_grad, isinstance(leaves[position].value, Tensor), not x.shape)
        for position, x in enumerate(traced)
        if x is not None
    }
    graph, container, differentiable = _run(function, rebuild(arguments), sources)
    made = {node: _resolved(node) for node in graph.nodes if isinstance(node.source, _Found)}
    examples = {made.get(node, node): _example(node.source, traced) for node in graph.inputs}
    examples = {node: x for node, x in examples.items() if node.source is not None}
    return Trace(substituted(graph, made), container, examples, differentiable)


def is_input(x: Any) -> bool:
    """Whether an argument is an input of the program; Python's numbers and all else belong to its signature."""
    return isinstance(x, (Tensor, np.ndarray, np.generic))


def _variable(leaf: Leaf) -> Tensor:
    """A leaf of its own for an argument, so that one Tensor that is passed twice is two inputs."""
    x = leaf.value
    tensor = isinstance(x, Tensor)
    if tensor:
        check_no_hooks(x)
    try:
        own = as_tensor(x._data if tensor else x, requires_grad=tensor and x.requires_grad)
    except (TypeError, ValueError) as error:
        raise type(error)(f"compile: {leaf.path}: {error}") from None
    return own.named((x.name if tensor else None) or leaf.path)


def check_no_hooks(x: Tensor) -> None:
    """TypeError for a Tensor with hooks, which a program would not call."""
    if x._extras is not None and x._extras.hooks:
        raise TypeError(f"compile: {describe(x)} has hooks, which a program does not call; remove them first")


def check_not_computed(leaves: Iterable[Leaf]) -> None:
    """TypeError for a Tensor among the arguments that was computed: its gradient would go no further."""
    for path, x in leaves:
        if isinstance(x, Tensor) and x.requires_grad and x.op is not None:
            raise TypeError(
                f"compile: the argument {path} {x.shape} was computed by {x.op.name}: its gradient would end there; "
                "pass x.detach(), or compute it in the function"
            )


@dataclass(frozen=True, eq=False)
class _Found:
    """A leaf that is no argument: from outside if it outlives the call, else the function's own constant."""

    reference: weakref.ref[Tensor]
    data: Any


def _run(
    function: Callable[..., Any], arguments: Any, sources: Mapping[Tensor, Any]
) -> tuple[Graph, Any, tuple[bool, ...]]:
    positional, named = arguments
    with tracing():
        result = function(*positional, **named)
    outputs, rebuild = outputs_of("compile", function, result)
    order = topological_order(*outputs) if outputs else []
    leaves = [x for x in order if x.op is None and x not in sources]
    found = {x: _Found(weakref.ref(x), x._data) for x in leaves}
    differentiable = tuple(x.requires_grad for x in outputs)
    graph = graph_of(outputs, {**sources, **found}, {}, forward=True)
    return graph, rebuild(range(len(outputs))), differentiable


def _resolved(node: Node) -> Node:
    # The graph holds no Tensor, so that after the call only what the outside holds still lives.
    tensor = node.source.reference()
    if tensor is None:
        return replace(node, source=None, value=node.source.data)
    check_no_hooks(tensor)
    return replace(node, source=Outside(tensor))


def _example(source: Any, arguments: Sequence[Any]) -> Any:
    return source.data if isinstance(source, _Found) else arguments[source.position]._data
