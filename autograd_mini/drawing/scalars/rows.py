"""What operations along an axis do to one row of numbers, in the order in which one would write it down."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.tensor import Tensor

Row = Sequence[Any]
"""Scalar Tensors and numbers."""


def total(row: Row) -> Any:
    """x₁ + x₂ + ...

    >>> total([Tensor(1.0), Tensor(2.0)])
    Tensor(3.0, op='add')
    """
    return functools.reduce(ops.add, row) if row else np.float64(0)


def product(row: Row) -> Any:
    """x₁ x₂ ...

    >>> product([Tensor(3.0), Tensor(2.0)])
    Tensor(6.0, op='multiply')
    """
    return functools.reduce(ops.multiply, row) if row else np.float64(1)


def mean(row: Row) -> Any:
    """(x₁ + x₂ + ...) / n; a single number is its own mean.

    >>> mean([Tensor(3.0), Tensor(2.0)])
    Tensor(2.5, op='divide')
    """
    return row[0] if len(row) == 1 else ops.divide(total(row), len(row))


def largest(row: Row) -> Any:
    """maximum(maximum(x₁, x₂), ...); winners that tie are replaced by their mean, which shares the gradient equally.

    >>> largest([Tensor(3.0), Tensor(2.0)])
    Tensor(3.0, op='maximum')
    """
    return _extreme(row, ops.maximum, max(map(value, row)))


def smallest(row: Row) -> Any:
    """minimum(minimum(x₁, x₂), ...), with ties as in `largest`.

    >>> smallest([Tensor(3.0), Tensor(2.0)])
    Tensor(2.0, op='minimum')
    """
    return _extreme(row, ops.minimum, min(map(value, row)))


def _extreme(row: Row, choose: Callable[..., Any], best: Any) -> Any:
    winners = [x for x in row if value(x) == best]
    if len(winners) < 2:
        return functools.reduce(choose, row)
    return functools.reduce(choose, [mean(winners), *(x for x in row if value(x) != best)])


def variance(row: Row, *, ddof: Any) -> Any:
    """((x₁ - m)² + (x₂ - m)² + ...) / (n - ddof), where m is the mean.

    >>> variance([Tensor(3.0), Tensor(1.0)], ddof=0)
    Tensor(1.0, op='divide')
    """
    centre = mean(row)
    return ops.divide(total([ops.square(ops.subtract(x, centre)) for x in row]), len(row) - ddof)


def deviation(row: Row, *, ddof: Any) -> Any:
    """The square root of the variance.

    >>> deviation([Tensor(3.0), Tensor(1.0)], ddof=0)
    Tensor(1.0, op='sqrt')
    """
    return _root(variance(row, ddof=ddof), 2)


def norm(row: Row, *, power: float) -> Any:
    """√(x₁² + x₂² + ...), or the same of another power.

    >>> norm([Tensor(3.0), Tensor(4.0)], power=2)
    Tensor(5.0, op='sqrt')
    """
    if power == 2:
        return _root(total([ops.square(x) for x in row]), 2)
    return _root(total([ops.power(ops.absolute(x), power) for x in row]), power)


def _root(x: Any, power: float) -> Any:
    if value(x) == 0:
        return x  # its root is 0 too; by convention so is the gradient, where that of a root is infinite
    return ops.sqrt(x) if power == 2 else ops.power(x, 1 / power)


def logsumexp(row: Row) -> Any:
    """log(exp(x₁) + exp(x₂) + ...); a chain of `logaddexp` where exp would overflow.

    >>> logsumexp([Tensor(0.0), Tensor(0.0)]), logsumexp([Tensor(1e4), Tensor(1e4)])
    (Tensor(0.6931471805599453, op='log'), Tensor(10000.69314718056, op='logaddexp'))
    """
    if _is_moderate(row):
        return ops.log(total([ops.exp(x) for x in row]))
    return functools.reduce(ops.logaddexp, row)


def softmax(row: Row) -> list[Any]:
    """exp(x₁) / (exp(x₁) + exp(x₂) + ...), and so on for each entry.

    >>> softmax([Tensor(0.0), Tensor(0.0)])
    [Tensor(0.5, op='divide'), Tensor(0.5, op='divide')]
    """
    if not _is_moderate(row):
        return [ops.exp(x) for x in log_softmax(row)]
    weights = [ops.exp(x) for x in row]
    whole = total(weights)
    return [ops.divide(weight, whole) for weight in weights]


def log_softmax(row: Row) -> list[Any]:
    """xₖ - log(exp(x₁) + exp(x₂) + ...) for each entry.

    >>> log_softmax([Tensor(0.0)])
    [Tensor(0.0, op='subtract')]
    """
    whole = logsumexp(row)
    return [ops.subtract(x, whole) for x in row]


def _is_moderate(row: Row) -> bool:
    """Whether a sum of exponentials neither overflows nor vanishes."""
    highest = max(map(value, row))
    return bool(abs(highest) <= np.log(np.finfo(np.result_type(highest, np.float16)).max) / 2)


def value(x: Any) -> Any:
    """The number that an entry stands for.

    >>> value(Tensor(2.0)), value(3)
    (np.float64(2.0), 3)
    """
    return x.data if isinstance(x, Tensor) else x
