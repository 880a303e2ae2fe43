"""The roads on which a function finds what it reads: after each change it is as without compiling, or refused."""

from __future__ import annotations

import collections.abc
import contextlib
import dataclasses
import decimal
import enum
import functools
import importlib
import inspect
import logging
import platform
import random
import threading
import time as clock
from collections.abc import Callable
from operator import attrgetter as attribute_getter
from time import process_time
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.compiler.watch import RefusedError

X = np.array([1.0, 2.0, 3.0])
RATE = 2.0
Road = tuple[Callable[[Any], Any], Callable[[], object]]
"""A function, and a change of what it reads."""


class Plain:
    """An object of the user's, with whatever attributes a test gives it."""

    rate: float

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def calls_given(function: Callable[[Any], Any], change: Callable[[], object]) -> list[Any]:
    """What calls give with changes between them."""
    given = []
    for turn in range(4):
        if turn:
            change()
        given.append(np.array(function(X)))
    return given


def agree(road: Callable[[], Road]) -> None:
    """RefusedError is one way to agree; two objects are made, as a call may change what it reads."""
    function, change = road()
    eager = calls_given(lambda x: function(Tensor(x, requires_grad=False)).data, change)
    function, change = road()
    compiled = ag.compile(function)
    with contextlib.suppress(RefusedError):
        np.testing.assert_array_equal(calls_given(compiled.value, change), eager)
        assert compiled.compilations


# ------------------------------------------------------------------------------------------- reading: all are followed


def names_of_a_pattern() -> Road:
    @dataclasses.dataclass
    class Pair:
        first: float
        second: float

    pair = Pair(2.0, 1.0)

    def function(x: Any) -> Any:
        match pair:
            case Pair(a, b):
                return a * x + b

    return function, lambda: setattr(pair, "first", pair.first + 1)


def attributes_of_a_class_by_text() -> Road:
    class Model:
        scale_0 = 2.0
        scale_1 = 3.0

        def __call__(self, x: Any) -> Any:
            return sum(x * getattr(self, f"scale_{i}") for i in range(2))

    return Model(), lambda: setattr(Model, "scale_0", Model.scale_0 + 1)


def getattr_by_another_name() -> Road:
    box, get, name = Plain(rate=1.0), getattr, "".join(["ra", "te"])
    return lambda x: x * get(box, name), lambda: setattr(box, "rate", box.rate + 1)


def getattr_in_a_partial() -> Road:
    box, name = Plain(rate=1.0), "".join(["ra", "te"])
    get = functools.partial(getattr, box)
    return lambda x: x * get(name), lambda: setattr(box, "rate", box.rate + 1)


def an_attrgetter_by_another_name() -> Road:
    box, name = Plain(rate=1.0), "".join(["ra", "te"])
    return lambda x: x * attribute_getter(name)(box), lambda: setattr(box, "rate", box.rate + 1)


def getattribute_of_object() -> Road:
    box, name = Plain(rate=1.0), "".join(["ra", "te"])
    return lambda x: x * object.__getattribute__(box, name), lambda: setattr(box, "rate", box.rate + 1)


def members_of_an_enumeration() -> Road:
    class Level(enum.Enum):
        LOW = 1
        HIGH = 2

    for level in Level:
        level.scale = 1.0  # type: ignore[attr-defined]
    change = lambda: setattr(Level.HIGH, "scale", Level.HIGH.scale + 1)  # type: ignore[attr-defined]  # noqa: E731
    return lambda x: x * sum(level.scale for level in Level), change  # type: ignore[attr-defined]


def a_method_of_an_enumeration() -> Road:
    class Level(enum.Enum):
        LOW = 1

        def scale(self) -> float:
            return RATE

    level = Level.LOW
    return lambda x: x * level.scale(), lambda: globals().update(RATE=RATE + 1)


def a_dict_that_a_cache_keeps() -> Road:
    @functools.cache
    def settings() -> dict[str, float]:
        return {"scale": 2.0}

    return lambda x: x * settings()["scale"], lambda: settings().update(scale=settings()["scale"] + 1)


def a_model_that_a_cache_keeps() -> Road:
    @functools.lru_cache(maxsize=4)
    def model() -> Any:
        return nn.MLP([3, 2], rng=np.random.default_rng(0))

    return lambda x: model()(x), lambda: model().layers.append(ag.tanh)


