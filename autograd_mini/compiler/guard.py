"""What a traced function read, and whether it is still the same.

`Watch` looks at one trace: which code ran, what it called, what it changed. `Guard` is asked before every call of the
program: a generated function reads each place again that this code can have read, and compares.
"""

from __future__ import annotations

import functools
import gc
import os
import pickle
import random
import re
import reprlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import zip_longest
from threading import Lock
from types import BuiltinMethodType, FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np

from autograd_mini.atomic import at_once
from autograd_mini.compiler import reach
from autograd_mini.compiler.lending import Lent
from autograd_mini.compiler.reach import ABSENT, FOLLOWED, Place, Ran, Reach, all_same, is_plain, owner_of, same
from autograd_mini.ops import Op
from autograd_mini.static import is_static
from autograd_mini.tensor import Tensor

_UNROLLED = 32  # longer ones are compared in a loop: their generated code would take longer to compile than it saves


class Guard:
    """Whether the places that a function has read are what they were when the guard was made.

    Numbers, strings, None and tuples of them are compared by type and value; all other objects by identity. The guard
    keeps what it compares with alive.

    >>> rate = [0.1]
    >>> guard = Guard(lambda: reach.what_may_be_read([(lambda w: w - rate[0] * w, "step")]))
    >>> guard.broken()
    >>> rate[0] = 0.2
    >>> guard.broken()
    'rate[0] changed from 0.1 to 0.2'
    """

    def __init__(self, places: Callable[[], list[Place]]) -> None:
        self._find = places
        self._remember()

    def _remember(self) -> None:
        self.places = [place for place in self._find() if place.reader not in (reach.FIXED, reach.FIXED_ITEMS)]
        self.source, names = emit(self.places)
        exec(compile(self.source, "<guard>", "exec"), names)
        self.unchanged: Callable[[], bool] = names["unchanged"]
        """Whether everything is as it was: the quick question of `broken`."""

    def renew(self) -> None:
        """Take what the function reads now for what it shall read, if that is something else."""
        if self.broken() is not None:
            self._remember()

    def broken(self) -> str | None:
        """The first change in a few words, or None if everything is as it was."""
        if self.unchanged():
            return None
        return next(filter(None, map(_difference, self.places)), "something that it reads changed for a moment")


def emit(places: list[Place]) -> tuple[str, dict[str, Any]]:
    """The source of `unchanged()`, and the names that it uses. Nothing of the user's is in the text."""
    names: dict[str, Any] = {"same": same, "all_same": all_same, **reach.NAMES_IN_SOURCE}
    lines, last_owner = [], None
    for number, place in enumerate(places):
        if ".__dict__" in place.reader and place.owner is not last_owner:  # looked up once for all its attributes
            lines.append(f"own = owner{number}.__dict__")
            last_owner = place.owner
        lines += _check(number, place, names)
    # A place may be gone (AttributeError, KeyError), or have another number of parts (ValueError).
    last = ["        return True", "    except (AttributeError, KeyError, ValueError):", "        return False", ""]
    return "\n".join(["def unchanged():", "    try:", *(f"        {line}" for line in lines), *last]), names


def _check(number: int, place: Place, names: dict[str, Any]) -> Iterator[str]:
    owner, key, part = f"owner{number}", f"key{number}", f"part{number}"
    names |= {owner: place.owner, key: place.key}
    source, parts = place.reader.replace("{owner}.__dict__", "own").format(owner=owner, key=key), place.parts
    if not source.startswith("*"):
        names[part] = parts[0]
        differs = f"(x := {source}) is not {part} and not same(x, {part})"
        yield f"if {differs if is_plain(parts[0]) else f'{source} is not {part}'}: return False"
    elif place.reader in reach.KEYS and all(type(x) is str for x in parts):
        names[part] = [*parts]
        yield f"if [{source}] != {part}: return False"
    elif len(parts) > _UNROLLED:
        names[part] = parts
        yield f"if not all_same([{source}], {part}): return False"
    else:
        found = {f"x{i}": f"{part}_{i}" for i in range(len(parts))}
        names |= zip(found.values(), parts)
        yield f"[{', '.join(found)}] = {source[1:]}"
        yield from (f"if {x} is not {old} and not same({x}, {old}): return False" for x, old in found.items())


