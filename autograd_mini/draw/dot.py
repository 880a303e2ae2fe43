"""From a Tensor's graph to DOT text, without any renderer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_mini.draw.text import escaped, number, quoted, shortened, value
from autograd_mini.tensor import Tensor, gradients, topological_order

if TYPE_CHECKING:
    from autograd_mini.draw.drawing import Drawing

HEAD = (
    "rankdir=TB",
    'node [shape=record fontname="Helvetica" fontsize=10 height=0.2 style=filled tooltip=" "]',
    'edge [fontname="Helvetica" fontsize=9 arrowsize=0.7 tooltip=" "]',
)

FILL = {"parameter": "#fde9c9", "constant": "#eeeeee", "operation": "#dcebf7"}


def draw(output: Tensor, *, max_nodes: int = 300) -> Drawing:
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
    # The picture parts load when a picture is asked for: importing the engine stays fast.
    from autograd_mini.draw.drawing import Drawing

    return Drawing(_body(output, max_nodes))


def to_dot(output: Tensor, *, max_nodes: int = 300) -> str:
    """The same drawing as DOT text.

    >>> print(to_dot(Tensor(3.0, name="x")))
    digraph {
        rankdir=TB
        ...
        n0 [label="{x|parameter|()\\ float64|value\\ 3|grad\\ 1}" fillcolor="#fde9c9"]
    }
    """
    return "\n".join(["digraph {", *(f"\t{line}" for line in _body(output, max_nodes)), "}"]) + "\n"


def _body(output: Tensor, max_nodes: int) -> list[str]:
    if not isinstance(output, Tensor):
        raise TypeError(f"draw: expected a Tensor, got {type(output).__name__}; draw the loss or any other result")
    order = topological_order(output)
    if len(order) > max_nodes:
        raise ValueError(
            f"draw: the graph has {len(order):,} Tensors, more than max_nodes={max_nodes}; "
            "draw a part of it (a smaller batch, an intermediate Tensor), or pass a larger max_nodes"
        )
    slopes = _gradients(output)
    identity = {node: f"n{position}" for position, node in enumerate(order)}
    lines = list(HEAD)
    for node in order:
        lines.append(_node(identity[node], _rows(node, slopes), _role(node), len(node.inputs)))
        lines += _incoming(node, identity)
    return lines


def _gradients(output: Tensor) -> Mapping[Tensor, Any]:
    if output.size != 1 or not output.requires_grad:
        return {}
    with np.errstate(all="ignore"):
        slopes: Mapping[Tensor, Any] = gradients(output)
    return slopes


def _role(node: Tensor) -> str:
    if node.op is not None:
        return "operation"
    return "parameter" if node.requires_grad else "constant"


def _rows(node: Tensor, slopes: Mapping[Tensor, Any]) -> list[str]:
    """The lines of text on a node, from top to bottom."""
    named = [shortened(node.name)] if node.name is not None else []
    slope = value(slopes[node]) if node in slopes else "–"
    described = [f"{node.shape} {node.dtype}", f"value {value(node.data)}", f"grad {slope}"]
    return [*named, _operation(node), *described]


def _operation(node: Tensor) -> str:
    if node.op is None:
        return _role(node)
    symbol = f" {node.op.symbol}" if node.op.symbol != node.op.name else ""
    defaults = node.op.settings
    settings = "".join(
        f" {name}={setting}" for name, setting in node.settings.items() if repr(setting) != repr(defaults[name])
    )
    return shortened(f"{node.op.name}{symbol}{settings}")


def _node(identity: str, rows: list[str], role: str, inputs: int) -> str:
    text = "|".join(map(escaped, rows))
    if inputs > 1:
        ports = "|".join(f"<i{position}>{position + 1}" for position in range(inputs))
        text = f"{{{ports}}}|{text}"
    text = f"{{{text}}}"  # braces stack the fields downwards, and inner braces sideways
    return f"{identity} [label={quoted(text)} fillcolor={quoted(FILL[role])}]"


def _incoming(node: Tensor, identity: dict[Tensor, str]) -> list[str]:
    """One edge per input, to the port of its position; plain arrays and numbers get a node of their own."""
    lines = []
    for position, x in enumerate(node.inputs):
        target = f"{identity[node]}:i{position}:n" if len(node.inputs) > 1 else identity[node]
        if isinstance(x, Tensor):
            lines.append(f"{identity[x]} -> {target}")
            continue
        source = f"{identity[node]}_c{position}"
        lines += [_node(source, _constant_rows(x), "constant", 0), f"{source} -> {target}"]
    return lines


def _constant_rows(x: Any) -> list[str]:
    if isinstance(x, np.ndarray):
        return ["constant", f"{x.shape} {x.dtype}", f"value {value(x)}"]
    return [number(x) if isinstance(x, int | float | np.generic) else shortened(repr(x))]
