"""Which Tensors of a graph are computed from which."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_mini.tensor import Tensor


def users_of(order: Iterable[Tensor]) -> dict[Tensor, list[Tensor]]:
    """For each Tensor of a graph, those that are computed from it: one entry for each time that it is an operand.

    >>> import autograd_mini as ag
    >>> x = Tensor(3.0, name="x")
    >>> users_of(ag.topological_order(x * x))[x]
    [Tensor(9.0, op='multiply'), Tensor(9.0, op='multiply')]
    """
    users: dict[Tensor, list[Tensor]] = {node: [] for node in order}
    for node in users:
        for x in node.inputs:
            if isinstance(x, Tensor):
                users[x].append(node)
    return users
