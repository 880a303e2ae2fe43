"""The forward equations: which Tensors have a line of their own, and what is written within that of another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.explanation.names import Names, leaf_name, user_names
from autograd_mini.formula import Apply, Expression, Name, simplified
from autograd_mini.formula.expression import ONE, entrywise, post_order
from autograd_mini.formula.reading import applied, constant
from autograd_mini.graph.layers import net_inputs
from autograd_mini.graph.walk import users_of
from autograd_mini.tensor import Tensor, topological_order

_SHORT = 10
"""Nodes of an expression that is written within another."""

_MOVES = frozenset({ops.transpose, ops.reshape})
_PRODUCTS = frozenset({ops.matmul, ops.affine})


@dataclass(frozen=True)
class Forward:
    """A graph as equations."""

    order: Sequence[Tensor]
    """Every Tensor, each after all its inputs."""
    layers: Mapping[Tensor, int]
    """The net inputs and the numbers of their layers, from the first to the last."""
    names: Names
    named: dict[Tensor, str] = field(default_factory=dict)
    """Leaves, and what has an equation."""
    symbols: dict[Any, Expression] = field(default_factory=dict)
    """What stands for a Tensor in formulas: its name, or how it is computed; constants by their identity."""
    lines: list[tuple[str, Expression]] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    """The arrays of the leaves."""
    one_hot: list[str] = field(default_factory=list)
    """Constants that have one 1 in each row, and else 0."""

    def symbol(self, x: Any) -> Expression:
        """What stands for an input of an operation."""
        return self.symbols[x if isinstance(x, Tensor) else id(x)]


def forward_of(loss: Tensor, own: Collection[Tensor] = ()) -> Forward:
    """The equations of all that a loss was computed from; the Tensors in `own` have one of their own.

    >>> x = Tensor(3.0, name="x")
    >>> forward_of(x * x + 1).lines[0][0]
    'E'
    """
    order = topological_order(loss)
    names = Names([])
    layers = {node: number for number, node in enumerate(net_inputs(loss), 1)}
    found = Forward(order, layers, names, user_names(order, names))
    uses, factors = users_of(order), _factors(order)
    lasting = _lasting(found, loss, uses) | set(own)
    for node in order:
        for x in (node, *node.inputs):
            if _is_leaf(x) and (x if isinstance(x, Tensor) else id(x)) not in found.symbols:
                _add_leaf(found, x, id(x) in factors)
        if node.op is not None:
            _add_node(found, node, node in lasting, loss)
    return found


def _factors(order: Iterable[Tensor]) -> set[int]:
    """The identities of what is read by products and their like, not entry by entry."""
    return {id(x) for node in order if node.op and not node.op.elementwise for x in node.inputs[:2]}


def _is_leaf(x: Any) -> bool:
    return x.op is None if isinstance(x, Tensor) else True


def _lasting(found: Forward, loss: Tensor, uses: Mapping[Tensor, Sequence[Tensor]]) -> set[Tensor]:
    """What has an equation of its own whatever its length."""
    return {
        node
        for node in found.order
        if node is loss or node in found.named or node in found.layers or len(uses[node]) != 1 or _is_kept(node, uses)
    }


def _is_kept(node: Tensor, uses: Mapping[Tensor, Sequence[Tensor]]) -> bool:
    """Whether its value is needed again on the way back: by its own rule, or by that of a product."""
    if node.op is None or node.op in _MOVES:
        return False
    return node.op in _READ_BY_THEMSELVES or uses[node][0].op in _PRODUCTS


_READ_BY_THEMSELVES = frozenset({ops.tanh, ops.sigmoid, ops.exp, ops.softmax, ops.log_softmax, ops.sqrt, ops.relu})


def _add_leaf(found: Forward, x: Any, is_factor: bool) -> None:
    data = x._data if isinstance(x, Tensor) else x
    is_variable = isinstance(x, Tensor) and x.requires_grad
    if isinstance(x, Tensor) and (is_variable or x in found.named):
        name = found.named.setdefault(x, "") or leaf_name(x, is_factor, found.names)
    else:
        known = _plain(data) or _complement(found, data)
        if known is not None:
            found.symbols[x if isinstance(x, Tensor) else id(x)] = known
            return
        name = leaf_name(x, is_factor, found.names)
    if isinstance(x, Tensor):
        found.named[x] = name
    found.symbols[x if isinstance(x, Tensor) else id(x)] = Name(name, np.shape(data))
    found.given[name] = data
    if not is_variable and not is_factor and is_one_hot(data):
        found.one_hot.append(name)


def is_one_hot(data: Any) -> bool:
    """Whether each row of a matrix has one 1, and else 0.

    >>> is_one_hot(np.eye(3)[[0, 2]]), is_one_hot(np.ones((2, 2)))
    (True, False)
    """
    if np.ndim(data) != 2 or data.shape[1] < 2 or not data.size:
        return False
    return bool(((data == 0) | (data == 1)).all() and (data.sum(axis=1) == 1).all())


def _plain(data: Any) -> Expression | None:
    """A number, or a range of numbers."""
    if np.ndim(data) > 1:
        return None
    try:
        return constant(data)
    except ValueError:
        return None


def _complement(found: Forward, data: Any) -> Expression | None:
    """1 − T, if a constant is that of another one."""
    for name, other in found.given.items():
        if np.shape(other) == data.shape and data.dtype.kind == "f" and np.array_equal(1 - other, data):
            return entrywise("subtract", ONE, Name(name, data.shape))
    return None


def _add_node(found: Forward, node: Tensor, is_lasting: bool, loss: Tensor) -> None:
    expression = _computed(found, node)
    if not is_lasting and expression.size <= _SHORT:
        found.symbols[node] = expression
        return
    if node not in found.named:
        found.named[node] = _computed_name(found, node, loss)
    found.symbols[node] = Name(found.named[node], node.shape)
    found.lines.append((found.named[node], expression))


def _computed(found: Forward, node: Tensor) -> Expression:
    assert node.op is not None
    arguments = [found.symbol(x) for x in node.inputs]
    if node.op is ops.affine:
        product = Apply("matmul", tuple(arguments[:2]), shape=node.shape)
        return entrywise("add", product, arguments[2])
    return simplified(applied(node, node.op, arguments))


def _computed_name(found: Forward, node: Tensor, loss: Tensor) -> str:
    """E for the loss, Z for net inputs, h for what is computed from these, u for all else."""
    if node is loss:
        return found.names.unique("E")
    if node in found.layers:
        letter = "Z" if node.ndim > 1 else "z"
        return _of_layer(found, letter, node)
    if node.op is ops.softmax:
        return found.names.unique("P")
    source = node.inputs[0] if len(node.inputs) == 1 else None
    return _of_layer(found, "h", source) if source in found.layers else found.names.numbered("u")


def _of_layer(found: Forward, letter: str, node: Any) -> str:
    """The letter with the number of the layer, if there are several."""
    return found.names.unique(f"{letter}{found.layers[node]}" if len(found.layers) > 1 else letter)


def reads(expression: Expression, name: str) -> int:
    """How often a name occurs in an expression.

    >>> reads(Apply("add", (Name("x"), Apply("negative", (Name("x"),)))), "x")
    2
    """
    return sum(isinstance(part, Name) and part.text == name for part in post_order(expression))
