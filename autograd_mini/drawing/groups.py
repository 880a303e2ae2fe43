"""From the marks that parts of a model leave on their results to a tree of groups of Tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autograd_mini.groups import marks
from autograd_mini.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Group:
    """What one call of a part of a model computed: a box of a drawing."""

    name: str
    """The part's name; the second call of the name in the drawing is called `name (2)`."""
    members: frozenset[Tensor]
    """Every Tensor in the box, directly or in a box within it."""
    outputs: tuple[Tensor, ...]
    """The results of the call among the members."""
    inputs: tuple[Tensor, ...]
    """The Tensors passed to the call that its members were computed from, in the order of the arguments."""
    parent: Group | None
    """The group around this one."""
    depth: int
    """How many groups are around this one."""

    def __repr__(self) -> str:
        return f"Group({self.name!r}, depth={self.depth}, {len(self.members)} Tensors)"


@dataclass(eq=False)
class _Call:
    """A call in the making into a group."""

    name: str
    began: int | None
    ended: int
    outputs: list[Tensor]
    given: dict[int, int]
    """The place among the arguments of each Tensor, by its id."""
    around: _Call | None = None
    """The innermost call that took place around this one; then the one whose members these are among."""
    depth: int = 0
    members: set[Tensor] = field(default_factory=set)
    inputs: list[Tensor] = field(default_factory=list)

    @property
    def start(self) -> int:
        """When it began, once that is known."""
        assert self.began is not None
        return self.began


def groups_of(order: Sequence[Tensor]) -> list[Group]:
    """The groups of a graph in topological order: each before those in it, and siblings in the order of their calls.

    The members of a group are what lies between the inputs of the call and its outputs. Going back from the outputs
    stops at the inputs, and at what belongs to a group that was there before; any other Tensor that the call reads from
    outside is taken in with what it was computed from. A leaf belongs to the innermost group that contains all its
    uses, unless that group was given it. A call that computed nothing is no group. Any two groups are apart, or one is
    in the other.

    >>> import autograd_mini as ag
    >>> x = Tensor(3.0, name="x")
    >>> y = ag.group("double", x, x + x)
    >>> groups_of(ag.topological_order(ag.group("both", x, y * y)))
    [Group('both', depth=0, 2 Tensors), Group('double', depth=1, 1 Tensors)]
    """
    calls = _calls(order)
    owner: dict[Tensor, _Call] = {}
    for call in calls:
        _claim(call, owner)
    calls = [call for call in calls if call.members]
    _claim_leaves(order, owner)
    return _finished(calls)


# ------------------------------------------------------------------------------------------------- calls in calls


def _calls(order: Sequence[Tensor]) -> list[_Call]:
    """The marked calls, each before the calls within it and after those that ended before it began."""
    calls = [
        _Call(name, began, ended, outputs, {identity: place for place, identity in enumerate(given)})
        for (name, began, ended, given, _), outputs in marks(order)
    ]
    for call in calls:
        if call.began is None:
            call.began = _inferred_beginning(call, calls)
    calls.sort(key=lambda call: (call.start, -call.ended))
    around: list[_Call] = []
    for call in calls:
        while around and around[-1].ended < call.ended:
            around.pop()
        call.around = around[-1] if around else None
        around.append(call)
    return calls


def _inferred_beginning(call: _Call, calls: Iterable[_Call]) -> int:
    """When the first call began of those between the inputs and the outputs, but within the call around this one."""
    bounds = [c.start for c in calls if c.began is not None and c.start < call.ended < c.ended]
    computed = set(_between(call))
    inside = [c.start for c in calls if c.ended < call.ended and any(x in computed for x in c.outputs)]
    return min((start for start in inside if start > max(bounds, default=-1)), default=call.ended)


def _between(call: _Call) -> Iterator[Tensor]:
    """What was computed on the way to the outputs of a call, back to its inputs."""
    stack, seen = list(call.outputs), set()
    while stack:
        x = stack.pop()
        if x.op is None or x in seen or id(x) in call.given:
            continue
        seen.add(x)
        yield x
        stack += [y for y in x.inputs if isinstance(y, Tensor)]


# --------------------------------------------------------------------------------------------------- who owns what


def _claim(call: _Call, owner: dict[Tensor, _Call]) -> None:
    """Give a call its computed members: those that belong to the call around it, and to no earlier one in there."""
    around = call.around
    while around is not None and around.members.isdisjoint(call.outputs):
        around = around.around
    call.around, call.depth = around, 0 if around is None else around.depth + 1
    stack = [x for x in reversed(call.outputs) if id(x) not in call.given]
    while stack:
        x = stack.pop()
        if x.op is None or owner.get(x) is not around:
            continue
        owner[x] = call
        call.members.add(x)
        for y in x.inputs:
            if isinstance(y, Tensor):
                (call.inputs if id(y) in call.given else stack).append(y)


def _claim_leaves(order: Sequence[Tensor], owner: dict[Tensor, _Call]) -> None:
    smallest: dict[Tensor, _Call | None] = {}
    for node in order:
        call = owner.get(node)
        for x in node.inputs:
            if isinstance(x, Tensor) and x.op is None:
                smallest[x] = _common(smallest[x], call) if x in smallest else call
    for leaf, call in smallest.items():
        given_to = [c for c in _upwards(call) if id(leaf) in c.given]
        for c in _upwards(given_to[-1].around if given_to else call):
            c.members.add(leaf)


def _common(one: _Call | None, other: _Call | None) -> _Call | None:
    """The innermost call around both."""
    while one is not other:
        if one is None or other is None:
            return None
        if one.depth >= other.depth:
            one = one.around
        else:
            other = other.around
    return one


def _upwards(call: _Call | None) -> Iterator[_Call]:
    while call is not None:
        yield call
        call = call.around


def _finished(calls: Iterable[_Call]) -> list[Group]:
    groups: dict[_Call | None, Group | None] = {None: None}
    seen: Counter[str] = Counter()
    for call in calls:
        seen[call.name] += 1
        name = call.name if seen[call.name] == 1 else f"{call.name} ({seen[call.name]})"
        outputs = tuple(x for x in call.outputs if x in call.members)
        inputs = tuple(sorted(dict.fromkeys(call.inputs), key=lambda x: call.given[id(x)]))
        groups[call] = Group(name, frozenset(call.members), outputs, inputs, groups[call.around], call.depth)
    return [group for group in groups.values() if group is not None]
