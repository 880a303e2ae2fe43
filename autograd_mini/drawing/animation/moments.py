"""What is to be seen at each step of a computation."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograd_mini.drawing.build import Builder, identities
from autograd_mini.drawing.frames import View, arranged
from autograd_mini.drawing.nodes import Boxes
from autograd_mini.drawing.scene import Arrow, Box, Scene
from autograd_mini.drawing.steps import Replay, Step
from autograd_mini.drawing.subject import Subject
from autograd_mini.drawing.themes import Theme

_WIDTH = 64
"""Characters of a line of a caption."""

_LINES = 3
"""Lines of a caption below its first; what is longer is cut."""


@dataclass(frozen=True)
class Moment:
    """The scene at one step, with the settings of what is special in it, and the text of the step."""

    scene: Scene
    settings: Mapping[str, Mapping[str, str]]
    caption: tuple[str, ...]


def moments(replay: Replay, theme: Theme) -> list[Moment]:
    """A moment for each step. All have the same boxes and arrows, in which as many lines of text have their place."""
    stage = _Stage(replay, theme)
    return [
        stage.after(step, (f"{i} of {len(replay)}: {step.kind}", *_wrapped(str(step))))
        for i, step in enumerate(replay, 1)
    ]


class _Stage:
    """The drawing as it fills: what was not reached yet is an outline, and the text of its arrows is not to be seen."""

    def __init__(self, replay: Replay, theme: Theme) -> None:
        subject = Subject(replay.output, replay.order, frozenset([replay.output]))
        arrangement = arranged(subject, View(), {})
        builder = Builder(subject, replay, arrangement.homes, {})
        builder.add_values(backward=True)
        self._last = builder.scene
        self._last.frames += arrangement.frames
        self._theme = theme
        self._identity = identities(subject)
        self._operand = {(arrow.target, arrow.position or 0): arrow.identity for arrow in self._last.arrows}
        self._past = _Past(replay.output, replay.order, [], replay.labels, {})
        self._slopes: dict[Any, Any] = {}
        self._boxes = Boxes(replace(subject, slopes=self._slopes), self._past, {})
        ahead = Boxes(replace(subject, valued=False), replay, {})
        self._shown = {self._identity[x]: self._waiting(x, ahead) for x in replay.order}
        self._reached = {box.identity for box in self._last.boxes} - {*self._shown}

    def _waiting(self, node: Any, ahead: Boxes) -> Box:
        """The box of a node that has no value yet, with empty lines where that will stand."""
        box = ahead.box(node, self._identity[node])
        lines = len(self._boxes.box(node, box.identity).rows)
        return replace(box, rows=(*box.rows, *[" "] * (lines - len(box.rows))))

    def after(self, step: Step, caption: tuple[str, ...]) -> Moment:
        """What is to be seen when one more step is done."""
        current = self._identity[step.node]
        active = self._advance(step, current)
        settings = {box.identity: self._of_box(box, box.identity == current, step.kind) for box in self._last.boxes}
        settings |= {arrow.identity: self._of_arrow(arrow, arrow.identity in active) for arrow in self._last.arrows}
        boxes = [self._shown.get(box.identity, box) for box in self._last.boxes]
        arrows = [self._as_far(arrow) for arrow in self._last.arrows]
        return Moment(Scene(boxes, arrows, self._last.frames), settings, caption)

    def _advance(self, step: Step, current: str) -> set[str]:
        """Take the step; returns the identities of the arrows along which it goes."""
        self._past.append(step)
        self._reached.add(current)
        if step.kind != "forward":
            self._slopes[step.node] = step.total
        self._shown[current] = self._boxes.box(step.node, current)
        if step.kind != "backward":
            return {arrow.identity for arrow in self._last.arrows if step.kind == "forward" and arrow.target == current}
        assert step.position is not None
        flow = self._operand[self._identity[step.through], step.position]
        self._reached.add(flow)
        return {flow}

    def _as_far(self, arrow: Arrow) -> Arrow:
        """The arrow forward, until a gradient flows back along it or passes it by."""
        done = arrow.identity in self._reached or (arrow.kind == "still" and self._slopes)
        return arrow if done else replace(arrow, kind="forward", alarm=False)

    def _of_box(self, box: Box, is_current: bool, kind: str) -> dict[str, str]:
        if box.identity not in self._reached:
            return {"fillcolor": self._theme.paper, "color": self._theme.faint, "fontcolor": self._theme.faint}
        if not is_current:
            return {}
        return {"penwidth": "3.5"} if kind == "forward" else {"penwidth": "3.5", "color": self._theme.backward}

    def _of_arrow(self, arrow: Arrow, is_active: bool) -> dict[str, str]:
        """Text keeps its place while it is not to be seen."""
        settings = {"penwidth": "3.5"} if is_active else {}
        if arrow.target not in self._reached:
            settings["color"] = self._theme.faint
        return settings if arrow.identity in self._reached else {**settings, "fontcolor": "transparent"}


class _Past(Replay):
    """The steps so far."""

    def append(self, step: Step) -> None:
        self._steps.append(step)

    def contributions(self, node: Any) -> list[Step]:
        return [step for step in self if step.kind == "backward" and step.node is node]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, max_lines=_LINES, placeholder=" …")
