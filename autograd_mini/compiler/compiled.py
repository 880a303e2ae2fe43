"""Compiled: a function that is traced at its first call, and run as generated NumPy from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from autograd_mini.checks import Array, as_value
from autograd_mini.compiler.eager import Expected, expected
from autograd_mini.compiler.graph import Graph
from autograd_mini.compiler.program import Program
from autograd_mini.compiler.programs import Programs
from autograd_mini.compiler.result import Call
from autograd_mini.errors import describe
from autograd_mini.modes import current, observer, quietly, tracer
from autograd_mini.tensor import Tensor
from autograd_mini.transforms.passes import check_function, label
from autograd_mini.transforms.trees import flatten

_NOT_YET: Any = object()


class Compiled:
    """A function that runs as generated NumPy; `ag.compile` makes it and says what it does."""

    def __init__(self, function: Callable[..., Any], optimiser: Any = None, check: bool | int = False) -> None:
        check_function("compile", function)
        optimisers = _optimisers(optimiser)
        functools.update_wrapper(self, function)  # guards of other functions look through it
        self.function = function
        """What was compiled."""
        self._check = _checked_interval(check)
        self._calls = 0
        self._optimiser = optimiser
        self._programs = Programs(function, optimisers)
        self._attribute: str | None = None
        self._is_kept = False

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @property
    def optimiser(self) -> Any:
        """Whose update `step` does, or several of them; None if there is none."""
        return self._optimiser

    def __call__(self, /, *arguments: Any, **settings: Any) -> Any:
        """What the function returns, computed by generated code: Tensors in the same containers.

        Where a gradient is required, they can be differentiated: the way back goes through what this call did.
        """
        if observer() is not None:  # within another trace it is a part of that; within ag.debug() each step is checked
            return self.function(*arguments, **settings)
        program, leaves = self._found("value", arguments, settings)
        wanted = self._expected("value", program, arguments, settings)
        call = Call(label(self.function), program, leaves)
        outputs = _values(program, leaves, wanted, call.drawn)
        return flatten(program.recipe.container)[1](call.results(outputs))

    def __get__(self, instance: Any, owner: type | None = None) -> Compiled:
        """As a method: the programs of each object are its own, and live as long as it does."""
        if instance is None:
            return self
        if isinstance(instance, type) or not hasattr(instance, "__dict__"):
            raise TypeError(
                f"compile: {label(self.function)}: the programs of an object are kept in its __dict__, which this "
                f"{type(instance).__name__} can't do; call ag.compile(x.method) outside of the class"
            )
        kept: Compiled | None = vars(instance).get(self._key)
        if kept is None or not kept._is_of(instance, self.function):
            kept = Compiled(self.function.__get__(instance), self._optimiser, self._check)
            kept._attribute, kept._is_kept = self._attribute or label(self.function), True
            vars(instance)[self._key] = kept
        return kept

    def _is_of(self, instance: Any, function: Any) -> bool:
        return self.function.__self__ is instance and self.function.__func__ is function  # type: ignore[attr-defined]

    @property
    def _key(self) -> str:
        """What the programs of an object are called in its `__dict__`; a copy finds there those of the original."""
        return f"<compiled {label(self.function)} {id(self)}>"

    def value(self, /, *arguments: Any, **settings: Any) -> Any:
        """What the function returns, as NumPy arrays and scalars of the caller's own, in the same containers.

        >>> import autograd_mini as ag
        >>> ag.compile(lambda x: {"sum": (x * x).sum(), "double": 2 * x}).value(np.array([1.0, 2.0]))
        {'sum': np.float64(5.0), 'double': array([2., 4.])}
        """
        _refuse_in_a_trace("value")
        program, leaves = self._found("value", arguments, settings)
        outputs = _values(program, leaves, self._expected("value", program, arguments, settings))
        return flatten(program.recipe.container)[1](map(_writeable, outputs))

    def value_and_grad(self, /, *arguments: Any, **settings: Any) -> Any:
        """The loss as a NumPy scalar; dL/dx is left in `x.grad` of every leaf Tensor x that requires a gradient.

        These leaves are the Tensors among the arguments and those that the function reads from outside. What `.grad`
        held before is replaced, not added to; it is None where no gradient comes, as in an argument that is not read.
        For Tensors from outside it is one read-only array that every call overwrites: copy it to keep it.

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

        The numbers of the optimiser, its lr say, are read at each step. A parameter that the function does not read has
        no gradient afterwards. Raises TypeError without an optimiser, and for an argument that is one of its
        parameters: those the function reads from outside.

        >>> import autograd_mini as ag, nn
        >>> w = ag.Tensor(3.0)
        >>> descent = ag.compile(lambda: w * w, optimiser=nn.SGD([w], lr=0.25))
        >>> [descent.step() for _ in range(3)], w
        ([np.float64(9.0), np.float64(2.25), np.float64(0.5625)], Tensor(0.375))
        """
        if self._optimiser is None:
            raise TypeError("step: there is no optimiser; write ag.compile(loss, optimiser=nn.SGD(parameters, lr))")
        return self._loss("step", arguments, settings)

    @property
    def source(self) -> str:
        """The Python source of the newest program; RuntimeError before the first call."""
        return self._programs.newest.recipe.source.text

    @property
    def graph(self) -> Graph:
        """What the newest program computes; RuntimeError before the first call."""
        return self._programs.newest.recipe.graph

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
        """Only the function travels: source from elsewhere would be run unread. A method is found on its object."""
        if self._is_kept:
            return getattr, (self.function.__self__, self._attribute)  # type: ignore[attr-defined]
        return Compiled, (self.function, self._optimiser, self._check)

    def _found(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> tuple[Program, list[Any]]:
        """The program of a call, and the leaves of its arguments; what an Observer has to say comes later."""
        find = self._programs.find
        return find(kind, arguments, settings) if observer() is None else quietly(find, kind, arguments, settings)

    def _loss(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        latest = self._programs.latest.get(kind)  # mostly it will do, and small programs are short
        if latest and current.get() is True and latest.matches(arguments, settings) and latest.guard.unchanged():
            loss = latest.program.run(arguments)[0]
        else:
            loss = self._checked_loss(kind, arguments, settings)
        return loss if isinstance(loss, np.generic) else np.reshape(loss, ())[()]

    def _checked_loss(self, kind: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The loss of a call that is not like the latest one, or whose result is to be compared."""
        _refuse_in_a_trace(kind)
        program, leaves = self._found(kind, arguments, settings)
        if kind == "step":
            _check_apart(leaves, [p for optimiser in self._programs.optimisers for p in optimiser.parameters])
        wanted = self._expected(kind, program, arguments, settings)
        loss = program.run(leaves)[0]
        if wanted is not None:
            wanted.check([loss])
        if self._check:
            self._programs.latest.clear()  # whether the next call is checked is asked again
        return loss

    def _expected(self, kind: str, program: Any, arguments: Any, settings: Any) -> Expected | None:
        """What this call shall give, if it is one of those that are compared; within ag.debug() all are."""
        self._calls += 1
        sampled = self._check > 0 and (self._calls - 1) % self._check == 0
        if not sampled and observer() is None:
            return None
        found = expected(kind, self.function, self._programs.optimisers, program, arguments, settings)
        return found if sampled else None


