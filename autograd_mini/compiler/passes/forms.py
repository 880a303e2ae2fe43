"""Softmax, the logistic function and their logarithms, where they are written out: forms that do not overflow.

Unlike the algebra's, these rewrites change the last digits, towards the true value. Results agree with what was written
to a few units in the last place, and to |log p| of them where a probability p is computed from its logarithm. Where
what was written overflows, or takes the logarithm of a tiny number that was rounded to 0, they give what was meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.passes.rewriting import readers, rewritten
from autograd_mini.ops import Op


def with_forms(graph: Graph) -> Graph:
    """The graph with log(1 + exp(x)) as softplus(x), log(softmax(x)) as log_softmax(x), and their like.

    Shapes and dtypes stay. What others read of the way is left as it is, unless the rewrite is no dearer even so.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = ag.Tensor([1.0, 2.0])
    >>> from autograd_mini.compiler.passes import without_dead
    >>> print(text(without_dead(with_forms(graph_of([ag.log(1 + ag.exp(x))], {x: "argument 0"}, {})))))
    %0 float64 (2,) = argument 0
    %1 float64 (2,) = softplus(%0)
    return %1
    """
    if not any([node.op in _TRIGGERS for node in graph.nodes]):
        return graph
    uses = _uses_of(graph)

    def change(original: Node, node: Node) -> Node:
        uses.follow(original, node)
        new = _changed(node, uses)
        uses.follow(original, new)
        return new

    return rewritten(graph, change)


@dataclass(frozen=True)
class _Uses:
    """How the nodes of a graph are used, and those that take their place."""

    count: dict[Node, int]
    """How often a node is read, with the outputs."""
    logged: set[Node]
    """What a logarithm is taken of."""
    logistic: set[Node]
    """Each exp(x) that is read by logistic functions of x only, or by their derivatives."""

    def follow(self, original: Node, node: Node) -> None:
        if original is not node:
            self.count.setdefault(node, self.count[original])
            for known in (self.logged, self.logistic):
                if original in known:
                    known.add(node)


def _uses_of(graph: Graph) -> _Uses:
    read_by = readers(graph)
    count = {node: len(those) for node, those in read_by.items()}
    for node in graph.outputs:
        count[node] += 1
        read_by[node].append(node)  # nobody is its own reader: no form takes it for one
    logged = {x for node in graph.nodes if node.op is ops.log for x in node.operands}
    logistic = {node for node in graph.nodes if node.op is ops.exp and _is_logistic(node, read_by)}
    return _Uses(count, logged, logistic)


def _is_logistic(e: Node, read_by: dict[Node, list[Node]]) -> bool:
    if not (isinstance(e.inputs[0], Node) and e.inputs[0].dtype == e.dtype):
        return False
    for reader in read_by[e]:
        if _one_more(reader) is e:
            if not all(_is_form_of(later, reader, e, read_by) for later in read_by[reader]):
                return False
        elif reader.op is not ops.log1p and not _undone(reader, e):
            return False
    return True


def _is_form_of(reader: Node, one_more: Node, e: Node, read_by: dict[Node, list[Node]]) -> bool:
    """Whether a reader of 1 + e is log(1 + e), 1 / (1 + e), or x / (1 + e) that is only multiplied by e."""
    if reader.op is ops.log:
        return True
    if reader.op is not ops.divide or reader.inputs[1] is not one_more or reader.inputs[0] is one_more:
        return False
    return _is_one(reader.inputs[0]) or all(_undone(later, e) is reader for later in read_by[reader])


def _changed(node: Node, uses: _Uses) -> Node:
    for rule in _RULES.get(node.op, ()) if node.op is not None else ():
        new = rule(node, uses)
        if new is not None and (new.shape, new.dtype) == (node.shape, node.dtype):
            return new
    return node


def softplus_written_out(node: Node, uses: _Uses) -> Node | None:
    """log(1 + exp(x)) and log1p(exp(x)) are softplus(x)."""
    e = node.inputs[0] if node.op is ops.log1p else _one_more(node.inputs[0])
    return _function(node, ops.softplus, e.inputs[0]) if e in uses.logistic else None


def sigmoid_written_out(node: Node, uses: _Uses) -> Node | None:
    """1 / (1 + exp(-x)) is sigmoid(x)."""
    x, y = node.inputs
    e = _one_more(y)
    if e not in uses.logistic or not _is_one(x):
        return None
    exponent = e.inputs[0]
    return _function(node, ops.sigmoid, exponent.inputs[0] if exponent.op is ops.negative else _negative(exponent))


def logistic_derivative(node: Node, uses: _Uses) -> Node | None:
    """g / (1 + exp(x)) * exp(x) is g * sigmoid(x): what the derivatives of the two forms above come to."""
    for e in node.operands:
        quotient = _undone(node, e) if e in uses.logistic else None
        if quotient and _one_more(quotient.inputs[1]) is e:
            slope = Node(e.shape, e.dtype, ops.sigmoid, e.inputs)
            return replace(node, inputs=(quotient.inputs[0], slope))
    return None


def logistic_of_other_side(node: Node, uses: _Uses) -> Node | None:
    """sigmoid(-x) * exp(x) is sigmoid(x): the derivative of softplus(x) itself."""
    for e in node.operands:
        (other,) = [x for x in node.inputs if x is not e] or [None]
        if e in uses.logistic and _is(other, ops.sigmoid) and _opposite(other.inputs[0], e.inputs[0]):
            return replace(node, op=ops.sigmoid, inputs=e.inputs)
    return None


def probability_with_logarithm(node: Node, uses: _Uses) -> Node | None:
    """softmax(x) is exp(log_softmax(x)) where its logarithm is taken too, and so is sigmoid(x)."""
    logarithm = _LOGARITHMS[node.op] if node.op else None
    if node not in uses.logged or not logarithm:
        return None
    return replace(node, op=ops.exp, inputs=(replace(node, op=logarithm, name=None),), settings={})


def logarithm_of_exponential(node: Node, uses: _Uses) -> Node | None:
    """log(exp(x)) is x."""
    e = node.inputs[0]
    return e.inputs[0] if isinstance(e, Node) and e.op is ops.exp and isinstance(e.inputs[0], Node) else None


def quotient_undone(node: Node, uses: _Uses) -> Node | None:
    """(g / p) * p is g for a p that is never 0 but for rounding: the derivative of a logarithm meets that of p."""
    for p in node.operands:
        quotient = _undone(node, p) if p.op in _POSITIVE else None
        if quotient and quotient.inputs[1] is p:
            return _repeated(node, quotient.inputs[0])
    return None


def softmax_derivative(node: Node, uses: _Uses) -> Node | None:
    """p * (g / p - t) is g - p * t for such a p: the derivative of a logarithm of softmax."""
    p, difference = node.inputs
    if not (_is(p, *_POSITIVE) and _is(difference, ops.subtract)):
        return None
    quotient, t = difference.inputs
    if not (_is(quotient, ops.divide) and quotient.inputs[1] is p):
        return None
    return replace(node, op=ops.subtract, inputs=(quotient.inputs[0], replace(node, inputs=(p, t), name=None)))


def softmax_from_logarithm(node: Node, uses: _Uses) -> Node | None:
    """exp(log_softmax(x)) is softmax(x), and the same for sigmoid, if the logarithm is read by nobody else."""
    x = node.inputs[0]
    for function, logarithm in _LOGARITHMS.items():
        if _is(x, logarithm) and uses.count[x] == 1:
            return replace(node, op=function, inputs=x.inputs, settings=x.settings)
    return None


def softmax_written_out(node: Node, uses: _Uses) -> Node | None:
    """exp(x) / sum(exp(x), axis, keepdims=True) is softmax(x, axis)."""
    e, total = node.inputs
    if not (_is(e, ops.exp) and _is(total, ops.reduce_sum) and total.inputs[0] is e and total.settings["keepdims"]):
        return None
    if (uses.count[e], uses.count[total]) != (2, 1):
        return None
    return _function(node, ops.softmax, e.inputs[0], axis=total.settings["axis"])


def logsumexp_written_out(node: Node, uses: _Uses) -> Node | None:
    """log(sum(exp(x))) is logsumexp(x)."""
    total = node.inputs[0]
    if not (_is(total, ops.reduce_sum) and _is(total.inputs[0], ops.exp)):
        return None
    e = total.inputs[0]
    alone = (uses.count[e], uses.count[total]) == (1, 1)
    return _function(node, ops.logsumexp, e.inputs[0], **total.settings) if alone else None


_LOGARITHMS: dict[Op, Op] = {ops.softmax: ops.log_softmax, ops.sigmoid: ops.log_sigmoid}
_TRIGGERS = frozenset({ops.exp, ops.log, ops.log1p})
"""Without one of these there is nothing to recognise."""
_POSITIVE = frozenset({ops.softmax, ops.sigmoid, ops.exp})

_RULES: dict[Op, tuple[Callable[[Node, _Uses], Node | None], ...]] = {
    ops.log: (softplus_written_out, logarithm_of_exponential, logsumexp_written_out),
    ops.log1p: (softplus_written_out,),
    ops.divide: (sigmoid_written_out, softmax_written_out),
    ops.multiply: (logistic_derivative, logistic_of_other_side, quotient_undone, softmax_derivative),
    ops.exp: (softmax_from_logarithm,),
    ops.softmax: (probability_with_logarithm,),
    ops.sigmoid: (probability_with_logarithm,),
}


def _is(x: Any, *kinds: Op) -> TypeGuard[Node]:
    return isinstance(x, Node) and x.op in kinds


def _is_one(x: Any) -> bool:
    return not isinstance(x, Node) and bool(x == 1)


def _one_more(x: Any) -> Any:
    """e for a node 1 + e or e + 1, else None."""
    if not _is(x, ops.add):
        return None
    one, e = x.inputs if _is_one(x.inputs[0]) else reversed(x.inputs)
    return e if _is_one(one) and _is(e, ops.exp) and e.dtype == x.dtype else None


def _undone(node: Node, e: Node) -> Node | None:
    """The quotient in a product of a quotient and e."""
    if node.op is not ops.multiply or e not in node.inputs:
        return None
    x, y = node.inputs
    quotient = x if y is e else y
    return quotient if _is(quotient, ops.divide) else None


def _opposite(x: Any, y: Any) -> bool:
    """Whether one is recorded as the negative of the other."""
    return (_is(x, ops.negative) and x.inputs[0] is y) or (_is(y, ops.negative) and y.inputs[0] is x)


def _function(node: Node, op: Op, x: Any, **settings: Any) -> Node | None:
    """The function of x in place of a node of its dtype."""
    if not isinstance(x, Node) or x.dtype != node.dtype:
        return None
    return replace(node, op=op, inputs=(x,), settings=settings)


def _repeated(node: Node, x: Any) -> Node | None:
    """A value, or a number repeated, in place of a node of its dtype."""
    if isinstance(x, Node) and x.shape == node.shape:
        return x
    if getattr(x, "dtype", None) != node.dtype:
        return None
    return replace(node, op=ops.broadcast_to, inputs=(x,), settings={"shape": node.shape})


def _negative(x: Node) -> Node:
    return Node(x.shape, x.dtype, ops.negative, (x,))
