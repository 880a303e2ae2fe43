"""The programs of one function: one for each signature, made when it is first met."""

from __future__ import annotations

import math
import warnings
import weakref
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_mini.atomic import lock
from autograd_mini.compiler import reach
from autograd_mini.compiler.build import gradient_recipe, value_recipe
from autograd_mini.compiler.graph import masks
from autograd_mini.compiler.guard import Guard
from autograd_mini.compiler.program import Program, Recipe, trained
from autograd_mini.compiler.signature import Signatures, classes, differences, matcher, named_leaves, objects
from autograd_mini.compiler.trace import Trace, check_not_computed, trace
from autograd_mini.compiler.updates import Updates
from autograd_mini.compiler.watch import RefusedError, Watch
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor
from autograd_mini.transforms.passes import label

KEPT = 64
"""How many programs a function keeps; the oldest makes room."""
MANY = 8
"""Beyond this many programs a warning says what keeps changing."""

_making = lock()  # a trace lends arrays to what runs, so that there is one at a time


class RecompilationWarning(UserWarning):
    """A compiled function is compiled again and again."""


@dataclass(frozen=True, slots=True)
class Found:
    """A program, the calls that it is for, and what it has read from outside."""

    matches: Callable[[Sequence[Any], dict[str, Any]], bool]
    program: Program
    guard: Guard
    compared: Mapping[int, str]
    """See `Watch.compared`."""


class Programs:
    """Finds the program of a call, and makes it where there is none that still holds."""

    def __init__(self, function: Callable[..., Any], optimisers: Sequence[Any]) -> None:
        self.function = function
        self.optimisers = optimisers
        self.count = 0
        """How many programs were made so far."""
        self.latest: dict[str, Found] = {}
        """For each kind the program that was used last: most likely the next call is like it."""
        self._found: dict[Hashable, Found] = {}
        self._signatures = Signatures(function)
        self._trained: list[dict[int, weakref.ref[Any]]] = []
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
        key = (kind, *self._signatures.of(arguments, settings, leaves))
        found = self._found.get(key)
        if found is None or found.guard.broken() is not None:
            with _making:
                found = self._found.get(key)
                change = found.guard.broken() if found else differences(self._newest_key[1:], key[1:])
                if found is None or change is not None:
                    found = self._make(key, arguments, settings, str(change))
        self._check_compared(found, leaves)
        self.latest[kind] = found
        return found.program, leaves

    def _check_compared(self, found: Found, leaves: Sequence[Any]) -> None:
        if found.compared and not found.compared.keys().isdisjoint(map(id, leaves)):
            path = next(found.compared[id(x)] for x in leaves if id(x) in found.compared)
            raise TypeError(
                f"compile: {label(self.function)} compares objects, and {path} has one that is an argument too; let it "
                "read that from outside alone, or pass numbers or names in place of it"
            )

    def _make(
        self, key: tuple[Hashable, ...], arguments: tuple[Any, ...], settings: dict[str, Any], change: str
    ) -> Found:
        kind = str(key[0])
        maker = _Maker(key, self.function, self.optimisers, arguments, settings, self._signatures.with_names)
        program, guard, compared = maker.make()
        if (kind, *self._signatures.of(arguments, settings, [])) != key:
            raise TypeError(
                f"compile: {label(self.function)} changes an object among its arguments, which would happen once, and "
                "not at each call; return what is new, or hold it in an ag.Buffer"
            )
        if maker.reads_names and not self._signatures.with_names:
            self._signatures.with_names = True
            key = (kind, *self._signatures.of(arguments, settings, []))
            return self._make(key, arguments, settings, change)
        self._found[key] = Found(matcher(arguments, settings), program, guard, compared)
        self._newest, self._newest_key = program, key
        if kind != "value":
            self._tell_others()
        self.count += 1
        while len(self._found) > KEPT:
            self._found.pop(next(iter(self._found)))
        self._warn_of_many(change, kind)
        return self._found[key]

    def _tell_others(self) -> None:
        """Each program forgets the gradients that only others give, of those that train one of its Tensors too.

        So it does those of the optimiser's parameters, if it trains one of them.
        """
        programs = [found.program for key, found in self._found.items() if key[0] != "value"]  # type: ignore[index]
        groups = [_references(trained(program.recipe)) for program in programs]
        known = [group for group in self._trained if any(x() is not None for x in group.values())]
        given = _references([parameter for optimiser in self.optimisers for parameter in optimiser.parameters])
        self._trained = list({frozenset(group): group for group in (*known, *groups, given)}.values())
        for program, own in zip(programs, groups):
            sharing = [group for group in self._trained if not own.keys().isdisjoint(group)]
            program.others = list({i: x for group in sharing for i, x in group.items() if i not in own}.values())

    def _warn_of_many(self, change: str, kind: str) -> None:
        if self.count > MANY:
            warnings.warn(
                f"compile: {label(self.function)} was compiled {self.count} times, this time because {change}; keep "
                "shapes the same (pad the last batch or leave it out), and pass numbers that change as arrays",
                RecompilationWarning,
                stacklevel=6 if kind == "value" else 8,  # the line that calls the compiled function
            )


