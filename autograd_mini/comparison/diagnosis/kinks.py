"""A difference at kinks only."""

from __future__ import annotations

import numpy as np

from autograd_mini.comparison.diagnosis.fit import residual
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.comparison.findings import Finding


def kink_finding(study: Study) -> Finding | None:
    """The finding for a rule that differs only where the derivative is a matter of convention."""
    case = study.case
    if study.hand.shape != study.gradient.shape or not np.any(case.kinks):
        return None
    differs = np.abs(study.hand - study.gradient) > case.noise
    if not differs.any() or np.any(differs & ~case.kinks):
        return None
    count = int(np.count_nonzero(differs))
    entries = "1 entry, which depends" if count == 1 else f"{count} entries, which depend"
    detail = f"your rule differs in {entries} on a kink or tie: the function has no single derivative there"
    return Finding("kink", detail, residual(study.hand, study.gradient))
