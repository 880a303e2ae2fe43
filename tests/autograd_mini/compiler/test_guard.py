"""Guard: whatever a function reads from outside, a change of it is noticed and named; nothing else is."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import math
import random
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.compiler import guard as guards
from autograd_mini.compiler import reach
from autograd_mini.compiler.guard import Guard
from autograd_mini.transforms.passes import label

RATE = 0.1
LAYERS: list[Any] = [1.0, 2.0]


class Plain:
    """An object of the user's, with whatever attributes a test gives it."""

    scale = 1.0

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def scaled(self, x: Any) -> Any:
        return x * self.scale * RATE


class Slotted:
    __slots__ = ("__hidden", "rate")

    def hide(self, value: Any) -> None:
        self.__hidden = value


class Items(list[Any]):
    """A list that claims to be empty."""

    def __iter__(self) -> Any:
        return iter(())


class Keys(dict[Any, Any]):
    """A dict that claims to be empty."""

    __iter__ = Items.__iter__


@dataclasses.dataclass
class Settings:
    rate: float


def guard_of(function: Any, *names: str) -> Guard:
    """The guard of all that a function may read when it runs, which calls another one that has these names in it."""
    also = eval(f"lambda: {names!r}")
    return Guard(reach.what_may_be_read((function, label(function)), (also, "also")))


def message(function: Any, change: Callable[[], object], *names: str) -> str:
    """What the guard says after a change; before it, it has nothing to say."""
    guard = guard_of(function, *names)
    assert guard.broken() is None
    change()
    broken = guard.broken()
    assert broken is not None
    assert guard.broken() == broken
    return broken


# ----------------------------------------------------------------------------------------------- where it looks


def test_a_variable_of_the_closure() -> None:
    rate = 0.1

    def loss() -> float:
        return rate

    def forget() -> None:
        nonlocal rate
        del rate

    guard = guard_of(loss)
    assert guard.broken() is None
    rate = 0.2
    assert guard.broken() == "rate changed from 0.1 to 0.2"
    forget()
    assert guard.broken() == "rate is gone"


def test_a_variable_of_the_closure_that_is_not_set_yet() -> None:
    def loss(deep: bool = False) -> Any:
        return later if deep else 0.0

    guard = guard_of(loss)
    later = 1.0
    assert guard.broken() is None  # tracing could not have read it


def test_a_global(monkeypatch: pytest.MonkeyPatch) -> None:
    assert message(lambda: RATE, lambda: monkeypatch.setitem(globals(), "RATE", 0.2)) == "RATE changed from 0.1 to 0.2"


def test_a_global_that_is_gone_and_one_that_hides_a_builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    assert message(lambda: RATE, lambda: monkeypatch.delitem(globals(), "RATE")) == "RATE is gone"
    assert message(lambda x: abs(x), lambda: monkeypatch.setitem(globals(), "abs", None)) == "abs was added"


def test_a_global_of_a_function_within_or_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner() -> Any:
        return [(lambda: RATE)() for _ in range(2)]

    functions = [
        inner,
        lambda: inner(),
        nn.Module,
        functools.lru_cache(inner),
        ag.checkpoint(inner),
        staticmethod(inner),
    ]
    watching = [guard_of(lambda function=function: function) for function in functions]
    assert [guard.broken() for guard in watching] == [None] * len(functions)
    monkeypatch.setitem(globals(), "RATE", 0.2)
    said = [guard.broken() for guard in watching]
    assert said == ["RATE changed from 0.1 to 0.2" if f is not nn.Module else None for f in functions]


def test_an_attribute_with_the_name_of_a_global_does_not_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = guard_of(lambda x: x.RATE)
    monkeypatch.setitem(globals(), "RATE", 0.2)
    assert guard.broken() is None


def test_attributes_of_the_users_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    config, package = types.ModuleType("config"), types.ModuleType("package")
    package.config = config  # type: ignore[attr-defined]
    config.rate, config.other = 0.1, 0.1  # type: ignore[attr-defined]
    guard = guard_of(lambda: package.config.rate)
    config.other = 0.2  # type: ignore[attr-defined]
    assert guard.broken() is None
    config.rate = 0.2  # type: ignore[attr-defined]
    assert guard.broken() == "package.config.rate changed from 0.1 to 0.2"


