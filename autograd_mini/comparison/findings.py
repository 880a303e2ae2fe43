"""What is the matter with a derivation: the kinds of mistakes that are told apart."""

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
"""Every `kind` that a finding may have."""


@dataclass(frozen=True)
class Finding:
    """One explanation of a difference."""

    kind: str
    """One of KINDS."""
    detail: str
    """One sentence, which names tensors and numbers: "your rule is 2 times the gradient"."""
    residual: float
    """||hand - hypothesis|| / ||hand||, 0 for an exact fit; NaN where it has no meaning."""
