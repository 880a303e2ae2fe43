"""Hand-derived gradients against automatic ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.checks import Array, close
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.diagnosis import diagnose
from autograd_mini.comparison.disturbed import plain
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.given import UnusableError, array_of, by_name, finite_sentence, node_of, shape_sentence
from autograd_mini.comparison.kinks import Kinks, kinks_of, sentence, watched
from autograd_mini.comparison.numeric import Differences
from autograd_mini.comparison.report import Report, Row
from autograd_mini.comparison.truth import Truth, truth_of
from autograd_mini.comparison.verdicts import EXACT, Judgement, bound, judged
from autograd_mini.comparison.witnesses import OURS, ROUGH, Testimony, entries, heard, vote
from autograd_mini.errors import describe
from autograd_mini.graph.walk import Arithmetic, forward
from autograd_mini.modes import tracer
from autograd_mini.tensor import Tensor, gradients, topological_order

MOST, LEAST = 24, 2
"""Entries of a wrong row that the numeric witness is asked about."""

BUDGET = 4_000_000
"""Numbers that it may read for those of all rows, times the few evaluations of the loss that each entry takes."""

PER_OPERATION = 500
"""What calling an operation costs, in numbers that are read in that time."""


def compare(loss: Tensor, given: Mapping[Any, Any]) -> Report:
    """Compare hand-derived gradients of a loss with automatic ones: a report with a row for each, in backward order.

    The keys of `given` are Tensors of the graph of `loss`, parameters or intermediates, or their names; the values are
    the arrays that were derived for dloss/dTensor, each in the shape of its Tensor. `loss` has one entry, of any float
    dtype. No Tensor changes.

    The verdict on a row is "exact": the same numbers as autodiff's; "rounding": as far from the true gradient (computed
    anew in extended precision) as rounding of each step of the computation may take it, and no further; "kink": other
    entries lie between the one-sided derivatives of a kink or a tie; or "wrong". Nothing in it is absolute: a wrong
    sign at scale 1e-12 is wrong. A wrong row says which mistake would give such numbers, and how three witnesses vote:
    yours, autodiff's, and the numeric derivative.

    An unknown name, a wrong shape, or what is no array of finite numbers makes a row that says so; the others are
    compared all the same.

    Raises TypeError if `loss` is no Tensor that requires a gradient, if `given` is no mapping, and within `ag.compile`;
    ValueError for a loss of several entries.

    >>> import numpy as np
    >>> import autograd_mini as ag
    >>> x, t = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 0.0, 2.0])
    >>> w = ag.Tensor([0.1, -0.2], name="w")
    >>> error = (x @ w - t).named("error")
    >>> loss = (error * error).mean()
    >>> report = ag.compare(loss, {w: x.T @ error.data / 3, "error": 2 * error.data / 3})
    >>> report["w"].verdict, report["error"].verdict
    ('wrong', 'exact')
    """
    check_call("compare", loss)
    if not isinstance(given, Mapping):
        raise TypeError(f"compare: expected a mapping of Tensors or names to arrays, got {type(given).__name__}")
    with np.errstate(all="ignore"):
        return Comparison(loss, given).report()


def check_call(call: str, loss: Any) -> None:
    """TypeError for a loss that is no Tensor, and within ag.compile."""
    if tracer():
        raise TypeError(f"{call}: values are not known while ag.compile traces; compare outside of the function")
    if not isinstance(loss, Tensor):
        raise TypeError(f"{call}: the loss is a {type(loss).__name__}; pass the Tensor that was differentiated")


@dataclass(frozen=True, eq=False)
class _Entry:
    """A key, and what is known about it: a node and an array, or why not."""

    key: Any
    node: Tensor | None = None
    hand: Array | None = None
    problem: str = ""


@dataclass(eq=False)
class Comparison:
    """One call of `compare`; what is costly is computed when a row needs it."""

    loss: Tensor
    given: Mapping[Any, Any]
    extra: Mapping[Tensor, Array] = field(default_factory=dict)
    """What else may be off in an array that was not derived as it stands."""
    separate: bool = False
    """Whether each array was derived from true gradients, so that no other one can be where its error comes from."""
    automatic: Mapping[Tensor, Any] = field(init=False)
    order: Sequence[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.automatic = gradients(self.loss)
        self.order = topological_order(self.loss)

    def report(self) -> Report:
        places = {node: place for place, node in enumerate(self.automatic)}
        last = len(places)
        found = sorted(self.entries, key=lambda entry: places.get(entry.node, last + (entry.node is None)))  # type: ignore[arg-type]
        return Report([self._row(entry) for entry in found], self._notes())

    @cached_property
    def entries(self) -> list[_Entry]:
        named = by_name(self.order)
        nodes = set(self.order)
        return [self._entry(key, value, nodes, named) for key, value in self.given.items()]

    def _entry(self, key: Any, value: Any, nodes: Set[Tensor], named: Mapping[str, list[Tensor]]) -> _Entry:
        node = hand = None
        try:
            node = node_of(key, nodes, named)
            hand = array_of(value)
        except UnusableError as problem:
            return _Entry(key, node, None, str(problem))
        return _Entry(key, node, hand)

    @cached_property
    def truth(self) -> Truth:
        wanted = [entry.node for entry in self.entries if entry.node is not None]
        return truth_of(self.order, wanted, watched(self.order))

    @cached_property
    def kinks(self) -> Kinks:
        return kinks_of(self.truth)

    @cached_property
    def values(self) -> Mapping[Tensor, Any]:
        return forward(self.order, Arithmetic(np.float64))

    @cached_property
    def stale(self) -> bool:
        """Whether the data of leaves are no longer those that the loss was computed from."""
        again = plain(forward(self.order, Arithmetic())[self.loss])
        return not close(again, self.loss.data)

    def _notes(self) -> list[str]:
        if not self.stale:
            return []
        return ["the data of a leaf have changed since the loss was computed; compute the loss again before comparing"]

    # ------------------------------------------------------------------------------------------------------ rows

    def plain_row(self, node: Tensor, value: Any) -> Row:
        """The verdict on another array for one of the nodes, without a search for the mistake."""
        try:
            hand = array_of(value)
        except UnusableError as problem:
            return failed(_name(node, self.order), node.shape, (Finding("unknown", str(problem), math.nan),), node)
        if hand.shape != node.shape:
            text = shape_sentence(hand, self.truth.gradients[node], self.allowed(node, hand))
            return failed(_name(node, self.order), node.shape, (Finding("shape", text, math.nan),), node)
        return self._compared(_name(node, self.order), node, hand, diagnosed=False)

    def _row(self, entry: _Entry) -> Row:
        name = _label(entry, self.order)
        if entry.hand is None or entry.node is None:
            shape = () if entry.node is None else entry.node.shape
            return failed(name, shape, (Finding("unknown", entry.problem, math.nan),), entry.node)
        if entry.hand.shape != entry.node.shape:
            return failed(name, entry.node.shape, self._about_shape(name, entry.node, entry.hand), entry.node)
        return self._compared(name, entry.node, entry.hand)

    def _about_shape(self, name: str, node: Tensor, hand: Array) -> tuple[Finding, ...]:
        """The mistakes that give an array of this shape, before what can be said of any."""
        text = shape_sentence(hand, self.truth.gradients[node], self.allowed(node, hand))
        more = self._mistakes(self._case(name, node, hand)) if np.isfinite(hand).all() else []
        return (*(f for f in more if f.kind not in ("shape", "unknown")), Finding("shape", text, math.nan))

    def true(self, node: Tensor) -> Array:
        """The automatic gradient by a node."""
        return np.asarray(self.automatic.get(node, np.zeros(node.shape, node.dtype)))

    def allowed(self, node: Tensor, hand: Array) -> Array:
        """How far rounding may take each entry of what was derived for a node."""
        allowed = bound(self.truth.gradients[node], self.truth.noise[node], self.truth.epsilon, hand.dtype)
        return allowed + self.extra[node] if node in self.extra else allowed

    def _compared(self, name: str, node: Tensor, hand: Array, diagnosed: bool = True) -> Row:
        automatic = self.true(node)
        if np.array_equal(hand, automatic, equal_nan=True):
            return _judged_row(name, node, EXACT)
        gradient, allowed = self.truth.gradients[node], self.allowed(node, hand)
        judgement = judged(hand, automatic, gradient, allowed, None, None)
        if judgement.verdict == "wrong":
            kinks = self.kinks
            judgement = judged(hand, automatic, gradient, allowed, kinks.lowest[node], kinks.highest[node])
        if judgement.verdict == "wrong" and diagnosed:
            return self._wrong(name, node, hand, automatic, judgement)
        findings = self._about_kinks(node) if judgement.verdict == "kink" else ()
        return _judged_row(name, node, judgement, findings)

    def _about_kinks(self, node: Tensor) -> tuple[Finding, ...]:
        said = [sentence(kink) for kink in self.kinks.of[node]]
        return tuple(
            Finding("kink", text, math.nan)
            for text in said
            or ["the derivative is infinite here: any number that stands for it is a convention, and not judged"]
        )

    def _wrong(self, name: str, node: Tensor, hand: Array, automatic: Array, judgement: Judgement) -> Row:
        if not np.isfinite(hand).all():
            text = finite_sentence(hand, automatic, judgement.outside)
            return _judged_row(name, node, judgement, (Finding("unknown", text, math.nan),))
        case = self._case(name, node, hand)
        testimonies, verdict = self._witnesses(case, hand, automatic, judgement)
        return _judged_row(name, node, judgement, tuple(self._mistakes(case)), verdict, testimonies)

    def _mistakes(self, case: Case) -> list[Finding]:
        return diagnose(case, sharing=len(self.given))

    def _case(self, name: str, node: Tensor, hand: Array) -> Case:
        allowed = self.allowed(node, hand)
        open_here = self.kinks.highest[node] - self.kinks.lowest[node] > allowed
        known = [] if self.separate else self.entries
        others = {e.node: e.hand for e in known if e.node is not None and e.node is not node and e.hand is not None}
        wide = hand.astype(np.float64)
        return Case(self.loss, node, name, wide, self.truth.gradients[node], allowed, open_here, others)

    def _witnesses(
        self, case: Case, hand: Array, automatic: Array, judgement: Judgement
    ) -> tuple[tuple[Testimony, ...], str]:
        if self.stale:
            return (), ROUGH
        differences = Differences(self.loss, self.values, case.node)
        read = sum(x.size for y in differences.path for x in y.inputs if isinstance(x, Tensor | np.ndarray))
        cost = read + PER_OPERATION * len(differences.path) + 1
        limit = max(LEAST, min(MOST, BUDGET // (cost * len(self.given))))
        asked = entries(judgement.outside & ~case.kinks, judgement.worst_index, limit)
        said = tuple(heard(asked, hand, automatic, differences.at, differences.method))
        return said, _with_suspects(vote(said, case.noise), differences.path)


def _label(entry: _Entry, order: Sequence[Tensor]) -> str:
    """The name of a row: the Tensor's, or its operation's with a number."""
    if isinstance(entry.key, str):
        return entry.key
    if not isinstance(entry.key, Tensor):
        return repr(entry.key)[:40]
    return describe(entry.key) if entry.node is None and not entry.key.name else _name(entry.key, order)


def _name(node: Tensor, order: Sequence[Tensor]) -> str:
    """The name of a Tensor, or its operation's with a number."""
    if node.name:
        return node.name
    kind = node.op.name if node.op is not None else "leaf"
    same = [x for x in order if not x.name and (x.op.name if x.op is not None else "leaf") == kind]
    number = next(number for number, x in enumerate(same, 1) if x is node)
    return kind if len(same) == 1 else f"{kind} {number}"