def test_defaults() -> None:
    def loss(x: Any, rate: float = 0.1, *, steps: int = 3, items: Any = LAYERS) -> Any:
        return x * rate * steps

    def set_steps() -> None:
        assert loss.__kwdefaults__ is not None
        loss.__kwdefaults__["steps"] = 4

    assert message(loss, set_steps) == "steps changed from 3 to 4"
    assert (
        message(loss, lambda: setattr(loss, "__defaults__", (0.2,)))
        == "the defaults of loss changed from (0.1,) to (0.2,)"
    )
    assert message(loss, lambda: setattr(loss, "__kwdefaults__", {})) == "the keyword defaults of loss was replaced"
    mutable = [1.0]
    assert message(lambda x, items=mutable: items, lambda: mutable.append(2.0)) == "items has 2 items, had 1"


def test_code_that_was_replaced() -> None:
    def loss() -> float:
        return 1.0

    assert message(loss, lambda: setattr(loss, "__code__", (lambda: 2.0).__code__)) == "the code of loss was replaced"


def test_methods_and_partial_functions() -> None:
    model = Plain(rate=0.1, scale=2.0)
    assert (
        message(model.scaled, lambda: setattr(model, "scale", 3.0), "scale")
        == "scaled.__self__.scale changed from 2.0 to 3.0"
    )
    partial = functools.partial(Plain.scaled, model, rate=[0.1])
    assert message(partial, lambda: setattr(model, "rate", 1), "rate") == "partial.args[0].rate changed from 0.1 to 1"
    assert message(partial, partial.keywords["rate"].clear) == "partial.keywords['rate'] has 0 items, had 1"
    assert message(partial, partial.keywords.clear) == "partial.keywords['rate'] is gone"
    listed: list[Any] = []
    assert message(listed.count, lambda: listed.append(1)) == "count.__self__ has 1 item, had 0"


