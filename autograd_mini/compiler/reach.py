"""Everything that a function can read besides its arguments, place by place, found by walking from the function.

A place is a variable of a closure, a global that code names, a default value, an item, an attribute, the content of an
array. What is read by reference at each call (Tensors, buffers, random generators) and what can't change leads nowhere;
what nobody can look into is listed as unknown.
"""

from __future__ import annotations

import abc
import array
import builtins
import datetime
import decimal
import dis
import enum
import functools
import gc
import importlib.util
import operator
import os
import pathlib
import random
import re
import reprlib
import struct
import sys
import threading
import types
import weakref
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from operator import is_
from types import CellType, CodeType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autograd_mini.ops import Op
from autograd_mini.state import Buffer
from autograd_mini.static import is_static
from autograd_mini.tensor import Tensor

# ------------------------------------------------------------------------------------------------- what is the same

ABSENT: Any = type("Absent", (), {})()  # stands for what is not there
PLAIN = frozenset({bool, int, float, complex, str, bytes, types.NoneType, types.EllipsisType, types.NotImplementedType})
"""The types whose values are compared; exactly these, as a subclass may compare in its own way."""

_DEEPEST = 8  # tuples nested deeper go by identity, as the recursion must end


def same(one: Any, other: Any, depth: int = _DEEPEST) -> bool:
    """Whether a function can't tell two things apart: plain values by type and value, all others by identity.

    >>> same(float("nan"), float("nan")), same((1, 2), (1, 2)), same(1, 1.0), same(0.0, -0.0), same([], [])
    (True, True, False, False, False)
    """
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is float or kind is complex:
        return repr(one) == repr(other)
    if kind is tuple:
        return depth > 0 and len(one) == len(other) and all(same(x, y, depth - 1) for x, y in zip(one, other))
    return one.tobytes() == other.tobytes() if isinstance(one, np.generic) else kind in PLAIN and bool(one == other)


def all_same(current: Sequence[Any], parts: Sequence[Any]) -> bool:
    """Whether two sequences hold the same."""
    return len(current) == len(parts) and (all(map(is_, current, parts)) or all(map(same, current, parts)))


