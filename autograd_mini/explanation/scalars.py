"""Equations of single entries, with subscripts and sums over units, as derivations by hand begin: dW_jk = δ_k·z_j."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from autograd_mini.explanation.layout import Equation, is_elementwise
from autograd_mini.explanation.notation import SUM
from autograd_mini.formula import Apply, Expression, Name, Number
from autograd_mini.formula.expression import entrywise

_LETTERS = "kjilmpqrstuv"

Subscripts = tuple[str, ...]


@dataclass(frozen=True)
class Indexing:
    """Which matrices are weights, and on which axis of the others the samples are."""

    weights: Collection[str]
    columns: bool
    write: Callable[[Expression], str]

    def subscripts(self, name: str, shape: Sequence[int]) -> Subscripts:
        """Those of the left side: jk for weights, nk for samples, k for a vector."""
        if len(shape) == 2:
            return ("j", "k") if name in self.weights else ("k", "n") if self.columns else ("n", "k")
        return tuple(_LETTERS[: len(shape)])

    def over(self, operands: Sequence[Expression], used: Subscripts) -> str:
        """A subscript to sum over: n for samples, else a letter that is not used."""
        names = [part.text for part in map(_bare, operands) if isinstance(part, Name)]
        if "n" not in used and not set(names) & set(self.weights) and any(len(x.shape or ()) == 2 for x in operands):
            return "n"
        return next(letter for letter in "jkilmpqrstuv" if letter not in used)


def entry_equation(equation: Equation, indexing: Indexing) -> Equation:
    """The equation of one entry.

    >>> from autograd_mini.formula import as_text
    >>> rule = Equation("Z", Apply("matmul", (Name("X", (5, 3)), Name("W", (3, 2))), shape=(5, 2)), (5, 2))
    >>> found = entry_equation(rule, Indexing({"W"}, False, as_text))
    >>> found.name, as_text(found.expression)
    ('Z_nk', 'sum_over_j(X_nj·W_jk)')
    """
    subject = equation.gradient_of or equation.name
    subscripts = indexing.subscripts(subject, equation.shape)
    name = entry_name(equation.name, subscripts, equation.shape)
    return replace(equation, name=name, expression=_entry(equation.expression, subscripts, indexing, subscripts))


def entry_name(text: str, subscripts: Subscripts, shape: Sequence[int]) -> str:
    """The name of an entry; an axis of length 1 has the subscript 1.

    >>> entry_name("b", ("n", "k"), (1, 4)), entry_name("E", (), ())
    ('b_1k', 'E')
    """
    letters = ["1" if size == 1 else letter for letter, size in zip(subscripts, shape)]
    return f"{text}_{''.join(letters)}" if letters else text


def _entry(e: Expression, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression:
    """The entry of an expression at these subscripts, whose number is that of its axes."""
    shape = e.shape if e.shape is not None else ()
    at = at[len(at) - len(shape) :]
    if isinstance(e, Name):
        return Name(entry_name(e.text, at, shape), ())
    if isinstance(e, Number):
        return e
    rule = _RULES.get(e.op_name)
    if is_elementwise(e) or (e.op_name == "broadcast_to"):
        parts = [_entry(x, at, indexing, used) for x in e.arguments]
        return parts[0] if e.op_name == "broadcast_to" else Apply(e.op_name, tuple(parts), e.settings, ())
    found = rule(e, at, indexing, used) if rule is not None else None
    return found or Name(entry_name(indexing.write(e), at, shape), ())


def _matmul(e: Apply, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression | None:
    x, y = e.arguments
    axes = [len(operand.shape or ()) for operand in e.arguments]
    if max(axes) > 2:
        return None
    letter = indexing.over(e.arguments, used)
    inner = (*used, letter)
    left = _entry(x, (*at[: axes[0] - 1], letter), indexing, inner)
    right = _entry(y, (letter, *at[len(at) - (axes[1] - 1) :]), indexing, inner)
    return _total(letter, (x.shape or (1,))[-1], entrywise("multiply", left, right))


def _total(letter: str, size: int, summand: Expression) -> Expression:
    """Of one summand, that itself."""
    return Apply(SUM + letter, (summand,), shape=()) if size > 1 else summand


def _transpose(e: Apply, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression | None:
    return _entry(e.arguments[0], at[::-1], indexing, used) if len(at) == 2 else None


def _outer(e: Apply, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression:
    x, y = (_entry(part, (letter,), indexing, used) for part, letter in zip(e.arguments, at))
    return entrywise("multiply", x, y)


def _sum(e: Apply, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression | None:
    """Sums over one axis, or over all."""
    (x,) = e.arguments
    shape = x.shape or ()
    axis = e["axis"]
    axes = (
        range(len(shape)) if axis is None else [a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))]
    )
    kept = list(at) if not e["keepdims"] else [letter for place, letter in enumerate(at) if place not in axes]
    names: list[str] = []
    for place in range(len(shape)):
        names.append(_summed(place, shape, indexing, (*used, *names)) if place in axes else kept.pop(0))
    found = _entry(x, tuple(names), indexing, (*used, *names))
    for place in sorted(axes, reverse=True):
        found = _total(names[place], shape[place], found)
    return found


def _summed(place: int, shape: Sequence[int], indexing: Indexing, used: Subscripts) -> str:
    samples = 1 if indexing.columns else 0
    if len(shape) == 2 and place == samples and "n" not in used:
        return "n"
    return next(letter for letter in _LETTERS if letter not in used)


def _mean(e: Apply, at: Subscripts, indexing: Indexing, used: Subscripts) -> Expression | None:
    total = _sum(replace(e, op_name="sum"), at, indexing, used)
    size, left = 1, 1
    for n in e.arguments[0].shape or ():
        size *= n
    for n in e.shape or ():
        left *= n
    return entrywise("divide", total, Number(size // left)) if total is not None else None


def _bare(e: Expression) -> Expression:
    while isinstance(e, Apply) and e.op_name == "transpose":
        (e,) = e.arguments
    return e


_RULES: Mapping[str, Callable[[Apply, Subscripts, Indexing, Subscripts], Expression | None]] = {
    "matmul": _matmul,
    "transpose": _transpose,
    "outer": _outer,
    "sum": _sum,
    "mean": _mean,
}
