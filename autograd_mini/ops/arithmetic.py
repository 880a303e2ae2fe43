"""Further arithmetic: remainders, simple powers, the smaller or larger of two, signs and units."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import astype, maximum, positive, power, sign, where
from autograd_mini.ops.logic import isfinite, isnan, logical_or, signbit
from autograd_mini.ops.op import Op, implements
from autograd_mini.ops.rounding import rint

# Division with a remainder

floor_divide = Op(
    "floor_divide",
    operator.floordiv,
    None,
    None,
    symbol="//",
    numpy=np.floor_divide,
    doc="""floor(x / y) with broadcasting; piecewise constant, so no gradient flows.

    >>> ag.floor_divide(ag.Tensor(7.0), 2.0)
    Tensor(3.0, requires_grad=False, op='floor_divide')
    """,
)

remainder = Op(
    "remainder",
    operator.mod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * floor_divide(x, y),
    symbol="%",
    numpy=np.remainder,
    doc="""x - y * floor(x / y) with broadcasting, of the sign of y; d/dx = 1, d/dy = -floor(x / y), also at the jumps.

    >>> ag.remainder(ag.Tensor(-7.0), 2.0)
    Tensor(1.0, op='remainder')
    """,
)

fmod = Op(
    "fmod",
    np.fmod,
    lambda g, out, x, y: g,
    # x - out is a multiple of y, so rint finds the quotient exactly where trunc(x / y) could be off by one.
    lambda g, out, x, y: -g * rint((x - out) / y),
    numpy=np.fmod,
    doc="""x - y * trunc(x / y) with broadcasting, of the sign of x; d/dx = 1, d/dy = -trunc(x / y), also at the jumps.

    >>> ag.fmod(ag.Tensor(-7.0), 2.0)
    Tensor(-1.0, op='fmod')
    """,
)

# Powers

reciprocal = Op(
    "reciprocal",
    np.reciprocal,
    lambda g, out, x: -g * out * out,
    symbol="1/",
    numpy=np.reciprocal,
    doc="""1 / x; d/dx = -1 / x**2.

    >>> ag.reciprocal(ag.Tensor(4.0))
    Tensor(0.25, op='reciprocal')
    """,
)

square = Op(
    "square",
    np.square,
    lambda g, out, x: g * (2 * x),
    numpy=np.square,
    doc="""x**2; d/dx = 2 x.

    >>> ag.square(ag.Tensor(3.0))
    Tensor(9.0, op='square')
    """,
)

cbrt = Op(
    "cbrt",
    np.cbrt,
    lambda g, out, x: g / (3 * out * out),
    symbol="∛",
    numpy=np.cbrt,
    doc="""Cube root, also of negative numbers; d/dx = 1 / (3 cbrt(x)**2), which is inf at 0.

    >>> ag.cbrt(ag.Tensor(-8.0))
    Tensor(-2.0, op='cbrt')
    """,
)


@implements(np.float_power)
def float_power(x: Any, y: Any) -> Any:
    """x ** y in float64, whatever the dtypes of x and y, with broadcasting; derivatives as `power`.

    Raises ValueError if the shapes do not broadcast.

    >>> import autograd_mini as ag
    >>> ag.float_power(2, ag.Tensor([3.0, -1.0]))
    Tensor([8. , 0.5], op='power')
    """
    return power(astype(x, dtype=np.float64), y)


# The smaller or larger of two


def _unless(loses: Any, g: Any, mine: Any, other: Any) -> Any:
    """The gradient of one side: none where it loses, half at a tie, else all of it."""
    return where(mine == other, g * 0.5, where(loses, 0, g))


def _if(wins: Any, g: Any, mine: Any, other: Any) -> Any:
    """The same where a NaN is a missing value: the other side wins, whatever it is."""
    return where(mine == other, g * 0.5, where(logical_or(wins, isnan(other)), g, 0))


minimum = Op(
    "minimum",
    np.minimum,
    lambda g, out, x, y: _unless(x > y, g, x, y),
    lambda g, out, x, y: _unless(y > x, g, y, x),
    numpy=np.minimum,
    doc="""The smaller of x and y with broadcasting; the gradient goes to the smaller, half to each at a tie.

    >>> ag.minimum(ag.Tensor([1.0, 5.0]), 3.0)
    Tensor([1., 3.], op='minimum')
    """,
)

fmax = Op(
    "fmax",
    np.fmax,
    lambda g, out, x, y: _if(x > y, g, x, y),
    lambda g, out, x, y: _if(y > x, g, y, x),
    numpy=np.fmax,
    doc="""The larger of x and y with broadcasting, and where one is NaN the other; gradients as `maximum`.

    A NaN beside a number gets no gradient.

    >>> ag.fmax(ag.Tensor([1.0, np.nan]), 0.0)
    Tensor([1., 0.], op='fmax')
    """,
)

fmin = Op(
    "fmin",
    np.fmin,
    lambda g, out, x, y: _if(x < y, g, x, y),
    lambda g, out, x, y: _if(y < x, g, y, x),
    numpy=np.fmin,
    doc="""The smaller of x and y with broadcasting, and where one is NaN the other; gradients as `minimum`.

    A NaN beside a number gets no gradient.

    >>> ag.fmin(ag.Tensor([1.0, np.nan]), 0.0)
    Tensor([0., 0.], op='fmin')
    """,
)


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """`a` kept between two bounds: minimum(maximum(a, a_min), a_max), with broadcasting; None is no bound.

    The gradient goes to `a` strictly inside and to the bound outside; at an edge, half to each. `min` and `max` are
    other names of the bounds, as in NumPy. Raises ValueError if the shapes do not broadcast, or for a bound given
    twice.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor([-1.0, 0.0, 0.5, 2.0])
    >>> ag.clip(x, 0, 1).sum().backward()
    >>> x.grad
    array([0. , 0.5, 1. , 0. ])
    """
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("clip: a bound was given twice, as a_min or a_max and as min or max; give it once")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    raised = positive(a) if low is None else maximum(a, low)
    return raised if high is None else minimum(raised, high)


# Signs, units and missing values

heaviside = Op(
    "heaviside",
    np.heaviside,
    None,
    lambda g, out, x, y: where(x == 0, g, 0),
    numpy=np.heaviside,
    doc="""0 where x < 0, y where x is 0, 1 where x > 0, with broadcasting; d/dy = 1 where x is 0, else 0.

    No gradient flows to x.

    >>> ag.heaviside([-2.0, 0.0, 2.0], ag.Tensor(0.5))
    Tensor([0. , 0.5, 1. ], op='heaviside')
    """,
)

copysign = Op(
    "copysign",
    np.copysign,
    lambda g, out, x, y: where(signbit(y), -g, g) * sign(x),
    None,
    numpy=np.copysign,
    doc="""|x| with the sign of y (also of -0.0), with broadcasting; d/dx = sign(x) times that sign.

    It is 0 at 0, as for `absolute`. No gradient flows to y.

    >>> ag.copysign(ag.Tensor(2.0), -1.0)
    Tensor(-2.0, op='copysign')
    """,
)

deg2rad: Op = Op(
    "deg2rad",
    np.deg2rad,
    lambda g, out, x: deg2rad(g),
    numpy=np.deg2rad,
    doc="""Degrees to radians; d/dx = π / 180.

    >>> ag.deg2rad(ag.Tensor(180.0))
    Tensor(3.141592653589793, op='deg2rad')
    """,
)

rad2deg: Op = Op(
    "rad2deg",
    np.rad2deg,
    lambda g, out, x: rad2deg(g),
    numpy=np.rad2deg,
    doc="""Radians to degrees; d/dx = 180 / π.

    >>> ag.rad2deg(ag.Tensor(np.pi))
    Tensor(180.0, op='rad2deg')
    """,
)

nan_to_num = Op(
    "nan_to_num",
    lambda x, *, nan, posinf, neginf: np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
    lambda g, out, x, *, nan, posinf, neginf: where(isfinite(x), g, 0),
    settings={"nan": 0.0, "posinf": None, "neginf": None},
    positional=0,
    numpy=np.nan_to_num,
    elementwise=True,
    doc="""x with numbers for NaN, inf and -inf (by default 0 and the largest ones); d/dx = 1 where finite, else 0.

    >>> ag.nan_to_num(ag.Tensor([1.0, np.nan]), nan=5.0)
    Tensor([1., 5.], op='nan_to_num')
    """,
)
