"""Numbers and arrays in the form that JSON has for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.drawing import text

Data = Any
"""What JSON can say: None, booleans, finite numbers, strings, lists and dicts of them."""


def number_as_data(x: Any) -> Data:
    """A number as JSON has it; what is not finite as a string.

    >>> number_as_data(np.float64(2.0)), number_as_data(np.inf), number_as_data(np.bool(True))
    (2.0, 'inf', True)
    """
    if isinstance(x, bool | np.bool):
        return bool(x)
    return float(x) if math.isfinite(x) else str(float(x))


def value_as_data(x: Any) -> Data:
    """A scalar as its number; an array as its text, shape and Euclidean norm; None as itself.

    >>> value_as_data(np.array([3.0, 4.0]))
    {'text': '[3, 4]', 'shape': '(2,)', 'norm': 5.0}
    """
    if x is None:
        return None
    array = np.asarray(x)
    if array.shape == ():
        return number_as_data(array[()])
    return {"text": text.value(array), "shape": str(array.shape), "norm": number_as_data(text.norm(array))}
