"""The graph once more, forward and back, in another arithmetic or with some inputs moved.

The walk is that of `Tensor.backward`, on arrays of its own: no Tensor changes, and none of its hooks is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.comparison.disturbed import Disturbed, Rounding, disturbed, plain
from autograd_mini.tensor import Tensor

Moves = Mapping[Tensor, Sequence[Any]]
"""What to add to each input of some nodes, as these nodes see it; None adds nothing."""

OF_SIZE_ONE = {ops.tanh, ops.sigmoid, ops.softplus, ops.log_sigmoid, ops.sin, ops.cos, ops.arctan, ops.erf}
"""Functions that are often computed through numbers of size 1, also where they or their derivatives are small: sigmoid
as (1 + tanh(z / 2)) / 2, its derivative from softplus as 1 - exp(-h)."""


@dataclass(frozen=True)
class Arithmetic:
    """The dtype that floats are computed in (None: each in its own), and the errors that are made on the way."""

    dtype: Any = None
    rounding: Rounding = field(default_factory=Rounding)

    def number(self, x: Any) -> Any:
        """An operand in this arithmetic; Python's numbers stay weak, integers and booleans as they are."""
        if isinstance(x, np.ndarray | np.generic):
            return self.wrapped(x) if x.dtype.kind == "f" else x
        return x

    def wrapped(self, x: Any) -> Disturbed:
        """A result in this arithmetic."""
        x = np.asarray(x)
        wide = self.dtype is not None and x.dtype.kind == "f"
        return disturbed(x.astype(self.dtype, copy=False) if wide else x, self.rounding)

    def settings(self, node: Tensor) -> Mapping[str, Any]:
        """The settings of a node, whose dtype must not narrow the arithmetic."""
        if self.dtype is None or node.op is not ops.astype or node.dtype.kind != "f":
            return node.settings
        return {"dtype": self.dtype}

    def computed(self, function: Callable[..., Any], arrays: Sequence[Any], settings: Mapping[str, Any]) -> Any:
        """What the function gives, with the errors of its steps; of one that hides them, with those of its operands."""
        result = function(*arrays, **settings)
        if isinstance(result, Disturbed | tuple) or not self.rounding.size:
            return result
        operands = [self.rounding.disturb(plain(x)) for x in arrays]
        return self.rounding.disturb(np.asarray(function(*operands, **settings)))


def forward(
    order: Sequence[Tensor],
    arithmetic: Arithmetic,
    moves: Moves | None = None,
    known: Mapping[Tensor, Any] | None = None,
) -> dict[Tensor, Any]:
    """The value of every node, from those of the leaves and those that are known."""
    values: dict[Tensor, Any] = dict(known or {})
    with np.errstate(all="ignore"):
        for node in order:
            if node in values:
                continue
            if node.op is None:
                values[node] = arithmetic.wrapped(node._data)
            else:
                values[node] = _value(node, operands(node, values, arithmetic, moves), arithmetic)
    return values


def operands(node: Tensor, values: Mapping[Tensor, Any], arithmetic: Arithmetic, moves: Moves | None) -> list[Any]:
    """The inputs of a node as it sees them."""
    seen = [values[x] if isinstance(x, Tensor) else arithmetic.number(x) for x in node.inputs]
    if moves is None or node not in moves:
        return seen
    return [x if move is None else x + move for x, move in zip(seen, moves[node])]


def _value(node: Tensor, inputs: Sequence[Any], arithmetic: Arithmetic) -> Any:
    assert node.op is not None
    result = arithmetic.computed(node.op.forward, inputs, arithmetic.settings(node))
    out = arithmetic.wrapped(result[0] if node.op.saves else result)
    return arithmetic.rounding.blur(out, 1.0) if node.op in OF_SIZE_ONE else out


def backward(
    order: Sequence[Tensor], values: Mapping[Tensor, Any], arithmetic: Arithmetic, moves: Moves | None = None
) -> dict[Tensor, Any]:
    """The gradient of the last node of the order by every node that it depends on."""
    totals: dict[Tensor, Any] = {order[-1]: arithmetic.wrapped(np.ones_like(plain(values[order[-1]])))}
    with np.errstate(all="ignore"):
        for node in reversed(order):
            if node in totals and node.op is not None:
                seen = operands(node, values, arithmetic, moves)
                for x, contribution in contributions(node, totals[node], values[node], seen, arithmetic):
                    totals[x] = totals[x] + contribution if x in totals else contribution
    return totals


def contributions(
    node: Tensor, g: Any, out: Any, inputs: Sequence[Any], arithmetic: Arithmetic
) -> list[tuple[Tensor, Any]]:
    """What a node sends back to each of its inputs, in the shape of that input."""
    assert node.op is not None
    settings: dict[str, Any] = dict(arithmetic.settings(node))
    if node.op.saves:
        settings["saved"] = None  # what was saved belongs to the values of another run
    sent = []
    for x, rule in zip(node.inputs, node.op.vjps or node.op.rules(len(inputs))):
        if rule is not None and isinstance(x, Tensor) and x.requires_grad:
            contribution = arithmetic.computed(rule, (g, out, *inputs), settings)
            contribution = summed(arithmetic.wrapped(contribution), x.shape)
            sent.append((x, arithmetic.rounding.blur(contribution, g) if node.op in OF_SIZE_ONE else contribution))
    return sent


def summed(g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient, summed over the axes along which what it belongs to was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    stretched = tuple(axis for axis, (m, n) in enumerate(zip(g.shape, shape)) if n == 1 != m)
    g = g.sum(axis=stretched, keepdims=True) if stretched else g
    return g + np.zeros(shape, bool) if g.shape != shape else g


def reached(order: Sequence[Tensor], node: Tensor) -> list[Tensor]:
    """A node and all that its value reaches; `stop_gradient` lets nothing pass."""
    found = {node: None}
    for x in order:
        passes = x.op is not None and x.op is not ops.stop_gradient
        if passes and any(isinstance(y, Tensor) and y in found for y in x.inputs):
            found[x] = None
    return list(found)


def as_float64(x: Any) -> Array:
    """A result as a plain array of float64."""
    return np.array(plain(x), np.float64)
