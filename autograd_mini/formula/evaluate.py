"""The value of an expression, computed by the operations themselves."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.formula.expression import Apply, Expression, Name, fold


def evaluate(
    expression: Expression, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> Any:
    """The value of an expression where its names have these `values`: an array or a number.

    A condition is 1 where it holds and 0 elsewhere. `functions` are operations beside those of autograd_mini. Raises
    ValueError for a name without a value, and for an unknown operation.

    >>> evaluate(Apply("subtract", (Name("x"), Name("y"))), {"x": np.array([3.0, 4.0]), "y": 1.0})
    array([2., 3.])
    """

    def combine(node: Expression, arguments: Sequence[Any]) -> Any:
        if isinstance(node, Apply):
            function = (functions or {}).get(node.op_name) or _operation(node.op_name)
            return _numeric(function(*arguments, **dict(node.settings)))
        return _value(node, values) if isinstance(node, Name) else node.value

    return fold(expression, combine)


def _value(name: Name, values: Mapping[str, Any]) -> Any:
    if name.text not in values:
        raise ValueError(f"evaluate: {name.text} has no value; values has {', '.join(values) or 'nothing'}")
    return values[name.text]


def _numeric(x: Any) -> Any:
    """Truth as a number, which has a sign and can be added."""
    return np.asarray(x, np.float64)[()] if np.asarray(x).dtype == bool else x


def _operation(name: str) -> Callable[..., Any]:
    try:
        return operations()[name]
    except KeyError:
        raise ValueError(f"evaluate: {name} is no operation of autograd_mini; substitute what it stands for") from None


@functools.cache
def operations() -> Mapping[str, Callable[..., Any]]:
    """Every operation by its name, and the three arrays that formulas write as functions."""
    # By their full names: the package has functions that are called like their modules.
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{ops.__name__}.")]
    found = {op.name: op for module in modules for op in vars(module).values() if isinstance(op, ops.Op)}
    return {**found, "one_hot": _one_hot, "arange": np.arange, "eye": np.eye}


def _one_hot(labels: Any, *, classes: int) -> Any:
    return np.asarray(labels)[:, None] == np.arange(classes)