def a_cache_that_is_filled_anew() -> Road:
    box = [2.0]

    @functools.cache
    def scale(i: int) -> float:
        return box[0]

    def change() -> None:
        box[0] += 1
        scale.cache_clear()
        scale(3)

    return lambda x: x * scale(3), change


def attributes_of_subclasses() -> Road:
    class Generator(np.random.Generator):
        scale = 1.0

    class Dice(random.Random):
        scale = 1.0

    class Memory(ag.Buffer):
        scale = 1.0

    class Partial(functools.partial):  # type: ignore[type-arg]
        scale = 1.0

    things = [Generator(np.random.PCG64(0)), Dice(0), Memory(0.0), Partial(len), *_further_subclasses()]

    def change() -> None:
        for thing in things:
            thing.scale = thing.scale + 1

    return lambda x: x * sum(thing.scale for thing in things), change


def _further_subclasses() -> list[Any]:
    class Weight(Tensor):
        scale = 1.0

    class Here(threading.local):
        scale = 1.0

    class Folder:
        scale = 1.0

        def __fspath__(self) -> str:
            return "."

    return [Weight(1.0), Here(), Folder()]


def the_precision_of_decimals() -> Road:
    decimal.getcontext().prec = 28
    return lambda x: x * float(decimal.Decimal(1) / 3), lambda: setattr(decimal.getcontext(), "prec", 3)


def a_call_method_that_a_layer_gets_later() -> Road:
    class Layer(nn.Linear):
        pass

    layer = Layer(3, 3, rng=np.random.default_rng(0))
    return lambda x: layer(x) * 1.0, lambda: setattr(Layer, "forward", lambda self, x: x * 2)


def an_attribute_with_the_name_of_one_of_ours() -> Road:
    box = Plain(_label=2.0)
    return lambda x: x * box._label, lambda: setattr(box, "_label", box._label + 1)  # type: ignore[attr-defined]


def the_name_of_a_tensor_outside() -> Road:
    weights = [Tensor(2.0, name="bias"), Tensor(3.0, name="weight")]

    def change() -> None:
        weights[0].name, weights[1].name = weights[1].name, weights[0].name

    return lambda x: x * sum(w for w in weights if w.name != "bias"), change


READ = [
    names_of_a_pattern,
    attributes_of_a_class_by_text,
    getattr_by_another_name,
    getattr_in_a_partial,
    an_attrgetter_by_another_name,
    getattribute_of_object,
    members_of_an_enumeration,
    a_method_of_an_enumeration,
    a_dict_that_a_cache_keeps,
    a_model_that_a_cache_keeps,
    a_cache_that_is_filled_anew,
    attributes_of_subclasses,
    the_precision_of_decimals,
    a_call_method_that_a_layer_gets_later,
    an_attribute_with_the_name_of_one_of_ours,
    the_name_of_a_tensor_outside,
]


@pytest.mark.parametrize("road", READ, ids=lambda road: road.__name__)
def test_what_is_read_on_any_road_is_seen_to_change(road: Callable[[], Road], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "RATE", 2.0)
    with decimal.localcontext():
        function, change = road()
        compiled = ag.compile(function)
        for turn in range(3):
            if turn:
                change()
            expected = function(Tensor(X, requires_grad=False)).data
            np.testing.assert_array_equal(compiled.value(X), expected)


# ------------------------------------------------------------------------------------------------ changing: all or none


def a_counter_that_counts_late() -> Road:
    calls = [0]

    def function(x: Any) -> Any:
        calls[0] += 1
        return x * (1.0 if calls[0] <= 3 else 0.1)

    return function, lambda: None


def a_schedule_that_is_used_up() -> Road:
    rates = [1.0, 1.0, 1.0, 0.1, 0.1]
    return lambda x: x * rates.pop(0), lambda: None


