"""Checks of gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.differences import EPSILON, Estimate, ridders, scales
from autograd_mini.tensor import Tensor, gradients

Point = Sequence[Array]


class GradientMismatchError(AssertionError):
    """Autodiff and finite differences disagree, or finite differences can't decide."""


def check_gradient(function: Callable[..., Any], *inputs: Any, order: int = 2, rtol: float = 1e-5) -> None:
    """Check the gradients of `function` at `inputs` against central differences, up to the given order.

    `function` takes Tensors and returns one, of any shape: its entries are combined with fixed random weights. Inputs
    are numbers or arrays, computed with in float64. Differences are extrapolated to step 0 (Ridders, Advances in
    Engineering Software 4, 1982) from steps in proportion to the entry, which gives an error estimate. An entry passes
    if the two differ by at most `rtol` of itself, 1e-9 of the largest entry, that estimate, and what autodiff's own
    rounding can do. No absolute tolerance takes part, so the scale of the function does not matter. Second order checks
    the gradient of a random combination of the first-order gradients.

    Raises GradientMismatchError (an AssertionError) naming the entry, both values and the step; TypeError if `function`
    returns no Tensor; ValueError if it is not finite or gives two results for one point, or for an order below 1.

    >>> import autograd_mini as ag
    >>> check_gradient(lambda x, y: ag.tanh(x) * y, [0.5, -1.0], 2.0)
    >>> wrong = ag.Op("wrong", lambda x: x**3, lambda g, out, x: g * 3.003 * x**2)
    >>> check_gradient(wrong, 2.0)
    Traceback (most recent call last):
    autograd_mini.testing.GradientMismatchError: wrong: order 1, input 0, entry (): autodiff gives 12.01..., finite
    differences 1... (error about ..., step ...); 1 of 1 entries differ
    """
    if order < 1:
        raise ValueError(f"check_gradient: order is 1 or more, got {order}; nothing would be checked")
    point = [np.array(x.data if isinstance(x, Tensor) else x, np.float64) for x in inputs]
    name = str(getattr(function, "name", getattr(function, "__name__", "function")))
    generator = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        _check_repeatable(name, function, point)
        scalar = _weighted(function, point, generator)
        size = max([1e-300, *(float(np.max(np.abs(x), initial=0.0)) for x in point)])
        natural = abs(float(_evaluate(scalar, point).data))
        for current in range(1, order + 1):
            natural /= size  # the size that a derivative has by nature: value over input, once per order
            _check_order(f"{name}: order {current}", scalar, point, rtol, natural)
            scalar = _directional(scalar, point, generator)


def _check_repeatable(name: str, function: Callable[..., Any], point: Point) -> None:
    first, second = _evaluate(function, point), _evaluate(function, point)
    if not isinstance(first, Tensor):
        raise TypeError(f"check_gradient: {name} returned {type(first).__name__}, not a Tensor")
    if not np.isfinite(first.data).all():
        raise ValueError(f"check_gradient: {name} is not finite at this point; choose another")
    if not np.array_equal(first.data, second.data):
        raise ValueError(f"check_gradient: {name} gives two results for one point; fix its random numbers")


def _evaluate(function: Callable[..., Any], point: Point) -> Any:
    return function(*(Tensor(x) for x in point))


