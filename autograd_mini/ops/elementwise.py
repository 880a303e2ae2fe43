"""Arithmetic, functions of one number, selection and comparisons, all with broadcasting."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.ops.op import REQUIRED, Op

# Arithmetic. The forwards are Python's operators: ten times faster than the ufuncs on scalars, the same on arrays.

add = Op(
    "add",
    operator.add,
    lambda g, out, x, y: g,
    lambda g, out, x, y: g,
    symbol="+",
    numpy=np.add,
    doc="""x + y with broadcasting; d/dx = 1, d/dy = 1.

    >>> ag.add(ag.Tensor(2.0), 3.0)
    Tensor(5.0, op='add')
    """,
)

subtract = Op(
    "subtract",
    operator.sub,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g,
    symbol="-",
    numpy=np.subtract,
    doc="""x - y with broadcasting; d/dx = 1, d/dy = -1.

    >>> ag.subtract(ag.Tensor(2.0), 3.0)
    Tensor(-1.0, op='subtract')
    """,
)

multiply = Op(
    "multiply",
    operator.mul,
    lambda g, out, x, y: g * y,
    lambda g, out, x, y: g * x,
    symbol="*",
    numpy=np.multiply,
    doc="""x * y with broadcasting; d/dx = y, d/dy = x.

    >>> ag.multiply(ag.Tensor(2.0), 3.0)
    Tensor(6.0, op='multiply')
    """,
)

divide = Op(
    "divide",
    operator.truediv,
    lambda g, out, x, y: g / y,
    lambda g, out, x, y: -g * out / y,
    symbol="/",
    numpy=np.divide,
    doc="""x / y with broadcasting; d/dx = 1 / y, d/dy = -x / y**2.

    >>> ag.divide(ag.Tensor(3.0), 2.0)
    Tensor(1.5, op='divide')
    """,
)

negative = Op(
    "negative",
    operator.neg,
    lambda g, out, x: -g,
    symbol="-",
    numpy=np.negative,
    doc="""-x; d/dx = -1.

    >>> ag.negative(ag.Tensor(2.0))
    Tensor(-2.0, op='negative')
    """,
)

positive = Op(
    "positive",
    operator.pos,
    lambda g, out, x: g,
    symbol="+",
    numpy=np.positive,
    doc="""+x, a new node with the value of x; d/dx = 1.

    >>> ag.positive(ag.Tensor(2.0))
    Tensor(2.0, op='positive')
    """,
)


def _one_less(x: Any, y: Any) -> Any:
    """The exponent y - 1 of a power's derivative; at x = y = 0 one that keeps the factor y = 0 from meeting inf."""
    if isinstance(y, (int, float)) and (y or not isinstance(y, np.generic)):  # a NumPy 0 may be that of a Tensor
        return y - 1 if y else 0  # 0 * x**0 is 0 at 0 and at infinity
    return where((x == 0) * (y == 0), 1, y - 1)


def _safe_log(x: Any, y: Any) -> Any:
    """log(x), but 0 at x = 0 with y >= 0, where x**y * log(x) tends to 0."""
    return log(where((x == 0) * (y >= 0), 1, x))


power = Op(
    "power",
    operator.pow,
    lambda g, out, x, y: g * y * x ** _one_less(x, y),
    lambda g, out, x, y: g * out * _safe_log(x, y),
    symbol="**",
    numpy=np.power,
    doc="""x ** y with broadcasting; d/dx = y * x**(y - 1), d/dy = x**y * log(x).

    d/dx is 0, 1, 0 at x = 0 for y = 0, 1, 2. d/dy is 0 at x = 0 for y >= 0, -inf for y < 0, and NaN for x < 0.

    >>> ag.power(ag.Tensor(3.0), 2)
    Tensor(9.0, op='power')
    """,
)


# Functions of one number

exp = Op(
    "exp",
    np.exp,
    lambda g, out, x: g * out,
    numpy=np.exp,
    doc="""e**x; d/dx = e**x.

    >>> ag.exp(ag.Tensor(0.0))
    Tensor(1.0, op='exp')
    """,
)

log = Op(
    "log",
    np.log,
    lambda g, out, x: g / x,
    numpy=np.log,
    doc="""Natural logarithm; d/dx = 1 / x. At 0 it is -inf and NumPy warns, as for arrays.

    >>> ag.log(ag.Tensor(1.0))
    Tensor(0.0, op='log')
    """,
)

sqrt = Op(
    "sqrt",
    np.sqrt,
    lambda g, out, x: g / (2 * out),
    numpy=np.sqrt,
    doc="""Square root; d/dx = 1 / (2 sqrt(x)), which is inf at 0.

    >>> ag.sqrt(ag.Tensor(9.0))
    Tensor(3.0, op='sqrt')
    """,
)

