"""Points by a rubric, and exercises whose sizes hide nothing."""

from __future__ import annotations

import json
from inspect import signature
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor


def make(rng: np.random.Generator, samples: int, inputs: int, hidden: int, outputs: int) -> Tensor:
    X = Tensor(rng.normal(size=(samples, inputs)), requires_grad=False, name="X")
    T = Tensor(rng.normal(size=(samples, outputs)), requires_grad=False, name="T")
    W1 = Tensor(rng.normal(size=(inputs, hidden)), name="W1")
    W2 = Tensor(rng.normal(size=(hidden, outputs)), name="W2")
    a1 = (X @ W1).named("a1")
    h1 = ag.tanh(a1).named("h1")
    y = (h1 @ W2).named("y")
    return ((y - T) ** 2).mean()


RULES: dict[str, Any] = {
    "y": lambda y, T: 2 * (y - T) / y.size,
    "W2": lambda d_y, h1: h1.T @ d_y,
    "h1": lambda d_y, W2: d_y @ W2.T,
    "a1": lambda d_h1, h1: d_h1 * (1 - h1**2),
    "W1": lambda d_a1, X: X.T @ d_a1,
}
RUBRIC = {"y": 1, "W2": 2, "h1": 2, "a1": 3, "W1": 2}


def points(**wrong: Any) -> dict[str, float]:
    report = ag.compare_rules(ag.exercise(make, rng=3), RULES | wrong)
    return {mark.name: mark.points for mark in report.points(RUBRIC).marks}


# ---------------------------------------------------------------------------------------------------------- points


def test_what_is_right_earns_all_points() -> None:
    assert points() == RUBRIC


def test_what_is_inherited_earns_half_and_the_culprit_nothing() -> None:
    assert points(h1=lambda d_y, W2: d_y @ np.abs(W2).T) == RUBRIC | {"h1": 0, "a1": 1.5, "W1": 1}


def test_what_is_off_by_a_factor_earns_its_share() -> None:
    loss = ag.exercise(make, rng=3)
    W1, W2 = (next(x for x in ag.topological_order(loss) if x.name == name) for name in ("W1", "W2"))
    steps = {x: x.data - 0.1 * g for x, g in zip((W1, W2), ag.gradients(loss, [W1, W2]), strict=True)}
    report = ag.compare_update(loss, steps, {"W1": 0.1, "W2": 0.2})
    assert [mark.points for mark in report.points({"W1": 4, "W2": 4}).marks] == [4, 2]
    assert [mark.points for mark in report.points({"W1": 4, "W2": 4}, factor=0.25).marks] == [4, 1]


def test_shares_are_the_rubrics() -> None:
    report = ag.compare_rules(ag.exercise(make), RULES | {"a1": lambda d_h1, h1: d_h1 * (1 - h1)})
    totals = {share: report.points(RUBRIC, inherited=share).total for share in (0, 0.25, 1)}
    assert totals == {0: 5.0, 0.25: 5.5, 1: 7.0}


def test_the_grade_prints_and_goes_to_json() -> None:
    report = ag.compare_rules(ag.exercise(make), {name: RULES[name] for name in ("y", "W2")})
    grade = report.points({"y": 1, "W2": 2, "W1": 2})
    assert str(grade).splitlines()[-2:] == ["W1     0 of 2  not handed in", "total  3 of 5"]
    data = json.loads(grade.to_json())
    assert (data["total"], data["of"], data["marks"][2]["reason"]) == (3.0, 5.0, "not handed in")


def test_the_rubric_may_name_tensors_and_leave_rows_out() -> None:
    x, y = Tensor(2.0, name="x"), Tensor(3.0, name="y")
    report = ag.compare(x * y, {x: 3.0, y: 7.0})
    assert (report.points({x: 1.5}).total, report.points({x: 1.5, y: 1}, factor=0).of) == (1.5, 2.5)
    assert report.points({Tensor(1.0): 1}).marks[0].reason == "not handed in"


@pytest.mark.parametrize(
    ("rubric", "shares", "error", "text"),
    [
        ({"x": -1}, {}, ValueError, "x is worth 0 points or more, got -1"),
        ({"x": float("nan")}, {}, ValueError, "x is worth 0 points or more, got nan"),
        ({"x": "many"}, {}, TypeError, "x is worth a number of points, got 'many'"),
        ({"x": 1}, {"factor": 2.0}, ValueError, "the share for factor is at most 1, got 2"),
        ({"x": 1}, {"inherited": "half"}, TypeError, "the share for inherited"),
    ],
)
def test_a_bad_rubric_is_refused(rubric: Any, shares: Any, error: type[Exception], text: str) -> None:
    x = Tensor(2.0, name="x")
    with pytest.raises(error, match=text):
        ag.compare(x * x, {x: 4.0}).points(rubric, **shares)


# ------------------------------------------------------------------------------------------------------- exercises


@given(seed=st.integers(0, 2**31))
def test_no_two_sizes_of_an_exercise_are_equal(seed: int) -> None:
    loss = ag.exercise(make, rng=seed)
    shapes = {x.name: x.shape for x in ag.topological_order(loss) if x.name}
    samples, inputs = shapes["X"]
    assert len({samples, inputs, *shapes["W2"]}) == 4
    assert ag.compare_rules(loss, RULES).passed


@given(seed=st.integers(0, 99), name=st.sampled_from(sorted(RULES)))
def test_no_transpose_hides(seed: int, name: str) -> None:
    def transposed(*given_arrays: Any) -> Any:
        return RULES[name](*given_arrays).T

    transposed.__signature__ = signature(RULES[name])  # type: ignore[attr-defined]
    report = ag.compare_rules(ag.exercise(make, rng=seed), RULES | {name: transposed})
    assert [row.name for row in report.culprits] == [name]
    assert [finding.kind for finding in report[name].findings][-1] == "shape"


def test_a_seed_makes_one_exercise() -> None:
    one, same, other = (ag.exercise(make, rng=seed) for seed in (5, 5, 6))
    assert one.data == same.data != other.data


def two_layers_alike(rng: np.random.Generator, n: int, m: int) -> Tensor:
    return (Tensor(rng.normal(size=(n, m))) @ Tensor(rng.normal(size=(m, m)))).sum()


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (3, TypeError, "make is a function of a generator and of sizes, got int"),
        (lambda rng: Tensor(1.0), TypeError, "write def make\\(rng, samples, inputs, outputs\\)"),
        (lambda rng, *sizes: Tensor(1.0), TypeError, "write def make"),
        (lambda rng, a, b, c, d, e, f, g: Tensor(1.0), ValueError, "asks for 7 sizes; there are at most 6"),
        (lambda rng, n: 1.0, TypeError, "make returned a float; return the loss"),
        (lambda rng, n: Tensor(np.ones(n)), TypeError, "make returned Tensor \\(.,\\); return the loss"),
        (two_layers_alike, ValueError, "is square, so that a transpose could hide"),
    ],
)
def test_what_makes_no_exercise_is_refused(function: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ag.exercise(function)