def a_set_that_grows_at_times() -> Road:
    seen: set[float] = set()
    turn = [0]

    def function(x: Any) -> Any:
        seen.add(turn[0] // 2)
        return x * len(seen)

    return function, lambda: turn.__setitem__(0, turn[0] + 1)


def a_state_that_is_replaced() -> Road:
    state: dict[str, Any] = {"h": np.zeros(3)}

    def function(x: Any) -> Any:
        state["h"] = ag.tanh(x + state["h"])
        return state["h"]

    return function, lambda: None


def arrays_that_swap() -> Road:
    arrays = [np.ones(3), np.full(3, 5.0)]

    def function(x: Any) -> Any:
        arrays[0], arrays[1] = arrays[1], arrays[0]
        return x * arrays[0]

    return function, lambda: None


def a_default_that_is_a_cache() -> Road:
    def function(x: Any, cache: list[float] = []) -> Any:  # noqa: B006 - as it is often done by mistake
        cache.append(1.0)
        return x * (2.0 if len(cache) > 3 else 1.0)

    return function, lambda: None


def what_is_set_by_the_shape() -> Road:
    box = Plain(rate=1.0)

    def function(x: Any) -> Any:
        y = x * box.rate
        box.rate = float(x.ndim)
        return y

    return function, lambda: setattr(box, "rate", box.rate + 1)


def what_a_gradient_of_ones_own_counts() -> Road:
    count = [0]

    @ag.custom_gradient
    def counted(x: Any) -> Any:
        count[0] += 1
        return x * count[0], lambda g: g

    return lambda x: counted(x), lambda: None


def a_memo_of_arrays() -> Road:
    memo: dict[int, Any] = {}

    def function(x: Any) -> Any:
        if x.ndim not in memo:
            memo[x.ndim] = np.tril(np.ones((3, 3)))
        return memo[x.ndim] @ x

    return function, lambda: None


CHANGED = [
    a_counter_that_counts_late,
    a_schedule_that_is_used_up,
    a_set_that_grows_at_times,
    a_state_that_is_replaced,
    arrays_that_swap,
    a_default_that_is_a_cache,
    what_is_set_by_the_shape,
    what_a_gradient_of_ones_own_counts,
    a_memo_of_arrays,
]


@pytest.mark.parametrize("road", CHANGED, ids=lambda road: road.__name__)
def test_what_a_function_changes_is_the_same_at_each_call_or_refused(road: Callable[[], Road]) -> None:
    agree(road)


def test_a_memo_works() -> None:
    function, _ = a_memo_of_arrays()
    compiled = ag.compile(function)
    np.testing.assert_array_equal([compiled.value(X), compiled.value(X)], [[1.0, 3.0, 6.0]] * 2)
    assert compiled.compilations == 1


def test_state_of_a_recurrent_step_is_refused() -> None:
    h, w = np.zeros(3), Tensor([0.5, 0.5, 0.5])

    def loss(x: Any) -> Any:
        nonlocal h
        new = ag.tanh(x + w * h)
        h = ag.stop_gradient(new)
        return new.sum()

    with pytest.raises(TypeError, match=r"loss changes what it reads: h was replaced; .* ag\.Buffer"):
        ag.compile(loss, optimiser=nn.SGD([w], 0.1)).step(X)


def test_what_an_update_or_a_pullback_changes_is_refused() -> None:
    class Warm(nn.Optimiser):
        count = 0

        def update(self, parameter: Any, gradient: Any, state: Any, step: Any, *, lr: Any) -> Any:
            self.count += 1
            return parameter - lr * min(1.0, self.count / 5) * gradient, {}

    w, turns = Tensor(X), [0]

    @ag.custom_gradient
    def half(x: Any) -> Any:
        def back(g: Any) -> Any:
            turns[0] += 1
            return g * turns[0]

        return x * 0.5, back

    with pytest.raises(TypeError, match=r"changes what it reads: .*count changed"):
        ag.compile(lambda x: (w * w * x).sum(), optimiser=Warm([w], lr=0.1)).step(X)
    with pytest.raises(TypeError, match=r"changes what it reads: turns\[0\] changed"):
        ag.compile(lambda x: half(w * x).sum()).value_and_grad(X)


def test_an_array_that_is_only_lent_is_not_kept() -> None:
    table, kept = np.ones(3), {}

    def function(x: Any) -> Any:
        kept["pair"] = (table, 1.0)
        return x * table

    with pytest.raises(TypeError, match=r"keeps an array in kept\['pair'\], which is only lent to it; keep a copy"):
        ag.compile(function).value(X)


def test_a_list_among_the_arguments_that_is_changed_is_refused() -> None:
    def function(x: Any, parts: list[Any]) -> Any:
        parts.append(x)
        return sum(parts)

    with pytest.raises(TypeError, match="function changes a list or dict among its arguments"):
        ag.compile(function).value(X, [X])


# ----------------------------------------------------------------------------------------- what nobody could look into


def test_code_that_is_found_in_an_unknown_way_is_refused() -> None:
    scaled = np.frompyfunc(lambda x: x * RATE, 1, 1)
    with pytest.raises(TypeError, match="and nobody can tell how it found that"):
        ag.compile(lambda x: x * scaled(2.0)).value(X)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: x * importlib.import_module("math").pi, "importlib.import_module"),
        (lambda x: x * agree.__globals__["RATE"], "which reads __globals__"),
        (lambda x: x * len(agree.__closure__ or ()), "which reads __closure__"),
        (lambda x: x * len(inspect.signature(agree).parameters), "inspect.signature"),
        (lambda x: x * np.get_printoptions()["precision"], "numpy._core.arrayprint.get_printoptions"),
        (lambda x: x * logging.getLogger("a").level, "logging.getLogger"),
    ],
)
def test_roads_that_nobody_follows_are_refused(function: Any, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        ag.compile(function).value(X)


def test_a_tensor_that_is_compared_and_is_an_argument_too_is_refused() -> None:
    w, masks = Tensor(X), {Tensor(X): 5.0}
    compiled = ag.compile(lambda p: p * 2 if p is w else p * 3)
    np.testing.assert_array_equal(compiled.value(Tensor(X)), X * 3)
    with pytest.raises(TypeError, match="compares objects, and w has one that is an argument too"):
        compiled.value(w)
    looked_up = ag.compile(lambda p: p * masks.get(p, 1.0))
    np.testing.assert_array_equal(looked_up.value(Tensor(X)), X)
    with pytest.raises(TypeError, match="compares objects, and masks has one that is an argument too"):
        looked_up.value(next(iter(masks)))


def test_a_loss_that_reads_its_optimiser() -> None:
    w = Tensor(X)
    optimiser = nn.SGD([w], lr=0.1)
    compiled = ag.compile(lambda x: (w * x).sum() * optimiser.lr, optimiser=optimiser)
    for lr in (0.1, 0.2, 0.4):
        optimiser.lr = lr
        expected = (w.data * X).sum() * lr
        assert compiled.step(X) == pytest.approx(expected, rel=1e-12)


# ------------------------------------------------------------------------------------------------------------ promises


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: x * clock.time(), "clock.time"),
        (lambda x: x * process_time(), "process_time"),
        (lambda x: x * len(open(__file__).name), "open"),  # noqa: SIM115 - it is never opened
        (lambda x: x * len(platform.node()), "platform.node"),
    ],
)
def test_a_refused_call_says_the_promise_as_one_can_write_it(function: Any, name: str) -> None:
    with pytest.raises(TypeError, match=rf"promise with ag\.static\({name}\) that it always gives the same"):
        ag.compile(function).value(X)


