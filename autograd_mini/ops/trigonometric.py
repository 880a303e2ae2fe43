"""Trigonometric and hyperbolic functions, their inverses, and the polar form of a point."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.elementwise import sqrt, where
from autograd_mini.ops.logic import isfinite, logical_and
from autograd_mini.ops.op import Op

sin = Op(
    "sin",
    np.sin,
    lambda g, out, x: g * cos(x),
    numpy=np.sin,
    doc="""Sine of x in radians; d/dx = cos(x).

    >>> ag.sin(ag.Tensor(0.0))
    Tensor(0.0, op='sin')
    """,
)

cos: Op = Op(
    "cos",
    np.cos,
    lambda g, out, x: -g * sin(x),
    numpy=np.cos,
    doc="""Cosine of x in radians; d/dx = -sin(x).

    >>> ag.cos(ag.Tensor(0.0))
    Tensor(1.0, op='cos')
    """,
)

tan = Op(
    "tan",
    np.tan,
    lambda g, out, x: g * (1 + out * out),
    numpy=np.tan,
    doc="""Tangent of x in radians; d/dx = 1 + tan(x)**2.

    >>> ag.tan(ag.Tensor(0.0))
    Tensor(0.0, op='tan')
    """,
)

arcsin = Op(
    "arcsin",
    np.arcsin,
    lambda g, out, x: g / sqrt((1 - x) * (1 + x)),
    numpy=np.arcsin,
    doc="""Inverse sine; d/dx = 1 / sqrt(1 - x**2), which is inf at -1 and 1.

    >>> ag.arcsin(ag.Tensor(1.0))
    Tensor(1.5707963267948966, op='arcsin')
    """,
)

arccos = Op(
    "arccos",
    np.arccos,
    lambda g, out, x: -g / sqrt((1 - x) * (1 + x)),
    numpy=np.arccos,
    doc="""Inverse cosine; d/dx = -1 / sqrt(1 - x**2), which is -inf at -1 and 1.

    >>> ag.arccos(ag.Tensor(1.0))
    Tensor(0.0, op='arccos')
    """,
)


def _over_square(g: Any, radius: Any) -> Any:
    """g / radius**2, of a radius whose square may be too large."""
    return g / radius / radius


arctan = Op(
    "arctan",
    np.arctan,
    lambda g, out, x: _over_square(g, hypot(1, x)),
    numpy=np.arctan,
    doc="""Inverse tangent; d/dx = 1 / (1 + x**2).

    >>> ag.arctan(ag.Tensor(1.0))
    Tensor(0.7853981633974483, op='arctan')
    """,
)

sinh = Op(
    "sinh",
    np.sinh,
    lambda g, out, x: g * cosh(x),
    numpy=np.sinh,
    doc="""Hyperbolic sine; d/dx = cosh(x).

    >>> ag.sinh(ag.Tensor(0.0))
    Tensor(0.0, op='sinh')
    """,
)

cosh: Op = Op(
    "cosh",
    np.cosh,
    lambda g, out, x: g * sinh(x),
    numpy=np.cosh,
    doc="""Hyperbolic cosine; d/dx = sinh(x).

    >>> ag.cosh(ag.Tensor(0.0))
    Tensor(1.0, op='cosh')
    """,
)

arcsinh = Op(
    "arcsinh",
    np.arcsinh,
    lambda g, out, x: g / hypot(1, x),
    numpy=np.arcsinh,
    doc="""Inverse hyperbolic sine; d/dx = 1 / sqrt(1 + x**2).

    >>> ag.arcsinh(ag.Tensor(0.0))
    Tensor(0.0, op='arcsinh')
    """,
)

arccosh = Op(
    "arccosh",
    np.arccosh,
    lambda g, out, x: g / (sqrt(x - 1) * sqrt(x + 1)),
    numpy=np.arccosh,
    doc="""Inverse hyperbolic cosine; d/dx = 1 / sqrt(x**2 - 1), which is inf at 1.

    >>> ag.arccosh(ag.Tensor(1.0))
    Tensor(0.0, op='arccosh')
    """,
)

arctanh = Op(
    "arctanh",
    np.arctanh,
    lambda g, out, x: g / ((1 - x) * (1 + x)),
    numpy=np.arctanh,
    doc="""Inverse hyperbolic tangent; d/dx = 1 / (1 - x**2). At -1 and 1 it is infinite and NumPy warns, as for arrays.

    >>> ag.arctanh(ag.Tensor(0.0))
    Tensor(0.0, op='arctanh')
    """,
)


hypot: Op = Op(
    "hypot",
    np.hypot,
    lambda g, out, x, y: g * (x / where(out == 0, 1, out)),
    lambda g, out, x, y: g * (y / where(out == 0, 1, out)),
    numpy=np.hypot,
    doc="""sqrt(x**2 + y**2) with broadcasting, without overflow; d/dx = x / hypot(x, y), 0 at (0, 0) by convention.

    >>> ag.hypot(ag.Tensor(3.0), 4.0)
    Tensor(5.0, op='hypot')
    """,
)


def _turn(g: Any, leg: Any, other: Any) -> Any:
    """g * leg / (leg**2 + other**2): how fast the angle turns. At 0 it is 0 by convention, at infinity in the limit."""
    radius = hypot(leg, other)
    turns = logical_and(radius > 0, isfinite(radius))
    safe = where(turns, radius, 1)
    return g * _over_square(where(turns, leg, 0), safe)


arctan2 = Op(
    "arctan2",
    np.arctan2,
    lambda g, out, y, x: _turn(g, x, y),
    lambda g, out, y, x: -_turn(g, y, x),
    numpy=np.arctan2,
    doc="""The angle of the point (x, y), given as y, x, with broadcasting; d/dy = x / r**2, d/dx = -y / r**2.

    r is hypot(x, y). Both are 0 at (0, 0) by convention.

    >>> ag.arctan2(ag.Tensor(1.0), -1.0)
    Tensor(2.356194490192345, op='arctan2')
    """,
)
