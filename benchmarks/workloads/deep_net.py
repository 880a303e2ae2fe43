"""A net of 50 tanh layers of width 64 and a linear output, squared error, batch of 32, in float32."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import nn
from engine import Array, Problem, compiled, eager
from measure import Run, Workload, each
from peers import by_autograd, by_jax, by_mygrad, by_torch, by_torch_compile

DEPTH, WIDTH, OUTPUTS, BATCH = 50, 64, 10, 32
RATE = 0.01


def problem() -> Problem:
    rng = np.random.default_rng(0)
    model = nn.MLP([*[WIDTH] * (DEPTH + 1), OUTPUTS], activation="tanh", rng=rng, dtype=np.float32)
    x = rng.standard_normal((BATCH, WIDTH), np.float32)
    target = rng.standard_normal((BATCH, OUTPUTS), np.float32)
    return Problem(lambda x, target: nn.mse(model(x), target), model.parameters(), (x, target), RATE)


def by_hand(problem: Problem) -> Run:
    x, target = problem.inputs
    parameters = problem.arrays()
    layers = list(zip(parameters[::2], parameters[1::2]))

    def step() -> float:
        values = [x]
        for W, b in layers[:-1]:
            values.append(np.tanh(values[-1] @ W + b))
        W, b = layers[-1]
        error = values[-1] @ W + b - target
        delta = error * (2 / error.size)
        for W, b in reversed(layers):
            z = values.pop()
            slopes = z.T @ delta, delta.sum(axis=0)
            if values:
                delta = (delta @ W.T) * (1 - z * z)
            W -= RATE * slopes[0]
            b -= RATE * slopes[1]
        return float(np.mean(error * error))

    return each(step)


def by_hand_in_place(problem: Problem) -> Run:
    """The same without temporary arrays."""
    x, target = problem.inputs
    *hidden, W_out, b_out = problem.arrays()
    hidden_layers = list(zip(hidden[::2], hidden[1::2]))
    values = [x, *(np.empty((BATCH, WIDTH), np.float32) for _ in hidden_layers)]
    deltas = [np.empty((BATCH, WIDTH), np.float32) for _ in range(2)]
    layers = list(zip(hidden_layers, itertools.pairwise(values), itertools.cycle([deltas, deltas[::-1]])))
    error, db_out, dW_out = np.empty(target.shape, np.float32), np.empty_like(b_out), np.empty_like(W_out)
    slope, dW, db = (np.empty(shape, np.float32) for shape in ((BATCH, WIDTH), (WIDTH, WIDTH), WIDTH))
    entries, size = error.reshape(-1), target.size

    def forward() -> float:
        for (W, b), (z, out), _ in layers:
            np.matmul(z, W, out=out)
            np.add(out, b, out=out)
            np.tanh(out, out=out)
        np.matmul(values[-1], W_out, out=error)
        np.add(error, b_out, out=error)
        np.subtract(error, target, out=error)
        return float(np.dot(entries, entries)) / size

    def descend(array: Array, slope: Array) -> None:
        np.multiply(slope, RATE, out=slope)
        np.subtract(array, slope, out=array)

    def step() -> float:
        loss = forward()
        np.multiply(error, 2 / size, out=error)
        np.matmul(error, W_out.T, out=layers[-1][2][0])
        descend(W_out, np.matmul(values[-1].T, error, out=dW_out))
        descend(b_out, np.add.reduce(error, axis=0, out=db_out))
        for (W, b), (z, out), (delta, passed) in reversed(layers):
            np.multiply(out, out, out=slope)
            np.subtract(1, slope, out=slope)
            np.multiply(delta, slope, out=delta)
            np.matmul(z.T, delta, out=dW)
            np.add.reduce(delta, axis=0, out=db)
            if z is not x:
                np.matmul(delta, W.T, out=passed)
            descend(W, dW)
            descend(b, db)
        return loss

    return each(step)


def torch_loss(parameters: list[Any], x: Any, target: Any) -> Any:
    import torch

    *hidden, W_out, b_out = parameters
    for W, b in zip(hidden[::2], hidden[1::2]):
        x = torch.tanh(torch.addmm(b, x, W))
    return torch.nn.functional.mse_loss(torch.addmm(b_out, x, W_out), target)


def numpy_loss(xp: Any, parameters: list[Any], x: Array, target: Array) -> Any:
    *hidden, W_out, b_out = parameters
    for W, b in zip(hidden[::2], hidden[1::2]):
        x = xp.tanh(xp.dot(x, W) + b)
    return xp.mean((xp.dot(x, W_out) + b_out - target) ** 2)


def mygrad_loss(parameters: list[Any], x: Any, target: Array) -> Any:
    import mygrad as mg

    *hidden, W_out, b_out = parameters
    for W, b in zip(hidden[::2], hidden[1::2]):
        x = mg.tanh(mg.matmul(x, W) + b)
    return mg.mean((mg.matmul(x, W_out) + b_out - target) ** 2)


SIDES = {
    "by hand in place": lambda: by_hand_in_place(problem()),
    "by hand": lambda: by_hand(problem()),
    "eager": lambda: eager(problem()),
    "compiled": lambda: compiled(problem()),
    "torch": lambda: by_torch(problem(), torch_loss),
    "torch.compile": lambda: by_torch_compile(problem(), torch_loss),
    "jax": lambda: by_jax(problem(), numpy_loss),
    "autograd": lambda: by_autograd(problem(), numpy_loss),
    "mygrad": lambda: by_mygrad(problem(), mygrad_loss),
}

WORKLOADS = [Workload("deep-net", SIDES, steps=20)]
