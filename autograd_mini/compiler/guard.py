"""What a traced function read, and whether it is still the same.

`Watch` looks at one trace: which code ran, what it called, what it changed. `Guard` is asked before every call of the
program: a generated function reads each place again that this code can have read, and compares.
"""

from __future__ import annotations

import functools
import gc
import random
import re
import reprlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import zip_longest
from operator import is_
from threading import Lock
from types import BuiltinMethodType, FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np

from autograd_mini.atomic import at_once
from autograd_mini.compiler import reach
from autograd_mini.compiler.lending import Lent
from autograd_mini.compiler.reach import FOLLOWED, KEYS, PURE_MODULES, Place, Ran, Reach, is_own_key, owner_of
from autograd_mini.compiler.sameness import ABSENT, is_plain, same
from autograd_mini.ops import Op
from autograd_mini.state import Buffer
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
        self.places = [place for place in self._find() if place.reader is not reach.FIXED]
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


# ------------------------------------------------------------------------------------------------ the generated check


class _Constants:
    """The objects that generated code refers to: by numbered names, as their own names may be anything."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"same": same, "all_same": _all_same, **reach.NAMES_IN_SOURCE}
        self._of: dict[int, str] = {}

    def name(self, value: Any) -> str:
        """The name of an object; the same for the same object, which is kept alive."""
        if id(value) not in self._of:
            self._of[id(value)] = f"k{len(self._of)}"
            self.names[self._of[id(value)]] = value
        return self._of[id(value)]


def emit(places: list[Place]) -> tuple[str, dict[str, Any]]:
    """The source of `unchanged()`, and the names that it uses. Nothing of the user's is in the text."""
    constants = _Constants()
    lines = [f"        {line}" for place in places for line in _check(place, constants)]
    # A place may be gone (AttributeError, KeyError), or have another number of parts (ValueError).
    last = ["        return True", "    except (AttributeError, KeyError, ValueError):", "        return False", ""]
    return "\n".join(["def unchanged():", "    try:", *lines, *last]), constants.names


def _check(place: Place, constants: _Constants) -> Iterator[str]:
    owner, key = constants.name(place.owner), constants.name(place.key)
    source = place.reader.source.format(owner=owner, key=key)
    if len(place.parts) > _UNROLLED:
        yield f"if not all_same({source}, {constants.name(place.parts)}): return False"
        return
    if not place.reader.many and not is_plain(place.parts[0]):
        yield f"if {source} is not {constants.name(place.parts[0])}: return False"
        return
    found = [f"x{position}" for position in range(len(place.parts))]
    yield f"[{', '.join(found)}] = {source}" if place.reader.many else f"x0 = {source}"
    changed = [_changed(name, part, constants) for name, part in zip(found, place.parts)]
    if changed:
        yield f"if {' or '.join(changed)}: return False"


def _changed(name: str, part: Any, constants: _Constants) -> str:
    constant = constants.name(part)
    return f"{name} is not {constant}" + (f" and not same({name}, {constant})" if is_plain(part) else "")


def _all_same(current: Any, parts: tuple[Any, ...]) -> bool:
    items = tuple(current)
    return len(items) == len(parts) and (all(map(is_, items, parts)) or all(map(same, items, parts)))


def _difference(place: Place) -> str | None:
    parts, current = place.parts, place.current()
    if all(map(same, parts, current)) and len(parts) == len(current):
        return None
    if place.reader in KEYS:
        return _of_keys(place, place.key, KEYS[place.reader](place.owner))
    if place.reader is reach.BY_BASE and not place.labels:
        return _of_keys(place, list(parts), list(current))
    if place.reader in (reach.CONTENT, reach.FORM):
        return f"{place.path} changed"
    if len(current) != len(parts):
        return f"{place.path} has {_count(len(current))}, had {len(parts)}"
    changes = zip(range(len(parts)), parts, current)
    return next((_change(place.path_of(i), old, new) for i, old, new in changes if not same(old, new)), None)


