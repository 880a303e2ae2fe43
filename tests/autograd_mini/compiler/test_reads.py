"""What a compiled function reads, calls and changes: compared where it can be, and refused by name where it can't."""

from __future__ import annotations

import contextvars
import copy
import dataclasses
import datetime
import functools
import io
import os
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor

X = np.array([1.0, 2.0, 3.0])


class Plain:
    """An object of the user's, with whatever attributes a test gives it."""

    factor = 2.0

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def scaled(self, x: Any) -> Any:
        return x * self.factor * self.rate  # type: ignore[attr-defined]


def follows(function: Callable[[Any], Any], change: Callable[[], object], times: int = 2) -> int:
    """How many programs there are after some changes, when each call gave what the function gives."""
    compiled = ag.compile(function)
    for turn in range(times + 1):
        if turn:
            change()
        np.testing.assert_array_equal(compiled.value(X), function(Tensor(X, requires_grad=False)).data)
    return compiled.compilations


# ----------------------------------------------------------------------------------- what was read, and what was not


def test_an_attribute_that_nobody_read_may_change_without_a_new_program() -> None:
    model = Plain(rate=1.0, seen=0, log=[])

    def change() -> None:
        model.seen += 1
        model.log.append("a call")

    assert follows(model.scaled, change) == 1
    assert follows(model.scaled, lambda: setattr(model, "rate", model.rate + 1)) == 3


def test_what_is_read_in_a_branch_that_did_not_run_may_change() -> None:
    settings = {"deep": False}
    other = Plain(rate=1.0)

    def deep(x: Any) -> Any:
        return x * other.rate

    def function(x: Any) -> Any:
        return deep(x) if settings["deep"] else x * 2

    assert follows(function, lambda: setattr(other, "rate", other.rate + 1)) == 1
    assert follows(function, lambda: settings.update(deep=not settings["deep"])) == 3


def test_a_method_that_did_not_run_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model(Plain):
        def unused(self) -> float:
            return 1.0

    model = Model(rate=1.0)
    assert follows(model.scaled, lambda: monkeypatch.setattr(Model, "unused", lambda self: 2.0)) == 1


@pytest.mark.parametrize(
    "read",
    [
        lambda box: getattr(box, "".join(["ra", "te"])),
        lambda box: vars(box)["rate"],
        lambda box: sum(value for name, value in vars(box).items() if len(name) == 4),
        lambda box: functools.reduce(getattr, ["rate"], box),
    ],
)
def test_an_attribute_that_is_read_by_other_means_than_its_name(read: Callable[[Any], float]) -> None:
    box = Plain(rate=1.0)
    assert follows(lambda x: x * read(box), lambda: setattr(box, "rate", box.rate + 1)) == 3


def test_what_a_special_method_reads() -> None:
    values = {"rate": 1.0}

    class Special:
        def __getattr__(self, name: str) -> float:
            if name not in values:
                raise AttributeError(name)
            return values[name]

        def __getitem__(self, name: str) -> float:
            return values[name]

        def __len__(self) -> int:
            return int(values["rate"])

        def __call__(self, x: Any) -> Any:
            return x * values["rate"]

    special = Special()
    for function in (
        lambda x: x * special.rate,
        lambda x: x * special["rate"],
        lambda x: x * len(special),
        special,
    ):
        assert follows(function, lambda: values.update(rate=values["rate"] + 1)) == 3


def test_a_class_attribute_that_is_replaced_or_hidden() -> None:
    class Model(Plain):
        factor = 1.0

    model = Model(rate=1.0)
    assert follows(model.scaled, lambda: setattr(Model, "factor", Model.factor + 1)) == 3
    assert follows(model.scaled, lambda: setattr(model, "factor", model.factor + 1)) == 3
    assert follows(lambda x: model.scaled(x), lambda: setattr(Model, "scaled", lambda self, x: x * 8), times=1) == 2


def test_a_base_class_that_is_replaced() -> None:
    class Base:
        rate = 1.0

    class Other(Base):
        rate = 2.0

    class Model(Base):
        pass

    model = Model()
    assert follows(lambda x: x * model.rate, lambda: setattr(Model, "__bases__", (Other,)), times=1) == 2
    assert follows(lambda x: x * model.rate, lambda: setattr(model, "__class__", Base), times=1) == 2


