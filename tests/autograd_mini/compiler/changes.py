"""Compiled functions in a world that changes between their calls: each call gives what the function itself gives.

`python -m tests.autograd_mini.compiler.changes 20000` makes that many compiled calls and counts them.
"""

from __future__ import annotations

import collections
import contextvars
import dataclasses
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Buffer, Tensor

SIZE = 3


@dataclasses.dataclass
class Settings:
    """Numbers by name."""

    scale: float
    shift: Any = dataclasses.field(default=0.5, compare=False)


class Plain:
    """An object with a class attribute, a method and a property."""

    shared = 1.5

    def __init__(self, rate: float, table: np.ndarray) -> None:
        self.rate, self.table, self.seen = rate, table, 0

    def factor(self) -> float:
        return self.rate * self.shared

    @property
    def mean(self) -> float:
        return float(self.table.mean())


class Slots:
    """An object without a `__dict__`."""

    __slots__ = ("rate",)


class World:
    """All that a function reads, made from a seed, and all that can be changed in it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.number = self.value()
        self.array, self.matrix = self.values(), rng.normal(size=(SIZE, SIZE))
        self.items: list[Any] = [self.value(), self.values(), [self.value()]]
        self.table: dict[Any, Any] = {"a": self.value(), 1: self.values(), "inner": {"b": self.value()}}
        self.pair = (self.values(), self.value())
        self.settings, self.space = Settings(self.value()), types.SimpleNamespace(rate=self.value())
        self.kind = type("Kind", (Plain,), {})
        self.plain = self.kind(self.value(), self.values())
        self.slots = Slots()
        self.slots.rate = self.value()
        self.module = types.ModuleType("config")
        self.module.rate = self.value()  # type: ignore[attr-defined]
        self.variable = contextvars.ContextVar("variable", default=self.value())  # noqa: B039 - a float
        self.partial = functools.partial(np.multiply, self.value())
        self.queue = collections.deque([self.value(), self.value()])
        self.bytes = bytearray([1, 2, 3])
        self.objects = np.array([self.value(), None], dtype=object)
        self.w, self.constant = Tensor(self.values(), name="w"), Tensor(self.values(), requires_grad=False)
        self.buffer = Buffer(self.values(), name="buffer")
        self.layer = nn.Linear(SIZE, SIZE, rng=np.random.default_rng(seed))
        self.functions: list[Callable[[Any], Any]] = [ag.tanh, lambda x: x * 2.0]
        self.noise = np.random.default_rng(seed)

    def value(self) -> float:
        """A new number."""
        return float(np.round(self.rng.normal(), 3))

    def values(self) -> np.ndarray:
        """New numbers."""
        return self.rng.normal(size=SIZE)


def _default(x: Any, factor: Any = [1.5]) -> Any:  # noqa: B006 - it is to be changed
    return x * factor[0]


TERMS: dict[str, Callable[[World, Any], Any]] = {
    "number": lambda o, x: o.number * x,
    "array by operation": lambda o, x: o.array * x,
    "array by NumPy": lambda o, x: o.array.mean() * x,
    "array both ways": lambda o, x: o.array * x + o.array[0],
    "array before": lambda o, x: (2.0 * o.array) * x,
    "array as mask": lambda o, x: x * (o.array > 0),
    "array in a branch": lambda o, x: x if o.array.sum() > 0 else -x,
    "view": lambda o, x: x @ o.matrix.T,
    "item": lambda o, x: o.items[0] * x + o.items[1] * x,
    "inner item": lambda o, x: o.items[2][0] * x,
    "loop": lambda o, x: sum((y * x for y in o.items[2]), start=x),
    "entry": lambda o, x: o.table["a"] * x + o.table[1] * x,
    "inner entry": lambda o, x: o.table["inner"]["b"] * x,
    "keys": lambda o, x: len(o.table) * x,
    "tuple": lambda o, x: o.pair[0].max() * x * o.pair[1],
    "dataclass": lambda o, x: o.settings.scale * x + o.settings.shift,
    "namespace": lambda o, x: o.space.rate * x,
    "method": lambda o, x: o.plain.factor() * x,
    "property": lambda o, x: o.plain.mean * x,
    "by name": lambda o, x: getattr(o.plain, "ra" + "te") * x,
    "slots": lambda o, x: o.slots.rate * x,
    "module": lambda o, x: o.module.rate * x,
    "variable": lambda o, x: o.variable.get() * x,
    "partial": lambda o, x: o.partial(2.0) * x,
    "queue": lambda o, x: o.queue[0] * x,
    "bytes": lambda o, x: o.bytes[0] * x,
    "objects": lambda o, x: o.objects[0] * x,
    "parameter": lambda o, x: o.w * x,
    "constant": lambda o, x: o.constant * x,
    "buffer": lambda o, x: o.buffer.value * x,
    "written": lambda o, x: _written(o, x),
    "layer": lambda o, x: o.layer(x.reshape((1, SIZE))).sum() * x,
    "function": lambda o, x: o.functions[0](x),
    "default": lambda o, x: _default(x),
    "draw": lambda o, x: x + ag.random.normal(o.noise, (SIZE,)),
}


def _written(o: World, x: Any) -> Any:
    o.buffer.value = 0.5 * o.buffer.value + 0.5 * x
    return x


CHANGES: dict[str, Callable[[World], Any]] = {
    "number": lambda o: setattr(o, "number", o.value()),
    "type of number": lambda o: setattr(o, "number", int(o.number) + 2),
    "array replaced": lambda o: setattr(o, "array", o.values()),
    "array in place": lambda o: o.array.__setitem__(0, o.value()),
    "matrix in place": lambda o: o.matrix.__imul__(1.1),
    "item": lambda o: o.items.__setitem__(0, o.value()),
    "array of the list": lambda o: o.items[1].__setitem__(1, o.value()),
    "inner list grows": lambda o: o.items[2].append(o.value()),
    "inner item": lambda o: o.items[2].__setitem__(0, o.value()),
    "entry": lambda o: o.table.update(a=o.value()),
    "new key": lambda o: o.table.update({len(o.table): 1.0}),
    "inner entry": lambda o: o.table["inner"].update(b=o.value()),
    "array of a tuple": lambda o: o.pair[0].__setitem__(slice(None), o.values()),
    "dataclass": lambda o: setattr(o.settings, "scale", o.value()),
    "field that is not compared": lambda o: setattr(o.settings, "shift", o.value()),
    "namespace": lambda o: setattr(o.space, "rate", o.value()),
    "attribute": lambda o: setattr(o.plain, "rate", o.value()),
    "attribute that nobody reads": lambda o: setattr(o.plain, "seen", o.plain.seen + 1),
    "class attribute": lambda o: setattr(o.kind, "shared", o.value()),
    "attribute that hides it": lambda o: setattr(o.plain, "shared", o.value()),
    "method": lambda o: setattr(o.kind, "factor", lambda self: 0.25),
    "class": lambda o: setattr(o.plain, "__class__", Plain),
    "array of an object": lambda o: o.plain.table.__imul__(0.5),
    "slot": lambda o: setattr(o.slots, "rate", o.value()),
    "module": lambda o: setattr(o.module, "rate", o.value()),
    "variable": lambda o: o.variable.set(o.value()),
    "queue": lambda o: o.queue.rotate(),
    "bytes": lambda o: o.bytes.__setitem__(0, (o.bytes[0] + 1) % 256),
    "objects": lambda o: o.objects.__setitem__(0, o.value()),
    "data": lambda o: setattr(o.w, "data", o.values()),
    "data in place": lambda o: o.w.data.__setitem__(0, o.value()),
    "parameter replaced": lambda o: setattr(o, "w", Tensor(o.values(), name="w")),
    "frozen": lambda o: setattr(o.w, "requires_grad", not o.w.requires_grad),
    "constant": lambda o: o.constant.data.__setitem__(0, o.value()),
    "buffer": lambda o: setattr(o.buffer, "value", o.values()),
    "layer": lambda o: setattr(o.layer, "bias", None),
    "weight": lambda o: setattr(o.layer, "weight", Tensor(np.ones((SIZE, SIZE)))),
    "function": lambda o: o.functions.reverse(),
    "nothing": lambda o: None,
}


class Pair:
    """One function in two worlds that are alike: compiled in one, as it is in the other."""

    def __init__(self, seed: int) -> None:
        chosen = np.random.default_rng(seed)
        names = list(chosen.choice(list(TERMS), int(chosen.integers(1, 5)), replace=False))
        self.terms = [TERMS[name] for name in names]
        self.names = names
        self.worlds = World(seed), World(seed)
        self.compiled = ag.compile(self.function(self.worlds[0]))
        self.eager = self.function(self.worlds[1])

    def function(self, world: World) -> Callable[[Any], Any]:
        """The sum of the terms."""
        terms = self.terms

        def total(x: Any) -> Any:
            return sum((term(world, x) for term in terms), start=x * 0.0)

        return total

    def change(self, name: str) -> None:
        """The same change in both worlds."""
        for world in self.worlds:
            CHANGES[name](world)

    def check(self, x: np.ndarray) -> None:
        """One call of each; AssertionError unless both give the same and leave the same."""
        expected = self.eager(Tensor(x, requires_grad=False))
        np.testing.assert_allclose(
            self.compiled.value(x), expected.data, rtol=1e-12, atol=1e-12, err_msg=str(self.names)
        )
        one, other = self.worlds
        np.testing.assert_allclose(one.buffer.value.data, other.buffer.value.data, rtol=1e-12, atol=1e-12)


def run(seed: int, changes: list[str]) -> int:
    """A pair through these changes; how many calls were made."""
    pair = Pair(seed)
    pair.check(np.full(SIZE, 0.5))
    for number, name in enumerate(changes):
        pair.change(name)
        pair.check(np.linspace(-1, 1, SIZE) + number)
    return len(changes) + 1


if __name__ == "__main__":
    wanted, made, chooser = int(sys.argv[1]), 0, np.random.default_rng(0)
    while made < wanted:
        picked = [str(name) for name in chooser.choice(list(CHANGES), 9)]
        made += run(int(chooser.integers(2**32)), picked)
    print(f"{made} compiled calls, each as without compiling")
