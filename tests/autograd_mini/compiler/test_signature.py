"""Which calls share a program: those with the same signature, and a quick matcher that agrees with it."""

from __future__ import annotations

import copy
import dataclasses
import enum
import time as clock
import types
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.compiler.signature import Signatures, differences, matcher, named_leaves

Pair = namedtuple("Pair", "one other")
SHAPES = st.sampled_from([(), (1,), (2,), (2, 1), (1, 2)])
ARRAYS = st.builds(np.ones, SHAPES, st.sampled_from(["f4", "f8", ">f8", "i8", "?"]))
PLAIN = st.sampled_from([0, 1, True, 1.0, 0.0, -0.0, float("nan"), "a", None, (), "1"])
TENSORS = st.builds(lambda x, grad: Tensor(np.ones(x), requires_grad=grad), SHAPES, st.booleans())
SCALARS = st.sampled_from([np.float64(1), np.float32(1), np.int64(1), np.bool_(True)])
LEAVES = ARRAYS | PLAIN | TENSORS | SCALARS
TREES = st.recursive(
    LEAVES,
    lambda x: st.lists(x, max_size=2) | st.tuples(x, x) | st.dictionaries(st.sampled_from("ab"), x),
    max_leaves=4,
)


def reading(*arguments: Any, **settings: Any) -> Any:
    """A function that reads whatever it is given."""
    return arguments, settings


def signature(arguments: Any, settings: Any, leaves: list[Any], function: Any = reading) -> Any:
    return Signatures(function).of(arguments, settings, leaves)


def signed(arguments: Any, settings: Any = {}) -> Any:  # noqa: B006 - it is only read
    return signature(arguments, settings, [])


@given(one=st.lists(ARRAYS | TENSORS | SCALARS, max_size=3), other=st.lists(ARRAYS, max_size=3))
def test_what_matches_has_the_same_signature(one: list[Any], other: list[Any]) -> None:
    for first, second in ((one, other), (other, one), (other, other)):
        if matcher(first, {})(second, {}):
            assert signed(first) == signed(second)


@given(
    arrays=st.lists(st.builds(np.ones, SHAPES, st.sampled_from(["f4", "f8", "i8"])), max_size=3), grow=st.integers(0, 2)
)
def test_a_call_of_arrays_matches_one_with_the_same_signature(arrays: list[Any], grow: int) -> None:
    matches = matcher(arrays, {})
    assert matches([x.copy() for x in arrays], {})
    assert not matches([*arrays, np.ones(2)], {})
    assert not matches(arrays, {"axis": 0})
    if grow < len(arrays):
        changed = [np.ones((3, *x.shape), x.dtype) if i == grow else x for i, x in enumerate(arrays)]
        assert not matches(changed, {})
        assert signed(changed) != signed(arrays)


@pytest.mark.parametrize("arguments", [[Tensor([1.0])], [1.0], [np.float64(1)], [[np.ones(2)]], [np.ma.ones(2)]])
def test_a_matcher_leaves_all_but_plain_arrays_to_the_signature(arguments: list[Any]) -> None:
    assert not matcher(arguments, {})(arguments, {})
    assert not matcher([np.ones(2)], {"axis": 0})([np.ones(2)], {"axis": 0})
    assert not matcher([np.ones(x.shape) for x in arguments if hasattr(x, "shape")], {})(arguments, {})


@given(one=st.lists(TREES, max_size=3), other=st.lists(TREES, max_size=3))
def test_signatures_are_equal_where_a_trace_would_be(one: list[Any], other: list[Any]) -> None:
    assert (signed(one) == signed(other)) == (described(one) == described(other))
    assert hash(signed(one)) == hash(signed(one))


