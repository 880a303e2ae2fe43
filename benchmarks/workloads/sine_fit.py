"""The lecture notes' fit of a noisy sine, a whole training loop: 20 samples, 10 tanh units, squared error, in float64.

As 000_35a5eac7cd588442.txt writes it down, with the weights of the constant inputs in the first rows of V and W, and
with its rate of the output layer for both layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from engine import Array, Problem, compiled, eager
from measure import Run, Workload
from peers import by_autograd, by_jax, by_jax_scan, by_mygrad, by_torch, by_torch_compile

SAMPLES, HIDDEN = 20, 10
RHO = 0.1  # the notes leave the 2 of the derivative of a square to the rate
ONES = np.ones((SAMPLES, 1))


def problem() -> Problem:
    rng = np.random.default_rng(0)
    X = np.linspace(0, 20, SAMPLES).reshape(SAMPLES, 1) - 10
    T = 0.2 + 0.05 * (X + 10) + 0.4 * np.sin(X + 10) + 0.2 * rng.normal(size=(SAMPLES, 1))
    V = Tensor(rng.uniform(-0.1, 0.1, (1 + 1, HIDDEN)), name="V")
    W = Tensor(rng.uniform(-0.1, 0.1, (1 + HIDDEN, 1)), name="W")

    def loss(X1: Any, T: Any) -> Tensor:
        Z1 = ag.concatenate([ONES, ag.tanh(X1 @ V)], axis=1)
        return nn.mse(Z1 @ W, T)

    return Problem(loss, [V, W], (np.concatenate([ONES, X], axis=1), T), RHO / 2)


def by_hand(problem: Problem) -> Run:
    """The delta rules of the notes."""
    X1, T = problem.inputs
    V, W = problem.arrays()
    rate = RHO / T.size

    def run(count: int) -> list[float]:
        nonlocal V, W
        losses = []
        for _ in range(count):
            Z = np.tanh(X1 @ V)
            Z1 = np.concatenate([ONES, Z], axis=1)
            error = T - Z1 @ W
            losses.append(float(np.mean(error**2)))
            V = V + rate * X1.T @ ((error @ W[1:].T) * (1 - Z**2))
            W = W + rate * Z1.T @ error
        return losses

    return run


def by_hand_in_place(problem: Problem) -> Run:
    """The same delta rules without temporary arrays; the rate scales the error once for both layers."""
    X1, T = problem.inputs
    V, W = problem.arrays()
    rate, size = RHO / T.size, T.size
    Z1 = np.ones((SAMPLES, 1 + HIDDEN))
    A, slope, error = np.empty((SAMPLES, HIDDEN)), np.empty((SAMPLES, HIDDEN)), np.empty(T.shape)
    dV, dW = np.empty(V.shape), np.empty(W.shape)
    Z, X1_T, Z1_T, W_T, entries = Z1[:, 1:], X1.T, Z1.T, W[1:].T, error.reshape(-1)

    def step() -> float:
        np.matmul(X1, V, out=A)
        np.tanh(A, out=Z)
        np.matmul(Z1, W, out=error)
        np.subtract(T, error, out=error)
        loss = float(np.dot(entries, entries)) / size
        np.multiply(error, rate, out=error)
        np.matmul(error, W_T, out=A)
        np.multiply(Z, Z, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(A, slope, out=A)
        np.matmul(X1_T, A, out=dV)
        np.add(V, dV, out=V)
        np.matmul(Z1_T, error, out=dW)
        np.add(W, dW, out=W)
        return loss

    return lambda count: [step() for _ in range(count)]


def torch_loss(parameters: list[Any], X1: Any, T: Any) -> Any:
    import torch

    V, W = parameters
    Z1 = torch.cat([X1[:, :1], torch.tanh(X1 @ V)], dim=1)
    return torch.nn.functional.mse_loss(Z1 @ W, T)


def numpy_loss(xp: Any, parameters: list[Any], X1: Array, T: Array) -> Any:
    V, W = parameters
    Z1 = xp.concatenate([ONES, xp.tanh(xp.dot(X1, V))], axis=1)
    return xp.mean((xp.dot(Z1, W) - T) ** 2)


def mygrad_loss(parameters: list[Any], X1: Array, T: Array) -> Any:
    import mygrad as mg

    V, W = parameters
    Z1 = mg.concatenate([ONES, mg.tanh(mg.matmul(X1, V))], axis=1)
    return mg.mean((mg.matmul(Z1, W) - T) ** 2)


SIDES = {
    "by hand in place": lambda: by_hand_in_place(problem()),
    "by hand": lambda: by_hand(problem()),
    "eager": lambda: eager(problem()),
    "compiled": lambda: compiled(problem()),
    "torch": lambda: by_torch(problem(), torch_loss),
    "torch.compile": lambda: by_torch_compile(problem(), torch_loss),
    "jax": lambda: by_jax(problem(), numpy_loss),
    "jax scan": lambda: by_jax_scan(problem(), numpy_loss),
    "autograd": lambda: by_autograd(problem(), numpy_loss),
    "mygrad": lambda: by_mygrad(problem(), mygrad_loss),
}

WORKLOADS = [Workload("sine-fit", SIDES, steps=1000, tolerance=1e-9)]