def test_no_promise_is_told_where_it_could_not_be_kept() -> None:
    dice = random.Random(0)
    with pytest.raises(TypeError) as refusal:
        ag.compile(lambda x: x * dice.random()).value(X)
    assert "Random.random" in str(refusal.value)
    assert "promise" not in str(refusal.value)


def test_a_promise_about_a_clock_is_taken_where_it_is_called() -> None:
    ag.static(clock.thread_time)
    compiled = ag.compile(lambda x: x * (clock.thread_time() >= 0))
    np.testing.assert_array_equal(compiled.value(X), X)


# ------------------------------------------------------------------------------------------- a first call that sets up


def first_one_argument_then_the_other() -> Any:
    state: dict[str, int] = {}

    def function(x: Any, y: Any) -> Any:
        if state:
            return y * 2
        state["met"] = 1
        return x * 2

    return function


def first_one_draw_then_another() -> Any:
    state: dict[str, int] = {}
    rng = np.random.default_rng(0)

    def function(x: Any, y: Any) -> Any:
        if state:
            return x + ag.random.uniform(rng, (3,))
        state["met"] = 1
        return x + ag.random.normal(rng, (3,))

    return function


def first_one_key_then_another() -> Any:
    state: dict[str, int] = {}

    def function(x: Any, y: Any) -> Any:
        key = "b" if state else "a"
        state["met"] = 1
        return {key: x * 2}

    return function


def first_one_buffer_then_another() -> Any:
    state: dict[str, int] = {}
    buffers = ag.Buffer(np.zeros(3), name="a"), ag.Buffer(np.zeros(3), name="b")

    def function(x: Any, y: Any) -> Any:
        buffers[bool(state)].value = x
        state["met"] = 1
        return x * 2

    return function


@pytest.mark.parametrize(
    "made",
    [
        first_one_argument_then_the_other,
        first_one_draw_then_another,
        first_one_key_then_another,
        first_one_buffer_then_another,
    ],
)
def test_a_first_call_that_does_something_else_is_refused(made: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"changes what it reads: state\['met'\] was added"):
        ag.compile(made()).value(X, X + 1)


