"""Buffers: nothing is overwritten that is still read, results are nobody's buffer, and memory is used again.

`run` is a machine that keeps every value where the plan puts it, and complains when a value that somebody still reads,
itself or through a view, loses its memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.compiler.build import differentiated, in_parts, lowered
from autograd_mini.compiler.graph import Graph, Node, evaluate
from autograd_mini.compiler.joined import joined
from autograd_mini.compiler.passes import optimised, with_scatters, with_shared, with_short_forms
from autograd_mini.compiler.plan import Place, Plan, planned
from autograd_mini.compiler.signature import named_leaves
from autograd_mini.compiler.sources import Count, Outside, Setting
from autograd_mini.compiler.trace import trace
from autograd_mini.compiler.updates import Updates
from autograd_mini.tensor import SAVED
from tests.autograd_mini.compiler.graphs import traced
from tests.programs import OURS, random_program

SEEDS = st.integers(0, 2**32 - 1)
Kept = dict[int, Node | None]
Values = dict[Node, Any]


def a_step(seed: int) -> tuple[Graph, Kept, Values]:
    """A random program with gradients and updates of its leaves, as `ag.compile` has it before it is planned."""
    program = random_program(seed, smooth=False)
    leaves = [Tensor(leaf) for leaf in program.leaves]
    traced_program = trace(lambda: program.run(OURS, leaves), *named_leaves(lambda: None, (), {}))
    kind = [lambda w: nn.SGD(w, 0.5), lambda w: nn.SGD(w, 0.5, momentum=0.5), lambda w: nn.Adam(w, 0.5)][seed % 3]
    updates = Updates([kind(leaves)])
    updates.prepare(node.source for node in traced_program.graph.inputs)
    made = differentiated(traced_program.graph, traced_program.examples, updates)
    return finished(made.graph, made.slopes, made.updated)


def finished(graph: Graph, slopes: Sequence[Any], updated: Sequence[Any]) -> tuple[Graph, Kept, Values]:
    graph = with_short_forms(with_shared(lowered(with_scatters(optimised(graph)))))
    graph = joined(graph, kept_of(graph, slopes, updated))
    first = 1 + len(slopes)
    graph, _ = in_parts(graph, {"forward": 1, "backward": first, "update": first + len(updated)})
    return graph, kept_of(graph, slopes, updated), {x: value_of(x.source) for x in graph.inputs}


def value_of(source: Any) -> Any:
    if isinstance(source, Setting):
        return source.group[source.name]
    if isinstance(source, Count):
        return 1
    return np.array(source.tensor.data if isinstance(source, Outside) else source.buffer.held.data)


def kept_of(graph: Graph, slopes: Sequence[Any], updated: Sequence[Any]) -> Kept:
    """The gradients and the new values of parameters; the states of optimisers are new arrays each time."""
    inputs = {node.source: node for node in graph.inputs}
    gradients: Kept = {i: None for i, _ in enumerate(slopes, 1) if graph.outputs[i].shape}
    after = enumerate(updated, 1 + len(slopes))
    new: Kept = {i: inputs[s] for i, s in after if isinstance(s, Outside) and graph.outputs[i].shape}
    return gradients | new


def a_function(seed: int) -> tuple[Graph, Kept, Values]:
    """A random program with gradients, of which any values are the results."""
    program = random_program(seed, smooth=False)
    graph = traced(lambda *leaves: program.run(OURS, list(leaves)), *program.leaves, grad=True)
    graph = lowered(with_scatters(optimised(graph)))
    rng = np.random.default_rng(seed)
    outputs = [graph.nodes[i] for i in rng.integers(len(graph.nodes), size=3)]
    return Graph(graph.nodes, tuple(outputs)), {}, {x: np.array(x.source) for x in graph.inputs}


def run(graph: Graph, plan: Plan, kept: Kept, values: Values) -> tuple[list[Any], list[Any]]:
    """The results of a program whose values lie where the plan says, and its blocks of memory."""
    machine = Machine(graph, plan, kept, values)
    for position, node in enumerate(graph.nodes):
        machine.compute(node, position)
    return machine.results(), machine.blocks


class Machine:
    def __init__(self, graph: Graph, plan: Plan, kept: Kept, values: Values) -> None:
        self.graph, self.plan, self.kept = graph, plan, kept
        self.values = {node: np.array(x) if node.shape else x for node, x in values.items()}
        self.blocks = [np.full(size, 255, np.uint8) for size in plan.blocks]  # NaN, or -1
        self.arrays = {i: self.array_of(i, target) for i, target in kept.items()}
        self.saved: Values = {}
        self.last: dict[Node, float] = {x: i for i, node in enumerate(graph.nodes) for x in node.operands}
        self.last |= {x: math.inf for x in graph.outputs}
        self.end = len(graph.nodes)
        for node in plan.late:  # their operands are read once more when all else is done
            self.last |= {x: max(self.last[x], self.end) for x in node.operands}

    def array_of(self, position: int, target: Node | None) -> Any:
        output = self.graph.outputs[position]
        return self.values[target] if target is not None else np.full(output.shape, np.nan, output.dtype)

    def compute(self, node: Node, position: int) -> None:
        if node.op is None:
            self.values.setdefault(node, node.value)
        elif node.op is SAVED:
            self.values[node] = self.saved[next(node.operands)]
        elif node in self.plan.late:
            assert node not in self.plan.places
            assert node not in self.plan.direct
        else:
            self.values[node] = self.stored(node, self.result(node), position)
        for i, target in self.kept.items():
            if self.graph.outputs[i] is node and target is None and self.plan.direct.get(node) != i:
                self.arrays[i][...] = self.values[node]

    def result(self, node: Node) -> Any:
        assert node.op is not None
        inputs = [self.values[x] if isinstance(x, Node) else x for x in node.inputs]
        if not node.op.saves:
            return node.op.forward(*inputs, **node.settings)
        result, self.saved[node] = node.op.forward(*inputs, **node.settings)
        return result

    def stored(self, node: Node, result: Any, position: int) -> Any:
        """The result in its place: memory that nobody reads any more, but for operands that it may replace."""
        spelled = self.plan.spellings[node]
        place = self.memory(node)
        if spelled is not None and spelled.is_view:
            if place is not None:
                assert np.may_share_memory(place, result) or not result.size
            return result
        if place is None:
            return result
        assert spelled is not None
        for x, value in self.values.items():
            if not np.may_share_memory(place, value):
                continue
            assert self.last.get(x, -1) <= position, "a value is overwritten that is read later on"
            if self.last.get(x) == position:  # it is read here
                assert spelled.elementwise or (x is node.inputs[0] and spelled.changes_first)
                assert value.shape == place.shape
                assert value.strides == place.strides
        place[...] = result
        return place

    def memory(self, node: Node) -> Any:
        if node in self.plan.direct:
            return self.arrays[self.plan.direct[node]]
        place = self.plan.places.get(node)
        return None if place is None else cut(self.blocks, place)

    def results(self) -> list[Any]:
        """The outputs, after the calls that change inputs: one after the other, as whoever makes them at once does."""
        for i, target in self.kept.items():
            output = self.graph.outputs[i]
            if target is not None:
                late = self.plan.late.get(output) == i
                self.arrays[i][...] = self.result(output) if late else self.values[output]
        return [self.arrays[i] if i in self.kept else self.values[node] for i, node in enumerate(self.graph.outputs)]


def cut(blocks: list[Any], place: Place) -> Any:
    stop = place.start + math.prod(place.shape) * place.dtype.itemsize
    return blocks[place.block][place.start : stop].view(place.dtype).reshape(place.shape)


def assert_as_planned(graph: Graph, kept: Kept, values: Values) -> Plan:
    plan = planned(graph, kept)
    with np.errstate(all="ignore"):
        expected = evaluate(graph, values)
        got, blocks = run(graph, plan, kept, values)
    for i, (node, x) in enumerate(zip(graph.outputs, got)):
        # Not bit for bit: a sum adds up in the order in which its operand lies in memory.
        np.testing.assert_allclose(x, expected[node], rtol=1e-9, atol=1e-9)
        assert i in kept or not any(np.may_share_memory(x, block) for block in blocks)
    assert_sizes(plan)
    return plan


def assert_sizes(plan: Plan) -> None:
    sizes = {node: math.prod(place.shape) * place.dtype.itemsize for node, place in plan.places.items()}
    assert all(place.start + sizes[node] <= plan.blocks[place.block] for node, place in plan.places.items())
    own = [max(size, 1) for node, size in sizes.items() if node not in plan.replaces]
    assert sum(plan.blocks) <= sum(own)
    assert {place.block for place in plan.places.values()} == set(range(len(plan.blocks)))


@settings(max_examples=100)
@given(seed=SEEDS)
def test_a_step_computes_the_same_in_its_buffers(seed: int) -> None:
    assert_as_planned(*a_step(seed))


@settings(max_examples=100)
@given(seed=SEEDS)
def test_a_function_computes_the_same_in_its_buffers(seed: int) -> None:
    assert_as_planned(*a_function(seed))


# ----------------------------------------------------------------------------------------------- small programs


flip = ag.Op("flip", lambda x: x[::-1], lambda g, out, x: flip(g), doc="An operation that returns a view.")

total = ag.Op(
    "total", lambda x: (x.sum(), x), lambda g, out, x, saved: g * saved, saves=True, doc="It saves its very argument."
)


def plan_of(f: Any, *arrays: Any, kept: Mapping[int, Any] | None = None, grad: bool = False) -> tuple[list[Node], Plan]:
    """The operations of a program, and its plan; `kept` says by position which outputs stay, in which input."""
    graph = lowered(traced(f, *arrays, grad=grad))
    inputs = graph.inputs
    targets = {i: None if x is None else inputs[x] for i, x in (kept or {}).items()}
    plan = assert_as_planned(graph, targets, {x: np.array(x.source) for x in inputs})
    return [node for node in graph.nodes if node.op is not None], plan


def test_a_chain_is_computed_in_one_buffer() -> None:
    (first, *rest), plan = plan_of(lambda x: ag.exp(ag.cos(ag.sin(x))).sum(), np.ones(8))
    assert plan.blocks == (64,)
    assert plan.replaces == {rest[0]: first, rest[1]: rest[0]}


def test_what_is_read_twice_is_replaced_by_its_last_reader() -> None:
    (sine, cosine, product, result), plan = plan_of(lambda x: (ag.cos(s := ag.sin(x)) * s).sum(), np.ones(8))
    assert plan.blocks == (64, 64)
    assert plan.replaces[product] in (sine, cosine)
    assert result not in plan.places


def test_a_view_keeps_its_array_alive() -> None:
    _, plan = plan_of(lambda x: ag.cos(s := ag.sin(x)) @ s.T, np.ones((3, 3)))
    assert len(plan.blocks) == 2
    assert not plan.replaces


def test_an_array_is_not_replaced_by_what_also_reads_a_view_of_it() -> None:
    operations, plan = plan_of(lambda x: ((s := ag.sin(x)) + s.T).sum(), np.ones((3, 3)))
    assert [node.op for node in operations if node in plan.places] == [ag.sin, ag.add]
    assert not plan.replaces


def test_any_function_may_return_a_view() -> None:
    (sine, flipped, *_), plan = plan_of(lambda x: (flip(ag.sin(x)) * ag.exp(ag.cos(x))).sum(), np.arange(8.0))
    assert plan.owners[flipped] == {sine, flipped}


def test_what_an_operation_has_saved_may_be_its_argument() -> None:
    _, plan = plan_of(lambda x: total(ag.sin(x)) * ag.exp(ag.cos(x)).sum(), np.arange(8.0), grad=True)
    (saved,) = [node for node in plan.owners if node.op is SAVED]
    assert "sin" in {x.op.name for x in plan.owners[saved] if x.op is not None}


def test_a_matrix_product_has_memory_of_its_own() -> None:
    _, plan = plan_of(lambda x: (ag.sin(x) @ ag.cos(x)).sum(), np.ones((3, 3)))
    assert plan.blocks == (72, 72, 72)
    assert not plan.replaces


def test_another_shape_or_dtype_has_memory_of_its_own() -> None:
    _, plan = plan_of(lambda x, y: (ag.sin(x) + y).sum(), np.ones(3), np.ones((2, 3)))
    assert not plan.replaces
    _, plan = plan_of(lambda x: ag.astype(ag.sin(x) > 0, dtype=np.float64).sum(), np.ones(8))
    assert not plan.replaces


def test_a_block_is_used_again_and_grows() -> None:
    def f(x: Any) -> Any:
        small = ag.sin(x[:2]).sum()
        return ag.sin(x * small).sum()

    _, plan = plan_of(f, np.ones(8))
    assert plan.blocks == (64,)


def test_results_are_no_buffers_unless_they_are_kept() -> None:
    _, plan = plan_of(lambda x: (s := ag.sin(x), ag.cos(s)), np.ones(8))
    assert not plan.blocks
    (sine, cosine), plan = plan_of(lambda x: (s := ag.sin(x), ag.cos(s)), np.ones(8), kept={1: None})
    assert plan.direct == {cosine: 1}
    assert sine not in plan.places


def test_a_result_that_is_there_twice_is_copied_to_where_it_is_kept() -> None:
    _, plan = plan_of(lambda x: (s := ag.sin(x), s), np.ones(8), kept={1: None})
    assert not plan.direct


def test_a_new_value_is_computed_in_its_input_when_all_else_is_done() -> None:
    (new, *_), plan = plan_of(lambda x: x - 1, np.ones(8), kept={0: 0})
    assert plan.late == {new: 0}
    assert not plan.direct
    _, plan = plan_of(lambda x: ((y := x - 1), ag.sin(y) * x), np.ones(8), kept={0: 0})
    assert not plan.late  # the new value is read too


def test_what_a_late_value_reads_lives_until_then() -> None:
    def f(x: Any) -> Any:
        return x - (s := ag.sin(x)), ag.exp(ag.cos(s)).sum()

    operations, plan = plan_of(f, np.ones(8), kept={0: 0})
    assert list(plan.late.values()) == [0]
    sine, cosine = (next(node for node in operations if node.op is op) for op in (ag.sin, ag.cos))
    assert plan.places[sine].block != plan.places[cosine].block


def test_a_late_value_reads_no_other_input() -> None:
    """The calls come one after the other, so that another of them could have overwritten it."""
    _, plan = plan_of(lambda x, y: (x - y, y - x), np.ones(8), np.full(8, 3.0), kept={0: 0, 1: 1})
    assert not plan.late
    _, plan = plan_of(lambda x, y: (x - y[::-1], y - x[::-1]), np.arange(8.0), np.ones(8), kept={0: 0, 1: 1})
    assert not plan.late
    _, plan = plan_of(lambda x: (x - x[::-1],), np.arange(8.0), kept={0: 0})
    assert not plan.late


def test_a_new_value_that_is_a_product_does_not_overwrite_its_operand() -> None:
    _, plan = plan_of(lambda x: x @ x, np.ones((3, 3)), kept={0: 0})
    assert not plan.direct
    assert not plan.late


def test_a_new_value_of_another_dtype_is_cast_into_its_input() -> None:
    _, plan = plan_of(lambda x, y: (x * y, y), np.ones(8, np.float32), np.ones(8), kept={0: 0})
    assert not plan.late
