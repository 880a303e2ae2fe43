"""Rewriting for reading: rules are applied from the leaves up until none of them finds anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_mini.formula import arrays, choices
from autograd_mini.formula.evaluate import evaluate
from autograd_mini.formula.expression import Apply, Expression, Name, Number, entrywise, fold, with_arguments
from autograd_mini.formula.patterns import filled, matches, pattern

a, b, c, d, n, m = map(Name, "abcdnm")  # n and m stand for numbers, the others for anything


def _plus(x: Any, y: Any) -> Apply:
    return pattern("add", x, y)


def _minus(x: Any, y: Any) -> Apply:
    return pattern("subtract", x, y)


def _times(x: Any, y: Any) -> Apply:
    return pattern("multiply", x, y)


def _over(x: Any, y: Any) -> Apply:
    return pattern("divide", x, y)


def _neg(x: Any) -> Apply:
    return pattern("negative", x)


def _to(x: Any, y: Any) -> Apply:
    return pattern("power", x, y)


def _root(x: Any) -> Apply:
    return pattern("sqrt", x)


def _where(x: Any, y: Any, z: Any) -> Apply:
    return pattern("where", x, y, z)


# fmt: off
ALGEBRA: tuple[tuple[Apply, Any], ...] = (
    # what changes nothing
    (_plus(a, 0), a),
    (_minus(a, 0), a),
    (_times(a, 1), a),
    (_over(a, 1), a),
    (_to(a, 1), a),
    (pattern("positive", a), a),
    (pattern("stop_gradient", a), a),
    (_where(c, a, a), a),
    # zeros
    (_times(a, 0), 0),
    (_over(0, a), 0),
    (_to(a, 0), 1),
    # signs go outwards
    (_neg(_neg(a)), a),
    (_times(a, -1), _neg(a)),
    (_times(a, _neg(b)), _neg(_times(a, b))),
    (_over(_neg(a), b), _neg(_over(a, b))),
    (_over(a, _neg(b)), _neg(_over(a, b))),
    (_plus(a, _neg(b)), _minus(a, b)),
    (_minus(a, _neg(b)), _plus(a, b)),
    (_minus(0, a), _neg(a)),
    (_neg(_minus(a, b)), _minus(b, a)),
    # sums without parentheses
    (_plus(a, _minus(b, c)), _minus(_plus(a, b), c)),
    (_minus(a, _plus(b, c)), _minus(_minus(a, b), c)),
    (_minus(a, _minus(b, c)), _plus(_minus(a, b), c)),
    # numbers go outwards, where they come together
    (_times(_times(n, a), b), _times(n, _times(a, b))),
    # one quotient for several
    (_times(a, _over(1, b)), _over(a, b)),
    (_times(a, _over(b, c)), _over(_times(a, b), c)),
    (_over(_over(a, b), c), _over(a, _times(b, c))),
    (_over(a, _over(b, c)), _over(_times(a, c), b)),
    # powers
    (_times(a, a), _to(a, 2)),
    (_times(_to(a, 2), a), _to(a, 3)),
    (_times(_times(a, b), b), _times(a, _to(b, 2))),
    (_to(_root(a), 2), a),
    (pattern("hypot", a, b), _root(_plus(_to(a, 2), _to(b, 2)))),
    (_times(_plus(1, a), _minus(1, a)), _minus(1, _to(a, 2))),
    # choices
    (_where(pattern("equal", a, b), n, pattern("greater_equal", a, b)),
        _plus(pattern("greater", a, b), _times(n, pattern("equal", a, b)))),
    (_where(pattern("equal", a, b), n, pattern("less_equal", a, b)),
        _plus(pattern("less", a, b), _times(n, pattern("equal", a, b)))),
)
"""Left is what is found, right what it becomes: the same value, up to rounding, for all finite numbers."""

_BOTH_INFINITE = pattern("logical_and", pattern("equal", a, b), pattern("isinf", a))

GUARDS: tuple[tuple[Apply, Any], ...] = (
    (_to(a, _where(c, n, b)), _to(a, b)),
    (pattern("log", _where(c, n, a)), pattern("log", a)),
    (_over(a, _where(c, n, b)), _over(a, b)),
    (_over(_where(c, a, 0), _to(_where(c, b, 1), 2)), _over(a, _to(b, 2))),
    (_minus(_where(_BOTH_INFINITE, 0, a), _where(_BOTH_INFINITE, 0, b)), _minus(a, b)),
    (_minus(_where(_BOTH_INFINITE, 0, b), _where(_BOTH_INFINITE, 0, a)), _minus(b, a)),
    (_where(pattern("greater", pattern("absolute", a), 100), 100, a), a),
)
"""Choices by which rules keep infinities and 0/0 out; a reader of the formula is not interested in them.

