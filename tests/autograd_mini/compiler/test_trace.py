"""What a trace takes for an input, for a constant, for something from outside, and what it records."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.compiler.graph import Node, check, evaluate
from autograd_mini.compiler.signature import named_leaves
from autograd_mini.compiler.sources import Argument, Outside
from autograd_mini.compiler.trace import Trace, is_input, trace
from autograd_mini.tensor import SAVED
from tests.autograd_mini.compiler.graphs import operations
from tests.programs import OURS, random_program


def traced(function: Any, *arguments: Any, **settings: Any) -> Trace:
    return trace(function, *named_leaves(function, arguments, settings))


def sources(made: Trace) -> list[Any]:
    return [node.source for node in made.graph.inputs]


def constants(made: Trace) -> list[Any]:
    return [node.value for node in made.graph.nodes if node.value is not None]


@given(seed=st.integers(0, 2**32 - 1))
def test_the_graph_computes_what_the_function_does_at_other_values_too(seed: int) -> None:
    program = random_program(seed, smooth=False)
    made = traced(lambda *leaves: program.run(OURS, list(leaves)), *program.leaves)
    check(made.graph, made.examples)
    other = [leaf * 0.5 + 0.1 for leaf in program.leaves]
    values = {node: other[node.source.position][()] for node in made.graph.inputs}
    result = evaluate(made.graph, values)[made.graph.outputs[0]]
    expected = program.run(OURS, [Tensor(leaf) for leaf in other])  # NumPy's own has no careful logsumexp
    np.testing.assert_allclose(result, expected.data, rtol=1e-9, atol=1e-12)


def test_arrays_numpy_scalars_and_tensors_are_inputs_and_all_else_is_not() -> None:
    assert all(map(is_input, (np.ones(2), np.float32(1), np.bool_(True), Tensor(1.0))))
    assert not any(map(is_input, (1, 2.0, True, None, "axis", [np.ones(2)])))
    made = traced(lambda x, k, y, *, z: x * k + y + z, np.ones(2), 3.0, np.float32(2), z=Tensor([1.0, 2.0]))
    assert sources(made) == [
        Argument(0, False),
        Argument(2, False, scalar=True),
        Argument(3, True, tensor=True),
    ]
    assert [node.name for node in made.graph.inputs] == ["x", "y", "z"]
    assert [x for node in made.graph.nodes for x in node.inputs if not isinstance(x, Node)] == [3.0]


def test_inputs_in_containers_are_named_by_their_place() -> None:
    made = traced(lambda p: p["w"][0] * p["w"][1], {"w": [np.ones(2), np.ones(2)]})
    assert [node.name for node in made.graph.inputs] == ["p['w'][0]", "p['w'][1]"]
    assert [source.position for source in sources(made)] == [0, 1]


def test_one_tensor_that_is_passed_twice_is_one_object() -> None:
    x = Tensor([1.0, 2.0], name="weight")
    made = traced(lambda x, y: x * y if x is y else x, x, x)
    assert [source.requires_grad for source in sources(made)] == [True]
    assert all(made.examples[node] is x.data for node in made.graph.inputs)


def test_a_tensor_from_outside_is_read_and_one_made_within_is_a_constant() -> None:
    w = Tensor([1.0, 2.0], name="w")
    made = traced(lambda x: x * w + Tensor([5.0, 6.0]), np.ones(2))
    assert [type(source) for source in sources(made)] == [Argument, Outside]
    assert sources(made)[1].tensor is w
    np.testing.assert_array_equal(constants(made), [[5.0, 6.0]])


def test_an_array_from_outside_is_a_constant() -> None:
    table = np.array([3.0, 4.0])
    (value,) = constants(traced(lambda x: x * table, np.ones(2)))
    assert value is table


def test_the_graph_holds_no_tensor_of_the_function() -> None:
    made_within: list[weakref.ref[Tensor]] = []

    def function(x: Any) -> Any:
        y = x * Tensor([1.0, 2.0])
        made_within.append(weakref.ref(y))
        return y

    made = traced(function, np.ones(2))
    gc.collect()
    assert made_within[0]() is None
    assert made.examples


def test_detach_and_no_grad_are_recorded_as_such() -> None:
    w = Tensor([1.0, 2.0])
    assert operations(traced(lambda: w.detach() * 2).graph) == ["stop_gradient", "multiply"]

    def function() -> Any:
        with ag.no_grad():
            frozen = w * 2
        return frozen * w

    made = traced(function)
    assert operations(made.graph) == ["multiply", "stop_gradient", "multiply"]
    assert made.differentiable == (True,)
    assert traced(lambda: w.detach() * 2).differentiable == (False,)


def test_what_an_operation_saves_is_a_value_of_the_graph() -> None:
    w = Tensor(np.ones((2, 3)))
    labels = np.array([0, 2])
    made = traced(lambda: ag.gradients(ag.softmax_cross_entropy(w, labels), [w])[0])
    (saved,) = [node for node in made.graph.nodes if node.op is SAVED]
    (producer,) = saved.operands
    assert producer.op is ag.softmax_cross_entropy
    assert saved.shape == (2, 3)
    check(made.graph, made.examples)


def test_the_container_is_kept_with_positions_for_tensors() -> None:
    made = traced(lambda x: {"a": (x, [x * 2]), "b": x + 1}, np.ones(2))
    assert made.container == {"a": (0, [1]), "b": 2}
    assert len(made.graph.outputs) == 3


@pytest.mark.parametrize("read", [bool, float, np.asarray, Tensor.item, lambda x: x.data, lambda x: f"{x:.2f}"])
def test_no_value_can_be_read(read: Any) -> None:
    with pytest.raises(TypeError, match=r"traced by ag\.compile"):
        traced(lambda x: x * read(x * 2), np.float64(1.0))


def test_a_failing_function_leaves_no_mode_behind() -> None:
    with pytest.raises(TypeError, match="traced"):
        traced(lambda x: x if x > 0 else -x, np.float64(1.0))
    assert bool(Tensor(1.0) > 0)


def test_hooks_are_refused_wherever_the_tensor_is_from() -> None:
    w = Tensor([1.0, 2.0], name="w")
    handle = w.register_hook(lambda g: g * 2)
    for call in (lambda: traced(lambda: w * 2), lambda: traced(lambda x: x * 2, w)):
        with pytest.raises(TypeError, match=r"w \(2,\) has hooks"):
            call()
    handle.remove()
    assert operations(traced(lambda: w * 2).graph) == ["multiply"]


def test_an_argument_that_no_tensor_can_hold_is_named() -> None:
    with pytest.raises(TypeError, match=r"^compile: x\[1\]: "):
        traced(lambda x: x[0], [np.ones(2), np.array(["a"])])
