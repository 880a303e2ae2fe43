"""What can be said about a wrong gradient that no hypothesis explains: where it differs, and where to look first."""

from __future__ import annotations

import math

import numpy as np

from autograd_mini.comparison.diagnosis.fit import explains, fits, residual
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.comparison.findings import Finding
from autograd_mini.tensor import Tensor

_MOST = 3


def not_finite(study: Study) -> Finding | None:
    """The finding for an array with NaN or infinity; None for one without."""
    bad = np.argwhere(~np.isfinite(study.hand))
    if not len(bad):
        return None
    place = tuple(map(int, bad[0]))
    detail = f"your {study.case.name}{_index(place)} is {study.hand[place]}; {len(bad)} of {study.hand.size} entries"
    return Finding("unknown", f"{detail} are not finite", math.nan)


def other_shape(study: Study) -> Finding:
    """The finding for an array of another shape that is in no way the gradient."""
    name, shape = study.case.name, study.gradient.shape
    detail = f"your rule has shape {study.hand.shape}, but {name} has {shape}, and no transpose or sum of it fits"
    return Finding("shape", detail, math.nan)


def unexplained(study: Study) -> Finding:
    """The finding for an array of the right shape: its worst entries, and the first delta that is wrong."""
    detail = f"no single mistake explains your rule: {_worst(study)}"
    first = first_wrong(study)
    detail += "" if first is None else f"; {_look_at(study, first)}"
    return Finding("unknown", detail, residual(study.hand, study.gradient))


def _worst(study: Study) -> str:
    """The entries that differ most, and that all others are right, if so."""
    hand, gradient, name = study.hand, study.gradient, study.case.name
    difference = np.abs(hand - gradient)
    wrong = int(np.count_nonzero(difference > study.case.noise))
    order = np.argsort(-difference.ravel(), kind="stable")[: min(_MOST, wrong)]
    places = [tuple(map(int, np.unravel_index(at, hand.shape))) for at in order]
    told = ", ".join(f"{name}{_index(p)} is {hand[p]:.6g}, not {gradient[p]:.6g}" for p in places)
    return told + ("; all other entries are right" if wrong <= _MOST and wrong < hand.size else "")


def _index(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""


def first_wrong(study: Study) -> Tensor | None:
    """The node nearest to the loss, among those on the way, whose hand-derived gradient is wrong."""
    for x in study.path:
        if x is not study.node and x in study.case.given:
            hand, true = np.asarray(study.case.given[x]), np.asarray(study.gradients[x])
            if hand.shape != true.shape or not fits(hand, true, study.level):
                return x
    return None


def _look_at(study: Study, first: Tensor) -> str:
    mine = np.asarray(study.case.given[first])
    if mine.shape == first.shape:
        chained = study.wrong(corrections={first: lambda g, finished: mine})
        if explains(study.hand, chained, study.gradient, study.level):
            return f"it follows by the right rules from your gradient of {called(first)}: the mistake is there"
    return f"your gradient of {called(first)} is wrong too, and comes first on the way back: begin there"
