"""Exact rewrites of arithmetic: units, signs and simple powers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.graph import Node
from autograd_mini.compiler.passes.facts import Facts
from autograd_mini.ops import Op


def times_one(node: Node, facts: Facts) -> Node | None:
    """x * 1 and 1 * x are x: no number changes when it is multiplied by 1."""
    x, y = node.inputs
    return _itself(x, facts) if _is_number(y, 1) else _itself(y, facts) if _is_number(x, 1) else None


def times_minus_one(node: Node, facts: Facts) -> Node | None:
    """x * -1 and -1 * x are -x, which other rules know to use."""
    x, y = node.inputs
    bare = _node(x) if _is_number(y, -1) else _node(y) if _is_number(x, -1) else None
    fits = bare is not None and bare.dtype.kind == "f" and bare.dtype == node.dtype
    return replace(node, op=ops.negative, inputs=(bare,)) if fits else None


def over_one(node: Node, facts: Facts) -> Node | None:
    """x / 1 is x."""
    x, y = node.inputs
    return _itself(x, facts) if _is_number(y, 1) else None


def minus_zero(node: Node, facts: Facts) -> Node | None:
    """x - 0 is x, also for x = -0.0; x - (-0.0) and x + 0 are not: they make 0.0 of it."""
    x, y = node.inputs
    return _itself(x, facts) if _is_number(y, 0) and math.copysign(1, y) > 0 else None


def copied(node: Node, facts: Facts) -> Node | None:
    """+x is x: no value of a program is changed by those who hold it."""
    return _itself(node.inputs[0], facts)


def passed_on(node: Node, facts: Facts) -> Node | None:
    """stop_gradient(x) is x once the gradients are recorded: it does not even copy."""
    return _node(node.inputs[0])


def cast_to_its_own(node: Node, facts: Facts) -> Node | None:
    """x.astype(x.dtype) is x."""
    x = _node(node.inputs[0])
    return _itself(x, facts) if x and x.dtype == node.dtype else None


def negated_twice(node: Node, facts: Facts) -> Node | None:
    """-(-x) is x: a sign changed twice is as before, also that of 0 and NaN."""
    return _itself(_negated(node.inputs[0]), facts)


def plus_negative(node: Node, facts: Facts) -> Node | None:
    """x + (-y) is x - y, and (-x) + y is y - x: subtraction is defined so, signs of zero included."""
    x, y = node.inputs
    if _negated(y):
        return replace(node, op=ops.subtract, inputs=(x, _negated(y)))
    return replace(node, op=ops.subtract, inputs=(y, _negated(x))) if _negated(x) else None


def minus_negative(node: Node, facts: Facts) -> Node | None:
    """x - (-y) is x + y."""
    x, y = node.inputs
    return replace(node, op=ops.add, inputs=(x, _negated(y))) if _negated(y) else None


def signs_of_factors(node: Node, facts: Facts) -> Node | None:
    """(-x) * (-y) is x * y, and (-x) * c is x * (-c), also for quotients: sign and size are computed apart."""
    (x, y), (bare_x, bare_y) = node.inputs, map(_negated, node.inputs)
    if bare_x and (bare_y or _has_sign(y)):
        return replace(node, inputs=(bare_x, bare_y or -y))
    return replace(node, inputs=(-x, bare_y)) if bare_y and _has_sign(x) else None


def sign_into_factor(node: Node, facts: Facts) -> Node | None:
    """-(x * c) is x * (-c), and -(x / c) is x / (-c)."""
    product = _node(node.inputs[0])
    if not product or product.op not in (ops.multiply, ops.divide) or node.dtype.kind != "f":
        return None
    x, y = product.inputs
    if _has_sign(y):
        return replace(product, inputs=(x, -y), name=node.name)
    return replace(product, inputs=(-x, y), name=node.name) if _has_sign(x) else None


def simple_power(node: Node, facts: Facts) -> Node | None:
    """x**1 is x; for arrays of floats x**2, x**0.5 and x**-1 are the functions that NumPy itself takes for them."""
    x, y = node.inputs
    if type(y) not in (int, float) or not _node(x) or x.dtype != node.dtype:
        return None
    if y == 1:
        return _itself(x, facts)
    function = _POWERS.get(y) if node.shape and node.dtype.kind == "f" else None
    return replace(node, op=function, inputs=(x,)) if function else None


_POWERS: dict[float, Op] = {2: ops.square, 0.5: ops.sqrt, -1: ops.reciprocal}

RULES: Mapping[Op, Any] = {
    ops.multiply: (times_one, times_minus_one, signs_of_factors),
    ops.divide: (over_one, signs_of_factors),
    ops.subtract: (minus_zero, minus_negative),
    ops.add: (plus_negative,),
    ops.negative: (negated_twice, sign_into_factor),
    ops.power: (simple_power,),
    ops.positive: (copied,),
    ops.stop_gradient: (passed_on,),
    ops.astype: (cast_to_its_own,),
}


def _node(x: Any) -> Node | None:
    return x if isinstance(x, Node) else None


def _itself(x: Any, facts: Facts) -> Node | None:
    """A node in place of its copy, unless the copy's entries may lie in another order."""
    return x if isinstance(x, Node) and x in facts.in_rows else None


def _is_number(x: Any, number: int) -> bool:
    return not isinstance(x, Node) and isinstance(x, (int, float, np.number)) and bool(x == number)


def _negated(x: Any) -> Node | None:
    """y for a node -y of floats: the least integer has no negative."""
    return _node(x.inputs[0]) if isinstance(x, Node) and x.op is ops.negative and x.dtype.kind == "f" else None


def _has_sign(x: Any) -> bool:
    """A number whose sign can be changed: not 0, whose Python int has none, and no unsigned integer."""
    return isinstance(x, (int, float, np.floating)) and x != 0
