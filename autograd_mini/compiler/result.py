"""Results of generated code that can be differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_mini.compiler.program import Recipe
from autograd_mini.compiler.sources import Argument, Outside, entries
from autograd_mini.modes import current, recording
from autograd_mini.ops import Traced
from autograd_mini.tensor import Tensor, as_tensor, gradients
from autograd_mini.transforms.custom import JointOp
from autograd_mini.transforms.passes import label, outputs_of, variable
from autograd_mini.transforms.trees import flatten


def differentiable(
    function: Callable[..., Any], recipe: Recipe, outputs: Sequence[Any], arguments: Any, settings: Any
) -> list[Tensor]:
    """The outputs as Tensors; each that requires a gradient is one node, whose rule runs the function itself."""
    if not current.get() or not any(recipe.differentiable):
        return [as_tensor(x, requires_grad=False) for x in outputs]
    call = _Call(function, recipe, arguments, settings)
    return [
        call.node(position, x) if differs else as_tensor(x, requires_grad=False)
        for position, (x, differs) in enumerate(zip(outputs, recipe.differentiable))
    ]


class _Call:
    """One call of a compiled function: what it takes to run the function itself."""

    def __init__(self, function: Callable[..., Any], recipe: Recipe, arguments: Any, settings: Any) -> None:
        self.function = function
        leaves, self.rebuild = flatten((arguments, settings))
        self.leaves = [leaf.value for leaf in leaves]
        sources = [s for source in recipe.inputs if source.requires_grad for s in entries(source)]
        self.positions = [s.position for s in sources if isinstance(s, Argument)]
        self.outside = [s.tensor for s in sources if isinstance(s, Outside)]

    def node(self, position: int, value: Any) -> Tensor:
        op = JointOp(label(self.function), lambda *arrays: value, lambda *inputs: self.slopes(position, *inputs))
        return op(*[self.leaves[p] for p in self.positions], *self.outside)  # type: ignore[no-any-return]

    def slopes(self, position: int, g: Any, out: Any, *inputs: Any) -> list[Any]:
        """The gradient of one output by each input, from a run of the function that is recorded."""
        with recording():
            variables = [variable(x, "compile") for x in inputs[: len(self.positions)]]
            output = self.run(variables)[position]
            return list(gradients(output, [*variables, *self.outside], g, create_graph=isinstance(g, Traced)))

    def run(self, variables: Iterable[Tensor]) -> list[Tensor]:
        values = list(self.leaves)
        for position, x in zip(self.positions, variables):
            values[position] = x
        positional, named = self.rebuild(values)
        return outputs_of("compile", self.function, self.function(*positional, **named))[0]