def _weights(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Random weights away from 0, so that no entry is lost in the sum."""
    weights: Array = generator.uniform(0.5, 1.5, shape) * generator.choice([-1.0, 1.0], shape)
    return weights


def _weighted(function: Callable[..., Any], point: Point, generator: np.random.Generator) -> Callable[..., Tensor]:
    shape = _evaluate(function, point).shape
    weights = _weights(shape, generator) if shape else 1.0  # a scalar function shows its own derivatives
    return lambda *variables: (function(*variables) * weights).sum()


def _directional(scalar: Callable[..., Tensor], point: Point, generator: np.random.Generator) -> Callable[..., Tensor]:
    """The function that sums the gradient's entries with random weights: its gradient is the next order."""
    weights = [_weights(x.shape, generator) for x in point]

    def slope(*variables: Tensor) -> Tensor:
        slopes = _gradients(scalar, variables, create_graph=True)
        return sum(((g * w).sum() for g, w in zip(slopes, weights)), start=Tensor(0.0, requires_grad=False))

    return slope


def _gradients(scalar: Callable[..., Tensor], variables: Sequence[Tensor], create_graph: bool) -> list[Any]:
    output = scalar(*variables)
    if output.requires_grad:
        return list(gradients(output, variables, create_graph=create_graph))
    zeros = [np.zeros_like(x.data) for x in variables]
    return [Tensor(zero, requires_grad=False) for zero in zeros] if create_graph else zeros


def _check_order(label: str, scalar: Callable[..., Tensor], point: Point, rtol: float, unit: float) -> None:
    automatic, again = (_gradients(scalar, [Tensor(x) for x in point], create_graph=False) for _ in range(2))
    if not all(np.array_equal(one, other, equal_nan=True) for one, other in zip(automatic, again)):
        raise ValueError(f"check_gradient: {label} gives two gradients for one point; fix its random numbers")
    for position, noise in enumerate(_rounding(scalar, point, automatic, unit)):
        slope = np.asarray(automatic[position])
        estimates = _estimates(scalar, point, position, unit)
        wrong = _disagreements(slope, estimates, rtol, noise)
        if wrong:
            worst = max(wrong, key=lambda i: _distance(float(slope[i]), estimates[i]))
            count = f"{len(wrong)} of {len(estimates)} entries differ"
            kink = _kink(_along(scalar, point, position, worst), estimates[worst])
            message = _message(float(slope[worst]), estimates[worst])
            raise GradientMismatchError(f"{label}, input {position}, entry {worst}: {message}; {count}{kink}")


def _rounding(scalar: Callable[..., Tensor], point: Point, automatic: list[Any], unit: float) -> list[float]:
    """How far autodiff's own gradients move when the inputs move by a few units in the last place."""
    noise = [0.0] * len(point)
    for units in (-3, -2, -1, 1, 2, 3):
        nudged = _gradients(scalar, [Tensor(x * (1 + units * EPSILON)) for x in point], create_graph=False)
        moves = [np.max(np.abs(new - old), initial=0.0) for new, old in zip(nudged, automatic)]
        noise = [max(before, 4 * float(move)) for before, move in zip(noise, moves)]
    # A gradient that jumps is no rounding: more than a millionth of its size is not forgiven.
    sizes = [np.max(np.abs(slope), initial=0.0) for slope in automatic]
    return [min(bound, max(1e-6 * float(size), 1e-12 * unit)) for bound, size in zip(noise, sizes)]


# --------------------------------------------------------------------------------------------- finite differences


def _estimates(
    scalar: Callable[..., Tensor], point: Point, position: int, unit: float
) -> dict[tuple[int, ...], Estimate]:
    """The derivative of `scalar` in each entry of one input."""
    return {index: _derivative(scalar, point, position, index, unit) for index in np.ndindex(point[position].shape)}


def _derivative(
    scalar: Callable[..., Tensor], point: Point, position: int, index: tuple[int, ...], unit: float
) -> Estimate:
    x = point[position]
    along = _along(scalar, point, position, index)
    best = Estimate(np.nan, np.inf, 0.0, 0.0)
    for scale in scales(float(x[index]), float(np.max(np.abs(x)))):
        best = min(best, ridders(along, scale, noise=_noise(along, scale, unit)), key=lambda estimate: estimate.error)
        if best.error <= 1e-7 * abs(best.value) or best.error == 0:
            break
    return best


def _noise(along: Callable[[float], float], scale: float, unit: float) -> float:
    """How far a function moves within a few units in the last place: more than its size says where terms cancel."""
    middle = along(0.0)
    moves = [abs(along(units * EPSILON * scale) - middle) for units in (-3, -2, -1, 1, 2, 3)]
    noise = max([move for move in moves if np.isfinite(move)], default=0.0)
    return min(noise, 1e-12 * max(unit, abs(middle)))  # more than that is a jump


def _along(
    scalar: Callable[..., Tensor], point: Point, position: int, index: tuple[int, ...]
) -> Callable[[float], float]:
    """`scalar` as a function of a shift of one entry."""

    def along(shift: float) -> float:
        moved = point[position].copy()
        moved[index] += shift
        return float(_evaluate(scalar, [*point[:position], moved, *point[position + 1 :]]).data)

    return along


# ------------------------------------------------------------------------------------------------------- verdict


def _disagreements(
    automatic: Array, estimates: dict[tuple[int, ...], Estimate], rtol: float, noise: float
) -> list[tuple[int, ...]]:
    largest = max((abs(estimate.value) for estimate in estimates.values()), default=0.0)
    floor = 1e-9 * largest + noise
    return [i for i, estimate in estimates.items() if not _agree(float(automatic[i]), estimate, rtol, floor)]


def _agree(automatic: float, numeric: Estimate, rtol: float, floor: float) -> bool:
    tolerance = rtol * abs(numeric.value) + floor + numeric.error
    # Differences too rough to confirm anything, in proportion to the value or by nature, don't count as agreement.
    decided = numeric.error <= max(1e-3 * max(abs(automatic), abs(numeric.value)), 1e-9 * numeric.natural, floor)
    decided = decided or numeric.error <= 4 * numeric.rounding
    return decided and abs(automatic - numeric.value) <= tolerance


def _distance(automatic: float, numeric: Estimate) -> float:
    distance = abs(automatic - numeric.value)
    return distance if np.isfinite(distance) else np.inf


def _message(automatic: float, numeric: Estimate) -> str:
    return (
        f"autodiff gives {automatic!r}, finite differences {numeric.value!r} "
        f"(error about {numeric.error:.1e}, step {numeric.step:.1e})"
    )


def _kink(along: Callable[[float], float], numeric: Estimate) -> str:
    """What to say where the slopes to both sides stay apart, or grow without end, as the step gets smaller."""
    wide, narrow = (_sides(along, step * (numeric.step or 1.0)) for step in (0.1, 0.1 / 16))
    apart = abs(narrow[0] - narrow[1]) > 0.25 * abs(wide[0] - wide[1]) > 0.0
    grows = max(map(abs, narrow)) > 4 * max(map(abs, wide))
    if not (apart or grows):
        return "; they are too rough to confirm anything" if numeric.rough else ""
    return f"; the slope is {narrow[0]:.3g} to the left and {narrow[1]:.3g} to the right: a kink, a jump, or an edge"


def _sides(along: Callable[[float], float], step: float) -> tuple[float, float]:
    return (along(0.0) - along(-step)) / step, (along(step) - along(0.0)) / step
