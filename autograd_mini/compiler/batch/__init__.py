"""Scalar code as array code: what a program does to many scalars one by one, done to arrays of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_mini.compiler.batch.arrays import Arrays
from autograd_mini.compiler.batch.cost import cost
from autograd_mini.compiler.batch.lowering import lower
from autograd_mini.compiler.batch.packs import hold_inputs
from autograd_mini.compiler.batch.plan import planned
from autograd_mini.compiler.batch.values import Values
from autograd_mini.compiler.graph import Graph


def batched(graph: Graph, trainable: Callable[[Any], int] = lambda source: 1) -> Graph:
    """The same program with operations on arrays in place of many alike on scalars, before it is differentiated.

    Scalar inputs become vectors, whose source is a `Pack`; `trainable` tells by its source whether one needs a gradient
    (0 if not), and those for which it differs are kept apart. The outputs are the same, in order, shape and dtype. Sums
    are added in another order, which rounds differently; `power` may differ in the last place, as NumPy's does between
    scalars and arrays. A program that would not become faster by it is returned as it is.

    >>> import autograd_mini as ag
    >>> from autograd_mini.compiler.graph import graph_of, text
    >>> x = [ag.Tensor(0.5) for _ in range(100)]
    >>> loss = sum(ag.tanh(entry) for entry in x)
    >>> print(text(batched(graph_of([loss], {entry: i for i, entry in enumerate(x)}, {}))))
    %0 float64 (100,) = 100 scalars
    %1 float64 (100,) = tanh(%0)
    %2 float64 () = sum(%1, axis=0, keepdims=False)
    return %2
    """
    result = vectorised(graph, trainable)
    return result if cost(result) < cost(graph) else graph


def vectorised(graph: Graph, trainable: Callable[[Any], int]) -> Graph:
    """The same, whether it is faster or not."""
    values = Values(graph)
    levels = planned(graph, values)
    groups = [group for level in levels for group in level.groups if group.pays]
    if not groups:
        return graph
    arrays = Arrays(values)
    trained = hold_inputs(arrays, values, groups, trainable)
    for level in levels:
        lower(arrays, level, trained)
    outputs = tuple([arrays.result(values.index[node]) for node in graph.outputs])
    return Graph(tuple(arrays.nodes), outputs)