@pytest.mark.parametrize("optimiser", [lambda p: nn.SGD(p, 0.1, 0.9), lambda p: nn.Adam(p, 0.1)])
def test_a_step_may_set_up_what_it_needs(optimiser: Callable[[Any], Any]) -> None:
    w, masks = Tensor(X), dict[tuple[int, ...], Any]()

    def loss(x: Any) -> Any:
        if x.shape not in masks:
            masks[x.shape] = np.linspace(0.5, 1, len(x))
        return (w * x * masks[x.shape]).sum()

    compiled = ag.compile(loss, optimiser=optimiser([w]))
    assert compiled.step(X) == (X * X * np.linspace(0.5, 1, 3)).sum()
    compiled.step(X)
    assert compiled.compilations == 1


class Counting(nn.Optimiser):
    """Counts its updates in a buffer of its own, which it should do by its state."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, lr=0.1)
        self.count = ag.Buffer(0.0, name="count")

    def update(self, parameter: Any, gradient: Any, state: Any, step: Any, *, lr: Any) -> Any:
        self.count.value = self.count.value + 1.0
        return parameter - lr * gradient * self.count.value, {}


def test_buffers_that_are_written_on_the_way_back_are_refused() -> None:
    w, b = Tensor(X), ag.Buffer(0.0, name="b")

    @ag.custom_gradient
    def counted_back(x: Any) -> Any:
        def back(g: Any) -> Any:
            b.value = b.value + 1.0
            return g

        return x * 1.0, back

    @ag.custom_gradient
    def counted_forward(x: Any) -> Any:
        b.value = b.value + 1.0
        return x * 1.0, lambda g: g

    with pytest.raises(TypeError, match="count is written in a gradient or an update"):
        ag.compile(lambda x: (w * x).sum(), optimiser=Counting([w])).step(X)
    with pytest.raises(TypeError, match="b is written in a gradient or an update"):
        ag.compile(lambda x: counted_back(w * x).sum()).value_and_grad(X)
    with pytest.raises(TypeError, match="the value of b changed"):
        ag.compile(lambda x: counted_forward(w * x).sum()).value(X)


def test_a_global_that_is_written_and_read_elsewhere() -> None:
    scope: dict[str, Any] = {"LAST": 0}
    exec("def function(x):\n    global LAST\n    LAST = x.shape[0]\n    return x * 2\n", scope)
    compiled = ag.compile(scope["function"])
    for n in (2, 3, 2, 3, 2):
        compiled.value(np.ones(n))
        assert scope["LAST"] == n


def test_attributes_that_are_set_by_text() -> None:
    box, name = Plain(last_shape=0), "shape"

    def function(x: Any) -> Any:
        setattr(box, f"last_{name}", x.shape[0])
        return x * 2

    compiled = ag.compile(function)
    for n in (2, 3, 2, 3, 2):
        compiled.value(np.ones(n))
        assert vars(box)["last_shape"] == n


def test_abstract_classes_whose_attributes_are_read_by_text() -> None:
    class Scaled(collections.abc.Sequence):  # type: ignore[type-arg]
        def __init__(self) -> None:
            self.scale_0 = 2.0

        def __len__(self) -> int:
            return 1

        def __getitem__(self, i: Any) -> Any:
            return getattr(self, f"scale_{i}")

    scaled = Scaled()
    compiled = ag.compile(lambda x: x * scaled[0])
    np.testing.assert_array_equal(compiled.value(X), X * 2)
    scaled.scale_0 = 3.0
    np.testing.assert_array_equal(compiled.value(X), X * 3)


def test_methods_of_what_was_promised_may_run() -> None:
    class Notes:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def note(self, shape: Any) -> None:
            self.seen.append(shape)

    notes, acts = ag.static(Notes()), ag.static({"tanh": lambda x: ag.tanh(x)})

    def function(x: Any) -> Any:
        notes.note(x.shape)
        return acts["tanh"](x)

    np.testing.assert_array_equal(ag.compile(function).value(X), np.tanh(X))


def test_a_dataclass_of_the_function() -> None:
    def function(x: Any) -> Any:
        @dataclasses.dataclass
        class Pair:
            scale: float = 2.0

        return x * Pair().scale

    np.testing.assert_array_equal(ag.compile(function).value(X), X * 2)
