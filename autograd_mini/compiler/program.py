"""A generated function at work: fed from its sources, its gradients handed to their Tensors."""

from __future__ import annotations

import itertools
import linecache
import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.atomic import at_once
from autograd_mini.checks import Array, as_value, read_only
from autograd_mini.compiler.emit import Source
from autograd_mini.compiler.graph import Graph, equivalent, reached, same_source
from autograd_mini.compiler.plan import ALIGNMENT, Place
from autograd_mini.compiler.sources import Argument, Count, Draw, Outside, Pack, Setting, State, entries
from autograd_mini.state import Buffer, holding
from autograd_mini.tensor import Tensor, replace_data, replace_grad

_numbers = itertools.count(1)
_dropped: list[str] = []
"""The files of programs that are gone: their lines go when the next is linked, while nobody looks through them."""


def linked(source: Source) -> Any:
    """The function that the source defines; tracebacks and debuggers show its lines."""
    file = f"<ag.compile {source.name} {next(_numbers)}>"
    scope: dict[str, Any] = {"np": np, "as_value": as_value, **source.constants}
    scope |= {name: op.forward for name, op in source.operations.items()}
    exec(compile(source.text, file, "exec"), scope)
    while _dropped:
        linecache.cache.pop(_dropped.pop(), None)
    # Without a time linecache does not look for a file.
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(keepends=True), file)
    weakref.finalize(scope[source.name], _dropped.append, file)
    return scope[source.name]


def buffers(source: Source, blocks: Sequence[int]) -> list[Any]:
    """The buffers of a program, cut out of blocks of memory."""
    memory = [aligned(size) for size in blocks]
    return [_cut(memory[place.block], place) for place in source.buffers]


def _cut(memory: Any, place: Place) -> Any:
    stop = place.start + place.dtype.itemsize * math.prod(place.shape)
    return memory[place.start : stop].view(place.dtype).reshape(place.shape)


def aligned(size: int) -> Any:
    """So many bytes of memory that start with a cache line."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


# ------------------------------------------------------------------------------------------------------- reading inputs


Caller = Callable[[Sequence[Any], Sequence[Any], Any], Sequence[Any]]


def caller(function: Callable[..., Any], sources: Sequence[Any], draws: Sequence[Draw]) -> Caller:
    """What calls `function` with the value of each source, given leaves of the arguments, what is drawn, and memory.

    An argument that can't be written may be a gradient that the program is about to overwrite, and is copied then.
    """
    reader = _Reader(draws)
    texts = [reader.text(source) for source in sources]
    arrays = [text for text, s in zip(texts, sources) if isinstance(s, Argument) and not s.scalar]
    writeable = " and ".join(f"{text}.flags.writeable" for text in arrays) or "True"
    text = f"""def call(leaves, drawn, workspace):
    if {writeable}:
        return function({", ".join([*texts, "workspace.arrays"])})
    return function(*map(workspace.apart, ({"".join(text + ", " for text in texts)})), workspace.arrays)
