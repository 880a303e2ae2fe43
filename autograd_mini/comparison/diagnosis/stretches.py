"""The activation functions between the loss and a node, be they one operation or written out of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.comparison.diagnosis.tape import FLOAT64, value_of
from autograd_mini.graph.walk import Values, local_value, operands
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor

_LINEAR = frozenset({"add", "subtract", "negative", "positive", "astype", "stop_gradient"})
_KNOWN = (ops.tanh, ops.sigmoid, ops.softplus, ops.relu, ops.exp)
_MOST = 40
_LONGEST = 32


@dataclass(frozen=True, eq=False)
class Stretch:
    """A function of single entries that leads from one node to another: `end = f(start)`."""

    start: Tensor
    end: Tensor
    inside: tuple[Tensor, ...]
    """The nodes after `start` up to `end`, in the order of their computation."""
    known: Op | None
    """The operation that it is; None for one written out of several that is none of ours."""
    function: str
    """What the function is called."""


@dataclass(frozen=True, eq=False)
class Root:
    """The last node before another from whose entries alone the other's are computed, one by one."""

    node: Tensor
    distance: int
    """How many operations lie between the two."""


def stretches(study: Study) -> list[Stretch]:
    """The functions that bend on the way from the loss to the node, those next to the loss first."""
    if study.tape is None:
        return []
    roots = _roots(study)
    single = (_single(study, x, end) for end in study.path for x in _bent_input(study, end))
    longer = (s for end in study.path for s in _written_out(study, end, roots))
    return [*islice(longer, _MOST), *islice(single, _MOST)]


def _single(study: Study, start: Tensor, end: Tensor) -> Stretch:
    """One operation, called what it is here: a maximum with 0 is a relu."""
    assert study.tape is not None
    assert end.op is not None
    known = _recognised(study.tape.values[start], study.tape.values[end])
    return Stretch(start, end, (end,), end.op, end.op.name if known is None else known.name)


def _roots(study: Study) -> dict[Tensor, Root]:
    """The root of each node: itself where it is no entrywise function of another on the path."""
    assert study.tape is not None
    roots: dict[Tensor, Root] = {}
    for x in study.tape.order:
        varying = [y for y in x.inputs if isinstance(y, Tensor) and (y.requires_grad or roots[y].node in study.on_path)]
        nodes = {roots[y].node: None for y in varying}
        root = next(iter(nodes)) if x.op is not None and x.op.elementwise and len(nodes) == 1 else x
        if root is x or root not in study.on_path or root.shape != x.shape:
            roots[x] = Root(x, 0)
        else:
            roots[x] = Root(root, 1 + max(roots[y].distance for y in varying))
    return roots


def _bent_input(study: Study, end: Tensor) -> list[Tensor]:
    if end.op is None or not end.op.elementwise or end.op.name in _LINEAR:
        return []
    places = [place for place, y in enumerate(end.inputs) if isinstance(y, Tensor) and y in study.on_path]
    varying = list({end.inputs[place]: None for place in places})
    linear = (end.op is ops.multiply and len(places) == 1) or (end.op is ops.divide and 1 not in places)
    entries = len(varying) == 1 and varying[0].shape == end.shape
    return varying if entries and not linear and not _is_squared_error(study, end) else []


def _is_squared_error(study: Study, end: Tensor) -> bool:
    """Whether a power or product is summed up as it is: a term of a loss, which is no activation."""
    summed = all(user.ndim < end.ndim for user in study.users(end))
    return summed and end.op in (ops.power, ops.square, ops.multiply)


def _written_out(study: Study, end: Tensor, roots: dict[Tensor, Root]) -> list[Stretch]:
    """The function from a node's root to it, where it takes several operations and someone would give it a name."""
    start = roots[end].node
    inside = _between(start, end) if 2 <= roots[end].distance <= _LONGEST else ()
    if not inside:
        return []
    assert study.tape is not None
    known = _recognised(study.tape.values[start], study.tape.values[end])
    alone = end.name is not None or any(roots[user].node is not start for user in study.users(end))
    bends = any(x.op is not None and x.op.name not in _LINEAR for x in inside) and not _is_squared_error(study, end)
    words = dict.fromkeys(x.op.name for x in reversed(inside) if x.op is not None)
    function = " of ".join(words) if known is None else known.name
    return [Stretch(start, end, inside, known, function)] if known is not None or (alone and bends) else []


def _between(start: Tensor, end: Tensor) -> tuple[Tensor, ...]:
    """The nodes from which `end` is computed, up to `start`; none if they are too many to be one function."""
    inside: dict[Tensor, None] = {}
    stack: list[tuple[Tensor, bool]] = [(end, False)] if end is not start else []
    while stack and len(inside) <= _LONGEST and len(stack) <= 4 * _LONGEST:
        x, done = stack.pop()
        if done:
            inside[x] = None
        elif x not in inside and x is not start:
            stack.append((x, True))
            stack += [(y, False) for y in x.inputs if isinstance(y, Tensor) and y.op is not None]
    return () if stack or len(inside) > _LONGEST else tuple(inside)


def _recognised(start: Any, end: Any) -> Op | None:
    """The activation whose values these are; what a comparison says is none's."""
    if np.asarray(start).dtype.kind != "f":
        return None
    return next((op for op in _KNOWN if np.allclose(op(start), end, rtol=1e-9, atol=1e-12)), None)


def local_slope(stretch: Stretch, values: Values) -> Any:
    """The derivative of each entry of the end by its entry of the start."""
    totals = {stretch.end: np.ones(stretch.end.shape)[()]}
    for node in reversed(stretch.inside):
        g = totals.pop(node, None)
        if g is not None and node.op is not None:
            for x, share in _shares(node, g, values):
                totals[x] = totals[x] + share if x in totals else share
    return totals.get(stretch.start, 0.0)


def _shares(node: Tensor, g: Any, values: Values) -> Iterable[tuple[Tensor, Any]]:
    assert node.op is not None
    inputs = operands(node, values, FLOAT64)
    for position, x in enumerate(node.inputs):
        if isinstance(x, Tensor) and x.requires_grad:
            yield x, g * local_value(node.op, position, values[node], inputs, FLOAT64.settings(node))


def slope_at(stretch: Stretch, values: Values, start: Any) -> Any:
    """The derivative as it would be at other values of the start."""
    moved = {**values, stretch.start: start}
    for node in stretch.inside:
        moved[node] = value_of(node, moved)
    return local_slope(stretch, moved)


def slope_with_output(stretch: Stretch, values: Values, out: Any) -> Any:
    """The derivative as its formula in the output gives it with something else in the output's place."""
    start = values[stretch.start]
    if stretch.known is None:
        return None
    if len(stretch.inside) > 1:
        return local_value(stretch.known, 0, out, [start], {})
    node = stretch.end
    inputs = operands(node, values, FLOAT64)
    positions = [position for position, x in enumerate(node.inputs) if x is stretch.start]
    return sum(local_value(stretch.known, position, out, inputs, FLOAT64.settings(node)) for position in positions)
