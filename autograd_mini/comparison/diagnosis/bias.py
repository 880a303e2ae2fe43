"""The constant 1 among the inputs, and its row of weights: left out, too many, shifted, or at the wrong end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.products import constant_lines
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.graph.walk import Correction
from autograd_mini.tensor import Tensor

_LINES = ("row", "column")
_MOST = 8
_ENDS = (("first", 0), ("last", -1))


def line_missing(study: Study) -> Iterator[Hypothesis]:
    """The gradient without its first or last row or column."""
    g, hand = study.gradient, study.hand
    for axis in range(min(g.ndim, 2)):
        if hand.ndim == g.ndim and hand.shape[axis] == g.shape[axis] - 1:
            for word, end in _ENDS:
                detail = f"your rule leaves out the {word} {_LINES[axis]} of {study.case.name} {g.shape}, the bias"
                yield Hypothesis("bias", detail, np.delete(g, end, axis))


def line_too_many(study: Study) -> Iterator[Hypothesis]:
    """The gradient with one more row or column, whatever stands there."""
    g, hand = study.gradient, study.hand
    for axis in range(min(g.ndim, 2)):
        if hand.ndim == g.ndim and np.delete(hand, 0, axis).shape == g.shape:
            for word, end in _ENDS:
                place = end % hand.shape[axis]
                with_it = np.insert(g, place, np.take(hand, place, axis), axis)
                detail = f"your rule has a {_LINES[axis]} too many, the {word}: the constant 1 has no gradient here"
                yield Hypothesis("bias", detail, with_it)


def line_wrong(study: Study) -> Iterator[Hypothesis]:
    """Only the weights that belong to a constant 1 differ."""
    g, hand = study.gradient, study.hand
    for axis, place in constant_lines(study) if hand.shape == g.shape else ():
        with_it = g.copy()
        line = (place,) if axis == 0 else (slice(None), place)
        with_it[line] = hand[line]
        what = "is wrong" if hand[line].any() else "is 0"
        detail = f"only {_LINES[axis]} {place} of {study.case.name} {g.shape}, the bias, {what}: its input is 1"
        yield Hypothesis("bias", detail, with_it)


def line_shifted(study: Study) -> Iterator[Hypothesis]:
    """The weights of the constant 1 at the other end, all others moved by one."""
    for axis, place in constant_lines(study):
        shift = -1 if place == 0 else 1
        detail = f"the bias of {study.case.name} is {_LINES[axis]} {place}: your rule has it at the other end"
        yield Hypothesis("bias", detail, np.roll(study.gradient, shift, axis=axis))


def wrong_column_dropped(study: Study) -> Iterator[Hypothesis]:
    """Going back through [1, h]: the gradient of the other end was dropped with that of the constant."""
    for node in study.path:
        if node.op is None or node.op.name not in ("concatenate", "append", "hstack", "vstack", "column_stack"):
            continue
        axis = int(node.settings.get("axis") or 0)
        for x in node.inputs:
            if isinstance(x, Tensor) and x in study.on_path and 0 < node.shape[axis] - x.shape[axis] <= 2:
                changed = {node: _rolled(node.shape[axis] - x.shape[axis], node, x, axis)}
                detail = f"going back to {called(x)}, your rule drops the column of the constant 1 at the wrong end"
                yield Hypothesis("bias", detail, study.wrong(corrections=changed))


def _rolled(width: int, node: Tensor, x: Tensor, axis: int) -> Correction:
    shift = -width if node.inputs[0] is x else width
    return lambda g, finished: np.roll(g, shift, axis=axis)


def forgotten(study: Study) -> Iterator[Hypothesis]:
    """The student's forward pass does without a bias."""
    if study.tape is not study.today:
        return
    for x in _biases(study):
        values = study.computed({x: np.zeros(x.shape)})
        detail = f"your rule follows from a forward pass without {called(x)}: the bias is missing"
        yield Hypothesis("bias", detail, study.wrong(values=values))


def _biases(study: Study) -> list[Tensor]:
    """Leaves that are broadcast to what they are added to, and are not 0 anyway."""
    adds = [x for x in study.today.order if x.op is not None and x.op.name in ("add", "affine")]
    leaves = {b: None for x in adds for b in (x.inputs if len(x.inputs) == 2 else x.inputs[2:]) if _is_bias(b, x)}
    return [b for b in leaves if np.any(b.data)][:_MOST]


def _is_bias(b: Any, total: Tensor) -> bool:
    return isinstance(b, Tensor) and b.op is None and b.requires_grad and b.shape != total.shape
