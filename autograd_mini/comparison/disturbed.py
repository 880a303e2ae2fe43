"""Arrays whose every computed entry is off by a random rounding error: Monte Carlo arithmetic.

Where a computation cancels, the errors of its steps show in the result; where it does not, they stay as small as they
are. So the spread of a few runs tells, entry by entry, what rounding can do (Parker, Monte Carlo Arithmetic, 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.checks import Array
from autograd_mini.graph.walk import Arithmetic, called, summed_to
from autograd_mini.tensor import Tensor

CONTRACTIONS = frozenset(
    {np.einsum, np.dot, np.tensordot, np.inner, np.vdot, np.convolve, np.correlate, np.trace, np.cumsum}
)
"""NumPy functions that add up products or entries, and are no ufuncs."""


class Rounding:
    """How large the errors are, and what comparisons have said.

    `size` is relative, `least` is that of the smallest numbers, where the arithmetic has room for it. Comparisons
    decide which branch of a function is taken, and an error must not change that: they say what they said in the run
    whose `answers` these are.
    """

    def __init__(self, size: float = 0.0, least: float = 0.0, seed: int = 0, answers: list[Array] | None = None):
        self.size = size
        self.least = least
        self.generator = np.random.default_rng(seed)
        self.answers: list[Array] = []
        self.replayed: Iterator[Array] = iter(answers or ())

    def disturb(self, x: Any, growth: float = 1.0) -> Any:
        """The array with an error in each entry, `growth` times as large as that of one operation."""
        if not self.size or getattr(x, "dtype", np.dtype(int)).kind != "f":
            return x
        errors = self.generator.uniform(-growth, growth, x.shape)
        moved = x * (1 + self.size * errors)
        return np.where(x == 0, x, moved + self.least * errors) if self.least else moved

    def blur(self, x: Any, unit: Any) -> Any:
        """The array with an error in each entry in proportion to `unit`, however small the entry is."""
        if not self.size:
            return x
        return x + self.size * unit * self.generator.uniform(-1, 1, x.shape)

    def answer(self, said: Any) -> Any:
        """What a comparison said when its answers were recorded."""
        frozen = next(self.replayed, None)
        kept = frozen if frozen is not None and frozen.shape == np.shape(said) else said
        self.answers.append(np.asarray(kept))
        return kept


OF_SIZE_ONE = {ops.tanh, ops.sigmoid, ops.softplus, ops.log_sigmoid, ops.sin, ops.cos, ops.arctan, ops.erf}
"""Functions that are often computed through numbers of size 1, also where they or their derivatives are small: sigmoid
as (1 + tanh(z / 2)) / 2, its derivative from softplus as 1 - exp(-h)."""


@dataclass(frozen=True)
class Disturbing(Arithmetic):
    """An arithmetic that makes rounding errors of its own at each step."""

    rounding: Rounding = field(default_factory=Rounding)

    def number(self, x: Any) -> Any:
        """An operand, as an array whose later results are disturbed."""
        floats = isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"
        return disturbed(super().number(x), self.rounding) if floats else x

    def value(self, node: Tensor, inputs: Sequence[Any]) -> Any:
        """The value of a node, with the errors of its steps."""
        assert node.op is not None
        result = self._computed(node, node.op.forward, inputs, self.settings(node))
        out = self.number(np.asanyarray(result[0] if node.op.saves else result))
        return self.rounding.blur(out, 1.0) if node.op in OF_SIZE_ONE else out

    def share(self, node: Tensor, rule: Callable[..., Any], g: Any, operands: Sequence[Any], x: Tensor) -> Any:
        """What a rule sends, with the errors of its steps."""
        sent = self._computed(node, rule, (g, *operands), self.rule_settings(node))
        sent = summed_to(self.number(np.asanyarray(sent)), x.shape)
        return self.rounding.blur(sent, g) if node.op in OF_SIZE_ONE else sent

    def _computed(
        self, node: Tensor, function: Callable[..., Any], arrays: Sequence[Any], settings: Mapping[str, Any]
    ) -> Any:
        """What the function gives, with the errors of its steps; of one that hides them, with those of its operands."""
        result = called(node.op, function, arrays, settings)
        if isinstance(result, Disturbed | tuple) or not self.rounding.size:
            return result
        operands = [self.rounding.disturb(plain(x)) for x in arrays]
        return self.rounding.disturb(np.asarray(called(node.op, function, operands, settings)))


class Disturbed(np.ndarray):
    """An array of a computation that is disturbed."""

    rounding: Rounding

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, Disturbed):
            self.rounding = source.rounding

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **settings: Any) -> Any:
        rounding = next(x.rounding for x in (*inputs, *(out or ())) if isinstance(x, Disturbed))
        operands, count = [plain(x) for x in inputs], _summands(ufunc, method, inputs)
        if count > 1:
            operands = [rounding.disturb(x, math.sqrt(count)) for x in operands]
        result = getattr(ufunc, method)(*operands, **settings)
        if result is None or isinstance(result, tuple):
            return result
        result = _decided(rounding, ufunc, result, max(1.0, math.sqrt(count) / 4))
        if out is None:
            return disturbed(result, rounding)
        out[0][...] = plain(result)
        return out[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func not in CONTRACTIONS:
            return super().__array_function__(func, types, args, kwargs)
        growth = math.sqrt(max(self.shape, default=1))
        operands = [self.rounding.disturb(plain(x), growth) for x in args]
        return disturbed(self.rounding.disturb(np.asarray(func(*operands, **kwargs)), growth / 4), self.rounding)


def disturbed(x: Any, rounding: Rounding) -> Disturbed:
    """The array as one of a computation that is disturbed so."""
    view = np.asarray(x).view(Disturbed)
    view.rounding = rounding
    return view


def plain(x: Any) -> Any:
    """An array without its disturbance; anything else as it is."""
    return x.view(np.ndarray) if isinstance(x, Disturbed) else x


def _decided(rounding: Rounding, ufunc: np.ufunc, result: Any, growth: float) -> Any:
    if np.asarray(result).dtype == bool or ufunc is np.sign:
        return rounding.answer(result)
    return rounding.disturb(result, growth)


def _summands(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...]) -> int:
    """How many terms each entry of the result adds up."""
    if ufunc.signature is not None:
        return int(np.shape(inputs[0])[-1]) if np.ndim(inputs[0]) else 1
    return max(np.shape(inputs[0]), default=1) if ufunc is np.add and method in ("reduce", "accumulate") else 1


def as_float64(x: Any) -> Array:
    """A result as a plain array of float64."""
    return np.array(plain(x), np.float64)
