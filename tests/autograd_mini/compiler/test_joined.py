"""One product for the updates of all parameters: the same products, and only where nothing else is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler.graph import Graph, Node, check, evaluate
from autograd_mini.compiler.joined import gathered, joined, section
from autograd_mini.compiler.passes import without_dead

Shape = tuple[int, ...]


def an_input(shape: Shape, source: str, dtype: Any = np.float64) -> Node:
    return Node(shape, np.dtype(dtype), source=source, name=source)


def program(shapes: Sequence[Shape], *, rates: int = 1, dtypes: Sequence[Any] = (np.float64,)) -> Graph:
    """Gradients x * x of some arrays, then each array less the gradient times a rate."""
    numbers = [an_input((), f"rate {i}", np.float16) for i in range(rates)]
    arrays = [an_input(shape, f"x{i}", dtypes[i % len(dtypes)]) for i, shape in enumerate(shapes)]
    slopes = [Node(x.shape, x.dtype, ag.multiply, (x, x), name=f"d_{x.name}") for x in arrays]
    products = [Node(s.shape, s.dtype, ag.multiply, (numbers[i % rates], s)) for i, s in enumerate(slopes)]
    new = [Node(x.shape, x.dtype, ag.subtract, (x, product)) for x, product in zip(arrays, products)]
    return Graph((*numbers, *arrays, *slopes, *products, *new), (*slopes, *new))


def values_of(graph: Graph) -> dict[Node, Any]:
    rng = np.random.default_rng(0)
    return {
        node: rng.normal(size=node.shape).astype(node.dtype) if node.shape else np.float64(0.1) for node in graph.inputs
    }


def operations(graph: Graph) -> list[Any]:
    return [node.op for node in graph.nodes if node.op is not None]


@given(
    shapes=st.lists(st.sampled_from([(3,), (2, 3), (1,), (2, 1, 2), (0, 2)]), min_size=2, max_size=5),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_every_new_value_is_the_same_bit_for_bit(shapes: list[Shape], dtype: Any) -> None:
    graph = program(shapes, dtypes=[dtype])
    after = without_dead(joined(graph, dict.fromkeys(range(len(shapes)))))
    values = {node: x if node.shape else 0.1 for node, x in values_of(graph).items()}
    check(after)
    old, new = evaluate(graph, values), evaluate(after, values)
    for one, other in zip(graph.outputs, after.outputs, strict=True):
        np.testing.assert_array_equal(old[one], new[other], strict=True)
    assert operations(after).count(gathered) == 1
    assert operations(after).count(section) == len(shapes)
    assert operations(after).count(ag.multiply) == len(shapes) + 1


@pytest.mark.parametrize(
    ("graph", "kept"),
    [
        (program([(3,)]), [0]),
        (program([(3,), (2,)]), [0]),
        (program([(3,), (2,)], rates=2), [0, 1]),
        (program([(3,), (2,)], dtypes=[np.float64, np.float32]), [0, 1]),
        (program([(3,), (2,)]), []),
    ],
    ids=["one gradient", "one that is kept", "two rates", "two dtypes", "none is kept"],
)
def test_what_is_not_alike_is_left(graph: Graph, kept: list[int]) -> None:
    assert joined(graph, dict.fromkeys(kept)) is graph


def test_the_row_has_the_order_in_which_the_arrays_lie() -> None:
    after = joined(program([(2,), (3,)]), {1: None, 0: None})
    (row,) = [node for node in after.nodes if node.op is gathered]
    assert [x.name for x in row.operands] == ["d_x1", "d_x0"]
    assert {node.shape: node.settings["start"] for node in after.nodes if node.op is section} == {(3,): 0, (2,): 3}


def test_gradients_that_go_elsewhere_than_to_their_own_arrays_do_not_count() -> None:
    graph = program([(2,), (3,)])
    assert joined(graph, {0: None, 1: graph.inputs[-1]}) is graph


def test_products_with_a_number_that_is_no_input_are_left() -> None:
    x, y = an_input((2,), "x"), an_input((3,), "y")
    products = [Node(s.shape, s.dtype, ag.multiply, (2.0, s)) for s in (x, y)]
    graph = Graph((x, y, *products), (x, y, *products))
    assert joined(graph, {0: None, 1: None}) is graph


def test_products_with_a_number_that_is_computed_are_left() -> None:
    rate, x, y = an_input((), "rate"), an_input((2,), "x"), an_input((3,), "y")
    half = Node((), rate.dtype, ag.multiply, (0.5, rate))
    products = [Node(s.shape, s.dtype, ag.multiply, (half, s)) for s in (x, y)]
    graph = Graph((rate, x, y, half, *products), (x, y, *products))
    assert joined(graph, {0: None, 1: None}) is graph


def test_parts_are_named_after_their_gradients() -> None:
    after = joined(program([(2,), (3,)]), {0: None, 1: None})
    assert [node.name for node in after.nodes if node.op is section] == ["scaled_d_x0", "scaled_d_x1"]
