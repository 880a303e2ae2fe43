"""What is in a drawing, before it has a language: boxes of text, arrows between them, and frames around them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    """One node: its lines of text, and what role it plays."""

    identity: str
    role: str
    rows: tuple[str, ...]
    operands: int = 0
    """How many places for arrows are numbered; 0 for none."""
    tooltip: str = ""
    alarm: bool = False
    """Whether something is wrong with it."""
    verdict: str | None = None
    """How its hand-derived gradient compares."""


@dataclass(frozen=True)
class Arrow:
    """From the value that is read to the node that reads it."""

    identity: str
    source: str
    target: str
    position: int | None = None
    """The numbered place at the target."""
    kind: str = "forward"
    """The line it is drawn with: "forward", "backward" where a gradient flows from target to source, "still" where none
    does, "gradient" from a gradient to where it comes from, "read" from a value to the gradient whose rule reads it."""
    rows: tuple[str, ...] = ()
    alarm: bool = False


@dataclass(frozen=True)
class Frame:
    """A named part with the boxes in it."""

    identity: str
    title: str
    boxes: tuple[str, ...]
    inner: tuple[Frame, ...] = ()
    statements: tuple[str, ...] = ()
    """What else stands in it."""


@dataclass
class Scene:
    """All of it, in the order in which it is written."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    """Boxes that stand beside each other: a value and its gradient."""
