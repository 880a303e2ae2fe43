"""Initial weights, drawn from a generator that is passed in."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Initialiser(Protocol):
    """A function that draws weights of shape (fan_in, fan_out)."""

    def __call__(self, fan_in: int, fan_out: int, rng: np.random.Generator, /) -> NDArray[Any]:
        """The weights."""


def he(fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[Any]:
    """Normal weights of variance 2 / fan_in, shape (fan_in, fan_out), for layers that feed a relu.

    Source: He et al., ICCV 2015, eq. 10.

    >>> he(1000, 50, np.random.default_rng(0)).std().round(3)  # sqrt(2 / 1000) is 0.0447
    np.float64(0.045)
    """
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out))


def glorot(fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[Any]:
    """Uniform weights in ±sqrt(6 / (fan_in + fan_out)), shape (fan_in, fan_out).

    Source: Glorot and Bengio, AISTATS 2010, eq. 16.

    >>> np.abs(glorot(4, 2, np.random.default_rng(0))).max() <= 1.0
    np.True_
    """
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out))


Seed: TypeAlias = "np.random.Generator | int | None"  # a text, as numpy.random takes long to import
"""What `rng` may be everywhere (Scientific Python, SPEC 7): a generator to draw from, a seed for a new one, or None for
numbers that are others each time."""


def generator_of(rng: Seed) -> np.random.Generator:
    """The generator itself, or a new one; TypeError for anything else.

    >>> generator_of(0).random() == np.random.default_rng(0).random()
    True
    """
    if rng is None or (isinstance(rng, (np.random.Generator, int, np.integer)) and not isinstance(rng, bool)):
        return np.random.default_rng(rng)
    raise TypeError(f"rng: expected a NumPy generator, a seed or None, got {type(rng).__name__}; write rng=0, say")


def checked_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """A dtype of floats, or a TypeError."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype: parameters need floats, got {np.dtype(dtype)}; write dtype=np.float32 or np.float64")
    return np.dtype(dtype)
