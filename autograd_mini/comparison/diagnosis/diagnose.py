"""Which mistake was made: hypotheses from simple to involved, each compared with the student's numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.diagnosis.activations import activations
from autograd_mini.comparison.diagnosis.arrangement import permuted, reshaped, transposed, turned_kernels
from autograd_mini.comparison.diagnosis.bias import (
    forgotten,
    line_missing,
    line_shifted,
    line_too_many,
    line_wrong,
    wrong_column_dropped,
)
from autograd_mini.comparison.diagnosis.factors import constant_finding, factor_findings
from autograd_mini.comparison.diagnosis.fit import Hypothesis, explains, multiple, residual
from autograd_mini.comparison.diagnosis.kinks import kink_finding
from autograd_mini.comparison.diagnosis.layers import inputs_before_activation, weights_not_transposed
from autograd_mini.comparison.diagnosis.numbers import besides, read_factor, readings
from autograd_mini.comparison.diagnosis.softmax import softmaxes
from autograd_mini.comparison.diagnosis.spread import degrees_of_freedom
from autograd_mini.comparison.diagnosis.stale import changed_since, moved_forward, stale_finding, updated_weights
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.comparison.diagnosis.sums import not_summed, single_samples, summed, wrongly_summed
from autograd_mini.comparison.diagnosis.terms import regularisers
from autograd_mini.comparison.diagnosis.unknown import not_finite, other_shape, unexplained
from autograd_mini.comparison.diagnosis.ways import cut, ways
from autograd_mini.comparison.findings import Finding
from autograd_mini.graph.walk import OperationError

Said = TypeVar("Said")
Source = Callable[[Study], Iterable[Hypothesis]]

_FROM_NUMBERS: tuple[Source, ...] = (
    transposed,
    turned_kernels,
    reshaped,
    not_summed,
    summed,
    line_missing,
    line_too_many,
    line_wrong,
    line_shifted,
    permuted,
)
_FROM_GRAPH: tuple[Source, ...] = (
    wrongly_summed,
    single_samples,
    softmaxes,
    weights_not_transposed,
    inputs_before_activation,
    regularisers,
    wrong_column_dropped,
    degrees_of_freedom,
    changed_since,
    activations,  # of a long chain there are more than can be tried
    forgotten,
    updated_weights,
)
_LAST: tuple[Source, ...] = (ways, cut, moved_forward)
"""What has no kind of its own, and what seeks a number by several passes: only when nothing else fits."""

_IMPLIED = {"permuted": {"bias", "transposed"}, "shape": {"transposed"}}
"""A kind that says less of the same when one of the others fits."""


def diagnose(case: Case, *, sharing: int = 1) -> list[Finding]:
    """The mistakes that give the student's numbers, the simplest first; none for a gradient that is right.

    All that fit are named, each kind once. If none fits, the only finding is of the kind "unknown", or "shape" for an
    array of another shape. `sharing` is among how many gradients the work that may be done is divided. Never raises.

    >>> import autograd_mini as ag
    >>> w = ag.Tensor([1.0, 2.0, 3.0], name="w")
    >>> loss = ag.mean(w * w)
    >>> true = np.array([2.0, 4.0, 6.0]) / 3
    >>> case = Case(loss, w, "w", 3 * true, true, 1e-15 * true, np.zeros(3, bool), {})
    >>> [finding] = diagnose(case)
    >>> finding.kind, finding.detail
    ('factor', 'your rule is 3 times the gradient, and 3 is the number of rows of w (3,)')
    """
    with np.errstate(all="ignore"):
        study = Study(case, sharing)
        bad = not_finite(study)
        if bad is not None:
            return [bad]
        if _is_right(study):
            return []
        return _findings(study) if study.hand.size and study.gradient.size else [other_shape(study)]


def _is_right(study: Study) -> bool:
    same = study.hand.shape == study.gradient.shape
    return same and bool(np.all(np.abs(study.hand - study.gradient) <= study.case.noise))


def _findings(study: Study) -> list[Finding]:
    kink = kink_finding(study)
    simple = [kink] if kink is not None else [*_guarded(study, factor_findings)]
    if simple:
        return simple
    tried = list(_hypotheses(study, _FROM_NUMBERS + _FROM_GRAPH))
    found = [*_exact(study, tried)] or _combined(study, tried) or [*constant_finding(study)]
    found = found or [*_exact(study, _hypotheses(study, _LAST))] or [*_guarded(study, stale_finding)]
    return _once_each(found) or [_none_fits(study)]


def _none_fits(study: Study) -> Finding:
    return unexplained(study) if study.hand.shape == study.gradient.shape else other_shape(study)


def _hypotheses(study: Study, sources: Iterable[Source]) -> Iterator[Hypothesis]:
    for source in sources:
        for hypothesis in _guarded(study, source):
            yield hypothesis
            if study.exhausted:
                return


def _guarded(study: Study, source: Callable[[Study], Iterable[Said]]) -> Iterator[Said]:
    try:
        yield from source(study)
    except OperationError:  # a user's own, run again at other values
        return


def _exact(study: Study, tried: Iterable[Hypothesis]) -> Iterator[Finding]:
    """The hypotheses that give the student's numbers as they are."""
    for h in tried:
        if study.explained_by(h.array):
            yield Finding(h.kind, h.detail, residual(study.hand, h.array))


def _combined(study: Study, tried: list[Hypothesis]) -> list[Finding]:
    """The hypotheses that do so when the result is multiplied by a number with a meaning, or else transposed too."""
    if study.hand.size < 2:
        return []  # a single number is a multiple of every other
    turned = [h for h in tried if h.kind != "transposed"] if study.hand.ndim > 1 else []
    words = "; besides, your rule gives the transpose"
    return [*_multiples(study, tried, study.hand, "")] or [
        *_multiples(study, turned, np.ascontiguousarray(study.hand.T), words)
    ]


def _multiples(study: Study, tried: list[Hypothesis], hand: Array, words: str) -> Iterator[Finding]:
    options = readings(study)
    for h in tried:
        c = multiple(hand, h.array) if hand.shape == h.array.shape else 0.0
        factor = read_factor(c, options, study.level)
        if factor is None and abs(c - 1) > 4 * study.level:
            continue
        scaled = (float(factor.value) if factor is not None else 1.0) * h.array
        if explains(hand, scaled, study.gradient, study.level):
            yield Finding(h.kind, h.detail + words + besides(factor), residual(hand, scaled))


def _once_each(found: list[Finding]) -> list[Finding]:
    """The first finding of each kind, without those that say less than another."""
    kinds = {finding.kind for finding in found}
    first: dict[str, Finding] = {}
    for finding in found:
        if not _IMPLIED.get(finding.kind, set()) & kinds:
            first.setdefault(finding.kind, finding)
    return list(first.values())
