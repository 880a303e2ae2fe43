"""Where every value goes: into an array that is there already, in place of one that nobody reads any more, or anew."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.joined import section
from autograd_mini.compiler.passes.rewriting import is_function
from autograd_mini.compiler.spelling import Spelling, is_call_of_ufunc, spelling
from autograd_mini.ops import stop_gradient
from autograd_mini.tensor import SAVED

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector register."""


@dataclass(frozen=True)
class Place:
    """An array in one of the blocks of the workspace."""

    block: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    start: int = 0
    """The byte of the block at which it starts."""


@dataclass(frozen=True)
class Plan:
    """Where each value goes, how it is written, and how large the blocks of the workspace are."""

    places: Mapping[Node, Place]
    """The place of each value that is written into the workspace."""
    replaces: Mapping[Node, Node]
    """The value whose array is changed in place."""
    blocks: tuple[int, ...]
    """The bytes of each block."""
    direct: Mapping[Node, int]
    """For each value that goes straight to an array that is kept from call to call, its position as an output."""
    late: Mapping[Node, int]
    """The same for those that are computed in place of an input, when all else is done."""
    spellings: Mapping[Node, Spelling | None]
    """How each operation is written; None where its own function is called."""
    owners: Mapping[Node, frozenset[Node]]
    """The values whose memory each value may share, itself among them."""


def planned(graph: Graph, kept: Mapping[int, Node | None]) -> Plan:
    """The plan of a graph, of which some outputs, by position, go into arrays that are kept from call to call.

    That is the array of an input, where `kept` gives one, or else one of their own.
    """
    planner = _Planner(graph, kept)
    for position, node in enumerate(graph.nodes):
        if node.op is not None:
            planner.place(node)
        planner.release(position)
    return Plan(
        places=planner.places,
        replaces=planner.replaces,
        blocks=tuple(planner.sizes),
        direct=planner.direct,
        late=planner.late,
        spellings=planner.spellings,
        owners=planner.owners,
    )


