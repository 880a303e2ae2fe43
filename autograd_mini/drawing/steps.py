"""Forward and backward as data: one step for each value computed, and one for each contribution to a gradient."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.drawing.text import extent, number, shortened, subscript, value
from autograd_mini.errors import describe
from autograd_mini.formula import Apply, Expression, Name, as_text, local_derivative
from autograd_mini.graph.walk import Arithmetic, differentiable_positions, local_value
from autograd_mini.modes import Observer, observed, tracer
from autograd_mini.tensor import Tensor, gradients, topological_order


class Labels:
    """A short name for every node of a graph: what it is called, or v with a number; no two have the same.

    >>> from autograd_mini import Tensor, topological_order
    >>> x = Tensor(2.0, name="x")
    >>> order = topological_order(x * x + 1.0)
    >>> labels = Labels(order)
    >>> [labels[node] for node in order], labels.slope(x), labels.operands(order[-1])
    (['x', 'v₁', 'v₂'], '∂v₂/∂x', ['v₁', '1'])
    """

    def __init__(self, order: Sequence[Any]) -> None:
        self._short: dict[Any, str] = {}
        given = Counter(_symbols(order))
        unnamed = 0
        for node in order:
            unnamed += node.name is None
            label = f"v{subscript(unnamed)}" if node.name is None else shortened(node.name)
            given[label] += 1
            self._short[node] = label if given[label] == 1 else f"{label}#{given[label]}"
        self.output = self._short[node]
        """What the last node is called."""

    def __getitem__(self, node: Any) -> str:
        return self._short[node]

    def slope(self, node: Any) -> str:
        """The derivative of the output by a node, as it is written."""
        return f"∂{self.output}/∂{self._short[node]}"

    def of_operands(self, node: Any) -> list[str | None]:
        """What formulas call the operands of a node: plain arrays c₁, c₂, … by their places, and numbers nothing."""
        return [self._short[x] if isinstance(x, Tensor) else _symbol(x, i) for i, x in enumerate(node.inputs, 1)]

    def operands(self, node: Any) -> list[str]:
        """The operands of a node by their names, plain numbers and arrays as they are."""
        return [self._short[x] if isinstance(x, Tensor) else _constant(x) for x in node.inputs]


def _symbols(order: Sequence[Any]) -> set[str]:
    """What formulas call what is no node: upstream gradients of operations on arrays g, plain arrays c₁, c₂, …"""
    upstream = {"g"} if any(node.op is not None and not node.op.elementwise for node in order) else set()
    plain = {_symbol(x, i) for node in order for i, x in enumerate(node.inputs, 1) if isinstance(x, np.ndarray)}
    return {name for name in upstream | plain if name is not None}


def _symbol(x: Any, place: int) -> str | None:
    return None if isinstance(x, int | float | np.generic) else f"c{subscript(place)}"


def _constant(x: Any) -> str:
    return value(x) if isinstance(x, np.ndarray | np.generic | int | float) else shortened(repr(x))


# ---------------------------------------------------------------------------------------------------------------- steps


@dataclass(frozen=True, eq=False)
class Step:
    """One step: a value is computed ("forward"), the way back starts ("seed"), or a gradient grows ("backward")."""

    kind: str
    node: Tensor
    """The Tensor that is computed, or whose gradient grows."""
    labels: Labels
    """The short names of all Tensors."""
    through: Tensor | None = None
    """Backward: the result through which the gradient comes."""
    position: int | None = None
    """Backward: which operand of `through` the node is, from 0."""
    upstream: Any = None
    """Backward: dL/d(through)."""
    local: Any = None
    """Backward: d(through)/d(node), a number or an array of the shape of `through`; None where it is a whole matrix."""
    contribution: Any = None
    """Backward: what this path adds to dL/d(node), in its shape. The seed: dL/dL."""
    total: Any = None
    """Backward: the sum of all contributions so far."""

    @cached_property
    def derivative(self) -> Expression | None:
        """Backward: the local derivative; where it is a matrix, the contribution as a function of g = dL/d(through)."""
        through = self.through
        if through is None or through.op is None or self.position is None:
            return None
        names = [*self.labels.of_operands(through), self.labels[through]]
        return local_derivative(through.op, self.position, through.inputs, through.settings, through, names)

    @property
    def formula(self) -> str | None:
        """The derivative as text: `1 − y²`, `g @ Wᵀ`; None for steps that are not backward."""
        return None if self.derivative is None else as_text(self.derivative)

    def __str__(self) -> str:
        return _WORDS[self.kind](self)


class Replay(Sequence[Step]):
    """The steps that `ag.replay` found, in order; printed as text, and a table in a notebook."""

    def __init__(
        self,
        output: Tensor,
        order: list[Tensor],
        steps: list[Step],
        labels: Labels,
        gradients: Mapping[Tensor, Any],
    ) -> None:
        self.output = output
        """What was replayed."""
        self.order = order
        """Every Tensor, each after all its inputs."""
        self.labels = labels
        """A short name for each Tensor."""
        self.gradients = gradients
        """The derivative of the output by each Tensor that it depends on."""
        self._steps = steps

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, position: Any) -> Any:
        return self._steps[position]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def contributions(self, node: Tensor) -> list[Step]:
        """The steps in which the gradient of a Tensor grows: one for each path that reaches it."""
        return self._received.get(node, [])

    @cached_property
    def _received(self) -> dict[Tensor, list[Step]]:
        received: dict[Tensor, list[Step]] = {}
        for step in self._steps:
            if step.kind == "backward":
                received.setdefault(step.node, []).append(step)
        return received

    def __str__(self) -> str:
        width = len(str(len(self)))
        return "\n".join(f"{position:{width}d}  {step}" for position, step in enumerate(self, 1))

    def _repr_html_(self) -> str:
        return steps_table(self)

    def __repr__(self) -> str:
        return f"<replay of {describe(self.output)}: {len(self)} steps>"


def replay(output: Tensor) -> Replay:
    """The computation of `output` and its way back, step by step.

    First a forward step for every Tensor in topological order, then the seed dL/dL = 1, then for each operation from
    the last to the first, and each of its operands, a backward step: upstream gradient, local derivative, their product
    (summed where the operand was broadcast), and the total so far. No `.grad` is read or changed.

    Raises TypeError for what is no Tensor or depends on none that requires a gradient; ValueError for an output of more
    than one entry.

    >>> x = Tensor(2.0, name="x")
    >>> print(replay((x * x + x).named("y")))
    1  x = 2
    2  v₁ = multiply(x, x) = 4
    3  y = add(v₁, x) = 6
    4  ∂y/∂y = 1
    5  ∂y/∂v₁ += (∂y/∂y)·1 = 1 · 1 = 1
    6  ∂y/∂x += (∂y/∂y)·1 = 1 · 1 = 1
    7  ∂y/∂x += (∂y/∂v₁)·x = 1 · 2 = 2  (total 3)
    8  ∂y/∂x += (∂y/∂v₁)·x = 1 · 2 = 2  (total 5)
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"replay: expected a Tensor, got {type(output).__name__}; pass the loss or any other result")
    if tracer():
        raise TypeError(f"replay: {describe(output)} is traced by ag.compile, and has no value yet; call it outside")
    watch = _Watch()
    with np.errstate(all="ignore"):
        every = _watched_gradients(output, watch)
        order = topological_order(output)
        labels = Labels(order)
        steps = [Step("forward", node, labels) for node in order]
        steps += [Step("seed", output, labels, contribution=every[output], total=every[output])]
        known = set(order)  # a rule may go through a graph of its own, as that of a checkpoint does
        steps += _backward_steps([c for c in watch.found if c.through in known], labels)
    return Replay(output, order, steps, labels, every)


