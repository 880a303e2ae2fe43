"""Random programs in scalar code: rounds of like operations on values of earlier rounds, as loops would make them."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import Tensor

SMOOTH: dict[str, Any] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "ratio": lambda x, y: x / (y * y + 1),
    "tanh": lambda x, y: ag.tanh(x),
    "sigmoid": lambda x, y: ag.sigmoid(x - y),
    "negative": lambda x, y: -x,
    "less": lambda x, y: 1 - x * 0.5,
    "soft": lambda x, y: ag.softplus(x) + y / 2,
    "hypot": lambda x, y: ag.hypot(x, 1.5),
    "detached": lambda x, y: ag.stop_gradient(x) * y,
}
BENT: dict[str, Any] = {
    "relu": lambda x, y: ag.relu(x),
    "maximum": ag.maximum,
    "where": lambda x, y: ag.where(x > y, x * 2, 0.25),
    "absolute": lambda x, y: abs(x),
    "clip": lambda x, y: ag.clip(x, -0.5, 0.5),
    "leaky": lambda x, y: ag.leaky_relu(x, 0.1),
    "compare": lambda x, y: ag.where(ag.logical_and(x > 0.1, y <= 0.3), y, -0.0),
}


class ScalarProgram:
    """A function of scalars, the same for the same seed: a list of scalar results."""

    def __init__(self, seed: int, *, sums: bool, rounds: int = 6) -> None:
        self.seed, self.sums, self.rounds = seed, sums, rounds
        self.leaves = np.random.default_rng(seed).uniform(-1, 1, 1 + seed % 23)

    def __call__(self, leaves: list[Any]) -> list[Any]:
        rng = np.random.default_rng(self.seed)
        values = list(leaves)
        for _ in range(self.rounds):
            first, second = (_choice(rng, len(values), count) for count in [int(rng.integers(1, 40))] * 2)
            values += self._round(rng, [values[i] for i in first], [values[i] for i in second])
        return [values[i] for i in _choice(rng, len(values), 9)] + values[-3:]

    def _round(self, rng: np.random.Generator, first: list[Any], second: list[Any]) -> list[Any]:
        if self.sums and rng.random() < 0.5:
            return _sums(rng, first, second)
        table = SMOOTH if self.sums else SMOOTH | BENT
        function = table[str(rng.choice(list(table)))]
        constants = rng.uniform(-1, 1, 3).round(1).tolist()
        second = [constants[i % 3] if rng.random() < 0.1 else y for i, y in enumerate(second)]
        return [function(x, y) for x, y in zip(first, second)]


def _choice(rng: np.random.Generator, count: int, size: int) -> list[int]:
    """Positions: in a row, backwards, in steps, repeated in either way of a grid, or at random."""
    start, step = int(rng.integers(count)), int(rng.integers(1, 4))
    grid = np.arange(size)
    patterns = [grid, -grid, grid * step, grid // step, grid % step, rng.integers(count, size=size), 0 * grid]
    return [int(i) % count for i in start + patterns[rng.integers(len(patterns))]]


def _sums(rng: np.random.Generator, first: list[Any], second: list[Any]) -> list[Any]:
    """Each of several sums of the same form: a walk over `first` and `second` with signs, products and constants."""
    form = rng.integers(0, 6, int(rng.integers(2, 7))).tolist()
    width = len(form)
    whole = rng.random() < 0.5
    rows = range(0, max(1, len(first) - width), 1 if whole else width)
    return [
        _sum(form, first[row : row + width], second[:width] if whole else second[row : row + width]) for row in rows
    ]


def _sum(form: list[int], first: list[Any], second: list[Any]) -> Any:
    total: Any = 0
    for kind, x, y in zip(form, first, second):
        terms = [total + x * y, total - x * y, total + x, total - y, x + total + 0.5, total + y * x]
        total = terms[kind]
        if kind == 2:
            total = -(y - total)
    return ag.tanh(total * (1 / len(form)))


def leaves_of(values: Any, dtype: Any = None) -> list[Tensor]:
    return [Tensor(value, dtype=dtype) for value in values]
