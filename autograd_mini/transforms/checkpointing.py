"""Recomputing instead of storing: a whole function as one node of the graph."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from autograd_mini.checks import close
from autograd_mini.errors import describe
from autograd_mini.graph.walk import with_gradient
from autograd_mini.modes import recording, records, tracer
from autograd_mini.ops import Traced, concatenate
from autograd_mini.tensor import Tensor, as_tensor, gradients, topological_order
from autograd_mini.transforms.custom import JointOp
from autograd_mini.transforms.passes import check_function, label, variable
from autograd_mini.transforms.trees import flatten


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose intermediate results are not kept for the pass back but computed again there.

    A call is one node of the graph; its inputs are the Tensors that require gradients among the arguments (which may be
    containers) and those that the function reads from outside, such as the parameters of a layer: each call finds them.
    Memory for intermediate results is needed for one call at a time. Gradients are exact, in every order; each further
    order computes the function again.

    The function returns one Tensor and must give the same result each time: what is random in it belongs among the
    arguments. If Tensors that it reads from outside are computed from each other, they must be arguments too. It must
    not keep Tensors that it computes.

    Raises TypeError if it returns anything else, and ValueError where one of these is broken.

    >>> import autograd_mini as ag
    >>> w, x = ag.Tensor(0.5, name="w"), ag.Tensor(2.0, name="x")
    >>> y = checkpoint(lambda x: ag.tanh(w * x) * x)(x)
    >>> [node.name or node.op.name for node in ag.topological_order(y)]
    ['x', 'w', '<lambda>']
    >>> w.grad is None, y.backward(), w.grad
    (True, None, np.float64(1.67989736645...))
    """
    check_function("checkpoint", function)

    @functools.wraps(function)
    def recomputed(*arguments: Any, **settings: Any) -> Any:
        if tracer() or not records():  # a compiled program plans its memory by itself
            return function(*arguments, **settings)
        return _Segment(function, arguments, settings).call()

    return recomputed


