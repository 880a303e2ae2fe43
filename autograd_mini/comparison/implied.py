"""The gradient that an update of a parameter implies, and how exactly it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.verdicts import FACTOR
from autograd_mini.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Update:
    """One parameter with what the rule makes of it."""

    node: Tensor
    new: Array
    rate: float

    @property
    def blur(self) -> Array:
        """How far rounding of W_new takes the implied gradient."""
        kinds = [x for x in (self.node.dtype, self.new.dtype) if x.kind == "f"]
        epsilon = max(float(np.finfo(x).eps) for x in kinds)
        size: Array = np.maximum(np.abs(self.node.numpy()), np.abs(self.new)).astype(np.float64)
        return FACTOR * epsilon * size / self.rate

    def gradient(self, automatic: Array) -> Array:
        """The implied gradient; autodiff's own where a step along it gives the same bits."""
        old = self.node.numpy()
        implied = (old.astype(np.float64) - self.new) / self.rate
        implied = implied.astype(self.new.dtype) if self.new.dtype.kind == "f" else implied
        return np.where(old - self.rate * automatic == self.new, automatic, implied)
