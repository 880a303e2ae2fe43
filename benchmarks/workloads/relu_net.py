"""A relu net with one hidden layer and softmax cross-entropy, in float32, in three sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import nn
from engine import Array, Problem, compiled, eager
from measure import Run, Workload, each
from peers import by_autograd, by_jax, by_mygrad, by_torch, by_torch_compile

RATE = 0.1
Sizes = tuple[int, int, int]


def problem(sizes: Sizes, batch: int) -> Problem:
    rng = np.random.default_rng(1)
    x = rng.random((batch, sizes[0])).astype(np.float32)
    labels = rng.integers(0, sizes[-1], batch)
    model = nn.MLP(sizes, rng=np.random.default_rng(0), dtype=np.float32)
    return Problem(lambda x, y: nn.softmax_cross_entropy(model(x), y), model.parameters(), (x, labels), RATE)


def by_hand(problem: Problem) -> Run:
    """As one would write it down from 004_3fd59ef6bf62b8c0.txt, Algorithm 6.1."""
    x, y = problem.inputs
    W1, b1, W2, b2 = problem.arrays()
    n = len(y)
    rows = np.arange(n)

    def step() -> float:
        Z1 = x @ W1 + b1
        Q1 = np.maximum(Z1, 0)
        Z2 = Q1 @ W2 + b2
        shifted = Z2 - Z2.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - shifted[rows, y])
        dZ2 = e / total
        dZ2[rows, y] -= 1
        dZ2 /= n
        dZ1 = (dZ2 @ W2.T) * (Z1 > 0)
        W2[...] -= RATE * (Q1.T @ dZ2)
        b2[...] -= RATE * dZ2.sum(axis=0)
        W1[...] -= RATE * (x.T @ dZ1)
        b1[...] -= RATE * dZ1.sum(axis=0)
        return float(loss)

    return each(step)


def by_hand_in_place(problem: Problem) -> Run:
    """The same without temporary arrays: every result goes into a buffer that is there already."""
    x, y = problem.inputs
    W1, b1, W2, b2 = parameters = problem.arrays()
    n = len(y)
    rows = np.arange(n)
    Z1, dZ1 = (np.empty((n, W1.shape[1]), np.float32) for _ in range(2))
    Z2, row, mask = np.empty((n, W2.shape[1]), np.float32), np.empty((n, 1), np.float32), np.empty(Z1.shape, bool)
    dW1, db1, dW2, db2 = slopes = [np.empty_like(array) for array in parameters]

    def step() -> float:
        np.matmul(x, W1, out=Z1)
        np.add(Z1, b1, out=Z1)
        np.maximum(Z1, 0, out=Z1)
        np.matmul(Z1, W2, out=Z2)
        np.add(Z2, b2, out=Z2)
        np.maximum.reduce(Z2, axis=1, keepdims=True, out=row)
        np.subtract(Z2, row, out=Z2)
        picked = Z2[rows, y]
        np.exp(Z2, out=Z2)
        np.add.reduce(Z2, axis=1, keepdims=True, out=row)
        loss = float(np.add.reduce(np.log(row[:, 0]) - picked)) / n
        np.divide(Z2, row, out=Z2)
        Z2[rows, y] -= 1
        np.divide(Z2, n, out=Z2)
        np.matmul(Z1.T, Z2, out=dW2)
        np.add.reduce(Z2, axis=0, out=db2)
        np.matmul(Z2, W2.T, out=dZ1)
        np.greater(Z1, 0, out=mask)
        np.multiply(dZ1, mask, out=dZ1)
        np.matmul(x.T, dZ1, out=dW1)
        np.add.reduce(dZ1, axis=0, out=db1)
        for array, slope in zip(parameters, slopes):
            np.multiply(slope, RATE, out=slope)
            np.subtract(array, slope, out=array)
        return loss

    return each(step)


def torch_loss(parameters: list[Any], x: Any, y: Any) -> Any:
    import torch

    W1, b1, W2, b2 = parameters
    hidden = torch.relu(torch.addmm(b1, x, W1))
    return torch.nn.functional.cross_entropy(torch.addmm(b2, hidden, W2), y)


def jax_loss(xp: Any, parameters: list[Any], x: Any, y: Any) -> Any:
    import jax

    W1, b1, W2, b2 = parameters
    z = jax.nn.relu(x @ W1 + b1) @ W2 + b2
    picked = jax.nn.log_softmax(z) * jax.nn.one_hot(y, z.shape[1], dtype=z.dtype)
    return -xp.mean(xp.sum(picked, axis=1))


def autograd_loss(xp: Any, parameters: list[Any], x: Array, y: Array) -> Any:
    W1, b1, W2, b2 = parameters
    z = xp.dot(xp.maximum(xp.dot(x, W1) + b1, 0), W2) + b2
    z = z - xp.max(z, axis=1, keepdims=True)
    return xp.mean(xp.log(xp.sum(xp.exp(z), axis=1)) - z[np.arange(len(y)), y])


def mygrad_loss(parameters: list[Any], x: Array, y: Array) -> Any:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    W1, b1, W2, b2 = parameters
    return softmax_crossentropy(mg.matmul(relu(mg.matmul(x, W1) + b1), W2) + b2, y)


def workload(sizes: Sizes, batch: int, steps: int) -> Workload:
    new = partial(problem, sizes, batch)
    sides = {
        "by hand in place": lambda: by_hand_in_place(new()),
        "by hand": lambda: by_hand(new()),
        "eager": lambda: eager(new()),
        "compiled": lambda: compiled(new()),
        "torch": lambda: by_torch(new(), torch_loss),
        "torch.compile": lambda: by_torch_compile(new(), torch_loss),
        "jax": lambda: by_jax(new(), jax_loss),
        "autograd": lambda: by_autograd(new(), autograd_loss),
        "mygrad": lambda: by_mygrad(new(), mygrad_loss),
    }
    return Workload("-".join(map(str, sizes)), sides, steps)


WORKLOADS = [
    workload((784, 200, 10), batch=100, steps=60),
    workload((64, 32, 10), batch=32, steps=400),
    workload((4, 5, 3), batch=150, steps=400),
]
