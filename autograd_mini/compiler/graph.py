"""The program as a frozen record: values in order, each an input, a constant, or an operation on earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from autograd_mini.compiler.reach import same
from autograd_mini.ops import Op, stop_gradient
from autograd_mini.tensor import SAVED, Tensor, topological_order

_NO_SETTINGS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value of a program, compared by identity.

    With an operation: its result, of `inputs` (nodes, Python numbers and NumPy scalars) and `settings`. Without one: an
    input of the program, read from `source` at each call, or a constant, whose array is `value`.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    op: Op | None = None
    inputs: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: _NO_SETTINGS)
    name: str | None = None
    source: Any = None
    value: Any = None

    @property
    def operands(self) -> Iterator[Node]:
        """The inputs that are nodes, in order."""
        return (x for x in self.inputs if isinstance(x, Node))


@dataclass(frozen=True)
class Graph:
    """Nodes, each after all that it reads, and which of them are the results."""

    nodes: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @property
    def inputs(self) -> list[Node]:
        """What is read anew at each call."""
        return [node for node in self.nodes if node.source is not None]


def graph_of(
    outputs: Iterable[Tensor], sources: Mapping[Tensor, Any], names: Mapping[Tensor, str], *, forward: bool = False
) -> Graph:
    """The record of traced Tensors: leaves are read from their `sources`, those without one are constants.

    A `forward` graph is one that is differentiated later.
    """
    outputs = list(outputs)
    made: dict[Any, Node] = {}
    constants: dict[int, Node] = {}
    for tensor in topological_order(*outputs) if outputs else ():
        node = _node(tensor, made, constants, sources, names)
        made[tensor] = _kept_constant(tensor, node) if forward else node
    nodes: dict[Node, None] = dict.fromkeys(constants.values())
    for node in made.values():
        _add(node, nodes)
    return Graph(tuple(nodes), tuple(made[tensor] for tensor in outputs))


def _node(
    tensor: Tensor,
    made: Mapping[Any, Node],
    constants: dict[int, Node],
    sources: Mapping[Tensor, Any],
    names: Mapping[Tensor, str],
) -> Node:
    name = names.get(tensor) or tensor.name
    if tensor.op is None:
        source = sources.get(tensor)
        value = tensor._data if source is None else None
        return Node(tensor.shape, tensor.dtype, name=name, source=source, value=value)
    inputs = tuple([_inlined(made[x]) if isinstance(x, Tensor) else _constant(x, constants) for x in tensor.inputs])
    return Node(tensor.shape, tensor.dtype, tensor.op, inputs, tensor.settings, name)


def _kept_constant(tensor: Tensor, node: Node) -> Node:
    """A value computed within no_grad, so that it stays without a gradient when the graph is differentiated."""
    if node.op is None or not node.op.differentiable or node.dtype.kind != "f" or tensor.requires_grad:
        return node
    if any(isinstance(x, Tensor) and x.requires_grad for x in tensor.inputs):
        return Node(tensor.shape, tensor.dtype, stop_gradient, (node,), name=node.name)
    return node


def _inlined(node: Node) -> Any:
    """A constant number as itself, which can't change."""
    return node.value if isinstance(node.value, np.generic) else node


def _constant(x: Any, constants: dict[int, Node]) -> Any:
    """An array as a node, the same for the same array; numbers stay as they are, so that Python's are weak."""
    if not isinstance(x, np.ndarray):
        return x
    if id(x) not in constants:
        constants[id(x)] = Node(x.shape, x.dtype, value=x)
    return constants[id(x)]


def masks(graph: Graph) -> list[Any]:
    """The constant arrays that select by being true: how many do decides about shapes."""
    readers = [node for node in graph.nodes if "index" in node.settings]
    found = {id(x.value): x.value for node in readers for x in node.operands if _is_mask(x)}
    return list(found.values())


def _is_mask(x: Node) -> bool:
    return isinstance(x.value, np.ndarray) and x.value.dtype == bool


def rebuilt(graph: Graph, change: Callable[[Node], Any]) -> Graph:
    """The graph with `change(node)` in place of each node, which has the inputs that their changes left.

    What `change` returns is a node, new or one of the graph before it. New nodes that it reads must be in its `inputs`.
    """
    made: dict[Node, Node] = {}
    nodes: dict[Node, None] = {}
    for node in graph.nodes:
        current = with_inputs(node, made)
        made[node] = new = change(current)
        if new is current:  # what it reads has its place already
            nodes[new] = None
        else:
            _add(new, nodes)
    return Graph(tuple(nodes), tuple(made[node] for node in graph.outputs))


def replaced(graph: Graph, made: Mapping[Node, Node]) -> Graph:
    """The graph with `made[node]` in place of each node that has one, and before it what it reads."""
    nodes: dict[Node, None] = {}
    for node in graph.nodes:
        if node in made:
            _add(made[node], nodes)
    return Graph(tuple(nodes), tuple(made[node] for node in graph.outputs))


def substituted(graph: Graph, substitutes: Mapping[Node, Node]) -> Graph:
    """The graph with other nodes in place of some, read by all that read these."""
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        made[node] = substitutes[node] if node in substitutes else with_inputs(node, made)
    return replaced(graph, made)


def with_inputs(node: Node, made: Mapping[Node, Node]) -> Node:
    """The node, reading what its inputs have become."""
    for x in node.inputs:
        if isinstance(x, Node) and made[x] is not x:
            return replace(node, inputs=tuple([made[x] if isinstance(x, Node) else x for x in node.inputs]))
    return node


