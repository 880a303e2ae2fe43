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
import importlib.util
import operator
import os
import random
import re
import reprlib
import struct
import sys
import threading
import types
import weakref
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autograd_mini.compiler.sameness import ABSENT, PLAIN
from autograd_mini.ops import Op
from autograd_mini.state import Buffer
from autograd_mini.static import is_static
from autograd_mini.tensor import Tensor

# --------------------------------------------------------------------------------------------------- whose code it is

_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
_OURS = os.path.join(_PROJECT, "autograd_mini", "")
_NN = os.path.join(_PROJECT, "nn", "")
_NUMPY = os.path.join(os.path.dirname(np.__file__), "")
_PYTHON = os.path.dirname(os.__file__) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@functools.cache
def owner_of(file: str) -> str:
    """Whose code a file holds: "ours", "nn", "numpy", "python", "installed" or "user"."""
    if file.startswith(_OURS):
        return "ours"
    if file.startswith(_NN):
        return "nn"
    if file.startswith(_NUMPY) or file == "<__array_function__ internals>":
        return "numpy"
    if any(folder in file for folder in _INSTALLED):
        return "installed"
    return "python" if file.startswith((_PYTHON, "<frozen")) else "user"


FOLLOWED = ("user", "installed")
"""Whose code is looked into."""


def _owner_of_module(name: str) -> str:
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        return "python" if name in sys.builtin_module_names else "user"
    return owner_of(file)


@dataclass
class Ran:
    """What ran while a function was traced: only this code can have read anything.

    What `may` run, before the trace, is all code that the walk comes to.
    """

    may: bool = False
    codes: set[CodeType] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """The attributes that the code names."""
    by_name_alone: bool = True
    """Whether attributes were read by no other means, such as `getattr(self, f"w{i}")` or `vars(self)`."""

    def add(self, code: CodeType) -> None:
        """Take note of code that runs, and of the names in it."""
        self.codes.add(code)
        self.names.update(code.co_names)
        self.names.update(_texts(code.co_consts))


def _texts(constants: Iterable[Any]) -> Iterator[str]:
    """The strings among constants: `getattr(self, "rate")` reads by one."""
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, (tuple, frozenset)):
            yield from _texts(constant)


# ------------------------------------------------------------------------------------------------------------- places


# fmt: off
PURE_MODULES = frozenset({
    "abc", "array", "bisect", "builtins", "cmath", "collections", "collections_abc", "colorsys", "contextlib",
    "contextvars", "copy", "copyreg", "dataclasses", "datetime", "enum", "fractions", "functools", "heapq",
    "importlib", "inspect", "itertools", "json", "keyword", "linecache", "logging", "math", "numbers", "operator",
    "pprint", "py_abc", "re", "reprlib", "sre", "statistics", "string", "struct", "textwrap", "tokenize", "traceback",
    "types", "typing", "warnings", "weakref", "weakrefset",
})
# fmt: on
"""Modules of Python whose functions give the same for the same, or, as logging, change nothing that is computed."""


class Reader:
    """How to read a place: one text, evaluated here and written into the generated check, so that both agree."""

    def __init__(self, source: str, many: bool = False) -> None:
        self.source = source
        self.many = many
        self._read = eval(f"lambda owner, key: {source.format(owner='owner', key='key')}", dict(NAMES_IN_SOURCE))

    def read(self, owner: Any, key: Any) -> tuple[Any, ...]:
        """The parts that are there now."""
        return tuple(self._read(owner, key)) if self.many else (self._read(owner, key),)


def content(x: Any) -> tuple[Any, ...]:
    """The entries of an array, a buffer of bytes and the like, to be compared bit by bit."""
    data = np.asarray(x) if isinstance(x, (np.ndarray, np.void)) else np.frombuffer(x, np.uint8)
    return data.shape, data.dtype.str, data.flags.writeable, data.tobytes()


def is_of(x: Any, shape: tuple[int, ...], dtype: Any) -> bool:
    """Whether an array has this shape and dtype."""
    return bool(x.shape == shape and x.dtype == dtype)


def in_context(variable: ContextVar[Any]) -> Any:
    """The value of a context variable, or its default."""
    try:
        return variable.get()
    except LookupError:
        return ABSENT


