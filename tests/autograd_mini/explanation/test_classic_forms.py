"""The forms that textbooks and lecture notes write come out word for word, and nothing is known of the nets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from tests.autograd_mini.explanation.reading import values_of

RNG = np.random.default_rng(1)
X, T, LABELS = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2)), np.array([0, 1, 1, 0, 1])


def parameter(name: str, *shape: int) -> ag.Tensor:
    return ag.Tensor(RNG.normal(size=shape) / 2, name=name)


W1, B1, W2, B2 = parameter("W1", 3, 4), parameter("b1", 4), parameter("W2", 4, 2), parameter("b2", 2)


def output(activation: Any = ag.tanh) -> ag.Tensor:
    return activation(X @ W1 + B1) @ W2 + B2


def rules(loss: ag.Tensor, **choices: Any) -> dict[str, str]:
    return {name: text for name, text, _ in ag.explain(loss, **choices).rules}


def test_the_classifier_of_the_notes() -> None:
    """004_3fd59ef6bf62b8c0.txt, Algorithm 6.1, with 1/N in the deltas."""
    assert str(ag.explain(ag.softmax_cross_entropy(output(), LABELS))).splitlines() == [
        "forward",
        "  Z1 = X @ W1 + b1                  (5, 4)",
        "  h1 = tanh(Z1)                     (5, 4)",
        "  Z2 = h1 @ W2 + b2                 (5, 2)",
        "  P = softmax(Z2)                   (5, 2)",
        "  Y = one_hot(y)                    (5, 2)",
        "  E = softmax_cross_entropy(Z2, y)",
        "backward",
        "  δ2 = (P − Y) / N                  (5, 2)",
        "  dW2 = h1ᵀ @ δ2                    (4, 2)",
        "  db2 = Σ_n δ2                      (2,)",
        "  δ1 = (δ2 @ W2ᵀ) ⊙ (1 − h1²)       (5, 4)",
        "  dW1 = Xᵀ @ δ1                     (3, 4)",
        "  db1 = Σ_n δ1                      (4,)",
        "with N = 5, δ2 = ∂E/∂Z2, δ1 = ∂E/∂Z1",
    ]


@pytest.mark.parametrize(
    "loss",
    [
        ag.softmax_cross_entropy,
        lambda z, y: -ag.log(ag.softmax(z)[np.arange(5), y]).mean(),
        lambda z, y: -ag.log_softmax(z)[np.arange(5), y].mean(),
        lambda z, y: (ag.logsumexp(z, axis=1) - z[np.arange(5), y]).mean(),
    ],
)
def test_every_way_to_write_cross_entropy_gives_p_minus_y(loss: Any) -> None:
    assert rules(loss(output(), LABELS))["δ2"] == "(P − Y) / N"


def test_one_hot_targets_are_recognised_and_said() -> None:
    explanation = ag.explain(-(np.eye(2)[LABELS] * ag.log(ag.softmax(output()))).sum())
    assert explanation.rules[0][1] == "P − T"
    assert "each row of T has one 1, and else 0" in str(explanation)
    two = np.array([[1.0, 1.0]] * 5)
    assert "sum(" in ag.explain(-(two * ag.log(ag.softmax(output()))).sum()).rules[0][1]
    other = ag.explain(-(T**2 * ag.log(ag.softmax(output()))).sum())
    assert other.rules[0][1] == "sum(T, axis=-1, keepdims=True) ⊙ P − T"


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        (ag.tanh, "(1 − h1²)"),
        (ag.sigmoid, "h1 ⊙ (1 − h1)"),
        (ag.relu, "[Z1 > 0]"),
        (ag.softplus, "σ(Z1)"),
        (ag.sin, "cos(Z1)"),
    ],
)
def test_slopes_of_activations(activation: Any, slope: str) -> None:
    assert rules(output(activation).sum())["δ1"] == f"(δ2 @ W2ᵀ) ⊙ {slope}"


def test_squared_errors() -> None:
    difference = output() - T
    assert rules((difference**2).mean())["δ2"] == "2·(Z2 − T) / (N·K)"
    assert rules(0.5 * (difference**2).sum())["δ2"] == "Z2 − T"
    assert rules((difference**2).mean(), average=False)["δ2"] == "2·(Z2 − T) / K"


def test_binary_cross_entropy_of_a_sigmoid() -> None:
    y, t = ag.sigmoid(X @ W1).named("s"), RNG.uniform(size=(5, 4))
    assert rules(-(t * ag.log(y) + (1 - t) * ag.log(1 - y)).mean())["δ"] == "(s − T) / (N·K)"


def test_a_regulariser_and_a_residual_connection_are_added() -> None:
    V = parameter("V", 4, 4)
    h = ag.relu(X @ W1)
    found = rules(((h + ag.tanh(h @ V)) @ W2).sum() + 0.01 * (W1 * W1).sum())
    assert found["δ1"] == "(δ2 @ Vᵀ + du1) ⊙ [Z1 > 0]"
    assert found["dW1"] == "Xᵀ @ δ1 + 0.02·W1"


def test_samples_in_columns() -> None:
    """003_7c76b89e879ef343.txt: its matrix form, which the notes leave as the next step."""
    found = rules(((output() - T) ** 2).sum() / 2, samples="columns")
    assert found == {
        "δ2": "Z2 − T",
        "dW2": "h1 @ δ2ᵀ",
        "db2": "sum(δ2, axis=1, keepdims=True)",
        "δ1": "(W2 @ δ2) ⊙ (1 − h1²)",
        "dW1": "X @ δ1ᵀ",
        "db1": "sum(δ1, axis=1, keepdims=True)",
    }


def test_a_net_that_is_computed_in_columns() -> None:
    b1, b2 = parameter("b1", 4, 1), parameter("b2", 2, 1)
    loss = ((W2.T @ ag.tanh(W1.T @ X.T + b1) + b2 - T.T) ** 2).mean()
    assert rules(loss)["db1"] == "sum(δ1, axis=1, keepdims=True)"
    assert rules(loss)["δ2"] == "2·(Z2 − T) / (K·N)"
    assert rules(loss, samples="rows")["dW1"] == "Xᵀ @ δ1"
    assert ag.explain(loss).given["N"] == 5
    values, slopes = values_of(ag.explain(loss)), ag.gradients(loss, [W1, b1, W2, b2])
    for x, slope in zip((W1, b1, W2, b2), slopes):
        np.testing.assert_allclose(values[f"d{x.name}"], slope)


def test_the_bias_as_weights_of_a_constant_one() -> None:
    """000_35a5eac7cd588442.txt: V ← V + ρ X̃ᵀ ((T − Y) Ŵᵀ · (1 − Z²)), where Ŵ is W without its bias row."""
    found = rules(((T - output()) ** 2).mean(), bias="row")
    assert found["dW\u03032"] == "[1, h1]ᵀ @ δ2"
    assert found["dW\u03031"] == "[1, X]ᵀ @ δ1"
    assert found["δ1"] == "(δ2 @ W2ᵀ) ⊙ (1 − h1²)"
    assert "db1" not in found


def test_a_regularised_weight_keeps_its_bias_separate() -> None:
    found = rules(output().sum() + (W1**2).sum(), bias="row")
    assert {"dW1", "db1", "dW\u03032"} <= set(found)


def test_one_sample_entry_by_entry() -> None:
    """002_db86e9d051e7874b.txt: ∂E/∂W_jk = δ_k z_j, δ_k = (y_k − t_k) φ'(y_in_k), and the sum over the units above."""
    z = ag.tanh(W1.T @ X[0] + B1).named("z")
    y = ag.sigmoid(W2.T @ z + B2).named("y")
    assert rules(0.5 * ((y - T[0]) ** 2).sum(), style="scalars") == {
        "δ2_k": "(y_k − T_k)·y_k·(1 − y_k)",
        "dW2_jk": "z_j·δ2_k",
        "db2_k": "δ2_k",
        "δ1_k": "(Σ_j W2_kj·δ2_j)·(1 − z_k²)",
        "dW1_jk": "X_j·δ1_k",
        "db1_k": "δ1_k",
    }


