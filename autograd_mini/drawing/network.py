"""The layered picture of a neural network, from the graph that computed its output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_mini.tensor import Tensor

if TYPE_CHECKING:
    from autograd_mini.draw.drawing import Drawing


def draw_network(
    output: Tensor,
    *,
    direction: str = "LR",
    max_units: int = 16,
    theme: str = "light",
    size: tuple[float, float] | None = None,
    dpi: float | None = None,
) -> Drawing:
    """The layered picture of the network that computed `output`: a circle per unit, a line per weight, the data first.

    Layers are the products `x @ W` or `W @ x` with a weight, which is a leaf, and the biases added to them; between
    layers stand activations only. What follows the last one (a loss) is named, not drawn. A line's width is the size
    of its weight next to the largest, blue lines are positive, orange dashed ones negative; a unit's ring shows its
    bias so. In an SVG tooltips tell the numbers. Of a layer wider than `max_units` the first units and the last are
    drawn. `direction` is "LR" or "TB", `theme` "light" or "dark", `size` the greatest width and height in inches.

    Raises TypeError if `output` is not a Tensor; ValueError for a graph that is no chain of layers (branches,
    shortcuts, attention, convolution), which `ag.draw` can show, and for an unknown or unusable setting.

    >>> W = Tensor([[0.5, -2.0], [1.0, 0.0]], name="W")
    >>> drawing = draw_network(np.tanh(np.ones((3, 2)) @ W))
    >>> "W: x₁ → y₂: -2" in drawing.source.replace(chr(92), "")
    True
    """
    # The picture parts load when a picture is asked for: importing the engine stays fast.
    from autograd_mini.draw.drawing import Drawing
    from autograd_mini.draw.network_picture import picture

    if not isinstance(output, Tensor):
        raise TypeError(f"draw_network: expected a Tensor, got {type(output).__name__}; pass the output of the network")
    _check_settings(direction, max_units, size, dpi)
    return Drawing(picture(output, direction, max_units, theme, size, dpi))


def _check_settings(direction: str, max_units: int, size: Any, dpi: Any) -> None:
    if direction not in ("LR", "TB"):
        raise ValueError(f"draw_network: unknown direction {direction!r}; use LR or TB")
    if isinstance(max_units, bool) or not isinstance(max_units, int) or max_units < 2:
        raise ValueError(f"draw_network: max_units={max_units!r}; use a whole number of at least 2")
    if size is not None and not (np.shape(size) == (2,) and all(map(_is_length, size))):
        raise ValueError(f"draw_network: size={size!r}; use a pair of inches, (8, 5) say")
    if dpi is not None and not _is_length(dpi):
        raise ValueError(f"draw_network: dpi={dpi!r}; use a number above 0, 150 say")


def _is_length(x: Any) -> bool:
    return isinstance(x, int | float | np.number) and bool(0 < x < np.inf)
