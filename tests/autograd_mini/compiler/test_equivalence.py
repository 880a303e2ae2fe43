"""Compiled equals eager: for every operation of the table and for random programs, in value and in both orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from tests.operations import ROWS, Row
from tests.programs import OURS, random_program

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
any_data = given(data=st.data())
DTYPES = (np.float64, np.float32)


def weighted(row: Row, options: dict[str, Any]) -> Any:
    """The operation as a scalar function: its results weighed and summed."""

    def total(*inputs: Any) -> Any:
        results = row.call(*inputs, **options)
        parts = results if isinstance(results, (tuple, list)) else [results]
        return ag.sum(sum(ag.sum(part * (1.5 + np.arange(part.size).reshape(part.shape))) for part in parts))

    return total


def assert_close(compiled: Any, eager: Any) -> None:
    if compiled is None:  # the .grad of a leaf that the loss does not depend on
        assert not np.any(eager)
        return
    compiled, eager = np.asarray(compiled), np.asarray(eager)
    assert (compiled.dtype, compiled.shape) == (eager.dtype, eager.shape)
    tolerance = 1000 * np.finfo(eager.dtype).eps if eager.dtype.kind == "f" else 0
    scale = np.max(np.abs(eager), initial=1, where=np.isfinite(eager))
    np.testing.assert_allclose(compiled, eager, rtol=tolerance, atol=tolerance * scale)


@every_row
@settings(max_examples=8)
@any_data
def test_values_of_every_operation(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    dtype = np.float64 if "dtype" in options else data.draw(st.sampled_from(DTYPES))
    inputs = [array.astype(dtype) if array.dtype.kind == "f" else array for array in arrays]
    eager = row.call(*[Tensor(x, requires_grad=False) for x in inputs], **options)
    compiled = ag.compile(lambda *xs: row.call(*xs, **options))
    for _ in range(2):  # buffers are used again
        results = compiled.value(*inputs)
        several = isinstance(eager, (tuple, list))
        for one, other in zip(results if several else [results], eager if several else [eager]):
            assert one.dtype == other.dtype
            if "vdot" in compiled.source:  # a sum of products, which adds up in another order
                assert_close(one, other.data)
            else:
                np.testing.assert_array_equal(one, other.data)


@every_row
@settings(max_examples=8)
@any_data
def test_gradients_of_every_operation(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    leaves = [Tensor(array) for array in arrays]
    total = weighted(row, options)
    loss = total(*leaves)
    if not loss.requires_grad:
        return
    expected = ag.gradients(loss, leaves)
    compiled = ag.compile(total)
    for _ in range(2):
        assert_close(compiled.value_and_grad(*leaves), loss.data)
        for leaf, slope in zip(leaves, expected):
            assert_close(leaf.grad, slope)


@pytest.mark.parametrize("row", [row for row in ROWS if row.order > 1], ids=lambda row: row.name)
@settings(max_examples=5)
@any_data
def test_second_order_of_every_operation(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    total = weighted(row, options)
    positions = tuple(range(len(arrays)))

    def slopes(*inputs: Any) -> Any:
        return ag.grad(lambda *xs: sum(ag.sum(g * g) for g in ag.grad(total, positions)(*xs)), positions)(*inputs)

    compiled = ag.compile(slopes)
    for one, other in zip(compiled.value(*arrays), slopes(*arrays)):
        assert_close(one, other)


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_programs(seed: int) -> None:
    program = random_program(seed, smooth=False)
    leaves = [Tensor(leaf) for leaf in program.leaves]
    loss = program.run(OURS, leaves)
    expected = ag.gradients(loss, leaves)
    compiled = ag.compile(lambda: program.run(OURS, leaves))
    for _ in range(2):
        assert_close(compiled.value_and_grad(), loss.data)
        for leaf, slope in zip(leaves, expected):
            assert_close(leaf.grad, slope)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_second_order_of_random_programs(seed: int) -> None:
    program = random_program(seed, smooth=True)
    positions = tuple(range(len(program.leaves)))

    def slopes(*leaves: Any) -> Any:
        first = ag.grad(lambda *xs: program.run(OURS, list(xs)), positions)
        return ag.grad(lambda *xs: sum(ag.sum(g * g) for g in first(*xs)), positions)(*leaves)

    compiled = ag.compile(slopes)
    for one, other in zip(compiled.value(*program.leaves), slopes(*program.leaves)):
        assert_close(one, other)
