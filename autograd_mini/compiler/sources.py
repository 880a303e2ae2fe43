"""Where the inputs of a program come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class Argument:
    """An array, NumPy scalar or Tensor that comes with the call, at a position among the leaves of its arguments."""

    position: int
    requires_grad: bool
    tensor: bool = False
    """Whether it is a Tensor."""
    scalar: bool = False
    """Whether its shape is ()."""

    def __str__(self) -> str:
        return f"argument {self.position}"


@dataclass(frozen=True, eq=False)
class Outside:
    """A leaf Tensor that the function reads from outside: its data are read at each call."""

    tensor: Tensor

    @property
    def requires_grad(self) -> bool:
        """Whether it gets a gradient."""
        return self.tensor.requires_grad

    def __str__(self) -> str:
        return "leaf from outside"


@dataclass(frozen=True)
class Setting:
    """A number of the optimiser: its step size, say."""

    name: str

    @property
    def requires_grad(self) -> bool:
        """Never."""
        return False

    def __str__(self) -> str:
        return f"the optimiser's {self.name}"


@dataclass(frozen=True, eq=False)
class Pack:
    """A vector that is filled from scalars, either all of which get gradients or none."""

    sources: tuple[Any, ...]

    @property
    def requires_grad(self) -> bool:
        """Whether its entries get gradients."""
        return bool(self.sources[0].requires_grad)

    def __str__(self) -> str:
        return f"{len(self.sources)} scalars"


def entries(source: Any) -> tuple[Any, ...]:
    """The sources of the scalars that a pack is filled from; of any other source itself.

    >>> a, b = Setting("rate"), Setting("decay")
    >>> entries(Pack((a, b))) == (a, b), entries(a) == (a,)
    (True, True)
    """
    return source.sources if isinstance(source, Pack) else (source,)
