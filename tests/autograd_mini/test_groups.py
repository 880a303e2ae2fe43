"""Groups: marks on results, the tree that they make, and what is collapsed and folded in it."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing.folding import collapsed, folded
from autograd_mini.drawing.groups import Group, groups_of
from autograd_mini.groups import marks


def groups(*outputs: Tensor) -> list[Group]:
    return groups_of(ag.topological_order(*outputs))


def names(found: list[Group]) -> list[str]:
    return [f"{'  ' * group.depth}{group.name}" for group in found]


def called(function: Callable[..., Any], name: str = "part") -> Callable[..., Any]:
    """The function as a part, as a module is."""

    def call(*inputs: Any) -> Any:
        began = ag.moment()
        return ag.group(name, inputs, function(*inputs), began)

    return call


@pytest.fixture
def x() -> Tensor:
    return Tensor([1.0, 2.0], name="x")


# ----------------------------------------------------------------------------------------------------------- marks


def test_values_and_gradients_stay_the_same(x: Tensor) -> None:
    y = ag.group("part", x, (x * x).sum())
    y.backward()
    assert y.item() == 5.0
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.parametrize("output", [1.0, None, "text", np.ones(2), [1.0], {}])
def test_what_is_no_tensor_is_returned_as_it_is(output: Any) -> None:
    assert ag.group("part", (), output) is output


def test_leaves_and_what_is_not_recorded_are_not_marked(x: Tensor) -> None:
    assert ag.group("part", x, x) is x
    with ag.no_grad():
        y = ag.group("part", x, x * x)
    constant = Tensor(1.0, requires_grad=False)
    z = ag.group("part", constant, constant * 2.0)
    assert [leaf._extras for leaf in (x, y, z)] == [None, None, None]


def test_no_grad_leaves_what_was_recorded_before_alone(x: Tensor) -> None:
    y = x * x
    with ag.no_grad():
        ag.group("part", x, y)
    assert marks([y]) == []


def test_a_debugged_computation_is_marked(x: Tensor) -> None:
    with ag.debug():
        y = ag.group("part", x, x * x)
    assert names(groups(y)) == ["part"]


def test_a_program_is_the_same_with_and_without() -> None:
    plain = ag.compile(lambda x: ag.tanh(x * x))
    grouped = ag.compile(lambda x: ag.group("outer", x, ag.tanh(ag.group("inner", x, x * x))))
    x = Tensor([0.5, 2.0])
    np.testing.assert_array_equal(plain(x).data, grouped(x).data)
    assert plain.source.split("(", 1)[1] == grouped.source.split("(", 1)[1]


def test_a_trace_marks_nothing() -> None:
    seen: list[Any] = ag.static([])

    def function(x: Tensor) -> Tensor:
        seen.append(ag.group("part", x, x * x)._extras)
        return x + 1.0

    ag.compile(function)(Tensor(1.0))
    assert seen
    assert set(seen) == {None}


def test_a_program_takes_marked_arguments_as_any_others(x: Tensor) -> None:
    traces = ag.static(itertools.count())
    compiled = ag.compile(lambda k: (next(traces), k + 1)[1])
    compiled(ag.argmax(x))
    compiled(ag.group("part", x, ag.argmax(x)))
    assert next(traces) == 1


@pytest.mark.parametrize("name", [None, 3, b"part", Tensor(1.0)])
def test_a_name_is_a_string(name: Any, x: Tensor) -> None:
    y = x * x
    with pytest.raises(TypeError, match="group: the name comes first, a string, then inputs and output; got"):
        ag.group(name, x, y)
    assert y._extras is None


def test_a_container_that_holds_itself(x: Tensor) -> None:
    loop: list[Any] = [x]
    loop.append(loop)
    output: list[Any] = [x * x]
    output.append(output)
    ag.group("part", loop, output)
    assert groups(output[0])[0].inputs == (x,)


def test_hooks_and_marks_go_together(x: Tensor) -> None:
    y = ag.group("part", x, x * x)
    seen: list[Any] = []
    handle = y.register_hook(lambda g: seen.append(g))
    z = ag.group("other", y, y.sum())
    z.backward()
    handle.remove()
    z.backward()
    assert len(seen) == 1
    assert names(groups(z)) == ["part", "other"]


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "part",
    [
        lambda x: ag.group("part", x, x * x),
        lambda x: ag.group("part", x, x),
        lambda x: ag.group("part", [x, {"x": x}], [x * x, x]),
        lambda x: [h := x * 2.0, ag.group("reads what depends on it", h * 3.0, h)],
        lambda x: nn.Linear(2, 2, rng=np.random.default_rng(0))(x),
        lambda x: nn.MLP([2, 3, 2], rng=np.random.default_rng(0))(x),
    ],
)
def test_a_dead_graph_is_freed_at_once(part: Any, no_collector: None) -> None:
    y = Tensor(np.ones((1, 2))) * 2.0
    dead = weakref.ref(y)
    result = part(y)
    del y, result
    assert dead() is None


def test_an_input_that_was_not_used_is_not_kept(x: Tensor, no_collector: None) -> None:
    unused = x * 2.0
    dead = weakref.ref(unused)
    y = ag.group("part", (x, unused), x * x)
    del unused
    assert dead() is None
    assert groups(y)[0].inputs == (x,)


# ------------------------------------------------------------------------------------------------------- the tree


def test_a_group_is_what_lies_between_inputs_and_outputs(x: Tensor) -> None:
    before = x * 2.0
    w = Tensor(3.0, name="w")
    inside = before * w
    y = ag.group("part", before, inside + 1.0)
    (group,) = groups(ag.exp(y))
    assert group.members == {inside, w, y}
    assert (group.inputs, group.outputs, group.parent, group.depth) == ((before,), (y,), None, 0)


def test_groups_nest_as_calls_do(x: Tensor) -> None:
    inner = called(lambda x: x * 2.0, "inner")
    outer = called(lambda x: inner(inner(x)) + 1.0, "outer")
    y = outer(outer(x))
    found = groups(y)
    assert names(found) == ["outer", "  inner", "  inner (2)", "outer (2)", "  inner (3)", "  inner (4)"]
    assert found[1].parent is found[0]
    assert found[0].inputs == (x,)
    assert found[3].inputs == found[0].outputs
    assert [len(group.members) for group in found] == [3, 1, 1, 3, 1, 1]


def test_one_result_of_an_inner_and_an_outer_part(x: Tensor) -> None:
    outer = called(called(lambda x: x * 2.0, "inner"), "outer")
    y = outer(x)
    outside, inside = groups(y)
    assert (outside.name, inside.name, inside.parent) == ("outer", "inner", outside)
    assert outside.members == inside.members == {y}


def test_without_a_beginning_a_part_contains_what_lies_between(x: Tensor) -> None:
    before = called(lambda x: x + 1.0, "before")(x)
    inside = called(lambda x: x * 2.0, "inside")(before)
    y = ag.group("by hand", before, ag.tanh(inside))
    z = ag.group("around", x, y * y)
    assert names(groups(z)) == ["around", "  before", "  by hand", "    inside"]


def test_a_part_by_hand_within_a_call(x: Tensor) -> None:
    before = called(lambda x: x + 1.0, "before")(x)
    outer = called(lambda: ag.group("by hand", (), before * 2.0) + 1.0, "outer")
    assert names(groups(outer())) == ["before", "outer", "  by hand"]


def test_a_part_that_returns_its_input_is_no_group(x: Tensor) -> None:
    same = called(lambda x: x, "same")
    y = called(lambda x: same(same(x) * 2.0), "outer")(same(x))
    assert names(groups(y)) == ["outer"]


def test_several_results_are_one_group(x: Tensor) -> None:
    y, rest = called(lambda x: (x * 2.0, {"more": [x + 1.0, "text"]}), "part")(x)
    z = rest["more"][0]
    (group,) = groups(y * z)
    assert group.members == {y, z}
    assert set(group.outputs) == {y, z}
    assert groups(y)[0].members == {y}


def test_arrays_are_no_inputs_but_hide_none(x: Tensor) -> None:
    w = Tensor(1.0)
    layer = called(lambda x: x * w, "layer")
    model = called(lambda x: layer(layer(x)), "model")
    assert names(groups(model(np.ones(2)))) == ["model", "  layer", "  layer (2)"]


def test_what_an_earlier_part_computed_stays_there(x: Tensor) -> None:
    state: list[Any] = [Tensor(0.0, name="state")]

    def step(x: Any) -> Tensor:
        state.append(ag.tanh(state[-1] + x))
        return state[-1]

    cell = called(step, "cell")
    for value in (1.0, 2.0, 3.0):
        y = cell(np.full(2, value))
    found = groups(y)
    assert names(found) == ["cell", "cell (2)", "cell (3)"]
    assert [group.outputs for group in found] == [(h,) for h in state[1:]]
    assert state[0] in found[0].members


def test_what_else_is_read_from_outside_is_taken_in(x: Tensor) -> None:
    outside = x * 3.0
    y = called(lambda z: z * outside, "part")(x)
    assert groups(y)[0].members == {outside, y}


def test_an_inner_result_used_outside_only_is_not_in_the_outer_group(x: Tensor) -> None:
    kept: list[Tensor] = []
    inner = called(lambda x: x * 3.0, "inner")

    def forward(x: Tensor) -> Tensor:
        kept.append(inner(x))
        return x * 2.0

    y = called(forward, "outer")(x)
    assert names(groups(y + kept[0])) == ["outer", "inner"]


@pytest.mark.parametrize("nested", [True, False])
def test_a_shared_parameter_belongs_to_what_contains_all_its_uses(nested: bool, x: Tensor) -> None:
    w = Tensor(2.0, name="w")
    layer = called(lambda x: x * w, "layer")
    twice = called(lambda x: layer(layer(x)), "model") if nested else lambda x: layer(layer(x))
    found = groups(twice(x))
    assert [group.name for group in found if w in group.members] == (["model"] if nested else [])


def test_a_leaf_belongs_to_no_group_that_it_is_given(x: Tensor) -> None:
    w = Tensor(2.0, name="w")
    inner = called(lambda x, w: x * w, "inner")
    outer = called(lambda x: inner(x, w), "outer")
    outside, inside = groups(outer(x))
    assert (w in outside.members, w in inside.members, x in outside.members) == (True, False, False)
    assert (outside.inputs, inside.inputs) == ((x,), (x, w))


def test_a_graph_of_gradients_keeps_the_groups(x: Tensor) -> None:
    y = called(lambda x: ag.tanh(x).sum(), "part")(x)
    (slope,) = ag.gradients(y, [x], create_graph=True)
    (group,) = groups(slope.sum(), y)
    assert y in group.members
    assert slope not in group.members


def test_groups_of_two_threads_do_not_nest(x: Tensor) -> None:
    inside, done = threading.Event(), threading.Event()
    results: list[Tensor] = []

    def waiting(x: Tensor) -> Tensor:
        inside.set()
        done.wait()
        return x * 2.0

    thread = threading.Thread(target=lambda: results.append(called(waiting, "long")(x)))
    thread.start()
    inside.wait()
    y = called(lambda x: x * 3.0, "short")(x)
    done.set()
    thread.join()
    assert names(groups(y + results[0])) == ["long", "short"]


def test_every_group_of_a_deep_chain_is_found() -> None:
    y = x = Tensor(1.0)
    part = called(lambda x: (((((((((x + 1.0) + 1.0) + 1.0) + 1.0) + 1.0) + 1.0) + 1.0) + 1.0) + 1.0) + 1.0)
    for _ in range(1000):
        y = part(y)
    found = groups(ag.group("all", x, y))
    assert [len(group.members) for group in found] == [10_000] + [10] * 1000
    order = ag.topological_order(y)
    assert [len(run) for run in folded(groups_of(order), order)] == [1000]


def test_a_thousand_nested_groups() -> None:
    y = Tensor(1.0)
    x = y
    for _ in range(1000):
        y = ag.group("part", x, y + 1.0)
    assert [group.depth for group in groups(y)] == list(range(1000))


programs = st.recursive(
    st.sampled_from(["tanh", "same", "parameter", "shared", "outside", "branch"]),
    lambda inner: st.lists(inner, min_size=1, max_size=4),
    max_leaves=12,
)


def run(program: Any, x: Tensor, world: list[Tensor]) -> Tensor:
    """A random model: lists are parts that call parts."""
    if isinstance(program, list):

        def forward(x: Tensor) -> Tensor:
            for step in program:
                x = run(step, x, world)
            return x

        result: Tensor = called(forward)(x)
        world.append(result)
        return result
    steps: dict[str, Callable[[], Tensor]] = {
        "tanh": lambda: ag.tanh(x),
        "same": lambda: x,
        "parameter": lambda: x * Tensor(0.5),
        "shared": lambda: x * world[0],
        "outside": lambda: x + world[-1],
        "branch": lambda: ag.tanh(x) + x,
    }
    return steps[program]()


@given(program=programs)
def test_any_two_groups_are_apart_or_one_is_in_the_other(program: Any) -> None:
    y = run([program, program], Tensor(0.3), [Tensor(0.5)])
    found = groups(y)
    for position, group in enumerate(found):
        assert group.members
        assert not group.members & set(group.inputs)
        assert set(group.outputs) <= group.members
        for other in found[:position]:
            if other.members & group.members:
                assert group.members <= other.members
                above = group.parent
                while above is not other:
                    assert above is not None
                    above = above.parent
    assert len({group.name for group in found}) == len(found)


# -------------------------------------------------------------------------------------------- collapsing and folding


def model() -> Tensor:
    inner = called(lambda x: ag.tanh(x), "inner")
    outer = called(lambda x: inner(inner(x)), "outer")
    result: Tensor = called(lambda x: outer(outer(x)), "model")(Tensor(0.5))
    return result


@pytest.mark.parametrize(
    ("depth", "chosen", "boxes"),
    [
        (None, [], []),
        (0, [], ["model"]),
        (1, [], ["outer", "outer (2)"]),
        (2, [], ["inner", "inner (2)", "inner (3)", "inner (4)"]),
        (3, [], []),
        (None, ["outer (2)"], ["outer (2)"]),
        (2, ["outer (2)"], ["inner", "inner (2)", "outer (2)"]),
        (1, ["inner"], ["outer", "outer (2)"]),
    ],
)
def test_collapsed(depth: int | None, chosen: list[str], boxes: list[str]) -> None:
    assert [group.name for group in collapsed(groups(model()), depth, chosen)] == boxes


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"depth": -1}, ValueError, "draw: depth is at least 0"),
        ({"depth": 1.0}, TypeError, "draw: depth is a whole number, got 1.0"),
        ({"depth": True}, TypeError, "draw: depth is a whole number, got True"),
        ({"names": "model"}, TypeError, r"write collapse=\['model'\]"),
        ({"names": ["modle"]}, ValueError, "'modle', and there is no such module; there are 'inner', 'inner"),
    ],
)
def test_wrong_collapses(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        collapsed(groups(model()), **arguments)


def runs(y: Tensor) -> list[list[str]]:
    order = ag.topological_order(y)
    return [[group.name for group in run] for run in folded(groups_of(order), order)]


def test_runs_and_runs_in_runs() -> None:
    assert runs(model()) == [["outer", "outer (2)"], ["inner", "inner (2)"], ["inner (3)", "inner (4)"]]


def chain(*parts: Callable[[Tensor], Tensor]) -> Tensor:
    x = Tensor(np.full((2, 2), 0.5))
    for part in parts:
        x = called(part)(x)
    return x


w = Tensor(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (lambda x: ag.tanh(x), lambda x: ag.tanh(x), True),
        (lambda x: ag.tanh(x), lambda x: ag.exp(x), False),
        (lambda x: x * 2.0, lambda x: x * 2.0, True),
        (lambda x: x * 2.0, lambda x: x * 3.0, False),
        (lambda x: x * np.ones(2), lambda x: x * np.zeros(2), True),
        (lambda x: x * np.ones(2), lambda x: x * np.ones((1, 2)), False),
        (lambda x: x @ Tensor(np.ones((2, 2))), lambda x: x @ Tensor(np.zeros((2, 2))), True),
        (lambda x: x @ Tensor(np.ones((2, 2))), lambda x: x @ w.detach(), False),
        (lambda x: x @ w, lambda x: x @ w, True),
        (lambda x: x @ w, lambda x: x @ Tensor(np.ones((2, 2))), True),
        (lambda x: x - x.T, lambda x: x - x.T, True),
        (lambda x: x - x.T, lambda x: x.T - x, False),
        (lambda x: ag.flip(x, axis=0), lambda x: ag.flip(x, axis=0), True),
        (lambda x: ag.flip(x, axis=0), lambda x: ag.flip(x, axis=1), False),
        (lambda x: called(ag.tanh)(x), lambda x: ag.tanh(x), False),
        (lambda x: called(ag.tanh)(x), lambda x: called(ag.tanh)(x), True),
    ],
)
def test_equal_in_structure(one: Any, other: Any, equal: bool) -> None:
    order = ag.topological_order(chain(one, other))
    found = groups_of(order)
    outermost = [group for group in found if group.depth == 0]
    assert (outermost in folded(found, order)) == equal


def test_dtypes_are_part_of_the_structure() -> None:
    assert runs(chain(lambda x: x.astype(np.float32), lambda x: x.astype(np.float32))) == []


def test_a_result_that_is_read_elsewhere_ends_the_run() -> None:
    a = chain(ag.tanh, ag.tanh)
    b = called(ag.tanh)(a)
    c = called(ag.tanh)(b)
    assert runs(c) == [["part", "part (2)", "part (3)", "part (4)"]]
    assert runs(c + a) == [["part", "part (2)"], ["part (3)", "part (4)"]]


def test_what_all_are_given_must_be_the_same() -> None:
    masks = [Tensor(np.ones(2)) for _ in range(2)]
    block = called(lambda x, mask: x * mask)
    x = Tensor(np.ones(2))
    assert runs(block(block(x, masks[0]), masks[0])) == [["part", "part (2)"]]
    assert runs(block(block(x, masks[0]), masks[1])) == []


def test_a_run_is_fed_in_one_way() -> None:
    block = called(lambda x, y: x - y)
    x, y = Tensor(1.0), Tensor(2.0)
    assert runs(block(block(block(x, y), y), y)) == [["part", "part (2)", "part (3)"]]
    assert runs(block(y, block(block(x, y), y))) == [["part", "part (2)"]]


def test_a_pair_that_is_handed_on_crosswise_ends_the_run() -> None:
    cell = called(lambda h, c: (ag.tanh(h + c), c * 2.0))
    h, c = cell(*cell(Tensor(1.0), Tensor(2.0)))
    h, c = cell(c, h)
    assert runs(c * h) == [["part", "part (2)"]]


def test_pairs_are_handed_on() -> None:
    cell = called(lambda h, c: (ag.tanh(h + c), c * 2.0))
    h, c = Tensor(1.0), Tensor(2.0)
    for _ in range(3):
        h, c = cell(h, c)
    assert runs(h * c) == [["part", "part (2)", "part (3)"]]


def test_one_parameter_of_all_is_no_parameter_of_one() -> None:
    own = Tensor(np.ones((2, 2)))
    y = chain(lambda x: x @ w, lambda x: x @ w, lambda x: x @ own)
    assert runs(y) == [["part", "part (2)"]]


def test_branches_are_no_run() -> None:
    x = Tensor(1.0)
    assert runs(called(ag.tanh)(x) * called(ag.tanh)(x)) == []