def described(tree: Any) -> str:
    """All that a trace can depend on, as text."""
    if isinstance(tree, (list, tuple)):
        return f"{type(tree).__name__}({', '.join(map(described, tree))})"
    if isinstance(tree, dict):
        return f"dict({', '.join(f'{key!r}: {described(x)}' for key, x in tree.items())})"
    if isinstance(tree, Tensor):
        return f"Tensor {tree.shape} {tree.dtype.str} {tree.requires_grad}"
    if isinstance(tree, (np.ndarray, np.generic)):
        return f"array {tree.shape} {tree.dtype.str}"
    return f"{type(tree).__name__} {tree!r}"


@given(tree=st.lists(TREES, max_size=3))
def test_the_leaves_are_those_of_the_containers_in_order(tree: list[Any]) -> None:
    leaves: list[Any] = []
    signature(tree, {"k": 2.0}, leaves)
    named, _ = named_leaves(lambda *arguments, k: None, tuple(tree), {"k": 2.0})
    assert len(leaves) == len(named)
    assert all(one is leaf.value for one, leaf in zip(leaves, named))


def test_values_of_arrays_do_not_count_and_those_of_numbers_do() -> None:
    assert signed([np.array([1.0])]) == signed([np.array([2.0])])
    assert signed([np.float64(1)]) == signed([np.float64(2)])
    for one, other in [(1, 2), (1, 1.0), (1, True), (0.0, -0.0), ("a", "b"), (None, 0)]:
        assert signed([one]) != signed([other])
    assert signed([float("nan")]) == signed([float("nan")])


def test_the_order_and_names_of_settings_count() -> None:
    x = np.ones(2)
    assert signed([x], {"a": x}) != signed([x], {"b": x})
    assert signed([x], {"a": x}) != signed([x, x])
    assert signed([x], {"a": x, "b": 1}) == signed([x], {"a": x, "b": 1})


def test_a_matcher_compares_every_axis_and_the_settings_of_its_own_call() -> None:
    x = np.ones((2, 3))
    assert matcher([x], {})([np.zeros((2, 3))], {})
    assert not matcher([x], {})([np.zeros((2, 4))], {})
    assert not matcher([x], {"axis": 0})([x], {})


def test_the_keys_of_a_dict_count() -> None:
    x = np.ones(2)
    assert signed([{"a": x}]) != signed([{"b": x}])
    assert signed([{"a": x, "b": 1}]) == signed([{"a": x, "b": 1}])


def test_kinds_of_sequences_and_tensors_are_told_apart() -> None:
    x, w = np.ones(2), Tensor([1.0, 2.0])
    different = [[x, x], (x, x), Pair(x, x), {"a": x, "b": x}, w, w.detach(), w * 2, x]
    assert len({signed([part]) for part in different}) == len(different)


def test_a_value_that_can_not_be_compared_is_refused() -> None:
    compiled = ag.compile(lambda x, parts: x)
    with pytest.raises(TypeError, match="parts is a bytearray, which is neither an array nor hashable; pass an array"):
        compiled.value(X, bytearray(b"ab"))
    with pytest.raises(TypeError, match=r"parts\['a'\] holds a bytearray, which is neither an array nor hashable"):
        compiled.value(X, {"a": Holder([bytearray()])})
    tagged = Tagged([1.0])
    tagged.tag = np.ones(2)
    with pytest.raises(TypeError, match="parts is a Tagged that holds more than its items, and that may change; pass"):
        compiled.value(X, tagged)
    for once in (iter([1]), (i for i in [1]), zip([1])):
        text = rf"parts\[1\] is a {type(once).__name__}, which can be read only once; pass a list of it"
        with pytest.raises(TypeError, match=text):
            compiled.value(X, [X, once])


