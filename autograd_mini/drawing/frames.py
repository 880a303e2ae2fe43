"""Modules in a drawing: frames around what they computed, single boxes for what is not to be seen, repetitions once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_mini.drawing.build import identities
from autograd_mini.drawing.folding import collapsed, folded
from autograd_mini.drawing.groups import Group, groups_of
from autograd_mini.drawing.scene import Box, Frame
from autograd_mini.drawing.subject import Subject
from autograd_mini.drawing.text import shortened
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class View:
    """How much of the modules is to be seen."""

    depth: int | None = None
    """How many modules may be around one that is opened; None opens all."""
    collapse: Collection[str] = ()
    """The names of modules that are not opened."""
    fold: bool = False
    """Whether repetitions are drawn once."""

    @property
    def is_whole(self) -> bool:
        """Whether everything is to be seen."""
        return self.depth is None and not self.collapse and not self.fold


@dataclass(frozen=True)
class Arrangement:
    """Where every node of a subject is to be found."""

    homes: dict[Any, str | None]
    """The identity of the box that stands for a node; None where nothing does."""
    modules: list[Box]
    """Boxes that stand for whole modules."""
    frames: list[Frame]


def arranged(subject: Subject, view: View, verdicts: Mapping[Any, str]) -> Arrangement:
    """The homes of the nodes as the view wants them; a repetition that hides a wrong verdict is not folded.

    TypeError or ValueError for a depth that is no whole number from 0, and for a name that no module has.
    """
    tensors = [node for node in subject.order if isinstance(node, Tensor)]
    groups = groups_of(tensors)
    closed = {group: f"m{i}" for i, group in enumerate(collapsed(groups, view.depth, view.collapse))}
    homes: dict[Any, str | None] = {**identities(subject)}
    for group, identity in closed.items():
        homes |= dict.fromkeys(group.members, identity)
    runs = [run for run in folded(groups, tensors) if not _hides_wrong(run, verdicts)] if view.fold else []
    repeats = _folded(runs, homes)
    return Arrangement(homes, *_Frames(subject, groups, closed, homes, repeats).made())


def _hides_wrong(run: Sequence[Group], verdicts: Mapping[Any, str]) -> bool:
    return any(verdicts.get(x) == "wrong" for group in run[1:] for x in group.members)


def _folded(runs: Sequence[Sequence[Group]], homes: dict[Any, str | None]) -> dict[Group, int]:
    """How often each group that is drawn for a run is repeated; the results of the last one are found at the first."""
    repeats: dict[Group, int] = {}
    for run in reversed(runs):  # inner runs are settled before those around them look for their results
        first, last = run[0], run[-1]
        for group in run[1:]:
            homes |= dict.fromkeys(group.members)
        homes |= {end: homes[start] for start, end in zip(first.outputs, last.outputs)}
        repeats[first] = len(run)
    return repeats


class _Frames:
    """Makes the frames and module boxes of those groups of which something is seen."""

    def __init__(
        self,
        subject: Subject,
        groups: Sequence[Group],
        closed: dict[Group, str],
        homes: dict[Any, str | None],
        repeats: dict[Group, int],
    ) -> None:
        self._groups = groups
        self._closed = closed
        self._repeats = repeats
        self._boxes: dict[Group | None, list[str]] = {}
        self._inner: dict[Group | None, list[Frame]] = {}
        own = identities(subject)
        innermost: dict[Any, Group] = {x: group for group in groups for x in group.members}  # inner ones come later
        for node in subject.order:
            if node in innermost and homes[node] == own[node]:
                self._boxes.setdefault(innermost[node], []).extend(_with_constants(node, own[node]))
        self._seen = set(homes.values())

    def made(self) -> tuple[list[Box], list[Frame]]:
        """The module boxes, and the outermost frames."""
        modules = []
        for i, group in reversed([*enumerate(self._groups)]):
            identity = self._closed.get(group)
            if identity is not None and identity in self._seen:
                modules.append(_module_box(group, identity, self._title(group)))
                self._boxes.setdefault(group.parent, []).append(identity)
            boxes, inner = self._boxes.get(group, []), self._inner.get(group, [])
            if boxes or inner:
                frame = Frame(str(i), self._title(group), tuple(boxes), tuple(reversed(inner)))
                self._inner.setdefault(group.parent, []).append(frame)
        return modules[::-1], self._inner.get(None, [])[::-1]

    def _title(self, group: Group) -> str:
        return group.name if group not in self._repeats else f"{group.name} × {self._repeats[group]}"


def _with_constants(node: Any, identity: str) -> list[str]:
    """The box of a node, and those of the plain arrays and numbers that it reads."""
    plain = [position for position, x in enumerate(node.inputs) if not isinstance(x, Tensor)]
    return [identity, *(f"{identity}_c{position}" for position in plain)]


def _module_box(group: Group, identity: str, title: str) -> Box:
    operations = sum(x.op is not None for x in group.members)
    parameters = sum(x.size for x in group.members if x.op is None and x.requires_grad)
    results = ", ".join(f"{x.shape} {x.dtype}" for x in group.outputs)
    rows = (shortened(title), _counted(operations, "operation"), _counted(parameters, "parameter"), f"gives {results}")
    return Box(identity, "module", rows, tooltip=title)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"
