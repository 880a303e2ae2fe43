"""The drawing of a graph as SVG to stand in a page: every node and edge can be found by its id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from autograd_mini.drawing.build import Builder, identities
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.drawing.scene import Box
from autograd_mini.drawing.steps import Replay
from autograd_mini.drawing.subject import subject_of, with_slopes
from autograd_mini.drawing.themes import THEMES

_SCALAR = "() float64"  # a row that says nothing in a graph of scalars
_WIDE_ENOUGH = "node [width=1.3]"  # inches: values change in the page, and "grad -1.234e-100" still fits

# What a page has no use for: the renderer's prologue, its comments, titles that a browser would show as tooltips (the
# page says more itself), and what the page's style sheet sets once: a third of the text. The text nodes of an SVG have
# neither "<" nor a quote, so that only tags match.
_SURPLUS = re.compile(
    r"\A.*?(?=<svg)|<!--.*?-->\s*|<title>[^<]*</title>\s*|<g id=\"a_[^\"]*\"><a [^>]*>\s*"
    r"|</a>\s*</g>\s*| (?:fill|stroke|text-anchor|font-family|font-size)=\"[^\"]*\"",
    re.DOTALL,
)
_PLACES = re.compile(r' (?:points|d|x|y)="[^"]*"')


def svg(replay: Replay) -> str:
    """The SVG element: node i has the id "n{i}", the edge into its operand p the id "e{i}_{p}".

    Raises RendererNotFoundError where nothing renders.
    """
    picture = _SURPLUS.sub("", Drawing(_lines(replay)).pipe(format="svg", encoding="utf-8")).strip()
    return _PLACES.sub(lambda places: re.sub(r"(\.\d)\d|\s+(?=\")", r"\1", places[0]), picture)


def _lines(replay: Replay) -> Iterator[str]:
    subject = with_slopes(subject_of(replay.output, len(replay.order)), replay.gradients)
    builder = Builder(subject, replay, identities(subject), {})
    builder.add_values(backward=False)
    builder.scene.boxes[:] = map(_short, builder.scene.boxes)
    yield _WIDE_ENOUGH
    layout = Layout(legend=False, places=False, rounded=False)
    yield from dot_lines(builder.scene, THEMES["light"], layout)  # the page's style sheet has the colours


def _short(box: Box) -> Box:
    """A box without what says nothing here, or what the page says better: a gradient as a sum, what is not finite."""
    kept = box.rows[:-1] if box.alarm else box.rows  # the page marks what is not finite among the values it has now
    rows = [f"grad {row.rpartition(' ')[2]}" if row.startswith("grad ") and " = " in row else row for row in kept]
    return replace(box, rows=tuple(row for row in rows if row != _SCALAR), tooltip="", alarm=False)
