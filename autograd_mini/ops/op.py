"""What an operation is: a forward function with the local derivative of each input."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

Rule = Callable[..., Any]

REQUIRED = object()
"""Marks a setting without a default."""


class Traced:
    """What an operation looks for among its inputs: a value that records the operations on it."""

    __slots__ = ()

    @staticmethod
    def record(op: Op, inputs: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
        """Apply `op` to inputs of which at least one is traced."""
        raise NotImplementedError


class Op:
    """An elementary operation: a forward function and one rule per array input, in order.

    A rule of `None` says that no gradient flows to that input. Arrays are positional; settings (axis, shape, ...) have
    names, and the first `positional` of them may also follow the arrays by position. Called with plain arrays an Op
    computes at once and returns an array; with a Tensor among its inputs it is recorded and returns a Tensor.

    `each` replaces the rules of an operation with any number of inputs: it also reads the `position` of its input. A
    `variadic` operation has rules for its first inputs only. `symbol` is what drawings show. A setting whose default is
    `REQUIRED` must be given.
    `accumulate(total, g, *inputs)` adds the first input's gradient into an existing array, for an operation that reads
    a small part of a large input. With `saves` the forward returns a pair: the result, and what it has computed on the
    way that the rules can use; they read it as `saved`, which is None where the way back is itself recorded. `numpy` is
    the NumPy function that the operation answers for. An `elementwise` operation computes each entry of its result from
    the entries at the same place: by default what answers for a ufunc of numbers does. Compiled scalar code runs many
    of those at once.

    Raises TypeError for a missing, surplus or unknown argument, and for a forward or rule that is no function.

    >>> import autograd_mini as ag
    >>> cube = ag.Op("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2)
    >>> x = ag.Tensor(2.0)
    >>> cube(x).backward()
    >>> x.grad
    np.float64(12.0)
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        *vjps: Rule | None,
        each: Rule | None = None,
        accumulate: Callable[..., None] | None = None,
        settings: Mapping[str, Any] | None = None,
        positional: int = 1,
        saves: bool = False,
        variadic: bool = False,
        symbol: str | None = None,
        numpy: Callable[..., Any] | None = None,
        elementwise: bool | None = None,
        doc: str = "",
    ) -> None:
        _check_definition(name, forward, vjps, each)
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.each = each
        self.differentiable = each is not None or any(rule is not None for rule in vjps)
        self.accumulate = accumulate
        self.settings = dict(settings or {})
        self.positional = positional
        self.saves = saves
        self.arity = None if variadic or each else len(vjps)
        self.symbol = symbol or name
        self.numpy = numpy
        self.elementwise = _is_ufunc_of_numbers(numpy) if elementwise is None else elementwise
        self.__doc__ = doc or Op.__doc__
        self.__module__ = sys._getframe(1).f_globals["__name__"]  # where pickle looks for it

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        if settings or self.settings or len(inputs) != self.arity:
            inputs, settings = self._bind(inputs, settings)
        for x in inputs:
            if isinstance(x, Traced):
                return x.record(self, inputs, settings)
            if isinstance(x, (list, tuple)):
                return self(*map(as_operand, inputs), **settings)
        return self.forward(*inputs, **settings)[0] if self.saves else self.forward(*inputs, **settings)

    def _bind(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Take a setting given by position, fill in the defaults, and refuse what does not fit."""
        if len(inputs) == self.arity and settings.keys() == self.settings.keys():
            return inputs, settings
        extra = 0 if self.arity is None else len(inputs) - self.arity
        if 0 < extra <= min(self.positional, len(self.settings)):
            given = dict(zip(self.settings, inputs[self.arity :]))
            for name in given.keys() & settings.keys():
                raise TypeError(f"{self.name}: {name} was given twice, by position and by name; give it once")
            inputs, settings = inputs[: self.arity], {**given, **settings}
        self._check_arguments(inputs, settings)
        return inputs, {**self.settings, **settings}

    def _check_arguments(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> None:
        if self.arity is not None and len(inputs) != self.arity:
            own = not self.__module__.startswith("autograd_mini.")
            hint = "an Op has a rule, or None, for each array" if own else "settings go by name"
            raise TypeError(f"{self.name}: takes {self.arity} array(s), got {len(inputs)}; {hint}")
        for name in settings.keys() - self.settings.keys():
            known = ", ".join(self.settings) or "none"
            raise TypeError(f"{self.name}: no setting {name!r}; its settings: {known}")
        for name, default in self.settings.items():
            if default is REQUIRED and name not in settings:
                raise TypeError(f"{self.name}: the setting {name!r} is missing; write {self.name}(x, {name}=...)")

    @property
    def __signature__(self) -> inspect.Signature:
        """The arrays and settings, for `help` and completion."""
        kinds = inspect.Parameter
        arrays = [kinds(name, kinds.POSITIONAL_OR_KEYWORD) for name in self._array_names()]
        if self.arity is None:
            arrays = [kinds("arrays", kinds.VAR_POSITIONAL)]
        kind = kinds.KEYWORD_ONLY if self.arity is None else kinds.POSITIONAL_OR_KEYWORD
        pairs = sorted(self.settings.items(), key=lambda pair: pair[1] is not REQUIRED)
        settings = [kinds(name, kind, default=kinds.empty if x is REQUIRED else x) for name, x in pairs]
        return inspect.Signature([*arrays, *settings])

    def _array_names(self) -> Sequence[str]:
        """What the first rule calls its inputs, after g and out."""
        code = next((rule.__code__ for rule in self.vjps if isinstance(rule, FunctionType)), None)
        names = code.co_varnames[2 : code.co_argcount] if code is not None else ()
        letters = "xyzabcdefhijklmnopqrstuvw"
        return names if len(names) == len(self.vjps) else letters[: len(self.vjps)]

    def rules(self, count: int) -> tuple[Rule | None, ...]:
        """One rule per input, for `count` inputs."""
        if self.each is None:
            return self.vjps
        return tuple(functools.partial(self.each, position=position) for position in range(count))

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __reduce__(self) -> str:
        """Copied as itself and pickled by the name of the module variable that holds it."""
        for variable, value in vars(sys.modules[self.__module__]).items():
            if value is self:
                return variable
        raise TypeError(f"pickle: the operation {self.name} is no variable of {self.__module__}; assign it to one")


Function = TypeVar("Function", bound=Callable[..., Any])


def implements(numpy: Callable[..., Any]) -> Callable[[Function], Function]:
    """Mark a function composed of operations as the answer to a NumPy function called with Tensors."""

    def mark(function: Function) -> Function:
        function.numpy = numpy  # type: ignore[attr-defined]
        return function

    return mark


def _is_ufunc_of_numbers(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def _check_definition(name: str, forward: Any, vjps: tuple[Any, ...], each: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"Op: the name is a string, got {name!r}")
    if not callable(forward):
        raise TypeError(f"Op {name}: forward is a function of arrays, got {forward!r}")
    if not vjps and each is None:
        raise TypeError(f"Op {name}: give one rule per array input after forward; None where no gradient flows")
    for position, rule in enumerate(vjps):
        if rule is not None and not callable(rule):
            raise TypeError(f"Op {name}: the rule for input {position} is neither a function nor None: {rule!r}")


def as_operand(x: Any) -> Any:
    """Turn nested lists and tuples into arrays; leave arrays, numbers and Tensors as they are.

    Python numbers must stay Python numbers: as arrays they would promote float32 to float64.
    """
    return np.asarray(x) if isinstance(x, (list, tuple)) else x
