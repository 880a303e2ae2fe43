"""Activation functions beyond relu, sigmoid and tanh; all of them exact far from 0.

At a kink an activation takes the derivative of one side, as relu takes 0 at 0; its description says which.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_mini.ops.arithmetic import clip
from autograd_mini.ops.elementwise import absolute, exp, sigmoid, tanh, where
from autograd_mini.ops.op import Op, as_operand
from autograd_mini.ops.special import erfc


def _log_1_plus_exp(x: Any) -> Any:
    """log(1 + exp(-|x|)): it cannot overflow, and np.logaddexp takes three times as long or more."""
    return np.log1p(np.exp(-np.abs(x)))


softplus = Op(
    "softplus",
    lambda x: np.maximum(x, 0) + _log_1_plus_exp(x),
    lambda g, out, x: g * sigmoid(x),
    elementwise=True,
    doc="""log(1 + e**x), a smooth relu, without overflow; d/dx = sigmoid(x).

    >>> ag.softplus(ag.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([0.00000000e+00, 6.93147181e-01, 1.00000000e+03], op='softplus')
    """,
)

log_sigmoid = Op(
    "log_sigmoid",
    lambda x: np.minimum(x, 0) - _log_1_plus_exp(x),
    lambda g, out, x: g * sigmoid(-x),
    elementwise=True,
    doc="""log(sigmoid(x)) = -softplus(-x), without overflow; d/dx = sigmoid(-x).

    >>> ag.log_sigmoid(ag.Tensor(-1000.0))
    Tensor(-1000.0, op='log_sigmoid')
    """,
)


def _where_positive(x: Any, y: Any) -> Any:
    """x where it is positive, else y."""
    chosen: Any = np.where(np.greater(x, 0), x, y)
    return chosen[()]


leaky_relu = Op(
    "leaky_relu",
    lambda x, *, negative_slope: _where_positive(x, negative_slope * x),
    lambda g, out, x, *, negative_slope: where(x > 0, g, g * negative_slope),
    settings={"negative_slope": 0.01},
    elementwise=True,
    doc="""x where x > 0, else negative_slope * x; d/dx = 1 where x > 0, else negative_slope (also at 0, by convention).

    >>> ag.leaky_relu(ag.Tensor([-2.0, 2.0]), 0.1)
    Tensor([-0.2,  2. ], op='leaky_relu')
    """,
)

elu = Op(
    "elu",
    lambda x, *, alpha: _where_positive(x, alpha * np.expm1(np.minimum(x, 0))),
    lambda g, out, x, *, alpha: where(x > 0, g, g * alpha * exp(where(x > 0, 0, x))),
    settings={"alpha": 1.0},
    elementwise=True,
    doc="""x where x > 0, else alpha * (e**x - 1); d/dx = 1 where x > 0, else alpha * e**x (alpha at 0, by convention).

    >>> ag.elu(ag.Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.], op='elu')
    """,
)

softsign = Op(
    "softsign",
    lambda x: x / (1 + np.abs(x)),
    lambda g, out, x: g / (1 + absolute(x)) / (1 + absolute(x)),
    elementwise=True,
    doc="""x / (1 + |x|); d/dx = 1 / (1 + |x|)**2.

    >>> ag.softsign(ag.Tensor([-3.0, 1.0]))
    Tensor([-0.75,  0.5 ], op='softsign')
    """,
)

relu6 = Op(
    "relu6",
    lambda x: np.clip(x, 0, 6),
    lambda g, out, x: g * (x > 0) * (x < 6),
    elementwise=True,
    doc="""x kept between 0 and 6; d/dx = 1 strictly inside, else 0 (0 at both kinks by convention, as relu).

    >>> ag.relu6(ag.Tensor([-2.0, 2.0, 8.0]))
    Tensor([0., 2., 6.], op='relu6')
    """,
)

hard_tanh = Op(
    "hard_tanh",
    lambda x: np.clip(x, -1, 1),
    lambda g, out, x: g * (x > -1) * (x < 1),
    elementwise=True,
    doc="""x kept between -1 and 1; d/dx = 1 strictly inside, else 0 (0 at both kinks by convention, as relu).

    >>> ag.hard_tanh(ag.Tensor([-2.0, 0.5]))
    Tensor([-1. ,  0.5], op='hard_tanh')
    """,
)


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6: a sigmoid of straight lines, in the shape of `x`.

    The derivative is 1/6 strictly between -3 and 3, else 0 (0 at both kinks by convention).

    >>> import autograd_mini as ag
    >>> ag.hard_sigmoid(ag.Tensor([-4.0, 0.0, 1.5])).data
    array([0.  , 0.5 , 0.75])
    """
    return relu6(as_operand(x) + 3) / 6


