"""Hand-written updates, W_new, against a step down the gradient."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.comparing import Comparison, check_call
from autograd_mini.comparison.disturbed import as_float64
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.given import UnusableError, array_of, by_name, near, node_of
from autograd_mini.comparison.report import Report, Row
from autograd_mini.comparison.verdicts import FACTOR
from autograd_mini.errors import describe
from autograd_mini.graph.walk import Arithmetic, Reads, backward, forward
from autograd_mini.tensor import Tensor

MOST = 12
"""Parameters that are tried one by one."""


@dataclass(frozen=True, eq=False)
class Late:
    """What a gradient is when some parameters are already new."""

    moved: tuple[Tensor, ...]
    forward: bool
    """Whether the forward pass has seen the new ones too."""
    gradient: Array


class LateGradients:
    """The gradients of a loss with some parameters moved; those of each choice are computed once."""

    def __init__(self, order: Sequence[Tensor]) -> None:
        self._order = order
        self._arithmetic = Arithmetic(np.float64)
        self._found: dict[tuple[Tensor, ...], list[Mapping[Tensor, Any]]] = {}

    def of(self, node: Tensor, new: Mapping[Tensor, Array]) -> Iterator[Late]:
        """The gradients by `node` with each other parameter moved, then all; on the way back only, then both ways."""
        others = tuple(x for x in new if x is not node)
        for moved in [(x,) for x in others[:MOST]] + ([others] if len(others) > 1 else []):
            if moved not in self._found:
                self._found[moved] = list(self._runs({x: new[x] - x.numpy().astype(np.float64) for x in moved}))
            for run, gradients in enumerate(self._found[moved]):
                if node in gradients:
                    yield Late(moved, run == 1, as_float64(gradients[node]))

    @cached_property
    def _old(self) -> Mapping[Tensor, Any]:
        return forward(self._order, self._arithmetic)

    def _runs(self, shifts: Mapping[Tensor, Array]) -> Iterator[Mapping[Tensor, Any]]:
        """The gradients where the way back alone sees the moved parameters, and where the forward pass does too."""
        reads = _moved(shifts)
        for values in (self._old, forward(self._order, self._arithmetic, reads=reads)):
            gradients = backward(self._order, values, self._arithmetic, reads=reads)
            yield {x: g for x, g in gradients.items() if x.op is None}


def _moved(shifts: Mapping[Tensor, Array]) -> Reads:
    """Nodes that read a moved parameter see it moved."""

    def reads(node: Tensor, seen: Sequence[Any]) -> Sequence[Any]:
        pairs = zip(node.inputs, seen)
        return [value + shifts[x] if isinstance(x, Tensor) and x in shifts else value for x, value in pairs]

    return reads


# ---------------------------------------------------------------------------------------------------------------- rates


Sizes = tuple[tuple[str, int], ...]
"""N, the rows of what the loss adds up, and K, its columns, with their numbers."""


def sizes_of(order: Sequence[Tensor]) -> Iterator[tuple[Tensor, Sizes]]:
    """What the loss adds up to one number, nearest to the loss first, with its sizes."""
    for node in reversed(order):
        for x in node.inputs if node.size == 1 else ():
            if isinstance(x, Tensor) and x.op is not None and x.requires_grad and x.size > 1 and x.ndim < 3:
                yield x, tuple((name, n) for name, n in zip("NK", x.shape) if n > 1)


@dataclass(frozen=True)
class Reading:
    """A factor in terms of 2, N and K."""

    value: float
    text: str
    meaning: str


def read(factor: float, order: Sequence[Tensor], tolerance: float) -> Reading | None:
    """The simplest reading of a positive factor; None if it is nothing of that.

    >>> read(0.5, [], 1e-9), read(3.7, [], 1e-9)
    (Reading(value=0.5, text='1/2', meaning=''), None)
    """
    for x, sizes in (*sizes_of(order), (None, ())):
        for exponents in _exponents(len(sizes)):
            value = math.prod(n**e for n, e in zip((2.0, *(n for _, n in sizes)), exponents))
            if math.isclose(value, factor, rel_tol=max(tolerance, 1e-9)):
                used = [(name, n) for (name, n), e in zip(sizes, exponents[1:]) if e]
                text = _text(sizes, exponents) + (f" = {value:.6g}" if used else "")
                return Reading(value, text, _meanings(used, x))
    return None


def _exponents(count: int) -> list[tuple[int, ...]]:
    """Of 2 and of the sizes, those of the simplest factors first."""
    powers = itertools.product((0, 1, -1), repeat=count + 1)
    return sorted(powers, key=lambda p: sum(map(abs, p)))


def _text(sizes: Sizes, exponents: Sequence[int]) -> str:
    """A product of powers: N K / 2."""
    names = ("2", *(name for name, _ in sizes))
    above = [name for name, e in zip(names, exponents) if e > 0]
    below = [name for name, e in zip(names, exponents) if e < 0]
    under = f"({' '.join(below)})" if len(below) > 1 else "".join(below)
    if not below:
        return " ".join(above)
    return f"{' '.join(above) or '1'}{' / ' if len(above) > 1 else '/'}{under}"


def _meanings(used: Sequence[tuple[str, int]], x: Tensor | None) -> str:
    if not used or x is None or x.op is None:
        return ""
    words = {"N": "rows" if x.ndim > 1 else "entries", "K": "columns"}
    told = ", ".join(f"{name} = {n} {words[name]}" for name, n in used)
    return f" ({told} of {x.name or f'the {x.op.name}'} {x.shape})"


# ----------------------------------------------------------------------------------------------- what an update implies


@dataclass(frozen=True, eq=False)
class Update:
    """One parameter with what the rule makes of it."""

    node: Tensor
    new: Array
    rate: float

    @property
    def blur(self) -> Array:
        """How far rounding of W_new takes the implied gradient."""
        kinds = [x for x in (self.node.dtype, self.new.dtype) if x.kind == "f"]
        epsilon = max(float(np.finfo(x).eps) for x in kinds)
        size: Array = np.maximum(np.abs(self.node.numpy()), np.abs(self.new)).astype(np.float64)
        return FACTOR * epsilon * size / self.rate

    def gradient(self, automatic: Array) -> Array:
        """The implied gradient; autodiff's own where a step along it gives the same bits."""
        old = self.node.numpy()
        implied = (old.astype(np.float64) - self.new) / self.rate
        implied = implied.astype(self.new.dtype) if self.new.dtype.kind == "f" else implied
        return np.where(old - self.rate * automatic == self.new, automatic, implied)


# ------------------------------------------------------------------------------ factors that a rule absorbs in its rate


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


# -------------------------------------------------------------------------------------------------------------- updates


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
