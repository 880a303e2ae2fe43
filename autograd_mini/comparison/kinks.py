"""Where the function has a kink or a tie, found on the graph, and what each gradient may be there.

An operand that sits on a kink, exactly or within rounding, is moved a little to either side, and the gradients are
computed once more: between the one-sided results any value is right. Only the operation that has the kink sees its
operand moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.comparison.disturbed import as_float64
from autograd_mini.comparison.truth import Truth
from autograd_mini.graph.walk import Arithmetic, Reads, backward, forward, operands, reached, shares
from autograd_mini.ops.norms import power_norm
from autograd_mini.tensor import Tensor

GROUPS = 32
"""Kinks that are moved one by one; more of one operation are moved in as many groups."""

REACH = 4
"""How many times the noise of an operand may lie between it and the kink."""

_BENT = {ops.relu, ops.absolute, ops.maximum, ops.minimum, ops.fmax, ops.fmin, ops.relu6, ops.hard_tanh}
_BENT |= {ops.hard_silu, ops.leaky_relu, ops.elu}
_CHOOSING = {ops.reduce_max, ops.reduce_min, ops.nanmax, ops.nanmin, ops.sort, ops.partition, power_norm}
_COMPARING = {ops.greater, ops.greater_equal, ops.less, ops.less_equal, ops.equal, ops.not_equal, ops.sign}
_STEEP = {ops.sqrt, ops.power, ops.cbrt}


@dataclass(frozen=True, eq=False)
class Kink:
    """An operation with an operand at a kink: at how many entries, and its derivatives to both sides."""

    node: Tensor
    operand: Tensor
    position: int
    entries: Array
    distance: Array
    sides: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Kinks:
    """Between which bounds each gradient is a matter of convention, and which kinks leave it open."""

    lowest: Mapping[Tensor, Array]
    highest: Mapping[Tensor, Array]
    of: Mapping[Tensor, list[Kink]]


def watched(order: Sequence[Tensor]) -> list[Tensor]:
    """The operands whose noise tells whether they sit on a kink."""
    nodes = [node for node in order if _may_bend(node)]
    return list(dict.fromkeys(x for node in nodes for x in node.inputs if isinstance(x, Tensor) and _is_float(x)))


def _may_bend(node: Tensor) -> bool:
    op = node.op
    own = op is not None and not op.__module__.startswith("autograd_mini.")
    return own or op in _BENT or op in _CHOOSING or op in _COMPARING


def _is_float(x: Tensor) -> bool:
    return x.dtype.kind == "f"


def kinks_of(truth: Truth) -> Kinks:
    """The bounds that the kinks of the graph leave for each gradient of the truth."""
    arithmetic = Arithmetic(np.float64)
    values = forward(truth.order, arithmetic)
    totals = backward(truth.order, values, arithmetic)
    found = [
        kink for node in truth.order if node in totals or not node.requires_grad for kink in _at(node, values, truth)
    ]
    lowest, highest = dict(truth.gradients), dict(truth.gradients)
    of: dict[Tensor, list[Kink]] = {x: [] for x in truth.gradients}
    base = {x: as_float64(totals[x]) for x in truth.gradients if x in totals}
    for kink in found:
        for x, (down, up) in _changes(kink, base, values, truth).items():
            lowest[x], highest[x] = lowest[x] + down, highest[x] + up
            of[x].append(kink)
    _open_where_infinite(truth, lowest, highest)
    return Kinks(lowest, highest, of)


def _changes(
    kink: Kink, base: Mapping[Tensor, Array], values: Mapping[Tensor, Any], truth: Truth
) -> dict[Tensor, tuple[Array, Array]]:
    """How far down and up one kink may take each gradient that it leaves open."""
    found: dict[Tensor, tuple[Array, Array]] = {}
    # Entries that tie exclude each other; kinks of different entries add up.
    joined = (np.fmin, np.fmax) if kink.node.op in _CHOOSING else (np.add, np.add)
    arithmetic, following = Arithmetic(np.float64), set(reached(truth.order, kink.node))
    known = {x: value for x, value in values.items() if x not in following}
    for reads in _moves(kink):
        now = forward(truth.order, arithmetic, known, reads)
        moved = backward(truth.order, now, arithmetic, reads=reads)
        for x, before in base.items():
            change = as_float64(moved[x]) - before
            if (np.abs(change) > REACH * truth.noise[x]).any():
                down, up = found.get(x, (0.0, 0.0))
                found[x] = joined[0](down, np.fmin(change, 0)), joined[1](up, np.fmax(change, 0))
    return found


def _open_where_infinite(truth: Truth, lowest: dict[Tensor, Array], highest: dict[Tensor, Array]) -> None:
    """Where the slope of a root is infinite, any number is a convention."""
    if any(node.op in _STEEP or node.op in _CHOOSING for node in truth.order):
        for x, g in truth.gradients.items():
            lowest[x] = np.where(np.isfinite(g), lowest[x], -np.inf)
            highest[x] = np.where(np.isfinite(g), highest[x], np.inf)


def _moves(kink: Kink) -> Iterator[Reads]:
    """To both sides: each entry alone or in groups, and so that of all that tie the first or the last one wins."""
    shifts = []
    for group in np.array_split(kink.entries, min(GROUPS, len(kink.entries))):
        alone = np.zeros(kink.operand.size)
        alone[group] = kink.distance.flat[group]
        shifts.append(alone)
    if kink.node.op in _CHOOSING:
        shifts.append(kink.distance.ravel() * np.linspace(0, 1, kink.operand.size))
    for shift in shifts:
        for move in (-shift, shift):
            yield _moving(kink.node, kink.position, move.reshape(kink.operand.shape))


def _moving(moved: Tensor, position: int, shift: Array) -> Reads:
    """One node sees one of its operands moved."""

    def reads(node: Tensor, seen: Sequence[Any]) -> Sequence[Any]:
        return [x + shift if node is moved and i == position else x for i, x in enumerate(seen)]

    return reads


# ------------------------------------------------------------------------------------------------ finding them


def _at(node: Tensor, values: Mapping[Tensor, Any], truth: Truth) -> Iterator[Kink]:
    """The kink that the node's first operand at one sits on."""
    if not _may_bend(node):
        return
    for position, x in enumerate(node.inputs):
        if isinstance(x, Tensor) and _is_float(x):
            distance = _distance(as_float64(values[x]), truth.value_noise[x], truth.epsilon)
            low, high = _sides(node, position, values, distance)
            apart = np.abs(high - low) > 1e-3 * np.fmax(np.abs(low), np.abs(high))
            if apart.any():
                ends = np.concatenate([low[apart], high[apart]])
                sides = (-1.0, 1.0) if node.op is power_norm else (float(ends.min()), float(ends.max()))
                yield Kink(node, x, position, np.flatnonzero(apart), distance, sides)
                return


