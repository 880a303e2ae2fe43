"""Replays: the steps add up to what `ag.gradients` gives, edge by edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing import Replay
from tests.programs import OURS, random_program


def neuron() -> Tensor:
    x, w, b = Tensor(2.0, name="x"), Tensor(-3.0, name="w"), Tensor(6.9, name="b")
    return (x * w + b).tanh().named("y")


def test_the_steps_of_a_neuron() -> None:
    assert str(ag.replay(neuron())).splitlines() == [
        " 1  x = 2",
        " 2  w = -3",
        " 3  v₁ = multiply(x, w) = -6",
        " 4  b = 6.9",
        " 5  v₂ = add(v₁, b) = 0.9",
        " 6  y = tanh(v₂) = 0.7163",
        " 7  ∂y/∂y = 1",
        " 8  ∂y/∂v₂ += (∂y/∂y)·(1 − y²) = 1 · 0.4869 = 0.4869",
        " 9  ∂y/∂v₁ += (∂y/∂v₂)·1 = 0.4869 · 1 = 0.4869",
        "10  ∂y/∂b += (∂y/∂v₂)·1 = 0.4869 · 1 = 0.4869",
        "11  ∂y/∂x += (∂y/∂v₁)·w = 0.4869 · -3 = -1.461",
        "12  ∂y/∂w += (∂y/∂v₁)·x = 0.4869 · 2 = 0.9738",
    ]


def test_every_path_of_a_repeated_operand_is_a_step() -> None:
    x = Tensor(3.0, name="x")
    steps = ag.replay(x * x).contributions(x)
    assert [(step.position, step.contribution, step.total) for step in steps] == [(0, 3.0, 3.0), (1, 3.0, 6.0)]


def undone(product: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The sum over what broadcasting has repeated."""
    if np.size(product) == np.prod(shape):
        return np.reshape(product, shape)
    product = np.sum(product, axis=tuple(range(np.ndim(product) - len(shape))))
    stretched = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return np.sum(product, axis=stretched, keepdims=True)


def last_totals(replay: Replay) -> dict[Tensor, object]:
    return {step.node: step.total for step in replay if step.kind != "forward"}


@given(st.integers(0, 10_000))
def test_the_steps_of_random_programs_add_up_to_the_gradients(seed: int) -> None:
    program = random_program(seed, smooth=False)
    output = program.run(OURS, [Tensor(leaf) for leaf in program.leaves])
    replay = ag.replay(output)
    expected = ag.gradients(output)
    totals = last_totals(replay)
    assert totals.keys() == expected.keys()
    for node, total in totals.items():
        np.testing.assert_allclose(total, expected[node], rtol=1e-12, atol=1e-300)
        assert np.shape(total) == node.shape


@given(st.integers(0, 10_000))
def test_upstream_times_local_is_the_contribution(seed: int) -> None:
    program = random_program(seed, smooth=False)
    output = program.run(OURS, [Tensor(leaf) for leaf in program.leaves])
    for step in ag.replay(output):
        if step.local is not None:
            assert step.through is not None
            assert np.shape(step.local) == step.through.shape
            scale = np.max(np.abs(step.contribution), initial=1e-300)
            np.testing.assert_allclose(
                undone(step.upstream * step.local, step.node.shape), step.contribution, atol=1e-12 * scale
            )


def test_gradients_and_grad_are_left_alone() -> None:
    y = neuron()
    y.backward()
    grads = [node.grad for node in ag.topological_order(y)]
    ag.replay(y)
    assert [node.grad for node in ag.topological_order(y)] == grads


def test_matrices_have_a_formula_for_the_contribution() -> None:
    X, W = Tensor(np.ones((2, 3)), requires_grad=False, name="X"), Tensor(np.ones((3, 2)), name="W")
    (step,) = ag.replay((X @ W).named("Z").sum().named("E")).contributions(W)
    assert (step.local, step.formula) == (None, "Xᵀ @ g")
    assert str(step) == ("∂E/∂W += Xᵀ @ g = [[2, 2], [2, 2], [2, 2]], where g = ∂E/∂Z")


def test_arrays_show_their_products_without_numbers() -> None:
    x = Tensor([1.0, 2.0, 4.0], name="x")
    step = ag.replay((x * x).named("y").sum().named("E")).contributions(x)[0]
    np.testing.assert_array_equal(step.local, [1.0, 2.0, 4.0])
    assert str(step) == "∂E/∂x += (∂E/∂y) ⊙ x = [1, 2, 4]"