def is_plain(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether a value is compared by value: numbers, strings, None, and tuples of them down to some depth."""
    if type(value) is tuple:
        return depth > 0 and all(is_plain(part, depth - 1) for part in value)
    return type(value) in PLAIN or isinstance(value, np.generic)


# --------------------------------------------------------------------------------------------- whose code, what ran

_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
_OWNERS = {
    os.path.join(_PROJECT, "autograd_mini", ""): "ours",
    os.path.join(_PROJECT, "nn", ""): "nn",
    os.path.join(os.path.dirname(np.__file__), ""): "numpy",
    "<__array_function__ internals>": "numpy",
    f"{os.sep}site-packages{os.sep}": "installed",
    f"{os.sep}dist-packages{os.sep}": "installed",
    os.path.join(os.path.dirname(os.__file__), ""): "python",
    "<frozen": "python",
}
FOLLOWED = ("user", "installed")  # whose code is looked into


@functools.cache
def owner_of(file: str) -> str:
    """Whose code a file holds: "ours", "nn", "numpy", "python", "installed" or "user"."""
    return next((owner for folder, owner in _OWNERS.items() if folder in file), "user")


def _owner_of_module(name: str) -> str:
    file = getattr(sys.modules.get(name), "__file__", None)
    return owner_of(file or ("<frozen" if name in sys.builtin_module_names else ""))


@dataclass
class Ran:
    """What ran while a function was traced: only this code can have read anything."""

    may: bool = False  # before the trace: all code that the walk comes to may run
    codes: set[CodeType] = field(default_factory=set)
    names: set[str] = field(default_factory=set)  # the attributes that the code names
    by_promise: bool = False  # what was promised to stay is entered too
    by_name_alone: bool = True  # attributes were read by no other means, such as `getattr(self, f"w{i}")`

    def add(self, code: CodeType) -> None:
        """Take note of code that runs, and of the names in it."""
        self.codes.add(code)
        self.names.update(code.co_names, _texts(code.co_consts))


def _texts(constant: Any) -> list[str]:
    """The strings in constants: `getattr(self, "rate")` reads by one."""
    if isinstance(constant, (tuple, frozenset)):
        return [text for part in constant for text in _texts(part)]
    return [constant] if isinstance(constant, str) else []


# ------------------------------------------------------------------------------------------------------------- places


def _content(x: Any) -> tuple[Any, ...]:
    """The entries of an array, a buffer of bytes and the like, to be compared bit by bit."""
    data = np.asarray(x) if isinstance(x, (np.ndarray, np.void)) else np.frombuffer(x, np.uint8)
    return data.shape, data.dtype.str, data.flags.writeable, data.tobytes()


def _in_context(variable: ContextVar[Any]) -> Any:
    try:
        return variable.get()
    except LookupError:
        return ABSENT


def _kept(cached: Any, known: Sequence[Any] | None) -> list[Any]:
    """The results of earlier calls that a function still keeps, of those `known`."""
    inside = [x for part in gc.get_referents(cached) for x in (part.values() if type(part) is dict else [part])]
    here = {id(x): x for x in inside if type(x).__name__ != "_lru_list_elem"}
    return [*here.values()] if known is None else [x for x in known if id(x) in here]


_READ_BY: tuple[Any, ...] = (_content, _in_context, _kept, np.count_nonzero, decimal.getcontext)
NAMES_IN_SOURCE: dict[str, Any] = {"ABSENT": ABSENT, **{function.__name__: function for function in _READ_BY}}

# How to read a place: one text, evaluated here and written into the generated check, so that both agree. A star stands
# before what gives many parts.
FIXED = "{key}"  # what can't change
FIXED_ITEMS = "*{key}"
CELL = "{owner}.cell_contents"
ENTRY = "{owner}.get({key}, ABSENT)"
PRESENT = "{owner}[{key}]"  # twice as fast, where there is one
ATTRIBUTE = "{owner}.__dict__[{key}]"
GOTTEN = "getattr({owner}, {key}, ABSENT)"
TYPE = "type({owner})"
CALLED = "{owner}()"
IN_CONTEXT = "_in_context({owner})"
GONE = "{owner}() is None"
CACHED = "*_kept({owner}, {key})"  # the results that a function keeps, of those that it kept
DECIMALS = "repr(getcontext())"
FLAGS = '{owner}._requires_grad if {owner}._extras is None or not {owner}._extras.hooks else "hooks"'
LENGTH = "len({owner})"
TRUTH = "bool({owner}[{key}])"
CONTENT = "_content({owner})"
FORM = "({owner}.shape, {owner}.dtype) == {key}"
SELECTED = "count_nonzero({owner})"
ENTRIES = "*{owner}.ravel().tolist()"
ITEMS = "*{key}.__iter__({owner})"  # of list, say: an iteration of the user's subclass might do anything
VALUES = "*{key}.values({owner})"
SAME_KEYS = "*{key}.keys({owner})"
SAME_NAMES = "*{owner}.__dict__"
KEYS = (SAME_KEYS, SAME_NAMES)  # whose parts are keys

_DESCRIPTIONS = {"__name__", "__qualname__", "__doc__", "__annotations__", "__module__"}  # of functions and classes
_is_special = re.compile("__.*__").fullmatch
_LONG = 400  # the paths of a list linked 100 000 times would fill the memory


@functools.cache
def _reading(reader: str) -> Callable[[Any, Any], tuple[Any, ...]]:
    return eval(f"lambda owner, key: ({reader.format(owner='owner', key='key')},)", NAMES_IN_SOURCE)  # type: ignore[no-any-return]


class Place(NamedTuple):
    """A place that a function can read: how it is read, and the parts that were there."""

    path: str  # what a message calls it
    reader: str
    owner: Any
    key: Any
    parts: tuple[Any, ...]
    labels: Sequence[Any] = ()  # the keys of the parts, where these are not 0, 1, 2 and so on
    leads: bool = True  # what is there can be read in its turn
    sure: bool = True  # code names it, so that it was read if that code ran

    def path_of(self, position: int) -> str:
        """What a message calls one of the parts: `model.layers[0]`."""
        if not self.reader.startswith("*") or self.reader in KEYS:
            return self.path
        return self.part(self.labels[position] if self.labels else position)

    def part(self, label: Any) -> str:
        """What a message calls the part of a name or key."""
        return f"{self.path}.{label}" if self.reader == SAME_NAMES else f"{self.path}[{reprlib.repr(label)}]"

    def current(self) -> tuple[Any, ...]:
        """The parts that are there now; ABSENT where there is nothing to read any more."""
        try:
            return _reading(self.reader)(self.owner, self.key)
        except (AttributeError, KeyError, ValueError):
            return (ABSENT,)

    def inner(self) -> list[tuple[Any, str]]:
        """What can be read in its turn, the last first. Plain values can't, and there may be very many of them."""
        walked = [i for i, part in enumerate(self.parts) if type(part) not in PLAIN and part is not ABSENT]
        return [(self.parts[i], self.path_of(i)) for i in reversed(walked)] if self.leads else []


def place(path: str, reader: str, owner: Any, key: Any = None, labels: Any = (), **known: bool) -> Place:
    """A place, with the parts that are there now."""
    path = path if len(path) < _LONG else f"{path[: _LONG // 2]}...{path[-_LONG // 4 :]}"
    return Place(path, reader, owner, key, _reading(reader)(owner, key), labels, **known)


def fixed(path: str, part: Any) -> Place:
    """A place where the same object stays."""
    return place(path, FIXED, None, part)


# ----------------------------------------------------------------------------------------------------------- the walk

_Places = Iterable[Place]


class Roots(NamedTuple):
    """Where a walk begins: objects, each with what messages call it."""

    first: Sequence[tuple[Any, str]]
    late: Sequence[tuple[Any, str]] = ()
    known: Sequence[Any] = ()


class Reach:
    """Every place that can be read from some roots, each once, from the outside in.

    These are the places that the code which ran can have read. An array for which `by_reference` holds is read by
    operations only, at each call. What is `known` is not entered from the `late` roots.

    >>> settings = {"rate": 0.1}
    >>> last = Reach(Roots([(lambda x: settings["rate"] * x, "f")]), Ran(may=True)).places[-1]
    >>> last.path_of(0), last.parts
    ("settings['rate']", (0.1,))
    """

    def __init__(self, roots: Roots, ran: Ran, by_reference: Callable[[Any], bool] = lambda array: True) -> None:
        self.ran = ran
        self.by_reference = by_reference
        size = None
        while size != (size := (len(ran.codes), len(ran.names), ran.by_name_alone)):
            self._walk(roots)  # found late may be the name of an attribute that was passed by

    def _walk(self, roots: Roots) -> None:
        self._seen: dict[int, Any] = {}  # with the objects: an identity is one only while its object lives
        self.entered: set[Any] = set()  # the code of the functions that were found, and of those inside them
        self.promised: list[tuple[Any, str]] = []
        self.unknown: list[tuple[str, Any]] = []
        self._weak: list[tuple[str, Any]] = []
        found: dict[tuple[Any, ...], Place] = {}
        self._walk_from(roots.first, found)
        self._seen |= {id(x): x for x in roots.known}
        self._walk_from(roots.late, found)
        self.unknown += [(path, x) for path, x in self._weak if x() is not None and id(x()) not in self._seen]
        self.places = [*found.values()]

    def _walk_from(self, roots: Sequence[tuple[Any, str]], found: dict[tuple[Any, ...], Place]) -> None:
        surely, perhaps = [*reversed(roots)], list[tuple[Any, str]]()
        while surely or perhaps:
            self.sure = bool(surely)
            value, path = (surely or perhaps).pop()
            if id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            if not self.ran.by_promise and is_static(value):
                self.promised.append((value, path))
                continue
            places = [*self._places(value, path)]
            for own in places:
                found.setdefault((id(own.owner), own.reader, own.key if isinstance(own.key, str) else id(own.key)), own)
            for own in reversed(places):
                (surely if self.sure and own.sure else perhaps).extend(own.inner())

    def _places(self, value: Any, path: str) -> _Places:
        kind = type(value)
        if value is decimal or value is decimal.Decimal or kind is decimal.Decimal:
            yield place("the decimal context", DECIMALS, None)
        of_kind = next((function for kinds, function in _KINDS if issubclass(kind, kinds)), Reach.instance)
        yield from of_kind(self, value, path)
        if issubclass(kind, CONTAINERS) and kind not in CONTAINERS:
            yield from self.instance(value, path)
        elif of_kind not in (Reach.instance, Reach.kind) and _owner_of_module(kind.__module__) in FOLLOWED:
            yield from (place(f"the class of {path}", TYPE, value), *self.attributes(value, path))

    def refuse(self, value: Any, path: str) -> _Places:
        """Nobody can look into it."""
        self.unknown += [(path, value)] if self.sure else []
        return ()

    def has_run(self, code: CodeType | None) -> bool:
        """Whether code can have read anything."""
        # There is too much installed code to look at what only might run.
        if self.ran.may and code is not None and owner_of(code.co_filename) != "installed":
            self.ran.add(code)
        return code in self.ran.codes

    # ------------------------------------------------------------------------------------------ functions and modules

    def function(self, value: FunctionType, path: str) -> _Places:
        """The places that a function has; of a library's function only what users can have given it."""
        code = value.__code__
        variables = [fixed(n, cell) for n, cell in zip(code.co_freevars, value.__closure__ or ()) if n != "__class__"]
        if owner_of(code.co_filename) not in FOLLOWED:  # Python keeps much for itself, as functools.singledispatch does
            kept = (*variables, *_defaults(value, path), *wrapped(value, path))
            yield from (own._replace(sure=False) for own in kept)
            return
        yield from _gotten(value, path, *sorted(_DESCRIPTIONS & self.ran.names))
        self.entered.update(_with_inner(code))
        if self.has_run(code):
            yield from (*variables, *_defaults(value, path), place(f"the code of {path}", GOTTEN, value, "__code__"))
            yield from (*self.attributes(value, path), *self._globals(value))

    def _globals(self, value: FunctionType) -> _Places:
        codes = [code for code in _with_inner(value.__code__) if self.has_run(code)]
        scope = value.__globals__
        for name in dict.fromkeys(name for code in codes for name in _names_outside(code)[0]):
            yield place(name, PRESENT if name in scope else ENTRY, scope, name)
            if name not in scope:
                yield place(name, ENTRY, vars(builtins), name)
        for relative in dict.fromkeys(name for code in codes for name in _names_outside(code)[1]):
            name = importlib.util.resolve_name(relative, scope.get("__package__") or "")
            yield place(f"the module {name}", ENTRY, sys.modules, name)

    def module(self, value: ModuleType, path: str) -> _Places:
        """The attributes of a module that code names; those of a library lead to what users have put there."""
        own = vars(value)
        named = [name for name in own if name in self.ran.names and not _is_special(name)]
        if value is sys and "modules" in named:  # installed code looks there for what is installed
            codes = [code for code in self.ran.codes if owner_of(code.co_filename) == "user"]
            return self.refuse(own["modules"], path) if any("modules" in code.co_names for code in codes) else ()
        if _owner_of_module(value.__name__) not in FOLLOWED:
            return [place(f"{path}.{name}", PRESENT, own, name, leads=_is_users(own[name])) for name in named]
        found = [place(f"{path}.{name}", PRESENT, own, name) for name in (*named, *{"__getattr__"} & own.keys())]
        if not (self.ran.by_name_alone or self.ran.may):
            others = [name for name in own if not _is_special(name)]
            found += [place(f"{path}.{name}", ENTRY, own, name, sure=False) for name in others]
            found += [place(path, SAME_NAMES, value)]
        return found

    # -------------------------------------------------------------------------------------------- objects and classes

    def instance(self, value: Any, path: str) -> _Places:
        """Attributes, slots and the class of an object that hides nothing."""
        kind: Any = type(value)
        if _owner_of_module(kind.__module__) == "ours":
            return wrapped(value, path)
        if not is_transparent(kind) or isinstance(kind.__getattribute__, FunctionType):
            return self.refuse(value, path)
        return [place(f"the class of {path}", TYPE, value), *self.attributes(value, path)]

    def attributes(self, value: Any, path: str) -> _Places:
        """What is in the `__dict__` of an object and in its slots."""
        kind: Any = type(value)
        by_python = _has_base_of_python(kind)  # whose methods, which nobody looks into, may read any attribute
        own = [(name, ATTRIBUTE) for name in getattr(value, "__dict__", ()) if not is_own_key(name)]
        if hasattr(value, "__dict__") and (own or not isinstance(value, FunctionType)):
            yield place(path, SAME_NAMES, value)
        for name, reader in [*own, *((name, GOTTEN) for name in slots_of(kind))]:
            named = name in self.ran.names
            if named or by_python or not self.ran.by_name_alone:
                yield place(f"{path}.{name}", reader, value, name, sure=named or by_python)

    def kind(self, value: type, path: str) -> _Places:
        """The methods of a class that ran, its named attributes, and its bases."""
        name, owner = value.__name__, _owner_of_module(value.__module__)
        self.ran.by_name_alone &= self.ran.may or value not in (operator.attrgetter, operator.methodcaller)
        if owner not in (*FOLLOWED, "nn"):
            return
        if issubclass(value, enum.Enum):
            yield from [fixed(f"{name}.{key}", value[key]) for key in value.__members__]
        yield place(f"the number of attributes of {name}", LENGTH, vars(value))
        if owner != "nn":
            described = _gotten(value, name, *sorted(_DESCRIPTIONS & self.ran.names))
            yield from (place(f"the bases of {name}", GOTTEN, value, "__mro__"), *described)
            if isinstance(value, abc.ABCMeta):  # another class may be registered as one of these
                yield place(f"what counts as {name}", CALLED, abc.get_cache_token)
        for key, x in [*vars(value).items()]:
            if isinstance(x, functools.cached_property):  # what it keeps is an attribute like others
                self.entered.add(getattr(x.func, "__code__", None))
            if self._matters(key, x) if owner != "nn" else isinstance(x, FunctionType) and self.has_run(x.__code__):
                yield place(f"{name}.{key}", ATTRIBUTE, value, key)
        yield from [fixed(base.__name__, base) for base in (*value.__bases__, type(value)) if base is not type]

    def _matters(self, name: str, value: Any) -> bool:
        """Methods such as `__call__` need not be named to be called; what is named may be a method that is not."""
        codes = [getattr(inner, "__code__", None) for inner in (value, *_inner_functions(value))]
        implicit = not self.ran.may or bool(_is_special(name))
        hidden = not (self.ran.by_name_alone or _is_special(name) or name == "_abc_impl")  # getattr(self, f"scale_{i}")
        return hidden or name in self.ran.names or (implicit and any(map(self.has_run, codes)))

    # ------------------------------------------------------------------------------------------------------ all others

    def mapping(self, value: Any, path: str) -> _Places:
        """The keys of a dict or the like, and what is found there."""
        base = _base(value)
        keys = place(path, SAME_KEYS, value, base)
        return [keys, place(path, VALUES, value, base, keys.parts)] if keys.parts else [keys]

    def array(self, value: np.ndarray[Any, Any], path: str) -> _Places:
        """What is in an array that NumPy reads, or the form of one that operations read at each call."""
        if value.dtype.hasobject:
            return [place(path, ENTRIES, value)]
        if self.by_reference(value):
            return [place(f"the shape of {path}", FORM, value, (value.shape, value.dtype))]
        return [place(f"the content of {path}", CONTENT, value)]

    def tensor(self, value: Tensor, path: str) -> _Places:
        """Whether it takes part in gradients."""
        named = _gotten(value, path, *({"name"} & self.ran.names))
        return [place(f"{path}.requires_grad", FLAGS, value), *named]

    def builtin(self, value: Any, path: str) -> _Places:
        """The object of a method written in C, `rng.normal` say."""
        self.ran.by_name_alone &= self.ran.may or value not in (getattr, vars)
        owner = getattr(value, "__self__", None)
        is_method = owner is not None and not isinstance(owner, (ModuleType, type))
        return [fixed(f"{path}.__self__", owner)] if is_method else ()

    def getter(self, value: Any, path: str) -> _Places:
        """It reads attributes by names that no code has."""
        self.ran.by_name_alone = False
        return ()

    def reference(self, value: Any, path: str) -> _Places:
        """A weak reference to what is reached by another way too; a guard would keep all else alive."""
        self._weak += [(path, value)] if self.sure else []
        return [place(f"what {path} refers to", GONE, value)]

    def cached(self, value: Any, path: str) -> _Places:
        """The function whose results are kept, and how many of them there are."""
        if hasattr(value.__wrapped__, "__code__"):  # it ran before
            self.ran.add(value.__wrapped__.__code__)
        return [place(f"the results that {path} keeps", CACHED, value, _kept(value, None)), *wrapped(value, path)]


GENERATORS_OF_NUMPY = (np.random.Generator, np.random.BitGenerator, np.random.RandomState)
GENERATORS = (*GENERATORS_OF_NUMPY, random.Random)  # what they draw is drawn at each call
_STATES = {"bit_generator", "getstate", "get_state"}  # not to be read
_MAPPINGS = (OrderedDict, dict, MappingProxyType)
_LISTS = (list, deque, set, frozenset)
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_DESCRIPTORS = (property, staticmethod, classmethod, functools.partialmethod)
_BUILTINS = (types.BuiltinMethodType, types.MethodWrapperType, type(np.random.default_rng))
CONTAINERS = (*_MAPPINGS, *_LISTS, tuple, np.ndarray)
_VISIBLE = {*CONTAINERS, int, float, complex, str, bytes, types.SimpleNamespace, threading.local}
"""Classes written in C whose content is looked at, so that a subclass hides nothing."""
CONSTANT = (
    *(types.NoneType, types.EllipsisType, types.NotImplementedType, range, slice, CodeType),
    *(np.generic, np.dtype, np.ufunc, type(np.mean), Buffer),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, re.Pattern, pathlib.PurePath),
    *(operator.itemgetter, struct.Struct, types.GenericAlias, types.UnionType, types.MethodDescriptorType),
    *(types.GetSetDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType, MemberDescriptorType),
    *(type(vars(namedtuple("Pair", "one"))["one"]), type(threading.Lock()), type(threading.RLock())),
    functools.cached_property,  # what it keeps is looked at, and must not be a stand-in: see `watch`
)

