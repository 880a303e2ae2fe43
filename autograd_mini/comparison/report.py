"""The report of a comparison: a row for each gradient that was derived by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.grade import Grade, graded
from autograd_mini.comparison.page import as_html
from autograd_mini.comparison.text import as_text
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
