"""What a product of a layer is differentiated with: its weights the wrong way round, its inputs too early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.products import PRODUCTS
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.comparison.diagnosis.tape import Tape, value_of
from autograd_mini.tensor import Tensor

_JOINS = ("concatenate", "append", "hstack", "vstack", "column_stack")
_LONGEST = 12


def weights_not_transposed(study: Study) -> Iterator[Hypothesis]:
    """Going back through a product with square weights, W in place of its transpose: no shape tells.

    Weights that have a line of biases beside a square count too: there, that line is left out on the way back.
    """
    found = [(node, *turned) for node in study.path for turned in _turned_weights(study, node)]
    shared: dict[Tensor, list[tuple[Tensor, Tensor, Array]]] = {}
    for one in found:
        shared.setdefault(_original(one[1]), []).append(one)
    groups = [*([one] for one in found), *(uses for uses in shared.values() if len(uses) > 1)]
    for some in [*groups, *([found] if len(shared) > 1 else [])]:
        detail = f"going back through the product, your rule has {_weights(some)} the wrong way round: transpose it"
        yield Hypothesis("transposed", detail, study.wrong(reads={(node, w): turned for node, w, turned in some}))


def _weights(some: Sequence[tuple[Tensor, Tensor, Array]]) -> str:
    """Which weights these are: those of one product, the same in several, as in a recurrent net, or several."""
    different = list(dict.fromkeys(_original(w) for _, w, _ in some))
    uses = len(dict.fromkeys(node for node, _, _ in some))
    first = called(different[0]) + (f" and {len(different) - 1} more" if len(different) > 1 else "")
    return f"{first}, in {uses} products," if uses > len(different) else first


def _original(w: Tensor) -> Tensor:
    """What a transpose is the transpose of."""
    source = w.inputs[0] if w.op is not None and w.op.name == "transpose" else w
    return source if isinstance(source, Tensor) else w


def _turned_weights(study: Study, node: Tensor) -> Iterator[tuple[Tensor, Array]]:
    """The matrices beside which a gradient passes through this product, with their square part transposed."""
    if node.op is None or node.op.name not in PRODUCTS or study.tape is None:
        return
    for x, w in (node.inputs[:2], node.inputs[1::-1]):
        if isinstance(x, Tensor) and isinstance(w, Tensor) and x in study.on_path and w.ndim == 2:
            for rows, columns in _squares(*w.shape):
                turned = np.array(study.tape.values[w])
                turned[rows, columns] = turned[rows, columns].T
                yield w, turned


def _squares(rows: int, columns: int) -> list[tuple[slice, slice]]:
    """The square parts of a matrix: all of it, or all but its first or last row or column."""
    n = min(rows, columns)
    if n < 2 or abs(rows - columns) > 1:
        return []
    starts = [slice(start, start + n) for start in range(abs(rows - columns) + 1)]
    return [(start, slice(n)) if rows >= columns else (slice(n), start) for start in starts]


def inputs_before_activation(study: Study) -> Iterator[Hypothesis]:
    """A rule for weights that reads the layer below before its activation: z for h."""
    for user in study.users(study.node):
        for x in user.inputs if user.op is not None and user.op.name in PRODUCTS else ():
            if isinstance(x, Tensor) and x is not study.node and x.op is not None and study.tape is not None:
                for early, late, value in _too_early(study.tape, x):
                    detail = f"your rule reads {called(early)}, before the activation, where {called(late)} belongs"
                    yield Hypothesis("pre-activation", detail, study.wrong(reads={(user, x): value}))


def _too_early(tape: Tape, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Any]]:
    """What `x` would be with one of the functions that it is computed with left out."""
    inside = _entrywise_before(x)
    for late in inside:
        early = _start(late, inside)
        if early is not None and early.shape == late.shape:
            yield early, late, _moved(tape, inside, late, tape.values[early])[x]


def _start(late: Tensor, inside: dict[Tensor, None]) -> Tensor | None:
    """The one Tensor outside from which `late` is computed, entry by entry."""
    stack, outside = [late], dict[Tensor, None]()
    while stack:
        x = stack.pop()
        if x.op is not None and x.op.name in _JOINS:
            return None
        for y in x.inputs:
            if isinstance(y, Tensor) and y in inside:
                stack.append(y)
            elif isinstance(y, Tensor) and y.requires_grad:
                outside[y] = None
    return next(iter(outside)) if len(outside) == 1 else None


def _entrywise_before(x: Tensor) -> dict[Tensor, None]:
    """The entrywise functions, and joins with constants, by which `x` is computed from the last product."""
    inside: dict[Tensor, None] = {}
    stack = [x]
    while stack and len(inside) < _LONGEST:
        y = stack.pop()
        if y.op is not None and y not in inside and (y.op.elementwise or y.op.name in _JOINS) and not _adds_bias(y):
            inside[y] = None
            stack += [u for u in y.inputs if isinstance(u, Tensor) and u.requires_grad]
    return inside


def _adds_bias(y: Tensor) -> bool:
    """Whether an operation adds to a product, as in `x @ w + b`: an activation begins after it."""
    varying = [u for u in y.inputs if isinstance(u, Tensor) and u.requires_grad]
    joined = len(varying) > 1 and any(u.op is None or not u.op.elementwise for u in varying)
    return y.op is not None and y.op.name in ("add", "subtract") and joined


def _moved(tape: Tape, inside: dict[Tensor, None], late: Tensor, value: Any) -> dict[Tensor, Any]:
    """The values of these nodes, with another for `late`."""
    values = {**tape.values, late: value}
    for y in tape.order if len(inside) > 1 else ():
        if y in inside and y is not late:
            values[y] = value_of(y, values)
    return values
