"""What is written for an operation computes what the operation does: in every form in which it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor, modes, ops
from autograd_mini.compiler.classifier import assigned, checked_labels
from autograd_mini.compiler.emit import Literals, is_literal
from autograd_mini.compiler.graph import Graph, Node, evaluate, graph_of
from autograd_mini.compiler.joined import section
from autograd_mini.compiler.names import Names
from autograd_mini.compiler.passes.scatter import added_at, filled
from autograd_mini.compiler.passes.short import vdot
from autograd_mini.compiler.spelling import Spelling, index_text, spelling
from autograd_mini.ops import Op
from autograd_mini.tensor import SAVED
from tests.autograd_mini.compiler.graphs import traced
from tests.operations import ROWS, Row

DTYPES = st.sampled_from([np.float64, np.float32])


def assert_equal(one: Any, other: Any) -> None:
    assert (np.shape(one), np.result_type(one)) == (np.shape(other), np.result_type(other))
    np.testing.assert_array_equal(one, other)


def copied(x: Any) -> Any:
    """A copy that lies in memory in the same order."""
    return x.copy(order="K") if isinstance(x, np.ndarray) else x


class Written:
    """A node with the values of its operands, and its source text with names for them."""

    def __init__(self, node: Node, spelled: Spelling, operands: list[Any]) -> None:
        assert node.op is not None
        self.node, self.spelled = node, spelled
        self.operands = [copied(x) for x in operands]
        self.names = [f"({x!r})" if is_literal(x) else f"x{i}" for i, x in enumerate(operands)]
        forward = node.op.forward
        self.scope = {"np": np, "call": lambda: forward(*self.operands, **node.settings)}
        self.scope |= {f"x{i}": x for i, x in enumerate(self.operands)}
        self.expected = forward(*map(copied, operands), **node.settings)

    def check(self) -> None:
        if self.spelled.fill is not None:
            self.check_fill(self.spelled.fill)
        elif self.spelled.changes_first:
            self.check_change()
        else:
            self.check_value(None)
            if self.spelled.takes_buffer:
                self.check_value(np.full(self.node.shape, 255, np.uint8).astype(self.node.dtype))
            if self.spelled.elementwise and self.spelled.takes_buffer:
                self.check_in_place()

    def check_value(self, buffer: Any) -> Any:
        """The value of the text, which is right, goes into the buffer, and is no view of an operand unawares."""
        names = [*self.names, *["call()"] * self.spelled.with_call]
        value = eval(self.spelled.write(names, None if buffer is None else "buffer"), self.scope | {"buffer": buffer})
        assert_equal(value, self.expected)
        assert buffer is None or value is buffer
        shares = any(np.may_share_memory(value, x) for x in self.operands if isinstance(x, np.ndarray))
        assert self.spelled.is_view or self.spelled.with_call or not shares or buffer is not None
        return value

    def check_in_place(self) -> None:
        for i, x in enumerate(self.operands):
            if isinstance(x, np.ndarray) and (x.shape, x.dtype) == (self.node.shape, self.node.dtype):
                before = copied(x)
                self.check_value(x)
                self.scope[f"x{i}"][...] = before

    def check_change(self) -> None:
        exec(self.spelled.write(self.names, None), self.scope)
        assert_equal(self.operands[0], self.expected)

    def check_fill(self, fill: Any) -> None:
        whole = np.full(self.node.shape, np.nan, self.node.dtype)
        exec("\n".join(fill("whole", self.names)), self.scope | {"whole": whole})
        assert_equal(whole, self.expected)


def written(graph: Graph) -> Iterator[Written]:
    """The nodes of a graph that have a spelling."""
    with np.errstate(all="ignore"):
        values = evaluate(graph, {node: np.asarray(node.source)[()] for node in graph.inputs})
        for node in graph.nodes:
            spelled = spelling(node) if node.op not in (None, SAVED) else None
            if spelled is not None:
                yield Written(node, spelled, [values[x] if isinstance(x, Node) else x for x in node.inputs])


def graph_of_row(row: Row, arrays: list[Any], options: dict[str, Any], dtype: Any) -> Graph:
    values = [x.astype(dtype) if x.dtype.kind == "f" else x for x in arrays]
    leaves = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in values]
    with modes.tracing(), np.errstate(all="ignore"):
        results = row.call(*leaves, **options)
        outputs = list(results) if isinstance(results, (list, tuple)) else [results]
        first = next((x for x in outputs if x.requires_grad), None)
        if first is not None:
            outputs += ag.gradients((first * 1.5).sum(), leaves, create_graph=True)
    return graph_of(outputs, dict(zip(leaves, values)), {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@settings(max_examples=5)
@given(data=st.data(), dtype=DTYPES)
def test_every_operation_and_those_of_its_gradient(row: Row, data: st.DataObject, dtype: Any) -> None:
    arrays, options = data.draw(row.cases)
    graph = graph_of_row(row, arrays, options, np.float64 if "dtype" in options else dtype)
    with np.errstate(all="ignore"):
        for each in written(graph):
            each.check()


NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 1e-310, 1e38])
BINARY = [
    op
    for op in vars(ops).values()
    if isinstance(op, Op) and op.elementwise and isinstance(op.numpy, np.ufunc) and op.arity == 2 and not op.settings
]
UNARY = [
    op
    for op in vars(ops).values()
    if isinstance(op, Op) and isinstance(op.numpy, np.ufunc) and op.arity == 1 and not op.settings
]


def scalar_node(op: Op, *inputs: Any) -> Written | None:
    value = op.forward(*inputs)
    node = Node((), np.result_type(value), op, inputs)
    spelled = spelling(node)
    return None if spelled is None else Written(node, spelled, list(inputs))


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@given(x=NUMBERS, y=NUMBERS, dtype=DTYPES, plain=st.sampled_from([None, 0, 1]))
def test_scalars_by_two(op: Op, x: float, y: float, dtype: Any, plain: int | None) -> None:
    inputs = [number if plain == i else dtype(number) for i, number in enumerate((x, y))]
    with np.errstate(all="ignore"):
        try:
            found = scalar_node(op, *inputs)
        except TypeError:
            return  # bits and the like are no business of floats
        if found is not None:
            found.check()


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
@given(x=NUMBERS, dtype=DTYPES)
def test_scalars_by_one(op: Op, x: float, dtype: Any) -> None:
    with np.errstate(all="ignore"):
        try:
            found = scalar_node(op, dtype(x))
        except TypeError:
            return
        if found is not None:
            found.check()


# ------------------------------------------------------------------------------- operations of the compiler's own


def node_of(op: Op, *inputs: Any, **options: Any) -> Node:
    value = op.forward(*inputs, **options)
    nodes = [Node(x.shape, x.dtype, source=x) if isinstance(x, np.ndarray) else x for x in inputs]
    return Node(np.shape(value), np.result_type(value), op, tuple(nodes), options)


X = np.arange(1.0, 7.0).reshape(2, 3)
OWN: list[tuple[Op, list[Any], dict[str, Any]]] = [
    (assigned, [X, np.array([0, 1]), np.array([2, 0]), 0], {}),
    (assigned, [X, np.array([0, 1]), np.array([2, 0]), np.array([7.0, 8.0])], {}),
    (checked_labels, [np.array([0, 2, 1])], {"classes": 3}),
    (checked_labels, [np.array([0, 2, 1], np.uint8)], {"classes": 3}),
    (section, [np.arange(9.0)], {"start": 2, "shape": (2, 3)}),
    (section, [np.arange(9.0)], {"start": 3, "shape": (0, 3)}),
    (vdot, [X, X + 1], {}),
    (added_at, [X, np.array([9.0, 9.0])], {"index": (slice(None), 1)}),
    (added_at, [X, np.float64(9.0)], {"index": (0, -1)}),
    (
        filled,
        [np.ones(2), np.full(1, 2.0)],
        {"indices": [(slice(0, 2),), (slice(4, 5),)], "shape": (5,), "covered": False},
    ),
    (filled, [np.ones(2), np.zeros(2)], {"indices": [(0,), (1,)], "shape": (2, 2), "covered": True}),
]


@pytest.mark.parametrize(("op", "inputs", "options"), OWN, ids=lambda x: getattr(x, "name", ""))
def test_an_operation_of_the_compiler(op: Op, inputs: list[Any], options: dict[str, Any]) -> None:
    node = node_of(op, *inputs, **options)
    spelled = spelling(node)
    assert spelled is not None
    Written(node, spelled, inputs).check()


def test_labels_out_of_range_are_left_to_the_operation() -> None:
    for dtype in (np.int64, np.int32, np.int8, np.uint8):
        node = node_of(checked_labels, np.array([0, 1], dtype), classes=3)
        (spelled,) = [s for s in [spelling(node)] if s is not None]
        for bad in ([0, 3], [2, 127]):
            scope = {"np": np, "y": np.array(bad, dtype), "call": lambda: "called"}
            assert eval(spelled.write(["y", "call()"], None), scope) == "called"
    scope = {"np": np, "y": np.array([-1, 0], np.int64), "call": lambda: "called"}
    spelled = spelling(node_of(checked_labels, np.array([0, 1]), classes=3))  # type: ignore[assignment]
    assert eval(spelled.write(["y", "call()"], None), scope) == "called"


# --------------------------------------------------------------------------------------------------------- indices


def test_one_entry_is_a_number_and_no_view() -> None:
    def f(x: Any) -> Any:
        entry = ag.sin(x)[..., 0]
        return entry * ag.exp(ag.cos(x)).sum()  # in the memory of the sine

    x = np.array([1.0, 2.0, 3.0])
    assert ag.compile(f).value(x) == f(x)
    for each in written(traced(lambda x: (x[..., 1], x[1], x[1, ...]), x)):
        assert isinstance(each.check_value(None), np.float64)


PARTS = st.one_of(
    st.integers(-3, 2),
    st.builds(slice, *[st.none() | st.integers(-4, 4)] * 2, st.none() | st.sampled_from([1, 2, -1, -2])),
    st.just(None),
    st.builds(np.int64, st.integers(0, 2)),
)


@given(index=st.lists(PARTS, max_size=3), ellipsis=st.none() | st.integers(0, 3))
def test_an_index_reads_as_it_is_meant(index: list[Any], ellipsis: int | None) -> None:
    if ellipsis is not None:
        index.insert(ellipsis, ...)
    x = np.arange(27.0).reshape(3, 3, 3)
    text = index_text(tuple(index))
    assert text is not None
    assert_equal(eval(f"x[{text}]", {"x": x}), x[tuple(index)])


@pytest.mark.parametrize("part", [True, "a", slice("a"), slice(1.5), 1.5])
def test_an_index_that_can_not_be_written_has_no_text(part: Any) -> None:
    assert index_text((0, part)) is None


# -------------------------------------------------------------------------------------------------------- literals


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(...) | st.just(np.float64(2.0)),
        lambda inner: st.tuples(inner, inner) | st.lists(inner) | st.builds(slice, inner, inner, inner),
    )
)
def test_a_literal_is_its_value(value: Any) -> None:
    if is_literal(value):
        assert repr(eval(repr(value), {})) == repr(value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), np.float64(1.0), np.int64(1), (1, np.nan), 1 << 1024]
)
def test_what_has_no_literal(value: Any) -> None:
    assert not is_literal(value)


def test_a_program_compares_with_an_integer_that_is_too_long_to_be_written() -> None:
    assert ag.compile(lambda x: x < 10**5000).value(np.array([1, 2])).all()


def test_a_number_has_one_name_for_the_same_bits() -> None:
    texts = Literals(Names())
    numbers = [np.float64(0.0), np.float64(-0.0), np.float32(0.0), np.int64(0), np.float64("nan")]
    names = [texts.text(x, "hint") for x in numbers]
    assert len(set(names)) == len(numbers)
    assert [texts.text(x.copy(), "hint") for x in numbers] == names
    assert [texts.constants[name].tobytes() for name in names] == [x.tobytes() for x in numbers]


@pytest.mark.parametrize(("value", "text"), [(2, "2"), (-2, "(-2)"), (-0.5, "(-0.5)"), (-0.0, "(-0.0)"), (0.0, "0.0")])
def test_a_negative_number_stands_in_brackets(value: Any, text: str) -> None:
    assert Literals(Names()).text(value, "hint") == text


# ---------------------------------------------------------------------------------------------- what needs a look


@pytest.mark.parametrize("exponent", [2, 2.0, 3, -1, 0.5, np.float64(2.0)])
def test_powers(exponent: Any) -> None:
    (power,) = written(traced(lambda x: x**exponent, np.array([1.0, 2.5, 3.0])))
    power.check()
    assert (power.spelled.write(["x", "2"], None) == "np.square(x)") == (
        type(exponent) in (int, float) and exponent == 2
    )


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.float16])
@pytest.mark.parametrize("exponent", [2, 2.0])
def test_a_square_is_one_only_where_the_dtype_stays(dtype: Any, exponent: Any) -> None:
    (power,) = written(traced(lambda x: x**exponent, np.array([0, 1, 20]).astype(dtype)))
    power.check()
    stays = power.node.dtype == dtype
    assert (power.spelled.write(["x", "2"], None) == "np.square(x)") == stays


def test_integers_stay_integers() -> None:
    graph = traced(lambda x: (abs(x), -x, x // 2, x % 2, x.sum(axis=0)), np.array([[-3, 4], [5, -6]]))
    for each in written(graph):
        each.check()


def test_a_function_of_its_own_is_called_whatever_it_answers_for() -> None:
    own = Op("own", lambda x: np.sin(x) + 1, None, numpy=np.sin)
    assert spelling(traced(own, np.ones(3)).nodes[-1]) is None
