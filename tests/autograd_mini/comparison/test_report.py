"""A report: as text, HTML, JSON, as an exception, and as colours of a drawing."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag


@pytest.fixture
def report() -> Any:
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    w = ag.Tensor([[0.5], [-0.5]], name="w<1>")
    z = (x @ w).named("z")
    loss = ag.relu(z - z.data[0]).sum() + (z * z).mean()
    return ag.compare(loss, {w: np.full((2, 1), np.nan), "z": ag.gradients(loss)[z], "nothing": "<b>"})


def test_the_text_is_a_table_with_sentences(report: Any) -> None:
    head, table, said = str(report).split("\n\n")
    assert head == "3 gradients: 1 exact, 1 wrong, 1 not compared"
    assert [line.split()[0] for line in table.splitlines()] == ["gradient", "z", "w<1>", "nothing"]
    words = ("verdict", "exact", "wrong", "not compared")
    columns = {line.index(word) for line, word in zip(table.splitlines(), words)}
    assert len(columns) == 1
    assert said.startswith("w<1>: 2 of 2 entries are NaN")
    assert repr(report) == str(report)


def test_rows_by_name_and_by_tensor(report: Any) -> None:
    row = report["w<1>"]
    assert report[row.node] is row
    assert (row.shape, row.verdict, len(report)) == ((2, 1), "wrong", 3)
    with pytest.raises(KeyError, match="no row for 'b'; there are z, w<1>, nothing"):
        report["b"]


def test_json_is_strict(report: Any) -> None:
    def refused(constant: str) -> None:
        raise AssertionError(constant)

    data = json.loads(report.to_json(), parse_constant=refused)
    assert data["passed"] is False
    assert [row["verdict"] for row in data["rows"]] == ["exact", "wrong", "not compared"]
    assert data["rows"][1]["max_abs"] is None
    assert data["rows"][1]["findings"][0]["kind"] == "unknown"


def test_html_is_escaped_and_closed(report: Any) -> None:
    open_tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    page = report._repr_html_()
    Parser().feed(page)
    assert open_tags == []
    assert "w&lt;1&gt;" in page
    assert "<1>" not in page


def test_check_raises_the_text(report: Any) -> None:
    with pytest.raises(ag.ComparisonError) as caught:
        report.check()
    assert str(caught.value) == str(report)
    assert isinstance(caught.value, AssertionError)
    ag.compare(ag.Tensor(2.0) * 3, {}).check()


def test_verdicts_colour_a_drawing(report: Any) -> None:
    loss = next(iter(report.verdicts))
    assert "z" in ag.draw(loss, agreement={loss: report.verdicts[loss]}).source


def test_unnamed_tensors_are_told_apart() -> None:
    x = ag.Tensor([1.0, 2.0])
    y = x * 2
    z = y * 3
    report = ag.compare(z.sum(), {z: [1, 1], y: [3, 3], x: [6, 6]})
    assert [row.name for row in report] == ["multiply 2", "multiply 1", "leaf"]
    assert report.passed


def test_a_drawing_is_coloured_by_the_report() -> None:
    w, v = ag.Tensor([1.0, 2.0], name="w"), ag.Tensor([3.0, 4.0], name="v")
    loss = (w * v).sum()
    source = ag.draw(loss, agreement=ag.compare(loss, {w: v.data, "v": -w.data})).source
    assert "by hand: exact =" in source
    assert "by hand: wrong ✗" in source
