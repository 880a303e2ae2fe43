"""Whose mistake is it? A rule's own step, apart from what it inherits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from autograd_mini.comparison.report import Report, Row
from autograd_mini.tensor import Tensor


@dataclass(frozen=True, eq=False)
class RuleRow(Row):
    """The verdicts on one delta rule: on its own step, and on what the rules give together."""

    local: str = "wrong"
    """The verdict where the rule is given the true deltas."""
    chained: str = "wrong"
    """The verdict where it is given what your own rules compute."""
    fed: tuple[str, ...] = ()
    """The wrong deltas that it is given then."""

    @property
    def inherited(self) -> bool:
        """Whether the step is right, and the result wrong."""
        return self.local != "wrong" == self.chained

    @property
    def is_culprit(self) -> bool:
        """Whether the step is wrong, and the result too."""
        return self.node is not None and self.local == self.chained == "wrong"

    def as_data(self) -> dict[str, Any]:
        """The row as JSON takes it."""
        return super().as_data() | {"local": self.local, "chained": self.chained, "fed": list(self.fed)}


class RuleReport(Report):
    """What `compare_rules` found: as a Report, with the culprits apart from what inherits their errors."""

    rows: tuple[RuleRow, ...]

    def __init__(self, rows: Sequence[RuleRow], notes: Sequence[str] = ()) -> None:
        super().__init__(rows, notes)
        self.notes = (*self._verdict(), *self.notes)

    def __iter__(self) -> Iterator[RuleRow]:
        return iter(self.rows)

    def __getitem__(self, key: str | Tensor) -> RuleRow:
        return cast(RuleRow, super().__getitem__(key))

    @property
    def culprits(self) -> tuple[RuleRow, ...]:
        """The rules whose own step is wrong, the one nearest to the loss first."""
        return tuple(row for row in self.rows if row.is_culprit)

    @property
    def verdicts(self) -> Mapping[Tensor, str]:
        """The verdict on each Tensor; "inherited" where only what the rule was given is wrong."""
        return {row.node: "inherited" if row.inherited else row.verdict for row in self.rows if row.node is not None}

    def as_data(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        return super().as_data() | {"culprits": [row.name for row in self.culprits]}

    def _verdict(self) -> list[str]:
        if not self.culprits:
            return []
        names = ", ".join(row.name for row in self.culprits)
        inherited = sum(row.inherited for row in self.rows)
        rest = f"; {inherited} right step{'s' * (inherited != 1)} below inherit{'s' * (inherited == 1)} wrong deltas"
        return [f"the wrong step{'s' * (len(self.culprits) != 1)}, from the loss down: {names}{rest * (inherited > 0)}"]


def judged(local: Row, chained: Row, fed: Sequence[str], asks: bool) -> RuleRow:
    """The row of a rule from those of its two runs; `fed` are the wrong deltas of the second."""
    here, result = local.verdict == "wrong", chained.verdict == "wrong"
    known = {field.name: getattr(local if here and result else chained, field.name) for field in fields(Row)}
    told, label = _words(here, result, ", ".join(fed), asks)
    known["remark"], known["label"] = "" if here and math.isnan(local.max_abs) else told, label
    if here:
        known["findings"] = local.findings
    return RuleRow(**known, local=local.verdict, chained=chained.verdict, fed=tuple(fed))


def _words(here: bool, result: bool, fed: str, asks: bool) -> tuple[str, str]:
    """What to say of a wrong rule, and what the table calls it."""
    if here != result and not fed:
        which = ("wrong", "right") if here else ("right", "wrong")
        return f"{which[0]} on the true deltas, {which[1]} on yours, which differ by rounding", f"{which[0]} alone"
    if here and not result:
        told = f"right in the end: it makes good what is wrong with {fed}, and would be wrong on the true deltas"
        return told, "makes good"
    if here and fed:
        return f"wrong here, and fed by a wrong {fed}; this is about its own step", "wrong here"
    if here:
        return "wrong here: all that it is given is right" * asks, "wrong here"
    return (f"inherited from {fed}: its own step is right", "inherited") if result else ("", "")
