"""The products that a matrix of weights takes part in, whichever way round they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.diagnosis.study import Study
from autograd_mini.tensor import Tensor

PRODUCTS = ("matmul", "affine")


@dataclass(frozen=True, eq=False)
class Product:
    """`x @ w`, `w @ x`, or the same with the transpose of w, for the weights w of a case."""

    result: Tensor
    other: Any
    contracted: int
    """The axis of w that is summed over: that of the inputs."""
    samples: int
    """The axis of the result along which the samples lie."""


def products(study: Study) -> list[Product]:
    """Those of the node of the case, if it is a matrix of weights: a leaf. What is computed are samples."""
    weights = study.node.op is None and study.node.ndim == 2
    return [*_products(study, study.node, 0), *_transposed_products(study)] if weights else []


def _transposed_products(study: Study) -> Iterator[Product]:
    for user in study.users(study.node):
        if user.op is not None and user.op.name == "transpose":
            yield from _products(study, user, 1)


def _products(study: Study, w: Tensor, flip: int) -> Iterator[Product]:
    for user in study.users(w):
        if user.op is not None and user.op.name in PRODUCTS and user.ndim == 2:
            for place, other in ((1, user.inputs[0]), (0, user.inputs[1])):
                if user.inputs[place] is w:
                    yield Product(user, other, contracted=(1 - place) ^ flip, samples=1 - place)


def constant_lines(study: Study) -> list[tuple[int, int]]:
    """The rows (axis 0) or columns (axis 1) of the weights whose input is 1 for all samples, at one of the ends."""
    found: dict[tuple[int, int], None] = {}
    for product in products(study):
        x = _value(study, product.other)
        for end in (0, x.shape[1 - product.samples] - 1):
            if np.all(np.take(x, end, axis=1 - product.samples) == 1):
                found[product.contracted, end] = None
    return list(found)


def _value(study: Study, x: Any) -> Array:
    return np.asarray(study.today.values[x] if isinstance(x, Tensor) else x)
