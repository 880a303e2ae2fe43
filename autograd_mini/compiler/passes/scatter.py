"""Gradients of slices, put together in one array instead of one array of the whole size for each.

The way back through `x[:, :32]` makes zeros of the shape of x with the gradient in its place. Where such arrays are
added up, each piece is written into the sum, or added to its place there. Entries that get several gradients may add
them in another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Graph, Node, replaced, with_inputs
from autograd_mini.ops import Op
from autograd_mini.ops.indexing import scatter_add
from autograd_mini.ops.op import REQUIRED


def _filled(*pieces: Any, indices: Sequence[Any], shape: tuple[int, ...], covered: bool) -> Any:
    whole = np.zeros(shape, pieces[0].dtype)
    for index, piece in zip(indices, pieces):
        whole[index] = piece
    return whole


def _added_at(x: Any, piece: Any, *, index: Any) -> Any:
    changed = np.array(x)
    changed[index] += piece
    return changed


filled = Op(
    "filled",
    _filled,
    None,
    settings={"indices": REQUIRED, "shape": REQUIRED, "covered": REQUIRED},
    variadic=True,
    doc="Pieces in places that do not overlap, and zeros elsewhere; `covered` says that there is no such entry.",
)

added_at = Op(
    "added_at",
    _added_at,
    None,
    None,
    settings={"index": REQUIRED},
    doc="x, in which a piece is added to a slice.",
)


def with_scatters(graph: Graph) -> Graph:
    """The graph with a sum of gradients of slices as one array that is filled piece by piece.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x, y = ag.Tensor([1.0, 2.0, 3.0]), ag.Tensor([4.0, 5.0])
    >>> (slope,) = ag.gradients((y * x[:2]).sum() + (y * x[1:]).sum(), [x], create_graph=True)
    >>> print(text(with_scatters(graph_of([slope], {x: "argument 0", y: "argument 1"}, {}))).splitlines()[-2])
    %6 float64 (3,) = added_at(%5, %4, index=(slice(None, 2, None),))
    """
    reads = Counter(x for node in graph.nodes for x in node.operands)
    reads.update(graph.outputs)
    sums = _sums(graph, reads)
    inner = {x for node in sums if node.op is ops.add for x in node.operands if x in sums and reads[x] == 1}
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        if node not in inner:  # those are read by a sum only, which is written anew
            made[node] = _summed(node, inner, made) if node in sums else with_inputs(node, made)
    return replaced(graph, made)


def _sums(graph: Graph, reads: Counter[Node]) -> set[Node]:
    """The gradients of slices, and the sums that have one among their terms."""
    found: set[Node] = set()
    for node in graph.nodes:
        if _is_slice(node) or (_is_plain_sum(node) and any(x in found and reads[x] == 1 for x in node.operands)):
            found.add(node)
    return found


def _is_slice(node: Node) -> bool:
    return node.op is scatter_add and len(node.inputs) == 1 and isinstance(node.inputs[0], Node) and bool(node.shape)


def _is_plain_sum(node: Node) -> bool:
    """An addition without broadcasting."""
    terms = list(node.operands)
    return node.op is ops.add and len(terms) == 2 and all((x.shape, x.dtype) == (node.shape, node.dtype) for x in terms)


def _terms(node: Node, inner: set[Node]) -> Iterator[Node]:
    """What a sum adds up, from left to right."""
    stack = [node]
    while stack:
        term = stack.pop()
        if term.op is ops.add and (term is node or term in inner):
            stack += reversed(list(term.operands))
        else:
            yield term


def _summed(node: Node, inner: set[Node], made: dict[Node, Node]) -> Node:
    terms = list(_terms(node, inner))
    slices = [x for x in terms if _is_slice(x) and (x in inner or x is node)]
    apart = set(slices)
    others = [made[x] for x in terms if x not in apart]
    pieces = [(made[x.inputs[0]], x.settings["index"]) for x in slices]
    total, pieces = (_added(node, others), pieces) if others else _in_place(node, pieces)
    for piece, index in pieces:
        total = Node(node.shape, node.dtype, added_at, (total, piece), {"index": index})
    return replace(total, name=node.name)


def _added(node: Node, terms: list[Node]) -> Node:
    total, *rest = terms
    for term in rest:
        total = Node(node.shape, node.dtype, ops.add, (total, term))
    return total


def _in_place(node: Node, pieces: list[tuple[Node, Any]]) -> tuple[Node, list[tuple[Node, Any]]]:
    """One array with the pieces that do not overlap, and those that are left."""
    taken = np.zeros(node.shape, bool)
    places: list[tuple[Node, Any]] = []
    left: list[tuple[Node, Any]] = []
    for piece, index in pieces:
        if taken[index].any():
            left.append((piece, index))
        else:
            places.append((piece, index))
            taken[index] = True
    settings = {"indices": [index for _, index in places], "shape": node.shape, "covered": bool(taken.all())}
    return Node(node.shape, node.dtype, filled, tuple(piece for piece, _ in places), settings), left
