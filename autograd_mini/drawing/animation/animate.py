"""`animate`: the computation of a Tensor and its way back as an animated GIF."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograd_mini.drawing.animation.gif import joined, pillow
from autograd_mini.drawing.animation.moments import moments
from autograd_mini.drawing.animation.pictures import pictures
from autograd_mini.drawing.choices import check_choice, check_count, check_paper
from autograd_mini.drawing.dot import Layout
from autograd_mini.drawing.rendering import Drawing, write_whole
from autograd_mini.drawing.steps import replay
from autograd_mini.drawing.subject import order_within
from autograd_mini.drawing.themes import THEMES
from autograd_mini.tensor import Tensor

_HOLD = 4
"""How many times longer the last frame is shown."""

_SHORTEST, _LONGEST = 20, 60_000
"""Milliseconds: faster frames are slowed down by browsers, and a GIF has no room for much slower ones."""


def animate(
    output: Tensor,
    path: str | os.PathLike[str],
    *,
    milliseconds: int = 800,
    theme: str = "light",
    direction: str = "TB",
    dpi: float | None = None,
    max_nodes: int = 60,
) -> str:
    """Write the computation of `output` and its way back as an animated GIF; returns the path.

    There is a frame for each step of `ag.replay(output)`, with the step as text below: the values appear one by one,
    then dL/dL = 1, then along one edge after the other flows what it contributes, and the sums in the boxes grow. No
    box moves. The last frame, in which all of `ag.draw(output, show="backward")` is to be seen, is shown four times as
    long as the others, which are shown for `milliseconds` each, in steps of 10. `theme`, `direction` and `dpi` are
    those of `ag.draw`; if no `dpi` is given it is 96, or less where a frame would have more than 2 million pixels.

    Raises what `ag.replay` raises; ValueError for a path that does not end in .gif, an unusable setting, or more than
    `max_nodes` nodes; RendererNotFoundError without Graphviz or pygraphviz, ImportError without Pillow (the extra
    "plot"). A file is written whole or not at all.

    >>> import tempfile
    >>> x = Tensor(3.0, name="x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(animate(x * x, f"{folder}/backprop.gif")).read_bytes()[:6]
    b'GIF89a'
    """
    check_choice("animate", "theme", theme, THEMES)
    check_choice("animate", "direction", direction, ("TB", "LR", "BT", "RL"))
    check_count("animate", "max_nodes", max_nodes, 1)
    check_paper("animate", None, dpi)
    _check_milliseconds(milliseconds)
    _check_path(path)
    if isinstance(output, Tensor):
        order_within([output], max_nodes, "animate")
    pillow()
    seen = moments(replay(output), THEMES[theme])
    frames = _rendered(pictures(seen, THEMES[theme], Layout(direction, dpi=dpi, legend=False)))
    times = [milliseconds] * (len(frames) - 1) + [_HOLD * milliseconds]
    write_whole(Path(path), joined(frames, times, THEMES[theme]))
    return os.fspath(path)


def _check_milliseconds(given: Any) -> None:
    check_count("animate", "milliseconds", given, _SHORTEST)
    if given > _LONGEST:
        raise ValueError(f"animate: milliseconds is at most {_LONGEST}, for one frame a minute; got {given}")


def _check_path(path: Any) -> None:
    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f'animate: the path ends in .gif, "backprop.gif" say, got {os.fspath(path)!r}')


def _rendered(drawings: Sequence[Drawing]) -> list[bytes]:
    """The drawings as PNG: by `dot` programs side by side, or one by one, as pygraphviz has global variables."""
    with ThreadPoolExecutor(os.cpu_count() if shutil.which("dot") else 1) as pool:
        return [*pool.map(lambda drawing: drawing.pipe(format="png"), drawings)]
