"""What is printed is true: the text itself, read and computed, gives the numbers of autodiff."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_mini as ag
from tests.autograd_mini.explanation.reading import entries_of, values_of

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": ag.tanh,
    "sigmoid": ag.sigmoid,
    "relu": ag.relu,
    "softplus": ag.softplus,
    "square": lambda z: z**2,
    "sine": ag.sin,
    "silu": ag.silu,
    "exp": lambda z: ag.exp(-z * z),
}


def binary_cross_entropy(z: Any, targets: Any, labels: Any) -> Any:
    p, t = ag.sigmoid(z), 1 / (1 + np.exp(targets))
    return -(t * ag.log(p) + (1 - t) * ag.log(1 - p)).mean()


def one_hot_cross_entropy(z: Any, targets: Any, labels: Any) -> Any:
    ones = np.eye(z.shape[1])[labels]
    return -(ones * ag.log(ag.softmax(z))).sum() / len(labels)


LOSSES: dict[str, Callable[..., Any]] = {
    "mean squared": lambda z, t, y: ((z - t) ** 2).mean(),
    "half squared": lambda z, t, y: 0.5 * ((t - z) ** 2).sum(),
    "per sample": lambda z, t, y: ((z - t) ** 2).sum(axis=1).mean(),
    "absolute": lambda z, t, y: abs(z - t).mean(),
    "cross-entropy": lambda z, t, y: ag.softmax_cross_entropy(z, y),
    "log of softmax": lambda z, t, y: -ag.log(ag.softmax(z)[np.arange(len(y)), y]).mean(),
    "log_softmax": lambda z, t, y: -ag.log_softmax(z)[np.arange(len(y)), y].mean(),
    "logsumexp": lambda z, t, y: (ag.logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean(),
    "one-hot": one_hot_cross_entropy,
    "binary": binary_cross_entropy,
}


@st.composite
def nets(draw: st.DrawFn) -> tuple[ag.Tensor, int]:
    """The loss of a random net, and its number of classes."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count, sizes = draw(st.integers(1, 5)), draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    classes = max(sizes[-1], 2)
    sizes[-1] = classes
    named, residual, decay = draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from([0, 0.01, 0.3]))
    h: Any = rng.normal(size=(count, sizes[0]))
    penalty: Any = 0
    for layer, (rows, columns) in enumerate(itertools.pairwise(sizes), 1):
        w = ag.Tensor(rng.normal(size=(rows, columns)) / 3, name=f"W{layer}" if named else None)
        b = ag.Tensor(rng.normal(size=columns), name=f"b{layer}" if named else None)
        z = ag.affine(h, w, b) if draw(st.booleans()) else h @ w + b
        penalty = penalty + (w * w).sum()
        if layer < len(sizes) - 1:
            out = ACTIVATIONS[draw(st.sampled_from(sorted(ACTIVATIONS)))](z)
            h = out + h if residual and np.shape(h) == out.shape else out
    assume(np.abs(z.data).max() < 30)  # beyond, probabilities are rounded to 0 and have no logarithm
    loss = LOSSES[draw(st.sampled_from(sorted(LOSSES)))]
    data = loss(z, rng.normal(size=z.shape), rng.integers(classes, size=count))
    return data + decay * penalty if decay else data, classes


def as_written(x: Any, shape: tuple[int, ...]) -> Any:
    """An array in the layout that the explanation has it in."""
    return x if np.shape(x) == shape else np.reshape(x, shape) if np.ndim(x) == 1 else x.T


def check(loss: ag.Tensor, classes: int, scale: bool = False, **choices: Any) -> ag.Explanation:
    explanation = ag.explain(loss, **choices)
    values, gradients = values_of(explanation, classes), ag.gradients(loss)
    names = {x: name for x, name in explanation.tensors.items() if x in gradients}
    found = {rule.gradient_of: rule for rule in explanation.backward}
    factor = values.get("N", 1) if scale else 1
    for x, name in names.items():
        if name in found:
            rule = found[name]
            wanted = factor * gradients[x]
            square = x.ndim == 2 and x.shape[0] == x.shape[1]
            options = [as_written(wanted, rule.shape), *([wanted.T] if square else [])]
            assert any(np.allclose(values[rule.name], one, rtol=1e-9, atol=1e-12) for one in options), rule.name
    leaves = {name for x, name in names.items() if x.op is None}
    joined = {name for name in leaves if f"[{name}" in str(explanation) or f"{name}]" in str(explanation)}
    assert leaves - set(found) <= joined
    return explanation


@given(nets())
def test_the_printed_rules_are_the_gradients(net: tuple[ag.Tensor, int]) -> None:
    explanation = check(*net)
    shapes = {rule.gradient_of: rule.shape for rule in explanation.backward}
    assert all(shapes[name] == x.shape for x, name in explanation.tensors.items() if name in shapes)


@given(
    nets(),
    st.sampled_from([None, "rows", "columns"]),
    st.sampled_from([None, "in-out", "out-in"]),
    st.sampled_from(["separate", "row"]),
    st.booleans(),
)
def test_in_every_convention(net: Any, samples: Any, weights: Any, bias: str, average: bool) -> None:
    check(*net, scale=not average, samples=samples, weights=weights, bias=bias, average=average)


@given(nets(), st.sampled_from(["rows", "columns"]))
def test_entry_by_entry(net: Any, samples: str) -> None:
    loss, classes = net
    explanation = ag.explain(loss, style="scalars", samples=samples)
    read, computed = entries_of(explanation, classes), explanation.evaluate()
    for name, x in computed.items():
        np.testing.assert_allclose(read[name], x, rtol=1e-9, atol=1e-12, err_msg=name)


@given(nets(), st.data())
def test_for_one_tensor_only_what_leads_to_it(net: Any, data: st.DataObject) -> None:
    loss, classes = net
    whole = ag.explain(loss)
    wrt = data.draw(st.sampled_from([x for x in whole.tensors if x.op is None and x.requires_grad]))
    part = ag.explain(loss, wrt=wrt)
    values, gradients = values_of(part, classes), ag.gradients(loss)
    assert np.allclose(values[part.backward[-1].name], gradients[wrt], rtol=1e-9, atol=1e-12)
    assert len(part.backward) < len(whole.backward)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_evaluate_is_what_the_text_says(loss: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 3)) @ ag.Tensor(rng.normal(size=(3, 2)), name="W")
    explanation = ag.explain(LOSSES[loss](z, rng.normal(size=(4, 2)), rng.integers(2, size=4)))
    read, computed = values_of(explanation, 2), explanation.evaluate()
    assert all(np.allclose(read[name], x) for name, x in computed.items())
