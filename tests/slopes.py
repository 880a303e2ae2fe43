"""Gradients at single points, against exact values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import Tensor


def slopes(function: Callable[..., Any], *values: Any) -> list[Any]:
    """The gradient of each input, for an output gradient of ones."""
    variables = [Tensor(value) for value in values]
    output = function(*variables)
    return ag.gradients(output, variables, gradient=np.ones(output.shape))


def assert_slopes(function: Callable[..., Any], values: list[Any], expected: list[Any]) -> None:
    for got, wanted in zip(slopes(function, *values), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
