"""Verdicts: nothing right is called wrong, nothing wrong passes, at any scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_mini as ag

from .nets import net

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_correct_derivations_are_never_wrong(start: int) -> None:
    for seed in range(start, start + 20):
        one = net(seed)
        with np.errstate(all="ignore"):
            report = ag.compare(one.loss, one.given)
        assert report.passed, f"{one.text}\n{report}"


@given(seeds, st.sampled_from([-1.0, 0.5, 2.0, 0.0]))
def test_no_factor_passes(seed: int, factor: float) -> None:
    one = net(seed)
    assume("scale 3" not in one.text)  # nets so saturated that hardly a digit is left in some gradients
    wrong = {node: factor * np.asarray(g) for node, g in one.given.items()}
    for row in ag.compare(one.loss, wrong):
        assert row.verdict == "wrong" or not np.any(one.given[row.node])


@given(seeds)
def test_small_errors_are_seen(seed: int) -> None:
    """One part in a thousand in float32, one in a thousand million in float64, of a row as a whole."""
    one = net(seed)
    assume("scale 3" not in one.text)
    error = 1e-3 if one.loss.dtype == np.float32 else 1e-9
    report = ag.compare(one.loss, {node: (1 + error) * np.asarray(g, np.float64) for node, g in one.given.items()})
    output = report[next(iter(one.given))]
    assert output.verdict == "wrong" or not np.any(one.given[output.node])


@given(seeds, st.sampled_from([1e-30, 1e-12, 1.0, 1e12]))
def test_scale_does_not_matter(seed: int, scale: float) -> None:
    r = np.random.default_rng(seed)
    x, t = r.normal(size=(5, 3)), r.normal(size=(5, 2))
    w = ag.Tensor(r.normal(size=(3, 2)), name="w")
    loss = ((ag.tanh(x @ w) - t) ** 2).sum() * scale
    h = np.tanh(x @ w.data)
    right = x.T @ (2 * scale * (h - t) * (1 - h**2))
    assert ag.compare(loss, {w: right}).passed
    flipped = right.copy()
    flipped[1, 1] *= -1
    row = ag.compare(loss, {w: flipped})["w"]
    assert row.verdict == "wrong"
    assert row.worst_index == (1, 1)


def test_exact_means_the_same_numbers() -> None:
    x = ag.Tensor(np.array([0.1, 0.7], np.float32), name="x")
    loss = (x * x * x).sum()
    exact = ag.gradients(loss, [x])[0]
    assert ag.compare(loss, {x: exact})["x"].verdict == "exact"
    assert ag.compare(loss, {x: exact.astype(np.float64)})["x"].verdict == "exact"
    assert ag.compare(loss, {x: np.nextafter(exact, np.float32(9))})["x"].verdict == "rounding"
    assert ag.compare(loss, {x: exact * (1 + np.float32(1e-4))})["x"].verdict == "wrong"


def test_sums_in_another_order_are_rounding() -> None:
    r = np.random.default_rng(3)
    x = r.normal(size=(300, 2)).astype(np.float32)
    w = ag.Tensor(np.ones((2, 1), np.float32), name="w")
    loss = ((x @ w) ** 2).sum()
    total = np.zeros((2, 1), np.float32)
    for row in x[::-1]:
        total += 2 * np.outer(row, row @ w.data)
    row = ag.compare(loss, {w: total})["w"]
    assert row.verdict == "rounding"
    assert 0 < row.max_rel < 1e-5
    assert 0 < row.ulps < 200


def test_cancellation_is_allowed_for_where_it_happens_and_nowhere_else() -> None:
    x = ag.Tensor([1e8, 1.0], name="x")
    loss = ((x + 0.1 - x) * np.array([1e8, 1.0])).sum()
    slope = ((x - 1e8) * (x - 1e8) * 0.5).sum()
    assert ag.compare(loss, {x: [1e-8, 1e-16]})["x"].verdict == "rounding"
    assert ag.compare(loss, {x: [1e-8, 1e-8]})["x"].verdict == "wrong"
    assert ag.compare(slope, {x: [0.0, 1.0 - 1e8]})["x"].verdict in ("exact", "rounding")
    assert ag.compare(slope, {x: [0.0, (1.0 - 1e8) * (1 + 1e-12)]})["x"].verdict == "wrong"


def test_what_a_mask_makes_zero_is_zero() -> None:
    x = ag.Tensor([-1.0, 2.0], name="x")
    loss = (ag.relu(x) ** 2).sum()
    assert ag.compare(loss, {x: [0.0, 4.0]})["x"].verdict == "exact"
    assert ag.compare(loss, {x: [1e-300, 4.0]})["x"].verdict == "wrong"


def test_a_derivation_in_float32_of_a_float64_graph_is_judged_as_float32() -> None:
    r = np.random.default_rng(0)
    x = r.normal(size=(4, 3))
    w = ag.Tensor(r.normal(size=3), name="w")
    loss = (ag.tanh(x @ w)).sum()
    right = (x.T @ (1 - np.tanh(x @ w.data) ** 2)).astype(np.float32)
    assert ag.compare(loss, {w: right})["w"].verdict == "rounding"
    assert ag.compare(loss, {w: right.astype(np.float64)})["w"].verdict == "wrong"


def test_rows_come_in_backward_order() -> None:
    one = net(7)
    rows = [row.node for row in ag.compare(one.loss, dict(reversed(list(one.given.items()))))]
    order = list(ag.gradients(one.loss))
    assert all(x is y for x, y in zip(rows, (x for x in order if x in set(rows)), strict=True))


def test_nothing_changes() -> None:
    one = net(11)
    leaves = [x for x in ag.topological_order(one.loss) if x.op is None]
    before = [(x.grad, x.data.copy()) for x in leaves]
    handed = {node: np.array(g) for node, g in one.given.items()}
    kept: dict[Any, Any] = {node: g.copy() for node, g in handed.items()}
    ag.compare(one.loss, {node: -g for node, g in handed.items()})
    assert all(x.grad is grad and np.array_equal(x.data, data) for x, (grad, data) in zip(leaves, before))
    assert all(np.array_equal(handed[node], kept[node]) for node in kept)


def test_a_long_chain_does_not_recurse() -> None:
    x = ag.Tensor(0.5, name="x")
    y = x
    for _ in range(3_000):
        y = y + 0.0
    assert ag.compare(y, {x: 1.0, y: 1.0}).passed
    assert ag.compare(y, {x: 2.0})["x"].vote == "your rule is wrong"


def test_a_changed_leaf_is_told() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    loss = (w * w).sum()
    w.data[0] = 5.0
    report = ag.compare(loss, {w: [2.0, 4.0]})
    assert "compute the loss again" in str(report)
