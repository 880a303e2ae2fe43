"""Fit a noisy sine eagerly and compiled, print the step that `ag.compile` writes, and compare results and speed.

The data and the net are those of 000_35a5eac7cd588442.txt: 20 samples, 10 tanh units, squared error, and gradient
descent on all samples at once. Both nets start from the same weights; the times are measured in turn, in rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag
import nn

SAMPLES, HIDDEN = 20, 10
RATE = 0.05
ROUNDS = 10
STEPS = 20_000

Step = Callable[[np.ndarray, np.ndarray], Any]


def samples(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(0, 20, SAMPLES).reshape(SAMPLES, 1)
    return x - 10, 0.2 + 0.05 * x + 0.4 * np.sin(x) + 0.2 * rng.normal(size=x.shape)


def net(seed: int) -> nn.MLP:
    return nn.MLP([1, HIDDEN, 1], activation="tanh", rng=np.random.default_rng(seed))


def eager_step(model: nn.MLP) -> Step:
    optimiser = nn.SGD(model.parameters(), lr=RATE)

    def step(x: np.ndarray, target: np.ndarray) -> float:
        loss = nn.mse(model(x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def compiled_training(model: nn.MLP) -> ag.Compiled:
    optimiser = nn.SGD(model.parameters(), lr=RATE)
    return ag.compile(lambda x, target: nn.mse(model(x), target), optimiser=optimiser)


def seconds(step: Step, x: np.ndarray, target: np.ndarray, count: int) -> float:
    """The time of one of `count` steps."""
    start = time.perf_counter()
    for _ in range(count):
        step(x, target)
    return (time.perf_counter() - start) / count


def race(steps: list[Step], x: np.ndarray, target: np.ndarray, count: int) -> list[float]:
    """For each kind of step the median time of one, of rounds that they take in turn."""
    times = [[seconds(step, x, target, count) for step in steps] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*times)]


def largest_difference(one: nn.MLP, other: nn.MLP) -> float:
    """Between the weights of two nets, relative to the largest weight."""
    pairs = [(p.data, q.data) for p, q in zip(one.parameters(), other.parameters())]
    return float(max(np.max(np.abs(p - q)) for p, q in pairs) / max(np.max(np.abs(p)) for p, _ in pairs))


def main() -> None:
    options = parse_options()
    x, target = samples(np.random.default_rng(options.seed))
    eager_net, compiled_net = net(options.seed), net(options.seed)
    eager, training = eager_step(eager_net), compiled_training(compiled_net)
    first = [eager(x, target), training.step(x, target)]  # the first step compiles
    print(f"The step that ag.compile wrote for {compiled_net}:\n\n{training.source}")
    eager_time, compiled_time = race([eager, training.step], x, target, options.steps // ROUNDS)
    last = [eager(x, target), training.step(x, target)]
    print(f"{'':10s}{'first loss':>12s}{'last loss':>12s}{'microseconds per step':>24s}")
    for name, before, after, took in zip(("eager", "compiled"), first, last, (eager_time, compiled_time)):
        print(f"{name:10s}{before:12.6f}{after:12.6f}{took * 1e6:24.1f}")
    print(f"\nLargest difference of the weights: {largest_difference(eager_net, compiled_net):.1e}")
    print(f"Speed: a compiled step takes 1/{eager_time / compiled_time:.1f} of the time of an eager one")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the noise and the weights (default 0)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of each of the two (default {STEPS})")
    options = parser.parse_args()
    if options.seed < 0 or options.steps < ROUNDS:
        parser.error(f"--seed is 0 or more, and --steps at least {ROUNDS}")
    return options


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
