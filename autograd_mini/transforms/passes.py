"""What the transforms share: variables of their own, the pass back to them, and results that leave plain."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_mini.checks import conforming
from autograd_mini.modes import recording, records, tracer, within_transform
from autograd_mini.ops import Op, astype, positive, stop_gradient
from autograd_mini.tensor import Tensor, as_tensor, gradients, independent
from autograd_mini.transforms.trees import Leaf, flatten


class Results:
    """How results leave a transform: plain, unless they depend on Tensors from outside.

    Within a function that another transform differentiates, even constants leave as Tensors: a plain array would look
    like a result that has lost its graph.
    """

    def __init__(self, recorded: bool, nested: bool) -> None:
        self.recorded = recorded
        self.nested = nested
        self.block = recording(transforms=True)
        """Record within this block, even inside `no_grad`."""
        self.own: list[Tensor] = []
        self.independent: set[Tensor] = set()

    def variable(self, argument: Any, where: str) -> Tensor:
        """A variable of this transform: of a constant it is nobody else's, and no result depends on it."""
        own = variable(argument, where)
        (leaf,) = own.inputs
        if leaf is not argument:
            self.own.append(leaf)
            self.independent.add(leaf)
        return own

    def depends(self, x: Tensor) -> bool:
        """Whether x can be differentiated further: a Tensor that requires a gradient is behind it."""
        return self.recorded and self._reaches_a_leaf(x)

    def _reaches_a_leaf(self, x: Tensor) -> bool:
        seen: set[Tensor] = set()
        stack = [x]
        while stack:
            node = stack.pop()
            if node.requires_grad and node not in seen and node not in self.independent:
                if node.op is None or node.op is stop_gradient:  # in a trace this stands for a leaf: `independent`
                    return True
                seen.add(node)
                stack += [x for x in node.inputs if isinstance(x, Tensor)]
        self.independent |= seen
        return False

    def plain(self, x: Any) -> Any:
        """The Tensor if it depends on something outside, else an array of the caller's own, to write to."""
        if isinstance(x, Tensor) and self.depends(x):
            return x
        if isinstance(x, Tensor) and tracer():
            return x.detach()
        data = np.array(x.data if isinstance(x, Tensor) else x)[()]
        return as_tensor(data, requires_grad=False) if (self.nested and self.recorded) or tracer() else data

    def plain_where_traced(self, x: Any) -> Any:
        """The same for a Tensor; anything else is left alone."""
        return self.plain(x) if isinstance(x, Tensor) else x


@contextmanager
def transforming() -> Iterator[Results]:
    """How the results of a transform leave it, which computes in `with transforming() as results, results.block:`."""
    results = Results(records(), within_transform())
    try:
        yield results
    finally:
        for leaf in results.own:  # what is differentiated later does not depend on it
            leaf._requires_grad = False


def variable(argument: Any, where: str) -> Tensor:
    """A node of its own for an argument, so that nested transforms of one value don't mix their derivatives."""
    traced = isinstance(argument, Tensor)
    leaf = argument if traced and argument.requires_grad else _leaf(argument, where)
    own: Tensor = positive(leaf)
    own.name = argument.name if traced else None
    return own


def _leaf(argument: Any, where: str) -> Tensor:
    if isinstance(argument, Tensor) and tracer():
        return independent(argument)
    try:
        return as_tensor(argument.data if isinstance(argument, Tensor) else argument)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


class Variables:
    """A call's arguments, with a variable in place of each leaf of the arguments to differentiate by."""

    def __init__(
        self, results: Results, transform: str, arguments: Sequence[Any], argnums: int | tuple[int, ...]
    ) -> None:
        self.argnums = argnums
        self.arguments = list(arguments)
        positions = argnums if isinstance(argnums, tuple) else (argnums,)
        chosen = {position: _argument(transform, arguments, position) for position in positions}
        leaves, self._rebuild = flatten(chosen, f"{transform}: arguments")
        self.leaves = [results.variable(leaf.value, leaf.path) for leaf in leaves]
        for position, argument in self._rebuild(self.leaves).items():
            self.arguments[position] = argument

    def like_arguments(self, leaves: Iterable[Any]) -> Any:
        """The same containers around other leaves: one for an argnum, a tuple for a tuple of them."""
        chosen = self._rebuild(leaves)
        return chosen[self.argnums] if isinstance(self.argnums, int) else tuple(chosen[n] for n in self.argnums)


