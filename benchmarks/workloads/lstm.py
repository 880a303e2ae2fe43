"""One LSTM cell over 100 time steps: 8 inputs, 32 hidden units, batch of 16, in float32; squared error of the last h.

The columns of the weights are those of the candidate g, then of the gates i, f and o: so the three gates, which share
the sigmoid, and the three that act on c stand side by side. JAX scans over the time steps, torch has its own LSTM (a
loop over cells through torch.compile takes ten times as long), the others unroll the loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from engine import Array, Problem, compiled, eager
from measure import Run, Workload, each
from peers import by_autograd, by_jax, by_mygrad, torch_run

TIMES, BATCH, INPUTS, HIDDEN = 100, 16, 8, 32
RATE = 0.1
START = np.zeros((BATCH, HIDDEN), np.float32)


def problem() -> Problem:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TIMES, BATCH, INPUTS), np.float32)
    target = rng.uniform(-1, 1, (BATCH, HIDDEN)).astype(np.float32)
    W = Tensor(rng.normal(0, INPUTS**-0.5, (INPUTS, 4 * HIDDEN)), dtype=np.float32, name="W")
    U = Tensor(rng.normal(0, HIDDEN**-0.5, (HIDDEN, 4 * HIDDEN)), dtype=np.float32, name="U")
    b = Tensor(np.zeros(4 * HIDDEN), dtype=np.float32, name="b")

    def loss(x: Any, target: Any) -> Tensor:
        h, c = START, START
        for x_t in x:
            a = ag.affine(x_t, W, b) + h @ U
            g, gates = ag.tanh(a[:, :HIDDEN]), ag.sigmoid(a[:, HIDDEN:])
            i, f, o = (gates[:, k * HIDDEN : (k + 1) * HIDDEN] for k in range(3))
            c = f * c + i * g
            h = o * ag.tanh(c)
        return nn.mse(h, target)

    return Problem(loss, [W, U, b], (x, target), RATE)


def by_hand(problem: Problem) -> Run:
    """Backpropagation through time."""
    x, target = problem.inputs
    W, U, b = problem.arrays()

    def forward() -> tuple[Array, list[tuple[Array, ...]]]:
        h: Array = START
        c: Array = START
        tape: list[tuple[Array, ...]] = []
        for x_t in x:
            a = x_t @ W + h @ U + b
            g, gates = np.tanh(a[:, :HIDDEN]), 1 / (1 + np.exp(-a[:, HIDDEN:]))
            i, f, o = gates[:, :HIDDEN], gates[:, HIDDEN : 2 * HIDDEN], gates[:, 2 * HIDDEN :]
            new_c = f * c + i * g
            t = np.tanh(new_c)
            tape.append((x_t, h, c, g, i, f, o, t))
            h, c = o * t, new_c
        return h, tape

    def step() -> float:
        h, tape = forward()
        error = h - target
        dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        dh, dc = error * (2 / error.size), START
        for x_t, h, c, g, i, f, o, t in reversed(tape):
            dc = dc + dh * o * (1 - t * t)
            parts = [dc * i * (1 - g * g), dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o)]
            da = np.concatenate(parts, axis=1)
            dW += x_t.T @ da
            dU += h.T @ da
            db += da.sum(axis=0)
            dh, dc = da @ U.T, dc * f
        for array, slope in ((W, dW), (U, dU), (b, db)):
            array -= RATE * slope
        return float(np.mean(error * error))

    return each(step)


def by_hand_in_place(problem: Problem) -> Run:
    """The same without temporary arrays; samples are columns, so that each gate is contiguous.

    What does not wait for the time step before is done for all times at once. A[t] holds g, i, f and o; D[t] their
    derivatives times what they multiply, then dL/dA[t]; K[t] is dc/dh, o (1 - t²).
    """
    x, target = problem.inputs
    W, U, b = parameters = problem.arrays()
    x_t, x_all = x.transpose(0, 2, 1).copy(), x.transpose(2, 0, 1).reshape(INPUTS, -1)
    A, D = (np.empty((TIMES, 4, HIDDEN, BATCH), np.float32) for _ in range(2))
    H, C = (np.zeros((TIMES + 1, HIDDEN, BATCH), np.float32) for _ in range(2))
    tanh_c, K = (np.empty((TIMES, HIDDEN, BATCH), np.float32) for _ in range(2))
    dh, dc, work, error = (np.empty((HIDDEN, BATCH), np.float32) for _ in range(4))
    recurrent, wanted, bias = np.empty((4 * HIDDEN, BATCH), np.float32), target.T.copy(), b[:, None]
    D_all, H_all = (np.empty((rows, TIMES, BATCH), np.float32) for rows in (4 * HIDDEN, HIDDEN))
    D_rows, H_rows = D_all.reshape(4 * HIDDEN, -1), H_all.reshape(HIDDEN, -1)
    dW, dU, db = slopes = [np.empty_like(array) for array in parameters]
    g, i, f, o = (A[:, k] for k in range(4))
    gates, A_columns, D_columns = A[:, 1:], A.reshape(TIMES, -1, BATCH), D.reshape(TIMES, -1, BATCH)
    forward_views = list(zip(A_columns, g, gates, i, f, o, H, C, H[1:], C[1:], tanh_c))
    backward_views = list(zip(D[:, :3], D[:, 3], D_columns, K, f))[::-1]

    def forward() -> None:
        np.matmul(W.T, x_t, out=A_columns)
        np.add(A_columns, bias, out=A_columns)
        for a, g, gates, i, f, o, h, c, next_h, next_c, t in forward_views:
            np.matmul(U.T, h, out=recurrent)
            np.add(a, recurrent, out=a)
            np.tanh(g, out=g)
            np.negative(gates, out=gates)
            np.exp(gates, out=gates)
            np.add(gates, 1, out=gates)
            np.reciprocal(gates, out=gates)
            np.multiply(f, c, out=next_c)
            np.multiply(i, g, out=work)
            np.add(next_c, work, out=next_c)
            np.tanh(next_c, out=t)
            np.multiply(o, t, out=next_h)

    def local_derivatives() -> None:
        np.multiply(A, A, out=D)
        np.subtract(1, D[:, 0], out=D[:, 0])
        np.subtract(gates, D[:, 1:], out=D[:, 1:])
        for k, factor in enumerate((i, g, C[:-1], tanh_c)):
            np.multiply(D[:, k], factor, out=D[:, k])
        np.multiply(tanh_c, tanh_c, out=K)
        np.subtract(1, K, out=K)
        np.multiply(K, o, out=K)

    def backward() -> None:
        np.multiply(error, 2 / error.size, out=dh)
        dc.fill(0)
        for d_three, d_o, d, k, f in backward_views:
            np.multiply(dh, k, out=work)
            np.add(dc, work, out=dc)
            np.multiply(d_three, dc, out=d_three)
            np.multiply(d_o, dh, out=d_o)
            np.matmul(U, d, out=dh)
            np.multiply(dc, f, out=dc)
        np.copyto(D_all, D_columns.transpose(1, 0, 2))
        np.copyto(H_all, H[:-1].transpose(1, 0, 2))
        np.matmul(x_all, D_rows.T, out=dW)
        np.matmul(H_rows, D_rows.T, out=dU)
        np.add.reduce(D_rows, axis=1, out=db)

    def step() -> float:
        forward()
        local_derivatives()
        np.subtract(H[-1], wanted, out=error)
        backward()
        for array, slope in zip(parameters, slopes):
            np.multiply(slope, RATE, out=slope)
            np.subtract(array, slope, out=array)
        return float(np.vdot(error, error)) / error.size

    return each(step)


def by_torch(problem: Problem) -> Run:
    """torch's own LSTM, whose loop is compiled C++. Its gates are i, f, g, o, by rows; its second bias stays 0."""
    import torch

    x, target = map(torch.from_numpy, problem.inputs)
    lstm = torch.nn.LSTM(INPUTS, HIDDEN)
    for name, array in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), problem.arrays()):
        g, i, f, o = np.split(array.T, 4)
        getattr(lstm, name).data = torch.from_numpy(np.concatenate([i, f, g, o]))
    lstm.bias_hh_l0.requires_grad_(False).zero_()
    trained = [parameter for parameter in lstm.parameters() if parameter.requires_grad]
    return torch_run(trained, lambda: torch.nn.functional.mse_loss(lstm(x)[0][-1], target), RATE)


