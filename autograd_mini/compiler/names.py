"""Names for the generated source: what the user called a value, made harmless."""

from __future__ import annotations

import builtins
import keyword
import re

_OWN = frozenset({"np", "as_value", "workspace"})  # what generated source itself uses
_TAKEN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | _OWN


class Names:
    """Identifiers that are given out once each."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def unique(self, hint: str) -> str:
        """An identifier like `hint` that is no keyword, no builtin and not given out before.

        >>> names = Names()
        >>> names.unique("layers.0.weight"), names.unique("x); import os"), names.unique("lambda"), names.unique("")
        ('layers_0_weight', 'x_import_os', 'lambda_1', 'value')
        >>> names.unique("x); import os")
        'x_import_os_1'
        """
        name = identifier(hint)
        while name in self._used or name in _TAKEN:
            self._counts[hint] = self._counts.get(hint, 0) + 1
            name = f"{identifier(hint)}_{self._counts[hint]}"
        self._used.add(name)
        return name


def identifier(text: str) -> str:
    """The letters, digits and underscores of a text; ASCII only, because Python would take some letters for others."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text[:80]).strip("_")
    return f"value_{name}" if name[:1].isdigit() else name or "value"
