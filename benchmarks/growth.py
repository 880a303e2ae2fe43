"""What autograd-mini costs as graphs grow: time per node, compile time, memory, and gradients beside values.

python benchmarks/growth.py
python benchmarks/growth.py --sides eager --up-to 100000
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import argparse
import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import autograd_mini as ag
import engine
from autograd_mini import Tensor
from engine import Problem
from measure import Run
from report import environment
from workloads import deep_net, logistic, lstm, moons, relu_net, sine_fit

SIDES: dict[str, Callable[[Problem], Run]] = {"eager": engine.eager, "compiled": engine.compiled}
PROBLEMS: dict[str, Callable[[], Problem]] = {
    "784-200-10": partial(relu_net.problem, (784, 200, 10), 100),
    "64-32-10": partial(relu_net.problem, (64, 32, 10), 32),
    "4-5-3": partial(relu_net.problem, (4, 5, 3), 150),
    "sine-fit": sine_fit.problem,
    "deep-net": deep_net.problem,
    "logistic": logistic.problem,
    "lstm": lstm.problem,
}
REPEATS = 9


def seconds(call: Callable[[], Any], count: int = 1) -> float:
    """The mean of so many calls, with the garbage collector as it is."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def medians(*calls: Callable[[], Any]) -> list[float]:
    """The median seconds of each call, taking turns."""
    count = max(1, int(0.01 / max(map(seconds, calls))))
    rounds = [[seconds(call, count) for call in calls] for _ in range(REPEATS)]
    return [statistics.median(times) for times in zip(*rounds)]


# ------------------------------------------------------------------------------------------------------ chains


def chain(w: Tensor, length: int) -> Tensor:
    """A chain of so many scalar nodes."""
    y = w
    for _ in range(length // 2):
        y = y * w + 1.0
    return y


def chain_of(length: int) -> Callable[[], Tensor]:
    """A chain: no two of its nodes can be computed together, and a program of it has a line for each."""
    w = Tensor(0.999)
    return lambda: chain(w, length)


def net_of(length: int) -> Callable[[], Tensor]:
    """The net of micrograd's moons demo, on as many points as make so many nodes."""
    points, labels = moons.moons(max(1, length // 650), np.random.default_rng(0))
    layers = moons.model(Tensor)
    return lambda: moons.loss_of(layers, points, labels)


def eager_costs(graph: Callable[[], Tensor], length: int) -> list[float]:
    """The seconds of the way forward, and of the way back."""
    repeats = max(1, 200_000 // length)
    start = time.perf_counter()
    ends = [graph() for _ in range(repeats)]
    middle = time.perf_counter()
    for end in ends:
        end.backward()
    done = time.perf_counter()
    return [(middle - start) / repeats, (done - middle) / repeats]


def compiled_costs(graph: Callable[[], Tensor], length: int) -> list[float]:
    """The seconds of a step, value and gradient, and of compiling it."""
    compiled = ag.compile(graph)
    first = seconds(compiled.value_and_grad)
    (step,) = medians(compiled.value_and_grad)
    return [step, first - step]


COSTS = {"eager": eager_costs, "compiled": compiled_costs}
COLUMNS = {"eager": ["eager forward", "backward"], "compiled": ["compiled step", "compiling"]}
GRAPHS: dict[str, Callable[[int], Callable[[], Tensor]]] = {"chain": chain_of, "net": net_of}
LONGEST_COMPILED_CHAIN = 100_000


def print_costs(name: str, sides: list[str], longest: int) -> None:
    columns = [column for side in sides for column in COLUMNS[side]]
    print(f"\n{f'µs per node, {name} of':21s}" + "".join(f"{column:>16s}" for column in columns))
    for length in (10**power for power in range(3, 8)):
        if length <= longest:
            fitting = [side for side in sides if side == "eager" or name != "chain" or length <= LONGEST_COMPILED_CHAIN]
            costs = [cost / length * 1e6 for side in fitting for cost in COSTS[side](GRAPHS[name](length), length)]
            print(f"{length:21,d}" + "".join(f"{cost:16.4f}" for cost in costs), flush=True)


def bytes_per_scalar(count: int = 100_000) -> float:
    """What one node of an eager chain holds."""
    gc.collect()
    tracemalloc.start()
    kept = chain(Tensor(0.999), count)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size / count


# -------------------------------------------------------------------------------------------------- workloads


def peak_megabytes(problem: Problem, side: str) -> float:
    """The most that a step has allocated at a time, with what is kept between steps; data and parameters apart."""
    gc.collect()
    tracemalloc.start()
    run = SIDES[side](problem)
    run(2)
    gc.collect()
    tracemalloc.reset_peak()
    run(1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def _eager_calls(problem: Problem) -> tuple[Callable[[], Any], Callable[[], Any]]:
    loss = partial(problem.loss, *problem.inputs)
    return ag.no_grad()(loss), lambda: loss().backward()


def _compiled_calls(problem: Problem) -> tuple[Callable[[], Any], Callable[[], Any]]:
    compiled = ag.compile(problem.loss)
    return partial(compiled.value, *problem.inputs), partial(compiled.value_and_grad, *problem.inputs)


def ratio(problem: Problem, side: str) -> float:
    """The time of value and gradient over the time of the value."""
    value, both = (_compiled_calls if side == "compiled" else _eager_calls)(problem)
    value_time, both_time = medians(value, both)
    return both_time / value_time


def compile_seconds(run: Callable[[], Run]) -> float:
    """The first step, and what comes before it."""
    return seconds(lambda: run()(1))


def cells(name: str, sides: list[str]) -> Iterator[float]:
    problem = PROBLEMS[name]
    for side in sides:
        yield ratio(problem(), side)
    for side in sides:
        yield peak_megabytes(problem(), side)
    if "compiled" in sides:
        yield compile_seconds(partial(engine.compiled, problem()))


def print_workloads(sides: list[str]) -> None:
    columns = [f"{side} {what}" for what in ("ratio", "MB") for side in sides]
    columns += ["compile seconds"] if "compiled" in sides else []
    print("\nratio: value and gradient over value; MB: peak of a step")
    print(f"{'':21s}" + "".join(f"{column:>17s}" for column in columns))
    for name in PROBLEMS:
        print(f"{name:21s}" + "".join(f"{cell:17.3f}" for cell in cells(name, sides)), flush=True)
    if "compiled" in sides:
        print(f"{'moons, compile seconds':21s} {compile_seconds(moons.compiled):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--up-to", type=int, default=1_000_000, metavar="NODES", help="the largest graph")
    given = parser.parse_args()
    print(environment())
    for name in GRAPHS:
        print_costs(name, given.sides, given.up_to)
    print(f"\n{bytes_per_scalar():.0f} bytes per eager scalar node")
    print_workloads(given.sides)


if __name__ == "__main__":
    main()
