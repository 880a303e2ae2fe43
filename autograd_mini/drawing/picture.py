"""`draw`: from what is to be drawn to a drawing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from autograd_mini.drawing.build import Builder
from autograd_mini.drawing.choices import Agreement, check_choice, check_count, check_paper, verdicts_of
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.frames import View, arranged
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.drawing.scalars import expanded
from autograd_mini.drawing.scene import Scene
from autograd_mini.drawing.steps import replay
from autograd_mini.drawing.subject import Subject, check_gradients, check_size, subject_of, with_slopes
from autograd_mini.drawing.themes import THEMES

_HIDDEN = 100
"""How many nodes may be hidden in closed modules for each one that is drawn: all of them are looked at."""


def draw(
    output: Any,
    *,
    show: str = "forward",
    expand: str | None = None,
    depth: int | None = None,
    collapse: Collection[str] = (),
    fold: bool = False,
    agreement: Agreement | None = None,
    direction: str | None = None,
    size: tuple[float, float] | None = None,
    dpi: float | None = None,
    theme: str = "light",
    legend: bool = True,
    max_nodes: int = 300,
) -> Drawing:
    """The graph that computed `output` as a drawing: a `graphviz.Digraph` with `.source`, `.save` and `.render`.

    `output` is a Tensor; a function made by `ag.compile`, of which the newest program is drawn; or the exception of an
    operation that failed, of which the part that was computed is drawn, and what failed in red.

    Each Tensor is a node: its name, its operation with settings, shape and dtype, its value (whole up to 6 entries,
    else least, mean and largest), and "grad", the derivative of `output` with respect to it. Gradients are computed
    for the drawing, before or after `backward()`, and no `.grad` is read or changed; "–" stands where there is none.
    Draw before an optimiser changes the leaves: intermediate values are those of the forward pass. Operations with
    several inputs number them in order. Where a NaN or an infinity starts is marked.

    - `show="backward"` writes on every edge what flows back along it: the local derivative as a formula, and upstream
      × local = contribution as numbers (of arrays the shape and the norm of the contribution); `show="both"` draws a
      second row with a box for every gradient (004_3fd59ef6bf62b8c0.txt, Figure 6.6).
    - `expand="scalar"` draws every entry of every array as a node of its own, in the notation of a derivation by hand
      (002_db86e9d051e7874b.txt): W₁₂, and δ₂ for the gradient of a net input.
    - What a `nn` module (or `ag.group`) computed stands in a frame. `depth` says how many frames may be around one that
      is opened: with 0 every outermost module is one box. `collapse` names modules to close, `fold=True` draws equal
      modules that follow each other once, with their number.
    - `agreement` colours nodes by a comparison of hand-derived gradients: the report of `ag.compare` or
      `ag.compare_rules`, or a mapping from Tensors or names to "exact", "rounding", "kink", "inherited" or "wrong".
    - `direction` is "TB", "LR", "BT" or "RL"; `size` the largest width and height in inches; `dpi` the dots per inch of
      a PNG; `theme` "light" or "dark".

    Two drawings of equal graphs are equal byte by byte. Raises TypeError for what can't be drawn, ValueError for more
    than `max_nodes` nodes or an unknown choice. Rendering needs Graphviz or pygraphviz, else it raises
    `RendererNotFoundError`; the DOT text needs neither.

    >>> from autograd_mini import Tensor
    >>> x = Tensor(3.0, name="x")
    >>> drawing = draw(x * x, show="backward")
    >>> "x = 3" in drawing.source and "1 × 3 = 3" in drawing.source
    True
    """
    check_choice("draw", "show", show, ("forward", "backward", "both"))
    check_choice("draw", "expand", expand, (None, "scalar"))
    check_choice("draw", "direction", direction, (None, "TB", "LR", "BT", "RL"))
    check_choice("draw", "theme", theme, THEMES)
    check_count("draw", "max_nodes", max_nodes, 1)
    check_paper("draw", size, dpi)
    view = View(depth, collapse, fold)
    if not view.is_whole and (show == "both" or expand is not None):
        raise ValueError('draw: depth, collapse and fold go with show="forward" or "backward", and without expand')
    check_gradients(output, show, expand)
    subject, verdicts = _subject(
        output, expand, {} if agreement is None else agreement, max_nodes * (1 if view.is_whole else _HIDDEN)
    )
    layout = Layout(direction or ("LR" if show == "both" else "TB"), size, dpi, legend, places=show != "both")
    scene = _scene(subject, verdicts, show, view)
    check_size(_count(subject, scene, show, view), max_nodes)
    return Drawing(dot_lines(scene, THEMES[theme], layout))


def _count(subject: Subject, scene: Scene, show: str, view: View) -> int:
    """How many nodes are drawn, without the plain numbers among the operands; a gradient in a box counts too."""
    return len(subject.order) * (2 if show == "both" else 1) if view.is_whole else len(scene.boxes)


def _subject(output: Any, expand: str | None, agreement: Agreement, limit: float) -> tuple[Subject, Mapping[Any, str]]:
    """What is drawn, and the verdicts on its nodes."""
    subject = subject_of(output, limit)
    verdicts = verdicts_of(agreement, subject)
    if expand is None:
        return subject, verdicts
    graph = expanded(output, limit)
    entries = {x: verdict for node, verdict in verdicts.items() for x in graph.entries[node].flat}
    return replace(subject_of(graph.output, limit), slope_names=graph.deltas, shaped=False), entries


def _scene(subject: Subject, verdicts: Mapping[Any, str], show: str, view: View) -> Scene:
    replayed = None if show == "forward" else replay(subject.drawn)
    subject = with_slopes(subject, None if replayed is None else replayed.gradients)
    arrangement = arranged(subject, view, verdicts)
    builder = Builder(subject, replayed, arrangement.homes, verdicts)
    builder.add_values(backward=show == "backward")
    builder.add_modules(arrangement.modules)
    if show == "both":
        builder.add_gradients()
    else:
        builder.scene.frames += arrangement.frames
    return builder.scene
