"""What a row of the operation table is made of: domains, shapes, and the arguments to try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

Case = tuple[list[np.ndarray], dict[str, Any]]
Domain = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Row:
    """An operation, how users call it, NumPy's answer, and the arguments to try."""

    subject: Any
    """The Op, or the function composed of operations, that the row is about."""
    call: Callable[..., Any]
    """How users call it: arrays or Tensors by position, settings by name."""
    reference: Callable[..., Any]
    cases: st.SearchStrategy[Case]
    order: int = 2
    """The highest order of derivative that equals the derivative of the value; 0 to check none."""
    rtol: float = 1e-14
    """How close the value is to the reference, relatively."""

    @property
    def name(self) -> str:
        return str(getattr(self.subject, "name", None) or self.subject.__name__)


# ------------------------------------------------------------------------------------------------------- domains


def between(low: float, high: float) -> Domain:
    return lambda rng, shape: rng.uniform(low, high, shape)


def away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape))


def lattice(offset: float) -> Domain:
    """Multiples of 0.1 shifted by an offset: two lattices never tie, and no entry is within 0.02 of another's."""
    return lambda rng, shape: np.asarray(rng.integers(-15, 15, shape) * 0.1 + offset)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray((rng.permutation(int(np.prod(shape))).reshape(shape) - 5.0) * 0.2 + 0.05)


ANY = between(-2.0, 2.0)

# ------------------------------------------------------------------------------------------------------ strategies

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
shapes = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
full_shapes = array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)


@st.composite
def elementwise_cases(draw: st.DrawFn, *domains: Domain) -> Case:
    drawn = draw(mutually_broadcastable_shapes(num_shapes=len(domains), max_dims=3, min_side=0, max_side=3))
    rng = draw(generators)
    return [domain(rng, shape) for domain, shape in zip(domains, drawn.input_shapes)], {}


@st.composite
def array_cases(
    draw: st.DrawFn,
    settings: Callable[[tuple[int, ...]], st.SearchStrategy[dict[str, Any]]],
    domain: Domain = ANY,
    shapes: st.SearchStrategy[tuple[int, ...]] = shapes,
) -> Case:
    shape = draw(shapes)
    return [domain(draw(generators), shape)], draw(settings(shape))


def axes(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """None, one axis, or several, negative ones too."""
    if not shape:
        return st.none()
    one = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(one, unique_by=lambda axis: axis % len(shape), max_size=len(shape)).map(tuple)
    return st.none() | one | several


def reduction_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"axis": axes(shape), "keepdims": st.booleans()})


def pointwise(
    function: Any, reference: Callable[..., Any], *domains: Domain, order: int = 2, rtol: float = 1e-14
) -> Row:
    """A row for an elementwise operation with broadcasting: one domain per input."""
    return Row(function, function, reference, elementwise_cases(*domains), order, rtol)


def by_axis(
    function: Any,
    reference: Callable[..., Any],
    domain: Domain = ANY,
    shapes: st.SearchStrategy[tuple[int, ...]] = shapes,
    order: int = 2,
) -> Row:
    """A row for a reduction with `axis` and `keepdims`."""
    return Row(function, function, reference, array_cases(reduction_settings, domain, shapes), order)
