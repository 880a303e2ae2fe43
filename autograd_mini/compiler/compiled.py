"""Compiled: a function that is traced at its first call, and run as generated NumPy from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.checks import Array, as_value
from autograd_mini.compiler.eager import check_gradients, check_values, eager_gradients
from autograd_mini.compiler.graph import Graph
from autograd_mini.compiler.programs import Programs
from autograd_mini.compiler.result import differentiable
from autograd_mini.errors import describe
from autograd_mini.modes import current, observer, tracer
from autograd_mini.tensor import Tensor
from autograd_mini.transforms.passes import check_function, label
from autograd_mini.transforms.trees import flatten


class Compiled:
    """A function that runs as generated NumPy; `ag.compile` makes it and says what it does."""

    def __init__(self, function: Callable[..., Any], optimiser: Any = None, check: bool = False) -> None:
        check_function("compile", function)
        if optimiser is not None:
            _check_optimiser(optimiser)
        functools.update_wrapper(self, function)  # guards of other functions look through it
        self.function = function
        """What was compiled."""
        self._check = check
        self._optimiser = optimiser
        self._programs = Programs(function, optimiser)

    @property
    def optimiser(self) -> Any:
        """Whose update `step` does; None if there is none."""
        return self._optimiser

    def __call__(self, /, *arguments: Any, **settings: Any) -> Any:
        """What the function returns, computed by generated code: Tensors in the same containers.

        Where a gradient is required, they can be differentiated; that runs the function itself.
        """
        if observer() is not None:  # within another trace it is a part of that; within ag.debug() each step is checked
            return self.function(*arguments, **settings)
        program, outputs = self._values(arguments, settings)
        tensors = differentiable(self.function, program.recipe, outputs, arguments, settings)
        return flatten(program.recipe.container)[1](tensors)

    def __get__(self, instance: Any, owner: type | None = None) -> Compiled:
        """As a method: the programs of each object are its own, and live as long as it does."""
        if instance is None:
            return self
        if isinstance(instance, type) or not hasattr(instance, "__dict__"):
            raise TypeError(
                f"compile: {label(self.function)}: the programs of an object are kept in its __dict__, which this "
                f"{type(instance).__name__} can't do; call ag.compile(x.method) outside of the class"
            )
        bound = Compiled(self.function.__get__(instance), self._optimiser, self._check)
        names = {name for base in type(instance).__mro__ for name, x in vars(base).items() if x is self}
        # Found before this one from now on, where this is what the name stands for: not if called by super().
        vars(instance).update({name: bound for name in names if getattr(type(instance), name) is self})
        return bound

    def value(self, /, *arguments: Any, **settings: Any) -> Any:
        """What the function returns, as NumPy arrays and scalars of the caller's own, in the same containers.

        >>> import autograd_mini as ag
        >>> ag.compile(lambda x: {"sum": (x * x).sum(), "double": 2 * x}).value(np.array([1.0, 2.0]))
        {'sum': np.float64(5.0), 'double': array([2., 4.])}
        """
        _refuse_in_a_trace("value")
        program, outputs = self._values(arguments, settings)
        return flatten(program.recipe.container)[1](map(_writeable, outputs))

    def value_and_grad(self, /, *arguments: Any, **settings: Any) -> Any:
        """The loss as a NumPy scalar; dL/dx is left in `x.grad` of every leaf Tensor x that requires a gradient.

        These leaves are the Tensors among the arguments and those that the function reads from outside. What `.grad`
        held before is replaced, not added to. For Tensors from outside it is one read-only array that every call
        overwrites: copy it to keep it.

        Raises ValueError if the function returns anything but one Tensor of one entry; TypeError if no leaf
        requires a gradient, or an argument that requires one was computed, so that the gradient would end there.

        >>> import autograd_mini as ag
        >>> w = ag.Tensor([1.0, 2.0], name="w")
        >>> loss = ag.compile(lambda x: ((w * x) ** 2).sum())
        >>> loss.value_and_grad(np.array([1.0, 3.0])), w.grad
        (np.float64(37.0), array([ 2., 36.]))
        """
        return self._loss("value_and_grad", arguments, settings)

    def step(self, /, *arguments: Any, **settings: Any) -> Any:
        """As `value_and_grad`, and the update of the optimiser too: the loss before the update is returned.

        The numbers of the optimiser, its rate say, are read at each step. Raises TypeError without an optimiser,
        and for an argument that is one of its parameters: those the function reads from outside.

        >>> import autograd_mini as ag, nn
        >>> w = ag.Tensor(3.0)
        >>> descent = ag.compile(lambda: w * w, optimiser=nn.SGD([w], rate=0.25))
        >>> [descent.step() for _ in range(3)], w
        ([np.float64(9.0), np.float64(2.25), np.float64(0.5625)], Tensor(0.375))
        """
        if self._optimiser is None:
            raise TypeError("step: there is no optimiser; write ag.compile(loss, optimiser=nn.SGD(parameters, rate))")
        return self._loss("step", arguments, settings)

    @property
    def source(self) -> str:
        """The Python source of the newest program; RuntimeError before the first call."""
        return self._programs.newest.recipe.source.text

    @property
    def graph(self) -> Graph:
        """What the newest program computes; RuntimeError before the first call, and for one that was unpickled."""
        graph = self._programs.newest.recipe.graph
        if graph is None:
            raise RuntimeError(
                f"compile: {label(self.function)} has its program from another process, which kept the graph; draw "
                "it there"
            )
        return graph

    @property
    def peak_bytes(self) -> int:
        """The bytes of the buffers and gradients of the newest program; RuntimeError before the first call."""
        return self._programs.newest.recipe.peak_bytes

    @property
    def compilations(self) -> int:
        """How many programs were made so far."""
        return self._programs.count

    def __repr__(self) -> str:
        return f"<compiled {label(self.function)}, programs made: {self.compilations}>"

    def __reduce__(self) -> Any:
        return _restored, (self.function, self._optimiser, self._check, self._programs.portable())

    def _values(self, arguments: tuple[Any, ...], settings: dict[str, Any]) -> tuple[Any, Sequence[Array]]:
        program, leaves = self._programs.find("value", arguments, settings)
        outputs = [as_value(x) for x in program.run(leaves)]
        if self._check or observer() is not None:
            with self._programs.running():
                check_values(self.function, outputs, arguments, settings)
        return program, outputs

    def _loss(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        latest = self._programs.latest.get(kind)  # mostly it will do, and small programs are short
        if latest and current.get() is True and latest.matches(arguments, settings) and latest.guard.unchanged():
            loss = latest.program.run(arguments, self._optimiser)[0]
        else:
            loss = self._checked_loss(kind, arguments, settings)
        return loss if isinstance(loss, np.generic) else np.reshape(loss, ())[()]

    def _checked_loss(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The loss of a call that is not like the latest one, or whose result is to be compared."""
        _refuse_in_a_trace(kind)
        expected = None
        if self._check or observer() is not None:  # within ag.debug() each operation is checked
            with self._programs.running():
                expected = eager_gradients(self.function, arguments, settings)
        program, leaves = self._programs.find(kind, arguments, settings)
        if kind == "step":
            _check_apart(leaves, self._optimiser.parameters)
        loss = program.run(leaves, self._optimiser)[0]
        if expected is not None and self._check:
            check_gradients(self.function, loss, expected)
            self._programs.latest.clear()  # the next call is checked too
        return loss


