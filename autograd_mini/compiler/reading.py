"""What reads the inputs of a program at each call: a generated expression, because small programs are short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.sources import Argument, Outside, Pack

Reader = Callable[[Sequence[Any], Any], Sequence[Any]]


def reader(sources: Sequence[Any]) -> Reader:
    """A function of the leaves of the arguments and the optimiser, which gives the value of each source in order."""
    scope: dict[str, Any] = {"array": np.array}
    texts = [_text(source, scope) for source in sources]
    made: Reader = eval(f"lambda leaves, optimiser: [{', '.join(texts)}]", scope)
    return made


def _text(source: Any, scope: dict[str, Any]) -> str:
    """The expression that reads a source; what it names is put into its scope."""
    if isinstance(source, Argument):
        return f"leaves[{source.position}]" + "._data" * source.tensor
    if isinstance(source, Outside):
        name = f"tensor_{len(scope)}"
        scope[name] = source.tensor
        return f"{name}._data"
    if isinstance(source, Pack):
        name = f"read_{len(scope)}"
        scope[name] = reader(source.sources)
        return f"array({name}(leaves, optimiser))"
    name = f"name_{len(scope)}"
    scope[name] = source.name
    return f"getattr(optimiser, {name})"
