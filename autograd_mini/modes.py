"""What becomes of an operation besides its value: it is recorded, or not, or watched, or traced."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from threading import Lock, get_ident
from types import FrameType
from typing import Any

import numpy as np


class Observer:
    """What may watch a computation in place of plain recording: see `autograd_mini.debug`."""

    traces = False
    """Whether this is a `Tracer`."""
    differentiable = True
    """Whether what is recorded can be differentiated."""
    reports_errors = False
    """Whether it reports what NumPy would warn of."""

    def recorded(self, node: Any) -> None:
        """A node has been computed and recorded."""

    def contributed(self, node: Any, x: Any, g: Any, contribution: Any) -> None:
        """The gradient `g` of a node has given its input `x` a contribution."""


class Record:
    """What a trace keeps besides the graph; `autograd_mini.compiler.trace` has the one of a compiled function."""

    refusal: Exception | None = None
    """The first error that something gave because it asked for a value."""

    def operands(
        self, inputs: tuple[Any, ...], settings: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """The inputs and settings of an operation as the graph shall have them."""
        return inputs, settings

    def made(self, node: Any) -> None:
        """An operation of the trace has given this Tensor."""

    def draw(self, generator: Any, method: str, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """A Tensor that stands for random numbers, drawn anew at each call."""
        raise TypeError(f"random.{method}: random numbers can't be drawn here; draw them outside and pass them")

    def read(self, buffer: Any) -> Any:
        """The Tensor that stands for the value of a Buffer."""
        return buffer.held

    def write(self, buffer: Any, value: Any) -> None:
        """Take a traced Tensor for the new value of a Buffer."""
        raise TypeError(f"{buffer.name or 'Buffer'}: it can't be changed here, where nobody would see it")


class Tracer(Observer):
    """Records every operation on a Tensor, with or without a gradient, and lets nobody read a value.

    The graph that it leaves stands for the function at any values of its inputs: see `autograd_mini.compiler`.
    """

    traces = True

    def __init__(self, record: Record, differentiable: bool = True) -> None:
        self.record = record
        self.differentiable = differentiable

    def recorded(self, node: Any) -> None:
        """Tell the record."""
        self.record.made(node)


class Setting:
    """A mode for as long as its block runs: while `running` is locked."""

    __slots__ = ("generator", "outer", "running", "transforms", "value")

    def __init__(self, block: Block, outer: bool | Setting, running: Any, frame: FrameType) -> None:
        self.value = block.value()
        self.transforms = block.transforms
        self.outer = outer
        self.running = running
        self.generator = _generator_of(frame)
        """The frame of the generator that the block is in; None for a function's."""

    def holds(self) -> bool:
        """Whether the block runs: while a generator waits for whoever asks it for a value, the mode is only its own."""
        return self.running.locked() and (self.generator is None or _is_running(self.generator))


_GENERATES = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_CONTEXT_MANAGERS = (
    contextlib._GeneratorContextManager.__enter__.__code__,
    contextlib._AsyncGeneratorContextManager.__aenter__.__code__,
)


def _generator_of(frame: FrameType | None) -> FrameType | None:
    """The generator that a block is in, if it is one; that of a context manager is part of the code that enters it."""
    while frame is not None and frame.f_code.co_flags & _GENERATES:
        back = frame.f_back
        if back is None or back.f_code not in _CONTEXT_MANAGERS:
            return frame
        frame = back.f_back
    return None


def _is_running(wanted: FrameType) -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is not None


current: ContextVar[bool | Setting] = ContextVar("mode", default=True)
"""True where nothing but recording is asked for, so that this is all that a usual operation has to look at."""


def mode() -> bool | Observer:
    """True to record, False not to, or an Observer: the mode of the innermost block that runs."""
    setting = current.get()
    while not isinstance(setting, bool) and not setting.running.locked():
        setting = setting.outer
        current.set(setting)
    while not isinstance(setting, bool) and not setting.holds():
        setting = setting.outer
    return setting if isinstance(setting, bool) else setting.value


def within_transform() -> bool:
    """Whether a transform such as `ag.grad` calls what runs here."""
    setting = current.get()
    while not isinstance(setting, bool) and not (setting.transforms and setting.holds()):
        setting = setting.outer
    return not isinstance(setting, bool)


def tracer() -> Tracer | None:
    """The Tracer at work here, or None."""
    here = True if current.get() is True else mode()
    return here if isinstance(here, Tracer) else None


def observer() -> Observer | None:
    """The Observer at work here, or None."""
    here = True if current.get() is True else mode()
    return here if isinstance(here, Observer) else None


