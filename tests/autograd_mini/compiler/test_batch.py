"""Scalar code as array code: the same results and gradients, and the matrix code that one would have written."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.compiler.batch import batched, plan, vectorised
from autograd_mini.compiler.graph import Graph, Node, check, evaluate, graph_of, text
from autograd_mini.compiler.sources import Pack
from autograd_mini.modes import tracing
from tests.autograd_mini.compiler.scalar_programs import ScalarProgram, leaves_of

Leaves = list[Tensor]
Program = Callable[[Any], Any]

seeds = st.integers(0, 2**32 - 1)


def traced(program: Program, leaves: Leaves) -> Graph:
    with tracing():
        outputs = program(leaves)
    outputs = [outputs] if isinstance(outputs, Tensor) else outputs
    return graph_of([x for x in outputs if isinstance(x, Tensor)], {x: i for i, x in enumerate(leaves)}, {})


def inputs_of(graph: Graph, leaves: Leaves, convert: Callable[[Any], Any] = np.asarray) -> dict[Node, Any]:
    """The inputs' values: a pack is filled from the leaves that its sources name."""
    found = {}
    for node in graph.inputs:
        packed = isinstance(node.source, Pack)
        data = np.array([leaves[i].data for i in node.source.sources]) if packed else leaves[node.source].data
        found[node] = convert(data if packed else data[()])
    return found


def values_of(graph: Graph, leaves: Leaves) -> list[Any]:
    results = evaluate(graph, inputs_of(graph, leaves, lambda data: data))
    return [results[node] for node in graph.outputs]


def weigh(outputs: list[Any]) -> Any:
    floats = [y.sum() for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]
    return sum(y * (0.5 + i % 3) for i, y in enumerate(floats))


def gradients_by_source(graph: Graph, leaves: Leaves) -> list[Any]:
    """dL/dleaf of a weighted sum of the outputs, computed with the graph."""
    inputs = inputs_of(graph, leaves, ag.as_tensor)
    results = evaluate(graph, inputs)
    gradients = dict.fromkeys(range(len(leaves)), 0.0)
    loss = weigh([results[node] for node in graph.outputs])
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        return list(gradients.values())
    for node, g in zip(inputs, ag.gradients(loss, list(inputs.values()))):
        gradients |= dict(zip(node.source.sources, g)) if isinstance(node.source, Pack) else {node.source: g}
    return list(gradients.values())


def in_arrays(graph: Graph, trainable: Callable[[Any], bool] = lambda source: True) -> Graph:
    """Array code wherever two operations are alike, whether it pays or not."""
    with patch.object(plan, "LEAST", 2):
        return vectorised(graph, trainable)


def assert_same(
    program: Program, leaves: Leaves, rtol: float = 1e-12, change: Callable[[Graph], Graph] = batched
) -> Graph:
    graph = traced(program, leaves)
    result = change(graph)
    check(result, inputs_of(result, leaves, lambda data: data))
    assert len(nodes_read(result)) == len(result.nodes)
    assert [(x.shape, x.dtype) for x in result.outputs] == [(x.shape, x.dtype) for x in graph.outputs]
    for found, expected in zip(values_of(result, leaves), values_of(graph, leaves)):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
    for found, expected in zip(gradients_by_source(result, leaves), gradients_by_source(graph, leaves)):
        np.testing.assert_allclose(found, expected, rtol=rtol * 10, atol=rtol * 100)
    return result


def nodes_read(graph: Graph) -> set[Node]:
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        needed.update(node.operands if node in needed else ())
    return needed


def count(graph: Graph) -> Counter[str]:
    return Counter(node.op.name for node in graph.nodes if node.op is not None)


# ------------------------------------------------------------------------------------------------ random programs


@given(seed=seeds)
def test_values_and_gradients_are_those_of_the_scalars(seed: int) -> None:
    program = ScalarProgram(seed, sums=True)
    assert_same(program, leaves_of(program.leaves), change=in_arrays)


@given(seed=seeds)
def test_float32_stays_float32(seed: int) -> None:
    program = ScalarProgram(seed, sums=True)
    graph = assert_same(program, leaves_of(program.leaves, np.float32), 2e-5, in_arrays)
    assert {node.dtype for node in graph.outputs} <= {np.dtype(np.float32), np.dtype(bool)}


