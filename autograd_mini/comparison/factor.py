"""Is a gradient wrong by a constant factor, and which?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.witnesses import Testimony


def factor(said: Sequence[Testimony], *sizes: Mapping[str, int]) -> Finding | None:
    """That what was derived by hand is a constant times the numeric derivative, or None if it is not.

    The constant is named after the first of the `sizes` that it is, or is the reciprocal of.
    """
    hand, numeric = np.array([one.hand for one in said]), np.array([one.numeric for one in said])
    error = np.array([one.error for one in said])
    unit = float(np.max(np.abs(numeric), initial=0.0))
    if not np.isfinite(hand).all() or not unit:
        return None
    ratio = float((hand / unit) @ (numeric / unit) / ((numeric / unit) @ (numeric / unit)))
    if ratio == 0 or (np.abs(hand - ratio * numeric) > 4 * abs(ratio) * error + 1e-9 * np.abs(hand)).any():
        return None
    origin = next(filter(None, (_origin(ratio, names) for names in sizes)), "")
    apart = (hand - ratio * numeric) / unit
    residual = float(np.linalg.norm(apart) / np.linalg.norm(hand / unit))
    return Finding("factor", f"your rule is {_text(ratio)} times the gradient{origin}", residual)


def _text(ratio: float) -> str:
    for number, text in ((ratio, "{}"), (1 / ratio, "1/{}")):
        whole = round(number)
        if whole and math.isclose(number, whole, rel_tol=1e-6):
            return "-" * (whole < 0) + text.format(abs(whole))
    return f"{ratio:.6g}"


def _origin(ratio: float, sizes: Mapping[str, int]) -> str:
    """Which of the sizes the factor is."""
    for number in (ratio, 1 / ratio):
        names = [name for name, size in sizes.items() if size > 2 and math.isclose(number, size, rel_tol=1e-6)]
        if names:
            return f"; {round(number)} is {' and '.join(names[:3])}"
    return ""
