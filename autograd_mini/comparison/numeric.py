"""The third witness: derivatives from values alone, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.comparison.disturbed import plain
from autograd_mini.differences import EPSILON, ridders, scales
from autograd_mini.graph.walk import Arithmetic, forward, reached
from autograd_mini.ops.joining import concatenate_arrays, stack_arrays
from autograd_mini.tensor import Tensor, topological_order

Index = tuple[int, ...]
_FLOAT64 = Arithmetic(np.float64)

STEP = 1e-100
"""Of a complex step: so small that its square is lost, so that no difference cancels."""

LOST = float(np.finfo(np.float64).tiny) / STEP
"""A derivative so small that it is lost beside a complex step."""

_ANALYTIC = {
    *(ops.add, ops.subtract, ops.multiply, ops.divide, ops.negative, ops.positive, ops.power, ops.square),
    *(ops.reciprocal, ops.exp, ops.expm1, ops.log, ops.log1p, ops.sqrt, ops.tanh, ops.sin, ops.cos, ops.sinh),
    *(ops.cosh, ops.tan, ops.matmul, ops.affine, ops.reduce_sum, ops.mean, ops.reshape, ops.transpose),
    *(ops.getitem, ops.broadcast_to, concatenate_arrays, stack_arrays),
}
"""Operations whose forward computes with complex numbers as the analytic function does."""

MARGIN = 4
"""How many times its own estimated error a numeric derivative is allowed to be off."""


@dataclass(frozen=True)
class Numeric:
    """A derivative, and how far from it the true one may be."""

    value: float
    error: float


class Differences:
    """Derivatives of a loss by entries of one node, whose value is moved while all that follows is computed anew."""

    def __init__(self, loss: Tensor, values: Mapping[Tensor, Any], node: Tensor) -> None:
        order = topological_order(loss)
        self.values = {x: plain(values[x]) for x in order}
        self.node = node
        self.path = reached(order, node)[1:]
        self._moving = {node, *self.path}
        self._still = {x: self.values[x] for y in self.path for x in y.inputs if self._stands_still(x)}
        self.loss = loss
        self.method = "complex step" if all(x.op in _ANALYTIC for x in self.path) else "central differences"

    def at(self, index: Index) -> Numeric:
        """The derivative by one entry."""
        with np.errstate(all="ignore"):
            found = self._complex(index) if self.method == "complex step" else None
            return found if found is not None and math.isfinite(found.value) else self._real(index)

    def _complex(self, index: Index) -> Numeric:
        moved = self._loss(index, 1j * STEP)
        value = float(np.imag(moved)) / STEP
        return Numeric(value, 1e-14 * abs(value) + LOST)

    def _real(self, index: Index) -> Numeric:
        x = np.asarray(self.values[self.node])
        return difference(
            lambda shift: float(self._loss(index, shift)), float(x[index]), float(np.max(np.abs(x), initial=0))
        )

    def _loss(self, index: Index, shift: complex) -> Any:
        x = np.array(self.values[self.node], complex if isinstance(shift, complex) else np.float64)
        x[index] += shift
        new = forward(self.path, _FLOAT64, {**self._still, self.node: x})
        return np.asarray(new.get(self.loss, self.values[self.loss])).item()

    def _stands_still(self, x: Any) -> bool:
        return isinstance(x, Tensor) and x not in self._moving


def difference(along: Callable[[float], float], entry: float, largest: float, epsilon: float = EPSILON) -> Numeric:
    """The derivative of a function of a shift: extrapolated to step 0, or by short steps where a kink is near.

    `epsilon` is that of the dtype in which the values are known.
    """
    far = _extrapolated(along, entry, largest, epsilon)
    near = _near(along, abs(entry) or largest or 1.0, epsilon)
    # Across a kink the long steps may agree with each other by chance, but not with the short ones.
    return near if abs(far.value - near.value) > MARGIN * (far.error + near.error) else far


def _extrapolated(along: Callable[[float], float], entry: float, largest: float, epsilon: float) -> Numeric:
    """Central differences, extrapolated from the best of a few scales."""
    best = Numeric(math.nan, math.inf)
    for scale in scales(entry, largest):
        estimate = ridders(along, scale, epsilon)
        if estimate.error < best.error:
            best = Numeric(estimate.value, estimate.error)
        if best.error <= 1e-8 * abs(best.value):
            break
    return best


def _near(along: Callable[[float], float], scale: float, epsilon: float) -> Numeric:
    """Central differences by two steps, so short that only what is very near can disturb them."""
    step = epsilon ** (1 / 3) * scale
    values = [along(shift) for shift in (-step, step, -step / 2, step / 2)]
    wide, narrow = (values[1] - values[0]) / (2 * step), (values[3] - values[2]) / step
    return Numeric(narrow, abs(wide - narrow) + 8 * epsilon * max(map(abs, values)) / step)


def sides(along: Callable[[float], float], entry: float, epsilon: float = EPSILON) -> tuple[float, float]:
    """The least and the largest one-sided slope; the two are equal where they meet as the step gets smaller."""
    steps = (epsilon**0.25, epsilon**0.375)  # 1e-4 and 1e-6 in float64; in float32 rounding would be the difference
    wide, narrow = (_slopes(along, step * (abs(entry) or 1.0)) for step in steps)
    apart = abs(narrow[1] - narrow[0])
    if not apart > 0.25 * abs(wide[1] - wide[0]) > 1e-3 * max(map(abs, narrow)):
        return narrow[0], narrow[0]
    return min(narrow), max(narrow)


def _slopes(along: Callable[[float], float], step: float) -> tuple[float, float]:
    middle = along(0.0)
    return (middle - along(-step)) / step, (along(step) - middle) / step
