"""Words and numbers on the nodes of a drawing, safe in DOT and in SVG."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

LONGEST = 48
"""Characters of a line of text; longer ones are cut."""

_WRAPPED = 34
"""Characters of a line of text that is wrapped."""

_LINES = 6
"""Lines that a wrapped text has at most."""

SHOWN_WHOLE = 6
"""Entries of an array that are shown one by one; larger arrays are summarised."""

_ROUNDING = 1e-15

# XML forbids these characters, and an SVG that contains them is not well-formed.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SPECIAL = re.compile(r"([\\{}|<> ])")


def escaped(text: str) -> str:
    r"""Text as it must stand in a label to be shown as it is.

    >>> escaped("<a & b>")
    '<a &amp; b>'
    """
    return _lines(_clean(text).replace("\\", r"\\"))


def escaped_in_record(text: str) -> str:
    r"""Text as it must stand in a field of a record.

    >>> escaped_in_record("a|b {<&>}")
    'a\\|b\\ \\{\\<&amp;\\>\\}'
    """
    return _lines(_SPECIAL.sub(r"\\\1", _clean(text)))


def _clean(text: str) -> str:
    """Text without what SVG forbids; a line without text is a space, as Graphviz may crash at an empty one (14.1)."""
    text = _FORBIDDEN.sub("", text).replace("\t", " ").replace("&", "&amp;")
    return "\n".join(line or " " for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _lines(text: str) -> str:
    return text.replace("\n", r"\n")


def tooltip(text: str) -> str:
    r"""Text as it must stand in a tooltip, where Graphviz expands \N and the like twice.

    >>> print(tooltip(r"a\Name"))
    a\\\\Name
    """
    return re.sub(r"(?:\\\\)+(?=[NGETHL])", r"\g<0>\g<0>", escaped(text))


def subscript(number: int | str) -> str:
    """A whole number in subscript digits.

    >>> subscript(12)
    '₁₂'
    """
    return str(number).translate(_SUBSCRIPTS)


def quoted(text: str) -> str:
    r"""Text as a quoted DOT string, whose backslashes keep their meaning.

    >>> print(quoted('say "x"'))
    "say \"x\""
    """
    return '"' + text.replace('"', r"\"") + '"'


def shortened(text: str) -> str:
    """Text of at most LONGEST characters, its end cut off if it is longer.

    >>> len(shortened("x" * 1000))
    48
    """
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def wrapped(text: str) -> list[str]:
    """Text in a few short lines, broken between words; its end is cut off if it is longer.

    >>> wrapped("weights ⊙ (g − sum(g ⊙ weights, axis=-1, keepdims=True))")
    ['weights ⊙ (g − sum(g ⊙ weights,', 'axis=-1, keepdims=True))']
    """
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _WRAPPED:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    kept = [shortened(line) for line in lines[:_LINES]]
    return kept if len(lines) <= _LINES else [*kept[:-1], f"{kept[-1][: LONGEST - 2]} …"]


def number(x: Any) -> str:
    """A number with four significant digits.

    >>> number(2.0), number(1 / 3), number(True)
    ('2', '0.3333', 'True')
    """
    return str(x) if isinstance(x, bool | np.bool) else f"{x + 0:.4g}"  # + 0 turns -0 into 0


def value(data: Any) -> str:
    """An array in one line: whole if it is small, else its least, mean and largest entry.

    >>> value(np.array([1.0, np.nan])), value(np.arange(100.0))
    ('[1, nan]', 'min 0 mean 49.5 max 99')
    """
    array = np.asarray(data)
    if array.size == 0:
        return "empty"
    if array.size <= SHOWN_WHOLE:
        return _nested(array.tolist())
    if array.dtype == bool:
        return f"{np.count_nonzero(array)} of {array.size} True"
    return _summary(array)


def extent(data: Any) -> str:
    """The shape of an array and how long it is as a vector; of a number, the number.

    >>> extent(np.array([[3.0], [4.0]])), extent(np.float64(2.5))
    ('(2, 1) norm 5', '2.5')
    """
    array = np.asarray(data)
    return f"{array.shape} norm {number(norm(array))}" if array.shape else number(array[()])


def norm(array: Any) -> float:
    """The Euclidean norm of an array as a vector; entries are scaled first, because their squares may overflow.

    >>> norm(np.array([[0.0], [-4e200]]))
    4e+200
    """
    entries = array.astype(np.float64)
    largest = float(np.max(np.abs(entries), initial=0.0))
    if not np.isfinite(largest) or largest == 0:
        return largest
    with np.errstate(all="ignore"):  # squares of what is much smaller than the largest vanish
        return largest * float(np.linalg.norm(entries / largest))


def _nested(entries: Any) -> str:
    return f"[{', '.join(map(_nested, entries))}]" if isinstance(entries, list) else number(entries)


def _summary(array: Any) -> str:
    finite = array[np.isfinite(array)].astype(np.float64)  # a float16 sum overflows at 65504
    strange = array.size - finite.size
    note = f", {strange} not finite" if strange else ""
    if finite.size == 0:
        return f"{strange} entries, none finite"
    return f"min {number(finite.min())} mean {number(_mean(finite))} max {number(finite.max())}{note}"


def _mean(entries: Any) -> float:
    """The mean; 0 where nothing but rounding is left of it, which differs from machine to machine."""
    largest = float(np.abs(entries).max())
    with np.errstate(all="ignore"):
        mean = float(entries.mean())
        if not np.isfinite(mean):  # the sum overflows
            mean = float((entries / entries.size).sum())
    return 0.0 if abs(mean) <= _ROUNDING * largest else mean