NAMES_IN_SOURCE: dict[str, Any] = {
    "ABSENT": ABSENT,
    "content": content,
    "count": np.count_nonzero,
    "in_context": in_context,
    "is_of": is_of,
}

FIXED = Reader("{key}", many=True)  # what can't change, as the items of a tuple
CELL = Reader("{owner}.cell_contents")
ENTRY = Reader("{owner}.get({key}, ABSENT)")
PRESENT = Reader("{owner}[{key}]")  # twice as fast, where there is one
GOTTEN = Reader("getattr({owner}, {key}, ABSENT)")
TYPE = Reader("type({owner})")
CALLED = Reader("{owner}()")
IN_CONTEXT = Reader("in_context({owner})")
GONE = Reader("{owner}() is None")
CACHED = Reader("{owner}.cache_info()[1::2]")  # calls that had to compute, and results that are kept
FLAGS = Reader('{owner}._requires_grad if {owner}._extras is None or not {owner}._extras.hooks else "hooks"')
COUNT = Reader("len({owner}.__dict__)")
CONTENT = Reader("content({owner})")
FORM = Reader("is_of({owner}, *{key})")
SELECTED = Reader("count({owner})")
ENTRIES = Reader("{owner}.ravel().tolist()", many=True)
ITEMS = Reader("{owner}", many=True)
VALUES = Reader("{owner}.values()", many=True)
BY_BASE = Reader("{key}({owner})", many=True)  # for subclasses: the iteration of the base, not one of the user's
ATTRIBUTE = Reader("{owner}.__dict__[{key}]")
CODE = Reader("{owner}.__code__")
TRUTH = Reader("bool({owner}[{key}])")
LENGTH = Reader("len({owner})")
SAME_KEYS = Reader("[*{owner}] == {key}")
SAME_NAMES = Reader("[*{owner}.__dict__] == {key}")
KEYS = {SAME_KEYS: lambda owner: [*owner], SAME_NAMES: lambda owner: [*owner.__dict__]}
"""The readers that compare keys, and how those of today are found for a message."""

Style = Callable[[str, Any], str]
"""What a message calls a part, from the path of its owner and the part's label."""


def whole(path: str, label: Any) -> str:
    """The part is all that the path leads to."""
    return path


def by_name(path: str, label: Any) -> str:
    """The part is a variable with a name of its own."""
    return str(label)


def by_key(path: str, label: Any) -> str:
    """The part is an item: `layers[0]`."""
    return f"{path}[{reprlib.repr(label)}]"


def by_attribute(path: str, label: Any) -> str:
    """The part is an attribute: `model.weight`."""
    return f"{path}.{label}"


_LONG = 400  # the paths of a list linked 100 000 times would fill the memory


class Place(NamedTuple):
    """A place that a function can read: how it is read, and the parts that were there."""

    path: str
    reader: Reader
    owner: Any
    key: Any
    parts: tuple[Any, ...]
    style: Style = whole
    labels: Sequence[Any] = ()
    leads: bool = True
    """Whether what is there can be read in its turn."""

    def path_of(self, position: int) -> str:
        """What a message calls one of the parts: `model.layers[0]`."""
        path = self.style(self.path, self.labels[position]) if self.labels else self.path
        return path if len(path) < _LONG else f"{path[: _LONG // 2]}...{path[-_LONG // 4 :]}"

    def current(self) -> tuple[Any, ...]:
        """The parts that are there now; ABSENT where there is nothing to read any more."""
        try:
            return self.reader.read(self.owner, self.key)
        except (AttributeError, KeyError, ValueError):
            return (ABSENT,)

    def setting(self, position: int, value: Any) -> tuple[Any, ...] | None:
        """The call that puts something else in place of a part; None where that can't be done unseen."""
        if self.reader is CELL:
            return _set_cell, self.owner, value
        if self.reader in (ENTRY, PRESENT) and type(self.owner) is dict:
            return dict.__setitem__, self.owner, self.key, value
        if self.reader is ATTRIBUTE:
            return dict.__setitem__, self.owner.__dict__, self.key, value
        if self.reader is VALUES and type(self.owner) is dict:
            return dict.__setitem__, self.owner, self.labels[position], value
        if self.reader is ITEMS and type(self.owner) is list:
            return list.__setitem__, self.owner, position, value
        return None