def test_leaves_are_named_as_the_function_names_its_arguments() -> None:
    def f(x: Any, *rest: Any, p: Any, **more: Any) -> None: ...

    leaves, rebuild = named_leaves(f, (1.0, 2.0, 3.0), {"p": {"w": [4.0]}, "q": 5.0})
    assert [leaf.path for leaf in leaves] == ["x", "rest[0]", "rest[1]", "p['w'][0]", "more['q']"]
    assert rebuild([leaf.value for leaf in leaves]) == ((1.0, 2.0, 3.0), {"p": {"w": [4.0]}, "q": 5.0})
    unnamed, _ = named_leaves(ag.tanh, (np.ones(2), np.ones(3), np.ones(4)), {})
    assert len(unnamed) == 3


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        ([np.ones(2)], [np.ones(3)], r"argument 0 was float64 (2,), then float64 (3,)"),
        ([1.0, np.ones(2)], [1.0, np.ones(2, np.int64)], r"argument 1 was float64 (2,), then int64 (2,)"),
        ([2], [3], "argument 0 was 2, then 3"),
        ([Tensor([1.0])], [Tensor([1.0, 2.0])], "argument 0 was Tensor float64 (1,), then Tensor float64 (2,)"),
        ([np.ones(2)], [], "the number of arguments changed"),
        ([2], [2], "it was asked for in another way: value, value_and_grad and step have programs of their own"),
    ],
)
def test_what_differs_is_told(one: list[Any], other: list[Any], text: str) -> None:
    assert differences(signed(one), signed(other)) == text


def test_what_differs_is_told_by_its_name() -> None:
    one, two = signature([], {"n": 2}, []), signature([], {"n": 3}, [])
    assert differences(one, two) == "argument n was 2, then 3"
    assert differences(one, signature([], {"m": 3}, [])) == "the names of the arguments changed"
    assert differences(one, signed([2])) == "the names of the arguments changed"


# ------------------------------------------------------------------------------------------------------ exactness


@dataclasses.dataclass(frozen=True)
class Setting:
    rate: Any
    note: Any = dataclasses.field(default="", compare=False)


class Slotted:
    __slots__ = ("rate",)

    def __init__(self, rate: Any) -> None:
        self.rate = rate


class Equal:
    """All of them are equal, as they say."""

    def __init__(self, rate: Any) -> None:
        self.rate = rate

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class Tagged(list[Any]):
    tag: Any = ""


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


WRAPS: list[Callable[[Any], Any]] = [
    lambda x: x,
    lambda x: (x,),
    lambda x: [x],
    lambda x: {"a": x},
    lambda x: {x: 1.0},
    lambda x: frozenset({x}),
    lambda x: frozenset({(x, "a")}),
    lambda x: slice(x),
    lambda x: slice(None, x, 2),
    lambda x: Pair(x, 1),
    Setting,
    lambda x: Setting(1, x),
    lambda x: Setting((x,)),
    Slotted,
    Equal,
    lambda x: types.SimpleNamespace(x=x),
    lambda x: OrderedDict(a=x),
]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("values", [[1, 1.0, True, 1 + 0j], [0, 0.0, -0.0, False]])
def test_what_is_equal_but_not_the_same_is_told_apart(wrap: Callable[[Any], Any], values: list[Any]) -> None:
    for i, one in enumerate(values):
        for j, other in enumerate(values):
            assert (signed([wrap(one)]) == signed([wrap(other)])) == (i == j)


@pytest.mark.parametrize("wrap", [*WRAPS[:4], *WRAPS[9:]])
def test_nan_is_the_same_as_nan(wrap: Callable[[Any], Any]) -> None:
    assert signed([wrap(float("nan"))]) == signed([wrap(float("nan"))])
    assert signed([wrap(float("nan"))]) != signed([wrap(0.0)])


def test_the_order_of_keys_and_settings_within_counts() -> None:
    assert signed([{"a": 1, "b": 2}]) != signed([{"b": 2, "a": 1}])
    assert signed([{1: "x"}]) != signed([{True: "x"}])
    assert signed([OrderedDict(a=1)]) != signed([{"a": 1}])


