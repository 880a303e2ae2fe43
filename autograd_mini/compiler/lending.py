"""Stand-ins for the arrays that a function finds outside, which tell who reads them.

An array that meets a Tensor in an operation is read anew at each call of a program. What NumPy computes from an array
alone is computed once, so that the content of such an array has to be compared before each call. Only a stand-in can
tell the two apart: while a function is traced, it takes the place of the array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.tensor import Tensor

_FORM = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides"})
_VIEWS = frozenset({"T", "mT", "reshape", "transpose", "swapaxes", "squeeze", "view", "ravel", "real"})
_OF_FORM = (np.shape, np.ndim, np.size)


class Lent:
    """In place of an array: what is asked of it is asked of the array, and noted unless it is about its form alone."""

    __slots__ = ("array", "noted", "source")

    def __init__(self, array: Any, source: Lent | None = None) -> None:
        self.array = array
        self.source = self if source is None else source
        self.noted: Any = None
        """What was in the array when NumPy read it first."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ndarray

    def read(self) -> Any:
        """The array, for NumPy."""
        if self.source.noted is None:
            self.source.noted = np.array(self.source.array)
        return self.array

    def has_changed(self) -> bool:
        """Whether the array was changed since NumPy read it."""
        return self.noted is not None and self.noted.tobytes() != self.array.tobytes()

    def __getattr__(self, name: str) -> Any:
        if name not in _VIEWS:
            return getattr(self.array if name in _FORM else self.read(), name)
        value = getattr(self.array, name)
        return (lambda *a, **k: self._seen(value(*a, **k))) if callable(value) else self._seen(value)

    def _seen(self, part: Any) -> Any:
        """A part as a stand-in too, if it is a view: operations read it at each call."""
        if type(part) is np.ndarray and np.may_share_memory(part, self.array):
            return Lent(part, self.source)
        self.read()
        return part

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Any) -> Any:
        return self._seen(self.array[plain(index)])

    def __iter__(self) -> Any:
        return (self[position] for position in range(len(self.array)))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.read()[plain(index)] = plain(value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.read(), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        return getattr(ufunc, method)(*plain(inputs), **plain(settings))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        if func in _OF_FORM:
            return func(self.array, *args[1:], **kwargs)
        return func(*plain(args), **plain(kwargs))


def plain(x: Any) -> Any:
    """The same with arrays in place of stand-ins, for NumPy to read; also in lists, tuples and dicts."""
    if type(x) is Lent:
        return x.read()
    if type(x) in (list, tuple):
        return type(x)(map(plain, x))
    return {name: plain(value) for name, value in x.items()} if type(x) is dict else x


def _passed_on(name: str) -> Callable[..., Any]:
    in_place = f"__{name[3:]}" in vars(np.ndarray)  # __iadd__, as there is __add__

    def method(self: Lent, *others: Any) -> Any:
        if not in_place and any(isinstance(x, Tensor) for x in others):
            return NotImplemented
        return getattr(self.read(), name)(*plain(others))

    return method


_OF_CLASSES = ("__new__", "__doc__", "__hash__", "__class_getitem__", "__getattribute__")
for _name in vars(np.ndarray).keys() - vars(Lent).keys() - {*_OF_CLASSES}:
    if _name.startswith("__") and not _name.startswith("__array"):
        setattr(Lent, _name, _passed_on(_name))
