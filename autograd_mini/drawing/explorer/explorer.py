"""`explore`: the explorer of a graph, shown in a notebook or saved as a file."""

from __future__ import annotations

import html
import os
from pathlib import Path

from autograd_mini.drawing.choices import check_choice, check_count
from autograd_mini.drawing.explorer.page import page
from autograd_mini.drawing.explorer.picture import svg
from autograd_mini.drawing.rendering import write_whole
from autograd_mini.drawing.steps import replay
from autograd_mini.drawing.subject import order_within
from autograd_mini.drawing.themes import THEMES
from autograd_mini.tensor import Tensor


class Explorer:
    """A page that steps through a computation, forward and back; `html` is its whole text.

    In a notebook it shows itself, in a frame that may run its scripts and nothing else.
    """

    def __init__(self, text: str) -> None:
        self.html = text

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page into a file, which opens in any browser without a network; returns the path.

        The file is written whole or not at all. OSError where it can't be.
        """
        write_whole(Path(path), self.html.encode())
        return Path(path)

    def _repr_html_(self) -> str:
        framed = html.escape(self.html, quote=True)
        return (
            '<iframe title="backprop explorer" sandbox="allow-scripts" width="100%" height="720" '
            f'style="border: 0" srcdoc="{framed}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Explorer of {len(self.html):,} characters: save(path), or show it in a notebook>"


def explore(
    output: Tensor,
    path: str | os.PathLike[str] | None = None,
    *,
    max_nodes: int = 300,
    theme: str = "light",
) -> Explorer:
    """A page that replays how `output` was computed and how its gradient flowed back, one step at a time.

    The page is one HTML file without any reference to a network: the drawing of the graph, buttons, a slider and keys
    to go through the steps, and for each node its chain rule written out. Where the graph is of float64 scalars and
    of operations that the page knows, its leaves can be changed there, and all is computed anew. `theme` is "light" or
    "dark". With a `path` the page is saved there too.

    Raises TypeError if `output` is not a Tensor, ValueError for more than `max_nodes` Tensors or an unknown theme, and
    `RendererNotFoundError` where there is neither Graphviz nor pygraphviz; then no file is written.

    >>> x, w = Tensor(2.0, name="x"), Tensor(-3.0, name="w")
    >>> explorer = explore((x * w).tanh())
    >>> "<svg" in explorer.html, "http-equiv" in explorer.html
    (True, True)
    """
    check_choice("explore", "theme", theme, THEMES)
    check_count("explore", "max_nodes", max_nodes, 1)
    if isinstance(output, Tensor):
        order_within([output], max_nodes, "explore")
    replayed = replay(output)
    explorer = Explorer(page(replayed, svg(replayed), theme))
    if path is not None:
        explorer.save(path)
    return explorer
