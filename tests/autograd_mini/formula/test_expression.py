"""The tree, and its value."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_mini import Tensor
from autograd_mini.formula import Apply, Expression, Name, Number, evaluate, expression_of, post_order, substituted
from autograd_mini.formula.patterns import pattern

X, Y = Name("x"), Name("y")


def test_trees_are_equal_if_they_read_the_same() -> None:
    first, second = Apply("add", (X, Number(1))), Apply("add", (Name("x", (2,)), Number(1.0)), shape=(2,))
    assert first == second
    assert len({first, second}) == 1
    assert first != Apply("add", (Number(1), X))
    assert first != Apply("subtract", (X, Number(1)))
    assert first != X


def test_settings_are_a_part_of_a_tree_also_slices() -> None:
    rows = [Apply("getitem", (X,), (("index", (slice(0, stop),)),)) for stop in (1, 2, 1)]
    assert rows[0] != rows[1]
    assert len(set(rows)) == 2


def test_deep_trees_are_compared_without_recursion() -> None:
    chains: list[Expression] = [X, X, Y]
    for _ in range(10_000):
        chains = [Apply("exp", (x,)) for x in chains]
    assert chains[0] == chains[1]
    assert chains[0] != chains[2]
    assert sum(1 for _ in post_order(chains[0])) == 10_001 == chains[0].size


def test_parts_are_substituted() -> None:
    found = substituted(pattern("multiply", X, pattern("add", X, Y)), {X: Y, Y: X})
    assert found == pattern("multiply", Y, pattern("add", Y, X))


def test_what_has_no_value_is_said() -> None:
    with pytest.raises(ValueError, match="evaluate: y has no value; values has x"):
        evaluate(pattern("add", X, Y), {"x": 1.0})
    with pytest.raises(ValueError, match="evaluate: wobble is no operation"):
        evaluate(Apply("wobble", (X,)), {"x": 1.0})


def test_conditions_are_numbers() -> None:
    holds = pattern("less", X, 2)
    assert evaluate(pattern("add", holds, holds), {"x": 1.0}) == 2
    assert evaluate(pattern("negative", holds), {"x": np.array([1.0, 3.0])}).tolist() == [-1, 0]


def test_a_recorded_computation_is_read() -> None:
    w, x = Tensor(np.ones((3, 2))), Tensor(np.ones(3))
    h = x @ w
    found = expression_of((h * 2).sum(axis=0) + np.eye(1)[0, 0], [(w, Name("w")), (x, X)])
    assert [node.op_name for node in post_order(found) if isinstance(node, Apply)] == [
        "matmul",
        "multiply",
        "sum",
        "add",
    ]
    assert evaluate(found, {"w": w.data, "x": x.data}) == 13
    assert expression_of(h * 2, [(h, Y), (w, Name("w")), (x, X)]) == pattern("multiply", Y, 2)
    with pytest.raises(ValueError, match=r"formula: an array \(3,\) of float64 has no name"):
        expression_of(h, [(w, Name("w"))])