def test_a_context_variable_and_what_is_of_this_thread() -> None:
    variable, local = contextvars.ContextVar("variable", default=1.0), threading.local()
    local.rate = 1.0
    assert follows(lambda x: x * variable.get(), lambda: variable.set(variable.get() + 1)) == 3
    assert follows(lambda x: x * local.rate, lambda: setattr(local, "rate", local.rate + 1)) == 3


def test_what_is_imported_in_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("rates_of_a_test")
    module.rate = 1.0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rates_of_a_test", module)

    def function(x: Any) -> Any:
        from rates_of_a_test import rate  # type: ignore[import-not-found]

        return x * rate

    assert follows(function, lambda: setattr(module, "rate", module.rate + 1)) == 3


def test_results_that_are_kept_by_a_cache() -> None:
    values = {"rate": 1.0}

    @functools.cache
    def rate() -> float:
        return values["rate"]

    def change() -> None:
        values["rate"] += 1
        rate.cache_clear()

    follows(lambda x: x * rate(), change)


# ------------------------------------------------------------------------------------------------------ lent arrays

A = np.array([1.0, 2.0, 3.0])
M = np.arange(9.0).reshape(3, 3)
I = np.array([0, 1, 2])  # noqa: E741


@pytest.fixture
def arrays() -> Iterator[Callable[[], None]]:
    """A change of all arrays, which are put back at the end."""
    kept = [(array, array.copy()) for array in (A, M, I)]

    def change() -> None:
        A[0] += 1
        M[1, 2] += 2
        M[0, 1] -= 2
        I[:] = np.roll(I, 1)

    yield change
    for array, values in kept:
        array[...] = values


@pytest.mark.parametrize(
    "function",
    [
        lambda x: A * x,
        lambda x: x * A,
        lambda x: x @ M.T,
        lambda x: x * M[1],
        lambda x: M[1:][0] * x,
        lambda x: x * M.reshape(9)[:3],
        lambda x: ag.stack([x, A]).sum(),
        lambda x: np.concatenate([A, x]).sum(),
        lambda x: np.matmul(M, x),
        lambda x: ag.einsum("ij,j->i", M, x),
        lambda x: x[I],
        lambda x: x * len(A) * A.shape[0],
        lambda x: x * A if isinstance(A, np.ndarray) else x,
    ],
)
def test_arrays_that_operations_read_are_read_at_each_call(function: Any, arrays: Callable[[], None]) -> None:
    assert follows(function, arrays) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * A.mean(),
        lambda x: x * np.sum(A),
        lambda x: x * M[0].sum(),
        lambda x: x * A + A.sum(),
        lambda x: A.sum() + x * A,
        lambda x: x * -A,
        lambda x: 2 * A * x,
        lambda x: x * (A > 2),
        lambda x: x if (A > 2).any() else -x,
        lambda x: x * A.flat[0],
        lambda x: x * A.tolist()[0],
        lambda x: sum((a * x for a in A), start=x),
        lambda x: x * float(A[0]),
        lambda x: x if 3.0 in A[:1] else -x,
        lambda x: x * A[I],
        lambda x: x * Tensor(A),
        lambda x: x * ag.as_tensor(A, requires_grad=False),
        lambda x: x * np.asarray(A),
        lambda x: x * np.array([A, A])[1],
        lambda x: x * copy.copy(A),
        lambda x: x * A.copy(),
        lambda x: x * np.linalg.norm(A),
        lambda x: x * memoryview(A)[0],
        lambda x: x * np.frombuffer(A.data),
        lambda x: x * len(str(A.tolist())),
        lambda x: x * max(A),
    ],
)
def test_arrays_that_numpy_reads_are_compared(function: Any, arrays: Callable[[], None]) -> None:
    assert follows(function, arrays, times=1) <= 2


def test_the_form_of_an_array_is_compared() -> None:
    box = Plain(array=np.arange(6.0))

    def change() -> None:
        box.array.shape = (2, 3) if box.array.ndim == 1 else (6,)

    assert follows(lambda x: x.sum() * box.array, change) == 3
    assert follows(lambda x: x.sum() * box.array, lambda: setattr(box, "array", box.array.astype(np.float32)), 1) == 2


def test_arrays_are_back_after_a_trace_whatever_happens() -> None:
    array, items = np.ones(3), {"array": A, "list": [A]}

    def function(x: Any) -> Any:
        assert array.shape == items["list"][0].shape
        raise KeyError("no")

    with pytest.raises(KeyError):
        ag.compile(function).value(X)
    assert type(array) is np.ndarray
    assert items["array"] is A
    assert items["list"][0] is A