def test_constants_receive_nothing() -> None:
    x, c = Tensor(2.0, name="x"), Tensor(3.0, requires_grad=False, name="c")
    replay = ag.replay(x * c * 4.0)
    assert replay.contributions(c) == []
    assert {step.position for step in replay if step.kind == "backward"} == {0}


def test_hooks_take_part() -> None:
    x = Tensor(2.0, name="x")
    y = x * x
    y.register_hook(lambda g: 10 * g)
    steps = ag.replay(y + 0.0).contributions(x)
    assert [step.upstream for step in steps] == [10.0, 10.0]


def test_a_long_chain() -> None:
    y = Tensor(1.0)
    for _ in range(5000):
        y = y * 1.001
    replay = ag.replay(y)
    assert len(replay) == 5001 + 1 + 5000
    assert replay[-1].total == pytest.approx(1.001**5000)


def test_replay_within_debug_and_no_grad() -> None:
    y = neuron()
    with ag.debug():
        assert len(ag.replay(y)) == 12
    with ag.no_grad():
        assert len(ag.replay(y)) == 12


def test_what_can_not_be_replayed_is_refused() -> None:
    with pytest.raises(TypeError, match="replay: expected a Tensor, got float"):
        ag.replay(1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"has 2 entries, not 1; reduce it"):
        ag.replay(Tensor([1.0, 2.0]) * 2)
    with pytest.raises(TypeError, match="does not depend on a Tensor that requires a gradient"):
        ag.replay(Tensor(1.0, requires_grad=False))
    with pytest.raises(TypeError, match=r"replay: .* is traced by ag.compile"):
        ag.compile(lambda x: ag.replay(x * 2).output).value(Tensor(1.0))


def test_a_replay_is_a_sequence_with_a_short_repr() -> None:
    replay = ag.replay(neuron())
    assert (replay[0].kind, replay[-1].kind, len(replay[2:4])) == ("forward", "backward", 2)
    assert repr(replay) == "<replay of y (): 12 steps>"


def test_networks_are_replayed() -> None:
    model = nn.MLP([3, 4, 2], rng=np.random.default_rng(0))
    loss = nn.softmax_cross_entropy(model(np.ones((2, 3))), [0, 1])
    totals = last_totals(ag.replay(loss))
    for parameter, slope in zip(model.parameters(), ag.gradients(loss, model.parameters())):
        np.testing.assert_array_equal(totals[parameter], slope)


def test_a_notebook_shows_a_table() -> None:
    x = Tensor(2.0, name="</td><script>")
    table = ag.replay(x * np.float64(3.0))._repr_html_()
    assert table.count("<tr>") == 1 + 4
    assert "<td>&lt;/td&gt;&lt;script&gt;<td>2<td>" in table
    assert "<script" not in table


def test_no_name_is_taken_for_that_of_something_else() -> None:
    """Upstream gradients are called g, and plain arrays c₁, c₂, …, where formulas speak of them."""
    x, g, c = Tensor([1.0, 2.0], name="x"), Tensor([3.0, 4.0], name="g"), Tensor(2.0, name="c₂")
    formulas = [step.formula for step in ag.replay((x @ g) * c) if step.kind == "backward"]
    assert formulas == ["c₂", "v₁", "g[..., None] ⊙ g#2", "g·x"]
    formulas = [step.formula for step in ag.replay((x @ np.array([3.0, 4.0])) * c) if step.kind == "backward"]
    assert formulas == ["c₂#2", "v₁", "g[..., None] ⊙ c₂"]
    gravity, t = Tensor(9.81, name="g"), Tensor(2.0, name="t")
    assert [step.formula for step in ag.replay(gravity * t) if step.kind == "backward"] == ["t", "g"]


def test_what_a_rule_computes_within_itself_is_no_step() -> None:
    x = Tensor(2.0, name="x")
    y = ag.checkpoint(lambda a: ag.tanh(a) * a)(x) * 3.0
    steps = ag.replay(y)
    assert [step.node for step in steps if step.kind == "backward"] == [y.inputs[0], x]
    assert steps[-1].total == ag.gradients(y, [x])[0]
    for show in ("backward", "both"):
        ag.draw(y, show=show)


def test_results_of_a_loop_with_one_name_are_numbered() -> None:
    h = Tensor(0.5, name="h")
    for _ in range(2):
        h = ag.tanh(h).named("h")
    assert [str(step).partition(" = ")[0] for step in ag.replay(h)] == [
        *("h", "h#2", "h#3", "∂h#3/∂h#3"),
        *("∂h#3/∂h#2 += (∂h#3/∂h#3)·(1 − h#3²)", "∂h#3/∂h += (∂h#3/∂h#2)·(1 − h#2²)"),
    ]
