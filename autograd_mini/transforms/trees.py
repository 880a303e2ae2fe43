"""Containers: nested lists, tuples, namedtuples and dicts, taken apart into leaves and put together again."""

from __future__ import annotations

import copy
import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

_LONG = 400  # the paths of leaves nested 100 000 deep would fill the memory
_CONTAINERS = (list, tuple, dict)


class Leaf(NamedTuple):
    """What a container holds that is no container, and where: `Leaf("['w'][0]", 2.0)`."""

    path: str
    value: Any


_Branches = list[tuple[str, Any]]
"""The children of a container, each with its place in there: `("['w']", 2.0)`."""


def flatten(tree: Any, path: str = "", shared: bool = False) -> tuple[list[Leaf], Callable[[Iterable[Any]], Any]]:
    """The leaves of a container, and the function that builds the same container around other leaves.

    Anything but a list, tuple or dict is a leaf. Paths start with `path`; long ones are cut in the middle. With
    `shared`, one container that stands in two places is one again when it is built.

    Raises ValueError for a container that holds itself.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0}, "params")
    >>> [leaf.path for leaf in leaves]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    >>> rebuild([4.0, 5.0, 6.0])
    {'w': [4.0, 5.0], 'b': 6.0}
    """
    return _leaves(tree, path), functools.partial(_rebuilt, tree, shared)


def children(container: Any) -> list[Any]:
    """What a list, tuple or dict holds, read by its own methods: those of a user's subclass may do anything."""
    return [child for _, child in items(container)] if isinstance(container, dict) else [*_listed(container)]


def items(mapping: Any) -> Iterable[tuple[Any, Any]]:
    """The keys and values of a dict, in its order."""
    return (OrderedDict if isinstance(mapping, OrderedDict) else dict).items(mapping)


def _listed(sequence: Any) -> Iterable[Any]:
    return (list if isinstance(sequence, list) else tuple).__iter__(sequence)


def matching(tree: Any, other: Any, path: str) -> list[Leaf]:
    """The parts of `other` that stand where `tree` has its leaves, in the order of `tree`.

    Raises ValueError, which names the place, where `other` has no such part or more parts than `tree`.

    >>> matching({"w": 1.0, "b": 2.0}, {"b": 3.0, "w": 4.0}, "tangents")
    [Leaf(path="tangents['w']", value=4.0), Leaf(path="tangents['b']", value=3.0)]
    """
    found, remaining = [], [other]
    for place, part, branches in _parts(tree, path):
        counterpart = remaining.pop()
        if branches is None:
            found.append(Leaf(place, counterpart))
        else:
            remaining += reversed(_same_branches(place, part, branches, counterpart))
    return found


def _same_branches(path: str, tree: Any, branches: _Branches, other: Any) -> list[Any]:
    """The children of `other`, in the order of those of `tree`."""
    others = dict(_branches(other) or ())
    if others.keys() != dict(branches).keys() or _branches(other) is None:
        raise ValueError(f"{path}: expected {_outline(tree)}, got {_outline(other)}")
    return [others[label] for label, _ in branches]


def _parts(tree: Any, path: str) -> Iterator[tuple[str, Any, _Branches | None]]:
    """A container and all within it, each before its children, with its path and its branches."""
    stack = [(path, tree, 0)]
    around: dict[int, Any] = {}  # the containers that hold the present one, the outermost first
    while stack:
        path, part, depth = stack.pop()
        branches = _branches(part)
        yield path, part, branches
        if branches is not None:
            while len(around) > depth:
                around.popitem()
            if id(part) in around:
                raise ValueError(f"{path}: the {type(part).__name__} holds itself, so that its leaves have no end")
            around[id(part)] = part
            path = _shortened(path)
            stack += [(path + label, child, depth + 1) for label, child in reversed(branches)]


def _shortened(path: str) -> str:
    return path if len(path) < _LONG else f"{path[: _LONG // 2]}...{path[-_LONG // 4 :]}"


def _branches(tree: Any) -> _Branches | None:
    """The children of a container with their places; None for a leaf."""
    if not isinstance(tree, _CONTAINERS):
        return None
    if isinstance(tree, dict):
        return [(f"[{key!r}]", child) for key, child in items(tree)]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{field}", child) for field, child in zip(tree._fields, _listed(tree))]
    return [(f"[{position}]", child) for position, child in enumerate(_listed(tree))]


def _leaves(tree: Any, path: str) -> list[Leaf]:
    return [Leaf(place, part) for place, part, branches in _parts(tree, path) if branches is None]


def _rebuilt(tree: Any, shared: bool, leaves: Iterable[Any]) -> Any:
    leaves = iter(leaves)
    built: list[Any] = []
    made: dict[int, Any] = {}
    for part in _children_first(tree):
        if isinstance(part, _CONTAINERS):
            start = len(built) - len(children(part))
            filled = _filled(part, built[start:])
            built[start:] = [made.setdefault(id(part), filled) if shared else filled]
        else:
            built.append(next(leaves))
    return built.pop()


def _children_first(tree: Any) -> list[Any]:
    """A container and all within it, in the order in which they can be built."""
    parts: list[Any] = []
    stack = [tree]
    while stack:
        part = stack.pop()
        parts.append(part)
        if isinstance(part, _CONTAINERS):
            stack += children(part)
    return parts[::-1]


def _filled(container: Any, children: list[Any]) -> Any:
    """A container of the same kind around other children."""
    if isinstance(container, dict):
        filled = {} if type(container) is dict else copy.copy(container)  # a defaultdict keeps its factory
        dict.update(filled, zip([key for key, _ in items(container)], children))  # that of a Counter would add up
        return filled
    if isinstance(container, list) and type(container) is not list:  # a subclass keeps its attributes
        container = copy.copy(container)
        list.__setitem__(container, slice(None), children)
        return container
    return type(container)(children) if type(container) in (list, tuple) else _tuple_like(container, children)


def _tuple_like(container: Any, children: list[Any]) -> Any:
    """A tuple of the same class, which may take other arguments than a tuple does, with the same attributes."""
    if hasattr(container, "n_fields"):  # those of `time` and `os` are made in their own way alone
        return type(container)(children)
    made = tuple.__new__(type(container), children)
    getattr(made, "__dict__", {}).update(getattr(container, "__dict__", {}))
    return made


def _outline(tree: Any) -> str:
    """A container in a few words, for errors."""
    branches = _branches(tree)
    if branches is None:
        return f"one {type(tree).__name__}"
    if isinstance(tree, dict):
        return f"a dict with keys {list(tree)}"
    return f"a {type(tree).__name__} of {len(branches)}"
