"""From a scene to DOT text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from autograd_mini.drawing.scene import Arrow, Box, Frame, Scene
from autograd_mini.drawing.text import escaped, escaped_in_record, quoted, shortened, tooltip
from autograd_mini.drawing.themes import KINDS, SHAPES, VERDICTS, Theme

_RECORDS = ("Mrecord", "record")

_PLAIN = {
    "Mrecord": {"shape": "box", "style": "rounded,filled"},
    "record": {"shape": "box"},
    "dashed": {"shape": "box", "style": "dashed,filled"},
}
"""Shapes that take more than a word. Those of records stand for these where arrows may run between neighbours:
Graphviz loses such arrows between records."""

_MANY = 250
"""Boxes and labels from which on arrows are straight and the layout is not refined: else it may take minutes."""

_HASTE = ("splines=line nslimit=0.5 mclimit=0.1",)

_ENTRY = {"TB": "n", "BT": "s", "LR": "w", "RL": "e"}
"""The side at which arrows arrive, by direction."""


@dataclass(frozen=True)
class Layout:
    """How a drawing lies on its paper."""

    direction: str = "TB"
    size: tuple[float, float] | None = None
    """The largest width and height, in inches."""
    dpi: float | None = None
    legend: bool = True
    places: bool = True
    """Whether arrows end at numbered places; else the number stands at the head of the arrow."""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What else Graphviz is told of some boxes and arrows, by identity; it overrules what a role or a kind says."""


def dot_lines(scene: Scene, theme: Theme, layout: Layout) -> list[str]:
    """The statements of a graph, one a line."""
    places = {box.identity for box in scene.boxes if _has_places(box, layout)}
    return [
        *_head(theme, layout),
        *(_HASTE if len(scene.boxes) + sum(bool(arrow.rows) for arrow in scene.arrows) > _MANY else ()),
        *(_box(box, theme, layout) for box in scene.boxes),
        *(line for frame in scene.frames for line in _frame(frame, theme)),
        *(_arrow(arrow, theme, layout, arrow.target in places) for arrow in scene.arrows),
        *(f"{{rank=same {' -> '.join(row)} [style=invis]}}" for row in scene.rows),
        *(_legend(scene, theme, layout) if layout.legend else ()),
    ]


def _head(theme: Theme, layout: Layout) -> Iterator[str]:
    yield f"rankdir={layout.direction} bgcolor={quoted(theme.paper)}"
    if layout.size is not None:
        yield f'size="{layout.size[0]:g},{layout.size[1]:g}"'
    if layout.dpi is not None:
        yield f"dpi={layout.dpi:g}"
    text = f'fontname="Helvetica" fontcolor={quoted(theme.ink)}'
    yield f'node [{text} fontsize=10 height=0.2 style=filled color={quoted(theme.ink)} tooltip=" "]'
    yield f'edge [{text} fontsize=9 arrowsize=0.7 color={quoted(theme.ink)} tooltip=" "]'


def _box(box: Box, theme: Theme, layout: Layout) -> str:
    fill = theme.fill[box.role] if box.verdict is None else theme.verdicts[box.verdict]
    settings = {"id": box.identity, **_shape(box, layout), "fillcolor": fill}
    if box.tooltip:
        settings["tooltip"] = tooltip(box.tooltip)
    if box.alarm:
        settings |= {"color": theme.alarm, "penwidth": "3"}
    elif box.role == "output":
        settings["penwidth"] = "2"
    return _statement(box.identity, {**settings, **layout.settings.get(box.identity, {})})


def _shape(box: Box, layout: Layout) -> dict[str, str]:
    """Shape and text. A record has a field for each row, and one for the place of each operand."""
    shape = SHAPES[box.role]
    if _has_places(box, layout):
        return {"shape": shape, "label": _record(box, layout)}
    return {**_PLAIN.get(shape, {"shape": shape}), "label": escaped("\n".join(box.rows))}


