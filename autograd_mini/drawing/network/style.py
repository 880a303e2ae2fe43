"""How the lines, rings and words of a network picture look."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from autograd_mini.drawing.text import escaped, number, quoted

THINNEST = 0.4
"""The width in points of the line of a weight next to 0."""

THINNEST_RING = 1.0
"""The same for a bias: the ring has to be seen, for the sake of the unit."""

Colours = Mapping[str, str]


def thickest(units: int) -> float:
    """The width of the line of the largest weight: the more units a picture has, the thinner, to keep lines apart.

    >>> thickest(3), thickest(16)
    (4.0, 1.5)
    """
    return min(4.0, max(1.5, 24 / units))


def line(weight: Any, largest: float, width: float, colours: Colours, thinnest: float = THINNEST) -> str:
    """The DOT attributes of a weight: colour and dashes for its sign, and its share of the greatest width for its size.

    >>> line(-2.0, 2.0, 4.0, {"negative": "#d55e00"})
    'color="#d55e00" style=dashed penwidth=4.00'
    """
    if not math.isfinite(weight):
        return f"color={quoted(colours['strange'])} style=dotted penwidth={width:.2f}"
    share = abs(float(weight)) / largest if largest else 0.0
    kind = "positive" if weight > 0 else "negative" if weight < 0 else "zero"
    style = "dashed" if weight < 0 else "solid"
    return f"color={quoted(colours[kind])} style={style} penwidth={thinnest + share * (width - thinnest):.2f}"


def ring(bias: Any, largest: float, width: float, colours: Colours) -> str:
    """The DOT attributes of a unit's outline, for its bias; None is a unit without one."""
    if bias is None:
        return f"color={quoted(colours['ring'])} style=filled"
    return re.sub(r"style=(\w+)", r'style="filled,\1"', line(bias, largest, width, colours, THINNEST_RING))


def largest_of(values: Any) -> float:
    """The largest finite absolute value; 0 if there is none."""
    return max((abs(float(x)) for x in values if math.isfinite(x)), default=0.0)


def label(text: str) -> str:
    """Text as the quoted label of a node."""
    return quoted(escaped(text))


def legend(largest: float, strange: bool, biased: bool, colours: Colours) -> str:
    """What colours, dashes and widths mean, as an HTML-like label."""
    parts = [
        _coloured("——", colours["positive"]) + " positive weight",
        _coloured("– – –", colours["negative"]) + " negative",
        *([_coloured("· · ·", colours["strange"]) + " not finite"] if strange else []),
    ]
    lines = [
        " &#160; ".join([*parts, f"widest: ±{number(largest)}"]),
        *(["ring of a unit: its bias"] if biased else []),
    ]
    rows = "".join(f"<tr><td>{text}</td></tr>" for text in lines)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="3">{rows}</table>>'


def _coloured(text: str, colour: str) -> str:
    return f'<font color="{colour}"><b>{text}</b></font>'
