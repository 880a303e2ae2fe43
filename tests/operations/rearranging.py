"""Rows for repeating, rolling, flipping and padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import autograd_mini as ag
from tests.operations.rows import Row, array_cases, axes, shapes

Settings = st.SearchStrategy[dict[str, Any]]
filled_shapes = array_shapes(min_dims=1, max_dims=3, max_side=3)


def repeats(shape: tuple[int, ...]) -> Settings:
    def counts(axis: int | None) -> Settings:
        size = int(np.prod(shape)) if axis is None else shape[axis]
        each = st.lists(st.integers(0, 3), min_size=size, max_size=size)
        return (st.integers(0, 3) | each).map(lambda drawn: {"repeats": drawn, "axis": axis})

    return st.sampled_from([None, *range(-len(shape), len(shape))]).flatmap(counts)


def tiles(shape: tuple[int, ...]) -> Settings:
    counts = st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=4).map(tuple)
    return counts.map(lambda reps: {"reps": reps})


def rolls(shape: tuple[int, ...]) -> Settings:
    shift = st.integers(-4, 4)
    plain = st.fixed_dictionaries({"shift": shift, "axis": axes(shape)})
    if not shape:
        return plain
    several = st.tuples(shift, st.sampled_from(range(-len(shape), len(shape))))
    pairs = st.lists(several, max_size=3).map(
        lambda drawn: {"shift": tuple(s for s, _ in drawn), "axis": tuple(a for _, a in drawn)}
    )
    return plain | pairs


def flips(shape: tuple[int, ...]) -> Settings:
    return axes(shape).map(lambda axis: {"axis": axis})


def turns(shape: tuple[int, ...]) -> Settings:
    plane = st.permutations(range(len(shape))).map(lambda order: (order[0], order[1] - len(shape)))
    return st.fixed_dictionaries({"k": st.integers(-5, 5), "axes": plane})


def pads(shape: tuple[int, ...]) -> Settings:
    width = st.integers(0, 4)
    pair = st.tuples(width, width)
    widths = width | pair | st.tuples(pair) | st.tuples(*[pair] * len(shape))
    constant = st.fixed_dictionaries({"pad_width": widths, "constant_values": st.sampled_from([0, 1.5, (1, 2)])})
    modes = st.sampled_from(["edge", "reflect", "symmetric", "wrap", "constant"])
    return constant | st.fixed_dictionaries({"pad_width": widths, "mode": modes})


def nothing(shape: tuple[int, ...]) -> Settings:
    return st.just({})


matrices = array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=3)

ROWS = [
    Row(ag.repeat, ag.repeat, np.repeat, array_cases(repeats, shapes=filled_shapes)),
    Row(ag.tile, ag.tile, np.tile, array_cases(tiles)),
    Row(ag.roll, ag.roll, np.roll, array_cases(rolls, shapes=shapes | filled_shapes)),
    Row(ag.flip, ag.flip, np.flip, array_cases(flips)),
    Row(ag.flipud, ag.flipud, np.flipud, array_cases(nothing, shapes=filled_shapes)),
    Row(ag.fliplr, ag.fliplr, np.fliplr, array_cases(nothing, shapes=matrices)),
    Row(ag.rot90, ag.rot90, np.rot90, array_cases(turns, shapes=matrices)),
    Row(ag.pad, ag.pad, np.pad, array_cases(pads, shapes=filled_shapes)),
]
