"""Run a function once, on values that stand for all values, and keep what it did as a graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import call
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node, graph_of, substituted
from autograd_mini.compiler.sources import Argument, Draw, Outside, State
from autograd_mini.compiler.watch import Lent, plain
from autograd_mini.errors import describe
from autograd_mini.modes import Record, mode, no_grad, tracing
from autograd_mini.state import Buffer
from autograd_mini.tensor import Tensor, as_tensor, topological_order
from autograd_mini.transforms.passes import label, outputs_of
from autograd_mini.transforms.trees import Leaf, flatten


@dataclass(frozen=True)
class Trace:
    """What a function did: the graph of its outputs, their container, and the inputs that it was traced with.

    After what the function returned the graph has the new values of the buffers that it wrote.
    """

    graph: Graph
    container: Any
    """What the function returned, with the positions of its outputs in place of the Tensors."""
    examples: Mapping[Node, Any]
    """The value of each input."""
    differentiable: tuple[bool, ...]
    """Which outputs depend on what requires a gradient."""
    draws: tuple[Draw, ...] = ()
    """The random numbers that it drew, in order."""
    written: tuple[Buffer, ...] = ()
    """The buffers that it wrote."""
    unread: tuple[Argument, ...] = ()
    """The arguments that require a gradient, and that it did not read."""


class Inputs(Record):
    """The leaves of a trace that are read anew at each call, and the buffers that it writes.

    `generators` tells the position of an argument by the identity of the generator that stands for it.
    """

    def __init__(self, generators: Mapping[int, int] = {}) -> None:
        self.sources: dict[Tensor, Any] = {}
        self.draws: list[Draw] = []
        self.written: dict[Buffer, Tensor] = {}
        self.buffers: list[Buffer] = []
        """Those that are written, in order."""
        self._generators = generators
        self._read: dict[Buffer, Tensor] = {}
        self._outside: dict[Tensor, Tensor] = {}
        self._own: set[int] = set()

    def operands(
        self, inputs: tuple[Any, ...], settings: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """With the arrays that are lent, and leaves for what was computed outside, whose history is its own."""
        if settings and any(type(x) is Lent or isinstance(x, np.ndarray) for x in settings.values()):
            settings = {name: _as_setting(plain(x)) for name, x in settings.items()}
        for x in inputs:
            if type(x) is Lent or (isinstance(x, Tensor) and x.op is not None and id(x) not in self._own):
                return tuple(map(self.operand, inputs)), settings
        return inputs, settings

    def operand(self, x: Any) -> Any:
        """One input of an operation as the graph shall have it."""
        if type(x) is Lent:
            return x.array
        if not isinstance(x, Tensor) or x.op is None or id(x) in self._own:
            return x
        if x not in self._outside:
            check_no_hooks(x)
            leaf = as_tensor(x._data, requires_grad=x.requires_grad)
            self._outside[x] = leaf.named(x.name) if x.name else leaf
            self.sources[leaf] = Outside(x)
        return self._outside[x]

    def made(self, node: Tensor) -> None:
        """Operations of the trace have an identity that nothing outside can have."""
        self._own.add(id(node))

    def draw(self, generator: Any, method: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Tensor:
        """Numbers like those that a call will draw; the generator is not touched."""
        example = getattr(np.random.default_rng(0), method)(*arguments, **settings)
        draw = Draw(self._generators.get(id(generator), generator), method, arguments, settings)
        self.draws.append(draw)
        return self.leaf(example, draw, f"random_{method}")

    @property
    def read_buffers(self) -> list[Buffer]:
        """Those that are read as they are at the beginning of the call."""
        return list(self._read)

    def read(self, buffer: Buffer) -> Tensor:
        """What was written last, or else the value at the beginning of the call."""
        if buffer in self.written:
            return self.written[buffer]
        if buffer not in self._read:
            self._read[buffer] = self.leaf(buffer.held._data, State(buffer), buffer.name or "buffer")
        return self._read[buffer]

    def write(self, buffer: Buffer, value: Any) -> None:
        """The value in the shape and dtype of the buffer, without its graph."""
        if not isinstance(value, Tensor):
            value = buffer.conforming(plain(value))
        if value.shape != buffer.held.shape or not np.can_cast(value.dtype, buffer.held.dtype, "same_kind"):
            raise ValueError(f"Buffer: {describe(buffer.held, True)} can't take {describe(value, True)}")
        if buffer not in self.written:
            self.buffers.append(buffer)
        with no_grad():
            self.written[buffer] = ops.astype(ops.stop_gradient(value), dtype=buffer.held.dtype)

    def leaf(self, data: Any, source: Any, name: str) -> Tensor:
        """A constant that is read anew at each call."""
        leaf = as_tensor(data, requires_grad=False, name=name)
        self.sources[leaf] = source
        return leaf


def _as_setting(x: Any) -> Any:
    """Axes and sizes in an array as Python's numbers, which generated source can say."""
    numbers = isinstance(x, np.ndarray) and x.dtype.kind in "iu" and x.ndim <= 1
    return (tuple(x.tolist()) if x.ndim else x.item()) if numbers else x


