"""Which scalar inputs of a program become vectors, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import Arrays
from autograd_mini.compiler.batch.plan import Group
from autograd_mini.compiler.batch.values import Values
from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.sources import Pack


def hold_inputs(arrays: Arrays, values: Values, groups: list[Group], trainable: Callable[[Any], int]) -> Array:
    """Make vectors of the scalar inputs that groups read; the numbers of those that are trainable."""
    kinds: dict[tuple[np.dtype[Any], int], list[int]] = {}
    for number in _in_reading_order(groups, values).tolist():
        node = values.nodes[number]
        kinds.setdefault((node.dtype, trainable(node.source)), []).append(number)
    trained = [number for (_, trains), numbers in kinds.items() for number in numbers if trains]
    for (dtype, _), numbers in kinds.items():
        if len(numbers) > 1:
            sources = tuple([values.nodes[number].source for number in numbers])
            arrays.hold(arrays.emit(Node((len(numbers),), dtype, source=Pack(sources))), np.array(numbers))
    return np.array(trained, np.intp)


def _in_reading_order(groups: list[Group], values: Values) -> Array:
    """The scalar inputs as the group that reads them most often goes through them, so that it finds them in a row."""
    packable = np.zeros(len(values.nodes) + len(values.constants), bool)
    packable[[i for i, node in enumerate(values.nodes) if node.source is not None and node.shape == ()]] = True
    tables = [table for group in groups for table in _tables(group)]
    ids = np.concatenate([table.reshape(-1) for table in tables])
    origins = np.repeat(np.arange(len(tables)), [table.size for table in tables])
    ids, origins = ids[packable[ids]], origins[packable[ids]]
    pairs, first, count = np.unique(ids * len(tables) + origins, return_index=True, return_counts=True)
    by_count = np.lexsort((-count, pairs // len(tables)))
    _, best = np.unique(pairs[by_count] // len(tables), return_index=True)
    ordered: Array = ids[np.sort(first[by_count[best]])]
    return ordered


def _tables(group: Group) -> Iterable[Array]:
    """What a group reads at once: the left and right operands of products, the other terms of sums."""
    for number in range(len(group.counts)):
        table = group.part(number)
        yield from (table[:, 0::2], table[:, 1::2]) if group.op is None and number < 2 else (table,)
