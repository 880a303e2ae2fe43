"""The text of a program computes what its graph says, in memory that holds anything before."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Op, Tensor
from autograd_mini.compiler.build import lowered
from autograd_mini.compiler.emit import WIDTH, Source, emitted
from autograd_mini.compiler.graph import Graph, Node, evaluate
from autograd_mini.compiler.passes import optimised, with_scatters
from autograd_mini.compiler.passes.scatter import added_at
from autograd_mini.compiler.plan import planned
from autograd_mini.compiler.program import buffers, linked
from tests.autograd_mini.compiler.graphs import traced
from tests.programs import OURS, random_program

halved = Op("halved", lambda x: x / 2, lambda g, out, x: halved(g))


def written(graph: Graph, kept: dict[int, Any], **parts: int) -> tuple[Source, Any]:
    plan = planned(graph, kept)
    source = emitted(graph, plan, kept, "f", parts or {"forward": len(graph.nodes)})
    return source, plan


def check(graph: Graph, kept: dict[int, Any]) -> Source:
    """The source of a graph, whose function was run in memory full of NaN, and did what the graph says."""
    source, plan = written(graph, kept)
    values = {node: np.array(node.source)[()] for node in graph.inputs}
    with np.errstate(all="ignore"):
        expected = evaluate(graph, {node: x.copy() for node, x in values.items()})
        memory = buffers(source, plan.blocks)
        for array in memory:
            array.view(np.uint8)[...] = 255
        outputs = {i: graph.outputs[i] for i, target in kept.items() if target is None}
        own = {i: np.full(node.shape, np.nan, node.dtype) for i, node in outputs.items()}
        returned = linked(source)(*values.values(), [*memory, *own.values()])
        if source.commits:
            *returned, commits = returned
            unchanged = {node: x.copy() for node, x in values.items()}
            for function, *operands in commits:
                function(*operands)
            assert {target for target in kept.values() if target is not None} >= changed(values, unchanged)
    found = dict(zip(source.returned, returned, strict=True)) | own
    found |= {i: values[target] for i, target in kept.items() if target is not None}
    for i, node in enumerate(graph.outputs):
        np.testing.assert_allclose(found[i], expected[node], rtol=1e-9, atol=1e-9)
        assert i in kept or not any(np.may_share_memory(found[i], x) for x in [*memory, *values.values()])
    return source


def changed(values: dict[Node, Any], before: dict[Node, Any]) -> set[Node]:
    return {node for node, x in values.items() if not np.array_equal(x, before[node], equal_nan=True)}


@given(seed=st.integers(0, 2**32 - 1), keeps=st.booleans())
def test_random_programs(seed: int, keeps: bool) -> None:
    program = random_program(seed, smooth=False)
    graph = traced(lambda *leaves: program.run(OURS, list(leaves)), *program.leaves, grad=True)
    graph = lowered(with_scatters(optimised(graph)))
    kept = {i: None for i, node in enumerate(graph.outputs) if keeps and node.shape}
    check(graph, kept)


@given(seed=st.integers(0, 2**32 - 1))
def test_steps_of_random_programs(seed: int) -> None:
    program = random_program(seed, smooth=False)
    sides = [[Tensor(leaf) for leaf in program.leaves] for _ in range(2)]
    compiled = ag.compile(lambda: program.run(OURS, sides[0]), optimiser=nn.SGD(sides[0], 1e-3))
    eager = nn.SGD(sides[1], 1e-3)
    for _ in range(2):
        eager.zero_grad()
        loss = program.run(OURS, sides[1])
        loss.backward()
        eager.step()
        np.testing.assert_allclose(compiled.step(), loss.data, rtol=1e-9, atol=1e-9)
        for one, other in zip(*sides):
            np.testing.assert_allclose(one.data, other.data, rtol=1e-9, atol=1e-9)


# --------------------------------------------------------------------------------------------------- kept results


def test_a_new_value_is_handed_to_who_called_as_the_call_that_makes_it() -> None:
    graph = traced(lambda x: (halved(x), ag.sin(x)), np.ones(3))
    source = check(graph, {0: graph.inputs[0]})
    lines = [line.strip() for line in source.text.splitlines()]
    assert lines[-5:] == [
        "# made at once by who called",
        "commits = [",
        "(np.positive, halved_1, x),",
        "]",
        "return (sin, commits)",
    ]
    assert source.commits


def test_a_new_value_of_one_operation_is_computed_into_its_input_when_all_else_is_done() -> None:
    graph = traced(lambda x, y: (x - y, ag.sin(x)), np.ones(3), np.full(3, 0.5))
    text = check(graph, {0: graph.inputs[0]}).text
    assert "(np.subtract, x, x_1, x)," not in text  # y could be overwritten by another of the calls
    graph = traced(lambda x, y: (x - ag.cos(y), ag.sin(x)), np.ones(3), np.full(3, 0.5))
    text = check(graph, {0: graph.inputs[0]}).text
    assert "(np.subtract, x, cos, x)," in text


def test_two_inputs_that_take_what_is_computed_from_each_other() -> None:
    graph = traced(lambda x, y: (y * 1.5, x * 2.5), np.ones(3), np.full(3, 0.5), names=["x", "y"])
    x, y = sorted(graph.inputs, key=lambda node: -node.source[0])
    text = check(graph, {0: x, 1: y}).text
    assert text.count("(np.positive, multiply") == 2


def test_a_program_that_keeps_no_new_value_has_no_calls_to_make() -> None:
    source = check(traced(lambda x: ag.sin(x), np.ones(3)), {0: None})
    assert not source.commits
    assert "commits" not in source.text


def test_a_result_goes_straight_to_where_it_is_kept() -> None:
    graph = traced(lambda x: (ag.sin(x).named("s"), ag.cos(x).sum()), np.ones(3))
    assert "np.sin(x, out=s)" in check(graph, {0: None}).text


def test_a_result_that_is_read_on_is_read_from_where_it_is_kept() -> None:
    graph = traced(lambda x: ((s := ag.sin(x).named("s")), s * 2), np.ones(3))
    assert "np.multiply(s, 2)" in check(graph, {0: None}).text


def test_a_result_that_no_buffer_takes_is_copied() -> None:
    graph = traced(lambda x: halved(x).named("h"), np.ones(3))
    assert "h[...] = h_1" in check(graph, {0: None}).text


def test_a_result_that_is_an_input_a_view_of_one_or_a_constant_is_copied() -> None:
    table = np.arange(3.0)
    check(traced(lambda x: (x, x[1:], x.reshape((3, 1)), ag.multiply(x, 1)), np.ones(3)), {})
    source = check(traced(lambda x: (Tensor(table), x * table), np.ones(3)), {})
    assert source.text.count("np.array(") == 1


def test_what_is_changed_in_place_is_copied_first_where_it_is_read_on() -> None:
    x = Node((3,), np.dtype(float), source=np.ones(3), name="x")
    sine = Node((3,), x.dtype, ag.sin, (x,))
    added = Node((3,), x.dtype, added_at, (sine, 5.0), {"index": (0,)})
    last, product = (Node((3,), x.dtype, ag.cos, (added,)), Node((3,), x.dtype, ag.exp, (sine,)))
    assert check(Graph((x, sine, added, last), (last,)), {}).text.count("buffer_1") == 0
    copied = check(Graph((x, sine, added, last, product), (last, product)), {}).text
    assert "added_at = buffer_1\n    added_at[...] = sin\n    added_at[0] += 5.0" in copied


def test_what_no_piece_is_written_to_is_zero_before_others_are_added() -> None:
    graph = traced(lambda x: (x[::-1] * 3.0).sum() + (x[:1] * 2.0).sum(), np.ones(3), grad=True)
    text = check(with_scatters(optimised(graph)), {}).text
    assert "[...] = 0" in text  # the first piece is one entry of three


# ----------------------------------------------------------------------------------------------------- how it reads


def test_a_view_that_is_read_once_is_written_where_it_is_read() -> None:
    once = check(traced(lambda x: x @ x.T, np.ones((2, 3))), {}).text
    assert "np.matmul(x, x.T)" in once
    twice = check(traced(lambda x: ((t := x.T) @ x, t + 1), np.ones((2, 2))), {}).text
    assert "transpose = x.T" in twice


def test_parts_have_titles_and_empty_lines_between_them() -> None:
    graph = traced(lambda x: ag.cos(ag.sin(x)), np.ones(3))
    source, _ = written(graph, {}, forward=2, nothing=0, backward=1)
    assert source.text.splitlines() == [
        "# x: float64 (3,)",
        "def f(x, workspace):",
        "    [buffer_0] = workspace",
        "",
        "    # forward",
        "    sin = np.sin(x, out=buffer_0)  # (3,)",
        "",
        "    # backward",
        "    cos = np.cos(sin)  # (3,)",
        "",
        "    return (cos,)",
    ]


def test_many_names_are_broken_into_lines() -> None:
    arrays = [np.ones(2)] * 30
    names = [f"layers.{i}.weight" for i in range(30)]
    graph = traced(lambda *xs: [sum(xs[1:], xs[0])][0], *arrays, names=names)
    text = check(graph, {}).text
    assert max(map(len, text.splitlines())) <= WIDTH
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert [x.arg for x in function.args.args[:2]] == ["layers_0_weight", "layers_1_weight"]
    assert len(function.args.args) == 31
