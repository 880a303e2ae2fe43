"""Interrupts at random moments of training: `python -m tests.autograd_mini.interrupts 20000 [seed]`.

Each try does one step of training while a signal is on its way, whose handler raises KeyboardInterrupt as Ctrl-C does.
Afterwards the step has been done or it has not: parameters, states of the optimiser and the count of steps say the
same, and so do the gradients. No mode is left on, and nothing profiles.
"""

from __future__ import annotations

import queue
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.modes import current, mode

# -------------------------------------------------------------------------------------------------------- programs


class Problem:
    """A small net with its optimiser, and compiled."""

    def __init__(self, net: str, optimiser: str) -> None:
        rng = np.random.default_rng(0)
        self.parameters, self.loss = NETS[net](rng)
        self.optimiser = OPTIMISERS[optimiser](self.parameters)
        self.compiled = ag.compile(self.loss, optimiser=self.optimiser)
        for parameter in self.parameters:
            self.optimiser.state_of(parameter)

    @property
    def buffers(self) -> list[Any]:
        """The count of steps, and the states of all parameters."""
        states = [self.optimiser.state_of(parameter) for parameter in self.parameters]
        return [self.optimiser.steps, *(buffer for state in states for buffer in state.values())]

    def trained(self) -> list[Any]:
        """Copies of all that a step of the optimiser changes."""
        values = [parameter.numpy() for parameter in self.parameters]
        return values + [buffer.value.numpy() for buffer in self.buffers]

    def slopes(self) -> list[Any]:
        """Copies of the gradients."""
        return [None if p.grad is None else np.array(p.grad) for p in self.parameters]

    def is_intact(self) -> bool:
        """Whether the arrays that a trace has lent are back in their places."""
        if not isinstance(self.loss, Reader):
            return True
        return all(now is array for now, array in zip(self.loss.held(), self.loss.arrays))

    def take(self, other: Problem) -> None:
        """The same values, states and gradients as another."""
        for mine, its in zip(self.parameters, other.parameters):
            mine.data = its.data
            mine.grad = its.grad
        for mine, its in zip(self.buffers, other.buffers):
            mine.value = its.value


def _arrays(rng: np.random.Generator) -> tuple[list[Tensor], Callable[[Any], Any]]:
    model = nn.MLP([3, 4, 2], rng=rng, activation="tanh")
    return model.parameters(), lambda x: (model(x) ** 2).mean()


def _scalars(rng: np.random.Generator) -> tuple[list[Tensor], Callable[[Any], Any]]:
    weights = [[Tensor(w) for w in row] for row in rng.normal(size=(4, 4))]

    def loss(x: Any) -> Any:
        entries = [x[0, i] for i in range(3)] + [1.0]
        outputs = [ag.tanh(sum(w * entry for w, entry in zip(row, entries))) for row in weights]
        return sum(output * output for output in outputs)

    return [w for row in weights for w in row], loss


class Reader:
    """A net that reads arrays from outside: from attributes, a dict and a list."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.w = Tensor(rng.normal(size=(3, 2)), name="w")
        self.shift = rng.normal(size=2)
        self.parts = {"target": rng.normal(size=(5, 2)), "more": [rng.normal(size=2)]}
        self.arrays = self.held()

    def held(self) -> list[Any]:
        """What stands now where the arrays are read."""
        return [self.shift, self.parts["target"], self.parts["more"][0]]

    def __call__(self, x: Any) -> Any:
        return ((ag.tanh(x @ self.w + self.shift) * self.parts["more"][0] - self.parts["target"]) ** 2).mean()


def _reader(rng: np.random.Generator) -> tuple[list[Tensor], Callable[[Any], Any]]:
    reader = Reader(rng)
    return [reader.w], reader


NETS: dict[str, Any] = {"arrays": _arrays, "scalars": _scalars, "reader": _reader}
OPTIMISERS: dict[str, Any] = {
    "SGD": lambda parameters: nn.SGD(parameters, 0.01),
    "momentum": lambda parameters: nn.SGD(parameters, 0.01, 0.9),
    "Adam": lambda parameters: nn.Adam(parameters, 0.01),
}

# ----------------------------------------------------------------------------------------- one step, in several ways


def eager(problem: Problem, x: Any) -> None:
    """The usual loop, with a look at the loss that is not recorded."""
    with ag.no_grad():
        problem.loss(x)
    problem.loss(x).backward()
    problem.optimiser.step()


def debugged(problem: Problem, x: Any) -> None:
    """The same within ag.debug()."""
    with ag.debug():
        problem.loss(x).backward()
        with ag.no_grad():
            problem.loss(x)
    problem.optimiser.step()


def stepped(problem: Problem, x: Any) -> None:
    """One compiled step."""
    problem.compiled.step(x)
    with ag.no_grad():
        problem.compiled(x)


def halfway(problem: Problem, x: Any) -> None:
    """A compiled gradient and a step that is not compiled."""
    problem.compiled.value_and_grad(x)
    problem.optimiser.step()


def traced(problem: Problem, x: Any) -> None:
    """A first step, which compiles."""
    ag.compile(problem.loss, optimiser=problem.optimiser).step(x)


WAYS: dict[str, Callable[[Problem, Any], None]] = {
    "eager": eager,
    "debugged": debugged,
    "stepped": stepped,
    "halfway": halfway,
    "traced": traced,
}
ACCUMULATE = {"eager", "debugged"}
"""The ways that add to gradients; the others replace them."""
RARE = {"traced": 20}
"""The ways that take long are tried less often: once for so many tries."""

# --------------------------------------------------------------------------------------------------------- signals


class Alarm:
    """Raises KeyboardInterrupt once, when a signal comes while it is armed."""

    def __init__(self) -> None:
        self.armed = self.rang = False

    def arm(self) -> None:
        """Wait for the next signal."""
        self.armed, self.rang = True, False

    def __call__(self, number: int, frame: Any) -> None:
        if self.armed:
            self.armed, self.rang = False, True
            raise KeyboardInterrupt


class Timer:
    """The signal comes from the clock."""

    number = signal.SIGALRM if hasattr(signal, "SIGALRM") else None

    def start(self, seconds: float) -> None:
        """Send the signal in so many seconds."""
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def stop(self) -> None:
        """Send none any more."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    close = stop


