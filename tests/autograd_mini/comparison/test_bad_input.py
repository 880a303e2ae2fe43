"""What can't be compared makes a row that says so; the other rows stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

X = np.arange(12.0).reshape(4, 3)


def model() -> tuple[ag.Tensor, ag.Tensor, ag.Tensor]:
    w = ag.Tensor(np.array([[0.1, 0.2], [0.3, -0.1], [0.2, 0.5]]), name="w")
    b = ag.Tensor([0.1, 0.2], name="b")
    return ((X @ w + b) ** 2).mean(), w, b


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "None was given; does your function return its result"),
        ("text", "give an array of real numbers"),
        (object(), "give an array of real numbers"),
        (1j * np.ones((3, 2)), "give an array of real numbers"),
        ([[1.0], [1.0, 2.0]], "makes no array"),
        (np.full((3, 2), np.nan), "6 of 6 entries are NaN or infinite, the first at \\(0, 0\\)"),
        (np.diag([1.0, np.inf, 2.0])[:, :2], "1 of 6 entries are NaN or infinite, the first at \\(1, 1\\)"),
        (np.ones((5, 5)), "shape \\(5, 5\\), the gradient has \\(3, 2\\): no transpose, sum or reshape of it fits"),
        (
            np.ones((2, 3)),
            "transpose, .T, or its reshape, .reshape.*, would fit, but is not the gradient",
        ),
    ],
)
def test_a_bad_array(value: Any, said: str) -> None:
    loss, w, b = model()
    report = ag.compare(loss, {w: value, b: ag.gradients(loss)[b]})
    assert report["w"].verdict == "wrong"
    assert report["b"].verdict == "exact"
    with pytest.raises(AssertionError, match=said):
        report.check()


@pytest.mark.parametrize("change", ["transposed", "per sample", "kept", "flat"])
def test_the_change_of_shape_that_is_right_is_named(change: str) -> None:
    loss, w, b = model()
    delta = 2 * (X @ w.data + b.data) / 8
    given, name, said = {
        "transposed": ((X.T @ delta).T, "w", "its transpose, .T, is the gradient"),
        "per sample": (delta, "b", "its sum over axis 0, .sum(axis=0), is the gradient"),
        "kept": (delta.sum(axis=0, keepdims=True), "b", ".sum(axis=0), is the gradient"),
        "flat": ((X.T @ delta).ravel(), "w", "its reshape, .reshape((3, 2)), is the gradient"),
    }[change]
    row = ag.compare(loss, {name: given})[name]
    assert row.verdict == "wrong"
    assert row.findings[-1].kind == "shape"
    assert said in row.findings[-1].detail


def test_a_mistake_that_is_named_comes_before_what_is_said_of_any_shape() -> None:
    loss, w, b = model()
    delta = 2 * (X @ w.data + b.data) / 8
    report = ag.compare(loss, {w: (X.T @ delta)[1:], b: delta.sum(axis=1)})
    assert [finding.kind for finding in report["w"].findings] == ["bias", "shape"]
    assert [finding.kind for finding in report["b"].findings] == ["broadcast-sum", "shape"]


def test_where_both_are_not_finite_the_entries_that_are_wrong_are_named() -> None:
    x = ag.Tensor([np.nan, 4.0], name="x")
    (finding,) = ag.compare((x * x).sum(), {x: [np.nan, 7.0]})["x"].findings
    assert finding.detail.startswith("1 of 2 entries are wrong, the first at (1,): 7, not 8;")


def test_unknown_and_doubled_names() -> None:
    loss, _, b = model()
    other = ag.Tensor(1.0, name="other")
    twice = loss + ag.Tensor(0.0, name="same") * ag.Tensor(0.0, name="same")
    report = ag.compare(twice, {"W": 1, "same": 1, 3: 1, other: 1.0, b: ag.gradients(loss)[b]})
    assert [row.name for row in report] == ["b", "W", "same", "3", "other"]
    assert [row.verdict for row in report] == ["exact", *["not compared"] * 4]
    said = [row.findings[0].detail for row in report if row.findings]
    assert "no Tensor of the graph is named 'W'; did you mean 'w'?" in said[0] or "there are" in said[0]
    assert "2 Tensors of the graph are named 'same'; pass the Tensor itself" in said[1]
    assert "a key of type int means nothing" in said[2]
    assert "other () is not in the graph of the loss" in said[3]
    assert list(report.verdicts) == [b]


def test_constants_have_no_gradient() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    x = ag.Tensor([1.0, 2.0], name="x", requires_grad=False)
    row = ag.compare((w * x).sum(), {x: [1.0, 2.0]})["x"]
    assert "x (2,) is a constant: no gradient flows to it" in row.findings[0].detail


def test_a_tensor_that_is_cut_off_has_gradient_zero() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    inner = w * 3.0
    loss = (w * ag.stop_gradient(inner)).sum()
    assert ag.compare(loss, {inner: [0.0, 0.0]}).passed
    assert not ag.compare(loss, {inner: [1.0, 1.0]}).passed


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((3.0, {}), TypeError, "compare: the loss is a float"),
        ((ag.Tensor([1.0, 2.0]) * 2, {}), ValueError, "2 entries, not 1"),
        ((ag.Tensor(1.0) * 2, [1.0]), TypeError, "expected a mapping of Tensors or names to arrays, got list"),
        ((ag.Tensor(1.0, requires_grad=False) * 2, {}), TypeError, "requires a gradient"),
    ],
)
def test_a_call_that_makes_no_sense(arguments: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ag.compare(*arguments)


def test_not_within_compile() -> None:
    @ag.compile
    def f(x: Any) -> Any:
        ag.compare((x * x).sum(), {x: x})
        return x

    with pytest.raises(TypeError, match="compare outside of the function"):
        f(ag.Tensor([1.0, 2.0]))


def test_a_key_that_means_nothing_is_not_counted_as_wrong_but_the_report_has_not_passed() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    report = ag.compare((w * w).sum(), {"w": [2.0, 4.0], "v": [1.0, 1.0]})
    assert str(report).startswith("2 gradients: 1 exact, 1 not compared")
    assert not report.passed
    with pytest.raises(ag.ComparisonError, match="no Tensor of the graph is named 'v'"):
        report.check()
    assert [mark.reason for mark in report.points({"w": 1, "v": 1}).marks] == ["exact", "not compared"]
    assert "not compared" in report._repr_html_()