def test_scalars() -> None:
    a, b, c = (ag.Tensor(x, name=name) for name, x in (("a", 2.0), ("b", -3.0), ("c", 10.0)))
    assert rules(ag.tanh((a * b + c) * -2.0).named("L")) == {
        "du1": "−2·(1 − L²)",
        "da": "du1·b",
        "db": "du1·a",
        "dc": "du1",
    }


def test_batch_normalisation_and_shared_weights() -> None:
    z = X @ W1
    deviation = z - z.mean(axis=0)
    normal = deviation / ag.sqrt((deviation**2).mean(axis=0) + 1e-5)
    V = parameter("V", 4, 4)
    loss = (ag.tanh(ag.tanh(normal @ V) @ V) ** 2).mean()
    values, explanation = values_of(ag.explain(loss)), ag.explain(loss)
    slopes = {explanation.tensors.get(x): slope for x, slope in ag.gradients(loss).items()}
    checked = [rule for rule in explanation.backward if rule.gradient_of in slopes]
    for rule in checked:
        np.testing.assert_allclose(values[rule.name], slopes[rule.gradient_of], rtol=1e-9, atol=1e-14)
    assert {"V", "W1"} <= {rule.gradient_of for rule in checked}


def test_a_rule_without_a_formula_is_a_call() -> None:
    def rule(g: Any, out: Any, x: Any) -> Any:
        if isinstance(x, ag.Tensor):
            raise TypeError("on arrays only")
        return 3 * g * x**2

    cube = ag.Op("cube", lambda x: x**3, rule)
    w = ag.Tensor([1.0, 2.0], name="w")
    explanation = ag.explain(2 * cube(w).sum())
    assert explanation.rules == [("dw", "vjp_cube(broadcast(2, (2,)), w, cube(w), position=0)", (2,))]
    np.testing.assert_array_equal(explanation.evaluate()["dw"], [6.0, 24.0])


def test_the_chain_rule() -> None:
    text = str(ag.explain(((output() - T) ** 2).mean(), wrt="W1"))
    assert text.splitlines()[:6] == [
        "chain rule",
        "  ∂E/∂W1 = ∂E/∂Z2 · ∂Z2/∂h1 · ∂h1/∂Z1 · ∂Z1/∂W1",
        "  ∂E/∂Z2:  2·(Z2 − T) / (N·K)",
        "  ∂Z2/∂h1: g @ W2ᵀ",
        "  ∂h1/∂Z1: g ⊙ (1 − h1²)",
        "  ∂Z1/∂W1: Xᵀ @ g",
    ]
    assert "db1" not in text


def test_many_paths_are_counted() -> None:
    x = ag.Tensor(0.5, name="x")
    z = x
    for _ in range(40):
        z = z + ag.tanh(z)
    assert f"+ {2**40 - 8} more paths" in str(ag.explain(z, wrt=x))
