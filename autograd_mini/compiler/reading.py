"""What calls a program: generated too, because it reads every input, and small programs are short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.sources import Argument, Count, Draw, Outside, Pack, Setting, State

Caller = Callable[[Sequence[Any], Sequence[Any], Any], Sequence[Any]]


def caller(function: Callable[..., Any], sources: Sequence[Any], draws: Sequence[Draw]) -> Caller:
    """What calls `function` with the value of each source, given leaves of the arguments, what is drawn, and memory.

    An argument that can't be written may be a gradient that the program is about to overwrite, and is copied then.
    """
    reader = _Reader(draws)
    texts = [reader.text(source) for source in sources]
    arrays = [text for text, s in zip(texts, sources) if isinstance(s, Argument) and not s.scalar]
    writeable = " and ".join(f"{text}.flags.writeable" for text in arrays) or "True"
    text = f"""def call(leaves, drawn, workspace):
    if {writeable}:
        return function({", ".join([*texts, "workspace.arrays"])})
    return function(*map(workspace.apart, ({"".join(text + ", " for text in texts)})), workspace.arrays)
"""
    scope: dict[str, Any] = {"function": function, **reader.scope}
    exec(text, scope)
    made: Caller = scope["call"]
    return made


class _Reader:
    """Expressions that read sources; what they name is in the scope."""

    def __init__(self, draws: Sequence[Draw]) -> None:
        self.scope: dict[str, Any] = {"array": np.array}
        self._draws = {draw: position for position, draw in enumerate(draws)}

    def text(self, source: Any) -> str:
        """The expression that reads a source."""
        if isinstance(source, Argument):
            if source.tensor:
                return f"leaves[{source.position}]._data"
            # A 0-d array as the scalar that a Tensor would hold: NumPy's loops for the two differ in the last bit.
            return f"leaves[{source.position}]" + "[()]" * source.scalar
        if isinstance(source, Pack):
            return f"array({self._several(source.sources)}(leaves, drawn))"
        return self._outside(source)

    def _outside(self, source: Any) -> str:
        if isinstance(source, Draw):
            return f"drawn[{self._draws[source]}]"
        if isinstance(source, Setting):
            return f"float({self._named(source.group)}[{self._named(source.name)}])"
        if isinstance(source, State):
            return f"{self._named(source.buffer)}.held._data"
        if isinstance(source, Count):
            return f"{self._named(source.steps)}.held._data.item() + 1"
        assert isinstance(source, Outside)
        return f"{self._named(source.tensor)}._data"

    def _several(self, sources: Sequence[Any]) -> str:
        """The name of a function that gives the value of each source in order."""
        texts = ", ".join(map(self.text, sources))
        return self._named(eval(f"lambda leaves, drawn: [{texts}]", self.scope))

    def _named(self, value: Any) -> str:
        name = f"k{len(self.scope)}"
        self.scope[name] = value
        return name
