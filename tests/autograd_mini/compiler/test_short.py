"""Inner products and doubled factors: within their bound of rounding, and left where they would not be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini.compiler.passes import with_short_forms, without_dead
from autograd_mini.compiler.passes.short import SMALL
from tests.autograd_mini.compiler.graphs import assert_same_bits, operations, results, traced

SIZES = st.one_of(st.integers(0, 40), st.sampled_from([SMALL - 1, SMALL]))


def shortened(f: Any, *arrays: Any) -> Any:
    return without_dead(with_short_forms(traced(f, *arrays)))


@given(size=SIZES, dtype=st.sampled_from([np.float64, np.float32]), seed=st.integers(0, 99))
def test_an_inner_product_is_as_exact_as_the_sum(size: int, dtype: Any, seed: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, size)).astype(dtype)
    graph = shortened(lambda x, y: (x * y).sum(), x, y)
    assert operations(graph) == ["vdot"]
    (value,) = results(graph)
    exact = np.sum(x.astype(np.longdouble) * y)
    bound = (size + 1) * np.finfo(dtype).eps * np.sum(np.abs(x.astype(np.float64) * y))
    assert value.dtype == dtype
    assert abs(value - exact) <= bound


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (0, 3)])
def test_the_order_of_entries_in_memory_does_not_matter(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    graph = shortened(lambda x, y: (x * y).sum(), np.asfortranarray(x), x)
    assert operations(graph) == ["vdot"]
    np.testing.assert_allclose(results(graph)[0], (x * x).sum(), rtol=1e-14)


def test_nan_and_infinity_are_found_by_both() -> None:
    for bad in (np.nan, np.inf, -np.inf):
        x = np.array([1.0, bad, 2.0])
        np.testing.assert_array_equal(results(shortened(lambda x: (x * x).sum(), x))[0], (x * x).sum())


@pytest.mark.parametrize(
    ("f", "arrays"),
    [
        (lambda x: (x * x).sum(), [np.ones(SMALL + 1)]),
        (lambda x: (x * x).sum(), [np.ones(5, np.float16)]),
        (lambda x: (x * x).sum(axis=0), [np.ones((3, 2))]),
        (lambda x: (x * x).sum(keepdims=True), [np.ones(3)]),
        (lambda x: (x * 2.0).sum(), [np.ones(3)]),
        (lambda x, y: (x * y).sum(), [np.ones((3, 2)), np.ones(2)]),
        (lambda x, y: (x * y).sum(), [np.ones(3), np.ones(3, np.float32)]),
        (lambda x: (x + x).sum(), [np.ones(3)]),
        (lambda x: (x * x).sum(), [np.ones(3, np.int8)]),
    ],
    ids=[
        "large",
        "float16",
        "rows",
        "kept axes",
        "a number",
        "broadcast",
        "two dtypes",
        "no product",
        "small integers",
    ],
)
def test_what_is_no_inner_product_is_left(f: Any, arrays: list[Any]) -> None:
    assert operations(shortened(f, *arrays)) == operations(traced(f, *arrays))


def test_a_product_that_others_read_is_left() -> None:
    def f(x: Any) -> Any:
        product = x * x
        return product.sum(), product

    graph = shortened(f, np.ones(3))
    assert operations(graph) == ["multiply", "sum"]


@given(
    x=hnp.arrays(np.float64, 5, elements=st.floats(-1e300, 1e300, allow_subnormal=False)),
    c=st.sampled_from([0.5, 2.0, -3.0, 0.1, 1]),
)
def test_twice_a_product_is_a_product_by_twice_the_number(x: Any, c: float) -> None:
    def twice(x: Any) -> Any:
        product = ag.multiply(c, x)
        return product + product

    graph = shortened(twice, np.where(np.abs(x) < 1e-300, 0.0, x))
    assert operations(graph) == ["multiply"]
    assert_same_bits(traced(twice, np.where(np.abs(x) < 1e-300, 0.0, x)), graph)


@pytest.mark.parametrize(
    ("c", "dtype"),
    [(100, np.int8), (200, np.uint8), (4e4, np.float16), (3e38, np.float32), (1e308, np.float64), (np.inf, np.float64)],
)
def test_a_number_that_twice_is_too_large_is_not_doubled(c: float, dtype: Any) -> None:
    def twice(x: Any) -> Any:
        product = ag.multiply(c, x)
        return product + product

    x = np.array([0, 1], dtype)
    assert operations(shortened(twice, x)) == ["multiply", "add"]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ag.compile(twice).value(x), twice(x))


@pytest.mark.parametrize("c", [np.float32(0.5), np.float16(0.5)])
def test_a_number_of_another_dtype_is_not_doubled(c: Any) -> None:
    def twice(x: Any) -> Any:
        product = ag.multiply(c, x)
        return product + product

    assert operations(shortened(twice, np.ones(2))) == ["multiply", "add"]


def test_a_product_that_a_third_reads_is_not_doubled() -> None:
    def f(x: Any) -> Any:
        product = ag.multiply(0.5, x)
        return product + product, product

    assert operations(shortened(f, np.ones(3))) == ["multiply", "add"]


def test_only_a_product_added_to_itself_is_doubled() -> None:
    def f(x: Any, y: Any) -> Any:
        product = ag.multiply(0.5, x)
        return product + y, y - product

    assert operations(shortened(f, np.ones(3), np.ones(3))) == ["multiply", "add", "subtract"]


def test_a_product_of_two_arrays_is_not_doubled() -> None:
    def f(x: Any, y: Any) -> Any:
        product = x * y
        return product + product

    assert operations(shortened(f, np.ones(3), np.ones(3))) == ["multiply", "add"]
