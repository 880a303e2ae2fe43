"""Rows for softmax and its relatives."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import Row, array_cases, axes, by_axis, full_shapes


def along(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return axes(shape).map(lambda axis: {"axis": axis})


def softmax(x: np.ndarray, axis: Any) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


ROWS = [
    by_axis(
        ag.logsumexp,
        lambda x, axis, keepdims: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
        shapes=full_shapes,
    ),
    Row(ag.softmax, ag.softmax, softmax, array_cases(along)),
    Row(ag.log_softmax, ag.log_softmax, lambda x, axis: np.log(softmax(x, axis)), array_cases(along)),
]
