"""The layered picture of a neural network, from the graph that computed its output."""

from __future__ import annotations

from autograd_mini.drawing.choices import check_choice, check_count, check_paper
from autograd_mini.drawing.network.colours import THEMES
from autograd_mini.drawing.network.picture import picture
from autograd_mini.drawing.rendering import Drawing
from autograd_mini.tensor import Tensor


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

    >>> import numpy as np
    >>> W = Tensor([[0.5, -2.0], [1.0, 0.0]], name="W")
    >>> drawing = draw_network(np.tanh(np.ones((3, 2)) @ W))
    >>> "W: x₁ → y₂: -2" in drawing.source.replace(chr(92), "")
    True
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"draw_network: expected a Tensor, got {type(output).__name__}; pass the output of the network")
    check_choice("draw_network", "direction", direction, ("LR", "TB"))
    check_choice("draw_network", "theme", theme, THEMES)
    check_count("draw_network", "max_units", max_units, 2)
    check_paper("draw_network", size, dpi)
    return Drawing(picture(output, direction, max_units, THEMES[theme], size, dpi))
