"""A report as text: a table, then what is to be said about each row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd_mini.comparison.report import Report, Row

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
