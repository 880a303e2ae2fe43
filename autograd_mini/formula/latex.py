r"""An expression as LaTeX, for mathematics mode with amsmath (and for KaTeX and MathJax)."""

from __future__ import annotations

import re

from autograd_mini.formula.expression import Expression
from autograd_mini.formula.writing import (
    AND,
    ATOM,
    COMPARISON,
    MATMUL,
    MINUS,
    OR,
    POWER,
    PRODUCT,
    QUOTIENT,
    SUM,
    Form,
    Notation,
    Written,
    comparison,
)

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_COMMANDS = {letter: rf"\{name}" for name, letter in _GREEK.items()} | {name: rf"\{name}" for name in _GREEK}
_INDEXED = re.compile(rf"([A-Za-z]|{'|'.join(_COMMANDS)})(?:_?([0-9]+))?")

_ESCAPED = {
    "\\": r"\backslash{}", "^": r"\wedge{}", "~": r"\sim{}", " ": r"\ ", "\t": r"\ ", "\n": r"\ ",
    **{character: rf"\{character}" for character in "{}_&%$#"},
}  # fmt: skip

_FUNCTIONS = (
    *("exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "max", "min", "det"),
)


def as_latex(expression: Expression) -> str:
    r"""An expression as LaTeX of mathematics mode.

    Elementwise products are \odot between arrays, else \cdot; matrix products have no sign.

    >>> from autograd_mini.formula.expression import Apply, Name
    >>> print(as_latex(Apply("matmul", (Name("delta2"), Apply("transpose", (Name("W2"),))))))
    \delta_{2} \, W_{2}^{\top}
    """
    return _LATEX.write(expression)


def latex_name(text: str) -> str:
    r"""A name as LaTeX: a letter with an index as such, anything else upright with every special character made inert.

    >>> print(latex_name("W1"), latex_name("h_1"), latex_name("δ2"), latex_name("layers.0.weight"))
    W_{1} h_{1} \delta_{2} \mathrm{layers.0.weight}
    >>> print(latex_name("a_b{}\\input{x}"))
    \mathrm{a\_b\{\}\backslash{}input\{x\}}
    """
    found = _INDEXED.fullmatch(text)
    if found is None:
        return rf"\mathrm{{{escaped(text)}}}"
    letter, number = found.groups()
    return _COMMANDS.get(letter, letter) + (f"_{{{number}}}" if number else "")


def escaped(text: str) -> str:
    r"""Text that LaTeX shows as it is in mathematics mode; what can't be shown is left out.

    >>> print(escaped("50%_x\x00"))
    50\%\_x
    """
    return "".join([_ESCAPED.get(c, c if c.isprintable() else "") for c in text])


_FORMS = {
    "add": Form("{} + {}", SUM, (SUM, MATMUL)),
    "subtract": Form("{} - {}", SUM, (SUM, MATMUL)),
    "negative": Form("-{}", MINUS, (MATMUL,)),
    "multiply": Form(r"{} \cdot {}", PRODUCT, (PRODUCT, PRODUCT)),
    "divide": Form(r"\frac{{{}}}{{{}}}", QUOTIENT, (0, 0)),
    "matmul": Form(r"{} \, {}", MATMUL, (POWER, POWER), chains=True),
    "absolute": Form(r"\left\lvert {} \right\rvert", ATOM, (0,)),
    "sqrt": Form(r"\sqrt{{{}}}", ATOM, (0,)),
    "floor": Form(r"\left\lfloor {} \right\rfloor", ATOM, (0,)),
    "floor_divide": Form(r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", ATOM, (0, 0)),
    "equal": comparison("="),
    "not_equal": comparison(r"\neq"),
    "less": comparison("<"),
    "less_equal": comparison(r"\leq"),
    "greater": comparison(">"),
    "greater_equal": comparison(r"\geq"),
    "logical_and": Form(r"{} \wedge {}", AND, (AND, COMPARISON), of_conditions=True),
    "logical_or": Form(r"{} \vee {}", OR, (OR, AND), of_conditions=True),
    "logical_not": Form(r"\neg {}", ATOM, (ATOM,), of_conditions=True),
}

_WORDS = {"sigmoid": r"\sigma", **{name: rf"\{name}" for name in _FUNCTIONS}}


class Latex(Notation):
    """LaTeX of mathematics mode."""

    forms = _FORMS
    array_product = Form(r"{} \odot {}", PRODUCT, (PRODUCT, PRODUCT))
    transposed = Form(r"{}^{{\top}}", POWER, (ATOM,))
    minus = "-"
    brackets = r"\left[ {} \right]"
    parentheses = r"\left( {} \right)"
    call = r"{}\left( {} \right)"
    index = r"{}\left[ {} \right]"
    words = _WORDS
    fallback = r"\mathrm{{vjp\ of\ }}{}"

    def name(self, text: str) -> Written:
        return Written(latex_name(text))

    def word(self, text: str) -> str:
        return rf"\mathrm{{{escaped(text)}}}"

    def digits(self, text: str) -> str:
        if text in ("inf", "nan"):
            return {"inf": r"\infty", "nan": r"\mathrm{nan}"}[text]
        mantissa, sign, exponent = text.partition("e")
        return rf"{mantissa} \times 10^{{{int(exponent)}}}" if sign else mantissa

    def power(self, base: Written, exponent: Expression, written: Written) -> Written:
        return Written(f"{base.text}^{{{written.text}}}", POWER)

    def choice(self, condition: str, yes: str, no: str) -> str:
        return rf"\begin{{cases}} {yes} & {condition} \\ {no} & \mathrm{{otherwise}} \end{{cases}}"


_LATEX = Latex()
