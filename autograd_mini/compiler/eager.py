"""The function itself, without compiling: what its programs are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini.checks import close
from autograd_mini.compiler.program import Program, trained
from autograd_mini.compiler.sources import Draw, State, entries
from autograd_mini.compiler.trace import is_input
from autograd_mini.errors import describe
from autograd_mini.state import Buffer
from autograd_mini.tensor import Tensor, as_tensor, gradients
from autograd_mini.transforms.passes import label, output_of, outputs_of
from autograd_mini.transforms.trees import flatten


@dataclass
class Expected:
    """What a call of the function itself gives and leaves behind."""

    function: Callable[..., Any]
    outputs: list[Any] = field(default_factory=list)
    gradients: dict[Tensor, Any] = field(default_factory=dict)
    parameters: dict[Tensor, Any] = field(default_factory=dict)
    buffers: dict[Buffer, Any] = field(default_factory=dict)

    def check(self, outputs: Sequence[Any]) -> None:
        """RuntimeError, which names what differs, if a program did not give and leave behind the same."""
        what = "the loss" if self.gradients else "output"
        for position, (value, eager) in enumerate(zip(outputs, self.outputs)):
            self._check(what if self.gradients else f"{what} {position}", value, eager)
        for leaf, slope in self.gradients.items():
            self._check(f"the gradient of {describe(leaf)}", leaf._grad, slope)
        for parameter, data in self.parameters.items():
            self._check(f"the new value of {describe(parameter)}", parameter._data, data)
        for buffer, data in self.buffers.items():
            self._check(f"the new value of {buffer.name or 'a buffer'}", buffer.held._data, data)

    def _check(self, what: str, compiled: Any, eager: Any) -> None:
        if compiled is None and eager is None:
            return
        if (
            compiled is None
            or eager is None
            or np.result_type(compiled) != np.result_type(eager)
            or not close(compiled, np.asarray(eager))
        ):
            raise RuntimeError(
                f"compile: {what} of {label(self.function)} is {compiled}, but {eager} without compiling; the function "
                "reads something that changes from call to call, or this is a fault of ag.compile: please report it"
            )


def expected(
    kind: str, function: Any, optimisers: Sequence[Any], program: Program, arguments: Any, settings: Any
) -> Expected:
    """What a call of this kind shall give; buffers and random generators are as before it."""
    found = Expected(function)
    positional, named = _with_tensors(arguments, settings)
    leaves = [leaf.value for leaf in flatten((arguments, settings))[0]]
    with _as_before(program, leaves) as buffers:
        result = function(*positional, **named)
        if kind == "value":
            found.outputs = [x._data for x in outputs_of("compile", function, result)[0]]
        else:
            loss = output_of("compile", function, result)
            found.outputs = [loss._data]
            slopes = {x: slope for x, slope in gradients(loss).items() if x.op is None}
            found.gradients = dict.fromkeys(trained(program.recipe)) | slopes
        found.buffers = {buffer: buffer.held._data for buffer in buffers}
        if kind == "step":
            for optimiser in optimisers:
                _add_updates(found, optimiser)
    return found


def _with_tensors(arguments: Any, settings: Any) -> tuple[Any, Any]:
    """The arguments with Tensors in place of arrays, as a trace has them: what is passed twice is one object."""
    leaves, rebuild = flatten((arguments, settings), shared=True)
    made = {
        id(x): x if isinstance(x, Tensor) or not is_input(x) else as_tensor(x, requires_grad=False) for _, x in leaves
    }
    positional, named = rebuild(made[id(x)] for _, x in leaves)
    return positional, named


def _add_updates(found: Expected, optimiser: Any) -> None:
    for target, new in optimiser.updates(found.gradients.get).items():
        value = new._data if isinstance(new, Tensor) else new
        (found.buffers if isinstance(target, Buffer) else found.parameters)[target] = value


@contextmanager
def _as_before(program: Program, leaves: Sequence[Any]) -> Iterator[list[Buffer]]:
    """Yields the buffers that a program changes; they and its random generators are put back afterwards."""
    sources = [part for source in (*program.recipe.inputs, *program.recipe.updated) for part in entries(source)]
    held = {part.buffer: part.buffer.held for part in sources if isinstance(part, State)}
    generators = [_generator(draw, leaves) for draw in program.recipe.draws]
    states = [generator.bit_generator.state for generator in generators]
    try:
        yield list(held)
    finally:
        for buffer, value in held.items():
            buffer.held = value
        for generator, state in zip(generators, states):
            generator.bit_generator.state = state


def _generator(draw: Draw, leaves: Sequence[Any]) -> Any:
    return leaves[draw.generator] if isinstance(draw.generator, int) else draw.generator
