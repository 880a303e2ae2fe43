"""The columns of a network picture: which units are shown, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograd_mini.drawing.network.layers import Layer
from autograd_mini.drawing.text import subscript


@dataclass(frozen=True)
class Column:
    """A layer in the picture: the units that are shown, None where some are left out."""

    layer: Layer
    place: int
    last: bool
    shown: tuple[int | None, ...]

    @property
    def units(self) -> list[int]:
        """The units that have a circle."""
        return [unit for unit in self.shown if unit is not None]

    def node(self, unit: int | None) -> str:
        """The identity of a unit's node, or of the ellipsis."""
        return f"more{self.place}" if unit is None else f"unit{self.place}_{unit}"

    def named(self, unit: int) -> str:
        """What a unit is called: x₁ and so on for the data, y₁ for the output, 1 for the unit that is always 1."""
        if unit == self.layer.constant:
            return "1"
        count = str(self.number(unit))
        return f"unit {count}" if self.place and not self.last else ("y" if self.place else "x") + subscript(count)

    def number(self, unit: int) -> int:
        """The number of a unit from 1; one that is always 1 does not count."""
        return unit + (self.layer.constant != 0)

    def bias(self, unit: int) -> Any:
        """The bias of a unit; None if it has none."""
        if self.layer.bias is None or unit == self.layer.constant:
            return None
        return self.layer.bias[self.computed(unit)]

    def computed(self, unit: int) -> int:
        """The column of the weights that computes a unit."""
        return unit - (self.layer.constant == 0)


def shown(size: int, most: int) -> tuple[int | None, ...]:
    """The units with a circle: all, or the first ones, a gap and the last.

    >>> shown(5, 3)
    (0, 1, None, 4)
    """
    return tuple(range(size)) if size <= most else (*range(most - 1), None, size - 1)


def weight_lines(columns: Sequence[Column]) -> Iterator[tuple[Column, int, Column, int, Any]]:
    """The weights between units that are shown, with both ends."""
    for before, after in pairwise(columns):
        for source in before.units:
            for target in after.units:
                if target != after.layer.constant:
                    yield before, source, after, target, after.layer.weight[source, after.computed(target)]


def biases(columns: Sequence[Column]) -> list[Any]:
    """The biases of the units that are shown."""
    found = [column.bias(unit) for column in columns for unit in column.units]
    return [bias for bias in found if bias is not None]