def test_a_callable_object(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loss(Plain):
        def __call__(self) -> float:
            return RATE

    loss = Loss(rate=[1])
    assert message(loss, lambda: loss.rate.append(2), "rate") == "Loss.rate has 2 items, had 1"
    assert message(loss, lambda: monkeypatch.setitem(globals(), "RATE", 0.2)) == "RATE changed from 0.1 to 0.2"


def test_what_a_decorator_keeps() -> None:
    rates = [0.1]

    @functools.wraps(message)
    def decorated() -> None:
        """Its `__wrapped__` is what counts here."""

    @functools.cache
    def cached() -> float:
        return rates[0]

    guarded = guard_of(cached)
    decorated.__wrapped__ = lambda: rates  # type: ignore[attr-defined]
    assert message(decorated, lambda: rates.append(0.2)) == "rates has 2 items, had 1"
    assert guarded.broken() == "rates has 2 items, had 1"


def test_attributes_of_a_function() -> None:
    def loss() -> Any:
        return loss.rate  # type: ignore[attr-defined]

    loss.rate = 0.1  # type: ignore[attr-defined]
    assert message(loss, lambda: setattr(loss, "rate", 0.2)) == "loss.rate changed from 0.1 to 0.2"


# --------------------------------------------------------------------------------------------------- instances


def test_attributes_of_instances() -> None:
    model = Plain(training=True, layers=[Plain(weight=Tensor(1.0))])

    def f() -> Any:
        return model.training, model.layers[0].weight, model.rate

    assert message(f, lambda: setattr(model, "training", False)) == "model.training changed from True to False"
    assert message(f, lambda: setattr(model.layers[0], "weight", Tensor(1.0))) == "model.layers[0].weight was replaced"
    assert message(f, lambda: model.layers.append(Plain())) == "model.layers has 2 items, had 1"
    assert message(f, lambda: setattr(model, "rate", 0.1)) == "model.rate was added"
    assert message(f, lambda: delattr(model, "training")) == "model.training is gone"
    replace = lambda: setattr(model, "__dict__", {**vars(model), "rate": 1})  # noqa: E731
    assert message(f, replace) == "model.rate changed from 0.1 to 1"
    del model.rate
    model.rate2 = 1
    assert "model" in message(f, lambda: (delattr(model, "rate2"), setattr(model, "rate", 1)))


def test_attributes_that_no_code_names_are_not_watched() -> None:
    model = Plain(rate=0.1, seen=0, notes=[])
    guard = guard_of(lambda: model.rate)
    model.seen = 1
    model.notes.append("a step")
    assert guard.broken() is None
    model.rate = 0.2
    assert guard.broken() == "model.rate changed from 0.1 to 0.2"


@pytest.mark.parametrize(
    "read",
    [
        lambda box: getattr(box, "rate"),  # noqa: B009 - a text names it too
        lambda box: [getattr(box, name) for name in ("rate", "size")],
        lambda box: box.__dict__["rate"],
    ],
)
def test_attributes_that_texts_name_are_watched(read: Any) -> None:
    box = Plain(rate=0.1, size=1)
    assert message(lambda: read(box), lambda: setattr(box, "rate", 0.2)) == "box.rate changed from 0.1 to 0.2"


def test_modules() -> None:
    model = nn.MLP([3, 4, 2], rng=np.random.default_rng(0))
    f = lambda x: nn.mse(model(x), x)  # noqa: E731
    assert message(f, lambda: setattr(model.layers[1], "bias", None)) == "model.layers[1].bias was replaced"
    assert message(f, lambda: setattr(model, "activation", ag.tanh)) == "model.activation was replaced"
    assert message(f, model.layers.pop) == "model.layers has 1 item, had 2"
    assert message(model, model.layers.clear) == "MLP.layers has 0 items, had 1"


def test_an_optimiser_in_the_closure() -> None:
    optimiser = nn.SGD([Tensor(1.0)], lr=0.1)
    assert (
        message(lambda: optimiser, lambda: setattr(optimiser, "lr", 0.2))
        == "optimiser.param_groups[0]['lr'] changed from 0.1 to 0.2"
    )


@pytest.mark.parametrize("make", [types.SimpleNamespace, argparse.Namespace, Settings, Plain])
def test_kinds_of_settings(make: Any) -> None:
    settings = make(rate=0.1)
    assert message(lambda: settings, lambda: setattr(settings, "rate", 0.2), "rate") == (
        "settings.rate changed from 0.1 to 0.2"
    )


def test_slots() -> None:
    settings = Slotted()
    settings.rate = 0.1
    f = lambda: (settings.rate, settings._Slotted__hidden)  # type: ignore[attr-defined]  # noqa: E731
    assert message(f, lambda: setattr(settings, "rate", 0.2)) == "settings.rate changed from 0.1 to 0.2"
    assert message(f, lambda: settings.hide(1)) == "settings._Slotted__hidden was added"
    assert message(f, lambda: delattr(settings, "rate")) == "settings.rate is gone"


def test_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Derived(Plain):
        pass

    derived = Derived()
    for f in (lambda: Plain.scale, lambda: Derived, lambda: derived, derived.scaled):
        with monkeypatch.context() as patch:
            assert (
                message(f, lambda: patch.setattr(Plain, "scale", 2.0), "scale", "scaled")
                == "Plain.scale changed from 1.0 to 2.0"
            )
        with monkeypatch.context() as patch:
            assert message(f, lambda: patch.setitem(globals(), "RATE", 2), "scaled") == "RATE changed from 0.1 to 2"


def test_what_a_property_computes_with(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        @property
        def rate(self) -> float:
            return RATE

    model = Model()
    assert (
        message(lambda: model.rate, lambda: monkeypatch.setitem(globals(), "RATE", 2)) == "RATE changed from 0.1 to 2"
    )


# -------------------------------------------------------------------------------------------------- containers


def test_lists_dicts_and_sets() -> None:
    things: dict[Any, Any] = {"list": [1, [2]], "tuple": (1, {"deep": 3}), "set": {4}, 5: None}
    f = lambda: things  # noqa: E731
    assert message(f, lambda: things["list"][1].append(0)) == "things['list'][1] has 2 items, had 1"
    assert message(f, lambda: things["tuple"][1].update(deep=4)) == "things['tuple'][1]['deep'] changed from 3 to 4"
    assert message(f, lambda: things["set"].add(5)) == "things['set'] has 2 items, had 1"
    assert message(f, lambda: things.update({5: 1})) == "things[5] changed from None to 1"
    assert message(f, lambda: things.update(list=[])) == "things['list'] was replaced"
    assert message(f, lambda: things.update(new=1)) == "things['new'] was added"
    assert message(f, lambda: things.pop("list")) == "things['list'] is gone"
    assert message(f, lambda: things.update(tuple=things.pop("tuple"))).startswith("the keys of things changed")


@pytest.mark.parametrize("make", [OrderedDict, lambda d: defaultdict(list, d), types.MappingProxyType])
def test_kinds_of_mappings(make: Any) -> None:
    inner = {"a": [1]}
    mapping = make(inner)
    assert message(lambda: mapping, lambda: inner["a"].append(2)) == "mapping['a'] has 2 items, had 1"


@pytest.mark.parametrize("make", [dict, OrderedDict, lambda d: defaultdict(list, d), Keys])
def test_a_key_that_is_renamed(make: Any) -> None:
    mapping = make({"a": 1})
    change = lambda: mapping.update(b=mapping.pop("a"))  # noqa: E731
    assert message(lambda: mapping, change) == "the keys of mapping changed: 'b' stands where 'a' was"


def test_the_order_of_an_ordered_dict() -> None:
    layers = OrderedDict(a=1, b=1)
    assert message(lambda: layers, lambda: layers.move_to_end("a")).startswith("the keys of layers changed")


@pytest.mark.parametrize("make", [deque, Items])
def test_kinds_of_lists(make: Any) -> None:
    items = make([1, 2])
    assert message(lambda: items, lambda: items.__setitem__(1, 3)) == "items[1] changed from 2 to 3"
    assert message(lambda: items, lambda: items.append(3)) == "items has 3 items, had 2"


def test_long_lists() -> None:
    numbers: list[Any] = [float(i) for i in range(100_000)]
    guard = guard_of(lambda: numbers)
    assert len(guard.source) < 1000
    numbers[:] = [float(i) for i in range(100_000)]  # other objects, the same values
    assert guard.broken() is None
    numbers[70_000] = 70_000
    assert guard.broken() == "numbers[70000] changed from 70000.0 to 70000"
    numbers[70_000] = 70_000.0
    last = numbers.pop()
    assert guard.broken() == "numbers has 99999 items, had 100000"
    numbers += [last, last]
    assert guard.broken() == "numbers has 100001 items, had 100000"


def test_many_tensors_in_a_list() -> None:
    weights = [Tensor(float(i)) for i in range(500)]
    assert message(lambda: weights, lambda: weights.__setitem__(400, Tensor(400.0))) == "weights[400] was replaced"
    assert message(lambda: weights, lambda: setattr(weights[450], "requires_grad", False)).startswith(
        "weights[450].req"
    )


def test_cycles_end() -> None:
    one, other = Plain(), Plain()
    one.other, other.one, one.items = other, one, [other]
    one.items.append(one.items)

    def loss() -> Any:
        return loss, one

    assert message(loss, lambda: setattr(other, "rate", 1), "other") == "one.other.rate was added"


WRAPS = [lambda x: [x], lambda x: (x,), lambda x: {"next": x}, lambda x: Plain(next=x), lambda x: lambda: x]


@pytest.mark.parametrize("wrap", WRAPS)
def test_depth_ends_and_paths_stay_short(wrap: Callable[[Any], Any]) -> None:
    innermost = [1.0]
    nested: Any = innermost
    for _ in range(5000):
        nested = wrap(nested)
    said = message(lambda: nested, lambda: innermost.append(2.0), "next")
    assert said.endswith(" has 2 items, had 1")
    assert len(said) < 500


def test_a_deep_tuple_of_numbers() -> None:
    def nested(number: float) -> Any:
        return functools.reduce(lambda inner, _: (inner,), range(5000), number)

    box = Plain(deep=nested(1.0))
    assert message(lambda: box, lambda: setattr(box, "deep", nested(2.0)), "deep") == "box.deep was replaced"


# ------------------------------------------------------------------------------------------ when values are same


def test_arrays_and_tensors_go_by_identity_and_their_content_may_change() -> None:
    data, w = np.arange(3.0), Tensor([1.0, 2.0])
    guard = guard_of(lambda: (data, w))
    data += 1.0
    w.data -= 1.0
    w.data = np.zeros(2)
    (w * w).sum().backward()
    assert guard.broken() is None
    data = data.copy()
    assert guard.broken() == "data was replaced"


def test_tensors_flags_and_hooks() -> None:
    w = Tensor([1.0], name="w")
    f = lambda: w * 2.0  # noqa: E731
    assert message(f, lambda: setattr(w, "requires_grad", False)) == "w.requires_grad changed from True to False"
    w.requires_grad = True
    guard = guard_of(f)
    handle = w.register_hook(lambda g: g * 2.0)
    assert guard.broken() == "w has a hook now"
    handle.remove()
    assert guard.broken() is None


VALUES: list[Any] = [1, 1.0, True, 0, 0.0, -0.0, False, math.nan, None, "1", b"1", 1 + 0j, (1,), (1.0,), (1, 2)]
VALUES += [kind(value) for kind in (np.float64, np.float32) for value in (1.0, 0.0, -0.0, math.nan)] + [np.True_]


@pytest.mark.parametrize("old", VALUES, ids=repr)
@pytest.mark.parametrize("new", VALUES, ids=repr)
def test_values_go_by_type_and_value(old: Any, new: Any) -> None:
    items, long = [old], [old] * 100
    both = [guard_of(lambda: items), guard_of(lambda: long)]
    items[0] = long[50] = new
    assert [guard.broken() is None for guard in both] == [old is new, old is new]


def test_equal_values_in_new_objects_are_no_change_and_cost_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    def values() -> dict[str, Any]:
        numbers = {"nan": float("nan"), "rate": float("0.1"), "size": int("1" * 20), "single": np.float32(2)}
        return {**numbers, "name": "".join(["lo", "ss"]), "axes": tuple([1, 2.5]), "nothing": np.float64("nan")}

    box, long = Plain(**values()), [float(i) for i in range(100)]
    guard = guard_of(lambda: (box, long), *values())
    monkeypatch.setattr(guards, "difference", lambda place: "explained")
    vars(box).update(values())
    long[:] = [float(i) for i in range(100)]
    assert guard.broken() is None
    long[0] = 1.0
    assert guard.broken() == "explained"


def test_no_comparison_of_the_users_is_called() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = object.__hash__

    keys = {Hostile(): Hostile()}
    items = [Hostile(), np.zeros(2)]
    assert message(lambda: keys, lambda: keys.update({Hostile(): 1})).endswith("was added")
    assert message(lambda: items, lambda: items.reverse()) == "items[0] was replaced"


HOSTILE = ["x); import os", "'", '"""', "\n", "{owner}", "{0}", "k0", "same", "", "\x00", "\ud800", "é", "%s", "#"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_keys_and_attribute_names_are_harmless(text: str) -> None:
    def source_for(name: str) -> str:
        return guard_of(functools.partial(print, Plain(**{name: 1.0}), {name: 1.0}), name).source

    assert source_for(text) == source_for("harmless")
    box, keys = Plain(), {text: 1.0}
    setattr(box, text, 1.0)
    assert message(lambda: box, lambda: setattr(box, text, 2.0), text) == f"box.{text} changed from 1.0 to 2.0"
    assert message(lambda: keys, lambda: keys.update({text: 2.0})) == f"keys[{text!r}] changed from 1.0 to 2.0"


def test_a_key_that_can_not_be_shown_is_harmless() -> None:
    class Hidden:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    items = {Hidden(): [1.0]}
    assert "has 0 items, had 1" in message(lambda: items, next(iter(items.values())).clear)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=3), inner, max_size=40),
    max_leaves=60,
)


