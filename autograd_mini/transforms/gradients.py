"""From a scalar function to its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor, as_tensor
from autograd_mini.transforms.passes import (
    Variables,
    check_argnums,
    label,
    output_of,
    pulled_back,
    slopes_of,
    transforming,
)
from autograd_mini.transforms.trees import flatten


def grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes the gradient of a scalar `function` in the arguments at `argnums`.

    Arguments may be numbers, arrays, Tensors, or nested lists, tuples and dicts of them; the gradient has the same
    containers, and a tuple of argnums gives a tuple of gradients. Each gradient is an array, or a Tensor where it
    depends on Tensors from outside (an argument, or one that the function reads from its closure), so that it can be
    differentiated further; within another transform's function it is always a Tensor. With `has_aux` the function
    returns (output, aux), and (gradient, aux) is returned: aux may be anything, and Tensors in its containers become
    arrays by the same rule.

    Raises TypeError if `function` is none or returns no Tensor, and for an argument that is not made of real numbers;
    ValueError if `function` returns more than one entry or if an argument number is given twice.

    >>> slope = grad(lambda x: x**3)
    >>> slope(2.0), grad(slope)(2.0), grad(grad(slope))(2.0)
    (np.float64(12.0), np.float64(12.0), np.float64(6.0))
    >>> grad(lambda line, x: line["slope"] * x + line["start"])({"slope": 2.0, "start": 1.0}, 3.0)
    {'slope': np.float64(3.0), 'start': np.float64(1.0)}
    """
    both = with_value("grad", function, argnums, has_aux)

    @functools.wraps(function)
    def gradient(*arguments: Any, **settings: Any) -> Any:
        value, slopes = both(*arguments, **settings)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def value_and_grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes a scalar `function` and its gradient, as `grad`, in one pass.

    With `has_aux` it returns ((output, aux), gradient).

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)
    (np.float64(6.0), (np.float64(3.0), np.float64(2.0)))
    """
    return with_value("value_and_grad", function, argnums, has_aux)


def elementwise_grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The derivative, entry by entry, of a function that acts on each entry by itself.

    It is the gradient of the sum of the outputs: a function that mixes entries gets just that. Containers are as in
    `grad`.

    Raises ValueError if the output has another shape than an argument at `argnums`.

    >>> import autograd_mini as ag
    >>> elementwise_grad(ag.tanh)(np.array([0.0, 1.0]))
    array([1.        , 0.41997434])
    """
    check_argnums("elementwise_grad", function, argnums)

    @functools.wraps(function)
    def derivative(*arguments: Any, **settings: Any) -> Any:
        with transforming() as results, results.block:
            chosen = Variables(results, "elementwise_grad", arguments, argnums)
            output = output_of("elementwise_grad", function, function(*chosen.arguments, **settings))
            _check_shapes(function, output, chosen.leaves)
            ones = as_tensor(np.ones(output.shape, output.dtype), requires_grad=False)
            slopes = pulled_back([output], [ones], chosen.leaves, results.depends(output))
            return chosen.like_arguments(map(results.plain, slopes))

    return derivative


def _check_shapes(function: Any, output: Tensor, variables: list[Tensor]) -> None:
    for x in variables:
        if x.shape != output.shape:
            raise ValueError(
                f"elementwise_grad: {label(function)} gives shape {output.shape} for an argument of shape {x.shape}; "
                "it does not act entry by entry: use ag.grad of a sum, or ag.jacobian"
            )


def with_value(transform: str, function: Any, argnums: int | tuple[int, ...], has_aux: bool) -> Callable[..., Any]:
    """`value_and_grad` for the transform that errors are to name."""
    check_argnums(transform, function, argnums)

    @functools.wraps(function)
    def both(*arguments: Any, **settings: Any) -> Any:
        with transforming() as results, results.block:
            chosen = Variables(results, transform, arguments, argnums)
            returned = function(*chosen.arguments, **settings)
            output, aux = _parted(transform, function, returned) if has_aux else (returned, None)
            output = _check_single(transform, function, output_of(transform, function, output))
            slopes = slopes_of(output, chosen.leaves, results.depends(output))
            value = results.plain(output)
            if has_aux:
                leaves, rebuild = flatten(aux)
                value = value, rebuild(results.plain_where_traced(leaf.value) for leaf in leaves)
            return value, chosen.like_arguments(map(results.plain, slopes))

    return both


def _check_single(transform: str, function: Any, output: Tensor) -> Tensor:
    if output.size != 1:
        raise ValueError(
            f"{transform}: {label(function)} returned {describe(output)} with {output.size} entries, not 1; reduce it "
            "with .sum() or .mean(), or take ag.jacobian, or ag.elementwise_grad where each entry depends on its own"
        )
    return output


def _parted(transform: str, function: Any, returned: Any) -> tuple[Any, Any]:
    if isinstance(returned, tuple) and len(returned) == 2:
        return returned
    what = f"a tuple of {len(returned)}" if isinstance(returned, tuple) else type(returned).__name__
    raise TypeError(f"{transform}: {label(function)} returned {what}; with has_aux it returns (output, aux)")
