"""Rewriting of gradients towards the forms of a derivation by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd_mini.explanation.product import shortened
from autograd_mini.formula import Apply, Expression, Number, simplified
from autograd_mini.formula.arrays import ENTRYWISE
from autograd_mini.formula.expression import broadcast, entrywise, fold, with_arguments
from autograd_mini.ops.indexing import SLOT

_ROUNDS = 8
_ALL = slice(None)


def readable(expression: Expression) -> Expression:
    """An expression of the same value and shape as it would be written by hand, where all values are finite.

    >>> from autograd_mini.formula import Name, as_text
    >>> x, g = Name("x", (3,)), Name("g", (2,))
    >>> column, row = Apply("getitem", (x,), (("index", (_ALL, None)),), (3, 1)), Name("g", (1, 2))
    >>> as_text(readable(entrywise("add", entrywise("multiply", column, row), Number(0))))
    'x[:, None] ⊙ g'
    """
    for _ in range(_ROUNDS):
        before = simplified(expression)
        expression = fold(before, _rewritten)
        if expression == before:
            break
    return expression


def _rewritten(node: Expression, arguments: Sequence[Expression]) -> Expression:
    if not isinstance(node, Apply):
        return node
    current: Expression = with_arguments(node, arguments)
    for rule in RULES:
        found = rule(current) if isinstance(current, Apply) else None
        if found is not None and (None in (found.shape, current.shape) or found.shape == current.shape):
            current = found
    return shortened(current)


def leading_axes(e: Apply) -> Expression | None:
    """x ⊙ reshape(y, (1, K)) → x ⊙ y: broadcasting adds leading axes by itself."""
    if e.op_name not in ENTRYWISE and e.op_name != "broadcast_to":
        return None
    bare = tuple([_without_leading_axes(x) for x in e.arguments])
    if all(x is y for x, y in zip(bare, e.arguments)):
        return None
    if e.op_name == "broadcast_to":
        return replace(e, arguments=bare)
    fits = None not in [x.shape for x in bare] and broadcast([x.shape for x in bare]) == e.shape
    return entrywise(e.op_name, *bare) if fits else None


def _without_leading_axes(e: Expression) -> Expression:
    if not isinstance(e, Apply) or e.op_name != "reshape" or e.shape is None:
        return e
    (x,) = e.arguments
    if x.shape is None or len(x.shape) >= len(e.shape):
        return e
    return x if e.shape == (1,) * (len(e.shape) - len(x.shape)) + x.shape else e


def outer_product(e: Apply) -> Expression | None:
    """x[:, None] ⊙ g[None, :] → outer(x, g), for vectors."""
    if e.op_name != "multiply":
        return None
    left, right = e.arguments
    for first, last in ((left, right), (right, left)):
        column, row = _column(first), _row(last)
        if column is not None and row is not None:
            return Apply("outer", (column, row), shape=e.shape)
    return None


def turned_outer_product(e: Apply) -> Expression | None:
    """outer(x, y)ᵀ → outer(y, x)."""
    (product,) = e.arguments if e.op_name == "transpose" else (None,)
    if not isinstance(product, Apply) or product.op_name != "outer":
        return None
    return replace(product, arguments=product.arguments[::-1], shape=e.shape)


def turned_product(e: Apply) -> Expression | None:
    """(X @ Yᵀ)ᵀ → Y @ Xᵀ and (Xᵀ @ Y)ᵀ → Yᵀ @ X, for matrices."""
    (product,) = e.arguments if e.op_name == "transpose" and len(e.shape or ()) == 2 else (None,)
    if not isinstance(product, Apply) or product.op_name != "matmul":
        return None
    if not any(isinstance(x, Apply) and x.op_name == "transpose" for x in product.arguments):
        return None
    left, right = [Apply("transpose", (x,), shape=(x.shape or ())[::-1]) for x in product.arguments]
    return Apply("matmul", (right, left), shape=e.shape)


def _column(e: Expression) -> Expression | None:
    """x, if e is x[:, None] of a vector x."""
    if isinstance(e, Apply) and e.op_name == "getitem" and e["index"] in ((_ALL, None), (..., None)):
        (x,) = e.arguments
        return x if x.shape is not None and len(x.shape) == 1 else None
    return None


def _row(e: Expression) -> Expression | None:
    """g, if e is g[None, :] of a vector g, or g itself."""
    if isinstance(e, Apply) and e.op_name == "getitem" and e["index"] in ((None, _ALL), (..., None, _ALL)):
        (e,) = e.arguments
    return e if e.shape is not None and len(e.shape) == 1 else None


def labelled(e: Apply) -> Expression | None:
    """scatter_add(g, index=[arange(N), y]) → one_hot(y) ⊙ g[:, None]: an entry for the label of each row."""
    if e.op_name != "scatter_add" or e["index"] != (SLOT, SLOT) or e.shape is None or len(e.shape) != 2:
        return None
    g, rows, labels = e.arguments
    count, classes = e.shape
    if rows != Apply("arange", (Number(count),)) or labels.shape != (count,):
        return None
    ones = Apply("one_hot", (labels,), (("classes", classes),), e.shape)
    bare = g.arguments[0] if isinstance(g, Apply) and g.op_name == "broadcast_to" else g
    if bare.shape != ():
        bare = Apply("getitem", (g,), (("index", (_ALL, None)),), (count, 1))
    return entrywise("multiply", ones, bare)


def of_the_label(e: Apply) -> Expression | None:
    """(a / P[arange(N), y])[:, None] ⊙ one_hot(y) → a / P ⊙ one_hot(y): elsewhere both are 0."""
    if e.op_name != "multiply":
        return None
    for ones, column in (e.arguments, e.arguments[::-1]):
        if isinstance(ones, Apply) and ones.op_name == "one_hot":
            found = _unpicked(column, ones)
            if found is not None:
                return entrywise("multiply", ones, found)
    return None


def _unpicked(column: Expression, ones: Apply) -> Expression | None:
    vector = _column(column)
    if vector is None or ones.shape is None:
        return None
    picked = _picked(vector, ones)
    if picked is None:
        return None
    found = fold(vector, lambda node, xs: _without_pick(node, xs, picked))
    return found if found.shape is not None and broadcast([found.shape, ones.shape]) == ones.shape else None


def _picked(vector: Expression, ones: Apply) -> Expression | None:
    """P[arange(N), y], if a vector is made of that, numbers and scalars only."""
    waiting, found = [vector], set()
    while waiting:
        e = waiting.pop()
        if isinstance(e, Apply) and (e.op_name in ENTRYWISE or e.op_name == "broadcast_to"):
            waiting += e.arguments
        elif e.shape != ():
            found.add(e)
    (only,) = found if len(found) == 1 else (None,)
    is_pick = isinstance(only, Apply) and only.op_name == "getitem" and only["index"] == (SLOT, SLOT)
    if not is_pick or not isinstance(only, Apply):
        return None
    x, rows, labels = only.arguments
    in_order = isinstance(rows, Apply) and rows.op_name == "arange"
    return only if in_order and labels == ones.arguments[0] and x.shape == ones.shape else None


def _without_pick(node: Expression, arguments: Sequence[Expression], picked: Expression) -> Expression:
    if node == picked and isinstance(node, Apply):
        return node.arguments[0]
    if not isinstance(node, Apply):
        return node
    if node.op_name == "broadcast_to":
        return arguments[0]
    return entrywise(node.op_name, *arguments) if node.op_name in ENTRYWISE else node


def sum_of_scaled(e: Apply) -> Expression | None:
    """Σ (c·x / d) → c·Σ x / d for scalars c and d, and Σ −x → −Σ x."""
    if e.op_name != "sum":
        return None
    (x,) = e.arguments
    if not isinstance(x, Apply) or x.op_name not in ("multiply", "divide", "negative"):
        return None
    scalars = [y.shape == () for y in x.arguments]
    if x.op_name == "negative" or (x.op_name == "divide" and scalars == [False, True]):
        place = 0
    elif x.op_name == "multiply" and sum(scalars) == 1:
        place = scalars.index(False)
    else:
        return None
    inner = x.arguments[place]
    if inner.shape != x.shape:
        return None
    parts = [*x.arguments[:place], replace(e, arguments=(inner,)), *x.arguments[place + 1 :]]
    return entrywise(x.op_name, *parts)


def sum_of_one_hot(e: Apply) -> Expression | None:
    """Σ_k one_hot(y) → 1: one entry of each row is 1."""
    (x,) = e.arguments if e.op_name == "sum" else (e,)
    if not isinstance(x, Apply) or x.op_name != "one_hot" or e["axis"] not in (-1, 1, (1,), (-1,)) or not e.shape:
        return None
    return Apply("broadcast_to", (Number(1),), (("shape", e.shape),), e.shape)


def is_one_number(e: Expression) -> bool:
    """Whether all entries are the same scalar, repeated.

    >>> is_one_number(Apply("broadcast_to", (Number(1),), (("shape", (2,)),), (2,)))
    True
    """
    return isinstance(e, Apply) and e.op_name == "broadcast_to" and e.arguments[0].shape == ()


def moved_number(e: Apply) -> Expression | None:
    """broadcast(1 / N)[:, None] → broadcast(1 / N), also reshaped, transposed or broadcast once more."""
    if e.op_name not in ("getitem", "reshape", "transpose", "broadcast_to") or len(e.arguments) != 1:
        return None
    scalar = e.arguments[0]
    if isinstance(scalar, Apply) and is_one_number(scalar):
        (scalar,) = scalar.arguments
    if scalar.shape != () or e.shape is None:
        return None
    return Apply("broadcast_to", (scalar,), (("shape", e.shape),), e.shape) if e.shape else scalar


def same_entries(e: Apply) -> Expression | None:
    """−broadcast(1 / N) → broadcast(−1 / N), and likewise for every operation of entries that are all the same."""
    if e.op_name not in ENTRYWISE or not e.shape or not any(map(is_one_number, e.arguments)):
        return None
    bare = [x.arguments[0] if isinstance(x, Apply) and is_one_number(x) else x for x in e.arguments]
    if any(x.shape != () for x in bare):
        return None
    return Apply("broadcast_to", (entrywise(e.op_name, *bare),), (("shape", e.shape),), e.shape)


def doubled(e: Apply) -> Expression | None:
    """x + x → 2·x and (y + x) + x → y + 2·x."""
    before, x = e.arguments if e.op_name == "add" else (None, e)
    if before == x:
        return entrywise("multiply", Number(2), x)
    if isinstance(before, Apply) and before.op_name == "add" and before.arguments[1] == x:
        return entrywise("add", before.arguments[0], entrywise("multiply", Number(2), x))
    return None


def vector_last(e: Apply) -> Expression | None:
    """g @ Xᵀ → X @ g, for a vector g."""
    if e.op_name != "matmul" or len(e.arguments[0].shape or ()) != 1:
        return None
    g, x = e.arguments
    is_turned = isinstance(x, Apply) and x.op_name == "transpose" and len(x.shape or ()) == 2
    return replace(e, arguments=(x.arguments[0], g)) if is_turned and isinstance(x, Apply) else None


RULES = (
    leading_axes,
    outer_product,
    turned_outer_product,
    turned_product,
    labelled,
    of_the_label,
    sum_of_scaled,
    sum_of_one_hot,
    moved_number,
    same_entries,
    doubled,
    vector_last,
)