Right has the value of left wherever right is finite and the guard is idle.
"""
# fmt: on


# ------------------------------------------------------------------------------------------------------------- simplify


Rewrite = Callable[[Apply], Expression | None]


def simplified(expression: Expression, *, entries: bool = False) -> Expression:
    """An expression of the same value that is read more easily, where all values are finite.

    Shapes, where they are known, stay too; with `entries` each entry is meant by itself, so that 0·x may be 0.

    >>> from autograd_mini.formula.expression import Name
    >>> x = Name("x")
    >>> from autograd_mini.formula.patterns import pattern
    >>> simplified(pattern("multiply", 1, pattern("multiply", x, x))) == pattern("power", x, 2)
    True
    """

    def rewritten(node: Expression, arguments: Sequence[Expression]) -> Expression:
        current: Expression = with_arguments(node, arguments) if isinstance(node, Apply) else node
        # Until nothing is found at this node; what that leaves for its arguments is found in the next round.
        while isinstance(current, Apply) and (better := _better(current, entries)) is not None:
            current = better
        return current

    before, after = None, expression
    while after != before:
        before, after = after, fold(after, rewritten)
    return after


def _better(e: Apply, entries: bool) -> Expression | None:
    for found in _candidates(e):
        if found != e and (entries or None in (found.shape, e.shape) or found.shape == e.shape):
            return found
    return None


def _candidates(e: Apply) -> Iterator[Expression]:
    for rule in RULES:
        found = rule(e)
        if found is not None:
            yield found
    for left, right in TABLE.get(e.op_name, ()):
        for bound in matches(left, e, {}):
            yield filled(right, bound)


_FOLDED = frozenset({"add", "subtract", "multiply", "divide", "power", "negative", "deg2rad", "rad2deg", "exp", "log"})


def folded(e: Apply) -> Expression | None:
    """2·3 → 6; a quotient stays unless it is whole."""
    if e.op_name not in _FOLDED or not all(isinstance(x, Number) for x in e.arguments):
        return None
    with np.errstate(all="ignore"):
        value = _value(e)
    if not math.isfinite(value) or (e.op_name == "divide" and value != round(value)):
        return None
    return Number(value)


def _value(e: Apply) -> float:
    try:
        return float(evaluate(e, {}))
    except (ZeroDivisionError, OverflowError, TypeError):  # the root of a negative number is complex
        return math.nan


def sign_outwards(e: Apply) -> Expression | None:
    """−2·x → −(2·x), −2 / x → −(2 / x), x + −2 → x − 2 and x − −2 → x + 2."""
    place = {"multiply": 0, "divide": 0, "add": 1, "subtract": 1}.get(e.op_name)
    number = None if place is None else e.arguments[place]
    if not isinstance(number, Number) or number.value >= 0:
        return None
    x, size = e.arguments[0], Number(-number.value)
    if place == 0:
        return entrywise("negative", entrywise(e.op_name, size, e.arguments[1]))
    return entrywise("subtract" if e.op_name == "add" else "add", x, size)


def numbers_together(e: Apply) -> Expression | None:
    """2·(3·x) → 6·x."""
    first, rest = e.arguments if e.op_name == "multiply" else (e, e)
    if not isinstance(first, Number) or not isinstance(rest, Apply) or rest.op_name != "multiply":
        return None
    second, x = rest.arguments
    return entrywise("multiply", Number(first.value * second.value), x) if isinstance(second, Number) else None


def sum_from_left(e: Apply) -> Expression | None:
    """x + (y + z) → (x + y) + z, which needs no parentheses; as a pattern it would turn sums round and round."""
    x, rest = e.arguments if e.op_name == "add" else (e, e)
    if isinstance(rest, Apply) and rest.op_name == "add" and rest is not e:
        return entrywise("add", entrywise("add", x, rest.arguments[0]), rest.arguments[1])
    return None


RULES: tuple[Rewrite, ...] = (folded, sign_outwards, numbers_together, sum_from_left, *choices.RULES, *arrays.RULES)


def _by_operation(lines: Sequence[tuple[Apply, Any]]) -> dict[str, list[tuple[Apply, Expression]]]:
    table: dict[str, list[tuple[Apply, Expression]]] = {}
    for left, right in lines:
        becomes = Number(right) if isinstance(right, int) else right
        table.setdefault(left.op_name, []).append((left, becomes))
    return table


TABLE = _by_operation([*ALGEBRA, *GUARDS])
