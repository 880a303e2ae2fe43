"""The derivative of an activation left out, replaced by the function, taken twice, or taken at the wrong place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.stretches import (
    Stretch,
    local_slope,
    slope_at,
    slope_with_output,
    stretches,
)
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.graph.walk import Correction, Values, local_value
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor

Slope = Callable[[Stretch], Any]

_OTHERS = (ops.tanh, ops.sigmoid, ops.softplus, ops.relu)


def activations(study: Study) -> Iterator[Hypothesis]:
    """Each mistake at each activation, then at all that are the same function."""
    found = stretches(study)
    alike: dict[str, list[Stretch]] = {}
    for stretch in found:
        alike.setdefault(f"{stretch.function} {len(stretch.inside)}", []).append(stretch)
    for some in [*([s] for s in found), *(group for group in alike.values() if len(group) > 1)]:
        for kind, sentence, wrong in _mistakes(study):
            corrections = _corrections(study, some, wrong)
            if corrections is not None:
                yield Hypothesis(kind, sentence.format(**_words(some)), study.wrong(corrections=corrections))


def _words(some: Sequence[Stretch]) -> dict[str, str]:
    more = f" and at {len(some) - 1} more" if len(some) > 1 else ""
    first = some[0]
    return {"f": first.function, "end": called(first.end) + more, "start": called(first.start) + more}


def _mistakes(study: Study) -> list[tuple[str, str, Slope]]:
    assert study.tape is not None
    values = study.tape.values
    return [
        ("activation-missing", "the derivative of {f} at {end} is missing", lambda s: np.ones(s.end.shape)),
        (
            "activation-missing",
            "your rule multiplies by {f} itself, {end}, where its derivative belongs",
            lambda s: values[s.end],
        ),
        *(_mistaken_for(other, values) for other in _OTHERS),
        ("activation-twice", "the derivative of {f} at {end} is applied twice", lambda s: local_slope(s, values) ** 2),
        (
            "pre-activation",
            "the derivative of {f} is written with its output, but yours reads the input {start}: use {end}",
            lambda s: slope_with_output(s, values, values[s.start]),
        ),
        (
            "pre-activation",
            "the derivative of {f} is taken at its output {end}: take it at the input {start}",
            lambda s: slope_at(s, values, values[s.end]),
        ),
    ]


def _mistaken_for(other: Op, values: Values) -> tuple[str, str, Slope]:
    """The derivative of another activation: 1 - h², as for tanh, where h is a sigmoid."""
    sentence = (
        f"your rule multiplies by the derivative of {other.name}, but {{end}} is {{f}}: use the derivative of {{f}}"
    )

    def slope_of_other(stretch: Stretch) -> Any:
        return (
            None if stretch.known is other else local_value(other, 0, values[stretch.end], [values[stretch.start]], {})
        )

    return "activation-missing", sentence, slope_of_other


def _corrections(study: Study, some: Sequence[Stretch], wrong: Slope) -> dict[Tensor, Correction] | None:
    """What reaches the start of each stretch, once the wrong derivative stands in place of the right one."""
    assert study.tape is not None
    surplus: dict[Tensor, list[tuple[Tensor, Any]]] = {}
    for stretch in some:
        slope = wrong(stretch)
        if slope is None:
            return None
        right = local_slope(stretch, study.tape.values)
        surplus.setdefault(stretch.start, []).append((stretch.end, slope - right))
    return {start: _with_surplus(extra) for start, extra in surplus.items()}


def _with_surplus(extra: list[tuple[Tensor, Any]]) -> Correction:
    return lambda g, finished: g + sum(finished[end] * more for end, more in extra if end in finished)