"""
    scope: dict[str, Any] = {"function": function, **reader.scope}
    exec(text, scope)
    made: Caller = scope["call"]
    return made


class _Reader:
    """Expressions that read sources; what they name is in the scope."""

    def __init__(self, draws: Sequence[Draw]) -> None:
        self.scope: dict[str, Any] = {"array": np.array}
        self._draws = {draw: position for position, draw in enumerate(draws)}

    def text(self, source: Any) -> str:
        """The expression that reads a source."""
        if isinstance(source, Argument):
            if source.tensor:
                return f"leaves[{source.position}]._data"
            # A 0-d array as the scalar that a Tensor would hold: NumPy's loops for the two differ in the last bit.
            return f"leaves[{source.position}]" + "[()]" * source.scalar
        if isinstance(source, Pack):
            return f"array({self._several(source.sources)}(leaves, drawn))"
        return self._outside(source)

    def _outside(self, source: Any) -> str:
        if isinstance(source, Draw):
            return f"drawn[{self._draws[source]}]"
        if isinstance(source, Setting):
            return f"float({self._named(source.group)}[{self._named(source.name)}])"
        if isinstance(source, State):
            return f"{self._named(source.buffer)}.held._data"
        if isinstance(source, Count):
            return f"{self._named(source.steps)}.held._data.item() + 1"
        assert isinstance(source, Outside)
        return f"{self._named(source.tensor)}._data"

    def _several(self, sources: Sequence[Any]) -> str:
        """The name of a function that gives the value of each source in order."""
        texts = ", ".join(map(self.text, sources))
        return self._named(eval(f"lambda leaves, drawn: [{texts}]", self.scope))

    def _named(self, value: Any) -> str:
        name = f"k{len(self.scope)}"
        self.scope[name] = value
        return name


# ------------------------------------------------------------------------------------------------------------ a program


@dataclass(frozen=True)
class Recipe:
    """What a program is made of."""

    graph: Graph
    """What the source computes."""
    forward: Graph
    """What the function computes, as it was traced."""
    source: Source
    blocks: tuple[int, ...]
    """The bytes of each block of the workspace."""
    inputs: tuple[Any, ...]
    """Where each parameter of the function comes from."""
    draws: tuple[Draw, ...]
    """The random numbers of a call, in the order in which they are drawn."""
    container: Any
    """What the user's function returns, with the positions of its outputs."""
    differentiable: tuple[bool, ...]
    """Which outputs depend on what requires a gradient."""
    slopes: tuple[Any, ...]
    """Whose gradients come after these outputs."""
    updated: tuple[Any, ...]
    """Whose new values come last."""
    kept: Mapping[int, tuple[tuple[int, ...], np.dtype[Any]]]
    """Shape and dtype of the results, by position, that live in the workspace from call to call."""
    counts: tuple[Buffer, ...] = ()
    """The buffers that count the steps of optimisers."""
    unreached: tuple[Any, ...] = ()
    """Whose gradients are None."""

    @cached_property
    def reached(self) -> list[list[bool]]:
        """For each output of the function, which of the inputs that require a gradient get one from it."""
        wanted = [node for node in self.forward.inputs if node.source.requires_grad]
        found = [reached(self.forward, output) for output in self.forward.outputs]
        return [[node in nodes for node in wanted] for nodes in found]

    def is_like(self, other: Recipe) -> bool:
        """Whether two recipes do the same to the same things."""
        names = ("draws", "container", "differentiable", "slopes", "updated", "counts", "unreached")
        alike = all(same_source(getattr(self, name), getattr(other, name)) for name in names)
        return alike and equivalent(self.graph, other.graph)

    @property
    def peak_bytes(self) -> int:
        """The memory of a workspace, and of the gradients that are kept in it."""
        kept = sum(math.prod(shape) * dtype.itemsize for shape, dtype in self.kept.values())
        return sum(self.blocks) + kept


def trained(recipe: Recipe) -> list[Tensor]:
    """The Tensors from outside that get a gradient."""
    return [part.tensor for source in recipe.slopes for part in entries(source) if isinstance(part, Outside)]


class _Workspace:
    """The memory of one run at a time."""

    def __init__(self, recipe: Recipe) -> None:
        kept, row = _kept(recipe)
        self.arrays = [*buffers(recipe.source, recipe.blocks), *kept.values(), *row]
        first = len(recipe.differentiable)
        self.slopes = [(recipe.slopes[position - first].tensor, read_only(x)) for position, x in kept.items()]

    def forget(self) -> None:
        """Take back the gradients that an interrupted run may have half written."""
        for tensor, slope in self.slopes:
            if tensor._grad is slope:
                tensor._grad = None

    def apart(self, x: Any) -> Any:
        """An input, copied if it is one of the gradients that the run is about to overwrite."""
        shared = isinstance(x, np.ndarray) and any(np.may_share_memory(x, slope) for _, slope in self.slopes)
        return x.copy() if shared else x


def _kept(recipe: Recipe) -> tuple[dict[int, Array], list[Array]]:
    """The arrays of the kept gradients, and the row of all their entries where they have one memory."""
    if not recipe.source.in_a_row:
        return {position: _array(shape, dtype) for position, (shape, dtype) in recipe.kept.items()}, []
    sizes = [math.prod(shape) for shape, _ in recipe.kept.values()]
    row = _array((sum(sizes),), next(dtype for _, dtype in recipe.kept.values()))
    starts = itertools.accumulate(sizes, initial=0)
    parts = zip(recipe.kept.items(), starts, sizes)
    return {position: row[start : start + size].reshape(shape) for (position, (shape, _)), start, size in parts}, [row]


def _array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    made: Array = aligned(math.prod(shape) * dtype.itemsize).view(dtype).reshape(shape)
    return made


