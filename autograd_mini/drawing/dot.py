"""From a scene to DOT text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograd_mini.drawing.scene import Arrow, Box, Frame, Scene
from autograd_mini.drawing.text import escaped, escaped_in_record, quoted, shortened, tooltip
from autograd_mini.drawing.themes import KINDS, SHAPES, VERDICTS, Theme

MOST = 2500
"""Rows that the arrows may cross in all before they are drawn straight, and the layout is not refined."""


def is_tangled(scene: Scene) -> bool:
    """Whether a scene has so many long arrows that a careful layout would take too long.

    An arrow is as long as the number of rows that it crosses, and one with a label twice that, because labels have rows
    of their own.
    """
    rows = _rows(scene.arrows)
    labelled = 1 + any(arrow.rows for arrow in scene.arrows)
    return labelled * sum(rows[arrow.target] - rows[arrow.source] - 1 for arrow in scene.arrows) > MOST


def _rows(arrows: Sequence[Arrow]) -> dict[str, int]:
    """The row of each box as Graphviz will have it: after all that it is computed from, a leaf before its first use."""
    rows: dict[str, int] = {}
    for arrow in arrows:  # those to a node follow those to its inputs
        rows[arrow.target] = max(rows.get(arrow.target, 1), rows.get(arrow.source, 0) + 1)
    for arrow in arrows:
        if arrow.source not in rows or rows[arrow.source] >= rows[arrow.target]:
            rows[arrow.source] = rows[arrow.target] - 1
    return rows


_RECORDS = ("Mrecord", "record")

_PLAIN = {
    "Mrecord": {"shape": "box", "style": "rounded,filled"},
    "record": {"shape": "box"},
    "dashed": {"shape": "box", "style": "dashed,filled"},
}
"""Shapes that take more than a word. Those of records stand for these where arrows may run between neighbours:
Graphviz loses such arrows between records."""

_QUICK = ("splines=line nslimit=0.1 mclimit=0.01",)
"""Straight arrows, and a layout that is not refined."""

_LINE = {"TB": 5, "BT": 5, "LR": 3, "RL": 3}
"""Boxes in a line of the legend, by direction."""

_UPWARDS = ("LR", "RL")
"""Directions in which lines across the drawing run from the bottom upwards."""

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
    rounded: bool = True
    """Whether operations without places have round corners, which take many bytes."""


def dot_lines(scene: Scene, theme: Theme, layout: Layout) -> list[str]:
    """The statements of a graph, one a line."""
    places = {box.identity for box in scene.boxes if _has_places(box, layout)}
    return [
        *_head(theme, layout),
        *(_QUICK if is_tangled(scene) else ()),
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
        yield f'dpi="{layout.dpi:g}"'
    text = f'fontname="Helvetica" fontcolor={quoted(theme.ink)}'
    yield f'node [{text} fontsize=10 height=0.2 style=filled color={quoted(theme.ink)} tooltip=" "]'
    yield f'edge [{text} fontsize=9 arrowsize=0.7 color={quoted(theme.ink)} tooltip=" "]'


def _box(box: Box, theme: Theme, layout: Layout) -> str:
    fill = theme.fill[box.role] if box.verdict is None else theme.verdicts[box.verdict]
    settings = {"id": box.identity, **_shape(box, layout), "fillcolor": fill, "class": box.role}
    if box.tooltip:
        settings["tooltip"] = tooltip(box.tooltip)
    if settings["shape"] == "box3d":
        settings["margin"] = "0.11,0.09"  # its upper edge takes some of the room for the text
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
    shape = "record" if shape == "Mrecord" and not layout.rounded else shape
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
        # Spaces keep the text off the line; so does one more row where the line passes below.
        rows = [*arrow.rows, *([""] if layout.direction in _UPWARDS else [])]
        settings |= {"label": escaped("\n".join(f" {row} " for row in rows)), "fontcolor": theme.backward}
    if arrow.alarm:
        settings |= {"color": theme.alarm, "fontcolor": theme.alarm, "penwidth": "3"}
    if arrow.position is not None and not to_place:
        settings |= {"headlabel": f" {arrow.position + 1} ", "labeldistance": "1.7"}
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
    roles = [Box(f"legend_{role}", role, (role,)) for role in SHAPES if any(box.role == role for box in scene.boxes)]
    verdicts = [
        Box(f"legend_{verdict}", "constant", (f"by hand: {verdict} {sign}",), verdict=verdict)
        for verdict, sign in VERDICTS.items()
        if any(box.verdict == verdict for box in scene.boxes)
    ]
    kinds = {f"legend_line_{kind}": words for kind, words in KINDS.items() if any(a.kind == kind for a in scene.arrows)}
    notes = {name: (words, theme.backward) for name, words in kinds.items()}
    if _has_alarm(scene):
        notes["legend_alarm"] = "thick and red: not finite", theme.alarm
    statements = [
        *(_box(box, theme, Layout(places=False)) for box in (*roles, *verdicts)),
        *(_note(name, words, colour) for name, (words, colour) in notes.items()),
    ]
    names = [[box.identity for box in roles], [box.identity for box in verdicts], [*notes]]
    most = _LINE[layout.direction]
    lines = [line[start : start + most] for line in names for start in range(0, len(line), most)]
    statements += _in_lines(lines, upwards=layout.direction in _UPWARDS)
    yield from _frame(Frame("legend", "legend", (), statements=tuple(statements)), theme)


def _has_alarm(scene: Scene) -> bool:
    """Whether something is red that does not say why by its role or verdict."""
    boxes = any(box.alarm and box.role != "failed" and box.verdict != "wrong" for box in scene.boxes)
    return boxes or any(arrow.alarm for arrow in scene.arrows)


def _note(name: str, words: str, colour: str) -> str:
    return _statement(name, {"shape": "plaintext", "style": "", "fontcolor": colour, "label": escaped(words)})


def _in_lines(lines: Sequence[Sequence[str]], *, upwards: bool) -> Iterator[str]:
    """Boxes in lines across the drawing: a single one would make it twice as wide, or high."""
    for line in lines:
        if len(line) > 1:
            yield f"{{rank=same {' -> '.join(line[::-1] if upwards else line)} [style=invis]}}"
    if len(lines) > 1:
        yield f"{' -> '.join(line[0] for line in lines)} [style=invis]"


def _statement(subject: str, settings: Mapping[str, str]) -> str:
    written = " ".join(f"{name}={quoted(value)}" for name, value in settings.items())
    return f"{subject} [{written}]" if written else subject
