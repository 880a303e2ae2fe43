"""Patterns: expressions whose names stand for any expression, found in others and filled in again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograd_mini.formula.expression import Apply, Expression, Name, Number, entrywise

NUMBERS = ("n", "m")
"""Names of a pattern that stand for numbers only."""

COMMUTATIVE = frozenset({"add", "multiply", "equal", "not_equal", "hypot", "logical_and", "logical_or"})


def pattern(op_name: str, *arguments: Any) -> Apply:
    """A pattern of patterns; Python's numbers are numbers.

    >>> pattern("add", Name("a"), 1).arguments
    (Name(text='a', shape=None), Number(value=1))
    """
    return entrywise(op_name, *[Number(x) if isinstance(x, int | float) else x for x in arguments])


def matches(
    wanted: Expression, found: Expression, bound: Mapping[str, Expression]
) -> Iterator[Mapping[str, Expression]]:
    """Every way to bind the names of a pattern so that it is the expression, beyond those that are bound.

    >>> a = Name("a")
    >>> squares = pattern("multiply", a, a)
    >>> [way["a"].text for way in matches(squares, pattern("multiply", Name("x"), Name("x")), {})]
    ['x', 'x']
    >>> list(matches(squares, pattern("multiply", Name("x"), Name("y")), {}))
    []
    """
    if isinstance(wanted, Name):
        if wanted.text in bound:
            yield from [bound] * (bound[wanted.text] == found)
        elif wanted.text not in NUMBERS or isinstance(found, Number):
            yield {**bound, wanted.text: found}
    elif isinstance(wanted, Number):
        yield from [bound] * (wanted == found)
    elif isinstance(found, Apply) and _same_operation(wanted, found):
        for order in _orders(wanted):
            yield from _all_match(order, found.arguments, bound)


def _same_operation(wanted: Apply, found: Apply) -> bool:
    same = wanted.op_name == found.op_name and len(wanted.arguments) == len(found.arguments)
    return same and not found.settings


def _orders(wanted: Apply) -> list[tuple[Expression, ...]]:
    both = wanted.op_name in COMMUTATIVE
    return [wanted.arguments, wanted.arguments[::-1]] if both else [wanted.arguments]


def _all_match(
    wanted: tuple[Expression, ...], found: tuple[Expression, ...], bound: Mapping[str, Expression]
) -> Iterator[Mapping[str, Expression]]:
    if not wanted:
        yield bound
        return
    for way in matches(wanted[0], found[0], bound):
        yield from _all_match(wanted[1:], found[1:], way)


def filled(wanted: Expression, bound: Mapping[str, Expression]) -> Expression:
    """The pattern with what its names stand for.

    >>> filled(pattern("negative", Name("a")), {"a": Name("x", (2,))})
    Apply(op_name='negative', arguments=(Name(text='x', shape=(2,)),), settings=(), shape=(2,))
    """
    if isinstance(wanted, Name):
        return bound[wanted.text]
    if isinstance(wanted, Number):
        return wanted
    return entrywise(wanted.op_name, *[filled(argument, bound) for argument in wanted.arguments])
