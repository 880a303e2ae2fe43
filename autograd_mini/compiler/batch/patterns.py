"""Regularity in arrays of numbers: what lets a gather be a slice, and a sum of products a matrix product."""

from __future__ import annotations

from autograd_mini.checks import Array

import numpy as np


def is_range(places: Array, size: int) -> bool:
    """Whether the places are all those of an array of some size, in order."""
    return places.size == size and bool((places.reshape(-1) == np.arange(size)).all())


def strides(places: Array) -> tuple[int, ...] | None:
    """How far apart neighbours along each axis are, if they are so everywhere."""
    steps = tuple(int(np.take(places, 1, axis).flat[0] - places.flat[0]) for axis in range(places.ndim))
    grid = np.indices(places.shape, sparse=True)
    expected = places.flat[0] + sum(step * line for step, line in zip(steps, grid))
    return steps if bool((places == expected).all()) else None


def distinct_rows(table: Array) -> tuple[Array, Array]:
    """The rows that differ, in the order in which they first come, and for each row of the table which it is."""
    _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return table[first[order]], rank[which.reshape(-1)]


def components(left: Array, right: Array) -> Array:
    """For edges between left and right nodes, which edges belong together: the same number for connected ones."""
    label = left.copy()
    while True:
        before = label
        for side in (right, left):
            least = np.full(side.max() + 1, len(left) + left.max(), left.dtype)
            np.minimum.at(least, side, label)
            label = least[side]
        if (label == before).all():
            return label
