"""From a planned graph to the text of a Python function."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np

from autograd_mini.compiler.graph import Graph, Node
from autograd_mini.compiler.joined import gathered, section
from autograd_mini.compiler.names import Names
from autograd_mini.compiler.plan import Place, Plan
from autograd_mini.compiler.spelling import Spelling
from autograd_mini.ops import Op
from autograd_mini.tensor import SAVED

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


# --------------------------------------------------------------------------------------------------------------- source


WIDTH = 120
"""Characters of a line, where lists of names are broken."""

_LONG = 200
"""Characters of an operand beyond which a view of it gets a name of its own."""


@dataclass(frozen=True)
class Source:
    """The text of a function, what its names stand for besides NumPy, and the arrays of its workspace."""

    text: str
    name: str
    operations: Mapping[str, Op]
    constants: Mapping[str, Any]
    buffers: tuple[Place, ...]
    """The workspace's arrays in order; the outputs that are kept come after them."""
    returned: tuple[int, ...]
    """The positions of the outputs that the function returns; the others are kept."""
    commits: bool
    """Whether the last thing that it returns are the calls that change parameters."""
    in_a_row: bool
    """Whether the gradients that are kept share one memory, and the whole of it is the last array of the workspace."""


def emitted(graph: Graph, plan: Plan, kept: Mapping[int, Node | None], name: str, parts: Mapping[str, int]) -> Source:
    """The source of a graph: a function of its inputs and a workspace, which returns a tuple of its outputs.

    `kept` are the outputs, by position, that go into arrays which live from call to call: that of an input, or one of
    their own in the workspace. `parts` are titles, each with the number of nodes that come under it, in order.
    """
    writer = _Writer(graph, plan, kept)
    body = [*writer.parts(parts), writer.result()]
    title = writer.taken.unique(name)
    head = _wrapped(f"def {title}(", [*[writer.names[node] for node in graph.inputs], "workspace"], "):")
    notes = [*writer.arrays(), *_constants(writer.literals)]
    text = "\n".join([*notes, *head, *_indented(_joined([writer.unpacking(), *body]))]) + "\n"
    return Source(
        text=text,
        name=title,
        operations=writer.literals.operations,
        constants=writer.literals.constants,
        buffers=tuple(writer.buffers),
        returned=writer.returned,
        commits=any(given is not None for given in kept.values()),
        in_a_row=bool(writer.row),
    )


def _indented(lines: Iterable[str]) -> list[str]:
    return ["    " + line if line else "" for line in lines]


def _joined(paragraphs: Iterable[list[str]]) -> list[str]:
    """The lines of paragraphs, with an empty one between two of them."""
    return "\n\n".join(["\n".join(lines) for lines in paragraphs if lines]).split("\n")


def _wrapped(start: str, names: list[str], end: str) -> list[str]:
    """A line that begins and ends so, with names in between: over several lines if there are many."""
    line = f"{start}{', '.join(names)}{end}"
    return [line] if len(line) <= WIDTH else [start, *_indented(textwrap.wrap(", ".join(names), WIDTH - 8)), end]


def _constants(literals: Literals) -> list[str]:
    """The constants that the program reads, as comments: their values come with the text."""
    lines = [f"# {name}: {_described(value)}" for name, value in literals.constants.items()]
    return [*lines, *[f"# {name}: the operation {op.name}" for name, op in literals.operations.items()]]


def _shape(node: Node) -> str:
    """A comment that tells the shape of a value, if it is an array."""
    return f"  # {node.shape}" if node.shape else ""


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {value.shape}"
    return f"{value.dtype} {value}" if isinstance(value, np.generic) else type(value).__name__


