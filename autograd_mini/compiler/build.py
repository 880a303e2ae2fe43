"""The way from a function to a program: trace, differentiate, simplify, plan, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.batch import batched
from autograd_mini.compiler.differentiate import Update, differentiated
from autograd_mini.compiler.emit import emitted
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.joined import joined
from autograd_mini.compiler.lower import lowered
from autograd_mini.compiler.parts import in_parts
from autograd_mini.compiler.passes import optimised, with_scatters, with_shared, with_short_forms
from autograd_mini.compiler.plan import planned
from autograd_mini.compiler.program import Recipe
from autograd_mini.compiler.sources import Outside, Pack, entries
from autograd_mini.compiler.trace import Trace
from autograd_mini.tensor import Tensor


def value_recipe(traced: Trace) -> Recipe:
    """The program of a function's value."""
    graph = batched(traced.graph)
    return _recipe(graph, traced, (), (), {"forward": len(graph.outputs)}, "value")


def gradient_recipe(traced: Trace, update: Update | None = None) -> Recipe:
    """The program of a function's value and gradient, and of the update of its parameters where one is given."""
    graph = batched(traced.graph, lambda source: _role(source, update))
    slopes = tuple(node.source for node in graph.inputs if node.source.requires_grad)
    updated = tuple(source for source in slopes if update is not None and update.trains(source))
    graph = differentiated(graph, _examples(graph, traced), update)
    parts = {"forward": 1, "backward": 1 + len(slopes), "update": len(graph.outputs)}
    return _recipe(graph, traced, slopes, updated, parts, "step" if updated else "value_and_grad")


def _role(source: Any, update: Update | None) -> int:
    """2 for what is updated, 1 for what only gets a gradient, 0 for all else: a pack of scalars has one of these."""
    return int(source.requires_grad) + int(update is not None and update.trains(source))


def step_recipe(traced: Trace, optimiser: Any) -> Recipe:
    """The program of a function's value and gradient, and of the update that the optimiser makes with it."""
    trained = set(optimiser.parameters)
    if not any(_trains(node.source, trained) for node in traced.graph.inputs):
        raise TypeError(
            "step: the function reads no parameter of the optimiser from outside, so that none would be updated; "
            "parameters that come as arguments are not"
        )
    numbers = {name: getattr(optimiser, name) for name in optimiser.numbers}
    return gradient_recipe(traced, Update(optimiser.update, numbers, lambda source: _trains(source, trained)))


def _examples(graph: Graph, traced: Trace) -> dict[Node, Any]:
    """The value of each input that the graph has now: packs are filled like those of a program."""
    known = {node.source: value for node, value in traced.examples.items()}
    return {node: _example(node.source, known) for node in graph.inputs}


def _example(source: Any, known: Mapping[Any, Any]) -> Any:
    return np.array([known[part] for part in source.sources]) if isinstance(source, Pack) else known[source]


def _trains(source: Any, trained: set[Tensor]) -> bool:
    return all(isinstance(part, Outside) and part.tensor in trained for part in entries(source))


def _recipe(
    graph: Graph, traced: Trace, slopes: Sequence[Any], updated: Sequence[Any], parts: dict[str, int], name: str
) -> Recipe:
    first = len(traced.graph.outputs)
    graph = with_short_forms(with_shared(lowered(with_scatters(optimised(graph)))))
    graph, counts = in_parts(joined(graph, _kept(graph, first, slopes, updated)), parts)
    kept = _kept(graph, first, slopes, updated)  # anew: the nodes may be others now
    plan = planned(graph, kept)
    stable = {p: (graph.outputs[p].shape, graph.outputs[p].dtype) for p, target in kept.items() if target is None}
    return Recipe(
        graph=graph,
        source=emitted(graph, plan, kept, name, counts),
        blocks=plan.blocks,
        inputs=tuple(node.source for node in graph.inputs),
        container=traced.container,
        differentiable=traced.differentiable,
        slopes=tuple(slopes),
        updated=tuple(updated),
        kept=stable,
    )


def _kept(graph: Graph, first: int, slopes: Sequence[Any], updated: Sequence[Any]) -> dict[int, Node | None]:
    """The results that go into arrays which stay: gradients of Tensors from outside, and their new values."""
    inputs = {node.source: node for node in graph.inputs}
    kept: dict[int, Node | None] = {}
    for position, source in enumerate(slopes, first):
        if isinstance(source, Outside) and graph.outputs[position].shape:
            kept[position] = None
    for position, source in enumerate(updated, first + len(slopes)):
        if isinstance(source, Outside) and graph.outputs[position].shape:
            kept[position] = inputs[source]
    return kept
