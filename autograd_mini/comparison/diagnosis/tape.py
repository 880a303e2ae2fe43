"""A graph in float64 that can be walked back many times, each time with something done wrongly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor, topological_order

Values = Mapping[Tensor, Any]
Correction = Callable[[Any, Mapping[Tensor, Any]], Any]
"""Takes the gradient that reached a node, and all those above it; returns what the mistake makes of it."""

_NOTHING: Mapping[Any, Any] = {}


class Tape:
    """The nodes of a graph, inputs first, with a value for each.

    A derivation in float32 is judged against candidates in float64: these bring no rounding of their own.
    """

    def __init__(self, loss: Tensor, values: Values | None = None) -> None:
        self.loss = loss
        self.order = topological_order(loss)
        self.values = self.computed() if values is None else values

    @classmethod
    def recorded(cls, loss: Tensor) -> Tape:
        """The graph with the values that it was computed with; leaves have those of today."""
        return cls(loss, {x: in_float64(x.data) for x in topological_order(loss)})

    def computed(self, leaves: Values = _NOTHING) -> dict[Tensor, Any]:
        """All values, computed anew from the leaves, some of which may be replaced."""
        values: dict[Tensor, Any] = {}
        for node in self.order:
            known = node.op is None
            values[node] = leaves.get(node, in_float64(node.data)) if known else forward(node, values)
        return values

    def walk(
        self,
        *,
        values: Values | None = None,
        corrections: Mapping[Tensor, Correction] = _NOTHING,
        reads: Mapping[tuple[Tensor, Tensor], Any] = _NOTHING,
        through: Collection[Tensor] | None = None,
        start: Tensor | None = None,
    ) -> dict[Tensor, Any]:
        """The gradient at each node, with mistakes made on the way back.

        `values` are read in place of those of the tape; `reads` maps a node and one of its inputs to what the node's
        rules read as that input. Only the nodes of `through` are passed. `start` is where the walk begins.
        """
        values = self.values if values is None else values
        root = self.loss if start is None else start
        totals = {root: np.ones(root.shape)[()]}
        finished: dict[Tensor, Any] = {}
        for node in reversed(self.order):
            if node not in totals:
                continue
            g = totals.pop(node)
            finished[node] = corrections[node](g, finished) if node in corrections else g
            for x, share in self.shares(node, finished[node], values, reads, through):
                totals[x] = totals[x] + share if x in totals else share
        return finished

    def shares(
        self,
        node: Tensor,
        g: Any,
        values: Values | None = None,
        reads: Mapping[tuple[Tensor, Tensor], Any] = _NOTHING,
        through: Collection[Tensor] | None = None,
    ) -> Iterator[tuple[Tensor, Any]]:
        """What a node with the gradient g sends back to each of its inputs; to one that is used twice, two shares."""
        if node.op is None:
            return
        values = self.values if values is None else values
        inputs = operands(node, values, reads)
        # What a forward pass saved belongs to its values, and these may be others.
        settings = settings_of(node) | ({"saved": None} if node.op.saves else {})
        for x, rule in zip(node.inputs, node.op.rules(len(inputs))):
            if rule is None or not isinstance(x, Tensor) or not x.requires_grad:
                continue
            if through is None or x in through:
                yield x, summed_to(rule(g, values[node], *inputs, **settings), x.shape)


def forward(node: Tensor, values: Values) -> Any:
    """The value of a node, computed from those of its inputs."""
    assert node.op is not None
    return in_float64(node.op(*operands(node, values), **settings_of(node)))


def operands(node: Tensor, values: Values, reads: Mapping[tuple[Tensor, Tensor], Any] = _NOTHING) -> list[Any]:
    """What a node is computed from, as arrays and numbers."""
    return [reads.get((node, x), values[x]) if isinstance(x, Tensor) else x for x in node.inputs]


def settings_of(node: Tensor) -> dict[str, Any]:
    """The settings of a node's operation, with float64 for any dtype of floats."""
    settings = dict(node.settings)
    if "dtype" in settings and np.dtype(settings["dtype"]).kind == "f":
        settings["dtype"] = np.float64
    return settings


def in_float64(value: Any) -> Any:
    """Floats as float64; integers and booleans as they are."""
    array = np.asarray(value)
    return array.astype(np.float64)[()] if array.dtype.kind == "f" else array[()]


def times(factor: Any) -> Correction:
    """The mistake of multiplying what comes back by a number, or each entry by one."""
    return lambda g, finished: g * factor


def summed_to(g: Any, shape: tuple[int, ...]) -> Array:
    """A gradient summed over the axes along which its input was broadcast."""
    if np.shape(g) == shape:
        return g  # type: ignore[no-any-return]
    g = np.asarray(g)
    g = g.sum(axis=tuple(range(max(g.ndim - len(shape), 0))))
    stretched = tuple(axis for axis, (m, n) in enumerate(zip(g.shape, shape)) if n == 1 != m)
    g = g.sum(axis=stretched, keepdims=True)
    return g[()] if g.shape == shape else np.broadcast_to(g, shape)


def slope(op: Op, position: int, out: Any, inputs: list[Any], settings: Mapping[str, Any]) -> Any:
    """The local derivative of an elementwise operation by one of its inputs."""
    rule = op.rules(len(inputs))[position]
    return 0.0 if rule is None else rule(np.ones(np.shape(out))[()], out, *inputs, **settings)
