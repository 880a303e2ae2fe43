"""Softmax and cross-entropy: derivatives multiplied once too often, or those of other classes forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.comparison.diagnosis.tape import times
from autograd_mini.ops.reductions import restore
from autograd_mini.tensor import Tensor

Finished = Mapping[Tensor, Any]


@dataclass(frozen=True, eq=False)
class Site:
    """Logits, and the node that is their softmax, or its logarithm, or the logarithm of the sum."""

    logits: Tensor
    node: Tensor
    axis: Any
    form: str
    """softmax, log_softmax, logsumexp or softmax_cross_entropy."""


def softmaxes(study: Study) -> Iterator[Hypothesis]:
    """At each softmax: its derivative applied to p - y once more, or without its off-diagonal terms."""
    for site in _sites(study):
        assert study.tape is not None
        p = np.asarray(ops.softmax(study.tape.values[site.logits], axis=site.axis))
        what = called(site.logits)
        for kind, detail, correction in (
            ("softmax-twice", f"the derivative of softmax is applied twice at {what}: p - y has it already", _twice),
            ("softmax-twice", f"p (1 - p) is multiplied once more at {what}: p - y has it already", _diagonal_twice),
            ("off-diagonal", f"of softmax at {what} only p (1 - p) is used: -p_i p_j is missing", _diagonal),
        ):
            changed = {site.logits: _at(correction, site, p)}
            yield Hypothesis(kind, detail, study.wrong(corrections=changed))
    yield from _sigmoids(study)


def _at(correction: Any, site: Site, p: Array) -> Any:
    return lambda g, finished: correction(g, finished, site, p)


def _twice(g: Any, finished: Finished, site: Site, p: Array) -> Any:
    return p * (g - np.sum(p * g, axis=site.axis, keepdims=True))


def _diagonal_twice(g: Any, finished: Finished, site: Site, p: Array) -> Any:
    return g * p * (1 - p)


def _diagonal(g: Any, finished: Finished, site: Site, p: Array) -> Any:
    """What p (1 - p) makes of the gradient by p: that is -w y / p where the gradient by the logits is w (p - y)."""
    if site.form == "softmax":
        return finished[site.node] * p * (1 - p)
    return (g - _weight(finished[site.node], site, p) * p) * (1 - p)


def _weight(g: Any, site: Site, p: Array) -> Any:
    """With what weight the loss counts each row: the w above."""
    if site.form == "softmax_cross_entropy":
        return g / len(p)
    if site.form == "log_softmax":
        return -np.sum(g, axis=site.axis, keepdims=True)
    return restore(g, p, site.axis, bool(np.ndim(g) == p.ndim))


def _sites(study: Study) -> list[Site]:
    named = [Site(x.inputs[0], x, _axis(x), x.op.name) for x in study.path if x.op is not None and x.op.name in _FORMS]
    return [site for site in [*named, *_written_out(study)] if site.logits in study.on_path][:8]


_FORMS = ("softmax", "log_softmax", "logsumexp", "softmax_cross_entropy")


def _axis(node: Tensor) -> Any:
    return node.settings.get("axis", 1)


def _written_out(study: Study) -> Iterator[Site]:
    """exp(z) / sum(exp(z)) and log(sum(exp(z)))."""
    for node in study.path:
        name = node.op.name if node.op is not None else ""
        total = node.inputs[-1] if name in ("divide", "log") else None
        weights = total.inputs[0] if isinstance(total, Tensor) and total.op is ops.reduce_sum else None
        if not isinstance(total, Tensor) or not isinstance(weights, Tensor) or weights.op is not ops.exp:
            continue
        if isinstance(weights.inputs[0], Tensor) and (name == "log" or node.inputs[0] is weights):
            yield Site(weights.inputs[0], node, _axis(total), "softmax" if name == "divide" else "logsumexp")


def _sigmoids(study: Study) -> Iterator[Hypothesis]:
    """Two classes: softplus and log_sigmoid have the sigmoid's derivative in theirs."""
    for node in study.path:
        z = node.inputs[0] if node.op is ops.softplus or node.op is ops.log_sigmoid else None
        if isinstance(z, Tensor) and z in study.on_path and study.tape is not None:
            s = ops.sigmoid(study.tape.values[z])
            detail = f"the derivative of the sigmoid is multiplied once more at {called(z)}: s - y has it already"
            changed = {z: times(s * (1 - s))}
            yield Hypothesis("activation-twice", detail, study.wrong(corrections=changed))
