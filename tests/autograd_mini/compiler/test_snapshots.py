"""Generated programs read as they did; where a change is meant, `python -m tests.autograd_mini.compiler.snapshots`."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from tests.autograd_mini.compiler.snapshots import FOLDER, PROGRAMS, path

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)


@every_program
def test_a_program_reads_as_it_did(program: Callable[[], str]) -> None:
    kept = path(program).read_text()
    assert program() == kept, "to keep the new text: python -m tests.autograd_mini.compiler.snapshots"


@every_program
def test_a_program_is_the_same_each_time(program: Callable[[], str]) -> None:
    assert program() == program()


@every_program
def test_a_program_is_plain_ascii_python_in_lines_that_can_be_read(program: Callable[[], str]) -> None:
    text = path(program).read_text()
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 120


def test_every_snapshot_has_a_program() -> None:
    assert sorted(FOLDER.iterdir()) == sorted(map(path, PROGRAMS))
