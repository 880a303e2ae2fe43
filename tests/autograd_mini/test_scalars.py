"""The graph of the entries: its values, gradients, names and deltas, against the graph of the arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor, topological_order
from autograd_mini.drawing.scalars import expand as scalars
from autograd_mini.drawing.scalars.expand import ScalarGraph, expanded
from autograd_mini.drawing.scalars.subscripts import entry_names
from autograd_mini.graph.layers import net_inputs
from tests.operations import ROWS, Row
from tests.operations.rows import generators

LIMIT = 100_000


def slopes(graph: ScalarGraph, node: Tensor) -> np.ndarray:
    """The gradient of the scalar graph with respect to each entry of an array."""
    found = ag.gradients(graph.output) if graph.output.requires_grad else {}
    return np.reshape([found.get(entry, 0.0) for entry in graph.entries[node].flat], node.shape)


def values(graph: ScalarGraph, node: Tensor) -> np.ndarray:
    flat = [x.data if isinstance(x, Tensor) else x for x in graph.entries[node].flat]
    return np.reshape(np.array(flat, node.dtype), node.shape)


def assert_equal_graphs(output: Tensor, graph: ScalarGraph, rtol: float = 1e-9) -> None:
    """Every value and every gradient agree, entry by entry."""
    found = ag.gradients(output)
    seen: set[Any] = set()
    for node in topological_order(output):
        np.testing.assert_allclose(values(graph, node), node.data, rtol, rtol, err_msg=repr(node))
        mine = {x for x in graph.entries[node].flat if isinstance(x, Tensor) and x.requires_grad}
        # Entries that have moved belong to where they were first; sums of nothing are numbers.
        if node in found and len(mine) == node.size and mine.isdisjoint(seen):
            np.testing.assert_allclose(slopes(graph, node), found[node], rtol, rtol, err_msg=repr(node))
        seen |= mine
    assert all(node.shape == () for node in topological_order(graph.output))


def readable(node: Any) -> str:
    """A scalar Tensor as a formula of its named parts."""
    if not isinstance(node, Tensor) or node.op is None:
        return str(node.name if isinstance(node, Tensor) else node)
    return f"({f' {node.op.symbol} '.join(x.name or readable(x) for x in node.inputs)})"


def named(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    return {name: Tensor(rng.normal(size=shape), name=name) for name, shape in shapes.items()}


# ----------------------------------------------------------------------------------------- the net of the lecture


class Lecture:
    """Three inputs, three hidden neurons, two outputs, half the squared error: W_jk leads from unit j to unit k."""

    def __init__(self) -> None:
        self.x = Tensor([[0.5, -1.0, 2.0]], name="x", requires_grad=False)
        self.t = np.array([[1.0, 0.0]])
        self.__dict__.update(named({"W1": (3, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)}))
        self.z = ag.tanh(ag.affine(self.x, self.W1, self.b1)).named("z")
        self.y = ag.sigmoid(self.z @ self.W2 + self.b2).named("y")
        self.E = (0.5 * ((self.t - self.y) ** 2).sum()).named("E")

    W1: Tensor
    b1: Tensor
    W2: Tensor
    b2: Tensor


def test_the_derivatives_of_the_lecture() -> None:
    net = Lecture()
    graph = expanded(net.E, LIMIT)
    found = ag.gradients(graph.output)
    delta = {name: found[node] for node, name in graph.deltas.items()}
    x, z, y = net.x.data[0], net.z.data[0], net.y.data[0]
    weight, weights = net.W2.data, {node.name: g for node, g in found.items()}
    sub, total = "₁₂₃", 0
    for k in range(2):
        d = (y[k] - net.t[0, k]) * y[k] * (1 - y[k])
        assert delta[f"δ{sub[k]}⁽²⁾"] == pytest.approx(d, rel=1e-14)
        assert weights[f"b{sub[k]}⁽²⁾"] == delta[f"δ{sub[k]}⁽²⁾"]
        for j in range(3):
            assert weights[f"W{sub[j]}{sub[k]}⁽²⁾"] == delta[f"δ{sub[k]}⁽²⁾"] * z[j]
    for k in range(3):
        back = sum(delta[f"δ{sub[i]}⁽²⁾"] * weight[k, i] for i in range(2))
        assert delta[f"δ{sub[k]}⁽¹⁾"] == pytest.approx(back * (1 - z[k] ** 2), rel=1e-14)
        assert weights[f"b{sub[k]}⁽¹⁾"] == delta[f"δ{sub[k]}⁽¹⁾"]
        for j in range(3):
            assert weights[f"W{sub[j]}{sub[k]}⁽¹⁾"] == delta[f"δ{sub[k]}⁽¹⁾"] * x[j]
            total += 1
    assert (total, len(delta)) == (9, 5)
    assert not any(node.requires_grad for node in graph.entries[net.x].flat)


def test_net_inputs_are_written_as_in_the_lecture() -> None:
    graph = expanded(Lecture().E, LIMIT)
    written = {delta: readable(node) for node, delta in graph.deltas.items()}
    assert written["δ₂⁽²⁾"] == "((((z₁ * W₁₂⁽²⁾) + (z₂ * W₂₂⁽²⁾)) + (z₃ * W₃₂⁽²⁾)) + b₂⁽²⁾)"
    assert written["δ₁⁽¹⁾"] == "((((x₁ * W₁₁⁽¹⁾) + (x₂ * W₂₁⁽¹⁾)) + (x₃ * W₃₁⁽¹⁾)) + b₁⁽¹⁾)"
    assert graph.output.name == "E"


def test_the_weights_may_stand_first() -> None:
    W, x, b = Tensor([[1.0, 2.0], [3.0, 4.0]], name="W"), np.array([5.0, 6.0]), Tensor([7.0, 8.0], name="b")
    graph = expanded(ag.tanh(W @ x + b).sum(), LIMIT)
    assert [readable(node) for node in graph.deltas][1] == "(((W₂₁ * None) + (W₂₂ * None)) + b₂)"


# -------------------------------------------------------------------------------------------- equal to the arrays


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    samples=st.integers(1, 3),
    activation=st.sampled_from(["tanh", "relu", "sigmoid"]),
    loss=st.sampled_from(["cross entropy", "mse"]),
    rng=generators,
)
def test_a_net_of_scalars_equals_the_net(
    sizes: list[int], samples: int, activation: str, loss: str, rng: np.random.Generator
) -> None:
    model = nn.MLP(sizes, activation=activation, rng=rng)
    prediction = model(rng.normal(size=(samples, sizes[0])))
    if loss == "mse":
        output = nn.mse(prediction, rng.normal(size=prediction.shape))
    else:
        output = nn.softmax_cross_entropy(prediction, rng.integers(sizes[-1], size=samples))
    graph = expanded(output, LIMIT)
    assert_equal_graphs(output, graph)
    count = len(topological_order(graph.output))
    expanded(output, count)
    with pytest.raises(ValueError, match=f"has {count:,} scalar Tensors, more than max_nodes={count - 1:,}"):
        expanded(output, count - 1)


WITHOUT_FORM = {
    "add_at",
    "add_windows",
    "cholesky",
    "cofactor",
    "cofactor_slope",
    "conv",
    "conv_transpose",
    "conv_weight_gradient",
    "convolve",
    "det",
    "eigh",
    "einsum",
    "inv",
    "logabsdet",
    "nanmax",
    "nanmin",
    "partition",
    "pinv",
    "put",
    "qr",
    "scatter_add",
    "solve",
    "svd",
}
"""Operations that have no form in scalars."""


def has_no_form(node: Tensor) -> bool:
    """Whether it was computed by one of these; on numbers alone any operation is a form of its own."""
    of_numbers = all(np.shape(x) == () for x in (node, *node.inputs))
    return node.op is not None and node.op.name in WITHOUT_FORM and not of_numbers


DIFFERENTIABLE = [row for row in ROWS if row.order]


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
@settings(max_examples=10)
@given(data=st.data())
def test_an_operation_equals_its_form_in_scalars(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    result = row.call(*[Tensor(array) for array in arrays], **options)
    output = (result * np.random.default_rng(0).normal(size=result.shape)).sum()
    if not output.requires_grad:
        return
    if any(map(has_no_form, topological_order(output))):
        with pytest.raises(ValueError, match="can't be written with operations on entries"):
            expanded(output, LIMIT)
        return
    graph = expanded(output, LIMIT)
    assert_equal_graphs(output, graph)
    if not graph.output.requires_grad:  # a sum of nothing: one Tensor, which none of the arrays has
        return
    made = len(topological_order(graph.output))
    with pytest.raises(ValueError, match="scalar Tensors, more than"):
        expanded(output, made - 1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ag.max(x),
        lambda x: ag.min(x, axis=1).sum(),
        lambda x: ag.norm(x - x).sum() + ag.std(x[0]).sum(),
        lambda x: ag.softmax(x * 1e4)[0, 2] + ag.logsumexp(x * -1e4),
        lambda x: ag.log_softmax(x * 1e4, axis=0)[1, 1],
        lambda x: (ag.softmax(x.reshape((2, 3, 1)) * np.ones(4), axis=0) * np.arange(24.0).reshape((2, 3, 4))).sum(),
        lambda x: ag.stack([x[0, 0], 3.0])[0] * ag.where(x > 1.5, x, 0.0).sum(),
        lambda x: ag.stop_gradient(x).sum() * x.T[1, 0],
        lambda x: ag.sum(x[:, [0, 0, 2]] * np.array([[1.0, 2.0, 3.0]])),
        lambda x: x[np.arange(2), ag.argmax(x, axis=1)].sum(),
        lambda x: (ag.argmax(x, axis=1) * x[:, 0]).sum(),
        lambda x: ag.max_pool2d(x[None, None], (2, 2)).sum(),
    ],
)
def test_conventions_are_those_of_the_arrays(function: Callable[[Tensor], Tensor]) -> None:
    output = function(Tensor([[2.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    assert_equal_graphs(output, expanded(output, LIMIT))


def test_float32_stays_float32() -> None:
    x = Tensor([[1.0, 2.0]], dtype=np.float32)
    graph = expanded(ag.softmax_cross_entropy(x * 2.0, np.array([1])), LIMIT)
    assert {node.dtype for node in topological_order(graph.output)} == {np.dtype(np.float32)}


def test_the_warnings_of_the_forward_pass_are_not_repeated() -> None:
    with np.errstate(divide="ignore"):
        output = ag.log(Tensor([0.0, 1.0])).sum()
    assert expanded(output, LIMIT).output.data == -np.inf


def test_an_operation_of_the_user() -> None:
    cube = ag.Op("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2, elementwise=True)
    output = cube(Tensor([1.0, 2.0])).sum()
    graph = expanded(output, LIMIT)
    assert_equal_graphs(output, graph)
    assert [node.op.name for node in topological_order(graph.output) if node.op] == ["cube", "cube", "add"]


def test_any_operation_on_numbers_is_its_own_form() -> None:
    cube = ag.Op("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2)
    output = cube(Tensor(2.0))
    assert_equal_graphs(output, expanded(output, LIMIT))


def test_a_long_chain() -> None:
    output = x = Tensor([1.0], name="x")
    for _ in range(10_000):
        output = output + x
    graph = expanded(output, LIMIT)
    assert graph.output.data == 10_001
    assert net_inputs(output) == []


def test_drawing_needs_no_recording_and_leaves_the_graph_alone() -> None:
    net = Lecture()
    before = [(node, node.name, node.grad) for node in topological_order(net.E)]
    with ag.no_grad():
        graph = expanded(net.E, LIMIT)
    assert_equal_graphs(net.E, graph)
    assert [(node, node.name, node.grad) for node in topological_order(net.E)] == before


def test_entries_of_constants_are_shared() -> None:
    graph = expanded((np.array([[1.0, 2.0]]) @ Tensor(np.ones((2, 3)))).sum(), LIMIT)
    constants = [node for node in topological_order(graph.output) if not node.requires_grad]
    assert [node.item() for node in constants] == [1.0, 2.0]


# ------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("W", (1, 2), "W₁ W₂"),
        ("z", (2, 1), "z₁₁ z₂₁"),
        ("b", (1,), "b₁"),
        ("k", (1, 1, 2), "k₁₁₁ k₁₁₂"),
        ("h12", (1,), "h₁⁽¹²⁾"),
        ("δ2", (1,), "δ₁⁽²⁾"),
        ("W1", (), "W1"),
        ("W_1", (1,), "(W_1)₁"),
        ("W₁", (1,), "(W₁)₁"),
        ("layers.0.weight", (1,), "layers.0.weight₁"),
        ("7", (1,), "(7)₁"),
        ("", (1,), "₁"),
    ],
)
def test_names_of_entries(name: str, shape: tuple[int, ...], expected: str) -> None:
    assert " ".join(entry_names(name, shape)) == expected


@given(
    st.sets(st.sampled_from(["W", "W1", "W11", "W_1", "W₁", "1"]), min_size=2),
    st.lists(st.integers(1, 12), min_size=1, max_size=3).map(tuple),
)
def test_no_two_entries_have_the_same_name(names: set[str], shape: tuple[int, ...]) -> None:
    every = [entry for name in names for entry in entry_names(name, shape)]
    assert len(set(every)) == len(every) == len(names) * np.prod(shape)


def test_an_entry_keeps_the_name_that_it_got_first() -> None:
    x = Tensor([1.0, 2.0], name="x")
    graph = expanded(x.reshape((2, 1)).named("y")[1, 0], LIMIT)
    assert graph.output.name == "x₂"


def test_parts_of_a_named_sum_have_no_name() -> None:
    graph = expanded((Tensor([1.0, 2.0]) @ Tensor([3.0, 4.0])).named("y"), LIMIT)
    assert [node.name for node in topological_order(graph.output)] == [None] * 6 + ["y"]


# ------------------------------------------------------------------------------------------------------ deltas


def test_layers_are_counted_forward() -> None:
    net = Lecture()
    assert [node.shape for node in net_inputs(net.E)] == [(1, 3), (1, 2)]


def test_what_is_a_net_input() -> None:
    p = named({"x": (1, 2), "W": (2, 2), "b": (2,), "V": (2, 2)})
    h = ag.tanh(p["b"] + p["x"] @ p["W"])
    residual = h @ p["V"].T + h  # what is added is no parameter
    attention = residual @ residual.T  # neither is what is multiplied by
    assert [node.op.name for node in net_inputs(attention.sum()) if node.op] == ["add", "matmul"]


def test_a_product_used_twice_is_a_net_input_without_the_bias() -> None:
    p = named({"x": (2,), "W": (2, 2), "b": (2,)})
    product = p["x"] @ p["W"]
    assert [node is product for node in net_inputs((product + p["b"] + product).sum())] == [True]


def test_what_enlarges_a_product_is_no_bias() -> None:
    p = named({"x": (2,), "W": (2, 2), "b": (3, 2)})
    assert [node.shape for node in net_inputs((p["x"] @ p["W"] + p["b"]).sum())] == [(2,)]


def test_deltas_of_a_batch_name_the_sample_first() -> None:
    p = named({"x": (2, 3), "W": (3, 1)})
    assert list(expanded((p["x"] @ p["W"]).sum(), LIMIT).deltas.values()) == ["δ₁₁", "δ₂₁"]


# ------------------------------------------------------------------------------------------------------ errors


def test_an_output_of_several_entries_is_refused() -> None:
    with pytest.raises(ValueError, match=r'expand="scalar" draws the graph of one number, and y \(2,\) has 2 entries'):
        expanded(Tensor([1.0, 2.0], name="y"), LIMIT)
    with pytest.raises(TypeError, match="expected a Tensor, got float"):
        expanded(1.0, LIMIT)  # type: ignore[arg-type]


def test_a_large_graph_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = ag.relu(np.ones((100, 784)) @ Tensor(np.ones((784, 300)))).mean().named("E")
    monkeypatch.setattr(scalars, "_entries", None)
    count = 100 * 784 + 784 * 300 + 100 * 300 * (2 * 784 - 1) + 2 * 100 * 300
    with pytest.raises(
        ValueError, match=rf"the graph of E \(\) has {count:,} scalar Tensors, more than max_nodes=300;"
    ):
        expanded(loss, 300)


def test_an_operation_without_a_form_is_named() -> None:
    output = ag.linalg.det(Tensor([[1.0, 2.0], [3.0, 4.0]], name="A")).named("d")
    with pytest.raises(ValueError, match=r"draw: det, which gave d \(\), can't be written .* elementwise=True"):
        expanded(output, LIMIT)
