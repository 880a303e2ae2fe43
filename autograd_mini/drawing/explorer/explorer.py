"""`explore`: the explorer of a graph, shown in a notebook or saved as a file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from autograd_mini.drawing.build import Builder, identities
from autograd_mini.drawing.choices import check_choice, check_count
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.explorer.values import Data, number_as_data, value_as_data
from autograd_mini.drawing.rendering import Drawing, write_whole
from autograd_mini.drawing.scene import Box
from autograd_mini.drawing.steps import Replay, Step, replay, steps_table
from autograd_mini.drawing.subject import order_within, subject_of, with_slopes
from autograd_mini.drawing.themes import THEMES
from autograd_mini.formula import expression_as_data, local_derivative
from autograd_mini.graph.walk import differentiable_positions
from autograd_mini.tensor import Tensor


def slope_as_data(node: Tensor, position: int) -> Data:
    """The derivative of a computed node with respect to the operand at `position`; None where no gradient flows.

    The tree is what the operation's own rule leaves when it runs on symbols: `["name", "x0"]` for the first operand,
    `["name", "y"]` for the result, `["number", 2.0]`, and `["multiply", a, b]` with the names of operations.

    >>> x, w = Tensor(2.0), Tensor(3.0)
    >>> slope_as_data(x * w, 1)
    ['name', 'x0']
    """
    if node.op is None or position not in differentiable_positions(node):
        return None
    names = [f"x{place}" if isinstance(x, Tensor) else None for place, x in enumerate(node.inputs)]
    slope: Data = expression_as_data(
        local_derivative(node.op, position, node.inputs, node.settings, node, [*names, "y"])
    )
    return slope


# ----------------------------------------------------------------------------------------------------------------- data


def replay_as_data(replay: Replay) -> dict[str, Data]:
    """Nodes, steps and the trees of local derivatives.

    A node's place in "nodes" is its number in the picture; the "slope" of a step is a place in "slopes", where equal
    trees stand once. "fixed" says why values can't be changed in the page, or is None. What can be told from the rest
    is left out: without an "upstream" what flows into a step is the gradient so far of the node that it comes through;
    without a "contribution" a step has that times "local", and without a "total" its contribution is the first one.
    """
    index = {node: position for position, node in enumerate(replay.order)}
    hooked = _hooked(replay)
    fixed = obstacle(replay)
    slopes: dict[str, int] = {}
    steps = [_step(step, index, slopes, fixed is None, hooked) for step in replay]
    return {
        "output": index[replay.output],
        "nodes": [_node(node, replay, index) for node in replay.order],
        "steps": steps,
        "slopes": [json.loads(tree) for tree in slopes],
        "fixed": fixed,
    }


def obstacle(replay: Replay) -> str | None:
    """Why the page can't compute this graph anew from other leaves: the first reason found, or None.

    It computes with float64 scalars alone.
    """
    for node in replay.order:
        reason = _obstacle(node)
        if reason is not None:
            return f"{replay.labels[node]} {reason}"
    return None


def _obstacle(node: Tensor) -> str | None:
    if node.shape != ():
        return f"is an array of shape {node.shape}; the page computes with scalars"
    if node.dtype != np.float64 and (node.op is None or node.dtype != bool):
        return f"is of {node.dtype}; the page computes with float64"
    if node._extras is not None and node._extras.hooks:
        return "has a hook, which only Python can call"
    if node.op is not None and not node.op.elementwise:
        return f"was computed by {node.op.name}, which is not elementwise"
    if any(np.ndim(x) for x in node.inputs if not isinstance(x, Tensor)):
        return "was computed from an array; the page computes with scalars"
    if not all(isinstance(setting, bool | int | float) for setting in node.settings.values()):
        return f"was computed by {node.op.name if node.op else ''} with settings that are not numbers"
    return None


def _node(node: Tensor, replay: Replay, index: dict[Tensor, int]) -> dict[str, Data]:
    described = {"label": replay.labels[node], "value": value_as_data(node.data)}
    if node.op is None:
        return {**described, "constant": not node.requires_grad}
    inputs = [["node", index[x]] if isinstance(x, Tensor) else ["constant", _constant(x)] for x in node.inputs]
    settings = {"settings": _settings(node)} if node.settings else {}
    return {**described, "op": node.op.name, "inputs": inputs, **settings}


def _constant(x: Any) -> Data:
    return value_as_data(x) if isinstance(x, np.ndarray | np.generic | int | float) else {"text": str(x)}


def _settings(node: Tensor) -> dict[str, Data]:
    known = node.settings.items()
    return {name: number_as_data(x) if isinstance(x, bool | int | float) else str(x) for name, x in known}


def _hooked(replay: Replay) -> set[Tensor]:
    """The nodes whose gradients were replaced before they flowed on."""
    totals = {step.node: step.total for step in replay if step.kind != "forward"}
    flows = {step.through: step.upstream for step in replay if step.through is not None}
    return {node for node, g in flows.items() if not np.array_equal(totals[node], g, equal_nan=True)}


def _step(
    step: Step, index: dict[Tensor, int], slopes: dict[str, int], editable: bool, hooked: set[Tensor]
) -> dict[str, Data]:
    data: dict[str, Data] = {"kind": step.kind, "node": index[step.node]}
    if step.kind == "seed":
        data["total"] = value_as_data(step.total)
    if step.through is None or step.position is None:
        return data
    data |= {"through": index[step.through], "position": step.position, **_numbers(step)}
    if step.through in hooked:
        data["upstream"] = value_as_data(step.upstream)
    if step.formula is not None:
        data["formula"] = step.formula
    if editable:
        tree = json.dumps(slope_as_data(step.through, step.position), allow_nan=False)
        data["slope"] = slopes.setdefault(tree, len(slopes))
    return data


def _numbers(step: Step) -> dict[str, Data]:
    """The numbers of a step without those that follow from others, to the last bit, in the page too."""
    local, contribution, total = map(value_as_data, (step.local, step.contribution, step.total))
    numbers = {} if step.local is None else {"local": local}
    if not _is_product(step):
        numbers["contribution"] = contribution
    return numbers if total == contribution else {**numbers, "total": total}


def _is_product(step: Step) -> bool:
    """Whether a contribution is exactly the product of two numbers, so that the page can compute it."""
    if step.local is None or any(np.ndim(x) for x in (step.upstream, step.local, step.contribution)):
        return False
    return float(step.upstream) * float(step.local) == float(step.contribution)


# -------------------------------------------------------------------------------------------------------------- picture


_SCALAR = "() float64"  # a row that says nothing in a graph of scalars
_WIDE_ENOUGH = "node [width=1.3]"  # inches: values change in the page, and "grad -1.234e-100" still fits

# What a page has no use for: the renderer's prologue, its comments, titles that a browser would show as tooltips (the
# page says more itself), and what the page's style sheet sets once: a third of the text. The text nodes of an SVG have
# neither "<" nor a quote, so that only tags match.
_SURPLUS = re.compile(
    r"\A.*?(?=<svg)|<!--.*?-->\s*|<title>[^<]*</title>\s*|<g id=\"a_[^\"]*\"><a [^>]*>\s*"
    r"|</a>\s*</g>\s*| (?:fill|stroke|text-anchor|font-family|font-size)=\"[^\"]*\"",
    re.DOTALL,
)
_PLACES = re.compile(r' (?:points|d|x|y)="[^"]*"')


def svg(replay: Replay) -> str:
    """The SVG element: node i has the id "n{i}", the edge into its operand p the id "e{i}_{p}".

    Raises RendererNotFoundError where nothing renders.
    """
    picture = _SURPLUS.sub("", Drawing(_lines(replay)).pipe(format="svg", encoding="utf-8")).strip()
    return _PLACES.sub(lambda places: re.sub(r"(\.\d)\d|\s+(?=\")", r"\1", places[0]), picture)


def _lines(replay: Replay) -> Iterator[str]:
    subject = with_slopes(subject_of(replay.output, len(replay.order)), replay.gradients)
    builder = Builder(subject, replay, identities(subject), {})
    builder.add_values(backward=False)
    builder.scene.boxes[:] = map(_short, builder.scene.boxes)
    yield _WIDE_ENOUGH
    layout = Layout(legend=False, places=False, rounded=False)
    yield from dot_lines(builder.scene, THEMES["light"], layout)  # the page's style sheet has the colours


def _short(box: Box) -> Box:
    """A box without what says nothing here, or what the page says better: a gradient as a sum, what is not finite."""
    kept = box.rows[:-1] if box.alarm else box.rows  # the page marks what is not finite among the values it has now
    rows = [f"grad {row.rpartition(' ')[2]}" if row.startswith("grad ") and " = " in row else row for row in kept]
    return replace(box, rows=tuple(row for row in rows if row != _SCALAR), tooltip="", alarm=False)


# ----------------------------------------------------------------------------------------------------------------- page


SCRIPTS = ("number.js", "operations.js", "computation.js", "explorer.js")


def page(replay: Replay, picture: str, theme: str) -> str:
    """The text of the file."""
    style = source("explorer.css")
    script = "\n".join(map(source, SCRIPTS))
    text = Template(source("page.html")).substitute(
        theme=theme,
        policy=policy(style, script),
        title=html.escape(f"Backpropagation of {replay.labels[replay.output]}"),
        style=style,
        script=script,
        picture=picture,
        table=steps_table(replay),
        data=inert(replay_as_data(replay)),
    )
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair, which no file can hold, becomes "?"


def source(name: str) -> str:
    """The text of a file that lies beside this one."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def policy(style: str, script: str) -> str:
    """A content security policy under which this style and this script apply, and nothing else is run or loaded."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def inert(data: Any) -> str:
    r"""JSON that can't end the element which it stands in, nor be read as markup.

    >>> print(inert({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


# -------------------------------------------------------------------------------------------------------------- explore


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
