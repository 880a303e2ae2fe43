"""The bias as the weights of a constant 1: one matrix for both, and one rule."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_mini.explanation.layout import Equation
from autograd_mini.explanation.names import Names
from autograd_mini.explanation.notation import TILDE
from autograd_mini.formula import Apply, Expression, Name


def with_ones(forward: Sequence[Equation], backward: Sequence[Equation], names: Names) -> list[list[Equation]]:
    """The equations with [1, X] @ W̃ for X @ W + b, where the gradients of W and b come from this layer only.

    >>> from autograd_mini.explanation.layout import Equation
    >>> with_ones([], [], Names([]))
    [[], []]
    """
    forward, backward = list(forward), list(backward)
    for equation in tuple(forward):
        parts = _layer(equation.expression)
        rules = _rules(backward, *parts) if parts else None
        if parts and rules:
            _join(equation, parts, rules, forward, backward, names)
    return [forward, backward]


def _layer(e: Expression) -> tuple[Expression, Name, Name] | None:
    """x, W and b of x @ W + b."""
    product, b = e.arguments if isinstance(e, Apply) and e.op_name == "add" else (e, e)
    if not isinstance(product, Apply) or product.op_name != "matmul" or not isinstance(b, Name):
        return None
    x, w = product.arguments
    is_row = b.shape is not None and len(b.shape) > 0 and b.shape[:-1] in ((), (1,))
    fits = is_row and len(x.shape or ()) == 2
    return (x, w, b) if fits and isinstance(w, Name) else None


def _rules(backward: Sequence[Equation], x: Expression, w: Name, b: Name) -> tuple[Equation, Equation] | None:
    """The rules for W and b, if they are xᵀ @ δ and the sum of δ over the samples."""
    of_w, of_b = [next((rule for rule in backward if rule.gradient_of == y.text), None) for y in (w, b)]
    if of_w is None or of_b is None or not isinstance(of_w.expression, Apply) or of_w.expression.op_name != "matmul":
        return None
    turned, delta = of_w.expression.arguments
    total = of_b.expression
    is_sum = isinstance(total, Apply) and total.op_name == "sum" and total.arguments == (delta,) and total["axis"] == 0
    return (of_w, of_b) if is_sum and turned == Apply("transpose", (x,)) else None


def _join(
    equation: Equation,
    parts: tuple[Expression, Name, Name],
    rules: tuple[Equation, Equation],
    forward: list[Equation],
    backward: list[Equation],
    names: Names,
) -> None:
    x, w, b = parts
    name = names.unique(w.text[0] + TILDE + w.text[1:])
    rows, columns = w.shape or (0, 0)
    count = (x.shape or (0,))[0]
    ones = Apply("ones_before", (x,), shape=(count, rows + 1))
    whole = Name(name, (rows + 1, columns))
    place = forward.index(equation)
    product = Apply("matmul", (ones, whole), shape=equation.shape)
    joined = Equation(name, Apply("above", (b, w), shape=whole.shape), (rows + 1, columns))
    forward[place : place + 1] = [joined, Equation(equation.name, product, equation.shape)]
    delta = rules[0].expression.arguments[1] if isinstance(rules[0].expression, Apply) else whole
    rule = Apply("matmul", (Apply("transpose", (ones,), shape=(rows + 1, count)), delta), shape=whole.shape)
    place = backward.index(rules[0])
    backward[place] = Equation(names.unique(f"d{name}"), rule, (rows + 1, columns), name)
    backward.remove(rules[1])