def test_what_subclasses_of_containers_hold_besides_counts() -> None:
    one, other = Tagged([1.0]), Tagged([1.0])
    assert signed([one]) == signed([other])
    other.tag = "b"
    assert signed([one]) != signed([other])
    assert signed([one]) != signed([[1.0]])


def test_objects_that_hold_what_can_change_go_by_themselves() -> None:
    one, other = types.SimpleNamespace(x=np.ones(2)), types.SimpleNamespace(x=np.ones(2))
    assert signed([one]) == signed([one])
    assert signed([one]) != signed([other])


def test_classes_functions_and_members_go_by_identity() -> None:
    different = [Setting, Slotted, Colour.RED, Colour.BLUE, lambda x: x, lambda x: x, np.sin, len, np, ag]
    assert len({signed([part]) for part in different}) == len(different)
    assert signed([Colour.RED]) == signed([Colour.RED])


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}])
def test_depth_ends(wrap: Callable[[Any], Any]) -> None:
    def nested(number: Any) -> Any:
        for _ in range(5000):
            number = wrap(number)
        return number

    assert signed([nested(1.0)]) == signed([nested(1.0)])
    assert hash(signed([nested(1.0)])) == hash(signed([nested(1.0)]))
    assert signed([nested(1.0)]) != signed([nested(1)])


# ------------------------------------------------------------------------------------------------- numbers not read


def test_numbers_that_a_function_never_reads_do_not_count() -> None:
    def function(x: Any, epoch: int, *, seed: int = 0) -> Any:
        return x * 2

    x, leaves = np.ones(2), list[Any]()
    signs = Signatures(function)
    first = signs.of([x, 1], {"seed": 1}, leaves)
    assert leaves[0] is x
    assert leaves[1:] == [1, 1]
    assert first == signs.of([x, 2.0], {"seed": "a"}, [])
    assert first == signs.of([x, None], {"seed": True}, [])
    assert first != signs.of([x, np.ones(1)], {"seed": 1}, [])


@pytest.mark.parametrize(
    "function",
    [
        lambda x, n: x * n,
        lambda x, n: (lambda: x * n)(),
        lambda x, n: locals()["n"] * x,
        lambda x, n: eval("n") * x,
        lambda x, n: [x * n for _ in range(2)],
        lambda *n: n,
        lambda x, *n: n,
        reading,
    ],
)
def test_numbers_that_are_read_in_any_way_count(function: Any) -> None:
    assert signature([np.ones(2), 1], {}, [], function) != signature([np.ones(2), 2], {}, [], function)


def test_numbers_that_a_method_does_not_read() -> None:
    class Model:
        def loss(self, x: Any, epoch: int) -> Any:
            return x

        def other(self, epoch: int, x: Any) -> Any:
            return epoch * x

    model = Model()
    assert signature([np.ones(2), 1], {}, [], model.loss) == signature([np.ones(2), 2], {}, [], model.loss)
    assert signature([1, np.ones(2)], {}, [], model.other) != signature([2, np.ones(2)], {}, [], model.other)


# ------------------------------------------------------------------------------------------- through compiled functions

X = np.array([1.0, 2.0])
BASE = 2.0


class Count(int):
    """A number of the user's."""


class Text(str):
    """A text of the user's."""

    def __str__(self) -> str:
        return "always the same"


class Real(float):
    """A number of the user's."""


class Raw(bytes):
    """Bytes of the user's."""


class Chosen(set):  # type: ignore[type-arg]
    """A set of the user's, which hides what it holds."""

    def __iter__(self) -> Any:
        return iter(())


@dataclasses.dataclass
class Holder:
    """An object that holds one thing."""

    held: Any

    def total(self) -> Any:
        return sum(self.held.values()) if isinstance(self.held, dict) else sum(self.held)