@dataclass(frozen=True, eq=False)
class _Contribution:
    through: Tensor
    node: Tensor
    upstream: Any
    value: Any


class _Watch(Observer):
    """Keeps what every operand receives on the way back."""

    def __init__(self) -> None:
        self.found: list[_Contribution] = []

    def contributed(self, node: Tensor, x: Tensor, g: Any, contribution: Any) -> None:
        self.found.append(_Contribution(node, x, g, contribution))


def _watched_gradients(output: Tensor, watch: _Watch) -> Mapping[Tensor, Any]:
    with observed(watch):
        every: Mapping[Tensor, Any] = gradients(output)
    return every


def _backward_steps(found: list[_Contribution], labels: Labels) -> Iterator[Step]:
    totals: dict[Tensor, Any] = {}
    positions: dict[Tensor, Iterator[int]] = {}
    for c in found:
        if c.through not in positions:
            positions[c.through] = iter(differentiable_positions(c.through))
        position = next(positions[c.through])
        totals[c.node] = totals[c.node] + c.value if c.node in totals else c.value
        local = local_of(c.through, position)
        yield Step("backward", c.node, labels, c.through, position, c.upstream, local, c.value, totals[c.node])


def local_of(node: Tensor, position: int) -> Any:
    """d(node)/d(operand): a number, or an array for an elementwise operation; None where it is a whole matrix.

    >>> x = Tensor([1.0, 2.0])
    >>> local_of(x * x, 0)
    array([1., 2.])
    """
    assert node.op is not None
    if not node.op.elementwise and not node.size == node.inputs[position].size == 1:
        return None
    inputs = [x.data if isinstance(x, Tensor) else x for x in node.inputs]
    local = np.asarray(local_value(node.op, position, node.data, inputs, Arithmetic().rule_settings(node)))
    return (local.reshape(node.shape) if local.size == node.size else np.broadcast_to(local, node.shape))[()]


