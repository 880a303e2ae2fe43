"""Where the inputs of a program come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograd_mini.state import Buffer
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
    """A Tensor that the function reads from outside: its data are read at each call."""

    tensor: Tensor

    @property
    def requires_grad(self) -> bool:
        """Whether it gets a gradient."""
        return self.tensor.requires_grad

    def __str__(self) -> str:
        return "leaf from outside"


class _Constant:
    """A source that never gets a gradient."""

    requires_grad = False


@dataclass(frozen=True, eq=False)
class State(_Constant):
    """The value of a buffer, which the program may replace."""

    buffer: Buffer

    def __str__(self) -> str:
        return "buffer"


@dataclass(frozen=True, eq=False)
class Draw(_Constant):
    """Random numbers that are drawn at each call: `method(*arguments, **settings)` of a generator.

    The generator is itself, or the position of an argument.
    """

    generator: Any
    method: str
    arguments: tuple[Any, ...]
    settings: Mapping[str, Any]

    def drawn(self, leaves: Any) -> Any:
        """The numbers of one call, given the leaves of its arguments."""
        generator = leaves[self.generator] if isinstance(self.generator, int) else self.generator
        return getattr(generator, self.method)(*self.arguments, **self.settings)

    def __str__(self) -> str:
        return f"random {self.method}"


@dataclass(frozen=True, eq=False)
class Setting(_Constant):
    """A number of an optimiser's group of parameters: its step size, say."""

    group: Mapping[str, Any]
    name: str

    def __str__(self) -> str:
        return f"the optimiser's {self.name}"


@dataclass(frozen=True, eq=False)
class Count(_Constant):
    """How many steps of an optimiser there are with this one."""

    steps: Buffer

    def __str__(self) -> str:
        return "the number of this step"


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

    >>> a, b = Argument(0, False), Argument(1, False)
    >>> entries(Pack((a, b))) == (a, b), entries(a) == (a,)
    (True, True)
    """
    return source.sources if isinstance(source, Pack) else (source,)
