"""Which names are transposed so that a net is explained in another convention than it is computed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.explanation.forward import Forward
from autograd_mini.tensor import Tensor

_CHOICES = {
    "samples": (None, "rows", "columns"),
    "weights": (None, "in-out", "out-in"),
    "bias": ("separate", "row"),
    "style": ("matrices", "scalars"),
}


@dataclass(frozen=True)
class Convention:
    """How samples and weights lie in their matrices."""

    samples: str
    weights: str


def check_choices(**chosen: Any) -> None:
    """ValueError for a choice that there is none of.

    >>> check_choices(samples="rows", bias="row")
    """
    for name, choice in chosen.items():
        if choice not in _CHOICES[name]:
            known = ", ".join(map(repr, _CHOICES[name]))
            raise ValueError(f"explain: {name}={choice!r} is unknown; choose one of {known}")


def convention_of(forward: Forward) -> Convention:
    """That of the first layer: in X @ W samples are rows, in W @ X columns; a transposed W is the other way round.

    >>> from autograd_mini.explanation.forward import forward_of
    >>> x, W = Tensor([[1.0], [2.0]], requires_grad=False), Tensor([[3.0, 4.0]], name="W")
    >>> convention_of(forward_of((W @ x).sum()))
    Convention(samples='columns', weights='out-in')
    """
    for node in forward.layers:
        product = node if node.op in (ops.matmul, ops.affine) else node.inputs[0]
        if isinstance(product, Tensor) and product.op in (ops.matmul, ops.affine):
            left, right = product.inputs[:2]
            on_right = _parameter(right) is not None
            turned = _is_turned(right if on_right else left)
            return Convention("rows" if on_right else "columns", "in-out" if on_right != turned else "out-in")
    return Convention("rows", "in-out")


def _parameter(x: Any) -> Tensor | None:
    """The leaf that a factor is, or is the transpose of."""
    while isinstance(x, Tensor) and x.op is ops.transpose:
        x = x.inputs[0]
    return x if isinstance(x, Tensor) and x.op is None and x.requires_grad else None


def _is_turned(x: Any) -> bool:
    return isinstance(x, Tensor) and x.op is ops.transpose


def weights_of(forward: Forward) -> set[str]:
    """The parameters that matrix products read."""
    factors = [_parameter(x) for node in forward.order if node.op in (ops.matmul, ops.affine) for x in node.inputs[:2]]
    return {forward.named[x] for x in factors if x is not None}


def turned_by_samples(forward: Forward, weights: Iterable[str]) -> set[str]:
    """What is transposed where samples are: every matrix but the weights, and the biases."""
    computed = {name for x, name in forward.named.items() if x.ndim == 2}
    constants = {name for name, x in forward.given.items() if np.ndim(x) == 2}
    biases = {name for x, name in forward.named.items() if x.ndim == 1 and x.op is None and x.requires_grad}
    return (computed | constants | biases) - set(weights)