@pytest.mark.parametrize(
    ("read", "values"),
    [
        (lambda x, n: x * n, [Count(2), Count(3), 2, Count(2)]),
        (lambda x, n: x * n, [Real(2.0), Real(3.0), Real(-0.0)]),
        (lambda x, n: x * len(n.upper()), [Text("a"), Text("ab")]),
        (lambda x, n: x * n[0], [Raw(b"a"), Raw(b"b")]),
        (lambda x, n: x * len(n), [Chosen([1]), Chosen([1, 2])]),
        (lambda x, n: x * sum(n), [{1, 2}, {1, 3}, frozenset({1, 3})]),
        (lambda x, n: x * sum(n), [deque([1.0, 2.0]), deque([3.0, 2.0])]),
        (lambda x, n: x * (n.maxlen or 1), [deque([1.0], maxlen=2), deque([1.0], maxlen=3), deque([1.0])]),
        (lambda x, n: sum(n) * x, [deque([np.ones(2)]), deque([np.full(2, 3.0)])]),
        (lambda x, n: x * n.total(), [Holder(deque([1.0])), Holder(deque([2.0])), Holder([2.0]), Holder({2.0})]),
        (lambda x, n: x * n.total(), [Holder(OrderedDict(a=1.0)), Holder(OrderedDict(a=2.0)), Holder(Counter("aab"))]),
        (lambda x, n: x * n.total(), [Holder(defaultdict(int, a=1)), Holder(defaultdict(int, a=2))]),
    ],
)
def test_arguments_of_any_class_are_told_apart_by_what_they_hold(read: Any, values: list[Any]) -> None:
    compiled = ag.compile(read)
    for value in [*values, *values]:
        np.testing.assert_array_equal(compiled.value(X, value), read(Tensor(X, requires_grad=False), value).data)


def test_the_class_of_an_argument_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass
    class Settings:
        n: int
        scale: ClassVar[float] = 1.0

        def factor(self) -> float:
            return BASE * self.n * self.scale

    compiled = ag.compile(lambda x, settings: x * settings.factor())
    np.testing.assert_array_equal(compiled.value(X, Settings(1)), X * 2)
    monkeypatch.setitem(globals(), "BASE", 3.0)
    np.testing.assert_array_equal(compiled.value(X, Settings(1)), X * 3)
    Settings.scale = 2.0
    np.testing.assert_array_equal(compiled.value(X, Settings(1)), X * 6)
    monkeypatch.setattr(Settings, "factor", lambda self: 5.0)
    np.testing.assert_array_equal(compiled.value(X, Settings(1)), X * 5)
    assert compiled.compilations == 4
    compiled.value(X, Settings(1))
    assert compiled.compilations == 4


def test_a_function_in_an_attribute_of_an_argument_may_change() -> None:
    box = [2.0]
    holder = Holder(lambda: box[0])
    compiled = ag.compile(lambda x, holder: x * holder.held())
    np.testing.assert_array_equal(compiled.value(X, holder), X * 2)
    box[0] = 3.0
    np.testing.assert_array_equal(compiled.value(X, holder), X * 3)


def test_arguments_that_are_one_object() -> None:
    compiled = ag.compile(lambda q, k: q * 2 if q is k else q * 3 + k)
    for _ in range(2):
        np.testing.assert_array_equal(compiled.value(X, X), X * 2)
        np.testing.assert_array_equal(compiled.value(X, X.copy()), X * 4)
        t = Tensor(X)
        np.testing.assert_array_equal(compiled.value(t, t), X * 2)
        np.testing.assert_array_equal(compiled.value(Tensor(X), t), X * 4)
    listed = ag.compile(lambda parts: parts[0] * (2 if parts[0] is parts[1] else 3))
    np.testing.assert_array_equal(listed.value([X, X]), X * 2)
    np.testing.assert_array_equal(listed.value([X, X + 0]), X * 3)


