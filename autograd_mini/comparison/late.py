"""The gradients that a rule gives which reads parameters after their own updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.recompute import Arithmetic, Moves, as_float64, backward, forward
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


def late_gradients(order: Sequence[Tensor], node: Tensor, new: Mapping[Tensor, Array]) -> Iterator[Late]:
    """The gradients by `node` with each parameter moved, then all of them; on the way back only, then both ways."""
    everyone = tuple(new)
    choices = [(x,) for x in everyone[:MOST]] + ([everyone] if len(everyone) > 1 else [])
    arithmetic = Arithmetic(np.float64)
    old = forward(order, arithmetic)
    for moved in choices:
        moves = _moves(order, {x: new[x] - x.numpy().astype(np.float64) for x in moved})
        for values in (old, forward(order, arithmetic, moves)):
            found = backward(order, values, arithmetic, moves)
            if node in found:
                yield Late(moved, values is not old, as_float64(found[node]))


def _moves(order: Sequence[Tensor], shifts: Mapping[Tensor, Array]) -> Moves:
    """The shifts as those nodes see them that read a moved parameter."""
    users = [node for node in order if any(isinstance(x, Tensor) and x in shifts for x in node.inputs)]
    return {node: [shifts.get(x) if isinstance(x, Tensor) else None for x in node.inputs] for node in users}