_set_cell: Any = vars(CellType)["cell_contents"].__set__


def place(
    path: str,
    reader: Reader,
    owner: Any,
    key: Any = None,
    style: Style = whole,
    labels: Any = (),
    leads: bool = True,
) -> Place:
    """A place, with the parts that are there now."""
    return Place(path, reader, owner, key, reader.read(owner, key), style, labels, leads)


def fixed(path: str, parts: Sequence[Any], style: Style = whole, labels: Any = ()) -> Place:
    """A place whose parts stay the same objects."""
    return Place(path, FIXED, None, tuple(parts), tuple(parts), style, labels)


# ----------------------------------------------------------------------------------------------------------- the walk


class Reach:
    """Every place that can be read from some roots, each once, from the outside in.

    These are the places that the code which ran can have read. An array for which `by_reference` holds is read by
    operations only, at each call. What is `known` is not looked into.

    >>> settings = {"rate": 0.1}
    >>> last = Reach([(lambda x: settings["rate"] * x, "f")], Ran(may=True)).places[-1]
    >>> last.path_of(0), last.parts
    ("settings['rate']", (0.1,))
    """

    def __init__(
        self,
        roots: Iterable[tuple[Any, str]],
        ran: Ran,
        by_reference: Callable[[Any], bool] = lambda array: True,
        known: Iterable[Any] = (),
    ) -> None:
        self.ran = ran
        self.by_reference = by_reference
        self.places = self._walked(roots, known)
        if self.again:
            self.places = self._walked(roots, known)

    def _walked(self, roots: Iterable[tuple[Any, str]], known: Iterable[Any]) -> list[Place]:
        self.again = False
        """Whether attributes were passed by that may have been read."""
        self.unknown: list[tuple[str, Any]] = []
        self._weak: list[tuple[str, Any]] = []
        # With the objects: an identity is one only while its object lives.
        self._seen: dict[int, Any] = {id(x): x for x in known}
        found: dict[tuple[int, Reader, Any], Place] = {}
        waiting = [(value, path, True) for value, path in roots][::-1]
        while waiting:
            value, path, self.strict = waiting.pop()
            if id(value) not in self._seen and not is_static(value):
                self._seen[id(value)] = value
                steps = [(own, self.strict) for own in self._places(value, path)]
                for own, _ in steps:
                    key = own.key if isinstance(own.key, str) else id(own.key)
                    # What is fixed has no owner.
                    found.setdefault((id(own.owner), own.reader, key), own)
                waiting += [step for own, strict in reversed(steps) for step in _parts_to_walk(own, strict)]
        self.unknown += [(path, x) for path, x in self._weak if x() is not None and id(x()) not in self._seen]
        return list(found.values())

    def _places(self, value: Any, path: str) -> Iterable[Place]:
        """The places of a value. Whatever asks for `strict` while they are found is asked for the last of them."""
        of_kind = next((function for kind, function in _KINDS if issubclass(type(value), kind)), None)
        return of_kind(self, value, path) if of_kind else self.instance(value, path)

    def has_run(self, code: CodeType | None) -> bool:
        """Whether code can have read anything."""
        if self.ran.may and code is not None and code not in self.ran.codes:
            if owner_of(code.co_filename) == "installed":  # there is too much of it to look at what only might run
                return False
            self.ran.add(code)
        return code in self.ran.codes

    def names(self, name: str) -> bool:
        """Whether an attribute can have been read by its name."""
        return name in self.ran.names

    # ------------------------------------------------------------------------------------------ functions and modules

    def function(self, value: FunctionType, path: str) -> Iterator[Place]:
        """The places that a function has; of a library's function only what users can have given it."""
        code = value.__code__
        library = owner_of(code.co_filename) not in FOLLOWED
        if library:
            self.strict = False  # what Python keeps for itself, as functools.singledispatch does
        else:
            yield from self._described(value, path)
        if library or self.has_run(code):
            cells = zip(value.__closure__ or (), code.co_freevars)
            for cell, name in cells:
                if name != "__class__":
                    yield fixed(path, (cell,), by_name, (name,))
            yield from _defaults(value, path)
        if library:
            yield from wrapped(value, path)
        elif self.has_run(code):
            yield place(f"the code of {path}", CODE, value)
            yield from self.attributes(value, path)
            yield from self._globals(value)

    def _described(self, value: Any, path: str) -> Iterator[Place]:
        """The name, text and annotations of a function or class, where code names them."""
        named = [name for name in _DESCRIPTIONS if self.names(name)]
        yield from (place(path, GOTTEN, value, name, by_attribute, (name,)) for name in named)

    def _globals(self, value: FunctionType) -> Iterator[Place]:
        codes = [code for code in _with_inner(value.__code__) if self.has_run(code)]
        scope = value.__globals__
        for name in dict.fromkeys(name for code in codes for name in _global_names(code)):
            yield place(name, PRESENT if name in scope else ENTRY, scope, name)
            if name not in scope:
                yield place(name, ENTRY, vars(builtins), name)
        for name in dict.fromkeys(name for code in codes for name in _imported(code, scope)):
            yield place(f"the module {name}", ENTRY, sys.modules, name)

    def module(self, value: ModuleType, path: str) -> Iterator[Place]:
        """The attributes of a module that code names; those of a library lead to what users have put there."""
        own = vars(value)
        named = [name for name in own if name in self.ran.names and not _is_special(name)]
        if value is sys and "modules" in named:
            self.unknown.append((f"{path}.modules", sys.modules))
        elif _owner_of_module(value.__name__) not in FOLLOWED:
            yield from (place(f"{path}.{name}", PRESENT, own, name, leads=_is_users(own[name])) for name in named)
        else:
            named += {"__getattr__"} & own.keys()
            yield from (place(f"{path}.{name}", PRESENT, own, name) for name in named)
            if not self.ran.by_name_alone:
                self.strict = False
                yield place(path, SAME_KEYS, own, [*own], by_attribute)
                yield from (place(f"{path}.{name}", ENTRY, own, name) for name in own if not _is_special(name))

    def operation(self, value: Op, path: str) -> Iterator[Place]:
        """Its rules, which are traced, and its forward function, where that ran on plain arrays."""
        yield fixed(path, (value.forward, *value.vjps, value.each))

    # -------------------------------------------------------------------------------------------- objects and classes

    def instance(self, value: Any, path: str) -> Iterator[Place]:
        """Attributes, slots and the class of an object that hides nothing."""
        kind: Any = type(value)
        if _owner_of_module(kind.__module__) == "ours":
            yield from wrapped(value, path)
        elif not is_transparent(kind) or isinstance(kind.__getattribute__, FunctionType):
            if self.strict:
                self.unknown.append((path, value))
        else:
            yield place(f"the class of {path}", TYPE, value)
            yield from self.attributes(value, path)

    def attributes(self, value: Any, path: str) -> Iterator[Place]:
        """What is in the `__dict__` of an object and in its slots."""
        kind: Any = type(value)
        every = not self.ran.by_name_alone or _has_base_of_python(kind)
        names = [name for name in getattr(value, "__dict__", ()) if not is_own_key(name)]
        if hasattr(value, "__dict__") and (names or not isinstance(value, FunctionType)):
            yield self._names_of(value, path, every)
        named = [name for name in names if self.names(name)]
        for name in named:
            yield place(path, ATTRIBUTE, value, name, by_attribute, (name,))
        slots = slots_of(kind)
        for name in slots:
            if self.names(name):
                yield place(path, GOTTEN, value, name, by_attribute, (name,))
        if every:
            strict, self.strict = self.strict, self.strict and _has_base_of_python(kind)
            for name in names:
                if name not in named:
                    yield place(path, ATTRIBUTE, value, name, by_attribute, (name,))
            for name in slots:
                if not self.names(name):
                    yield place(path, GOTTEN, value, name, by_attribute, (name,))
            self.strict = strict

    def _names_of(self, value: Any, path: str, every: bool) -> Place:
        """Which attributes there are: how many, where none can hide one of the class or be asked for."""
        shared = [name for base in type(value).__mro__[:-1] for name, x in vars(base).items() if not callable(x)]
        if every or self.ran.may or any(map(self.names, shared)):
            return place(path, SAME_NAMES, value, [*value.__dict__], by_attribute)
        return place(f"the number of attributes of {path}", COUNT, value)

    def kind(self, value: type, path: str) -> Iterator[Place]:
        """The methods of a class that ran, its named attributes, and its bases."""
        if _owner_of_module(value.__module__) not in (*FOLLOWED, "nn"):
            return
        if issubclass(value, enum.Enum):
            yield fixed(value.__name__, [value[name] for name in value.__members__ if self.names(name)])
            return
        name = value.__name__
        if _owner_of_module(value.__module__) == "nn":
            methods = [(key, x) for key, x in vars(value).items() if isinstance(x, FunctionType)]
            ran = [key for key, x in methods if self.has_run(x.__code__)]
            yield from (place(name, ATTRIBUTE, value, key, by_attribute, (key,)) for key in ran)
            yield from (fixed(base.__name__, (base,)) for base in value.__bases__)
            return
        yield place(f"the number of attributes of {name}", COUNT, value)
        yield place(f"the bases of {name}", GOTTEN, value, "__mro__")
        yield from self._described(value, name)
        if isinstance(value, abc.ABCMeta):  # another class may be registered as one of these
            yield place(f"what counts as {name}", CALLED, abc.get_cache_token)
        for attribute, x in list(value.__dict__.items()):
            if attribute not in _OF_EVERY_CLASS and self._matters(attribute, x):
                yield place(name, ATTRIBUTE, value, attribute, by_attribute, (attribute,))
        yield from (fixed(base.__name__, (base,)) for base in (*value.__bases__, type(value)) if base is not type)

    def _matters(self, name: str, value: Any) -> bool:
        """Methods such as `__call__` need not be named to be called; what is named may be a method that is not."""
        if self.ran.may and _owner_of_module(getattr(value, "__module__", None) or "") == "installed":
            return False
        if self.names(name):
            return True
        codes = [getattr(inner, "__code__", None) for inner in (value, *_inner_functions(value))]
        implicit = not self.ran.may or (name.startswith("__") and name not in _SELDOM_CALLED)
        return implicit and any(code is not None and self.has_run(code) for code in codes)

    # ------------------------------------------------------------------------------------------------------ containers

    def items(self, value: Any, path: str) -> Iterator[Place]:
        """The items of a list, set or the like."""
        base = _base(value)
        if type(value) is base:
            yield place(path, ITEMS, value, None, by_key, range(len(value)))
        else:
            yield place(path, BY_BASE, value, base.__iter__, by_key, range(len(value)))
            yield from self.instance(value, path)

    def mapping(self, value: Any, path: str) -> Iterator[Place]:
        """The keys of a dict or the like, and what is found there."""
        base = _base(value)
        names = [*base.__iter__(value)]
        if type(value) is base:
            yield place(path, SAME_KEYS, value, names, by_key) if _are_texts(names) else _keys(path, value, base, names)
            if names:
                yield place(path, VALUES, value, None, by_key, names)
        else:
            yield _keys(path, value, base, names)
            yield place(path, BY_BASE, value, base.values, by_key, names)
            yield from self.instance(value, path)

    def tuple(self, value: tuple[Any, ...], path: str) -> Iterator[Place]:
        """The items of a tuple, which stay."""
        yield fixed(path, value, by_key, range(len(value)))
        if type(value) is not tuple:
            yield from self.instance(value, path)

    def array(self, value: np.ndarray[Any, Any], path: str) -> Iterator[Place]:
        """What is in an array that NumPy reads, or the form of one that operations read at each call."""
        if value.dtype.hasobject:
            yield place(path, ENTRIES, value, None, by_key, range(value.size))
        elif self.by_reference(value):
            yield place(f"the shape of {path}", FORM, value, (value.shape, value.dtype))
        else:
            yield place(f"the content of {path}", CONTENT, value)
        if type(value) is not np.ndarray:
            yield from self.instance(value, path)

    def bytes(self, value: Any, path: str) -> Iterator[Place]:
        """What is in memory that can be written."""
        yield place(f"the content of {path}", CONTENT, value)

    # ----------------------------------------------------------------------------------------------------- all others

    def nothing(self, value: Any, path: str) -> Iterator[Place]:
        """It can't change, or is read at each call."""
        return iter(())

    def tensor(self, value: Tensor, path: str) -> Iterator[Place]:
        """Whether it takes part in gradients."""
        yield place(f"{path}.requires_grad", FLAGS, value)
        if type(value) is not Tensor:
            yield from self.attributes(value, path)

    def method(self, value: MethodType, path: str) -> Iterator[Place]:
        """The object and the function."""
        yield fixed(path, (value.__self__, value.__func__), by_name, (f"{path}.__self__", path))

    def builtin(self, value: Any, path: str) -> Iterator[Place]:
        """The object of a method written in C, `rng.normal` say."""
        owner = getattr(value, "__self__", None)
        if owner is not None and not isinstance(owner, (ModuleType, type)):
            yield fixed(path, (owner,), by_name, (f"{path}.__self__",))

    def partial(self, value: functools.partial[Any], path: str) -> Iterator[Place]:
        """The function and the arguments that it has already."""
        for name, label in (("func", path), ("args", f"{path}.args"), ("keywords", f"{path}.keywords")):
            yield place(path, GOTTEN, value, name, by_name, (label,))

    def cell(self, value: CellType, path: str) -> Iterator[Place]:
        """A variable of a closure; an empty one is not set yet."""
        if value != CellType():
            yield place(path, CELL, value)

    def descriptor(self, value: Any, path: str) -> Iterator[Place]:
        """What a property or the like computes with."""
        yield fixed(path, _inner_functions(value))

    def view(self, value: Any, path: str) -> Iterator[Place]:
        """The dict that a view shows."""
        yield fixed(path, (value.mapping,))

    def reference(self, value: Any, path: str) -> Iterator[Place]:
        """A weak reference to what is reached by another way too; a guard would keep all else alive."""
        if self.strict:
            self._weak.append((path, value))
        yield place(f"what {path} refers to", GONE, value)

    def generator(self, value: Any, path: str) -> Iterator[Place]:
        """What it draws is drawn at each call; its state is not to be read."""
        if self.names("bit_generator") or self.names("getstate") or self.names("get_state"):
            self.unknown.append((path, value))
        return iter(())

    def member(self, value: enum.Enum, path: str) -> Iterator[Place]:
        """The attributes of a member of an Enum, which is the only one of its value."""
        yield from self.attributes(value, path)

    def getter(self, value: Any, path: str) -> Iterator[Place]:
        """It reads attributes by names that no code has."""
        self.again = self.again or self.ran.by_name_alone
        self.ran.by_name_alone = False
        return iter(())

    def variable(self, value: ContextVar[Any], path: str) -> Iterator[Place]:
        """The value of a context variable here."""
        yield place(path, IN_CONTEXT, value)

    def local(self, value: threading.local, path: str) -> Iterator[Place]:
        """The attributes in this thread."""
        yield from self.attributes(value, path)

    def cached(self, value: Any, path: str) -> Iterator[Place]:
        """The function whose results are kept, and how many of them there are."""
        yield place(f"the results that {path} keeps", CACHED, value)
        code = getattr(value.__wrapped__, "__code__", None)
        if not self.has_run(code) and code is not None:  # it ran before
            self.ran.add(code)
            self.again = True
        yield from wrapped(value, path)


