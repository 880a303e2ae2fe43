"""What a traced function read, and whether it is still the same.

`Guard` is asked before every call of a program: a generated function reads each place again, and compares.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Any

from autograd_mini.compiler import reach
from autograd_mini.compiler.reach import ABSENT, Place, all_same, is_plain, same

_UNROLLED = 32  # longer ones are compared in a loop: their generated code would take longer to compile than it saves


class Guard:
    """Whether the places that a function has read are what they were when the guard was made.

    Numbers, strings, None and tuples of them are compared by type and value; all other objects by identity. The guard
    keeps what it compares with alive.

    >>> rate = [0.1]
    >>> guard = Guard(reach.what_may_be_read((lambda w: w - rate[0] * w, "step")))
    >>> guard.broken()
    >>> rate[0] = 0.2
    >>> guard.broken()
    'rate[0] changed from 0.1 to 0.2'
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = [place for place in places if place.reader not in (reach.FIXED, reach.FIXED_ITEMS)]
        self.source, names = emit(self.places)
        exec(compile(self.source, "<guard>", "exec"), names)
        self.unchanged: Callable[[], bool] = names["unchanged"]
        """Whether everything is as it was: the quick question of `broken`."""

    def broken(self) -> str | None:
        """The first change in a few words, or None if everything is as it was."""
        if self.unchanged():
            return None
        return next(filter(None, map(difference, self.places)), "something that it reads changed for a moment")


def emit(places: list[Place]) -> tuple[str, dict[str, Any]]:
    """The source of `unchanged()`, and the names that it uses. Nothing of the user's is in the text."""
    names: dict[str, Any] = {"same": same, "all_same": all_same, **reach.NAMES_IN_SOURCE}
    lines, last_owner = [], None
    for number, place in enumerate(places):
        if ".__dict__" in place.reader and place.owner is not last_owner:  # looked up once for all its attributes
            lines.append(f"own = owner{number}.__dict__")
            last_owner = place.owner
        lines += _check(number, place, names)
    # A place may be gone (AttributeError, KeyError), or have another number of parts (ValueError).
    last = ["        return True", "    except (AttributeError, KeyError, ValueError):", "        return False", ""]
    return "\n".join(["def unchanged():", "    try:", *(f"        {line}" for line in lines), *last]), names


def _check(number: int, place: Place, names: dict[str, Any]) -> Iterator[str]:
    owner, key, part = f"owner{number}", f"key{number}", f"part{number}"
    names |= {owner: place.owner, key: place.key}
    source, parts = place.reader.replace("{owner}.__dict__", "own").format(owner=owner, key=key), place.parts
    if not source.startswith("*"):
        names[part] = parts[0]
        differs = f"(x := {source}) is not {part} and not same(x, {part})"
        yield f"if {differs if is_plain(parts[0]) else f'{source} is not {part}'}: return False"
    elif place.reader in reach.KEYS and all(type(x) is str for x in parts):
        names[part] = [*parts]
        yield f"if [{source}] != {part}: return False"
    elif len(parts) > _UNROLLED:
        names[part] = parts
        yield f"if not all_same([{source}], {part}): return False"
    else:
        found = {f"x{i}": f"{part}_{i}" for i in range(len(parts))}
        names |= zip(found.values(), parts)
        yield f"[{', '.join(found)}] = {source[1:]}"
        yield from (f"if {x} is not {old} and not same({x}, {old}): return False" for x, old in found.items())


def difference(place: Place) -> str | None:
    """What is no longer as it was at a place, in a few words; None if nothing."""
    parts, current = place.parts, place.current()
    if all_same(current, parts):
        return None
    pairs = [*zip_longest(parts, current, fillvalue=ABSENT)]
    position, (old, new) = next((i, pair) for i, pair in enumerate(pairs) if not same(*pair))
    if place.reader in (reach.CONTENT, reach.FORM):
        return f"{place.path} changed"
    if place.reader == reach.FLAGS and new == "hooks":
        return f"{place.path.removesuffix('.requires_grad')} has a hook now"
    if place.reader in reach.KEYS:
        return _of_keys(place, old, new, len(current) - len(parts))
    if len(current) != len(parts):
        return f"{place.path} has {len(current)} item{'s' * (len(current) != 1)}, had {len(parts)}"
    return _change(place.path_of(position), old, new)


def _of_keys(place: Place, old: Any, new: Any, more: int) -> str:
    if more == 0:
        return f"the keys of {place.path} changed: {reprlib.repr(new)} stands where {reprlib.repr(old)} was"
    return f"{place.part(new)} was added" if more > 0 else f"{place.part(old)} is gone"


def _change(path: str, old: Any, new: Any) -> str:
    if new is ABSENT or old is ABSENT:
        return f"{path} is gone" if new is ABSENT else f"{path} was added"
    if is_plain(old) and is_plain(new):
        return f"{path} changed from {reprlib.repr(old)} to {reprlib.repr(new)}"
    return f"{path} was replaced"
