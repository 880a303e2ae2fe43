"""Shapes, axes, joining, splitting and rearranging: NumPy's names, lists of results, exact gradients, and errors."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor, ops

CUBE = np.arange(24.0).reshape(2, 3, 4)
SQUARE = np.arange(16.0).reshape(4, 4)

CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("reshape", (CUBE, (4, 6))),
    ("transpose", (CUBE, (2, 0, 1))),
    ("broadcast_to", (SQUARE, (2, 4, 4))),
    ("ravel", (CUBE,)),
    ("moveaxis", (CUBE, 0, -1)),
    ("moveaxis", (CUBE, (0, 1), (1, 0))),
    ("swapaxes", (CUBE, 0, 2)),
    ("matrix_transpose", (CUBE,)),
    ("expand_dims", (CUBE, (0, -1))),
    ("squeeze", (CUBE[:1], 0)),
    ("atleast_1d", (CUBE,)),
    ("atleast_2d", (CUBE[0, 0],)),
    ("atleast_3d", (CUBE[0],)),
    ("append", (CUBE, CUBE, 1)),
    ("diag", (SQUARE, 1)),
    ("diagonal", (CUBE, 1, 1, 2)),
    ("diagflat", (CUBE, -1)),
    ("trace", (CUBE, 0, 0, 2)),
    ("tril", (CUBE, 1)),
    ("triu", (CUBE, -1)),
    ("take", (CUBE, [[0, 1], [1, 1]], 1)),
    ("take_along_axis", (CUBE, np.argsort(-CUBE, axis=1), 1)),
    ("repeat", (CUBE, 2, 1)),
    ("tile", (CUBE, (2, 1))),
    ("roll", (CUBE, (1, 2), (0, -1))),
    ("flip", (CUBE, 1)),
    ("flipud", (CUBE,)),
    ("fliplr", (CUBE,)),
    ("rot90", (CUBE, 3, (0, 2))),
    ("pad", (SQUARE, ((1, 0), (2, 3)), "reflect")),
]
JOINS = ["concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"]
SPLITS: list[tuple[str, tuple[Any, ...]]] = [
    ("split", (CUBE, 2, 2)),
    ("split", (CUBE, [1, 3], -1)),
    ("array_split", (CUBE, 3, 2)),
    ("array_split", (CUBE, np.array([2, 1, 9]), 1)),
    ("array_split", (CUBE, 7, 1)),
    ("vsplit", (CUBE, 2)),
    ("hsplit", (CUBE, [1])),
    ("hsplit", (CUBE[0, 0], 2)),
    ("dsplit", (CUBE, 4)),
    *([("unstack", (CUBE,))] if hasattr(np, "unstack") else []),  # new in NumPy 2.1
    ("broadcast_arrays", (CUBE, CUBE[0])),
    ("atleast_2d", (CUBE, CUBE[0, 0], CUBE[0, 0, 0])),
]
several = pytest.mark.parametrize(("name", "arguments"), SPLITS)


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=lambda value: value if isinstance(value, str) else "")
def test_numpys_function_records(name: str, arguments: tuple[Any, ...]) -> None:
    numpys = getattr(np, name)
    for function in (numpys, getattr(ag, name)):
        result = function(Tensor(arguments[0]), *arguments[1:])
        assert isinstance(result, Tensor)
        assert result.requires_grad
        np.testing.assert_array_equal(result.data, numpys(*arguments))


def test_every_composed_function_of_the_family_is_called_above() -> None:
    family = [f"autograd_mini.ops.{part}" for part in ("shape", "joining", "indexing", "rearranging", "diagonals")]
    functions = {f for f in vars(ops).values() if isinstance(f, FunctionType) and f.__module__ in family}
    called = {name for name, _ in [*CALLS, *SPLITS]} | {*JOINS, "extract"}
    assert {f.__name__ for f in functions if getattr(f, "numpy", None)} <= called


@pytest.mark.parametrize("name", JOINS)
def test_numpys_joins_record(name: str) -> None:
    numpys = getattr(np, name)
    for arrays in ([SQUARE, 2 * SQUARE], [SQUARE[0], SQUARE[1]]):
        result = numpys([Tensor(arrays[0]), arrays[1]])
        assert isinstance(result, Tensor)
        np.testing.assert_array_equal(result.data, numpys(arrays))


def test_numpys_extract_records() -> None:
    x = Tensor(CUBE)
    np.testing.assert_array_equal(np.extract(x > 20, x).data, [21.0, 22.0, 23.0])


@several
def test_several_results_are_as_numpys(name: str, arguments: tuple[Any, ...]) -> None:
    numpys = getattr(np, name)
    expected = numpys(*arguments)
    for function in (numpys, getattr(ag, name)):
        results = function(Tensor(arguments[0]), *arguments[1:])
        assert type(results) is type(expected)
        assert [x.shape for x in results] == [x.shape for x in expected]
        for result, array in zip(results, expected):
            np.testing.assert_array_equal(getattr(result, "data", result), array)


@several
def test_several_results_of_plain_arrays_are_plain(name: str, arguments: tuple[Any, ...]) -> None:
    assert not any(isinstance(result, Tensor) for result in getattr(ag, name)(*arguments))


@pytest.mark.parametrize(
    ("call", "reference"),
    [
        (lambda: ag.ravel(3.0), [3.0]),
        (lambda: ag.squeeze([[1.0]]), 1.0),
        (lambda: ag.atleast_1d(2), [2]),
        (lambda: ag.atleast_1d(), ()),
        (lambda: ag.repeat([1.0, 2.0], 2), [1.0, 1.0, 2.0, 2.0]),
        (lambda: ag.repeat(1.0, 2), [1.0, 1.0]),
        (lambda: ag.tile(1.0, 2), [1.0, 1.0]),
        (lambda: ag.diag([1, 2]), [[1, 0], [0, 2]]),
        (lambda: ag.roll([1, 2, 3], 1), [3, 1, 2]),
        (lambda: ag.pad([1, 2], 1), [0, 1, 2, 0]),
        (lambda: ag.take([4.0, 5.0], [True, False]), [5.0, 4.0]),
        (lambda: ag.take([4.0, 5.0], []), []),
        (lambda: ag.append([1.0], [2.0]), [1.0, 2.0]),
        (lambda: ag.tril([[True, True], [True, True]]), [[True, False], [True, True]]),
    ],
)
def test_lists_and_numbers_are_taken_as_numpy_takes_them(call: Callable[[], Any], reference: Any) -> None:
    result = call()
    np.testing.assert_array_equal(result, reference)
    assert np.asarray(result).dtype == np.asarray(reference).dtype


# ---------------------------------------------------------------------------------------------- exact gradients


def slope(function: Callable[[Any], Any], x: Any) -> Any:
    x = Tensor(x)
    return ag.gradients(function(x).sum(), [x])[0]


@pytest.mark.parametrize(
    ("mode", "width", "expected"),
    [
        ("constant", (1, 2), [1, 1, 1]),
        ("edge", (1, 2), [2, 1, 3]),
        ("reflect", (2, 1), [1, 3, 2]),
        ("reflect", (0, 5), [2, 4, 2]),
        ("symmetric", (2, 1), [2, 2, 2]),
        ("wrap", (1, 2), [2, 2, 2]),
        ("edge", {0: 1}, [2, 1, 2]),
        ("edge", {-1: (0, 2)}, [1, 1, 3]),
    ],
)
def test_padding_sends_each_copys_gradient_to_its_source(mode: str, width: Any, expected: list[int]) -> None:
    np.testing.assert_array_equal(slope(lambda x: ag.pad(x, width, mode), [5.0, 6.0, 7.0]), expected)


def test_the_corner_of_a_padded_matrix_counts_along_both_axes() -> None:
    np.testing.assert_array_equal(slope(lambda x: ag.pad(x, 1, "edge"), np.ones((2, 2))), [[4, 4], [4, 4]])


def test_padding_with_constants_needs_no_tensor() -> None:
    np.testing.assert_array_equal(ag.pad(Tensor([1.0]), (1, 2), constant_values=(7, 8)).data, [7, 1, 8, 8])


def test_rolling_is_undone_by_the_gradient() -> None:
    x, weights = Tensor(CUBE), CUBE**2
    for shift, axis in [(1, None), (-5, None), (1, 2), ((1, -2), (0, 2)), ((1, 1), (1, 1)), (1, (1, 2))]:
        (slope,) = ag.gradients(ag.roll(x, shift, axis), [x], gradient=np.roll(weights, shift, axis))
        np.testing.assert_array_equal(slope, weights)


@pytest.mark.parametrize(("repeats", "expected"), [(3, [3, 3]), ([0, 2], [0, 2]), (0, [0, 0]), ([2], [2, 2])])
def test_repeats_add_up(repeats: Any, expected: list[int]) -> None:
    np.testing.assert_array_equal(slope(lambda x: ag.repeat(x, repeats), [1.0, 2.0]), expected)


def test_equal_repeats_are_not_scattered() -> None:
    assert [node.op.name for node in ag.topological_order(ag.repeat(Tensor([1.0, 2.0]), 2, 0)) if node.op] == [
        "reshape",
        "broadcast_to",
        "reshape",
    ]


@pytest.mark.parametrize("function", [lambda x: x.reshape((1,)), ag.ravel, ag.atleast_3d, lambda x: ag.tile(x, 1)])
def test_the_gradient_of_a_number_is_a_numpy_scalar(function: Callable[[Any], Any]) -> None:
    assert type(slope(function, 2.0)) is np.float64


def test_a_mask_keeps_its_dtype() -> None:
    assert ag.triu(np.ones((2, 2), np.float16)).dtype == np.float16
    assert ag.tril(Tensor(np.ones((2, 2)), dtype=np.float32)).dtype == np.float32


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "message"),
    [
        ("moveaxis", (CUBE, 0, 3), ValueError, "moveaxis: destination: axis 3 is out of bounds"),
        ("moveaxis", (CUBE, (0, 0), (1, 2)), ValueError, "repeated axis in `moveaxis: source`"),
        ("moveaxis", (CUBE, (0, 1), 1), ValueError, "moveaxis: 2 source axes but 1 destinations"),
        ("swapaxes", (CUBE, 0, 3), ValueError, "swapaxes: axis 3 is out of bounds"),
        ("matrix_transpose", (CUBE[0, 0],), ValueError, r"matrix_transpose: an array of shape \(4,\)"),
        ("expand_dims", (CUBE, 5), ValueError, "expand_dims: axis: axis 5 is out of bounds"),
        ("expand_dims", (CUBE, (0, 0)), ValueError, "repeated axis"),
        ("squeeze", (CUBE, 1), ValueError, r"squeeze: axis 1 of \(2, 3, 4\) has size 3, not one"),
        ("squeeze", (CUBE, 3), ValueError, "squeeze: axis: axis 3 is out of bounds"),
        ("broadcast_arrays", (CUBE, [1.0, 2.0]), ValueError, "shape mismatch"),
        ("split", (CUBE, 3), ValueError, "split: axis 0 of .* does not result in an equal division by 3"),
        ("split", (CUBE, 2, 3), ValueError, "split: axis 3 is out of bounds"),
        ("array_split", (CUBE, 0), ValueError, "array_split: the number of sections must be larger than 0"),
        ("array_split", (CUBE, [1.5]), TypeError, "float"),
        ("vsplit", (CUBE[0, 0], 2), ValueError, r"vsplit: an array of shape \(4,\) has fewer than 2 dimensions"),
        ("hsplit", (np.float64(1.0), 1), ValueError, "hsplit: .* fewer than 1 dimensions"),
        ("dsplit", (CUBE[0], 2), ValueError, "dsplit: .* fewer than 3 dimensions"),
        ("unstack", (np.float64(1.0),), ValueError, "unstack: a number has no axis"),
        ("diag", (CUBE,), ValueError, "diag: input must be 1- or 2-d"),
        ("diagonal", (CUBE, 0, 1, 1), ValueError, "repeated axis"),
        ("trace", (CUBE[0, 0],), ValueError, "out of bounds"),
        ("take", (CUBE, 2, 0), IndexError, "getitem: .* out of bounds"),
        ("take", (CUBE, 0, 3), ValueError, "take: axis 3 is out of bounds"),
        ("take_along_axis", (CUBE, np.array([0]), 0), ValueError, "take_along_axis: arr .* differ"),
        ("take_along_axis", (CUBE[0, 0], np.array([0.0]), 0), IndexError, "must be integers, got float64"),
        ("repeat", (CUBE, [1, 2], 1), ValueError, "could not be broadcast"),
        ("repeat", (CUBE, -1, 1), ValueError, "negative"),
        ("tile", (CUBE, -1), ValueError, "negative"),
        ("flip", (CUBE, 3), ValueError, "flip: axis: axis 3 is out of bounds"),
        ("fliplr", (CUBE[0, 0],), ValueError, "out of bounds"),
        ("rot90", (CUBE, 1, (0, 0)), ValueError, "repeated axis"),
        ("rot90", (CUBE, 1, (0, 1, 2)), ValueError, "rot90: axes must be 2 axes, got 3"),
        ("pad", (CUBE, 1, "linear_ramp"), ValueError, "pad: .* mode 'linear_ramp' is not supported"),
        ("pad", (CUBE, -1), ValueError, "pad: .* negative"),
        ("pad", (CUBE[:0], 1, "edge"), ValueError, "pad: .* can't extend empty axis 0"),
        ("roll", (CUBE, 1, 3), IndexError, "roll: .* out of bounds"),
    ],
)
@pytest.mark.parametrize("make", [Tensor, np.asarray])
def test_wrong_calls_say_what_is_wrong(
    make: Any, name: str, arguments: tuple[Any, ...], kind: type[Exception], message: str
) -> None:
    if make is np.asarray and name in ("take", "pad", "roll"):
        message = "axis|array|values|mode"  # an Op on plain arrays lets NumPy speak
    with pytest.raises(kind, match=message):
        getattr(ag, name)(make(arguments[0]), *arguments[1:])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.take(x, [0], mode="clip"),
        lambda x: np.ravel(x, order="F"),
        lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"),
        lambda x: np.trace(x, dtype=np.float32),
    ],
)
def test_numpys_other_settings_are_refused(call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword|no setting"):
        call(Tensor(SQUARE))