_MAPPINGS = (OrderedDict, dict, MappingProxyType)
_LISTS = (list, deque, set, frozenset)
_BASES = (*_MAPPINGS, *_LISTS)
_VALUES_OF_PYTHON = (int, float, complex, str, bytes)
_VISIBLE = frozenset({*_BASES, *_VALUES_OF_PYTHON, tuple, np.ndarray, types.SimpleNamespace, threading.local})
"""Classes written in C whose content is looked at, so that a subclass hides nothing."""

_CONSTANT = (
    *(
        np.number,
        np.bool_,
        np.character,
        np.datetime64,
        np.timedelta64,
        np.dtype,
        np.ufunc,
        type(None),
        type(Ellipsis),
        type(NotImplemented),
        range,
        slice,
        CodeType,
    ),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, re.Pattern),
    *(operator.itemgetter, struct.Struct, os.PathLike),
    *(MemberDescriptorType, types.GetSetDescriptorType, types.MethodDescriptorType, types.WrapperDescriptorType),
    *(types.ClassMethodDescriptorType, types.GenericAlias, types.UnionType, type(np.mean)),
    type(vars(namedtuple("Pair", "one"))["one"]),
)
_GENERATORS = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)
_WITHOUT_EFFECT = (type(threading.Lock()), type(threading.RLock()))
# fmt: off
_OF_EVERY_CLASS = frozenset({
    "__module__", "__doc__", "__dict__", "__weakref__", "__slots__", "__annotations__", "__qualname__",
    "__firstlineno__", "__abstractmethods__", "__static_attributes__", "__parameters__", "__orig_bases__",
    "__match_args__", "__dataclass_fields__", "__dataclass_params__", "_abc_impl",
})
# fmt: on

