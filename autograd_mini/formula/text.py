"""An expression as Unicode text.

Elementwise products are `⊙` between arrays, `·` where one side is a scalar or its shape is not known; matrix products
are `@`, transposes `ᵀ`. Whole exponents below 100 are superscripts, others stand after `^`. A comparison in brackets is
1 where it holds and 0 elsewhere. Settings that are no defaults are written as in Python.
"""

from __future__ import annotations

import re

from autograd_mini.formula.expression import Expression, Number
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

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ONE_WORD = re.compile(r"[\w.'#\[\]…⁽⁾]+")


def as_text(expression: Expression) -> str:
    """An expression as one line of text, in the notation above.

    >>> from autograd_mini.formula.expression import Apply, Name, ONE
    >>> h = Name("h", (2, 3))
    >>> slope = Apply("subtract", (ONE, Apply("power", (h, Number(2)))), shape=(2, 3))
    >>> as_text(Apply("multiply", (Name("g", (2, 3)), slope)))
    'g ⊙ (1 − h²)'
    """
    return _TEXT.write(expression)


_FORMS = {
    "add": Form("{} + {}", SUM, (SUM, MATMUL)),
    "subtract": Form("{} − {}", SUM, (SUM, MATMUL)),
    "negative": Form("−{}", MINUS, (MATMUL,)),
    "multiply": Form("{}·{}", PRODUCT, (PRODUCT, PRODUCT)),
    "divide": Form("{} / {}", QUOTIENT, (QUOTIENT, POWER)),
    "matmul": Form("{} @ {}", MATMUL, (POWER, POWER), chains=True),
    "absolute": Form("|{}|", ATOM, (SUM,)),
    "sqrt": Form("√{}", POWER, (ATOM,)),
    "floor": Form("⌊{}⌋", ATOM, (SUM,)),
    "floor_divide": Form("⌊{} / {}⌋", ATOM, (QUOTIENT, POWER)),
    "equal": comparison("="),
    "not_equal": comparison("≠"),
    "less": comparison("<"),
    "less_equal": comparison("≤"),
    "greater": comparison(">"),
    "greater_equal": comparison("≥"),
    "logical_and": Form("{} ∧ {}", AND, (AND, COMPARISON), of_conditions=True),
    "logical_or": Form("{} ∨ {}", OR, (OR, AND), of_conditions=True),
    "logical_not": Form("¬{}", ATOM, (ATOM,), of_conditions=True),
}

_WORDS = {"sigmoid": "σ"}


class Text(Notation):
    """Unicode text."""

    forms = _FORMS
    array_product = Form("{} ⊙ {}", PRODUCT, (PRODUCT, PRODUCT))
    transposed = Form("{}ᵀ", POWER, (ATOM,))
    minus = "−"
    brackets = "[{}]"
    parentheses = "({})"
    call = "{}({})"
    index = "{}[{}]"
    words = _WORDS
    fallback = "vjp of {}"

    def name(self, text: str) -> Written:
        return Written(text, ATOM if _ONE_WORD.fullmatch(text) else 0)

    def word(self, text: str) -> str:
        return text

    def digits(self, text: str) -> str:
        return {"inf": "∞"}.get(text, text)

    def power(self, base: Written, exponent: Expression, written: Written) -> Written:
        if isinstance(exponent, Number) and abs(exponent.value) < 100 and exponent.value == int(exponent.value):
            return Written(base.text + str(int(exponent.value)).translate(_SUPERSCRIPTS), POWER)
        return Written(f"{base.text}^{self._operand(written, ATOM)}", POWER)

    def choice(self, condition: str, yes: str, no: str) -> str:
        return f"where({condition}, {yes}, {no})"


_TEXT = Text()
