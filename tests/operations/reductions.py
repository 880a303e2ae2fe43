"""Rows for operations that combine entries along axes."""

from __future__ import annotations

import numpy as np

import autograd_mini as ag
from tests.operations.rows import by_axis, distinct, full_shapes

ROWS = [
    by_axis(ag.sum, np.sum),
    by_axis(ag.mean, np.mean, shapes=full_shapes),
    by_axis(ag.max, np.max, distinct, full_shapes),
    by_axis(
        ag.logsumexp,
        lambda x, axis, keepdims: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
        shapes=full_shapes,
    ),
]
