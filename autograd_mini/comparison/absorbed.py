"""What is wrong with an update that no gradient can have: another rate, up for down, values of too late."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.comparing import Comparison
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.implied import Update
from autograd_mini.comparison.late import Late, LateGradients
from autograd_mini.comparison.rates import Reading, read
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class _Fit:
    """That a candidate times a factor is the implied gradient."""

    factor: float
    residual: float
    reading: Reading | None


def about_update(
    comparison: Comparison, update: Update, updates: Mapping[Tensor, Update], late_gradients: LateGradients
) -> list[Finding]:
    """The mistakes that only an update can have, if the implied gradient is that of one."""
    fit = _fit(comparison, update, comparison.truth.gradients[update.node])
    if fit is not None and (fit.reading is not None or update.new.size > 1):
        return [Finding("factor", _about_factor(fit), fit.residual)]
    for late in late_gradients.of(update.node, {node: other.new for node, other in updates.items()}):
        fit = _fit(comparison, update, late.gradient)
        if fit is not None and fit.reading is not None and fit.factor > 0:
            besides = "" if fit.reading.value == 1 else f"; besides, it is {_about_factor(fit)}"
            return [Finding("stale", _about_late(late) + besides, fit.residual)]
    return []


def _fit(comparison: Comparison, update: Update, candidate: Array) -> _Fit | None:
    """The factor by which the implied gradient is that of a candidate."""
    implied = update.gradient(comparison.true(update.node)).astype(np.float64)
    allowed = comparison.allowed(update.node, update.new)
    size = float(np.linalg.norm(candidate))
    if not size or not np.isfinite(implied).all() or not math.isfinite(size):
        return None
    factor = float(np.vdot(candidate / size, implied)) / size
    apart = np.abs(implied - factor * candidate)
    if (apart > max(abs(factor), 1.0) * allowed).any():
        return None
    factor = factor if abs(factor) * size > float(np.linalg.norm(update.blur)) else 0.0
    residual = float(np.linalg.norm(apart)) / (float(np.linalg.norm(implied)) or 1.0)
    return _Fit(factor, residual, read(abs(factor), comparison.order, float(np.linalg.norm(allowed)) / size))


def _about_factor(fit: _Fit) -> str:
    """What a rule does that takes another step."""
    if fit.factor == 0:
        return "nothing was updated: the new array is the old one"
    if fit.reading is not None and fit.reading.value == 1:
        return "a step up the gradient: W + rate * dW, where a descent is W - rate * dW"
    size, meaning = f"{abs(fit.factor):.6g}", ""
    if fit.reading is not None:
        size, meaning = fit.reading.text, fit.reading.meaning
    direction = "" if fit.factor > 0 else "; besides, it goes up the gradient, not down"
    return f"equal if the rate is {size} times yours: the rule absorbs that factor{meaning}{direction}"


def _about_late(late: Late) -> str:
    names = _joined([node.name or describe(node) for node in late.moved])
    own = "its own update" if len(late.moved) == 1 else "their own updates"
    how = ", and the forward pass was run again" if late.forward else ""
    return f"the update used {names} after {own}{how}: compute all gradients first, then update"


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
