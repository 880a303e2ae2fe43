"""The delta rules: what each operation's own rule sends back, added up and made readable."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from autograd_mini.explanation.forward import Forward, reads
from autograd_mini.explanation.names import Sizes, gradient_name
from autograd_mini.explanation.rewriting import is_one_number, readable
from autograd_mini.formula import Apply, Expression, Name, Number, is_fallback, local_derivative, substituted
from autograd_mini.formula.expression import ONE, ZERO, entrywise, fold, with_arguments
from autograd_mini.formula.reading import applied
from autograd_mini.ops import Op
from autograd_mini.ops.reductions import axes_of
from autograd_mini.tensor import Tensor

_LONGEST = 16
"""Nodes of a gradient that is written within another."""

_LEEWAY = 2
"""Nodes that several uses may cost more than a line of its own."""

_SEEN = "⟨g⟩"  # no name of the user's is taken for one of these
_OUT = "⟨out⟩"


@dataclass(frozen=True)
class Backward:
    """The gradients of a graph as equations."""

    lines: list[tuple[str, Expression, Tensor]] = field(default_factory=list)
    """Name, rule, and whose gradient it is, in backward order."""


def backward_of(
    forward: Forward, sizes: Sizes, seed: Expression = ONE, needed: Collection[Tensor] | None = None
) -> Backward:
    """The rules for the gradient of the last Tensor, by all or by those that lead to what is needed.

    >>> from autograd_mini.explanation.forward import forward_of
    >>> forward = forward_of(Tensor(3.0, name="x") ** 2)
    >>> backward_of(forward, Sizes(forward.names)).lines[0][0]
    'dx'
    """
    found, known = Backward(), _known(forward)
    loss = forward.order[-1]
    start = Apply("broadcast_to", (seed,), (("shape", loss.shape),), loss.shape) if loss.shape else seed
    sent: dict[Tensor, list[Expression]] = {loss: [start]}
    for node in reversed(forward.order):
        if node not in sent or (needed is not None and node not in needed):
            continue
        total = readable(reduce(lambda x, y: entrywise("add", x, y), reversed(sent.pop(node))))
        shares = contributions(node, forward, sizes) if node.op is not None else []
        shares = [(x, share) for x, share in shares if needed is None or x in needed]
        within = _within(node, total, shares, forward, known)
        if within is None:
            name = Name(_gradient_name(node, forward), node.shape)
            found.lines.append((name.text, total, node))
            within = _replaced(shares, name, known)
        for (x, _), share in zip(shares, within):
            sent.setdefault(x, []).append(share)
    return found


def _within(
    node: Tensor,
    total: Expression,
    shares: Sequence[tuple[Tensor, Expression]],
    forward: Forward,
    known: Mapping[Expression, Expression],
) -> list[Expression] | None:
    """What a node sends on, with its own gradient written out; None if that has a line of its own."""
    if node.op is None or node in forward.layers or total.size > _LONGEST:
        return None
    written = _replaced(shares, total, known)
    uses = sum(reads(share, _SEEN) for _, share in shares)
    if uses <= 1 or total.size <= 2 or is_one_number(total):
        return written
    named = _replaced(shares, Name(_SEEN, node.shape), known)
    return written if sum(x.size for x in written) <= sum(x.size for x in named) + _LEEWAY else None


def _replaced(
    shares: Sequence[tuple[Tensor, Expression]], upstream: Expression, known: Mapping[Expression, Expression]
) -> list[Expression]:
    """Contributions with what stands for the gradient of their node."""
    passed = [readable(substituted(share, {Name(_SEEN): upstream})) for _, share in shares]
    computed = [substituted(share, known) for share in passed]
    return [x if x is share else readable(x) for x, share in zip(computed, passed)]


def _gradient_name(node: Tensor, forward: Forward) -> str:
    if node not in forward.layers:
        return forward.names.unique(gradient_name(forward.named.get(node, "")))
    return forward.names.unique(f"δ{forward.layers[node]}" if len(forward.layers) > 1 else "δ")


def _known(forward: Forward) -> dict[Expression, Expression]:
    """What has been computed on the way forward, and what is a function of that."""
    known: dict[Expression, Expression] = {}
    for name, expression in forward.lines:
        if isinstance(expression, Apply):
            known.setdefault(expression, Name(name, expression.shape))
            if expression.op_name == "log_softmax":
                known[Apply("exp", (Name(name),))] = replace(expression, op_name="softmax")
    for name in forward.one_hot:
        shape = (len(forward.given[name]), 1)
        whole = Apply("broadcast_to", (ONE,), (("shape", shape),), shape)
        known[Apply("sum", (Name(name),), (("axis", -1), ("keepdims", True)))] = whole
    return known


# ------------------------------------------------------------------------------------------------ one operation


def contributions(
    node: Tensor, forward: Forward, sizes: Sizes, gradient: str = _SEEN
) -> list[tuple[Tensor, Expression]]:
    """What a node sends to each of its inputs, by the gradient of the node itself.

    >>> from autograd_mini.explanation.forward import forward_of
    >>> y = Tensor(3.0, name="x") ** 2
    >>> contributions(y, forward_of(y), Sizes(forward_of(y).names), "g")[0][1].op_name
    'multiply'
    """
    assert node.op is not None
    found = []
    for position, x in enumerate(node.inputs):
        if isinstance(x, Tensor) and x.requires_grad:
            share = _contribution(node, node.op, position, x, forward, sizes, gradient)
            if share != ZERO:
                found.append((x, share))
    return found


def _contribution(
    node: Tensor, op: Op, position: int, x: Tensor, forward: Forward, sizes: Sizes, gradient: str
) -> Expression:
    places = [None if _is_number(y) else f"⟨{place}⟩" for place, y in enumerate(node.inputs)]
    formula = local_derivative(op, position, node.inputs, node.settings, node, [*places, _OUT], _SEEN)
    if formula == ZERO:
        return ZERO
    operands: dict[Expression, Expression] = {
        Name(place): forward.symbol(y) for place, y in zip(places, node.inputs) if place is not None
    }
    upstream = Name(gradient, node.shape)
    named: dict[Expression, Expression] = {**operands, Name(_OUT): forward.symbol(node), Name(_SEEN): upstream}
    if is_fallback(formula):
        return _fitted(_called(node, op, position, x, forward, upstream), x.shape)
    if not op.elementwise:
        formula = _with_sizes(formula, node, sizes)
    formula = substituted(formula, named)
    return _fitted(entrywise("multiply", upstream, formula) if op.elementwise else formula, x.shape)


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float | np.generic)


def _called(node: Tensor, op: Op, position: int, x: Tensor, forward: Forward, upstream: Expression) -> Apply:
    """A rule that has no formula, as a call of it: vjp_conv2d(g, x, w, out, position=0)."""
    operands = [forward.symbol(y) if not _is_number(y) else Number(y) for y in node.inputs]
    known = applied(node, op, ()).settings
    shape = node.shape if op.elementwise else x.shape
    arguments = (upstream, *operands, forward.symbol(node))
    return Apply(f"vjp_{op.name}", arguments, (*known, ("position", position)), shape)


def _fitted(e: Expression, shape: tuple[int, ...]) -> Expression:
    """Summed over the axes along which an input was broadcast."""
    if e.shape is None or e.shape == shape:
        return e
    added = len(e.shape) - len(shape)
    if added > 0:
        e = _sum(e, tuple(range(added)), False)
    stretched = tuple(axis for axis, (m, n) in enumerate(zip(e.shape or (), shape)) if n == 1 != m)
    return _sum(e, stretched, True) if stretched else e


def _sum(e: Expression, axes: tuple[int, ...], keepdims: bool) -> Apply:
    old = e.shape or ()
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(old) if keepdims or axis not in axes)
    whole = len(axes) == len(old)
    axis = {} if whole else {"axis": axes[0] if len(axes) == 1 else axes}
    settings = {**axis, **({"keepdims": True} if keepdims else {})}
    return Apply("sum", (e,), tuple(settings.items()), kept)


# ------------------------------------------------------------------------------------------------ sizes of axes


def _with_sizes(formula: Expression, node: Tensor, sizes: Sizes) -> Expression:
    """The formula with letters for the numbers of entries that it divides by."""
    shape = np.shape(node.inputs[0])
    axes = axes_of(node.settings["axis"], len(shape)) if "axis" in node.settings else (0,) if shape else ()
    count = math.prod(shape[axis] for axis in axes)
    if count < 2:
        return formula
    named: list[Expression] = []

    def combine(e: Expression, arguments: Sequence[Expression]) -> Expression:
        divided = _divided(e, arguments, count)
        if divided is not None and not named:
            named.extend(_letters(sizes.letters(shape, axes, "axis" not in node.settings)))
        if divided is not None and named:
            return entrywise("divide", divided, named[0])
        return with_arguments(e, arguments) if isinstance(e, Apply) else e

    return fold(formula, combine)


def _divided(e: Expression, arguments: Sequence[Expression], count: int) -> Expression | None:
    """x, if an expression is x / count, or x times its inverse."""
    if isinstance(e, Apply) and e.op_name == "divide" and arguments[1] == Number(count):
        return arguments[0]
    if isinstance(e, Apply) and e.op_name == "multiply":
        for x, y in (arguments, arguments[::-1]):
            if y == Number(1 / count):
                return x
    return None


def _letters(letters: Sequence[str] | None) -> list[Expression]:
    """The product of the sizes; nothing if they have no letters."""
    if not letters:
        return []
    factors: list[Expression] = [Name(letter, ()) for letter in letters]
    return [reduce(lambda x, y: entrywise("multiply", x, y), factors)]
