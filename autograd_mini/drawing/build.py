"""From a subject to a scene: which boxes and arrows there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.drawing.nodes import Boxes, constant_box
from autograd_mini.drawing.scene import Arrow, Box, Scene
from autograd_mini.drawing.steps import Replay, Step
from autograd_mini.drawing.subject import Subject
from autograd_mini.drawing.text import extent, number, wrapped
from autograd_mini.formula import Name, post_order
from autograd_mini.tensor import Tensor


class Builder:
    """Puts a subject into a scene.

    `replay` says how gradients flow, where that is to be seen. `homes` gives the identity of the box that stands for a
    node, or None where nothing does. `verdicts` says of some nodes how a hand-derived gradient compares.
    """

    def __init__(
        self,
        subject: Subject,
        replay: Replay | None,
        homes: Mapping[Any, str | None],
        verdicts: Mapping[Any, str],
    ) -> None:
        self.scene = Scene()
        self._subject = subject
        self._replay = replay
        self._homes = homes
        self._identity = identities(subject)
        self._steps = {(s.through, s.position): s for s in replay or () if s.kind == "backward"}
        self._boxes = Boxes(subject, replay, verdicts)

    def add_values(self, *, backward: bool) -> None:
        """A box for every node, and an arrow from each operand to what is computed from it.

        With `backward` each arrow shows what flows back along it.
        """
        for node in self._subject.order:
            if self._homes[node] == self._identity[node]:
                self.scene.boxes.append(self._boxes.box(node, self._identity[node]))
            for arrow, step in self._operands(node):
                self.scene.arrows.append(_flowing(arrow, step) if backward else arrow)

    def add_modules(self, modules: Sequence[Box]) -> None:
        """The boxes that stand for whole modules."""
        members: dict[str | None, list[Any]] = {}
        for node in self._subject.order:
            members.setdefault(self._homes[node], []).append(node)
        self.scene.boxes += [self._boxes.closed(box, members[box.identity]) for box in modules]

    def _operands(self, node: Any) -> Iterator[tuple[Arrow, Step | None]]:
        """The arrows into one node, to their places; plain arrays and numbers get boxes of their own."""
        own, target = self._identity[node], self._homes[node]
        for position, x in enumerate(node.inputs):
            is_node = hasattr(x, "inputs")
            source = self._homes[x] if is_node else f"{own}_c{position}"
            if target is None or source is None or source == target or not (is_node or target == own):
                continue
            if not is_node:
                name = None if self._replay is None else self._replay.labels.of_operands(node)[position]
                self.scene.boxes.append(constant_box(x, source, name))
            place = position if len(node.inputs) > 1 and target == own else None
            yield Arrow(f"e{own[1:]}_{position}", source, target, place), self._steps.get((node, position))

    def add_gradients(self) -> None:
        """A second row: a box for the gradient of every node that has one, and arrows that lead from each to the next.

        As in 004_3fd59ef6bf62b8c0.txt, Figure 6.6; an arrow from the first row stands for a value that a rule reads.
        """
        assert self._replay is not None
        for node in reversed(self._subject.order):
            if node in self._subject.slopes:
                self._add_gradient(node, self._replay)

    def _add_gradient(self, node: Any, replay: Replay) -> None:
        value, gradient = self._identity[node], f"g{self._identity[node][1:]}"
        self.scene.boxes.append(Box(gradient, "gradient", tuple(self._boxes.gradient_rows(node))))
        self.scene.rows.append((value, gradient))
        read: set[str] = set()
        for step in replay.contributions(node):
            upstream = self._identity[step.through][1:]
            identity = f"b{upstream}_{step.position}"
            rows = tuple(_rule(step))
            self.scene.arrows.append(Arrow(identity, gradient, f"g{upstream}", None, "gradient", rows, _starts(step)))
            read |= {self._identity[x] for x in _read(step, replay)}
        self.scene.arrows += [Arrow(f"r{source}_{gradient}", source, gradient, kind="read") for source in sorted(read)]


def identities(subject: Subject) -> dict[Any, str]:
    """What every node is called in DOT: its place in topological order, so that it is the same in every run."""
    return {node: f"n{position}" for position, node in enumerate(subject.order)}


def _flowing(arrow: Arrow, step: Step | None) -> Arrow:
    """The arrow with what flows back along it."""
    kind = "still" if step is None else "backward"
    rows = () if step is None else tuple(_flow_rows(step))
    alarm = step is not None and _starts(step)
    return Arrow(arrow.identity, arrow.source, arrow.target, arrow.position, kind, rows, alarm)


def _flow_rows(step: Step) -> list[str]:
    """The local derivative, then upstream × local = contribution; of arrays the shape and norm."""
    lines = _rule(step)
    if step.local is None or np.size(step.local) > 1 or np.size(step.contribution) > 1:
        return [*lines, extent(step.contribution)]
    local, upstream, gain = (number(np.asarray(x).item()) for x in (step.local, step.upstream, step.contribution))
    if lines[-1].replace("−", "-") != local:  # formulas have the sign of mathematics, numbers that of Python
        lines[-1] += f" = {local}"
    return [*lines, f"{upstream} × {local} = {gain}"]


def _rule(step: Step) -> list[str]:
    """The formula in lines; where the operand was broadcast, with the axes along which its contributions add up."""
    axes = _summed_axes(step)
    note = f", summed over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}" if axes else ""
    return wrapped(f"{step.formula or ''}{note}")


def _summed_axes(step: Step) -> list[int]:
    assert step.through is not None
    rule = None if step.derivative is None else step.derivative.shape
    shape = rule if step.local is None else step.through.shape
    if shape is None:
        return []
    extra = len(shape) - len(step.node.shape)
    own = (*(1 for _ in range(extra)), *step.node.shape)
    return [axis for axis, (n, m) in enumerate(zip(shape, own)) if n > 1 and m == 1]


def _starts(step: Step) -> bool:
    """Whether a gradient ceases to be finite here."""
    return bool(np.isfinite(step.upstream).all() and not np.isfinite(step.contribution).all())


def _read(step: Step, replay: Replay) -> list[Tensor]:
    """The values that the rule of a step reads."""
    assert step.through is not None
    parts = post_order(step.derivative) if step.derivative is not None else ()
    names = {part.text for part in parts if isinstance(part, Name)}
    return [x for x in (step.through, *step.through.inputs) if isinstance(x, Tensor) and replay.labels[x] in names]
