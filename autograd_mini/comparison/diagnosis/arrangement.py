"""The right numbers in the wrong places: transposed, permuted, or of another shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis, fits
from autograd_mini.comparison.diagnosis.study import Study


def transposed(study: Study) -> Iterator[Hypothesis]:
    """The transpose of the gradient, whether the shapes tell it or, for a square matrix, do not."""
    g = study.gradient
    if g.ndim > 1 and not fits(g, g.T, study.level):
        detail = f"your rule gives the transpose of the gradient of {study.case.name} {g.shape}"
        yield Hypothesis("transposed", detail, g.T)


def turned_kernels(study: Study) -> Iterator[Hypothesis]:
    """Kernels of more axes than a matrix has: the last two exchanged, or run through backwards, as in a convolution."""
    g, name = study.gradient, study.case.name
    if g.ndim < 3:
        return
    swapped = g.swapaxes(-1, -2)
    if not fits(g, swapped, study.level):
        yield Hypothesis("transposed", f"the last two axes of the gradient of {name} {g.shape} are exchanged", swapped)
    for axes, words in (((-1, -2), "last two axes"), ((-1,), "last axis"), ((-2,), "last axis but one")):
        if not fits(g, np.flip(g, axes), study.level):
            detail = (
                f"your rule runs backwards along the {words} of {name} {g.shape}: a kernel is flipped once too often"
            )
            yield Hypothesis("permuted", detail, np.flip(g, axes))


def reshaped(study: Study) -> Iterator[Hypothesis]:
    """The right numbers in the right order in another shape."""
    hand, g = study.hand, study.gradient
    if hand.size == g.size and hand.shape != g.shape:
        detail = f"the numbers are right, but of shape {hand.shape}: reshape them to {g.shape}"
        yield Hypothesis("shape", detail, g.reshape(hand.shape))


def permuted(study: Study) -> Iterator[Hypothesis]:
    """The rows (or columns, or entries) of the gradient in another order."""
    hand, g = study.hand, study.gradient
    if hand.shape != g.shape:
        return
    for axis in range(min(g.ndim, 2)):
        order = _matching(np.moveaxis(hand, axis, 0), np.moveaxis(g, axis, 0))
        if not np.array_equal(order, np.arange(len(order))):
            what = "entries" if g.ndim == 1 else ("rows", "columns")[axis]
            detail = f"the {what} of your rule stand in another order: {_order_text(order)}"
            yield Hypothesis("permuted", detail, np.take(g, order, axis=axis))


def _matching(hand: Array, gradient: Array) -> Array:
    """For each slice of `hand` the slice of the gradient that is its own: by order along a random direction.

    Slices that stay at their place are matched first, so that equal ones do not seem to be exchanged.
    """
    direction = np.random.default_rng(0).normal(size=hand[0].size)
    mine, true = (x.reshape(len(x), -1) @ direction for x in (hand, gradient))
    order = np.empty(len(mine), int)
    order[np.argsort(mine, kind="stable")] = np.argsort(true, kind="stable")
    return order


def _order_text(order: Array) -> str:
    count = len(order)
    shift = int(order[0])
    if count > 2 and np.array_equal(order, np.roll(np.arange(count), -shift)):
        return f"shifted by {shift}" if shift <= count // 2 else f"shifted by {shift - count}"
    if count > 2 and np.array_equal(order, np.arange(count)[::-1]):
        return "reversed"
    moved = [f"yours at {at} belongs at {order[at]}" for at in np.flatnonzero(order != np.arange(count))[:3]]
    return ", ".join(moved)