class Neighbour:
    """The signal comes from another thread, which waits by counting."""

    number = signal.SIGUSR1 if hasattr(signal, "SIGUSR1") else None

    def __init__(self) -> None:
        self.main = threading.get_ident()
        self.requests: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.begun: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.waiting = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for seconds in iter(self.requests.get, None):
            self.begun.put(None)
            end = time.perf_counter() + 3 * seconds  # only one of the two threads runs at a time
            while time.perf_counter() < end:
                pass
            signal.pthread_kill(self.main, signal.SIGUSR1)
            self.done.put(None)

    def start(self, seconds: float) -> None:
        """Send the signal in so many seconds."""
        self.waiting += 1
        self.requests.put(seconds)
        self.begun.get()  # waking up may take longer than a step

    def stop(self) -> None:
        """Wait until the signal was sent."""
        while self.waiting:
            self.done.get()
            self.waiting -= 1

    def close(self) -> None:
        """End the thread."""
        self.requests.put(None)
        self.thread.join()


SENDERS: dict[str, Any] = {"timer": Timer, "thread": Neighbour}


@contextmanager
def _handling(sender: Any, alarm: Alarm) -> Iterator[None]:
    before = signal.signal(sender.number, alarm)
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # Python drops what is raised in finalizers
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sender.close()
        sys.setswitchinterval(interval)
        sys.unraisablehook = hook
        signal.signal(sender.number, before)


# ----------------------------------------------------------------------------------------------------------- tries


