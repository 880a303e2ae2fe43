"""The table of operations: one row each drives the tests of value, dtype, shape, gradient and mutation.

Each module beside this one has the rows of one family, as ROWS.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import FunctionType, ModuleType
from typing import Any

from autograd_mini import ops
from tests.operations.rows import Row as Row


def modules_of(package: ModuleType) -> list[ModuleType]:
    """The modules of a package, imported."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


ROWS: list[Row] = [
    row for module in modules_of(importlib.import_module(__name__)) for row in vars(module).get("ROWS", [])
]

TOOLS = {"as_array", "as_operand", "implements", "split_index"}
"""Functions of `ops` that help to write operations and are none."""


def operations() -> set[Any]:
    """Every Op that a module of `ops` defines, and every function composed of them that `ops` exports."""
    defined = {value for module in modules_of(ops) for value in vars(module).values() if isinstance(value, ops.Op)}
    composed = {value for name, value in vars(ops).items() if isinstance(value, FunctionType) and name not in TOOLS}
    return defined | composed
