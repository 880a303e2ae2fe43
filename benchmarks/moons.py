"""Scalar code, one Tensor per weight: micrograd's moons demo beside micrograd itself.

A 2-16-16-1 relu net of scalars on 100 points, hinge loss and an L2 term: 65 000 nodes a step. Run it with
`pip install -e '.[bench]'` and `python benchmarks/moons.py`. The garbage collector is at its default; the two take
turns, their losses are checked to agree, and medians are printed. Then the cost per node against the size of a chain,
and the memory per node.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini import Tensor

Model = list[list[tuple[list[Any], Any]]]


def moons(count: int, rng: np.random.Generator) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles, labelled -1 and 1."""
    angle = rng.uniform(0, np.pi, count)
    upper = rng.random(count) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) + rng.normal(0, 0.1, count)
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) + rng.normal(0, 0.1, count)
    return np.stack([x, y], axis=1).tolist(), [1 if u else -1 for u in upper]


def model(scalar: Callable[[float], Any], sizes: list[int]) -> Model:
    """Layers of neurons, each a list of weights and a bias, from the same random numbers for every scalar type."""
    draw = random.Random(1337)
    return [
        [([scalar(draw.uniform(-1, 1)) for _ in range(fan_in)], scalar(0.0)) for _ in range(fan_out)]
        for fan_in, fan_out in itertools.pairwise(sizes)
    ]


def forward(layers: Model, x: list[Any]) -> Any:
    for depth, layer in enumerate(layers):
        sums = [sum((w * v for w, v in zip(weights, x)), bias) for weights, bias in layer]
        x = sums if depth == len(layers) - 1 else [s.relu() for s in sums]
    return x[0]


def loss_of(layers: Model, points: list[list[Any]], labels: list[int]) -> Any:
    losses = [(1 + -label * forward(layers, point)).relu() for point, label in zip(points, labels)]
    squares = sum(w * w for layer in layers for weights, bias in layer for w in [*weights, bias])
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * squares


def stepper(scalar: Callable[[float], Any], forget: Callable[[Any], None]) -> Callable[[], float]:
    points, labels = moons(100, np.random.default_rng(0))
    layers = model(scalar, [2, 16, 16, 1])
    parameters = [w for layer in layers for weights, bias in layer for w in [*weights, bias]]

    def step() -> float:
        loss = loss_of(layers, points, labels)
        for parameter in parameters:
            forget(parameter)
        loss.backward()
        for parameter in parameters:
            parameter.data -= 0.1 * parameter.grad
        return float(loss.data)

    return step


def forget_value(value: Any) -> None:
    value.grad = 0


def sides() -> dict[str, Callable[[], Callable[[], float]]]:
    def by_micrograd() -> Callable[[], float]:
        from micrograd.engine import Value

        return stepper(Value, forget_value)

    return {"micrograd": by_micrograd, "autograd-mini": lambda: stepper(Tensor, Tensor.zero_grad)}


def run(name: str, steps: int = 4) -> None:
    """Print the seconds and the loss of each step of one side."""
    step = sides()[name]()
    for _ in range(steps):
        start = time.perf_counter()
        loss = step()
        print(time.perf_counter() - start, loss)


def measure(repeats: int = 5) -> None:
    """Each run in a process of its own: one side's garbage must not slow down the other's collector."""
    times: dict[str, list[float]] = {name: [] for name in sides()}
    losses: dict[str, list[float]] = {name: [] for name in sides()}
    for _ in range(repeats):
        for name in times:
            lines = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True).stdout
            rows = np.array([line.split() for line in lines.splitlines()], float)
            times[name] += rows[1:, 0].tolist()
            losses[name] += rows[:, 1].tolist()
    np.testing.assert_allclose(losses["autograd-mini"], losses["micrograd"], rtol=1e-9)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{name:16s} {value * 1e3:7.0f} ms per step")
    print(f"{'ratio':16s} {medians['micrograd'] / medians['autograd-mini']:7.1f}")


def chain(length: int) -> Tensor:
    w, y = Tensor(0.999), Tensor(1.0)
    for _ in range(length // 2):
        y = y * w + 1.0
    return y


def measure_nodes() -> None:
    print("\nchain of      forward     backward   (microseconds per node)")
    for length in (1_000, 10_000, 100_000, 1_000_000):
        repeats = max(1, 200_000 // length)
        start = time.perf_counter()
        ends = [chain(length) for _ in range(repeats)]
        middle = time.perf_counter()
        for end in ends:
            end.backward()
        done = time.perf_counter()
        count = length * repeats / 1e6
        print(f"{length:9,d} {(middle - start) / count:11.2f} {(done - middle) / count:11.2f}")
        del ends, end
    gc.collect()
    tracemalloc.start()
    kept = chain(100_000)
    print(f"\n{tracemalloc.get_traced_memory()[0] / 100_000:.0f} bytes per scalar node")
    del kept


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
    else:
        measure()
        measure_nodes()
