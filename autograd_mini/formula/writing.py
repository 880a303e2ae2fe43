"""Writing an expression with few parentheses, in a notation that the subclasses of `Notation` give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_mini.formula.choices import is_condition
from autograd_mini.formula.expression import ONE, ZERO, Apply, Expression, Name, Number, fold
from autograd_mini.ops.indexing import SLOT

OR, AND, COMPARISON, SUM, MINUS, MATMUL, QUOTIENT, PRODUCT, POWER, ATOM = range(1, 11)
"""How tightly the outermost sign of a text binds; an ATOM needs no parentheses anywhere."""


@dataclass(frozen=True)
class Written:
    """A text, how tightly it binds, and whether it is a condition, which is a number only within brackets."""

    text: str
    level: int = ATOM
    condition: bool = False


@dataclass(frozen=True)
class Form:
    """How an operation is written: a template, how tightly it binds, and how tightly each operand has to."""

    template: str
    level: int
    operands: tuple[int, ...]
    of_conditions: bool = False
    chains: bool = False
    """Whether the first operand may be of the same form, whatever it has to bind like."""


def comparison(sign: str) -> Form:
    """How a comparison is written."""
    return Form(f"{{}} {sign} {{}}", COMPARISON, (SUM, SUM))


class Notation:
    """What differs between plain text and LaTeX."""

    forms: Mapping[str, Form]
    array_product: Form
    """An elementwise product of two arrays."""
    transposed: Form
    minus: str
    brackets: str
    parentheses: str
    call: str
    """A function's name and its arguments."""
    index: str
    """An array and its index."""
    words: Mapping[str, str]
    """Functions that are written with another word."""
    fallback: str

    def name(self, text: str) -> Written:
        """An operand's name."""
        raise NotImplementedError

    def word(self, text: str) -> str:
        """The name of a function, a setting or its value."""
        raise NotImplementedError

    def digits(self, text: str) -> str:
        """A number without sign."""
        raise NotImplementedError

    def power(self, base: Written, exponent: Expression, written: Written) -> Written:
        """A power, of a base that needs no parentheses."""
        raise NotImplementedError

    def choice(self, condition: str, yes: str, no: str) -> str:
        """One of two values."""
        raise NotImplementedError

    def write(self, expression: Expression) -> str:
        """The text of an expression."""
        return self._as_number(fold(expression, self._written)).text

    def _written(self, node: Expression, arguments: Sequence[Written]) -> Written:
        if isinstance(node, Name):
            return self.name(node.text)
        if isinstance(node, Number):
            return self._number(node.value)
        special = _SPECIAL.get(node.op_name)
        if special is not None:
            return special(self, node, arguments)
        form = self._form(node)
        return self._filled(form, arguments, is_condition(node)) if form else self._call(node, arguments)

    def _form(self, node: Apply) -> Form | None:
        if node.op_name == "multiply" and all(x.shape not in (None, ()) for x in node.arguments):
            return self.array_product
        return self.forms.get(node.op_name) if not node.settings else None

    def _filled(self, form: Form, arguments: Sequence[Written], condition: bool) -> Written:
        texts = [
            self._operand(x if form.of_conditions else self._as_number(x), least)
            for x, least in zip(arguments, _least_levels(form, arguments))
        ]
        return Written(form.template.format(*texts), form.level, condition)

    def _operand(self, x: Written, least: int) -> str:
        return self.parentheses.format(x.text) if x.level < least else x.text

    def _as_number(self, x: Written) -> Written:
        return Written(self.brackets.format(x.text)) if x.condition else x

    def _number(self, value: float) -> Written:
        text = f"{abs(value):.4g}" if value != round(value, 4) or abs(value) >= 1e16 else f"{abs(value):.15g}"
        return Written(self.minus + self.digits(text), MINUS) if value < 0 else Written(self.digits(text))

    def _call(self, node: Apply, arguments: Sequence[Written]) -> Written:
        word = self.words.get(node.op_name) or self.word(node.op_name)
        texts = [self._as_number(x).text for x in arguments]
        texts += [f"{self.word(name)}={self._setting(x)}" for name, x in node.settings if name not in _UNSAID]
        return Written(self.call.format(word, ", ".join(texts)), ATOM, is_condition(node))

    def _setting(self, x: Any) -> str:
        return self.word(setting_text(x))

    # ------------------------------------------------------------------------------------------ special forms

    def _power(self, node: Apply, arguments: Sequence[Written]) -> Written:
        base, exponent = map(self._as_number, arguments)
        return self.power(Written(self._operand(base, ATOM)), node.arguments[1], exponent)

    def _transpose(self, node: Apply, arguments: Sequence[Written]) -> Written:
        if swaps_last_axes(node):
            return self._filled(self.transposed, arguments, False)
        return self._call(node, arguments)

    def _where(self, node: Apply, arguments: Sequence[Written]) -> Written:
        if node.arguments[1:] == (ONE, ZERO):
            return Written(arguments[0].text, ATOM, True)
        if node.arguments[1:] == (ZERO, ONE):
            return self._filled(self.forms["logical_not"], arguments, True)
        condition, yes, no = arguments
        return Written(self.choice(condition.text, self._as_number(yes).text, self._as_number(no).text))

    def _getitem(self, node: Apply, arguments: Sequence[Written]) -> Written:
        x = self._operand(self._as_number(arguments[0]), ATOM)
        return Written(self.index.format(x, self._places(node["index"], arguments[1:])))

    def _broadcast(self, node: Apply, arguments: Sequence[Written]) -> Written:
        texts = [arguments[0].text, self._setting(node["shape"])]
        return Written(self.call.format(self.word("broadcast"), ", ".join(texts)))

    def _scatter(self, node: Apply, arguments: Sequence[Written]) -> Written:
        """Arrays, the index that holds some of them, and the other settings."""
        count = len(arguments) - sum(part is SLOT for part in node["index"])
        texts = [x.text for x in arguments[:count]]
        texts.append(f"{self.word('index')}=[{self._places(node['index'], arguments[count:])}]")
        texts += [f"{self.word(name)}={self._setting(x)}" for name, x in node.settings if name != "index"]
        return Written(self.call.format(self.word(node.op_name), ", ".join(texts)))

    def _places(self, index: Sequence[Any], arrays: Sequence[Written]) -> str:
        remaining = iter(arrays)
        parts = [next(remaining).text if part is SLOT else self._setting(part) for part in index]
        return ", ".join(parts)

    def _fallback(self, node: Apply, arguments: Sequence[Written]) -> Written:
        return Written(self.fallback.format(self.word(node["of"])))


