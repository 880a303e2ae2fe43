"""Correct derivations by hand of random nets, in plain NumPy and in several algebraic forms of each rule.

`python -m tests.autograd_mini.comparison.nets 2000` says how many of them `ag.compare` calls wrong, and how far
rounding took the furthest, in units of what the comparison expects of it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.comparison.truth import truth_of
from autograd_mini.comparison.verdicts import bound

Rng = np.random.Generator


@dataclass
class Net:
    """A loss in Tensors, what was derived by hand for its parameters and net inputs, and how it was made."""

    loss: ag.Tensor
    given: dict[Any, Any]
    text: str


# What the notes call h and h': the function in Tensors, and pairs of (function, derivative by z and h) in NumPy.


def logistic(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


FORMS: dict[str, tuple[Callable[[Any], Any], list[Callable[[Any], Any]], list[Callable[[Any, Any], Any]]]] = {
    "tanh": (
        ag.tanh,
        [np.tanh, lambda z: 2 * logistic(2 * z) - 1],
        [lambda z, h: 1 - h**2, lambda z, h: (1 - h) * (1 + h), lambda z, h: 1 / np.cosh(z) ** 2],
    ),
    "sigmoid": (
        ag.sigmoid,
        [logistic, lambda z: 0.5 * (1 + np.tanh(z / 2))],
        [lambda z, h: h * (1 - h), lambda z, h: h - h**2, lambda z, h: logistic(z) * logistic(-z)],
    ),
    "relu": (
        ag.relu,
        [lambda z: np.maximum(z, 0), lambda z: z * (z > 0)],
        [lambda z, h: z > 0, lambda z, h: np.sign(h), lambda z, h: np.heaviside(z, 0)],
    ),
    "softplus": (
        ag.softplus,
        [lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), lambda z: np.logaddexp(0, z).astype(z.dtype)],
        [lambda z, h: logistic(z), lambda z, h: 1 - np.exp(-h), lambda z, h: 1 / (np.exp(-z) + 1)],
    ),
    "sine": (ag.sin, [np.sin], [lambda z, h: np.cos(z), lambda z, h: 1 - 2 * np.sin(z / 2) ** 2]),
}


def by_loop(x: Any, d: Any) -> Any:
    """x.T @ d, sample by sample."""
    total = np.zeros((x.shape[1], d.shape[1]), d.dtype)
    for one, delta in zip(x, d):
        total += np.outer(one, delta)
    return total


PRODUCTS = [
    lambda x, d: x.T @ d,
    lambda x, d: np.einsum("ni,nk->ik", x, d),
    by_loop,
    lambda x, d: (d.T @ x).T,
    lambda x, d: by_loop(x[::-1], d[::-1]),
]
SUMS = [lambda d: d.sum(0), lambda d: np.ones(len(d), d.dtype) @ d, lambda d: sum(d[::-1], np.zeros_like(d[0]))]
BACK = [lambda d, w: d @ w.T, lambda d, w: np.einsum("nk,ik->ni", d, w), lambda d, w: (w @ d.T).T]


def softmax_plain(z: Any) -> Any:
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


def softmax_shifted(z: Any) -> Any:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def softmax_by_log(z: Any) -> Any:
    m = z.max(1, keepdims=True)
    return np.exp(z - m - np.log(np.exp(z - m).sum(1, keepdims=True)))


def pick(r: Rng, choices: Any) -> Any:
    return choices[r.integers(len(choices))]


def mean_squares(r: Rng, z: ag.Tensor, t: Any) -> tuple[ag.Tensor, Callable[[Any], Any]]:
    """A squared error, summed, halved or averaged, and its delta."""
    form = int(r.integers(3))
    e = z - t
    n = t.size
    loss = [lambda: (e * e).mean(), lambda: 0.5 * (e**2).sum(), lambda: ((t - z) ** 2).sum() / len(t)][form]()
    two = [
        [lambda y: 2 * (y - t) / n, lambda y: -(t - y) * (2 / n)],
        [lambda y: y - t, lambda y: -(t - y)],
        [lambda y: 2 / len(t) * (y - t), lambda y: ((y - t) + (y - t)) / len(t)],
    ][form]
    return loss, pick(r, two)


def cross_entropy(r: Rng, z: ag.Tensor, y: Any) -> tuple[ag.Tensor, Callable[[Any], Any]]:
    """The cross-entropy of a softmax, in one of three ways, and its delta."""
    n, k = z.shape
    ones = np.eye(k, dtype=z.dtype)[y]
    form = int(r.integers(3))
    if form == 0:
        loss = ag.softmax_cross_entropy(z, y)
    elif form == 1:
        loss = -(ag.log_softmax(z) * ones).sum() / n
    else:
        loss = (ag.logsumexp(z, axis=1) - (z * ones).sum(axis=1)).mean()
    softmax = pick(r, [softmax_plain, softmax_shifted, softmax_by_log])
    if np.max(np.abs(z.data)) > 80:  # exp would overflow
        softmax = softmax_shifted
    forms = [lambda z: (softmax(z) - ones) / n, lambda z: softmax(z) / n - ones / n, lambda z: -(ones - softmax(z)) / n]
    return loss, pick(r, forms)


def net(seed: int) -> Net:
    """A random net with everything derived by hand."""
    r = np.random.default_rng(seed)
    dtype = pick(r, [np.float32, np.float64])
    sizes = [int(x) for x in r.integers(1, 9, int(r.integers(2, 5)))]
    sizes[0] = pick(r, [sizes[0], sizes[0], 40])
    n = int(pick(r, [1, 2, 3, 5, 7, 64, 300]))
    scale, size = pick(r, [0.1, 1.0, 1.0, 3.0]), pick(r, [1.0, 1.0, 1e-3])
    names = [str(pick(r, list(FORMS))) for _ in sizes[2:]]
    x = (size * r.normal(size=(n, sizes[0]))).astype(dtype)
    weights = [(scale * r.normal(size=s)).astype(dtype) for s in pairwise(sizes)]
    biases = [(scale * r.normal(size=s)).astype(dtype) for s in sizes[1:]]
    classes = bool(r.integers(2)) and sizes[-1] > 1
    target = r.integers(0, sizes[-1], n) if classes else r.normal(size=(n, sizes[-1])).astype(dtype)
    text = f"seed {seed}: {dtype.__name__} n={n} {sizes} {names} {'classes' if classes else 'squares'} scale {scale}"
    with np.errstate(all="ignore"):
        return _derived(r, x, weights, biases, names, cross_entropy if classes else mean_squares, target, text)


def _derived(
    r: Rng, x: Any, weights: Any, biases: Any, names: list[str], criterion: Any, target: Any, text: str
) -> Net:
    W = [ag.Tensor(w, name=f"W{i}") for i, w in enumerate(weights, 1)]
    b = [ag.Tensor(v, name=f"b{i}") for i, v in enumerate(biases, 1)]
    given: dict[Any, Any] = {}
    z, zs, h, hs = x @ W[0] + b[0], [x @ weights[0] + biases[0]], x, [x]
    nets = [z]
    for name, w, v, w_hand, v_hand in zip(names, W[1:], b[1:], weights[1:], biases[1:]):
        h = FORMS[name][0](z)
        z = h @ w + v
        nets.append(z)
        hs.append(pick(r, FORMS[name][1])(zs[-1]))
        zs.append(hs[-1] @ w_hand + v_hand)
    loss, delta = criterion(r, z, target)
    d = delta(zs[-1])
    for i in reversed(range(len(W))):
        given[W[i]], given[b[i]] = pick(r, PRODUCTS)(hs[i], d), pick(r, SUMS)(d)
        given[nets[i]] = d
        if i:
            d = pick(r, BACK)(d, weights[i]) * pick(r, FORMS[names[i - 1]][2])(zs[i - 1], hs[i])
    return Net(loss, given, text)


def furthest(one: Net) -> float:
    """How far rounding took any entry, in units of the noise that is expected there."""
    nodes = list(one.given)
    truth = truth_of(ag.topological_order(one.loss), nodes, [])
    worst = 0.0
    for node in nodes:
        unit = truth.noise[node] + truth.epsilon * np.abs(truth.gradients[node])
        apart = np.abs(one.given[node].astype(float) - truth.gradients[node])
        worst = max(worst, float(np.max(np.where(apart == 0, 0, apart / unit), initial=0.0)))
    return worst


def visible(one: Net) -> dict[str, list[float]]:
    """The smallest relative error that would be seen, by dtype: of any entry alone."""
    nodes = list(one.given)
    truth = truth_of(ag.topological_order(one.loss), nodes, [])
    found: dict[str, list[float]] = {}
    for node in nodes:
        gradient = truth.gradients[node]
        allowed = bound(gradient, truth.noise[node], truth.epsilon, node.dtype)
        kept = np.abs(gradient) > 0
        found.setdefault(str(node.dtype), []).extend((allowed[kept] / np.abs(gradient[kept])).tolist())
    return found


def main(count: int) -> None:
    verdicts: Counter[str] = Counter()
    ratios: list[tuple[float, str]] = []
    seen: dict[str, list[float]] = {}
    for seed in range(count):
        one = net(seed)
        with np.errstate(all="ignore"):
            report = ag.compare(one.loss, one.given)
            ratios.append((furthest(one), one.text))
            for dtype, errors in visible(one).items():
                seen.setdefault(dtype, []).extend(errors)
        verdicts.update(row.verdict for row in report)
        if not report.passed:
            print(one.text, report, sep="\n")
    print(count, "nets:", dict(verdicts))
    for dtype, errors in seen.items():
        levels = ", ".join(f"{q:g} %: {np.percentile(errors, q):.1e}" for q in (1, 50, 90, 99, 99.9))
        print(f"{dtype}: relative errors of single entries that are seen in so many of the entries: {levels}")
    for ratio, text in sorted(ratios, reverse=True)[:8]:
        print(f"{ratio:8.3f}  {text}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
