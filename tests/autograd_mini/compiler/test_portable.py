"""Which programs can travel to another process, and when they are those of the function that is there."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.compiler.guards.guard import Guard
from autograd_mini.compiler.portable import fingerprint

TEXT = """
rate = {rate}

def f(x):
    return (lambda y: y * {factor})(x) + math.tau * rate
"""


def made(text: str = TEXT, *, rate: Any = 0.5, factor: Any = 2.0) -> Any:
    """A function as another process would define it from the same text, or from a changed one."""
    scope = {"math": math, "np": np, "__name__": "elsewhere"}
    exec(text.format(rate=rate, factor=factor), scope)
    return scope["f"]


def print_of(function: Any) -> Any:
    return fingerprint(Guard(function))


def test_the_same_text_read_twice_has_the_same_fingerprint() -> None:
    assert print_of(made()) == print_of(made()) != None  # noqa: E711 - all three


@pytest.mark.parametrize(
    "changed",
    [
        made(rate=0.25),
        made(rate="np.float32(0.5)"),
        made(rate="'0.5'"),
        made(factor=3.0),
        made(factor=2),
        made(TEXT.replace("tau", "pi")),
        made(TEXT.replace("+ math", "- math")),
        made(TEXT.replace("math.tau *", "")),
    ],
    ids=["a global", "its type", "a text", "a constant of a lambda", "its type there", "a name", "code", "less code"],
)
def test_a_changed_function_has_another(changed: Any) -> None:
    assert print_of(changed) != print_of(made())


@pytest.mark.parametrize("rate", ["[0.5]", "{}", "math.tan", "object()"])
def test_a_function_that_reads_objects_has_none(rate: str) -> None:
    assert print_of(made(rate=rate)) is None


def test_tensors_and_arrays_do_not_travel() -> None:
    w, table = Tensor([1.0, 2.0]), np.ones(2)
    assert print_of(lambda x: x * w) is None
    assert print_of(lambda x: x * table) is None


def fourfold(x: Any) -> Any:
    return x * 4.0


def test_programs_that_travel_are_used_where_they_arrive() -> None:
    compiled = ag.compile(fourfold)
    x = np.array([1.0, 2.0])
    compiled.value(x)
    other = pickle.loads(pickle.dumps(compiled))
    np.testing.assert_array_equal(other.value(x), 4 * x)
    assert other.compilations == 0
    np.testing.assert_array_equal(other.value(np.ones(3)), np.full(3, 4.0))
    assert other.compilations == 1


def test_programs_of_a_function_that_has_changed_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = ag.compile(fourfold)
    compiled.value(np.ones(2))
    sent = pickle.dumps(compiled)
    monkeypatch.setattr(fourfold, "__code__", (lambda x: x * 5.0).__code__)
    np.testing.assert_array_equal(pickle.loads(sent).value(np.ones(2)), [5.0, 5.0])