_DESCRIPTIONS = ("__name__", "__qualname__", "__doc__", "__annotations__", "__module__")
# fmt: off
_SELDOM_CALLED = frozenset({
    "__setattr__", "__delattr__", "__repr__", "__str__", "__reduce__", "__reduce_ex__", "__getstate__",
    "__setstate__", "__del__", "__init_subclass__", "__subclasshook__", "__class_getitem__", "__sizeof__", "__dir__",
    "__copy__", "__deepcopy__",
})
# fmt: on

_KINDS: list[tuple[Any, Callable[[Reach, Any, str], Iterator[Place]]]] = [
    (Tensor, Reach.tensor),
    (np.ndarray, Reach.array),
    (_GENERATORS, Reach.generator),
    ((Buffer, *_CONSTANT, *_WITHOUT_EFFECT), Reach.nothing),
    (enum.Enum, Reach.member),
    ((operator.attrgetter, operator.methodcaller), Reach.getter),
    (tuple, Reach.tuple),
    (_MAPPINGS, Reach.mapping),
    (_LISTS, Reach.items),
    (FunctionType, Reach.function),
    (MethodType, Reach.method),
    ((types.BuiltinMethodType, types.MethodWrapperType, type(np.random.default_rng)), Reach.builtin),
    (functools.partial, Reach.partial),
    (CellType, Reach.cell),
    ((property, staticmethod, classmethod, functools.cached_property, functools.partialmethod), Reach.descriptor),
    (Op, Reach.operation),
    (type, Reach.kind),
    (ModuleType, Reach.module),
    ((type({}.keys()), type({}.values()), type({}.items())), Reach.view),
    ((bytearray, memoryview, array.array, np.void), Reach.bytes),
    (weakref.ReferenceType, Reach.reference),
    (ContextVar, Reach.variable),
    (threading.local, Reach.local),
    (type(functools.lru_cache(len)), Reach.cached),
]


