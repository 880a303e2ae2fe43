"""The error function and the cardinal sine, which NumPy lacks or whose derivatives it lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import absolute, exp, where
from autograd_mini.ops.op import Op

Compute = Callable[..., Any]


def _in_double(compute: Compute) -> Compute:
    """The function that computes with a flat array of float64 and answers in its input's shape and dtype.

    Of integers the answer is in the float dtype that NumPy takes for them.
    """

    def forward(x: Any, **settings: Any) -> Any:
        array = np.asarray(x)
        result = compute(array.astype(np.float64).reshape(-1), **settings)
        return result.reshape(array.shape).astype(np.result_type(array.dtype, np.float16), copy=False)[()]

    return forward


def _split(x: Any, near: Any, inside: Compute, outside: Compute) -> Any:
    """`inside` of the entries that are near, `outside` of the others."""
    result = np.empty_like(x)
    for mask, function in ((near, inside), (~near, outside)):
        positions = np.flatnonzero(mask)  # twice as fast to read and write by as the mask
        result[positions] = function(x[positions])
    return result


# The error function by the rational approximations of W. J. Cody (Mathematics of Computation 23, 1969, 631-637), with
# the coefficients of his program CALERF: numerator over denominator, highest power first. Seven units in the last place
# are the worst that was seen.

# fmt: off
_NEAR = (
    (1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)
_FAR = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)
# fmt: on
_NEAR_EDGE, _FAR_EDGE = 0.46875, 4.0


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """Horner's rule in place: half the time of np.polyval on large arrays."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def _ratio(coefficients: Any, x: Any) -> Any:
    numerator, denominator = coefficients
    return _polynomial(numerator, x) / _polynomial(denominator, x)


def _erf_near(x: Any) -> Any:
    return x * _ratio(_NEAR, x * x)


def _decay(x: Any) -> Any:
    """exp(-x**2) with the digits that rounding x**2 would lose: the square of x cut to sixteenths is exact."""
    cut = np.trunc(16 * x) / 16
    return np.exp(-cut * cut) * np.exp(-(x - cut) * (x + cut))


def _far_factor(x: Any) -> Any:
    z = 1 / (x * x)
    return (1 / math.sqrt(math.pi) - z * _ratio(_FAR, z)) / x


def _erfc_away(x: Any) -> Any:
    """erfc of numbers above the near edge; beyond 30 it is 0, and so large a number can't overflow."""
    x = np.minimum(x, 30)
    return _decay(x) * _split(x, x <= _FAR_EDGE, lambda y: _ratio(_MIDDLE, y), _far_factor)


def _erf(x: Any) -> Any:
    def away(y: Any) -> Any:
        return np.copysign(1 - _erfc_away(np.abs(y)), y)

    return _split(x, np.abs(x) <= _NEAR_EDGE, _erf_near, away)


def _erfc(x: Any) -> Any:
    def away(y: Any) -> Any:
        tail = _erfc_away(np.abs(y))
        return np.where(y < 0, 2 - tail, tail)

    return _split(x, np.abs(x) <= _NEAR_EDGE, lambda y: 1 - _erf_near(y), away)


def _bell(x: Any) -> Any:
    """2 / sqrt(π) * exp(-x**2), where numbers beyond 100, whose square may be too large, count as 100: both give 0."""
    x = where(absolute(x) > 100, 100, x)
    return exp(-x * x) * (2 / math.sqrt(math.pi))


erf = Op(
    "erf",
    _in_double(_erf),
    lambda g, out, x: g * _bell(x),
    elementwise=True,
    doc="""The error function 2 / sqrt(π) * integral of exp(-t**2) from 0 to x; d/dx = 2 / sqrt(π) * exp(-x**2).

    >>> ag.erf(ag.Tensor([0.0, np.inf]))
    Tensor([0., 1.], op='erf')
    """,
)

erfc = Op(
    "erfc",
    _in_double(_erfc),
    lambda g, out, x: -g * _bell(x),
    elementwise=True,
    doc="""1 - erf(x), exact also where it is tiny; d/dx = -2 / sqrt(π) * exp(-x**2).

    >>> ag.erfc(ag.Tensor([0.0, np.inf]))
    Tensor([1., 0.], op='erfc')
    """,
)


# The cardinal sine. Its rule is the next derivative, which divides by x no more than sinc itself does: a mask at 0
# would make the second derivative 0 there.


def _sinc_series(t: Any, order: int) -> Any:
    """The derivative of sin(t) / t as the sum of (-1)**((order + m) / 2) t**m / (m! (order + m + 1)) over m."""
    parity = order % 2
    powers = range(parity, 40 + 4 * order, 2)
    coefficients = [(-1) ** ((order + m) // 2) / (math.factorial(m) * (order + m + 1)) for m in powers]
    return t**parity * _polynomial(tuple(coefficients[::-1]), t * t)


def _sinc_recurrence(t: Any, order: int) -> Any:
    """The same away from 0: Leibniz's rule for t * sinc = sin gives t * s(n) + n * s(n - 1) = sin(t + n * π / 2)."""
    sine, cosine = np.sin(t), np.cos(t)
    derivative = sine / t
    for n in range(1, order + 1):
        derivative = ((sine, cosine, -sine, -cosine)[n % 4] - n * derivative) / t
    return derivative


def _sinc_derivative(x: Any, *, order: int) -> Any:
    t = np.pi * x
    slope = _split(
        t,
        np.abs(t) < order + 2,
        lambda near: _sinc_series(near, order),
        lambda away: _sinc_recurrence(away, order),
    )
    return slope * np.pi**order


sinc_derivative: Op = Op(
    "sinc_derivative",
    _in_double(_sinc_derivative),
    lambda g, out, x, *, order: g * sinc_derivative(x, order=order + 1),
    settings={"order": 1},
    elementwise=True,
    doc="""The derivative of `sinc` of the given order; d/dx is the one of the next order, finite everywhere.

    >>> ag.ops.sinc_derivative(ag.Tensor(0.0))
    Tensor(0.0, op='sinc_derivative')
    """,
)

sinc = Op(
    "sinc",
    np.sinc,
    lambda g, out, x: g * sinc_derivative(x, order=1),
    numpy=np.sinc,
    elementwise=True,
    doc="""sin(πx) / (πx), 1 at 0; d/dx = (cos(πx) - sinc(x)) / x, 0 at 0, where the second derivative is -π**2 / 3.

    >>> ag.sinc(ag.Tensor([0.0, 0.5]))
    Tensor([1.        , 0.63661977], op='sinc')
    """,
)
