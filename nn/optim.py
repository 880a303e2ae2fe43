"""Optimisers: they read `.grad` and change `.data`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autograd_mini import Tensor


class SGD:
    """Gradient descent: each step subtracts rate times the gradient (004_3fd59ef6bf62b8c0.txt, eq. 6.23).

    Raises ValueError for no parameters or a rate that is not a positive number, TypeError for a parameter that is not a
    leaf Tensor with a gradient.

    >>> w = Tensor(1.0)
    >>> optimiser = SGD([w], rate=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w
    Tensor(0.8)
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float) -> None:
        self.parameters = _checked_parameters(parameters)
        self.rate = _checked_rate(rate)

    def step(self) -> None:
        """Update the parameters that have a gradient, in place; RuntimeError if none has one."""
        if all(parameter.grad is None for parameter in self.parameters):
            raise RuntimeError("SGD.step: no parameter has a gradient; call loss.backward() first")
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.data -= self.rate * parameter.grad

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next `backward()` starts anew."""
        for parameter in self.parameters:
            parameter.zero_grad()


def _checked_parameters(parameters: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        raise TypeError("SGD: expected a list of Tensors, got one; write SGD([w], rate)")
    checked = list(parameters)
    if not checked:
        raise ValueError("SGD: there are no parameters; does the model store its Tensors in attributes?")
    for parameter in checked:
        if not isinstance(parameter, Tensor) or parameter.op is not None or not parameter.requires_grad:
            raise TypeError(f"SGD: {parameter!r} is not a leaf Tensor that requires a gradient")
    return checked


def _checked_rate(rate: Any) -> float:
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"SGD: the rate is a positive number, got {rate!r}")
    return float(rate)
