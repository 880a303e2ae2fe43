"""The names of an array's entries, as one writes them by hand: W₁₂."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd_mini.drawing.text import subscript

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def entry_names(name: str, shape: tuple[int, ...]) -> Iterator[str]:
    """A name for each entry of an array, row by row, with subscripts from 1.

    The entries of one sample, of shape (n,) or (1, n), have one subscript. Those of several samples, (N, n), have the
    sample before the unit, those of a weight (fan_in, fan_out) the unit that it leads from before the one that it leads
    to. Subscripts over 9 are set off by commas. A number keeps its name.

    A digit after a letter counts the layers, and becomes a superscript: W1 has the entries W₁₂⁽¹⁾. Other names that end
    in a digit are put in parentheses, so that it is no subscript.

    >>> list(entry_names("W", (2, 2))), list(entry_names("z", (1, 3)))
    (['W₁₁', 'W₁₂', 'W₂₁', 'W₂₂'], ['z₁', 'z₂', 'z₃'])
    >>> list(entry_names("h2", (2,))), list(entry_names("layers.0", (2,))), list(entry_names("E", ()))
    (['h₁⁽²⁾', 'h₂⁽²⁾'], ['(layers.0)₁', '(layers.0)₂'], ['E'])
    >>> list(entry_names("x", (11, 2)))[-1]
    'x₁₁,₂'
    """
    stem, layer = _parts(name) if shape else (name, "")
    for index in np.ndindex(_without_single_sample(shape)):
        yield f"{stem}{_subscript(index)}{layer}"


def superscript(layer: int | str) -> str:
    """The number of a layer, in parentheses because it is no exponent.

    >>> superscript(12)
    '⁽¹²⁾'
    """
    return f"⁽{str(layer).translate(_SUPERSCRIPT)}⁾"


def _parts(name: str) -> tuple[str, str]:
    """What stands before the subscript, and what after it."""
    stem = name.rstrip("0123456789")
    if stem != name and stem[-1:].isalpha():
        return stem, superscript(name[len(stem) :])
    return (f"({name})" if name[-1:].isdigit() else name), ""


def _without_single_sample(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) == 2 and shape[0] == 1 else shape


def _subscript(index: tuple[int, ...]) -> str:
    numbers = [str(position + 1) for position in index]
    separator = "," if any(len(number) > 1 for number in numbers) else ""
    return subscript(separator.join(numbers))
