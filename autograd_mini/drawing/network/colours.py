"""The colours of network pictures, by theme."""

from __future__ import annotations

# The hues of a positive and of a negative weight are told apart by colour-blind readers; negative ones are also dashed.
LIGHT = {
    "background": "#ffffff",
    "text": "#222222",
    "unit": "#ffffff",
    "ring": "#555555",
    "constant": "#e6e6e6",
    "positive": "#0072b2",
    "negative": "#d55e00",
    "zero": "#b5b5b5",
    "strange": "#9b1d9b",
}

DARK = {
    "background": "#1b1e23",
    "text": "#e8e8e8",
    "unit": "#1b1e23",
    "ring": "#a5a5a5",
    "constant": "#41454c",
    "positive": "#56b4e9",
    "negative": "#e69f00",
    "zero": "#5d6168",
    "strange": "#e77be7",
}

THEMES = {"light": LIGHT, "dark": DARK}

"""The choices of `theme`."""
