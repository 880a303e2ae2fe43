"""The sides of a workload, checked to compute the same losses and timed in turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[[int], Sequence[float]]
"""Trains on for so many steps, and gives the loss before each of them."""

CHECKED_STEPS = 5


class UnavailableError(Exception):
    """What a side needs is not there."""


@dataclass(frozen=True)
class Workload:
    """One training step, as each side takes it.

    `sides` make the runs; the first is what the others are compared with. Each of the `repeats` times `steps` steps of
    every side. `tolerance` is relative, between the losses. Sides that are `apart` have a process each, because the
    garbage of one would slow down the collector of the other.
    """

    name: str
    sides: Mapping[str, Callable[[], Run]]
    steps: int
    repeats: int = 15
    tolerance: float = 1e-4
    apart: bool = False


def each(step: Callable[[], float]) -> Run:
    """The run of a side that takes one step per call."""
    return lambda count: [step() for _ in range(count)]


def timed(call: Callable[[], Any], repeats: int) -> float:
    """The median seconds of a call that is made so often."""
    return statistics.median([_seconds(call) for _ in range(repeats)])


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(workload: Workload, chosen: Iterable[str]) -> dict[str, float]:
    """The median microseconds per step of each of the chosen sides that is available."""
    names = [name for name in workload.sides if name in chosen]
    times = (_measure_apart if workload.apart else _measure_together)(workload, names)
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


def _measure_together(workload: Workload, names: list[str]) -> dict[str, list[float]]:
    runs = _available(workload, names)
    _check_equal(workload, {name: run(CHECKED_STEPS) for name, run in runs.items()})
    for run in runs.values():
        run(workload.steps)  # JAX compiles a loop once for each length
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(workload.repeats):
        for name, run in runs.items():
            times[name].append(_seconds_per_step(run, workload.steps))
    return times


def _available(workload: Workload, names: list[str]) -> dict[str, Run]:
    runs = {}
    for name in names:
        try:
            runs[name] = workload.sides[name]()
        except (ModuleNotFoundError, UnavailableError) as error:
            print(f"  {name} is left out: {error}")
    return runs


def _check_equal(workload: Workload, losses: Mapping[str, Sequence[float]]) -> None:
    for name, values in losses.items():
        message = f"{workload.name}: {name} has other losses than {next(iter(losses))}"
        np.testing.assert_allclose(
            values, next(iter(losses.values())), rtol=workload.tolerance, err_msg=message, strict=True
        )


def _seconds_per_step(run: Run, steps: int) -> float:
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps


def _measure_apart(workload: Workload, names: list[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in names}
    losses: dict[str, list[float]] = {}
    for _ in range(workload.repeats):
        for name in list(times):
            result = _in_a_process(workload, name)
            if "missing" in result:
                print(f"  {name} is left out: {result['missing']}")
                del times[name]
            else:
                times[name] += result["times"]
                losses[name] = result["losses"]
    _check_equal(workload, losses)
    return times


def _in_a_process(workload: Workload, name: str) -> dict[str, list[float]]:
    command = [sys.executable, str(Path(__file__).with_name("compare.py")), "--one-run", workload.name, name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, list[float]] = json.loads(done.stdout)
    return result


def one_run(workload: Workload, name: str) -> None:
    """Print the losses and the seconds of single steps of one side, as JSON; the first step warms up."""
    try:
        run = workload.sides[name]()
    except (ModuleNotFoundError, UnavailableError) as error:
        print(json.dumps({"missing": str(error)}))
        return
    losses, times = [*run(1)], []
    for _ in range(workload.steps):
        start = time.perf_counter()
        losses += run(1)
        times.append(time.perf_counter() - start)
    print(json.dumps({"losses": losses, "times": times}))