def trace(
    function: Callable[..., Any],
    leaves: Sequence[Leaf],
    rebuild: Callable[[Iterable[Any]], Any],
    follow: Callable[..., Any] = call,
    with_names: bool = False,
) -> Trace:
    """What `function` does with arguments that `rebuild` makes of these leaves, of which arrays and Tensors are inputs.

    `follow` calls it, as `operator.call` does. Arguments that have no name get one for messages, unless `with_names`.

    Raises TypeError if it asks a traced Tensor for its value, reads one with hooks, or returns anything but Tensors.
    """
    made = {id(leaf.value): leaf for leaf in reversed(leaves)}  # what is passed twice is one object here too
    standing = {identity: _standing_for(leaf, with_names) for identity, leaf in made.items()}
    arguments = [standing[id(leaf.value)] for leaf in leaves]
    traced = [x if is_input(leaf.value) else None for x, leaf in zip(arguments, leaves)]
    sources: dict[Tensor, Any] = {
        x: Argument(position, x.requires_grad, isinstance(leaves[position].value, Tensor), not x.shape)
        for position, x in enumerate(traced)
        if x is not None
    }
    generators = {
        id(x): i
        for i, (x, leaf) in enumerate(zip(arguments, leaves))
        if not isinstance(x, Tensor) and x is not leaf.value
    }
    inputs = Inputs(generators)
    graph, container, differentiable = _run(function, rebuild(arguments), sources, inputs, follow)
    graph = resolved(graph)
    values = {source: x._data for x, source in [*sources.items(), *inputs.sources.items()]}
    examples = {node: _example(node.source, values) for node in graph.inputs}
    read = {id(node.source) for node in graph.inputs}
    unread = tuple(source for source in sources.values() if source.requires_grad and id(source) not in read)
    return Trace(graph, container, examples, differentiable, tuple(inputs.draws), tuple(inputs.buffers), unread)


def _example(source: Any, values: Mapping[Any, Any]) -> Any:
    """The value of an input at the trace."""
    return source.tensor._data if isinstance(source, Outside) and source not in values else values[source]


def is_input(x: Any) -> bool:
    """Whether an argument is an input of the program; Python's numbers and all else belong to its signature."""
    return isinstance(x, (Tensor, np.ndarray, np.generic))


def _standing_for(leaf: Leaf, with_names: bool) -> Any:
    """A leaf or generator of its own for an argument, to tell it from what the function finds outside."""
    x = leaf.value
    if type(x) is np.random.Generator:
        return np.random.Generator(x.bit_generator)
    if not is_input(x):
        return x
    tensor = isinstance(x, Tensor)
    if tensor:
        check_no_hooks(x)
    try:
        own = as_tensor(x._data if tensor else x, requires_grad=tensor and x.requires_grad)
    except (TypeError, ValueError) as error:
        raise type(error)(f"compile: {leaf.path}: {error}") from None
    name = (x.name if tensor else None) or (None if with_names else leaf.path)
    return own if name is None else own.named(name)


def check_no_hooks(x: Tensor) -> None:
    """TypeError for a Tensor with hooks, which a program would not call."""
    if x._extras is not None and x._extras.hooks:
        raise TypeError(f"compile: {describe(x)} has hooks, which a program does not call; remove them first")


