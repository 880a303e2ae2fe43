"""Modes end with their blocks, and reach nobody who is not in them: generators, tasks, threads, errors."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import queue
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.modes import current


def recorded() -> bool:
    """Whether an operation is recorded here."""
    return (Tensor(2.0) * 3.0).requires_grad


def checked() -> bool:
    """Whether `ag.debug` looks at an operation here."""
    try:
        with np.errstate(divide="ignore"):
            ag.log(Tensor(0.0))
    except FloatingPointError:
        return True
    return False


@pytest.fixture(autouse=True)
def _no_mode_is_left_on() -> Iterator[None]:
    current.set(True)  # a test is not blamed for another
    yield
    assert recorded()
    assert not checked()


# ------------------------------------------------------------------------------------------------------ generators


@ag.no_grad()
def silent(count: int = 2) -> Iterator[bool]:
    for _ in range(count):
        yield recorded()


def blocks(count: int = 2) -> Iterator[bool]:
    """A generator that has a block of its own around its values."""
    with ag.no_grad():
        for _ in range(count):
            yield recorded()


@pytest.mark.parametrize("make", [silent, blocks])
def test_a_generator_computes_without_recording_and_its_consumer_records(make: Callable[..., Any]) -> None:
    assert [(inside, recorded()) for inside in make(3)] == [(False, True)] * 3


def test_a_decorated_generator_function_still_is_one() -> None:
    assert inspect.isgeneratorfunction(silent)
    assert silent.__name__ == "silent"
    assert list(silent(count=0)) == []


def test_what_is_sent_to_a_decorated_generator_and_what_it_returns() -> None:
    @ag.no_grad()
    def echo() -> Any:
        x = yield
        try:
            x = yield x * 2.0
        except KeyError:
            x = yield "caught", recorded()
        return x * 2.0

    values = echo()
    next(values)
    assert not values.send(Tensor(1.0)).requires_grad
    assert recorded()
    assert values.throw(KeyError()) == ("caught", False)
    with pytest.raises(StopIteration) as ended:
        values.send(Tensor(4.0))
    assert ended.value.value.item() == 8.0
    assert not ended.value.value.requires_grad


@pytest.mark.parametrize("make", [silent, blocks])
@pytest.mark.parametrize("end", [lambda g: g.close(), lambda g: None, list], ids=["closed", "dropped", "exhausted"])
def test_a_generator_that_has_begun_leaves_nothing_behind(make: Callable[..., Any], end: Callable[..., Any]) -> None:
    values = make()
    assert next(values) is False
    assert recorded()
    end(values)
    assert recorded()
    del values
    assert recorded()


@pytest.mark.parametrize("make", [silent, blocks])
def test_generators_take_turns(make: Callable[..., Any]) -> None:
    first, second = make(3), make(3)
    for _ in range(3):
        assert (next(first), recorded(), next(second), recorded()) == (False, True, False, True)
    first.close()
    assert recorded()
    second.close()


def test_generators_end_in_any_order() -> None:
    first, second, third = blocks(), blocks(), silent()
    for values in (first, second, third):
        next(values)
    for values in (second, first, third):
        assert recorded()
        values.close()
        assert recorded()


def test_a_generator_that_records_again_after_its_block() -> None:
    def around() -> Iterator[bool]:
        yield recorded()
        with ag.no_grad():
            yield recorded()
        yield recorded()

    assert [(inside, recorded()) for inside in around()] == [(True, True), (False, True), (True, True)]


def test_an_error_in_a_generator_ends_its_block() -> None:
    @ag.no_grad()
    def fails() -> Iterator[bool]:
        yield recorded()
        raise ZeroDivisionError

    values = fails()
    assert next(values) is False
    with pytest.raises(ZeroDivisionError):
        next(values)
    assert recorded()


def test_a_function_in_a_generator_has_its_mode() -> None:
    def around() -> Iterator[list[bool]]:
        with ag.no_grad():
            yield [recorded() for _ in range(2)] + list(map(lambda _: recorded(), range(2)))

    assert [(inside, recorded()) for inside in around()] == [([False] * 4, True)]


def test_parameters_are_trained_on_batches_that_are_made_without_recording() -> None:
    w = Tensor([1.0, 2.0], name="w")

    @ag.no_grad()
    def batches() -> Iterator[Tensor]:
        for scale in (1.0, 2.0):
            yield Tensor(np.array([scale, scale])) * w

    for batch in batches():
        assert not batch.requires_grad
        (batch * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [3.0, 6.0])


def test_a_generator_that_another_thread_drives() -> None:
    values = blocks(3)
    assert next(values) is False
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend([recorded(), next(values), recorded()]))
    thread.start()
    thread.join()
    assert (found[0], found[2]) == (True, True)
    values.close()


# ------------------------------------------------------------------------------------------------- context managers


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    with ag.no_grad():
        yield


def test_a_context_manager_made_of_a_generator_applies_to_its_body() -> None:
    with quietly():
        assert not recorded()
        with quietly():
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_a_context_manager_around_another() -> None:
    @contextlib.contextmanager
    def more() -> Iterator[None]:
        with quietly():
            yield

    with more():
        assert not recorded()
    assert recorded()


def test_a_context_manager_as_decorator() -> None:
    @quietly()
    def inside() -> bool:
        return recorded()

    assert (inside(), recorded(), inside(), recorded()) == (False, True, False, True)


def test_the_body_of_a_context_manager_calls_functions() -> None:
    with quietly():
        assert not (lambda: recorded())()
        assert list(map(lambda _: recorded(), range(2))) == [False, False]
    assert recorded()


def test_a_context_manager_after_an_error_in_its_body() -> None:
    with pytest.raises(ZeroDivisionError), quietly():
        raise ZeroDivisionError
    assert recorded()


@pytest.mark.parametrize("make", [ag.no_grad, quietly])
def test_blocks_on_an_exit_stack(make: Callable[[], Any]) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(make())
        assert not recorded()
        stack.enter_context(make())
        kept = stack.pop_all()
        assert not recorded()
    assert not recorded()
    kept.close()
    assert recorded()


def test_an_exit_stack_closes_its_blocks_after_an_error() -> None:
    def fails() -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(ag.no_grad())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert recorded()


def test_sides_that_are_called_by_hand() -> None:
    block = ag.no_grad()
    block.__enter__()
    assert not recorded()
    block.__exit__(None, None, None)
    assert recorded()


# ----------------------------------------------------------------------------------------------------------- blocks


def test_a_block_may_be_entered_again_also_within_itself() -> None:
    quiet = ag.no_grad()
    for _ in range(3):
        with quiet:
            assert not recorded()
            with quiet, quiet:
                assert not recorded()
            assert not recorded()
        assert recorded()


def test_one_block_in_several_threads_at_once() -> None:
    quiet = ag.no_grad()
    both = threading.Barrier(2)

    def work(_: int) -> list[bool]:
        seen = []
        for _ in range(50):
            with quiet:
                both.wait()
                seen.append(not recorded())
            seen.append(recorded())
        return seen

    with ThreadPoolExecutor(2) as pool:
        for seen in pool.map(work, range(2)):
            assert all(seen)


def test_many_nested_blocks() -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(ag.no_grad())
        assert not recorded()
    assert recorded()


def test_blocks_without_operations_follow_each_other() -> None:
    for _ in range(1000):
        with ag.no_grad():
            pass
    assert recorded()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_block_ends_with_any_exception(error: type[BaseException]) -> None:
    with pytest.raises(error), ag.no_grad(), ag.no_grad():
        raise error
    assert recorded()


def test_leaving_a_block_in_other_ways() -> None:
    def returns() -> bool:
        with ag.no_grad():
            return recorded()

    assert returns() is False
    for _ in range(2):
        with ag.no_grad():
            continue
    while True:
        with ag.no_grad():
            break
    assert recorded()


def test_an_operation_that_fails_in_a_block() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="matmul"), ag.no_grad():
        x @ np.ones((3, 3))
    assert recorded()


def test_a_decorated_function_that_calls_itself() -> None:
    @ag.no_grad()
    def countdown(n: int) -> list[bool]:
        return [recorded()] + (countdown(n - 1) if n else [])

    assert countdown(5) == [False] * 6
    assert recorded()


def test_a_decorated_function_that_raises() -> None:
    @ag.no_grad()
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert recorded()


def test_decorated_methods_keep_their_object_and_their_name() -> None:
    class Model:
        factor = 3.0

        @ag.no_grad()
        def predict(self, x: Tensor) -> Tensor:
            """Documented."""
            return x * self.factor

        @staticmethod
        @ag.no_grad()
        def alone() -> bool:
            return recorded()

    y = Model().predict(x=Tensor(2.0))
    assert (y.item(), y.requires_grad) == (6.0, False)
    assert (Model.predict.__name__, Model.predict.__doc__) == ("predict", "Documented.")
    assert Model.alone() is False


def test_nothing_profiles_or_traces_after_a_block() -> None:
    with ag.no_grad(), ag.debug():
        Tensor(1.0) * 2.0
    assert sys.getprofile() is None


# --------------------------------------------------------------------------------------------------- threads, tasks


def test_a_thread_starts_with_recording_and_its_block_is_its_own() -> None:
    ready, done = threading.Event(), threading.Event()
    seen: list[bool] = []

    def work() -> None:
        seen.append(recorded())
        with ag.no_grad():
            ready.set()
            done.wait(10)
            seen.append(recorded())
        seen.append(recorded())

    with ag.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(10)
    assert recorded()
    done.set()
    thread.join()
    assert seen == [True, False, True]


def test_a_thread_that_makes_batches_for_another() -> None:
    batches: queue.Queue[Any] = queue.Queue(1)

    @ag.no_grad()
    def produce() -> None:
        for _ in range(3):
            batches.put(recorded())

    thread = threading.Thread(target=produce)
    thread.start()
    assert [(batches.get(timeout=10), recorded()) for _ in range(3)] == [(False, True)] * 3
    thread.join()


@ag.no_grad()
async def silent_task(turns: int = 3) -> list[bool]:
    seen = []
    for _ in range(turns):
        await asyncio.sleep(0)
        seen.append(recorded())
    return seen


async def task(turns: int = 3) -> list[bool]:
    seen = []
    for _ in range(turns):
        await asyncio.sleep(0)
        seen.append(recorded())
    return seen


def test_tasks_that_take_turns_keep_their_modes() -> None:
    async def main() -> Any:
        return await asyncio.gather(silent_task(), task(), silent_task(), task())

    assert asyncio.run(main()) == [[False] * 3, [True] * 3] * 2


def test_a_decorated_coroutine_function_still_is_one_and_computes_when_it_is_awaited() -> None:
    assert inspect.iscoroutinefunction(silent_task)

    async def main() -> list[Any]:
        waiting = silent_task(1)
        before = recorded()
        return [before, await waiting, recorded(), await silent_task(turns=1)]

    assert asyncio.run(main()) == [True, [False], True, [False]]


def test_a_coroutine_that_is_never_awaited_leaves_nothing() -> None:
    waiting = silent_task()
    assert recorded()
    waiting.close()
    assert recorded()


def test_a_block_around_an_await() -> None:
    async def main() -> list[Any]:
        with ag.no_grad():
            inner = await task(1)
            here = recorded()
        return [inner, here, recorded()]

    assert asyncio.run(main()) == [[False], False, True]


def test_a_coroutine_that_raises_or_is_cancelled() -> None:
    @ag.no_grad()
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def main() -> list[bool]:
        seen = []
        with pytest.raises(ZeroDivisionError):
            await fails()
        seen.append(recorded())
        running = asyncio.create_task(silent_task(1000))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return [*seen, recorded()]

    assert asyncio.run(main()) == [True, True]


def test_an_asynchronous_generator_function_is_refused() -> None:
    async def batches() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match=r"batches is an asynchronous generator; write `with ag\.no_grad\(\):`"):
        ag.no_grad()(batches)
    assert recorded()


async def asynchronous_blocks() -> AsyncIterator[bool]:
    with ag.no_grad():
        for _ in range(3):
            await asyncio.sleep(0)
            yield recorded()


def test_a_block_in_an_asynchronous_generator_does_not_reach_its_consumer() -> None:
    async def main() -> list[tuple[bool, bool]]:
        return [(inside, recorded()) async for inside in asynchronous_blocks()]

    assert asyncio.run(main()) == [(False, True)] * 3


def test_an_asynchronous_context_manager_applies_to_its_body() -> None:
    @contextlib.asynccontextmanager
    async def manager() -> AsyncIterator[None]:
        with ag.no_grad():
            yield

    async def main() -> list[bool]:
        async with manager():
            seen = [recorded()]
            await asyncio.sleep(0)
            seen.append(recorded())
        return [*seen, recorded()]

    assert asyncio.run(main()) == [False, False, True]


# ------------------------------------------------------------------------------------------------ debug, transforms


def test_debug_ends_with_its_block_also_after_what_it_raises() -> None:
    with pytest.raises(FloatingPointError), ag.debug():
        ag.log(Tensor(0.0))
    assert not checked()
    with ag.debug():
        assert checked()
        with ag.no_grad():
            assert not recorded()
            assert not checked()
        assert checked()
        assert recorded()
    assert not checked()


def test_debug_within_no_grad_records() -> None:
    with ag.no_grad():
        with ag.debug():
            assert checked()
        assert not checked()
        assert not recorded()


def test_debug_belongs_to_its_thread() -> None:
    found: list[bool] = []
    with ag.debug():
        thread = threading.Thread(target=lambda: found.append(checked()))
        thread.start()
        thread.join()
        assert checked()
    assert found == [False]


def test_numpy_warns_again_after_debug() -> None:
    before = np.geterr()
    with pytest.raises(FloatingPointError), ag.debug():
        ag.log(Tensor(0.0))
    assert np.geterr() == before


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (lambda f: ag.grad(f)(2.0), 12.0),
        (lambda f: ag.grad(ag.grad(f))(2.0), 12.0),
        (lambda f: ag.value_and_grad(f)(2.0)[1], 12.0),
        (lambda f: ag.jvp(f, (2.0,), (1.0,))[1], 12.0),
        (lambda f: ag.hessian(f)(2.0), 12.0),
    ],
    ids=["grad", "grad of grad", "value_and_grad", "jvp", "hessian"],
)
def test_transforms_record_within_no_grad_and_leave_it_on(transform: Callable[..., Any], expected: float) -> None:
    seen = []

    def cube(x: Any) -> Any:
        seen.append((x * 1.0).requires_grad)
        return x * x * x

    with ag.no_grad():
        assert float(transform(cube)) == expected
        assert not recorded()
    assert seen
    assert all(seen)
    assert recorded()


def test_no_grad_within_a_transform_cuts_what_it_computes() -> None:
    def half(x: Any) -> Any:
        with ag.no_grad():
            factor = x * 1.0
        return x * factor

    assert float(ag.grad(half)(3.0)) == 3.0
    assert float(ag.grad(lambda x: ag.grad(half)(x) * x)(3.0)) == 3.0


def test_a_transform_that_raises_leaves_the_mode_of_its_caller() -> None:
    def fails(x: Any) -> Any:
        raise ZeroDivisionError

    with ag.no_grad():
        with pytest.raises(ZeroDivisionError):
            ag.grad(fails)(1.0)
        assert not recorded()
    with pytest.raises(ZeroDivisionError):
        ag.grad(fails)(1.0)
    assert recorded()


def test_transforms_in_generators_that_wait() -> None:
    def slopes() -> Iterator[float]:
        with ag.no_grad():
            for x in (1.0, 2.0):
                yield float(ag.grad(lambda t: t * t)(x))

    assert [(slope, recorded()) for slope in slopes()] == [(2.0, True), (4.0, True)]


def test_a_trace_that_fails_leaves_nothing_traced() -> None:
    def fails(x: Any) -> Any:
        if x.sum() > 0:
            return x
        return -x

    with pytest.raises(TypeError):
        ag.compile(fails)(np.ones(2))
    assert bool(Tensor(1.0) > 0)
    assert recorded()
    assert sys.getprofile() is None


def test_a_function_that_is_traced_in_no_grad_is_recorded_elsewhere() -> None:
    w = Tensor([1.0, 2.0])
    compiled = ag.compile(lambda x: (w * x).sum())
    x = np.ones(2)
    with ag.no_grad():
        assert not compiled(x).requires_grad
        assert not recorded()
    assert compiled(x).requires_grad
    assert compiled.value_and_grad(x) == 3.0
    np.testing.assert_array_equal(w.grad, [1.0, 1.0])


def test_a_generator_that_waits_while_its_consumer_compiles() -> None:
    w = Tensor([1.0, 2.0])
    values = blocks()
    next(values)
    assert ag.compile(lambda x: (w * x).sum())(np.ones(2)).requires_grad
    assert next(values) is False
    values.close()


def test_a_generator_that_waits_within_a_block_of_its_consumer() -> None:
    values = blocks()
    with ag.no_grad():
        next(values)
        assert not recorded()
    assert recorded()
    assert next(values) is False
    assert recorded()


def test_an_exit_stack_with_blocks_that_are_entered_twice() -> None:
    quiet = ag.no_grad()
    with contextlib.ExitStack() as stack:
        stack.enter_context(quiet)
        stack.enter_context(quiet)
        assert not recorded()
    assert recorded()


def test_a_generator_in_a_traced_function() -> None:
    w = Tensor([1.0, 2.0])

    @ag.no_grad()
    def factors(x: Any) -> Iterator[Any]:
        yield x * w
        yield x + w

    def loss(x: Any) -> Any:
        return sum(((w * factor).sum() for factor in factors(x)), start=Tensor(0.0, requires_grad=False))

    x = np.array([3.0, 5.0])
    loss(Tensor(x, requires_grad=False)).backward()
    slope = np.array(w.grad)
    w.zero_grad()
    assert ag.compile(loss).value_and_grad(x) == loss(x).item()
    np.testing.assert_array_equal(w.grad, slope)


def test_what_only_asked_for_a_value_leaves_no_mode() -> None:
    def peek() -> bool:
        return next(iter(blocks()))

    assert peek() is False
    assert recorded()

    def passed_on() -> Iterator[bool]:
        yield from blocks()

    assert [recorded() for _ in passed_on()] == [True] * len(list(blocks()))