_KINDS: list[tuple[Any, Callable[[Reach, Any, str], _Places]]] = [
    (Tensor, Reach.tensor),
    (np.ndarray, Reach.array),
    (GENERATORS, lambda self, x, path: () if _STATES.isdisjoint(self.ran.names) else self.refuse(x, path)),
    ((bytearray, memoryview, array.array, np.void), lambda _, x, path: [place(f"the content of {path}", CONTENT, x)]),
    (CONSTANT, lambda _, x, path: ()),
    ((enum.Enum, threading.local), Reach.attributes),
    ((operator.attrgetter, operator.methodcaller), Reach.getter),
    (tuple, lambda _, x, path: [place(path, FIXED_ITEMS, None, x)]),
    (_MAPPINGS, Reach.mapping),
    (_LISTS, lambda _, x, path: [place(path, ITEMS, x, _base(x))]),
    (FunctionType, Reach.function),
    (MethodType, lambda _, x, path: [fixed(f"{path}.__self__", x.__self__), fixed(path, x.__func__)]),
    (_BUILTINS, Reach.builtin),
    (functools.partial, lambda _, x, path: [place(path, GOTTEN, x, "func"), *_gotten(x, path, "args", "keywords")]),
    (CellType, lambda _, x, path: [place(path, CELL, x)] if x != CellType() else ()),  # an empty one is not set yet
    (_DESCRIPTORS, lambda _, x, path: [fixed(path, function) for function in _inner_functions(x)]),
    (Op, lambda _, x, path: [fixed(path, function) for function in (x.forward, *x.vjps, x.each)]),
    (type, Reach.kind),
    (ModuleType, Reach.module),
    (VIEWS, lambda _, x, path: [fixed(path, x.mapping)]),
    (weakref.ReferenceType, Reach.reference),
    (ContextVar, lambda _, x, path: [place(path, IN_CONTEXT, x)]),
    (type(functools.lru_cache(len)), Reach.cached),
]


