"""The way from a function to a program: trace, differentiate, simplify, plan, write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import call
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.batch import batched
from autograd_mini.compiler.classifier import cross_entropy
from autograd_mini.compiler.emit import emitted
from autograd_mini.compiler.graph import Graph, Node, evaluate, replaced, with_inputs
from autograd_mini.compiler.joined import joined
from autograd_mini.compiler.passes import optimised, with_scatters, with_shared, with_short_forms
from autograd_mini.compiler.plan import planned
from autograd_mini.compiler.program import Recipe
from autograd_mini.compiler.sources import Argument, Draw, Outside, Pack, State
from autograd_mini.compiler.trace import Inputs, Trace, graph_with_leaves, resolved
from autograd_mini.compiler.updates import Updates
from autograd_mini.modes import mode, tracing
from autograd_mini.ops import Op
from autograd_mini.ops.reductions import reduce_sum
from autograd_mini.tensor import SAVED, Tensor, as_tensor, gradients

_SMALL = 65_536
"""Entries of an array that stays in the cache while it is read."""


def lowered(graph: Graph) -> Graph:
    """The graph with each operation of several steps written out; the values are the same, bit for bit."""
    producers = {producer for node in graph.nodes if node.op is SAVED for producer in node.operands}
    made: dict[Node, Node] = {}
    saved: dict[Node, Node] = {}
    for node in graph.nodes:
        fresh = with_inputs(node, made)
        if node.op is SAVED:
            made[node] = saved.get(node.inputs[0], fresh)
        elif node.op is ops.softmax_cross_entropy and node in producers and node.dtype != np.float16:
            made[node], saved[node] = cross_entropy(fresh)
        else:
            made[node] = _LOWERED[node.op](fresh) if node.op in _LOWERED else fresh
    return replaced(graph, made)


def _affine(node: Node) -> Node:
    x, w, b = node.inputs
    if not isinstance(x, Node) or not isinstance(w, Node) or not isinstance(b, Node) or b.dtype != node.dtype:
        return node
    product = Node(node.shape, np.result_type(x.dtype, w.dtype), ops.matmul, (x, w))
    return replace(node, op=ops.add, inputs=(product, b))


def _relu(node: Node) -> Node:
    # Against an array NumPy finds the larger with vector instructions, against a number it does not.
    in_cache = len(node.shape) > 0 and math.prod(node.shape) <= _SMALL and node.dtype in (np.float32, np.float64)
    return replace(node, op=ops.maximum, inputs=(*node.inputs, _zeros(node) if in_cache else 0))


def _zeros(node: Node) -> Node:
    return Node(node.shape, node.dtype, value=np.zeros(node.shape, node.dtype), name="zeros")


def _mean(node: Node) -> Node:
    (x,) = node.inputs
    if not isinstance(x, Node) or x.dtype != node.dtype or node.dtype == np.float16 or not x.shape or 0 in x.shape:
        return node
    total = replace(node, op=reduce_sum, name=None)
    count = math.prod(x.shape) // math.prod(node.shape)
    return replace(node, op=ops.divide, inputs=(total, count), settings={})


_LOWERED: dict[Op, Callable[[Node], Node]] = {ops.affine: _affine, ops.relu: _relu, ops.mean: _mean}


# ---------------------------------------------------------------------------------------------------------------- parts


def in_parts(graph: Graph, ends: Mapping[str, int]) -> tuple[Graph, dict[str, int]]:
    """The graph in the order of its parts, and the number of nodes of each.

    A part has a title and the number of outputs that are there when it ends.
    """
    ranks: dict[Node, int] = {}
    for rank, count in enumerate(ends.values()):
        for node in _needed(graph, count):
            ranks.setdefault(node, rank)
    for node in graph.inputs:
        if node in ranks:
            ranks[node] = 0
    nodes = sorted((node for node in graph.nodes if node in ranks), key=lambda node: (ranks[node], _kind(node)))
    counts = {title: sum(rank == i for rank in ranks.values()) for i, title in enumerate(ends)}
    return Graph(tuple(nodes), graph.outputs), counts


def _kind(node: Node) -> int:
    """What comes first within a part: arguments, what is read from outside, the other inputs, all else."""
    kinds = (Argument, Outside, object) if node.source is not None else ()
    return next((i for i, kind in enumerate(kinds) if isinstance(node.source, kind)), 3)


def _needed(graph: Graph, count: int) -> Iterator[Node]:
    """What the first outputs are computed from."""
    wanted = set(graph.outputs[:count])
    for node in reversed(graph.nodes):
        if node in wanted:
            wanted.update(node.operands)
            yield node


# --------------------------------------------------------------------------------------------------------- the way back


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
    graph: Graph,
    examples: Mapping[Node, Any],
    updates: Updates | None = None,
    follow: Callable[..., Any] = call,
    written: Sequence[Any] = (),
) -> Differentiated:
    """The graph with the gradient of its first output by each input that requires one, in their order.

    Its further outputs follow, and then the new values of the parameters and states that `updates` change. The function
    itself has `written` some buffers.
    """
    inputs = Inputs()
    with tracing(inputs):
        made: Differentiated = follow(_replayed, graph, examples, updates or Updates(()), inputs)
    mode()
    _check_buffers(inputs, written)
    return replace(made, graph=resolved(made.graph))


def _check_buffers(inputs: Inputs, written: Sequence[Any]) -> None:
    """TypeError for buffers that the way back or an update writes, or reads when the function has written them."""
    wrong = [*inputs.buffers, *(buffer for buffer in inputs.read_buffers if any(buffer is x for x in written))]
    if wrong:
        raise TypeError(
            f"compile: {wrong[0].name or 'a Buffer'} is written in a gradient or an update, or is read there after the "
            "function has written it, which a program does not do; remember it by state and update, or write it in the "
            "function"
        )


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


# ------------------------------------------------------------------------------------------------------------ all steps


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
    made = differentiated(graph, _examples(graph, traced), updates, follow, traced.written)
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
    return replace(recipe, counts=tuple(updates.counts), unreached=_without_gradient(made) + traced.unread)


def _without_gradient(made: Differentiated) -> tuple[Any, ...]:
    """Whose gradients a program takes away: of leaves, as `zero_grad` does, and not of what was computed."""
    return tuple(x for x in made.unreached if not isinstance(x, Outside) or x.tensor.op is None)


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
