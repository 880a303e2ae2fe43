"""Generated programs that are kept as text, to be read and to show in a diff what a change does to them.

`python -m tests.autograd_mini.compiler.snapshots` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor

FOLDER = Path(__file__).parent / "snapshots"


def classifier_step() -> str:
    """Three layers, relu, softmax with cross-entropy, and gradient descent."""
    rng = np.random.default_rng(0)
    model = nn.MLP((784, 256, 128, 10), rng=rng, dtype=np.float32)
    step = ag.compile(
        lambda x, y: ag.softmax_cross_entropy(model(x), y).named("loss"), optimiser=nn.SGD(model.parameters(), 0.1)
    )
    step.step(rng.normal(size=(64, 784)).astype(np.float32), rng.integers(0, 10, 64))
    return step.source


def regression() -> str:
    """Two layers, tanh, and the mean of the squared errors."""
    rng = np.random.default_rng(0)
    w1, w2 = Tensor(rng.normal(size=(3, 8)), name="W1"), Tensor(rng.normal(size=(8, 1)), name="W2")
    b1, b2 = Tensor(np.zeros(8), name="b1"), Tensor(np.zeros(1), name="b2")

    def loss(x: Any, y: Any) -> Tensor:
        h = ag.tanh(x @ w1 + b1).named("h")
        return ((h @ w2 + b2 - y) ** 2).mean()

    compiled = ag.compile(loss)
    compiled.value_and_grad(rng.normal(size=(20, 3)), rng.normal(size=(20, 1)))
    return compiled.source


def logistic_regression() -> str:
    """A sigmoid of a weighted sum, its cross-entropy by hand, and gradient descent."""
    rng = np.random.default_rng(0)
    w, b = Tensor(np.zeros(5), name="w"), Tensor(0.0, name="b")

    def loss(x: Any, y: Any) -> Tensor:
        p = ag.sigmoid(x @ w + b).named("p")
        return -(y * ag.log(p) + (1 - y) * ag.log(1 - p)).mean()

    compiled = ag.compile(loss, optimiser=nn.SGD([w, b], 0.1))
    compiled.step(rng.normal(size=(50, 5)), rng.integers(0, 2, 50).astype(float))
    return compiled.source


def neuron() -> str:
    """One neuron with two inputs, of scalars."""
    w1, w2, b = Tensor(-3.0, name="w1"), Tensor(1.0, name="w2"), Tensor(6.88, name="b")
    compiled = ag.compile(lambda x1, x2: ag.tanh((x1 * w1 + x2 * w2 + b).named("n")).named("o"))
    compiled.value_and_grad(np.float64(2.0), np.float64(0.0))
    return compiled.source


def scalar_network() -> str:
    """A network that is written neuron by neuron, on 20 points."""
    rng = np.random.default_rng(0)
    layers = [
        [([Tensor(v) for v in rng.uniform(-1, 1, fan_in)], Tensor(0.0)) for _ in range(fan_out)]
        for fan_in, fan_out in [(2, 8), (8, 8), (8, 1)]
    ]
    parameters = [v for layer in layers for w, b in layer for v in [*w, b]]
    points = rng.normal(size=(20, 2)).tolist()
    signs = rng.choice([-1.0, 1.0], 20).tolist()

    def score(x: list[Any]) -> Any:
        for layer in layers[:-1]:
            x = [ag.relu(sum((wi * xi for wi, xi in zip(w, x)), b)) for w, b in layer]
        ((w, b),) = layers[-1]
        return sum((wi * xi for wi, xi in zip(w, x)), b)

    def loss() -> Any:
        margins = [ag.relu(1 - sign * score(point)) for point, sign in zip(points, signs)]
        return sum(margins) * (1 / len(margins)) + 1e-4 * sum(p * p for p in parameters)

    compiled = ag.compile(loss, optimiser=nn.SGD(parameters, 0.1))
    compiled.step()
    return compiled.source


def gradient_function() -> str:
    """A gradient that is asked for in the function itself."""
    compiled = ag.compile(ag.grad(lambda x: (ag.exp(-x * x) * ag.sin(x)).sum()))
    compiled.value(np.ones(3))
    return compiled.source


PROGRAMS: list[Callable[[], str]] = [
    classifier_step,
    regression,
    logistic_regression,
    neuron,
    scalar_network,
    gradient_function,
]


def path(program: Callable[[], str]) -> Path:
    """Where a program is kept; not as .py, for it is to be read as it was generated."""
    return FOLDER / f"{program.__name__}.txt"


def renew() -> None:
    """Write every program as it is generated now."""
    FOLDER.mkdir(exist_ok=True)
    for program in PROGRAMS:
        path(program).write_text(program())


if __name__ == "__main__":
    renew()
