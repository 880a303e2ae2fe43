"""The choices of a drawing, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from autograd_mini.drawing.subject import Subject
from autograd_mini.drawing.themes import THEMES, VERDICTS, Theme
from autograd_mini.errors import describe
from autograd_mini.tensor import Tensor

SHOWS = ("forward", "backward", "both")
DIRECTIONS = ("TB", "LR", "BT", "RL")
EXPANSIONS = (None, "scalar")


def check_choice(name: str, given: Any, choices: Collection[Any]) -> None:
    """ValueError for anything but one of the choices."""
    if not any(given is choice or (isinstance(given, str) and given == choice) for choice in choices):
        raise ValueError(f"draw: {name} is one of {', '.join(map(repr, choices))}, got {given!r}")


def theme_called(name: Any) -> Theme:
    """The theme of that name, or ValueError."""
    check_choice("theme", name, THEMES)
    return THEMES[name]


def check_number(name: str, given: Any, least: float, *, whole: bool) -> None:
    """TypeError for what is no number, ValueError for one below the least."""
    kinds = int if whole else (int, float)
    if isinstance(given, bool) or not isinstance(given, kinds):
        raise TypeError(f"draw: {name} is a {'whole ' if whole else ''}number, got {given!r}")
    if not given >= least:
        raise ValueError(f"draw: {name} is at least {least:g}, got {given}")


def checked_size(size: Any) -> tuple[float, float] | None:
    """Width and height in inches, or None."""
    if size is None:
        return None
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise TypeError(f"draw: size is (width, height) in inches, got {size!r}")
    for name, given in zip(("width", "height"), size):
        check_number(name, given, 0.1, whole=False)
    return (size[0], size[1])


def verdicts_of(agreement: Mapping[Any, str], subject: Subject) -> dict[Any, str]:
    """The verdict on each node that the mapping names, by Tensor or by name.

    ValueError for another verdict, or a name that no node has.
    """
    named: dict[Any, list[Any]] = {}
    for node in subject.order:
        named.setdefault(node.name, []).append(node)
    tensors = set(subject.order)
    found: dict[Any, str] = {}
    for key, verdict in agreement.items():
        check_choice("a verdict of agreement", verdict, VERDICTS)
        nodes = ([key] if key in tensors else []) if isinstance(key, Tensor) else named.get(key, [])
        if key is None or not nodes:
            what = describe(key) if isinstance(key, Tensor) else repr(key)
            raise ValueError(f"draw: agreement speaks of {what}, which is not in the graph; name its Tensors")
        found |= dict.fromkeys(nodes, verdict)
    return found
