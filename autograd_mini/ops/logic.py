"""Questions about numbers, answered with booleans. They are recorded like any operation, and no gradient flows."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.ops.op import Op


def _question(forward: np.ufunc, meaning: str, arguments: str, answer: bool) -> Op:
    """An operation that answers for a NumPy function of booleans; `arguments` and `answer` make its example."""
    name = forward.__name__
    doc = f"""{meaning}, as booleans; no gradient flows.

    >>> ag.{name}({arguments})
    Tensor({answer}, dtype=bool, requires_grad=False, op='{name}')
    """
    return Op(name, forward, *[None] * forward.nin, numpy=forward, doc=doc)


logical_and = _question(np.logical_and, "Whether x and y are both nonzero", "ag.Tensor(1.0), 0.0", False)
logical_or = _question(np.logical_or, "Whether x or y is nonzero", "ag.Tensor(1.0), 0.0", True)
logical_xor = _question(np.logical_xor, "Whether exactly one of x and y is nonzero", "ag.Tensor(1.0), 0.0", True)
logical_not = _question(np.logical_not, "Whether x is zero", "ag.Tensor(1.0)", False)
isnan = _question(np.isnan, "Whether x is NaN", "ag.Tensor(np.nan)", True)
isinf = _question(np.isinf, "Whether x is infinite", "ag.Tensor(-np.inf)", True)
isfinite = _question(np.isfinite, "Whether x is neither infinite nor NaN", "ag.Tensor(np.nan)", False)
signbit = _question(np.signbit, "Whether x is negative, -0.0 included", "ag.Tensor(-0.0)", True)


def _isclose(x: Any, y: Any, *, rtol: Any, atol: Any, equal_nan: bool) -> Any:
    return np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)


isclose = Op(
    "isclose",
    _isclose,
    None,
    None,
    settings={"rtol": 1e-05, "atol": 1e-08, "equal_nan": False},
    positional=3,
    numpy=np.isclose,
    elementwise=True,
    doc="""Whether |x - y| <= atol + rtol |y|, as booleans; no gradient flows.

    >>> ag.isclose(ag.Tensor([1.0, 2.0]), 1.000001)
    Tensor([ True, False], dtype=bool, requires_grad=False, op='isclose')
    """,
)
