"""The places that a function's code reads: closure cells, defaults, globals, and attributes of modules."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from autograd_mini.compiler.guards import readers
from autograd_mini.compiler.guards.origins import is_library_file, is_users_module
from autograd_mini.compiler.guards.reached import Reached, attributes, by_name, fixed, place


def of_function(function: FunctionType, path: str) -> Iterator[Reached]:
    """The places that a function has; of a library's function only what users can have given it."""
    code = function.__code__
    cells = function.__closure__ or ()
    yield fixed(path, cells, by_name, code.co_freevars)
    yield fixed(path, function.__defaults__ or (), by_name, _names_of_defaults(function))
    if function.__kwdefaults__:
        yield place(path, readers.VALUES, function.__kwdefaults__, None, by_name, tuple(function.__kwdefaults__))
    if is_library_file(code.co_filename):
        yield from wrapped_places(function, path)
        return
    if function.__dict__:
        yield from attributes(function, path)
    yield place(f"the code of {path}", readers.CODE, function)
    yield place(f"the defaults of {path}", readers.DEFAULTS, function)
    yield place(f"the keyword defaults of {path}", readers.KEYWORD_DEFAULTS, function)
    yield from _of_globals(function)


def wrapped_places(value: Any, path: str) -> Iterator[Reached]:
    """What a decorator has kept of the function that it decorates."""
    wrapped = getattr(value, "__dict__", {}).get("__wrapped__")
    if wrapped is not None:
        yield fixed(path, (wrapped,))


def _names_of_defaults(function: FunctionType) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[code.co_argcount - len(function.__defaults__ or ()) : code.co_argcount]


def _of_globals(function: FunctionType) -> Iterator[Reached]:
    codes = _with_inner(function.__code__)
    scope = function.__globals__
    for name in dict.fromkeys(name for code in codes for name in _global_names(code)):
        yield place(name, readers.ENTRY, scope, name)
    seen = {name: scope[name] for code in codes for name in code.co_names if name in scope}
    yield from _of_modules(seen | _cells(function), {name for code in codes for name in code.co_names})


def _with_inner(code: CodeType) -> list[CodeType]:
    """A function's code, then that of the functions, lambdas and classes inside it."""
    found = [code]
    for outer in found:
        found += [constant for constant in outer.co_consts if isinstance(constant, CodeType)]
    return found


def _global_names(code: CodeType) -> list[str]:
    """What may be read as a global: `co_names` also has the names of attributes."""
    return [read.argval for read in dis.get_instructions(code) if read.opname in ("LOAD_GLOBAL", "LOAD_NAME")]


def _cells(function: FunctionType) -> dict[str, Any]:
    pairs = zip(function.__code__.co_freevars, function.__closure__ or ())
    return {name: cell.cell_contents for name, cell in pairs if cell != CellType()}  # all but the empty


def _of_modules(values: dict[str, Any], names: set[str]) -> Iterator[Reached]:
    """The attributes of the user's modules that the code names: `config.rate`, `package.config.rate`."""
    waiting = list(values.items())
    seen: set[int] = set()
    while waiting:
        path, module = waiting.pop()
        if isinstance(module, ModuleType) and id(module) not in seen and is_users_module(module):
            seen.add(id(module))
            read = sorted(names & vars(module).keys())
            yield from (place(f"{path}.{name}", readers.ENTRY, vars(module), name) for name in read)
            waiting += [(f"{path}.{name}", vars(module)[name]) for name in read]
