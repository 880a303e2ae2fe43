"""Loss functions, composed of elementary operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    y = _checked_labels(logits, labels)
    return ag.softmax_cross_entropy(logits, y)  # type: ignore[no-any-return]


def _checked_labels(logits: Any, labels: Any) -> NDArray[Any]:
    shape, y = logits.shape if isinstance(logits, Tensor) else np.shape(logits), np.asarray(labels)
    if len(shape) != 2:
        raise ValueError(f"softmax_cross_entropy: logits have shape {shape}, expected (samples, classes)")
    if 0 in shape:
        raise ValueError(f"softmax_cross_entropy: logits of shape {shape} are empty; skip the batch")
    if y.dtype.kind not in "iu":
        cure = "labels.argmax(axis=1)" if y.shape == shape else "labels.astype(int)"
        raise TypeError(f"softmax_cross_entropy: labels of {y.dtype} are not integers; write {cure}")
    if y.shape != shape[:1]:
        raise ValueError(f"softmax_cross_entropy: {shape[0]} rows of logits need as many labels, got shape {y.shape}")
    if np.maximum.reduce(y.astype(np.uintp)) >= shape[1]:  # a negative label is huge without its sign
        position = np.flatnonzero((y < 0) | (y >= shape[1]))[0]
        hint = "; are the labels counted from 1?" if y.min() == 1 else ""
        raise ValueError(
            f"softmax_cross_entropy: label {y[position]} of sample {position} is not among the classes 0 to "
            f"{shape[1] - 1} of logits {shape}{hint}"
        )
    return y
