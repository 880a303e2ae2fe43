"""Text becomes a function that debuggers can read, and its buffers lie in memory as planned."""

from __future__ import annotations

import linecache
import traceback
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler.emit import Source
from autograd_mini.compiler.plan import ALIGNMENT, Place
from autograd_mini.compiler.program import buffers, linked

SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)
DTYPES = st.sampled_from([np.dtype(x) for x in (np.float64, np.float32, np.bool_, np.int8)])


def a_source(text: str, **parts: Any) -> Source:
    empty = {"operations": {}, "constants": {}, "buffers": (), "returned": (0,), "commits": False, "in_a_row": False}
    return Source(text=text, name="f", **empty | parts)


def test_a_function_knows_numpy_its_constants_and_its_operations() -> None:
    source = a_source(
        "def f(x, workspace):\n    return (np.add(tanh(x), c),)\n", operations={"tanh": ag.tanh}, constants={"c": 2.0}
    )
    assert linked(source)(np.float64(0.5), []) == (np.tanh(0.5) + 2.0,)


def test_functions_of_the_same_text_know_only_their_own_constants() -> None:
    text = "def f():\n    return c\n"
    one, other = (linked(a_source(text, constants={"c": c})) for c in (1, 2))
    assert (one(), other()) == (1, 2)
    with pytest.raises(NameError):
        linked(a_source(text))()


def test_each_function_has_a_file_that_linecache_knows() -> None:
    text = "def f(x):\n    return x / 0\n"
    functions = [linked(a_source(text)) for _ in range(2)]
    files = [function.__code__.co_filename for function in functions]
    assert len(set(files)) == 2
    for function, file in zip(functions, files):
        linecache.checkcache()
        assert linecache.getlines(file) == text.splitlines(keepends=True)
        with pytest.raises(ZeroDivisionError) as caught:
            function(1)
        assert f'File "{file}", line 2, in f\n    return x / 0' in "".join(traceback.format_exception(caught.value))


@given(places=st.lists(st.tuples(SHAPES, DTYPES), min_size=1, max_size=6))
def test_buffers_start_at_a_cache_line_and_share_nothing(places: list[tuple[Any, Any]]) -> None:
    made = [Place(block, shape, dtype) for block, (shape, dtype) in enumerate(places)]
    sizes = [max(dtype.itemsize * int(np.prod(shape)), 1) for shape, dtype in places]
    arrays = buffers(a_source("", buffers=tuple(made)), sizes)
    for array, (shape, dtype) in zip(arrays, places, strict=True):
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.ctypes.data % ALIGNMENT == 0 or not array.size
    for i, array in enumerate(arrays):
        array[...] = i
    assert all((array == np.array(i).astype(array.dtype)).all() for i, array in enumerate(arrays))


def test_places_in_one_block_share_its_memory() -> None:
    double = np.dtype(np.float64)
    places = (Place(0, (2, 3), double), Place(0, (6,), double), Place(0, (2,), double, start=16))
    whole, flat, part = buffers(a_source("", buffers=places), (48,))
    flat[...] = np.arange(6.0)
    np.testing.assert_array_equal(whole, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    np.testing.assert_array_equal(part, [2.0, 3.0])


def test_every_workspace_has_memory_of_its_own() -> None:
    source = a_source("", buffers=(Place(0, (4,), np.dtype(np.float64)),))
    (one,), (other,) = buffers(source, (32,)), buffers(source, (32,))
    assert not np.may_share_memory(one, other)
