"""How hard a scene is to lay out: Graphviz takes minutes for graphs whose long arrows run beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_mini.drawing.scene import Arrow, Scene

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
