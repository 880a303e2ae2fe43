"""A place that a function can read: what is there, how it is read again, what a message calls it."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd_mini.compiler.guards import readers
from autograd_mini.compiler.guards.readers import Reader
from autograd_mini.compiler.guards.sameness import ABSENT

_LONG = 400  # the paths of a list linked 100 000 times would fill the memory

Style = Callable[[str, Any], str]
"""What a message calls a part, from the path of its owner and the part's label."""


def whole(path: str, label: Any) -> str:
    """The part is all that the path leads to."""
    return path


def by_name(path: str, label: Any) -> str:
    """The part is a variable with a name of its own."""
    return str(label)


def by_key(path: str, label: Any) -> str:
    """The part is an item: `layers[0]`."""
    return f"{path}[{reprlib.repr(label)}]"


def by_attribute(path: str, label: Any) -> str:
    """The part is an attribute: `model.weight`."""
    return f"{path}.{label}"


class Reached(NamedTuple):
    """A place that a function can read: how it is read, and the parts that were there."""

    path: str
    reader: Reader
    owner: Any
    key: Any
    parts: tuple[Any, ...]
    style: Style = whole
    labels: Sequence[Any] = ()

    def path_of(self, position: int) -> str:
        """What a message calls one of the parts: `model.layers[0]`."""
        path = self.style(self.path, self.labels[position]) if self.labels else self.path
        return path if len(path) < _LONG else f"{path[: _LONG // 2]}...{path[-_LONG // 4 :]}"

    def current(self) -> tuple[Any, ...]:
        """The parts that are there now; ABSENT where there is nothing to read any more."""
        try:
            return self.reader.read(self.owner, self.key)
        except (AttributeError, ValueError):
            return (ABSENT,)


def place(path: str, reader: Reader, owner: Any, key: Any = None, style: Style = whole, labels: Any = ()) -> Reached:
    """A place, with the parts that are there now."""
    return Reached(path, reader, owner, key, reader.read(owner, key), style, labels)


def fixed(path: str, parts: Sequence[Any], style: Style = whole, labels: Any = ()) -> Reached:
    """A place, with the parts that are there now."""
    return Reached(path, readers.FIXED, None, tuple(parts), tuple(parts), style, labels)


def attributes(value: Any, path: str) -> Iterator[Reached]:
    """The attributes in the `__dict__` of an object."""
    names = tuple(value.__dict__)
    yield place(path, readers.NAMES, value, None, by_attribute, names)
    yield place(path, readers.ATTRIBUTES, value, None, by_attribute, names)
