"""Points for what was derived by hand, row by row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from autograd_mini.comparison.text import VERDICTS, aligned
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor

if TYPE_CHECKING:
    from autograd_mini.comparison.report import Row


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
        if _number(share, f"the share for {what}") > 1:
            raise ValueError(f"points: the share for {what} is at most 1, got {share}")
    known = {key: row for row in rows for key in (row.name, row.node) if key is not None}
    return Grade(tuple(_mark(key, known.get(key), _number(of, str(key)), shares) for key, of in rubric.items()))


def _number(x: Any, what: str) -> float:
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
