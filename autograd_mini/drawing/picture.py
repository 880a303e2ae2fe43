"""`draw`: from what is to be drawn to a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_mini.drawing.build import Builder, identities
from autograd_mini.drawing.choices import (
    DIRECTIONS,
    SHOWS,
    check_choice,
    check_number,
    checked_size,
    theme_called,
    verdicts_of,
)
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.drawing.scene import Scene
from autograd_mini.drawing.steps import replay
from autograd_mini.drawing.subject import Subject, subject_of


def draw(
    output: Any,
    *,
    show: str = "forward",
    expand: str | None = None,
    agreement: Mapping[Any, str] | None = None,
    direction: str | None = None,
    size: tuple[float, float] | None = None,
    dpi: float | None = None,
    theme: str = "light",
    legend: bool = True,
    max_nodes: int = 300,
) -> Drawing:
    """A drawing of the graph that computed `output`: a `graphviz.Digraph` with `.source`, `.save` and `.render`.

    Each Tensor is a node: its name, its operation with settings, shape and dtype, its value (whole up to 6 entries,
    else least, mean and largest), and "grad", the derivative of `output` with respect to it. Gradients are computed
    for the drawing, before or after `backward()`, and no `.grad` is read or changed; "–" stands where there is none.
    Draw before an optimiser changes the leaves: intermediate values are those of the forward pass.
    Operations with several inputs number them in order. Two drawings of equal graphs are equal byte by byte.

    Raises TypeError if `output` is not a Tensor, ValueError for more than `max_nodes` Tensors. Rendering needs Graphviz
    or pygraphviz, else it raises `RendererNotFoundError`; the DOT text needs neither.

    >>> x = Tensor(3.0, name="x")
    >>> drawing = draw(x * x)
    >>> "grad 6" in drawing.source.replace(chr(92), "")
    True
    """
    check_choice("show", show, SHOWS)
    direction = direction or ("LR" if show == "both" else "TB")
    check_choice("direction", direction, DIRECTIONS)
    check_number("max_nodes", max_nodes, 1, whole=True)
    layout = Layout(direction, checked_size(size), dpi, legend, places=show != "both")
    colours = theme_called(theme)
    subject = subject_of(output, max_nodes)
    return Drawing(dot_lines(_scene(subject, show, agreement or {}), colours, layout))


def _scene(subject: Subject, show: str, agreement: Mapping[Any, str]) -> Scene:
    replayed = None if show == "forward" else replay(subject.drawn)
    builder = Builder(subject, replayed, identities(subject), verdicts_of(agreement, subject))
    builder.add_values(backward=show == "backward")
    if show == "both":
        builder.add_gradients()
    return builder.scene