def spots(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key of an item."""
    if not isinstance(tree, list | dict):
        return []
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    return [(tree, key) for key in keys] + [spot for key in keys for spot in spots(tree[key])]


@given(st.lists(trees, min_size=1, max_size=4), st.data())
def test_a_change_anywhere_in_nested_containers_is_noticed(tree: list[Any], data: st.DataObject) -> None:
    guard = guard_of(lambda: tree)
    assert guard.broken() is None
    container, key = data.draw(st.sampled_from(spots(tree)))
    kept, container[key] = container[key], object()
    assert "was replaced" in str(guard.broken())
    container[key] = kept
    assert guard.broken() is None


@given(trees)
def test_every_path_is_the_way_to_its_part(tree: Any) -> None:
    for place in reach.what_may_be_read((tree, "tree")):
        for position, part in enumerate(place.parts):
            path = place.path_of(position)
            if place.reader in (reach.ITEMS, reach.VALUES) and "..." not in path:
                assert eval(path, {"tree": tree}) is part


def test_a_new_object_at_the_address_of_an_old_one_is_noticed() -> None:
    box = Plain(item=Plain())
    for _ in range(100):
        guard = guard_of(lambda: box.item)
        box.item = None
        box.item = Plain()
        assert guard.broken() == "box.item was replaced"


def test_the_check_is_short_where_the_library_is_used() -> None:
    model = nn.MLP([3, 4, 2], rng=np.random.default_rng(0))
    compiled = ag.compile(lambda x, y: nn.mse(ag.tanh(model(x)), ag.sin(y)))
    compiled.value(np.ones((4, 3)), np.ones((4, 2)))
    guard = compiled._programs.latest["value"].guard
    assert guard.source.count("return False") < 50
    assert guard_of(nn.mse).source.count("return False") == 2  # the library's own code stays


def test_a_users_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    scale = ag.Op("scale", lambda x: x * 2.0, lambda g, out, x: g * RATE)
    assert (
        message(lambda x: scale(x), lambda: monkeypatch.setitem(globals(), "RATE", 1)) == "RATE changed from 0.1 to 1"
    )


# ------------------------------------------------------------------------------------------------- random numbers


class Noise(nn.Module):
    def __init__(self, rng: Any) -> None:
        self.rngs = [{"noise": rng}]

    def forward(self, x: Any) -> Any:
        return x + self.rngs[0]["noise"].normal()


def from_closure(kind: Callable[[], Any]) -> tuple[Callable[[], Any], str]:
    rng = kind()
    return (lambda: rng.uniform(0.0, 1.0)), "rng"


def from_method() -> tuple[Callable[[], Any], str]:
    draw = np.random.default_rng(0).normal
    return (lambda: draw()), "draw.__self__"


def from_module() -> tuple[Callable[[], Any], str]:
    model = Noise(np.random.default_rng(0))
    return (lambda: model(1.0)), "model.rngs[0]['noise']"


def from_bits() -> tuple[Callable[[], Any], str]:
    bits = np.random.PCG64(0)
    return (lambda: np.random.Generator(bits).random()), "bits"


def second_of_one_name() -> tuple[Callable[[], Any], str]:
    unused, (used, _) = from_closure(np.random.default_rng)[0], from_closure(np.random.default_rng)
    return (lambda deep=False: unused() if deep else used()), "rng"


DRAWS = [
    from_closure(np.random.default_rng),
    from_closure(lambda: np.random.Generator(np.random.MT19937(0))),
    from_closure(np.random.RandomState),
    from_method(),
    from_module(),
    from_bits(),
    second_of_one_name(),
    (lambda: np.random.normal(), "np.random"),  # noqa: NPY002
]


@pytest.mark.parametrize(("draw", "path"), DRAWS)
def test_a_draw_is_an_error_that_names_the_generator(draw: Callable[[], Any], path: str) -> None:
    compiled = ag.compile(lambda x: x + draw())
    with pytest.raises(RuntimeError) as caught:
        compiled.value(np.ones(2))
    said = str(caught.value)
    assert f"compile: <lambda> drew random numbers from `{path}` while it was traced; " in said
    assert said.endswith("draw with ag.random, or outside, and pass them as an argument")
    assert compiled.compilations == 0


SYSTEM, PYTHONS = random.SystemRandom(), random.Random(0)


@pytest.mark.parametrize(
    ("draw", "what"),
    [
        (lambda: PYTHONS.uniform(0, 1), "random.Random.uniform"),
        (lambda: random.gauss(), "random.Random.gauss"),
        (lambda: random.random(), r"Random\.random"),
        (lambda: SYSTEM.random(), "random.SystemRandom.random"),
    ],
)
def test_a_draw_by_python_is_refused_by_name(draw: Callable[[], Any], what: str) -> None:
    compiled = ag.compile(lambda x: x + draw())
    with pytest.raises((RuntimeError, TypeError), match=f"compile: <lambda> (calls {what}|drew .* from `random`)"):
        compiled.value(np.ones(2))
    assert compiled.compilations == 0


def test_a_generator_among_the_arguments() -> None:
    compiled = ag.compile(lambda x, rngs: x + rngs["rng"][0].random())
    with pytest.raises(RuntimeError, match=r"draw with ag\.random"):
        compiled.value(np.ones(2), {"rng": [np.random.default_rng(0)]})


@pytest.mark.parametrize("draw", [row[0] for row in DRAWS])
def test_watching_draws_nothing(draw: Callable[[], Any]) -> None:
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    np_state, state = np.random.get_state(), random.getstate()  # noqa: NPY002
    ag.compile(lambda x, rng, deep=False: draw() if deep else x * 2).value(np.ones(2), rng)
    assert rng.random() == other.random()
    assert random.getstate() == state
    assert all(map(np.array_equal, np.random.get_state(), np_state))  # noqa: NPY002


def test_a_draw_that_is_refused_leaves_the_generator_as_it_is_after_one_draw() -> None:
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    with pytest.raises(RuntimeError, match=r"draw with ag\.random"):
        ag.compile(lambda x: x * rng.random()).value(np.ones(2))
    other.random()
    assert rng.random() == other.random()  # the function ran once


def test_draws_by_the_library_are_new_in_each_call() -> None:
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    compiled = ag.compile(lambda x: x + ag.random.normal(rng, (2,)))
    for _ in range(3):
        np.testing.assert_array_equal(compiled.value(np.zeros(2)), other.normal(size=2))
    assert compiled.compilations == 1
