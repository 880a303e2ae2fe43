"""What a call has in common with others that the same program can serve."""

from __future__ import annotations

import dis
import enum
import inspect
import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd_mini.compiler.reach import PLAIN, is_transparent, owner_of, slots_of
from autograd_mini.tensor import Tensor, as_tensor
from autograd_mini.transforms.trees import Leaf, children, flatten, items


class Signatures:
    """The signatures of the calls of one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._unread = _unread_parameters(function)
        self.with_names = False
        """Whether the names of Tensors count, as the function reads them."""

    def of(self, arguments: Sequence[Any], settings: dict[str, Any], leaves: list[Any]) -> tuple[Hashable, ...]:
        """The containers, shapes, dtypes and plain values of a call; its leaves are appended to `leaves`, in order.

        A number that the function never reads does not count. Raises TypeError for a value that can't be compared with
        that of another call.
        """
        try:
            parts, given = self._parts(arguments, settings, leaves)
        except _IncomparableError as error:
            path = _path_of_incomparable(self._function, arguments, settings)
            raise TypeError(f"compile: {path} {error}") from None
        if len(given) > 1:
            parts.append(("which arguments are the same object", _shared(given)))
        if self.with_names:
            parts.append(("the names of the Tensors", tuple([x.name for x in leaves if isinstance(x, Tensor)])))
        return tuple(parts)

    def _parts(
        self, arguments: Sequence[Any], settings: dict[str, Any], leaves: list[Any]
    ) -> tuple[list[Hashable], list[Any]]:
        """One part of the signature for each argument, and what was given: the leaves and their containers."""
        parts: list[Hashable] = []
        given: list[Any] = []
        for position, x in enumerate(arguments):
            if type(x) is np.ndarray:  # most arguments are
                leaves.append(x)
                given.append(x)
                parts.append((x.shape, x.dtype))
            elif position in self._unread and type(x) in PLAIN:
                leaves.append(x)
                parts.append("not read")
            else:
                parts.append(_part(x, leaves, given))
        for name, x in settings.items():
            unread = name in self._unread and type(x) in PLAIN
            parts.append((name, "not read" if unread else _part(x, leaves, given)))
            if unread:
                leaves.append(x)
        return parts, given


def matcher(arguments: Sequence[Any], settings: dict[str, Any]) -> Callable[[Sequence[Any], dict[str, Any]], bool]:
    """A quick function that says whether a call has the same signature; it may say no to one that has.

    It is generated, because it is asked at each call: three times as fast as to build the signature and look it up.
    """
    if settings or not all(type(x) is np.ndarray for x in arguments) or _shared(arguments):
        return never_matches
    names = [f"x{i}" for i in range(len(arguments))]
    scope: dict[str, Any] = {"array": np.ndarray}
    scope |= {f"{name}_{key}": getattr(x, key) for name, x in zip(names, arguments) for key in ("shape", "dtype")}
    pairs = list(itertools.combinations(names, 2))
    if len(pairs) > _MANY:
        return never_matches
    tests = [f"{x} is not {y}" for x, y in pairs]
    tests += [f"type({x}) is array and {x}.shape == {x}_shape and {x}.dtype is {x}_dtype" for x in names]
    unpacked = f"({', '.join(names)},) = arguments" if names else "pass"
    text = f"""def matches(arguments, settings):
    if settings or len(arguments) != {len(names)}: return False
    {unpacked}
    return {" and ".join(tests) or True}
"""
    exec(text, scope)
    made: Callable[[Sequence[Any], dict[str, Any]], bool] = scope["matches"]
    return made


_MANY = 10  # pairs of arguments, which take longer to compare than to build the signature


def _shared(leaves: Sequence[Any]) -> Hashable:
    """Which arguments are the same object, as a function may ask by `x is y`; empty if all differ."""
    identities = [id(x) for x in leaves if type(x) not in PLAIN]
    if len(set(identities)) == len(identities):
        return ()
    return tuple([identities.index(identity) for identity in identities])


def never_matches(arguments: Sequence[Any], settings: dict[str, Any]) -> bool:
    """No call matches at once: the signature decides."""
    return False


# --------------------------------------------------------------------------------------------------- one argument


class _Itself:
    """An object that is only the same as itself."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __str__(self) -> str:
        return f"a {type(self.value).__name__}"


def _part(x: Any, leaves: list[Any], given: list[Any]) -> Hashable:
    flat: list[Hashable] = []  # without nesting, as Python compares nested tuples only to some depth
    waiting = [x]
    while waiting:
        part = waiting.pop()
        given.append(part)
        if isinstance(part, dict):
            flat.append((type(part), tuple([_exact(key) for key, _ in items(part)]), _attributes(part)))
            waiting += reversed(children(part))
        elif isinstance(part, (list, tuple)):
            held = children(part)
            flat.append((type(part), len(held), _attributes(part)))
            waiting += reversed(held)
        else:
            flat.append(_leaf(part, leaves))
    return (type(x), tuple(flat)) if isinstance(x, (list, tuple, dict)) else flat[0]


