"""The DOT text of a network picture: columns of circles, and lines between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from autograd_mini.drawing.network.columns import Column, biases, shown, weight_lines
from autograd_mini.drawing.network.layers import find_layers
from autograd_mini.drawing.network.style import Colours, label, largest_of, legend, line, ring, thickest
from autograd_mini.drawing.text import number, quoted, shortened, tooltip
from autograd_mini.tensor import Tensor

ELLIPSES = {"LR": "⋮", "TB": "⋯"}
"""By the direction of the picture, the sign for units that are left out."""

STIFF = 1000
"""The weight of invisible edges that hold columns together and in line; the visible ones pull at nothing."""


def picture(
    output: Tensor,
    direction: str,
    max_units: int,
    palette: Colours,
    size: tuple[float, float] | None,
    dpi: float | None,
) -> list[str]:
    """The lines of DOT text; ValueError for a graph that is no chain of layers."""
    layers = find_layers(output)
    columns = [
        Column(layer, place, place == len(layers) - 1, shown(layer.size, max_units))
        for place, layer in enumerate(layers)
    ]
    return [*_head(columns, direction, size, dpi, palette), *_body(columns, direction, palette)]


def _head(
    columns: Sequence[Column], direction: str, size: tuple[float, float] | None, dpi: float | None, palette: Colours
) -> list[str]:
    """The settings of the whole picture, and the legend."""
    weights, added = [weight for *_, weight in weight_lines(columns)], biases(columns)
    strange = not np.isfinite([*weights, *added]).all()
    text = f'fontname="Helvetica" fontcolor="{palette["text"]}"'
    widest = max(len(column.shown) for column in columns)
    lines = [
        f"rankdir={direction}",
        f"splines=line outputorder=edgesfirst nodesep=0.06 ranksep={1.0 + 0.06 * widest:.2f}",
        f"bgcolor={quoted(palette['background'])}",
        f"label={legend(largest_of(weights), strange, bool(added), palette)} labelloc=b {text} fontsize=10",
        f'node [shape=circle width=0.42 height=0.42 fixedsize=true margin=0 {text} fontsize=10 label="" tooltip=" "]',
        'edge [arrowhead=none weight=0 tooltip=" "]',
    ]
    sizes = [f'size="{size[0]:g},{size[1]:g}"'] if size is not None else []
    return [*lines, *sizes, *([f'dpi="{dpi:g}"'] if dpi is not None else [])]


def _body(columns: Sequence[Column], direction: str, palette: Colours) -> Iterator[str]:
    width = thickest(max(len(column.shown) for column in columns))
    largest = largest_of(biases(columns))
    for column in columns:
        yield from _units(column, largest, width, palette)
        yield from _stack(column, ELLIPSES[direction])
    lines, joints = _lines(columns, width, palette), _joints(columns)
    for ends in joints:
        if ends not in lines:
            yield f"{ends} [style=invis weight={STIFF}]"
    for ends, look in lines.items():
        yield f"{ends} [{look}{f' weight={STIFF}' if ends in joints else ''}]"


def _units(column: Column, largest: float, width: float, palette: Colours) -> Iterator[str]:
    for unit in column.units:
        constant = unit == column.layer.constant
        bias = column.bias(unit)
        words = [f"{shortened(column.layer.title)}: {column.named(unit)}"]
        words += [] if bias is None else [f"bias {number(bias)}"]
        name = column.named(unit) if constant or column.last or not column.place else ""
        fill = palette["constant" if constant else "unit"]
        look = f"fillcolor={quoted(fill)} {ring(bias, largest, width, palette)}"
        yield f"{column.node(unit)} [label={label(name)} {look} tooltip={quoted(tooltip(chr(10).join(words)))}]"


def _stack(column: Column, ellipsis: str) -> Iterator[str]:
    """The units of a column in their order, between its title and its caption.

    Points between the units give every column a middle, whether the number of its units is odd or even.
    """
    place = column.place
    for node, words in ((f"title{place}", _title(column)), (f"caption{place}", _caption(column))):
        yield f'{node} [shape=plaintext fixedsize=false height=0 margin="0.1,0.05" label={label(words)}]'
    if None in column.shown:
        yield f"{column.node(None)} [shape=plaintext fontsize=16 label={label(ellipsis)}]"
    chain = _chain(column)
    for point in chain[1::2]:
        yield f"{point} [shape=point style=invis width=0.01 height=0.01]"
    yield f"{{rank=same title{place} {' '.join(chain)} caption{place}}}"
    if len(chain) > 1:
        yield f"{' -> '.join(chain)} [style=invis weight={STIFF}]"
    yield f"title{place} -> {chain[0]} [style=invis weight=1]"
    yield f"{chain[-1]} -> caption{place} [style=invis weight=1]"


def _chain(column: Column) -> list[str]:
    nodes = [node for unit in column.shown for node in (f"{column.node(unit)}_", column.node(unit))]
    return nodes[1:]


def _title(column: Column) -> str:
    layer = column.layer
    count = layer.size - (layer.constant is not None)
    kind = "input" if not column.place else "output" if column.last else "unit"
    words = f"{count} {kind}{'s' * (count != 1)}{' + 1' * (layer.constant is not None)}"
    return f"{shortened(layer.title)}\n{words}"


def _caption(column: Column) -> str:
    """The activation, and what follows the last layer."""
    layer = column.layer
    follows = ["then", ", ".join(layer.tail)] if layer.tail else []
    return "\n".join(shortened(words) for words in [", ".join(layer.functions), *follows] if words)


def _joints(columns: Sequence[Column]) -> list[str]:
    """The edges, most of them invisible, that keep the titles, middles and captions of columns in line."""
    pairs = [pair for before, after in pairwise(columns) for pair in zip(_anchors(before), _anchors(after))]
    return [f"{source} -> {target}" for source, target in pairs]


def _anchors(column: Column) -> list[str]:
    chain = _chain(column)
    return [f"title{column.place}", chain[len(chain) // 2], f"caption{column.place}"]


def _lines(columns: Sequence[Column], width: float, palette: Colours) -> dict[str, str]:
    """The weights that are shown: by the ends of an edge, how it looks."""
    lines = {}
    largest = largest_of(weight for *_, weight in weight_lines(columns))
    for before, source, after, target, weight in weight_lines(columns):
        name = shortened(after.layer.weight_name)
        words = f"{name}: {before.named(source)} → {after.named(target)}: {number(weight)}"
        look = f"{line(weight, largest, width, palette)} tooltip={quoted(tooltip(words))}"
        lines[f"{before.node(source)} -> {after.node(target)}"] = look
    return lines
