"""That every rule of rewriting keeps the value, and that they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini.formula import Apply, Expression, Name, Number, as_text, evaluate, simplified
from autograd_mini.formula.patterns import pattern
from autograd_mini.formula.simplify import ALGEBRA, GUARDS
from autograd_mini.ops.indexing import SLOT

ALL = slice(None)
NUMBERS = st.floats(0.2, 3.0) | st.floats(-3.0, -0.2)
VALUES = st.fixed_dictionaries({name: NUMBERS for name in "abcdnm"})


def same(left: Any, right: Any, values: dict[str, Any]) -> None:
    """The same value; where left has none, as for the root of a negative number, right may have one."""
    with np.errstate(all="ignore"):
        found = evaluate(Number(right) if isinstance(right, int) else right, values)
        expected = np.float64(1) * evaluate(left, {name: np.float64(x) for name, x in values.items()})
    if np.isfinite(expected):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def described(line: Any) -> str:
    return as_text(line) if not isinstance(line, int) else str(line)


@pytest.mark.parametrize(("left", "right"), ALGEBRA, ids=described)
@given(values=VALUES, tie=st.booleans())
def test_a_line_of_the_table_keeps_the_value(left: Apply, right: Any, values: dict[str, float], tie: bool) -> None:
    same(left, right, {**values, "b": values["a"]} if tie else values)


@pytest.mark.parametrize(("left", "right"), GUARDS, ids=described)
@given(values=VALUES)
def test_a_guard_that_is_idle_keeps_the_value(left: Apply, right: Any, values: dict[str, float]) -> None:
    idle = [c for c in (0.0, 1.0) if _is_idle(left, {**values, "c": c})]
    for c in idle:
        same(left, right, {**values, "c": c})


def _is_idle(left: Apply, values: dict[str, float]) -> bool:
    """Whether the choices take what the formula keeps: a guard on c chooses the number if c holds."""
    takes_first = "where(c, a, 0)" in as_text(left)
    return bool(values["c"]) == takes_first


X, Y, V = Name("x", (2, 3)), Name("y", (2, 3)), Name("v", (3,))
S, LABELS = Name("s", ()), Name("i", (2,))


def call(op_name: str, *arguments: Expression, shape: tuple[int, ...], **settings: Any) -> Apply:
    return Apply(op_name, arguments, tuple(settings.items()), shape)


def transposed(x: Expression, *axes: int) -> Apply:
    shape = tuple(x.shape or ())
    if axes:
        return call("transpose", x, shape=tuple(shape[axis] for axis in axes), axes=axes)
    return call("transpose", x, shape=shape[::-1])


CUBE = Name("c", (2, 3, 4))
SQUARE = Name("w", (3, 3))

REWRITTEN: list[tuple[Expression, str]] = [
    (pattern("multiply", X, 3), "3·x"),
    (pattern("multiply", pattern("multiply", 2, X), 3), "6·x"),
    (pattern("multiply", 2, pattern("multiply", X, -3)), "−6·x"),
    (pattern("multiply", X, S), "s·x"),
    (pattern("add", 2, 3), "5"),
    (pattern("divide", 1, 3), "1 / 3"),
    (pattern("divide", 6, 3), "2"),
    (pattern("multiply", -2, X), "−2·x"),
    (pattern("add", X, -2), "x − 2"),
    (pattern("subtract", X, -2), "x + 2"),
    (pattern("add", X, pattern("add", Y, V)), "x + y + v"),
    (call("broadcast_to", X, shape=(2, 3)), "x"),
    (call("reshape", X, shape=(2, 3)), "x"),
    (pattern("add", X, call("broadcast_to", V, shape=(2, 3))), "x + v"),
    (pattern("add", V, call("broadcast_to", V, shape=(3,))), "v + v"),
    (
        pattern("add", call("broadcast_to", V, shape=(2, 3)), call("broadcast_to", S, shape=(1, 3))),
        "broadcast(v, (2, 3)) + s",
    ),
    (pattern("negative", call("broadcast_to", V, shape=(2, 3))), "−broadcast(v, (2, 3))"),
    (transposed(transposed(X)), "x"),
    (transposed(transposed(CUBE)), "c"),
    (transposed(transposed(CUBE, 1, 2, 0), 2, 0, 1), "c"),
    (transposed(transposed(CUBE, 1, 2, 0), 1, 2, 0), "transpose(transpose(c, axes=(1, 2, 0)), axes=(1, 2, 0))"),
    (transposed(transposed(CUBE, 0, 2, 1), 0, 2, 1), "c"),
    (transposed(V), "v"),
    (transposed(X, 0, 1), "x"),
    (call("astype", X, shape=(2, 3), dtype=np.dtype(float)), "x"),
    (call("astype", X, shape=(2, 3), dtype=np.dtype(int)), "astype(x, dtype=int64)"),
    (call("softmax", X, shape=(2, 3), axis=1), "softmax(x)"),
    (call("softmax", X, shape=(2, 3), axis=0), "softmax(x, axis=0)"),
    (call("getitem", X, shape=(2, 3), index=(ALL, ...)), "x"),
    (call("getitem", V, LABELS, shape=(2,), index=(SLOT,)), "v[i]"),
    (call("matmul", pattern("negative", SQUARE), SQUARE, shape=(3, 3)), "−w @ w"),
    (pattern("where", 1, X, Y), "x"),
    (pattern("where", 0, X, Y), "y"),
    (pattern("where", pattern("less", X, Y), 1, 0), "[x < y]"),
    (pattern("where", pattern("less", X, Y), 0, 1), "[x ≥ y]"),
    (pattern("where", S, X, pattern("exp", pattern("where", S, Y, V))), "where(s, x, exp(v))"),
    (pattern("where", S, pattern("where", S, X, Y), V), "where(s, x, v)"),
]


def shaped(expression: Expression, expected: str) -> tuple[Expression, str]:
    """With the settings that the shape of a broadcast or reshape stands for."""
    return _with_shapes(expression), expected


def _with_shapes(e: Expression) -> Expression:
    if not isinstance(e, Apply):
        return e
    settings = (("shape", e.shape),) if e.op_name in ("broadcast_to", "reshape") else e.settings
    return Apply(e.op_name, tuple(map(_with_shapes, e.arguments)), settings, e.shape)


@pytest.mark.parametrize(("before", "after"), [shaped(*line) for line in REWRITTEN], ids=lambda x: x if x else "")
def test_what_is_rewritten_reads_well_and_keeps_value_and_shape(before: Expression, after: str) -> None:
    rng = np.random.default_rng(0)
    values = {x.text: rng.normal(size=x.shape) for x in (X, Y, V, S, CUBE, SQUARE) if x.shape is not None}
    values["i"] = np.array([2, 0])
    found = simplified(before)
    assert as_text(found) == after
    np.testing.assert_allclose(evaluate(found, values), evaluate(before, values))
    assert found.shape == before.shape


def test_vectors_need_no_further_axis() -> None:
    g, values = Name("g", (2,)), {"g": np.array([1.0, 2.0]), "x": np.arange(6.0).reshape(2, 3)}
    row = call("getitem", g, shape=(1, 2), index=(..., None, ALL))
    product = call("getitem", call("matmul", row, X, shape=(1, 3)), shape=(3,), index=(..., 0, ALL))
    assert as_text(simplified(product)) == "g @ x"
    np.testing.assert_array_equal(evaluate(simplified(product), values), evaluate(product, values))


def test_labels_in_a_row_are_one_hot() -> None:
    column = call("getitem", LABELS, shape=(2, 1), index=(ALL, None))
    hot = call("equal", column, call("arange", Number(3), shape=(3,)), shape=(2, 3))
    assert as_text(simplified(hot)) == "one_hot(i)"
    np.testing.assert_array_equal(evaluate(simplified(hot), {"i": np.array([2, 0])}), [[0, 0, 1], [1, 0, 0]])


def test_a_root_without_value_stays() -> None:
    assert as_text(simplified(pattern("power", -3, 0.5))) == "(−3)^0.5"


def test_a_broadcast_stays_where_shapes_are_not_known() -> None:
    spread = _with_shapes(call("broadcast_to", V, shape=(2, 3)))
    assert as_text(simplified(pattern("add", Name("u"), spread))) == "u + broadcast(v, (2, 3))"


def test_a_zero_keeps_its_shape_unless_entries_are_meant() -> None:
    assert as_text(simplified(pattern("multiply", 0, X))) == "0·x"
    assert as_text(simplified(pattern("multiply", 0, X), entries=True)) == "0"
    assert as_text(simplified(pattern("multiply", 0, S))) == "0"


UNARY, BINARY = ["negative", "absolute", "exp"], ["add", "subtract", "multiply", "divide", "hypot", "greater", "equal"]
LEAVES = st.sampled_from([Name("a"), Name("b"), *map(Number, (0, 1, 2, -3, 0.5))])


def larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    build: Callable[..., Any] = pattern
    return (
        st.builds(build, st.sampled_from(UNARY), parts)
        | st.builds(build, st.sampled_from(BINARY), parts, parts)
        | st.builds(build, st.just("power"), parts, st.just(2))
        | st.builds(build, st.just("where"), parts, parts, parts)
    )


@given(st.recursive(LEAVES, larger, max_leaves=12), NUMBERS, NUMBERS)
def test_simplifying_ends_in_what_it_leaves_alone(expression: Expression, a: float, b: float) -> None:
    found = simplified(expression)
    assert simplified(found) == found
    assert found.size <= 2 * expression.size


def test_a_chain_of_ten_thousand_is_no_recursion() -> None:
    chain: Expression = Name("x")
    for _ in range(10_000):
        chain = pattern("sin", chain)
    assert simplified(chain) == chain
    assert evaluate(chain, {"x": 0.0}) == 0
