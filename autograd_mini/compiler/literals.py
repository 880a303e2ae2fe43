"""What generated source says by a name: constants that have no literal, and operations that are called."""

from __future__ import annotations

import math
from types import EllipsisType
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.names import Names
from autograd_mini.ops import Op

_BITS = 1024
"""Of an integer that is written out: Python refuses to make a text of very long ones."""


class Literals:
    """Texts for values: literals where Python has one that means just this value, else names bound to them."""

    def __init__(self, taken: Names) -> None:
        self.taken = taken
        self.constants: dict[str, Any] = {}
        self.operations: dict[str, Op] = {}
        self._of_operation: dict[Op, str] = {}
        self._of_number: dict[Any, str] = {}

    def text(self, value: Any, hint: str) -> str:
        """A literal, in brackets if it has a sign, or the name of a constant."""
        if is_literal(value):
            text = repr(value)
            return f"({text})" if text.startswith("-") else text  # the text: -0.0 is not less than 0
        return self.number(value) if isinstance(value, np.generic) else self.constant(value, hint)

    def number(self, value: np.generic) -> str:
        """The name of a NumPy scalar, the same for the same bits."""
        key = (value.dtype, value.tobytes())
        if key not in self._of_number:
            self._of_number[key] = self.constant(value, f"c_{value}".replace("-", "minus_"))
        return self._of_number[key]

    def constant(self, value: Any, hint: str) -> str:
        """The name of any value."""
        name = self.taken.unique(hint)
        self.constants[name] = value
        return name

    def operation(self, op: Op) -> str:
        """The name of an operation's own function."""
        if op not in self._of_operation:
            self._of_operation[op] = self.taken.unique(op.name)
            self.operations[self._of_operation[op]] = op
        return self._of_operation[op]

    def settings(self, node: Node) -> list[str]:
        """The settings of a node as keyword arguments."""
        return [f"{name}={self.text(value, name)}" for name, value in node.settings.items()]


def is_literal(value: Any) -> bool:
    """Whether `repr` is Python source for just this value: not so for NaN, infinity, huge integers and NumPy's numbers.

    >>> [is_literal(x) for x in (2, -1.5, "ij,jk", (0, None), slice(1, 2), float("nan"), np.float64(2.0), True)]
    [True, True, True, True, True, False, False, True]
    """
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is int:
        return value.bit_length() <= _BITS
    if type(value) in (tuple, list):
        return all(map(is_literal, value))
    if isinstance(value, slice):
        return all(map(is_literal, (value.start, value.stop, value.step)))
    return type(value) in (bool, str) or isinstance(value, (type(None), EllipsisType))
