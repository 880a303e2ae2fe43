"""Values of another moment: activations from before an update with weights from after it, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis, fits, multiple, norm, residual
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.comparison.findings import Finding
from autograd_mini.tensor import Tensor

_FEWEST = 3
_STEPS = 8
_FIRST_RATE = -1e-4
_USUAL_RATES = (-1e-4, -0.01, -0.03, -0.1, -0.3, -1.0)
_MOST_LEAVES = 12


def changed_since(study: Study) -> Iterator[Hypothesis]:
    """Leaves whose data have changed since the forward pass: the gradient at today's values, or a mixture."""
    if not _unchanged(study):
        for tape, words in ((study.today, "at today's values"), (study.recorded, "of old activations with new leaves")):
            detail = f"your rule gives the gradient {words}: {_changed_names(study)} changed after the forward pass"
            yield Hypothesis("stale", detail, np.asarray(tape.walk().get(study.node, 0.0)))


def stale_finding(study: Study) -> Iterator[Finding]:
    """That leaves have changed since the forward pass, where no more than this can be said."""
    if not _unchanged(study):
        names = _changed_names(study)
        detail = f"{names} changed after the forward pass: compare before the update, or run the forward pass again"
        yield Finding("stale", detail, residual(study.hand, study.gradient))


def _changed_names(study: Study) -> str:
    return ", ".join(sorted({x.name or f"a leaf {x.shape}" for x in _moved_leaves(study)})[:3]) or "a leaf"


def _unchanged(study: Study) -> bool:
    loose = max(study.level, 1e-3 if study.node.dtype.itemsize < 8 else 1e-9)
    return all(fits(np.asarray(v), np.asarray(study.recorded.values[x]), loose) for x, v in study.today.values.items())


def _moved_leaves(study: Study) -> list[Tensor]:
    """The leaves that the first nodes to differ are computed from."""
    differ = {x: None for x, v in study.today.values.items() if not np.allclose(v, study.recorded.values[x], rtol=1e-3)}
    old = [x for x in differ if not any(isinstance(y, Tensor) and y in differ for y in x.inputs)]
    return [y for x in old for y in x.inputs if isinstance(y, Tensor) and y.op is None and y.requires_grad]


def updated_weights(study: Study) -> Iterator[Hypothesis]:
    """The way back reads a parameter after its update, the activations are those from before it."""
    if study.tape is None or study.hand.shape != study.gradient.shape or study.hand.size < _FEWEST:
        return
    for x, step, whose in _steps(study):
        if x is not study.node:
            moved = {**study.tape.values, x: study.tape.values[x] + step}
            difference = study.wrong(values=moved) - study.gradient
            rate = multiple(study.hand - study.gradient, difference)
            if rate:
                detail = f"your rule reads {x.name or x.shape} {_when(rate, whose)}: take it before the update"
                yield Hypothesis("stale", detail, study.gradient + rate * difference)


def _when(rate: float, whose: str) -> str:
    return f"after its update ({'-' if rate < 0 else '+'} {abs(rate):.3g} times {whose})"


def _steps(study: Study) -> Iterator[tuple[Tensor, Array, str]]:
    """Each parameter with the direction of its update: the gradient that the student has for it, or the true one."""
    leaves = [x for x in study.gradients if x.op is None and x.requires_grad]
    for x in leaves[:_MOST_LEAVES]:
        true = np.asarray(study.gradients[x])
        mine = np.asarray(study.case.given[x]) if x in study.case.given else true
        if mine.shape == true.shape and np.isfinite(mine).all() and not fits(mine, true, study.level):
            yield x, mine, "your gradient of it"
        if norm(true):
            yield x, true, "its gradient"


def moved_forward(study: Study) -> Iterator[Hypothesis]:
    """The whole gradient after an update of one parameter or of all of them, by a step whose rate is sought."""
    if study.tape is not study.today or study.hand.shape != study.gradient.shape or study.hand.size < _FEWEST:
        return
    steps = {x: step for x, step, whose in _steps(study) if whose == "its gradient"}
    choices: list[Mapping[Tensor, Array]] = [steps] if len(steps) > 1 else []
    for some in [*choices, *({x: step} for x, step in steps.items())]:
        if study.exhausted:
            return
        gradient = _along(study, some)
        rate = _sought(study, gradient, _nearest(study, gradient) if len(some) > 1 else _FIRST_RATE)
        if rate:
            names = "each parameter" if len(some) > 1 else next(iter(some)).name or "a parameter"
            detail = f"your rule gives the gradient at other values: of {names} {_when(rate, 'the gradient')}"
            yield Hypothesis("stale", detail, gradient(rate))


def _along(study: Study, steps: Mapping[Tensor, Array]) -> Callable[[float], Array]:
    def gradient(rate: float) -> Array:
        moved = {x: study.today.values[x] + rate * step for x, step in steps.items()}
        return study.wrong(values=study.computed(moved))

    return gradient


def _nearest(study: Study, gradient: Callable[[float], Array]) -> float:
    """The usual rate at which the gradient comes closest: a long step bends more than a secant can follow."""
    return min(_USUAL_RATES, key=lambda rate: norm(study.hand - gradient(rate)))


def _sought(study: Study, gradient: Callable[[float], Array], rate: float) -> float:
    """The rate at which the gradient comes closest to the student's, by secants; 0 if they lead nowhere."""
    last, before, missed = 0.0, study.gradient, norm(study.hand - study.gradient)
    for step in range(_STEPS):
        here = gradient(rate)
        left = norm(study.hand - here)
        if left < missed and fits(study.hand, here, study.level):
            return rate
        # The first step only finds the direction; those after it have to bring most of the way.
        if not np.isfinite(left) or (step and left > 0.7 * missed) or rate == last:
            return 0.0
        difference = (here - before) / (rate - last)
        last, before, missed = rate, here, left if step else missed
        rate += multiple(study.hand - here, difference)
    return rate
