"""Colours and shapes of drawings: each role has both, so that neither is needed to tell roles apart.

The colours are tints of the palette of Okabe and Ito (2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """The colours of one drawing, as `#rrggbb`."""

    paper: str
    ink: str
    faint: str
    """Of edges along which no gradient flows, and frames of modules."""
    backward: str
    """Of edges along which gradients flow."""
    alarm: str
    """Of what is wrong: a NaN, a failed operation, a rule that disagrees."""
    fill: Mapping[str, str]
    """By role."""
    verdicts: Mapping[str, str]
    """Fill of a node whose hand-derived gradient was compared."""


SHAPES = {
    "parameter": "box3d",
    "input": "folder",
    "constant": "note",
    "operation": "Mrecord",
    "output": "record",
    "module": "component",
    "gradient": "dashed",
    "failed": "octagon",
}
"""The shape of each role, in the order of the legend; "dashed" is a box with that outline."""

VERDICTS = {"exact": "=", "rounding": "≈", "kink": "∧", "inherited": "↤", "wrong": "✗"}
"""The verdicts of a comparison of gradients, with their signs; inherited: a right step from a wrong delta."""

KINDS = {
    "backward": "dashed, backwards: gradients\nlocal derivative\nupstream × local = contribution",
    "gradient": "dashed: gradients flow\nby the rule beside the line",
    "read": "dotted: a value that a rule reads",
}
"""The kinds of arrows that the legend explains."""

THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#222222",
        faint="#8a8a8a",
        backward="#a3386b",
        alarm="#c22f00",
        fill={
            "parameter": "#fde9c9",
            "input": "#d5efe4",
            "constant": "#eeeeee",
            "operation": "#dcebf7",
            "output": "#fbf3a9",
            "module": "#e8e2f4",
            "gradient": "#f9e1ec",
            "failed": "#fbd5c8",
        },
        verdicts={
            "exact": "#7fc1ec",
            "rounding": "#b3dcf4",
            "kink": "#f6e58d",
            "inherited": "#fad9c8",
            "wrong": "#f5a27a",
        },
    ),
    "dark": Theme(
        paper="#1c1e22",
        ink="#eeeeee",
        faint="#8d9199",
        backward="#f08fc0",
        alarm="#ff7b4d",
        fill={
            "parameter": "#5c4210",
            "input": "#124b3a",
            "constant": "#3a3d42",
            "operation": "#1d4263",
            "output": "#575010",
            "module": "#443a63",
            "gradient": "#5e2a45",
            "failed": "#74260c",
        },
        verdicts={
            "exact": "#0a68a6",
            "rounding": "#2d6480",
            "kink": "#6b5d00",
            "inherited": "#55362a",
            "wrong": "#8f3a10",
        },
    ),
}
"""The choices of `theme`."""
