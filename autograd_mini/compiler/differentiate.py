"""The way back as part of the program: a graph replayed on Tensors, whose rules are traced in their turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import call
from typing import Any

from autograd_mini.compiler.graph import Graph, Node, evaluate
from autograd_mini.compiler.sources import Draw, Pack
from autograd_mini.compiler.trace import Inputs, graph_with_leaves, resolved
from autograd_mini.compiler.updates import Updates
from autograd_mini.modes import mode, tracing
from autograd_mini.tensor import Tensor, as_tensor, gradients


@dataclass(frozen=True)
class Differentiated:
    """A graph with gradients; the sources tell, in their order, what its outputs after the loss belong to."""

    graph: Graph
    slopes: tuple[Any, ...]
    """Whose gradients come first."""
    unreached: tuple[Any, ...]
    """Which inputs require a gradient, and get none."""
    updated: tuple[Any, ...]
    """Whose new values come after those of the buffers that the function itself has written."""
    draws: tuple[Draw, ...]
    """The random numbers that the updates drew."""


def differentiated(
    graph: Graph, examples: Mapping[Node, Any], updates: Updates | None = None, follow: Callable[..., Any] = call
) -> Differentiated:
    """The graph with the gradient of its first output by each input that requires one, in their order.

    Its further outputs follow, and then the new values of the parameters and states that `updates` change.
    """
    inputs = Inputs()
    with tracing(inputs):
        made: Differentiated = follow(_replayed, graph, examples, updates or Updates(()), inputs)
    mode()
    return replace(made, graph=resolved(made.graph))


def _replayed(graph: Graph, examples: Mapping[Node, Any], updates: Updates, inputs: Inputs) -> Differentiated:
    replayed = {node: _leaf(node, examples[node]) for node in graph.inputs}
    values = evaluate(graph, replayed)
    names = _names(graph, values)
    output, *others = [_tensor(values[node]) for node in graph.outputs]
    sources = {x: node.source for node, x in replayed.items()}
    wanted = [x for x, source in sources.items() if source.requires_grad]
    slopes = _slopes(output, wanted, names)
    trained = {x: source for x, source in sources.items() if x in slopes and updates.trains(source)}
    updated = updates.traced(trained, slopes, inputs)
    names |= _names_of_new(trained, updated)
    outputs = [output, *slopes.values(), *others, *updated.values()]
    made = graph_with_leaves(outputs, sources | inputs.sources, names)
    reached, unreached = ([sources[x] for x in wanted if (x in slopes) is found] for found in (True, False))
    return Differentiated(made, tuple(reached), tuple(unreached), tuple(updated), tuple(inputs.draws))


def _leaf(node: Node, example: Any) -> Tensor:
    leaf = as_tensor(example, requires_grad=node.source.requires_grad)
    name = node.name or ("scalars" if isinstance(node.source, Pack) else None)
    return leaf if name is None else leaf.named(name)


def _tensor(value: Any) -> Tensor:
    """An output; one of constants alone was computed as an array, and has no gradient like other constants."""
    return value if isinstance(value, Tensor) else as_tensor(value, requires_grad=False)


def _names(graph: Graph, values: Mapping[Node, Any]) -> dict[Tensor, str]:
    """A name for every computed value: the user's, or that of its operation with a number."""
    counts: dict[str, int] = {}
    names: dict[Tensor, str] = {}
    for node in graph.nodes:
        if node.op is not None and isinstance(values[node], Tensor):
            counts[node.op.name] = counts.get(node.op.name, 0) + 1
            names[values[node]] = node.name or f"{node.op.name}_{counts[node.op.name]}"
        elif isinstance(values[node], Tensor) and values[node].name:
            names[values[node]] = values[node].name
    return names


def _names_of_new(trained: Mapping[Tensor, Any], updated: Mapping[Any, Tensor]) -> dict[Tensor, str]:
    new = {updated[source]: x.name for x, source in trained.items() if source in updated}
    return {value: f"new_{name}" for value, name in new.items() if name and value.op is not None}


def _slopes(output: Tensor, wanted: list[Tensor], names: dict[Tensor, str]) -> dict[Tensor, Tensor]:
    """The gradient of each that has one; every gradient on the way is called after what it belongs to."""
    every: dict[Tensor, Tensor] = gradients(output)
    for node, slope in every.items():
        if node in names and slope.op is not None:
            names.setdefault(slope, f"d_{names[node]}")
    return {x: every[x] for x in wanted if x in every}
