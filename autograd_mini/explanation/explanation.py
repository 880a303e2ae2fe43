"""Explanation: the equations of a loss and its delta rules, as text, LaTeX and numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.explanation.equations import Equations
from autograd_mini.explanation.layout import Equation
from autograd_mini.explanation.notation import TILDE, ExplainedLatex, ExplainedText, derivative
from autograd_mini.explanation.paths import path_latex, path_text
from autograd_mini.explanation.scalars import Indexing, entry_equation, entry_name
from autograd_mini.formula import evaluate
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor


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
