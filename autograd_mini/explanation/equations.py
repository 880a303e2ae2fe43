"""All equations of a loss, in the convention that is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd_mini.explanation.backward import Backward, backward_of
from autograd_mini.explanation.bias import with_ones
from autograd_mini.explanation.conventions import convention_of, turned_by_samples, weights_of
from autograd_mini.explanation.forward import Forward, forward_of
from autograd_mini.explanation.layout import Equation, turned, turned_array
from autograd_mini.explanation.names import Sizes
from autograd_mini.explanation.paths import Paths, paths_to, turned_paths
from autograd_mini.formula import Apply, Expression, Name, simplified, substituted
from autograd_mini.formula.expression import ONE, post_order
from autograd_mini.tensor import Tensor

_ROUNDS = 5
_NAMED_FUNCTIONS = {"softmax": "P", "log_softmax": "L", "one_hot": "Y"}
"""What is a line of its own in the derivations, though only the way back needs it."""


@dataclass(frozen=True)
class Equations:
    """The equations of a loss, forward and backward, and the values of what they start from."""

    forward: Sequence[Equation]
    backward: Sequence[Equation]
    given: Mapping[str, Any]
    sizes: Mapping[str, int]
    graph: Forward
    samples: str
    """Whether samples are "rows" or "columns"."""
    paths: Paths | None = None

    @property
    def joined(self) -> set[str]:
        """Matrices of weights that have the bias as their first row or column."""
        parts = [(e.name, e.expression) for e in self.forward if isinstance(e.expression, Apply)]
        return {name for name, e in parts if e.op_name in ("above", "beside")}

    @property
    def matrices(self) -> set[str]:
        """All matrices of weights."""
        return weights_of(self.graph) | self.joined


def equations_of(
    loss: Tensor,
    wrt: Tensor | None,
    needed: Collection[Tensor] | None,
    samples: str | None = None,
    weights: str | None = None,
    bias: str = "separate",
    average: bool = True,
) -> Equations:
    """The equations of a loss, with gradients for what is needed on the way to one Tensor, or for all."""
    forward, backward, sizes = _derived(loss, needed, average)
    found = _as_equations(forward, backward, sizes, convention_of(forward).samples)
    if wrt is not None and needed is not None:
        found = replace(found, paths=paths_to(wrt, forward, sizes, needed))
    return _arranged(found, samples, weights, bias)


def _derived(loss: Tensor, needed: Collection[Tensor] | None, average: bool) -> tuple[Forward, Backward, Sizes]:
    """Anew until all whose gradient has a line have one of their own."""
    own: set[Tensor] = set()
    seed: Expression = ONE
    for _ in range(_ROUNDS):
        forward = forward_of(loss, own)
        sizes = Sizes(forward.names, convention_of(forward).samples == "columns")
        backward = backward_of(forward, sizes, seed, needed)
        missing = {node for _, _, node in backward.lines if node not in forward.named}
        own |= missing
        wanted = Name("N", ()) if not average and "N" in sizes.found else ONE
        if not missing and wanted == seed:
            break
        seed = wanted
    return forward, backward, sizes


def _as_equations(forward: Forward, backward: Backward, sizes: Sizes, samples: str) -> Equations:
    shapes = {name: x.shape for x, name in forward.named.items()}
    lines = [Equation(name, e, shapes[name]) for name, e in forward.lines]
    rules = [Equation(name, e, x.shape, forward.named.get(x, "")) for name, e, x in _leaves_early(backward)]
    extra, rules = _with_named_functions(rules, forward)
    return Equations([*lines[:-1], *extra, *lines[-1:]], rules, forward.given, sizes.found, forward, samples)


def _leaves_early(backward: Backward) -> list[tuple[str, Expression, Tensor]]:
    """Each leaf's gradient as soon as it can be computed, and W before b: leaves in the order they are read."""
    others = [line for line in backward.lines if line[2].op is not None]
    places = {name: place for place, (name, _, _) in enumerate(others, 1)}
    groups: list[list[tuple[str, Expression, Tensor]]] = [[] for _ in range(len(others) + 1)]
    for line in backward.lines[::-1]:
        if line[2].op is None:
            read = [places.get(part.text, 0) for part in post_order(line[1]) if isinstance(part, Name)]
            groups[max(read, default=0)].append(line)
    return [*groups[0], *[line for other, group in zip(others, groups[1:]) for line in (other, *group)]]


def _with_named_functions(rules: Sequence[Equation], forward: Forward) -> tuple[list[Equation], list[Equation]]:
    """P = softmax(Z) and Y = one_hot(y) as lines, where rules contain them."""
    parts = [part for rule in rules for part in post_order(rule.expression) if isinstance(part, Apply)]
    wanted = [part for part in dict.fromkeys(parts) if _is_named_function(part)]
    names = {part: forward.names.unique(_NAMED_FUNCTIONS[part.op_name]) for part in wanted}
    symbols: dict[Expression, Expression] = {part: Name(name, part.shape) for part, name in names.items()}
    rules = [replace(rule, expression=substituted(rule.expression, symbols)) for rule in rules]
    return [Equation(name, part, part.shape or ()) for part, name in names.items()], rules


def _is_named_function(part: Apply) -> bool:
    return part.op_name in _NAMED_FUNCTIONS and isinstance(part.arguments[0], Name)


# ------------------------------------------------------------------------------------------------- conventions


def _arranged(found: Equations, samples: str | None, weights: str | None, bias: str) -> Equations:
    now = convention_of(found.graph)
    samples, weights = samples or now.samples, weights or now.weights
    if bias == "separate":
        return _turned(found, now.samples != samples, now.weights != weights)
    found = _turned(found, now.samples != "rows", now.weights != "in-out")
    forward, backward = with_ones(found.forward, found.backward, found.graph.names)
    found = replace(found, forward=forward, backward=backward)
    return _turned(found, samples != "rows", weights != "in-out")


def _turned(found: Equations, samples: bool, weights: bool) -> Equations:
    """The equations with what lies the other way round transposed."""
    matrices = weights_of(found.graph)
    names = turned_by_samples(found.graph, matrices) if samples else set()
    names |= (matrices | found.joined) if weights else set()
    made = {e.name for e in found.forward} - set(found.graph.named.values()) - found.joined
    names |= made if samples else set()
    names |= {e.name for e in found.backward if e.gradient_of in names}
    if not names:
        return found
    forward = [turned(e, names, simplified) for e in found.forward]
    backward = [turned(e, names) for e in found.backward]
    given = {name: turned_array(x) if name in names else x for name, x in found.given.items()}
    paths = turned_paths(found.paths, names) if found.paths else None
    other = {"rows": "columns", "columns": "rows"}[found.samples] if samples else found.samples
    return replace(found, forward=forward, backward=backward, given=given, paths=paths, samples=other)
