"""The drawing of a graph as SVG to stand in a page: every node and edge can be found by its id."""

from __future__ import annotations

import re

from autograd_mini.draw.dot import draw
from autograd_mini.draw.drawing import Drawing
from autograd_mini.tensor import Tensor

_NODE = re.compile(r"(n\d+(?:_c\d+)?) \[(.*)\]", re.DOTALL)
_EDGE = re.compile(r"n\d+(?:_c\d+)? -> n(\d+)(?::i(\d+):n)?")
_ROLES = {"#fde9c9": "parameter", "#eeeeee": "constant", "#dcebf7": "operation"}
_SCALAR = r"|()\ float64|"  # a row that says nothing in a graph of scalars
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


def svg(output: Tensor, max_nodes: int) -> str:
    """The SVG element: node i has the id "n{i}", the edge into its operand p the id "e{i}_{p}".

    Raises as `draw`, and RendererNotFoundError where nothing renders.
    """
    lines = [_identified(line.strip("\t\n")) for line in draw(output, max_nodes=max_nodes).body]
    drawing = Drawing([_WIDE_ENOUGH, *lines])
    picture = _SURPLUS.sub("", drawing.pipe(format="svg", encoding="utf-8")).strip()
    return _PLACES.sub(lambda places: re.sub(r"(\.\d)\d|\s+(?=\")", r"\1", places[0]), picture)


def _identified(line: str) -> str:
    """A line of DOT, with an id and a class for the page if it is a node or an edge."""
    node, edge = _NODE.fullmatch(line), _EDGE.fullmatch(line)
    if edge is not None:
        return f'{line} [id="e{edge[1]}_{edge[2] or 0}"]'
    if node is None or node[1] == "node":
        return line
    role = next(name for colour, name in _ROLES.items() if f'fillcolor="{colour}"' in node[2][-30:])
    return f'{node[1]} [{node[2].replace(_SCALAR, "|")} id="{node[1]}" class="{role}"]'
