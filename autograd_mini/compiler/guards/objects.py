"""The places that an object has, by its kind."""

from __future__ import annotations

import functools
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import BuiltinMethodType, CellType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType
from typing import Any

import numpy as np

from autograd_mini.compiler.guards import readers
from autograd_mini.compiler.guards.functions import of_function, wrapped_places
from autograd_mini.compiler.guards.origins import is_closed, is_users_class
from autograd_mini.compiler.guards.reached import Reached, attributes, by_key, by_name, fixed, place
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor

_LABEL = ("nn.module", "_label")
"""What drawings call a module: it decides nothing about a program, and grows as modules nest."""


def places(value: Any, path: str) -> Iterator[Reached]:
    """The places that an object has, none for one that is compared as a whole."""
    of_kind = next((function for kind, function in _KINDS if isinstance(value, kind)), _of_instance)
    return of_kind(value, path)


def _none(value: Any, path: str) -> Iterator[Reached]:
    return iter(())


def _of_tensor(value: Tensor, path: str) -> Iterator[Reached]:
    yield place(f"{path}.requires_grad", readers.REQUIRES_GRAD, value)
    yield place(f"the number of hooks of {path}", readers.HOOKS, value)


def _of_operation(value: Op, path: str) -> Iterator[Reached]:
    yield fixed(path, (value.forward, *value.vjps, value.each))


def _of_method(value: MethodType, path: str) -> Iterator[Reached]:
    yield fixed(path, (value.__self__, value.__func__), by_name, (f"{path}.__self__", path))


def _of_builtin(value: BuiltinMethodType, path: str) -> Iterator[Reached]:
    """A method of an object written in C, `rng.normal` say."""
    yield fixed(path, (value.__self__,))


def _of_partial(value: functools.partial[Any], path: str) -> Iterator[Reached]:
    yield fixed(path, (value.func, value.args, value.keywords), by_name, (path, f"{path}.args", f"{path}.keywords"))


def _of_wrapper(value: Any, path: str) -> Iterator[Reached]:
    """A descriptor of a class: what it computes with."""
    parts = [getattr(value, name, None) for name in ("__func__", "func", "fget", "fset")]
    yield fixed(path, [part for part in parts if part is not None])


def _of_cell(value: CellType, path: str) -> Iterator[Reached]:
    with suppress(ValueError):  # an empty cell: its variable is not set yet
        yield place(path, readers.CELL, value)


def _of_tuple(value: tuple[Any, ...], path: str) -> Iterator[Reached]:
    yield fixed(path, value, by_key, range(len(value)))
    yield from _of_instance(value, path)


def _of_items(value: Any, path: str) -> Iterator[Reached]:
    base = _base(value)
    reader, key = (readers.ITEMS, None) if type(value) is base else (readers.ITEMS_BY, base.__iter__)
    yield place(path, reader, value, key, by_key, range(len(value)))
    yield from _of_instance(value, path)


def _of_mapping(value: dict[Any, Any], path: str) -> Iterator[Reached]:
    base = _base(value)
    names = tuple(base.__iter__(value))
    if type(value) is base:
        yield place(path, readers.KEYS, value, None, by_key, names)
        yield place(path, readers.VALUES, value, None, by_key, names)
    else:
        yield place(path, readers.KEYS_BY, value, base.__iter__, by_key, names)
        yield place(path, readers.VALUES_BY, value, base.values, by_key, names)
    yield from _of_instance(value, path)


def _base(value: Any) -> Any:
    return next(base for base in _CONTAINERS if isinstance(value, base))


def _of_instance(value: Any, path: str) -> Iterator[Reached]:
    kind = type(value)
    if is_closed(kind):
        yield from wrapped_places(value, path)
        return
    if hasattr(value, "__dict__"):
        yield from attributes(value, path)
    for name in _slots(kind):
        yield place(f"{path}.{name}", readers.SLOT, value, name)
    yield fixed(kind.__name__, (kind,))


def _slots(kind: type) -> list[str]:
    slots = [(base, name) for base in kind.__mro__ for name, x in vars(base).items() if type(x) is MemberDescriptorType]
    return [name for base, name in slots if (base.__module__, name) != _LABEL]


def _of_class(value: type, path: str) -> Iterator[Reached]:
    if is_users_class(value):
        yield from attributes(value, value.__name__)
        for base in value.__bases__:
            yield fixed(base.__name__, (base,))


_CONTAINERS = (OrderedDict, dict, MappingProxyType, list, deque, set, frozenset)
_KINDS: list[tuple[Any, Callable[[Any, str], Iterator[Reached]]]] = [
    (Tensor, _of_tensor),
    (np.ndarray, _none),
    (tuple, _of_tuple),
    ((dict, MappingProxyType), _of_mapping),
    (_CONTAINERS, _of_items),
    (FunctionType, of_function),
    (MethodType, _of_method),
    (BuiltinMethodType, _of_builtin),
    (functools.partial, _of_partial),
    (CellType, _of_cell),
    ((property, staticmethod, classmethod, functools.cached_property), _of_wrapper),
    (Op, _of_operation),
    (type, _of_class),
]
