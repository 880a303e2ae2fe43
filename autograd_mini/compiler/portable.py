"""Whether programs made elsewhere are those of a function here."""

from __future__ import annotations

from types import CodeType, ModuleType
from typing import Any

from autograd_mini.compiler.guards import Guard
from autograd_mini.compiler.guards.sameness import is_plain


def fingerprint(guard: Guard) -> Any:
    """What a function reads, in a form that can be compared in another process; None if it reads objects.

    Objects, Tensors and arrays arrive as copies or not at all, so that programs which read them can't travel.
    """
    found = [[_described(part) for part in place.parts] for place in guard.places]
    return None if any(None in parts for parts in found) else found


def _described(part: Any) -> Any:
    """A text that is the same for the same code, module or plain value; None for anything else."""
    if isinstance(part, CodeType):
        constants = [_described(x) or repr(x) for x in part.co_consts]
        return repr((part.co_code, part.co_names, part.co_varnames, constants))
    if isinstance(part, ModuleType):
        return f"module {part.__name__}"
    return f"{type(part).__name__} {part!r}" if is_plain(part) else None