tanh = Op(
    "tanh",
    np.tanh,
    lambda g, out, x: g * (1 - out * out),
    numpy=np.tanh,
    doc="""Hyperbolic tangent; d/dx = 1 - tanh(x)**2.

    >>> ag.tanh(ag.Tensor(0.0))
    Tensor(0.0, op='tanh')
    """,
)


def _sigmoid(x: Any) -> Any:
    # Only exp of a non-positive number: it cannot overflow, and the small tail keeps its relative precision.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid = Op(
    "sigmoid",
    _sigmoid,
    lambda g, out, x: g * out * (1 - out),
    symbol="σ",
    elementwise=True,
    doc="""Logistic function 1 / (1 + exp(-x)), without overflow; d/dx = s (1 - s).

    >>> ag.sigmoid(ag.Tensor(0.0))
    Tensor(0.5, op='sigmoid')
    """,
)

relu = Op(
    "relu",
    lambda x: np.maximum(x, 0),
    lambda g, out, x: g * (x > 0),
    elementwise=True,
    doc="""max(x, 0); d/dx = 1 where x > 0, else 0 (0 at 0 by convention).

    >>> ag.relu(ag.Tensor([-1.0, 2.0]))
    Tensor([0., 2.], op='relu')
    """,
)

absolute = Op(
    "absolute",
    operator.abs,
    lambda g, out, x: g * sign(x),
    symbol="abs",
    numpy=np.absolute,
    doc="""|x|; d/dx = sign(x), 0 at 0 by convention.

    >>> ag.absolute(ag.Tensor(-2.0))
    Tensor(2.0, op='absolute')
    """,
)

sign: Op = Op(
    "sign",
    np.sign,
    None,
    numpy=np.sign,
    doc="""-1, 0 or 1; piecewise constant, so no gradient flows.

    >>> ag.sign(ag.Tensor(-2.0))
    Tensor(-1.0, requires_grad=False, op='sign')
    """,
)


def _share(g: Any, mine: Any, other: Any) -> Any:
    """The gradient that `maximum` sends to one side: all of it, half at a tie, none where the other side wins."""
    return where(mine == other, g * 0.5, where(mine < other, 0, g))


maximum = Op(
    "maximum",
    np.maximum,
    lambda g, out, x, y: _share(g, x, y),
    lambda g, out, x, y: _share(g, y, x),
    numpy=np.maximum,
    doc="""The larger of x and y with broadcasting; the gradient goes to the larger, half to each at a tie.

    >>> ag.maximum(ag.Tensor([1.0, 5.0]), 3.0)
    Tensor([3., 5.], op='maximum')
    """,
)


def _where(condition: Any, x: Any, y: Any) -> Any:
    chosen: Any = np.where(condition, x, y)
    return chosen[()]


where: Op = Op(
    "where",
    _where,
    None,
    lambda g, out, condition, x, y: where(condition, g, 0),
    lambda g, out, condition, x, y: where(condition, 0, g),
    numpy=np.where,
    elementwise=True,
    doc="""x where the condition holds, else y, with broadcasting; the branch not taken gets an exact 0.

    >>> ag.where([True, False], ag.Tensor([1.0, 2.0]), 0.0)
    Tensor([1., 0.], op='where')
    """,
)

stop_gradient = Op(
    "stop_gradient",
    lambda x: x,
    None,
    elementwise=True,
    doc="""x as a constant: the value passes, no gradient flows back.

    >>> x = ag.Tensor(3.0)
    >>> (x * ag.stop_gradient(x)).backward()
    >>> x.grad
    np.float64(3.0)
    """,
)

astype = Op(
    "astype",
    lambda x, *, dtype: np.asarray(x).astype(dtype)[()],
    lambda g, out, x, *, dtype: g,
    settings={"dtype": REQUIRED},
    elementwise=True,
    doc="""x in another dtype; the gradient is cast back.

    >>> ag.astype(ag.Tensor([1.0, 2.0]), np.float32)
    Tensor([1., 2.], dtype=float32, op='astype')
    """,
)

# Comparisons are recorded like any operation, and no gradient flows through them.


def _comparison(name: str, forward: Callable[..., Any], symbol: str, numpy: np.ufunc) -> Op:
    doc = f"""x {symbol} y with broadcasting, as booleans; no gradient flows.

    >>> ag.{name}(ag.Tensor(1.0), 2.0)
    Tensor({forward(1.0, 2.0)}, dtype=bool, requires_grad=False, op='{name}')
    """
    return Op(name, forward, None, None, symbol=symbol, numpy=numpy, doc=doc)


equal = _comparison("equal", operator.eq, "==", np.equal)
not_equal = _comparison("not_equal", operator.ne, "!=", np.not_equal)
less = _comparison("less", operator.lt, "<", np.less)
less_equal = _comparison("less_equal", operator.le, "<=", np.less_equal)
greater = _comparison("greater", operator.gt, ">", np.greater)
greater_equal = _comparison("greater_equal", operator.ge, ">=", np.greater_equal)
