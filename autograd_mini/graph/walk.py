"""A recorded graph walked once more: forward at other values, back with other reads, in any arithmetic.

The way back is that of `Tensor.backward`, on arrays of its own: no Tensor changes, and none of its hooks is called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor, topological_order

Values = Mapping[Tensor, Any]
Reads = Callable[[Tensor, Sequence[Any]], Sequence[Any]]
"""Takes a node and the values of its inputs; returns what the node shall see in their place."""
Correction = Callable[[Any, Values], Any]
"""Takes the gradient that reached a node, and all those above it; returns what shall go on from there."""

_NOTHING: Mapping[Any, Any] = {}


class OperationError(RuntimeError):
    """An operation, or one of its rules, has raised when it was computed again: a user's own may raise anything."""


def called(op: Op | None, function: Callable[..., Any], arrays: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """What the forward function or a rule of an operation gives; OperationError if it raises."""
    try:
        return function(*arrays, **settings)
    except Exception as error:
        raise OperationError(f"{op.name if op is not None else 'leaf'}: computed again, it failed: {error}") from error


@dataclass(frozen=True)
class Arithmetic:
    """What a graph is computed in: floats in one dtype, or each in its own where `dtype` is None.

    >>> Arithmetic(np.float64).number(np.float32(0.5)), Arithmetic(np.float64).number(3)
    (np.float64(0.5), 3)
    """

    dtype: Any = None

    def number(self, x: Any) -> Any:
        """An operand in this arithmetic; Python's numbers stay weak, integers and booleans as they are."""
        floats = self.dtype is not None and isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"
        return x.astype(self.dtype, copy=False) if floats else x

    def settings(self, node: Tensor) -> Mapping[str, Any]:
        """The settings of a node, of which a dtype must not narrow the arithmetic."""
        narrow = self.dtype is not None and "dtype" in node.settings and node.dtype.kind == "f"
        return {**node.settings, "dtype": self.dtype} if narrow else node.settings

    def value(self, node: Tensor, inputs: Sequence[Any]) -> Any:
        """The value of a computed node."""
        assert node.op is not None
        return self.number(_result(node.op, called(node.op, node.op.forward, inputs, self.settings(node))))

    def share(self, node: Tensor, rule: Callable[..., Any], g: Any, operands: Sequence[Any], x: Tensor) -> Any:
        """What the rule of a node sends to its input `x`, in its shape; operands are the result and the inputs."""
        sent = called(node.op, rule, (g, *operands), self.rule_settings(node))
        return summed_to(self.number(np.asarray(sent)[()]), x.shape)

    def rule_settings(self, node: Tensor) -> Mapping[str, Any]:
        """The settings for rules. What a forward pass saved belongs to its values, and these may be others."""
        settings = self.settings(node)
        return {**settings, "saved": None} if node.op is not None and node.op.saves else settings

    def ones(self, value: Any) -> Any:
        """A gradient of ones for a value."""
        return self.number(np.ones(np.shape(value), np.result_type(value))[()])


def _result(op: Op, result: Any) -> Any:
    return np.asarray(result[0] if op.saves else result)[()]


def forward(
    order: Iterable[Tensor], arithmetic: Arithmetic, known: Values = _NOTHING, reads: Reads | None = None
) -> dict[Tensor, Any]:
    """The value of every node, inputs first, from those of the leaves and those that are known.

    >>> x = Tensor(3.0)
    >>> y = x * x
    >>> forward([x, y], Arithmetic(), {x: 5.0})[y]
    np.float64(25.0)
    """
    values = dict(known)
    with np.errstate(all="ignore"):
        for node in order:
            if node not in values:
                computed = node.op is not None
                inputs = operands(node, values, arithmetic, reads)
                values[node] = arithmetic.value(node, inputs) if computed else arithmetic.number(node._data)
    return values


def operands(node: Tensor, values: Values, arithmetic: Arithmetic, reads: Reads | None = None) -> Sequence[Any]:
    """The inputs of a node as it sees them."""
    seen = [values[x] if isinstance(x, Tensor) else arithmetic.number(x) for x in node.inputs]
    return seen if reads is None else reads(node, seen)


def backward(
    order: Sequence[Tensor],
    values: Values,
    arithmetic: Arithmetic,
    *,
    start: Tensor | None = None,
    reads: Reads | None = None,
    corrections: Mapping[Tensor, Correction] = _NOTHING,
    through: Collection[Tensor] | None = None,
) -> dict[Tensor, Any]:
    """The gradient of the last node, or of `start`, by every node that it depends on.

    `corrections` change what has reached a node. Only the nodes of `through` are passed.

    >>> x = Tensor(3.0)
    >>> y = x * x
    >>> values = forward([x, y], Arithmetic())
    >>> turned = {x: lambda g, above: -g}
    >>> [backward([x, y], values, Arithmetic(), corrections=how)[x] for how in ({}, turned)]
    [np.float64(6.0), np.float64(-6.0)]
    """
    root = order[-1] if start is None else start
    totals, finished = {root: arithmetic.ones(values[root])}, dict[Tensor, Any]()
    with np.errstate(all="ignore"):
        for node in reversed(order):
            if node in totals:
                g = totals.pop(node)
                finished[node] = corrections[node](g, finished) if node in corrections else g
                for x, share in shares(node, finished[node], values, arithmetic, reads, through):
                    totals[x] = totals[x] + share if x in totals else share
    return finished


def shares(
    node: Tensor,
    g: Any,
    values: Values,
    arithmetic: Arithmetic,
    reads: Reads | None = None,
    through: Collection[Tensor] | None = None,
) -> Iterator[tuple[Tensor, Any]]:
    """What a node with the gradient g sends back to each of its inputs; to one that is used twice, two shares."""
    if node.op is None:
        return
    seen = operands(node, values, arithmetic, reads)
    for position in differentiable_positions(node):
        x = node.inputs[position]
        if through is None or x in through:
            rule = node.op.rules(len(seen))[position]
            assert rule is not None
            yield x, arithmetic.share(node, rule, g, (values[node], *seen), x)


def differentiable_positions(node: Tensor) -> list[int]:
    """The operands of a node to which a gradient flows, in order."""
    rules = node.op.rules(len(node.inputs)) if node.op is not None else ()
    pairs = enumerate(zip(node.inputs, rules))
    return [i for i, (x, rule) in pairs if rule is not None and isinstance(x, Tensor) and x.requires_grad]


def local_value(op: Op, position: int, out: Any, inputs: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """The local derivative of an elementwise operation by one of its inputs; 0 where none flows.

    >>> local_value(ops.tanh, 0, np.array([0.5]), [None], {})
    array([0.75])
    """
    rule = op.rules(len(inputs))[position]
    return 0.0 if rule is None else called(op, rule, (np.ones_like(out)[()], out, *inputs), settings)


def summed_to(g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient summed over the axes along which what it belongs to was broadcast.

    >>> summed_to(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    if np.shape(g) == shape:
        return g
    g = np.asanyarray(g)
    g = g.sum(axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    stretched = tuple(axis for axis, (m, n) in enumerate(zip(g.shape, shape)) if n == 1 != m)
    g = g.sum(axis=stretched, keepdims=True) if stretched else g
    return g if g.shape == shape else g + np.zeros(shape, bool)


# ------------------------------------------------------------------------------------------------- who reads whom


def users_of(order: Iterable[Tensor]) -> dict[Tensor, list[Tensor]]:
    """For each Tensor of a graph, those that are computed from it: one entry for each time that it is an operand.

    >>> x = Tensor(3.0, name="x")
    >>> y = x * x
    >>> users_of([x, y])[x]
    [Tensor(9.0, op='multiply'), Tensor(9.0, op='multiply')]
    """
    users: dict[Tensor, list[Tensor]] = {node: [] for node in order}
    for node in users:
        for x in node.inputs:
            if isinstance(x, Tensor):
                users[x].append(node)
    return users


def reached(order: Iterable[Tensor], node: Tensor) -> list[Tensor]:
    """A node and all that its value reaches, in order; `stop_gradient` lets nothing pass.

    >>> x, y = Tensor(1.0), Tensor(2.0)
    >>> z = x * y
    >>> reached([x, y, z], y) == [y, z]
    True
    """
    found = {node: None}
    for x in order:
        passes = x.op is not None and x.op is not ops.stop_gradient
        if passes and any(isinstance(y, Tensor) and y in found for y in x.inputs):
            found[x] = None
    return list(found)


def leading_to(order: Iterable[Tensor], wrt: Tensor) -> set[Tensor]:
    """The Tensors through which a gradient reaches one of them, and that one.

    >>> x, y = Tensor(1.0), Tensor(2.0)
    >>> z = x * y
    >>> leading_to([x, y, z], x) == {x, z}
    True
    """
    needed = {wrt}
    for node in order:
        if any(node.inputs[position] in needed for position in differentiable_positions(node)):
            needed.add(node)
    return needed


def with_gradient(output: Tensor) -> set[Tensor]:
    """The Tensors that the gradient of an output comes to on its way back, and the output.

    >>> x, y = Tensor(1.0), Tensor(2.0)
    >>> z = x * y.detach()
    >>> with_gradient(z) == {x, z}
    True
    """
    found = {output}
    for node in reversed(topological_order(output)):
        if node in found:
            found.update(node.inputs[position] for position in differentiable_positions(node))
    return found
