"""How large text is: Graphviz lays it out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from autograd_mini.drawing.animation.moments import Moment
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.drawing.scene import Box, Scene
from autograd_mini.drawing.text import escaped
from autograd_mini.drawing.themes import Theme

Size = tuple[int, int]
"""Width and height in points."""

FONT = "fontname=Helvetica fontsize=12"
"""Of captions."""

_ROOM = 8
"""Points more than text takes, for thick outlines."""


def sizes(moments: Sequence[Moment], theme: Theme, layout: Layout) -> tuple[dict[str, Size], Size]:
    """The size of every box by identity, and that of captions: room for the largest text that they ever have."""
    boxes = [*dict.fromkeys(box for moment in moments for box in moment.scene.boxes)]
    found = _measured(boxes, [moment.caption for moment in moments], theme, layout)
    largest: dict[str, Size] = {}
    for box, size in zip(boxes, found):
        largest[box.identity] = _larger(largest.get(box.identity, (0, 0)), size)
    room = (0, 0)
    for size in found[len(boxes) :]:
        room = _larger(room, size)
    return largest, room


def _measured(boxes: Sequence[Box], captions: Sequence[Sequence[str]], theme: Theme, layout: Layout) -> Sequence[Size]:
    """The sizes of boxes, then of captions, in a drawing of all of them without arrows."""
    scene = Scene([replace(box, identity=f"s{i}") for i, box in enumerate(boxes)])
    lines = dot_lines(scene, theme, layout)
    lines += [f"s{i} [{FONT} shape=plain label={table(lines)}]" for i, lines in enumerate(captions, len(boxes))]
    plain = Drawing(lines).pipe(format="plain", encoding="utf-8")
    found = re.findall(r"^node s(\d+) \S+ \S+ (\S+) (\S+)", plain, re.MULTILINE)
    by_number = {int(i): (_points(width), _points(height)) for i, width, height in found}
    return [by_number[i] for i in range(len(by_number))]


def _points(inches: str) -> int:
    return math.ceil(72 * float(inches)) + _ROOM


def _larger(a: Size, b: Size) -> Size:
    return max(a[0], b[0]), max(a[1], b[1])


def table(lines: Sequence[str], size: Size | None = None) -> str:
    """Lines of text as a table of one cell, which as a label of a graph can have a fixed size.

    >>> table(["a < b"])
    '<<TABLE BORDER="0" CELLPADDING="6"><TR><TD ALIGN="LEFT" VALIGN="TOP">a &lt; b<BR ALIGN="LEFT"/></TD></TR></TABLE>>'
    """
    fixed = "" if size is None else f' FIXEDSIZE="TRUE" WIDTH="{size[0]}" HEIGHT="{size[1]}"'
    text = "".join(f'{_in_table(line)}<BR ALIGN="LEFT"/>' for line in lines)
    return f'<<TABLE BORDER="0" CELLPADDING="6"{fixed}><TR><TD ALIGN="LEFT" VALIGN="TOP">{text}</TD></TR></TABLE>>'


def _in_table(text: str) -> str:
    return escaped(text).replace("<", "&lt;").replace(">", "&gt;")
