"""The local derivative of an operation, read off the graph that the operation's own rule leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.formula.expression import ONE, ZERO, Apply, Expression, Name
from autograd_mini.formula.reading import expression_of
from autograd_mini.formula.simplify import simplified
from autograd_mini.modes import tracing
from autograd_mini.ops import Op, Rule
from autograd_mini.tensor import Tensor, as_tensor

LONGEST = 40
"""Nodes of a formula that is still read; of a longer one only the name of the operation is given."""

_LONGEST_UNSIMPLIFIED = 10 * LONGEST


def local_derivative(
    op: Op,
    position: int,
    inputs: Sequence[Any],
    settings: Mapping[str, Any],
    out: Any,
    names: Sequence[str | None],
    gradient: str = "g",
) -> Expression:
    """The formula by which an operation sends a gradient to one of its inputs.

    For an elementwise operation it is the derivative of an entry of the result by the entry of the input: its rule at
    g = 1. For any other it is what the input gets from g, the gradient of the result, before broadcasting is undone.
    `inputs`, `settings` and `out` are those of a computed Tensor; `names` has one name for each input, then that of the
    result. Numbers among the inputs stand for themselves; None is a name for nothing else.

    Where the rule can't be followed (it fails at these values, or is no rule on Tensors) or its formula has more than
    40 nodes, it is the application of `vjp`, written "vjp of NAME". No derivative is 0. Raises ValueError for a wrong
    number of names, or for None where a name is needed.

    >>> import autograd_mini as ag
    >>> from autograd_mini.formula.text import as_text
    >>> y = ag.tanh(ag.Tensor(0.5))
    >>> as_text(local_derivative(y.op, 0, y.inputs, y.settings, y, ["x", "y"]))
    '1 − y²'
    >>> z = ag.Tensor(np.ones((2, 3))) @ ag.Tensor(np.ones((3, 4)))
    >>> as_text(local_derivative(z.op, 0, z.inputs, z.settings, z, ["h", "W2", "z"], gradient="δ2"))
    'δ2 @ W2ᵀ'
    """
    _check_names(op, inputs, names)
    rules = op.rules(len(inputs))
    rule = rules[position] if position < len(rules) else None  # a variadic operation has rules for its first inputs
    if rule is None:
        return ZERO
    try:
        formula = _formula(op, rule, [_plain(x) for x in inputs], settings, np.asarray(_plain(out)), names, gradient)
    except Exception:  # a caption is no reason to fail, whatever a rule does with symbols
        return fallback(op, position, names, gradient)
    return formula if formula.size <= LONGEST else fallback(op, position, names, gradient)


def fallback(op: Op, position: int, names: Sequence[str | None], gradient: str) -> Apply:
    """What stands for a formula that is not known.

    >>> import autograd_mini as ag
    >>> is_fallback(fallback(ag.tanh, 0, ["x", "y"], "g"))
    True
    """
    operands = tuple(Name(name) for name in (gradient, *names) if name is not None)
    return Apply("vjp", operands, (("of", op.name), ("position", position)))


def is_fallback(expression: Expression) -> bool:
    """Whether an expression only names the operation whose derivative it is.

    >>> is_fallback(Name("g"))
    False
    """
    return isinstance(expression, Apply) and expression.op_name == "vjp"


def _formula(
    op: Op,
    rule: Rule,
    inputs: Sequence[Any],
    settings: Mapping[str, Any],
    out: Any,
    names: Sequence[str | None],
    gradient: str,
) -> Expression:
    extra = {"saved": None} if op.saves else {}  # a rule that is recorded computes anew what the forward could save
    operands = [x if _is_constant(x, settings) else as_tensor(x, requires_grad=False) for x in inputs]
    result, g = as_tensor(out[()], requires_grad=False), as_tensor(np.ones_like(out)[()], requires_grad=False)
    with tracing(), np.errstate(all="ignore"):
        contribution = rule(g, result, *operands, **settings, **extra)
    known = [(x, Name(name, x.shape)) for x, name in zip([*operands, result], names) if name and _has_shape(x)]
    seed: Expression = ONE if op.elementwise else Name(gradient, out.shape)
    formula = expression_of(contribution, [*known, (g, seed)])
    if formula.size > _LONGEST_UNSIMPLIFIED:
        raise ValueError(f"{op.name}: the formula has {formula.size} nodes")
    return simplified(formula, entries=op.elementwise)


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _is_constant(x: Any, settings: Mapping[str, Any]) -> bool:
    """Numbers stay numbers, also in the formula; a mask that selects may not be traced, as its sum is a size."""
    return not isinstance(x, np.ndarray | np.generic) or ("index" in settings and x.dtype == bool)


def _has_shape(x: Any) -> bool:
    return isinstance(x, Tensor | np.ndarray)


def _check_names(op: Op, inputs: Sequence[Any], names: Sequence[str | None]) -> None:
    if len(names) != len(inputs) + 1:
        raise ValueError(
            f"{op.name}: {len(inputs)} inputs and the result need {len(inputs) + 1} names, got {len(names)}"
        )
    for position, (x, name) in enumerate(zip([*inputs, None], names)):
        if name is None and not isinstance(x, int | float | np.generic):
            what = f"input {position}" if position < len(inputs) else "the result"
            raise ValueError(f"{op.name}: {what} is no number and has no name; give it one")
