"""The terms of a loss that is a sum: a regulariser forgotten, scaled, or invented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.fit import Hypothesis, fits, multiple, norm
from autograd_mini.comparison.diagnosis.numbers import Reading, as_text, read_factor, readings
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.tensor import Tensor, topological_order

_FEWEST = 3
_MOST_TERMS = 8


def regularisers(study: Study) -> Iterator[Hypothesis]:
    """A regulariser's term missing, or times a number; the rest of the loss times a number."""
    if study.hand.shape != study.gradient.shape:
        return
    parts = _parts(study)
    for term, part in parts:
        if norm(part) and norm(study.gradient - part) and _is_regulariser(term, [other for other, _ in parts]):
            yield from _scaled(study, term, part)
    yield from _invented(study)


def _scaled(study: Study, term: Tensor, part: Array) -> Iterator[Hypothesis]:
    """`a` times the rest plus `b` times the regulariser: one of them or both are not 1."""
    rest = study.gradient - part
    yield Hypothesis("regulariser", f"the regulariser {_of(term)} is missing from your rule", rest)
    b = multiple(study.hand - rest, part)
    if study.hand.size >= _FEWEST:
        times = as_text(b, study.level)
        detail = f"the regulariser {_of(term)} counts {times} times in your rule, the rest is right"
        yield Hypothesis("regulariser", detail, rest + b * part)
        yield from _both_scaled(study, term, rest, part)


def _both_scaled(study: Study, term: Tensor, rest: Array, part: Array) -> Iterator[Hypothesis]:
    """The rest times a number that has a meaning; the regulariser right, missing, or times such a number."""
    columns = np.stack([rest.ravel() / norm(rest), part.ravel() / norm(part)], axis=1)
    found = np.linalg.lstsq(columns, study.hand.ravel(), rcond=None)[0]
    a, b = float(found[0]) / norm(rest), float(found[1]) / norm(part)
    options = readings(study)
    rest_reading, part_reading = (read_factor(c, options, 10 * study.level) for c in (a, b))
    if rest_reading is None:
        return
    right, missing = (abs(b - c) <= 1e-3 for c in (1, 0))
    if right:
        detail = f"all but the regulariser {_of(term)} is {rest_reading.of('what it should be')}"
        yield Hypothesis("factor", detail, _sum(rest_reading, rest) + part)
    elif missing:
        detail = f"the regulariser {_of(term)} is missing; "
        detail += f"besides, the rest is {rest_reading.of('what it should be')}"
        yield Hypothesis("regulariser", detail, _sum(rest_reading, rest))
    elif part_reading is not None:
        detail = f"the regulariser {_of(term)} is {part_reading.of('what it should be')}; "
        detail += f"besides, the rest is {rest_reading.of('what it should be')}"
        yield Hypothesis("regulariser", detail, _sum(rest_reading, rest) + _sum(part_reading, part))


def _sum(reading: Reading, part: Array) -> Array:
    return float(reading.value) * part


def _invented(study: Study) -> Iterator[Hypothesis]:
    """A multiple of the parameter itself, or of its signs, that no term of the loss gives."""
    if study.node.op is not None or study.hand.size < _FEWEST:
        return
    value = np.asarray(study.node.data, np.float64)
    for word, part in ((study.case.name, value), (f"sign({study.case.name})", np.sign(value))):
        if fits(study.gradient, multiple(study.gradient, part) * part, study.level):
            continue  # it is the gradient that is the parameter, so that a factor says as much
        c = multiple(study.hand - study.gradient, part)
        detail = f"your rule adds {c:.6g} times {word}, a regulariser's term that the loss does not have"
        yield Hypothesis("regulariser", detail, study.gradient + c * part)


def _parts(study: Study) -> list[tuple[Tensor, Array]]:
    """The terms of the loss that the node takes part in, each with its part of the gradient."""
    terms = [(term, sign) for term, sign in _terms(study) if term in study.on_path]
    if not 1 < len(terms) <= _MOST_TERMS:
        return []
    return [(term, sign * study.wrong(start=term)) for term, sign in terms]


def _terms(study: Study) -> list[tuple[Tensor, float]]:
    """What the loss is a sum of, each with the number it is multiplied by."""
    found: list[tuple[Tensor, float]] = []
    stack = [(study.case.loss, 1.0)] if study.tape is not None else []
    while stack and len(found) <= _MOST_TERMS:
        x, c = stack.pop()
        inside = _summands(x, c)
        stack += inside[::-1]
        found += [] if inside else [(x, c)]
    return found


def _summands(x: Tensor, c: float) -> list[tuple[Tensor, float]]:
    name = x.op.name if x.op is not None and not x.ndim else ""
    if name in ("add", "subtract", "negative", "positive", "astype"):
        signs = (-c if name == "negative" else c, -c if name == "subtract" else c)
        return [(y, sign) for y, sign in zip(x.inputs, signs) if isinstance(y, Tensor)]
    numbers = [float(y) for y in x.inputs if not isinstance(y, Tensor) and np.ndim(y) == 0]
    if name == "multiply" and numbers:
        return [(y, c * numbers[0]) for y in x.inputs if isinstance(y, Tensor)]
    if name == "divide" and numbers and isinstance(x.inputs[0], Tensor):
        return [(x.inputs[0], c / numbers[0])]
    return []


def _is_regulariser(term: Tensor, terms: list[Tensor]) -> bool:
    """Whether a term depends on less than the largest one, and on none of its data: on parameters alone, or nearly."""
    largest = max((_sources(other) for other in terms), key=len)
    own = _sources(term)
    data = {key for key, x in own.items() if not (isinstance(x, Tensor) and x.requires_grad)}
    return len(own) < len(largest) and not data & largest.keys()


def _sources(x: Tensor) -> dict[int, Any]:
    """The leaves and the arrays that a node is computed from, by identity: equal arrays are different data."""
    nodes = topological_order(x)
    leaves = [node for node in nodes if node.op is None and node.ndim]
    plain = [y for node in nodes for y in node.inputs if isinstance(y, np.ndarray) and y.ndim]
    return {id(y): y for y in [*leaves, *plain]}


def _of(term: Tensor) -> str:
    """Which parameters a term punishes: "of W1 and W2"."""
    names = [x.name or str(x.shape) for x in topological_order(term) if x.op is None and x.requires_grad]
    return f"of {' and '.join(names[:3])}"
