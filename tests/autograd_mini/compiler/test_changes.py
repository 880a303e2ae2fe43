"""Whatever changes between two calls, a compiled function gives what the function itself gives."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from tests.autograd_mini.compiler import changes


@pytest.fixture(autouse=True)
def many_programs() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ag.RecompilationWarning)
        yield


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), names=st.lists(st.sampled_from(sorted(changes.CHANGES)), max_size=8))
def test_any_changes_between_calls(seed: int, names: list[str]) -> None:
    changes.run(seed, names)


@pytest.mark.parametrize("name", sorted(changes.CHANGES))
@pytest.mark.parametrize("seed", range(3))
def test_each_change_in_a_world_that_reads_all(name: str, seed: int) -> None:
    pair = changes.Pair(seed)
    pair.terms[:] = changes.TERMS.values()  # the functions read this list
    pair.check(pair.worlds[1].array.copy())
    for _ in range(2):
        pair.change(name)
        pair.check(pair.worlds[1].array.copy())
