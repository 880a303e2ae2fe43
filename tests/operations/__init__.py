"""The table of operations: one row each drives the tests of value, dtype, shape, gradient and mutation."""

from __future__ import annotations

import importlib
import pkgutil
from types import FunctionType
from typing import Any

from autograd_mini import ops
from tests.operations import diagonals, elementwise, indexing, joining, linalg, rearranging, reductions, shape
from tests.operations.rows import Row as Row

ROWS: list[Row] = [
    *diagonals.ROWS,
    *elementwise.ROWS,
    *indexing.ROWS,
    *joining.ROWS,
    *linalg.ROWS,
    *rearranging.ROWS,
    *reductions.ROWS,
    *shape.ROWS,
]

TOOLS = {"as_operand", "implements", "split_index"}
"""Functions of `ops` that help to write operations and are none."""


def operations() -> set[Any]:
    """Every Op that a module of `ops` defines, and every function composed of them that `ops` exports."""
    names = [module.name for module in pkgutil.iter_modules(ops.__path__)]
    modules = [importlib.import_module(f"autograd_mini.ops.{name}") for name in names]
    defined = {value for module in modules for value in vars(module).values() if isinstance(value, ops.Op)}
    composed = {value for name, value in vars(ops).items() if isinstance(value, FunctionType) and name not in TOOLS}
    return defined | composed
