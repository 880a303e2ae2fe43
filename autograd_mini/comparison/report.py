"""A report: rows with verdicts, as text, as HTML for notebooks, as JSON, and as points by a rubric."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.witnesses import Testimony
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor


class ComparisonError(AssertionError):
    """A hand-derived gradient is wrong; the message is the report."""


@dataclass(frozen=True, eq=False)
class Row:
    """The verdict on one gradient that was derived by hand."""

    name: str
    shape: tuple[int, ...]
    """Of the gradient; of what was given, if there is no gradient to compare it with."""
    verdict: str
    """exact, rounding, kink or wrong; not compared where the key means no Tensor."""
    max_abs: float
    """The largest difference; NaN where nothing could be compared."""
    max_rel: float
    """The largest difference in proportion to the larger of the two numbers: at most 2."""
    worst_index: tuple[int, ...] | None
    """The entry that is furthest beyond rounding."""
    ulps: float
    """The largest difference in units in the last place."""
    findings: tuple[Finding, ...] = ()
    """What may be the matter, the simplest first."""
    vote: str = ""
    """What follows from the three witnesses; empty for a row that is right."""
    testimonies: tuple[Testimony, ...] = ()
    """What they say about some entries, the worst one first."""
    node: Tensor | None = None
    """Whose gradient it is; None for a name that no Tensor has."""
    remark: str = ""
    """What is to be said before the findings."""
    label: str = ""
    """What a table says in place of the verdict, if that alone would mislead."""

    def as_data(self) -> dict[str, Any]:
        """The row as JSON takes it."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "verdict": self.verdict,
            "max_abs": _finite(self.max_abs),
            "max_rel": _finite(self.max_rel),
            "worst_index": None if self.worst_index is None else list(self.worst_index),
            "ulps": _finite(self.ulps),
            "remark": self.remark,
            "findings": [{"kind": f.kind, "detail": f.detail, "residual": _finite(f.residual)} for f in self.findings],
            "vote": self.vote,
            "testimonies": [_testimony_data(said) for said in self.testimonies],
        }


