"""What a call has in common with others that the same program can serve."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_mini.tensor import Tensor, as_tensor
from autograd_mini.transforms.trees import Leaf, flatten


def signature(arguments: Sequence[Any], settings: dict[str, Any], leaves: list[Any]) -> tuple[Hashable, ...]:
    """The containers, shapes, dtypes and plain values of a call; its leaves are appended to `leaves`, in order.

    Raises TypeError for a plain value that can't be compared with that of another call.
    """
    parts: list[Hashable] = []
    for x in arguments:
        if type(x) is np.ndarray:  # most arguments are
            leaves.append(x)
            parts.append((x.shape, x.dtype))
        else:
            parts.append(_part(x, leaves))
    parts += [(name, _part(settings[name], leaves)) for name in settings]
    return tuple(parts)


def matcher(arguments: Sequence[Any], settings: dict[str, Any]) -> Callable[[Sequence[Any], dict[str, Any]], bool]:
    """A quick function that says whether a call has the same signature; it may say no to one that has.

    It is generated, because it is asked at each call: three times as fast as to build the signature and look it up.
    """
    if settings or not all(type(x) is np.ndarray for x in arguments):
        return never_matches
    names = [f"x{i}" for i in range(len(arguments))]
    scope: dict[str, Any] = {"array": np.ndarray}
    scope |= {f"{name}_{key}": getattr(x, key) for name, x in zip(names, arguments) for key in ("shape", "dtype")}
    tests = [f"type({x}) is array and {x}.shape == {x}_shape and {x}.dtype is {x}_dtype" for x in names]
    unpacked = f"({', '.join(names)},) = arguments" if names else "pass"
    text = f"""def matches(arguments, settings):
    if settings or len(arguments) != {len(names)}: return False
    {unpacked}
    return {" and ".join(tests) or True}
"""
    exec(text, scope)
    made: Callable[[Sequence[Any], dict[str, Any]], bool] = scope["matches"]
    return made


def never_matches(arguments: Sequence[Any], settings: dict[str, Any]) -> bool:
    """No call matches at once: the signature decides."""
    return False


def _part(x: Any, leaves: list[Any]) -> Hashable:
    if isinstance(x, (list, tuple)):
        return type(x), tuple([_part(entry, leaves) for entry in x])
    if isinstance(x, dict):
        return type(x), tuple([(key, _part(entry, leaves)) for key, entry in x.items()])
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray:
        x = as_tensor(x, requires_grad=False).data  # a matrix or a file: the program computes with what a Tensor holds
    leaves.append(x)
    if isinstance(x, Tensor):
        return Tensor, x.shape, x.dtype, x.requires_grad, x.op is None, x._extras is None or not x._extras.hooks
    if isinstance(x, (np.ndarray, np.generic)):
        return x.shape, x.dtype
    return _plain(x)


def _plain(x: Any) -> Hashable:
    if isinstance(x, Iterator):
        raise TypeError(f"compile: an argument is a {type(x).__name__}, which can be read only once; pass a list of it")
    try:
        hash(x)
    except TypeError:
        raise TypeError(
            f"compile: an argument is a {type(x).__name__}, which is neither an array nor hashable; pass an array or "
            "a tuple"
        ) from None
    return type(x), repr(x) if isinstance(x, (float, complex)) else x  # 0.0 == -0.0, and NaN equals nothing


def named_leaves(function: Callable[..., Any], arguments: Any, settings: Any) -> tuple[list[Leaf], Any]:
    """The leaves of a call under the names that the function gives to its arguments, and what builds the call again."""
    leaves, rebuild = flatten((arguments, settings))
    try:
        bound = inspect.signature(function).bind(*arguments, **settings).arguments
    except (TypeError, ValueError):
        return leaves, rebuild
    named = [leaf for name, x in bound.items() for leaf in flatten(x, name)[0]]
    paths = {id(leaf.value): leaf.path for leaf in reversed(named)}
    return [Leaf(paths.get(id(leaf.value), leaf.path), leaf.value) for leaf in leaves], rebuild


def differences(old: Hashable, new: Hashable) -> str:
    """How two signatures differ, as a clause that says why a program is made."""
    if old == new:
        return "it was asked for in another way: value, value_and_grad and step have programs of their own"
    pairs = zip(old, new) if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new) else ()
    for position, (one, other) in enumerate(pairs):
        if one != other:
            (name, before), (new_name, after) = _argument(position, one), _argument(position, other)
            if name == new_name:
                return f"argument {name} was {_described(before)}, then {_described(after)}"
            return "the names of the arguments changed"
    return "the number of arguments changed"


def _argument(position: int, part: Any) -> tuple[Any, Any]:
    """What an argument is called, its name if it was passed by one, and its part of a signature without that."""
    return part if isinstance(part, tuple) and part and isinstance(part[0], str) else (position, part)


def _described(part: Any) -> str:
    if isinstance(part, tuple) and len(part) == 2 and isinstance(part[1], np.dtype):
        return f"{part[1]} {part[0]}"
    if isinstance(part, tuple) and part[:1] == (Tensor,):
        return f"Tensor {part[2]} {part[1]}"
    return str(part[1]) if isinstance(part, tuple) and len(part) == 2 else str(part)
