"""The ways in which a place is read: each is one text, for the walk and for the generated check."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini.compiler.guards.sameness import ABSENT

NAMES_IN_SOURCE: dict[str, Any] = {"ABSENT": ABSENT, "count": np.count_nonzero}


class Reader:
    """How to read a place: one text, evaluated here and written into the generated check, so that both agree."""

    def __init__(self, source: str, many: bool = False) -> None:
        self.source = source
        self.many = many
        self._read = eval(f"lambda owner, key: {source.format(owner='owner', key='key')}", dict(NAMES_IN_SOURCE))

    def read(self, owner: Any, key: Any) -> tuple[Any, ...]:
        """The parts that are there now."""
        return tuple(self._read(owner, key)) if self.many else (self._read(owner, key),)


FIXED = Reader("{key}", many=True)  # what can't change, as the items of a tuple
CELL = Reader("{owner}.cell_contents")
ENTRY = Reader("{owner}.get({key}, ABSENT)")
SLOT = Reader("getattr({owner}, {key}, ABSENT)")
CODE = Reader("{owner}.__code__")
DEFAULTS = Reader("{owner}.__defaults__")
KEYWORD_DEFAULTS = Reader("{owner}.__kwdefaults__")
REQUIRES_GRAD = Reader("{owner}._requires_grad")
HOOKS = Reader("(0 if {owner}._extras is None else len({owner}._extras.hooks))")
SELECTED = Reader("count({owner})")
ITEMS = Reader("{owner}", many=True)
KEYS = Reader("{owner}", many=True)
VALUES = Reader("{owner}.values()", many=True)
ITEMS_BY = Reader("{key}({owner})", many=True)  # for subclasses: the iteration of the base, not one of the user's
KEYS_BY = Reader("{key}({owner})", many=True)
VALUES_BY = Reader("{key}({owner})", many=True)
NAMES = Reader("{owner}.__dict__", many=True)
ATTRIBUTES = Reader("{owner}.__dict__.values()", many=True)
KEY_READERS = (KEYS, KEYS_BY, NAMES)
