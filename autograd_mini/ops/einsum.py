"""Sums of products by labelled axes."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.ops.op import REQUIRED, Op, implements
from autograd_mini.ops.products import as_arrays
from autograd_mini.ops.shape import broadcast_to


def _resolve(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with letters for the axes that an ellipsis stands for."""
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    spare = [letter for letter in string.ascii_letters if letter not in subscripts]
    terms = given.split(",")
    counts = [ndim - len(term) + 3 if "..." in term else 0 for term, ndim in zip(terms, ndims)]
    widest = "".join(spare[: max(counts)])
    terms = [term.replace("...", widest[len(widest) - count :]) for term, count in zip(terms, counts)]
    if not arrow:
        letters = given.replace(",", "").replace(".", "")
        result = "..." + "".join(label for label in sorted(letters) if letters.count(label) == 1)
    return terms, result.replace("...", widest)


def _contract(terms: Sequence[str], operands: Sequence[Any], result: str, optimize: Any) -> Any:
    return _einsum(*operands, subscripts=f"{','.join(terms)}->{result}", optimize=optimize)


def _on_diagonal(g: Any, axes: str, term: str, optimize: Any) -> Any:
    """Put g, with one axis per label, on the diagonals of an array in which labels repeat; zeros elsewhere."""
    spare = iter(letter for letter in string.ascii_letters if letter not in axes)
    terms, operands, target = [axes], [g], ""
    for label in term:
        if label in target:
            size, again = g.shape[axes.index(label)], next(spare)
            terms.append(label + again)
            operands.append(np.eye(size, dtype=g.dtype))
            label = again
        target += label
    return _contract(terms, operands, target, optimize)


def _einsum_vjp(g: Any, out: Any, *operands: Any, subscripts: str, optimize: Any, position: int) -> Any:
    terms, result = _resolve(subscripts, [x.ndim for x in operands])
    optimize = optimize if isinstance(optimize, (bool, str)) else True  # a path fits one contraction only
    x, term = operands[position], terms[position]
    terms[position] = result
    sizes = dict(zip(term, x.shape))
    known = "".join(terms)
    # Left out, an axis along which x was broadcast is summed over.
    kept = "".join(label for label, size in sizes.items() if label in known and size != 1)
    factors = [*operands[:position], g, *operands[position + 1 :]]
    g = _contract(terms, factors, kept, optimize)
    # Along a label that only x has, or that all others have with size 1, every entry of x counts alike.
    lengths = dict(zip(kept, g.shape))
    g = broadcast_to(g.reshape(tuple([lengths.get(label, 1) for label in sizes])), shape=tuple(sizes.values()))
    return g if len(sizes) == len(term) else _on_diagonal(g, "".join(sizes), term, optimize)


_einsum: Op = Op(
    "einsum",
    lambda *operands, subscripts, optimize: np.einsum(subscripts, *operands, optimize=optimize)[()],
    each=_einsum_vjp,
    settings={"subscripts": REQUIRED, "optimize": False},
)


@implements(np.einsum)
def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """Sum of products of operands whose axes are labelled, in NumPy's notation: `einsum("ij,jk->ik", x, y)`.

    Labels that the result lacks are summed over; a label repeated in one operand reads its diagonal; `...` stands for
    any axes, which broadcast; axes of size 1 broadcast too. Without `->` the result has the labels that occur once, in
    alphabetical order. `optimize` is NumPy's: whether and how to look for a cheap order of the products.

    Each operand's derivative is a sum of products again: of g and the other operands, with the operand's own labels.

    Raises TypeError for operands with sublists instead of a string; ValueError for subscripts that do not fit.

    >>> import autograd_mini as ag
    >>> ag.einsum("ij,j->i", ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    Tensor([21., 43.], op='einsum')
    """
    if not isinstance(subscripts, str):
        raise TypeError(
            f"einsum: the subscripts are a string, got {type(subscripts).__name__}; write einsum('ij,jk->ik', x, y)"
        )
    arrays = as_arrays(*operands)
    _check(subscripts, arrays)
    return _einsum(*arrays, subscripts=subscripts, optimize=optimize)


def _check(subscripts: str, operands: Sequence[Any]) -> None:
    """ValueError where the labels do not fit the axes, or one label stands for axes of two lengths."""
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    shapes = [np.shape(x) for x in operands]
    where = f"einsum: {subscripts!r} of arrays {', '.join(map(str, shapes))}"
    if len(terms) != len(operands):
        raise ValueError(f"{where}: it is for {len(terms)} array(s), got {len(operands)}")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        if "..." not in term and len(term) != len(shape):
            raise ValueError(f"{where}: {term!r} labels {len(term)} axes, the array has {len(shape)}")
        before, _, after = term.partition("...")
        for label, size in [*zip(before, shape), *zip(after[::-1], shape[::-1])]:
            if size != sizes.setdefault(label, size) and 1 not in (size, sizes[label]):
                raise ValueError(f"{where}: {label!r} stands for axes of {sizes[label]} and of {size}")
            sizes[label] = max(size, sizes[label])
