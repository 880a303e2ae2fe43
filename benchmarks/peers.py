"""The same training step in autograd-mini, PyTorch, MyGrad and HIPS autograd, beside hand-written NumPy.

Run it with `pip install -e '.[bench]'` and `python benchmarks/peers.py`. Sides whose package is missing are left out.
All take the same steps in turn, in one process with one thread; their losses are checked to agree.
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import importlib
import importlib.util
import platform

import numpy as np
import step as hand
from step import RATE, SIDES, WORKLOADS, Step, Workload, data, measure, weights


def by_torch(work: Workload) -> Step:
    import torch

    torch.set_num_threads(1)
    x, y = (torch.from_numpy(array) for array in data(work))
    W1, b1, W2, b2 = parameters = [torch.from_numpy(w).requires_grad_() for w in weights(work)]
    optimiser = torch.optim.SGD(parameters, lr=RATE)

    def step() -> float:
        loss = torch.nn.functional.cross_entropy(torch.relu(x @ W1 + b1) @ W2 + b2, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def by_mygrad(work: Workload) -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    x, y = data(work)
    W1, b1, W2, b2 = parameters = [mg.tensor(w) for w in weights(work)]

    def step() -> float:
        loss = softmax_crossentropy(mg.matmul(relu(mg.matmul(x, W1) + b1), W2) + b2, y)
        loss.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return float(loss)

    with mg.mem_guard_off:
        step()
    W1.data[...], b1.data[...], W2.data[...], b2.data[...] = weights(work)

    def unguarded() -> float:
        with mg.mem_guard_off:
            return step()

    return unguarded


def by_autograd(work: Workload) -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, y = data(work)
    rows = np.arange(work.batch)
    parameters = weights(work)

    def loss(parameters: list[np.ndarray]) -> float:
        W1, b1, W2, b2 = parameters
        z = anp.dot(anp.maximum(anp.dot(x, W1) + b1, 0), W2) + b2
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, y])

    both = value_and_grad(loss)

    def step() -> float:
        value, slopes = both(parameters)
        for parameter, slope in zip(parameters, slopes):
            parameter -= (RATE * slope).astype(parameter.dtype)
        return float(value)

    return step


PEERS = {"torch": by_torch, "mygrad": by_mygrad, "autograd": by_autograd}


def main() -> None:
    found = {name: make for name, make in PEERS.items() if importlib.util.find_spec(name)}
    SIDES.update(found)
    versions = [f"{name} {importlib.import_module(name).__version__}" for name in found if name != "autograd"]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {', '.join(versions)}; one thread")
    print("microseconds per step, median; in brackets relative to by hand\n")
    print(f"{'':24s}" + "".join(f"{name:>20s}" for name in SIDES))
    for work in WORKLOADS:
        medians = measure(work)
        base = medians[hand.BY_HAND]
        cells = (f"{f'{value:.0f} ({value / base:.2f})':>20s}" for value in medians.values())
        print(f"{work.name:24s}" + "".join(cells))


if __name__ == "__main__":
    main()