@dataclass
class _Planner:
    graph: Graph
    kept_outputs: Mapping[int, Node | None]
    places: dict[Node, Place] = field(default_factory=dict)
    replaces: dict[Node, Node] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spellings = {node: spelling(node) for node in self.graph.nodes if node.op is not None}
        self.owners = owners(self.graph, self.spellings)
        self.last = last_reads(self.graph, self.owners)
        self.late = self.late_outputs()
        self.last |= {
            owner: len(self.graph.nodes) for node in self.late for x in node.operands for owner in self.owners[x]
        }
        self.ending: dict[float, list[Node]] = {}
        for owner, position in self.last.items():
            self.ending.setdefault(position, []).append(owner)
        self.positions = {node: position for position, node in enumerate(self.graph.nodes)}
        self.direct = self.direct_outputs()

    def direct_outputs(self) -> dict[Node, int]:
        """The outputs that can be written straight into the array that is kept: what nobody else has for an output."""
        counts = Counter(self.graph.outputs)
        return {
            self.graph.outputs[position]: position
            for position, target in self.kept_outputs.items()
            if target is None and counts[self.graph.outputs[position]] == 1 and self.takes_buffer(position)
        }

    def takes_buffer(self, position: int) -> bool:
        """Whether an output can be written into a given array."""
        spelled = self.spellings.get(self.graph.outputs[position])
        return spelled is not None and spelled.takes_buffer

    def late_outputs(self) -> dict[Node, int]:
        """The outputs that are computed in the array of an input, by one call of NumPy.

        All these calls come last and at once: their other operands must not be what one of them overwrites.
        """
        reads = Counter(x for node in self.graph.nodes for x in node.operands)
        reads.update(self.graph.outputs)
        found: dict[Node, int] = {}
        for position, target in self.kept_outputs.items():
            node = self.graph.outputs[position]
            alone = target is not None and reads[node] == 1 and node.dtype == target.dtype
            if alone and is_call_of_ufunc(node) and all(x is target or self.is_own(x) for x in node.operands):
                found[node] = position
        return found

    def is_own(self, x: Node) -> bool:
        """Whether a value shares memory with no input and no constant."""
        return all(owner.op is not None for owner in self.owners[x])

    def place(self, node: Node) -> None:
        """Decide where the result of an operation goes, unless it is new, kept or a result of the program."""
        spelled = self.spellings[node]
        if node.op is section and next(node.operands) in self.places:
            self.places[node] = self.section(node)
        if spelled is None or node in self.direct or node in self.late or self.last.get(node) == math.inf:
            return
        if spelled.changes_first:
            self.change_first(node)
        elif spelled.takes_buffer:
            old = self.dying(node) if spelled.elementwise else None
            if old is not None:
                self.replace(node, old)
            else:
                self.allocate(node)

    def section(self, node: Node) -> Place:
        """A part of the place of its operand."""
        (row,) = node.operands
        start = node.settings["start"] * node.dtype.itemsize
        return Place(self.places[row].block, node.shape, node.dtype, start)

    def change_first(self, node: Node) -> None:
        first = node.inputs[0]
        if self.replaceable(first, node):
            self.replace(node, first)
        else:
            self.allocate(node)

    def dying(self, node: Node) -> Node | None:
        """An operand whose array can take the result: of the same shape and dtype, and read here for the last time."""
        return next((x for x in node.operands if self.replaceable(x, node)), None)

    def replaceable(self, x: Node, node: Node) -> bool:
        if x not in self.places or x not in self.last or (x.shape, x.dtype) != (node.shape, node.dtype):
            return False
        here = self.positions[node]
        others = [y for y in node.operands if y is not x and x in self.owners.get(y, ())]
        return self.last[x] == here and not others

    def replace(self, node: Node, old: Node) -> None:
        self.replaces[node] = old
        self.places[node] = self.places[old]
        self.ending[self.positions[node]].remove(old)  # the array lives on

    def allocate(self, node: Node) -> None:
        need = max(node.dtype.itemsize * math.prod(node.shape), 1)
        fitting = [block for block in self.free if self.sizes[block] >= need]
        if fitting:
            block = min(fitting, key=lambda b: self.sizes[b])
        elif self.free:
            block = max(self.free, key=lambda b: self.sizes[b])
            self.sizes[block] = need
        else:
            block = len(self.sizes)
            self.sizes.append(need)
        if block in self.free:
            self.free.remove(block)
        self.places[node] = Place(block, node.shape, node.dtype)

    def release(self, position: int) -> None:
        """Give back the blocks of the values that were read for the last time."""
        for owner in self.ending.get(position, ()):
            if owner in self.places:
                self.free.append(self.places[owner].block)


def owners(graph: Graph, spellings: Mapping[Node, Spelling | None]) -> dict[Node, frozenset[Node]]:
    """The values whose arrays a value may share: itself if it has its own, and those that it may be a view of."""
    found: dict[Node, frozenset[Node]] = {}
    for node in graph.nodes:
        read = next(node.operands).operands if node.op is SAVED else node.operands
        shared: frozenset[Node] = frozenset().union(*(found[x] for x in read)) if node.shape else frozenset()
        spelled = spellings.get(node)
        if node.op is None or _is_fresh(node, spelled):
            found[node] = frozenset([node]) if node.shape else frozenset()
        elif spelled is not None:
            found[node] = shared
        else:
            found[node] = shared | {node}
    return found


def _is_fresh(node: Node, spelled: Spelling | None) -> bool:
    """Whether the result surely has memory of its own; nobody knows what a user's operation returns."""
    if spelled is not None:
        return not spelled.is_view
    assert node.op is not None
    return node.op.elementwise and is_function(node.op) and node.op is not stop_gradient


def last_reads(graph: Graph, shared: Mapping[Node, frozenset[Node]]) -> dict[Node, float]:
    """The position at which each array is read for the last time, itself or through a view; infinite for results."""
    last: dict[Node, float] = {}
    for position, node in enumerate(graph.nodes):
        for owner in shared[node]:
            last[owner] = position
        for x in node.operands:
            for owner in shared[x]:
                last[owner] = position
    for node in graph.outputs:
        for owner in shared[node]:
            last[owner] = math.inf
    return last