@dataclass
class Counts:
    """What came of all tries; `faults` tells of the first ones what was wrong."""

    tries: int = 0
    struck: int = 0
    half: int = 0
    left_on: int = 0
    other: int = 0
    forgotten: int = 0
    lost: int = 0
    struck_in: Counter[str] = field(default_factory=Counter)
    stepped: Counter[bool] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, where: str) -> None:
        """Count a fault."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.faults) < 20:
            self.faults.append(f"{what}: {where}")

    def __str__(self) -> str:
        return (
            f"tries {self.tries}, interrupts that struck {self.struck} (step done {self.stepped[True]}, not done "
            f"{self.stepped[False]}), half applied {self.half}, modes left on {self.left_on}, "
            f"other errors {self.other}; swallowed by Python or NumPy {self.lost}, "
            f"gradients taken back though the step was done {self.forgotten}"
        )


class Tries:
    """One net with one optimiser, trained in one way, interrupted by one sender."""

    def __init__(self, net: str, optimiser: str, way: str, counts: Counts) -> None:
        self.name = f"{net}, {optimiser}, {way}"
        self.way = way
        self.counts = counts
        self.problem, self.twin = Problem(net, optimiser), Problem(net, optimiser)
        self.x = np.random.default_rng(1).normal(size=(5, 3))
        times = 1 if way in RARE else 5
        self.seconds = sorted(self._timed() for _ in range(times))[times // 2]

    def _timed(self) -> float:
        begin = time.perf_counter()
        WAYS[self.way](self.problem, self.x)
        return time.perf_counter() - begin

    def __call__(self, sender: Any, alarm: Alarm, random_: random.Random) -> None:
        """Train one step with a signal on its way, and look at what it leaves."""
        self.x = np.random.default_rng(self.counts.tries).normal(size=(5, 3))
        self.twin.take(self.problem)
        before = self.problem.trained(), self.problem.slopes()
        if self.way not in ACCUMULATE:
            self.twin.optimiser.zero_grad()
        self.twin.loss(self.x).backward()
        self.twin.optimiser.step()
        after = self.twin.trained(), self.twin.slopes()
        struck = self._interrupted(sender, alarm, random_.uniform(1e-6, 1.2 * self.seconds))
        self.counts.tries += 1
        self.counts.struck += struck
        self.counts.struck_in[self.way] += struck
        self._check_modes()
        self._check_state(before, after, struck)

    def _interrupted(self, sender: Any, alarm: Alarm, seconds: float) -> bool:
        came = False
        try:
            alarm.arm()
            sender.start(seconds)
            WAYS[self.way](self.problem, self.x)
            alarm.armed = False
        except KeyboardInterrupt:
            came = True
        except Exception as error:
            if not alarm.rang:
                self.counts.fault("other", f"{self.name}: {error!r}")
        alarm.armed = False
        sender.stop()
        self.counts.lost += alarm.rang and not came
        return alarm.rang

    def _check_modes(self) -> None:
        found = {
            "does not record": not (Tensor(1.0) * 2.0).requires_grad,
            f"the mode {mode()}": mode() is not True,
            "an array that was lent is not back": not self.problem.is_intact(),
            "a profiler": sys.getprofile() is not None,
            f"np.geterr() {np.geterr()}": np.geterr()["over"] == "ignore",
        }
        if any(found.values()):
            self.counts.fault("left_on", f"{self.name}: {', '.join(what for what, is_so in found.items() if is_so)}")
            sys.setprofile(None)
            _all_modes_off()

    def _check_state(self, before: Any, after: Any, struck: bool) -> None:
        trained = _kinds(self.problem.trained(), before[0], after[0])
        slopes = _kinds(self.problem.slopes(), before[1], after[1])
        if self.way not in ACCUMULATE and all(p.grad is None for p in self.problem.parameters):
            slopes = {"none"}  # an interrupted program takes its gradients back
        wrong = len(trained) > 1 or len(slopes) > 1 or not trained | slopes <= {"old", "new", "none"}
        wrong |= trained == {"new"} and slopes == {"old"}
        self.counts.forgotten += trained == {"new"} and slopes == {"none"}
        wrong |= not struck and trained == {"old"}
        if wrong:
            self.counts.fault("half", f"{self.name}: trained {sorted(trained)}, gradients {sorted(slopes)}")
        if struck:
            self.counts.stepped["new" in trained] += 1


def _kinds(now: list[Any], before: list[Any], after: list[Any]) -> set[str]:
    """Which of old, new, none and else these values are; those that don't change are of no kind."""
    return {_kind(*three) for three in zip(now, before, after, strict=True)} - {"same"}


def _kind(now: Any, before: Any, after: Any) -> str:
    if now is None:
        return "old" if before is None else "none"
    if before is not None and np.array_equal(before, after) and np.array_equal(now, before):
        return "same"
    if before is not None and np.array_equal(now, before):
        return "old"
    return "new" if np.allclose(now, after, rtol=1e-9, atol=1e-15) else "else"


def _all_modes_off() -> None:
    """A fault was counted: the next tries shall not suffer from it."""
    current.set(True)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")


def run(
    count: int, seed: int = 0, ways: tuple[str, ...] = tuple(WAYS), senders: tuple[str, ...] = tuple(SENDERS)
) -> Counts:
    """So many tries, spread over nets, optimisers, ways and senders."""
    counts, random_, alarm = Counts(), random.Random(seed), Alarm()
    every = [Tries(net, optimiser, way, counts) for way in ways for net in NETS for optimiser in OPTIMISERS]
    weights = [1 / RARE.get(tries.way, 1) for tries in every]
    for i, name in enumerate(senders):
        sender = SENDERS[name]()
        with _handling(sender, alarm):
            for tries in random_.choices(every, weights, k=count // len(senders) + (i < count % len(senders))):
                tries(sender, alarm, random_)
    return counts


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    found = run(*(numbers or [20000]))
    print(found)
    print("struck in:", dict(found.struck_in))
    for fault in found.faults:
        print(fault)
    sys.exit(bool(found.faults))