class Program:
    """A recipe ready to run, in as many workspaces as threads run it at once."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._call = caller(linked(recipe.source), recipe.inputs, recipe.draws)
        self._workspaces: list[_Workspace] = []
        first = len(recipe.differentiable)
        returned = {position: i for i, position in enumerate(recipe.source.returned)}
        slopes = enumerate(recipe.slopes, first)
        updated = enumerate(recipe.updated, first + len(recipe.slopes))
        self._slopes = [(returned[position], source) for position, source in slopes if position in returned]
        self._updated = [(returned[position], source) for position, source in updated if position in returned]
        self._commits = recipe.source.commits
        self._hands_out = bool(self._slopes or self._updated or self._commits or recipe.counts or recipe.unreached)
        self.others: Sequence[weakref.ref[Tensor]] = ()
        """Tensors to which other programs of the function gave gradients, and this one gives none."""

    def drawn(self, leaves: Sequence[Any]) -> list[Any]:
        """The random numbers of one call."""
        return [as_value(draw.drawn(leaves)) for draw in self.recipe.draws]

    def run(self, leaves: Sequence[Any], drawn: Sequence[Any] | None = None) -> Sequence[Any]:
        """The outputs for these leaves of the arguments; gradients and updates go where they belong.

        `drawn` are the random numbers of the call, where they were drawn already.
        """
        if drawn is None:
            drawn = self.drawn(leaves) if self.recipe.draws else ()
        try:
            workspace = self._workspaces.pop()
        except IndexError:
            workspace = _Workspace(self.recipe)
        try:
            results = self._call(leaves, drawn, workspace)
            if self._hands_out or self.others:
                self._hand_out(results, leaves, workspace)
            else:
                at_once([(replace_grad, x, slope) for x, slope in workspace.slopes if x._grad is not slope])
        except BaseException:
            workspace.forget()
            raise
        finally:
            self._workspaces.append(workspace)
        return results

    def _hand_out(self, results: Sequence[Any], leaves: Sequence[Any], workspace: _Workspace) -> None:
        """Give gradients and new values to whom they belong, all of them or none."""
        calls = list(results[-1]) if self._commits else []
        own = {id(tensor) for tensor, _ in workspace.slopes}  # one may be an argument too, and get none as such
        without = [x for x in self._without(leaves) if x._grad is not None and id(x) not in own]
        calls += [(replace_grad, tensor, None) for tensor in without]
        calls += [(replace_grad, tensor, slope) for tensor, slope in workspace.slopes if tensor._grad is not slope]
        if self._slopes:
            calls += self._gradients(results, leaves, dict(workspace.slopes))
        for position, source in self._updated:
            calls += _new_values(source, results[position])
        calls += [holding(count, count.held._data + 1) for count in self.recipe.counts]
        at_once(calls)

    def _without(self, leaves: Sequence[Any]) -> Iterator[Tensor]:
        """The Tensors that have no gradient after the call."""
        for source in self.recipe.unreached:
            yield from (tensor for tensor, _ in _of_tensors(source, itertools.repeat(None), leaves))
        yield from (tensor for tensor in (reference() for reference in self.others) if tensor is not None)

    def _gradients(
        self, results: Sequence[Any], leaves: Sequence[Any], kept: Mapping[Tensor, Any]
    ) -> Iterator[tuple[Any, ...]]:
        """Those that are no kept arrays, added up where one Tensor came by several ways."""
        slopes: dict[Tensor, Any] = {}
        for position, source in self._slopes:
            for tensor, slope in _of_tensors(source, results[position], leaves):
                before = slopes.get(tensor, kept.get(tensor))
                slopes[tensor] = slope if before is None else before + slope
        return ((replace_grad, tensor, read_only(as_value(slope))) for tensor, slope in slopes.items())


def _of_tensors(source: Any, result: Any, leaves: Sequence[Any]) -> list[tuple[Tensor, Any]]:
    """The Tensors that a result belongs to, each with its part."""
    results = result if isinstance(source, Pack) else [result]
    tensors = [s.tensor if isinstance(s, Outside) else leaves[s.position] for s in entries(source)]
    return list(zip(tensors, results))


def _new_values(source: Any, result: Any) -> Iterator[tuple[Any, ...]]:
    """The calls that set parameters and buffers to what was computed for them."""
    for part, value in zip(entries(source), result if isinstance(source, Pack) else [result]):
        if isinstance(part, State):
            yield holding(part.buffer, value, own=True)
        else:
            yield replace_data, part.tensor, as_value(value)
