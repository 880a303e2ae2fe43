"""Explanation: the equations of a loss and its delta rules, as text, LaTeX and numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_mini.explanation.equations import Equations
from autograd_mini.explanation.layout import Equation, is_elementwise
from autograd_mini.explanation.notation import SUM, TILDE, ExplainedLatex, ExplainedText, derivative
from autograd_mini.explanation.paths import path_latex, path_text
from autograd_mini.formula import Apply, Expression, Name, Number, evaluate
from autograd_mini.formula.expression import entrywise
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor

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


# ------------------------------------------------------------------------------------------------------ the explanation


class Explanation:
    """What `ag.explain` returns: `str()` for a terminal, `.latex()`, and mathematics in Jupyter."""

    def __init__(self, equations: Equations, style: str = "matrices") -> None:
        self._equations = equations
        self._loss = equations.forward[-1].name
        self._text = ExplainedText(equations.samples == "columns")
        self._entries = style == "scalars"
        self._indexing = Indexing(equations.matrices, equations.samples == "columns", self._text.write)

    @property
    def forward(self) -> Sequence[Equation]:
        """The forward equations in order: each has a `.name`, an `.expression` and a `.shape`."""
        return self._equations.forward

    @property
    def backward(self) -> Sequence[Equation]:
        """The delta rules in order; `.gradient_of` is the name of the Tensor whose gradient it is."""
        return self._equations.backward

    @property
    def samples(self) -> str:
        """Whether samples are written as "rows" or "columns" here."""
        return self._equations.samples

    @property
    def tensors(self) -> Mapping[Tensor, str]:
        """What each Tensor is called that has a name here."""
        return self._equations.graph.named

    @property
    def rules(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """The delta rules as data: name, formula, shape."""
        return [(rule.name, self._text.write(rule.expression), rule.shape) for rule in self._printed(self.backward)]

    def _printed(self, equations: Sequence[Equation]) -> list[Equation]:
        """As matrices or as entries."""
        return [entry_equation(e, self._indexing) if self._entries else e for e in equations]

    @property
    def given(self) -> dict[str, Any]:
        """The values that the equations start from, as they are written here (transposed if need be)."""
        return {**self._equations.given, **self._equations.sizes}

    def evaluate(self) -> dict[str, Any]:
        """The value of every name, computed by the equations themselves.

        >>> import autograd_mini as ag
        >>> ag.explain(ag.Tensor(3.0, name="x") ** 2).evaluate()["dx"]
        np.float64(6.0)
        """
        values, functions = self.given, {**_FUNCTIONS, **_functions(self._equations.graph.order)}
        for equation in (*self.forward, *self.backward):
            value = evaluate(equation.expression, values, functions)
            values[equation.name] = np.broadcast_to(value, equation.shape)[()]
        return values

    def __str__(self) -> str:
        forward, backward = self._printed(self.forward), self._printed(self.backward)
        width = max(columns_of(self._line(e)) for e in (*forward, *backward))
        paths = None if self._entries else self._equations.paths
        blocks = {
            "chain rule": path_text(paths, self._loss, self._text) if paths else [],
            "forward": [self._in_margin(e, width) for e in forward],
            "backward": [self._in_margin(e, width) for e in backward],
        }
        lines = [line for title, body in blocks.items() if body for line in (title, *[f"  {x}" for x in body])]
        return "\n".join([*lines, *self._notes()])

    __repr__ = __str__

    def _line(self, equation: Equation) -> str:
        return f"{equation.name} = {self._text.write(equation.expression)}"

    def _in_margin(self, equation: Equation, width: int) -> str:
        line = self._line(equation)
        return f"{line}{' ' * (width - columns_of(line))}  {equation.shape if equation.shape else ''}".rstrip()

    def _notes(self) -> list[str]:
        sizes = [f"{name} = {size}" for name, size in self._equations.sizes.items()]
        deltas = [f"{rule.name} = ∂{self._loss}/∂{rule.gradient_of}" for rule in self.backward if _is_delta(rule)]
        lines = [f"with {', '.join([*sizes, *deltas])}"] if sizes or deltas else []
        return lines + [f"each row of {name} has one 1, and else 0" for name in self._equations.graph.one_hot]

    def latex(self) -> str:
        r"""The equations as an `aligned` environment of mathematics mode, for amsmath, KaTeX and MathJax.

        >>> import autograd_mini as ag
        >>> print(ag.explain(ag.Tensor(3.0, name="x") ** 2).latex())
        \begin{aligned}
        E &= x^{2} \\
        \frac{\partial E}{\partial x} &= 2 \cdot x
        \end{aligned}
        """
        printed = self._printed([*self.forward, *self.backward])
        slopes = [rule for rule in printed if rule.gradient_of is not None and not _is_delta(rule)]
        fractions = {rule.name: self._fraction(rule) for rule in slopes}
        notation = ExplainedLatex(fractions, self.samples == "columns", self._entries)
        paths = None if self._entries else self._equations.paths
        lines = path_latex(paths, self._loss, notation) if paths else []
        lines += [_latex_line(e, notation) for e in printed]
        return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])

    def _fraction(self, rule: Equation) -> str:
        """The derivative by a Tensor, or by an entry of it."""
        subject = rule.gradient_of or ""
        if not self._entries or not rule.shape:
            return derivative(self._loss, subject)
        subscripts = self._indexing.subscripts(subject, rule.shape)
        return derivative(self._loss, entry_name(subject, subscripts, rule.shape), True)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


def columns_of(text: str) -> int:
    """The columns that a text takes in a terminal, where the tilde stands over the letter before it.

    >>> columns_of("W\u0303")
    1
    """
    return len(text) - text.count(TILDE)


def _is_delta(rule: Equation) -> bool:
    return rule.name.startswith("δ")


def _latex_line(equation: Equation, notation: ExplainedLatex) -> str:
    sizes = r" \times ".join(map(str, equation.shape))
    margin = f" && {sizes}" if sizes else ""
    return f"{notation.name(equation.name).text} &= {notation.write(equation.expression)}{margin}"


def _functions(order: Iterable[Tensor]) -> dict[str, Callable[..., Any]]:
    """The operations of a graph, the user's own among them, and their rules as functions."""
    found = dict.fromkeys(node.op for node in order if node.op is not None)
    functions: dict[str, Callable[..., Any]] = {op.name: op for op in found}
    return functions | {f"vjp_{op.name}": functools.partial(_vjp, op) for op in found}


def _vjp(op: Op, g: Any, *arrays: Any, position: int, **settings: Any) -> Any:
    *inputs, out = arrays
    rule = op.rules(len(inputs))[position]
    assert rule is not None
    extra = {"saved": None} if op.saves else {}
    return rule(g, out, *inputs, **{**op.settings, **settings}, **extra)


def _ones_before(x: Any) -> Any:
    return np.hstack([np.ones((len(x), 1)), x])


def _ones_above(x: Any) -> Any:
    return np.vstack([np.ones((1, x.shape[1])), x])


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "ones_before": _ones_before,
    "ones_above": _ones_above,
    "above": lambda x, y: np.vstack([x, y]),
    "beside": lambda x, y: np.hstack([x, y]),
    "outer": np.outer,
}