def _record(box: Box, layout: Layout) -> str:
    """Braces turn the direction of fields, which are laid out across the direction of the drawing."""
    rows = "|".join(map(escaped_in_record, box.rows))
    upright = layout.direction in ("TB", "BT")
    parts = [rows if upright else f"{{{rows}}}"]
    if box.operands:
        places = "|".join(f"<i{position}>{position + 1}" for position in range(box.operands))
        parts.insert(len(parts) * (layout.direction in ("BT", "RL")), f"{{{places}}}")
    return f"{{{'|'.join(parts)}}}"


def _has_places(box: Box, layout: Layout) -> bool:
    return layout.places and SHAPES[box.role] in _RECORDS


def _arrow(arrow: Arrow, theme: Theme, layout: Layout, to_place: bool) -> str:
    settings = {"id": arrow.identity, **_style(arrow.kind, theme)}
    if arrow.rows:
        settings |= {"label": escaped("\n".join(arrow.rows)), "fontcolor": theme.backward}
    if arrow.alarm:
        settings |= {"color": theme.alarm, "fontcolor": theme.alarm, "penwidth": "3"}
    if arrow.position is not None and not to_place:
        settings["headlabel"] = f" {arrow.position + 1} "
    place = f":i{arrow.position}:{_ENTRY[layout.direction]}" if arrow.position is not None and to_place else ""
    settings |= layout.settings.get(arrow.identity, {})
    return _statement(f"{arrow.source} -> {arrow.target}{place}", settings)


def _style(kind: str, theme: Theme) -> Mapping[str, str]:
    """Gradients flow along dashed lines, against the direction in which values are laid out."""
    return {
        "forward": {},
        "backward": {"dir": "back", "style": "dashed", "color": theme.backward},
        "still": {"dir": "none", "color": theme.faint},
        "gradient": {"dir": "back", "style": "dashed", "color": theme.backward},
        "read": {"style": "dotted", "color": theme.faint, "constraint": "false", "arrowhead": "open"},
    }[kind]


def _frame(frame: Frame, theme: Theme) -> Iterator[str]:
    yield f"subgraph cluster_{frame.identity} {{"
    title = quoted(escaped(shortened(frame.title)))
    yield f'\tlabel={title} style=rounded color={quoted(theme.faint)} fontname="Helvetica"'
    yield f"\tfontsize=10 fontcolor={quoted(theme.ink)} tooltip={quoted(tooltip(frame.title))}"
    if frame.boxes:
        yield "\t" + " ".join(frame.boxes)
    yield from (f"\t{line}" for line in frame.statements)
    for inner in frame.inner:
        yield from (f"\t{line}" for line in _frame(inner, theme))
    yield "}"


def _legend(scene: Scene, theme: Theme, layout: Layout) -> Iterator[str]:
    """One box for each role, verdict and kind of arrow that occurs."""
    boxes = [Box(f"legend_{role}", role, (role,)) for role in SHAPES if any(box.role == role for box in scene.boxes)]
    boxes += [
        Box(f"legend_{verdict}", "constant", (f"by hand: {verdict} {sign}",), verdict=verdict)
        for verdict, sign in VERDICTS.items()
        if any(box.verdict == verdict for box in scene.boxes)
    ]
    names = [box.identity for box in boxes]
    lines = [_box(box, theme, Layout(places=False)) for box in boxes]
    for kind, words in KINDS.items():
        if any(arrow.kind == kind for arrow in scene.arrows):
            names.append(f"legend_{kind}")
            settings = {"shape": "plaintext", "style": "", "label": escaped(words), "fontcolor": theme.backward}
            lines.append(_statement(names[-1], settings))
    row = names if layout.direction in ("TB", "BT") else names[::-1]  # drawn from the bottom upwards
    lines.append(f"{{rank=same {' -> '.join(row)} [style=invis]}}")
    frame = Frame("legend", "legend", (), statements=tuple(lines))
    yield from _frame(frame, theme)


def _statement(subject: str, settings: Mapping[str, str]) -> str:
    written = " ".join(f"{name}={quoted(value)}" for name, value in settings.items())
    return f"{subject} [{written}]" if written else subject
