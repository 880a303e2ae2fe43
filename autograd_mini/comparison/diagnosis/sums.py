"""Sums over the batch, or over a broadcast axis, that were left out, or taken where none was asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis, fits, multiple
from autograd_mini.comparison.diagnosis.numbers import besides, read_factor, readings
from autograd_mini.comparison.diagnosis.products import products
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.graph.walk import Correction
from autograd_mini.tensor import Tensor

_FEW_SAMPLES = 8


def not_summed(study: Study) -> Iterator[Hypothesis]:
    """More entries than asked for, which sum up to the gradient: one for each sample, or each broadcast entry."""
    hand, g = study.hand, study.gradient
    for axes, keepdims in itertools.product(_axes(hand.ndim), (False, True)):
        total = hand.sum(axis=axes, keepdims=keepdims)
        factor = _factor(study, total, g) if total.shape == g.shape and hand.shape != g.shape else None
        if factor is not None and hand.size > g.size:
            kind = "broadcast-sum" if _is_broadcast_to(study, hand.shape) else "batch-sum"
            detail = f"your rule has shape {hand.shape}: sum it over {_axis_text(axes)} to get {g.shape}"
            # Of the summands only the sum is known here: the student's own numbers stand for them.
            yield Hypothesis(kind, detail + factor, hand)


def _factor(study: Study, total: Array, gradient: Array) -> str | None:
    """What to add if the student's numbers sum up to the gradient times a number; None if they do not."""
    c = multiple(total, gradient)
    reading = read_factor(c, readings(study), study.level)
    value = 1.0 if reading is None else float(reading.value)
    if not fits(total / value, gradient, study.level):
        return None
    return besides(reading)


def summed(study: Study) -> Iterator[Hypothesis]:
    """Sums of the gradient where its entries are asked for one by one, perhaps repeated to the right shape."""
    g = study.gradient
    for axes, keepdims in itertools.product(_axes(g.ndim), (False, True)):
        total = g.sum(axis=axes, keepdims=keepdims)
        if total.size == g.size:
            continue
        detail = f"your rule sums over {_axis_text(axes)} of {study.case.name} {g.shape}, where each entry has its own"
        yield Hypothesis("batch-sum", detail, total)
        if keepdims:
            yield Hypothesis("batch-sum", detail + " gradient, and repeats the sum", np.broadcast_to(total, g.shape))


def _axes(ndim: int) -> list[tuple[int, ...]]:
    """All choices of axes, few first; of the first three axes only."""
    some = range(min(ndim, 3))
    return [axes for count in range(1, len(some) + 1) for axes in itertools.combinations(some, count)]


def _axis_text(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else "axes " + " and ".join(map(str, axes))


def _is_broadcast_to(study: Study, shape: tuple[int, ...]) -> bool:
    """Whether the node is stretched to this shape by an operation that it takes part in."""
    if shape == study.node.shape:
        return False
    users = [(user, user.op) for user in study.users(study.node) if user.op is not None and user.shape == shape]
    return any(op.elementwise or (op.name == "affine" and user.inputs[2] is study.node) for user, op in users)


def wrongly_summed(study: Study) -> Iterator[Hypothesis]:
    """A broadcast Tensor, such as a bias: one summand, or the sum over another axis, in place of the right sum."""
    for user in study.users(study.node):
        g = np.asarray(study.gradients.get(user, 0.0))
        if g.ndim == study.node.ndim or not _is_broadcast_to(study, g.shape):
            continue
        wanted = _axis_text(tuple(range(g.ndim - study.node.ndim)))
        for axis in range(min(g.ndim, 2)):
            for what, array in (("sums over", g.sum(axis)), ("takes the first along", np.take(g, 0, axis))):
                detail = f"your rule {what} axis {axis} of the gradient of {called(user)}: sum over {wanted}"
                yield Hypothesis("broadcast-sum", detail, array)


def single_samples(study: Study) -> Iterator[Hypothesis]:
    """The gradient of one sample only, as when a loop assigns where it should add."""
    for axis in (0, -1):
        users = [user for user, along in _sampled(study) if along == axis]
        count = users[0].shape[axis] if users else 0
        some = range(count) if count <= _FEW_SAMPLES else (0, count - 1)
        for sample in some if count > 1 else ():
            corrections = {user: _only(sample, axis) for user in users if user.shape[axis] == count}
            kind = "broadcast-sum" if _is_broadcast_to(study, users[0].shape) else "batch-sum"
            detail = f"your rule is that of sample {sample} alone: add up the {count} samples of {called(users[0])}"
            yield Hypothesis(kind, detail, study.wrong(corrections=corrections))


def _sampled(study: Study) -> list[tuple[Tensor, int]]:
    """What the node is used for that has one slice per sample, first in rows or last in columns."""
    found = [(product.result, -product.samples) for product in products(study)]
    shape = study.node.shape
    for user in study.users(study.node):
        if _is_broadcast_to(study, user.shape) and user.shape != shape:
            in_columns = bool(shape) and shape[-1] == 1 and user.ndim == len(shape) and user.shape[-1] > 1
            found.append((user, -1 if in_columns else 0))
    return found


def _only(sample: int, axis: int) -> Correction:
    def kept(g: Any, finished: Any) -> Any:
        alone = np.zeros_like(g)
        place = (sample,) if axis == 0 else (..., sample)
        alone[place] = g[place]
        return alone

    return kept
