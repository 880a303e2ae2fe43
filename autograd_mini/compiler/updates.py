"""What optimisers do in a compiled step: their own `update`, traced, with the state that it reads and writes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd_mini import ops
from autograd_mini.compiler import reach
from autograd_mini.compiler.sources import Count, Outside, Pack, Setting, State, entries
from autograd_mini.compiler.trace import Inputs
from autograd_mini.errors import describe
from autograd_mini.modes import no_grad
from autograd_mini.state import Buffer
from autograd_mini.tensor import Tensor, as_tensor


@dataclass(frozen=True)
class _Rule:
    """Who updates a parameter: an optimiser, with the settings of one of its groups."""

    optimiser: Any
    group: dict[str, Any]

    @property
    def live(self) -> list[str]:
        """The settings that are read at each step; all others are part of the program."""
        return [name for name in self.optimiser.hyperparameters if name in self.group]


class Updates:
    """The updates of all parameters that optimisers have, of which a program does those that its function reads."""

    def __init__(self, optimisers: Sequence[Any]) -> None:
        self.optimisers = optimisers
        self._rules = {p: rule for rule in _rules(optimisers) for p in rule.group["params"]}
        self._used: dict[Tensor, _Rule] = {}
        _check_apart(self._rules)

    def trains(self, source: Any) -> bool:
        """Whether the value that comes from a source is updated."""
        return all(isinstance(part, Outside) and part.tensor in self._rules for part in entries(source))

    def role(self, source: Any) -> Any:
        """What is the same for scalars that may be packed into one vector; 0 for those without a gradient."""
        if not source.requires_grad:
            return 0
        if not self.trains(source):
            return 1
        rule = self._rules[source.tensor]
        return id(rule.optimiser), id(rule.group), *rule.optimiser.state_of(source.tensor)

    def prepare(self, sources: Iterable[Any]) -> None:
        """See to it that there is a state of each parameter among these sources."""
        for source in sources:
            if self.trains(source):
                for part in entries(source):
                    optimiser = self._rules[part.tensor].optimiser
                    kept = optimiser.state_of(part.tensor)
                    for name, value in optimiser.state(part.tensor).items():
                        kept.setdefault(name, Buffer(value, name=name))  # a setting may ask for more than at first

    @property
    def known(self) -> list[Any]:
        """What `places` looks at."""
        return [part for optimiser in self.optimisers for part in (optimiser.param_groups, optimiser.states)]

    def traced(
        self, parameters: Mapping[Tensor, Any], slopes: Mapping[Tensor, Tensor], inputs: Inputs
    ) -> dict[Any, Tensor]:
        """The new value for each source that changes, of those from which these parameters come."""
        leaves = _Leaves(inputs)
        new: dict[Any, Tensor] = {}
        with no_grad():
            for x, source in parameters.items():
                self._used |= {part.tensor: self._rules[part.tensor] for part in entries(source)}
                new |= self._update(x, source, slopes[x], leaves)
        return new

    def _update(self, x: Tensor, source: Any, slope: Tensor, leaves: _Leaves) -> dict[Any, Tensor]:
        tensors = [part.tensor for part in entries(source)]
        rule = self._rules[tensors[0]]
        kept = [rule.optimiser.state_of(p) for p in tensors]
        states = {name: leaves.state([state[name] for state in kept], name) for name in kept[0]}
        settings = {name: value for name, value in rule.group.items() if name != "params"}
        settings |= {name: leaves.setting(rule.group, name) for name in rule.live}
        read = {name: leaf for name, (leaf, _) in states.items()}
        result = rule.optimiser.update(x, slope, dict(read), leaves.step(rule.optimiser), **settings)
        value, state = _checked(rule.optimiser, result, x, read)
        return {source: value} | {states[name][1]: part for name, part in state.items()}

    @property
    def counts(self) -> list[Any]:
        """The buffers that count the steps of the optimisers that take part."""
        return list({id(rule.optimiser): rule.optimiser.steps for rule in self._used.values()}.values())

    def places(self) -> Iterator[tuple[Any, ...]]:
        """Where a change of the optimisers needs another program: their groups, settings and states."""
        for optimiser in self.optimisers:
            yield "optimiser.param_groups", reach.ATTRIBUTE, optimiser, "param_groups"
            yield "optimiser.param_groups", reach.ITEMS, optimiser.param_groups, type(optimiser.param_groups)
            yield "optimiser.states", reach.ATTRIBUTE, optimiser, "states"
            yield "optimiser.steps", reach.ATTRIBUTE, optimiser, "steps"
            for group in optimiser.param_groups:
                yield "optimiser.parameters", reach.ITEMS, group["params"], type(group["params"])
                yield "the number of settings of a group", reach.LENGTH, group, None
                live = [name for name in group if name in optimiser.hyperparameters]
                yield from ((f"whether optimiser.{name} is 0", reach.TRUTH, group, name) for name in live)
                fixed = [name for name in group if name not in optimiser.hyperparameters]
                yield from ((f"optimiser.{name}", reach.PRESENT, group, name) for name in fixed)
        for parameter, rule in self._used.items():
            kept = rule.optimiser.states.get(parameter)
            if kept:
                yield "the state of a parameter", reach.PRESENT, rule.optimiser.states, parameter
                yield "the state of a parameter", reach.VALUES, kept, type(kept)


def _rules(optimisers: Iterable[Any]) -> Iterator[_Rule]:
    seen: set[Tensor] = set()
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                if parameter in seen:
                    raise TypeError(f"step: {describe(parameter)} belongs to two optimisers; give it to one of them")
                seen.add(parameter)
            yield _Rule(optimiser, group)


def _check_apart(parameters: Iterable[Tensor]) -> None:
    """TypeError for parameters that share memory: a compiled step writes each new value as soon as nobody reads it."""
    arrays = [(*byte_bounds(p._data), p) for p in parameters if p.ndim]
    for (_, end, one), (start, _, other) in itertools.pairwise(sorted(arrays, key=lambda bounds: bounds[:2])):
        if start < end and np.shares_memory(one._data, other._data):
            raise TypeError(f"step: {describe(one)} and {describe(other)} share memory; give each an array of its own")


class _Leaves:
    """The Tensors that stand for settings, counts and states while updates are traced."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self._made: dict[Any, Tensor] = {}

    def setting(self, group: Mapping[str, Any], name: str) -> Tensor:
        """A number of a group."""
        return self._number((id(group), name), Setting(group, name), name)

    def step(self, optimiser: Any) -> Tensor:
        """The number of this step, from 1."""
        return self._number(id(optimiser), Count(optimiser.steps), "step")

    def _number(self, key: Any, source: Any, name: str) -> Tensor:
        # It is Python's at each call, and gives way to the dtype of any parameter; so does this dtype.
        # Of the value nothing depends.
        if key not in self._made:
            self._made[key] = self.inputs.leaf(np.float16(0.5), source, name)
        return self._made[key]

    def state(self, buffers: list[Any], name: str) -> tuple[Tensor, Any]:
        """The state of a parameter, or of a vector of them, and where it comes from."""
        if len(buffers) == 1:
            source: Any = State(buffers[0])
            return self.inputs.leaf(buffers[0].held._data, source, buffers[0].name or name), source
        source = Pack(tuple(map(State, buffers)))
        return self.inputs.leaf(np.array([buffer.held._data for buffer in buffers]), source, name), source


def _checked(optimiser: Any, result: Any, x: Tensor, state: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    name = type(optimiser).__name__
    if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)):
        raise TypeError(f"{name}.update: it returned {type(result).__name__}, not (new parameter, dict of new states)")
    if not result[1].keys() <= state.keys():
        unknown = ", ".join(sorted(result[1].keys() - state.keys()))
        raise TypeError(f"{name}.update: it returned the state {unknown}, which state(parameter) did not give")
    changed = {key: _fitting(name, part, state[key]) for key, part in result[1].items() if part is not state[key]}
    return _fitting(name, result[0], x), changed


def _fitting(name: str, value: Any, like: Tensor) -> Tensor:
    value = value if isinstance(value, Tensor) else as_tensor(value, requires_grad=False)
    if value.shape != like.shape or not np.can_cast(value.dtype, like.dtype, "same_kind"):
        raise ValueError(f"{name}.update: {describe(value, True)} can't take the place of {describe(like, True)}")
    result: Tensor = value if value.dtype == like.dtype else ops.astype(value, dtype=like.dtype)
    return result
