"""Transposing what equations are about: samples in rows or in columns, weights input × output or output × input."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_mini.explanation.rewriting import readable
from autograd_mini.formula import Apply, Expression, Name
from autograd_mini.formula.evaluate import operations
from autograd_mini.formula.expression import broadcast, fold


@dataclass(frozen=True)
class Equation:
    """A name, what it is, and the shape of that; a gradient also says of what."""

    name: str
    expression: Expression
    shape: tuple[int, ...]
    gradient_of: str | None = None


@dataclass(frozen=True)
class _Both:
    """An expression as it is computed, and its transpose: a vector's is a column."""

    plain: Expression
    turned: Expression


def turned(
    equation: Equation, names: Collection[str], improved: Callable[[Expression], Expression] = readable
) -> Equation:
    """The equation where each of these names is the transpose of what it was; a vector becomes a column.

    >>> from autograd_mini.formula import as_text
    >>> product = Apply("matmul", (Name("X", (5, 3)), Name("W", (3, 2))), shape=(5, 2))
    >>> as_text(turned(Equation("Z", product, (5, 2)), {"X", "Z"}).expression)
    'Wᵀ @ X'
    """
    both = fold(equation.expression, lambda e, parts: _both(e, parts, names))
    if equation.name not in names:
        return replace(equation, expression=_shorter(both, equation.shape, improved))
    return replace(equation, expression=improved(both.turned), shape=turned_shape(equation.shape))


