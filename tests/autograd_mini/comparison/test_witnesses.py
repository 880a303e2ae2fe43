"""Three witnesses: who is believed, and when the third says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.comparison.numeric import Differences
from autograd_mini.comparison.truth import truth_of
from autograd_mini.graph.walk import Arithmetic, forward
from autograd_mini.testing import EPSILON

from .nets import net

OURS = "autodiff is suspect: please report"
slipped = ag.Op("slipped", lambda x: x**3, lambda g, out, x: g * 3 * x)


def differences(loss: ag.Tensor, node: ag.Tensor) -> Differences:
    return Differences(loss, forward(ag.topological_order(loss), Arithmetic(np.float64)), node)


def truth(loss: ag.Tensor, node: ag.Tensor) -> tuple[np.ndarray, float]:
    """The gradient in extended precision, and how far rounding may take the loss itself where it is computed."""
    found = truth_of(ag.topological_order(loss), [node], [loss])
    return found.gradients[node], 8 * float(found.value_noise[loss]) * EPSILON / found.epsilon


@given(st.integers(0, 2**32 - 1))
@example(307635495)  # entries of relu just beside 0: long steps agree with each other, and are wrong by a third
@example(3898439473)
@example(4211253710)  # a cross-entropy that is the small difference of large numbers
@example(750752571)  # float32: autodiff's own rounding is none of the witness's
def test_differences_agree_with_the_truth_or_say_how_rough_they_are(seed: int) -> None:
    one = net(seed)
    node = list(one.given)[seed % len(one.given)]
    index = tuple(seed % n for n in node.shape)
    said = differences(one.loss, node).at(index)
    slopes, blur = truth(one.loss, node)
    true = float(slopes[index])
    step = 1e-4 * (abs(float(node.data[index])) or float(np.max(np.abs(node.data))) or 1.0)
    assert abs(said.value - true) <= 4 * said.error + 1e-9 * abs(true) + 1e-13 + blur / step


def test_a_complex_step_where_all_is_analytic() -> None:
    x = ag.Tensor([0.3, 0.8], name="x")
    found = differences((ag.exp(ag.sin(x)) / x).sum(), x)
    assert found.method == "complex step"
    t = 0.8
    true = np.exp(np.sin(t)) * (np.cos(t) / t - 1 / t**2)
    assert abs(found.at((1,)).value - true) < 1e-15 * abs(true) * 4
    assert differences(ag.relu(x).sum(), x).method == "central differences"


def test_nothing_passes_a_stop() -> None:
    x = ag.Tensor([2.0], name="x")
    loss = (x * ag.stop_gradient(x)).sum()
    assert differences(loss, x).at((0,)).value == 2.0
    assert ag.compare(loss, {x: [4.0]})["x"].vote == "your rule is wrong"


@pytest.mark.parametrize(("hand", "vote"), [(12.0, OURS), (6.0, ""), (5.0, "no two of the three agree")])
def test_a_wrong_rule_of_autodiff_is_outvoted(hand: float, vote: str) -> None:
    x = ag.Tensor(2.0, name="x")
    row = ag.compare(slipped(x), {x: hand})["x"]
    assert row.vote.startswith(vote)
    assert bool(row.vote) == bool(vote)
    assert ("slipped" in row.vote) == (vote == OURS)


def test_a_loss_that_jumps_is_no_witness() -> None:
    noise = iter(np.random.default_rng(0).normal(size=100_000))
    rough = ag.Op("rough", lambda x: x + next(noise), lambda g, out, x: g)
    x = ag.Tensor(2.0, name="x")
    row = ag.compare(rough(x) * 1.0, {x: 1.5})["x"]
    assert row.verdict == "wrong"
    assert row.vote in ("the numeric derivative is too rough to decide", "")


def test_the_worst_entry_is_heard_first() -> None:
    r = np.random.default_rng(0)
    w = ag.Tensor(r.normal(size=(20, 30)), name="w")
    loss = ag.sin(w).sum()
    hand: Any = np.cos(w.data) * (1 + 1e-6)
    hand[7, 11] += 1.0
    row = ag.compare(loss, {w: hand})["w"]
    assert row.worst_index == (7, 11)
    assert row.testimonies[0].index == (7, 11)
    assert 1 < len(row.testimonies) < 50
    assert "at (7, 11) hand" in str(ag.compare(loss, {w: hand}))


def test_a_complex_step_does_not_witness_what_is_lost_beside_it() -> None:
    w = ag.Tensor([1e-300, 2e-300], name="w")
    loss = (w * [1.0, 2.0]).sum() * 1e-5
    row = ag.compare(loss, {w: [-1e-5, 2e-5]})["w"]
    assert row.vote == "your rule is wrong"
    loss = (w * w).sum()
    assert ag.compare(loss, {w: -2 * w.data})["w"].vote == "the numeric derivative is too rough to decide"