def _values(
    program: Program, leaves: Sequence[Any], wanted: Expected | None, drawn: Sequence[Any] | None = None
) -> Sequence[Array]:
    """The values that a program gives, compared with those that are wanted."""
    outputs = [as_value(x) for x in program.run(leaves, drawn)[: len(program.recipe.differentiable)]]
    if wanted is not None:
        wanted.check(outputs)
    return outputs


def _refuse_in_a_trace(kind: str) -> None:
    if tracer():
        raise TypeError(
            f"{kind}: this call is traced by ag.compile, and there are no values yet; call the compiled function "
            "itself, and use ag.grad for gradients"
        )


def _optimisers(optimiser: Any) -> list[Any]:
    """One optimiser, or several in a list or tuple."""
    optimisers = list(optimiser) if isinstance(optimiser, (list, tuple)) else [optimiser] * (optimiser is not None)
    for one in optimisers:
        for name in ("param_groups", "hyperparameters", "state_of", "steps", "update"):
            if isinstance(one, type) or not hasattr(one, name):
                raise TypeError(
                    f"compile: {one!r} is no optimiser whose step can be compiled: it has no {name}; take "
                    "nn.SGD(parameters, lr), derive yours from nn.Optimiser, or call value_and_grad and a step of yours"
                )
        _check_not_overridden(one)
    return optimisers


def _check_not_overridden(optimiser: Any) -> None:
    """TypeError for an optimiser whose eager step does more than its `update`: a compiled step would leave that out."""
    kind = type(optimiser)
    base = next((base for base in reversed(kind.__mro__) if "state_of" in vars(base)), kind)
    for name in ("step", "updates"):
        if getattr(kind, name, None) is not getattr(base, name, None):
            raise TypeError(
                f"compile: {kind.__name__}.{name} is not that of {base.__name__}, and a compiled step calls update "
                "alone; write it in update, or call value_and_grad and then the step of the optimiser"
            )


def _checked_interval(check: Any) -> int:
    """How many calls there are from one that is compared to the next; 0 for none."""
    if not isinstance(check, (bool, int)) or check < 0:
        raise TypeError(f"compile: check is True, False, or a number n to compare each n-th call; got {check!r}")
    return int(check)


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


@overload
def compile(function: Callable[..., Any], *, optimiser: Any = None, check: bool | int = False) -> Compiled: ...
@overload
def compile(*, optimiser: Any = None, check: bool | int = False) -> Callable[[Callable[..., Any]], Compiled]: ...


def compile(function: Any = _NOT_YET, *, optimiser: Any = None, check: bool | int = False) -> Any:
    """A function of arrays and Tensors as straight-line NumPy, which its first call traces and writes.

    The result is called as the function is, and returns the same Tensors; its `value` returns arrays, its
    `value_and_grad` leaves gradients in `.grad`, its `step` updates the parameters of an optimiser such as `nn.SGD`,
    and its `source` is the Python text. Without a function it is a decorator: `@ag.compile(check=True)`.

    A result is what the function would give at that moment, or the function is refused. Arrays, NumPy scalars and
    Tensors among the arguments (which may be nested lists, tuples and dicts) are inputs, and so are leaf Tensors, the
    values of `ag.Buffer` and the draws of `ag.random` that the function reads from outside. All else that it reads is
    compared before each call: where it changed, or where shapes or dtypes did, another program is made; after 8 a
    RecompilationWarning says what keeps changing. What can't be compared is refused by name, unless `ag.static`
    promises that it stays. The function runs once or twice for each program: printing happens then only.

    Arrays arrive in the function as Tensors that need no gradient, so that `isinstance(x, np.ndarray)` is False there,
    and `x -= 1` changes nobody's array.

    Results agree with those of the function itself within rounding. `check=True` computes both at each call and
    compares, `check=n` at each n-th; RuntimeError says where they differ.

    Raises TypeError, when called, for a function that is refused, returns anything but Tensors, asks a Tensor for its
    value (`bool(x)`, `float(x)`, `x.data`) or has an index whose result has a shape that depends on values;
    RuntimeError for one that draws random numbers other than by `ag.random`.

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
    if function is _NOT_YET:
        return lambda function: Compiled(function, optimiser, check)
    return Compiled(function, optimiser, check)
