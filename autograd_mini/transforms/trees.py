"""Containers: nested lists, tuples, namedtuples and dicts, taken apart into leaves and put together again."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple


class Leaf(NamedTuple):
    """What a container holds that is no container, and where: `Leaf("['w'][0]", 2.0)`."""

    path: str
    value: Any


def flatten(tree: Any, path: str = "") -> tuple[list[Leaf], Callable[[Iterable[Any]], Any]]:
    """The leaves of a container, and the function that builds the same container around other leaves.

    Anything but a list, tuple or dict is a leaf. Paths start with `path`.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0}, "params")
    >>> [leaf.path for leaf in leaves]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    >>> rebuild([4.0, 5.0, 6.0])
    {'w': [4.0, 5.0], 'b': 6.0}
    """
    return list(_leaves(tree, path)), functools.partial(_rebuilt, tree)


def matching(tree: Any, other: Any, path: str) -> list[Leaf]:
    """The parts of `other` that stand where `tree` has its leaves, in the order of `tree`.

    Raises ValueError, which names the place, where `other` has no such part or more parts than `tree`.

    >>> matching({"w": 1.0, "b": 2.0}, {"b": 3.0, "w": 4.0}, "tangents")
    [Leaf(path="tangents['w']", value=4.0), Leaf(path="tangents['b']", value=3.0)]
    """
    branches = _branches(tree)
    if branches is None:
        return [Leaf(path, other)]
    others = dict(_branches(other) or ())
    if others.keys() != dict(branches).keys() or _branches(other) is None:
        raise ValueError(f"{path}: expected {_outline(tree)}, got {_outline(other)}")
    return [leaf for label, child in branches for leaf in matching(child, others[label], path + label)]


def _branches(tree: Any) -> list[tuple[str, Any]] | None:
    """The children of a container with their places; None for a leaf."""
    if isinstance(tree, dict):
        return [(f"[{key!r}]", child) for key, child in tree.items()]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{field}", child) for field, child in zip(tree._fields, tree)]
    if isinstance(tree, (list, tuple)):
        return [(f"[{position}]", child) for position, child in enumerate(tree)]
    return None


def _leaves(tree: Any, path: str) -> Iterator[Leaf]:
    branches = _branches(tree)
    if branches is None:
        yield Leaf(path, tree)
    for label, child in branches or ():
        yield from _leaves(child, path + label)


def _rebuilt(tree: Any, leaves: Iterable[Any]) -> Any:
    leaves = iter(leaves)
    branches = _branches(tree)
    if branches is None:
        return next(leaves)
    children = [_rebuilt(child, leaves) for _, child in branches]
    if isinstance(tree, dict):
        filled = {} if type(tree) is dict else copy.copy(tree)  # a defaultdict keeps its factory
        filled.update(zip(tree, children))
        return filled
    return tree._make(children) if hasattr(tree, "_fields") else type(tree)(children)


def _outline(tree: Any) -> str:
    """A container in a few words, for errors."""
    branches = _branches(tree)
    if branches is None:
        return f"one {type(tree).__name__}"
    if isinstance(tree, dict):
        return f"a dict with keys {list(tree)}"
    return f"a {type(tree).__name__} of {len(branches)}"
