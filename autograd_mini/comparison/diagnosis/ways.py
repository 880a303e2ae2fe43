"""The sum over the ways of the chain rule: one of them forgotten, or one alone."""

from __future__ import annotations

from collections.abc import Iterator

from autograd_mini.comparison.diagnosis.fit import Hypothesis
from autograd_mini.comparison.diagnosis.study import Study, called
from autograd_mini.comparison.diagnosis.tape import Tape
from autograd_mini.graph.walk import Correction
from autograd_mini.tensor import Tensor

_MOST_USERS = 12


def ways(study: Study) -> Iterator[Hypothesis]:
    """A Tensor used several times, as beside a skip connection or at each time step: a use left out, or one alone."""
    for x in study.path if study.tape is not None else ():
        users = study.users(x)[:_MOST_USERS]
        for user in users if len(users) > 1 else ():
            without = {x: _without(study.tape, user, x)}
            detail = f"the way from {called(x)} through {called(user)} is missing: add what comes back through each use"
            yield Hypothesis("unknown", detail, study.wrong(corrections=without))
        for user in users if len(users) > 2 else ():
            alone = {x: _alone(study.tape, user, x)}
            detail = f"your rule takes one of the {len(study.users(x))} uses of {called(x)}, that in {called(user)}: "
            yield Hypothesis("unknown", detail + "add up what comes back through each", study.wrong(corrections=alone))


def cut(study: Study) -> Iterator[Hypothesis]:
    """The way back ends too early: at an earlier time step, at a mean that is taken for a constant."""
    for x in sorted(study.path[1:], key=lambda x: x.name is None):  # of several in a row, one with a name
        if x is not study.node and x.op is not None:
            detail = f"nothing comes back through {called(x)} in your rule, as if that were a constant"
            yield Hypothesis("unknown", detail, study.wrong(corrections={x: lambda g, finished: 0 * g}))


def _without(tape: Tape | None, user: Tensor, x: Tensor) -> Correction:
    assert tape is not None
    return lambda g, finished: g - sum(share for y, share in tape.shares(user, finished[user]) if y is x)


def _alone(tape: Tape | None, user: Tensor, x: Tensor) -> Correction:
    assert tape is not None
    return lambda g, finished: sum(share for y, share in tape.shares(user, finished[user]) if y is x)
