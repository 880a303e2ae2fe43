"""Rewriting of what moves entries about, broadcasting to indexing, and of the order of factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd_mini.formula.expression import Apply, Expression, Number, Shape, broadcast, entrywise
from autograd_mini.ops.indexing import SLOT

ENTRYWISE = frozenset({"add", "subtract", "multiply", "divide", "negative", "power", "where"})
_ALL = slice(None)


def number_first(e: Apply) -> Expression | None:
    """x·3 → 3·x."""
    first, last = e.arguments if e.op_name == "multiply" else (e, e)
    return entrywise("multiply", last, first) if isinstance(last, Number) and not isinstance(first, Number) else None


def scalar_first(e: Apply) -> Expression | None:
    """X·g → g·X for a scalar g and an array X."""
    first, last = e.arguments if e.op_name == "multiply" else (e, e)
    return entrywise("multiply", last, first) if last.shape == () and first.shape not in (None, ()) else None


def same_shape(e: Apply) -> Expression | None:
    """A broadcast or reshape to the shape that x has → x."""
    if e.op_name in ("broadcast_to", "reshape") and e.shape is not None and e.arguments[0].shape == e.shape:
        return e.arguments[0]
    return None


def needless_broadcast(e: Apply) -> Expression | None:
    """broadcast(x) ⊙ y → x ⊙ y, where the shape of the result stays."""
    if e.op_name not in ENTRYWISE:
        return None
    for position, x in enumerate(e.arguments):
        if isinstance(x, Apply) and x.op_name == "broadcast_to":
            arguments = (*e.arguments[:position], x.arguments[0], *e.arguments[position + 1 :])
            if e.shape is not None and _fits([argument.shape for argument in arguments], e.shape):
                return entrywise(e.op_name, *arguments)
    return None


def _fits(shapes: Sequence[Shape], shape: Shape) -> bool:
    return broadcast(shapes) == shape


def reshaped_twice(e: Apply) -> Expression | None:
    """A reshape of a reshape → the last one alone."""
    if e.op_name == "reshape" and isinstance(e.arguments[0], Apply) and e.arguments[0].op_name == "reshape":
        return replace(e, arguments=e.arguments[0].arguments)
    return None


def transposed_twice(e: Apply) -> Expression | None:
    """xᵀᵀ → x."""
    (x,) = e.arguments if e.op_name == "transpose" else (None,)
    if not isinstance(x, Apply) or x.op_name != "transpose":
        return None
    outer, inner = e["axes"], x["axes"]
    if outer is None or inner is None:
        return x.arguments[0] if outer is inner else None
    return x.arguments[0] if all(inner[axis] == place for place, axis in enumerate(outer)) else None


def untransposed(e: Apply) -> Expression | None:
    """xᵀ → x of what has no two axes, or where each axis stays."""
    if e.op_name != "transpose" or e.shape is None:
        return None
    axes = tuple(range(len(e.shape)))
    return e.arguments[0] if len(axes) < 2 or e["axes"] == axes else None


def same_numbers(e: Apply) -> Expression | None:
    """x in another dtype of floats → x."""
    kind = getattr(e["dtype"], "kind", None) if e.op_name == "astype" else None
    return e.arguments[0] if kind == "f" else None


def last_axis(e: Apply) -> Expression | None:
    """softmax(x, axis=1) → softmax(x) of a matrix: along the last axis is the default."""
    if e.op_name in ("softmax", "log_softmax") and e.shape and e["axis"] == len(e.shape) - 1:
        return replace(e, settings=())
    return None


def one_hot(e: Apply) -> Expression | None:
    """y[:, None] = arange(k) → one_hot(y): rows with a 1 at their label."""
    labels, classes = e.arguments if e.op_name == "equal" else (None, None)
    if not isinstance(labels, Apply) or not isinstance(classes, Apply) or classes.op_name != "arange":
        return None
    if labels.op_name == "getitem" and labels["index"] == (_ALL, None):
        (count,) = classes.arguments
        return Apply("one_hot", labels.arguments, (("classes", getattr(count, "value", None)),), e.shape)
    return None


def vector_product(e: Apply) -> Expression | None:
    """(g[..., None, :] @ X)[..., 0, :] → g @ X and (X @ g[..., None])[..., 0] → X @ g, for a vector g."""
    (product,) = e.arguments if e.op_name == "getitem" and len(e.arguments) == 1 else (None,)
    if not isinstance(product, Apply) or product.op_name != "matmul":
        return None
    left, right = product.arguments
    if e["index"] == (..., 0, _ALL) and (row := _vector(left, (..., None, _ALL))):
        return Apply("matmul", (row, right), shape=e.shape)
    if e["index"] == (..., 0) and (column := _vector(right, (..., None))):
        return Apply("matmul", (left, column), shape=e.shape)
    return None


def _vector(e: Expression, index: tuple[object, ...]) -> Expression | None:
    """x, if e is x[index] of a vector x."""
    if isinstance(e, Apply) and e.op_name == "getitem" and e["index"] == index and len(e.arguments) == 1:
        (x,) = e.arguments
        return x if x.shape is not None and len(x.shape) == 1 else None
    return None


def sign_outwards(e: Apply) -> Expression | None:
    """(−X) @ Y → −(X @ Y), for either side."""
    if e.op_name != "matmul":
        return None
    for position, x in enumerate(e.arguments):
        if isinstance(x, Apply) and x.op_name == "negative":
            arguments = (*e.arguments[:position], x.arguments[0], *e.arguments[position + 1 :])
            return Apply("negative", (replace(e, arguments=arguments),), shape=e.shape)
    return None


def whole(e: Apply) -> Expression | None:
    """x[:] → x."""
    index = e["index"] if e.op_name == "getitem" else (SLOT,)
    return e.arguments[0] if all(part is ... or part == _ALL for part in index) else None


RULES = (
    number_first,
    scalar_first,
    same_shape,
    needless_broadcast,
    reshaped_twice,
    transposed_twice,
    untransposed,
    same_numbers,
    last_axis,
    one_hot,
    vector_product,
    sign_outwards,
    whole,
)
