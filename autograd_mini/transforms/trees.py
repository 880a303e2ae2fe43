"""Containers: nested lists, tuples, namedtuples and dicts, taken apart into leaves and put together again."""

from __future__ import annotations

import copy
import functools
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


def flatten(tree: Any, path: str = "") -> tuple[list[Leaf], Callable[[Iterable[Any]], Any]]:
    """The leaves of a container, and the function that builds the same container around other leaves.

    Anything but a list, tuple or dict is a leaf. Paths start with `path`; long ones are cut in the middle.

    Raises ValueError for a container that holds itself.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0}, "params")
    >>> [leaf.path for leaf in leaves]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    >>> rebuild([4.0, 5.0, 6.0])
    {'w': [4.0, 5.0], 'b': 6.0}
    """
    return _leaves(tree, path), functools.partial(_rebuilt, tree)


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
        return [(f"[{key!r}]", child) for key, child in tree.items()]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{field}", child) for field, child in zip(tree._fields, tree)]
    return [(f"[{position}]", child) for position, child in enumerate(tree)]


def _leaves(tree: Any, path: str) -> list[Leaf]:
    return [Leaf(place, part) for place, part, branches in _parts(tree, path) if branches is None]


def _rebuilt(tree: Any, leaves: Iterable[Any]) -> Any:
    leaves = iter(leaves)
    built: list[Any] = []
    for part in _children_first(tree):
        if isinstance(part, _CONTAINERS):
            start = len(built) - len(part)
            built[start:] = [_filled(part, built[start:])]
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
            stack += part.values() if isinstance(part, dict) else part
    return parts[::-1]


def _filled(container: Any, children: list[Any]) -> Any:
    """A container of the same kind around other children."""
    if isinstance(container, dict):
        filled = {} if type(container) is dict else copy.copy(container)  # a defaultdict keeps its factory
        filled.update(zip(container, children))
        return filled
    if hasattr(container, "_fields"):
        return container._make(children)
    if isinstance(container, list) and hasattr(container, "__dict__"):  # a subclass keeps its attributes
        container = copy.copy(container)
        container[:] = children
        return container
    return type(container)(children)


def _outline(tree: Any) -> str:
    """A container in a few words, for errors."""
    branches = _branches(tree)
    if branches is None:
        return f"one {type(tree).__name__}"
    if isinstance(tree, dict):
        return f"a dict with keys {list(tree)}"
    return f"a {type(tree).__name__} of {len(branches)}"