class Report:
    """What `compare` found: rows in backward order, to be read by name or by Tensor.

    It prints as a table with sentences, shows itself in a notebook, and goes to JSON; `check()` raises unless all is
    right. `report.verdicts` is what `ag.draw(loss, agreement=...)` colours a drawing by.

    >>> import autograd_mini as ag
    >>> w = ag.Tensor([1.0, 2.0], name="w")
    >>> report = ag.compare((w * w).sum(), {w: [2.0, 4.0]})
    >>> print(report)
    1 gradient: 1 exact
    <BLANKLINE>
    gradient  shape  verdict  largest error  relative  ulps  at
    w         (2,)   exact    0              0         0
    """

    def __init__(self, rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
        self.rows = tuple(rows)
        self.notes = tuple(notes)
        """What is to be known about the comparison as a whole."""

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: str | Tensor) -> Row:
        for row in self.rows:
            if row.node is key if isinstance(key, Tensor) else row.name == key:
                return row
        what = describe(key) if isinstance(key, Tensor) else repr(key)
        raise KeyError(f"no row for {what}; there are {', '.join(row.name for row in self.rows)}")

    @property
    def passed(self) -> bool:
        """Whether no row is wrong, and all were compared."""
        return all(row.verdict not in ("wrong", "not compared") for row in self.rows)

    @property
    def verdicts(self) -> Mapping[Tensor, str]:
        """The verdict on each Tensor."""
        return {row.node: row.verdict for row in self.rows if row.node is not None}

    def check(self) -> None:
        """Raise ComparisonError, an AssertionError whose message is the report, unless it has `passed`."""
        if not self.passed:
            raise ComparisonError(str(self))

    def to_json(self, indent: int | None = None) -> str:
        """The report as strict JSON: what is no finite number is null.

        >>> Report([]).to_json()
        '{"passed": true, "notes": [], "rows": []}'
        """
        return json.dumps(self.as_data(), indent=indent, allow_nan=False)

    def as_data(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        return {"passed": self.passed, "notes": list(self.notes), "rows": [row.as_data() for row in self.rows]}

    def points(self, rubric: Mapping[Any, float], *, inherited: float = 0.5, factor: float = 0.5) -> Grade:
        """The points for each row by a rubric, a mapping of names or Tensors to points, with the reasons.

        What is right, up to rounding or at a kink, earns all points. A row of `ag.compare_rules` that has only
        inherited its error earns the share `inherited` of them, one that is only off by a factor the share `factor`;
        what is wrong otherwise, or was not handed in, none. Rows without a line in the rubric do not count.

        Raises TypeError for points that are no numbers, ValueError for negative ones and for shares above 1.

        >>> import autograd_mini as ag
        >>> w, b = ag.Tensor([1.0, 2.0], name="w"), ag.Tensor(3.0, name="b")
        >>> report = ag.compare((w * w).sum() * b, {w: [6.0, 12.0]})
        >>> print(report.points({"w": 2, "b": 1}))
        w      2 of 2  exact
        b      0 of 1  not handed in
        total  2 of 3
        """
        return graded(self.rows, rubric, {"inherited": inherited, "factor": factor})

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def _testimony_data(said: Testimony) -> dict[str, Any]:
    numbers = {"hand": said.hand, "autodiff": said.automatic, "numeric": said.numeric, "error": said.error}
    finite = {name: _finite(x) for name, x in numbers.items()}
    return {"index": list(said.index), **finite, "method": said.method}


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


# -------------------------------------------------------------------------------------------------------------- as text


HEADINGS = ("gradient", "shape", "verdict", "largest error", "relative", "ulps", "at")
VERDICTS = {
    "exact": "exact",
    "rounding": "rounding only",
    "kink": "kink",
    "wrong": "wrong",
    "not compared": "not compared",
}


def as_text(report: Report) -> str:
    """The report as it is printed."""
    parts = [headline(report)]
    if report.rows:
        parts.append("\n".join(aligned([HEADINGS, *(cells(row) for row in report.rows)])))
    remarks = [f"{row.name}: {sentence}" for row in report.rows for sentence in sentences(row)]
    parts += ["\n".join(remarks)] if remarks else []
    parts += ["\n".join(f"Note: {note}." for note in report.notes)] if report.notes else []
    return "\n\n".join(parts)


def headline(report: Report) -> str:
    """How many rows have which verdict."""
    counts = Counter(row.verdict for row in report.rows)
    told = ", ".join(f"{counts[verdict]} {text}" for verdict, text in VERDICTS.items() if counts[verdict])
    return f"{len(report)} gradient{'s' if len(report) != 1 else ''}: {told or 'nothing to compare'}"


def cells(row: Row) -> tuple[str, ...]:
    """The entries of a row of the table."""
    figures = [_number(x) for x in (row.max_abs, row.max_rel, row.ulps)]
    at = "" if row.worst_index is None else str(row.worst_index)
    return (row.name, str(row.shape), row.label or VERDICTS[row.verdict], *figures, at)


def sentences(row: Row) -> Iterator[str]:
    """What is to be said about a row: the remark, the findings, then the witnesses and their vote."""
    if row.remark:
        yield _ended(row.remark)
    for finding in row.findings:
        yield _ended(finding.detail)
    if row.testimonies:
        said = row.testimonies[0]
        numeric = f"{said.method} {_value(said.numeric)}" if math.isfinite(said.numeric) else f"{said.method} nothing"
        autodiff = "" if math.isnan(said.automatic) else f"autodiff {_value(said.automatic)}, "
        yield _ended(f"at {said.index} hand {_value(said.hand)}, {autodiff}{numeric}: {row.vote}")
    elif row.vote and not any(row.vote in finding.detail for finding in row.findings):
        yield _ended(row.vote)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _number(x: float) -> str:
    return "-" if math.isnan(x) else f"{x:.3g}"


def _value(x: float) -> str:
    return f"{x:.10g}"


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines in which the entries of a column start below each other."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


# -------------------------------------------------------------------------------------------------------------- as HTML


COLOURS = {"exact": "#1b7f3b", "rounding": "#1b7f3b", "kink": "#8a6100", "wrong": "#b3261e", "not compared": "#5f6368"}


def as_html(report: Report) -> str:
    """A table with a line under it for each thing that is to be said; all text is escaped."""
    head = "".join(f"<th>{escape(text)}</th>" for text in HEADINGS)
    body = "".join(map(_row, report.rows))
    said = [f"<li><b>{escape(row.name)}</b>: {escape(text)}</li>" for row in report.rows for text in sentences(row)]
    said += [f"<li>{escape(note)}.</li>" for note in report.notes]
    below = f"<ul>{''.join(said)}</ul>" if said else ""
    return f"<div><p>{escape(headline(report))}</p><table><tr>{head}</tr>{body}</table>{below}</div>"


def _row(row: Row) -> str:
    name, shape, verdict, *figures = (escape(text) for text in cells(row))
    style = f' style="color: {COLOURS[row.verdict]}; font-weight: bold"'
    rest = "".join(f"<td>{text}</td>" for text in figures)
    return f"<tr><td>{name}</td><td>{shape}</td><td{style}>{verdict}</td>{rest}</tr>"


# --------------------------------------------------------------------------------------------------------------- points


@dataclass(frozen=True)
class Mark:
    """The points for one gradient."""

    name: str
    points: float
    of: float
    """The points that the rubric has for it."""
    reason: str


@dataclass(frozen=True)
class Grade:
    """The points for a whole derivation; prints as a table."""

    marks: tuple[Mark, ...]

    @property
    def total(self) -> float:
        """The points that were reached."""
        return math.fsum(mark.points for mark in self.marks)

    @property
    def of(self) -> float:
        """The points that there were to reach."""
        return math.fsum(mark.of for mark in self.marks)

    def to_json(self, indent: int | None = None) -> str:
        """The grade as strict JSON."""
        data = {"total": self.total, "of": self.of, "marks": [asdict(mark) for mark in self.marks]}
        return json.dumps(data, indent=indent, allow_nan=False)

    def __str__(self) -> str:
        rows = [(mark.name, f"{mark.points:g} of {mark.of:g}", mark.reason) for mark in self.marks]
        return "\n".join(aligned([*rows, ("total", f"{self.total:g} of {self.of:g}", "")]))


def graded(rows: Iterable[Row], rubric: Mapping[Any, float], shares: Mapping[str, float]) -> Grade:
    """The points for rows by a rubric; `shares` says which part of them is given for an inherited error or a factor."""
    for what, share in shares.items():
        if _worth(share, f"the share for {what}") > 1:
            raise ValueError(f"points: the share for {what} is at most 1, got {share}")
    known = {key: row for row in rows for key in (row.name, row.node) if key is not None}
    return Grade(tuple(_mark(key, known.get(key), _worth(of, str(key)), shares) for key, of in rubric.items()))


def _worth(x: Any, what: str) -> float:
    if isinstance(x, bool) or not isinstance(x, int | float):
        raise TypeError(f"points: {what} is worth a number of points, got {x!r}")
    if not 0 <= x < math.inf:
        raise ValueError(f"points: {what} is worth 0 points or more, got {x}")
    return float(x)


def _mark(key: Any, row: Row | None, of: float, shares: Mapping[str, float]) -> Mark:
    name = (key.name or describe(key)) if isinstance(key, Tensor) else str(key)
    if row is None:
        return Mark(name, 0.0, of, "not handed in")
    share, reason = _judged(row, shares)
    return Mark(row.name, share * of, of, reason)


def _judged(row: Row, shares: Mapping[str, float]) -> tuple[float, str]:
    """The share of the points that a row earns, and why."""
    if row.verdict == "not compared":
        return 0.0, "not compared"
    if row.verdict != "wrong":
        return 1.0, row.remark or VERDICTS[row.verdict]
    if row.label == "inherited":
        return shares["inherited"], row.remark
    said = "; ".join(finding.detail for finding in row.findings[:1]) or row.remark or "wrong"
    only_a_factor = bool(row.findings) and row.findings[0].kind == "factor"
    return (shares["factor"] if only_a_factor else 0.0), said
