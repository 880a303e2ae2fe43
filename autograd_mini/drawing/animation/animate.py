"""`animate`: the computation of a Tensor and its way back as an animated GIF."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograd_mini.drawing.animation.moments import Moment, moments
from autograd_mini.drawing.choices import check_choice, check_count, check_paper
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.rendering import Drawing, write_whole
from autograd_mini.drawing.scene import Box, Frame, Scene
from autograd_mini.drawing.steps import replay
from autograd_mini.drawing.subject import order_within
from autograd_mini.drawing.text import escaped, quoted
from autograd_mini.drawing.themes import THEMES, Theme
from autograd_mini.tensor import Tensor

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


# ------------------------------------------------------------------------------------------------------------- pictures


Settings = Mapping[str, Mapping[str, str]]
"""What Graphviz is told of boxes, arrows and frames, by what they are called in DOT; of the graph under its name."""

_GRAPH = ""

_PLACES = ("pos", "bb", "lp", "lwidth", "lheight")

_DOTS = 96
"""Per inch, as Graphviz has it, where that gives no more than the following."""

_PIXELS = 2_000_000
"""Of a frame: where there would be more, nobody sees all of them, and a hundred frames take minutes."""


@dataclass(frozen=True)
class _Paper:
    """What all drawings are made on, with room for the caption."""

    theme: Theme
    layout: Layout
    room: Size

    def picture(self, scene: Scene, caption: Sequence[str], settings: Settings) -> Drawing:
        """The caption comes last: frames would inherit it."""
        lines = dot_lines(scene, self.theme, replace(self.layout, settings=settings))
        lines.append(f"{FONT} fontcolor={quoted(self.theme.ink)} labelloc=b labeljust=l")
        lines.append(f"label={table(caption, self.room)} {_written(settings.get(_GRAPH, {}))}")
        return Drawing(lines)


def pictures(moments: Sequence[Moment], theme: Theme, layout: Layout) -> list[Drawing]:
    """A drawing of each moment.

    RendererNotFoundError if there is nothing that can tell how large text is.
    """
    largest, room = sizes(moments, theme, layout)
    fixed = {identity: _fixed(size) for identity, size in largest.items()}
    paper = _Paper(theme, layout, room)
    last, caption = moments[-1].scene, moments[-1].caption
    ahead = replace(last, arrows=[replace(arrow, kind="forward") for arrow in last.arrows])
    forward, back = (_places(paper.picture(scene, caption, fixed)) for scene in (ahead, last))
    paper = replace(paper, layout=replace(layout, dpi=layout.dpi or _fitting(back[_GRAPH]["bb"])))
    drawings = []
    for moment in moments:
        scene = replace(moment.scene, frames=[_placed(frame, back) for frame in moment.scene.frames])
        going = {arrow.identity: forward[arrow.identity] for arrow in scene.arrows if arrow.kind == "forward"}
        drawings.append(paper.picture(scene, moment.caption, _together(fixed, back, going, moment.settings)))
    return drawings


def _fixed(size: Size) -> Mapping[str, str]:
    return {"fixedsize": "true", "width": f"{size[0] / 72:.4f}", "height": f"{size[1] / 72:.4f}"}


def _places(drawing: Drawing) -> Settings:
    """Where Graphviz puts everything."""
    graph = json.loads(drawing.pipe(format="json", encoding="utf-8"))
    things = {_GRAPH: graph}
    things |= {thing["name"]: thing for thing in graph.get("objects", ())}
    things |= {arrow["id"]: arrow for arrow in graph.get("edges", ())}
    places = {name: {key: thing[key] for key in _PLACES if key in thing} for name, thing in things.items()}
    places[_GRAPH]["layout"] = "nop2"
    return places


def _fitting(corners: str) -> float:
    """The dots per inch with which a drawing has no more pixels than it may."""
    left, bottom, right, top = map(float, corners.split(","))
    return min(_DOTS, math.sqrt(_PIXELS / ((right - left) / 72 * (top - bottom) / 72)))


def _placed(frame: Frame, places: Settings) -> Frame:
    own = _written(places[f"cluster_{frame.identity}"])
    return replace(frame, inner=tuple(_placed(inner, places) for inner in frame.inner), statements=(own,))


def _written(settings: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoted(value)}" for name, value in settings.items())


def _together(*parts: Settings) -> Settings:
    """All settings; of two that contradict each other the later."""
    together: dict[str, dict[str, str]] = {}
    for part in parts:
        for name, settings in part.items():
            together.setdefault(name, {}).update(settings)
    return together


# ------------------------------------------------------------------------------------------------------------- the file


_SHADES = 20
"""Between two colours, both among them, where text or a line meets what it stands on."""


def pillow() -> ModuleType:
    """Pillow's module of images; ImportError that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"animate: a GIF is put together by Pillow ({error}); pip install 'autograd-mini[plot]'"
        ) from error
    return Image


