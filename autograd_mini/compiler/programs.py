"""The programs of one function: one for each signature, made when it is first met."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from autograd_mini.compiler.build import gradient_recipe, step_recipe, value_recipe
from autograd_mini.compiler.graph import masks
from autograd_mini.compiler.guards import Guard, RandomWatch, readers
from autograd_mini.compiler.portable import fingerprint
from autograd_mini.compiler.program import Program, Recipe
from autograd_mini.compiler.signature import differences, matcher, named_leaves, never_matches, signature
from autograd_mini.compiler.trace import Trace, check_not_computed, is_input, trace
from autograd_mini.transforms.passes import label

KEPT = 64
"""How many programs a function keeps; the oldest makes room."""
MANY = 8
"""Beyond this many programs a warning says what keeps changing."""


class RecompilationWarning(UserWarning):
    """A compiled function is compiled again and again."""


@dataclass(frozen=True, slots=True)
class Found:
    """A program, the calls that it is for, and what it has read from outside."""

    matches: Callable[[Sequence[Any], dict[str, Any]], bool]
    program: Program
    guard: Guard


class Programs:
    """Finds the program of a call, and makes it where there is none that still holds."""

    def __init__(self, function: Callable[..., Any], optimiser: Any) -> None:
        self.function = function
        self.optimiser = optimiser
        self.count = 0
        """How many programs were made so far."""
        self._found: dict[Hashable, Found] = {}
        self.latest: dict[str, Found] = {}
        """For each kind the program that was used last: most likely the next call is like it."""
        self._making = RLock()
        self._newest: Program | None = None
        self._newest_key: tuple[Hashable, ...] = ()

    @property
    def newest(self) -> Program:
        """The program that was made last; RuntimeError if there is none."""
        if self._newest is None:
            raise RuntimeError(f"compile: {label(self.function)} has no program yet; call it once")
        return self._newest

    def find(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> tuple[Program, list[Any]]:
        """The program for a call, and the leaves of its arguments."""
        leaves: list[Any] = []
        key = (kind, *signature(arguments, settings, leaves))
        found = self._found.get(key)
        if found is None or found.guard.broken() is not None:
            with self._making:
                found = self._found.get(key)
                change = found.guard.broken() if found else differences(self._newest_key[1:], key[1:])
                if found is None or change is not None:
                    found = self._make(key, arguments, settings, str(change))
        self.latest[kind] = found
        return found.program, leaves

    def _make(
        self, key: tuple[Hashable, ...], arguments: tuple[Any, ...], settings: dict[str, Any], change: str
    ) -> Found:
        leaves, rebuild = named_leaves(self.function, arguments, settings)
        if key[0] != "value":
            check_not_computed(leaves)
        watch = RandomWatch(self.function, (arguments, settings))
        with self.running():
            traced = trace(self.function, leaves, rebuild)
        watch.check()
        if key[0] != "value":
            _check_loss(str(key[0]), self.function, traced)
        program = Program(self._recipe(str(key[0]), traced))
        plain = [leaf.value for leaf in leaves if not is_input(leaf.value)]
        guard = self._guard(str(key[0]), plain, _selections(traced))
        self._found[key] = Found(matcher(arguments, settings), program, guard)
        self._newest, self._newest_key = program, key
        self.count += 1
        while len(self._found) > KEPT:
            self._found.pop(next(iter(self._found)))
        self._warn_of_many(change, str(key[0]))
        return self._found[key]

    @contextmanager
    def running(self) -> Iterator[None]:
        """The function itself runs in the block: what it changes outside does not count as a change of what it reads.

        It would not be changed by its programs either: what a function does besides computing is done once.
        """
        intact = [found.guard for found in self._found.values() if found.guard.broken() is None]
        try:
            yield
        finally:
            for guard in intact:
                guard.renew()

    def _recipe(self, kind: str, traced: Trace) -> Recipe:
        if kind == "value":
            return value_recipe(traced)
        return gradient_recipe(traced) if kind == "value_and_grad" else step_recipe(traced, self.optimiser)

    def _guard(self, kind: str, plain: Iterable[Any], further: Iterable[Any] = ()) -> Guard:
        """Of what the function reads from outside, in its plain arguments, and of the list that is updated."""
        call = functools.partial(self.function, *plain)
        if kind == "step":
            call = functools.partial(call, self.optimiser.parameters)
            further = [*further, ("optimiser.parameters", readers.SLOT, self.optimiser, "parameters")]
        call.__name__ = label(self.function)  # type: ignore[attr-defined]  # what messages begin paths with
        return Guard(call, further)

    def _warn_of_many(self, change: str, kind: str) -> None:
        if self.count > MANY:
            warnings.warn(
                f"compile: {label(self.function)} was compiled {self.count} times, this time because {change}; keep "
                "shapes the same (pad the last batch or leave it out), and pass numbers that change as arrays",
                RecompilationWarning,
                stacklevel=6 if kind == "value" else 7,  # the line that calls the compiled function
            )

    def portable(self) -> list[tuple[Hashable, Recipe, Any]]:
        """The programs that can be used elsewhere: those of a function that reads no objects from outside."""
        every = [
            (key, replace(found.program.recipe, graph=None), fingerprint(found.guard))
            for key, found in self._found.items()
        ]
        return [entry for entry in every if entry[2] is not None]

    def take_over(self, entries: Iterable[tuple[Hashable, Recipe, Any]]) -> None:
        """Use programs that were made elsewhere, if the function here is the same."""
        guard = self._guard("value", ())
        for key, recipe, expected in entries:
            if fingerprint(guard) == expected:
                self._newest = Program(recipe)
                self._found[key] = Found(never_matches, self._newest, guard)


def _check_loss(kind: str, function: Callable[..., Any], traced: Trace) -> None:
    """ValueError for anything but one Tensor of one entry."""
    outputs = traced.graph.outputs
    if traced.container != 0:
        what = f"{len(outputs)} Tensors in a {type(traced.container).__name__}"
        raise ValueError(f"{kind}: {label(function)} returned {what}, not one; return the loss alone")
    size = math.prod(outputs[0].shape)
    if size != 1:
        raise ValueError(
            f"{kind}: the loss {outputs[0].shape} that {label(function)} returned has {size} entries, not 1; "
            "reduce it with .sum() or .mean()"
        )


def _selections(traced: Trace) -> list[tuple[Any, ...]]:
    """Places of numbers that shapes depend on: of the entries that a mask from outside selects."""
    return [("the number of entries that a mask selects", readers.SELECTED, mask) for mask in masks(traced.graph)]
