"""Every operation of the table: value, dtype, shape, gradients of both orders, and inputs left alone."""

from __future__ import annotations

import doctest
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor, ops
from autograd_mini.testing import check_gradient
from tests.operations import ROWS, TOOLS, Row, operations

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
smooth_rows = pytest.mark.parametrize("row", [row for row in ROWS if row.order], ids=lambda row: row.name)
any_data = given(data=st.data())


def tensors(arrays: list[np.ndarray], dtype: Any = None) -> list[Tensor]:
    return [Tensor(array, dtype=dtype) for array in arrays]


def gradients_of(output: Tensor, variables: list[Tensor], create_graph: bool = False) -> list[Any]:
    weights = np.random.default_rng(0).normal(size=output.shape)
    return ag.gradients(output, variables, gradient=weights, create_graph=create_graph)


@every_row
@any_data
def test_value_is_numpys(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    expected = row.reference(*arrays, **options)
    result = row.call(*tensors(arrays), **options)
    assert result.shape == np.shape(expected)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.data, expected, rtol=row.rtol, atol=row.rtol)


@every_row
@any_data
def test_zero_dimensional_results_are_numpy_scalars(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    result = row.call(*tensors(arrays), **options)
    assert isinstance(result.data, np.ndarray if result.shape else np.generic)


@every_row
@any_data
def test_plain_arrays_in_plain_arrays_out(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    plain = row.call(*arrays, **options)
    assert isinstance(plain, np.ndarray | np.generic)
    # A 0-d array and a NumPy scalar go through different loops of NumPy, which may differ in the last bit.
    np.testing.assert_allclose(plain, row.call(*tensors(arrays), **options).data, rtol=4e-16)


named_by_numpy = [row for row in ROWS if row.call is row.subject and getattr(row.subject, "numpy", None) is not None]


@pytest.mark.parametrize("row", named_by_numpy, ids=lambda row: row.name)
@settings(max_examples=15)
@any_data
def test_numpys_function_of_tensors_is_the_same_operation(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    ours = row.call(*tensors(arrays), **options)
    theirs = row.subject.numpy(*tensors(arrays), **options)
    for one, other in zip(*(part if isinstance(part, tuple | list) else [part] for part in (ours, theirs))):
        assert isinstance(other, Tensor)
        np.testing.assert_array_equal(other.data, one.data)


@smooth_rows
@settings(max_examples=20)
@any_data
def test_gradients_agree_with_finite_differences(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    check_gradient(lambda *variables: row.call(*variables, **options), *arrays, order=row.order)


@every_row
@any_data
def test_dtype_is_kept(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    options = {name: np.dtype(np.float32) if name == "dtype" else value for name, value in options.items()}
    for dtype in (np.float32, np.float16):
        variables = tensors(arrays, dtype)
        result = row.call(*variables, **options)
        if result.requires_grad:
            assert result.dtype == (np.float32 if "dtype" in options else dtype)
            slopes = gradients_of(result, variables)
            assert [slope.dtype for slope in slopes] == [dtype] * len(arrays)
            assert [slope.shape for slope in slopes] == [array.shape for array in arrays]


@every_row
@any_data
def test_recorded_gradients_equal_plain_ones(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    variables = tensors(arrays)
    result = row.call(*variables, **options)
    if result.requires_grad:
        plain = gradients_of(result, variables)
        recorded = gradients_of(result, variables, create_graph=True)
        for a, b in zip(plain, recorded):
            np.testing.assert_allclose(a, b.data, rtol=1e-14, atol=1e-14)


@every_row
@any_data
def test_no_input_is_changed(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    variables = [ag.as_tensor(array) for array in arrays]
    result = row.call(*variables, **options)
    if result.requires_grad:
        seed = np.ones(result.shape)
        seed.flags.writeable = False
        result.backward(seed)
    for array, copy in zip(arrays, before):
        np.testing.assert_array_equal(array, copy)


@every_row
@any_data
def test_constants_get_no_gradient(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    constants = [Tensor(array, requires_grad=False) for array in arrays]
    assert not row.call(*constants, **options).requires_grad


def missing_rows(defined: set[Any]) -> set[str]:
    covered = {row.subject for row in ROWS} | {
        ag.concatenate,
        ag.stack,
        ag.put,
        ag.add_at,
    }  # their rows are about the Ops they call
    return {getattr(subject, "name", None) or subject.__name__ for subject in defined - covered}


def test_every_operation_has_a_row() -> None:
    assert missing_rows(operations()) == set()


INNER = {"cofactor", "cofactor_slope", "getitem", "scatter_add", "sinc_derivative", "windows", "add_windows"}
"""What operations are made of, and nobody calls by name."""


def test_every_function_of_ops_is_public() -> None:
    exported = [*vars(ag).values(), *vars(ag.linalg).values()]
    for name, value in vars(ops).items():
        if isinstance(value, ops.Op | FunctionType) and name not in INNER | TOOLS:
            assert any(value is other for other in exported), name


def test_the_guard_sees_an_operation_without_a_row() -> None:
    forgotten = ag.Op("cube", lambda x: x**3, lambda g, out, x: 3 * g * x * x)
    assert missing_rows({*operations(), forgotten}) == {"cube"}


@pytest.mark.parametrize(
    "op",
    sorted(
        {op for module in (ag, ag.linalg) for op in vars(module).values() if isinstance(op, ops.Op)},
        key=lambda op: op.name,
    ),
)
def test_every_public_operation_has_an_example_that_runs(op: ops.Op) -> None:
    examples = doctest.DocTestParser().get_doctest(op.__doc__ or "", {"ag": ag, "np": np}, op.name, None, 0)
    assert examples.examples
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(examples).failed == 0


@pytest.mark.parametrize(
    "row", [row for row in ROWS if getattr(row.subject, "elementwise", False)], ids=lambda r: r.name
)
@any_data
def test_elementwise_operations_work_entry_by_entry(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    entries = [array.ravel() for array in np.broadcast_arrays(*arrays)]
    one_by_one = [row.subject(*numbers, **options) for numbers in zip(*entries)]
    # NumPy's loops for arrays and for numbers may differ in the last bit.
    np.testing.assert_allclose(row.subject(*entries, **options), one_by_one, rtol=4e-16)


def test_what_mixes_entries_is_not_elementwise() -> None:
    mixing = (ops.matmul, ops.reduce_sum, ops.reshape, ops.getitem, ops.softmax, ops.cumsum, ops.transpose, ops.sort)
    assert not any(op.elementwise for op in mixing)
    assert not ag.Op("cube", lambda x: x**3, None).elementwise