def what_may_be_read(roots: list[tuple[Any, str]], known: Iterable[Any] = ()) -> list[Place]:
    """The places that code which can be reached from the roots may read when it runs."""
    ran, count = Ran(may=True), -1
    while count < len(ran.names):  # a name that is found later may be that of an attribute passed by
        count = len(ran.names)
        places = Reach(roots, ran, known=known).places
    return places


def _is_users(value: Any) -> bool:
    """Whether users may have put a value into a module of a library, or change what is in it."""
    if isinstance(value, FunctionType):
        return owner_of(value.__code__.co_filename) in FOLLOWED
    return isinstance(value, (ModuleType, list, dict))


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _parts_to_walk(own: Place, strict: bool) -> list[tuple[Any, str, bool]]:
    """Last first, for a stack. Plain values lead nowhere, and there may be very many of them."""
    if not own.leads:
        return []
    inner = [
        (part, position) for position, part in enumerate(own.parts) if type(part) not in PLAIN and part is not ABSENT
    ]
    return [(part, own.path_of(position), strict) for part, position in reversed(inner)]


def wrapped(value: Any, path: str) -> Iterator[Place]:
    """What a decorator has kept of the function that it decorates."""
    inner = getattr(value, "__dict__", {}).get("__wrapped__")
    if inner is not None:
        yield fixed(path, (inner,))


