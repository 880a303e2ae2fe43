"""Kinks: any value between the one-sided derivatives is right, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

KINKS: list[tuple[str, Callable[[Any], Any], list[float], list[float], list[float]]] = [
    # the function, where, and the lowest and highest gradient
    ("relu", ag.relu, [0.0, 1.0, -1.0], [0, 1, 0], [1, 1, 0]),
    ("abs", abs, [0.0, 1.0, -1.0], [-1, 1, -1], [1, 1, -1]),
    ("leaky relu", lambda x: ag.leaky_relu(x, 0.1), [0.0, 1.0], [0.1, 1], [1, 1]),
    ("maximum", lambda x: ag.maximum(x, 2.0), [2.0, 3.0, 1.0], [0, 1, 0], [1, 1, 0]),
    ("minimum", lambda x: ag.minimum(2.0, x), [2.0, 3.0, 1.0], [0, 0, 1], [1, 0, 1]),
    ("clip", lambda x: ag.clip(x, 0, 1), [0.0, 1.0, 0.5], [0, 0, 1], [1, 1, 1]),
    ("max", ag.max, [3.0, 3.0, 1.0], [0, 0, 0], [1, 1, 0]),
    ("min", ag.min, [3.0, 3.0, 1.0], [0, 0, 1], [0, 0, 1]),
    ("norm", ag.norm, [0.0, 0.0], [-1, -1], [1, 1]),
    ("mask", lambda x: x * (x > 0), [0.0, 1.0, -1.0], [0, 1, 0], [1, 1, 0]),
    ("branch", lambda x: ag.where(x > 0, x, 0.1 * x), [0.0, 1.0, -1.0], [0.1, 1, 0.1], [1, 1, 0.1]),
]


@pytest.mark.parametrize("scale", [1.0, 1e-12])
@pytest.mark.parametrize(("f", "point", "low", "high"), [row[1:] for row in KINKS], ids=[row[0] for row in KINKS])
def test_between_the_one_sided_derivatives(
    f: Callable[[Any], Any], point: list[float], low: list[float], high: list[float], scale: float
) -> None:
    x = ag.Tensor(point, name="x")
    loss = f(x).sum() * scale
    lowest, highest = scale * np.array(low), scale * np.array(high)
    for share in (0.0, 0.3, 1.0):
        assert ag.compare(loss, {x: lowest + share * (highest - lowest)})["x"].verdict != "wrong", share
    for value in (lowest - 0.1 * scale, highest + 0.1 * scale):
        assert ag.compare(loss, {x: value})["x"].verdict == "wrong"


def test_the_sentence() -> None:
    z = ag.Tensor([0.0, 1.0, -1.0], name="z")
    row = ag.compare(ag.relu(z).sum(), {z: [1.0, 1.0, 0.0]})["z"]
    assert row.verdict == "kink"
    assert [finding.kind for finding in row.findings] == ["kink"]
    assert "relu of z at 1 of its 3 entries" in row.findings[0].detail
    assert "any value in [0, 1] is a subgradient" in row.findings[0].detail


def test_an_error_elsewhere_is_still_wrong() -> None:
    z = ag.Tensor([0.0, 1.0, -1.0], name="z")
    assert ag.compare(ag.relu(z).sum(), {z: [1.0, 1.0, 1e-9]})["z"].verdict == "wrong"


def test_a_kink_within_rounding() -> None:
    x = np.array([[0.1, 0.2, -0.3]], np.float32)
    w = ag.Tensor(np.ones((3, 1), np.float32), name="w")
    net = (x @ w).named("net")
    for side in (x.T, 0 * x.T):
        report = ag.compare(ag.relu(net).sum(), {w: side})
        assert report["w"].verdict in ("exact", "kink")
    assert ag.compare(ag.relu(net).sum(), {w: 2 * x.T})["w"].verdict == "wrong"


def test_many_kinks_under_one_convention() -> None:
    r = np.random.default_rng(0)
    x, w = r.normal(size=(40, 3)), ag.Tensor(np.zeros((3, 5)), name="w")
    v = r.normal(size=(5, 1))
    loss = (ag.relu(x @ w) @ v).sum()
    for slope in (0.5, 1.0):
        assert ag.compare(loss, {w: x.T @ np.tile(slope * v.T, (40, 1))})["w"].verdict == "kink"
    assert ag.compare(loss, {w: x.T @ np.tile(100 * v.T, (40, 1))})["w"].verdict == "wrong"


def test_an_infinite_slope() -> None:
    x = ag.Tensor([0.0, 4.0], name="x")
    loss = ag.sqrt(x).sum()
    assert ag.compare(loss, {x: [np.inf, 0.25]})["x"].verdict == "exact"
    assert ag.compare(loss, {x: [0.0, 0.25]})["x"].verdict == "kink"
    assert ag.compare(loss, {x: [0.0, 0.5]})["x"].verdict == "wrong"
