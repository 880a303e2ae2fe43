"""Groups: which Tensors a part of a model computed, marked on its result for drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from typing import Any, TypeVar

import numpy as np

from autograd_mini.errors import describe
from autograd_mini.modes import current, mode
from autograd_mini.tensor import Extras, Tensor, _extras

Output = TypeVar("Output")

Mark = tuple[str, int | None, int, tuple[int, ...], Any]
"""A call of a part: its name, the moments at which it began and ended, the `id` of each Tensor that it was given, and
the mark that was there before, of a part inside of it.

An id is enough, and keeps nothing alive: the input lived as long as the call, and so did all that the output was
computed from. No two of them share an id, so that one met on the way back from the output is the input itself.
"""

_moments = count()

moment: Callable[[], int] = partial(next, _moments)
"""The present moment: a number that grows with each call, to tell `group` when a part began."""

_current = current.get


def group(name: str, inputs: Any, output: Output, began: int | None = None) -> Output:
    """Say that a part called `name` computed `output` from `inputs`, and return it: drawings put the part into a box.

    Inputs and output are Tensors, or lists, tuples and dicts of them; what else is in there is passed over. `began` is
    the `moment()` before the part's first operation: groups that began later are inside of it. Without it those are
    that lie between its inputs and its output. Only results that are recorded are marked, so that nothing happens
    under `no_grad` and in programs of `ag.compile`. Values and gradients stay the same.

    Raises TypeError if `name` is no string.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, name="x")
    >>> group("square plus one", x, x * x + 1.0)
    Tensor(10.0, op='add')
    """
    if type(name) is not str:
        raise TypeError(f"group: the name comes first, a string, then inputs and output; got {describe(name)}")
    if _current() is not True and not _marks():
        return output
    # Every module comes here at each call, so that the commonest inputs must cost next to nothing.
    kind = type(inputs[0]) if type(inputs) is tuple and len(inputs) == 1 else None
    given = () if kind is np.ndarray else (id(inputs[0]),) if kind is Tensor else tuple(map(id, _tensors(inputs)))
    ended = next(_moments)
    if isinstance(output, Tensor):
        if output.op is not None:
            extras = output._extras
            if extras is None:
                extras = output._extras = Extras()
            extras.groups = name, began, ended, given, extras.groups
    else:
        for x in _tensors(output):
            if x.op is not None:
                extras = _extras(x)
                extras.groups = name, began, ended, given, extras.groups
    return output


def _marks() -> bool:
    here = mode()
    return here is True or (here is not False and not here.traces)


def marks(order: Iterable[Tensor]) -> list[tuple[Mark, list[Tensor]]]:
    """Each marked call with those of its outputs that are in `order`, in the order in which the calls ended."""
    outputs: dict[int, tuple[Mark, list[Tensor]]] = {}
    for x in order:
        mark = x._extras.groups if x._extras is not None else None
        while mark is not None:
            outputs.setdefault(mark[2], (mark, []))[1].append(x)
            mark = mark[4]
    return [outputs[ended] for ended in sorted(outputs)]


def _tensors(container: Any) -> Iterator[Tensor]:
    """The Tensors in nested lists, tuples and dicts, each once and in order."""
    stack, seen = [container], set()
    while stack:
        part = stack.pop()
        if not isinstance(part, (Tensor, list, tuple, dict)) or id(part) in seen:
            continue
        seen.add(id(part))  # a container may hold itself
        if isinstance(part, Tensor):
            yield part
        else:
            stack += reversed(list(part.values() if isinstance(part, dict) else part))