def _result(function: Callable[..., Any], positional: Any, named: Any, follow: Callable[..., Any]) -> Any:
    try:
        return follow(function, *positional, **named)
    except KeyError as error:
        if error.args and isinstance(error.args[0], Tensor):
            raise TypeError(
                f"compile: {label(function)} looks up {describe(error.args[0])} in a dict, and an argument is another "
                "object in a trace; let the function read the Tensor from outside, or use its name as the key"
            ) from error
        raise
    except AttributeError as error:
        if isinstance(error.obj, Tensor) and hasattr(np.ndarray, str(error.name)):
            raise TypeError(
                f"compile: {label(function)} asks {describe(error.obj)} for {error.name}, which only an array has; "
                "arrays among the arguments arrive as Tensors: write it with operations of ag, or do it outside"
            ) from error
        raise


def _check_arguments(function: Any, given: Sequence[Leaf], now: Sequence[Leaf]) -> None:
    """TypeError if a function changed a container that came as an argument: the trace has its own."""
    if [(leaf.path, id(leaf.value)) for leaf in given] != [(leaf.path, id(leaf.value)) for leaf in now]:
        raise TypeError(
            f"compile: {label(function)} changes a list or dict among its arguments, which would happen at no call; "
            "change a copy, and return what is new"
        )


def check_not_computed(leaves: Iterable[Leaf]) -> None:
    """TypeError for a Tensor among the arguments that was computed: its gradient would go no further."""
    for path, x in leaves:
        if isinstance(x, Tensor) and x.requires_grad and x.op is not None:
            raise TypeError(
                f"compile: the argument {path} {x.shape} was computed by {x.op.name}: its gradient would end there; "
                "pass x.detach(), or compute it in the function"
            )


@dataclass(frozen=True, eq=False)
class _Found:
    """A leaf that is no argument: from outside if it outlives the call, else the function's own constant."""

    reference: weakref.ref[Tensor]
    data: Any


def graph_with_leaves(
    outputs: Sequence[Tensor], sources: Mapping[Tensor, Any], names: Mapping[Tensor, str], *, forward: bool = False
) -> Graph:
    """The record of traced Tensors, to be `resolved` when they are gone; further leaves may be from outside."""
    order = topological_order(*outputs) if outputs else []
    found = {x: _Found(weakref.ref(x), x._data) for x in order if x.op is None and x not in sources}
    return graph_of(outputs, {**sources, **found}, names, forward=forward)


def resolved(graph: Graph) -> Graph:
    """The graph with each further leaf as what it is: from outside, if it still lives."""
    return substituted(graph, {node: _resolved(node) for node in graph.nodes if isinstance(node.source, _Found)})


def _resolved(node: Node) -> Node:
    # The graph holds no Tensor, so that after the call only what the outside holds still lives.
    tensor = node.source.reference()
    if tensor is None:
        return replace(node, source=None, value=node.source.data)
    check_no_hooks(tensor)
    return replace(node, source=Outside(tensor))


def _run(
    function: Callable[..., Any],
    arguments: Any,
    sources: Mapping[Tensor, Any],
    inputs: Inputs,
    follow: Callable[..., Any],
) -> tuple[Graph, Any, tuple[bool, ...]]:
    positional, named = arguments
    given = flatten(arguments)[0]
    with tracing(inputs):  # around what follows, which must have ended before: an interrupt of that is none of this
        result = _result(function, positional, named, follow)
    _check_arguments(function, given, flatten(arguments)[0])
    mode()  # what ended is dropped, and the leaves of the trace with it
    if inputs.refusal is not None:
        raise inputs.refusal
    outputs, rebuild = outputs_of("compile", function, result)
    outputs = [inputs.operand(x) for x in outputs]
    differentiable = tuple(x.requires_grad for x in outputs)
    written = [inputs.written.pop(buffer) for buffer in list(inputs.written)]
    graph = graph_with_leaves([*outputs, *written], {**sources, **inputs.sources}, {}, forward=True)
    return graph, rebuild(range(len(outputs))), differentiable
