"""Hand-written updates, W_new, against a step down the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.absorbed import about_update
from autograd_mini.comparison.comparing import Comparison, check_call
from autograd_mini.comparison.given import UnusableError, array_of, by_name, near, node_of
from autograd_mini.comparison.implied import Update
from autograd_mini.comparison.late import LateGradients
from autograd_mini.comparison.report import Report, Row
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor

COMPARED = "compared is the gradient that an update implies, (W - W_new) / rate"


def compare_update(loss: Tensor, updated: Mapping[Any, Any], rate: float | Mapping[Any, float]) -> Report:
    """Compare hand-written updates with steps down the gradient, `W - rate * dloss/dW`: a report with a row for each.

    The keys of `updated` are leaves of the graph of `loss`, or their names; the values are the arrays that the update
    makes of their data, which have not changed yet. `rate` is the number that the rule is written with, or a mapping
    with one for each. Verdicts are those of `ag.compare` on the gradient that the update implies, (W - W_new) / rate;
    what rounding of the subtraction may do to it is allowed for. An update that reads `W - rate * dW` with autodiff's
    dW is exact.

    A wrong update that is a step of another rate says so, because rules often absorb factors: "equal if the rate is
    N K / 2 times yours". So does one that goes up the gradient, and one that has used another parameter after that
    one's own update. An unknown name, a wrong shape or a missing rate makes a row that says so.

    Raises TypeError if `loss` is no Tensor that requires a gradient, if `updated` is no mapping, for a rate that is no
    number, and within `ag.compile`; ValueError for a rate that is not above 0, and a loss of several entries.

    >>> import autograd_mini as ag
    >>> X, T = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 0.0, 2.0])
    >>> w = ag.Tensor([0.1, -0.2], name="w")
    >>> error = (T - X @ w).named("error")
    >>> report = compare_update((error * error).mean(), {"w": w.data + 0.01 * X.T @ error.data}, 0.01)
    >>> report["w"].findings[0].detail
    'equal if the rate is N/2 = 1.5 times yours: the rule absorbs that factor (N = 3 entries of the multiply (3,))'
    """
    check_call("compare_update", loss)
    if not isinstance(updated, Mapping):
        raise TypeError(f"compare_update: expected a mapping of leaves to new arrays, got {type(updated).__name__}")
    for one in rate.values() if isinstance(rate, Mapping) else [rate]:
        _check_rate(one)
    with np.errstate(all="ignore"):
        return _Updates(loss, updated, rate).report()


def _check_rate(rate: Any) -> None:
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.integer | np.floating):
        raise TypeError(f"compare_update: a rate is a number, got {rate!r}")
    if not 0 < rate < math.inf:
        raise ValueError(f"compare_update: a rate is above 0 and finite, got {rate!r}; steps go down the gradient")


class _Updates:
    """One call of `compare_update`."""

    def __init__(self, loss: Tensor, updated: Mapping[Any, Any], rate: Any) -> None:
        given: dict[Any, Any] = {}  # filled below: what the updates imply, for which autodiff's gradient is asked
        self._comparison = Comparison(loss, given, {})
        self._rate = rate
        self._named = by_name(self._comparison.order)
        self._updates: dict[Tensor, Update] = {}
        for key, value in updated.items():
            given[key] = self._implied(key, value)
        self._late = LateGradients(self._comparison.order)
        self._comparison.extra = {node: update.blur for node, update in self._updates.items()}

    def report(self) -> Report:
        plain = self._comparison.report()
        rows = [self._explained(row) for row in plain]
        return Report(rows, [*plain.notes, *self._lost(), COMPARED])

    def _implied(self, key: Any, value: Any) -> Array | UnusableError:
        """The gradient that an update implies, or why there is none."""
        try:
            node = node_of(key, set(self._comparison.order), self._named)
            self._check_leaf(node)
            update = Update(node, _new_data(value, node), self._rate_of(key, node))
        except UnusableError as problem:
            return problem
        self._updates[node] = update
        return update.gradient(self._comparison.true(node))

    def _check_leaf(self, node: Tensor) -> None:
        if node.op is not None:
            raise UnusableError(f"{describe(node)} was computed by {node.op.name}; only leaves are updated")
        if node in self._updates:
            raise UnusableError(f"{describe(node)} is given twice, by name and as a Tensor; give it once")

    def _rate_of(self, key: Any, node: Tensor) -> float:
        if not isinstance(self._rate, Mapping):
            return float(self._rate)
        for name in (key, node, node.name):
            if name is not None and name in self._rate:
                return float(self._rate[name])
        known = {name: None for name in self._rate if isinstance(name, str)}
        what = node.name or describe(node)
        raise UnusableError(f"no rate is given for {what}{near(what, known) if known else ''}")

    def _lost(self) -> list[str]:
        """The updates that are too small to be seen."""
        lost = [u.node.name or describe(u.node) for u in self._updates.values() if self._is_lost(u)]
        return [f"the step of {name} is lost in the rounding of {name}: take a larger rate to compare" for name in lost]

    def _is_lost(self, update: Update) -> bool:
        gradient = np.abs(self._comparison.true(update.node))
        return bool(gradient.any() and (update.blur >= gradient).all())

    def _explained(self, row: Row) -> Row:
        """A wrong row with what only an update can have done."""
        if row.verdict != "wrong" or row.node not in self._updates or math.isnan(row.max_abs):
            return row
        found = about_update(self._comparison, self._updates[row.node], self._updates, self._late)
        told = {"factor", "unknown", *(finding.kind for finding in found)} if found else set()
        return replace(row, findings=(*found, *(finding for finding in row.findings if finding.kind not in told)))


def _new_data(value: Any, node: Tensor) -> Array:
    new = array_of(value)
    if new.shape != node.shape:
        fits = "; its transpose would fit" * (new.shape[::-1] == node.shape)
        raise UnusableError(f"the new array has shape {new.shape}, {node.name or 'the leaf'} has {node.shape}{fits}")
    return new
