"""The true gradients, and how far rounding alone may take a correct derivation from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.comparison.disturbed import Disturbing, Rounding, as_float64
from autograd_mini.graph.walk import OperationError, backward, forward
from autograd_mini.tensor import Tensor

RUNS = 8
"""Disturbed runs from which the spread is taken."""

AMPLIFIED = 1024
"""How many times the rounding errors of float64 are enlarged, so that they stand out from those of the run itself."""


@dataclass(frozen=True)
class Truth:
    """Gradients in float64, and the spread of gradients and values that rounding causes."""

    order: Sequence[Tensor]
    epsilon: float
    gradients: Mapping[Tensor, Array]
    noise: Mapping[Tensor, Array]
    value_noise: Mapping[Tensor, Array]
    answers: list[Array]
    """What the comparisons said on the way: which branches these gradients are those of."""


def truth_of(order: Sequence[Tensor], wanted: Collection[Tensor], watched: Collection[Tensor]) -> Truth:
    """The gradients of the last node of the order by the `wanted` ones, and the noise of the `watched` ones' values."""
    native = Disturbing()
    backward(order, forward(order, native), native)
    answers = native.rounding.answers
    gradients = _oracle(order, answers)
    epsilon = max(float(np.finfo(x.dtype).eps) for x in order if x.dtype.kind == "f")
    noise, value_noise = _spreads(order, wanted, watched, epsilon, answers)
    found = {x: as_float64(gradients[x]) if x in gradients else np.zeros(x.shape) for x in wanted}
    return Truth(order, epsilon, found, noise, value_noise, answers)


def _oracle(order: Sequence[Tensor], answers: list[Array]) -> dict[Tensor, Any]:
    """The gradients in extended precision; in float64 where an operation has no other."""
    # Which way entries stand that a partition leaves unordered depends on the dtype.
    widest = np.float64 if any(node.op is ops.partition for node in order) else np.longdouble
    try:
        return _gradients(order, Disturbing(widest, Rounding(answers=answers)))
    except OperationError:
        return _gradients(order, Disturbing(np.float64, Rounding(answers=answers)))


def _gradients(order: Sequence[Tensor], arithmetic: Disturbing) -> dict[Tensor, Any]:
    return backward(order, forward(order, arithmetic), arithmetic)


def _spreads(
    order: Sequence[Tensor],
    wanted: Collection[Tensor],
    watched: Collection[Tensor],
    epsilon: float,
    answers: list[Array],
) -> tuple[dict[Tensor, Array], dict[Tensor, Array]]:
    """The most that the disturbances do to gradients and values, entry by entry."""
    amplified = AMPLIFIED if epsilon < 1e-12 else 1
    least = 0.0 if amplified > 1 else float(np.finfo(np.float32).tiny) * epsilon
    middle = _run(order, Rounding(answers=answers))
    gradients = {x: np.zeros(x.shape) for x in wanted}
    values = {x: np.zeros(x.shape) for x in watched}
    for seed in range(RUNS):
        run = _run(order, Rounding(amplified * epsilon, least, seed, answers))
        _widen(values, run[0], middle[0], amplified)
        _widen(gradients, run[1], middle[1], amplified)
    return gradients, values


def _widen(spread: dict[Tensor, Array], now: Mapping[Tensor, Any], before: Mapping[Tensor, Any], unit: float) -> None:
    with np.errstate(all="ignore"):
        for x in spread.keys() & now.keys():
            spread[x] = np.fmax(spread[x], np.abs(as_float64(now[x]) - as_float64(before[x])) / unit)


def _run(order: Sequence[Tensor], rounding: Rounding) -> tuple[dict[Tensor, Any], dict[Tensor, Any]]:
    arithmetic = Disturbing(np.float64, rounding)
    values = forward(order, arithmetic)
    return values, backward(order, values, arithmetic)
