"""Regularity in arrays of numbers: what lets a gather be a slice, and a sum of products a matrix product."""

from __future__ import annotations

import numpy as np

from autograd_mini.checks import Array


def is_range(places: Array, size: int) -> bool:
    """Whether the places are all those of an array of some size, in order."""
    return places.size == size and bool((places.reshape(-1) == np.arange(size)).all())


def strides(places: Array) -> tuple[int, ...] | None:
    """How far apart neighbours along each axis are, if they are so everywhere."""
    steps = tuple(int(np.take(places, 1, axis).flat[0] - places.flat[0]) for axis in range(places.ndim))
    expected = places.flat[0]
    for step, line in zip(steps, np.ogrid[tuple(slice(size) for size in places.shape)]):
        expected = expected + step * line
    return steps if bool((places == expected).all()) else None


def distinct_rows(table: Array) -> tuple[Array, Array]:
    """The rows that differ, in the order in which they first come, and for each row of the table which it is."""
    _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return table[first[order]], rank[which.reshape(-1)]


def components(left: Array, right: Array) -> Array:
    """For edges between left and right nodes a label, the same for edges of which each left meets each right node.

    Two rounds are enough for those, and separate them from others that they have no node in common with.
    """
    label = left
    for side in (right, left, right, left):
        least = np.full(side.max() + 1, left.max() + 1, left.dtype)
        np.minimum.at(least, side, label)
        label = least[side]
    return label
