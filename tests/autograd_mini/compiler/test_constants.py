"""Compiled equals eager to the last bit: every elementwise operation, with every kind of constant, in every dtype."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

DTYPES = [np.dtype(name) for name in ("bool", "int8", "uint8", "int32", "int64", "float16", "float32", "float64")]
FLOATS = [dtype for dtype in DTYPES if dtype.kind == "f"]
SHAPES = ["array", "number"]

WEAK: list[Any] = [0, 1, -1, 2, 3, -2, 200, True, False]
WEAK += [0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 3.0, -2.0, 1e300, 1e-310, float("inf"), float("-inf"), float("nan")]
STRONG: list[Any] = [np.bool(True), np.uint8(2), np.int8(-1), np.int64(-1), np.float16(0.5), np.float32(2.0)]
STRONG += [np.float32(-1.0), np.float64(0.0), np.float64(1.0), np.float64(-1.0)]
CONSTANTS = WEAK + STRONG


# --------------------------------------------------------------------------------------------------- the operations


def elementwise() -> Iterator[tuple[str, Callable[..., Any], int]]:
    """Every public function that computes entry by entry, with the number of arrays that it can take."""
    for name, function in vars(ag).items():
        if callable(function) and not isinstance(function, type) and not name.startswith("_"):
            yield from ((name, function, count) for count in (1, 2, 3) if goes_by_entries(function, count))


def goes_by_entries(function: Callable[..., Any], count: int) -> bool:
    """Whether each entry of the result is that of the entries in its place, whatever stands beside them."""
    arrays = np.array([[0.3, 0.0, 0.2], [0.4, 0.1, 0.6], [0.9, 0.8, 0.95]])[:count]
    if isinstance(function, ag.Op) and function.arity != count:
        return False  # what follows are settings
    try:
        with np.errstate(all="ignore"):
            whole = function(*arrays)
            parts = [function(*[x[i : i + 1] for x in arrays]) for i in range(3)]
        return (
            isinstance(whole, np.ndarray)
            and whole.shape == (3,)
            and np.array_equal(whole, np.concatenate(parts), equal_nan=True)
        )
    except Exception:  # whatever it raises, it is not meant for arrays like these
        return False


FUNCTIONS = [*elementwise()]
SYMBOLS = {1: ["neg", "pos", "abs", "invert"], 2: ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]}
SYMBOLS[2] += ["eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "xor"]
OPERATORS = [(name, getattr(operator, name), count) for count, names in SYMBOLS.items() for name in names]


@dataclass(frozen=True)
class Case:
    """A call of an operation, some of whose operands are constants."""

    name: str
    function: Callable[..., Any]
    constants: dict[int, Any]
    count: int

    def __call__(self, *values: Any) -> Any:
        left = iter(values)
        return self.function(*[self.constants[i] if i in self.constants else next(left) for i in range(self.count)])

    def __str__(self) -> str:
        operands = [repr(self.constants[i]) if i in self.constants else "xyz"[i] for i in range(self.count)]
        return f"{self.name}({', '.join(operands)})"

    @property
    def free(self) -> int:
        """How many operands are no constants."""
        return self.count - len(self.constants)


def with_constant(constant: Any, functions: Sequence[Any] = (*FUNCTIONS, *OPERATORS)) -> list[Case]:
    """Every operation with a constant in place of some operands, but not of all."""
    return [
        Case(name, function, dict.fromkeys(places, constant), count)
        for name, function, count in functions
        for size in range(1, count)
        for places in itertools.combinations(range(count), size)
    ]


def without_constant(count: int) -> list[Case]:
    return [Case(name, function, {}, count) for name, function, n in (*FUNCTIONS, *OPERATORS) if n == count]


# Where two operations meet that the compiler writes as one, the constant decides whether it may.
PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "-(x * c)": lambda x, c: -(x * c),
    "-(x / c)": lambda x, c: -(x / c),
    "-(c / x)": lambda x, c: -(c / x),
    "-x * c": lambda x, c: -x * c,
    "-x / c": lambda x, c: -x / c,
    "c / -x": lambda x, c: c / -x,
    "c + -x": lambda x, c: c + -x,
    "-x - c": lambda x, c: -x - c,
    "c - -x": lambda x, c: c - -x,
    "x * c * 1": lambda x, c: x * c * 1,
    "(x * 1) ** c": lambda x, c: (x * 1) ** c,
    "relu(x) * (x > c)": lambda x, c: ag.relu(x) * (x > c),
    "hard_tanh(x) * (x < c)": lambda x, c: ag.hard_tanh(x) * (x < c),
}


# -------------------------------------------------------------------------------------------------------- operands


def entries(dtype: np.dtype[Any]) -> Any:
    """27 values of a dtype, its limits among them, so that vector instructions and what remains are both met."""
    if dtype.kind == "f":
        info = np.finfo(dtype)
        edges = [20, 0.0, info.max, -0.0, np.inf, info.min, np.nan, -np.inf, info.tiny, info.smallest_subnormal]
        return np.array([*edges, -20, *np.linspace(-2, 2, 9), *np.linspace(-0.9, 11, 7)]).astype(dtype)
    limits = [0, 1] if dtype.kind == "b" else [np.iinfo(dtype).min, np.iinfo(dtype).max, 20]
    return np.resize([*limits, *range(-6, 7)], 27).astype(dtype)


def operands(shape: str, *dtypes: np.dtype[Any]) -> list[tuple[Any, ...]]:
    """The rows of operands to compute with: one of arrays, or some of numbers."""
    arrays = [np.roll(entries(dtype), 4 * i) for i, dtype in enumerate(dtypes)]
    return [tuple(arrays)] if shape == "array" else [*zip(*[x[:12:3] for x in arrays])]


# ------------------------------------------------------------------------------------------------------ comparison


def outcome(compute: Callable[..., Any], *values: Any) -> Any:
    """The result of a call, or the kind of exception that it raises."""
    try:
        return compute(*values)
    except Exception as error:  # any: that it is the same is what is tested
        return type(error)


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, type) or isinstance(other, type):
        return one is other
    if type(one) is not type(other) or (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return one.tobytes() == other.tobytes() or same_numbers(one, other)


def same_numbers(one: Any, other: Any) -> bool:
    """Whether floats are the same, with the sign of zero; NaN has no sign."""
    equal = (one == other) & (np.signbit(one) == np.signbit(other)) if one.dtype.kind == "f" else one == other
    return bool(np.all(equal | ((one != one) & (other != other))))


def plain(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call on Tensors that need no gradient, with its result as an array."""
    return lambda *values: call(*[ag.Tensor(x, requires_grad=False) for x in values]).data