def _difference(place: Place) -> str | None:
    parts, current = place.parts, place.current()
    if all_same(current, parts):
        return None
    pairs = [*zip_longest(parts, current, fillvalue=ABSENT)]
    position, (old, new) = next((i, pair) for i, pair in enumerate(pairs) if not same(*pair))
    if place.reader in (reach.CONTENT, reach.FORM):
        return f"{place.path} changed"
    if place.reader == reach.FLAGS and new == "hooks":
        return f"{place.path.removesuffix('.requires_grad')} has a hook now"
    if place.reader in reach.KEYS:
        return _of_keys(place, old, new, len(current) - len(parts))
    if len(current) != len(parts):
        return f"{place.path} has {len(current)} item{'s' * (len(current) != 1)}, had {len(parts)}"
    return _change(place.path_of(position), old, new)


def _of_keys(place: Place, old: Any, new: Any, more: int) -> str:
    if more == 0:
        return f"the keys of {place.path} changed: {reprlib.repr(new)} stands where {reprlib.repr(old)} was"
    return f"{place.part(new)} was added" if more > 0 else f"{place.part(old)} is gone"


def _change(path: str, old: Any, new: Any) -> str:
    if new is ABSENT or old is ABSENT:
        return f"{path} is gone" if new is ABSENT else f"{path} was added"
    if is_plain(old) and is_plain(new):
        return f"{path} changed from {reprlib.repr(old)} to {reprlib.repr(new)}"
    return f"{path} was replaced"


# ------------------------------------------------------------------------------------------------------ one trace


class RefusedError(TypeError):
    """What can't be compiled, whatever arrays are lent."""


