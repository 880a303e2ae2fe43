"""A report as HTML, for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from autograd_mini.comparison.text import HEADINGS, cells, headline, sentences

if TYPE_CHECKING:
    from autograd_mini.comparison.report import Report, Row

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
