"""Layers, and the multilayer perceptron made of them. Samples are rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_mini as ag
from autograd_mini import Tensor
from nn.activations import Activation, activation_function
from nn.init import Initialiser, Seed, checked_dtype, generator_of, glorot, he
from nn.module import Module


class Linear(Module):
    """The affine map x @ weight + bias (004_3fd59ef6bf62b8c0.txt, eq. 6.14b).

    Shapes (N, in_features) to (N, out_features). The weight has shape (in_features, out_features), drawn by `init` from
    `rng`: a generator, a seed for a new one, or None for other numbers each time. The bias starts at 0. Raises
    ValueError for a size below 1 or an `init` of another shape, TypeError for a size, dtype or generator of the wrong
    kind.

    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: Seed = None,
        bias: bool = True,
        init: Initialiser = glorot,
        dtype: DTypeLike = np.float64,
    ) -> None:
        fan_in, fan_out = _checked_size(in_features), _checked_size(out_features)
        kind = checked_dtype(dtype)
        weight = init(fan_in, fan_out, generator_of(rng))
        if np.shape(weight) != (fan_in, fan_out):
            raise ValueError(f"Linear: init gave weights of shape {np.shape(weight)}, expected {(fan_in, fan_out)}")
        self.weight = Tensor(weight, dtype=kind)
        self.bias = Tensor(np.zeros(fan_out), dtype=kind) if bias else None

    def forward(self, x: Any) -> Tensor:
        """x @ weight + bias."""
        if self.bias is None:
            return ag.matmul(x, self.weight)  # type: ignore[no-any-return]
        return ag.affine(x, self.weight, self.bias)  # type: ignore[no-any-return]


class MLP(Module):
    """A multilayer perceptron: affine layers with an activation between them (004_3fd59ef6bf62b8c0.txt, eq. 6.16).

    `sizes` are the widths from input to output, [64, 32, 10] say; `activation` is a name or a function, applied to all
    layers but the last, which gives the logits. Layers that feed a relu are initialised after He, others after Glorot,
    all drawn from one `rng`: see `Linear`.
    Raises ValueError for fewer than two sizes, and as `Linear`.

    >>> model = MLP([4, 5, 3], activation="tanh", rng=np.random.default_rng(0))
    >>> model(np.ones((2, 4))).shape
    (2, 3)
    >>> [(name, parameter.shape) for name, parameter in model.named_parameters()]
    [('layers.0.weight', (4, 5)), ('layers.0.bias', (5,)), ('layers.1.weight', (5, 3)), ('layers.1.bias', (3,))]
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        rng: Seed = None,
        activation: str | Activation = "relu",
        dtype: DTypeLike = np.float64,
    ) -> None:
        if np.ndim(sizes) != 1 or len(sizes) < 2:
            raise ValueError(f"MLP: needs at least the sizes of input and output, [64, 10] say, got {sizes!r}")
        self.activation = activation_function(activation)
        inner = he if self.activation is ag.relu else glorot
        inits = [inner] * (len(sizes) - 2) + [glorot]
        rng = generator_of(rng)  # once: a seed would make the layers alike
        self.layers = [
            Linear(fan_in, fan_out, rng=rng, init=init, dtype=dtype)
            for fan_in, fan_out, init in zip(sizes, sizes[1:], inits)
        ]

    def forward(self, x: Any) -> Tensor:
        """The logits, shape (N, sizes[-1])."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        logits: Tensor = self.layers[-1](x)
        return logits


def _checked_size(size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"Linear: sizes are whole numbers, got {size!r}")
    if size < 1:
        raise ValueError(f"Linear: sizes are at least 1, got {size}")
    return int(size)
