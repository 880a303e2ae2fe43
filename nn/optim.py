"""Optimisers: they read `.grad` and change `.data`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_mini import Tensor


class SGD:
    """Gradient descent: each step subtracts rate times the gradient (004_3fd59ef6bf62b8c0.txt, eq. 6.23).

    Raises ValueError for no parameters, one given twice or one that can't be written to, or a rate that is not a
    positive number; TypeError for a parameter that is not a leaf Tensor with a gradient.

    >>> w = Tensor(1.0)
    >>> optimiser = SGD([w], rate=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w
    Tensor(0.8)
    """

    numbers = ("rate",)
    """What `update` takes besides the parameter and its gradient."""

    def __init__(self, parameters: Iterable[Tensor], rate: float) -> None:
        self.parameters = _checked_parameters(parameters)
        self.rate = rate

    @property
    def rate(self) -> float:
        """The step size, a positive number; it may be set between steps."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = _checked_rate(value)

    @staticmethod
    def update(parameter: Any, slope: Any, rate: Any) -> Any:
        """The new value of a parameter, in operations that a compiled step can write out: parameter - rate * slope."""
        return parameter - rate * slope

    def step(self) -> None:
        """Update the parameters that have a gradient, in place; RuntimeError if none has one."""
        rate, updated = self._rate, False
        for parameter in self.parameters:
            slope = parameter.grad
            if slope is None:
                continue
            data, updated = parameter.data, True
            if data.ndim:  # as `update`, without a new array for the result
                data -= rate * slope
            else:
                parameter.data = data - rate * slope
        if not updated:
            raise RuntimeError("SGD.step: no parameter has a gradient; call loss.backward() first")

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next `backward()` starts anew."""
        for parameter in self.parameters:
            parameter.zero_grad()


def _checked_parameters(parameters: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        kind = type(parameters).__name__
        raise TypeError(
            f"SGD: expected a list of Tensors, got {kind}; write SGD([w], rate) or SGD(model.parameters(), rate)"
        )
    checked = list(parameters)
    if not checked:
        raise ValueError("SGD: there are no parameters; does the model store its Tensors in attributes?")
    for parameter in checked:
        if not isinstance(parameter, Tensor) or parameter.op is not None or not parameter.requires_grad:
            raise TypeError(f"SGD: {parameter!r} is not a leaf Tensor that requires a gradient")
        if parameter.shape and not parameter.data.flags.writeable:
            raise ValueError(f"SGD: the data of {parameter!r} can't be written; make it with Tensor(...), which copies")
    if len(set(checked)) < len(checked):
        raise ValueError("SGD: a parameter is given twice, and would be updated twice a step")
    return checked


def _checked_rate(rate: Any) -> float:
    if not isinstance(rate, (int, float, np.floating)) or not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"SGD: the rate is a positive number, got {rate!r}")
    return float(rate)
