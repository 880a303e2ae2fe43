"""How expressions are written: as text, as LaTeX and as data."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini.formula import Apply, Expression, Name, Number, as_latex, as_text, evaluate, expression_as_data
from autograd_mini.formula.latex import escaped, latex_name
from autograd_mini.formula.patterns import pattern

X, Y, Z = map(Name, "xyz")
A, B = Name("A", (2, 2)), Name("B", (2, 2))


def neg(x: Any) -> Apply:
    return pattern("negative", x)


def times(x: Any, y: Any) -> Apply:
    return pattern("multiply", x, y)


def over(x: Any, y: Any) -> Apply:
    return pattern("divide", x, y)


def plus(x: Any, y: Any) -> Apply:
    return pattern("add", x, y)


def minus(x: Any, y: Any) -> Apply:
    return pattern("subtract", x, y)


def to(x: Any, y: Any) -> Apply:
    return pattern("power", x, y)


def matmul(x: Expression, y: Expression) -> Apply:
    return Apply("matmul", (x, y), shape=(2, 2))


def where(c: Any, x: Any, y: Any) -> Apply:
    return pattern("where", c, x, y)


LESS = pattern("less", X, Y)
AT = Apply("transpose", (A,), shape=(2, 2))

WRITTEN: list[tuple[Expression, str, str]] = [
    (minus(X, minus(Y, Z)), "x − (y − z)", r"x - \left( y - z \right)"),
    (minus(minus(X, Y), Z), "x − y − z", "x - y - z"),
    (times(X, plus(Y, 1)), "x·(y + 1)", r"x \cdot \left( y + 1 \right)"),
    (times(X, times(Y, Z)), "x·y·z", r"x \cdot y \cdot z"),
    (times(over(X, Y), Z), "(x / y)·z", r"\left( \frac{x}{y} \right) \cdot z"),
    (over(times(X, Y), Z), "x·y / z", r"\frac{x \cdot y}{z}"),
    (over(X, times(Y, Z)), "x / (y·z)", r"\frac{x}{y \cdot z}"),
    (over(X, to(Y, 2)), "x / y²", r"\frac{x}{y^{2}}"),
    (plus(X, neg(Y)), "x + (−y)", r"x + \left( -y \right)"),
    (times(X, Number(-2)), "x·(−2)", r"x \cdot \left( -2 \right)"),
    (neg(plus(X, Y)), "−(x + y)", r"-\left( x + y \right)"),
    (neg(times(X, Y)), "−x·y", r"-x \cdot y"),
    (to(neg(X), 2), "(−x)²", r"\left( -x \right)^{2}"),
    (neg(to(X, 2)), "−x²", "-x^{2}"),
    (to(X, -2), "x⁻²", "x^{-2}"),
    (to(X, 0.5), "x^0.5", "x^{0.5}"),
    (to(X, math.inf), "x^∞", r"x^{\infty}"),
    (to(X, 1000), "x^1000", "x^{1000}"),
    (to(X, minus(Y, 1)), "x^(y − 1)", "x^{y - 1}"),
    (to(to(X, Y), 2), "(x^y)²", r"\left( x^{y} \right)^{2}"),
    (to(pattern("tanh", X), 2), "tanh(x)²", r"\tanh\left( x \right)^{2}"),
    (times(LESS, X), "[x < y]·x", r"\left[ x < y \right] \cdot x"),
    (LESS, "[x < y]", r"\left[ x < y \right]"),
    (times(A, B), "A ⊙ B", r"A \odot B"),
    (times(X, B), "x·B", r"x \cdot B"),
    (times(matmul(A, B), B), "(A @ B) ⊙ B", r"\left( A \, B \right) \odot B"),
    (matmul(times(A, B), B), "(A ⊙ B) @ B", r"\left( A \odot B \right) \, B"),
    (matmul(matmul(A, B), AT), "A @ B @ Aᵀ", r"A \, B \, A^{\top}"),
    (matmul(A, matmul(B, A)), "A @ (B @ A)", r"A \, \left( B \, A \right)"),
    (to(AT, 2), "(Aᵀ)²", r"\left( A^{\top} \right)^{2}"),
    (where(LESS, 2, X), "where(x < y, 2, x)", r"\begin{cases} 2 & x < y \\ x & \mathrm{otherwise} \end{cases}"),
    (where(X, 1, 0), "[x]", r"\left[ x \right]"),
    (where(LESS, 0, 1), "[¬(x < y)]", r"\left[ \neg \left( x < y \right) \right]"),
    (pattern("logical_or", LESS, LESS), "[x < y ∨ x < y]", r"\left[ x < y \vee x < y \right]"),
    (pattern("less", X, -1), "[x < −1]", r"\left[ x < -1 \right]"),
    (Apply("sum", (X,), (("axis", 0),)), "sum(x, axis=0)", r"\mathrm{sum}\left( x, \mathrm{axis}=\mathrm{0} \right)"),
    (Number(1e-7), "1e-07", r"1 \times 10^{-7}"),
    (Number(1 / 3), "0.3333", "0.3333"),
    (times(Name("a + b"), X), "(a + b)·x", r"\mathrm{a\ +\ b} \cdot x"),
]


@pytest.mark.parametrize(("expression", "text", "latex"), WRITTEN, ids=lambda x: x if isinstance(x, str) else "")
def test_parentheses_stand_where_they_are_needed(expression: Expression, text: str, latex: str) -> None:
    assert as_text(expression) == text
    assert as_latex(expression) == latex


OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
TREES = st.recursive(
    st.sampled_from([X, Y, Number(2), Number(-3)]),
    lambda parts: (
        st.builds(pattern, st.sampled_from([*OPERATORS]), parts, parts)
        | st.builds(pattern, st.just("negative"), parts)
        | st.builds(pattern, st.just("power"), parts, st.just(2))
    ),
    max_leaves=12,
)


@given(TREES)
def test_python_reads_the_text_as_the_same_value(expression: Expression) -> None:
    source = as_text(expression).replace("−", "-").replace("·", "*").replace("²", "**2")
    values = {"x": np.float64(1.3), "y": np.float64(-0.7)}
    with np.errstate(all="ignore"):
        expected = evaluate(expression, values) * np.float64(1)
        found = eval(re.sub(r"(\d+)", r"float(\1)", source).replace("**float(2)", "**2"), dict(values))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("text", [*"\\{}_^&%$#~ \n", "a_b{}\\input{x}", "$x$", "\\end{document}", "%", "x\x00\u202e"])
def test_hostile_names_come_out_inert(text: str) -> None:
    inner = latex_name(text).removeprefix(r"\mathrm{").removesuffix("}")
    commands = re.findall(r"\\([A-Za-z]+)", inner)
    assert set(commands) <= {"backslash", "wedge", "sim"}
    bare = re.sub(r"\\(backslash\{\}|wedge\{\}|sim\{\}|[{}_&%$# ])", "", inner)
    assert not set(bare) & set("\\{}_^&%$#~\n\x00\u202e")


@given(st.text(max_size=20))
def test_braces_of_every_name_are_balanced(text: str) -> None:
    bare = re.sub(r"\\[{}]", "", latex_name(text))
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%$#&~]", re.sub(r"\\.", "", escaped(text)))


def test_data_is_nested_lists() -> None:
    expression = times(to(X, 2), Apply("getitem", (Y,), (("index", (slice(0, 2), None, np.int64(3))),)))
    index = {"index": ["0:2", None, "3"]}
    assert expression_as_data(expression) == [
        "multiply",
        ["power", ["name", "x"], ["number", 2.0]],
        ["getitem", ["name", "y"], index],
    ]
    infinite = [expression_as_data(Number(x))[1] for x in (math.nan, math.inf, -math.inf)]
    assert infinite == ["NaN", "Infinity", "-Infinity"]