def what_may_be_read(*roots: tuple[Any, str]) -> list[Place]:
    """The places that code which can be reached from the roots may read when it runs."""
    return Reach(Roots(roots), Ran(may=True)).places


# ------------------------------------------------------------------------------------------ what is known of objects


def _is_users(value: Any) -> bool:
    """Whether users may have put a value into a module of a library, or change what is in it."""
    code = value.__code__ if isinstance(value, FunctionType) else None
    return isinstance(value, (ModuleType, list, dict)) if code is None else owner_of(code.co_filename) in FOLLOWED


def is_own_key(name: Any) -> bool:
    """Whether an attribute is ours: the programs of a compiled method."""
    return isinstance(name, str) and name.startswith("<compiled")


def wrapped(value: Any, path: str) -> _Places:
    """What a decorator has kept of the function that it decorates."""
    return [fixed(path, x) for x in [getattr(value, "__dict__", {}).get("__wrapped__")] if x is not None]


def _defaults(function: FunctionType, path: str) -> _Places:
    code, values, named = function.__code__, function.__defaults__, function.__kwdefaults__
    if values:
        yield place(f"the defaults of {path}", GOTTEN, function, "__defaults__", leads=False)
        yield from map(fixed, code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values)
    if named:
        yield place(f"the keyword defaults of {path}", GOTTEN, function, "__kwdefaults__", leads=False)
        yield from (place(name, PRESENT, named, name) for name in named)


