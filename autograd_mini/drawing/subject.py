"""What a drawing is of: the graph of a Tensor, what is left of a computation that failed, or a compiled program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import numpy as np

from autograd_mini.modes import unobserved
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor, gradients, topological_order


@dataclass(frozen=True, eq=False)
class Failed:
    """The call of an operation that raised: a node like others, but for having no value."""

    op: Op
    inputs: tuple[Any, ...]
    settings: Mapping[str, Any]
    message: str
    name: str | None = None


@dataclass(frozen=True)
class Subject:
    """Nodes in order, each after its inputs, with what is known of them.

    A node is a Tensor, a node of a compiled program, or a failed call: it has `op`, `inputs`, `settings` and `name`.
    """

    drawn: Any
    """What `draw` was given."""
    order: Sequence[Any]
    outputs: frozenset[Any]
    slopes: Mapping[Any, Any] = field(default_factory=dict)
    """The derivative of the output by each node that has one."""
    slope_names: Mapping[Any, str] = field(default_factory=dict)
    """What to call some of these derivatives: δ₁."""
    shaped: bool = True
    """Whether shapes and dtypes are told; those of entries of arrays are all the same."""
    valued: bool = True
    """Whether the nodes have values; those of a compiled program do not."""


def subject_of(thing: Any, limit: float) -> Subject:
    """What is to be drawn, if it is no more than `limit` nodes; its derivatives come later, see `with_slopes`."""
    if isinstance(thing, Tensor):
        order = order_within([thing], limit)
        return Subject(thing, order, frozenset([thing]))
    if isinstance(thing, BaseException):
        failed = failed_call(thing)
        tensors = [x for x in failed.inputs if isinstance(x, Tensor)]
        return Subject(thing, [*order_within(tensors, limit), failed], frozenset())
    if is_program(thing):
        graph = thing.graph
        check_size(len(graph.nodes), limit)
        return Subject(thing, graph.nodes, frozenset(graph.outputs), valued=False)
    raise TypeError(
        f"draw: expected a Tensor, got {type(thing).__name__}; draw the loss or any other result, a function that "
        "ag.compile has made, or the exception of an operation that failed"
    )


def is_program(thing: Any) -> bool:
    """Whether this is a compiled function; whoever has one has loaded the compiler, which drawing does not need."""
    compiler = sys.modules.get("autograd_mini.compiler")
    return compiler is not None and isinstance(thing, compiler.Compiled)


def with_slopes(subject: Subject, known: Mapping[Tensor, Any] | None) -> Subject:
    """The same with the derivative of the output by each node: those that are known, as hooks are to be called once."""
    output = subject.drawn
    if known is None and isinstance(output, Tensor) and output.size == 1 and output.requires_grad:
        with unobserved(), np.errstate(all="ignore"):
            known = gradients(output)
    return replace(subject, slopes=known or {})


def order_within(outputs: Sequence[Tensor], limit: float, call: str = "draw") -> list[Tensor]:
    """The Tensors that the outputs were computed from; ValueError for more than `limit`, before all are visited."""
    found: set[Tensor] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            check_size(len(found), limit, call)
            stack += [x for x in node.inputs if isinstance(x, Tensor)]
    return topological_order(*outputs) if outputs else []


def check_size(count: int, limit: float, call: str = "draw") -> None:
    """ValueError for more nodes than are to be drawn, with the ways to go on; only `draw` can close modules."""
    if count > limit:
        closed = "put modules into one box each with depth=0, " if call == "draw" else ""
        raise ValueError(
            f"{call}: the graph has more than max_nodes={limit} nodes; {call} a part of it (a smaller batch, an "
            f"intermediate Tensor), {closed}or pass a larger max_nodes"
        )


def check_gradients(thing: Any, show: str, expand: str | None) -> None:
    """TypeError where gradients or entries are asked of what has no values."""
    if (is_program(thing) or isinstance(thing, BaseException)) and (show != "forward" or expand is not None):
        what = "a compiled function" if is_program(thing) else f"{type(thing).__name__}"
        raise TypeError(
            f'draw: of {what} the operations are drawn, with show="forward" and without expand; gradients and entries '
            "can be shown of a Tensor that was computed"
        )


def failed_call(error: BaseException) -> Failed:
    """The call of an operation that raised the exception, read from its traceback, which still holds the operands.

    ValueError if it comes from no operation, or its traceback was cleared.

    >>> import autograd_mini as ag
    >>> try:
    ...     ag.Tensor([1.0, 2.0]) + ag.Tensor([1.0, 2.0, 3.0])
    ... except ValueError as error:
    ...     failed_call(error).op.name
    'add'
    """
    calls = [step.tb_frame.f_locals for step in _steps(error.__traceback__) if step.tb_frame.f_code is _RECORD]
    if not calls or "op" not in calls[-1]:
        raise ValueError(
            f"draw: this {type(error).__name__} does not come from an operation on Tensors: {error}; "
            "draw a Tensor, or an exception while it still has its traceback"
        )
    call = calls[-1]
    return Failed(call["op"], call["inputs"], call["settings"], str(error))


_RECORD = Tensor.record.__code__


def _steps(traceback: TracebackType | None) -> Iterable[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