def joined(pictures: Sequence[bytes], milliseconds: Sequence[int], theme: Theme) -> bytes:
    """PNG pictures as a GIF that is repeated for ever. All have the same colours: what is equal in them stays equal."""
    Image = pillow()
    colours = Image.new("P", (1, 1))
    colours.putpalette(palette(theme))
    frames = []
    for picture in pictures:
        seen = Image.open(io.BytesIO(picture)).convert("RGBA")
        opaque = Image.alpha_composite(Image.new("RGBA", seen.size, theme.paper), seen).convert("RGB")
        frames.append(opaque.quantize(palette=colours, dither=Image.Dither.NONE))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=[*milliseconds], loop=0)
    return file.getvalue()


def palette(theme: Theme) -> list[int]:
    """At most 256 colours, red, green and blue of each: all shades that a drawing in this theme has."""
    grounds = [(theme.ink, fill) for fill in theme.fill.values()]
    lines = [(line, theme.paper) for line in (theme.ink, theme.faint, theme.backward, theme.alarm)]
    return [level for line, ground in grounds + lines for level in _shades(line, ground)]


def _shades(line: str, ground: str) -> list[int]:
    return np.linspace(_levels(line), _levels(ground), _SHADES).round().astype(int).ravel().tolist()


def _levels(colour: str) -> list[int]:
    return [*bytes.fromhex(colour[1:])]


# -------------------------------------------------------------------------------------------------------------- animate


_HOLD = 4
"""How many times longer the last frame is shown."""

_SHORTEST, _LONGEST = 20, 60_000
"""Milliseconds: faster frames are slowed down by browsers, and a GIF has no room for much slower ones."""


def animate(
    output: Tensor,
    path: str | os.PathLike[str],
    *,
    milliseconds: int = 800,
    theme: str = "light",
    direction: str = "TB",
    dpi: float | None = None,
    max_nodes: int = 60,
) -> str:
    """Write the computation of `output` and its way back as an animated GIF; returns the path.

    There is a frame for each step of `ag.replay(output)`, with the step as text below: the values appear one by one,
    then dL/dL = 1, then along one edge after the other flows what it contributes, and the sums in the boxes grow. No
    box moves. The last frame, in which all of `ag.draw(output, show="backward")` is to be seen, is shown four times as
    long as the others, which are shown for `milliseconds` each, in steps of 10. `theme`, `direction` and `dpi` are
    those of `ag.draw`; if no `dpi` is given it is 96, or less where a frame would have more than 2 million pixels.

    Raises what `ag.replay` raises; ValueError for a path that does not end in .gif, an unusable setting, or more than
    `max_nodes` nodes; RendererNotFoundError without Graphviz or pygraphviz, ImportError without Pillow (the extra
    "plot"). A file is written whole or not at all.

    >>> import tempfile
    >>> x = Tensor(3.0, name="x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(animate(x * x, f"{folder}/backprop.gif")).read_bytes()[:6]
    b'GIF89a'
    """
    check_choice("animate", "theme", theme, THEMES)
    check_choice("animate", "direction", direction, ("TB", "LR", "BT", "RL"))
    check_count("animate", "max_nodes", max_nodes, 1)
    check_paper("animate", None, dpi)
    _check_milliseconds(milliseconds)
    _check_path(path)
    if isinstance(output, Tensor):
        order_within([output], max_nodes, "animate")
    pillow()
    seen = moments(replay(output), THEMES[theme])
    frames = _rendered(pictures(seen, THEMES[theme], Layout(direction, dpi=dpi, legend=False)))
    times = [milliseconds] * (len(frames) - 1) + [_HOLD * milliseconds]
    write_whole(Path(path), joined(frames, times, THEMES[theme]))
    return os.fspath(path)


def _check_milliseconds(given: Any) -> None:
    check_count("animate", "milliseconds", given, _SHORTEST)
    if given > _LONGEST:
        raise ValueError(f"animate: milliseconds is at most {_LONGEST}, for one frame a minute; got {given}")


def _check_path(path: Any) -> None:
    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f'animate: the path ends in .gif, "backprop.gif" say, got {os.fspath(path)!r}')


def _rendered(drawings: Sequence[Drawing]) -> list[bytes]:
    """The drawings as PNG: by `dot` programs side by side, or one by one, as pygraphviz has global variables."""
    with ThreadPoolExecutor(os.cpu_count() if shutil.which("dot") else 1) as pool:
        return [*pool.map(lambda drawing: drawing.pipe(format="png"), drawings)]