def _distance(x: Array, noise: Array, epsilon: float) -> Array:
    """How far to move each entry: beyond its noise; one that is exact by a few units in the last place."""
    unit = float(np.max(np.abs(x), initial=0.0)) or 1.0
    own = np.where(x == 0, epsilon * unit, 4 * epsilon * np.abs(x))
    reach: Array = np.fmax(REACH * noise, own)
    return reach


def _sides(node: Tensor, position: int, values: Mapping[Tensor, Any], distance: Array) -> tuple[Array, Array]:
    """The least and the largest local derivative by each entry of one operand, when it is moved."""
    generator = np.random.default_rng(0)
    shifts = [-distance, distance]
    if node.op in _CHOOSING or not node.op.elementwise:  # type: ignore[union-attr]
        shifts += [distance * generator.uniform(-1, 1, distance.shape) for _ in range(4)]
    with np.errstate(all="ignore"):
        slopes = [_slope(node, position, values, shift) for shift in shifts]
    return np.fmin.reduce(slopes), np.fmax.reduce(slopes)


def _slope(node: Tensor, position: int, values: Mapping[Tensor, Any], shift: Array) -> Array:
    """The local derivative by one moved operand; of a comparison, what it says."""
    arithmetic, reads = Arithmetic(np.float64), _moving(node, position, shift)
    seen = operands(node, values, arithmetic, reads)
    out = arithmetic.value(node, seen)
    if node.op in _COMPARING:
        said = as_float64(out)
        return said if said.shape == shift.shape else np.zeros(shift.shape)
    sent = dict(shares(node, arithmetic.ones(out), {**values, node: out}, arithmetic, reads))
    x = node.inputs[position]
    return as_float64(sent[x]) if x in sent else np.zeros(shift.shape)


def sentence(kink: Kink) -> str:
    """What a student is told: the operation, the operand, and the subgradients."""
    operand = kink.operand.name or (kink.operand.op.name if kink.operand.op is not None else "a leaf")
    count = len(kink.entries)
    where = f"{count} of its {kink.operand.size} entries" if kink.operand.size > 1 else "its value"
    op = kink.node.op.name if kink.node.op is not None else ""
    if kink.node.op in _COMPARING:
        return f"the function may have a kink here ({op} of {operand} at {where}): the gradient of either branch is one"
    low, high = (_number(side) for side in kink.sides)
    return f"the function has a kink here ({op} of {operand} at {where}): any value in [{low}, {high}] is a subgradient"


def _number(x: float) -> str:
    return f"{x + 0.0:.4g}" if math.isfinite(x) else str(x)
