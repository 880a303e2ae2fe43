"""Activation functions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd_mini as ag

Activation = Callable[[Any], Any]


def identity(z: Any) -> Any:
    """z itself, for linear layers.

    >>> identity(2.0)
    2.0
    """
    return z


ACTIVATIONS: dict[str, Activation] = {
    "identity": identity,
    "relu": ag.relu,
    "sigmoid": ag.sigmoid,
    "tanh": ag.tanh,
}


def activation_function(choice: str | Activation) -> Activation:
    """The activation function of that name; a function is returned as it is.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor a function.

    >>> activation_function("tanh")
    <Op tanh>
    """
    if callable(choice):
        return choice
    if not isinstance(choice, str):
        raise TypeError(f"activation: expected a name or a function, got {type(choice).__name__}")
    if choice not in ACTIVATIONS:
        raise ValueError(f"activation: unknown name {choice!r}; use one of {', '.join(ACTIVATIONS)}, or a function")
    return ACTIVATIONS[choice]
