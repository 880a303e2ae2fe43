"""How each operation is written in NumPy: the table from operations to source text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.classifier import assigned, checked_labels, in_columns
from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.joined import section
from autograd_mini.compiler.passes.scatter import added_at, filled
from autograd_mini.compiler.passes.short import vdot
from autograd_mini.ops import Op
from autograd_mini.ops.indexing import SLOT
from autograd_mini.ops.joining import concatenate_arrays
from autograd_mini.ops.reductions import reduce_max, reduce_min, reduce_sum

Write = Callable[[list[str], str | None], str]


@dataclass(frozen=True)
class Spelling:
    """The expression for a node, given the texts of its operands and the name of the buffer it shall go to."""

    write: Write
    takes_buffer: bool = False
    """Whether the result can go to an array that is there already."""
    elementwise: bool = False
    """Whether that array may be one of the operands."""
    is_view: bool = False
    """Whether the result shares memory with its operands, and is cheap enough to be written where it is read."""
    with_call: bool = False
    """Whether the expression contains a call of the operation's own function, whose text comes last."""
    fill: Callable[[str, list[str]], list[str]] | None = None
    """The statements that fill an array of a given name, in place of an expression."""
    changes_first: bool = False
    """Whether the statement changes its first operand in place, which becomes the result."""


def spelling(node: Node) -> Spelling | None:
    """The NumPy source of a node; None where the operation's own function is called."""
    assert node.op is not None
    if node.op in _SPECIAL:
        return _SPECIAL[node.op](node)
    if isinstance(node.op.numpy, np.ufunc) and not node.op.numpy.signature and not node.settings:
        return _ufunc(node, node.op)
    return None


def is_call_of_ufunc(node: Node) -> bool:
    """Whether an array is computed by one of NumPy's functions of entries, which can write it anywhere."""
    ufunc = node.op.numpy if node.op is not None else None
    plain = isinstance(ufunc, np.ufunc) and not ufunc.signature and not node.settings and node.op not in _SPECIAL
    return plain and bool(node.shape) and (node.op in _INFIX or (node.op is not None and node.op.forward is ufunc))


def _ufunc(node: Node, op: Op) -> Spelling | None:
    function = f"np.{getattr(op.numpy, '__name__', op.name)}"
    if op.forward is not op.numpy and op not in _INFIX:
        return None
    if node.shape:
        return Spelling(_call(function), takes_buffer=True, elementwise=True)
    # Python's operators are ten times faster than ufuncs on scalars.
    return Spelling(_infix(_INFIX[op]) if op in _INFIX else _call(function))


def _call(function: str, *settings: str) -> Write:
    def write(operands: list[str], buffer: str | None) -> str:
        out = [] if buffer is None else [f"out={buffer}"]
        return f"{function}({', '.join([*operands, *settings, *out])})"

    return write


def _infix(symbol: str) -> Write:
    return lambda operands, buffer: f" {symbol} ".join(operands) if len(operands) == 2 else f"{symbol}{operands[0]}"


_INFIX = {
    ops.add: "+",
    ops.subtract: "-",
    ops.multiply: "*",
    ops.divide: "/",
    ops.negative: "-",
    ops.floor_divide: "//",
    ops.remainder: "%",
    ops.equal: "==",
    ops.not_equal: "!=",
    ops.less: "<",
    ops.less_equal: "<=",
    ops.greater: ">",
    ops.greater_equal: ">=",
}


def _power(node: Node) -> Spelling:
    x, y = node.inputs
    if node.shape and type(y) in (int, float) and y == 2 and x.dtype == node.dtype:  # not so for integers and 2.0
        return Spelling(
            lambda operands, buffer: _call("np.square")(operands[:1], buffer), takes_buffer=True, elementwise=True
        )
    return Spelling(_infix("**"))


def _absolute(node: Node) -> Spelling:
    return Spelling(_call("np.absolute"), takes_buffer=bool(node.shape), elementwise=True)


def _matmul(node: Node) -> Spelling:
    return Spelling(_call("np.matmul") if node.shape else _infix("@"), takes_buffer=bool(node.shape))


def _reduction(function: str) -> Callable[[Node], Spelling]:
    def spell(node: Node) -> Spelling:
        settings = [f"axis={node.settings['axis']!r}"] + ["keepdims=True"] * bool(node.settings["keepdims"])
        return Spelling(_call(function, *settings), takes_buffer=bool(node.shape))

    return spell


def _transpose(node: Node) -> Spelling:
    axes = node.settings["axes"]
    method = "T" if axes is None else f"transpose({axes!r})"
    return Spelling(lambda operands, buffer: f"{operands[0]}.{method}", is_view=True)


def _reshape(node: Node) -> Spelling | None:
    (x,) = node.inputs
    if not node.shape or not isinstance(x, Node) or not x.shape:
        return None
    return Spelling(lambda operands, buffer: f"{operands[0]}.reshape({node.shape!r})", is_view=True)