def _argument(transform: str, arguments: Sequence[Any], position: int) -> Any:
    if position < len(arguments):
        return arguments[position]
    raise TypeError(f"{transform}: there is no argument {position}; the call has {len(arguments)} positional arguments")


def check_function(transform: str, function: Any) -> None:
    """TypeError for what can't be called."""
    if not callable(function):
        hint = "for a Tensor use ag.gradients" if isinstance(function, Tensor) else "pass the function itself, uncalled"
        raise TypeError(f"{transform}: expected a function, got {type(function).__name__}; {hint}")


def check_argnums(transform: str, function: Any, argnums: Any) -> None:
    """TypeError or ValueError for what is no function, or no argument positions."""
    check_function(transform, function)
    positions = argnums if isinstance(argnums, tuple) else (argnums,)
    if not positions or not all(isinstance(position, int) and position >= 0 for position in positions):
        raise TypeError(f"{transform}: argnums are positions 0, 1, ... or a tuple of them, got {argnums!r}")
    if len(set(positions)) < len(positions):
        raise ValueError(f"{transform}: argnums {argnums} name an argument twice")


def label(function: Any) -> str:
    """What errors call a function."""
    return str(getattr(function, "__name__", None) or getattr(function, "name", None) or type(function).__name__)


def outputs_of(transform: str, function: Any, result: Any) -> tuple[list[Tensor], Callable[[Iterable[Any]], Any]]:
    """The Tensors that a function returned, and what builds their container again; TypeError for anything else."""
    leaves, rebuild = flatten(result)
    for leaf in leaves:
        _checked_output(transform, function, leaf)
    return [leaf.value for leaf in leaves], rebuild


def output_of(transform: str, function: Any, result: Any) -> Tensor:
    """The one Tensor that a function returned."""
    return _checked_output(transform, function, Leaf("", result))


def _checked_output(transform: str, function: Any, leaf: Leaf) -> Tensor:
    if isinstance(leaf.value, Tensor):
        return leaf.value
    what = type(leaf.value).__name__ + (f" at {leaf.path}" if leaf.path else "")
    raise TypeError(f"{transform}: {label(function)} returned {what}, not a Tensor; {_instead_of(leaf.value)}")


def _instead_of(value: Any) -> str:
    """What to write where a function has returned something that is no Tensor."""
    if value is None or isinstance(value, (str, type)) or callable(value):
        return "return Tensors alone, in lists, tuples and dicts"
    if isinstance(value, (Iterator, Coroutine)):
        return "it is a generator or coroutine function; let it return a list of Tensors"
    if isinstance(value, (bool, int, float, complex, np.ndarray, np.generic)):
        return "was .data or float() used inside? return what is constant in another way, or as ag.as_tensor(...)"
    return "return Tensors alone, in lists, tuples and dicts, not in an object"


def conformed(leaf: Leaf, like: Tensor) -> Tensor:
    """A tangent or cotangent as a Tensor of the shape and dtype of what it belongs to."""
    value = leaf.value
    data = conforming(leaf.path, value._data if isinstance(value, Tensor) else value, like)
    recorded = isinstance(value, Tensor) and (value.requires_grad or tracer() is not None)
    return astype(value, dtype=like.dtype) if recorded else as_tensor(data, requires_grad=False)


def pulled_back(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor], variables: Sequence[Tensor], create_graph: bool
) -> list[Any]:
    """The gradient of each variable, when the outputs have the cotangents as theirs."""
    # One node in front of all outputs, through which each gets its cotangent, makes of several passes back one.
    seeds = [cotangent if create_graph or tracer() else cotangent.data for cotangent in cotangents]
    rules = [lambda g, out, *inputs, seed=seed: seed for seed in seeds]
    joined = Op("outputs", lambda *arrays: np.float64(0), *rules)(*outputs) if outputs else None
    return slopes_of(joined, variables, create_graph)


def slopes_of(output: Tensor | None, variables: Sequence[Tensor], create_graph: bool) -> list[Any]:
    """The gradient of an output of one entry by each variable; zeros where it is constant."""
    if output is not None and output.requires_grad and variables:
        return list(gradients(output, variables, create_graph=create_graph))
    zeros = [np.zeros(x.shape, x.dtype)[()] for x in variables]
    return [as_tensor(zero, requires_grad=False) for zero in zeros] if create_graph else zeros
