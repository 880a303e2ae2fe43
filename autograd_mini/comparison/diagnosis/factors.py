"""The gradient times a number: a lost 2, a mean for a sum, N for N - 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.comparison.diagnosis.fit import fits, multiple, residual
from autograd_mini.comparison.diagnosis.numbers import as_text, read_factor, readings, sizes
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.comparison.findings import Finding

_FEWEST = 3
"""Entries of which two could be in proportion by accident say nothing about a factor without a meaning."""


def factor_findings(study: Study) -> Iterator[Finding]:
    """The factor between hand and gradient if it has a meaning here; and that it may come of N for N - 1."""
    c = _common_factor(study)
    if c is None:
        return
    left = residual(study.hand, c * study.gradient)
    if not c:
        yield Finding(
            "factor", "your rule gives 0 everywhere, and the gradient is not 0: is the result ever filled?", left
        )
        return
    freedom = _degrees_of_freedom(study, c)
    lost = [] if freedom is None else [Finding("ddof", freedom, left)]
    reading = read_factor(c, readings(study), study.level)
    whole = "." not in as_text(c, study.level) and np.count_nonzero(study.gradient) >= _FEWEST
    bare = f"{as_text(c, study.level)} times the gradient" if whole and not lost else ""
    text = reading.of("the gradient") if reading is not None else bare
    factor = [Finding("factor", f"your rule is {text}", left)] if text else []
    # A product of several numbers is a less simple explanation than N for N - 1.
    yield from lost + factor if reading is not None and reading.parts > 1 else factor + lost


def constant_finding(study: Study) -> Iterator[Finding]:
    """Any other factor: a last resort, because a free number fits much."""
    c = _common_factor(study)
    if c is not None and np.count_nonzero(study.gradient) >= _FEWEST:
        left = residual(study.hand, c * study.gradient)
        yield Finding("factor", f"your rule is {as_text(c, study.level)} times the gradient, a constant factor", left)


def _common_factor(study: Study) -> float | None:
    if study.hand.shape != study.gradient.shape:
        return None
    c = multiple(study.hand, study.gradient)
    if not c:
        return 0.0 if not study.hand.any() and study.gradient.any() else None
    return c if fits(study.hand, c * study.gradient, study.level) else None


def _degrees_of_freedom(study: Study, c: float) -> str | None:
    known = sizes(study)
    for n in [*known, int(np.prod(list(known)[:2]))]:
        if n < 2:
            continue
        for yours, true in ((n - 1, n), (n, n - 1)):
            if true > 0 and abs(c - true / yours) <= 4 * study.level * abs(c) and (n > 2 or _has_spread(study)):
                return f"your rule divides by {yours} where the loss divides by {true}: N and N - 1 are mixed up"
    return None


def _has_spread(study: Study) -> bool:
    return any(x.op is not None and x.op.name in ("var", "std") for x in study.path)
