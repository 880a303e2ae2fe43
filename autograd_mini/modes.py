"""What becomes of an operation besides its value: it is recorded, or not, or watched, or traced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from typing import Any


class Observer:
    """What may watch a computation in place of plain recording: see `autograd_mini.debug`."""

    traces = False
    """Whether this is a `Tracer`."""
    differentiable = True
    """Whether what is recorded can be differentiated."""

    def recorded(self, node: Any) -> None:
        """A node has been computed and recorded."""

    def contributed(self, node: Any, x: Any, g: Any, contribution: Any) -> None:
        """The gradient `g` of a node has given its input `x` a contribution."""


class Tracer(Observer):
    """Records every operation on a Tensor, with or without a gradient, and lets nobody read a value.

    The graph that it leaves stands for the function at any values of its inputs: see `autograd_mini.compiler`.
    """

    traces = True

    def __init__(self, differentiable: bool = True) -> None:
        self.differentiable = differentiable


current: ContextVar[bool | Observer] = ContextVar("recording", default=True)
"""True to record, False not to, or an Observer."""


def tracer() -> Observer | None:
    """The Tracer at work here, or None."""
    mode = current.get()
    return mode if isinstance(mode, Observer) and mode.traces else None


def observer() -> Observer | None:
    """The Observer at work here, or None."""
    mode = current.get()
    return mode if isinstance(mode, Observer) else None


class no_grad(ContextDecorator):  # noqa: N801 - it is used like a function
    """Within the block (or the decorated function) operations compute but are not recorded.

    The setting belongs to the current thread or task, and ends with the block even after an exception.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y
    Tensor(4.0, requires_grad=False)
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool | Observer]] = []

    def _recreate_cm(self) -> no_grad:
        return no_grad()  # a decorated function may run in several threads, each with tokens of its own

    def __enter__(self) -> None:
        self._tokens.append(current.set(Tracer(differentiable=False) if tracer() else False))

    def __exit__(self, *_: object) -> None:
        current.reset(self._tokens.pop())


@contextmanager
def recording() -> Iterator[bool]:
    """Record within the block even inside `no_grad`; yields whether operations were recorded outside it."""
    outside = current.get()
    token = current.set(Tracer() if tracer() else outside or True)
    try:
        yield bool(outside) and (isinstance(outside, bool) or outside.differentiable)
    finally:
        current.reset(token)


@contextmanager
def unobserved() -> Iterator[None]:
    """Record within the block and tell no Observer but a Tracer: what is computed to be shown is none of the user's."""
    token = current.set(current.get() if tracer() else True)
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def tracing() -> Iterator[None]:
    """Trace within the block."""
    token = current.set(Tracer())
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def untraced() -> Iterator[None]:
    """Compute plain values within the block, even while a trace is made."""
    token = current.set(True if tracer() else current.get())
    try:
        yield
    finally:
        current.reset(token)
