"""Entries of arrays that a program reads one by one."""

from __future__ import annotations

import numpy as np

from autograd_mini.compiler.graph import Node
from autograd_mini.ops import getitem, reshape


def is_entry(node: Node) -> bool:
    """Whether a node is one entry of an array, at a place that the program knows."""
    return node.shape == () and node.op is getitem and _is_at_numbers(node)


def entry_of(node: Node) -> tuple[Node, int]:
    """The array that an entry is from, and its place in the flattened array; `x[1][2]` is an entry of x."""
    place = 0
    while node.op is reshape or _is_at_numbers(node):
        (array,) = node.operands
        if node.op is getitem:
            index, start = node.settings["index"], 0
            for axis, size in enumerate(array.shape):
                start = start * size + (int(index[axis]) % size if axis < len(index) else 0)
            place += start
        node = array
    return node, place


def _is_at_numbers(node: Node) -> bool:
    return node.op is getitem and len(node.inputs) == 1 and all(_is_number(part) for part in node.settings["index"])


def _is_number(part: object) -> bool:
    return isinstance(part, (int, np.integer)) and not isinstance(part, bool)