hard_silu = Op(
    "hard_silu",
    # Selected first: at -inf the product would be -inf * 0.
    lambda x: (np.where(x <= -3, 0, x) * np.clip(x / 6 + 0.5, 0, 1))[()],
    lambda g, out, x: g * where(x <= -3, 0, where(x >= 3, 1, x / 3 + 0.5)),
    elementwise=True,
    doc="""x * hard_sigmoid(x), also called hard swish.

    The derivative is 0 up to x = -3 and 1 from x = 3 on, both kinks included by convention.

    >>> ag.hard_silu(ag.Tensor([1.5, 4.0])).data
    array([1.125, 4.   ])
    """,
)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish, in the shape of `x`.

    >>> import autograd_mini as ag
    >>> ag.silu(ag.Tensor([-1000.0, 0.0, 1000.0])).data
    array([  -0.,    0., 1000.])
    """
    x = as_operand(x)
    return x * sigmoid(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra 2019), in the shape of `x`.

    >>> import autograd_mini as ag
    >>> ag.mish(ag.Tensor([-1000.0, 0.0, 1000.0])).data
    array([  -0.,    0., 1000.])
    """
    x = as_operand(x)
    return x * tanh(softplus(x))


def selu(x: Any) -> Any:
    """scale * elu(x, alpha), in the shape of `x`, with the two constants that keep mean 0 and variance 1.

    They are those of Klambauer, Unterthiner, Mayr and Hochreiter (2017). At 0 the derivative is scale * alpha.

    >>> import autograd_mini as ag
    >>> ag.selu(ag.Tensor([-1000.0, 1.0])).data
    array([-1.75809934,  1.05070099])
    """
    return elu(x, alpha=1.6732632423543772) * 1.0507009873554805


def gelu(x: Any, approximate: bool | str = False) -> Any:
    """x * Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016), in the shape of `x`.

    With `approximate`, Φ(x) = (1 + tanh(sqrt(2 / π) * (x + 0.044715 * x**3))) / 2. It is True or False, or as PyTorch
    has it "tanh" or "none"; anything else raises ValueError.

    >>> import autograd_mini as ag
    >>> ag.gelu(ag.Tensor([-1.0, 0.0, 1.0])).data
    array([-0.15865525,  0.        ,  0.84134475])
    """
    if not isinstance(approximate, (bool, np.bool_)) and approximate not in ("none", "tanh"):
        raise ValueError(f'gelu: approximate is True, False, "tanh" or "none", got {approximate!r}')
    x = as_operand(x)
    return x * _normal_by_tanh(x) if approximate not in (False, "none") else x * (erfc(x * -math.sqrt(0.5)) * 0.5)


def _normal_by_tanh(x: Any) -> Any:
    """The approximate Φ. As (1 + tanh(u)) / 2 = sigmoid(2 u) keeps its small tail; beyond 30 it is 0 or 1."""
    x = clip(x, -30, 30)
    return sigmoid(x * (1 + 0.044715 * x * x) * (2 * math.sqrt(2 / math.pi)))
