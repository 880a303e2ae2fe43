"""One hand-derived gradient, with all that is needed to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autograd_mini.checks import Array
from autograd_mini.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Case:
    """A gradient that was derived by hand, beside the true one."""

    loss: Tensor
    node: Tensor
    """Whose gradient was derived: a leaf or an intermediate."""
    name: str
    hand: Array
    """A float64 copy of what the student gave, of any shape."""
    gradient: Array
    """The true gradient in float64, in the shape of the node."""
    noise: Array
    """Per entry, how far rounding alone may take a correct derivation."""
    kinks: Array
    """A mask of the shape of the node: the entries that depend on a kink or tie here."""
    given: Mapping[Tensor, Array]
    """All the other hand-derived arrays of the same comparison."""