class Watch:
    """What happens while a function is traced: what runs is followed, and what can't be is refused by name.

    `roots` are the function and what else is traced with it, each with what messages call it; `arguments` come with the
    call; others look at what is `known`. With `lend` the arrays that the function finds outside are lent to it: see
    `autograd_mini.compiler.lending`.

    Raises TypeError, naming the place or the function, for what nobody can compare before the next call.
    """

    def __init__(
        self, name: str, roots: list[tuple[Any, str]], arguments: Any, lend: bool = True, known: Sequence[Any] = ()
    ) -> None:
        self.name = name
        self.ran = Ran()
        self.refused: Exception | None = None
        self._roots = roots
        self._known = known
        self._before = reach.what_may_be_read(roots, known)
        self._lent: dict[int, Lent] = {}
        self._loans = list(self._made_loans()) if lend else []
        self.lends = bool(self._loans)
        self._before += self._contents()
        self._states = _states([*self._before, *reach.what_may_be_read([(arguments, "arguments")])])
        self._skipped: Any = None
        # These run now and then in between, and are no part of the function.
        self._apart = {id(getattr(callback, "__code__", None)) for callback in gc.callbacks}
        self._noted: set[int] = set()  # by identity: to hash code takes longer than most operations
        self._running = Lock()

    def _parts(self) -> Iterator[tuple[Place, int, Any]]:
        return ((place, i, part) for place in self._before for i, part in enumerate(place.parts))

    @property
    def lends_to_types(self) -> bool:
        """Whether code that looks at types may have met a stand-in."""
        codes = [code for code in self.ran.codes if owner_of(code.co_filename) in FOLLOWED]
        return self.lends and any({"type", "issubclass"} & set(code.co_names) for code in codes)

    def _made_loans(self) -> Iterator[tuple[Place, int, Lent]]:
        """The places that take a stand-in; an array that is to be had in another place too is not lent."""
        if any(place.reader == reach.CACHED for place in self._before):  # results that are kept may be any arrays
            return
        found = [(place, i, x) for place, i, x in self._parts() if type(x) is np.ndarray]
        elsewhere = {id(x) for place, i, x in found if place.setting(i, x) is None}
        for place, position, x in found:
            if x.dtype.kind in "fiub" and id(x) not in elsewhere and not is_static(x):
                yield place, position, self._lent.setdefault(id(x), Lent(x))

    def _contents(self) -> list[Place]:
        """What is in the arrays that are not lent."""
        arrays = {id(x): (place.path_of(i), x) for place, i, x in self._parts() if issubclass(type(x), np.ndarray)}
        others = [(path, x) for path, x in arrays.values() if id(x) not in self._lent and not is_static(x)]
        return [reach.place(f"the content of {p}", reach.CONTENT, x) for p, x in others if not x.dtype.hasobject]

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow what runs in the block, and lend arrays to it."""
        previous = sys.getprofile()
        try:
            _lending.append(self)
            at_once([place.setting(position, lent) or () for place, position, lent in self._loans])
            with self._running:
                sys.setprofile(self._event)
                yield
        finally:
            try:
                self._stop(previous)
            except BaseException:
                self._stop(previous)
                raise
        if self.refused is not None:
            raise self.refused

    def _stop(self, previous: Any) -> None:
        sys.setprofile(None)
        self.take_back()
        _lending[:] = [watch for watch in _lending if watch is not self]
        if hasattr(previous, "enable"):  # cProfile
            previous.enable()
        else:
            sys.setprofile(previous)

    def take_back(self) -> None:
        """Put the arrays back where their stand-ins still are."""
        still = [(place, i, lent) for place, i, lent in self._loans if _part(place, i) is lent]
        at_once([place.setting(i, lent.array) or () for place, i, lent in still])

    # ------------------------------------------------------------------------------------------------ what is called

    def _event(self, frame: Any, event: str, argument: Any) -> None:
        if not self._running.locked():  # an interrupt came in the way of the end
            sys.setprofile(None)
        elif self._skipped is not None:
            if event == "return" and frame is self._skipped:
                self._skipped = None
        elif event == "call":
            self._called(frame)
        elif event == "c_call" and owner_of(frame.f_code.co_filename) in FOLLOWED:
            self._called_in_c(argument)

    def _called(self, frame: Any) -> None:
        code, caller = frame.f_code, frame.f_back.f_code
        owner = owner_of(code.co_filename)
        if owner in (*FOLLOWED, "nn"):
            # What an operation computes with is read at each call.
            if caller is _RECORD or is_static(code) or id(code) in self._apart or code.co_name == "__del__":
                self._skipped = frame
            elif id(code) not in self._noted:
                self._noted.add(id(code))
                self.ran.add(code)
                self.ran.by_name_alone &= _READ_BY_OTHER_MEANS.isdisjoint(code.co_names)
        elif owner != "ours" and (owner_of(caller.co_filename) in FOLLOWED or caller.co_filename == _MAPPINGS):
            self._called_library(code, str(frame.f_globals.get("__name__", "")), owner)

    def _called_library(self, code: Any, module: str, owner: str) -> None:
        function = f"{module}.{code.co_qualname}"
        if owner == "numpy":
            if module.startswith(_IMPURE_NUMPY) or code.co_name in _IMPURE:
                self._refuse(function)
        elif _main(module) not in _PURE_MODULES and function != "threading.RLock":  # NumPy's generators have one
            self._refuse(function)
        elif module not in _READ_BY_NAME:
            self.ran.by_name_alone = False

    def _called_in_c(self, function: Any) -> None:
        name, owner = function.__name__, getattr(function, "__self__", None)
        self.ran.by_name_alone &= name not in ("format", "format_map")  # "{0.rate}" names an attribute
        if owner is None or isinstance(owner, ModuleType):
            module = str(getattr(function, "__module__", None) or getattr(owner, "__name__", ""))
            what = name if module == "builtins" else f"{module}.{name}"
            pure = _main(module) in _PURE_MODULES_IN_C
        else:
            kind = owner if isinstance(owner, type) else type(owner)
            what = f"{kind.__name__}.{name}"
            pure = issubclass(type(owner), _OWNERS_OF_METHODS) or reach.is_transparent(kind)
        if (name in _IMPURE or not pure) and not is_static(function):
            self._refuse(what)

    def _refuse(self, what: str) -> None:
        self.refused = RefusedError(
            f"compile: {self.name} calls {what}, which may do or give something else at each call; call it outside and "
            f"pass the result as an argument, or promise with ag.static({what.rpartition('.')[2]}) that it is the same"
        )
        raise self.refused

    # --------------------------------------------------------------------------------------------- what is different

    def check_generators(self) -> None:
        """RuntimeError, naming the generator, if random numbers were drawn other than by `ag.random`."""
        for path, read, state in self._states:
            if read() != state:
                raise RuntimeError(
                    f"compile: {self.name} drew random numbers from `{path}` while it was traced; they would be the "
                    "same in every call: draw with ag.random, or outside, and pass them as an argument"
                )

    def changed(self) -> list[Place]:
        """The places, among those that were read, that the function changed: items and variables.

        Raises TypeError for attributes, which would be set once in place of at each call, and for arrays.
        """
        if any(lent.has_changed() for lent in self._lent.values()):
            raise RefusedError(
                f"compile: {self.name} changes an array in place; write ag.put or ag.add_at, or compute it anew"
            )
        read = {_identity(place) for place in self.reached().places}
        found = [place for place in self._before if _identity(place) in read and _is_changed(place)]
        for place in found:
            if place.reader in (reach.ATTRIBUTE, reach.SAME_NAMES, reach.GOTTEN, reach.TYPE, reach.CONTENT):
                raise RefusedError(
                    f"compile: {self.name} changes what it reads: {_difference(place)}; that would happen once, and "
                    "not at each call: declare what it keeps as an ag.Buffer, or return it"
                )
        return found

    def reached(self) -> Reach:
        """What the code that ran can have read."""
        return Reach(self._roots, self.ran, self._is_by_reference, self._known)

    def _is_by_reference(self, array: Any) -> bool:
        lent = self._lent.get(id(array))
        return lent is not None and lent.noted is None and self.lends

    def guard(self, further: Iterable[tuple[Any, ...]] = ()) -> Guard:
        """The guard of the places that were read; `further` tells of others the path, reader, owner and key."""
        for path, value in self.reached().unknown:
            raise RefusedError(
                f"compile: {self.name} reads {path}, a {type(value).__name__}, and nobody can tell when that changes; "
                f"pass what you need of it as an argument, or promise with ag.static({path}) that it stays the same"
            )
        more = list(further)
        return Guard(lambda: [*self.reached().places, *[reach.place(*how) for how in more]])

    @contextmanager
    def keeping(self, changed: list[Place]) -> Iterator[None]:
        """Leave what is in these places as it is now, whatever happens in the block.

        Raises TypeError for what can't be put back.
        """
        calls = [call for place in changed for call in self._restoring(place)]
        try:
            yield
        finally:
            at_once(calls)

    def _restoring(self, place: Place) -> list[tuple[Any, ...]]:
        owner = place.owner
        if place.reader in (reach.CELL, reach.ENTRY, reach.PRESENT):
            return [place.setting(0, _returned(place.current()[0])) or ()]
        if isinstance(owner, dict):
            return [(owner.clear,), (owner.update, {name: _returned(x) for name, x in owner.items()})]
        if isinstance(owner, (list, deque)):
            return [(owner.clear,), (owner.extend, [_returned(x) for x in owner])]
        if isinstance(owner, set):
            return [(owner.clear,), (owner.update, set(owner))]
        raise RefusedError(f"compile: {self.name} changes {place.path}; pass it as an argument, and return what is new")


def _returned(x: Any) -> Any:
    return x.array if type(x) is Lent else x


_lending: list[Watch] = []


def _after_fork() -> None:
    """In the child nobody is there to take back what another thread has lent."""
    for watch in _lending:
        watch.take_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _part(place: Place, position: int) -> Any:
    return next(iter(place.current()[position:]), None)


def _identity(place: Place) -> tuple[Any, ...]:
    return id(place.owner), place.reader, place.key if isinstance(place.key, str) else None


def _is_changed(place: Place) -> bool:
    if place.reader == reach.SAME_NAMES:
        changed = {*place.parts} ^ {*place.current()}
        return any(name in place.parts or not _is_cached(place.owner, name) for name in changed)
    # Results that are kept are the same as before.
    return place.reader != reach.CACHED and not all_same(place.current(), place.parts)


def _is_cached(owner: Any, name: str) -> bool:
    """Whether an attribute is only a result that is kept."""
    return reach.is_own_key(name) or isinstance(getattr(type(owner), name, None), functools.cached_property)


_RECORD = Tensor.record.__code__
_MAPPINGS = Mapping.get.__code__.co_filename
"""Here are methods that call those of a subclass: `os.environ.get` does."""

# fmt: off
_READ_BY_OTHER_MEANS = frozenset({"getattr", "hasattr", "AttributeError", "vars", "__dict__", "dir", "attrgetter"})
_READ_BY_NAME = frozenset({
    "abc", "contextlib", "functools", "enum", "typing", "_collections_abc", "collections", "warnings",
})
_PURE_MODULES = frozenset({
    "abc", "array", "bisect", "builtins", "cmath", "collections", "collections_abc", "colorsys", "contextlib",
    "contextvars", "copy", "copyreg", "dataclasses", "datetime", "enum", "fractions", "functools", "heapq",
    "importlib", "inspect", "itertools", "json", "keyword", "linecache", "logging", "math", "numbers", "operator",
    "pprint", "py_abc", "re", "reprlib", "sre", "statistics", "string", "struct", "textwrap", "tokenize",
    "traceback", "types", "typing", "warnings", "weakref", "weakrefset",
})
"""Modules of Python whose functions give the same for the same, or, as logging, change nothing that is computed."""
_PURE_MODULES_IN_C = _PURE_MODULES | {"numpy", "scipy", "autograd_mini"}
_IMPURE = frozenset({
    "open", "input", "eval", "exec", "compile", "globals", "__import__", "breakpoint", "fromfile", "now", "today",
    "utcnow", "fromtimestamp", "locked", "__subclasses__", "getcontext", "localcontext", "geterr", "geterrcall",
    "getbufsize", "id",
})
# fmt: on
_IMPURE_NUMPY = ("numpy.random", "numpy.lib._npyio", "numpy.lib.npyio", "numpy._core.memmap", "numpy.lib._datasource")
_OWNERS_OF_METHODS: Any = (
    *(str, bytes, int, float, complex, bytearray, memoryview, type, property, functools.partial, BaseException),
    *(FunctionType, BuiltinMethodType, GeneratorType, type(iter([])), type(iter(())), re.Match, ContextVar, Tensor, Op),
    *(*reach.CONTAINERS, *reach.CONSTANT, *reach.VIEWS, *reach.GENERATORS_OF_NUMPY),
)
"""Whose methods may be called: what they give is compared where it is kept; generators have their own check."""


def _main(module: str) -> str:
    return module.partition(".")[0].lstrip("_")


def _states(places: list[Place]) -> list[tuple[str, Callable[[], bytes], bytes]]:
    """Each random generator that can be reached, by its path, how its state is read, and the state."""
    parts: list[tuple[str, Any]] = [(place.path_of(i), part) for place in places for i, part in enumerate(place.parts)]
    parts += [("np.random", np.random.mtrand._rand), ("random", random._inst)]
    found = [(path, functools.partial(_state, x)) for path, x in parts if issubclass(type(x), reach.GENERATORS)]
    return [(path, read, read()) for path, read in found]


def _state(x: Any) -> bytes:
    if isinstance(x, np.random.Generator):
        x = x.bit_generator
    if isinstance(x, np.random.BitGenerator):
        return pickle.dumps((x.state, getattr(x.seed_seq, "n_children_spawned", 0)))
    if isinstance(x, random.Random):
        return b"" if isinstance(x, random.SystemRandom) else pickle.dumps(x.getstate())  # that one has no state
    return pickle.dumps(x.get_state())
