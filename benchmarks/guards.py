"""What the guards of compiled steps cost: `python benchmarks/guards.py`, one BLAS thread, medians."""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
from functools import partial

import autograd_mini as ag
import nn
from engine import Problem
from measure import timed
from workloads import relu_net, sine_fit

CALLS = 2000
REPEATS = 15


def many(call: object) -> None:
    """A call made so often that its time can be measured."""
    for _ in range(CALLS):
        call()  # type: ignore[operator]


def row(name: str, problem: Problem) -> str:
    """The step of a problem, the guard's part of it, and calls per second with and without the guard."""
    train = ag.compile(problem.loss, optimiser=nn.SGD(problem.parameters, lr=problem.rate))
    train.step(*problem.inputs)
    guard = train._programs.latest["step"].guard
    step = timed(partial(many, partial(train.step, *problem.inputs)), REPEATS) / CALLS
    check = timed(partial(many, guard.unchanged), REPEATS) / CALLS
    cells = f"{len(guard.places)} | {1e6 * check:.2f} | {1e6 * step:.1f} | {check / step:.1%}"
    return f"| {name} | {cells} | {1 / step:,.0f} | {1 / (step - check):,.0f} |"


if __name__ == "__main__":
    print("| net | places | guard, µs | step, µs | share | steps a second | without the guard |")
    print("|---" * 7 + "|")
    print(row("4-5-3, batch 150", relu_net.problem((4, 5, 3), 150)))
    print(row("64-32-10, batch 32", relu_net.problem((64, 32, 10), 32)))
    print(row("sine fit", sine_fit.problem()))
