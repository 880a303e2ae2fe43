"""Which groups of a drawing become one box, and which repetitions are drawn once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_mini.drawing.choices import check_count
from autograd_mini.drawing.groups import Group
from autograd_mini.graph.walk import users_of
from autograd_mini.tensor import Tensor

Chain = frozenset[tuple[int, int]]
"""Which outputs of a group are which inputs of the next: pairs of places."""


def collapsed(groups: Sequence[Group], depth: int | None = None, names: Collection[str] = ()) -> list[Group]:
    """The groups that are drawn as one box: those with `depth` groups around them, and those named.

    With depth 0 each outermost group is one box, with 1 each group within them. What is in such a box is not drawn, so
    groups in there are left out.

    Raises TypeError for a depth that is no whole number, or names that are one string, ValueError for a negative depth
    or an unknown name.

    >>> import autograd_mini as ag
    >>> from autograd_mini.drawing.groups import groups_of
    >>> x = Tensor(3.0)
    >>> groups = groups_of(ag.topological_order(ag.group("outer", x, ag.group("inner", x, x * x) + x)))
    >>> collapsed(groups, depth=1), collapsed(groups, names=["outer"])
    ([Group('inner', depth=1, 1 Tensors)], [Group('outer', depth=0, 2 Tensors)])
    """
    _check(groups, depth, names)
    boxes: dict[Group, None] = {}
    hidden: set[Group] = set()
    for group in groups:
        if group.parent in boxes or group.parent in hidden:
            hidden.add(group)
        elif group.depth == depth or group.name in names:
            boxes[group] = None
    return list(boxes)


def _check(groups: Sequence[Group], depth: Any, names: Any) -> None:
    if depth is not None:
        check_count("draw", "depth", depth, 0)
    if isinstance(names, str) or not isinstance(names, Collection):
        raise TypeError(f"draw: collapse is a list of names, got {names!r}; write collapse=[{names!r}]")
    known = {group.name for group in groups}
    for name in names:
        if name not in known:
            there = ", ".join(map(repr, sorted(known))) or "none"
            raise ValueError(f"draw: collapse speaks of {name!r}, and there is no such module; there are {there}")


# ------------------------------------------------------------------------------------------------------ repetitions


def folded(groups: Sequence[Group], order: Sequence[Tensor]) -> list[list[Group]]:
    """The runs of groups that are drawn once, with their number: equal groups of which each feeds the next.

    Equal are siblings with the same operations, settings, shapes, dtypes, wiring and inner groups; values and names may
    differ. Each output of a group that anything else reads is read by the next group alone, which gets it as the same
    inputs as the one before; their other inputs are the same Tensors. `order` is the graph that `groups` is of. Runs in
    runs are listed too.

    >>> import autograd_mini as ag
    >>> from autograd_mini.drawing.groups import groups_of
    >>> x = Tensor(0.5)
    >>> for layer in range(3):
    ...     x = ag.group("layer", x, ag.tanh(x))
    >>> order = ag.topological_order(x)
    >>> [[group.name for group in run] for run in folded(groups_of(order), order)]
    [['layer', 'layer (2)', 'layer (3)']]
    """
    graph = _Graph(groups, order)
    ends: dict[Group, tuple[list[Group], Chain | None]] = {}  # the run that a group ends, and how the group was fed
    runs: list[list[Group]] = []
    for group in groups:
        ahead = graph.next_of(group)
        chain = graph.chain(group, ahead) if ahead is not None else None
        run, before = ends.get(group, ([group], chain))
        if ahead is None or not chain or chain != before:
            continue
        if len(run) == 1:
            runs.append(run)
        run.append(ahead)
        ends[ahead] = run, chain
    return runs


class _Graph:
    """What folding asks of a graph; the answers that cost something are kept."""

    def __init__(self, groups: Sequence[Group], order: Sequence[Tensor]) -> None:
        self.position = {x: place for place, x in enumerate(order)}
        self.readers = users_of(order)
        self.siblings: dict[Group | None, dict[Tensor, Group]] = {}
        self.children: dict[Group | None, list[Group]] = {}
        for group in groups:
            self.siblings.setdefault(group.parent, {}).update(dict.fromkeys(group.members, group))
            self.children.setdefault(group.parent, []).append(group)
        self.structures: dict[Group, Any] = {}

    def next_of(self, group: Group) -> Group | None:
        """The sibling that reads the outputs of a group, if nothing else reads anything of the group."""
        siblings = self.siblings[group.parent]
        outside = {y for x in group.members for y in self.readers[x] if y not in group.members}
        following = {siblings.get(y) for y in outside}
        return following.pop() if len(following) == 1 else None

    def chain(self, group: Group, ahead: Group) -> Chain | None:
        """How a group feeds the next one, None unless they are equal and all else that they are given is the same."""
        if len(group.inputs) != len(ahead.inputs) or len(group.members) != len(ahead.members):
            return None
        place = {x: i for i, x in enumerate(group.outputs)}
        fed = frozenset((place[x], i) for i, x in enumerate(ahead.inputs) if x in place)
        chained = {i for _, i in fed}
        others = [i for i in range(len(group.inputs)) if i not in chained]
        if any(group.inputs[i] is not ahead.inputs[i] for i in others):
            return None
        return fed if self.structure(group) == self.structure(ahead) else None

    def structure(self, group: Group) -> Any:
        """A description of the computation in a group that equal groups share."""
        if group not in self.structures:
            self.structures[group] = self._structure(group)
        return self.structures[group]

    def _structure(self, group: Group) -> Any:
        members = sorted(group.members, key=self.position.__getitem__)
        place: dict[Tensor, tuple[str, int]] = {x: ("input", i) for i, x in enumerate(group.inputs)}
        place |= {x: ("member", i) for i, x in enumerate(members)}

        def described(x: Any) -> Any:
            if isinstance(x, Tensor):
                return place.get(x) or ("outside", self.position[x])
            return (x.shape, x.dtype) if isinstance(x, np.ndarray) else (type(x), repr(x))

        nodes = [
            (x.op, repr(dict(x.settings)), x.shape, x.dtype, x.requires_grad, *map(described, x.inputs))
            for x in members
        ]
        given = [(x.shape, x.dtype) for x in group.inputs]
        return given, nodes, [place[x] for x in group.outputs], self._inner(group, place)

    def _inner(self, group: Group, place: Mapping[Tensor, tuple[str, int]]) -> list[list[tuple[str, int]]]:
        """What each group in a group contains, outer ones first; that tells how they nest."""
        found = []
        stack = [group]
        while stack:
            inner = stack.pop()
            found.append(sorted(place[x] for x in inner.members))
            stack += reversed(self.children.get(inner, ()))
        return found
