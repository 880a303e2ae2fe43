"""Feeding data: shuffled mini-batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.init import Seed, generator_of


def minibatches(*arrays: ArrayLike, batch_size: int, rng: Seed = None) -> Iterator[tuple[NDArray[Any], ...]]:
    """Mini-batches of arrays of the same length, shuffled alike; the last batch may be shorter.

    `rng` is a generator, which each call takes further, a seed for the same order each time, or None.

    Raises ValueError for no arrays, lengths that differ or a batch size below 1, before the first batch is made.

    >>> x, y = np.arange(5.0), np.arange(5)
    >>> [list(labels) for _, labels in minibatches(x, y, batch_size=2, rng=np.random.default_rng(0))]
    [[np.int64(2), np.int64(4)], [np.int64(3), np.int64(0)], [np.int64(1)]]
    """
    columns = [np.asarray(array) for array in arrays]
    lengths = [len(column) if column.ndim else 0 for column in columns]
    if len(set(lengths)) != 1 or not all(column.ndim for column in columns):
        raise ValueError(f"minibatches: expected arrays of one length, got lengths {lengths}")
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"minibatches: batch_size is a whole number of at least 1, got {batch_size}")
    order = generator_of(rng).permutation(lengths[0])
    return _batches(columns, order, batch_size)


def _batches(columns: list[NDArray[Any]], order: NDArray[Any], size: int) -> Iterator[tuple[NDArray[Any], ...]]:
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield tuple(column[chosen] for column in columns)
