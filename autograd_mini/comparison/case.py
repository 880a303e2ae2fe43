"""One hand-derived gradient beside the true one, with all that a diagnosis needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Case:
    """What was derived by hand for one node of a graph, and what is true."""

    loss: Tensor
    node: Tensor
    """Whose gradient was derived by hand: a leaf or an intermediate."""
    name: str
    hand: np.ndarray
    """A float64 copy of what was derived by hand, of any shape."""
    gradient: np.ndarray
    """The true gradient in float64, in the shape of the node."""
    noise: np.ndarray
    """How far rounding alone may take each entry of a correct derivation."""
    kinks: np.ndarray
    """Which entries depend on a kink or a tie here."""
    given: Mapping[Tensor, Array]
    """All the other hand-derived arrays of the same comparison."""