def _broadcast_to(node: Node) -> Spelling | None:
    (x,) = node.inputs
    if not isinstance(x, Node) or not x.shape:
        return None
    return Spelling(lambda operands, buffer: f"np.broadcast_to({operands[0]}, {node.shape!r})", is_view=True)


def _getitem(node: Node) -> Spelling | None:
    text = index_text(node.settings["index"])
    if text is None:
        return None
    plain = all(part is not SLOT for part in node.settings["index"])
    # With an ellipsis NumPy gives a view of one entry, which would change with the array.
    entry = "[()]" if not node.shape and any(part is Ellipsis for part in node.settings["index"]) else ""

    def write(operands: list[str], buffer: str | None) -> str:
        return f"{operands[0]}[{text.format(*operands[1:])}]{entry}"

    return Spelling(write, is_view=plain and bool(node.shape))


def index_text(index: tuple[Any, ...]) -> str | None:
    """An index with a place for each array, or None if it holds what can't be written down."""
    parts = [_index_part(part) for part in index]
    return ", ".join(map(str, parts)) or "()" if None not in parts else None


def _index_part(part: Any) -> str | None:
    if part is SLOT:
        return "{}"
    if isinstance(part, slice):
        bounds = [part.start, part.stop, *([part.step] if part.step not in (None, 1) else [])]
        if all(x is None or isinstance(x, (int, np.integer)) for x in bounds):
            return ":".join("" if x is None else str(int(x)) for x in bounds)
        return None
    if part is None or part is Ellipsis:
        return "None" if part is None else "..."
    return str(int(part)) if isinstance(part, (int, np.integer)) and not isinstance(part, bool) else None


def _astype(node: Node) -> Spelling | None:
    (x,) = node.inputs
    if not isinstance(x, Node):
        return None
    return Spelling(lambda operands, buffer: f"{operands[0]}.astype(np.{node.dtype.name})")


def _concatenate(node: Node) -> Spelling:
    def write(operands: list[str], buffer: str | None) -> str:
        return _call("np.concatenate", f"axis={node.settings['axis']!r}")([f"({', '.join(operands)},)"], buffer)

    return Spelling(write, takes_buffer=all(isinstance(x, Node) and x.dtype == node.dtype for x in node.inputs))


def _checked_labels(node: Node) -> Spelling:
    unsigned = f"np.uint{8 * node.dtype.itemsize}"  # a negative label is huge without its sign
    largest = f"np.maximum.reduce({{}}.view({unsigned}))"

    def write(operands: list[str], buffer: str | None) -> str:
        labels, call = operands
        return f"{labels} if {largest.format(labels)} < {node.settings['classes']} else {call}"

    return Spelling(write, with_call=True)


def _filled(node: Node) -> Spelling | None:
    places = [index_text(index) for index in node.settings["indices"]]
    if None in places:
        return None

    def fill(name: str, pieces: list[str]) -> list[str]:
        zeros = [] if node.settings["covered"] else [f"{name}[...] = 0"]
        return zeros + [f"{name}[{place}] = {piece}" for place, piece in zip(places, pieces)]

    return Spelling(_call("filled"), takes_buffer=True, fill=fill)


def _added_at(node: Node) -> Spelling | None:
    place = index_text(node.settings["index"])
    if place is None:
        return None
    return Spelling(lambda operands, buffer: f"{operands[0]}[{place}] += {operands[1]}", changes_first=True)


def _in_columns(node: Node) -> Spelling:
    return Spelling(
        _call("in_columns"), takes_buffer=True, fill=lambda name, operands: [f"{name}[...] = {operands[0]}.T"]
    )


def _section(node: Node) -> Spelling:
    start, shape = node.settings["start"], node.settings["shape"]
    part = f"[{start}:{start + math.prod(shape)}].reshape({shape!r})"
    return Spelling(lambda operands, buffer: operands[0] + part, is_view=True)


def _assigned(node: Node) -> Spelling:
    return Spelling(
        lambda operands, buffer: f"{operands[0]}[{operands[1]}, {operands[2]}] = {operands[3]}", changes_first=True
    )


_SPECIAL: dict[Op, Callable[[Node], Spelling | None]] = {
    ops.power: _power,
    ops.absolute: _absolute,
    ops.matmul: _matmul,
    reduce_sum: _reduction("np.add.reduce"),
    reduce_max: _reduction("np.maximum.reduce"),
    reduce_min: _reduction("np.minimum.reduce"),
    ops.transpose: _transpose,
    ops.reshape: _reshape,
    ops.broadcast_to: _broadcast_to,
    ops.getitem: _getitem,
    ops.astype: _astype,
    assigned: _assigned,
    in_columns: _in_columns,
    filled: _filled,
    added_at: _added_at,
    checked_labels: _checked_labels,
    section: _section,
    concatenate_arrays: _concatenate,
    vdot: lambda node: Spelling(_call("np.vdot")),
}