def _gotten(value: Any, path: str, *names: str) -> list[Place]:
    return [place(f"{path}.{name}", GOTTEN, value, name) for name in names]


def _with_inner(code: CodeType) -> list[CodeType]:
    """A function's code, then that of the functions, lambdas and classes inside it."""
    found = [code]
    for outer in found:
        found += [constant for constant in outer.co_consts if isinstance(constant, CodeType)]
    return found


@functools.lru_cache(maxsize=4096)
def _names_outside(code: CodeType) -> tuple[list[str], list[str]]:
    """The globals that code reads (`co_names` also has the names of attributes), and the modules that it imports."""
    names, modules, level = [], [], 0
    for read in dis.get_instructions(code):
        if read.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
            names.append(read.argval)
        elif read.opname in ("LOAD_CONST", "LOAD_SMALL_INT") and isinstance(read.argval, int):
            level = read.argval
        elif read.opname == "IMPORT_NAME":
            modules.append("." * level + read.argval)
    return names, modules


def _inner_functions(value: Any) -> list[Any]:
    """The functions that a descriptor calls."""
    names = ("__func__", "func", "fget", "fset") if issubclass(type(value), _DESCRIPTORS) else ()
    return [x for x in (getattr(value, name, None) for name in names) if callable(x)]


def is_transparent(kind: type) -> bool:
    """Whether all that instances hold is seen: each byte of them is a slot, the `__dict__`, or known."""
    return all(base in _VISIBLE or _hides_nothing(base) for base in kind.__mro__[:-1])


@functools.lru_cache(maxsize=1024)
def _hides_nothing(kind: Any) -> bool:
    own = vars(kind)
    members = sum(type(x) is MemberDescriptorType for x in own.values()) + ("__dict__" in own) + ("__weakref__" in own)
    return bool(kind.__basicsize__ - kind.__base__.__basicsize__ <= struct.calcsize("P") * members)


@functools.lru_cache(maxsize=1024)
def _has_base_of_python(kind: Any) -> bool:
    bases = [base for base in kind.__mro__[:-1] if base not in _VISIBLE]
    return any(_owner_of_module(base.__module__) in ("python", "numpy") for base in bases)


@functools.lru_cache(maxsize=1024)
def slots_of(kind: Any) -> list[str]:
    """The names of the slots of a class, but for the label of a module, which only drawings read."""
    bases = [vars(base) for base in kind.__mro__ if base.__module__ not in ("builtins", "nn.module")]
    return [name for own in bases for name, x in own.items() if type(x) is MemberDescriptorType]


def _base(value: Any) -> Any:
    return next(base for base in (*_MAPPINGS, *_LISTS) if isinstance(value, base))
