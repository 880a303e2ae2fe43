"""That every operation has a formula, which gives what its rule gives."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor, ops
from autograd_mini.formula import (
    as_latex,
    as_text,
    evaluate,
    expression_as_data,
    is_fallback,
    local_derivative,
    simplified,
)
from autograd_mini.formula.expression import entrywise
from tests.autograd_mini.formula.nodes import contribution, formulas, recorded, values_of
from tests.operations import ROWS, Row, operations


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
def test_the_formula_of_every_operation_is_what_its_rule_computes(row: Row, data: st.DataObject) -> None:
    case = data.draw(row.cases)
    rng = np.random.default_rng(0)
    for node in recorded(row, case):
        assert node.op is not None
        g: Any = np.ones(node.shape)[()] if node.op.elementwise else np.asarray(rng.normal(size=node.shape))[()]
        for position, formula in formulas(node):
            assert as_text(formula)
            assert as_latex(formula)
            json.dumps(expression_as_data(formula), allow_nan=False)
            if not is_fallback(formula):
                found = evaluate(formula, {**values_of(node), "g": g})
                assert_same(found, contribution(node, position, g), as_text(formula))


def assert_same(found: Any, expected: Any, text: str) -> None:
    """Equal up to rounding, and to broadcasting, which the engine undoes; guards against 0/0 are not in formulas."""
    found, expected = np.broadcast_arrays(found, np.asarray(expected))
    guarded = ~np.isfinite(found)
    np.testing.assert_allclose(found[~guarded], expected[~guarded], rtol=1e-9, atol=1e-12, err_msg=text)


X, Y = 0.3, 0.7

ELEMENTWISE: list[tuple[Any, list[str]]] = [
    (ops.add, ["1", "1"]),
    (ops.subtract, ["1", "−1"]),
    (ops.multiply, ["y", "x"]),
    (ops.divide, ["1 / y", "−z / y"]),
    (ops.negative, ["−1"]),
    (ops.power, ["y·x^(y − 1)", "z·log(x)"]),
    (ops.exp, ["z"]),
    (ops.log, ["1 / x"]),
    (ops.sqrt, ["1 / (2·z)"]),
    (ops.tanh, ["1 − z²"]),
    (ops.sigmoid, ["z·(1 − z)"]),
    (ops.relu, ["[x > 0]"]),
    (ops.absolute, ["sign(x)"]),
    (ops.maximum, ["[x > y] + 0.5·[x = y]", "[y > x] + 0.5·[y = x]"]),
    (ops.where, ["0", "[x]", "[¬x]"]),
    (ops.reciprocal, ["−z²"]),
    (ops.square, ["2·x"]),
    (ops.cbrt, ["1 / (3·z²)"]),
    (ops.arcsin, ["1 / √(1 − x²)"]),
    (ops.arctan, ["1 / (1 + x²)"]),
    (ops.arctan2, ["y / (y² + x²)", "−x / (x² + y²)"]),
    (ops.hypot, ["x / z", "y / z"]),
    (ops.logaddexp, ["σ(x − y)", "σ(y − x)"]),
    (ops.elu, ["where(x > 0, 1, exp(x))"]),
    (ops.leaky_relu, ["where(x > 0, 1, 0.01)"]),
    (ops.hard_tanh, ["[x > −1]·[x < 1]"]),
    (ops.softsign, ["1 / (1 + |x|)²"]),
    (ops.erf, ["1.128·exp(−x²)"]),
    (ops.sign, ["0"]),
]


@pytest.mark.parametrize(("op", "texts"), ELEMENTWISE, ids=lambda x: getattr(x, "name", ""))
def test_the_derivative_of_an_elementwise_operation_is_short(op: Any, texts: list[str]) -> None:
    inputs = [Tensor(x) for x in (X, Y, 0.9)[: op.arity]]
    names = [*("x", "y", "b")[: op.arity], "z"]
    settings, out = op.settings, op(*inputs)
    found = [as_text(local_derivative(op, i, inputs, settings, out, names)) for i in range(op.arity)]
    assert found == texts


_WINNERS = "[h = reshape(m, shape=(2, 1))]"
MAX = f"{_WINNERS} ⊙ reshape(g, shape=(2, 1)) / maximum(sum({_WINNERS}, axis=1, keepdims=True), 1)"

H, W, V = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 4))), Tensor(np.ones(3))
LABELS = np.array([1, 0])

ARRAYS: list[tuple[Tensor, list[str], list[str]]] = [
    (H @ W, ["h", "W", "z"], ["g @ Wᵀ", "hᵀ @ g"]),
    (ag.affine(H, W, Tensor(np.ones(4))), ["h", "W", "b", "z"], ["g @ Wᵀ", "hᵀ @ g", "g"]),
    (V @ W, ["v", "W", "z"], ["W @ g", "v[:, None] ⊙ g[..., None, :]"]),
    (H @ V, ["h", "v", "z"], ["g[..., None] ⊙ v", "g @ h"]),
    (H.sum(), ["h", "z"], ["broadcast(g, (2, 3))"]),
    (H.sum(axis=0), ["h", "z"], ["broadcast(reshape(g, shape=(1, 3)), (2, 3))"]),
    (H.mean(), ["h", "z"], ["broadcast(g / 6, (2, 3))"]),
    (H.T, ["h", "z"], ["gᵀ"]),
    (H.reshape((6,)), ["h", "z"], ["reshape(g, shape=(2, 3))"]),
    (H[0], ["h", "z"], ["scatter_add(g, index=[0], shape=(2, 3))"]),
    (H[:, LABELS], ["h", "i", "z"], ["scatter_add(g, index=[:, i], shape=(2, 3))"]),
    (ag.softmax(H), ["h", "s"], ["s ⊙ (g − sum(g ⊙ s, axis=-1, keepdims=True))"]),
    (ag.log_softmax(H, axis=1), ["h", "s"], ["g − exp(s) ⊙ sum(g, axis=1, keepdims=True)"]),
    (ag.softmax_cross_entropy(H, LABELS), ["z", "y", "loss"], ["g·(softmax(z) − one_hot(y)) / 2"]),
    (ag.concatenate([V, V]), ["a", "b", "z"], ["g[0:3]", "g[3:6]"]),
    (H.max(axis=1), ["h", "m"], [MAX]),
    (ag.tanh(H), ["h", "y"], ["1 − y²"]),
    (H * H, ["a", "b", "z"], ["b", "a"]),
    (H**3, ["h", "", "z"], ["3·h²"]),
    (ag.linalg.svdvals(H).inputs[0], ["h", "z"], ["vjp of svd"]),
]


@pytest.mark.parametrize(("node", "names", "texts"), ARRAYS, ids=lambda x: getattr(getattr(x, "op", None), "name", ""))
def test_other_operations_show_what_they_make_of_g(node: Tensor, names: list[str], texts: list[str]) -> None:
    assert node.op is not None
    given = [name or None for name in names]
    found = [
        as_text(local_derivative(node.op, i, node.inputs, node.settings, node, given))
        for i, x in enumerate(node.inputs)
        if isinstance(x, Tensor)
    ]
    assert found == texts


def test_the_gradient_has_the_name_that_it_is_given() -> None:
    z = H @ W
    assert z.op is not None
    formula = local_derivative(z.op, 0, z.inputs, z.settings, z, ["h1", "W2", "z2"], gradient="δ2")
    assert as_text(formula) == "δ2 @ W2ᵀ"


@pytest.mark.parametrize("rule", [lambda g, out, x: np.exp(x.data), lambda g, out, x: 1 / 0, lambda g, out, x: 3 * [g]])
def test_a_rule_that_cannot_be_followed_is_named(rule: Any) -> None:
    op = ag.Op("odd", np.exp, rule)
    formula = local_derivative(op, 0, [Tensor(1.0)], {}, np.exp(1.0), ["x", "y"])
    assert is_fallback(formula)
    assert as_text(formula) == "vjp of odd"
    assert as_latex(formula) == r"\mathrm{vjp\ of\ }\mathrm{odd}"


def test_a_formula_that_nobody_would_read_is_named() -> None:
    def rule(g: Any, out: Any, x: Any) -> Any:
        for _ in range(50):
            g = ag.sin(g + x)
        return g

    op = ag.Op("long", np.exp, rule)
    assert is_fallback(local_derivative(op, 0, [Tensor(1.0)], {}, np.exp(1.0), ["x", "y"]))


def test_the_operation_of_a_user_has_a_formula() -> None:
    cube = ag.Op("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2, elementwise=True)
    y = cube(Tensor(2.0))
    assert as_text(local_derivative(cube, 0, y.inputs, y.settings, y, ["x", "y"])) == "3·x²"


def test_names_are_needed_for_all_but_numbers() -> None:
    y = Tensor(2.0) * 3
    assert y.op is not None
    assert as_text(local_derivative(y.op, 0, y.inputs, y.settings, y, ["x", None, "y"])) == "3"
    with pytest.raises(ValueError, match="multiply: 2 inputs and the result need 3 names, got 1"):
        local_derivative(y.op, 0, y.inputs, y.settings, y, ["x"])
    with pytest.raises(ValueError, match="multiply: input 0 is no number and has no name; give it one"):
        local_derivative(y.op, 0, y.inputs, y.settings, y, [None, None, "y"])
    with pytest.raises(ValueError, match="multiply: the result is no number and has no name"):
        local_derivative(y.op, 0, y.inputs, y.settings, y, ["x", None, None])


def test_the_tensors_are_as_they_were() -> None:
    x = Tensor([1.0, 2.0])
    y = ag.tanh(x)
    assert y.op is not None
    local_derivative(y.op, 0, y.inputs, y.settings, y, ["x", "y"])
    assert (x.name, x.grad, y.name, y.inputs) == (None, None, None, (x,))


def test_local_derivatives_compose_to_a_delta_rule() -> None:
    h = ag.tanh(H).named("h1")
    z = h @ W
    assert h.op is not None
    assert z.op is not None
    back = local_derivative(z.op, 0, z.inputs, z.settings, z, ["h1", "W2", "z2"], gradient="δ2")
    slope = local_derivative(h.op, 0, h.inputs, h.settings, h, ["z1", "h1"])
    rule = simplified(entrywise("multiply", back, slope))
    assert as_text(rule) == "(δ2 @ W2ᵀ) ⊙ (1 − h1²)"
    assert as_latex(rule) == r"\left( \delta_{2} \, W_{2}^{\top} \right) \odot \left( 1 - h_{1}^{2} \right)"


EVERY = sorted((op for op in operations() if isinstance(op, ops.Op) and op.elementwise), key=lambda op: str(op.name))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # arccosh has no value there, but a formula
@pytest.mark.parametrize("op", EVERY, ids=lambda op: op.name)
def test_every_elementwise_operation_has_a_formula_of_one_line(op: ops.Op) -> None:
    inputs = [Tensor(x) for x in (X, Y, 0.9)[: op.arity]]
    settings = {**op.settings, "dtype": np.dtype(float)} if op is ops.astype else op.settings
    out = op(*inputs, **settings)
    for position in range(len(inputs)):
        formula = local_derivative(op, position, inputs, settings, out, [*("x", "y", "b")[: op.arity], "z"])
        assert not is_fallback(formula)
        assert len(as_text(formula)) < 48