def _refuse_in_a_trace(kind: str) -> None:
    if tracer():
        raise TypeError(
            f"{kind}: this call is traced by ag.compile, and there are no values yet; call the compiled function "
            "itself, and use ag.grad for gradients"
        )


def _check_optimiser(optimiser: Any) -> None:
    for name in ("parameters", "numbers", "update"):
        if not hasattr(optimiser, name):
            raise TypeError(
                f"compile: {optimiser!r} is no optimiser whose step can be compiled: it has no {name}; take one like "
                "nn.SGD(parameters, rate), or call value_and_grad and then the step of your own"
            )


def _check_apart(leaves: Sequence[Any], parameters: Sequence[Tensor]) -> None:
    """TypeError for an argument that is a parameter: the next call may pass another, so that it is not updated."""
    for x in leaves:
        if isinstance(x, Tensor) and any(x is parameter for parameter in parameters):
            raise TypeError(
                f"step: {describe(x)} is a parameter of the optimiser and an argument; let the function read it from "
                "outside, or call value_and_grad and the step of the optimiser"
            )


def _writeable(x: Array) -> Array:
    """A result that the caller may change: a repeated one shares memory among its entries."""
    return x if x.flags.writeable or not x.shape else x.copy()


def _restored(function: Any, optimiser: Any, check: bool, programs: Any) -> Compiled:
    compiled = Compiled(function, optimiser, check)
    compiled._programs.take_over(programs)
    return compiled


def compile(function: Callable[..., Any], *, optimiser: Any = None, check: bool = False) -> Compiled:
    """A function of arrays and Tensors as straight-line NumPy, which its first call traces and writes.

    The result is called as the function is, and returns the same Tensors; its `value` returns arrays, its
    `value_and_grad` leaves gradients in `.grad`, its `step` updates the parameters of an optimiser such as `nn.SGD`,
    and its `source` is the Python text.

    Arrays, NumPy scalars and Tensors among the arguments (which may be nested lists, tuples and dicts) are inputs, and
    so are the leaf Tensors that the function reads from outside. Everything else that it reads is part of the program:
    Python numbers and strings, other arguments, plain arrays by reference. If one of these changes, or the shapes or
    dtypes of the inputs do, another program is made; after 8 a RecompilationWarning says what keeps changing. The
    function runs once for each program, so that what it does besides computing (printing, counting) happens then only.
    So does what it computes from plain arrays alone (`array.mean()`, `ag.Tensor(array)`): pass those as arguments.

    Results agree with those of the function itself within rounding; `check=True` computes both and compares, and raises
    RuntimeError where they differ.

    Raises TypeError, when called, for a function that returns anything but Tensors, asks a Tensor for its value
    (`bool(x)`, `float(x)`, `x.data`) or has an index whose result has a shape that depends on values; RuntimeError for
    one that draws random numbers: pass them as arguments.

    >>> import autograd_mini as ag
    >>> w = ag.Tensor([3.0, -1.0], name="w")
    >>> loss = ag.compile(lambda x: ag.tanh(w * x).sum())
    >>> loss.value_and_grad(np.array([0.0, 0.5])), w.grad
    (np.float64(-0.46211715726...), array([0.        , 0.39322387]))
    >>> print(loss.source, end="")
    # x: float64 (2,)
    # w: float64 (2,)
    def value_and_grad(x, w, workspace):
        [buffer_0, d_w] = workspace
    <BLANKLINE>
        # forward
        multiply_1 = np.multiply(w, x, out=buffer_0)  # (2,)
        tanh_1 = np.tanh(multiply_1, out=buffer_0)  # (2,)
        sum_1 = np.add.reduce(tanh_1, axis=None)
    <BLANKLINE>
        # backward
        multiply = np.multiply(tanh_1, tanh_1, out=buffer_0)  # (2,)
        d_multiply_1 = np.subtract(1, multiply, out=buffer_0)  # (2,)
        np.multiply(d_multiply_1, x, out=d_w)  # (2,)
    <BLANKLINE>
        return (sum_1,)
    """
    return Compiled(function, optimiser, check)
