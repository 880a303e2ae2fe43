"""Delta rules as functions: what each asks for, in which order they can be run, and what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.given import UnusableError, array_of
from autograd_mini.comparison.naming import PREFIX, Names, spelled
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor

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
