"""The passes keep every bit, each does what it is for, and none does what it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler import passes
from autograd_mini.compiler.graph import Graph, check, evaluate
from autograd_mini.tensor import SAVED
from tests.autograd_mini.compiler.graphs import assert_same_bits, operations, random_graph, results, traced, values_of

Pass = Callable[[Graph], Graph]

EXACT: list[Pass] = [passes.without_dead, passes.with_shared, passes.with_folded, passes.simplified]
SEEDS = st.integers(0, 2**32 - 1)
SPECIAL = np.array([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 1e-310, 1e308])


# ------------------------------------------------------------------------------------------- every exact pass


@pytest.mark.parametrize("improve", EXACT, ids=lambda f: f.__name__)
@given(seed=SEEDS)
def test_an_exact_pass_keeps_every_bit(improve: Pass, seed: int) -> None:
    graph = random_graph(seed)
    assert_same_bits(graph, improve(graph))


@given(seed=SEEDS, order=st.lists(st.sampled_from(EXACT), max_size=8))
def test_exact_passes_in_any_order_keep_every_bit(seed: int, order: list[Pass]) -> None:
    graph = before = random_graph(seed)
    for improve in order:
        graph = improve(graph)
    assert_same_bits(before, graph)


@pytest.mark.parametrize("improve", EXACT, ids=lambda f: f.__name__)
@given(seed=SEEDS)
def test_an_exact_pass_leaves_the_order_of_what_stays(improve: Pass, seed: int) -> None:
    graph = random_graph(seed)
    places = {node: place for place, node in enumerate(graph.nodes)}
    kept = [places[node] for node in improve(graph).nodes if node in places]
    assert kept == sorted(kept)


# --------------------------------------------------------------------------------------------------- optimised


@given(seed=SEEDS)
def test_optimised_graphs_agree_to_rounding_and_do_not_grow(seed: int) -> None:
    graph = random_graph(seed)
    after = passes.optimised(graph)
    check(after, values_of(after))
    for x, y in zip(results(graph), results(after), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)
    assert len(after.nodes) <= len(graph.nodes)


@given(seed=SEEDS)
def test_optimised_graphs_are_as_good_as_it_gets(seed: int) -> None:
    graph = passes.optimised(random_graph(seed))
    assert passes.optimised(graph) == graph


def test_the_step_of_a_network_is_what_one_would_write_by_hand() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in [(4, 3), (3, 5), (5,), (5, 2), (4, 2)]]
    graph = traced(lambda x, v, b, w, y: ((ag.relu(x @ v + b) @ w - y) ** 2).mean(), *arrays, grad=True)
    assert operations(passes.optimised(graph))[:6] == ["matmul", "add", "relu", "matmul", "subtract", "square"]
    (delta,) = [n for n in passes.optimised(graph).nodes if n.op is ag.multiply and np.float64(0.25) in n.inputs]
    assert [x.op for x in delta.operands] == [ag.subtract]  # 2 / 8 times the error, and nothing of its shape besides


def test_a_long_chain_takes_no_recursion() -> None:
    def chain(x: Any) -> Any:
        for _ in range(3000):
            x = ag.tanh(ag.negative(-x) * 1.0)
        return x.sum()

    after = passes.optimised(traced(chain, np.ones(2), grad=True))
    assert operations(after)[:3] == ["tanh"] * 3


# -------------------------------------------------------------------------------------------------------- dead


def test_what_no_output_needs_is_dropped_and_its_inputs_too() -> None:
    graph = traced(lambda x, y: (ag.exp(x), x * y), [1.0], [2.0])
    graph = passes.without_dead(Graph(graph.nodes, graph.outputs[:1]))
    assert operations(graph) == ["exp"]
    assert len(graph.inputs) == 1


def test_the_producer_of_a_saved_value_stays() -> None:
    graph = traced(lambda z, y: ag.softmax_cross_entropy(z, y), np.ones((2, 3)), np.array([0, 2]), grad=True)
    graph = passes.optimised(Graph(graph.nodes, graph.outputs[1:]))
    assert operations(graph) == ["softmax_cross_entropy", "saved", "multiply"]


# ------------------------------------------------------------------------------------------------------ shared


@pytest.mark.parametrize(
    "twice",
    [
        lambda x: (x[1:], x[1:]),
        lambda x: (x[..., None, ::2], x[..., None, ::2]),
        lambda x: (x.sum(axis=(0,)), x.sum(axis=(0,))),
        lambda x: (x.astype(np.float32), x.astype(np.float32)),
        lambda x: (x.astype(np.dtype("f4")), x.astype(np.dtype("f4"))),
        lambda x: (x * 0.5, x * 0.5),
        lambda x: (x * float("nan"), x * float("nan")),
        lambda x: (x * np.float32(0.1), x * np.float32(0.1)),
        lambda x: (ag.exp(x) + 1, ag.exp(x) + 1),
        lambda x: (ag.clip(x, -1, 1), ag.clip(x, -1, 1)),
    ],
)
def test_the_same_twice_is_computed_once(twice: Callable[..., Any]) -> None:
    graph = traced(twice, SPECIAL)
    after = passes.with_shared(graph)
    assert after.outputs[0] is after.outputs[1]
    assert len(passes.without_dead(after).nodes) == (len(graph.nodes) + 1) / 2
    assert_same_bits(graph, after)


@pytest.mark.parametrize(
    "apart",
    [
        lambda x: (x * 0.0, x * -0.0),
        lambda x: (x * 2, x * 2.0),
        lambda x: (x * 1, x * True),
        lambda x: (x * 1.0, x * np.float64(1.0)),
        lambda x: (x * np.float32(0.5), x * np.float64(0.5)),
        lambda x: (x[1:], x[:1]),
        lambda x: (x.sum(keepdims=True), x.sum(axis=0, keepdims=False)),
        lambda x: (x - 1, 1 - x),
        lambda x: (x.astype("f4"), x.astype("f8")),
    ],
)
def test_what_differs_is_not_shared(apart: Callable[..., Any]) -> None:
    graph = traced(apart, SPECIAL)
    assert passes.with_shared(graph) == graph


def test_random_operations_are_not_shared() -> None:
    noisy = ag.Op("noisy", lambda x: x, lambda g, out, x: g)
    drawing = ag.Op("drawing", lambda x, *, rng: x, lambda g, out, x, *, rng: g, settings={"rng": None})
    drawing.__module__ = "autograd_mini.ops.drawing"
    rng = np.random.default_rng(0)
    for graph in (
        traced(lambda x: (noisy(x), noisy(x)), [1.0]),
        traced(lambda x: (drawing(x, rng=rng), drawing(x, rng=rng)), [1.0]),
    ):
        assert passes.with_shared(graph) == graph


def test_equal_producers_share_what_they_saved() -> None:
    def twice(z: Any, y: Any) -> Any:
        return ag.softmax_cross_entropy(z, y) + ag.softmax_cross_entropy(z, y)

    graph = traced(twice, np.array([[1.0, 2.0]]), np.array([0]), grad=True)
    after = passes.without_dead(passes.with_shared(graph))
    assert [node.op for node in graph.nodes].count(SAVED) == 2
    assert [node.op for node in after.nodes].count(SAVED) == 1
    assert_same_bits(graph, after)


def test_the_name_of_the_one_that_goes_stays() -> None:
    graph = passes.with_shared(traced(lambda x: (ag.exp(x), ag.exp(x).named("e"), ag.exp(x) + 1), [1.0], names="x"))
    assert [node.name for node in graph.nodes] == ["x", "e", None]
    assert graph.nodes[2].inputs[0] is graph.nodes[1]


# -------------------------------------------------------------------------------------------------------- fold


def test_operations_on_numbers_become_numbers_in_their_readers() -> None:
    graph = traced(lambda x: x.mean(), np.ones(8, np.float32), grad=True)
    (_, gradient) = passes.without_dead(passes.with_folded(graph)).outputs
    (number,) = gradient.inputs
    assert (type(number), number) == (np.float32, 0.125)


def test_an_output_that_is_a_number_is_a_constant() -> None:
    graph = passes.with_folded(traced(lambda x: (x.sum(), (x * 0).sum()), np.float64(2.0), grad=True))
    (constant,) = graph.outputs[2:]
    assert (constant.op, constant.value) == (None, 1.0)
    assert_same_bits(graph, passes.without_dead(graph))


def test_constant_arrays_are_read_when_the_program_runs() -> None:
    weights, scale = np.array([1.0, 2.0]), np.array(3.0)
    two = ag.Tensor(2.0, requires_grad=False)
    graph = traced(lambda x: x * ag.as_tensor(weights, requires_grad=False).sum() * (two * scale), [1.0])
    after = passes.optimised(graph)
    weights += 1.0
    scale += 1.0
    assert_same_bits(graph, after)
    np.testing.assert_array_equal(results(after)[0], [40.0])


@pytest.mark.parametrize(
    "failing",
    [
        lambda c: 1.0 / (c - 3.0),
        lambda c: ag.log(c * 0.0),
        lambda c: ag.exp(c * 1e3),
        lambda c: ag.sqrt(-c),
        lambda c: ag.nanmax(c * np.nan),
    ],
)
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_what_warns_is_left_for_the_program(failing: Callable[..., Any]) -> None:
    constant = ag.Tensor(3.0, requires_grad=False)
    with np.errstate(all="ignore"):
        graph = traced(lambda x: x * failing(constant), [1.0])
    after = passes.with_folded(graph)  # would fail here: warnings are errors in the tests
    assert operations(after)[-2:] == operations(graph)[-2:]
    assert_same_bits(graph, after)


def test_a_users_operation_is_not_folded() -> None:
    count = ag.Op("count", lambda x: x + len(calls), lambda g, out, x: g)
    calls: list[int] = []
    graph = traced(lambda x: x * count(ag.Tensor(3.0, requires_grad=False)), [1.0])
    after = passes.optimised(graph)
    calls.append(1)
    np.testing.assert_array_equal(results(after)[0], [4.0])


# ----------------------------------------------------------------------------------------------------- algebra

REDUCED: list[tuple[Callable[..., Any], list[str]]] = [
    (lambda x: x * 1, []),
    (lambda x: 1.0 * x, []),
    (lambda x: x / 1, []),
    (lambda x: x**1, []),
    (lambda x: x - 0, []),
    (lambda x: ag.negative(-x), []),
    (lambda x: +x, []),
    (lambda x: ag.stop_gradient(x), []),
    (lambda x: x.astype(np.float64), []),
    (lambda x: ag.broadcast_to(x, x.shape), []),
    (lambda x: x.T, []),
    (lambda x: x.reshape((3, 3)).T.T, ["reshape"]),
    (lambda x: x.reshape((3, 3)).reshape((-1,)), []),
    (lambda x: x.reshape((3, 3)).reshape((1, 9)), ["reshape"]),
    (lambda x: x.reshape((3, 3, 1)).transpose((1, 2, 0)).transpose((2, 0, 1)), ["reshape"]),
    (lambda x: x.reshape((3, 3, 1)).transpose((1, 2, 0)).transpose((1, 2, 0)), ["reshape", "transpose"]),
    (lambda x: x.reshape((3, 3, 1)).transpose((1, 0, 2)).transpose((0, 2, 1)), ["reshape", "transpose"]),
    (lambda x: x * -1, ["negative"]),
    (lambda x: ag.exp(x) + -x, ["exp", "subtract"]),
    (lambda x: -x + ag.exp(x), ["exp", "subtract"]),
    (lambda x: ag.exp(x) - -x, ["exp", "add"]),
    (lambda x: -x * -ag.exp(x), ["exp", "multiply"]),
    (lambda x: -x / -ag.exp(x), ["exp", "divide"]),
    (lambda x: -x * 3.0, ["multiply"]),
    (lambda x: 3.0 / -x, ["divide"]),
    (lambda x: -(x * 3.0), ["multiply"]),
    (lambda x: -(3.0 / x), ["divide"]),
    (lambda x: x**2, ["square"]),
    (lambda x: x**0.5, ["sqrt"]),
    (lambda x: x**-1, ["reciprocal"]),
    (lambda x: x.reshape((9, 1)) + ag.broadcast_to(x, (9, 9)), ["reshape", "add"]),
    (
        lambda x: ag.broadcast_to(x, (2, 9)) * x.reshape((1, 9)) - ag.exp(ag.broadcast_to(x, (2, 9))),
        ["multiply", "broadcast_to", "exp", "subtract"],
    ),
    (lambda x: ag.broadcast_to(x[1:].sum(), (9,)) * 2.0 - x, ["getitem", "sum", "multiply", "subtract"]),
    (lambda x: -ag.broadcast_to(x.sum(), (9,)).reshape((3, 3)) + x.reshape((3, 3)), ["sum", "reshape", "subtract"]),
    (lambda x: x.reshape((1, 9)) + x.reshape((9, 1)), ["reshape", "add"]),
]


@pytest.mark.parametrize(("f", "expected"), REDUCED)
def test_a_rule_makes_less_of_it_to_the_last_bit(f: Callable[..., Any], expected: list[str]) -> None:
    graph = after = traced(f, SPECIAL)
    for _ in range(3):
        after = passes.without_dead(passes.simplified(after))
    assert operations(after) == expected
    assert_same_bits(graph, after)


INEXACT: list[Callable[..., Any]] = [
    lambda x: x + 0,
    lambda x: x - -0.0,
    lambda x: 0 - x,
    lambda x: x * 0,
    lambda x: 1 / x,
    lambda x: 1**x,
    lambda x: x**3,
    lambda x: x * np.array([1.0]),
    lambda x: x.astype(np.float32).astype(np.float64),
    lambda x: -x * 0,
    lambda x: -(x - 1.0),
    lambda x: x.reshape((9, 1)).sum(axis=1),  # a sum of -0.0 alone is 0.0
    lambda x: ag.exp(ag.broadcast_to(x[0], (9,))) * x,
    lambda x: (-ag.broadcast_to(x, (2, 9))).sum(),  # in rows it is added up in another order
    lambda x: x[::-1] * 1.0,  # so is a copy
    lambda x: x.reshape((3, 3)).T.reshape((9,)).reshape((1, 9)),
    lambda x: ag.broadcast_to(x, (2, 9)).reshape((18,)),
    lambda x: ag.broadcast_to(x, (9, 9)).T,
    lambda x: x[0] ** 2,  # of a number NumPy computes it as any other power
]


@pytest.mark.parametrize("f", INEXACT)
def test_what_would_change_a_bit_is_left(f: Callable[..., Any]) -> None:
    graph = passes.without_dead(traced(f, SPECIAL))
    assert operations(passes.without_dead(passes.simplified(graph))) == operations(graph)


ORDERED: list[Callable[..., Any]] = [
    lambda x, w: (-ag.broadcast_to(x, (5, 9)) * 1.0).sum(),
    lambda x, w: ag.broadcast_to(ag.broadcast_to(x, (5, 9)) * 2.0, (2, 5, 9)).sum(),
    lambda x, w: (ag.broadcast_to(x, (5, 9)) * 2.0).reshape((5, 3, 3)).sum(),
    lambda x, w: (ag.broadcast_to(x, (5, 9)) * 2.0 * w.T).sum(),
    lambda x, w: ag.exp(w.T).reshape((45,)).reshape((5, 9)).sum(),
    lambda x, w: (w[:, ::-1] * 1.0).sum(),
    lambda x, w: (-ag.broadcast_to(x, (5, 9)) @ w).sum(),
    lambda x, w: ag.as_tensor(COLUMNS, requires_grad=False).reshape((45,)).reshape((5, 9)).sum() * x,
]
COLUMNS = np.asfortranarray(np.random.default_rng(0).normal(size=(5, 9)))


@pytest.mark.parametrize("f", ORDERED)
def test_sums_add_in_the_order_they_had(f: Callable[..., Any]) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = after = traced(f, rng.normal(size=9), rng.normal(size=(9, 5)))
        for _ in range(3):
            after = passes.simplified(after)
        assert_same_bits(graph, after)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: (-ag.broadcast_to(x, (5, 9)) * 1.0) @ w,
        lambda x, w: ag.broadcast_to(ag.broadcast_to(x, (5, 9)) * 2.0, (2, 5, 9)) @ w,
    ],
)
def test_a_matrix_product_keeps_the_array_that_it_had(f: Callable[..., Any]) -> None:
    graph = traced(f, np.ones(9), np.ones((9, 5)))
    for _ in range(3):
        graph = passes.simplified(graph)
    operand = graph.outputs[0].inputs[0]
    array = operand.inputs[0] if len(operand.shape) == 3 else operand
    assert (array.op in (ag.negative, ag.multiply), array.shape) == (True, (5, 9))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize(
    "f",
    [
        lambda n: ag.negative(-n),
        lambda n: n * 1.0 + -n,
        lambda n: -n * 3.0,
        lambda n: n**2,
        lambda n: n**0.5,
        lambda n: ag.broadcast_to(n[1], (3,)) * 2 + n,
    ],
)
def test_integers_keep_their_dtype_and_wrap_as_before(f: Callable[..., Any], dtype: Any) -> None:
    graph = traced(f, np.array([-128, 127, 0], np.int8).astype(dtype))
    after = passes.optimised(graph)
    assert_same_bits(graph, after)
    with np.errstate(invalid="ignore"):
        evaluate(after, values_of(after))  # an array overflows without a warning, a number would not


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.float64(1),
        lambda x: np.float64(-1) * x,
        lambda x: x * np.int64(-1),
        lambda x: x / np.float64(1),
        lambda x: x - np.float64(0),
    ],
)
def test_a_unit_that_widens_the_dtype_stays(f: Callable[..., Any]) -> None:
    graph = traced(f, np.ones(3, np.float32))
    assert operations(passes.optimised(graph)) == operations(graph)


@pytest.mark.parametrize("f", [lambda n: -(n / 2), lambda n: -(200 / n), lambda n: -(n / -128), lambda n: -(n * 0.5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_a_sign_goes_into_a_number_that_has_no_place_among_integers(f: Callable[..., Any], dtype: Any) -> None:
    graph = traced(f, np.array([0, 1, 100], dtype))  # NumPy divides integers as floats
    after = passes.optimised(graph)
    assert len(operations(after)) == 1
    assert_same_bits(graph, after)


def test_an_array_that_loses_its_shape_by_a_unit_stays() -> None:
    graph = traced(lambda x: ag.broadcast_to(x, (2, 3)) * 1.0, np.ones(3))
    assert graph.outputs[0].shape == passes.optimised(graph).outputs[0].shape


@pytest.mark.parametrize("activation", [ag.relu, ag.relu6, ag.hard_tanh, lambda x: ag.leaky_relu(x, 0.1)])
def test_a_mask_is_read_from_the_activation(activation: Callable[..., Any]) -> None:
    graph = traced(lambda x: (activation(ag.exp(x) - 2.0) * x).sum(), SPECIAL, grad=True)
    after = passes.simplified(passes.without_dead(graph))
    (before_it,) = [node for node in after.nodes if node.op is ag.subtract]
    assert [node for node in after.nodes if before_it in node.inputs and node.op in (ag.greater, ag.less)] == []
    assert_same_bits(graph, after)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (ag.leaky_relu(x, -0.1), x > 0),  # turns negative numbers around
        lambda x: (x > 0, ag.relu(x)),  # not bound yet
        lambda x: (ag.relu(x), x > 1),
        lambda x: (ag.leaky_relu(x), x > 1),
        lambda x: (ag.relu(x), x >= 0),
    ],
)
def test_a_mask_that_differs_is_read_from_the_argument(f: Callable[..., Any]) -> None:
    graph = traced(f, SPECIAL)
    assert passes.simplified(graph) == graph


def test_names_survive_and_inputs_are_not_renamed() -> None:
    def f(x: Any) -> Any:
        y = ag.exp(x) * 1.0
        return y.named("y"), (x * 1.0).named("z"), (ag.log(x).named("log") * 1.0).named("again")

    graph = passes.without_dead(passes.simplified(traced(f, [1.0, 2.0], names="x")))
    assert [node.name for node in graph.nodes] == ["x", "y", "log"]
    (unnamed,) = passes.without_dead(passes.simplified(traced(lambda x: (x * 1.0).named("y"), [1.0]))).nodes
    assert unnamed.name is None


WRITTEN: list[Callable[..., Any]] = [
    lambda x: ag.log(ag.softmax(x)),
    lambda x: ag.log(1 + ag.exp(x)),
    lambda x: 1 / (1 + ag.exp(-x)),
    lambda x: ag.exp(ag.log_softmax(x)),
    lambda x: ag.log(ag.exp(x)),
]


@pytest.mark.parametrize("f", WRITTEN)
def test_a_form_that_overflows_means_what_is_written(f: Callable[..., Any]) -> None:
    graph = passes.without_dead(traced(f, SPECIAL))
    after = passes.optimised(graph)
    assert operations(after) == operations(graph)
    assert_same_bits(graph, after)
