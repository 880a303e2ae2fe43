"""The gradients that a rule gives which reads parameters after their own updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.disturbed import as_float64
from autograd_mini.graph.walk import Arithmetic, Reads, backward, forward
from autograd_mini.tensor import Tensor

MOST = 12
"""Parameters that are tried one by one."""


@dataclass(frozen=True, eq=False)
class Late:
    """What a gradient is when some parameters are already new."""

    moved: tuple[Tensor, ...]
    forward: bool
    """Whether the forward pass has seen the new ones too."""
    gradient: Array


class LateGradients:
    """The gradients of a loss with some parameters moved; those of each choice are computed once."""

    def __init__(self, order: Sequence[Tensor]) -> None:
        self._order = order
        self._arithmetic = Arithmetic(np.float64)
        self._found: dict[tuple[Tensor, ...], list[Mapping[Tensor, Any]]] = {}

    def of(self, node: Tensor, new: Mapping[Tensor, Array]) -> Iterator[Late]:
        """The gradients by `node` with each other parameter moved, then all; on the way back only, then both ways."""
        others = tuple(x for x in new if x is not node)
        for moved in [(x,) for x in others[:MOST]] + ([others] if len(others) > 1 else []):
            if moved not in self._found:
                self._found[moved] = list(self._runs({x: new[x] - x.numpy().astype(np.float64) for x in moved}))
            for run, gradients in enumerate(self._found[moved]):
                if node in gradients:
                    yield Late(moved, run == 1, as_float64(gradients[node]))

    @cached_property
    def _old(self) -> Mapping[Tensor, Any]:
        return forward(self._order, self._arithmetic)

    def _runs(self, shifts: Mapping[Tensor, Array]) -> Iterator[Mapping[Tensor, Any]]:
        """The gradients where the way back alone sees the moved parameters, and where the forward pass does too."""
        reads = _moved(shifts)
        for values in (self._old, forward(self._order, self._arithmetic, reads=reads)):
            gradients = backward(self._order, values, self._arithmetic, reads=reads)
            yield {x: g for x, g in gradients.items() if x.op is None}


def _moved(shifts: Mapping[Tensor, Array]) -> Reads:
    """Nodes that read a moved parameter see it moved."""

    def reads(node: Tensor, seen: Sequence[Any]) -> Sequence[Any]:
        pairs = zip(node.inputs, seen)
        return [value + shifts[x] if isinstance(x, Tensor) and x in shifts else value for x, value in pairs]

    return reads