def _with_suspects(verdict: str, path: Sequence[Tensor]) -> str:
    """The vote; where autodiff is suspect, with the operations whose rules are not ours."""
    foreign = [x.op.name for x in path if x.op is not None and not x.op.__module__.startswith("autograd_mini.")]
    if verdict != OURS or not foreign:
        return verdict
    return f"{verdict}, unless a rule of your own is wrong: {', '.join(dict.fromkeys(foreign))}"


def failed(name: str, shape: tuple[int, ...], findings: tuple[Finding, ...], node: Tensor | None) -> Row:
    """The row of what can't be compared: wrong if it belongs to a Tensor."""
    return Row(
        name,
        shape,
        "not compared" if node is None else "wrong",
        math.nan,
        math.nan,
        None,
        math.nan,
        findings,
        "",
        (),
        node,
    )


def _judged_row(
    name: str,
    node: Tensor,
    judgement: Judgement,
    findings: tuple[Finding, ...] = (),
    verdict: str = "",
    testimonies: tuple[Testimony, ...] = (),
) -> Row:
    return Row(
        name,
        node.shape,
        judgement.verdict,
        judgement.max_abs,
        judgement.max_rel,
        judgement.worst_index,
        judgement.ulps,
        findings,
        verdict,
        testimonies,
        node,
    )
