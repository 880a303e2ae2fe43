"""Rewriting of conditions: brackets that are 1 where they hold, and choices within choices."""

from __future__ import annotations

from autograd_mini.formula.expression import ONE, ZERO, Apply, Expression, Number, entrywise, substituted

NEGATED = {
    "equal": "not_equal",
    "not_equal": "equal",
    "less": "greater_equal",
    "greater_equal": "less",
    "greater": "less_equal",
    "less_equal": "greater",
}

CONDITIONS = frozenset(
    {*NEGATED, "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite", "signbit"}
)
"""Operations whose result is true or false: in a formula 1 or 0."""


def is_condition(expression: Expression) -> bool:
    """Whether it is 1 or 0.

    >>> from autograd_mini.formula.expression import Name
    >>> is_condition(Apply("less", (Name("x"), Name("y"))))
    True
    """
    return isinstance(expression, Apply) and expression.op_name in CONDITIONS


def bracket(e: Apply) -> Expression | None:
    """where(c, 1, 0) → c, if that is 1 or 0 itself."""
    whole = e.op_name == "where" and e.arguments[1:] == (ONE, ZERO)
    return e.arguments[0] if whole and is_condition(e.arguments[0]) else None


def settled(e: Apply) -> Expression | None:
    """where(1, x, y) → x and where(0, x, y) → y."""
    if e.op_name == "where" and isinstance(e.arguments[0], Number):
        return e.arguments[1 if e.arguments[0].value else 2]
    return None


def opposite(e: Apply) -> Expression | None:
    """where(x < y, 0, 1) → x ≥ y, and likewise for every comparison (of numbers, not of NaN)."""
    if e.op_name == "where" and e.arguments[1:] == (ZERO, ONE) and isinstance(e.arguments[0], Apply):
        comparison = e.arguments[0]
        if comparison.op_name in NEGATED:
            return entrywise(NEGATED[comparison.op_name], *comparison.arguments)
    return None


def decided(e: Apply) -> Expression | None:
    """where(c, x, f(where(c, y, z))) → where(c, x, f(z)): within a branch its condition is known."""
    if e.op_name != "where":
        return None
    condition, yes, no = e.arguments
    found = entrywise("where", condition, _branch(yes, condition, 1), _branch(no, condition, 2))
    return found if found != e else None


def _branch(expression: Expression, condition: Expression, side: int) -> Expression:
    inner: dict[Expression, Expression] = {
        x: x.arguments[side] for x in _choices(expression) if x.arguments[0] == condition
    }
    return substituted(expression, inner) if inner else expression


def _choices(expression: Expression) -> list[Apply]:
    """The choices in an expression, as far as it computes entry by entry."""
    found, waiting = [], [expression]
    while waiting:
        x = waiting.pop()
        if isinstance(x, Apply) and x.op_name in _OF_ENTRIES:
            waiting += x.arguments
            found += [x] if x.op_name == "where" else []
    return found


_OF_ENTRIES = frozenset({"add", "subtract", "multiply", "divide", "negative", "power", "exp", "log", "sqrt", "where"})


RULES = (settled, bracket, opposite, decided)
