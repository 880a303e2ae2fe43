"""What was derived by hand: which Tensor a key means, and the array that was given for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.errors import describe, did_you_mean
from autograd_mini.tensor import Tensor


class UnusableError(ValueError):
    """A key or an array that can't be compared; the message is what the row says."""


def by_name(order: Iterable[Tensor]) -> dict[str, list[Tensor]]:
    """The Tensors of a graph that have a name, by it."""
    named: dict[str, list[Tensor]] = {}
    for node in order:
        if node.name is not None:
            named.setdefault(node.name, []).append(node)
    return named


def node_of(key: Any, nodes: Set[Tensor], named: Mapping[str, list[Tensor]]) -> Tensor:
    """The Tensor of the graph that a key means; UnusableError if there is none, or more than one."""
    if isinstance(key, Tensor):
        if key not in nodes:
            raise UnusableError(f"{describe(key)} is not in the graph of the loss; was the loss computed from it?")
        found = [key]
    elif isinstance(key, str):
        found = named.get(key, [])
    else:
        raise UnusableError(
            f"a key of type {type(key).__name__} means nothing here; name a Tensor of the graph, or pass the Tensor"
        )
    if not found:
        raise UnusableError(f"no Tensor of the graph is named {key!r}{near(key, named)}")
    if len(found) > 1:
        raise UnusableError(f"{len(found)} Tensors of the graph are named {key!r}; pass the Tensor itself as the key")
    if not found[0].requires_grad:
        raise UnusableError(f"{describe(found[0])} is a constant: no gradient flows to it; set requires_grad=True")
    return found[0]


def near(key: str, named: Mapping[str, Any]) -> str:
    """The name that was probably meant, or those that there are."""
    meant = did_you_mean(key, named)
    if meant:
        return meant
    return f"; there are {', '.join(map(repr, list(named)[:8]))}" if named else '; name it: h.named("h")'


def array_of(value: Any) -> Array:
    """A copy of what was given, as an array of real numbers; UnusableError for anything else."""
    if isinstance(value, UnusableError):
        raise value  # why there is none
    if value is None:
        raise UnusableError("None was given; does your function return its result?")
    try:
        array = np.array(value._data if isinstance(value, Tensor) else value)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"what was given makes no array: {error}") from None
    if array.dtype.kind not in "fiub":
        raise UnusableError(f"{type(value).__name__} ({array.dtype}) was given; give an array of real numbers")
    return array


def shape_sentence(hand: Array, gradient: Array, allowed: Array) -> str:
    """What is wrong with the shape, and which change of it would fit, the one first that gives the right numbers."""
    fitting = list(_changes(hand, gradient.shape))
    right = [text for text, changed in fitting if np.all(np.abs(changed - gradient) <= allowed)]
    text = f"your array has shape {hand.shape}, the gradient has {gradient.shape}"
    if right:
        return f"{text}: {right[0]} is the gradient"
    if fitting:
        return f"{text}: {' or '.join(text for text, _ in fitting[:3])} would fit, but is not the gradient either"
    return f"{text}: no transpose, sum or reshape of it fits"


def _changes(hand: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """The changes that give an array the shape, as one would write them."""
    if hand.ndim > 1 and hand.shape[::-1] == shape:
        yield "its transpose, .T,", hand.T
    for count in range(1, hand.ndim + 1):
        for axes in itertools.combinations(range(hand.ndim), count):
            for keepdims in (False, True):
                total = hand.sum(axis=axes, keepdims=keepdims)
                if total.shape == shape:
                    yield _sum_text(axes, keepdims), total
    if hand.size == np.prod(shape, dtype=int):
        yield f"its reshape, .reshape({shape}),", hand.reshape(shape)


def _sum_text(axes: tuple[int, ...], keepdims: bool) -> str:
    kept = ", keepdims=True" if keepdims else ""
    axis = axes[0] if len(axes) == 1 else axes
    return f"its sum over axis {axis}, .sum(axis={axis}{kept}),"


def finite_sentence(hand: Array, automatic: Array | None = None, outside: Array | None = None) -> str:
    """Which entries are not finite, and whether autodiff's are; of entries that are wrong `outside`, only these."""
    if outside is not None and automatic is not None and np.isfinite(hand[outside]).all():
        first = tuple(int(i) for i in np.argwhere(outside)[0])
        told = f"{int(outside.sum())} of {hand.size} entries are wrong, the first at {first}: {hand[first]:.6g}, not "
        return told + f"{automatic[first]:.6g}; those that are not finite are not finite in autodiff's gradient either"
    bad = np.argwhere(~np.isfinite(hand))
    first = tuple(int(i) for i in bad[0])
    ours = "" if automatic is None or np.isfinite(automatic).all() else "; autodiff's is not finite everywhere either"
    return f"{len(bad)} of {hand.size} entries are NaN or infinite, the first at {first}{ours}"
