"""The parts of sums put together."""

from __future__ import annotations

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.compiler.batch.arrays import Arrays
from autograd_mini.compiler.batch.elementwise import apply_elementwise
from autograd_mini.ops import Op, add, negative, subtract


def combined(arrays: Arrays, plus: list[Array], minus: list[Array]) -> Array:
    """The numbers of new values: what is in `plus` added up, less what is in `minus`, entry by entry."""
    total = plus[0] if plus else applied(arrays, negative, minus[0])
    for op, terms in ((add, plus[1:]), (subtract, minus if plus else minus[1:])):
        for term in terms:
            total = applied(arrays, op, total, term)
    return total


def applied(arrays: Arrays, op: Op, *operands: Array) -> Array:
    """The numbers of new values: an operation on scalars of one dtype, entry by entry."""
    results = arrays.fresh(len(operands[0]))
    apply_elementwise(arrays, op, {}, arrays.dtype_of(int(operands[0][0])), np.stack(operands, axis=1), results)
    return results
