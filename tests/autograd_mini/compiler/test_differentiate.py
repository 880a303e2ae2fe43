"""The way back in the graph: the gradients that backward() gives, their names, and updates."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.compiler.build import Differentiated, differentiated
from autograd_mini.compiler.graph import check, evaluate
from autograd_mini.compiler.signature import named_leaves
from autograd_mini.compiler.sources import Count, Outside, Setting, State
from autograd_mini.compiler.trace import Trace, trace
from autograd_mini.compiler.updates import Updates
from tests.programs import OURS, random_program


def traced(function: Any, *arguments: Any) -> Trace:
    return trace(function, *named_leaves(function, arguments, {}))


def with_gradients(function: Any, *arguments: Any, optimisers: Any = ()) -> tuple[Differentiated, list[Any]]:
    """The graph with gradients, checked, and its results."""
    traced_function = traced(function, *arguments)
    updates = Updates(optimisers)
    updates.prepare(node.source for node in traced_function.graph.inputs)
    made = differentiated(traced_function.graph, traced_function.examples, updates)
    known = {node.source: value for node, value in traced_function.examples.items()}
    values = {node: known[node.source] if node.source in known else value_of(node.source) for node in made.graph.inputs}
    check(made.graph, values)
    found = evaluate(made.graph, values)
    return made, [found[node] for node in made.graph.outputs]


def value_of(source: Any) -> Any:
    """What an update reads at its first step: numbers in a dtype that gives way to any other."""
    if isinstance(source, Setting):
        return np.float16(source.group[source.name])
    return np.float16(1) if isinstance(source, Count) else source.buffer.held.data


@given(seed=st.integers(0, 2**32 - 1))
def test_loss_and_gradients_are_those_of_a_recorded_way_back_bit_for_bit(seed: int) -> None:
    program = random_program(seed, smooth=False)
    leaves = [Tensor(leaf) for leaf in program.leaves]
    loss = program.run(OURS, leaves)

    def run(*xs: Any) -> Any:
        return program.run(OURS, list(xs))

    order = [leaves[node.source.position] for node in traced(run, *leaves).graph.inputs]
    _, (value, *slopes) = with_gradients(run, *leaves)
    np.testing.assert_array_equal(value, loss.data)
    for slope, expected in zip(slopes, ag.gradients(loss, order, create_graph=True), strict=True):
        np.testing.assert_array_equal(slope, expected.data)
        assert (slope.shape, slope.dtype) == (expected.shape, expected.dtype)


def test_only_inputs_that_require_a_gradient_have_one() -> None:
    x, y, w = Tensor([1.0, 2.0]), np.array([3.0, 4.0]), Tensor([5.0, 6.0])
    _, (_, *slopes) = with_gradients(lambda x, y: (x * y * w).sum(), x, y)
    np.testing.assert_array_equal(slopes, [y * w.data, x.data * y])


def test_a_leaf_that_no_gradient_reaches_has_none() -> None:
    w = Tensor(np.ones((2, 3)))
    _, (loss, *slopes) = with_gradients(lambda x: (x.detach() * 2).sum() + (w * 0).sum(), Tensor([1.0, 2.0]))
    assert loss == 6.0
    assert [slope.shape for slope in slopes] == [(2, 3)]
    assert not slopes[0].any()


def test_no_gradient_flows_back_to_what_no_grad_has_computed() -> None:
    def function(x: Any) -> Any:
        with ag.no_grad():
            frozen = x * 3
        return (frozen * x).sum()

    _, (_, slope) = with_gradients(function, Tensor([1.0, 2.0]))
    np.testing.assert_array_equal(slope, [3.0, 6.0])


def test_every_value_and_gradient_has_a_name() -> None:
    w = Tensor([1.0, 2.0], name="w")
    made, _ = with_gradients(lambda x: ag.exp(ag.tanh(w * x).named("h")).sum(), np.ones(2))
    names = [node.name for node in made.graph.nodes if node.op is not None]
    assert names[:4] == ["multiply_1", "h", "exp_1", "sum_1"]
    assert {"d_h", "d_multiply_1", "d_w"} <= set(names)
    assert [node.name for node in made.graph.outputs] == ["sum_1", "d_w"]


def test_an_update_gives_new_values_of_what_it_trains() -> None:
    w, b = Tensor([1.0, 2.0], name="w"), Tensor(3.0, name="b")
    optimiser = nn.SGD([w], 0.5)
    made, (loss, *slopes, new) = with_gradients(lambda: (w * w).sum() + b * b, optimisers=[optimiser])
    assert loss == 14.0
    of = {source.tensor: slope for source, slope in zip(made.slopes, slopes, strict=True)}
    assert of[b] == 6.0
    np.testing.assert_array_equal(of[w], [2.0, 4.0])
    np.testing.assert_array_equal(new, [0.0, 0.0])
    assert [source.tensor for source in made.updated] == [w]
    settings = {node.source.name for node in made.graph.inputs if isinstance(node.source, Setting)}
    assert settings == {"lr"}  # the momentum of 0 and the number of the step decide nothing
    assert made.graph.outputs[-1].name == "new_w"


def test_an_update_with_a_state_gives_its_new_value_too() -> None:
    w = Tensor([1.0, 2.0], name="w")
    optimiser = nn.SGD([w], 0.5, momentum=0.5)
    optimiser.state_of(w)["velocity"].value = [1.0, 1.0]
    made, (*_, first, second) = with_gradients(lambda: (w * w).sum(), optimisers=[optimiser])
    new = dict(zip(map(str, made.updated), (first, second), strict=True))
    np.testing.assert_array_equal(new["buffer"], [2.5, 4.5])
    np.testing.assert_array_equal(new["leaf from outside"], w.data - 0.5 * np.array([2.5, 4.5]))
    assert {type(source) for source in made.updated} == {Outside, State}


def test_the_number_of_the_step_is_an_input() -> None:
    w = Tensor([1.0, 2.0])
    optimiser = nn.Adam([w], 0.5)
    made, _ = with_gradients(lambda: (w * w).sum(), optimisers=[optimiser])
    (count,) = [node.source for node in made.graph.inputs if isinstance(node.source, Count)]
    assert count.steps is optimiser.steps
    assert optimiser.steps.value.data == 0  # the trace has made no step


def test_the_numbers_of_an_update_do_not_widen_float32() -> None:
    w = Tensor(np.ones(2, np.float32))
    for kind in (nn.SGD, nn.Adam):
        made, _ = with_gradients(lambda: (w * w).sum(), optimisers=[kind([w], 0.1)])
        assert {node.dtype for node in made.graph.outputs} == {np.dtype(np.float32)}


def test_no_gradient_is_computed_for_data() -> None:
    w = Tensor(np.ones((3, 2)))
    made, _ = with_gradients(lambda x: (x @ w).sum(), np.ones((4, 3)))
    assert sum(node.op is ag.matmul for node in made.graph.nodes) == 2