# ----------------------------------------------------------------------------------------------------------- blocks


class _Side:
    """`__enter__` or `__exit__` of a Block: that of a lock.

    The lock's own methods are written in C: no interrupt can strike when the lock is taken and the block has not begun,
    or when the block has ended and the lock is not given back yet. With methods in Python one of 70 interrupts did.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, block: Block | None, owner: type) -> Any:
        if block is None:  # contextlib.ExitStack looks in the class
            return lambda block, *error: getattr(block, self.name)(*error)
        lock = block.lock_for(self.name)
        if self.name == "__enter__":
            mode()  # what has ended is dropped
            current.set(Setting(block, current.get(), lock, sys._getframe(1)))
        return getattr(lock, self.name)


class Block:
    """A `with` block in which operations have a mode; it may be entered again, also within itself.

    The mode belongs to the current thread or task, and ends with the block, however that ends.
    """

    def __init__(self, value: Callable[[], bool | Observer], transforms: bool = False) -> None:
        self.value = value
        """Gives the mode, when the block is entered."""
        self.transforms = transforms
        """Whether a transform such as `ag.grad` computes in it."""
        self._entered: dict[int, list[Any]] = {}
        self._ahead: dict[int, Any] = {}

    __enter__ = _Side("__enter__")
    __exit__ = _Side("__exit__")

    def lock_for(self, side: str) -> Any:
        """The lock for both sides of one block in this thread: Python asks for them one after the other.

        Before version 3.14 it asks for `__enter__` first. Whoever calls both asks for `__exit__` at the end.
        """
        thread = get_ident()
        entered = self._entered.setdefault(thread, [])
        if side == "__exit__":
            return entered.pop() if entered else self._ahead.setdefault(thread, Lock())
        lock = self._ahead.pop(thread, None)
        if lock is None:
            lock = Lock()
            entered.append(lock)
        return lock


class no_grad(Block):  # noqa: N801 - it is used like a function
    """Within the block (or the decorated function) operations compute but are not recorded.

    The setting belongs to the current thread or task, and ends with the block even after an exception. A decorated
    function may be a generator or coroutine function; what a generator sets does not reach the code that waits for its
    values.

    Raises TypeError for an asynchronous generator function.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y
    Tensor(4.0, requires_grad=False)
    """

    def __init__(self) -> None:
        super().__init__(_suppressing)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls are such blocks."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"no_grad: {function.__name__} is an asynchronous generator; write `with ag.no_grad():` in it"
            )
        if inspect.iscoroutinefunction(function):
            return functools.wraps(function)(_awaited(function))
        wrapper = _generated(function) if inspect.isgeneratorfunction(function) else _called(function)
        return functools.wraps(function)(wrapper)


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **settings: Any) -> Any:
        with no_grad():
            return function(*arguments, **settings)

    return call


def _generated(function: Callable[..., Any]) -> Callable[..., Any]:
    def generate(*arguments: Any, **settings: Any) -> Any:
        with no_grad():
            return (yield from function(*arguments, **settings))

    return generate


def _awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    async def wait(*arguments: Any, **settings: Any) -> Any:
        with no_grad():
            return await function(*arguments, **settings)

    return wait


def _suppressing() -> bool | Observer:
    here = tracer()
    return Tracer(here.record, differentiable=False) if here else False


def recording(transforms: bool = False) -> Block:
    """Record within the block even inside `no_grad`; it may be that of a transform."""
    return Block(_recording, transforms)


def _recording() -> bool | Observer:
    here = mode()
    return Tracer(here.record) if isinstance(here, Tracer) else here or True


def records() -> bool:
    """Whether operations are recorded here, so that they can be differentiated: not within `no_grad`."""
    here = mode()
    return here if isinstance(here, bool) else here.differentiable


def unobserved() -> Block:
    """Record within the block and tell no Observer but a Tracer: what is computed to be shown is none of the user's."""
    return Block(lambda: tracer() or True)


def observed(by: Observer) -> Block:
    """Within the block an Observer is told of every operation."""
    return Block(lambda: by)


def quietly(function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """The result of a function, without NumPy's warnings of floating-point errors.

    It runs in a context of its own, which no interrupt can leave behind as `np.errstate` would.
    """
    context = copy_context()
    context.run(np.seterr, all="ignore")
    return context.run(function, *arguments, **settings)


def tracing(record: Record | None = None) -> Block:
    """Trace within the block."""
    return Block(lambda: Tracer(record or Record()))


def untraced() -> Block:
    """Compute plain values within the block, even while a trace is made."""
    return Block(lambda: True if tracer() else mode())