def _least_levels(form: Form, arguments: Sequence[Written]) -> tuple[int, ...]:
    chained = form.chains and arguments[0].level == form.level
    return (form.level, *form.operands[1:]) if chained else form.operands


_SPECIAL = {
    "power": Notation._power,
    "transpose": Notation._transpose,
    "where": Notation._where,
    "getitem": Notation._getitem,
    "broadcast_to": Notation._broadcast,
    "scatter_add": Notation._scatter,
    "put": Notation._scatter,
    "add_at": Notation._scatter,
    "last_writes": Notation._scatter,
    "vjp": Notation._fallback,
}

_UNSAID = frozenset({"classes"})
"""Settings that the reader sees elsewhere."""


def swaps_last_axes(node: Apply) -> bool:
    """Whether a transpose is that of a matrix, or of each of a stack of them.

    >>> swaps_last_axes(Apply("transpose", (Name("x"),), (("axes", (0, 2, 1)),)))
    True
    """
    axes, shape = node["axes"], node.shape
    if axes is None:
        return shape is None or len(shape) == 2
    return tuple(axes) == (*range(len(axes) - 2), len(axes) - 1, len(axes) - 2)


def setting_text(x: Any) -> str:
    """A setting as Python writes it; of an object without such a form, its type.

    >>> setting_text((slice(None, 2), None, 0)), setting_text("ij,jk"), setting_text(len)
    ('(:2, None, 0)', "'ij,jk'", 'builtin_function_or_method')
    """
    if isinstance(x, slice):
        parts = [x.start, x.stop, *([x.step] if x.step is not None else [])]
        return ":".join("" if part is None else setting_text(part) for part in parts)
    if isinstance(x, tuple | list):
        inner = ", ".join(map(setting_text, x))
        return f"({inner},)" if len(x) == 1 else f"({inner})"
    if x is SLOT:
        return "array"
    if x is None or isinstance(x, bool | int | float | str):
        return repr(x)
    return _other_text(x)


def _other_text(x: Any) -> str:
    if x is ...:
        return "..."
    if getattr(x, "shape", None) == () and hasattr(x, "item"):
        return repr(x.item())
    return str(getattr(x, "name", None) or type(x).__name__)