def _leaf(x: Any, leaves: list[Any]) -> Hashable:
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray:
        x = as_tensor(x, requires_grad=False).data  # a matrix or a file: the program computes with what a Tensor holds
    leaves.append(x)
    if isinstance(x, Tensor):
        return Tensor, x.shape, x.dtype, x.requires_grad, x.op is None, x._extras is None or not x._extras.hooks
    if isinstance(x, (np.ndarray, np.generic)):
        return x.shape, x.dtype
    return np.random.Generator if type(x) is np.random.Generator else _exact(x)


def _attributes(x: Any) -> Hashable:
    """What an object of a subclass of list, tuple or dict holds besides its items."""
    try:
        return _exact_attributes(x, 1) if hasattr(x, "__dict__") else ()
    except _ByIdentityError:
        what = f"is a {type(x).__name__} that holds more than its items, and that may change"
        raise _IncomparableError(f"{what}; pass what is in its attributes as arguments of their own") from None


_DEEPEST = 20


class _ByIdentityError(Exception):
    """Something within an object goes by its identity, so that the whole object does: the search ends there."""


class _IncomparableError(Exception):
    """Why a value can't be compared with that of another call."""


def _exact(x: Any, depth: int = 0) -> Hashable:
    """What is equal for two values that nobody can tell apart: 1, 1.0 and True differ, and 0.0 and -0.0."""
    if depth:
        return _exact_inside(x, depth)
    try:
        return _exact_inside(x, 0)
    except _ByIdentityError:
        return _Itself(x)


def _itself(x: Any, depth: int) -> _Itself:
    if depth:
        raise _ByIdentityError
    return _Itself(x)


def _exact_inside(x: Any, depth: int) -> Hashable:
    kind = type(x)
    if kind in PLAIN:
        return kind, repr(x) if kind is float or kind is complex else x  # NaN equals nothing, and 0.0 == -0.0
    if isinstance(x, (type, FunctionType, BuiltinFunctionType, ModuleType, enum.Enum)):
        return _Itself(x)
    if depth > _DEEPEST or isinstance(x, (Tensor, np.ndarray)):
        return _itself(x, depth)
    base = next((base for base in _BASES if isinstance(x, base)), None)
    if base is not None:
        more = _exact_attributes(x, depth + 1) if kind is not base else ()
        held = _BASES[base](x, depth + 1), more
        return _Itself(x) if depth == 0 and _holds_identities(held) else (kind, *held)
    if kind in (slice, range):
        return kind, (_exact(x.start), _exact(x.stop), _exact(x.step))
    if isinstance(x, np.generic):
        return x.dtype, x.tobytes()
    return _of_object(x, depth)


def _items(base: Any) -> Callable[[Any, int], Hashable]:
    """The items of a list or the like, as the class itself gives them, not what a subclass makes of them."""
    return lambda x, depth: tuple([_exact(part, depth) for part in base.__iter__(x)])


def _pairs(x: Any, depth: int) -> Hashable:
    return tuple([(_exact(key, depth), _exact(part, depth)) for key, part in dict.items(x)])


_BASES: dict[type, Callable[[Any, int], Hashable]] = {
    tuple: _items(tuple),
    list: _items(list),
    deque: lambda x, depth: (x.maxlen, _items(deque)(x, depth)),
    set: _items(set),
    frozenset: _items(frozenset),
    dict: _pairs,
    int: lambda x, depth: int.__int__(x),
    float: lambda x, depth: repr(float.__float__(x)),
    complex: lambda x, depth: repr(complex.__complex__(x)),
    str: lambda x, depth: str.__str__(x),
    bytes: lambda x, depth: bytes.__bytes__(x),
}
"""How to read what instances of these and of their subclasses hold, besides attributes."""


def _of_object(x: Any, depth: int) -> Hashable:
    if isinstance(x, Iterator):
        raise _IncomparableError(
            f"{'holds' if depth else 'is'} a {type(x).__name__}, which can be read only once; pass a list of it"
        )
    if is_transparent(type(x)) and type(x).__module__ != "builtins" and not isinstance(x, np.ndarray):
        return _exact_attributes(x, depth + 1)
    try:
        hash(x)
    except TypeError:
        what = f"{'holds' if depth else 'is'} a {type(x).__name__}, which is neither an array nor hashable"
        raise _IncomparableError(f"{what}; pass an array or a tuple") from None
    return _itself(x, depth)


