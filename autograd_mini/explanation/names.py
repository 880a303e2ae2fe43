"""What the Tensors of a graph, their gradients and the sizes of their axes are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.tensor import Tensor

_INDEXED = re.compile(r"[^\W\d_]?[^\W\d_]\d*")
"""One or two letters with an index: dW1 is its gradient, where that of `weight` is d_weight."""


class Names:
    """Names that are given out once each; those of the user come first."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def unique(self, hint: str) -> str:
        """The hint itself, or with a number if it is taken.

        >>> names = Names(["W"])
        >>> names.unique("W"), names.unique("W"), names.unique("b")
        ('W_2', 'W_3', 'b')
        """
        name, number = hint, 1
        while name in self._taken:
            number += 1
            name = f"{hint}_{number}"
        self._taken.add(name)
        return name

    def numbered(self, letter: str) -> str:
        """The letter with the first number that is free.

        >>> names = Names(["W1"])
        >>> names.numbered("W"), names.numbered("W")
        ('W2', 'W3')
        """
        number = self._numbers.get(letter, 0) + 1
        while f"{letter}{number}" in self._taken:
            number += 1
        self._numbers[letter] = number
        self._taken.add(f"{letter}{number}")
        return f"{letter}{number}"

    def is_free(self, name: str) -> bool:
        """Whether nothing is called so."""
        return name not in self._taken


def gradient_name(name: str) -> str:
    """What the gradient with respect to a Tensor is called.

    >>> gradient_name("W1"), gradient_name("layers.0.weight")
    ('dW1', 'd_layers.0.weight')
    """
    return f"d{name}" if _INDEXED.fullmatch(name) else f"d_{name}"


def user_names(order: Sequence[Tensor], names: Names) -> dict[Tensor, str]:
    """The names that Tensors have; the second of two that are called the same gets a number."""
    return {x: names.unique(x.name) for x in order if x.name}


def leaf_name(x: Any, is_factor: bool, names: Names) -> str:
    """A name for an unnamed leaf: parameters are W or b, factors of products X, labels y, targets T, all others C.

    >>> names = Names([])
    >>> leaf_name(Tensor([[1.0]]), True, names), leaf_name(np.array([1.0]), False, names)
    ('W1', 'T')
    """
    array = x._data if isinstance(x, Tensor) else np.asarray(x)
    if isinstance(x, Tensor) and x.requires_grad:
        return names.numbered("W" if array.ndim > 1 else "b" if array.ndim else "w")
    wish = {"f": "X" if is_factor else "T", "i": "y", "u": "y"}.get(array.dtype.kind, "C")
    return names.unique(wish) if wish != "C" and names.is_free(wish) else names.numbered("C")


class Sizes:
    """Letters for the sizes of axes that formulas divide by: N for the samples, K for the other axis of a matrix."""

    def __init__(self, names: Names, columns: bool = False) -> None:
        self._names = names
        self._columns = columns
        self._found: dict[str, int] = {}

    @property
    def found(self) -> Mapping[str, int]:
        """Each letter and its size."""
        return self._found

    def letters(self, shape: Sequence[int], axes: Iterable[int], in_rows: bool = False) -> list[str] | None:
        """The letter of each axis; None if one of them has none, as the letter means another size already.

        With `in_rows` samples are on the first axis whatever the net does.

        >>> Sizes(Names([])).letters((5, 3), (0, 1))
        ['N', 'K']
        """
        wanted = {axis: self._letter(shape, axis, self._columns and not in_rows) for axis in axes}
        if any(letter is None for letter in wanted.values()):
            return None
        return [self._taken(letter, shape[axis]) for axis, letter in wanted.items() if letter]

    def _letter(self, shape: Sequence[int], axis: int, columns: bool) -> str | None:
        first, last = ("K", "N") if columns and len(shape) == 2 else ("N", "K")
        letter = first if axis == 0 else last if axis == len(shape) - 1 else None
        if letter is None or (letter not in self._found and not self._names.is_free(letter)):
            return None
        return letter if self._found.get(letter, shape[axis]) == shape[axis] else None

    def _taken(self, letter: str, size: int) -> str:
        if letter not in self._found:
            self._names.unique(letter)
            self._found[letter] = size
        return letter
