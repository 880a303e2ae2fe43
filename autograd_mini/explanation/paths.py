"""The chain rule for one Tensor: the paths from the loss to it, and what each step multiplies by."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from autograd_mini.explanation.backward import contributions
from autograd_mini.explanation.forward import Forward
from autograd_mini.explanation.layout import Equation, turned
from autograd_mini.explanation.names import Sizes
from autograd_mini.explanation.notation import ExplainedLatex, ExplainedText, derivative
from autograd_mini.explanation.rewriting import readable
from autograd_mini.formula import Expression, Name, substituted
from autograd_mini.formula.expression import ONE, entrywise
from autograd_mini.tensor import Tensor

MOST = 8
"""Paths that are written out; of more only the number is said."""

_UPSTREAM = "g"


@dataclass(frozen=True)
class Factor:
    """One step of the chain rule: what `below` gets from the gradient g of `above`."""

    above: str
    rule: Equation
    """Its name is that of the Tensor below."""

    @property
    def below(self) -> str:
        """The name of the Tensor that the gradient goes to."""
        return self.rule.name


@dataclass(frozen=True)
class Paths:
    """The ways from the loss to a Tensor."""

    factors: Sequence[Factor]
    """Every step on one of the ways, in backward order."""
    routes: Sequence[Sequence[str]]
    """The names on each way, from the loss; only the first few."""
    count: int
    """How many ways there are."""


def paths_to(wrt: Tensor, forward: Forward, sizes: Sizes, needed: Collection[Tensor]) -> Paths:
    """All ways on which the loss depends on a Tensor.

    >>> from autograd_mini.explanation.forward import forward_of
    >>> x = Tensor(3.0, name="x")
    >>> forward = forward_of((x * x).named("y") + x)
    >>> paths_to(x, forward, Sizes(forward.names), set(forward.order)).routes
    [['E', 'y', 'x'], ['E', 'x']]
    """
    steps: dict[Tensor, dict[Tensor, Expression]] = {}
    factors = []
    for node in reversed(forward.order):
        if node in needed and node in forward.named and node.op is not None and node is not wrt:
            steps[node] = _steps(node, forward, sizes, needed)
            factors += [_factor(forward, node, x, e) for x, e in steps[node].items()]
    return Paths(factors, _routes(wrt, forward, steps), _count(wrt, forward, steps))


def _factor(forward: Forward, above: Tensor, below: Tensor, expression: Expression) -> Factor:
    return Factor(forward.named[above], Equation(forward.named[below], expression, below.shape))


def _steps(node: Tensor, forward: Forward, sizes: Sizes, needed: Collection[Tensor]) -> dict[Tensor, Expression]:
    """What the named Tensors get that a named one was computed from."""
    found: dict[Tensor, Expression] = {}
    upstream: Expression = ONE if node is forward.order[-1] else Name(_UPSTREAM, node.shape)
    waiting: deque[tuple[Tensor, Expression]] = deque([(node, upstream)])
    while waiting:
        current, upstream = waiting.popleft()
        for x, share in contributions(current, forward, sizes, _INNER):
            passed = readable(substituted(share, {Name(_INNER): upstream}))
            if x in needed and x not in forward.named:
                waiting.append((x, passed))
            elif x in needed:
                found[x] = readable(entrywise("add", found[x], passed)) if x in found else passed
    return found


_INNER = "⟨g⟩"


def _routes(wrt: Tensor, forward: Forward, steps: Mapping[Tensor, Mapping[Tensor, Expression]]) -> list[list[str]]:
    found: list[list[str]] = []
    waiting: list[tuple[Tensor, tuple[Tensor, ...] | None]] = [(forward.order[-1], None)]
    way: list[Tensor] = []
    while waiting and len(found) < MOST:
        node, entered = waiting.pop()
        if entered is not None:
            way.pop()
            continue
        way.append(node)
        waiting.append((node, ()))
        if node is wrt:
            found.append([forward.named[x] for x in way])
        waiting += [(x, None) for x in list(steps.get(node, ()))[::-1]]
    return found


def _count(wrt: Tensor, forward: Forward, steps: Mapping[Tensor, Mapping[Tensor, Expression]]) -> int:
    counts = {wrt: 1}
    for node in forward.order:
        if node in steps:
            counts[node] = sum(counts.get(x, 0) for x in steps[node])
    return counts.get(forward.order[-1], 0)


def turned_paths(paths: Paths, names: Collection[str]) -> Paths:
    """The steps where each of these names is the transpose of what it was."""
    factors = []
    for factor in paths.factors:
        more = {_UPSTREAM} if factor.above in names else set()
        factors.append(replace(factor, rule=turned(factor.rule, {*names, *more})))
    return replace(paths, factors=factors)


# ----------------------------------------------------------------------------------------------------- writing


def path_text(paths: Paths, loss: str, notation: ExplainedText) -> list[str]:
    """The chain rule and its factors, as lines of text.

    >>> rule = Equation("x", Name("g"), ())
    >>> print(*path_text(Paths([Factor("E", rule)], [["E", "x"]], 1), "E", ExplainedText()), sep=chr(10))
    ∂E/∂x = ∂E/∂x
    ∂E/∂x: g
    """
    names = [f"∂{factor.above}/∂{factor.below}" for factor in paths.factors]
    width = max(map(len, names), default=0)
    products = [" · ".join(f"∂{x}/∂{y}" for x, y in itertools.pairwise(route)) for route in paths.routes]
    lines = [_line(f"∂{loss}/∂{paths.routes[0][-1]}", products, paths.count)] if paths.routes else []
    rules = [notation.write(factor.rule.expression) for factor in paths.factors]
    return [*lines, *[f"{name + ':':{width + 1}} {rule}" for name, rule in zip(names, rules)]]


def _line(left: str, products: Sequence[str], count: int) -> str:
    more = f" + {count - len(products)} more paths" if count > len(products) else ""
    return f"{left} = {' + '.join(products)}{more}"


def path_latex(paths: Paths, loss: str, notation: ExplainedLatex) -> list[str]:
    """The same as lines of an aligned environment."""
    if not paths.routes:
        return []
    products = [r" \cdot ".join(derivative(x, y) for x, y in itertools.pairwise(route)) for route in paths.routes]
    more = [rf"\text{{{paths.count - len(products)} more paths}}"] if paths.count > len(products) else []
    lines = [f"{derivative(loss, paths.routes[0][-1])} &= {' + '.join([*products, *more])}"]
    for factor in paths.factors:
        step = rf"{derivative(factor.above, factor.below)}\colon\ g"
        lines.append(rf"{step} &\mapsto {notation.write(factor.rule.expression)}")
    return lines
