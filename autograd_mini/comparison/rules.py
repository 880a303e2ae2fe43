"""Delta rules, one by one: which is wrong, and which only hand a wrong delta on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.comparing import Comparison, check_call, failed
from autograd_mini.comparison.culprits import RuleReport, RuleRow, judged
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.given import UnusableError
from autograd_mini.comparison.naming import Names
from autograd_mini.comparison.report import Row
from autograd_mini.comparison.steps import Step, in_order, steps_of
from autograd_mini.tensor import Tensor


def compare_rules(loss: Tensor, rules: Iterable[Callable[..., Any]] | Mapping[Any, Callable[..., Any]]) -> RuleReport:
    """Compare delta rules with automatic gradients, one step at a time: a report that tells culprits from heirs.

    Each rule is a plain function that computes the gradient of `loss` by one Tensor of its graph, in the shape of that
    Tensor. Its name is the Tensor's (`def a1` or `def d_a1`), or stands as the key of a mapping; a key may be the
    Tensor itself. The names of its arguments say what it needs: `h1` is the value of the Tensor of that name, and
    `d_h1` its delta, the gradient of the loss by it. What no identifier may contain becomes an underscore:
    `layers.0.weight` is asked for as `layers_0_weight`, its delta as `d_layers_0_weight`. An argument of another name
    keeps its default. Arguments are copies of arrays; constants are read from where the function was defined.

    Every rule is run twice: on the true deltas, which judges its own step (`row.local`), and on the deltas that the
    other rules compute (`row.chained`, which is also `row.verdict`). A row that is wrong in both is a culprit
    (`report.culprits`), and its findings say which mistake was made; one that is only wrong in the second has
    inherited it. A delta that is asked for and for which there is no rule is taken from autodiff, with a note.

    A rule that raises, returns no array of the right shape, asks for a name that no Tensor has, has no name itself, or
    asks for itself in a circle makes a wrong row that says so; the others go on with the true delta in its place.

    Raises TypeError if `loss` is no Tensor that requires a gradient, if `rules` are none, and within `ag.compile`;
    ValueError for a loss of several entries.

    >>> import autograd_mini as ag
    >>> x, t = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0], [0.0], [2.0]])
    >>> W1, W2 = ag.Tensor([[0.1, 0.2], [0.3, -0.4]], name="W1"), ag.Tensor([[0.5], [0.6]], name="W2")
    >>> a1 = (x @ W1).named("a1")
    >>> h1 = ag.tanh(a1).named("h1")
    >>> y = (h1 @ W2).named("y")
    >>> def d_y(y): return 2 * (y - t) / len(y)
    >>> def d_W2(d_y, h1): return h1.T @ d_y
    >>> def d_h1(d_y, W2): return d_y @ W2.T
    >>> def d_a1(d_h1, h1): return d_h1 * (1 - h1)
    >>> def d_W1(d_a1): return x.T @ d_a1
    >>> report = compare_rules(((y - t) ** 2).mean(), [d_y, d_W2, d_h1, d_a1, d_W1])
    >>> [row.name for row in report.culprits], report["W1"].remark
    (['a1'], 'inherited from d_a1: its own step is right')
    """
    check_call("compare_rules", loss)
    if isinstance(rules, str) or not isinstance(rules, Iterable):
        raise TypeError(f"compare_rules: expected a list of functions or a mapping, got {type(rules).__name__}")
    with np.errstate(all="ignore"):
        return _compared(loss, rules)


def _compared(loss: Tensor, rules: Any) -> RuleReport:
    given: dict[Tensor, Any] = {}  # filled below: what the rules give on the true deltas, which the comparison knows
    comparison = Comparison(loss, given, separate=True)
    steps = steps_of(rules, Names(comparison.order))
    ordered = in_order(steps)
    given |= {step.node: step.result(comparison.true) for step in ordered if step.node is not None}
    alone = comparison.report()
    together = _together(ordered, comparison)
    asked = {step.node: step for step in ordered}
    rows = [_row(asked[row.node], row, together) for row in alone]
    nobody = [failed(step.label, (), (_unknown(step.problem),), None) for step in steps if step.node is None]
    return RuleReport(
        [*rows, *(judged(row, row, (), False) for row in nobody)], [*alone.notes, *_notes(asked, together)]
    )


@dataclass(frozen=True, eq=False)
class _Together:
    """What the rules give when each is given what the others gave."""

    usable: dict[Tensor, Array] = field(default_factory=dict)
    """The deltas that are handed on."""
    rows: dict[Tensor, Row] = field(default_factory=dict)
    """The verdict on each."""

    def is_wrong(self, node: Tensor) -> bool:
        """Whether a wrong delta is handed on."""
        return node in self.usable and self.rows[node].verdict == "wrong"


def _together(ordered: Sequence[Step], comparison: Comparison) -> _Together:
    found = _Together()
    for step in ordered:
        assert step.node is not None
        result = step.result(lambda node: found.usable[node] if node in found.usable else comparison.true(node))
        found.rows[step.node] = comparison.plain_row(step.node, result)
        if not isinstance(result, UnusableError) and result.shape == step.node.shape:
            found.usable[step.node] = result
    return found


def _row(step: Step, local: Row, together: _Together) -> RuleRow:
    fed = [word for word, node in step.deltas.items() if together.is_wrong(node)]
    return judged(local, together.rows[step.node], fed, bool(step.deltas))  # type: ignore[index]


def _notes(asked: Mapping[Tensor | None, Step], together: _Together) -> list[str]:
    """Which deltas are autodiff's, because no rule gives them."""
    wanted = {word: node for step in asked.values() for word, node in step.deltas.items()}
    missing = ", ".join(word for word, node in wanted.items() if node not in asked)
    useless = ", ".join(word for word, node in wanted.items() if node in asked and node not in together.usable)
    notes = [f"no rule computes {missing}: what asks for it is given autodiff's"] if missing else []
    return notes + [f"what asks for {useless} is given autodiff's, since its own rule gives none"] * bool(useless)


def _unknown(text: str) -> Finding:
    return Finding("unknown", text, math.nan)
