"""Jacobians: their products with vectors from either side, the whole of them, and the same for second derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_mini.ops import stack
from autograd_mini.tensor import Tensor, as_tensor
from autograd_mini.transforms.gradients import with_value
from autograd_mini.transforms.passes import (
    Results,
    Variables,
    check_argnums,
    check_function,
    conformed,
    output_of,
    outputs_of,
    pulled_back,
    slopes_of,
    transforming,
)
from autograd_mini.transforms.trees import matching


def vjp(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The output of `function` at `primals`, and the pullback: from a cotangent g (dL/d output) to dL/d primals.

    Inputs and outputs may be containers as in `grad`; g is in the container, shapes and dtypes of the output. The
    pullback gives the gradient of one primal, or a tuple of gradients for several, and may be called again.

    Raises TypeError and ValueError as `grad`, and ValueError for a g of another structure or shape.

    >>> output, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> output, pullback([1.0, 10.0])
    (array([1., 4.]), array([ 2., 40.]))
    """
    check_function("vjp", function)
    with transforming() as results, results.block:
        chosen = _all(results, "vjp", primals)
        outputs, rebuild = outputs_of("vjp", function, function(*chosen.arguments))
        output = rebuild(map(results.plain, outputs))

    def pullback(cotangent: Any) -> Any:
        with transforming() as results, results.block:
            matched = matching(rebuild(outputs), cotangent, "vjp: cotangent")
            cotangents = [conformed(leaf, y) for leaf, y in zip(matched, outputs)]
            recorded = any(map(results.depends, (*outputs, *cotangents)))
            slopes = chosen.like_arguments(
                map(results.plain, pulled_back(outputs, cotangents, chosen.leaves, recorded))
            )
        return slopes[0] if len(primals) == 1 else slopes

    return output, pullback


def jvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The output of `function` at `primals`, and how it changes when the primals move along `tangents`.

    Primals and tangents are tuples or lists with one entry per argument; entries and output may be containers as in
    `grad`. The pullback is linear in the cotangent, and its own derivative is the product wanted: two passes back and
    no second table of derivatives.

    Raises TypeError and ValueError as `grad`, and ValueError for tangents of another structure or shape.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (np.float64(6.0), np.float64(23.0))
    """
    check_function("jvp", function)
    with transforming() as results, results.block:
        chosen = _all(results, "jvp", _arguments("jvp", primals))
        directions = _directions("jvp", chosen, primals, tangents)
        outputs, rebuild = outputs_of("jvp", function, function(*chosen.arguments))
        weights = [
            results.variable(np.ones(y.shape, y.dtype if y.dtype.kind == "f" else float), "jvp") for y in outputs
        ]
        slopes = pulled_back(outputs, weights, chosen.leaves, create_graph=True)
        recorded = any(map(results.depends, (*slopes, *directions)))
        moves = pulled_back(slopes, directions, weights, recorded)
        return rebuild(map(results.plain, outputs)), rebuild(map(results.plain, moves))


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a scalar `function` at `primals` times `tangents`, in the containers of the primals.

    Costs about two gradients, whatever the number of entries.

    >>> hvp(lambda x, y: x**2 * y, (3.0, 5.0), (1.0, 0.0))
    (np.float64(10.0), np.float64(6.0))
    """
    check_function("hvp", function)
    with transforming() as results, results.block:
        chosen = _all(results, "hvp", _arguments("hvp", primals))
        directions = _directions("hvp", chosen, primals, tangents)
        output = output_of("hvp", function, function(*chosen.arguments))
        slopes = slopes_of(output, chosen.leaves, create_graph=True)
        recorded = any(map(results.depends, (*slopes, *directions)))
        products = pulled_back(slopes, directions, chosen.leaves, recorded)
        return chosen.like_arguments(map(results.plain, products))


def jacobian(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes all derivatives of `function`: arrays of the shape output.shape + argument.shape.

    For containers they are nested: the output's container outside, the argument's inside. One pass back per entry of
    the output.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian("jacobian", function, function, argnums)


def hessian(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes all second derivatives of a scalar `function`: the jacobian of its gradient.

    Arrays of the shape argument.shape + argument.shape, for containers and tuples of argnums nested twice.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    both = with_value("hessian", function, argnums, has_aux=False)
    return _jacobian("hessian", function, lambda *arguments, **settings: both(*arguments, **settings)[1], argnums)


def _jacobian(transform: str, function: Any, differentiated: Any, argnums: int | tuple[int, ...]) -> Callable[..., Any]:
    check_argnums(transform, function, argnums)

    @functools.wraps(function)
    def derivatives(*arguments: Any, **settings: Any) -> Any:
        with transforming() as results, results.block:
            chosen = Variables(results, transform, arguments, argnums)
            outputs, rebuild = outputs_of(transform, function, differentiated(*chosen.arguments, **settings))
            blocks = [_blocks(y, chosen.leaves, results.depends(y)) for y in outputs]
            return rebuild([chosen.like_arguments(map(results.plain, block)) for block in blocks])

    return derivatives


def _blocks(output: Tensor, variables: list[Tensor], recorded: bool) -> list[Any]:
    """The derivatives of one output by each variable."""
    rows = [pulled_back([output], [seed], variables, recorded) for seed in _unit_cotangents(output)]
    if not rows:
        return [np.zeros(output.shape + x.shape, x.dtype) for x in variables]
    return [stack(column).reshape(output.shape + x.shape) for column, x in zip(zip(*rows), variables)]


def _unit_cotangents(output: Tensor) -> Iterator[Tensor]:
    for index in np.ndindex(output.shape):
        unit = np.zeros(output.shape, output.dtype)
        unit[index] = 1
        yield as_tensor(unit, requires_grad=False)


def _all(results: Results, transform: str, primals: Sequence[Any]) -> Variables:
    return Variables(results, transform, primals, tuple(range(len(primals))))


def _arguments(transform: str, primals: Any) -> Any:
    if isinstance(primals, (list, tuple)):
        return primals
    raise TypeError(f"{transform}: primals are a tuple with one entry per argument, got {type(primals).__name__}")


def _directions(transform: str, chosen: Variables, primals: Any, tangents: Any) -> list[Tensor]:
    matched = matching(primals, tangents, f"{transform}: tangents")
    return [conformed(leaf, x) for leaf, x in zip(matched, chosen.leaves)]
