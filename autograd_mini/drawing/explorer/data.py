"""A replay as the JSON-able data that the explorer's page reads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from autograd_mini.drawing.explorer.slopes import slope_as_data
from autograd_mini.drawing.explorer.values import Data, number_as_data, value_as_data
from autograd_mini.drawing.steps import Replay, Step
from autograd_mini.tensor import Tensor


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
