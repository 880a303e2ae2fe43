"""Guard: notices when something that a function reads from outside is no longer what it was.

A compiled program is a snapshot of what its function read, so the guard is asked before every call: it is a generated
function that reads each place again and compares, mostly by identity. Only when it says no are the places gone through
one by one, to name the change.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from operator import is_
from typing import Any

from autograd_mini.compiler.guards import readers
from autograd_mini.compiler.guards.reachable import reachable
from autograd_mini.compiler.guards.reached import Reached, place
from autograd_mini.compiler.guards.sameness import ABSENT, is_plain, same

_UNROLLED = 32  # longer ones are compared in a loop: their generated code would take longer to compile than it saves


class Guard:
    """What a function could read from outside when the guard was made, and whether it still reads the same.

    Numbers, strings, None and tuples of them are compared by type and value; all other objects by identity, and by
    what is in them where the walk of `reachable` looks into them. The content of an array and the data of a Tensor may
    change: programs read them at each call. `further` tells of each other place its path, reader, owner and key. The
    guard keeps what it compares with alive.

    >>> rate = [0.1]
    >>> guard = Guard(lambda w: w - rate[0] * w)
    >>> guard.broken()
    >>> rate[0] = 0.2
    >>> guard.broken()
    'rate[0] changed from 0.1 to 0.2'
    """

    def __init__(self, function: Any, further: Iterable[tuple[Any, ...]] = ()) -> None:
        self._function = function
        self._further = list(further)
        self._remember()

    def renew(self) -> None:
        """Take what the function reads now for what it shall read, if that is something else."""
        if self.broken() is not None:
            self._remember()

    def _remember(self) -> None:
        self.places = [reached for reached in reachable(self._function) if reached.reader is not readers.FIXED]
        self.places += [place(*how) for how in self._further]
        self.source, names = emit(self.places)
        exec(compile(self.source, "<guard>", "exec"), names)
        self.unchanged: Callable[[], bool] = names["unchanged"]
        """Whether everything is as it was: the quick question of `broken`."""

    def broken(self) -> str | None:
        """The first change in a few words, or None if everything is as it was."""
        if self.unchanged():
            return None
        return next(filter(None, map(_difference, self.places)), None)


# ------------------------------------------------------------------------------------------ the generated check


class _Constants:
    """The objects that generated code refers to: by numbered names, as their own names may be anything."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"same": same, "all_same": _all_same, **readers.NAMES_IN_SOURCE}
        self._of: dict[int, str] = {}

    def name(self, value: Any) -> str:
        """The name of an object; the same for the same object, which is kept alive."""
        if id(value) not in self._of:
            self._of[id(value)] = f"k{len(self._of)}"
            self.names[self._of[id(value)]] = value
        return self._of[id(value)]


def emit(places: list[Reached]) -> tuple[str, dict[str, Any]]:
    """The source of `unchanged()`, and the names that it uses. Nothing of the user's is in the text."""
    constants = _Constants()
    lines = [f"        {line}" for place in places for line in _check(place, constants)]
    # A place may be gone (AttributeError), or have another number of parts (ValueError).
    last = ["        return True", "    except (AttributeError, ValueError):", "        return False", ""]
    return "\n".join(["def unchanged():", "    try:", *lines, *last]), constants.names


def _check(place: Reached, constants: _Constants) -> Iterator[str]:
    owner, key = constants.name(place.owner), constants.name(place.key)
    source = place.reader.source.format(owner=owner, key=key)
    if len(place.parts) > _UNROLLED:
        yield f"if not all_same({source}, {constants.name(place.parts)}): return False"
        return
    found = [f"x{position}" for position in range(len(place.parts))]
    yield f"[{', '.join(found)}] = {source}" if place.reader.many else f"x0 = {source}"
    changed = [_changed(name, part, constants) for name, part in zip(found, place.parts)]
    if changed:
        yield f"if {' or '.join(changed)}: return False"


def _changed(name: str, part: Any, constants: _Constants) -> str:
    constant = constants.name(part)
    return f"{name} is not {constant}" + (f" and not same({name}, {constant})" if is_plain(part) else "")


def _all_same(current: Any, parts: tuple[Any, ...]) -> bool:
    items = tuple(current)
    return len(items) == len(parts) and (all(map(is_, items, parts)) or all(map(same, items, parts)))


# --------------------------------------------------------------------------------------------- the explanation


def _difference(place: Reached) -> str | None:
    parts, current = place.parts, place.current()
    if place.reader in readers.KEY_READERS:
        return _difference_of_keys(place, current)
    if len(current) != len(parts):
        return f"{place.path} has {_count(len(current))}, had {len(parts)}"
    changes = zip(range(len(parts)), parts, current)
    return next((_change(place.path_of(i), old, new) for i, old, new in changes if not same(old, new)), None)


def _difference_of_keys(place: Reached, current: tuple[Any, ...]) -> str | None:
    pairs = zip_longest(place.parts, current, fillvalue=ABSENT)
    old, new = next(((old, new) for old, new in pairs if not same(old, new)), (None, None))
    if old is new:
        return None
    if len(current) > len(place.parts):
        return f"{place.style(place.path, new)} was added"
    if len(current) < len(place.parts):
        return f"{place.style(place.path, old)} is gone"
    return f"the keys of {place.path} changed: {reprlib.repr(new)} stands where {reprlib.repr(old)} was"


def _change(path: str, old: Any, new: Any) -> str:
    if new is ABSENT:
        return f"{path} is gone"
    if old is ABSENT:
        return f"{path} was added"
    if is_plain(old) and is_plain(new):
        return f"{path} changed from {reprlib.repr(old)} to {reprlib.repr(new)}"
    return f"{path} was replaced"


def _count(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"
