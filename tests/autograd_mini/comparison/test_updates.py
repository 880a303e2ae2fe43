"""Hand-written updates: the gradient that they imply, factors absorbed in the rate, and values of too late."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.comparison import Report

DTYPES = st.sampled_from([np.float64, np.float32])


class Net:
    """The two-layer net of 000_35a5eac7cd588442.txt, with its own rates, by hand."""

    def __init__(self, seed: int, dtype: Any = np.float64, n: int = 20, m: int = 10, k: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.ones = np.ones((n, 1), dtype)
        self.X1 = np.hstack([self.ones, rng.uniform(-1, 1, size=(n, 1)).astype(dtype)])
        self.T = rng.normal(size=(n, k)).astype(dtype)
        self.V = Tensor(rng.uniform(-1, 1, size=(2, m)).astype(dtype), name="V")
        self.W = Tensor(rng.uniform(-1, 1, size=(m + 1, k)).astype(dtype), name="W")
        self.Z = ag.tanh(self.X1 @ self.V).named("Z")
        self.Z1 = ag.concatenate([self.ones, self.Z], axis=1)
        self.E = ((self.T - self.Z1 @ self.W) ** 2).mean()
        self.error = self.T - self.Z1.data @ self.W.data

    def down(self, W: Any = None) -> tuple[Any, Any]:
        """X'(error W' (1 - Z²)) and Z1' error, as the notes have them: no factor 2, no mean."""
        W = self.W.data if W is None else W
        return self.X1.T @ ((self.error @ W[1:].T) * (1 - self.Z.data**2)), self.Z1.data.T @ self.error


def said(report: Report, name: str) -> str:
    return report[name].findings[0].detail


# ------------------------------------------------------------------------------------------------------ verdicts


@given(seed=st.integers(0, 99), dtype=DTYPES, rate=st.sampled_from([1e-4, 1e-2, 1.0, 100.0]))
def test_a_right_update_is_right(seed: int, dtype: Any, rate: float) -> None:
    net = Net(seed, dtype)
    V, W = (2 / net.T.size * x for x in net.down())
    report = ag.compare_update(net.E, {"V": net.V.data + rate * V, "W": net.W.data + rate * W}, rate)
    report.check()
    assert not any(row.findings for row in report)


@given(seed=st.integers(0, 99), dtype=DTYPES, rate=st.floats(1e-3, 10))
def test_a_step_along_autodiffs_gradient_is_exact(seed: int, dtype: Any, rate: float) -> None:
    net = Net(seed, dtype)
    steps = {x: x.data - rate * g for x, g in zip((net.V, net.W), ag.gradients(net.E, [net.V, net.W]), strict=True)}
    assert [row.verdict for row in ag.compare_update(net.E, steps, rate)] == ["exact", "exact"]


@given(seed=st.integers(0, 99), dtype=DTYPES, rate=st.floats(1e-2, 10))
def test_a_wrong_update_is_wrong(seed: int, dtype: Any, rate: float) -> None:
    net = Net(seed, dtype)
    step = 2 / net.T.size * net.down()[0]
    step[1, 3] *= 1.01
    assert ag.compare_update(net.E, {"V": net.V.data + rate * step}, rate)["V"].verdict == "wrong"


def test_what_rounding_hides_is_noted() -> None:
    net = Net(0)
    report = ag.compare_update(net.E, {"W": net.W.data + 1e-18}, 1e-18)
    assert report["W"].verdict == "exact"
    assert "the step of W is lost in the rounding of W: take a larger rate to compare" in report.notes


# ------------------------------------------------------------------------------------ factors absorbed in the rate


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_rule_of_the_notes_absorbs_the_factor_two(dtype: Any) -> None:
    net = Net(0, dtype)
    V, W = net.down()
    rates = {"V": 0.5, "W": 0.1}
    new = {"V": net.V.data + 0.5 / net.T.size * V, "W": net.W.data + 0.1 / net.T.size * W}
    report = ag.compare_update(net.E, new, rates)
    for name in new:
        assert said(report, name) == "equal if the rate is 1/2 times yours: the rule absorbs that factor"
        assert report[name].findings[0].kind == "factor"


