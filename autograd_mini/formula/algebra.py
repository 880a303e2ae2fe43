"""Rewriting of entries: two tables of patterns, each line saying what is read better as what."""

from __future__ import annotations

from typing import Any

from autograd_mini.formula.expression import Apply, Name
from autograd_mini.formula.patterns import pattern

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
