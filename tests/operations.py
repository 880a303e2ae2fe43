"""The table of operations: one row each drives the tests of value, dtype, shape, gradient and mutation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    basic_indices,
    broadcastable_shapes,
    integer_array_indices,
    mutually_broadcastable_shapes,
)

import autograd_mini as ag
from autograd_mini import ops
from autograd_mini.ops import elementwise, linalg, reductions, shape

Case = tuple[list[np.ndarray], dict[str, Any]]
Domain = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Row:
    """An operation, how users call it, NumPy's answer, and the arguments to try."""

    op: ops.Op
    call: Callable[..., Any]
    reference: Callable[..., Any]
    cases: st.SearchStrategy[Case]
    order: int = 2
    """The highest order of derivative that equals the derivative of the value."""

    @property
    def name(self) -> str:
        return self.op.name


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


def new_shapes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    size = int(np.prod(shape))
    candidates = [shape, (size,), (1, size), (*shape[::-1], 1)] + ([(-1, 1)] if size else [])
    return st.sampled_from(candidates).map(lambda new: {"shape": new})


def permutations(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    order = st.permutations(range(-len(shape), 0)).map(tuple)
    return (st.none() | order).map(lambda axes: {"axes": axes})


def larger_shapes(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    fits = broadcastable_shapes(shape, max_dims=4, max_side=3)
    return fits.map(lambda other: {"shape": np.broadcast_shapes(shape, other)})


def indices(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Every form of index: slices, ints, None, Ellipsis; arrays of ints, with repeats; masks; and mixtures."""
    forms = [basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)]
    if shape and all(shape):
        forms.append(integer_array_indices(shape, result_shape=array_shapes(max_dims=2, max_side=3)))
        first = st.integers(-shape[0], shape[0] - 1)
        forms.append(st.lists(first, max_size=4).map(lambda rows: (rows, ...)))
        forms.append(st.lists(st.booleans(), min_size=shape[0], max_size=shape[0]).map(lambda m: np.array(m, bool)))
        forms.append(st.lists(first, min_size=1, max_size=3).map(lambda rows: (None, np.array(rows), ...)))
    return st.one_of(forms).map(lambda index: {"index": index})


@st.composite
def joinable(draw: st.DrawFn, new_axis: bool) -> Case:
    count, rng = draw(st.integers(1, 3)), draw(generators)
    shape = list(draw(array_shapes(min_dims=0 if new_axis else 1, max_dims=3, min_side=0, max_side=3)))
    axis = draw(st.integers(-len(shape) - new_axis, len(shape) - 1 + new_axis))
    arrays = []
    for _ in range(count):
        if not new_axis:
            shape[axis] = draw(st.integers(0, 3))
        arrays.append(ANY(rng, tuple(shape)))
    return arrays, {"axis": axis}


@st.composite
def matrices(draw: st.DrawFn) -> Case:
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    batch = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=2)).input_shapes
    left = draw(st.sampled_from([(k,), (n, k), (*batch[0], n, k)]))
    right = draw(st.sampled_from([(k,), (k, m), (*batch[1], k, m)]))
    rng = draw(generators)
    return [ANY(rng, left), ANY(rng, right)], {}


@st.composite
def scattered(draw: st.DrawFn) -> Case:
    shape = draw(array_shapes(max_dims=2, max_side=3))
    index = draw(indices(shape))["index"]
    result = np.zeros(shape)[tuple(index) if isinstance(index, list) else index].shape
    return [ANY(draw(generators), result)], {"index": index, "shape": shape}


# ---------------------------------------------------------------------------------------------- how users call them


def join(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays, axis: function(arrays, axis)


def scatter_add(g: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    arrays, pattern = ops.split_index(index)
    return ops.scatter_add(g, *arrays, index=pattern, shape=shape)


def numpy_scatter_add(g: np.ndarray, *, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    total = np.zeros(shape, g.dtype)
    np.add.at(total, index, g)
    return total


def pointwise(op: ops.Op, reference: Callable[..., Any], *domains: Domain, order: int = 2) -> Row:
    return Row(op, op, reference, elementwise_cases(*domains), order)


def reduction(op: ops.Op, reference: Callable[..., Any], cases: st.SearchStrategy[Case]) -> Row:
    return Row(op, op, reference, cases)


full_shapes = array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)
LEFT, RIGHT = lattice(0.02), lattice(0.07)

ROWS = [
    pointwise(ag.add, np.add, ANY, ANY),
    pointwise(ag.subtract, np.subtract, ANY, ANY),
    pointwise(ag.multiply, np.multiply, ANY, ANY),
    pointwise(ag.divide, np.divide, ANY, away_from_zero),
    pointwise(ag.negative, np.negative, ANY),
    pointwise(ag.positive, np.positive, ANY),
    pointwise(ag.power, np.power, between(0.2, 2.0), ANY),
    pointwise(ag.exp, np.exp, ANY),
    pointwise(ag.log, np.log, between(0.1, 3.0)),
    pointwise(ag.sqrt, np.sqrt, between(0.1, 3.0)),
    pointwise(ag.tanh, np.tanh, ANY),
    pointwise(ag.sigmoid, lambda x: 1 / (1 + np.exp(-x)), between(-5.0, 5.0)),
    pointwise(ag.relu, lambda x: np.where(x > 0, x, 0 * x), away_from_zero),
    pointwise(ag.absolute, np.abs, away_from_zero),
    pointwise(ag.sign, np.sign, away_from_zero),
    pointwise(ag.maximum, np.maximum, LEFT, RIGHT),
    pointwise(ag.where, lambda c, x, y: np.where(c != 0, x, y), away_from_zero, ANY, ANY),
    pointwise(ag.stop_gradient, lambda x: x, ANY, order=0),
    pointwise(ag.equal, np.equal, LEFT, RIGHT),
    pointwise(ag.not_equal, np.not_equal, LEFT, RIGHT),
    pointwise(ag.less, np.less, LEFT, RIGHT),
    pointwise(ag.less_equal, np.less_equal, LEFT, RIGHT),
    pointwise(ag.greater, np.greater, LEFT, RIGHT),
    pointwise(ag.greater_equal, np.greater_equal, LEFT, RIGHT),
    Row(
        ag.astype,
        ag.astype,
        lambda x, dtype: x.astype(dtype),
        array_cases(lambda shape: st.just({"dtype": np.dtype(np.float64)})),
    ),
    reduction(ag.sum, np.sum, array_cases(reduction_settings)),
    reduction(ag.mean, np.mean, array_cases(reduction_settings, shapes=full_shapes)),
    reduction(ag.max, np.max, array_cases(reduction_settings, distinct, full_shapes)),
    reduction(
        ag.logsumexp,
        lambda x, axis, keepdims: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
        array_cases(reduction_settings, shapes=full_shapes),
    ),
    Row(ag.reshape, ag.reshape, np.reshape, array_cases(new_shapes)),
    Row(ag.transpose, ag.transpose, np.transpose, array_cases(permutations)),
    Row(ag.broadcast_to, ag.broadcast_to, np.broadcast_to, array_cases(larger_shapes)),
    Row(ops.getitem, lambda x, index: x[index], lambda x, index: x[index], array_cases(indices)),
    Row(ops.scatter_add, scatter_add, numpy_scatter_add, scattered()),
    Row(shape._concatenate, join(ag.concatenate), join(np.concatenate), joinable(new_axis=False)),
    Row(shape._stack, join(ag.stack), join(np.stack), joinable(new_axis=True)),
    Row(ag.matmul, ag.matmul, np.matmul, matrices()),
]


def operations(modules: Iterable[ModuleType] = (elementwise, linalg, reductions, shape)) -> set[ops.Op]:
    """Every operation that the modules define."""
    return {value for module in modules for value in vars(module).values() if isinstance(value, ops.Op)}