def test_an_array_that_is_changed_in_place_is_refused() -> None:
    total = np.zeros(3)

    def function(x: Any) -> Any:
        total[0] += 1.0
        return x * total

    with pytest.raises(TypeError, match=r"function changes what it reads: the content of total changed"):
        ag.compile(function).value(X)


# ------------------------------------------------------------------------------------------------ what is refused

FILE = io.StringIO("1.0\n2.0\n")
NUMBERS = (float(i) for i in range(3))
PAIRS = zip([1.0, 2.0], [3.0, 4.0])


@pytest.mark.parametrize(
    ("function", "path", "kind"),
    [
        (lambda x: x * next(NUMBERS), "NUMBERS", "generator"),
        (lambda x: x * next(PAIRS)[0], "PAIRS", "zip"),
        (lambda x: x * (FILE.tell if FILE else None).__name__.count("t"), "FILE", "StringIO"),
    ],
)
def test_unknown_kinds_are_refused_by_name_with_the_cure(function: Any, path: str, kind: str) -> None:
    compiled = ag.compile(function)
    with pytest.raises(TypeError) as caught:
        compiled.value(X)
    assert str(caught.value) == (
        f"compile: <lambda> reads {path}, a {kind}, and nobody can tell when that changes; pass what you need of it as "
        f"an argument, or promise with ag.static({path}) that it stays the same"
    )
    assert compiled.compilations == 0


def thread(x: Any) -> Any:
    threading.Thread(target=print).start()
    return x * 2


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: x * time.time(), "time.time"),
        (lambda x: x * time.perf_counter(), "time.perf_counter"),
        (lambda x: x * len(open(__file__).name), "io.open"),  # noqa: SIM115 - it is never opened
        (lambda x: x * len(os.environ["PATH"]), "os._Environ.__getitem__"),
        (lambda x: x * len(os.getenv("PATH", "")), "os.getenv"),
        (lambda x: x * os.getpid(), "posix.getpid"),
        (lambda x: x * datetime.datetime.now().second, "datetime.now"),
        (lambda x: x * uuid.uuid4().int, "uuid.uuid4"),
        (lambda x: x * np.random.default_rng().random(), "random.SystemRandom.getrandbits"),
        (lambda x: x * np.geterr()["divide"].count("w"), "numpy._core._ufunc_config.geterr"),
        (lambda x: x * eval("1.0"), "eval"),
        (thread, "threading.Thread.__init__"),
    ],
)
def test_calls_that_may_give_something_else_are_refused_by_name(function: Any, what: str) -> None:
    compiled = ag.compile(function)
    with pytest.raises(TypeError) as caught:
        compiled.value(X)
    assert str(caught.value).startswith(
        f"compile: {function.__name__} calls {what}, which may do or give something else at each call; call it outside "
        "and pass the result as an argument (a number as np.float64)"
    )
    assert compiled.compilations == 0


def test_a_refusal_that_the_function_catches_is_a_refusal() -> None:
    def function(x: Any) -> Any:
        try:
            return x * time.time()
        except TypeError:
            return x

    with pytest.raises(TypeError, match=r"function calls time\.time"):
        ag.compile(function).value(X)


def test_what_is_promised_is_taken_as_it_is() -> None:
    def clock() -> float:
        return time.time()

    start = ag.static(clock)
    compiled = ag.compile(lambda x: x * start())
    np.testing.assert_array_equal(compiled.value(X), compiled.value(X))
    assert compiled.compilations == 1

    settings = ag.static({"rate": 1.0})
    fixed = ag.compile(lambda x: x * settings["rate"])
    fixed.value(X)
    settings["rate"] = 2.0
    np.testing.assert_array_equal(fixed.value(X), X)


def test_a_promise_is_of_that_object_alone() -> None:
    one, other = [1.0], [1.0]
    assert ag.static(one) is one
    pair = ag.compile(lambda x: x * one[0] * other[0])
    pair.value(X)
    one[0] = 2.0
    np.testing.assert_array_equal(pair.value(X), X)
    other[0] = 3.0
    np.testing.assert_array_equal(pair.value(X), X * 6)


# ------------------------------------------------------------------------------------------- what the function changes