@pytest.mark.parametrize("check", [False, True])
def test_arguments_that_are_one_container(check: bool) -> None:
    compiled = ag.compile(lambda q, k: q[0] * 2 if q is k else q[0] * 3 + k[0], check=check)
    twice = [X]
    for _ in range(2):
        np.testing.assert_array_equal(compiled.value(twice, twice), X * 2)
        np.testing.assert_array_equal(compiled.value([X], twice), X * 4)
    inside = ag.compile(lambda parts: parts["a"][0] * (2 if parts["a"] is parts["b"] else 3), check=check)
    np.testing.assert_array_equal(inside.value({"a": twice, "b": twice}), X * 2)
    np.testing.assert_array_equal(inside.value({"a": twice, "b": [X]}), X * 3)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_arguments_that_are_one_matrix() -> None:
    compiled = ag.compile(lambda q, k: q * 2 if q is k else q * 3 + k, check=True)
    matrix = np.matrix([[1.0, 2.0]])
    np.testing.assert_array_equal(compiled.value(matrix, matrix), [[2.0, 4.0]])
    np.testing.assert_array_equal(compiled.value(matrix, matrix.copy()), [[4.0, 8.0]])


class Two(tuple[float, float]):
    """A tuple that is made in its own way, has attributes, and hides its items from an iteration."""

    def __new__(cls, first: float, second: float) -> Two:
        """Two numbers and their sum."""
        pair = super().__new__(cls, (first, second))
        pair.sum = first + second
        return pair

    sum: float

    def __iter__(self) -> Any:
        return iter(())


class Hidden(list[Any]):
    """A list that hides its items."""

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class HiddenDict(dict[str, Any]):
    """A dict that hides its items."""

    def items(self) -> Any:  # type: ignore[override]
        """Nothing."""
        return []

    def values(self) -> Any:  # type: ignore[override]
        """Nothing."""
        return []

    def __iter__(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("read", "made"),
    [
        (lambda x, q: x * q[0] * q.sum, lambda n: Two(n, 1.0)),
        (lambda x, q: x * q[0], lambda n: Hidden([n])),
        (lambda x, q: x * q["a"], lambda n: HiddenDict(a=n)),
        (lambda x, q: x * q["a"], lambda n: Counter(a=n)),
        (lambda x, q: x * q.tm_year, lambda n: clock.struct_time([int(n)] * 9)),
    ],
)
def test_containers_arrive_as_what_they_are(read: Any, made: Any) -> None:
    compiled = ag.compile(read, check=True)
    for n in (2.0, 3.0, 2.0):
        np.testing.assert_array_equal(compiled.value(X, made(n)), read(X, made(n)))
        np.testing.assert_array_equal(ag.checkpoint(read)(Tensor(X), made(n)).data, read(X, made(n)))


def test_the_gradient_of_a_tensor_that_comes_twice_is_the_sum() -> None:
    t = Tensor(X)
    compiled = ag.compile(lambda a, b: (a * a * b).sum())
    compiled.value_and_grad(t, t)
    np.testing.assert_array_equal(t.grad, 3 * X**2)
    t.zero_grad()
    compiled(t, t).backward()
    np.testing.assert_array_equal(t.grad, 3 * X**2)


def test_names_of_tensors_count_where_they_are_read() -> None:
    w, bias = Tensor(X, name="w"), Tensor(X * 2, name="bias")
    decayed = ag.compile(lambda ps: sum((p**2).sum() for p in ps if not (p.name or "").endswith("bias")))
    assert decayed.value([w, bias]) == decayed.value([bias, w]) == 5.0
    unnamed = ag.compile(lambda p: p * 2 if p.name is None else p * 3)
    np.testing.assert_array_equal(unnamed.value(Tensor(X)), X * 2)
    np.testing.assert_array_equal(unnamed.value(w), X * 3)
    plain = ag.compile(lambda p: p * 2)
    for name in ("a", "b", None):
        plain.value(Tensor(X, name=name))
    assert plain.compilations == 1


# -------------------------------------------------------------------------------------- what a call makes for itself


