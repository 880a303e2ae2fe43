"""Multilayer nets derived by hand in plain NumPy, each mistake an option, and the same nets in Tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import autograd_mini as ag

Arrays = dict[str, np.ndarray]

FUNCTIONS = {
    "tanh": (np.tanh, lambda z, h: 1 - h * h),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, h: (z > 0).astype(z.dtype)),
    "softplus": (lambda z: np.log1p(np.exp(z)), lambda z, h: 1 / (1 + np.exp(-z))),
}
"""Each activation, and its derivative by input and output."""

TENSORS = {
    "tanh": lambda z, written_out: (ag.exp(z) - ag.exp(-z)) / (ag.exp(z) + ag.exp(-z)) if written_out else ag.tanh(z),
    "sigmoid": lambda z, written_out: 1 / (1 + ag.exp(-z)) if written_out else ag.sigmoid(z),
    "relu": lambda z, written_out: ag.maximum(z, 0) if written_out else ag.relu(z),
    "softplus": lambda z, written_out: ag.log(1 + ag.exp(z)) if written_out else ag.softplus(z),
}


@dataclass(frozen=True)
class Net:
    """What a net is: its sizes, its functions, its numbers."""

    sizes: tuple[int, ...]
    samples: int
    activation: str
    loss: str
    """mean (of all squares), half (the sum of squares over 2 N), cross-entropy, softmax or logsumexp (the same)."""
    dtype: type
    decay: float = 0.0
    ones: bool = False
    """Whether the bias is the first row of each weight matrix, of a constant 1."""
    written_out: bool = False
    seed: int = 0

    @property
    def depth(self) -> int:
        return len(self.sizes) - 1

    @property
    def classifies(self) -> bool:
        return self.loss not in ("mean", "half")


@dataclass(frozen=True)
class Slip:
    """What goes wrong in a derivation: a word, and the layer where."""

    word: str = ""
    layer: int = 0
    number: float = 0.0

    def at(self, word: str, layer: int) -> bool:
        return self.word == word and self.layer in (layer, 0)


def random_net(rng: np.random.Generator, **fixed: Any) -> Net:
    depth = int(rng.integers(1, 5))
    wide = int(rng.integers(2, 6))
    square = rng.random() < 0.3
    sizes = [wide if square else int(rng.integers(2, 7)) for _ in range(depth)]
    net = Net(
        sizes=(*sizes, int(rng.integers(2, 5))),
        samples=int(rng.integers(1, 8)),
        activation=str(rng.choice(list(FUNCTIONS))),
        loss=str(rng.choice(["mean", "half", "cross-entropy", "softmax", "logsumexp"])),
        dtype=[np.float32, np.float64][int(rng.integers(2))],
        decay=float(rng.choice([0.0, 0.02])),
        written_out=bool(rng.random() < 0.4),
        seed=int(rng.integers(1 << 30)),
    )
    return replace(net, **fixed)


def numbers(net: Net) -> Arrays:
    """The parameters and the data of a net."""
    rng = np.random.default_rng(net.seed)
    made: Arrays = {"X": rng.normal(size=(net.samples, net.sizes[0]))}
    for k, (below, above) in enumerate(zip(net.sizes, net.sizes[1:]), 1):
        made[f"W{k}"] = rng.normal(size=(below + net.ones, above)) / np.sqrt(below) * 1.2
        if not net.ones:
            made[f"b{k}"] = rng.normal(size=above) * 0.5
    made["T"] = rng.normal(size=(net.samples, net.sizes[-1]))
    made = {name: array.astype(net.dtype) for name, array in made.items()}
    return made | {"labels": rng.integers(net.sizes[-1], size=net.samples)}


def with_ones(h: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(h), 1), h.dtype), h], axis=1)


def forward(net: Net, a: Arrays) -> Arrays:
    """All intermediate values, by the names that the Tensors have."""
    a = dict(a)
    h = a["X"]
    for k in range(1, net.depth + 1):
        a[f"x{k}"] = with_ones(h) if net.ones else h
        a[f"z{k}"] = a[f"x{k}"] @ a[f"W{k}"] + (0 if net.ones else a[f"b{k}"])
        h = a[f"h{k}"] = FUNCTIONS[net.activation][0](a[f"z{k}"]) if k < net.depth else a[f"z{k}"]
    return a


def output_delta(net: Net, a: Arrays, slip: Slip) -> np.ndarray:
    """The gradient of the loss by the last layer's output."""
    z, N, K = a[f"z{net.depth}"], net.samples, net.sizes[-1]
    if not net.classifies:
        return (z - a["T"]) * (2 / (N * K) if net.loss == "mean" else 1 / N)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    y = np.eye(K, dtype=z.dtype)[a["labels"]]
    d = (p - y) / N
    if slip.word == "softmax-twice":
        return p * (d - (p * d).sum(axis=1, keepdims=True))
    if slip.word == "softmax-diagonal-twice":
        return d * p * (1 - p)
    return -y * (1 - p) / N if slip.word == "off-diagonal" else d