def _add(node: Node, nodes: dict[Node, None]) -> None:
    """Put a node after what it reads; it may be the end of a long row of new nodes."""
    waiting = [node] if node not in nodes else []
    while waiting:
        missing = [x for x in waiting[-1].operands if x not in nodes]
        if missing:
            waiting += reversed(missing)
        else:
            nodes[waiting.pop()] = None


def equivalent(one: Graph, other: Graph) -> bool:
    """Whether two graphs compute the same from the same inputs and constants, node by node."""
    if len(one.nodes) != len(other.nodes):
        return False
    twin = dict(zip(one.nodes, other.nodes))
    alike = all(_alike(node, twin[node], twin) for node in one.nodes)
    return alike and [twin[node] for node in one.outputs] == list(other.outputs)


def _alike(one: Node, other: Node, twin: Mapping[Node, Node]) -> bool:
    if (one.op, one.shape, one.dtype, len(one.inputs)) != (other.op, other.shape, other.dtype, len(other.inputs)):
        return False
    if repr(one.settings) != repr(other.settings) or not same_source(one.source, other.source):
        return False
    if one.value is not other.value and np.asarray(one.value).tobytes() != np.asarray(other.value).tobytes():
        return False
    return all(twin[x] is y if isinstance(x, Node) else same(x, y) for x, y in zip(one.inputs, other.inputs))


def same_source(one: Any, other: Any) -> bool:
    """Whether two inputs come from the same place: the same argument, Tensor, buffer, setting or draw."""
    if one is other or type(one) is not type(other):
        return one is other
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same_source, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_source(x, other[name]) for name, x in one.items())
    if is_dataclass(one):
        return all(same_source(getattr(one, x.name), getattr(other, x.name)) for x in fields(one))
    return same(one, other)


def evaluate(graph: Graph, values: Mapping[Node, Any]) -> dict[Node, Any]:
    """Every value of the program, computed node by node: the meaning of a graph, against which passes are tested.

    `values` gives each input's: an array, or a Tensor to record the computation.
    """
    results: dict[Node, Any] = dict(values)
    for node in graph.nodes:
        if node not in results:
            results[node] = _evaluated(node, results)
    return results


def _evaluated(node: Node, results: Mapping[Node, Any]) -> Any:
    if node.op is None:
        return node.value
    inputs = [results[x] if isinstance(x, Node) else x for x in node.inputs]
    if node.op is SAVED:
        (producer,) = node.operands
        assert producer.op is not None
        return producer.op.forward(
            *[results[x] if isinstance(x, Node) else x for x in producer.inputs], **producer.settings
        )[1]
    return node.op(*inputs, **node.settings)


def reached(graph: Graph, output: Node) -> set[Node]:
    """What the gradient of an output comes to on its way back."""
    found = {output}
    for node in reversed(graph.nodes):
        if node in found and node.op is not None:
            rules = zip(node.inputs, node.op.rules(len(node.inputs)))
            found.update(x for x, rule in rules if rule is not None and isinstance(x, Node) and x.dtype.kind == "f")
    return found


def check(graph: Graph, values: Mapping[Node, Any] | None = None) -> None:
    """That each value is bound once and before it is used, and with `values` that shapes and dtypes agree.

    Raises ValueError, which names the node.
    """
    bound: set[Node] = set()
    for node in graph.nodes:
        if node in bound:
            raise ValueError(f"graph: {label(node)} is bound twice")
        for x in node.operands:
            if x not in bound:
                raise ValueError(f"graph: {label(node)} reads {label(x)}, which is not bound before it")
        bound.add(node)
    for node in graph.outputs:
        if node not in bound:
            raise ValueError(f"graph: the output {label(node)} is not bound")
    if values is not None:
        _check_values(graph, values)


def _check_values(graph: Graph, values: Mapping[Node, Any]) -> None:
    for node, value in evaluate(graph, values).items():
        found = np.asarray(value)
        if (found.shape, found.dtype) != (node.shape, node.dtype):
            raise ValueError(
                f"graph: {label(node)} is {node.dtype} {node.shape}, but computing it gives {found.dtype} {found.shape}"
            )


def label(node: Node) -> str:
    """What errors call a node."""
    return node.name or (node.op.name if node.op is not None else "input" if node.source is not None else "constant")


def text(graph: Graph) -> str:
    """The graph as a listing, one line for each value.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor([1.0, 2.0], name="x")
    >>> print(text(graph_of([(x * x).sum()], {x: "argument 0"}, {})))
    %0 float64 (2,) = argument 0  # x
    %1 float64 (2,) = multiply(%0, %0)
    %2 float64 () = sum(%1, axis=None, keepdims=False)
    return %2
    """
    numbers = {node: f"%{number}" for number, node in enumerate(graph.nodes)}
    lines = [f"{numbers[node]} {node.dtype} {node.shape} = {_definition(node, numbers)}" for node in graph.nodes]
    return "\n".join([*lines, "return " + ", ".join(numbers[node] for node in graph.outputs)])


def _definition(node: Node, numbers: Mapping[Node, str]) -> str:
    comment = f"  # {node.name}" if node.name else ""
    if node.op is None:
        return f"{node.source if node.source is not None else 'constant'}{comment}"
    operands = [numbers[x] if isinstance(x, Node) else repr(x) for x in node.inputs]
    settings = [f"{name}={value!r}" for name, value in node.settings.items()]
    return f"{node.op.name}({', '.join([*operands, *settings])}){comment}"
