"""What calls a program: generated too, because it reads every input, and small programs are short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.sources import Argument, Outside, Pack

Reader = Callable[[Sequence[Any], Any], Sequence[Any]]
Caller = Callable[[Sequence[Any], Any, Any], Sequence[Any]]


def caller(function: Callable[..., Any], sources: Sequence[Any]) -> Caller:
    """What calls `function` with the value of each source, given the leaves of the arguments, optimiser and workspace.

    An argument that can't be written may be a gradient that the program is about to overwrite, and is copied then.
    """
    scope: dict[str, Any] = {"array": np.array, "function": function}
    texts = [_text(source, scope) for source in sources]
    arrays = [text for text, s in zip(texts, sources) if isinstance(s, Argument) and not s.scalar]
    writeable = " and ".join(f"{text}.flags.writeable" for text in arrays) or "True"
    text = f"""def call(leaves, optimiser, workspace):
    if {writeable}:
        return function({", ".join([*texts, "workspace.arrays"])})
    return function(*map(workspace.apart, ({"".join(text + ", " for text in texts)})), workspace.arrays)
"""
    exec(text, scope)
    made: Caller = scope["call"]
    return made


def _reader(sources: Sequence[Any]) -> Reader:
    """A function of the leaves and the optimiser, which gives the value of each source in order."""
    scope: dict[str, Any] = {"array": np.array}
    texts = [_text(source, scope) for source in sources]
    made: Reader = eval(f"lambda leaves, optimiser: [{', '.join(texts)}]", scope)
    return made


def _text(source: Any, scope: dict[str, Any]) -> str:
    """The expression that reads a source; what it names is put into its scope."""
    if isinstance(source, Argument):
        if source.tensor:
            return f"leaves[{source.position}]._data"
        # A 0-d array as the scalar that a Tensor would hold: NumPy's loops for the two differ in the last bit.
        return f"leaves[{source.position}]" + "[()]" * source.scalar
    if isinstance(source, Outside):
        return f"{_named(source.tensor, scope)}._data"
    if isinstance(source, Pack):
        return f"array({_named(_reader(source.sources), scope)}(leaves, optimiser))"
    return f"getattr(optimiser, {_named(source.name, scope)})"


def _named(value: Any, scope: dict[str, Any]) -> str:
    name = f"k{len(scope)}"
    scope[name] = value
    return name
