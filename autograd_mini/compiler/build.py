"""The way from a function to a program: trace, differentiate, simplify, plan, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.compiler.batch import batched
from autograd_mini.compiler.differentiate import differentiated
from autograd_mini.compiler.emit import emitted
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.joined import joined
from autograd_mini.compiler.lower import lowered
from autograd_mini.compiler.parts import in_parts
from autograd_mini.compiler.passes import optimised, with_scatters, with_shared, with_short_forms
from autograd_mini.compiler.plan import planned
from autograd_mini.compiler.program import Recipe
from autograd_mini.compiler.sources import Outside, Pack, State
from autograd_mini.compiler.trace import Trace
from autograd_mini.compiler.updates import Updates


def value_recipe(traced: Trace) -> Recipe:
    """The program of a function's value."""
    graph = batched(traced.graph)
    return _recipe(graph, traced, (), _states(traced), {"forward": len(graph.outputs)}, "value")


def gradient_recipe(traced: Trace, follow: Callable[..., Any], updates: Updates) -> Recipe:
    """The program of a function's value and gradient, and of the updates of its parameters.

    Rules and updates are traced through `follow`: see `trace`.
    """
    graph = batched(traced.graph, updates.role)
    updates.prepare(node.source for node in graph.inputs)
    made = differentiated(graph, _examples(graph, traced), updates, follow)
    if updates.optimisers and not any(map(updates.trains, made.updated)):
        raise TypeError(
            "step: the function reads no parameter of the optimiser from outside, so that none would be updated; "
            "parameters that come as arguments are not"
        )
    first = 1 + len(made.slopes)
    parts = {"forward": 1, "backward": first, "update": len(made.graph.outputs)}
    traced = replace(traced, draws=traced.draws + made.draws)
    written = _states(traced) + made.updated
    recipe = _recipe(made.graph, traced, made.slopes, written, parts, "step" if made.updated else "value_and_grad")
    return replace(recipe, counts=tuple(updates.counts), unreached=made.unreached)


def _states(traced: Trace) -> tuple[State, ...]:
    return tuple(map(State, traced.written))


def _examples(graph: Graph, traced: Trace) -> dict[Node, Any]:
    """The value of each input that the graph has now: packs are filled like those of a program."""
    known = {node.source: value for node, value in traced.examples.items()}
    return {node: _example(node.source, known) for node in graph.inputs}


def _example(source: Any, known: Mapping[Any, Any]) -> Any:
    return np.array([known[part] for part in source.sources]) if isinstance(source, Pack) else known[source]


def _recipe(
    graph: Graph, traced: Trace, slopes: Sequence[Any], updated: Sequence[Any], parts: dict[str, int], name: str
) -> Recipe:
    first = len(graph.outputs) - len(slopes) - len(updated)
    graph = with_short_forms(with_shared(lowered(with_scatters(optimised(graph)))))
    graph, counts = in_parts(joined(graph, _kept(graph, first, slopes, updated)), parts)
    kept = _kept(graph, first, slopes, updated)  # anew: the nodes may be others now
    plan = planned(graph, kept)
    stable = {p: (graph.outputs[p].shape, graph.outputs[p].dtype) for p, target in kept.items() if target is None}
    return Recipe(
        graph=graph,
        forward=traced.graph,
        source=emitted(graph, plan, kept, name, counts),
        blocks=plan.blocks,
        inputs=tuple(node.source for node in graph.inputs),
        draws=traced.draws,
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