def jax_loss(xp: Any, parameters: list[Any], x: Any, target: Any) -> Any:
    import jax

    W, U, b = parameters

    def cell(state: tuple[Any, Any], a: Any) -> tuple[tuple[Any, Any], None]:
        h, c = state
        a = a + h @ U
        i, f, o = xp.split(jax.nn.sigmoid(a[:, HIDDEN:]), 3, axis=1)
        c = f * c + i * xp.tanh(a[:, :HIDDEN])
        return (o * xp.tanh(c), c), None

    (h, _), _ = jax.lax.scan(cell, (xp.asarray(START), xp.asarray(START)), x @ W + b)
    return xp.mean((h - target) ** 2)


def unrolled(xp: Any, sigmoid: Any, parameters: list[Any], x: Array, target: Array) -> Any:
    W, U, b = parameters
    h, c = START, START
    for x_t in x:
        a = xp.matmul(x_t, W) + xp.matmul(h, U) + b
        gates = sigmoid(a[:, HIDDEN:])
        i, f, o = (gates[:, k * HIDDEN : (k + 1) * HIDDEN] for k in range(3))
        c = f * c + i * xp.tanh(a[:, :HIDDEN])
        h = o * xp.tanh(c)
    return xp.mean((h - target) ** 2)


def autograd_loss(xp: Any, parameters: list[Any], x: Array, target: Array) -> Any:
    return unrolled(xp, lambda a: 1 / (1 + xp.exp(-a)), parameters, x, target)


def mygrad_loss(parameters: list[Any], x: Array, target: Array) -> Any:
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid

    return unrolled(mg, sigmoid, parameters, x, target)


SIDES = {
    "by hand in place": lambda: by_hand_in_place(problem()),
    "by hand": lambda: by_hand(problem()),
    "eager": lambda: eager(problem()),
    "compiled": lambda: compiled(problem()),
    "torch": lambda: by_torch(problem()),
    "jax scan": lambda: by_jax(problem(), jax_loss),
    "autograd": lambda: by_autograd(problem(), autograd_loss),
    "mygrad": lambda: by_mygrad(problem(), mygrad_loss),
}

WORKLOADS = [Workload("lstm", SIDES, steps=5)]