def is_own_key(name: Any) -> bool:
    """Whether an attribute is one that compiled methods keep their programs in, or the label of a module.

    Labels are for drawings: they decide nothing about a program, and grow as modules nest.
    """
    return name == "_label" or (isinstance(name, str) and name.startswith("<compiled"))


def _defaults(function: FunctionType, path: str) -> Iterator[Place]:
    code = function.__code__
    if function.__defaults__:
        names = code.co_varnames[code.co_argcount - len(function.__defaults__) : code.co_argcount]
        yield place(f"the defaults of {path}", GOTTEN, function, "__defaults__")
        yield fixed(path, function.__defaults__, by_name, names)
    if function.__kwdefaults__:
        yield place(f"the keyword defaults of {path}", GOTTEN, function, "__kwdefaults__")
        yield place(path, VALUES, function.__kwdefaults__, None, by_name, [*function.__kwdefaults__])


def _with_inner(code: CodeType) -> list[CodeType]:
    """A function's code, then that of the functions, lambdas and classes inside it."""
    found = [code]
    for outer in found:
        found += [constant for constant in outer.co_consts if isinstance(constant, CodeType)]
    return found


@functools.lru_cache(maxsize=4096)
def _global_names(code: CodeType) -> tuple[str, ...]:
    """What may be read as a global: `co_names` also has the names of attributes."""
    names = (read.argval for read in dis.get_instructions(code) if read.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    return tuple(dict.fromkeys(names))


def _imported(code: CodeType, scope: dict[str, Any]) -> Iterator[str]:
    """The modules that code imports when it runs."""
    for level, name in _imports(code):
        yield importlib.util.resolve_name("." * level + name, scope.get("__package__") or "")


@functools.lru_cache(maxsize=4096)
def _imports(code: CodeType) -> tuple[tuple[int, str], ...]:
    """The level and name of each import."""
    found, level = [], 0
    for read in dis.get_instructions(code):
        if read.opname in ("LOAD_CONST", "LOAD_SMALL_INT") and isinstance(read.argval, int):
            level = read.argval
        elif read.opname == "IMPORT_NAME":
            found.append((level, read.argval))
    return tuple(found)


def _inner_functions(value: Any) -> list[Any]:
    """The functions that a descriptor calls."""
    if isinstance(value, FunctionType):
        return []
    names = ("__func__", "func", "fget", "fset", "function", "__wrapped__")
    parts = [vars(type(value)).get(name) and getattr(value, name, None) for name in names]
    return [part for part in parts if callable(part)]


def is_transparent(kind: type) -> bool:
    """Whether all that instances hold is seen: each byte of them is a slot, the `__dict__`, or known."""
    return all(base in _VISIBLE or bool(_hides_nothing(base)) for base in kind.__mro__[:-1])


@functools.lru_cache(maxsize=1024)
def _hides_nothing(kind: Any) -> bool:
    assert kind.__base__ is not None
    own = vars(kind)
    members = sum(type(x) is MemberDescriptorType for x in own.values()) + ("__dict__" in own) + ("__weakref__" in own)
    return bool(kind.__basicsize__ - kind.__base__.__basicsize__ <= struct.calcsize("P") * members)


@functools.lru_cache(maxsize=1024)
def _has_base_of_python(kind: Any) -> bool:
    """Whether methods of Python's own, which nobody looks into, may read any attribute."""
    bases = [base for base in kind.__mro__[:-1] if base not in _VISIBLE]
    return any(_owner_of_module(base.__module__) in ("python", "numpy") for base in bases)


@functools.lru_cache(maxsize=1024)
def slots_of(kind: Any) -> list[str]:
    own = [vars(base) for base in kind.__mro__ if base.__module__ != "builtins"]
    return [
        name for names in own for name, x in names.items() if type(x) is MemberDescriptorType and not is_own_key(name)
    ]


def _base(value: Any) -> Any:
    return next(base for base in _BASES if isinstance(value, base))


def _are_texts(keys: list[Any]) -> bool:
    return all(type(key) is str for key in keys)


def _keys(path: str, value: Any, base: Any, names: list[Any]) -> Place:
    """Keys that are compared one by one, as 1, 1.0 and True are equal."""
    return Place(path, BY_BASE, value, base.__iter__, tuple(names), by_key, ())
