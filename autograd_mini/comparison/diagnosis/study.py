"""A case with what every hypothesis needs: its graph in float64, the way from the loss, and how exact to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.diagnosis.fit import explains, fits, level_of
from autograd_mini.comparison.diagnosis.tape import Tape
from autograd_mini.graph.walk import Correction, OperationError, Values
from autograd_mini.tensor import Tensor

_MOST_NODES = 200_000
"""In all walks: a graph of 65 000 scalars is walked three times, a small net as often as is wanted."""

_MOST_ENTRIES = 5_000_000
"""Of the values and gradients in all walks: a net of 160 000 parameters is walked two dozen times."""

_SHARED = 5
"""How many times as much may be walked for all gradients of one comparison."""


class Study:
    """One case under examination; whatever is costly is computed once, when it is wanted."""

    def __init__(self, case: Case, sharing: int = 1) -> None:
        self.case = case
        self.node = case.node
        self.hand: Array = np.asarray(case.hand, np.float64)
        self.gradient: Array = np.asarray(case.gradient, np.float64)
        self.level = level_of(case)
        self._share = min(1.0, _SHARED / max(sharing, 1))
        self._nodes = self._entries = 0

    @property
    def exhausted(self) -> bool:
        """Whether so many nodes have been walked through that no more mistakes should be tried."""
        return self._nodes > self._share * _MOST_NODES or self._entries > self._share * _MOST_ENTRIES

    def explained_by(self, candidate: Array, hand: Array | None = None) -> bool:
        """Whether a candidate gives the student's numbers, and much better than the truth does."""
        return explains(self.hand if hand is None else hand, candidate, self.gradient, self.level)

    @cached_property
    def today(self) -> Tape:
        """The graph computed anew from its leaves."""
        return Tape(self.case.loss)

    @cached_property
    def recorded(self) -> Tape:
        """The graph with the intermediate values of its forward pass."""
        return Tape.recorded(self.case.loss)

    @cached_property
    def tape(self) -> Tape | None:
        """The one whose gradient is the true one; None where neither is, as with hooks or without a graph."""
        found: list[Tape | None] = [_attempt(lambda: self.today), _attempt(lambda: self.recorded)]
        return next((tape for tape in found if tape is not None and self._agrees(tape)), None)

    def _agrees(self, tape: Tape) -> bool:
        true = _attempt(lambda: tape.walk().get(self.node))
        return true is not None and fits(self.gradient, true, max(self.level, 1e-5))

    @cached_property
    def path(self) -> list[Tensor]:
        """The nodes between the loss and the node, both included, in backward order."""
        if self.tape is None:
            return []
        above = {self.node}
        for x in self.tape.order:
            if x.requires_grad and any(isinstance(y, Tensor) and y in above for y in x.inputs):
                above.add(x)
        return [x for x in reversed(self.tape.order) if x in above]

    @cached_property
    def on_path(self) -> frozenset[Tensor]:
        """The same as a set."""
        return frozenset(self.path)

    @cached_property
    def gradients(self) -> dict[Tensor, Any]:
        """The true gradient of every node."""
        return self.tape.walk() if self.tape is not None else {}

    def users(self, x: Tensor) -> list[Tensor]:
        """The nodes on the path that are computed from `x`, in backward order."""
        return self._users.get(x, [])

    @cached_property
    def _users(self) -> dict[Tensor, list[Tensor]]:
        users: dict[Tensor, list[Tensor]] = {}
        for user in self.path:
            for x in dict.fromkeys(y for y in user.inputs if isinstance(y, Tensor)):
                users.setdefault(x, []).append(user)
        return users

    def computed(self, leaves: Values) -> dict[Tensor, Any]:
        """All values of today, with others for some of the leaves."""
        self._nodes += len(self.today.order)
        self._entries += sum(x.size for x in self.today.order)
        return self.today.computed(leaves)

    def wrong(
        self,
        *,
        values: Values | None = None,
        corrections: Mapping[Tensor, Correction] | None = None,
        reads: Mapping[tuple[Tensor, Tensor], Any] | None = None,
        start: Tensor | None = None,
    ) -> Array:
        """The gradient of the node after a walk with these mistakes; zeros if none reaches it."""
        assert self.tape is not None
        self._nodes += len(self.tape.order)
        self._entries += sum(x.size for x in self.path)
        finished = self.tape.walk(
            values=values, corrections=corrections or {}, reads=reads or {}, start=start, through=self.on_path
        )
        return np.asarray(finished.get(self.node, np.zeros(self.node.shape)), np.float64)


def _attempt(function: Callable[[], Any]) -> Any:
    """What a function gives, or None where a user's own operation fails when it is run again."""
    try:
        return function()
    except OperationError:
        return None


def called(x: Tensor) -> str:
    """A Tensor in few words: its name and shape, or its operation and shape."""
    if x.name is not None:
        return f"{x.name} {x.shape}"
    return f"the leaf {x.shape}" if x.op is None else f"the {x.op.name} {x.shape}"
