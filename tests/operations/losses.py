"""Rows for losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import ANY, Case, Row, generators


@st.composite
def labelled(draw: st.DrawFn) -> Case:
    samples, classes, rng = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(generators)
    return [ANY(rng, (samples, classes))], {"labels": rng.integers(0, classes, samples)}


def by_numpy(z: np.ndarray, labels: np.ndarray) -> Any:
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return np.asarray(-np.mean(np.log(p[np.arange(len(labels)), labels])))[()]


def call(z: Any, labels: np.ndarray) -> Any:
    return ag.softmax_cross_entropy(z, labels)


ROWS = [Row(ag.softmax_cross_entropy, call, by_numpy, labelled())]