def _of_keys(place: Place, before: list[Any], now: list[Any]) -> str:
    pairs = zip_longest(before, now, fillvalue=ABSENT)
    old, new = next(((old, new) for old, new in pairs if not same(old, new)), (None, None))
    if len(now) > len(before):
        return f"{place.style(place.path, new)} was added"
    if len(now) < len(before):
        return f"{place.style(place.path, old)} is gone"
    return f"the keys of {place.path} changed: {reprlib.repr(new)} stands where {reprlib.repr(old)} was"


def _change(path: str, old: Any, new: Any) -> str:
    if new is ABSENT:
        return f"{path} is gone"
    if old is ABSENT:
        return f"{path} was added"
    if is_plain(old) and is_plain(new):
        return f"{path} changed from {reprlib.repr(old)} to {reprlib.repr(new)}"
    return f"{path} was replaced"


def _count(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


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
        self._known = known
        self.ran = Ran()
        self.refused: Exception | None = None
        self._roots = roots
        self._before = reach.what_may_be_read(roots, known)
        self._lent: dict[int, Lent] = {}
        self._loans = list(self._made_loans()) if lend else []
        self._before += self._contents()
        self._states = _states([*self._before, *reach.what_may_be_read([(arguments, "arguments")])])
        self._owners: dict[Any, str] = {}
        self._skipped: Any = None
        # These run now and then in between, and are no part of the function.
        self._apart = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        self._running = Lock()

    @property
    def lends(self) -> bool:
        """Whether it has lent something."""
        return bool(self._loans)

    def _made_loans(self) -> Iterator[tuple[Place, int, Any]]:
        """The places that take a stand-in; an array that is to be had in another place too is not lent."""
        if any(place.reader is reach.CACHED for place in self._before):  # results that are kept may be any arrays
            return
        found = [(place, i, x) for place in self._before for i, x in enumerate(place.parts) if type(x) is np.ndarray]
        elsewhere = {id(x) for place, i, x in found if place.setting(i, x) is None}
        for place, position, x in found:
            if x.dtype.kind in "fiub" and id(x) not in elsewhere and not is_static(x):
                yield place, position, self._lent.setdefault(id(x), Lent(x))

    def _contents(self) -> list[Place]:
        """What is in the arrays that are not lent."""
        parts = [(place.path_of(i), x) for place in self._before for i, x in enumerate(place.parts)]
        arrays = {id(x): (path, x) for path, x in parts if issubclass(type(x), np.ndarray) and id(x) not in self._lent}
        plain = [(path, x) for path, x in arrays.values() if not x.dtype.hasobject and not is_static(x)]
        return [reach.place(f"the content of {path}", reach.CONTENT, x) for path, x in plain]

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow what runs in the block, and lend arrays to it."""
        previous = sys.getprofile()
        try:
            _open_loans.append(self)
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
        if self in _open_loans:
            _open_loans.remove(self)
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
        if event == "call":
            if not self._running.locked():  # an interrupt came in the way of the end
                sys.setprofile(None)
            elif self._skipped is None:
                self._called(frame)
        elif event == "c_call":
            if self._skipped is None and self._owner(frame.f_code) in FOLLOWED:
                self._called_in_c(argument)
        elif event == "return" and frame is self._skipped:
            self._skipped = None

    def _owner(self, code: Any) -> str:
        owner = self._owners.get(code)
        if owner is None:
            owner = self._owners[code] = owner_of(code.co_filename)
        return owner

    def _called(self, frame: Any) -> None:
        code, owner = frame.f_code, self._owner(frame.f_code)
        if owner == "ours":
            return
        caller = frame.f_back.f_code if frame.f_back is not None else None
        if owner in (*FOLLOWED, "nn"):
            # What an operation computes with is read at each call.
            if caller is _RECORD or is_static(code) or code in self._apart or code.co_name == "__del__":
                self._skipped = frame
            else:
                self._ran(code)
        elif caller is not None and self._owner(caller) in FOLLOWED:
            self._called_library(frame, owner)

    def _ran(self, code: Any) -> None:
        if code not in self.ran.codes:
            self.ran.add(code)
            if not _READ_BY_OTHER_MEANS.isdisjoint(code.co_names):
                self.ran.by_name_alone = False

    def _called_library(self, frame: Any, owner: str) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        function = (
            f"{module}.{frame.f_code.co_qualname if hasattr(frame.f_code, 'co_qualname') else frame.f_code.co_name}"
        )
        if owner == "numpy":
            if module.startswith(_IMPURE_NUMPY) or frame.f_code.co_name in ("geterr", "geterrcall", "getbufsize"):
                self._refuse(function)
        elif module.partition(".")[0].lstrip("_") not in PURE_MODULES and function not in _HARMLESS:
            self._refuse(function)
        elif module not in _READ_BY_NAME:
            self.ran.by_name_alone = False

    def _called_in_c(self, function: Any) -> None:
        owner = getattr(function, "__self__", None)
        if owner is None or isinstance(owner, ModuleType):
            module = str(getattr(function, "__module__", None) or getattr(owner, "__name__", ""))
            if function.__name__ in _IMPURE or module.partition(".")[0].lstrip("_") not in _PURE_MODULES_IN_C:
                self._refuse(function.__name__ if module == "builtins" else f"{module}.{function.__name__}", function)
        elif function.__name__ in _IMPURE or not issubclass(type(owner), _OWNERS_OF_METHODS):
            kind = owner if isinstance(owner, type) else type(owner)
            if function.__name__ in _IMPURE or not reach.is_transparent(kind):
                self._refuse(f"{kind.__name__}.{function.__name__}", function)

    def _refuse(self, what: str, function: Any = None) -> None:
        if function is not None and is_static(function):
            return
        self.refused = RefusedError(
            f"compile: {self.name} calls {what}, which may do or give something else at each call; call it outside and "
            f"pass the result as an argument, or promise with ag.static({what.rpartition('.')[2]}) that it is the same"
        )
        raise self.refused

    # --------------------------------------------------------------------------------------------- what is different

    def check_generators(self) -> None:
        """RuntimeError, naming the generator, if random numbers were drawn other than by `ag.random`."""
        for path, read, state in self._states:
            if not _equal_states(read(), state):
                raise RuntimeError(
                    f"compile: {self.name} drew random numbers from `{path}` while it was traced; they would be the "
                    "same in every call: draw with ag.random, or outside, and pass them as an argument"
                )

    def changed(self) -> list[Place]:
        """The places, among those that were read, that the function changed: items and variables.

        Raises TypeError for attributes, which would be set once in place of at each call, and for arrays.
        """
        for lent in self._lent.values():
            if lent.has_changed():
                raise RefusedError(
                    f"compile: {self.name} changes an array in place; write ag.put or ag.add_at, or compute it anew"
                )
        read = {_identity(place) for place in self.reached().places}
        found = [place for place in self._before if _identity(place) in read and _is_changed(place)]
        for place in found:
            if place.reader in (
                reach.ATTRIBUTE,
                reach.SAME_NAMES,
                reach.GOTTEN,
                reach.TYPE,
                reach.COUNT,
                reach.CONTENT,
            ):
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
        reached = self.reached()
        for path, value in reached.unknown:
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

    def _restoring(self, place: Place) -> Iterator[tuple[Any, ...]]:
        owner = place.owner
        if place.reader in (reach.CELL, reach.ENTRY, reach.PRESENT):
            (value,) = place.current()
            yield place.setting(0, _returned(value)) or ()
        elif isinstance(owner, dict):
            yield from ((owner.clear,), (owner.update, {name: _returned(x) for name, x in owner.items()}))
        elif isinstance(owner, (list, deque)):
            yield from ((owner.clear,), (owner.extend, [_returned(x) for x in owner]))
        elif isinstance(owner, set):
            yield from ((owner.clear,), (owner.update, set(owner)))
        else:
            raise RefusedError(
                f"compile: {self.name} changes {place.path}; pass it as an argument, and return what is new"
            )


_open_loans: list[Watch] = []
"""For the child of a fork: whoever was to take the arrays back is not there."""


def _returned(x: Any) -> Any:
    return x.array if type(x) is Lent else x


def _part(place: Place, position: int) -> Any:
    current = place.current()
    return current[position] if position < len(current) else None


def _identity(place: Place) -> tuple[Any, ...]:
    reader = reach.COUNT if place.reader is reach.SAME_NAMES else place.reader
    return id(place.owner), reader, place.key if isinstance(place.key, str) else None


def _is_changed(place: Place) -> bool:
    if place.reader is reach.COUNT:  # names are compared where they are known
        return False
    if place.reader is reach.SAME_NAMES:
        added = [name for name in vars(place.owner) if name not in place.key and not _is_cached(place.owner, name)]
        return bool(added) or any(name not in vars(place.owner) for name in place.key)
    if place.reader is reach.CACHED:  # results that are kept are the same as before
        return False
    current = place.current()
    return len(current) != len(place.parts) or not all(map(same, place.parts, current))


def _is_cached(owner: Any, name: str) -> bool:
    """Whether an attribute is only a result that is kept."""
    return is_own_key(name) or isinstance(getattr(type(owner), name, None), functools.cached_property)


_RECORD = Tensor.record.__code__

_READ_BY_OTHER_MEANS = frozenset({"getattr", "hasattr", "AttributeError", "vars", "__dict__", "dir", "attrgetter"})
_READ_BY_NAME = frozenset(
    {"abc", "contextlib", "functools", "enum", "typing", "_collections_abc", "collections", "warnings"}
)
_PURE_MODULES_IN_C = PURE_MODULES | {"numpy", "scipy", "autograd_mini", "functools"}
# fmt: off
_IMPURE = frozenset({
    "open", "input", "eval", "exec", "compile", "globals", "__import__", "breakpoint", "fromfile", "now", "today",
    "utcnow", "fromtimestamp", "locked", "__subclasses__", "getcontext", "localcontext",
})
# fmt: on
_IMPURE_NUMPY = ("numpy.random", "numpy.lib._npyio", "numpy.lib.npyio", "numpy._core.memmap", "numpy.lib._datasource")
_HARMLESS = frozenset({"threading.RLock"})  # NumPy's generators have one
_OWNERS_OF_METHODS: tuple[Any, ...] = (
    *(
        str,
        bytes,
        int,
        float,
        complex,
        tuple,
        list,
        dict,
        set,
        frozenset,
        deque,
        range,
        slice,
        type,
        bytearray,
        memoryview,
    ),
    *(np.ndarray, np.generic, np.dtype, np.ufunc, Tensor, Op, BuiltinMethodType, FunctionType, BaseException, property),
    *(Buffer, functools.partial, *reach._MAPPINGS, *reach._CONSTANT, *reach._WITHOUT_EFFECT),
    *(type({}.keys()), type({}.values()), type({}.items()), GeneratorType, type(iter([])), type(iter(()))),
    *(ContextVar, np.random.Generator, np.random.BitGenerator, np.random.RandomState, re.Match),
)
"""Whose methods may be called: what they give is compared where it is kept; generators have their own check."""


# ------------------------------------------------------------------------------------------------- random generators


def _states(places: Iterable[Place]) -> list[tuple[str, Callable[[], Any], Any]]:
    """Each generator that can be reached, by its path, how its state is read, and the state."""
    parts = [(place.path_of(i), part) for place in places for i, part in enumerate(place.parts)]
    readers = [(path, _reader(part)) for path, part in parts]
    readers += [("np.random", _of_numpy), ("random", random.getstate)]
    return [(path, read, read()) for path, read in readers if read is not None]


def _of_numpy() -> Any:
    return np.random.get_state(legacy=False)  # noqa: NPY002 - other code may use it


def _reader(source: Any) -> Callable[[], Any] | None:
    kind = type(source)
    if issubclass(kind, np.random.Generator):
        return lambda: {**source.bit_generator.state, "spawned": _spawned(source.bit_generator)}
    if issubclass(kind, np.random.BitGenerator):
        return lambda: source.state
    if issubclass(kind, np.random.RandomState):
        return lambda: source.get_state(legacy=False)
    if issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom):  # that one has no state
        return source.getstate  # type: ignore[no-any-return]
    return None


def _spawned(bits: Any) -> int:
    return int(getattr(bits.seed_seq, "n_children_spawned", 0))


def _equal_states(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_equal_states(one[name], other[name]) for name in one)
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)
