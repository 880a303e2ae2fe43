"""A training problem, and how autograd-mini takes its steps: eagerly, and compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from measure import Run, each

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Problem:
    """Gradient descent on `loss(*inputs)`, which reads the `parameters`."""

    loss: Callable[..., Tensor]
    parameters: list[Tensor]
    inputs: tuple[Array, ...]
    rate: float

    def arrays(self) -> list[Array]:
        """The parameters as arrays of one's own."""
        return [parameter.numpy() for parameter in self.parameters]


def eager(problem: Problem) -> Run:
    """The graph is recorded anew in each step."""
    optimiser = nn.SGD(problem.parameters, lr=problem.rate)
    objective, inputs = problem.loss, problem.inputs

    def step() -> float:
        loss = objective(*inputs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return each(step)


def compiled(problem: Problem) -> Run:
    """Loss, gradients and update are one generated function."""
    train = ag.compile(problem.loss, optimiser=nn.SGD(problem.parameters, lr=problem.rate))
    inputs = problem.inputs
    return each(lambda: float(train.step(*inputs)))
