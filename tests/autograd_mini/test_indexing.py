"""Every form of index, repeated entries, and functional updates: exact values and gradients."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient

CUBE = np.arange(24.0).reshape(2, 3, 4)


class Position:
    """An object that is an index as a number is."""

    def __repr__(self) -> str:
        return "Position()"

    def __index__(self) -> int:
        return 1


def constant(data: Any) -> Tensor:
    return Tensor(data, requires_grad=False, dtype=np.asarray(data).dtype)


def numpys(index: Any) -> Any:
    """The index with arrays in place of Tensors."""
    return tuple(part.data if isinstance(part, Tensor) else part for part in index)


def counts(shape: tuple[int, ...], index: Any) -> np.ndarray:
    """How often an index reads each entry."""
    places = np.arange(int(np.prod(shape))).reshape(shape)[index]
    return np.bincount(np.ravel(places), minlength=int(np.prod(shape))).reshape(shape)


MASK = np.array([[True, False, True], [False, True, False]])

INDICES: list[tuple[Any, ...]] = [
    (),
    (True,),
    (False,),
    (np.True_, 0),
    (np.array(True), [0, 0]),
    (CUBE > 7,),
    (MASK,),
    (MASK, slice(None, None, -2)),
    (slice(None), [True, False, True]),
    (slice(None), [True, False, True], [0, 3]),
    ([True, False], [True, True, False]),
    (MASK, [1, 1, 2]),
    (np.array([1, 0, 1], np.uint8),),
    (np.array([1, 1], np.uint64), ..., np.array([-1, -1], np.int8)),
    (np.array(1),),
    (np.int16(1), slice(None), np.array(2)),
    (np.array(1), [0, 0]),
    ([[0, 1], [1, 1]],),
    ([[0], [1]], [2, 2, 0]),
    (0, slice(None), [3, 3]),
    ([0, 0], slice(None), [3, 3]),
    ([0, 0], None, [1, 1]),
    (None, [1, 1], ..., None),
    (..., [0, 0, -4]),
    ([],),
    (slice(None), [], slice(0, 2)),
    ([[]],),
    ((1, 1),),
    (slice(None), (), 0),
    (slice(None, None, -1), slice(-1, 0, -2), slice(5, 1)),
    (range(2), range(2)),
    (array.array("i", [1, 1]),),
    (Position(), [2, 2]),
    (constant(1),),
    (constant([1, 1]), slice(None), constant(0)),
    (constant(MASK),),
    (constant(np.True_),),
    (constant([[1, 1], [0, 1]]), [[1], [1]]),
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
@pytest.mark.parametrize("create_graph", [False, True])
def test_every_index_reads_what_numpy_reads(index: tuple[Any, ...], create_graph: bool) -> None:
    x = Tensor(CUBE)
    read = x[index]
    np.testing.assert_array_equal(read.data, CUBE[numpys(index)])
    (slope,) = ag.gradients(read.sum(), [x], create_graph=create_graph)
    np.testing.assert_array_equal(getattr(slope, "data", slope), counts(CUBE.shape, numpys(index)))


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_every_index_can_be_put_and_added_at(index: tuple[Any, ...]) -> None:
    place, repeats = CUBE[numpys(index)], counts(CUBE.shape, numpys(index))
    x, value = Tensor(CUBE), Tensor(-1.0 - np.arange(place.size).reshape(place.shape))
    expected = CUBE.copy()
    expected[numpys(index)] = value.data
    np.testing.assert_array_equal(ag.put(x, index, value).data, expected)
    put_x, put_value = ag.gradients(ag.put(x, index, value).sum(), [x, value])
    np.testing.assert_array_equal(put_x, repeats == 0)
    np.testing.assert_array_equal(put_value, expected[numpys(index)] == value.data)  # the last of each place stays
    expected = CUBE.copy()
    np.add.at(expected, numpys(index), value.data)
    np.testing.assert_array_equal(ag.add_at(x, index, value).data, expected)


def test_a_bare_sequence_reads_with_repeats() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    x[array.array("i", [0, 0, 2])].sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0, 1.0])


def test_tensors_in_a_list_index_as_numbers() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x[[constant(2), constant(0)]].data, [3.0, 1.0])


def test_repeats_add_up_in_a_transposed_gradient() -> None:
    x = Tensor(np.ones((2, 3)))
    weights = np.arange(6.0).reshape(3, 2)
    (x[[0, 0, 1]].sum() + (x.T * weights).sum()).backward()
    np.testing.assert_array_equal(x.grad, weights.T + np.array([[2.0], [1.0]]))


def test_a_few_rows_of_a_large_array_accumulate() -> None:
    x = Tensor(np.ones((1000, 3)))
    x[[7, 7, -1]].sum().backward()
    assert x.grad is not None
    assert (x.grad[7, 0], x.grad[-1, 0], x.grad.sum()) == (2.0, 1.0, 9.0)


# ---------------------------------------------------------------------------------------------- functional updates


def test_the_last_of_repeated_values_is_put_and_gets_the_gradient() -> None:
    x, value = Tensor([1.0, 2.0, 3.0]), Tensor([10.0, 20.0, 30.0])
    changed = ag.put(x, [0, 2, 0], value)
    np.testing.assert_array_equal(changed.data, [30.0, 2.0, 20.0])
    slopes = ag.gradients(changed, [x, value], gradient=[1.0, 2.0, 3.0])
    np.testing.assert_array_equal(slopes[0], [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(slopes[1], [0.0, 3.0, 1.0])


@pytest.mark.parametrize("order", ["C", "F"])
def test_last_means_last_in_reading_order(order: Any) -> None:
    index = np.array([[0, 1], [1, 0]], order=order)
    value = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]], order=order))
    changed = ag.put(np.zeros(2), index, value)
    np.testing.assert_array_equal(changed.data, [4.0, 3.0])
    np.testing.assert_array_equal(ag.gradients(changed.sum(), [value])[0], [[0.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize("index", [[0, 1, 1], ([0, 1, 1], [2, 0, 0]), slice(0, 1)])
def test_an_array_of_any_memory_order_is_updated(index: Any) -> None:
    x = np.arange(6.0).reshape(3, 2).T
    expected, added = x.copy(), x.copy()
    expected[index] = -1.0
    np.add.at(added, index, -1.0)
    np.testing.assert_array_equal(ag.put(x, index, -1.0), expected)
    np.testing.assert_array_equal(ag.add_at(x, index, -1.0), added)


@pytest.mark.parametrize("function", [ag.put, ag.add_at])
def test_a_broadcast_value_gets_the_sum(function: Callable[..., Any]) -> None:
    row, number = Tensor([1.0, 2.0, 3.0, 4.0]), Tensor(5.0)
    assert ag.gradients(function(CUBE, (slice(None), 1), number).sum(), [number]) == [8.0]
    np.testing.assert_array_equal(ag.gradients(function(CUBE, (slice(None), 1), row).sum(), [row])[0], [2.0] * 4)


def test_a_repeated_broadcast_value_gets_the_gradient_once() -> None:
    value = Tensor(5.0)
    assert ag.gradients(ag.put(np.zeros(3), [0, 0, 1], value).sum(), [value]) == [2.0]
    assert ag.gradients(ag.add_at(np.zeros(3), [0, 0, 1], value).sum(), [value]) == [3.0]


@pytest.mark.parametrize("index", [slice(0, 2), [0, 1]])
def test_a_value_may_have_more_axes_of_length_one(index: Any) -> None:
    value = Tensor([[[7.0, 8.0]]])
    changed = ag.put(np.zeros(3), index, value)
    np.testing.assert_array_equal(changed.data, [7.0, 8.0, 0.0])
    np.testing.assert_array_equal(ag.gradients(changed, [value], gradient=[1.0, 2.0, 3.0])[0], [[[1.0, 2.0]]])


@pytest.mark.parametrize("function", [ag.put, ag.add_at])
@pytest.mark.parametrize(
    ("x", "value", "dtype"),
    [
        (np.zeros(2, np.float32), 1.5, np.float32),
        (np.zeros(2, np.float16), np.ones(1), np.float16),
        (np.zeros(2, np.int64), 1, np.int64),
        (np.zeros(2, np.int64), 1.5, np.float64),
        ([0, 0], np.float32(1.5), np.float64),
        (0.0, 1, np.float64),
    ],
)
def test_floats_keep_their_dtype_and_integers_never_cut_a_value(
    function: Callable[..., Any], x: Any, value: Any, dtype: Any
) -> None:
    changed = function(x, ..., value)
    assert changed.dtype == dtype
    assert np.ravel(changed)[0] == np.ravel(value)[0]


def test_a_float_value_in_an_integer_array_keeps_its_gradient() -> None:
    value = Tensor(1.5)
    assert ag.gradients(ag.put([0, 0], 1, value)[1], [value]) == [1.0]


@pytest.mark.parametrize("function", [ag.put, ag.add_at])
@pytest.mark.parametrize("index", [1, [0, 0, 2], slice(None, None, -2), np.array([True, False, True])])
def test_updates_of_products_to_second_order(function: Callable[..., Any], index: Any) -> None:
    check_gradient(lambda x, y: function(x * y, index, (x * x).sum() * y) ** 2, [1.0, 2.0, 3.0], 0.5)


def test_a_mask_that_was_computed() -> None:
    x = Tensor([-1.0, 2.0, -3.0])
    changed = ag.put(x, x < 0, 0.0)
    np.testing.assert_array_equal(changed.data, [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(ag.gradients(changed.sum(), [x])[0], [0.0, 1.0, 0.0])


def test_what_is_not_put_stops_infinite_gradients() -> None:
    value = Tensor([1.0, 2.0])
    changed = ag.put(np.zeros(1), [0, 0], value)
    np.testing.assert_array_equal(ag.gradients(changed, [value], gradient=[np.inf])[0], [0.0, np.inf])


@pytest.mark.parametrize(
    ("index", "value", "kind", "message"),
    [
        (3, 1.0, IndexError, r"put: x \(3,\), 1.0, index=\(3,\): .* out of bounds"),
        ([0, 1], [1.0, 2.0, 3.0], ValueError, r"put: x \(3,\), array \(3,\), array \(2,\)"),
        (slice(0, 2), [1.0, 2.0, 3.0], ValueError, "could not broadcast"),
    ],
)
def test_wrong_updates_are_named(index: Any, value: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ag.put(Tensor([1.0, 2.0, 3.0], name="x"), index, value)
    with pytest.raises(kind, match=r"add_at: x \(3,\)"):
        ag.add_at(Tensor([1.0, 2.0, 3.0], name="x"), index, value)