def faults(cases: Sequence[Case], rows: Sequence[Any]) -> list[str]:
    """The cases whose compiled results are not the eager ones; those that raise nothing are one program."""
    eager = [[outcome(plain(case), *row) for row in rows] for case in cases]
    fine = [i for i, results in enumerate(eager) if not any(isinstance(x, type) for x in results)]
    together = results_of(lambda *values: [cases[i](*values) for i in fine], rows) if fine else []
    found = {} if any(isinstance(x, type) for x in together) else dict(zip(fine, zip(*together)))
    for i in {*range(len(cases))} - {*found}:
        # What raises for all values alike does so while it is traced: to see it once is enough.
        found[i] = results_of(cases[i], rows[:1] if len({*map(repr, eager[i])}) == 1 else rows)
    return [
        f"{cases[i]} of {row}: {result!r}, but {wanted!r} without compiling"
        for i in sorted(found)
        for row, result, wanted in zip(rows, found[i], eager[i])
        if not is_same(result, wanted)
    ]


def results_of(call: Callable[..., Any], rows: Sequence[Any]) -> list[Any]:
    program = ag.compile(call)
    return [outcome(program.value, *row) for row in rows]


def assert_none(found: list[str]) -> None:
    assert not found, "\n".join([f"{len(found)} differ", *found[:20]])


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


# ----------------------------------------------------------------------------------------------------------- values


