"""The steps of a replay as an HTML table: for notebooks, and for readers without scripts."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_mini.drawing.text import extent, number, value

if TYPE_CHECKING:
    from autograd_mini.drawing.steps import Step

HEADINGS = ("step", "kind", "tensor", "value", "through", "upstream", "local", "formula", "contribution", "total")


def steps_table(steps: Iterable[Step]) -> str:
    """One row for each step; whatever names contain, they are text."""
    rows = [_row(str(place), *_cells(step)) for place, step in enumerate(steps, 1)]
    head = "".join(f"<th scope=col>{heading}</th>" for heading in HEADINGS)
    return "\n".join([f"<table><thead><tr>{head}</tr></thead><tbody>", *rows, "</tbody></table>"])


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{html.escape(cell)}' for cell in cells)}</tr>"


def _cells(step: Step) -> list[str]:
    described = [step.kind, step.labels[step.node], _words(step.node.data if step.kind == "forward" else None)]
    through = "" if step.through is None else step.labels[step.through]
    numbers = [_words(x) for x in (step.upstream, step.local)]
    sums = [_words(x) for x in (step.contribution, step.total)]
    return [*described, through, *numbers, step.formula or "", *sums]


def _words(x: Any) -> str:
    """Four digits of a scalar; shape, norm and entries of an array."""
    if x is None:
        return ""
    return f"{extent(x)}: {value(x)}" if np.ndim(x) else number(np.asarray(x)[()])
