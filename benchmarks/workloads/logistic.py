"""Logistic regression on the full batch: 60 000 samples of 784 features, in float32.

The loss is the mean of log(1 + exp(z)) - y z for logits z and labels y in {0, 1}, never overflowing. One step reads the
data twice; at 188 MB, that is most of its time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import Tensor
from engine import Array, Problem, compiled, eager
from measure import Run, Workload, each
from peers import by_autograd, by_jax, by_mygrad, by_torch, by_torch_compile

SAMPLES, FEATURES = 60_000, 784
RATE = 0.1


@functools.cache
def data() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((SAMPLES, FEATURES), np.float32)
    noise = rng.logistic(size=SAMPLES)
    y = X @ rng.normal(0, 0.1, FEATURES).astype(np.float32) + noise > 0
    return X, y.astype(np.float32)


def problem() -> Problem:
    w, b = Tensor(np.zeros(FEATURES, np.float32), name="w"), Tensor(np.zeros(1, np.float32), name="b")

    def loss(X: Any, y: Any) -> Tensor:
        z = X @ w + b
        return ag.mean(ag.softplus(z) - y * z)  # type: ignore[no-any-return]

    return Problem(loss, [w, b], data(), RATE)


def by_hand(problem: Problem) -> Run:
    X, y = problem.inputs
    w, b = problem.arrays()

    def step() -> float:
        z = X @ w + b
        e = np.exp(-np.abs(z))
        loss = np.mean(np.maximum(z, 0) + np.log1p(e) - y * z)
        sigmoid = np.where(z > 0, 1, e) / (1 + e)
        dz = (sigmoid - y) / SAMPLES
        w[...] -= RATE * (dz @ X)
        b[...] -= RATE * dz.sum()
        return float(loss)

    return each(step)


def by_hand_in_place(problem: Problem) -> Run:
    """The same without temporary arrays; sigmoid(z) is exp(min(z, 0)) / (1 + exp(-|z|))."""
    X, y = problem.inputs
    w, b = problem.arrays()
    z, e, work = (np.empty(SAMPLES, np.float32) for _ in range(3))
    dw, db = np.empty_like(w), np.empty_like(b)

    def step() -> float:
        np.matmul(X, w, out=z)
        np.add(z, b, out=z)
        np.abs(z, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.log1p(e, out=work)
        loss = float(np.add.reduce(work))
        np.maximum(z, 0, out=work)
        loss += float(np.add.reduce(work)) - float(np.dot(y, z))
        np.minimum(z, 0, out=z)
        np.exp(z, out=z)
        np.add(e, 1, out=e)
        np.divide(z, e, out=z)
        np.subtract(z, y, out=z)
        np.matmul(z, X, out=dw)
        np.add.reduce(z, keepdims=True, out=db)
        for array, slope in ((w, dw), (b, db)):
            np.multiply(slope, RATE / SAMPLES, out=slope)
            np.subtract(array, slope, out=array)
        return loss / SAMPLES

    return each(step)


def torch_loss(parameters: list[Any], X: Any, y: Any) -> Any:
    import torch

    w, b = parameters
    return torch.nn.functional.binary_cross_entropy_with_logits(X @ w + b, y)


def jax_loss(xp: Any, parameters: list[Any], X: Any, y: Any) -> Any:
    import jax

    w, b = parameters
    z = X @ w + b
    return xp.mean(jax.nn.softplus(z) - y * z)


def autograd_loss(xp: Any, parameters: list[Any], X: Array, y: Array) -> Any:
    w, b = parameters
    z = xp.dot(X, w) + b
    return xp.mean(xp.logaddexp(0, z) - y * z)


def mygrad_loss(parameters: list[Any], X: Array, y: Array) -> Any:
    import mygrad as mg

    w, b = parameters
    z = mg.matmul(X, w) + b
    return mg.mean(mg.logaddexp(0, z) - y * z)


SIDES = {
    "by hand in place": lambda: by_hand_in_place(problem()),
    "by hand": lambda: by_hand(problem()),
    "eager": lambda: eager(problem()),
    "compiled": lambda: compiled(problem()),
    "torch": lambda: by_torch(problem(), torch_loss),
    "torch.compile": lambda: by_torch_compile(problem(), torch_loss),
    "jax": lambda: by_jax(problem(), jax_loss),
    "autograd": lambda: by_autograd(problem(), autograd_loss),
    "mygrad": lambda: by_mygrad(problem(), mygrad_loss),
}

WORKLOADS = [Workload("logistic", SIDES, steps=3, repeats=9)]
