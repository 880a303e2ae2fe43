"""N for N - 1 inside the graph: in a variance, or in a mean of squares."""

from __future__ import annotations

from collections.abc import Iterator

from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.comparison.diagnosis.tape import times, value_of
from autograd_mini.graph.walk import Values
from autograd_mini.tensor import Tensor


def degrees_of_freedom(study: Study) -> Iterator[Hypothesis]:
    """Each mean, variance and deviation divided by the other of N and N - 1, with what follows from it."""
    if study.tape is not study.today:
        return
    for node in study.path:
        name = node.op.name if node.op is not None else ""
        count = node.inputs[0].size // max(node.size, 1) if name in ("mean", "var", "std") else 0
        ddof = int(node.settings.get("ddof", 0))
        if count < 2 or ddof not in (0, 1) or count - ddof < 1:
            continue
        yours, true = count - (1 - ddof), count - ddof
        if yours:
            scale = (true / yours) ** (0.5 if name == "std" else 1)
            # The rule of std divides by its value, which is scaled itself.
            slope = scale**2 if name == "std" else scale
            what = f"the {name} of {called(node.inputs[0])}"
            detail = f"your rule divides by {yours} in {what}, where the loss divides by {true}"
            corrections = {node: times(slope)}
            yield Hypothesis("ddof", detail, study.wrong(values=_scaled(study, node, scale), corrections=corrections))


def _scaled(study: Study, node: Tensor, scale: float) -> Values:
    """All values as they are when one node is multiplied by a number."""
    values = dict(study.today.values)
    later: set[Tensor] = {node}
    values[node] = values[node] * scale
    for x in study.today.order:
        if x.op is not None and x not in later and any(isinstance(y, Tensor) and y in later for y in x.inputs):
            later.add(x)
            values[x] = value_of(x, values)
    return values
