"""Whose code a function, class or module is: the user's, or that of Python, an installed package or this project."""

from __future__ import annotations

import os
import sys
from types import ModuleType

_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
_PYTHON = os.path.dirname(os.__file__) + os.sep
_LIBRARIES = (_PYTHON, os.path.join(_PROJECT, "autograd_mini", ""), os.path.join(_PROJECT, "nn", ""), "<frozen")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OPEN = {"types", "argparse", "collections"}
"""Modules of Python whose instances hold what users put in: SimpleNamespace, Namespace, UserDict."""


def is_library_file(file: str) -> bool:
    """Whether code of this file belongs to Python, an installed package or this project."""
    return file.startswith(_LIBRARIES) or any(folder in file for folder in _INSTALLED)


def is_users_module(module: ModuleType) -> bool:
    """Whether a module is the user's."""
    return not _is_builtin(module.__name__) and not is_library_file(_file(module.__name__))


def is_users_class(kind: type) -> bool:
    """Whether a class is the user's."""
    return not _is_builtin(kind.__module__) and not is_library_file(_file(kind.__module__))


def is_closed(kind: type) -> bool:
    """Whether the attributes of a class's instances are its own affair: NumPy's, Python's and ours; not those of nn."""
    package = str(kind.__module__).partition(".")[0]
    if package in _OPEN:
        return False
    file = _file(kind.__module__)
    of_python = file.startswith(_PYTHON) and not any(folder in file for folder in _INSTALLED)
    return package in ("numpy", "autograd_mini") or _is_builtin(kind.__module__) or of_python


def _is_builtin(name: str) -> bool:
    return name in sys.builtin_module_names


def _file(name: str) -> str:
    return getattr(sys.modules.get(name), "__file__", None) or ""
