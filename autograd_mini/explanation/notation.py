"""The notation of explanations: that of formulas, with sums over samples and units, and arrays beside each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from autograd_mini.formula import Apply, Expression
from autograd_mini.formula.latex import Latex, latex_name
from autograd_mini.formula.text import Text
from autograd_mini.formula.writing import ATOM, MATMUL, MINUS, POWER, PRODUCT, Form, Notation, Written

_TEXT_FORMS = {
    **Text.forms,
    "ones_before": Form("[1, {}]", ATOM, (0,)),
    "ones_above": Form("[1; {}]", ATOM, (0,)),
    "above": Form("[{}; {}]", ATOM, (0, 0)),
    "beside": Form("[{}, {}]", ATOM, (0, 0)),
}


class _Sums(Notation):
    """Sums with the letter of what they go over."""

    columns: bool
    """Whether samples are columns."""
    total: Form
    """A sum over all entries."""
    partial: str
    """The template of a sum over some, with a place for the letter."""

    def _call(self, node: Apply, arguments: Sequence[Written]) -> Written:
        if node.op_name.startswith(SUM):
            over = self.partial.format(node.op_name.removeprefix(SUM))
            return self._filled(Form(over, MATMUL, (MATMUL,)), arguments, False)
        letter = summed(node, self.columns)
        if letter is None:
            return super()._call(node, arguments)
        form = self.total if letter == "" else Form(self.partial.format(letter), PRODUCT, (POWER,))
        return self._filled(form, arguments, False)


class ExplainedText(_Sums, Text):
    """Plain text: Σ_n sums over the samples of a matrix, Σ_k over its other axis, Σ over all entries."""

    forms = _TEXT_FORMS
    total = Form("Σ {}", PRODUCT, (POWER,))
    partial = "Σ_{} {{}}"

    def __init__(self, columns: bool = False) -> None:
        self.columns = columns

    def name(self, text: str) -> Written:
        return Written(text, super().name(text.replace(TILDE, "")).level)

    def _number(self, value: float) -> Written:
        """All digits: the text has the value of the formula."""
        text = f"{abs(value):.0f}" if value == round(value) and abs(value) < 1e16 else repr(abs(float(value)))
        return Written(self.minus + self.digits(text), MINUS) if value < 0 else Written(self.digits(text))


_LATEX_FORMS = {
    **Latex.forms,
    "ones_before": Form(r"\begin{{bmatrix}} \mathbf{{1}} & {} \end{{bmatrix}}", ATOM, (0,)),
    "ones_above": Form(r"\begin{{bmatrix}} \mathbf{{1}}^{{\top}} \\ {} \end{{bmatrix}}", ATOM, (0,)),
    "above": Form(r"\begin{{bmatrix}} {} \\ {} \end{{bmatrix}}", ATOM, (0, 0)),
    "beside": Form(r"\begin{{bmatrix}} {} & {} \end{{bmatrix}}", ATOM, (0, 0)),
    "outer": Form(r"{} \, {}^{{\top}}", MATMUL, (POWER, ATOM)),
}


class ExplainedLatex(_Sums, Latex):
    """LaTeX; `fractions` are names that are written as derivatives."""

    forms = _LATEX_FORMS
    total = Form(r"\sum {}", PRODUCT, (POWER,))
    partial = r"\sum_{{{{{}}}}} {{}}"

    def __init__(
        self, fractions: Mapping[str, str] | None = None, columns: bool = False, entries: bool = False
    ) -> None:
        self._fractions = fractions or {}
        self.columns = columns
        self.entries = entries

    def name(self, text: str) -> Written:
        if text in self._fractions:
            return Written(self._fractions[text])
        return Written(_entry(text) if self.entries else _with_tilde(text))


SUM = "sum_over_"
"""Before the subscript that a sum over entries goes over."""

TILDE = "\u0303"
"""Over a matrix that has the bias as its first row."""


def _with_tilde(text: str) -> str:
    plain = latex_name(text.replace(TILDE, ""))
    letter, _, index = plain.partition("_{")
    return rf"\tilde{{{letter}}}" + (f"_{{{index}" if index else "") if TILDE in text else plain


def _entry(text: str) -> str:
    """W2_jk with the layer above and the subscripts below."""
    name, _, subscripts = text.rpartition("_")
    if not name or not _SUBSCRIPTS.fullmatch(subscripts):
        return _with_tilde(text)
    letter, _, layer = _with_tilde(name).partition("_{")
    above = f"^{{({layer[:-1]})}}" if layer else ""
    return f"{{{letter}{above}_{{{subscripts}}}}}"


_SUBSCRIPTS = re.compile("[a-z1]+")


def derivative(loss: str, name: str, entries: bool = False) -> str:
    r"""∂E/∂W as LaTeX.

    >>> print(derivative("E", "W1"))
    \frac{\partial E}{\partial W_{1}}
    """
    return rf"\frac{{\partial {_with_tilde(loss)}}}{{\partial {_entry(name) if entries else _with_tilde(name)}}}"


def summed(node: Expression, columns: bool = False) -> str | None:
    """The letter of the axis that a sum goes over, empty for all of them; None for what is no such sum.

    >>> from autograd_mini.formula import Name
    >>> summed(Apply("sum", (Name("x", (3, 2)),), (("axis", 0),))), summed(Apply("sum", (Name("x"),)))
    ('n', '')
    """
    if not isinstance(node, Apply) or node.op_name != "sum" or node["keepdims"]:
        return None
    (x,) = node.arguments
    axis = node["axis"]
    if axis is None:
        return ""
    axes = axis if isinstance(axis, tuple) else (axis,)
    count = len(x.shape or ())
    if count != 2 or len(axes) != 1:
        return None
    return "n" if axes[0] % 2 == int(columns) else "k"
