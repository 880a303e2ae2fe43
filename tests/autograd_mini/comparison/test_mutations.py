"""Wrong derivations handed to `ag.compare`: none passes, and the mistake is named."""

from __future__ import annotations

import numpy as np

import autograd_mini as ag
from autograd_mini.comparison import Row
from tests.autograd_mini.comparison.mutations import Mutation, mutations


def row_of(mutation: Mutation) -> Row:
    """What a comparison says of the wrong array, beside those that are right, all in the dtype of the net."""
    case, dtype = mutation.case, mutation.net.dtype
    given = {node: array.astype(dtype) for node, array in case.given.items()}
    return ag.compare(case.loss, {**given, case.node: case.hand.astype(dtype)})[case.node]


def test_no_wrong_derivation_passes_and_its_mistake_is_named() -> None:
    # A leaf that was changed after the forward pass leaves no truth to be judged by; the diagnosis is tested on it.
    tried = [m for m in mutations(5, seed=5) if m.word != "changed later"]
    with np.errstate(all="ignore"):
        rows = [row_of(mutation) for mutation in tried]
    assert len(rows) >= 220
    passed = [
        m.word for m, row in zip(tried, rows) if row.verdict != "wrong" and (m.kind, row.verdict) != ("kink", "kink")
    ]
    assert passed == []
    named = [
        m.kind in [finding.kind for finding in row.findings] for m, row in zip(tried, rows) if row.verdict == "wrong"
    ]
    assert np.mean(named) >= 0.95