def _exact_attributes(x: Any, depth: int) -> Hashable:
    """The class and attributes of an object, if they are plain values all the way down; else the object itself."""
    kind: Any = type(x)
    held = dict(getattr(x, "__dict__", {}))  # not by getattr: a property may stand before an attribute
    held |= {name: getattr(x, name) for name in slots_of(kind) if hasattr(x, name)}
    parts = tuple([(name, _exact(value, depth)) for name, value in held.items()])
    return (type(x), parts) if not _holds_identities(parts) else _Itself(x)


def _holds_identities(part: Any) -> bool:
    """Whether something that is no class, function or constant goes by its identity, so that it may change."""
    if isinstance(part, _Itself):
        return not isinstance(part.value, (type, FunctionType, BuiltinFunctionType, ModuleType, enum.Enum))
    return isinstance(part, (tuple, frozenset)) and any(map(_holds_identities, part))


def objects(leaves: Sequence[Leaf]) -> list[tuple[Any, str]]:
    """The arguments, with their paths, that go by their identity: what is in them may change."""
    return [(leaf.value, leaf.path) for leaf in leaves if not _is_input(leaf.value) and _changes(leaf.value)]


def classes(signature: Hashable) -> list[tuple[Any, str]]:
    """The classes and functions of what goes by its value, and what messages call them: code that may be called."""
    found: dict[int, tuple[Any, str]] = {}
    waiting = [signature]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (tuple, frozenset)):
            waiting += part
        elif isinstance(part, (type, _Itself)):
            value = part.value if isinstance(part, _Itself) else part
            if isinstance(value, (type, FunctionType, ModuleType, enum.Enum)):
                found[id(value)] = value, getattr(value, "__name__", str(value))
    return list(found.values())


def _changes(x: Any) -> bool:
    return type(x) not in PLAIN and isinstance(_exact(x), _Itself)


def _is_input(x: Any) -> bool:
    return isinstance(x, (Tensor, np.ndarray, np.generic)) or type(x) is np.random.Generator


# --------------------------------------------------------------------------------------------- parameters and names


def _unread_parameters(function: Any) -> frozenset[Any]:
    """The names and positions of the parameters whose values the function never looks at."""
    while owner_of(getattr(getattr(function, "__code__", None), "co_filename", "")) == "ours":
        if not hasattr(function, "__wrapped__"):
            return frozenset()
        function = function.__wrapped__
    bound = isinstance(function, MethodType)
    code = getattr(function.__func__ if bound else function, "__code__", None)
    if not isinstance(code, CodeType) or {"locals", "vars", "eval", "exec"} & set(code.co_names):
        return frozenset()
    read = _read_names(code)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    unread = {name for name in names if name not in read}
    positions = {position - bound for position, name in enumerate(names[: code.co_argcount]) if name in unread}
    return frozenset(unread | positions)


def _read_names(code: CodeType) -> set[str]:
    found: set[str] = set(code.co_cellvars)
    for step in dis.get_instructions(code):
        if "LOAD" in step.opname:
            found.update(step.argval if isinstance(step.argval, tuple) else [step.argval])
    return found


def named_leaves(function: Callable[..., Any], arguments: Any, settings: Any) -> tuple[list[Leaf], Any]:
    """The leaves of a call under the names that the function gives to its arguments, and what builds the call again."""
    leaves, rebuild = flatten((arguments, settings), shared=True)
    named = [leaf for name, x in _bound(function, arguments, settings).items() for leaf in flatten(x, name)[0]]
    paths = {id(leaf.value): leaf.path for leaf in reversed(named)}
    return [Leaf(paths.get(id(leaf.value), leaf.path), leaf.value) for leaf in leaves], rebuild


def _bound(function: Callable[..., Any], arguments: Any, settings: Any) -> dict[str, Any]:
    """The arguments by the names of the parameters, where these are known."""
    try:
        return inspect.signature(function).bind(*arguments, **settings).arguments
    except (TypeError, ValueError):
        return {}


def _path_of_incomparable(function: Callable[..., Any], arguments: Any, settings: Any) -> str:
    for name, x in _bound(function, arguments, settings).items():
        for path, value in (*flatten(x, name)[0], (name, x)):
            try:
                _part(value, [], [])
            except _IncomparableError:
                return path
    return "an argument"


# ---------------------------------------------------------------------------------------------------- differences


def differences(old: Hashable, new: Hashable) -> str:
    """How two signatures differ, as a clause that says why a program is made."""
    if old == new:
        return "it was asked for in another way: value, value_and_grad and step have programs of their own"
    pairs = zip(old, new) if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new) else ()
    for position, (one, other) in enumerate(pairs):
        if one != other:
            (name, before), (new_name, after) = _argument(position, one), _argument(position, other)
            if name == new_name:
                what = name if " " in str(name) else f"argument {name}"
                return f"{what} was {_described(before)}, then {_described(after)}"
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
    if isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], type):
        return f"a {part[0].__name__}" if isinstance(part[1], tuple) else str(part[1])
    return str(part)
