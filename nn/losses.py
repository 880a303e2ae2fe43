"""Loss functions, composed of elementary operations."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import Tensor


def mse(prediction: Any, target: Any) -> Tensor:
    """Mean squared error over all entries: sum((prediction - target)**2) / size.

    Both have the same shape: ValueError otherwise, because (N,) against (N, 1) would broadcast to (N, N) unnoticed, and
    for an empty batch.

    >>> mse(Tensor([1.0, 4.0]), [1.0, 2.0])
    Tensor(2.0, op='mean')
    """
    if np.shape(prediction) != np.shape(target):
        raise ValueError(f"mse: shapes {np.shape(prediction)} and {np.shape(target)} differ; reshape one of them")
    if np.size(target) == 0:
        raise ValueError(f"mse: the batch is empty, shape {np.shape(target)}; skip it")
    difference = ag.subtract(prediction, target)
    return ag.mean(difference * difference)  # type: ignore[no-any-return]


def softmax_cross_entropy(logits: Any, labels: Any) -> Tensor:
    """Mean over the samples of -z_y + log(sum_j exp(z_j)) (004_3fd59ef6bf62b8c0.txt, eq. 6.20).

    `logits` z have shape (N, K); `labels` y are N integers from 0 to K - 1. No exp overflows, however large the logits.

    Raises TypeError for labels that are not integers; ValueError for an empty batch, shapes that do not fit together,
    or a label out of range.

    >>> softmax_cross_entropy(Tensor([[1e4, -1e4]]), [1])
    Tensor(20000.0, op='softmax_cross_entropy')
    """
    return ag.softmax_cross_entropy(logits, labels)  # type: ignore[no-any-return]
