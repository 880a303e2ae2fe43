"""What a function can read besides its arguments: every place, found by walking from the function.

Read are closure cells, globals that the code names, defaults, `__self__`, what a decorator or a `functools.partial`
wraps, and from there on lists, tuples, dicts, sets, the attributes and classes of instances, further functions, and the
attributes of the user's modules that the code names. Functions, classes and modules of Python, of installed packages
and of this project are not looked into, apart from closures; nor are instances of NumPy's, Python's and our own
classes. What code finds by other ways (files, `globals()`, iterators that move on) is not seen.
"""

from __future__ import annotations

from typing import Any

from autograd_mini.compiler.guards.objects import places
from autograd_mini.compiler.guards.reached import Reached
from autograd_mini.compiler.guards.readers import Reader
from autograd_mini.compiler.guards.sameness import PLAIN


def reachable(value: Any, path: str | None = None) -> list[Reached]:
    """Every place that a function can read besides its arguments, each once, from the outside in.

    `value` may also be another object, a container say; `path` is what the places' paths begin with.

    >>> settings = {"rate": 0.1}
    >>> last = reachable(lambda x: settings["rate"] * x)[-1]
    >>> last.path_of(0), last.parts
    ("settings['rate']", (0.1,))
    """
    seen: dict[int, Any] = {}  # with the objects: an identity is one only while its object lives
    found: dict[tuple[int, Reader, int], Reached] = {}
    waiting = [(value, label(value) if path is None else path)]
    while waiting:
        value, path = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            own = list(places(value, path))
            for place in own:
                found.setdefault((id(place.owner), place.reader, id(place.key)), place)
            waiting += [part for place in reversed(own) for part in _parts_to_walk(place)]
    return list(found.values())


def label(value: Any) -> str:
    """What a message calls a function, or an object that is called like one."""
    return str(getattr(value, "__name__", type(value).__name__))


def _parts_to_walk(place: Reached) -> list[tuple[Any, str]]:
    """Last first, for a stack. Plain values lead nowhere, and there may be very many of them."""
    inner = [(part, position) for position, part in enumerate(place.parts) if type(part) not in PLAIN]
    return [(part, place.path_of(position)) for part, position in reversed(inner)]
