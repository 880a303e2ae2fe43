"""The loss of a classifier as one operation: its rule is the delta rule of the last layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.op import Op
from autograd_mini.ops.reductions import shared
from autograd_mini.ops.softmax import log_softmax, softmax


def _forward(z: Any, y: Any) -> tuple[Any, Any]:
    """The mean loss, and softmax(z) - one_hot(y), which comes out on the way."""
    z, y = np.asarray(z), np.asarray(y)
    _check_shapes(z, y)
    check_range(y, classes=z.shape[1])
    rows = np.arange(len(y))
    below = z - np.maximum.reduce(z, axis=1, keepdims=True)
    of_label = below[rows, y]
    deltas = np.exp(below)
    deltas[rows, y] = 0
    rest = np.add.reduce(deltas, axis=1)
    # log1p and expm1 keep a loss that is tiny because the label is by far the most probable.
    losses = np.log1p(rest + np.expm1(of_label)) - of_label
    deltas[rows, y] = -rest
    deltas /= (rest + np.exp(of_label))[:, None]
    # float16 holds neither large sums nor large counts; .mean() takes care, and twice the time.
    mean = losses.mean() if losses.dtype == np.float16 else np.add.reduce(losses) / len(y)
    return careful_if_infinite(mean, deltas, z, y)


def careful_if_infinite(mean: Any, deltas: Any, z: Any, y: Any) -> tuple[Any, Any]:
    """The same two, once more if logits are infinite: these have no differences."""
    if math.isfinite(mean):
        return mean, deltas
    return -np.mean(log_softmax(z, axis=1)[np.arange(len(y)), y]), _deltas(z, y)


def _check_shapes(z: Any, y: Any) -> None:
    if z.ndim != 2:
        raise ValueError(f"logits have shape {z.shape}, expected (samples, classes)")
    if 0 in z.shape:
        raise ValueError(f"logits of shape {z.shape} are empty; skip the batch")
    if y.dtype.kind not in "iu":
        cure = "labels.argmax(axis=1)" if y.shape == z.shape else "labels.astype(int)"
        raise TypeError(f"labels of {y.dtype} are not integers; write {cure}")
    if y.shape != z.shape[:1]:
        raise ValueError(f"{z.shape[0]} rows of logits need as many labels, got shape {y.shape}")


def check_range(y: Any, *, classes: int) -> Any:
    """The labels, all of which are classes from 0; else ValueError."""
    if np.maximum.reduce(y.view(_UNSIGNED[y.dtype.itemsize])) >= classes:  # a negative one is huge without its sign
        position = np.flatnonzero((y < 0) | (y >= classes))[0]
        hint = "; are the labels counted from 1?" if y.min() == 1 else ""
        raise ValueError(f"label {y[position]} of sample {position} is not among the classes 0 to {classes - 1}{hint}")
    return y


_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def _deltas(z: Any, y: Any) -> Any:
    return softmax(z, axis=1) - (y[:, None] == np.arange(z.shape[1]))


softmax_cross_entropy = Op(
    "softmax_cross_entropy",
    _forward,
    lambda g, out, z, y, *, saved: (_deltas(z, y) if saved is None else saved) * shared(g, z.shape[0]),
    None,
    saves=True,
    doc="""Mean over the rows of -z_y + log(sum_j exp(z_j)), for logits z (N, K) and integer labels y (N,).

    d/dz = (softmax(z) - one_hot(y)) / N (004_3fd59ef6bf62b8c0.txt, eqs. 6.20 and 6.26b). Neither huge logits nor tiny
    losses lose their digits.

    Raises TypeError for labels that are not integers; ValueError for an empty batch, shapes that do not fit together,
    or a label out of range.

    >>> ag.softmax_cross_entropy(ag.Tensor([[1e4, -1e4]]), np.array([1]))
    Tensor(20000.0, op='softmax_cross_entropy')
    """,
)