def test_a_counter_in_a_list_that_is_read_is_refused() -> None:
    count = [0]

    def function(x: Any) -> Any:
        count[0] += 1
        return x * count[0]

    with pytest.raises(
        TypeError, match=r"function changes what it reads: count\[0\] changed from 1 to 2; .* ag\.Buffer"
    ):
        ag.compile(function).value(X)


def test_a_global_that_is_counted_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    scope: dict[str, Any] = {"n": 0}
    exec("def function(x):\n    global n\n    n += 1\n    return x * n\n", scope)
    with pytest.raises(TypeError, match="function changes what it reads: n changed from 1 to 2"):
        ag.compile(scope["function"]).value(X)


def test_what_is_noted_in_a_list_is_refused_or_promised_to_decide_nothing() -> None:
    calls: list[Any] = []

    def function(x: Any) -> Any:
        calls.append(x.shape)
        return x * 2

    with pytest.raises(TypeError, match=r"changes what it reads: calls has 2 items, had 1; .* ag\.static\(\.\.\.\)"):
        ag.compile(function).value(X)
    ag.static(calls)
    compiled = ag.compile(function)
    for _ in range(3):
        np.testing.assert_array_equal(compiled.value(X), X * 2)
    assert calls == [(3,)] * 3
    assert compiled.compilations == 1


def test_what_is_kept_in_a_dict_is_kept() -> None:
    memo: dict[Any, Any] = {}

    def function(x: Any) -> Any:
        if x.shape not in memo:
            memo[x.shape] = float(x.shape[0])
        return x * memo[x.shape]

    compiled = ag.compile(function)
    for _ in range(3):
        np.testing.assert_array_equal(compiled.value(X), X * 3)
    assert memo == {(3,): 3.0}
    assert compiled.compilations == 1
    memo[(3,)] = 4.0
    np.testing.assert_array_equal(compiled.value(X), X * 4)


def test_an_attribute_that_is_set_is_refused() -> None:
    model = Plain(count=0)

    def counted(x: Any) -> Any:
        model.count += 1
        return x * 2

    def kept(x: Any) -> Any:
        model.last = x * 2
        return model.last

    with pytest.raises(
        TypeError, match=r"counted changes what it reads: model\.count changed from 1 to 2; .*ag\.Buffer"
    ):
        ag.compile(counted).value(X)
    with pytest.raises(TypeError, match=r"kept changes what it reads: model\.last was replaced"):
        ag.compile(kept).value(X)


def test_what_is_the_same_at_each_call_may_be_set() -> None:
    model = Plain(mask=None, shape=None)

    def function(x: Any) -> Any:
        if model.mask is None:
            model.mask = np.tril(np.ones((3, 3)))
        model.shape = x.shape
        return model.mask @ x

    compiled = ag.compile(function)
    for shape in ((3,), (3, 2), (3,)):
        np.testing.assert_array_equal(compiled.value(np.ones(shape)), np.tril(np.ones((3, 3))) @ np.ones(shape))
        assert model.shape == shape


def test_a_variable_that_is_set_to_what_it_was_is_no_change() -> None:
    state = {"mode": "train"}

    def function(x: Any) -> Any:
        before, state["mode"] = state["mode"], "eval"
        try:
            return x * (2 if state["mode"] == "eval" else 3)
        finally:
            state["mode"] = before

    compiled = ag.compile(function)
    np.testing.assert_array_equal(compiled.value(X), X * 2)
    np.testing.assert_array_equal(compiled.value(X), X * 2)
    assert compiled.compilations == 1
    assert state == {"mode": "train"}


# --------------------------------------------------------------------------------------- methods, copies and processes


