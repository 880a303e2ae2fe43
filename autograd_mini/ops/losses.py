"""The loss of a classifier as one operation: its rule is the delta rule of the last layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import Op
from autograd_mini.ops.softmax import log_softmax, softmax


def _cross_entropy(z: Any, y: Any) -> Any:
    rows = np.arange(len(y))
    above = z - z[rows, y][:, None]  # of the other logits above the label's: the loss is log(1 + sum(exp(above)))
    above[rows, y] = -np.inf
    shift = np.maximum(np.maximum.reduce(above, axis=1), 0)
    rest = np.add.reduce(np.exp(above - shift[:, None]), axis=1)
    # log1p and expm1 keep a loss that is tiny because the label is by far the most probable.
    losses = shift + np.log1p(rest + np.expm1(-shift))
    return np.add.reduce(losses) / len(y)


def _forward(z: Any, y: Any) -> Any:
    with np.errstate(invalid="ignore"):
        mean = _cross_entropy(z, y)
        # Infinite logits have no differences; log_softmax goes through them with care.
        return mean if math.isfinite(mean) else -np.mean(log_softmax(z, axis=1)[np.arange(len(y)), y])


softmax_cross_entropy = Op(
    "softmax_cross_entropy",
    _forward,
    lambda g, out, z, y: (softmax(z, axis=1) - (y[:, None] == np.arange(z.shape[1]))) * (g / z.shape[0]),
    None,
    doc="""Mean over the rows of -z_y + log(sum_j exp(z_j)), for logits z (N, K) and integer labels y (N,).

    d/dz = (softmax(z) - one_hot(y)) / N (004_3fd59ef6bf62b8c0.txt, eqs. 6.20 and 6.26b). Neither huge logits nor tiny
    losses lose their digits. `nn.softmax_cross_entropy` checks its arguments first.

    >>> ag.softmax_cross_entropy(ag.Tensor([[1e4, -1e4]]), np.array([1]))
    Tensor(20000.0, op='softmax_cross_entropy')
    """,
)