@given(seed=st.integers(0, 9), rate=st.floats(1e-3, 1e-1), n=st.sampled_from([7, 20]), k=st.sampled_from([3, 5]))
def test_the_listing_of_the_notes_absorbs_half_of_n_times_k(seed: int, rate: float, n: int, k: int) -> None:
    net = Net(seed, n=n, k=k)
    report = ag.compare_update(net.E, {"W": net.W.data + rate * net.down()[1]}, rate)
    where = f"(N = {n} rows, K = {k} columns of the power {(n, k)})"
    assert (
        said(report, "W")
        == f"equal if the rate is N K / 2 = {n * k / 2:g} times yours: the rule absorbs that factor {where}"
    )


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (2.0, "2"),
        (20.0, "N = 20"),
        (1 / 20, "1/N = 0.05"),
        (3.0, "K = 3"),
        (2 / 60, "2/(N K) = 0.0333333"),
        (20 / 3, "N/K = 6.66667"),
        (math.pi, "3.14159"),
    ],
)
def test_factors_have_names(times: float, text: str) -> None:
    net = Net(0)
    new = net.W.data + 0.1 * times * 2 / net.T.size * net.down()[1]
    assert said(ag.compare_update(net.E, {"W": new}, 0.1), "W").startswith(f"equal if the rate is {text} times yours: ")


def test_lms_of_the_notes_is_half_the_derivative() -> None:
    w = Tensor([[0.3], [-0.2]], name="w")
    x, t = np.array([[1.0, 4.2]]), np.array([[1.6]])
    loss = ((t - x @ w) ** 2).sum()
    report = ag.compare_update(loss, {"w": w.data + 0.01 * x.T @ (t - x @ w.data)}, 0.01)
    assert said(report, "w") == "equal if the rate is 1/2 times yours: the rule absorbs that factor"


def test_up_the_gradient() -> None:
    net = Net(0)
    step = 2 / net.T.size * net.down()[1]
    up = ag.compare_update(net.E, {"W": net.W.data - 0.1 * step}, 0.1)
    assert said(up, "W") == "a step up the gradient: W + rate * dW, where a descent is W - rate * dW"
    half = ag.compare_update(net.E, {"W": net.W.data - 0.05 * step}, 0.1)
    assert said(half, "W").startswith("equal if the rate is 1/2 times yours")
    assert said(half, "W").endswith("; besides, it goes up the gradient, not down")


def test_no_update_at_all() -> None:
    net = Net(0)
    report = ag.compare_update(net.E, {"W": net.W.data}, 0.1)
    assert said(report, "W") == "nothing was updated: the new array is the old one"


# ------------------------------------------------------------------------------------------------ values of too late


@given(seed=st.integers(0, 19), dtype=DTYPES)
def test_an_update_that_used_another_after_its_own(seed: int, dtype: Any) -> None:
    net = Net(seed, dtype)
    rate = 0.5
    W = net.W.data + rate * 2 / net.T.size * net.down()[1]
    V = net.V.data + rate * 2 / net.T.size * net.down(W)[0]
    report = ag.compare_update(net.E, {"W": W, "V": V}, rate)
    assert report["W"].verdict == "rounding"
    assert report["V"].findings[0].kind == "stale"
    assert said(report, "V") == "the update used W after its own update: compute all gradients first, then update"


def test_late_and_of_another_rate() -> None:
    net = Net(0)
    W = net.W.data + 0.5 / net.T.size * net.down()[1]
    V = net.V.data + 0.5 / net.T.size * net.down(W)[0]
    detail = said(ag.compare_update(net.E, {"W": W, "V": V}, 0.5), "V")
    assert detail.endswith("; besides, it is equal if the rate is 1/2 times yours: the rule absorbs that factor")