def faults_of(cases: list[Case], dtype: np.dtype[Any], shape: str) -> list[str]:
    """The faults among cases of any number of operands, all of one dtype."""
    by_free = {free: [case for case in cases if case.free == free] for free in (1, 2, 3)}
    return [x for free, some in by_free.items() if some for x in faults(some, operands(shape, *[dtype] * free))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_operations_with_a_constant(dtype: np.dtype[Any], shape: str) -> None:
    assert_none([x for constant in CONSTANTS for x in faults_of(with_constant(constant), dtype, shape)])


@pytest.mark.parametrize("dtype", [np.dtype(np.int8), np.dtype(np.float32)], ids=str)
def test_many_numbers_that_become_an_array(dtype: np.dtype[Any]) -> None:
    """All constants of one operation in one program, which puts what is alike into arrays."""
    cases = [case for constant in CONSTANTS for case in with_constant(constant, FUNCTIONS)]
    by_name = [[case for case in cases if case.name == name] for name in dict.fromkeys(case.name for case in cases)]
    assert_none([x for some in by_name for x in faults_of(some, dtype, "number")])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_operations_without_a_constant(dtype: np.dtype[Any], shape: str) -> None:
    found = faults(without_constant(1), operands(shape, dtype))
    found += faults(without_constant(3), operands(shape, dtype, dtype, dtype))
    for other in DTYPES:
        rows = operands(shape, dtype, other)
        found += faults(without_constant(2), rows)
        found += faults(without_constant(2), [(x, y[3] if np.ndim(y) else np.array([y])) for x, y in rows])
    assert_none(found)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_two_operations_that_may_become_one(dtype: np.dtype[Any], shape: str) -> None:
    constants = [*CONSTANTS, 100, -128, 6e4]
    groups = [[Case(name, pair, {1: constant}, 2) for name, pair in PAIRS.items()] for constant in constants]
    assert_none([x for cases in groups for x in faults(cases, operands(shape, dtype))])


# -------------------------------------------------------------------------------------------------------- gradients


def slopes_of(cases: Sequence[Case], rows: list[list[Any]], weight: Any, compile: bool) -> list[Any]:
    """The gradients of a weighted sum of the results, each case with leaves of its own, by its operands."""
    leaves = [[ag.Tensor(x) for x in row] for row in rows]

    def loss() -> Any:
        return sum(ag.sum(case(*own) * weight) for case, own in zip(cases, leaves))

    if compile:
        ag.compile(loss).value_and_grad()
    else:
        loss().backward()
    return [zeros_if_none(x) for own in leaves for x in own]


def zeros_if_none(x: ag.Tensor) -> Any:
    return np.zeros_like(x.data)[()] if x.grad is None else x.grad


def has_gradient(case: Case, row: Sequence[Any]) -> bool:
    result = outcome(case, *[ag.Tensor(x) for x in row])
    return isinstance(result, ag.Tensor) and result.requires_grad


def gradient_faults(cases: Sequence[Case], rows: Sequence[Any], weight: Any) -> list[str]:
    """The cases whose compiled gradients are not the eager ones."""
    pairs = [(case, row) for case in cases for row in rows if has_gradient(case, row[: case.free])]
    cases, rows = [case for case, _ in pairs], [[*row[: case.free]] for case, row in pairs]
    found, expected = (slopes_of(cases, rows, weight, compile) for compile in (True, False))
    labels = [f"gradient of {case} by {x}" for case, row in zip(cases, rows) for x in row]
    every = zip(labels, found, expected)
    return [f"{label}: {one}, but {other} without compiling" for label, one, other in every if not is_same(one, other)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_gradients(dtype: np.dtype[Any], shape: str) -> None:
    groups = [with_constant(constant, FUNCTIONS) for constant in CONSTANTS] + [
        without_constant(count) for count in (1, 2, 3)
    ]
    rows = operands(shape, dtype, dtype, dtype)[::2]
    weight = -1.5 if shape == "number" else np.linspace(-3, 3, 27)
    assert_none([x for cases in groups for x in gradient_faults(cases, rows, weight)])


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_the_gradient_of_a_power_with_exponent_zero(dtype: np.dtype[Any]) -> None:
    """A number of float64 is a Python float as well, but an exponent that may vary all the same."""
    rows = [(dtype.type(x), dtype.type(y)) for x in (-np.inf, -2.0, -0.0, 0.0, 3.0, np.nan) for y in (0.0, -0.0)]
    assert_none(gradient_faults([Case("power", ag.power, {}, 2)], rows, 1.0))


def test_the_list_of_operations_is_not_empty_by_mistake() -> None:
    names = {(name, count) for name, _, count in FUNCTIONS}
    assert {("add", 2), ("float_power", 2), ("heaviside", 2), ("where", 3), ("exp", 1), ("gelu", 1)} <= names
    assert not {"sum", "softmax", "cumsum", "sort", "dot", "extract"} & {name for name, _ in names}


def test_what_differs_is_found() -> None:
    """A function that computes something else when it is traced, in a bit, in a dtype, and by raising."""

    def changing(first: Any, then: Any) -> Callable[..., Any]:
        calls = ag.static(itertools.count())  # no guard could tell that it changes
        return lambda x, c: first(x) if next(calls) == 0 else then(x)

    same = [(lambda x: x * 1, lambda x: x), (lambda x: x * np.nan, lambda x: -(x * np.nan))]
    differ = [
        (lambda x: x * 0.0, lambda x: x * -0.0),
        (lambda x: x, lambda x: x.astype(np.float32)),
        (lambda x: x, lambda x: ag.add(x, [1.0, 2.0])),
        (lambda x: x, lambda x: x * (1 + 2**-52)),
    ]
    rows = [(np.array([1.0, 0.0, 3.0]),)]
    counts = [len(faults([Case("f", changing(*both), {1: 0}, 2)], rows)) for both in same + differ]
    assert counts == [0, 0, 1, 1, 1, 1]
