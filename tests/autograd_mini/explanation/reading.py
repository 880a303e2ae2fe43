"""A reader of printed explanations: Unicode text to numbers, by NumPy and nothing of the package's own formulas.

Only functions that are no NumPy functions come from autograd_mini: its operations on plain arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.formula.evaluate import operations

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
COMPARISONS = {
    "=": np.equal,
    "≠": np.not_equal,
    "<": np.less,
    "≤": np.less_equal,
    ">": np.greater,
    "≥": np.greater_equal,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "broadcast": np.broadcast_to,
    "outer": np.outer,
    "arange": np.arange,
    "where": np.where,
    "relu": lambda x: np.where(x > 0, x, 0),
}
PYTHON = {"True": True, "False": False, "None": None, "∞": np.inf}
LETTER = r"(?:[^\Wᵀ⁰¹²³⁴⁵⁶⁷⁸⁹]|\u0303)"
TOKEN = re.compile(rf"\s+|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|Σ_[nk]|\d+\.?\d*(?:e[+-]?\d+)?|'[^']*'|(?!\d){LETTER}+|.")


class Reader:
    """Recursive descent over one formula; each method reads what binds more tightly than the one before it."""

    def __init__(self, text: str, values: Mapping[str, Any], columns: bool) -> None:
        names = sorted(map(re.escape, values), key=len, reverse=True)
        pattern = re.compile("|".join([*[rf"{name}(?!{LETTER}|\()" for name in names], TOKEN.pattern]))
        self.tokens = [token for token in pattern.findall(text) if token.strip()]
        self.values, self.columns, self.place = values, columns, 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            raise SyntaxError(f"{token!r} in place of {wanted} in {' '.join(self.tokens)}")
        self.place += 1
        return token

    def whole(self) -> Any:
        value = self.choice()
        self.take("")
        return value

    def choice(self) -> Any:
        value = self.both()
        while self.peek() == "∨":
            self.take()
            value = np.logical_or(value, self.both())
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.peek() == "∧":
            self.take()
            value = np.logical_and(value, self.comparison())
        return value

    def comparison(self) -> Any:
        value = self.sum()
        return COMPARISONS[self.take()](value, self.sum()) if self.peek() in COMPARISONS else value

    def sum(self) -> Any:
        value = self.signed()
        while self.peek() in ("+", "−"):
            value = value + self.matmul() if self.take() == "+" else value - self.matmul()
        return value

    def signed(self) -> Any:
        if self.peek() == "−":
            self.take()
            return -self.matmul()
        return self.matmul()

    def matmul(self) -> Any:
        value = self.quotient()
        while self.peek() == "@":
            self.take()
            value = value @ self.quotient()
        return value

    def quotient(self) -> Any:
        value = self.product()
        while self.peek() == "/":
            self.take()
            value = value / self.power()
        return value

    def product(self) -> Any:
        value = self.power()
        while self.peek() in ("·", "⊙"):
            if self.take() == "⊙":
                other = self.power()
                assert np.ndim(value), "⊙ is a product of arrays"
                assert np.ndim(other), "⊙ is a product of arrays"
                value = value * other
            else:
                value = value * self.power()
        return value

    def power(self) -> Any:
        if self.peek().startswith("Σ"):
            return self.total(self.take())
        if self.peek() == "√":
            self.take()
            return np.sqrt(self.atom())
        value = self.atom()
        while True:
            token = self.peek()
            if token == "ᵀ":
                self.take()
                value = value.T
            elif token and token[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
                value = value ** float(self.take().translate(SUPERSCRIPTS))
            elif token == "^":
                self.take()
                value = value ** self.atom()
            elif token == "[":
                value = value[self.index()]
            else:
                return value

    def total(self, sign: str) -> Any:
        value = self.power()
        return np.sum(value) if sign == "Σ" else np.sum(value, axis=int((sign == "Σ_k") != self.columns))

    def atom(self) -> Any:
        token = self.take()
        if token == "(":
            return self.closed(")")
        if token == "[":
            return self.brackets()
        if token == "|":
            return np.abs(self.closed("|"))
        if token in self.values:
            return self.values[token]
        if token in PYTHON:
            return PYTHON[token]
        if self.peek() == "(":
            return self.call(token)
        return float(token) if "." in token or "e" in token else int(token)

    def closed(self, end: str) -> Any:
        value = self.choice()
        self.take(end)
        return value

    def brackets(self) -> Any:
        """[x > 0], or arrays beside or above each other; 1 is a column or row of ones."""
        value = self.choice()
        sign = self.take("]", ",", ";")
        if sign == "]":
            return np.asarray(value, float)
        other = self.closed("]")
        if value is None or np.ndim(value) == 0:
            value = np.ones((len(other), 1) if sign == "," else (1, other.shape[1]))
        return np.hstack([value, other]) if sign == "," else np.vstack([value, other])

    def index(self) -> Any:
        self.take("[")
        parts = [self.place_in_index()]
        while self.take(",", "]") == ",":
            parts.append(self.place_in_index())
        return tuple(parts)

    def place_in_index(self) -> Any:
        if self.peek() == ".":
            self.place += 3
            return ...
        limits: list[Any] = [None]
        while self.peek() not in (",", "]"):
            if self.peek() == ":":
                self.take()
                limits.append(None)
            else:
                limits[-1] = self.python()
        return limits[0] if len(limits) == 1 else slice(*limits)

    def python(self) -> Any:
        """A setting as Python writes it."""
        if self.peek() == "-":
            self.take()
            return -self.python()
        if self.peek() == "(":
            self.take()
            parts = []
            while self.peek() != ")":
                parts.append(self.python())
                if self.peek() == ",":
                    self.take()
            self.take(")")
            return tuple(parts)
        return self.take()[1:-1] if self.peek().startswith("'") else self.choice()

    def call(self, name: str) -> Any:
        self.take("(")
        arrays, settings = [], {}
        while self.peek() != ")":
            if self.tokens[self.place + 1] == "=" and self.peek() not in self.values:
                setting = self.take()
                self.take("=")
                settings[setting] = self.python()
            else:
                arrays.append(self.python() if name == "broadcast" and arrays else self.choice())
            if self.peek() == ",":
                self.take()
        self.take(")")
        if name == "one_hot":
            (labels,) = arrays
            return np.asarray(labels)[:, None] == np.arange(self.values["classes"])
        function = FUNCTIONS.get(name) or getattr(np, name, None) or operations()[name]
        return function(*arrays, **settings)


AXES = "nkjilmpqrstuv"
SUBSCRIPTED = re.compile(r"(.*)_([a-z1]+)")


class EntryReader(Reader):
    """Reads equations of entries: each subscript is an axis of its own, so that all entries are computed at once."""

    def __init__(self, text: str, values: Mapping[str, Any], columns: bool) -> None:
        super().__init__(text, values, columns)
        names = sorted(map(re.escape, values), key=len, reverse=True)
        pattern = re.compile("|".join([*[rf"{name}_[a-z1]+(?!{LETTER})" for name in names], r"Σ_[a-z]", TOKEN.pattern]))
        self.tokens = [token for token in pattern.findall(text) if token.strip()]

    def power(self) -> Any:
        if self.peek().startswith("Σ_"):
            letter = self.take()[2:]
            return np.sum(self.matmul(), axis=AXES.index(letter), keepdims=True)
        start = self.place
        value = self.entry(self.take()) if self.is_entry(self.peek()) else super().power()
        if re.fullmatch("_[a-z1]+", self.peek()) and self.place > start:
            return spread(value, self.take()[1:])
        if self.peek() and self.peek()[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
            return value ** float(self.take().translate(SUPERSCRIPTS))
        return value

    def is_entry(self, token: str) -> bool:
        found = SUBSCRIPTED.fullmatch(token)
        return found is not None and found[1] in self.values

    def entry(self, token: str) -> Any:
        found = SUBSCRIPTED.fullmatch(token)
        assert found is not None
        return spread(self.values[found[1]], found[2])

    def atom(self) -> Any:
        if self.is_entry(self.peek()):
            return self.entry(self.take())
        return super().atom()


def spread(x: Any, subscripts: str) -> Any:
    """An array with each axis where that of its subscript is."""
    x = np.asarray(x, float)
    assert [n == 1 for n in x.shape] == [letter == "1" for letter in subscripts], (
        "axes of length 1 have the subscript 1"
    )
    kept = [letter for letter in subscripts if letter != "1"]
    x = x.reshape([n for n in x.shape if n != 1])
    order = sorted(range(len(kept)), key=lambda place: AXES.index(kept[place]))
    sizes = {kept[place]: x.shape[place] for place in range(len(kept))}
    assert len(sizes) == len(kept), "no subscript twice"
    return x.transpose(order).reshape([sizes.get(letter, 1) for letter in AXES])


def gathered(x: Any, subscripts: str, shape: tuple[int, ...]) -> Any:
    """The inverse: an array of this shape, whose axes have these subscripts."""
    x = np.asarray(x)
    if x.ndim == len(AXES):
        kept = [letter for letter in AXES if letter in subscripts]
        assert all(n == 1 for letter, n in zip(AXES, x.shape) if letter not in kept), "nothing is summed in silence"
        x = x.reshape([x.shape[AXES.index(letter)] for letter in kept])
        x = x.transpose([kept.index(letter) for letter in subscripts if letter != "1"])
        places = iter(x.shape)
        x = x.reshape([1 if letter == "1" else next(places) for letter in subscripts])
    return np.broadcast_to(x, shape)


def entries_of(explanation: ag.Explanation, classes: int = 0) -> dict[str, Any]:
    """The values by the text of an explanation of style "scalars"."""
    values = {**explanation.given, "classes": classes}
    shapes = {e.name: e.shape for e in (*explanation.forward, *explanation.backward)}
    for line in str(explanation).partition("forward\n")[2].splitlines():
        if line.startswith("  "):
            left, _, formula = re.sub(r"  +\(\d.*\)$", "", line.strip()).partition(" = ")
            found = SUBSCRIPTED.fullmatch(left)
            name, subscripts = (found[1], found[2]) if found and found[1] in shapes else (left, "")
            value = EntryReader(formula, values, explanation.samples == "columns").whole()
            values[name] = gathered(value, subscripts, shapes[name])[()]
    return values


def values_of(explanation: ag.Explanation, classes: int = 0) -> dict[str, Any]:
    """The value of every line of `str(explanation)`, read from that text."""
    values = {**explanation.given, "classes": classes}
    columns = explanation.samples == "columns"
    lines = str(explanation).partition("forward\n")[2].splitlines()
    for line in lines:
        if line.startswith("  "):
            equation = re.sub(r"  +\(\d.*\)$", "", line.strip())
            name, _, formula = equation.partition(" = ")
            values[name] = Reader(formula, values, columns).whole()
    return values