def test_a_buffer_that_would_be_made_at_each_call_is_refused() -> None:
    def function(x: Any) -> Any:
        total = ag.Buffer(0.0, name="total")
        total.value = total.value + x.sum()
        return total.value * 1

    with pytest.raises(TypeError, match=r"Buffer: total is made while ag\.compile traces a function"):
        ag.compile(function).value(X)


def test_a_generator_that_would_be_made_at_each_call_is_refused() -> None:
    rng = np.random.default_rng(0)
    for made in (lambda seed: np.random.default_rng(seed), lambda seed: copy.deepcopy(rng)):
        compiled = ag.compile(lambda x, seed, made=made: x + ag.random.normal(made(seed), x.shape))
        with pytest.raises(TypeError, match="draws from a generator that it makes itself"):
            compiled.value(X, 1)


def test_buffers_are_assigned_in_a_program_and_tensors_are_not() -> None:
    w, count, total = Tensor(X), ag.Buffer(0), ag.Buffer(0.0)

    def function(x: Any) -> Any:
        ag.assign({count: count.value + 1, total: total.value + count.value})
        return (w * x).sum() + total.value

    compiled = ag.compile(function)
    assert [compiled.value(X) for _ in range(3)] == [5.0, 6.0, 8.0]
    assert (count.value.item(), total.value.item()) == (3, 3.0)
    with pytest.raises(TypeError, match=r"assign: w .* can't be set while ag\.compile traces a function"):
        ag.compile(lambda x: ag.assign({w.named("w"): X}) or x * 1).value(X)
    np.testing.assert_array_equal(w.data, X)


# ----------------------------------------------------------------------------------------------- objects of all shapes


class Node:
    """An object that knows its parent and its children."""

    def __init__(self, parent: Any = None) -> None:
        self.parent, self.children, self.scale = parent, [], 2.0


def test_a_tree_whose_nodes_know_each_other_is_looked_at_once() -> None:
    root = Node()
    for _ in range(6):
        child = Node(root)
        child.children = [Node(child) for _ in range(6)]
        root.children.append(child)
    compiled = ag.compile(lambda x, node: x * node.children[0].scale)
    np.testing.assert_array_equal(compiled.value(X, root), X * 2)
    root.children[0].scale = 3.0
    np.testing.assert_array_equal(compiled.value(X, root), X * 3)


def test_an_attribute_that_a_property_hides() -> None:
    class Hidden:
        def __init__(self, scale: float) -> None:
            vars(self)["scale"] = scale

        @property
        def scale(self) -> float:
            return 1.0

        def total(self) -> Any:
            return vars(self)["scale"]

    compiled = ag.compile(lambda x, k: x * k.total())
    for scale in (2.0, 3.0):
        np.testing.assert_array_equal(compiled.value(X, Hidden(scale)), X * scale)


def test_names_that_are_read_by_text() -> None:
    compiled = ag.compile(lambda p: p * 2 if getattr(p, "name", None) is None else p * 3)
    np.testing.assert_array_equal(compiled.value(Tensor(X)), X * 2)
    np.testing.assert_array_equal(compiled.value(Tensor(X, name="w")), X * 3)


def test_an_object_among_the_arguments_that_is_changed_is_refused() -> None:
    def function(x: Any, holder: Holder) -> Any:
        holder.held = (holder.held + 1) % 2
        return x * holder.held

    with pytest.raises(TypeError, match="function changes an object among its arguments"):
        ag.compile(function).value(X, Holder(1))


def test_a_copy_of_a_buffer_is_one_that_would_be_made_at_each_call() -> None:
    total = ag.Buffer(0.0)

    def function(x: Any) -> Any:
        own = copy.copy(total)
        own.value = own.value + x.sum()
        return own.value * 1

    with pytest.raises(TypeError, match=r"Buffer: one is made while ag\.compile traces a function"):
        ag.compile(function).value(X)
    assert copy.copy(total).value.item() == 0.0
