"""From moments to drawings in which everything stays where it is.

Graphviz would place even boxes of equal sizes by a pixel more or less, as the text in them and the heads of arrows
change. So it places everything once, and every drawing says where that was: `layout=nop2` draws what is placed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autograd_mini.drawing.animation.moments import Moment
from autograd_mini.drawing.animation.sizes import FONT, Size, sizes, table
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.drawing.scene import Frame, Scene
from autograd_mini.drawing.text import quoted
from autograd_mini.drawing.themes import Theme

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
