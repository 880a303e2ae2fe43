"""What happens while a function is traced: what it calls, which arrays NumPy reads, what it changes.

`Watch` follows one trace, and refuses by name what nobody could compare before the next call. It lends arrays: an array
that meets a Tensor in an operation is read anew at each call of a program, but what NumPy computes from an array alone
is computed once, so that the content of such an array has to be compared. Only a stand-in can tell the two apart, and
while a function is traced, it takes the place of the array.
"""

from __future__ import annotations

import builtins
import dis
import functools
import gc
import os
import pickle
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from threading import Lock
from types import BuiltinMethodType, CellType, CodeType, FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np

from autograd_mini.atomic import at_once
from autograd_mini.compiler import reach
from autograd_mini.compiler.guard import Guard, difference
from autograd_mini.compiler.reach import FOLLOWED, Place, Ran, Reach, all_same, owner_of
from autograd_mini.ops import Op
from autograd_mini.state import Buffer
from autograd_mini.static import is_static
from autograd_mini.tensor import Tensor


class RefusedError(TypeError):
    """What can't be compiled, whatever arrays are lent."""


class Watch:
    """What happens while a function is traced: what runs is followed, and what can't be is refused by name.

    `roots` are the function and what else is traced with it: see `Reach`. `arguments` come with the call. With `lend`
    the arrays that the function finds outside are lent to it.

    Raises TypeError, naming the place or the function, for what nobody can compare before the next call.
    """

    def __init__(self, name: str, roots: reach.Roots, arguments: Sequence[Any], lend: bool = True) -> None:
        self.name = name
        self.ran = Ran()
        self.refused: Exception | None = None
        self._roots = roots
        self._before = Reach(roots, Ran(may=True, by_name_alone=False)).places
        self._lent: dict[int, Lent] = {}
        self._loans = list(self._made_loans()) if lend else []
        self.lends = bool(self._loans)
        self._before += self._contents()
        self._states = _states([*self._before, *reach.what_may_be_read((arguments, "arguments"))])
        buffers = {x: place.path_of(i) for place, i, x in self._parts() if type(x) is Buffer}
        self._buffers = [(path, x, x.held) for x, path in buffers.items()]
        self._skipped: Any = None
        self._computes = False
        self._changing = Ran()
        # These run now and then in between, and are no part of the function.
        self._apart = {id(getattr(callback, "__code__", None)) for callback in gc.callbacks}
        self._noted: set[int] = set()  # by identity: to hash code takes longer than most operations
        self._running = Lock()

    def _parts(self) -> Iterator[tuple[Place, int, Any]]:
        return ((place, i, part) for place in self._before for i, part in enumerate(place.parts))

    def _users_code(self) -> list[CodeType]:
        return [code for code in self.ran.codes if owner_of(code.co_filename) in FOLLOWED]

    @property
    def lends_to_types(self) -> bool:
        """Whether code that looks at types may have met a stand-in."""
        return self.lends and any({"type", "issubclass"} & set(code.co_names) for code in self._users_code())

    @property
    def reads_names(self) -> bool:
        """Whether code reads the names of Tensors."""
        return any("name" in (*code.co_names, *code.co_consts) for code in self._users_code())

    def check_draws(self, generators: Iterable[Any]) -> None:
        """TypeError for a generator that the function has made itself, which would go on from call to call."""
        known = {id(part) for _, _, part in self._parts()}
        if any(id(generator) not in known for generator in generators):
            raise RefusedError(
                f"compile: {self.name} draws from a generator that it makes itself, which a program would not make "
                "again; make it outside, or pass it as an argument"
            )

    def _made_loans(self) -> Iterator[tuple[Place, int, Lent]]:
        """The places that take a stand-in; an array that is to be had in another place too is not lent."""
        if any(place.reader == reach.CACHED for place in self._before):  # results that are kept may be any arrays
            return
        found = [(place, i, x) for place, i, x in self._parts() if type(x) is np.ndarray]
        elsewhere = {id(x) for place, i, x in found if _setting(place, i, x) is None}
        for place, position, x in found:
            if x.dtype.kind in "fiub" and id(x) not in elsewhere and not is_static(x):
                yield place, position, self._lent.setdefault(id(x), Lent(x))

    def _contents(self) -> list[Place]:
        """What is in the arrays that are not lent."""
        arrays = {id(x): (place.path_of(i), x) for place, i, x in self._parts() if issubclass(type(x), np.ndarray)}
        others = [(path, x) for path, x in arrays.values() if id(x) not in self._lent and not is_static(x)]
        return [reach.place(f"the content of {p}", reach.CONTENT, x) for p, x in others if not x.dtype.hasobject]

    def follow(self, function: Callable[..., Any], /, *arguments: Any, **settings: Any) -> Any:
        """What a function returns; what runs is followed, and arrays are lent to it."""
        previous = sys.getprofile()
        try:
            _lending.append(self)
            still = [(place, i, lent) for place, i, lent in self._loans if _part(place, i) is lent.array]
            at_once([_setting(place, i, lent) or () for place, i, lent in still])
            with self._running:
                sys.setprofile(self._event)
                result = function(*arguments, **settings)
        finally:
            try:
                self._stop(previous)
            except BaseException:
                self._stop(previous)
                raise
        if self.refused is not None:
            raise self.refused
        return result

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
        at_once([_setting(place, i, lent.array) or () for place, i, lent in still])

    # ------------------------------------------------------------------------------------------------ what is called

    def _event(self, frame: Any, event: str, argument: Any) -> None:
        if not self._running.locked():  # an interrupt came in the way of the end
            sys.setprofile(None)
        elif self._skipped is not None:
            if event == "return" and frame is self._skipped:
                self._skipped = None
            elif event == "call":
                self._note_skipped(frame.f_code)
        elif event == "call":
            self._called(frame)
        elif event == "c_call" and owner_of(frame.f_code.co_filename) in FOLLOWED:
            self._called_in_c(frame, argument)

    def _called(self, frame: Any) -> None:
        code, caller = frame.f_code, frame.f_back.f_code
        owner = owner_of(code.co_filename)
        # What an operation computes with is read at each call, and a module that is imported runs once in any case.
        if caller is _RECORD or is_static(code) or id(code) in self._apart or code.co_name in ("__del__", "<module>"):
            self._skipped, self._computes = frame, caller is _RECORD
            self._note_skipped(code)
        elif owner in (*FOLLOWED, "nn"):
            if id(code) not in self._noted and not _is_generated(frame):
                self._noted.add(id(code))
                self._note(code)
        elif owner != "ours" and (owner_of(caller.co_filename) in FOLLOWED or caller.co_filename == _MAPPINGS):
            self._called_library(frame, str(frame.f_globals.get("__name__", "")), owner)

    def _note_skipped(self, code: Any) -> None:
        """What an operation changes it would change once more than without a trace."""
        if self._computes and owner_of(code.co_filename) in FOLLOWED:
            self._changing.add(code)

    def _note(self, code: Any) -> None:
        self.ran.add(code)
        self.ran.by_name_alone &= _READ_BY_OTHER_MEANS.isdisjoint(code.co_names) and not _uses(code, "MATCH_CLASS")
        for name in _INSIDES.intersection(code.co_names):
            self._refuse(f"{code.co_qualname}, which reads {name}")

    def _called_library(self, frame: Any, module: str, owner: str) -> None:
        code = frame.f_code
        function = f"{module}.{code.co_qualname}"
        if owner == "numpy":
            pure = not module.startswith(_IMPURE_NUMPY) and code.co_name not in _IMPURE
        else:  # NumPy's generators have a lock
            pure = function == "threading.RLock" or (_main(module) in _PURE_MODULES and function not in _IMPURE_PYTHON)
        if not pure:
            self._refuse(function, frame.f_back, lambda x: getattr(x, "__code__", None) is code)
        if module not in _READ_BY_NAME and owner != "numpy":
            self.ran.by_name_alone = False

    def _called_in_c(self, frame: Any, function: Any) -> None:
        name, owner = function.__name__, getattr(function, "__self__", None)
        self.ran.by_name_alone &= name not in _READ_BY_OTHER_MEANS
        if owner is None or isinstance(owner, ModuleType):
            module = str(getattr(function, "__module__", None) or getattr(owner, "__name__", ""))
            what = name if module == "builtins" else f"{module}.{name}"
            pure = _main(module) in _PURE_MODULES_IN_C
        else:
            kind = owner if isinstance(owner, type) else type(owner)
            what = f"{kind.__name__}.{name}"
            pure = issubclass(type(owner), _OWNERS_OF_METHODS) or reach.is_transparent(kind)
        if (name in _IMPURE or not pure) and not is_static(function):
            self._refuse(what, frame, lambda x: x is function)

    def _refuse(self, what: str, frame: Any = None, is_it: Callable[[Any], bool] = lambda x: False) -> None:
        """RefusedError for a call, with the promise that would allow it, if the caller's code has a name for it."""
        name = _name_in(frame, is_it)
        self.refused = RefusedError(
            f"compile: {self.name} calls {what}, which may do or give something else at each call; call it outside and "
            "pass the result as an argument (a number as np.float64)"
            + (f", or promise with ag.static({name}) that it always gives the same" if name else "")
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

    def changes(self) -> list[str]:
        """What the function changed of what it reads, each in a few words."""
        ran = Ran(codes=self.ran.codes | self._changing.codes, names=self.ran.names | self._changing.names)
        reached = Reach(self._roots, ran, self._is_by_reference).places
        kept = next((place.path for place in reached for part in place.parts if type(part) is Lent), None)
        if kept is not None:
            raise RefusedError(f"compile: {self.name} keeps an array in {kept}, which is only lent to it; keep a copy")
        read = {_identity(place) for place in reached}
        made = {id(x) for x in self._roots.known}  # with what is made for this program
        places = [place for place in self._before if _identity(place) in read and id(place.owner) not in made]
        found = [place for place in places if _is_changed(place)]
        arrays = [place.path_of(i) for place, i, lent in self._loans if lent.has_changed()]
        buffers = [f"the value of {path} changed" for path, x, held in self._buffers if x.held is not held]
        return [*buffers, *dict.fromkeys(f"the content of {path} changed" for path in arrays), *map(_told, found)]

    def reached(self) -> Reach:
        """What the code that ran can have read."""
        return Reach(self._roots, self.ran, self._is_by_reference)

    def _is_by_reference(self, array: Any) -> bool:
        lent = self._lent.get(id(array))
        return lent is not None and lent.noted is None and self.lends

    def guard(self, reached: Reach, further: Iterable[tuple[Any, ...]] = ()) -> Guard:
        """The guard of the places that were read; `further` tells of others the path, reader, owner and key.

        Raises TypeError for what nobody can compare.
        """
        self._check_unknown(reached)
        self._check_code(reached)
        return Guard([*reached.places, *[reach.place(*how) for how in further]])

    def _check_unknown(self, reached: Reach) -> None:
        for path, value in reached.unknown:
            raise RefusedError(
                f"compile: {self.name} reads {path}, a {type(value).__name__}, and nobody can tell when that changes; "
                f"pass what you need of it as an argument, or promise with ag.static({path}) that it stays the same"
            )

    def _check_code(self, reached: Reach) -> None:
        """Code that was found in a way that the walk does not know may read anything."""
        promised = Reach(reach.Roots(reached.promised), Ran(may=True, by_promise=True, by_name_alone=False)).entered
        for code in self.ran.codes - reached.entered - promised:
            if owner_of(code.co_filename) == "user" and not code.co_qualname.startswith("__create_fn__"):  # dataclasses
                raise RefusedError(
                    f"compile: {self.name} calls {code.co_qualname}, and nobody can tell how it found that; let it "
                    "read it from a variable, an item or an attribute, or promise with ag.static that it is the same"
                )

    def compared(self, reached: Reach) -> dict[int, str]:
        """The objects that calls may not pass, by identity: the function may compare its arguments with them.

        In a trace a Tensor from outside is another object than the same Tensor as an argument.
        """
        identities = any(_uses(code, "IS_OP", "CONTAINS_OP") for code in self._users_code())
        places = [place for place in reached.places if identities or place.reader in reach.KEYS]
        kinds = (Tensor, *reach.GENERATORS)
        return {id(x): place.path_of(i) for place in places for i, x in enumerate(place.parts) if isinstance(x, kinds)}


_lending: list[Watch] = []


def _after_fork() -> None:
    """In the child nobody is there to take back what another thread has lent."""
    for watch in _lending:
        watch.take_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _setting(place: Place, position: int, value: Any) -> tuple[Any, ...] | None:
    """The call that puts something else in place of a part; None where that can't be done unseen."""
    if place.reader == reach.CELL:
        return vars(CellType)["cell_contents"].__set__, place.owner, value
    owner = place.owner.__dict__ if place.reader == reach.ATTRIBUTE else place.owner
    if type(owner) is dict and place.reader in (reach.ENTRY, reach.PRESENT, reach.ATTRIBUTE, reach.VALUES):
        return dict.__setitem__, owner, place.labels[position] if place.labels else place.key, value
    return (list.__setitem__, owner, position, value) if place.reader == reach.ITEMS and type(owner) is list else None


def _part(place: Place, position: int) -> Any:
    return next(iter(place.current()[position:]), None)


def _name_in(frame: Any, is_it: Callable[[Any], bool]) -> str:
    """How code names a function: `open`, or `os.getpid`; empty if it is found in another way."""
    scope = {} if frame is None else {**vars(builtins), **frame.f_globals}
    names = [name for name in scope if frame and name in frame.f_code.co_names]
    parts = [(f"{x}.{name}", getattr(scope[x], name, None)) for x in names for name in frame.f_code.co_names]
    modules = [(path, part) for path, part in parts if isinstance(scope[path.partition(".")[0]], ModuleType)]
    return next((path for path, x in [*((name, scope[name]) for name in names), *modules] if is_it(x)), "")


def _is_generated(frame: Any) -> bool:
    """Whether code is what Python writes for our dataclasses, and for named tuples."""
    ours = ("autograd_mini.", "nn.", "namedtuple_")
    return frame.f_code.co_filename == "<string>" and str(frame.f_globals.get("__name__")).startswith(ours)


@functools.lru_cache(maxsize=4096)
def _uses(code: CodeType, *operations: str) -> bool:
    """Whether code has one of these instructions of Python."""
    return any(step.opname in operations for step in dis.get_instructions(code))


def _told(place: Place) -> str:
    return difference(place) or f"{place.path} changed"


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
_READ_BY_OTHER_MEANS = frozenset({
    "getattr", "hasattr", "AttributeError", "vars", "__dict__", "dir", "attrgetter", "format", "format_map",
    "__getattribute__", "setattr", "delattr", "__setattr__", "__delattr__",
})
"""Among names in code, or of what is called: "{0.rate}".format(x) reads an attribute."""
_INSIDES = frozenset({"__globals__", "__closure__", "__defaults__", "__kwdefaults__", "__code__", "__builtins__"})
_IMPURE_PYTHON = frozenset({"importlib.import_module", "importlib.reload", "logging.getLogger"})
_READ_BY_NAME = frozenset({
    "abc", "contextlib", "functools", "enum", "typing", "_collections_abc", "collections", "warnings",
})
_PURE_MODULES = frozenset({
    "abc", "array", "bisect", "builtins", "cmath", "collections", "collections_abc", "colorsys", "contextlib",
    "contextvars", "copy", "copyreg", "dataclasses", "datetime", "enum", "fractions", "functools", "heapq",
    "importlib", "itertools", "json", "keyword", "linecache", "logging", "math", "numbers", "operator",
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
_IMPURE_NUMPY = (
    "numpy.random",
    "numpy.lib._npyio",
    "numpy.lib.npyio",
    "numpy._core.memmap",
    "numpy.lib._datasource",
    "numpy._core.arrayprint",
)
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


# ------------------------------------------------------------------------------------------------------ stand-ins

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
