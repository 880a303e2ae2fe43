"""A graph of arrays as the graph of their entries, in the notation of a derivation by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.drawing.scalars.forms import Form, constants, form_of, objects
from autograd_mini.drawing.scalars.subscripts import entry_names, superscript
from autograd_mini.errors import describe
from autograd_mini.graph.layers import net_inputs
from autograd_mini.modes import unobserved
from autograd_mini.tensor import Tensor, topological_order


def entry_deltas(layer: int, layers: int, shape: tuple[int, ...]) -> Iterator[str]:
    """What to call δ of each entry of a net input, row by row: δₖ⁽ˡ⁾ in layer l, δₖ if there is only one.

    >>> list(entry_deltas(1, 2, (1, 2))), list(entry_deltas(1, 1, (2,))), list(entry_deltas(2, 2, ()))
    (['δ₁⁽¹⁾', 'δ₂⁽¹⁾'], ['δ₁', 'δ₂'], ['δ⁽²⁾'])
    """
    above = superscript(layer) if layers > 1 else ""
    return (name + above for name in entry_names("δ", shape))


@dataclass(frozen=True, eq=False)
class ScalarGraph:
    """The graph of the entries, and where they are from."""

    output: Tensor
    """Of shape (), computed from other scalar Tensors."""
    entries: Mapping[Tensor, Array]
    """The entries of every Tensor of the array graph: an array of its shape, of scalar Tensors and numbers.

    A Tensor and what was read from it share entries, whose gradient is that of the first of them.
    """
    deltas: Mapping[Tensor, str]
    """What to call the gradient of the output with respect to the entries of net inputs: δ₂⁽¹⁾."""


def expanded(output: Tensor, limit: float) -> ScalarGraph:
    """The graph that computes `output` from scalar Tensors, each an entry of an array in the given graph.

    Values and gradients are those of the arrays, but for rounding. Elementwise operations keep their name; what moves
    entries makes no nodes; sums and products are written out from left to right: z₁ W₁₁ + z₂ W₂₁ + b₁. Entries of an
    array with a name are named as `entry_names` does; an entry that two arrays share has the name that it got first.
    Entries of plain arrays become constants. The values of the leaves are those of now; hooks are not called. Results
    through which no gradient flows (argmax) are constants where they have no form in scalars.

    Raises TypeError if `output` is not a Tensor; ValueError if it has several entries, for more than `limit` scalar
    Tensors, before any is made, and for an operation that is not known to have a form in scalars. They are counted
    before it is known whether the output needs all of them.

    >>> x, W = Tensor([[1.0, 2.0]], name="x", requires_grad=False), Tensor([[3.0], [4.0]], name="W")
    >>> graph = expanded((x @ W).named("z").tanh().sum().named("E"), limit=100)
    >>> [node.name or node.op.name for node in topological_order(graph.output)]
    ['x₁', 'W₁₁', 'multiply', 'x₂', 'W₂₁', 'multiply', 'z₁', 'E']
    >>> [(node.name, delta) for node, delta in graph.deltas.items()]
    [('z₁', 'δ₁')]
    """
    _check_output(output)
    order = topological_order(output)
    _check_count(output, sum(map(_count, order)), limit)
    entries: dict[Tensor, Array] = {}
    # The forward pass has given the warnings that there are.
    with unobserved(), np.errstate(all="ignore"):
        for node in order:
            entries[node] = _entries(node, entries)
            _give_names(node, entries[node])
    (result,) = entries[output].ravel().tolist()
    return ScalarGraph(_tensor(result, output.name), entries, _deltas(net_inputs(output), entries))


def _check_output(output: Any) -> None:
    if not isinstance(output, Tensor):
        raise TypeError(f"draw: expected a Tensor, got {type(output).__name__}; draw the loss or any other result")
    if output.size != 1:
        raise ValueError(
            f'draw: expand="scalar" draws the graph of one number, and {describe(output)} has {output.size} entries; '
            "reduce it with .sum() or .mean(), or draw one entry of it, y[0]"
        )


def _check_count(output: Tensor, count: int, limit: float) -> None:
    if count > limit:
        raise ValueError(
            f'draw: with expand="scalar" the graph of {describe(output)} has {count:,} scalar Tensors, more than '
            f"max_nodes={limit:,}; draw a smaller batch or smaller layers, or pass a larger max_nodes"
        )


def _count(node: Tensor) -> int:
    """How many scalar Tensors a Tensor takes: its own entries, and those of plain arrays that it is computed from."""
    if node.op is None:
        return node.size
    form = form_of(node)
    return form.count(node) + sum(x.size for x in node.inputs[: form.reads] if isinstance(x, np.ndarray) and x.ndim)


def _entries(node: Tensor, entries: Mapping[Tensor, Array]) -> Array:
    if node.op is None:
        return objects((Tensor(x, requires_grad=node.requires_grad) for x in np.asarray(node.data).flat), node.shape)
    form = form_of(node)
    made = form.build(node, *_operands(node, form, entries))
    return made if isinstance(made, np.ndarray) else objects([made], ())


def _operands(node: Tensor, form: Form, entries: Mapping[Tensor, Array]) -> Sequence[Any]:
    read = len(node.inputs) if form.reads is None else form.reads
    operands = [entries[x] if isinstance(x, Tensor) else constants(x) for x in node.inputs[:read]]
    return operands + [x.data if isinstance(x, Tensor) else x for x in node.inputs[read:]]


def _give_names(node: Tensor, entries: Array) -> None:
    if node.name is None:
        return
    for entry, name in zip(entries.flat, entry_names(node.name, node.shape)):
        if isinstance(entry, Tensor) and entry.name is None:
            entry.name = name


def _tensor(x: Any, name: str | None) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x, requires_grad=False, name=name)


def _deltas(layers: Sequence[Tensor], entries: Mapping[Tensor, Array]) -> dict[Tensor, str]:
    named: dict[Tensor, str] = {}
    for layer, node in enumerate(layers, 1):
        named |= _tensors_only(zip(entries[node].flat, entry_deltas(layer, len(layers), node.shape)))
    return named


def _tensors_only(pairs: Iterable[tuple[Any, str]]) -> dict[Tensor, str]:
    return {entry: delta for entry, delta in pairs if isinstance(entry, Tensor)}
