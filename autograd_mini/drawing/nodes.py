"""The boxes of a drawing: what stands on each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini.drawing.scene import Box
from autograd_mini.drawing.steps import Replay
from autograd_mini.drawing.subject import Failed, Subject
from autograd_mini.drawing.text import number, shortened, value, wrapped
from autograd_mini.drawing.themes import VERDICTS
from autograd_mini.tensor import Tensor

_SHOWN_TERMS = 6
"""Contributions to a gradient that are written out."""


class Boxes:
    """Makes the box of each node of a subject; with a `replay` all nodes have names, and gradients are sums."""

    def __init__(self, subject: Subject, replay: Replay | None, verdicts: Mapping[Any, str]) -> None:
        self._subject = subject
        self._replay = replay
        self._verdicts = verdicts
        self._strange = _strange_values(subject) if subject.valued else {}

    def box(self, node: Any, identity: str) -> Box:
        """What stands on a node."""
        if isinstance(node, Failed):
            rows = (shortened(_operation(node)), *wrapped(node.message))
            return Box(identity, "failed", rows, len(node.inputs), node.message, alarm=True)
        verdict = self._verdicts.get(node)
        return Box(
            identity,
            role(node, self._subject),
            tuple(self._rows(node)),
            len(node.inputs) if len(node.inputs) > 1 else 0,
            _tooltip(node),
            alarm=node in self._strange or verdict == "wrong",
            verdict=verdict,
        )

    def closed(self, box: Box, members: Sequence[Any]) -> Box:
        """The box of a module with what may not be hidden in it: what is not finite, and the worst of the verdicts."""
        notes = {self._strange[x] for x in members if x in self._strange}
        worst = sorted(notes, key=lambda note: ("starts" not in note, note))[:1]
        verdict = max((self._verdicts[x] for x in members if x in self._verdicts), key=[*VERDICTS].index, default=None)
        rows = (*box.rows, *worst, *_verdict_rows(verdict))
        return replace(box, rows=rows, alarm=bool(worst) or verdict == "wrong", verdict=verdict)

    def _rows(self, node: Any) -> list[str]:
        """The lines of text on a node, from top to bottom."""
        rows = self._called(node)
        rows += [shortened(_operation(node)) if node.op else role(node, self._subject)]
        rows += [f"{node.shape} {node.dtype}"] if self._subject.shaped else []
        if self._subject.valued:
            rows += [f"value {value(node.data)}", f"{self._subject.slope_names.get(node, 'grad')} {self._slope(node)}"]
        rows += [self._strange[node]] if node in self._strange else []
        return [*rows, *_verdict_rows(self._verdicts.get(node))]

    def gradient_rows(self, node: Any) -> list[str]:
        """The lines of text on the gradient of a node."""
        assert self._replay is not None
        slope = self._replay.labels.slope(node)
        known = self._subject.slope_names.get(node)
        rows = [slope if known is None else f"{known} = {slope}"]
        rows += [f"{node.shape} {node.dtype}"] if self._subject.shaped else []
        return [*rows, self._slope(node)]

    def _called(self, node: Any) -> list[str]:
        if self._replay is not None:
            return [self._replay.labels[node]]
        return [] if node.name is None else [shortened(node.name)]

    def _slope(self, node: Any) -> str:
        if node not in self._subject.slopes:
            return "–"
        slope = value(self._subject.slopes[node])
        terms = [] if self._replay is None else [step.contribution for step in self._replay.contributions(node)]
        if len(terms) < 2:
            return slope
        if np.size(terms[0]) > 1 or len(terms) > _SHOWN_TERMS:
            return f"{slope}, the sum of {len(terms)}"
        return f"{signed_sum([np.asarray(term).item() for term in terms])} = {slope}"


def _verdict_rows(verdict: str | None) -> list[str]:
    return [] if verdict is None else [f"by hand: {verdict} {VERDICTS[verdict]}"]


def role(node: Any, subject: Subject) -> str:
    """What part a node plays."""
    if node in subject.outputs and node.op is not None:
        return "output"
    if node.op is not None:
        return "operation"
    if isinstance(node, Tensor):
        return "parameter" if node.requires_grad else "input"
    if node.source is None:
        return "constant"
    return "parameter" if node.source.requires_grad else "input"


def constant_box(x: Any, identity: str, name: str | None = None) -> Box:
    """The box of a plain array or number among the operands; `name` is what formulas call an array."""
    if isinstance(x, np.ndarray):
        called = () if name is None else (name,)
        return Box(identity, "constant", (*called, "constant", f"{x.shape} {x.dtype}", f"value {value(x)}"))
    text = number(x) if isinstance(x, int | float | np.generic) else repr(x)
    return Box(identity, "constant", (shortened(text),), tooltip=text)


def signed_sum(terms: Sequence[float]) -> str:
    """Numbers as a sum, with minus signs between them.

    >>> signed_sum([0.8, 0.8, -0.3])
    '0.8 + 0.8 − 0.3'
    """
    rest = [f" − {number(-term)}" if term < 0 else f" + {number(term)}" for term in terms[1:]]
    return number(terms[0]) + "".join(rest)


def _strange_values(subject: Subject) -> dict[Any, str]:
    """What is to be said of values that are not finite; above all where that starts."""
    strange = {node: _strange(node.data) for node in subject.order if isinstance(node, Tensor)}
    return {
        node: f"{word} starts here" if not any(strange.get(x) for x in node.inputs if isinstance(x, Tensor)) else word
        for node, word in strange.items()
        if word
    }


def _strange(data: Any) -> str:
    if np.isnan(data).any():
        return "NaN"
    return "infinity" if np.isinf(data).any() else ""


def _operation(node: Any) -> str:
    """The operation by name and symbol, with the settings that are not the usual ones."""
    op = node.op
    symbol = f" {op.symbol}" if op.symbol != op.name else ""
    usual = op.settings
    settings = "".join(
        f" {name}={setting}"
        for name, setting in node.settings.items()
        if name not in usual or repr(setting) != repr(usual[name])
    )
    return f"{op.name}{symbol}{settings}"


def _tooltip(node: Any) -> str:
    """The whole of what is cut on the box."""
    words = [node.name or "", "" if node.op is None else _operation(node)]
    return "\n".join(text for text in words if text != shortened(text))
