"""micrograd's moons demo in scalar code, one Tensor per weight: 65 000 nodes a step.

A 2-16-16-1 relu net on 100 points, hinge loss and an L2 term. The garbage collector is at its default.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from operator import mul
from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from measure import Run, Workload, each

SIZES, POINTS, RATE, DECAY = (2, 16, 16, 1), 100, 0.1, 1e-4
Model = list[list[tuple[list[Any], Any]]]


def moons(count: int, rng: np.random.Generator) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles, labelled -1 and 1."""
    angle = rng.uniform(0, np.pi, count)
    upper = rng.random(count) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) + rng.normal(0, 0.1, count)
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) + rng.normal(0, 0.1, count)
    return np.stack([x, y], axis=1).tolist(), [1 if u else -1 for u in upper]


def model(scalar: Callable[[float], Any]) -> Model:
    """Layers of neurons, each a list of weights and a bias, from the same random numbers for every scalar type."""
    draw = random.Random(1337)
    return [
        [([scalar(draw.uniform(-1, 1)) for _ in range(fan_in)], scalar(0.0)) for _ in range(fan_out)]
        for fan_in, fan_out in itertools.pairwise(SIZES)
    ]


def parameters_of(layers: Model) -> list[Any]:
    return [w for layer in layers for weights, bias in layer for w in [*weights, bias]]


def forward(layers: Model, x: list[Any]) -> Any:
    for depth, layer in enumerate(layers):
        sums = [sum((w * v for w, v in zip(weights, x)), bias) for weights, bias in layer]
        x = sums if depth == len(layers) - 1 else [s.relu() for s in sums]
    return x[0]


def loss_of(layers: Model, points: list[list[float]], labels: list[int]) -> Any:
    losses = [(1 + -label * forward(layers, point)).relu() for point, label in zip(points, labels)]
    squares = sum(w * w for w in parameters_of(layers))
    return sum(losses) * (1.0 / len(losses)) + DECAY * squares


def by_scalars(scalar: Callable[[float], Any], forget: Callable[[Any], None]) -> Run:
    """The loop of the demo, for any scalar type with `backward()`, `.data` and `.grad`."""
    points, labels = moons(POINTS, np.random.default_rng(0))
    layers = model(scalar)
    parameters = parameters_of(layers)

    def step() -> float:
        loss = loss_of(layers, points, labels)
        for parameter in parameters:
            forget(parameter)
        loss.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return float(loss.data)

    return each(step)


def compiled() -> Run:
    points, labels = moons(POINTS, np.random.default_rng(0))
    layers = model(Tensor)
    train = ag.compile(lambda: loss_of(layers, points, labels), optimiser=nn.SGD(parameters_of(layers), lr=RATE))
    return each(lambda: float(train.step()))


def by_micrograd() -> Run:
    from micrograd.engine import Value

    def forget(value: Any) -> None:
        value.grad = 0

    return by_scalars(Value, forget)


def by_torch() -> Run:
    import torch

    torch.set_num_threads(1)

    def forget(scalar: Any) -> None:
        scalar.grad = None

    return by_scalars(lambda value: torch.tensor(value, dtype=torch.float64, requires_grad=True), forget)


def by_hand() -> Run:
    """Delta rules in loops over Python floats, sample by sample."""
    points, labels = moons(POINTS, np.random.default_rng(0))
    layers = [([list(w) for w, _ in layer], [float(b) for _, b in layer]) for layer in model(float)]

    def step() -> float:
        slopes = [([[0.0] * len(row) for row in W], [0.0] * len(b)) for W, b in layers]
        total = sum(sample(point, label, slopes) for point, label in zip(points, labels)) / POINTS
        return total + DECAY * descend(slopes)

    def sample(point: list[float], label: int, slopes: Any) -> float:
        values = [point]
        for W, b in layers[:-1]:
            values.append([max(sum(map(mul, row, values[-1]), bias), 0.0) for row, bias in zip(W, b)])
        ((row,), (bias,)) = layers[-1]
        margin: float = 1 - label * sum(map(mul, row, values[-1]), bias)
        if margin <= 0:
            return 0.0
        deltas = [-label / POINTS]
        for (W, _), (dW, db), x in zip(layers[::-1], slopes[::-1], values[::-1]):
            for neuron, delta in enumerate(deltas):
                if delta:
                    dW[neuron] = [d + delta * v for d, v in zip(dW[neuron], x)]
                    db[neuron] += delta
            deltas = [sum(map(mul, column, deltas)) if v > 0 else 0.0 for column, v in zip(zip(*W), x)]
        return margin

    def descend(slopes: Any) -> float:
        """Update every weight and bias; gives the sum of their squares before."""
        squares = 0.0
        for (W, b), (dW, db) in zip(layers, slopes):
            for values, derivatives in (*zip(W, dW), (b, db)):
                squares += sum(map(mul, values, values))
                values[:] = [v - RATE * (d + 2 * DECAY * v) for v, d in zip(values, derivatives)]
        return squares

    return each(step)


SIDES = {
    "by hand": by_hand,
    "eager": lambda: by_scalars(Tensor, Tensor.zero_grad),
    "compiled": compiled,
    "torch": by_torch,
    "micrograd": by_micrograd,
}

WORKLOADS = [Workload("moons", SIDES, steps=3, repeats=5, tolerance=1e-9, apart=True)]