class _Writer:
    """Statements for the nodes of a graph, in order."""

    def __init__(self, graph: Graph, plan: Plan, kept: Mapping[int, Node | None]) -> None:
        self.graph = graph
        self.plan = plan
        self.kept = kept
        self.taken = Names()
        self.literals = Literals(self.taken)
        self.buffers: dict[Place, str] = {}
        self.names: dict[Node, str] = {}
        self.reads = Counter(x for node in graph.nodes for x in node.operands)
        self.saved = {next(node.operands): node for node in graph.nodes if node.op is SAVED}
        for node in graph.inputs:
            self.names[node] = self.taken.unique(node.name or "x")
        self.row = ""
        self.outputs = frozenset(graph.outputs)
        self.positions: dict[Node, list[int]] = {}
        for position in kept:
            self.positions.setdefault(graph.outputs[position], []).append(position)
        self.returned = tuple(position for position in range(len(graph.outputs)) if position not in kept)
        self.targets = {position: self.target(position, node) for position, node in kept.items()}

    def target(self, position: int, given: Node | None) -> str:
        """The name of the array that a kept output goes to."""
        if given is not None:
            return self.names[given]
        return self.taken.unique(self.graph.outputs[position].name or "output")

    def arrays(self) -> list[str]:
        """The arrays that the program takes, as comments."""
        return [f"# {self.names[node]}: {node.dtype} {node.shape}" for node in self.graph.inputs if node.shape]

    def unpacking(self) -> list[str]:
        """The workspace taken apart: its buffers, then the outputs that are kept in it."""
        kept = [self.targets[position] for position, given in self.kept.items() if given is None]
        names = [*self.buffers.values(), *kept, *([self.row] if self.row else [])]
        return _wrapped("[", names, "] = workspace") if names else []

    def parts(self, parts: Mapping[str, int]) -> list[list[str]]:
        """The statements of all nodes, each part under its title."""
        remaining = iter(self.graph.nodes)
        found: list[list[str]] = []
        for title, count in parts.items():
            nodes = itertools.islice(remaining, count)
            lines = [line for node in nodes for line in (*self.statements(node), *self.copies(node))]
            found += [[f"# {title}", *lines]] if lines else []
        return found

    def statements(self, node: Node) -> Iterator[str]:
        """What computes a node: nothing for what is written where it is read."""
        if node in self.plan.late:
            return
        if node.op is None:
            if node not in self.names:
                self.names[node] = self.literals.text(node.value, node.name or "constant")
        elif node.op is gathered:
            self.names[node] = self.row = self.taken.unique("gradients")
        elif node.op is section and node in self.plan.places:
            self.names[node] = str(self.buffer(node))
        elif node.op is not SAVED:
            spelled = self.plan.spellings[node]
            if spelled is None:
                yield self.called(node)
            elif self.is_inline(node, spelled):
                self.names[node] = spelled.write(self.operands(node), None)
            elif spelled.changes_first:
                yield from self.changed(node, spelled)
            elif spelled.fill is not None:
                array = self.buffer(node) or f"np.empty({node.shape!r}, np.{node.dtype.name})"
                yield f"{self.bound(node)} = {array}"
                yield from spelled.fill(self.names[node], self.operands(node))
            else:
                own = [self.call(node)] if spelled.with_call else []
                text = spelled.write([*self.operands(node), *own], self.buffer(node))
                yield f"{self.assignment(node)}{text}{_shape(node)}"

    def assignment(self, node: Node) -> str:
        """The left of a statement: nothing for what is written into the array of its name."""
        if node in self.plan.direct:
            self.names[node] = self.targets[self.plan.direct[node]]
            return ""
        return f"{self.bound(node)} = "

    def is_inline(self, node: Node, spelled: Spelling) -> bool:
        """Whether a node is written where it is read; a long row of views would be too deep for Python's parser."""
        once = self.reads[node] <= 1 and node not in self.outputs
        return spelled.is_view and once and all(len(text) < _LONG for text in self.operands(node))

    def called(self, node: Node) -> str:
        """What binds a node to the result of the operation's own function."""
        assert node.op is not None
        call = self.call(node)
        if node.op.saves:
            saved = self.bound(self.saved[node]) if node in self.saved else "_"
            return f"{self.bound(node)}, {saved} = {call}{_shape(node)}"
        return f"{self.bound(node)} = {call if node.shape else f'as_value({call})'}{_shape(node)}"

    def call(self, node: Node) -> str:
        """A call of the operation's own function."""
        assert node.op is not None
        arguments = [*self.operands(node), *self.literals.settings(node)]
        return f"{self.literals.operation(node.op)}({', '.join(arguments)})"

    def changed(self, node: Node, spelled: Spelling) -> Iterator[str]:
        """A change in place, of a copy where the first operand is read later on."""
        operands = self.operands(node)
        if node in self.plan.replaces:
            self.names[node] = operands[0]
        else:
            buffer = self.buffer(node)
            name = self.bound(node)
            yield f"{name} = np.array({operands[0]})" if buffer is None else f"{name} = {buffer}"
            if buffer is not None:
                yield f"{name}[...] = {operands[0]}"
        yield spelled.write([self.names[node], *operands[1:]], None)

    def operands(self, node: Node) -> list[str]:
        """The text of each input."""
        return [self.names[x] if isinstance(x, Node) else self.literals.text(x, "constant") for x in node.inputs]

    def bound(self, node: Node) -> str:
        """A new name for a node."""
        assert node.op is not None
        self.names[node] = self.taken.unique(node.name or node.op.name)
        return self.names[node]

    def buffer(self, node: Node) -> str | None:
        """The array that a node is to be written into, or None for a new one."""
        if node in self.plan.direct:
            return self.targets[self.plan.direct[node]]
        place = self.plan.places.get(node)
        if place is None:
            return None
        if place not in self.buffers:
            hint = node.name if node.op is section and node.name else f"buffer_{len(self.buffers)}"
            self.buffers[place] = self.taken.unique(hint)
        return self.buffers[place]

    def copies(self, node: Node) -> Iterator[str]:
        """Statements for the kept outputs that a node could not be computed into."""
        for position in self.positions.get(node, ()):
            if self.kept[position] is None and self.plan.direct.get(node) != position:
                yield f"{self.targets[position]}[...] = {self.names[node]}"

    def result(self) -> list[str]:
        """The return statement; the calls that change inputs come last, for whoever makes them all at once."""
        names = self.own([self.graph.outputs[position] for position in self.returned])
        calls = [self.commit(position) for position, given in self.kept.items() if given is not None]
        if calls:
            lines = [f"({', '.join(call)})," for call in calls]
            return [
                "# made at once by who called",
                "commits = [",
                *_indented(lines),
                "]",
                _returning([*names, "commits"]),
            ]
        return [_returning(names)]

    def commit(self, position: int) -> list[str]:
        """The call that puts a new value into the array of an input."""
        node, target = self.graph.outputs[position], self.targets[position]
        if node in self.plan.late:
            assert node.op is not None
            function = f"np.{getattr(node.op.numpy, '__name__', node.op.name)}"
            return [function, *self.operands(node), target]
        # One of these calls may write what another reads.
        others = [owner for owner in self.plan.owners[node] if owner is not self.kept[position]]
        shared = any(owner.op is None for owner in others)
        return ["np.positive", f"np.array({self.names[node]})" if shared else self.names[node], target]

    def own(self, nodes: list[Node]) -> list[str]:
        """Results that share no memory with an input, a constant, or each other."""
        taken: set[Node] = set()
        texts = []
        for node in nodes:
            owners = self.plan.owners[node]
            shared = any(owner.op is None for owner in owners) or not taken.isdisjoint(owners)
            texts.append(f"np.array({self.names[node]})" if shared else self.names[node])
            taken |= owners
        return texts


def _returning(names: list[str]) -> str:
    return f"return ({', '.join(names)}{',' * (len(names) == 1)})"
