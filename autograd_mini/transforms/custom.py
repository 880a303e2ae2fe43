"""Gradients of one's own: a function that returns its value together with its pullback, as one operation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.errors import describe
from autograd_mini.modes import no_grad, untraced
from autograd_mini.ops import Op, Traced
from autograd_mini.tensor import Tensor, as_tensor, topological_order
from autograd_mini.transforms.passes import check_function, label
from autograd_mini.transforms.trees import Leaf, flatten, matching


class JointOp(Op):
    """An operation of any number of inputs whose gradients come all at once: `joint(g, out, *inputs)` lists them.

    `reached` says which inputs get one, if not all do.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        joint: Callable[..., list[Any]],
        reached: Sequence[bool] | None = None,
    ) -> None:
        super().__init__(name, forward, each=lambda g, out, *inputs, position: joint(g, out, *inputs)[position])
        self.joint = joint
        self.reached = reached

    def rules(self, count: int) -> tuple[Callable[..., Any] | None, ...]:
        """One rule per input; together they call `joint` once. The walk asks for them anew at each visit."""
        once = _Once(self.joint)
        rules = (functools.partial(once, position=position) for position in range(count))
        return tuple(rule if found else None for rule, found in zip(rules, self.reached or (True,) * count))


class _Once:
    def __init__(self, joint: Callable[..., list[Any]]) -> None:
        self.joint = joint
        self.slopes: list[Any] | None = None

    def __call__(self, g: Any, out: Any, *inputs: Any, position: int) -> Any:
        if self.slopes is None:
            self.slopes = self.joint(g, out, *inputs)
        return self.slopes[position]


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of your own: it returns (value, pullback), and callers get the value.

    The value is one array or Tensor. `pullback(g)` gets dL/d value as a Tensor and returns dL/d argument: one gradient,
    or a tuple with one for each positional argument; None for an argument that has none. Arguments may be containers,
    then their gradients are in the same. Keyword arguments are settings and get no gradient. The call is one node of
    the graph, whatever happens inside.

    For higher orders the function is called again and its pullback recorded: both must compute with operations, not
    with `.data`. Keep in mind what can't be checked: that the pullback is right, and linear in g. Tensors from outside
    get no gradient through the call, so they must be arguments.

    Raises TypeError if the function does not return such a pair, if its value depends on a Tensor from outside that
    requires a gradient, or if the pullback returns plain arrays where higher orders are asked for; ValueError for
    gradients of another number, structure or shape than the arguments.

    >>> import autograd_mini as ag
    >>> @custom_gradient
    ... def clipped_log(x):
    ...     return ag.log(x), lambda g: g / ag.maximum(x, 0.5)
    >>> ag.grad(clipped_log)(0.1), ag.grad(clipped_log)(4.0)
    (np.float64(2.0), np.float64(0.25))
    """
    check_function("custom_gradient", function)

    @functools.wraps(function)
    def single(*arguments: Any, **settings: Any) -> Any:
        inputs = [leaf.value for leaf in flatten(arguments)[0]]
        call = _Call(function, arguments, settings)
        if not any(isinstance(x, Traced) for x in inputs):
            return call.run(inputs)[0]
        return JointOp(label(function), call.forward, call.joint)(*inputs)

    return single


class _Call:
    """One call of a function with a gradient of its own: what to run again, and the pullback of the first run."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], settings: dict[str, Any]) -> None:
        self.function = function
        self.settings = settings
        self.arguments = arguments
        leaves, self.rebuild = flatten(arguments)
        self.traced = [isinstance(leaf.value, Traced) for leaf in leaves]

    def run(self, inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
        returned = self.function(*self.rebuild(inputs), **self.settings)
        if isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1]):
            return returned
        raise TypeError(
            f"custom_gradient: {label(self.function)} returned {type(returned).__name__}; "
            "it must return (value, pullback), where pullback is a function"
        )

    def forward(self, *arrays: Any) -> Any:
        constants = [as_tensor(x, requires_grad=False) if traced else x for x, traced in zip(arrays, self.traced)]
        with untraced():
            value, self.pullback = self.run(constants)
        if isinstance(value, Tensor) and value.requires_grad:
            first = next(node for node in topological_order(value) if node.requires_grad)
            raise TypeError(
                f"it reads {describe(first)} from outside, which would get no gradient; "
                "pass it as an argument, or read ag.stop_gradient of it"
            )
        return value._data if isinstance(value, Tensor) else value

    def joint(self, g: Any, out: Any, *inputs: Any) -> list[Any]:
        if isinstance(g, Traced):
            slopes = self.run(inputs)[1](g)
        else:
            with no_grad():
                slopes = self.pullback(as_tensor(g, requires_grad=False))
        expected = self.arguments[0] if len(self.arguments) == 1 else self.arguments
        matched = matching(expected, slopes, f"custom_gradient: gradients of {label(self.function)}")
        return [self._checked(leaf, x, isinstance(g, Traced)) for leaf, x in zip(matched, inputs)]

    def _checked(self, leaf: Leaf, x: Any, recorded: bool) -> Any:
        if leaf.value is None:
            zeros = np.zeros(np.shape(x), getattr(x, "dtype", None))[()]
            return as_tensor(zeros, requires_grad=False) if recorded else zeros
        if recorded and not isinstance(leaf.value, Traced):
            raise TypeError(
                f"{leaf.path} is a {type(leaf.value).__name__}, not a Tensor: it can't be differentiated again; "
                "write the pullback with operations, or None for no gradient"
            )
        return leaf.value if recorded or not isinstance(leaf.value, Tensor) else leaf.value.data
