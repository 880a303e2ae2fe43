"""The way back as part of the program: a graph replayed on Tensors, whose rules are traced in their turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node, evaluate, graph_of
from autograd_mini.compiler.sources import Pack, Setting
from autograd_mini.modes import no_grad, tracing
from autograd_mini.tensor import Tensor, as_tensor, gradients


@dataclass(frozen=True)
class Update:
    """How an optimiser changes its parameters: `rule(parameter, slope, **numbers)` is the new value of one."""

    rule: Callable[..., Any]
    numbers: Mapping[str, float]
    trains: Callable[[Any], bool]
    """Whether it changes what comes from a source."""


def differentiated(graph: Graph, examples: Mapping[Node, Any], update: Update | None = None) -> Graph:
    """The graph with the gradient of its one output by each input that requires one, in their order.

    With an `update`, the new values of its parameters follow.
    """
    with tracing():
        replayed = {node: _leaf(node, examples[node]) for node in graph.inputs}
        values = evaluate(graph, replayed)
        names = _names(graph, values)
        output = _output(values[graph.outputs[0]])
        slopes = _slopes(output, [x for node, x in replayed.items() if node.source.requires_grad], names)
        numbers = _numbers(update)
        updated = _updated(update, replayed, slopes, numbers)
        names |= {new: f"new_{x.name}" for x, new in updated.items() if x.name and new.op is not None}
    sources = {x: node.source for node, x in replayed.items()} | {x: Setting(key) for key, x in numbers.items()}
    return graph_of([output, *slopes.values(), *updated.values()], sources, names)


def _leaf(node: Node, example: Any) -> Tensor:
    leaf = as_tensor(example, requires_grad=node.source.requires_grad)
    name = node.name or ("scalars" if isinstance(node.source, Pack) else None)
    return leaf if name is None else leaf.named(name)


def _output(value: Any) -> Tensor:
    """The loss; one of constants alone was computed as an array, and has no gradient like other constants."""
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


def _slopes(output: Tensor, wanted: list[Tensor], names: dict[Tensor, str]) -> dict[Tensor, Tensor]:
    """The gradient of each; every gradient on the way is called after what it belongs to."""
    every: dict[Tensor, Tensor] = gradients(output)
    for node, slope in every.items():
        if node in names and slope.op is not None:
            names.setdefault(slope, f"d_{names[node]}")
    return {x: every[x] if x in every else _zeros(x) for x in wanted}


def _zeros(x: Tensor) -> Tensor:
    return as_tensor(np.zeros(x.shape, x.dtype)[()], requires_grad=False)


def _numbers(update: Update | None) -> dict[str, Tensor]:
    # The numbers are Python's at each call, and give way to the dtype of any parameter; so does this dtype.
    # Of the values nothing depends.
    numbers = update.numbers if update is not None else {}
    return {key: as_tensor(np.float16(0.5), requires_grad=False, name=key) for key in numbers}


def _updated(
    update: Update | None,
    replayed: Mapping[Node, Tensor],
    slopes: Mapping[Tensor, Tensor],
    numbers: Mapping[str, Tensor],
) -> dict[Tensor, Tensor]:
    """The new value of each parameter."""
    if update is None:
        return {}
    with no_grad():
        trained = [x for node, x in replayed.items() if x in slopes and update.trains(node.source)]
        return {x: update.rule(x, slopes[x], **numbers) for x in trained}
