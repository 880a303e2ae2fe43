"""Which Tensors the names of rules and of their arguments mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Any

from autograd_mini.comparison.given import UnusableError, by_name, near, node_of
from autograd_mini.tensor import Tensor

PREFIX = "d_"
"""What stands before the name of a Tensor where its delta is meant: the gradient of the loss by it."""


def spelled(name: str) -> str:
    """A name as an argument can spell it: what Python does not allow there becomes an underscore.

    >>> spelled("layers.0.weight"), spelled("0.bias"), spelled("lambda"), spelled("δ²")
    ('layers_0_weight', '_0_bias', 'lambda_', 'δ2')
    """
    word = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name))  # NFKC is what Python makes of identifiers
    word = word if word.isidentifier() else f"_{word}"
    return f"{word}_" if iskeyword(word) else word


class Names:
    """The names of a graph."""

    def __init__(self, order: Sequence[Tensor]) -> None:
        self._nodes = set(order)
        self._exact = by_name(order)
        self._words: dict[str, list[Tensor]] = {}
        for node in order:
            if node.name is not None:
                self._words.setdefault(spelled(node.name), []).append(node)

    def subject(self, key: Any) -> Tensor:
        """The Tensor whose delta a rule called so computes; UnusableError if there is not exactly one."""
        if isinstance(key, str) and key not in self._exact:
            for word in (key, key.removeprefix(PREFIX)):
                if len(self._words.get(word, [])) == 1:
                    key = self._words[word][0].name
        return node_of(key, self._nodes, self._exact)

    def argument(self, word: str) -> tuple[Tensor, bool]:
        """The Tensor that an argument means, and whether its delta is meant; UnusableError if that is not clear."""
        deltas = self._words.get(word.removeprefix(PREFIX), []) if word.startswith(PREFIX) else []
        found = [(node, False) for node in self._words.get(word, [])] + [(node, True) for node in deltas]
        if not found:
            raise UnusableError(
                f"the rule asks for {word!r}, but no Tensor of the graph has that name{self._near(word)}"
            )
        if len(found) > 1:
            raise UnusableError(
                f"the rule asks for {word!r}, which may mean {len(found)} Tensors; give them other names"
            )
        if found[0][1] and not found[0][0].requires_grad:
            raise UnusableError(
                f"the rule asks for {word!r}, but {word.removeprefix(PREFIX)} is a constant without delta"
            )
        return found[0]

    def _near(self, word: str) -> str:
        known: Mapping[str, Any] = dict.fromkeys([*self._words, *(PREFIX + name for name in self._words)])
        return near(word, known) if word.startswith(PREFIX) else near(word, self._words)