def test_late_with_the_forward_pass_run_again() -> None:
    net = Net(0)
    gradient = ag.gradients(net.E, [net.W])[0]
    W = net.W.data - 0.5 * gradient
    again = Tensor(W)
    E = ((net.T - ag.concatenate([net.ones, ag.tanh(net.X1 @ net.V)], axis=1) @ again) ** 2).mean()
    V = net.V.data - 0.5 * ag.gradients(E, [net.V])[0]
    report = ag.compare_update(net.E, {"W": W, "V": V}, 0.5)
    assert said(report, "V").startswith("the update used W after its own update, and the forward pass was run again: ")


# ------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("Q", np.ones(3), "no Tensor of the graph is named 'Q'"),
        ("Z", np.ones((20, 10)), "Z (20, 10) was computed by tanh; only leaves are updated"),
        ("V", np.ones((10, 2)), "the new array has shape (10, 2), V has (2, 10); its transpose would fit"),
        ("V", np.ones(3), "the new array has shape (3,), V has (2, 10)"),
        ("V", None, "None was given"),
        ("V", "new", "give an array of real numbers"),
        ("V", np.full((2, 10), np.nan), "20 of 20 entries are NaN or infinite"),
    ],
)
def test_a_bad_update_says_so_and_the_others_are_judged(key: str, value: Any, text: str) -> None:
    net = Net(0)
    new = net.W.data + 0.1 * 2 / net.T.size * net.down()[1]
    report = ag.compare_update(net.E, {key: value, "W": new}, 0.1)
    assert text in said(report, key)
    assert (report["W"].verdict, report[key].verdict) == ("rounding", "wrong" if key != "Q" else "not compared")


def test_rates_by_name_or_tensor_and_a_missing_one() -> None:
    net = Net(0)
    gradient = ag.gradients(net.E, [net.W])[0]
    new = {net.W: net.W.data - 0.1 * gradient}
    for rates in ({"W": 0.1}, {net.W: 0.1}):
        assert ag.compare_update(net.E, new, rates)["W"].verdict == "exact"
    assert said(ag.compare_update(net.E, new, {"W1": 0.1}), "W") == "no rate is given for W; did you mean 'W1'?"


def test_a_leaf_that_is_given_twice() -> None:
    net = Net(0)
    report = ag.compare_update(net.E, {"W": net.W.data, net.W: net.W.data}, 0.1)
    assert "W (11, 3) is given twice" in report.rows[1].findings[0].detail


@pytest.mark.parametrize(
    ("rate", "error"),
    [(0, ValueError), (-0.1, ValueError), (math.inf, ValueError), ("fast", TypeError), (True, TypeError)],
)
def test_a_bad_rate_is_refused(rate: Any, error: type[Exception]) -> None:
    net = Net(0)
    for given_rate in (rate, {"W": rate}):
        with pytest.raises(error, match="compare_update: a rate is"):
            ag.compare_update(net.E, {"W": net.W.data}, given_rate)


def test_updates_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(TypeError, match="compare_update: expected a mapping"):
        ag.compare_update(Net(0).E, [1.0], 0.1)  # type: ignore[arg-type]


def test_values_are_not_known_while_tracing() -> None:
    compared = ag.compile(lambda x: ag.compare_update((x * x).sum(), {}, 0.1))
    with pytest.raises(TypeError, match=r"compare_update: values are not known while ag.compile traces"):
        compared(np.ones(3))


def test_nothing_is_changed() -> None:
    net = Net(0)
    before = [x.numpy() for x in ag.topological_order(net.E)]
    ag.compare_update(net.E, {"V": net.V.data + 1, "W": net.W.data + 1}, 0.1)
    after = ag.topological_order(net.E)
    assert all(np.array_equal(x.data, old) for x, old in zip(after, before, strict=True))
    assert all(x.grad is None for x in after)
