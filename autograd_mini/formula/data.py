"""An expression as nested lists, for JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_mini.formula.expression import Expression, Name, Number, fold
from autograd_mini.formula.writing import setting_text


def expression_as_data(expression: Expression) -> list[Any]:
    """An expression as nested lists: the operation, its arguments, and its settings last if there are any.

    Leaves are ["name", text] and ["number", value]; a number that JSON lacks is "NaN", "Infinity" or "-Infinity", which
    JavaScript's Number() reads. Settings are an object; those that JSON lacks are text, as Python writes them.

    >>> from autograd_mini.formula.expression import Apply
    >>> expression_as_data(Apply("multiply", (Number(3), Name("x"))))
    ['multiply', ['number', 3.0], ['name', 'x']]
    >>> expression_as_data(Apply("sum", (Name("g"),), (("axis", (0, 1)),)))
    ['sum', ['name', 'g'], {'axis': [0, 1]}]
    """
    return fold(expression, _as_list)


def _as_list(node: Expression, arguments: Sequence[list[Any]]) -> list[Any]:
    if isinstance(node, Name):
        return ["name", node.text]
    if isinstance(node, Number):
        return ["number", _number(float(node.value))]
    settings = {name: _setting(x) for name, x in node.settings}
    return [node.op_name, *arguments, *([settings] if settings else [])]


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _setting(x: Any) -> Any:
    if isinstance(x, tuple | list):
        return [_setting(part) for part in x]
    plain = x is None or isinstance(x, bool | int | str) or (isinstance(x, float) and math.isfinite(x))
    return x if plain else setting_text(x)
