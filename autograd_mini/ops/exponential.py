"""Exponentials and logarithms to other bases, and near 0; sums of exponentials by their logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import exp, sigmoid, where
from autograd_mini.ops.logic import isinf, logical_and
from autograd_mini.ops.op import Op

_LOG_2 = math.log(2)
_LOG_10 = math.log(10)

exp2 = Op(
    "exp2",
    np.exp2,
    lambda g, out, x: g * out * _LOG_2,
    numpy=np.exp2,
    doc="""2**x; d/dx = 2**x log(2).

    >>> ag.exp2(ag.Tensor(3.0))
    Tensor(8.0, op='exp2')
    """,
)

expm1 = Op(
    "expm1",
    np.expm1,
    lambda g, out, x: g * exp(x),  # out + 1 would lose every digit of a small e**x
    numpy=np.expm1,
    doc="""e**x - 1, exact for small x; d/dx = e**x.

    >>> ag.expm1(ag.Tensor(1e-20))
    Tensor(1e-20, op='expm1')
    """,
)

log2 = Op(
    "log2",
    np.log2,
    lambda g, out, x: g / x / _LOG_2,
    numpy=np.log2,
    doc="""Logarithm to base 2; d/dx = 1 / (x log(2)). At 0 it is -inf and NumPy warns, as for arrays.

    >>> ag.log2(ag.Tensor(8.0))
    Tensor(3.0, op='log2')
    """,
)

log10 = Op(
    "log10",
    np.log10,
    lambda g, out, x: g / x / _LOG_10,
    numpy=np.log10,
    doc="""Logarithm to base 10; d/dx = 1 / (x log(10)). At 0 it is -inf and NumPy warns, as for arrays.

    >>> ag.log10(ag.Tensor(100.0))
    Tensor(2.0, op='log10')
    """,
)

log1p = Op(
    "log1p",
    np.log1p,
    lambda g, out, x: g / (1 + x),
    numpy=np.log1p,
    doc="""log(1 + x), exact for small x; d/dx = 1 / (1 + x). At -1 it is -inf and NumPy warns, as for arrays.

    >>> ag.log1p(ag.Tensor(1e-20))
    Tensor(1e-20, op='log1p')
    """,
)


def _lead(x: Any, y: Any) -> Any:
    """x - y, and 0 where both are the same infinity."""
    both = logical_and(x == y, isinf(x))
    return where(both, 0, x) - where(both, 0, y)


logaddexp = Op(
    "logaddexp",
    np.logaddexp,
    lambda g, out, x, y: g * sigmoid(_lead(x, y)),
    lambda g, out, x, y: g * sigmoid(_lead(y, x)),
    numpy=np.logaddexp,
    doc="""log(e**x + e**y) with broadcasting, without overflow; d/dx = sigmoid(x - y), 1/2 where x = y (also infinite).

    >>> ag.logaddexp(ag.Tensor(1000.0), 1000.0)
    Tensor(1000.6931471805599, op='logaddexp')
    """,
)

logaddexp2 = Op(
    "logaddexp2",
    np.logaddexp2,
    lambda g, out, x, y: g * sigmoid(_LOG_2 * _lead(x, y)),
    lambda g, out, x, y: g * sigmoid(_LOG_2 * _lead(y, x)),
    numpy=np.logaddexp2,
    doc="""log2(2**x + 2**y) with broadcasting, without overflow; d/dx = 2**x / (2**x + 2**y), 1/2 where x = y.

    >>> ag.logaddexp2(ag.Tensor(1000.0), 1000.0)
    Tensor(1001.0, op='logaddexp2')
    """,
)
