"""The loss of a classifier as one operation: its rule is the delta rule of the last layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import Op
from autograd_mini.ops.reductions import shared
from autograd_mini.ops.softmax import log_softmax, softmax


def _with_deltas(z: Any, y: Any) -> tuple[Any, Any]:
    """The mean loss, and softmax(z) - one_hot(y), which comes out on the way."""
    rows = np.arange(len(y))
    below = z - np.maximum.reduce(z, axis=1, keepdims=True)
    of_label = below[rows, y]
    deltas = np.exp(below)
    deltas[rows, y] = 0
    rest = np.add.reduce(deltas, axis=1)
    # log1p and expm1 keep a loss that is tiny because the label is by far the most probable.
    losses = np.log1p(rest + np.expm1(of_label)) - of_label
    total = rest + np.exp(of_label)
    deltas /= total[:, None]
    deltas[rows, y] = -rest / total
    # float16 holds neither large sums nor large counts; .mean() takes care, and twice the time.
    mean = losses.mean() if losses.dtype == np.float16 else np.add.reduce(losses) / len(y)
    return mean, deltas


def _forward(z: Any, y: Any) -> tuple[Any, Any]:
    mean, deltas = _with_deltas(z, y)
    if math.isfinite(mean):
        return mean, deltas
    # Infinite logits have no differences; log_softmax and softmax go through them with care.
    return -np.mean(log_softmax(z, axis=1)[np.arange(len(y)), y]), _deltas(z, y)


def _deltas(z: Any, y: Any) -> Any:
    return softmax(z, axis=1) - ((y % z.shape[1])[:, None] == np.arange(z.shape[1]))


softmax_cross_entropy = Op(
    "softmax_cross_entropy",
    _forward,
    lambda g, out, z, y, *, saved: (_deltas(z, y) if saved is None else saved) * shared(g, z.shape[0]),
    None,
    saves=True,
    doc="""Mean over the rows of -z_y + log(sum_j exp(z_j)), for logits z (N, K) and integer labels y (N,).

    d/dz = (softmax(z) - one_hot(y)) / N (004_3fd59ef6bf62b8c0.txt, eqs. 6.20 and 6.26b). Neither huge logits nor tiny
    losses lose their digits. A negative label counts from the end, as an index does; `nn.softmax_cross_entropy` checks
    its arguments and refuses one.

    >>> ag.softmax_cross_entropy(ag.Tensor([[1e4, -1e4]]), np.array([1]))
    Tensor(20000.0, op='softmax_cross_entropy')
    """,
)
