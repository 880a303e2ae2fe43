"""One training step (forward, backward, update): the engine beside the same step written by hand in NumPy.

Run it with `python benchmarks/step.py`. Both sides start from the same weights and take the same steps in turn, in one
process with one BLAS thread; their losses are checked to agree, and the medians over the repeats are printed.
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import nn

RATE = 0.1


@dataclass(frozen=True)
class Workload:
    """A relu net with softmax cross-entropy, and how often to repeat it."""

    name: str
    sizes: tuple[int, int, int]
    batch: int
    dtype: type
    steps: int
    repeats: int = 15


WORKLOADS = [
    Workload("784-200-10, batch 100", (784, 200, 10), 100, np.float32, steps=60),
    Workload("64-32-10, batch 32", (64, 32, 10), 32, np.float32, steps=400),
    Workload("4-5-3, batch 150", (4, 5, 3), 150, np.float32, steps=400),
]

Step = Callable[[], float]


def data(work: Workload) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.random((work.batch, work.sizes[0])).astype(work.dtype)
    return x, rng.integers(0, work.sizes[-1], work.batch)


def by_engine(work: Workload) -> Step:
    x, y = data(work)
    model = nn.MLP(work.sizes, rng=np.random.default_rng(0), dtype=work.dtype)
    optimiser = nn.SGD(model.parameters(), rate=RATE)

    def step() -> float:
        loss = nn.softmax_cross_entropy(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def weights(work: Workload) -> list[np.ndarray]:
    model = nn.MLP(work.sizes, rng=np.random.default_rng(0), dtype=work.dtype)
    return [parameter.numpy() for parameter in model.parameters()]


def by_hand(work: Workload) -> Step:
    """As one would write it down from 004_3fd59ef6bf62b8c0.txt, Algorithm 6.1."""
    x, y = data(work)
    W1, b1, W2, b2 = weights(work)
    rows = np.arange(work.batch)

    def step() -> float:
        Z1 = x @ W1 + b1
        Q1 = np.maximum(Z1, 0)
        Z2 = Q1 @ W2 + b2
        shifted = Z2 - Z2.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - shifted[rows, y])
        dZ2 = e / total
        dZ2[rows, y] -= 1
        dZ2 /= work.batch
        dZ1 = (dZ2 @ W2.T) * (Z1 > 0)
        W2[...] -= RATE * (Q1.T @ dZ2)
        b2[...] -= RATE * dZ2.sum(axis=0)
        W1[...] -= RATE * (x.T @ dZ1)
        b1[...] -= RATE * dZ1.sum(axis=0)
        return float(loss)

    return step


def by_hand_in_place(work: Workload) -> Step:
    """The same without temporary arrays: every result goes into a buffer that is there already."""
    x, y = data(work)
    W1, b1, W2, b2 = weights(work)
    rows, n = np.arange(work.batch), work.batch
    Z1, dZ1 = np.empty((n, work.sizes[1]), work.dtype), np.empty((n, work.sizes[1]), work.dtype)
    Z2, row = np.empty((n, work.sizes[2]), work.dtype), np.empty((n, 1), work.dtype)
    mask = np.empty(Z1.shape, bool)
    dW1, db1, dW2, db2 = (np.empty_like(array) for array in (W1, b1, W2, b2))

    def step() -> float:
        np.matmul(x, W1, out=Z1)
        np.add(Z1, b1, out=Z1)
        np.maximum(Z1, 0, out=Z1)
        np.matmul(Z1, W2, out=Z2)
        np.add(Z2, b2, out=Z2)
        np.maximum.reduce(Z2, axis=1, keepdims=True, out=row)
        np.subtract(Z2, row, out=Z2)
        picked = Z2[rows, y]
        np.exp(Z2, out=Z2)
        np.add.reduce(Z2, axis=1, keepdims=True, out=row)
        loss = float(np.add.reduce(np.log(row[:, 0]) - picked)) / n
        np.divide(Z2, row, out=Z2)
        Z2[rows, y] -= 1
        np.divide(Z2, n, out=Z2)
        np.matmul(Z1.T, Z2, out=dW2)
        np.add.reduce(Z2, axis=0, out=db2)
        np.matmul(Z2, W2.T, out=dZ1)
        np.greater(Z1, 0, out=mask)
        np.multiply(dZ1, mask, out=dZ1)
        np.matmul(x.T, dZ1, out=dW1)
        np.add.reduce(dZ1, axis=0, out=db1)
        for array, slope in ((W1, dW1), (b1, db1), (W2, dW2), (b2, db2)):
            np.multiply(slope, RATE, out=slope)
            np.subtract(array, slope, out=array)
        return loss

    return step


BY_HAND = "by hand"

SIDES: dict[str, Callable[[Workload], Step]] = {
    "by hand in place": by_hand_in_place,
    BY_HAND: by_hand,
    "autograd-mini": by_engine,
}


def measure(work: Workload) -> dict[str, float]:
    """Median microseconds per step of each side, measured in turn."""
    steps = {name: make(work) for name, make in SIDES.items()}
    check_equal({name: [step() for _ in range(5)] for name, step in steps.items()})
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(work.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(work.steps):
                step()
            times[name].append((time.perf_counter() - start) / work.steps * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def check_equal(losses: dict[str, list[float]]) -> None:
    first, *others = losses.values()
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-4)


def main() -> None:
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, one BLAS thread")
    print("microseconds per step, median; in brackets relative to by hand in place\n")
    print(f"{'':24s}" + "".join(f"{name:>24s}" for name in SIDES))
    for work in WORKLOADS:
        medians = measure(work)
        base = medians["by hand in place"]
        cells = (f"{f'{value:.0f} ({value / base:.2f})':>24s}" for value in medians.values())
        print(f"{work.name:24s}" + "".join(cells))


if __name__ == "__main__":
    main()
