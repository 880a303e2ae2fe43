"""Results of generated code that can be differentiated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_mini.compiler.graph import Node, evaluate
from autograd_mini.compiler.program import Program
from autograd_mini.compiler.sources import Argument, Draw, Outside, State
from autograd_mini.modes import recording, records
from autograd_mini.ops import Traced
from autograd_mini.tensor import Tensor, as_tensor, gradients
from autograd_mini.transforms.custom import JointOp
from autograd_mini.transforms.passes import variable


class Call:
    """One call of a compiled function: all that its value was computed from, for the way back."""

    def __init__(self, name: str, program: Program, leaves: Sequence[Any]) -> None:
        self.name = name
        self.graph = program.recipe.forward
        self.draws = program.recipe.draws
        self.differentiable = program.recipe.differentiable
        self.reached = program.recipe.reached
        self.drawn = program.drawn(leaves)
        self._values = {node: self._value(node.source, leaves) for node in self.graph.inputs}
        self._variables = [node for node in self.graph.inputs if node.source.requires_grad]

    def _value(self, source: Any, leaves: Sequence[Any]) -> Any:
        """What an input holds at this call."""
        if isinstance(source, Argument):
            return leaves[source.position]
        if isinstance(source, Draw):
            return self.drawn[self.draws.index(source)]
        if isinstance(source, State):
            return source.buffer.held
        assert isinstance(source, Outside)
        return source.tensor

    def results(self, outputs: Sequence[Any]) -> list[Tensor]:
        """The outputs as Tensors; each that requires a gradient is one node, whose rule records the call anew."""
        recorded = records() and bool(self._variables)
        return [
            self._node(position, x) if recorded and differs else as_tensor(x, requires_grad=False)
            for position, (x, differs) in enumerate(zip(outputs, self.differentiable))
        ]

    def _node(self, position: int, value: Any) -> Tensor:
        reached = self.reached[position]
        op = JointOp(self.name, lambda *arrays: value, lambda *inputs: self._slopes(position, *inputs), reached)
        result: Tensor = op(*[self._values[node] for node in self._variables])
        return result

    def _slopes(self, position: int, g: Any, out: Any, *inputs: Any) -> list[Any]:
        """The gradient of one output by each input, from the graph that was traced."""
        with recording():
            variables = [variable(x, "compile") for x in inputs]
            values: dict[Node, Any] = {**self._values, **dict(zip(self._variables, variables))}
            constants = {node: _constant(x) for node, x in values.items() if node not in self._variables}
            output = evaluate(self.graph, values | constants)[self.graph.outputs[position]]
            return list(gradients(output, variables, g, create_graph=isinstance(g, Traced)))


def _constant(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else as_tensor(x, requires_grad=False)
