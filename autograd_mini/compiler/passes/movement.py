"""Exact rewrites of what moves or repeats entries: reshape, transpose and broadcast_to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.passes.facts import Facts
from autograd_mini.ops import Op


def to_its_own_shape(node: Node, facts: Facts) -> Node | None:
    """reshape and broadcast_to to the shape that x has give x, entries in place."""
    x = node.inputs[0]
    return x if isinstance(x, Node) and x.shape == node.shape else None


def reshaped_twice(node: Node, facts: Facts) -> Node | None:
    """Of two reshapes of an array in rows the second is enough; of others the first may have copied into rows."""
    x = node.inputs[0]
    if isinstance(x, Node) and x.op is ops.reshape and x.inputs[0] in facts.in_rows:
        return replace(node, inputs=x.inputs, settings={"shape": node.shape})
    return None


def of_a_number(node: Node, facts: Facts) -> Node | None:
    """A repeated number in another shape, or with other axes, is the number repeated in that shape."""
    x = node.inputs[0]
    if isinstance(x, Node) and x.op is ops.broadcast_to and not _shape(x.inputs[0]):
        return _repeated(node, x.inputs[0])
    return None


def repeated_twice(node: Node, facts: Facts) -> Node | None:
    """broadcast_to repeats what it is repeated from, and adds leading axes by itself."""
    x = node.inputs[0]
    source = bare(x)
    return _repeated(node, source) if source is not x else None


def transposed_twice(node: Node, facts: Facts) -> Node | None:
    """Two transposes are one, or none if the axes are back in place; with one axis there is nothing to do."""
    x = node.inputs[0]
    if not isinstance(x, Node):
        return None
    axes = _axes(node)
    if axes == tuple(range(len(axes))):
        return x
    if x.op is not ops.transpose:
        return None
    inner = _axes(x)
    return replace(node, inputs=x.inputs, settings={"axes": tuple([inner[axis] for axis in axes])})


def repeats_nothing(node: Node, facts: Facts) -> Node | None:
    """Elementwise operations repeat operands by themselves: where one has the full shape, the others stay small.

    Where none has, the operation is done on the small ones and the result repeated, if it is read by entries: others,
    such as a matrix product, want an array of its own. Each entry is computed from the same numbers as before.
    """
    sources = tuple([bare(x) for x in node.inputs])
    if all([source is x for source, x in zip(sources, node.inputs)]):
        return None
    shape = np.broadcast_shapes(*map(_shape, sources))
    if shape == node.shape:
        return replace(node, inputs=sources)
    if node in facts.whole or not _of_floats(node):
        return None
    return _repeated(node, Node(shape, node.dtype, node.op, sources, node.settings))


RULES: Mapping[Op, Any] = {
    ops.reshape: (to_its_own_shape, reshaped_twice, of_a_number),
    ops.broadcast_to: (to_its_own_shape, repeated_twice),
    ops.transpose: (transposed_twice, of_a_number),
}


def bare(x: Any) -> Any:
    """What an operand is repeated from, without leading axes of length 1: broadcasting gives it both again."""
    while isinstance(x, Node) and (x.op is ops.broadcast_to or _adds_leading_axes(x)):
        x = x.inputs[0]
    return x


def _adds_leading_axes(x: Node) -> bool:
    if x.op is not ops.reshape:
        return False
    shape = _shape(x.inputs[0])
    return x.shape == (1,) * (len(x.shape) - len(shape)) + shape


def _repeated(node: Node, source: Any) -> Node:
    """`source` repeated to the shape of a node, in its place."""
    return replace(node, op=ops.broadcast_to, inputs=(source,), settings={"shape": node.shape})


def _shape(x: Any) -> tuple[int, ...]:
    return x.shape if isinstance(x, Node) else ()


def _axes(node: Node) -> tuple[int, ...]:
    axes = node.settings["axes"]
    count = len(node.shape)
    return tuple(range(count))[::-1] if axes is None else tuple([axis % count for axis in axes])


def _of_floats(node: Node) -> bool:
    """Integers overflow with a warning as numbers, without one as arrays."""
    return all(x.dtype.kind == "f" for x in (node, *node.operands))