def _references(tensors: Iterable[Tensor]) -> dict[int, weakref.ref[Any]]:
    return {id(x): weakref.ref(x) for x in tensors}


_Made = tuple[Program, Guard, Mapping[int, str]]


class _Maker:
    """Makes the program of one call."""

    def __init__(
        self,
        key: tuple[Hashable, ...],
        function: Any,
        optimisers: Sequence[Any],
        arguments: Any,
        settings: Any,
        with_names: bool,
    ) -> None:
        self.kind = kind = str(key[0])
        self.function = function
        self.with_names = with_names
        self.reads_names = False
        """Whether the function reads the names of Tensors among its arguments."""
        self.leaves, self.rebuild = named_leaves(function, arguments, settings)
        if kind != "value":
            check_not_computed(self.leaves)
        self.updates = Updates(optimisers if kind == "step" else ())
        updates = [(optimiser.update, "update") for optimiser in self.updates.optimisers]
        self.roots = reach.Roots(
            [(function, label(function)), *objects(self.leaves), *classes(key)], updates, self.updates.known
        )

    def make(self) -> _Made:
        """The program, the guard of what it has read, and what its arguments may be compared with.

        What the function sets up at its first call, it finds at a second. If it changes something then too, a program
        can't stand for it.
        """
        made, changes = self._made()
        return made if not changes else self._made_again(made[0], changes)

    def _made_again(self, first: Program, changes: list[str]) -> _Made:
        try:
            made, again = self._made()
        except Exception as error:  # it met a Tensor of the first trace, say
            raise self._refusal(changes) from error
        if again or not first.recipe.is_like(made[0].recipe):
            raise self._refusal(again or changes)
        return made

    def _refusal(self, changes: list[str]) -> RefusedError:
        return RefusedError(
            f"compile: {label(self.function)} changes what it reads: {changes[0]}; that would happen once, and not at "
            "each call: declare what it keeps as an ag.Buffer, or return it; what it only sets up, let it set up in a "
            "call before; if nothing depends on it, promise that by ag.static(...) of the object that changes"
        )

    def _made(self) -> tuple[_Made, list[str]]:
        watch = self._watch(lend=True)
        try:
            made = self._watched(watch)
            if not watch.lends_to_types:
                return made
        except RefusedError:
            raise
        except Exception:
            if not watch.lends:
                raise
        return self._watched(self._watch(lend=False))  # some code takes arrays alone

    def _watch(self, lend: bool) -> Watch:
        return Watch(label(self.function), self.roots, [leaf.value for leaf in self.leaves], lend)

    def _watched(self, watch: Watch) -> tuple[_Made, list[str]]:
        traced = trace(self.function, self.leaves, self.rebuild, watch.follow, self.with_names)
        watch.check_generators()
        if self.kind == "value":
            recipe = value_recipe(traced)
        else:
            _check_loss(self.kind, self.function, traced)
            recipe = gradient_recipe(traced, watch.follow, self.updates)
            _check_leaves(self.function, recipe)
            watch.check_generators()
        watch.check_draws(draw.generator for draw in recipe.draws if not isinstance(draw.generator, int))
        self.reads_names = watch.reads_names and any(isinstance(leaf.value, Tensor) for leaf in self.leaves)
        changes = watch.changes()
        reached = watch.reached()
        guard = watch.guard(reached, [*self.updates.places(), *_selections(traced)])
        return (Program(recipe), guard, watch.compared(reached)), changes


def _check_loss(kind: str, function: Callable[..., Any], traced: Trace) -> None:
    """ValueError for anything but one Tensor of one entry."""
    outputs = traced.graph.outputs
    if traced.container != 0:
        what = f"{len(traced.differentiable)} Tensors in a {type(traced.container).__name__}"
        raise ValueError(f"{kind}: {label(function)} returned {what}, not one; return the loss alone")
    size = math.prod(outputs[0].shape)
    if size != 1:
        raise ValueError(
            f"{kind}: the loss {outputs[0].shape} that {label(function)} returned has {size} entries, not 1; "
            "reduce it with .sum() or .mean()"
        )


def _check_leaves(function: Callable[..., Any], recipe: Recipe) -> None:
    """TypeError for a Tensor from outside that was computed there: its gradient would go no further."""
    for tensor in trained(recipe):
        if tensor.op is not None:
            raise TypeError(
                f"compile: {label(function)} reads {describe(tensor)}, which was computed outside by {tensor.op.name}: "
                "its gradient would end there; compute it in the function, or read it detached"
            )


def _selections(traced: Trace) -> list[tuple[Any, ...]]:
    """Places of numbers that shapes depend on: of the entries that a mask from outside selects."""
    return [("the number of entries that a mask selects", reach.SELECTED, mask) for mask in masks(traced.graph)]
