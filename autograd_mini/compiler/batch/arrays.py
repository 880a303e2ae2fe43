"""The program that is being built: where each scalar is now, and how to read many of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.entries import entry_of
from autograd_mini.compiler.batch.patterns import is_range, strides
from autograd_mini.compiler.batch.values import Values
from autograd_mini.compiler.graph import Node
from autograd_mini.ops import Op, broadcast_to, getitem, reshape, transpose
from autograd_mini.ops.indexing import SLOT
from autograd_mini.ops.joining import concatenate_arrays, stack_arrays

ALONE = -1


class Arrays:
    """Nodes in order, and for each scalar which array holds it at which place of the flattened array.

    A scalar that no array holds is a node alone.
    """

    def __init__(self, values: Values) -> None:
        total = values.count + len(values.constants)
        self.nodes: dict[Node, None] = {}
        self.array_of = np.full(total, ALONE, np.intp)
        self.place_of = np.zeros(total, np.intp)
        self.held: list[Node] = []
        self._values = values
        self._alone: dict[int, Node] = {}
        self._bases: dict[Node, int] = {}
        self._read: dict[Any, Node] = {}
        self._hold_constants()

    # ------------------------------------------------------------------------------------------------- writing

    def emit(self, node: Node) -> Node:
        """Put a node after what it reads."""
        for x in node.operands:
            self.nodes.setdefault(x)
        self.nodes.setdefault(node)
        return node

    def apply(self, op: Op, inputs: Sequence[Any], shape: tuple[int, ...], settings: Mapping[str, Any]) -> Node:
        """Emit an operation whose result has the dtype of its first input."""
        return self.emit(Node(shape, inputs[0].dtype, op, tuple(inputs), settings))

    def hold(self, node: Node, ids: Array, places: Array | None = None) -> None:
        """Say that the entries of a node are some scalars, in order unless their places are given."""
        self.array_of[ids] = len(self.held)
        self.place_of[ids] = np.arange(len(ids)) if places is None else places
        self.held.append(node)

    def alias(self, ids: Array, others: Array) -> None:
        """Say that some scalars are where others are."""
        self.array_of[ids] = self.array_of[others]
        self.place_of[ids] = self.place_of[others]

    def fresh(self, count: int) -> Array:
        """Numbers for values that the program did not have."""
        start = len(self.array_of)
        self.array_of = np.concatenate([self.array_of, np.full(count, ALONE)])
        self.place_of = np.concatenate([self.place_of, np.zeros(count, np.intp)])
        return np.arange(start, start + count)

    def _hold_constants(self) -> None:
        of_dtype: dict[np.dtype[Any], list[int]] = {}
        for number, (dtype, _) in enumerate(self._values.constants):
            of_dtype.setdefault(dtype, []).append(number)
        for dtype, numbers in of_dtype.items():
            with np.errstate(over="ignore"):
                vector = np.array([self._values.constants[number][1] for number in numbers], dtype)
            self.hold(constant(vector), np.array(numbers) + self._values.count)

    # ------------------------------------------------------------------------------------------- single values

    def alone(self, position: int) -> Node:
        """The node of the program itself, reading what its inputs have become."""
        pending = [position]
        while pending:
            if pending[-1] in self._alone:
                pending.pop()
                continue
            node = self._values.nodes[pending[-1]]
            ids = [self._values.index[x] for x in node.operands]
            missing = [x for x in ids if self.array_of[x] == ALONE and x not in self._alone]
            if not missing:
                self._alone[pending.pop()] = self._rebuilt(node)
            pending += missing
        return self._alone[position]

    def _rebuilt(self, node: Node) -> Node:
        if node.op is stack_arrays and node.settings["axis"] in (0, -1) and all(_is_like(x, node) for x in node.inputs):
            return self.read_fully(np.array([self._values.index[x] for x in node.operands]))
        inputs = tuple([self.scalar(self._values.index[x]) if isinstance(x, Node) else x for x in node.inputs])
        same = all(x is y for x, y in zip(inputs, node.inputs))
        return self.emit(node if same else replace(node, inputs=inputs))

    def hold_entry(self, position: int) -> None:
        """Hold an entry that the program reads from an array where it is in that array."""
        array, place = entry_of(self._values.nodes[position])
        number = self._values.index[array]
        if self.array_of[number] != ALONE:  # it is a scalar itself
            self.array_of[position], self.place_of[position] = self.array_of[number], self.place_of[number]
            return
        base = self.alone(number)
        if base not in self._bases:
            self._bases[base] = len(self.held)
            self.held.append(base)
        self.array_of[position] = self._bases[base]
        self.place_of[position] = place

    def scalar(self, number: int) -> Any:
        """One value: a node, or the NumPy scalar of a constant."""
        if self.array_of[number] == ALONE:
            return self._alone[number] if number in self._alone else self.alone(number)
        held, place = self.held[self.array_of[number]], int(self.place_of[number])
        if held.value is not None:
            return held.value.reshape(-1)[place]
        if held.shape == ():
            return held
        index = tuple(int(part) for part in np.unravel_index(place, held.shape))
        return self._once(("entry", held, place), getitem, (held,), (), {"index": index})

    def result(self, position: int) -> Node:
        """What has become of a node, as a node even if it is a constant."""
        found = self.scalar(position)
        return found if isinstance(found, Node) else self.emit(constant(found))

    def dtype_of(self, number: int) -> np.dtype[Any]:
        """The dtype of one value."""
        alone = self.array_of[number] == ALONE
        dtype: np.dtype[Any] = (self._values.nodes[number] if alone else self.held[self.array_of[number]]).dtype
        return dtype

    # ----------------------------------------------------------------------------------------------- many values

    def whole(self, ids: Array) -> Node | None:
        """The array whose entries are these, in order."""
        arrays = self.array_of[ids]
        if arrays.flat[0] == ALONE or (arrays != arrays.flat[0]).any():
            return None
        held = self.held[arrays.flat[0]]
        return held if is_range(self.place_of[ids], np.prod(held.shape, dtype=int)) else None

    def read(self, ids: Array) -> Any:
        """The values as an operand that broadcasts to the shape of `ids`: what repeats along an axis is read once."""
        if (ids == ids.flat[0]).all():
            return self.scalar(int(ids.flat[0]))
        if ids.ndim == 2 and (ids == ids[0]).all():
            return self._taken(ids[0])
        if ids.ndim == 2 and (ids == ids[:, :1]).all():
            return self._taken(ids[:, :1])
        return self._taken(ids)

    def read_fully(self, ids: Array) -> Node:
        """The values as an array of the shape of `ids`."""
        found = self.read(ids)
        if isinstance(found, Node) and found.shape == ids.shape:
            return found
        if not isinstance(found, Node):
            return self.emit(constant(np.full(ids.shape, found)))
        return self.apply(broadcast_to, (found,), ids.shape, {"shape": ids.shape})

    def _taken(self, ids: Array) -> Node:
        if ids.ndim == 2 and ids.shape[1] == 1:
            return self._reshaped(self._taken(ids[:, 0]), ids.shape)
        blocks = self._blocks(ids)
        if blocks:
            return self.apply(concatenate_arrays, [self.read_fully(block) for block in blocks], ids.shape, {"axis": 1})
        source, places = self._source(ids)
        if source.value is not None:
            return self.emit(constant(source.value.reshape(-1)[places]))
        if is_range(places, np.prod(source.shape, dtype=int)):
            return self._reshaped(source, ids.shape)
        source = self._reshaped(source, (-1,))
        steps = strides(places) if min(places.shape) > 1 else None
        sliced = self._sliced(source, places, steps) if steps else None
        if sliced is not None:
            return sliced
        return self.apply(getitem, (source, constant(places)), places.shape, {"index": (SLOT,)})

    def _blocks(self, ids: Array) -> list[Array]:
        """The columns of a table by the array that they are in, if there are a few blocks of such columns."""
        if ids.ndim < 2:
            return []
        arrays = self.array_of[ids]
        edges = np.flatnonzero(np.diff(arrays[0])) + 1
        return np.split(ids, edges, axis=1) if 0 < len(edges) < 4 and (arrays == arrays[0]).all() else []

    def _source(self, ids: Array) -> tuple[Node, Array]:
        """One array that holds all of these, and their places in it."""
        arrays = np.unique(self.array_of[ids])
        if len(arrays) == 1 and arrays[0] != ALONE:
            return self.held[arrays[0]], self.place_of[ids]
        places, start, parts = np.empty_like(ids), 0, []
        for array in arrays.tolist():
            mine = self.array_of[ids] == array
            chosen = ids[mine]
            _, first, which = np.unique(
                chosen if array == ALONE else self.place_of[chosen], return_index=True, return_inverse=True
            )
            places[mine] = start + which
            start += len(first)
            parts.append(self._stacked(chosen[first]) if array == ALONE else self._taken(chosen[first]))
        return (parts[0] if len(parts) == 1 else self._joined(tuple(parts))), places

    def _stacked(self, ids: Array) -> Node:
        nodes = tuple([self.alone(number) for number in ids.tolist()])
        return self._once(("stack", nodes), stack_arrays, nodes, (len(nodes),), {"axis": 0})

    def _joined(self, parts: tuple[Node, ...]) -> Node:
        size = sum(part.shape[0] for part in parts)
        return self._once(("join", parts), concatenate_arrays, parts, (size,), {"axis": 0})

    def _reshaped(self, node: Node, shape: tuple[int, ...]) -> Node:
        size = int(np.prod(node.shape, dtype=int))
        shape = (size,) if shape == (-1,) else shape
        if node.shape == shape:
            return node
        if node.value is not None:
            return constant(node.value.reshape(shape))
        return self._once(("reshape", node, shape), reshape, (node,), shape, {"shape": shape})

    def _sliced(self, row: Node, places: Array, steps: tuple[int, ...]) -> Node | None:
        """The places as a slice, of the row or of a table made of it; None where that cannot be."""
        first = int(places.flat[0])
        if len(steps) == 1:
            return self._slice(row, slice(first, first + steps[0] * len(places), steps[0])) if steps[0] > 0 else None
        if steps[1] >= places.shape[0] > 1 and steps[0] == 1:
            turned = self._sliced(row, places.T, steps[::-1])
            return turned and self.apply(transpose, (turned,), places.shape, {"axes": None})
        count, width = places.shape
        stop = first + count * steps[0]
        if steps[1] != 1 or steps[0] < width or stop > row.shape[0]:
            return None
        table = self._reshaped(self._slice(row, slice(first, stop, 1)), (count, steps[0]))
        return table if steps[0] == width else self._slice(table, slice(None), slice(0, width, 1))

    def _slice(self, node: Node, *index: slice) -> Node:
        """A part of a node; a slice may end after its axis."""
        lengths = [range(size)[part] for part, size in zip(index, node.shape)]
        shape = tuple(len(length) for length in lengths)
        parts = tuple(slice(None) if len(r) == size else part for r, part, size in zip(lengths, index, node.shape))
        if shape == node.shape:
            return node
        return self._once(("slice", node, str(parts)), getitem, (node,), shape, {"index": parts})

    def _once(
        self, key: Any, op: Op, inputs: Sequence[Any], shape: tuple[int, ...], settings: Mapping[str, Any]
    ) -> Node:
        """Emit a read, or find it where it was made before."""
        if key not in self._read:
            self._read[key] = self.apply(op, inputs, shape, settings)
        return self._read[key]


def _is_like(x: Any, stack: Node) -> bool:
    return isinstance(x, Node) and x.shape == () and x.dtype == stack.dtype


def constant(value: Any) -> Node:
    """An array or NumPy scalar of the program itself."""
    return Node(value.shape, value.dtype, value=value)
