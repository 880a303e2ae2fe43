"""A graph in float64 that can be walked back many times, each time with something done wrongly."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.graph.walk import Arithmetic, Correction, Reads, Values, backward, forward, shares
from autograd_mini.tensor import Tensor, topological_order

_NOTHING: Mapping[Any, Any] = {}
FLOAT64 = Arithmetic(np.float64)


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
        return cls(loss, {x: FLOAT64.number(x.data) for x in topological_order(loss)})

    def computed(self, leaves: Values = _NOTHING) -> dict[Tensor, Any]:
        """All values, computed anew from the leaves, some of which may be replaced."""
        return forward(self.order, FLOAT64, leaves)

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
        replaced = _replacing(reads) if reads else None
        return backward(
            self.order, values, FLOAT64, start=start, reads=replaced, corrections=corrections, through=through
        )

    def shares(self, node: Tensor, g: Any) -> Iterator[tuple[Tensor, Any]]:
        """What a node with the gradient g sends back to each of its inputs; to one that is used twice, two shares."""
        return shares(node, g, self.values, FLOAT64)


def _replacing(reads: Mapping[tuple[Tensor, Tensor], Any]) -> Reads:
    def replaced(node: Tensor, seen: Sequence[Any]) -> Sequence[Any]:
        pairs = zip(node.inputs, seen)
        return [reads.get((node, x), value) if isinstance(x, Tensor) else value for x, value in pairs]

    return replaced


def value_of(node: Tensor, values: Values) -> Any:
    """The value of a node, computed from those of its inputs."""
    return forward([node], FLOAT64, {x: values[x] for x in node.inputs if isinstance(x, Tensor)})[node]


def times(factor: Any) -> Correction:
    """The mistake of multiplying what comes back by a number, or each entry by one."""
    return lambda g, finished: g * factor
