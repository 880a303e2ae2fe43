"""Random numbers as part of a computation: constants that a compiled program draws anew at each call.

They come from a generator of NumPy's that is passed in, and are the same numbers, in the same order, with and without
compiling. What they are scaled with may be Tensors, so that gradients reach it (Kingma and Welling, Auto-Encoding
Variational Bayes, ICLR 2014, section 2.4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd_mini.modes import tracer
from autograd_mini.tensor import Tensor, as_tensor

Shape = int | tuple[int, ...]


def normal(
    rng: np.random.Generator, shape: Shape = (), *, loc: Any = 0.0, scale: Any = 1.0, dtype: DTypeLike = np.float64
) -> Tensor:
    """Normal numbers loc + scale z, of float64 or float32; loc and scale broadcast to `shape`, and may be Tensors.

    Raises TypeError if `rng` is no `np.random.Generator`, or for another dtype.

    >>> normal(np.random.default_rng(0), 2)
    Tensor([ 0.12573022, -0.13210486], requires_grad=False)
    """
    return _scaled(_drawn(rng, "standard_normal", _shape(shape), dtype=_float(dtype)), loc, scale)


def uniform(
    rng: np.random.Generator, shape: Shape = (), *, low: Any = 0.0, high: Any = 1.0, dtype: DTypeLike = np.float64
) -> Tensor:
    """Numbers spread evenly from low up to high, low + (high - low) u; low and high may be Tensors.

    Raises TypeError as `normal`.

    >>> uniform(np.random.default_rng(0), 2, low=-1.0)
    Tensor([ 0.27392337, -0.46042657], requires_grad=False)
    """
    return _scaled(_drawn(rng, "random", _shape(shape), dtype=_float(dtype)), low, high - low)


def bernoulli(rng: np.random.Generator, p: Any, shape: Shape | None = None) -> Tensor:
    """True with probability p, else False; `shape` is that of p unless given. No gradient flows to p.

    Raises TypeError if `rng` is no `np.random.Generator`.

    >>> bernoulli(np.random.default_rng(0), 0.5, 4)
    Tensor([False,  True,  True,  True], dtype=bool, requires_grad=False)
    """
    drawn: Tensor = _drawn(rng, "random", np.shape(p) if shape is None else _shape(shape)) < p
    return drawn


def permutation(rng: np.random.Generator, x: Any) -> Tensor:
    """The numbers 0 to x - 1 in random order, or the entries of x along its first axis.

    Raises TypeError if `rng` is no `np.random.Generator`, or for a Tensor or array without axes.

    >>> permutation(np.random.default_rng(0), 4)
    Tensor([2, 0, 1, 3], dtype=int64, requires_grad=False)
    """
    if isinstance(x, (int, np.integer)):
        return _drawn(rng, "permutation", int(x))
    if not np.ndim(x):
        raise TypeError("random.permutation: x has no axis; give a number, or an array with at least one axis")
    return _taken(x, _drawn(rng, "permutation", np.shape(x)[0]))


def choice(
    rng: np.random.Generator, a: Any, shape: Shape = (), *, replace: bool = True, p: ArrayLike | None = None
) -> Tensor:
    """Some of the numbers 0 to a - 1, or of the entries of a along its first axis, each with its probability in p.

    Raises TypeError as `permutation`, and for a p that is a Tensor; ValueError as NumPy's `choice`.

    >>> choice(np.random.default_rng(0), np.array([1.0, 2.0, 4.0]), 4)
    Tensor([4., 2., 2., 1.], requires_grad=False)
    """
    if isinstance(p, Tensor):
        raise TypeError("random.choice: p is a Tensor, but decides what is drawn; pass an array")
    count = int(a) if isinstance(a, (int, np.integer)) else np.shape(a)[0] if np.ndim(a) else None
    if count is None:
        raise TypeError("random.choice: a has no axis; give a number, or an array with at least one axis")
    drawn = _drawn(rng, "choice", count, _shape(shape), replace=bool(replace), p=None if p is None else np.array(p))
    return drawn if isinstance(a, (int, np.integer)) else _taken(a, drawn)


def _drawn(rng: Any, method: str, *arguments: Any, **settings: Any) -> Tensor:
    if not isinstance(rng, np.random.Generator):
        kind = type(rng).__name__
        raise TypeError(f"random: rng is a {kind}, not a NumPy generator; write rng = np.random.default_rng(0)")
    here = tracer()
    if here:
        drawn: Tensor = here.record.draw(rng, method, arguments, settings)
        return drawn
    return as_tensor(getattr(rng, method)(*arguments, **settings), requires_grad=False)


def _scaled(z: Tensor, start: Any, factor: Any) -> Tensor:
    """start + factor z, without operations that change nothing."""
    z = z if _is(factor, 1) else z * factor
    return z if _is(start, 0) else z + start


def _is(x: Any, number: int) -> bool:
    return isinstance(x, (int, float)) and x == number


def _taken(x: Any, positions: Tensor) -> Tensor:
    x = x if isinstance(x, Tensor) else as_tensor(x, requires_grad=False)
    taken: Tensor = x[positions]
    return taken


def _shape(shape: Shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))


def _float(dtype: DTypeLike) -> Any:
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(
            f"random: numbers are drawn as float64 or float32, not {np.dtype(dtype)}; convert them with astype"
        )
    return np.dtype(dtype)
