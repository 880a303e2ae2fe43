"""What a diagnosis can say about a gradient that was derived wrongly."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "factor",
    "transposed",
    "batch-sum",
    "broadcast-sum",
    "bias",
    "permuted",
    "activation-missing",
    "activation-twice",
    "pre-activation",
    "softmax-twice",
    "off-diagonal",
    "regulariser",
    "stale",
    "kink",
    "ddof",
    "shape",
    "unknown",
)


@dataclass(frozen=True)
class Finding:
    """One explanation of a wrong row: its kind, one sentence, and what it leaves unexplained."""

    kind: str
    """One of KINDS."""
    detail: str
    """One sentence that names tensors and numbers: "your rule is 2 times the gradient"."""
    residual: float
    """The norm of hand - hypothesis over that of hand: 0 for exact, NaN where it has no meaning."""
