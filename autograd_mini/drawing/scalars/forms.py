"""How each operation on arrays is written with operations on their entries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.drawing.scalars import rows
from autograd_mini.errors import describe
from autograd_mini.ops import Op
from autograd_mini.ops.joining import concatenate_arrays, stack_arrays
from autograd_mini.ops.norms import power_norm
from autograd_mini.ops.reductions import axes_of
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class Form:
    """An operation on arrays in terms of their entries."""

    build: Callable[..., Any]
    """(node, *operands) to the entries of the node; operands are arrays of scalar Tensors and numbers."""
    count: Callable[[Tensor], int]
    """How many Tensors `build` makes at most; nothing is computed for it."""
    reads: int | None = None
    """How many of the first inputs are operands; the others are given as plain arrays. None: all are operands."""


def form_of(node: Tensor) -> Form:
    """The form of the operation that computed a Tensor; ValueError if it has none.

    >>> z = Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])
    >>> form_of(z).count(z)
    3
    """
    op = node.op
    assert op is not None
    if op in _FORMS:
        return _FORMS[op]
    if op.elementwise or all(np.shape(x) == () for x in (node, *node.inputs)):
        return _ELEMENTWISE
    if not op.differentiable:
        return _CONSTANT
    raise ValueError(
        f"draw: {op.name}, which gave {describe(node)}, can't be written with operations on entries; draw without "
        'expand="scalar", compute it from sums, products and elementwise operations, or define it as '
        "ag.Op(..., elementwise=True) if each entry of its result comes from the entries at the same place"
    )


def objects(entries: Iterable[Any], shape: tuple[int, ...]) -> Array:
    """An array of scalar Tensors and numbers as they are.

    >>> objects([Tensor(1.0), 2], (1, 2))
    array([[Tensor(1.0), 2]], dtype=object)
    """
    # np.array would ask each Tensor to become an array.
    return np.fromiter(entries, object, math.prod(shape)).reshape(shape)


def constants(data: Any) -> Array:
    """Each entry of a plain array as a constant Tensor; a number stays a number.

    >>> constants(np.array([1.0])), constants(2.0)
    (array([Tensor(1.0, requires_grad=False)], dtype=object), array(2.0, dtype=object))
    """
    if not np.shape(data):
        return objects([data[()] if isinstance(data, np.ndarray) else data], ())
    return objects((Tensor(x, requires_grad=False) for x in np.asarray(data).flat), np.shape(data))


# ------------------------------------------------------------------------------------------------- families of forms


def _each(node: Tensor, *operands: Array) -> Array:
    columns = [x.ravel().tolist() for x in np.broadcast_arrays(*operands)]
    return objects((_op(node)(*xs, **node.settings) for xs in zip(*columns)), node.shape)


_ELEMENTWISE = Form(_each, lambda node: node.size)

_CONSTANT = Form(lambda node, *inputs: constants(node.data), lambda node: node.size, reads=0)
"""No gradient passes, so that nothing is lost if the graph begins anew here."""


def _movement(reads: int | None = None) -> Form:
    """Entries that only go elsewhere: what moves them is the operation itself."""
    return Form(lambda node, *operands: _op(node).forward(*operands, **node.settings), lambda node: 0, reads)


def _reduction(fold: Callable[..., Any], count: Callable[[int], int]) -> Form:
    """A row becomes one entry; `count` is of a row of n."""

    def build(node: Tensor, x: Array) -> Array:
        return objects((fold(row, **_others(node)) for row in _rows(x, node).tolist()), node.shape)

    return Form(build, lambda node: _rows_of(node) * max(count(_length(node)), 0))


def _row_by_row(change: Callable[..., Any], count: Callable[[int], int]) -> Form:
    """A row becomes another of the same length."""

    def build(node: Tensor, x: Array) -> Array:
        order = _axes_last(node)
        changed = itertools.chain.from_iterable(change(row) for row in _rows(x, node).tolist())
        moved = objects(changed, tuple([x.shape[axis] for axis in order]))
        return moved.transpose(np.argsort(order)).reshape(node.shape)

    return Form(build, lambda node: _rows_of(node) * max(count(_length(node)), 0))


def _op(node: Tensor) -> Op:
    assert node.op is not None
    return node.op


def _others(node: Tensor) -> dict[str, Any]:
    return {name: setting for name, setting in node.settings.items() if name not in ("axis", "keepdims")}


def _rows(x: Array, node: Tensor) -> Array:
    """The entries that are combined with one another, as rows."""
    return x.transpose(_axes_last(node)).reshape((_rows_of(node), _length(node)))


def _axes_last(node: Tensor) -> list[int]:
    combined = axes_of(node.settings["axis"], len(_shape(node.inputs[0])))
    return [axis for axis in range(len(_shape(node.inputs[0]))) if axis not in combined] + list(combined)


def _rows_of(node: Tensor) -> int:
    """How many rows are changed one by one."""
    shape = _shape(node.inputs[0])
    combined = axes_of(node.settings["axis"], len(shape))
    return math.prod(size for axis, size in enumerate(shape) if axis not in combined)


def _length(node: Tensor) -> int:
    """How many entries a row has."""
    shape = _shape(node.inputs[0])
    return math.prod(shape[axis] for axis in axes_of(node.settings["axis"], len(shape)))


def _shape(x: Any) -> tuple[int, ...]:
    return np.shape(x)


# --------------------------------------------------------------------------------------------------- products, losses


def _products(node: Tensor) -> int:
    """z₁ W₁₁ + z₂ W₂₁ + ... for each entry: n products and n - 1 sums."""
    return node.size * max(2 * _shape(node.inputs[0])[-1] - 1, 0)


_MATMUL = Form(lambda node, x, y: np.matmul(x, y), _products)
_AFFINE = Form(lambda node, x, w, b: _each_sum(node, np.matmul(x, w), b), lambda node: _products(node) + node.size)


def _each_sum(node: Tensor, product: Any, b: Array) -> Array:
    pairs = np.broadcast_arrays(product if isinstance(product, np.ndarray) else objects([product], ()), b)
    return objects(map(ops.add, *(x.ravel().tolist() for x in pairs)), node.shape)


def _cross_entropy(node: Tensor, z: Array, y: Array) -> Any:
    """The mean over the samples of log(exp(z₁) + exp(z₂) + ...) - z_y."""
    return rows.mean([ops.subtract(rows.logsumexp(row), row[label]) for row, label in zip(z.tolist(), y.tolist())])


def _cross_entropy_count(node: Tensor) -> int:
    samples, classes = _shape(node.inputs[0])
    return samples * (2 * classes + 1) + (samples if samples > 1 else 0)


_FORMS: dict[Op, Form] = {
    **dict.fromkeys((ops.reshape, ops.transpose, ops.broadcast_to, ops.roll, ops.pad, ops.windows), _movement()),
    **dict.fromkeys((concatenate_arrays, stack_arrays), _movement()),
    ops.getitem: _movement(reads=1),
    ops.matmul: _MATMUL,
    ops.affine: _AFFINE,
    ops.reduce_sum: _reduction(rows.total, lambda n: n - 1),
    ops.mean: _reduction(rows.mean, lambda n: n if n > 1 else 0),
    ops.prod: _reduction(rows.product, lambda n: n - 1),
    ops.reduce_max: _reduction(rows.largest, lambda n: n),
    ops.reduce_min: _reduction(rows.smallest, lambda n: n),
    ops.var: _reduction(rows.variance, lambda n: 4 * n),
    ops.std: _reduction(rows.deviation, lambda n: 4 * n + 1),
    power_norm: _reduction(rows.norm, lambda n: 3 * n),
    ops.logsumexp: _reduction(rows.logsumexp, lambda n: 2 * n),
    ops.softmax: _row_by_row(rows.softmax, lambda n: 3 * n),
    ops.log_softmax: _row_by_row(rows.log_softmax, lambda n: 3 * n),
    ops.cumsum: _row_by_row(lambda row: itertools.accumulate(row, ops.add), lambda n: n - 1),
    ops.cumprod: _row_by_row(lambda row: itertools.accumulate(row, ops.multiply), lambda n: n - 1),
    ops.sort: _row_by_row(lambda row: sorted(row, key=rows.value), lambda n: 0),
    ops.softmax_cross_entropy: Form(_cross_entropy, _cross_entropy_count, reads=1),
}
