"""Interrupts at random moments leave each step of training done or not done: a few tries of `interrupts.py`."""

from __future__ import annotations

import signal
import sys

import pytest

from autograd_mini import Tensor
from tests.autograd_mini import interrupts

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such signals")


@pytest.mark.parametrize("sender", interrupts.SENDERS)
@pytest.mark.parametrize(
    ("way", "count"), [("eager", 150), ("stepped", 150), ("debugged", 150), ("halfway", 100), ("traced", 24)]
)
def test_an_interrupted_step_is_done_or_not_done(way: str, count: int, sender: str) -> None:
    counts = interrupts.run(count, seed=7, ways=(way,), senders=(sender,))
    assert counts.faults == []
    assert counts.tries == count
    assert counts.struck > count // 20
    assert sys.getprofile() is None


def test_what_is_half_applied_is_told_from_what_is_not() -> None:
    kinds = interrupts._kinds([1.0, 2.5, None, 7.0], [1.0, 2.0, None, 3.0], [1.5, 2.5, 4.0, 5.0])
    assert kinds == {"old", "new", "else"}
    assert interrupts._kinds([1.5, 2.5], [1.0, 2.0], [1.5, 2.5]) == {"new"}
    assert interrupts._kinds([3.0], [3.0], [3.0]) == set()


def test_an_optimiser_that_changes_parameters_one_by_one_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(problem: interrupts.Problem, x: object) -> None:
        problem.loss(x).backward()
        for parameter in problem.parameters:
            for _ in range(200):
                pass
            parameter.data = parameter.data - 0.01 * parameter.grad
        problem.optimiser.steps.value = problem.optimiser.steps.value + 1

    monkeypatch.setitem(interrupts.WAYS, "eager", one_by_one)
    monkeypatch.setattr(interrupts, "OPTIMISERS", {"SGD": interrupts.OPTIMISERS["SGD"]})
    counts = interrupts.run(200, ways=("eager",), senders=("timer",))
    assert counts.half > 5


def test_a_mode_that_is_left_on_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(problem: interrupts.Problem, x: object) -> None:
        calls.append(interrupts.ag.no_grad())
        if len(calls) > 5:  # the first ones are timed
            calls[-1].__enter__()
        for _ in range(10_000):
            pass

    calls: list[interrupts.ag.no_grad] = []
    monkeypatch.setitem(interrupts.WAYS, "eager", silent)
    monkeypatch.setattr(interrupts, "NETS", {"arrays": interrupts.NETS["arrays"]})
    monkeypatch.setattr(interrupts, "OPTIMISERS", {"SGD": interrupts.OPTIMISERS["SGD"]})
    assert interrupts.run(20, ways=("eager",), senders=("timer",)).left_on > 0
    assert (Tensor(1.0) * 2.0).requires_grad