@given(seed=seeds, dtype=st.sampled_from([np.float64, np.float32]))
def test_without_sums_every_bit_is_the_same(seed: int, dtype: Any) -> None:
    program = ScalarProgram(seed, sums=False)
    leaves = leaves_of(program.leaves, dtype)
    graph = traced(program, leaves)
    kept = Graph(graph.nodes, tuple(graph.nodes))  # every value is read, so that no sum is merged
    for found, expected in zip(values_of(in_arrays(kept), leaves), values_of(kept, leaves)):
        assert type(found) is type(expected)
        np.testing.assert_array_equal(found, expected)


@given(seed=seeds, count=st.integers(1, 3))
def test_inputs_with_and_without_gradients_are_packed_apart(seed: int, count: int) -> None:
    program = ScalarProgram(seed, sums=True)
    leaves = leaves_of(program.leaves)
    graph = in_arrays(traced(program, leaves), lambda source: source % 4 < count)
    for node in graph.inputs:
        if isinstance(node.source, Pack):
            assert len({source % 4 < count for source in node.source.sources}) == 1
    for found, expected in zip(values_of(graph, leaves), values_of(traced(program, leaves), leaves)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# --------------------------------------------------------------------------------------------- neurons one by one


def parameters(*sizes: int) -> Leaves:
    rng = np.random.default_rng(0)
    return leaves_of(rng.uniform(-1, 1, sum((m + 1) * n for m, n in itertools.pairwise(sizes))))


POINTS = np.random.default_rng(1).normal(size=(12, 3)).tolist()


def layered(
    sizes: list[int], leaves: Leaves, x: list[Any], activation: Callable[[Any, int], Any] = lambda s, j: ag.tanh(s)
) -> list[Any]:
    """A multilayer perceptron as micrograd would have it."""
    unused = iter(leaves)
    for m, n in itertools.pairwise(sizes):
        rows = [[next(unused) for _ in range(m)] for _ in range(n)]
        sums = [sum((w * v for w, v in zip(row, x)), next(unused)) for row in rows]
        x = [activation(s, j) for j, s in enumerate(sums)]
    return x


def squared_error(outputs: list[Any]) -> Any:
    return sum((y - 0.1 * i) ** 2 for i, y in enumerate(outputs)) / len(outputs)


def test_a_perceptron_becomes_matrix_code() -> None:
    sizes = [3, 8, 8, 1]
    leaves = parameters(*sizes)
    graph = assert_same(lambda ps: squared_error([layered(sizes, ps, x)[0] for x in POINTS]), leaves)
    operations = count(graph)
    assert operations["matmul"] == 3
    assert operations["tanh"] == 3
    assert operations["sum"] == 1
    assert [node.shape for node in graph.nodes if node.op is ag.tanh] == [(12, 8), (12, 8), (12,)]
    gathers = [n for n in graph.nodes if n.op is ag.ops.getitem and len(n.inputs) > 1]
    assert not gathers
    assert len(graph.nodes) < 40


LAYER = """\
%0 float64 (32,) = 32 scalars
%1 float64 (12, 3) = constant
%2 float64 (24,) = getitem(%0, index=(slice(0, 24, 1),))
%3 float64 (8, 3) = reshape(%2, shape=(8, 3))
%4 float64 (3, 8) = transpose(%3, axes=None)
%5 float64 (12, 8) = matmul(%1, %4)
%6 float64 (8,) = getitem(%0, index=(slice(24, 32, 1),))
%7 float64 (12, 8) = add(%5, %6)
%8 float64 (12, 8) = tanh(%7)
%9 float64 (96,) = reshape(%8, shape=(96,))
return %9"""


def test_a_layer_reads_as_one_would_write_it() -> None:
    def program(ps: Leaves) -> Any:
        return ag.stack([y for x in POINTS for y in layered([3, 8], ps, x)])

    assert text(batched(traced(program, parameters(3, 8)))) == LAYER


def test_inputs_that_are_scalars_become_a_matrix_of_their_own() -> None:
    leaves = [*parameters(3, 8, 1), *leaves_of(np.ravel(POINTS))]

    def program(values: Leaves) -> Any:
        weights, points = values[:41], values[41:]
        return squared_error([layered([3, 8, 1], weights, list(row))[0] for row in zip(*[iter(points)] * 3)])

    graph = batched(traced(program, leaves), trainable=lambda source: source < 41)
    assert [node.shape for node in graph.inputs] == [(41,), (36,)]
    assert count(graph)["matmul"] == 2
    assert_same(program, leaves)


def test_one_neuron_that_differs() -> None:
    def activation(s: Any, j: int) -> Any:
        return ag.relu(s * s + s) if j == 3 else ag.tanh(s)

    graph = assert_same(
        lambda ps: squared_error([layered([3, 10, 10, 1], ps, x, activation)[0] for x in POINTS]),
        parameters(3, 10, 10, 1),
    )
    assert len(graph.nodes) < 120


def test_unequal_fan_ins() -> None:
    leaves = leaves_of(np.random.default_rng(2).normal(size=60))

    def program(ps: Leaves) -> Any:
        return [ag.tanh(sum(ps[i] * ps[(3 * i + n) % 60] for i in range(n, n + 3 + n % 5))) for n in range(40)]

    graph = assert_same(program, leaves)
    assert count(graph)["scatter_add"] == 1
    assert len(graph.nodes) < 60


def test_a_table_whose_rows_mix_arrays() -> None:
    leaves = leaves_of(np.random.default_rng(2).normal(size=40))

    def program(ps: Leaves) -> list[Any]:
        a, b = [ag.tanh(x) for x in ps[:20]], [ag.exp(x) for x in ps[20:]]
        orders = sorted(set(itertools.permutations([0, 0, 1, 1])))
        rows = [[(a, b)[which][(i + n) % 20] for n, which in enumerate(orders[i % 6])] for i in range(18)]
        return [sum(x * y for x, y in zip(row, ps[i:])) for i, row in enumerate(rows)]

    assert_same(program, leaves, change=in_arrays)


def test_sums_in_another_order_than_their_terms() -> None:
    def program(xs: Leaves) -> list[Any]:
        return [sum(list(xs[0])[5 * i : 5 * i + 5]) for i in reversed(range(8))]

    graph = assert_same(program, [Tensor(np.random.default_rng(2).normal(size=40))], change=in_arrays)
    assert count(graph)["sum"] == 1
    assert all(len(node.inputs) == 1 for node in graph.nodes if node.op is ag.ops.getitem)


def test_every_second_column_of_a_table() -> None:
    def program(xs: Leaves) -> list[Any]:
        return [ag.tanh(sum(xs[0][i][j] * xs[1][j] for j in (0, 2, 4))) for i in range(10)]

    rng = np.random.default_rng(2)
    assert_same(program, [Tensor(rng.normal(size=(10, 6))), Tensor(rng.normal(size=6))], change=in_arrays)


def test_loops_over_neurons_outside_of_those_over_points() -> None:
    def program(ps: Leaves) -> list[Any]:
        rows = list(zip(*[iter(ps)] * 3))
        return [ag.tanh(sum(w * v for w, v in zip(row, x))) for row in rows for x in POINTS]

    graph = assert_same(program, leaves_of(np.random.default_rng(2).normal(size=24)))
    tanh = next(node for node in graph.nodes if node.op is ag.tanh)
    assert tanh.shape == (8, len(POINTS))


def test_values_inside_of_sums_may_be_results() -> None:
    leaves = leaves_of(np.random.default_rng(3).normal(size=40))

    def program(ps: Leaves) -> list[Any]:
        products = [x * y for x, y in itertools.pairwise(ps)]
        return [*itertools.accumulate(products), products[5], sum(products[:20]), ps[7]]

    assert_same(program, leaves)


def test_a_sum_that_is_a_result_is_computed_once() -> None:
    leaves = leaves_of(np.random.default_rng(3).normal(size=40))

    def program(ps: Leaves) -> list[Any]:
        scores = [x * y + z for x, y, z in zip(ps, ps[1:], ps[2:])]
        return [sum(scores), *scores]

    assert count(assert_same(program, leaves, change=in_arrays))["multiply"] == 1


def test_two_networks_beside_each_other_are_two_products_a_layer() -> None:
    leaves = [*parameters(3, 8, 8), *parameters(3, 8, 8)]

    def program(ps: Leaves) -> list[Any]:
        return [
            y
            for x in POINTS
            for y in layered([3, 8, 8], ps[:104], x) + layered([3, 8, 8], ps[104:], [v + 9 for v in x])
        ]

    assert count(assert_same(program, leaves))["matmul"] == 4


def test_a_layer_that_also_reads_the_inputs_joins_tables() -> None:
    leaves = [*parameters(3, 8), *parameters(11, 8)]

    def program(ps: Leaves) -> list[Any]:
        return [y for x in POINTS for y in layered([11, 8], ps[32:], layered([3, 8], ps[:32], x) + x)]

    graph = assert_same(program, leaves)
    assert count(graph)["matmul"] == 2
    assert all(len(n.inputs) == 1 for n in graph.nodes if n.op is ag.ops.getitem)


def test_a_recurrence_keeps_its_steps() -> None:
    leaves = parameters(11, 8)

    def program(ps: Leaves) -> Any:
        state: list[Any] = [0.0] * 8
        for x in POINTS:
            state = layered([11, 8], ps, state + x)
        return squared_error(state)

    assert count(assert_same(program, leaves))["tanh"] == len(POINTS)


def test_pairwise_distances() -> None:
    leaves = leaves_of(np.random.default_rng(4).normal(size=30))

    def program(ps: Leaves) -> Any:
        rows = list(zip(ps[0::2], ps[1::2]))
        return [ag.exp(-sum((a - b) ** 2 for a, b in zip(p, q))) for p in rows[:7] for q in rows[7:]]

    assert len(assert_same(program, leaves).nodes) < 120


# ------------------------------------------------------------------------------------------------- arrays around


def test_entries_of_arrays_are_read_together() -> None:
    def program(xs: Leaves) -> Any:
        return ag.stack([ag.tanh(xs[0][i][2] * row[0]) for i, row in enumerate(xs[0])])

    graph = assert_same(program, [Tensor(np.random.default_rng(5).normal(size=(20, 3)))])
    assert count(graph)["tanh"] == 1
    assert len(graph.nodes) < 12


def test_scalars_of_arrays_and_arrays_of_scalars() -> None:
    def program(xs: Leaves) -> Any:
        totals = [(x * x).sum() for x in xs]
        scores = ag.stack([ag.exp(t) / (1 + t) for t in totals])
        weights = ag.softmax(scores) @ ag.stack(xs)
        again = [ag.tanh(w * t) for w, t in zip(weights, totals)]
        return [ag.norm(ag.stack(again)), weights, sum(again) + totals[0]]

    assert_same(program, [Tensor(row) for row in np.random.default_rng(6).normal(size=(10, 10))])


def test_an_operation_that_saves_stays_beside_what_it_saved() -> None:
    def program(xs: Leaves) -> Any:
        logits = ag.stack([ag.tanh(x * 2) for x in xs]).reshape(3, 4)
        loss = ag.softmax_cross_entropy(logits, [0, 1, 2])
        return [loss, *ag.gradients(loss, xs)]

    leaves = leaves_of(np.linspace(-1, 1, 12))
    graph = traced(program, leaves)
    for found, expected in zip(values_of(batched(graph), leaves), values_of(graph, leaves)):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_entry_of_a_scalar_is_the_scalar() -> None:
    def program(xs: Leaves) -> list[Any]:
        return [ag.tanh(ag.tanh(x).reshape(1)[0]) for x in xs]

    graph = assert_same(program, leaves_of(np.linspace(-1, 1, 9)), change=in_arrays)
    assert count(graph)["reshape"] == 0


def test_entries_are_counted_from_either_end() -> None:
    def program(xs: Leaves) -> list[Any]:
        return [ag.tanh(xs[0][-1 - i][np.int64(i % 3)] * xs[0][i, -2]) for i in range(10)]

    graph = assert_same(program, [Tensor(np.random.default_rng(5).normal(size=(10, 3)))], change=in_arrays)
    assert count(graph)["tanh"] == 1


def test_stacks_of_several_dtypes_and_of_numbers() -> None:
    leaves = [Tensor(0.1 * i, dtype=[np.float32, np.float64][i % 2]) for i in range(20)]

    def program(xs: Leaves) -> list[Any]:
        ys = [ag.tanh(x) for x in xs]
        return [ag.stack(ys), ag.stack([*ys, 1.0]), *[x * y for x, y in itertools.pairwise(ys)]]

    assert_same(program, leaves, 1e-6, in_arrays)


def test_entries_of_constants_are_constants() -> None:
    def program(xs: Leaves) -> list[Any]:
        fixed = Tensor(np.arange(1.0, 11.0), requires_grad=False)
        return [fixed[3], ag.tanh(fixed[4]), *[ag.tanh(c) for c in fixed], *[x * c for x, c in zip(xs, fixed)]]

    leaves = leaves_of(np.linspace(-1, 1, 10))
    graph = traced(program, leaves)
    assert values_of(in_arrays(graph), leaves) == values_of(graph, leaves)


def test_a_stack_of_one_value() -> None:
    assert_same(
        lambda xs: [ag.stack([ag.tanh(x)] * 3) for x in xs], leaves_of(np.linspace(-1, 1, 10)), change=in_arrays
    )


def test_an_elementwise_operation_that_saves_stays_scalar() -> None:
    def rule(g: Any, out: Any, x: Any, *, saved: Any) -> Any:
        return g * (ag.cos(x) if saved is None else saved)

    sine = ag.Op("sine", lambda x: (np.sin(x), np.cos(x)), rule, saves=True, elementwise=True)
    leaves = leaves_of(np.linspace(-1, 1, 12))
    graph = traced(lambda xs: ag.gradients(sum(sine(x * 2) for x in xs), xs), leaves)
    np.testing.assert_allclose(values_of(in_arrays(graph), leaves), 2 * np.cos(2 * np.linspace(-1, 1, 12)))


# ------------------------------------------------------------------------------------------- settings and constants


def test_operations_of_other_settings_are_others() -> None:
    def program(xs: Leaves) -> list[Any]:
        return [ag.leaky_relu(x, [0.1, 0.2][i % 2]) for i, x in enumerate(xs)]

    assert_same(program, leaves_of(np.linspace(-1, 1, 20)), change=in_arrays)


def test_exponents_stay_numbers() -> None:
    graph = assert_same(
        lambda xs: [x ** [2, 3.0][i % 2] for i, x in enumerate(xs)], leaves_of([0.0, 0.5] * 6), change=in_arrays
    )
    exponents = {node.inputs[1] for node in graph.nodes if node.op is ag.power}
    assert exponents == {2, 3.0}


def test_a_number_that_the_dtype_does_not_hold() -> None:
    leaves = [Tensor(i, dtype=np.int64, requires_grad=False) for i in range(12)]
    graph = traced(lambda xs: [x < 2**70 - i for i, x in enumerate(xs)], leaves)
    assert all(values_of(in_arrays(graph), leaves))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numbers_take_part_in_the_dtype_that_they_have_among_scalars(dtype: Any) -> None:
    leaves = [Tensor(i, dtype=dtype, requires_grad=False) for i in range(12)]

    def program(xs: Leaves) -> list[Any]:
        kinds = [x * (0.1 * i) for i, x in enumerate(xs)], [x > i + 0.5 for i, x in enumerate(xs)]
        strong = [x * np.float64(0.1) for x in xs], [x + np.float32(i) for i, x in enumerate(xs)]
        return [y for group in (*kinds, *strong) for y in group] + [x**2 for x in xs] + [2 * x for x in xs]

    graph = traced(program, leaves)
    for found, expected in zip(values_of(in_arrays(graph), leaves), values_of(graph, leaves)):
        assert (found, found.dtype) == (expected, expected.dtype)


def test_the_sign_of_zero_is_kept() -> None:
    leaves = leaves_of(range(1, 13))
    graph = traced(lambda xs: [ag.copysign(x, (-0.0, 0.0, 0)[i % 3]) for i, x in enumerate(xs)], leaves)
    assert values_of(in_arrays(graph), leaves) == [-1, 2, 3, -4, 5, 6, -7, 8, 9, -10, 11, 12]


def test_a_number_of_float32_overflows_as_it_does_among_scalars() -> None:
    leaves = leaves_of(range(1, 41), np.float32)
    with np.errstate(over="ignore"):
        graph = traced(lambda xs: sum(ag.minimum(x, [1e300, 2.0][i % 2]) for i, x in enumerate(xs)), leaves)
    assert values_of(batched(graph), leaves) == [2 * 20 + sum(range(1, 40, 2))]


# ------------------------------------------------------------------------------------------------- left as it is


def test_small_programs_and_chains_are_left_alone() -> None:
    leaves = leaves_of([0.5, 0.25])
    small = traced(lambda xs: ag.tanh(xs[0] * xs[1] + 1.0), leaves)
    assert batched(small) is small

    def chain(xs: Leaves) -> Any:
        y = xs[0]
        for _ in range(3_000):
            y = -(0 + y * xs[1]) + 1.0
        return y

    long = traced(chain, leaves)
    assert batched(long) is long


def test_values_that_would_have_to_be_joined_first_are_left_alone() -> None:
    graph = traced(lambda xs: sum(x.sum() for x in xs), [Tensor(np.ones(2)) for _ in range(12)])
    assert batched(graph) is graph


def test_what_is_between_few_terms_may_be_deep() -> None:
    def program(xs: Leaves) -> list[Any]:
        deep = xs[0]
        for _ in range(3_000):
            deep = -deep
        return [deep + xs[1] + xs[2], *[ag.tanh(x) for x in xs]]

    assert_same(program, leaves_of(np.linspace(-1, 1, 10)))


def test_a_graph_is_checked_to_be_the_same_graph_again() -> None:
    leaves = parameters(3, 8, 1)
    graph = traced(lambda ps: squared_error([layered([3, 8, 1], ps, x)[0] for x in POINTS]), leaves)
    nodes = graph.nodes
    batched(graph)
    assert graph.nodes is nodes
    check(graph, inputs_of(graph, leaves, lambda data: data))
