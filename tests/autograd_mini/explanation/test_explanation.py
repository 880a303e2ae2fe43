"""Names, LaTeX, errors, and what an explanation leaves alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

W = ag.Tensor([[1.0, 2.0], [3.0, -1.0]], name="W")
X = ag.Tensor([[1.0, -2.0], [0.5, 3.0], [0.0, 1.0]], name="X", requires_grad=False)


def loss() -> ag.Tensor:
    return (ag.tanh(X @ W) ** 2).mean().named("J")


def test_latex() -> None:
    assert ag.explain(loss()).latex().splitlines() == [
        r"\begin{aligned}",
        r"Z &= X \, W && 3 \times 2 \\",
        r"h &= \tanh\left( Z \right) && 3 \times 2 \\",
        r"J &= \mathrm{mean}\left( h^{2} \right) \\",
        r"\delta &= \frac{2 \cdot h \odot \left( 1 - h^{2} \right)}{N \cdot K} && 3 \times 2 \\",
        r"\frac{\partial J}{\partial W} &= X^{\top} \, \delta && 2 \times 2",
        r"\end{aligned}",
    ]


def test_latex_of_sums_and_entries() -> None:
    b = ag.Tensor([1.0, 2.0], name="b")
    total = ((X @ W + b) ** 2).mean()
    assert r"\frac{\partial E}{\partial b} &= \sum_{n} \delta && 2" in ag.explain(total).latex()
    text = ag.explain(total, style="scalars").latex()
    assert r"\frac{\partial E}{\partial {W_{jk}}} &= \sum_{n} {X_{nj}} \cdot {\delta_{nk}} && 2 \times 2" in text


def test_latex_of_a_path_and_of_hostile_names_is_balanced() -> None:
    w = ag.Tensor([[1.0], [2.0]], name=r"w}\input{secret}_%")
    text = ag.explain((X @ w).sum(), wrt=w, bias="row")._repr_latex_()
    plain = re.sub(r"\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")
    assert r"\input" not in text


def test_every_name_is_given_once() -> None:
    a, b = ag.Tensor([1.0], name="a"), ag.Tensor([2.0], name="a")
    explanation = ag.explain((a * b + np.array([3.0])).sum())
    names = [*explanation.given, *[e.name for e in (*explanation.forward, *explanation.backward)]]
    assert len(names) == len(set(names))
    assert set(explanation.tensors.values()) >= {"a", "a_2"}


@pytest.mark.parametrize("names", [("N", "K"), ("E", "δ"), ("dW", "Z"), ("P", "h")])
def test_names_that_are_taken_are_not_given(names: tuple[str, str]) -> None:
    v, b = (ag.Tensor(np.full(shape, 0.3), name=name) for shape, name in zip([(2, 2), (2,)], names))
    total = (ag.tanh(X @ v + b) ** 2).mean()
    values, slopes = ag.explain(total).evaluate(), ag.gradients(total)
    rules = {rule.gradient_of: rule.name for rule in ag.explain(total).backward}
    for x in (v, b):
        np.testing.assert_allclose(values[rules[x.name]], slopes[x])


def test_gradients_and_values_stay_as_they_are() -> None:
    total, before = loss(), W.data.copy()
    ag.explain(total, wrt=W, samples="columns").evaluate()
    assert W.grad is None
    np.testing.assert_array_equal(W.data, before)


def test_the_same_graph_is_explained_in_the_same_words() -> None:
    assert str(ag.explain(loss())) == str(ag.explain(loss()))


def test_a_long_chain() -> None:
    x = ag.Tensor(0.5, name="x")
    z: Any = x
    for _ in range(300):
        z = ag.sin(z)
    explanation = ag.explain(z, wrt=x)
    assert len(explanation.backward) < 301
    np.testing.assert_allclose(explanation.evaluate()["dx"], ag.gradients(z, [x])[0])


@pytest.mark.parametrize(
    ("arguments", "choices", "error", "words"),
    [
        ((3.0,), {}, TypeError, "the loss is a Tensor, got float"),
        ((ag.Tensor(1.0, requires_grad=False),), {}, TypeError, "requires_grad"),
        ((X @ W,), {}, ValueError, r"has 6 entries, not 1; explain its .sum\(\) or .mean\(\)"),
        ((ag.Tensor(1.0, name="a"),), {}, ValueError, r"nothing was computed in a \(\), a leaf; pass the loss"),
        ((loss(), "V"), {}, ValueError, "does not depend on 'V'; Tensors that it depends on: W, J"),
        ((loss(), ag.Tensor(1.0, name="V")), {}, ValueError, "does not depend on V"),
        ((loss(), X), {}, ValueError, "does not depend on X"),
        ((loss(), "J"), {}, ValueError, "the loss itself"),
        ((loss(),), {"samples": "lines"}, ValueError, "samples='lines' is unknown; choose one of"),
        ((loss(),), {"bias": None}, ValueError, "bias=None is unknown"),
    ],
)
def test_errors_say_what_to_do(arguments: Any, choices: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ag.explain(*arguments, **choices)