def turned_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the transpose.

    >>> turned_shape((2, 3)), turned_shape((3,))
    ((3, 2), (3, 1))
    """
    return (*shape, 1) if len(shape) == 1 else shape[::-1]


def turned_array(x: Any) -> Any:
    """The transpose of a matrix, a vector as a column."""
    return np.asarray(x)[:, None] if np.ndim(x) == 1 else np.transpose(x)


def _shorter(both: _Both, shape: tuple[int, ...], improved: Callable[[Expression], Expression]) -> Expression:
    plain = improved(both.plain)
    back = improved(_transposed(both.turned)) if len(shape) == 2 else plain
    return back if back.size < plain.size else plain


def _both(e: Expression, parts: Sequence[_Both], names: Collection[str]) -> _Both:
    if isinstance(e, Name):
        return _both_of_name(e, names)
    if not isinstance(e, Apply):
        return _Both(e, e)
    rule = _each if is_elementwise(e) else _RULES.get(e.op_name, _any)
    return rule(e, parts)


def _both_of_name(e: Name, names: Collection[str]) -> _Both:
    if e.text not in names or not e.shape:
        return _Both(e, _transposed(e))
    name = Name(e.text, turned_shape(e.shape))
    index = (("index", (slice(None), 0)),)
    return _Both(Apply("getitem", (name,), index, e.shape) if len(e.shape) == 1 else _transposed(name), name)


def is_elementwise(e: Apply) -> bool:
    """Whether it is computed entry by entry."""
    return bool(getattr(operations().get(e.op_name), "elementwise", False))


def _any(e: Apply, parts: Sequence[_Both]) -> _Both:
    plain = replace(e, arguments=tuple([part.plain for part in parts]))
    return _Both(plain, _transposed(plain))


def _each(e: Apply, parts: Sequence[_Both]) -> _Both:
    plain = replace(e, arguments=tuple([part.plain for part in parts]))
    other = replace(e, arguments=tuple([part.turned for part in parts]))
    return _Both(plain, replace(other, shape=broadcast([part.turned.shape for part in parts])))


def _transpose(e: Apply, parts: Sequence[_Both]) -> _Both:
    (part,) = parts
    return _Both(part.turned, part.plain) if len(e.shape or ()) == 2 else _any(e, parts)


def _matmul(e: Apply, parts: Sequence[_Both]) -> _Both:
    left, right = parts
    if [len(part.plain.shape or ()) for part in parts] != [2, 2]:
        return _any(e, parts)
    other = Apply("matmul", (right.turned, left.turned), shape=(e.shape or ())[::-1])
    return _Both(replace(e, arguments=(left.plain, right.plain)), other)


def _outer(e: Apply, parts: Sequence[_Both]) -> _Both:
    left, right = [part.plain for part in parts]
    return _Both(replace(e, arguments=(left, right)), Apply("outer", (right, left), shape=(e.shape or ())[::-1]))


def _along_rows(e: Apply, parts: Sequence[_Both]) -> _Both:
    """softmax along the last axis is along the first one of the transpose."""
    (part,) = parts
    axis = -1 if e["axis"] is None else e["axis"]
    if len(e.shape or ()) != 2:
        return _any(e, parts)
    other = Apply(e.op_name, (part.turned,), (("axis", 1 - axis % 2),), (e.shape or ())[::-1])
    return _Both(replace(e, arguments=(part.plain,)), other)


def _reduction(e: Apply, parts: Sequence[_Both]) -> _Both:
    """Sums over rows are sums over columns of the transpose; a column of them keeps its axis."""
    (part,) = parts
    if len(part.plain.shape or ()) != 2:
        return _any(e, parts)
    settings = dict(e.settings)
    if "axis" in settings:
        (axis,) = settings["axis"] if isinstance(settings["axis"], tuple) else (settings["axis"],)
        settings["axis"] = 1 - axis % 2
    plain = replace(e, arguments=(part.plain,))
    other = replace(e, arguments=(part.turned,), settings=tuple(settings.items()))
    if e["keepdims"]:
        return _Both(plain, replace(other, shape=(e.shape or ())[::-1]))
    if readable(part.turned).size < readable(part.plain).size:
        plain = other
    return _Both(plain, _column_of_sums(other, settings) if e.shape else plain)


def _column_of_sums(e: Apply, settings: Mapping[str, Any]) -> Expression:
    """As a column, if the transpose is summed along its rows."""
    if settings["axis"] == 1:
        return replace(e, settings=(*e.settings, ("keepdims", True)), shape=(*(e.shape or ()), 1))
    return _transposed(e)


def _broadcast_to(e: Apply, parts: Sequence[_Both]) -> _Both:
    (part,) = parts
    if len(e.shape or ()) != 2:
        return _any(e, parts)
    shape = (e.shape or ())[::-1]
    other = Apply("broadcast_to", (part.turned,), (("shape", shape),), shape)
    return _Both(replace(e, arguments=(part.plain,)), other)


def _ones_before(e: Apply, parts: Sequence[_Both]) -> _Both:
    (part,) = parts
    other = Apply("ones_above", (part.turned,), shape=(e.shape or ())[::-1])
    return _Both(replace(e, arguments=(part.plain,)), other)


def _above(e: Apply, parts: Sequence[_Both]) -> _Both:
    row, rest = parts
    other = Apply("beside", (row.turned, rest.turned), shape=(e.shape or ())[::-1])
    return _Both(replace(e, arguments=(row.plain, rest.plain)), other)


def _transposed(e: Expression) -> Expression:
    """The transpose of a matrix, a vector as a column; anything else as it is."""
    if e.shape is None:
        raise ValueError("explain: part of a formula has an unknown shape; leave samples= and weights= out")
    if len(e.shape) == 1:
        return Apply("getitem", (e,), (("index", (slice(None), None)),), (*e.shape, 1))
    return Apply("transpose", (e,), (), e.shape[::-1]) if len(e.shape) == 2 else e


_RULES: Mapping[str, Callable[[Apply, Sequence[_Both]], _Both]] = {
    "transpose": _transpose,
    "matmul": _matmul,
    "outer": _outer,
    "softmax": _along_rows,
    "log_softmax": _along_rows,
    "sum": _reduction,
    "mean": _reduction,
    "broadcast_to": _broadcast_to,
    "ones_before": _ones_before,
    "above": _above,
}
