"""Rounding: piecewise constant, so no gradient flows. The derivative is 0 everywhere but at the jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.op import Op, implements


def _rounding(forward: np.ufunc, meaning: str, result: float) -> Op:
    """A rounding of NumPy's; `result` is that of 2.7 in its example."""
    name = forward.__name__
    doc = f"""{meaning}; piecewise constant, so no gradient flows.

    >>> ag.{name}(ag.Tensor(2.7))
    Tensor({result}, requires_grad=False, op='{name}')
    """
    return Op(name, forward, None, numpy=forward, doc=doc)


floor = _rounding(np.floor, "The largest integer <= x", 2.0)
ceil = _rounding(np.ceil, "The smallest integer >= x", 3.0)
trunc = _rounding(np.trunc, "The nearest integer towards 0", 2.0)
rint = _rounding(np.rint, "The nearest integer, the even one at a tie", 3.0)

round_ = Op(
    "round",
    lambda x, *, decimals: np.round(x, decimals),
    None,
    settings={"decimals": 0},
    numpy=np.round,
    elementwise=True,
    doc="""x to so many decimals, the even last digit at a tie; piecewise constant, so no gradient flows.

    >>> ag.round(ag.Tensor([2.125, 2.5]), 2)
    Tensor([2.12, 2.5 ], requires_grad=False, op='round')
    """,
)


@implements(np.around)
def around(a: Any, decimals: int = 0) -> Any:
    """NumPy's other name of `round`; the result has the shape of `a`, and no gradient flows.

    >>> import autograd_mini as ag
    >>> ag.around(ag.Tensor(2.5))
    Tensor(2.0, requires_grad=False, op='round')
    """
    return round_(a, decimals=decimals)


@implements(np.fix)
def fix(x: Any) -> Any:
    """NumPy's other name of `trunc`; the result has the shape of `x`, and no gradient flows.

    >>> import autograd_mini as ag
    >>> ag.fix(ag.Tensor(-2.7))
    Tensor(-2.0, requires_grad=False, op='trunc')
    """
    return trunc(x)