class _Segment:
    """One call of a checkpointed function: what it takes to run it again."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], settings: dict[str, Any]) -> None:
        self.function = function
        self.name = label(function)
        leaves, self.rebuild = flatten((arguments, settings))
        self.leaves = [leaf.value for leaf in leaves]
        self.inputs = [x for x in self.leaves if isinstance(x, Tensor) and x.requires_grad]
        self.outside: list[Tensor] = []
        self.reached: list[bool] = []
        self.value: Any = None

    def call(self) -> Any:
        constant = self.first_run()
        if constant is not None:
            return constant
        return JointOp(self.name, self.forward, self.joint, self.reached)(*self.inputs, *self.outside)

    def run(self, values: Iterable[Any]) -> Any:
        """The function at other values of its inputs."""
        remaining = iter(values)
        arguments, settings = self.rebuild(
            [next(remaining) if isinstance(x, Tensor) and x.requires_grad else x for x in self.leaves]
        )
        return self.function(*arguments, **settings)

    def first_run(self) -> Any:
        """Keep the value, and the Tensors that it was computed from; return it if it depends on none."""
        variables = self.variables(x.data for x in self.inputs)
        output = self.run(variables)
        if not isinstance(output, (Tensor, np.ndarray, np.generic, int, float)):
            raise TypeError(f"checkpoint: {self.name} returned {type(output).__name__}; it must return one Tensor")
        if not isinstance(output, Tensor) or not output.requires_grad:
            return output
        self.value = output.data
        # Reference counting frees what was computed inside with the output; what other code holds stays, so it comes
        # from outside. Where something inside is kept nevertheless, the second run finds out.
        steps = list(_steps(output))
        found = [weakref.ref(x) for x in with_gradient(output)]
        del output
        self.outside = [x for x in _survivors(steps) if not any(x is own for own in variables)]
        alive = {reference() for reference in found}
        self.reached = [x in alive for x in (*variables, *self.outside)]
        self.check_independent()
        return None

    def forward(self, *arrays: Any) -> Any:
        value, self.value = self.value, None
        return self.run(as_tensor(x, requires_grad=False) for x in arrays).data if value is None else value

    def joint(self, g: Any, out: Any, *inputs: Any) -> list[Any]:
        count = len(self.inputs)
        if isinstance(g, Traced) and records():
            return self.split(checkpoint(self.flat_slopes)(g, *inputs[:count]))
        plain = [x.data if isinstance(x, Tensor) else x for x in (g, out, *inputs[:count])]
        with recording():
            slopes = self.slopes(plain[0], self.variables(plain[2:]), plain[1], create_graph=False)
        return [as_tensor(x, requires_grad=False) for x in slopes] if isinstance(g, Traced) else slopes

    def variables(self, arrays: Iterable[Any]) -> list[Tensor]:
        """Independent variables in place of the inputs: a gradient must not go further back than this call."""
        return [variable(array, "checkpoint") for array in arrays]

    def slopes(self, g: Any, variables: list[Tensor], out: Any, *, create_graph: bool) -> list[Any]:
        """Run again, with recording, and go back."""
        output = self.run(variables)
        wrt = [*variables, *self.outside]
        self.check_repeated(output, wrt, out)
        return list(gradients(output, wrt, g, create_graph=create_graph))

    def flat_slopes(self, g: Any, *variables: Tensor) -> Tensor:
        """All gradients in one Tensor, so that this too is a function that can be checkpointed."""
        slopes = self.slopes(g, list(variables), None, create_graph=True)
        return concatenate([slope.reshape(-1) for slope in slopes])  # type: ignore[no-any-return]

    def split(self, flat: Any) -> list[Any]:
        parts, start = [], 0
        for x in (*self.inputs, *self.outside):
            parts.append(flat[start : start + x.size].reshape(x.shape))
            start += x.size
        return parts

    def check_independent(self) -> None:
        for x in self.outside if len(self.outside) > 1 else ():
            behind = set(topological_order(x)[:-1])
            for y in self.outside:
                if y in behind:
                    raise ValueError(
                        f"checkpoint: {self.name} reads {describe(x)} and {describe(y)} from outside, and the first "
                        "was computed from the second; pass them as arguments"
                    )

    def check_repeated(self, output: Tensor, known: list[Tensor], out: Any) -> None:
        if out is not None and not close(output.data, out):
            raise ValueError(
                f"checkpoint: {self.name} gave another result when it was computed again; "
                "draw its random numbers outside and pass them as arguments"
            )
        for node in _sources(output, set(known)):
            raise ValueError(
                f"checkpoint: {self.name} reads {describe(node)} from outside, which it did not at first; "
                "it must not keep Tensors that it computes, and must do the same each time"
            )


def _steps(output: Tensor) -> Iterator[tuple[Any, list[Any]]]:
    """Each computed node with its inputs, as weak references; the output is what its caller reads."""
    yield lambda: None, [weakref.ref(output)]
    for node in topological_order(output):
        if node.requires_grad:
            read = [x for x in node.inputs if isinstance(x, Tensor) and x.requires_grad]
            yield weakref.ref(node), [weakref.ref(x) for x in read]


def _survivors(steps: list[tuple[Any, list[Any]]]) -> list[Tensor]:
    """What still lives of the inputs of nodes that don't."""
    read = [reference() for node, inputs in steps if node() is None for reference in inputs]
    return list(dict.fromkeys(x for x in read if x is not None))


def _sources(output: Tensor, known: set[Tensor]) -> Iterator[Tensor]:
    """The leaves that an output was computed from other than through the known Tensors."""
    seen = set(known)
    stack = [output]
    while stack:
        node = stack.pop()
        if node.requires_grad and node not in seen:
            seen.add(node)
            if node.op is None:
                yield node
            stack += [x for x in node.inputs if isinstance(x, Tensor)]
