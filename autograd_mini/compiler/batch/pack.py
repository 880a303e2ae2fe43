"""Many scalar inputs of a program as one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Pack:
    """The source of a vector input: the sources of the scalars that it is filled from, in order.

    Either all of them are trainable, and the vector's gradient holds theirs, or none is.
    """

    sources: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"pack of {len(self.sources)}"
