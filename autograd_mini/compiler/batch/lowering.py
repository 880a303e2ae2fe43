"""What becomes of a group: array operations where they pay, else the scalar operations that it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import ALONE, Arrays
from autograd_mini.compiler.batch.combine import applied, combined
from autograd_mini.compiler.batch.elementwise import apply_elementwise
from autograd_mini.compiler.batch.patterns import distinct_rows
from autograd_mini.compiler.batch.plan import Group, Level
from autograd_mini.compiler.batch.products import sum_products, sum_rows
from autograd_mini.compiler.batch.ragged import add_ragged, is_table
from autograd_mini.ops import multiply

FEW = 3
"""So many terms are added one by one, in place of making a table of them."""


def lower(arrays: Arrays, level: Level, trained: Array) -> None:
    """Emit the array operations of a level; what stays scalar is emitted when it is read.

    `trained` are the inputs that come first in products, so that weights meet other values on one side.
    """
    for position in level.entries:
        arrays.hold_entry(position)
    sums = [group for group in level.groups if group.op is None]
    for group in sums:
        _put_first(arrays, group, trained)
    ragged = {id(group): group for group in sums if not is_table(group)}
    for dtype in dict.fromkeys(group.dtype for group in ragged.values()):
        _lower_pool(arrays, [group for group in ragged.values() if group.dtype == dtype])
    for group in level.groups:
        if id(group) not in ragged:
            _lower_group(arrays, group)


def _lower_pool(arrays: Arrays, groups: list[Group]) -> None:
    """Emit sums of different lengths together."""
    ids = np.concatenate([group.ids.reshape(-1) for group in groups])
    results = np.concatenate([group.results for group in groups])
    if len(groups) > 1 and groups[0].pays_for(len(results), len(ids)) and _readable(arrays, ids):
        arrays.alias(results, add_ragged(arrays, groups))
        return
    for group in groups:
        _lower_group(arrays, group)


def _lower_group(arrays: Arrays, group: Group) -> None:
    for part in _alike(arrays, group):
        if not part.pays or not _readable(arrays, part.ids):
            continue
        if part.op is None:
            arrays.alias(part.results, _sums(arrays, part))
        else:
            apply_elementwise(arrays, part.op, part.example.settings, part.dtype, part.ids, part.results)


def _readable(arrays: Arrays, ids: Array) -> bool:
    """Whether few arrays hold most operands: many of them, or values alone, would take long to join."""
    held = arrays.array_of[ids]
    sources = len(np.unique(held)) + len(np.unique(ids[held == ALONE]))
    return bool(4 * (sources - 3) <= ids.size)


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
    """Large parts of a group that each read their own arrays, and what is left over together."""
    _, which = distinct_rows(arrays.array_of[group.ids])
    order = np.argsort(which, kind="stable")
    rest = []
    for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
        part = group.chosen(rows)
        if part.pays and 4 * len(rows) >= len(order):
            yield part
        else:
            rest.append(rows)
    if rest:
        yield group.chosen(np.sort(np.concatenate(rest)))


def _sums(arrays: Arrays, group: Group) -> Array:
    plus = [*_product_totals(arrays, group.part(0)), *_totals(arrays, group.part(2))]
    minus = [*_product_totals(arrays, group.part(1)), *_totals(arrays, group.part(3))]
    return combined(arrays, plus, minus)


def _product_totals(arrays: Arrays, factors: Array) -> list[Array]:
    left, right = factors[:, 0::2], factors[:, 1::2]
    if left.shape[1] > 1:
        return [sum_products(arrays, left, right)]
    return [applied(arrays, multiply, left[:, 0], right[:, 0])] if left.shape[1] else []


def _totals(arrays: Arrays, terms: Array) -> list[Array]:
    return list(terms.T) if terms.shape[1] <= FEW else [sum_rows(arrays, terms)]
