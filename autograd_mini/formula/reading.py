"""Recorded Tensors as an expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.formula.expression import Apply, Expression, Number, broadcast
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor, topological_order


def expression_of(value: Any, known: Sequence[tuple[Any, Expression]]) -> Expression:
    """How a value was computed from what is `known`: pairs of a Tensor or array, found by identity, and what it is.

    Raises ValueError for an array that is not known and is neither a number, a range nor the identity matrix.

    >>> from autograd_mini.formula.expression import Name
    >>> x = Tensor(3.0)
    >>> expression_of(x * 2, [(x, Name("x"))])
    Apply(op_name='multiply', arguments=(Name(text='x', shape=None), Number(value=2)), settings=(), shape=None)
    """
    made = {id(x): expression for x, expression in known}
    for tensor in topological_order(value) if isinstance(value, Tensor) else ():
        if id(tensor) not in made and tensor.op is not None:
            made[id(tensor)] = applied(tensor, tensor.op, [_operand(x, made) for x in tensor.inputs])
    return _operand(value, made)


def applied(tensor: Tensor, op: Op, arguments: Sequence[Expression]) -> Apply:
    """The operation that computed a Tensor, of these arguments, with the settings that are no defaults."""
    settings = tuple([(name, x) for name, x in tensor.settings.items() if repr(x) != repr(op.settings.get(name))])
    shape = broadcast([argument.shape for argument in arguments]) if op.elementwise else tensor.shape
    return Apply(op.name, tuple(arguments), settings, shape)


def _operand(x: Any, made: dict[int, Expression]) -> Expression:
    if id(x) in made:
        return made[id(x)]
    return constant(x._data if isinstance(x, Tensor) else x)


def constant(x: Any) -> Expression:
    """A number, a range or an identity matrix; ValueError for any other array.

    >>> constant(np.arange(3))
    Apply(op_name='arange', arguments=(Number(value=3),), settings=(), shape=(3,))
    """
    array = np.asarray(x)
    if not array.ndim and array.dtype.kind in "biuf":
        return Number(array.item())
    if array.ndim and array.dtype.kind in "biuf":
        for name, made in (("arange", np.arange), ("eye", np.eye)):
            if np.array_equal(array, made(len(array))):
                return Apply(name, (Number(len(array)),), shape=array.shape)
    raise ValueError(f"formula: an array {array.shape} of {array.dtype} has no name")
