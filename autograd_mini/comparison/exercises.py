"""Exercises in which no mistake can hide behind the sizes."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np

from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor, topological_order

PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)
"""Sizes: no two are equal, and none is a product of others, so that a factor tells whose it is."""

SPARE = 2
"""More sizes than are needed, so that another seed takes others."""


def exercise(make: Callable[..., Tensor], *, rng: np.random.Generator | int | None = 0) -> Tensor:
    """The loss of a network that `make` builds, with seeded data and with sizes that let no transpose hide.

    `make(rng, samples, inputs, hidden, outputs)` is a function of yours: it is given a NumPy generator, then a size for
    each further argument, whatever their names, and returns the loss with names for all that is to be derived. The
    sizes are different primes: a transposed matrix has another shape, and a wrong factor N or K shows which of them it
    is. `rng` is a generator, a seed, or None for another exercise each time; the same seed gives the same one.

    Raises TypeError for what is no such function or returns no loss; ValueError for more than 6 sizes, and for a
    square matrix, where a transpose could hide.

    >>> import autograd_mini as ag
    >>> def make(rng, samples, inputs, outputs):
    ...     X, T = rng.normal(size=(samples, inputs)), rng.normal(size=(samples, outputs))
    ...     W = ag.Tensor(rng.normal(size=(inputs, outputs)), name="W")
    ...     Y = (X @ W).named("Y")
    ...     return ((Y - T) ** 2).mean()
    >>> loss = exercise(make, rng=1)
    >>> [node.shape for node in ag.topological_order(loss) if node.name]
    [(3, 5), (13, 5)]
    """
    count = _sizes_wanted(make)
    rng = np.random.default_rng(rng)
    sizes = rng.permutation(PRIMES[: count + SPARE])[:count]
    loss = make(rng, *(int(size) for size in sizes))
    if not isinstance(loss, Tensor) or not loss.requires_grad or loss.size != 1:
        what = describe(loss) if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise TypeError(f"exercise: make returned {what}; return the loss, a Tensor of one entry to differentiate")
    _check_shapes(loss)
    return loss


def _sizes_wanted(make: Any) -> int:
    """How many arguments there are after the generator."""
    if not callable(make):
        raise TypeError(f"exercise: make is a function of a generator and of sizes, got {type(make).__name__}")
    kinds = [parameter.kind for parameter in signature(make).parameters.values()]
    count = len(kinds) - 1
    if count < 1 or not set(kinds) <= {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}:
        raise TypeError("exercise: write def make(rng, samples, inputs, outputs), with an argument for each size")
    if count > len(PRIMES) - SPARE:
        raise ValueError(f"exercise: make asks for {count} sizes; there are at most {len(PRIMES) - SPARE}")
    return count


def _check_shapes(loss: Tensor) -> None:
    for node in topological_order(loss):
        if node.requires_grad and node.ndim == 2 and node.size > 1 and node.shape[0] == node.shape[1]:
            raise ValueError(f"exercise: {describe(node)} is square, so that a transpose could hide; give it two sizes")
