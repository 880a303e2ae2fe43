"""A formula as a small frozen tree of names, numbers and applied operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

Shape = tuple[int, ...] | None
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Name:
    """What has a name: an operand, a result, a gradient. Its shape is known or None, and no part of what it is.

    >>> Name("x", (2,)) == Name("x")
    True
    """

    text: str
    shape: Shape = field(default=None, compare=False)

    @property
    def size(self) -> int:
        """The nodes of the tree."""
        return 1


@dataclass(frozen=True, slots=True)
class Number:
    """A number.

    >>> Number(1) == Number(1.0)
    True
    """

    value: float

    @property
    def shape(self) -> tuple[int, ...]:
        """That of a scalar."""
        return ()

    @property
    def size(self) -> int:
        """The nodes of the tree."""
        return 1


@dataclass(frozen=True, eq=False)
class Apply:
    """An operation, called by its name, of other expressions, with the settings that differ from its defaults.

    Trees are equal if they read the same; shapes, where they are known, are no part of it.

    >>> Apply("sum", (Name("x"),), (("axis", 0),)) == Apply("sum", (Name("x", (2, 3)),), (("axis", 0),), (3,))
    True
    """

    op_name: str
    arguments: tuple[Expression, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()
    shape: Shape = None
    size: int = field(init=False, repr=False)
    """The nodes of the tree."""
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Both from those of the arguments, so that no deep tree is walked for them.
        object.__setattr__(self, "size", 1 + sum([argument.size for argument in self.arguments]))
        object.__setattr__(self, "_hash", hash((self.op_name, self.arguments, repr(self.settings))))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Apply) or (self._hash, self.size) != (other._hash, other.size):
            return False
        return all(_head(x) == _head(y) for x, y in zip(post_order(self), post_order(other)))

    def __getitem__(self, name: str) -> Any:
        return dict(self.settings).get(name)


Expression = Name | Number | Apply

ZERO, ONE = Number(0), Number(1)


def _head(expression: Expression) -> Any:
    """What a node is without its arguments; slices can't be hashed, but say all in their repr."""
    if isinstance(expression, Apply):
        return expression.op_name, len(expression.arguments), repr(expression.settings)
    return expression


def post_order(expression: Expression) -> Iterator[Expression]:
    """Every node of the tree, each after its arguments.

    >>> [getattr(node, "text", "+") for node in post_order(Apply("add", (Name("x"), Name("y"))))]
    ['x', 'y', '+']
    """
    waiting: list[tuple[Expression, bool]] = [(expression, False)]
    while waiting:
        node, entered = waiting.pop()
        if entered or not isinstance(node, Apply):
            yield node
        else:
            waiting.append((node, True))
            waiting += [(argument, False) for argument in reversed(node.arguments)]


def fold(expression: Expression, combine: Callable[[Expression, Sequence[Result]], Result]) -> Result:
    """The result of `combine(node, results of its arguments)` at the root, computed from the leaves.

    >>> fold(Apply("add", (Name("x"), Number(2))), lambda node, results: 1 + max(results, default=0))
    2
    """
    results: list[Result] = []
    for node in post_order(expression):
        first = len(results) - (len(node.arguments) if isinstance(node, Apply) else 0)
        arguments = results[first:]
        del results[first:]
        results.append(combine(node, arguments))
    return results.pop()


def entrywise(op_name: str, *arguments: Expression) -> Apply:
    """An operation of entries at the same place, whose shape is known if those of its arguments are.

    >>> entrywise("multiply", Name("x", (2, 1)), Name("y", (3,))).shape
    (2, 3)
    """
    return Apply(op_name, arguments, shape=broadcast([argument.shape for argument in arguments]))


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The common shape, or None if one of them is unknown."""
    known = [shape for shape in shapes if shape is not None]
    return np.broadcast_shapes(*known) if len(known) == len(shapes) else None


def with_arguments(node: Apply, arguments: Sequence[Expression]) -> Apply:
    """The same operation of other arguments, for which its shape still holds."""
    same = all(x is y for x, y in zip(node.arguments, arguments))
    return node if same else replace(node, arguments=tuple(arguments))


def substituted(expression: Expression, substitutes: Mapping[Expression, Expression]) -> Expression:
    """The expression with others in place of some of its parts.

    >>> g, x = Name("g"), Name("x")
    >>> substituted(Apply("multiply", (g, x)), {g: Name("δ2")}) == Apply("multiply", (Name("δ2"), x))
    True
    """

    def combine(node: Expression, arguments: Sequence[Expression]) -> Expression:
        if node in substitutes:
            return substitutes[node]
        return with_arguments(node, arguments) if isinstance(node, Apply) else node

    return fold(expression, combine)
