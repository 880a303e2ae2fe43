"""A computation step by step, as data: forward node by node, then back edge by edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.modes import Observer, current
from autograd_mini.tensor import Tensor, gradients, topological_order

FORMULAS = {
    ("add", 0): "1",
    ("add", 1): "1",
    ("multiply", 0): "{1}",
    ("multiply", 1): "{0}",
    ("tanh", 0): "1 − {out}²",
}


@dataclass(frozen=True)
class Step:
    """One step: a node is computed, the output gets its seed, or a gradient flows back along an edge."""

    kind: str
    node: Tensor
    through: Tensor | None = None
    position: int | None = None
    upstream: Any = None
    local: Any = None
    contribution: Any = None
    total: Any = None
    formula: str | None = None


class Replay:
    """The steps that computed `output` and its gradients."""

    def __init__(self, output: Tensor) -> None:
        self.output = output
        self.order = topological_order(output)
        self._position = {node: position for position, node in enumerate(self.order)}
        self.steps = [*(Step("forward", node, total=None) for node in self.order), *self._back()]

    def label(self, tensor: Tensor) -> str:
        """What the tensor is called: its name, or its operation with its number."""
        return tensor.name or f"v{self._position[tensor]}"

    def _back(self) -> Iterator[Step]:
        if self.output.size != 1 or not self.output.requires_grad:
            return
        seed = np.ones_like(self.output.data)[()]
        yield Step("seed", self.output, contribution=seed, total=seed)
        totals = {self.output: seed}
        for node, position, x, g, contribution in _contributions(self.output):
            totals[x] = totals[x] + contribution if x in totals else contribution
            yield Step("backward", x, node, position, g, *self._through(node, position, contribution, totals[x]))

    def _through(self, node: Tensor, position: int, contribution: Any, total: Any) -> tuple[Any, Any, Any, str | None]:
        assert node.op is not None
        names = [self.label(x) if isinstance(x, Tensor) else str(x) for x in node.inputs]
        formula = FORMULAS.get((node.op.name, position))
        text = formula.format(*names, out=self.label(node)) if formula else None
        if not node.op.elementwise:
            return None, contribution, total, f"vjp of {node.op.name}"
        return _local(node, position), contribution, total, text


class _Watcher(Observer):
    def __init__(self) -> None:
        self.found: list[tuple[Tensor, Tensor, Any, Any]] = []

    def contributed(self, node: Any, x: Any, g: Any, contribution: Any) -> None:
        self.found.append((node, x, g, contribution))


def _contributions(output: Tensor) -> Iterator[tuple[Tensor, int, Tensor, Any, Any]]:
    watcher = _Watcher()
    token = current.set(watcher)
    try:
        with np.errstate(all="ignore"):
            gradients(output)
    finally:
        current.reset(token)
    passed: dict[Tensor, int] = {}
    for node, x, g, contribution in watcher.found:
        position = _next(node, x, passed.get(node, 0))
        passed[node] = position + 1
        yield node, position, x, g, contribution


def _next(node: Tensor, x: Tensor, start: int) -> int:
    return next(position for position in range(start, len(node.inputs)) if node.inputs[position] is x)


def _local(node: Tensor, position: int) -> Any:
    assert node.op is not None
    rule = node.op.rules(len(node.inputs))[position]
    assert rule is not None
    inputs = [x.data if isinstance(x, Tensor) else x for x in node.inputs]
    with np.errstate(all="ignore"):
        return rule(1.0, node.data, *inputs, **node.settings)


def replay(output: Tensor) -> Replay:
    """The steps of the computation of `output`."""
    return Replay(output)
