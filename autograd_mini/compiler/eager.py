"""The function itself, without compiling: what its programs are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.checks import close
from autograd_mini.compiler.trace import is_input
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor, as_tensor, gradients
from autograd_mini.transforms.passes import label, output_of, outputs_of
from autograd_mini.transforms.trees import flatten


def _with_tensors(arguments: Any, settings: Any) -> tuple[Any, Any]:
    """The arguments with Tensors in place of arrays, as a trace has them."""
    leaves, rebuild = flatten((arguments, settings))
    values = [x if isinstance(x, Tensor) or not is_input(x) else as_tensor(x, requires_grad=False) for _, x in leaves]
    positional, named = rebuild(values)
    return positional, named


def check_values(function: Callable[..., Any], values: Sequence[Any], arguments: Any, settings: Any) -> None:
    """RuntimeError, which names the output, if `values` are not what the function itself returns."""
    positional, named = _with_tensors(arguments, settings)
    tensors, _ = outputs_of("compile", function, function(*positional, **named))
    for position, (value, tensor) in enumerate(zip(values, tensors)):
        _check(function, f"output {position}", value, tensor._data)


def eager_gradients(function: Callable[..., Any], arguments: Any, settings: Any) -> tuple[Any, dict[Tensor, Any]]:
    """The loss that the function itself returns, and its gradient by each leaf."""
    positional, named = _with_tensors(arguments, settings)
    loss = output_of("compile", function, function(*positional, **named))
    return loss._data, {x: slope for x, slope in gradients(loss).items() if x.op is None}


def check_gradients(function: Callable[..., Any], loss: Any, expected: tuple[Any, dict[Tensor, Any]]) -> None:
    """RuntimeError, which names the leaf, if the loss or a `.grad` is not what the function itself gives."""
    _check(function, "the loss", loss, expected[0])
    for leaf, slope in expected[1].items():
        _check(function, f"the gradient of {describe(leaf)}", leaf.grad, slope)


def _check(function: Callable[..., Any], what: str, compiled: Any, eager: Any) -> None:
    if compiled is None or np.result_type(compiled) != np.result_type(eager) or not close(compiled, eager):
        raise RuntimeError(
            f"compile: {what} of {label(function)} is {compiled}, but {eager} without compiling; the function reads "
            "something that changes from call to call, or this is a fault of ag.compile: please report it"
        )