# ----------------------------------------------------------------------------------------------------- in words


def _forward(step: Step) -> str:
    node = step.node
    computed = f" = {node.op.name}({', '.join(step.labels.operands(node))})" if node.op is not None else ""
    return f"{step.labels[node]}{computed} = {value(node.data)}"


def _seed(step: Step) -> str:
    return f"{step.labels.slope(step.node)} = {value(step.contribution)}"


def _backward(step: Step) -> str:
    assert step.through is not None
    upstream = step.labels.slope(step.through)
    gain = value(step.contribution)
    total = "" if np.array_equal(step.total, step.contribution) else f"  (total {value(step.total)})"
    if step.local is None:
        return f"{step.labels.slope(step.node)} += {step.formula} = {gain}{total}, where g = {upstream}"
    assert step.derivative is not None
    product = as_text(Apply("multiply", (Name(upstream, step.through.shape), step.derivative)))
    if np.size(step.local) == 1:
        product += f" = {number(np.asarray(step.upstream).item())} · {number(np.asarray(step.local).item())}"
    return f"{step.labels.slope(step.node)} += {product} = {gain}{total}"


_WORDS = {"forward": _forward, "seed": _seed, "backward": _backward}


# -------------------------------------------------------------------------------------------------------- for notebooks


HEADINGS = ("step", "kind", "tensor", "value", "through", "upstream", "local", "formula", "contribution", "total")


def steps_table(steps: Iterable[Step]) -> str:
    """One row for each step; whatever names contain, they are text."""
    rows = [_row(str(place), *_cells(step)) for place, step in enumerate(steps, 1)]
    head = "".join(f"<th scope=col>{heading}</th>" for heading in HEADINGS)
    return "\n".join([f"<table><thead><tr>{head}</tr></thead><tbody>", *rows, "</tbody></table>"])


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{html.escape(cell)}' for cell in cells)}</tr>"


def _cells(step: Step) -> list[str]:
    described = [step.kind, step.labels[step.node], _words(step.node.data if step.kind == "forward" else None)]
    through = "" if step.through is None else step.labels[step.through]
    numbers = [_words(x) for x in (step.upstream, step.local)]
    sums = [_words(x) for x in (step.contribution, step.total)]
    return [*described, through, *numbers, step.formula or "", *sums]


def _words(x: Any) -> str:
    """Four digits of a scalar; shape, norm and entries of an array."""
    if x is None:
        return ""
    return f"{extent(x)}: {value(x)}" if np.ndim(x) else number(np.asarray(x)[()])
