"""Rows for operations that order entries, and that find where an entry stands."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations.rows import Case, Row, array_cases, distinct, full_shapes, generators, shapes
from tests.operations.scans import one_axis_or_none

some_axis = shapes.filter(len)


def sort_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    kind = st.sampled_from([None, "stable", "heapsort"])
    return st.tuples(one_axis_or_none(shape), kind).map(lambda drawn: {**drawn[0], "kind": drawn[1]})


def partition_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    def with_kth(options: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        size = int(np.prod(shape)) if options["axis"] is None else shape[options["axis"]]
        one = st.integers(-size, size - 1)
        return (one | st.lists(one, min_size=1, max_size=3)).map(lambda kth: {**options, "kth": kth})

    return one_axis_or_none(shape).flatmap(with_kth)


def find_settings(shape: tuple[int, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(one_axis_or_none(shape), st.booleans()).map(lambda drawn: {**drawn[0], "keepdims": drawn[1]})


@st.composite
def searches(draw: st.DrawFn) -> Case:
    row, rng = draw(st.integers(0, 5)), draw(generators)
    side = draw(st.sampled_from(["left", "right"]))
    known = np.sort(distinct(rng, (row,)))
    between = np.convolve([-10.0, *known, 10.0], [0.5, 0.5], "valid")  # no jump within a finite difference
    return [known, rng.choice(between, draw(shapes))], {"side": side}


ROWS = [
    Row(ag.sort, ag.sort, np.sort, array_cases(sort_settings, distinct, some_axis)),
    Row(ag.argsort, ag.argsort, np.argsort, array_cases(sort_settings, distinct, some_axis)),
    Row(ag.partition, ag.partition, np.partition, array_cases(partition_settings, distinct, full_shapes.filter(len))),
    Row(
        ag.argpartition,
        ag.argpartition,
        np.argpartition,
        array_cases(partition_settings, distinct, full_shapes.filter(len)),
    ),
    Row(ag.searchsorted, ag.searchsorted, np.searchsorted, searches()),
    Row(ag.argmax, ag.argmax, np.argmax, array_cases(find_settings, distinct, full_shapes)),
    Row(ag.argmin, ag.argmin, np.argmin, array_cases(find_settings, distinct, full_shapes)),
]
