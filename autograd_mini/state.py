"""State that functions change: buffers, and new values for several Tensors and buffers at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd_mini.atomic import at_once
from autograd_mini.checks import conforming
from autograd_mini.errors import describe
from autograd_mini.modes import tracer
from autograd_mini.tensor import Tensor, constant, replace_data


class Buffer:
    """A value that a function reads and replaces at each call: a running mean, a count, the memory of an optimiser.

    `value` is a Tensor without a gradient. A new one has the same shape, and is cast to the same dtype. Code that is
    compiled reads and writes buffers at each call; all else that it changes outside of itself is an error.

    Raises TypeError and ValueError for data as `Tensor` does, and for a value that does not fit.

    >>> count = Buffer(0, name="count")
    >>> count.value = count.value + 1
    >>> count
    Buffer(1, name='count')
    """

    __slots__ = ("__weakref__", "held")

    held: Tensor
    """The value, also while a trace stands for all values."""

    def __new__(cls, *arguments: Any, name: str | None = None, **settings: Any) -> Self:
        """TypeError while a function is traced; here, as a copy is made without `__init__`."""
        if tracer():
            raise TypeError(
                f"Buffer: {name or 'one'} is made while ag.compile traces a function, and would not be made anew at "
                "each call; make it outside, or in a call before"
            )
        return super().__new__(cls)

    def __init__(self, data: ArrayLike, *, dtype: DTypeLike | None = None, name: str | None = None) -> None:
        self.held = Tensor(data, requires_grad=False, dtype=dtype, name=name)

    @property
    def name(self) -> str | None:
        """What drawings, errors and reports call the value."""
        return self.held.name

    @property
    def value(self) -> Tensor:
        """The value, a constant; setting it cuts what is set from its graph."""
        here = tracer()
        value: Tensor = here.record.read(self) if here else self.held
        return value

    @value.setter
    def value(self, value: ArrayLike | Tensor) -> None:
        here = tracer()
        if here:
            here.record.write(self, value)
        else:
            self.held = self.conforming(value)

    def conforming(self, value: Any) -> Tensor:
        """A copy of a value as the Tensor that this buffer would hold."""
        data = conforming("value", value._data if isinstance(value, Tensor) else value, self.held)
        return constant(data, self.name)

    def __repr__(self) -> str:
        return f"Buffer({self.held._data}{f', name={self.name!r}' if self.name else ''})"


def assign(values: Mapping[Tensor | Buffer, Any]) -> None:
    """Give leaf Tensors and buffers new values, all of them or none, whatever interrupts.

    Arrays are written in place, so that all who share them see the new entries. Each value has the shape of what it is
    for, and is cast to its dtype.

    Raises TypeError for a computed Tensor or a value of another kind, ValueError for another shape or an array that
    can't be written; nothing has changed then.

    >>> w, count = Tensor([1.0, 2.0]), Buffer(0)
    >>> assign({w: w.data - 0.5, count: 1})
    >>> w, count
    (Tensor([0.5, 1.5]), Buffer(1))
    """
    here = tracer()
    if here:
        _assign_in_trace(here, values)
        return
    owned = {id(target._data) for target in values if type(target) is Tensor}
    at_once([_call(target, values[target], owned) for target in values])


def _assign_in_trace(here: Any, values: Mapping[Tensor | Buffer, Any]) -> None:
    for target in values:
        if not isinstance(target, Buffer):
            raise TypeError(
                f"assign: {describe(target)} can't be set while ag.compile traces a function; hold it in an ag.Buffer, "
                "let an optimiser update it, or set it outside"
            )
    for target, value in values.items():
        here.record.write(target, value)


_hold: Any = Buffer.__dict__["held"].__set__


def holding(buffer: Buffer, value: Any, own: bool = False) -> tuple[Any, ...]:
    """The call, for `at_once`, that gives a buffer a new value: a copy, unless it is `own` and nobody else's."""
    data = buffer.held._data
    if type(value) is type(data) and (own or not data.ndim) and value.dtype == data.dtype and value.shape == data.shape:
        return _hold, buffer, constant(value, buffer.held._name)
    return _hold, buffer, buffer.conforming(value)


def _call(target: Any, value: Any, owned: set[int]) -> tuple[Any, ...]:
    if isinstance(target, Buffer):
        return holding(target, value)
    if not isinstance(target, Tensor) or target.op is not None:
        raise TypeError(f"assign: {describe(target)} is neither a leaf Tensor nor a Buffer; only those can be set")
    data = target._data
    if not _is_apart(value, data, owned):
        value = conforming("assign", value._data if isinstance(value, Tensor) else value, target)
    if not data.ndim:
        return replace_data, target, value
    if not data.flags.writeable:
        raise ValueError(f"assign: the data of {describe(target)} can't be written; make it with Tensor(...)")
    return _set_entries, data, ..., value


_set_entries = np.ndarray.__setitem__


def _is_apart(value: Any, data: Any, owned: set[int]) -> bool:
    """Whether a value fits as it is, and is nothing that the same assignment changes."""
    fits = type(value) is type(data) and value.dtype is data.dtype and value.shape == data.shape
    return fits and value.base is None and id(value) not in owned
