"""What becomes of a group: array operations where they pay, else the scalar operations that it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import ALONE, Arrays
from autograd_mini.compiler.batch.elementwise import apply_elementwise
from autograd_mini.compiler.batch.patterns import distinct_rows
from autograd_mini.compiler.batch.plan import Group
from autograd_mini.compiler.batch.products import sum_products, sum_rows
from autograd_mini.ops import add, multiply, subtract

FEW = 3
"""So many terms are added one by one, in place of making a table of them."""


def lower(arrays: Arrays, group: Group, trained: Array) -> bool:
    """Emit a group; whether any of it became an array operation.

    `trained` are the inputs that come first in products, so that weights meet other values on one side.
    """
    if group.op is None:
        _put_first(arrays, group, trained)
    return any([_lower_part(arrays, part) for part in _alike(arrays, group)])


def _lower_part(arrays: Arrays, part: Group) -> bool:
    if not _pays(arrays, part):
        for position in part.results.tolist():
            arrays.alone(position)
        return False
    if part.op is None:
        _lower_sums(arrays, part)
    else:
        apply_elementwise(arrays, part.op, part.example.settings, part.dtype, part.ids, part.results)
    return True


def _pays(arrays: Arrays, part: Group) -> bool:
    """Whether there is enough to compute, and an array to read it from: values alone would have to be joined first."""
    alone = len(np.unique(part.ids[arrays.array_of[part.ids] == ALONE]))
    return part.pays and 4 * alone <= part.ids.size


def _put_first(arrays: Arrays, group: Group, trained: Array) -> None:
    """Swap the factors of products so that all of one array are on one side, to meet those of another as tables."""
    rank = arrays.array_of.copy()
    rank[trained] = -2
    stop = group.counts[0] + group.counts[1]
    left, right = group.ids[:, 0:stop:2].copy(), group.ids[:, 1:stop:2].copy()
    swapped = rank[left] > rank[right]
    group.ids[:, 0:stop:2] = np.where(swapped, right, left)
    group.ids[:, 1:stop:2] = np.where(swapped, left, right)


def _alike(arrays: Arrays, group: Group) -> Iterator[Group]:
    """Parts of a group that read the same arrays, and what is left over together."""
    _, which = distinct_rows(arrays.array_of[group.ids])
    order = np.argsort(which, kind="stable")
    rest = []
    for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
        part = group.chosen(rows)
        if part.pays:
            yield part
        else:
            rest.append(rows)
    if rest:
        yield group.chosen(np.sort(np.concatenate(rest)))


def _lower_sums(arrays: Arrays, group: Group) -> None:
    added_products, subtracted_products, added, subtracted = np.split(group.ids, np.cumsum(group.counts)[:-1], axis=1)
    plus = [*_product_totals(arrays, added_products, group), *_totals(arrays, added)]
    minus = [*_product_totals(arrays, subtracted_products, group), *_totals(arrays, subtracted)]
    total = plus[0]
    for op, terms in ((add, plus[1:]), (subtract, minus)):
        for term in terms:
            so_far, total = total, arrays.fresh(len(term))
            apply_elementwise(arrays, op, {}, group.dtype, np.stack([so_far, term], axis=1), total)
    arrays.array_of[group.results] = arrays.array_of[total]
    arrays.place_of[group.results] = arrays.place_of[total]


def _product_totals(arrays: Arrays, factors: Array, group: Group) -> list[Array]:
    left, right = factors[:, 0::2], factors[:, 1::2]
    if left.shape[1] > 1:
        return [sum_products(arrays, left, right)]
    if left.shape[1] == 0:
        return []
    results = arrays.fresh(len(factors))
    apply_elementwise(arrays, multiply, {}, group.dtype, factors, results)
    return [results]


def _totals(arrays: Arrays, terms: Array) -> list[Array]:
    return list(terms.T) if terms.shape[1] <= FEW else [sum_rows(arrays, terms)]