def slope(net: Net, a: Arrays, k: int, slip: Slip) -> np.ndarray:
    """The derivative of the activation of layer k, as this derivation has it."""
    z, h = a[f"z{k}"], a[f"h{k}"]
    derivative = FUNCTIONS[net.activation][1]
    right = derivative(z, h)
    if slip.at("activation-missing", k):
        return np.ones_like(right)
    if slip.at("function-for-slope", k):
        return h
    if slip.at("activation-twice", k):
        return right**2
    if slip.at("input-for-output", k):
        return derivative(z, z)
    if slip.at("slope-at-output", k):
        return derivative(h, FUNCTIONS[net.activation][0](h))
    return right + (z == 0) if slip.at("one-at-kink", k) else right


def not_transposed(net: Net, W: np.ndarray) -> np.ndarray:
    """Square weights where their transpose belongs; a row of biases stays what it is."""
    return np.hstack([W[:1].T, W[1:]]) if net.ones else W


def backward(net: Net, a: Arrays, slip: Slip = Slip()) -> Arrays:
    """The gradients by hand, of parameters and intermediates."""
    found: Arrays = {}
    d = output_delta(net, a, slip)
    for k in range(net.depth, 0, -1):
        found[f"z{k}"] = d
        x = a[f"x{k}"]
        if slip.at("input-before-activation", k) and k > 1:
            x = with_ones(a[f"z{k - 1}"]) if net.ones else a[f"z{k - 1}"]
        decay = net.decay * (slip.number if slip.at("decay", k) else 1)
        found[f"W{k}"] = x.T @ d + np.asarray(2 * decay, d.dtype) * a[f"W{k}"]
        if not net.ones:
            found[f"b{k}"] = d.sum(axis=0)
        if k > 1:
            W = a[f"W{k}"] - (np.asarray(slip.number, d.dtype) * found[f"W{k}"] if slip.at("updated", k) else 0)
            g = d @ (not_transposed(net, W) if slip.at("not-transposed", k) else W.T)
            found[f"h{k - 1}"] = (g[:, :-1] if slip.at("wrong-column", k) else g[:, 1:]) if net.ones else g
            d = found[f"h{k - 1}"] * slope(net, a, k - 1, slip)
    return {name: array.astype(net.dtype) for name, array in found.items()}


def tensors(net: Net, a: Arrays, dtype: Any = None) -> dict[str, Any]:
    """The same net in Tensors; "loss" is among them."""
    made: dict[str, Any] = {}
    kept = {name: a[name].astype(dtype or net.dtype) for name in a if name[0] in "WbXT"}
    h: Any = kept["X"]
    for k in range(1, net.depth + 1):
        made[f"W{k}"] = ag.Tensor(kept[f"W{k}"], name=f"W{k}")
        x = ag.concatenate([np.ones((net.samples, 1), h.dtype), h], axis=1) if net.ones else h
        z = x @ made[f"W{k}"]
        if not net.ones:
            made[f"b{k}"] = ag.Tensor(kept[f"b{k}"], name=f"b{k}")
            z = z + made[f"b{k}"]
        h = made[f"z{k}"] = z.named(f"z{k}")
        if k < net.depth:
            h = made[f"h{k}"] = TENSORS[net.activation](z, net.written_out).named(f"h{k}")
    made["loss"] = _loss(net, h, kept["T"], a["labels"])
    if net.decay:
        made["loss"] = made["loss"] + net.decay * sum((made[f"W{k}"] ** 2).sum() for k in range(1, net.depth + 1))
    return made


def _loss(net: Net, z: Any, T: np.ndarray, labels: np.ndarray) -> Any:
    rows = np.arange(net.samples)
    if net.loss == "mean":
        return ((z - T) ** 2).mean()
    if net.loss == "half":
        return ((z - T) ** 2).sum() / (2 * net.samples)
    if net.loss == "cross-entropy":
        return ag.softmax_cross_entropy(z, labels)
    if net.loss == "logsumexp":
        return (ag.logsumexp(z, axis=1) - z[rows, labels]).mean()
    e = ag.exp(z)
    p = e / e.sum(axis=1, keepdims=True) if net.written_out else ag.softmax(z, axis=1)
    return -ag.log(p[rows, labels]).mean()
