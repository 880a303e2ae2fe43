"""Delta rules, one by one: which is wrong, and which only hand a wrong delta on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter, Signature, signature
from typing import Any, cast

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.comparing import Comparison, check_call, failed
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.given import UnusableError, array_of
from autograd_mini.comparison.naming import PREFIX, Names, spelled
from autograd_mini.comparison.report import Report, Row
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor

# ------------------------------------------------------------------------------------------------ steps of a derivation


NAMELESS = "a lambda has no name: write def NAME(...), or pass the mapping {'NAME': lambda ...: ...}"


@dataclass(frozen=True, eq=False)
class Step:
    """One rule: whose delta it computes from which values and deltas, or why it can't."""

    label: str
    node: Tensor | None = None
    function: Callable[..., Any] | None = None
    form: Signature = field(default_factory=Signature)
    values: Mapping[str, Tensor] = field(default_factory=dict)
    deltas: Mapping[str, Tensor] = field(default_factory=dict)
    problem: str = ""

    def result(self, delta: Callable[[Tensor], Array]) -> Array | UnusableError:
        """What the rule gives on these deltas; arguments are copies, so that it can change none of ours."""
        if self.function is None or self.problem:
            return UnusableError(self.problem)
        arguments = {word: node.numpy() for word, node in self.values.items()}
        arguments |= {word: np.array(delta(node)) for word, node in self.deltas.items()}
        call = self.form.bind_partial()
        call.arguments = {word: arguments[word] for word in self.form.parameters if word in arguments}
        told = ", ".join(f"{word} {array.shape}" for word, array in call.arguments.items()) or "nothing"
        try:
            return array_of(self.function(*call.args, **call.kwargs))
        except UnusableError as problem:
            return problem
        except Exception as error:  # what a rule of the user's raises may be anything
            return UnusableError(f"the rule raised {type(error).__name__}: {error}; it was given {told}")


def steps_of(rules: Any, names: Names) -> list[Step]:
    """A step for each Tensor that there is a rule for, then those that are for none."""
    if not isinstance(rules, Mapping):
        pairs = [(_name_of(rule, position), rule) for position, rule in enumerate(rules, 1)]
    else:
        pairs = list(rules.items())
    steps: dict[Any, Step] = {}
    for key, rule in pairs:
        step = _step(key, rule, names)
        place = step.node if step.node is not None else (step.label, len(steps))
        steps[place] = _twice(steps[place], step) if place in steps else step
    return list(steps.values())


def _name_of(rule: Any, position: int) -> Any:
    name = getattr(rule, "__name__", None)
    return name if name not in (None, "<lambda>") else _Nameless(f"rule {position}")


class _Nameless(str):
    """What to call a rule of which nobody says whose it is."""


def _step(key: Any, rule: Any, names: Names) -> Step:
    label = key if isinstance(key, str) else describe(key)
    try:
        if isinstance(key, _Nameless):
            raise UnusableError(NAMELESS if callable(rule) else f"{repr(rule)[:40]} is no function")
        node = names.subject(key)
    except UnusableError as problem:
        return Step(label, problem=str(problem))
    try:
        form = _form(rule)
        values, deltas = _arguments(form, names)
    except UnusableError as problem:
        return Step(label, node, problem=str(problem))
    return Step(label, node, rule, form, values, deltas)


def _twice(one: Step, other: Step) -> Step:
    return replace(one, problem=f"there are two rules for it, {one.label} and {other.label}: keep one", deltas={})


def _form(rule: Any) -> Signature:
    if not callable(rule):
        raise UnusableError(f"the rule is a {type(rule).__name__}, not a function; write def NAME(...)")
    try:
        return signature(rule)
    except (TypeError, ValueError):
        raise UnusableError(f"the arguments of {rule!r} have no names; write def NAME(...)") from None


def _arguments(form: Signature, names: Names) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The values and the deltas that a rule asks for; an argument of another name keeps its default."""
    values: dict[str, Tensor] = {}
    deltas: dict[str, Tensor] = {}
    for word, parameter in form.parameters.items():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            continue
        try:
            node, is_delta = names.argument(word)
        except UnusableError:
            if parameter.default is Parameter.empty:
                raise
            continue
        (deltas if is_delta else values)[word] = node
    return values, deltas


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps, each after those whose deltas it asks for; those that ask for themselves in a circle say so."""
    waiting = {step.node: step for step in steps if step.node is not None}
    while True:
        asked = {node: [x for x in step.deltas.values() if x in waiting] for node, step in waiting.items()}
        try:
            return [waiting[node] for node in TopologicalSorter(asked).static_order()]
        except CycleError as error:
            circle = error.args[1]
            words = " from ".join(PREFIX + spelled(node.name or "") for node in reversed(circle))
            for node in circle:
                problem = f"the rules go in a circle: {words}; compute a delta from those nearer to the loss"
                waiting[node] = replace(waiting[node], problem=problem, deltas={})


# ------------------------------------------------------------------------------------------------------------- culprits


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


# ---------------------------------------------------------------------------------------------------------------- rules


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
