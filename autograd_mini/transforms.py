"""Functions of functions: from f to its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.tensor import Tensor, gradients, recording, topological_order


def grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes the gradient of a scalar `function` in the arguments at `argnums`.

    Arguments may be numbers, arrays or Tensors. The gradient is an array, or a Tensor where it depends on Tensors from
    outside (an argument, or one that the function reads from its closure), so that it can be differentiated further. A
    tuple of argnums gives a tuple of gradients.

    Raises TypeError if `function` is none or returns no Tensor, ValueError if it returns more than one entry or if an
    argument number is given twice.

    >>> slope = grad(lambda x: x**3)
    >>> slope(2.0), grad(slope)(2.0), grad(grad(slope))(2.0)
    (np.float64(12.0), np.float64(12.0), np.float64(6.0))
    """
    both = value_and_grad(function, argnums)

    @functools.wraps(function)
    def gradient(*arguments: Any, **settings: Any) -> Any:
        return both(*arguments, **settings)[1]

    return gradient


def value_and_grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes a scalar `function` and its gradient, as `grad`, in one pass.

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)
    (np.float64(6.0), (np.float64(3.0), np.float64(2.0)))
    """
    positions = _checked_argnums(function, argnums)

    @functools.wraps(function)
    def both(*arguments: Any, **settings: Any) -> Any:
        with recording() as was_recording:
            variables = [_variable(_argument(arguments, position)) for position in positions]
            output = _call(function, _replaced(arguments, positions, variables), settings)
            differentiable = was_recording and _reads_outside(output, variables)
            slopes = _gradients(output, variables, differentiable)
        value = output if differentiable and output.requires_grad else output.data
        return value, slopes[0] if isinstance(argnums, int) else tuple(slopes)

    return both


def _checked_argnums(function: Any, argnums: Any) -> tuple[int, ...]:
    if not callable(function):
        raise TypeError(f"grad: expected a function, got {type(function).__name__}; for a Tensor use ag.gradients")
    positions = argnums if isinstance(argnums, tuple) else (argnums,)
    if not positions or not all(isinstance(position, int) and position >= 0 for position in positions):
        raise TypeError(f"grad: argnums are positions 0, 1, ... or a tuple of them, got {argnums!r}")
    if len(set(positions)) < len(positions):
        raise ValueError(f"grad: argnums {argnums} name an argument twice")
    return positions


def _argument(arguments: tuple[Any, ...], position: int) -> Any:
    if position < len(arguments):
        return arguments[position]
    raise TypeError(f"grad: there is no argument {position}; the call has {len(arguments)} positional arguments")


def _variable(argument: Any) -> Tensor:
    """A node of its own for each argument, so that nested transforms of one value don't mix their derivatives."""
    if isinstance(argument, Tensor) and argument.requires_grad:
        return ops.positive(argument)  # type: ignore[no-any-return]
    return Tensor(argument.data if isinstance(argument, Tensor) else argument)


def _replaced(arguments: tuple[Any, ...], positions: tuple[int, ...], variables: list[Tensor]) -> list[Any]:
    replaced = list(arguments)
    for position, variable in zip(positions, variables, strict=True):
        replaced[position] = variable
    return replaced


def _call(function: Callable[..., Any], arguments: list[Any], settings: dict[str, Any]) -> Tensor:
    output = function(*arguments, **settings)
    if isinstance(output, Tensor):
        return output
    name = getattr(function, "__name__", "the function")
    raise TypeError(f"grad: {name} returned {type(output).__name__}, not a Tensor; was .data or float() used inside?")


def _reads_outside(output: Tensor, variables: list[Tensor]) -> bool:
    """Whether the output depends on a variable that is not one of ours."""
    ours = set(variables)
    return any(x.requires_grad and x.op is None and x not in ours for x in topological_order(output))


def _gradients(output: Tensor, variables: list[Tensor], differentiable: bool) -> list[Any]:
    if not output.requires_grad:
        return [np.zeros(x.shape, x.dtype)[()] for x in variables]
    slopes = gradients(output, variables, create_graph=differentiable)
    for variable in variables:
        if variable.op is None:  # ours alone: what is differentiated later does not depend on it
            variable.requires_grad = False
    return [_result(slope) for slope in slopes]


def _result(slope: Any) -> Any:
    """A Tensor that something depends on stays one; arrays are the caller's own, to write to."""
    if isinstance(slope, Tensor):
        return slope if slope.requires_grad else slope.data
    return np.array(slope)[()]