class Scaled:
    """A class whose compiled method reads what an object has."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.w = Tensor([rate, rate, rate], name="w")

    @ag.compile
    def loss(self, x: Any) -> Any:
        return (self.w * x).sum() * self.rate


def test_a_copy_of_an_object_has_programs_of_its_own() -> None:
    one = Scaled(2.0)
    assert one.loss.value(X) == 24.0
    other = copy.copy(one)
    other.rate = 3.0
    assert other.loss.value(X) == 36.0
    assert one.loss.value(X) == 24.0
    deep = copy.deepcopy(one)
    deep.w.data = [1.0, 1.0, 1.0]
    assert deep.loss.value(X) == 12.0
    assert one.loss.value(X) == 24.0
    assert deep.loss.value_and_grad(X) == 12.0
    assert one.w.grad is None
    assert one.loss is not other.loss
    assert one.loss.function.__self__ is one


def test_a_method_that_is_replaced_in_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Scaled(2.0)
    one.loss.value(X)
    monkeypatch.setattr(Scaled, "loss", ag.compile(lambda self, x: (self.w * x).sum() * 0.5))
    assert one.loss.value(X) == 6.0


def test_three_calls_and_one_way_back() -> None:
    """Each result is differentiated at what its own call has read."""
    w, factor = Tensor([1.0, 2.0, 3.0]), {"k": 1.0}
    compiled = ag.compile(lambda x, k: (ag.tanh(w * x) * k * factor["k"]).sum())
    results, expected = [], []
    for k in (1, 2, 3):
        factor["k"] = k * 0.5
        results.append(compiled(X, k))
        expected.append((ag.tanh(w * X) * k * factor["k"]).sum())
    sum(results[1:], results[0]).backward()
    slope = w.grad
    w.zero_grad()
    sum(expected[1:], expected[0]).backward()
    np.testing.assert_allclose(slope, w.grad, rtol=1e-14)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_while_compiling_has_its_arrays() -> None:
    array, seen = np.ones(3), []

    @ag.static
    def fork() -> None:
        """In another thread, while this one holds what a trace holds."""
        thread = threading.Thread(target=child)
        thread.start()
        thread.join()

    def child() -> None:
        pid = os.fork()
        if pid == 0:
            try:
                fine = type(array) is np.ndarray and ag.compile(lambda x: x * array).value(X).tolist() == X.tolist()
                os._exit(0 if fine else 1)
            finally:
                os._exit(2)
        seen.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    def function(x: Any) -> Any:
        fork()
        return x * array

    np.testing.assert_array_equal(ag.compile(function).value(X), X)
    assert seen == [0]


# -------------------------------------------------------------------------------------------------------- commits


def test_values_are_never_views_of_each_other_or_of_what_was_read() -> None:
    w = Tensor([1.0, 2.0, 3.0])
    compiled = ag.compile(lambda x: (w, w[1:], w.reshape((3, 1)), (y := x * 2), y[:2], y.reshape((1, 3)), y, x[::-1]))
    results = compiled.value(X)
    for i, one in enumerate(results):
        assert not np.may_share_memory(one, w.data)
        assert not np.may_share_memory(one, X)
        for other in results[:i]:
            assert not np.may_share_memory(one, other)
        one[...] = 7.0
    assert w.data.tolist() == [1.0, 2.0, 3.0]


class Taking(nn.Optimiser):
    """Its new parameters are the gradients themselves."""

    hyperparameters = ()

    def update(self, parameter: Any, gradient: Any, state: Any, step: Any) -> Any:
        return gradient, {}


class Flipping(nn.Optimiser):
    """Its new parameters are views of the old ones, which it remembers."""

    hyperparameters = ()

    def state(self, parameter: Tensor) -> Any:
        return {"old": np.zeros(parameter.shape)}

    def update(self, parameter: Any, gradient: Any, state: Any, step: Any) -> Any:
        return parameter[::-1], {"old": parameter}


def test_a_step_whose_new_value_is_the_gradient_itself() -> None:
    w = Tensor([1.0, 2.0, 3.0], name="w")
    train = ag.compile(lambda x: (w * w * x).sum(), optimiser=Taking([w]))
    expected = w.data.copy()
    for _ in range(3):
        train.step(X)
        expected = 2 * expected * X
        np.testing.assert_array_equal(w.data, expected)
        np.testing.assert_array_equal(w.grad, expected)
    assert not np.may_share_memory(w.data, w.grad)


def test_a_step_whose_new_value_is_a_view_of_the_parameter() -> None:
    w = Tensor([1.0, 2.0, 3.0], name="w")
    optimiser = Flipping([w])
    train = ag.compile(lambda x: (w * w * x).sum(), optimiser=optimiser)
    for expected in ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]):
        train.step(X)
        old = optimiser.state_of(w)["old"].value.data
        np.testing.assert_array_equal(w.data, expected)
        np.testing.assert_array_equal(old, expected[::-1])
        assert not np.may_share_memory(w.data, old)


def test_the_gradient_of_an_argument_is_not_changed_by_the_step() -> None:
    w = Tensor([1.0, 2.0, 3.0])
    train = ag.compile(lambda x: (w * x).sum(), optimiser=nn.SGD([w], 0.5))
    x = Tensor(X)
    train.step(x)
    np.testing.assert_array_equal(x.grad, [1.0, 2.0, 3.0])  # of w before the step
    kept = x.grad
    train.step(x)
    np.testing.assert_array_equal(kept, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x.grad, [0.5, 1.0, 1.5])


def test_a_value_that_is_the_parameter_is_of_before_the_step() -> None:
    w, b = Tensor([2.0]), Tensor([1.0])
    train = ag.compile(lambda: w * b, optimiser=nn.SGD([w, b], 0.5))
    assert train.step() == 2.0
    assert (w.data[0], b.data[0]) == (1.5, 0.0)


# ---------------------------------------------------------------------------------------------- objects as arguments


@dataclasses.dataclass(frozen=True)
class Setting:
    rate: float
    note: str = dataclasses.field(default="", compare=False)


def test_a_field_that_is_not_compared_is_an_argument_all_the_same() -> None:
    compiled = ag.compile(lambda x, setting: x * setting.rate * len(setting.note))
    np.testing.assert_array_equal(compiled.value(X, Setting(2.0, "a")), X * 2)
    np.testing.assert_array_equal(compiled.value(X, Setting(2.0, "ab")), X * 4)
    np.testing.assert_array_equal(compiled.value(X, Setting(2.0, "ab")), X * 4)
    assert compiled.compilations == 2


@pytest.mark.parametrize(
    "values", [[1, 1.0, True], [0.0, -0.0], [(1,), (1.0,), (True,)], [frozenset({1}), frozenset({1.0})]]
)
def test_arguments_that_are_equal_but_not_the_same(values: list[Any]) -> None:
    def function(x: Any, value: Any) -> Any:
        text = repr(value)
        return x * float(sum(text.encode()))

    compiled = ag.compile(function)
    for value in values * 2:
        np.testing.assert_array_equal(compiled.value(X, value), function(X, value))
    assert compiled.compilations == len(values)


def test_a_number_that_is_never_read_is_no_reason_for_a_program() -> None:
    def function(x: Any, epoch: int, *, seed: int = 0) -> Any:
        return x * 2

    compiled = ag.compile(function)
    for epoch in range(5):
        compiled.value(X, epoch, seed=epoch)
    assert compiled.compilations == 1


def test_an_object_among_the_arguments_whose_attribute_changes() -> None:
    model = Plain(rate=1.0)
    compiled = ag.compile(lambda x, model: x * model.rate)
    for _ in range(3):
        model.rate += 1
        np.testing.assert_array_equal(compiled.value(X, model), X * model.rate)


class Take(nn.Optimiser):
    hyperparameters = ()

    def update(self, parameter: Any, gradient: Any, state: Any, step: Any) -> Any:  # type: ignore[override]
        return gradient, {}


def test_parameters_that_take_each_others_values() -> None:
    w, v = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    ag.compile(lambda: (w * v).sum(), optimiser=Take([w, v])).step()
    assert (w.data.tolist(), v.data.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_an_eager_step_that_remembers_the_old_parameter() -> None:
    w = Tensor([1.0, 2.0, 3.0])
    optimiser = Flipping([w])
    (w * w).sum().backward()
    optimiser.step()
    assert optimiser.state_of(w)["old"].value.data.tolist() == [1.0, 2.0, 3.0]


def test_a_buffer_keeps_no_array_of_the_callers() -> None:
    buffer, mine = ag.Buffer(np.zeros(2)), np.ones(2)
    ag.assign({buffer: mine})
    mine[0] = 9.0
    assert buffer.value.data.tolist() == [1.0, 1.0]


def test_a_look_at_the_type_of_an_array_sees_an_array() -> None:
    table = np.ones(3)
    compiled = ag.compile(lambda x: x * 2 if type(table) is np.ndarray else -x)
    assert compiled.value(np.ones(3)).tolist() == [2.0, 2.0, 2.0]


def test_the_environment_is_refused_however_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTOR", "1")
    with pytest.raises(TypeError, match=r"calls os\."):
        ag.compile(lambda x: x * float(os.environ.get("FACTOR", "2"))).value(np.ones(2))


def test_a_format_string_reads_attributes() -> None:
    class Rated:
        rate = 2.0

    rated = Rated()
    rated.rate = 3.0
    compiled = ag.compile(lambda x: x * float("{0.rate}".format(rated)))  # noqa: UP030, UP032 - this is the case
    assert compiled.value(np.ones(1)) == 3.0
    rated.rate = 5.0
    assert compiled.value(np.ones(1)) == 5.0
