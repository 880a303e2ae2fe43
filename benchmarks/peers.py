"""How the peers take the steps of a training problem, each in its best ordinary use.

A peer's loss is a function of its parameters, as a list, and the inputs; those of JAX and HIPS autograd, which speak
NumPy's language, get the module to use first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine import Problem
from measure import Run, UnavailableError, each

Loss = Callable[..., Any]


def by_torch(problem: Problem, loss: Loss) -> Run:
    """Eager torch."""
    import torch

    inputs = [torch.from_numpy(array) for array in problem.inputs]
    parameters = [torch.tensor(array).requires_grad_() for array in problem.arrays()]
    return torch_run(parameters, lambda: loss(parameters, *inputs), problem.rate)


def torch_run(parameters: list[Any], loss: Callable[[], Any], rate: float) -> Run:
    """torch's usual training loop."""
    import torch

    torch.set_num_threads(1)
    optimiser = torch.optim.SGD(parameters, lr=rate)

    def step() -> float:
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        return float(value.item())

    return each(step)


def by_torch_compile(problem: Problem, loss: Loss) -> Run:
    """Loss, gradients and update in one function for torch.compile: much faster than compiling the loss alone."""
    import torch

    if not (shutil.which("g++") or shutil.which("clang++")):
        raise UnavailableError("it needs a C++ compiler")
    torch.set_num_threads(1)
    inputs, parameters = (
        [torch.from_numpy(array) for array in arrays] for arrays in (problem.inputs, problem.arrays())
    )
    both = torch.func.grad_and_value(loss)

    def update(parameters: list[Any], *inputs: Any) -> tuple[list[Any], Any]:
        slopes, value = both(parameters, *inputs)
        return [parameter - problem.rate * slope for parameter, slope in zip(parameters, slopes)], value

    compiled = torch.compile(update)

    def step() -> float:
        nonlocal parameters
        parameters, value = compiled(parameters, *inputs)
        return float(value.item())

    return each(step)


def by_jax(problem: Problem, loss: Loss) -> Run:
    """Loss, gradients and update in one jitted function."""
    import jax

    update, parameters, inputs = _jax_update(problem, loss)
    jitted = jax.jit(update)

    def step() -> float:
        nonlocal parameters
        parameters, value = jitted(parameters, *inputs)
        return float(value)

    return each(step)


def by_jax_scan(problem: Problem, loss: Loss) -> Run:
    """The whole training loop in one jitted function."""
    import jax

    update, parameters, inputs = _jax_update(problem, loss)

    def loop(parameters: Any, count: int) -> Any:
        return jax.lax.scan(lambda carried, _: update(carried, *inputs), parameters, length=count)

    jitted = jax.jit(loop, static_argnums=1)

    def run(count: int) -> list[float]:
        nonlocal parameters
        parameters, values = jitted(parameters, count)
        return list(np.asarray(values))

    return run


def _jax_update(problem: Problem, loss: Loss) -> tuple[Callable[..., Any], list[Any], list[Any]]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_cpu_enable_async_dispatch", False)  # else a second thread computes, and handing over costs
    both = jax.value_and_grad(partial(loss, jnp))

    def update(parameters: list[Any], *inputs: Any) -> tuple[list[Any], Any]:
        value, slopes = both(parameters, *inputs)
        return [parameter - problem.rate * slope for parameter, slope in zip(parameters, slopes)], value

    return update, [jnp.array(array) for array in problem.arrays()], [jnp.asarray(array) for array in problem.inputs]


def by_autograd(problem: Problem, loss: Loss) -> Run:
    """HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    parameters, inputs = problem.arrays(), problem.inputs
    both = value_and_grad(partial(loss, anp))

    def step() -> float:
        value, slopes = both(parameters, *inputs)
        for parameter, slope in zip(parameters, slopes):
            parameter -= (problem.rate * slope).astype(parameter.dtype)
        return float(value)

    return each(step)


def by_mygrad(problem: Problem, loss: Loss) -> Run:
    """MyGrad without its memory guard, as its documentation advises for speed."""
    import mygrad as mg

    parameters, inputs = [mg.tensor(array) for array in problem.arrays()], problem.inputs

    def step() -> float:
        value = loss(parameters, *inputs)
        value.backward()
        for parameter in parameters:
            parameter.data -= problem.rate * parameter.grad
        return float(value)

    def run(count: int) -> list[float]:
        with mg.mem_guard_off:
            return [step() for _ in range(count)]

    return run
