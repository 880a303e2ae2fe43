"""The layered picture: the layers that are found, then the DOT text, then the pictures of every renderer there is."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing.network.layers import Layer, find_layers
from tests.autograd_mini.test_draw import HOSTILE, renderer, svg_texts

__all__ = ["renderer"]

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
W1, b1 = Tensor(rng.normal(size=(3, 4)), name="W1"), Tensor(rng.normal(size=4), name="b1")
W2, b2 = Tensor(rng.normal(size=(4, 2)), name="W2"), Tensor(rng.normal(size=2), name="b2")
SQUARE = Tensor(rng.normal(size=(4, 4)), name="square")


def mlp(*sizes: int, activation: str = "tanh") -> Tensor:
    model = nn.MLP(sizes, activation=activation, rng=np.random.default_rng(1))
    output: Tensor = model(np.random.default_rng(2).normal(size=(5, sizes[0])))
    return output


def by_hand() -> Tensor:
    return ag.tanh(X @ W1 + b1) @ W2 + b2  # type: ignore[no-any-return]


def readable(output: Tensor, **settings: Any) -> str:
    """The DOT text with the backslashes before special characters taken out."""
    return re.sub(r"\\([ {}<>|])", r"\1", ag.draw_network(output, **settings).source)


def lines(output: Tensor, **settings: Any) -> list[str]:
    """The lines of weights."""
    return [line for line in readable(output, **settings).splitlines() if "penwidth" in line and "->" in line]


def evaluate(layers: list[Layer], data: Any) -> Any:
    """What the layers say that the network computes, samples in rows."""
    for layer in layers[1:]:
        data = data @ layer.weight + (0 if layer.bias is None else layer.bias)
        for name in layer.functions:
            data = getattr(ag, name)(data)
        if layer.constant is not None:
            data = np.insert(data, layer.constant, 1, axis=1)
    return data


# -------------------------------------------------------------------------------------------------- the layers found


def affine(x: Any, W: Any, b: Any) -> Any:
    return ag.affine(x, Tensor(W), Tensor(b))


def added(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W) + Tensor(b)


def added_before(x: Any, W: Any, b: Any) -> Any:
    return Tensor(b) + x @ Tensor(W)


def subtracted(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W) - Tensor(-b)


def transposed(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W.T).T + Tensor(b)


def in_columns(x: Any, W: Any, b: Any) -> Any:
    return (Tensor(W).T @ x.T + Tensor(b[:, None])).T


def row_of_biases(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W) + Tensor(b[None])


def number_added(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W) + 0.5


def without_bias(x: Any, W: Any, b: Any) -> Any:
    return x @ Tensor(W)


def ones_before(x: Any, W: Any, b: Any) -> Any:
    return ag.concatenate([np.ones((len(x), 1)), x], axis=1) @ Tensor(np.vstack([b, W]))


def ones_after(x: Any, W: Any, b: Any) -> Any:
    return ag.concatenate([x, np.ones((len(x), 1))], axis=1) @ Tensor(np.vstack([W, b]))


FORMS = [affine, added, added_before, subtracted, transposed, in_columns, row_of_biases, number_added, without_bias]
FORMS_AFTER_A_LAYER = [*FORMS, ones_before, ones_after]


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.integers(2, 4),
    st.sampled_from(["tanh", "relu", "sigmoid", "softmax", "positive"]),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_the_layers_found_compute_the_output(
    sizes: list[int], samples: int, activation: str, seed: int, data: st.DataObject
) -> None:
    generator = np.random.default_rng(seed)
    start = x = generator.normal(size=(samples, sizes[0]))
    for place, (before, after) in enumerate(pairwise(sizes)):
        form = data.draw(st.sampled_from(FORMS_AFTER_A_LAYER if place else FORMS))
        x = form(x, generator.normal(size=(before, after)), generator.normal(size=after))
        x = getattr(ag, activation)(x)
    layers = find_layers(x)
    np.testing.assert_allclose(evaluate(layers, start), x.data)
    assert [layer.size - (layer.constant is not None) for layer in layers] == sizes
    assert layers[-1].tail == ()


def test_a_model_of_nn() -> None:
    layers = find_layers(mlp(3, 4, 2))
    assert [layer.title for layer in layers] == ["input", "layers.0", "layers.1"]
    assert [layer.functions for layer in layers] == [(), ("tanh",), ()]
    assert layers[2].weight_name == "layers.1.weight"


def test_columns_are_called_by_the_names_of_tensors() -> None:
    x = Tensor(X, requires_grad=False, name="x")
    h = ag.tanh((x @ W1 + b1).named("z1")).named("h1")
    assert [layer.title for layer in find_layers(h @ W2)] == ["x", "h1", "output"]
    assert [layer.title for layer in find_layers(ag.tanh((X @ W1).named("z1")) @ W2)] == ["input", "z1", "output"]
    assert [layer.title for layer in find_layers(by_hand())] == ["input", "hidden 1", "output"]


def test_one_sample_and_one_output() -> None:
    w, x = Tensor([1.0, 2.0], name="w"), np.array([3.0, 4.0])
    for output in (ag.sigmoid(w @ x + 0.5), ag.sigmoid(x @ w + 0.5), ag.sigmoid(np.ones((5, 2)) @ w + 0.5)):
        layers = find_layers(output)
        np.testing.assert_array_equal(layers[1].weight, [[1], [2]])
        np.testing.assert_array_equal(layers[1].bias, [0.5])
        assert layers[1].functions == ("sigmoid",)


def test_samples_in_columns() -> None:
    x = rng.normal(size=3)
    for data in (x, x[:, None], X.T):
        column = b1.data if data.ndim == 1 else b1.data[:, None]
        layers = find_layers(SQUARE @ ag.relu(W1.T @ data + Tensor(column)))
        np.testing.assert_array_equal(layers[1].weight, W1.data)
        np.testing.assert_array_equal(layers[1].bias, b1.data)
        np.testing.assert_array_equal(layers[2].weight, SQUARE.data.T)


@pytest.mark.parametrize(
    ("loss", "functions", "tail"),
    [
        (lambda z: nn.softmax_cross_entropy(z, [0, 1, 0, 1, 1]), (), ("softmax_cross_entropy",)),
        (lambda z: nn.mse(z, np.ones((5, 2))), (), ("subtract", "multiply", "mean")),
        (lambda z: nn.mse(z, Tensor(np.ones((5, 2)))), (), ("subtract", "multiply", "mean")),
        (lambda z: nn.mse(ag.sigmoid(z), np.ones((5, 2))), ("sigmoid",), ("subtract", "multiply", "mean")),
        (lambda z: -ag.log_softmax(z)[np.arange(5), 0].mean(), ("log_softmax",), ("getitem", "mean", "negative")),
        (lambda z: (z * z).sum() + 0.1 * (W1 * W1).sum(), (), ("multiply", "sum", "add")),
        (ag.softmax, ("softmax",), ()),
        (ag.silu, ("sigmoid", "multiply"), ()),
    ],
)
def test_a_loss_is_no_layer(loss: Callable[[Any], Tensor], functions: tuple[str, ...], tail: tuple[str, ...]) -> None:
    layers = find_layers(loss(by_hand()))
    assert len(layers) == 3
    assert (layers[-1].functions, layers[-1].tail) == (functions, tail)
    np.testing.assert_array_equal(layers[-1].bias, b2.data)


def test_only_what_is_added_to_each_unit_is_a_bias() -> None:
    one = Tensor(np.ones((3, 1)))
    for output, name in (
        (X @ one + Tensor(np.ones(4)), "add"),
        (X @ W1 + Tensor(np.ones((5, 1))), "add"),
        (b1 - X @ W1, "subtract"),
    ):
        layer = find_layers(output)[-1]
        assert layer.bias is None
        assert layer.tail == (name,)


def test_a_product_that_is_also_read_without_an_addend_has_no_bias() -> None:
    z = X @ W1
    layer = find_layers(ag.tanh(z) * (z + 1.0))[-1]
    assert (layer.bias, layer.functions) == (None, ("tanh", "add", "multiply"))


def test_an_autoencoder_is_compared_with_its_data() -> None:
    layers = find_layers(nn.mse(ag.tanh(X @ W1) @ W1.T, X))
    np.testing.assert_array_equal(layers[2].weight, W1.data.T)


def test_a_frozen_layer_is_a_layer() -> None:
    frozen = Tensor(np.ones((4, 2)), requires_grad=False, name="frozen")
    assert find_layers(ag.tanh(X @ W1) @ frozen)[-1].weight_name == "frozen"
    assert len(find_layers(ag.tanh(X @ W1) @ np.ones((4, 2)))) == 3


def test_a_column_of_ones_in_the_data_is_a_unit_that_is_always_one() -> None:
    ones = np.ones((5, 1))
    W = Tensor(np.ones((4, 2)))
    assert find_layers(np.hstack([ones, X]) @ W)[0].constant == 0
    assert find_layers(np.hstack([X, ones]) @ W)[0].constant == 3
    assert find_layers(W.T @ np.hstack([X, ones]).T)[0].constant == 3
    assert find_layers(np.ones((5, 4)) @ W)[0].constant is None
    assert find_layers(np.ones(4) @ W)[0].constant is None


def test_data_that_requires_a_gradient_is_told_from_the_weights() -> None:
    x = Tensor(X, name="x")
    for output in (ag.tanh(x @ W1) @ W2, x @ W1 + b1, ag.affine(x, W1, b1), (x * 2 - 1) @ W1 + b1):
        layers = find_layers(output)
        assert (layers[0].title, layers[1].weight_name) == ("x", "W1")
    with pytest.raises(
        ValueError, match=r"matmul: x \(5, 3\) @ W1 \(3, 4\): either may be the weight; .*requires_grad"
    ):
        find_layers(x @ W1)


def test_one_sample_with_a_unit_that_is_always_one() -> None:
    h = ag.tanh(W1.T @ X[0])
    U = Tensor(np.arange(10.0).reshape(2, 5))
    assert find_layers(U @ ag.concatenate([[1.0], h]))[1].constant == 0
    assert find_layers(U @ ag.append(h, 1.0))[1].constant == 4


def test_an_operation_of_the_user_is_an_activation() -> None:
    bump = ag.Op("bump", lambda x: np.exp(-x * x), lambda g, out, x: -2 * g * out * x)
    assert find_layers(bump(X @ W1) @ W2)[1].functions == ("bump",)


def test_long_chains_between_layers() -> None:
    x, z = Tensor(X), X @ W1
    for _ in range(10_000):
        x = x * 1.0
        z = z * 1.0
    assert len(find_layers(z @ W2)[1].functions) == 10_000
    assert len(find_layers(ag.tanh(x @ W1) @ W2)) == 3


def test_a_deep_network_is_found_without_recursion() -> None:
    x = np.ones((1, 4))
    for _ in range(1500):
        x = ag.tanh(x @ SQUARE)
    assert len(find_layers(x)) == 1501


# ------------------------------------------------------------------------------------------------------- refusals


def residual() -> Tensor:
    h = ag.tanh(X @ W1)
    return h + ag.tanh(h @ SQUARE)  # type: ignore[no-any-return]


def attention() -> Tensor:
    q, k = X @ W1, X @ Tensor(rng.normal(size=(3, 4)))
    return ag.softmax(q @ k.T)  # type: ignore[no-any-return]


def convolution() -> Tensor:
    kernels = Tensor(np.ones((2, 1, 3)))
    return ag.conv1d(np.ones((5, 1, 4)), kernels).reshape((5, 4)) @ W2  # type: ignore[no-any-return]


def normalised() -> Any:
    h = X @ W1
    return (h - h.mean(axis=1, keepdims=True)) @ W2


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (residual, r"add: Tensor \(5, 4\) joins Tensor \(5, 4\) and Tensor \(5, 4\)"),
        (attention, r"matmul: Tensor \(5, 5\) joins"),
        (convolution, r"conv: .* stands before the first layer"),
        (lambda: ag.conv1d((X @ W1)[:, None], Tensor(np.ones((1, 1, 3)))), r"conv: .* after the last layer"),
        (lambda: ag.affine(X, W1, X @ W1), r"affine: .* adds more than a bias"),
        (lambda: ag.affine(X, W1, Tensor(np.ones((5, 1)))), r"affine: .* adds more than a bias"),
        (normalised, r"mean: Tensor \(5, 1\) stands between two layers and is neither a bias nor an activation"),
        (lambda: ag.tanh((X @ W1).named("left")) + (X @ W1).named("right"), r"add: .* joins left .* and right"),
        (lambda: ag.tanh(ag.concatenate([np.ones((5, 1)), X @ W1], axis=1)) @ Tensor(np.ones((5, 2))), r"tanh: "),
        (lambda: (X[:1] @ W1).reshape((4, 1)) @ Tensor(np.ones((1, 2))), r"matmul: .* multiplies 1 values, not the 4"),
        (lambda: (W1.T @ X.T).reshape((5, 4)) @ W2, r"reshape: .* neither a bias nor an activation"),
        (lambda: X + ag.tanh(X @ W1) @ Tensor(np.ones((4, 3))), r"add: .* reads the data again after a layer"),
        (lambda: (X @ Tensor(np.ones((3, 3))) + X) @ W1, r"add: .* reads the data again after a layer"),
        (lambda: (X @ W1 * Tensor(np.ones(4))) @ W2, r"multiply: .* neither a bias nor an activation"),
        (lambda: (X @ W1)[:, ::-1] @ W2, r"getitem: .* neither a bias nor an activation"),
        (lambda: SQUARE @ (np.ones((4, 4)) @ SQUARE), r"matmul: .* sums over another axis"),
        (lambda: ag.concatenate([X @ W1, np.zeros((5, 1))], axis=1) @ Tensor(np.ones((5, 2))), r"concatenate: "),
        (lambda: ag.take(W1, [0, 1], axis=0) @ W2, r"getitem: .* before the first layer"),
        (lambda: (Tensor(X) * Tensor(X)) @ W1, r"multiply: .* combines several parameters"),
        (lambda: Tensor(2.0) * 3, r"multiply: .* has no product x @ W"),
        (lambda: Tensor(2.0, name="x"), r"leaf: x \(\) has no product"),
        (lambda: np.ones((2, 0)) @ Tensor(np.ones((0, 3))), r"matmul: .* has a layer without units"),
    ],
)
def test_what_is_no_chain_of_layers_is_refused_by_name(output: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"draw_network: {message}.*use ag.draw"):
        ag.draw_network(output())


@pytest.mark.parametrize(
    "settings",
    [
        {"direction": "up"}, {"max_units": 1}, {"max_units": 2.5}, {"max_units": True}, {"theme": "pink"},
        {"size": 3}, {"size": (3, -1)}, {"size": "big"}, {"dpi": 0}, {"dpi": "high"},
    ],
)  # fmt: skip
def test_unusable_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=f"draw_network: {next(iter(settings))} is .*, got "):
        ag.draw_network(by_hand(), **settings)


def test_only_tensors_are_drawn() -> None:
    with pytest.raises(TypeError, match="draw_network: expected a Tensor, got MLP; pass the output"):
        ag.draw_network(nn.MLP([2, 2], rng=rng))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- the DOT text


def test_every_weight_is_a_line_with_its_number() -> None:
    found = lines(by_hand())
    assert len(found) == 3 * 4 + 4 * 2
    for i in range(3):
        for j in range(4):
            name = f"W1: {'x' + '₁₂₃'[i]} → unit {j + 1}: {W1.data[i, j]:.4g}"
            assert sum(f'tooltip="{name}"' in line for line in found) == 1
    assert sum(f"W2: unit 4 → y₂: {W2.data[3, 1]:.4g}" in line for line in found) == 1


def test_width_colour_and_dashes_of_lines() -> None:
    W = Tensor([[2.0, -4.0, 0.0, np.nan, np.inf]])
    assert [
        re.findall(r'color="(\S+)" style=(\w+) penwidth=(\S+)', line)[0] for line in lines(np.ones((2, 1)) @ W)
    ] == [
        ("#0072b2", "solid", "2.20"),
        ("#d55e00", "dashed", "4.00"),
        ("#b5b5b5", "solid", "0.40"),
        ("#9b1d9b", "dotted", "4.00"),
        ("#9b1d9b", "dotted", "4.00"),
    ]


def test_weights_that_are_all_zero_or_nan_are_drawn() -> None:
    for fill in (0.0, np.nan):
        assert len(lines(np.ones((2, 3)) @ Tensor(np.full((3, 2), fill)))) == 6


def test_rings_show_biases() -> None:
    text = readable(np.ones((2, 1)) @ Tensor([[1.0, 1.0, 1.0]]) + Tensor([1.0, -2.0, np.nan]))
    assert re.findall(r'unit1_\d \[.* color="(\S+)" style="(\S+)" penwidth=(\S+) ', text) == [
        ("#0072b2", "filled,solid", "2.50"),
        ("#d55e00", "filled,dashed", "4.00"),
        ("#9b1d9b", "filled,dotted", "4.00"),
    ]
    assert r'tooltip="output: y₂\nbias -2"' in text


def test_wide_layers_show_their_first_units_and_their_last() -> None:
    text = readable(mlp(784, 200, 10))
    assert {int(unit) for unit in re.findall(r"unit0_(\d+) \[label", text)} == {*range(15), 783}
    assert {int(unit) for unit in re.findall(r"unit1_(\d+) \[label", text)} == {*range(15), 199}
    for part in (r"\n784 inputs", r"\n200 units", r"\n10 outputs", "more0 [", "more1 [", "⋮"):
        assert part in text
    assert "more2" not in text
    assert len(lines(mlp(784, 200, 10))) == 16 * 16 + 16 * 10


@pytest.mark.parametrize("size", [1, 4, 5, 6])
def test_as_many_circles_as_fit(size: int) -> None:
    circles = re.findall(r"unit0_(\d+) \[label", readable(mlp(size, 2), max_units=5))
    assert [int(unit) for unit in circles] == (list(range(size)) if size <= 5 else [0, 1, 2, 3, size - 1])


def test_a_unit_that_is_always_one_has_no_weights_of_its_own() -> None:
    h = ag.concatenate([np.ones((5, 1)), ag.tanh(X @ W1)], axis=1)
    output = h @ Tensor(np.arange(10.0).reshape(5, 2), name="U")
    found = lines(output)
    assert len(found) == 3 * 4 + 5 * 2
    assert not any("-> unit1_0 " in line for line in found)
    assert any("U: 1 → y₂: 1" in line for line in found)
    assert any("U: unit 4 → y₁: 8" in line and "unit1_4 -> unit2_0" in line for line in found)
    assert any(f"W1: x₁ → unit 1: {W1.data[0, 0]:.4g}" in line and "-> unit1_1 " in line for line in found)


def test_what_follows_the_layers_is_named() -> None:
    text = readable(nn.softmax_cross_entropy(mlp(3, 4, 2, activation="relu"), [0] * 5))
    assert '[shape=plaintext fixedsize=false height=0 margin="0.1,0.05" label="relu"]' in text
    assert r"then\nsoftmax_cross_entropy" in text


def test_the_settings_of_the_picture() -> None:
    text = readable(by_hand(), direction="TB", theme="dark", size=(8, 5.5), dpi=150, max_units=2)
    for part in ("rankdir=TB", 'bgcolor="#1b1e23"', 'size="8,5.5"', 'dpi="150"', "⋯"):
        assert part in text


def test_two_runs_give_the_same_bytes() -> None:
    program = (
        "import autograd_mini as ag, nn, numpy as np; m = nn.MLP([3, 4, 2], rng=np.random.default_rng(0));"
        "print(ag.draw_network(m(np.ones((2, 3)))).source)"
    )
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1


def test_drawing_touches_nothing() -> None:
    output = by_hand().sum()
    before = ag.draw_network(output).source
    assert all(node.grad is None for node in ag.topological_order(output))
    output.backward()
    assert ag.draw_network(output).source == before


# ------------------------------------------------------------------------------------------------------- pictures

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}title"


def circles(svg: str) -> dict[str, tuple[float, float, float]]:
    """Centre and radius of each unit."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        title, shape = group.findtext(f"{SVG}title") or "", next(group.iter(f"{SVG}ellipse"), None)
        if group.get("class") == "node" and title.startswith("unit") and shape is not None:
            found[title] = (float(shape.attrib["cx"]), float(shape.attrib["cy"]), float(shape.attrib["rx"]))
    return found


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """About where each text stands: from left to right, from top to bottom."""
    found = []
    for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        x, y, height = (float(element.attrib[name]) for name in ("x", "y", "font-size"))
        width = 0.45 * height * len((element.text or "").rstrip())
        left = x - {"middle": width / 2, "start": 0, "end": width}[element.attrib.get("text-anchor", "start")]
        found.append((left, left + width, y - 0.7 * height, y))
    return found


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("sizes", [(3, 3, 2), (4, 5, 3), (2, 1), (1, 7, 1, 4), (64, 32, 10)])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_units_stand_in_columns_in_order_around_one_line(sizes: tuple[int, ...], direction: str) -> None:
    svg = ag.draw_network(mlp(*sizes), direction=direction).pipe(encoding="utf-8")
    across, along = (0, 1) if direction == "LR" else (1, 0)
    places: dict[int, list[tuple[int, Any]]] = {}
    for title, centre in circles(svg).items():
        column, unit = map(int, title[4:].split("_"))
        places.setdefault(column, []).append((unit, centre))
    ranks, middles, gaps = [], [], set()
    for column, size in enumerate(sizes):
        centres = [centre for _, centre in sorted(places[column])]
        assert len(centres) == min(size, 16)
        assert len({centre[across] for centre in centres}) == 1
        line = [centre[along] for centre in centres]
        assert line == sorted(line)
        gaps |= {round(b - a) for a, b in pairwise(line)} if size <= 16 else set()
        ranks.append(centres[0][across])
        middles.append((line[0] + line[-1]) / 2)
    assert ranks == sorted(ranks)
    assert max(middles) - min(middles) < 1.5
    assert not gaps or max(gaps) - min(gaps) <= 1


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("sizes", [(3, 3, 2), (3, 5, 1)])
def test_lines_are_straight(sizes: tuple[int, ...]) -> None:
    svg = ag.draw_network(mlp(*sizes)).pipe(encoding="utf-8")
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        points = np.array(re.findall(r"-?[\d.]+", path.attrib["d"]), float).reshape(-1, 2)
        (x, y), (dx, dy) = points[0], points[-1] - points[0]
        assert np.all(np.abs((points[:, 0] - x) * dy - (points[:, 1] - y) * dx) < 0.05 * np.hypot(dx, dy))


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("sizes", [(3, 3, 2), (784, 200, 10), (1, 1), (2, 2, 2, 2, 2)])
def test_no_text_stands_on_another(sizes: tuple[int, ...]) -> None:
    svg = ag.draw_network(nn.mse(mlp(*sizes), np.ones((5, sizes[-1])))).pipe(encoding="utf-8")
    found = boxes(svg)
    for position, (left, right, top, bottom) in enumerate(found):
        for other in found[position + 1 :]:
            assert right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top


@pytest.mark.usefixtures("renderer")
def test_the_svg_shows_every_word() -> None:
    svg = ag.draw_network(nn.mse(mlp(3, 4, 2), np.ones((5, 2)))).pipe(encoding="utf-8")
    texts = [" ".join(text.split()) for text in svg_texts(svg)]
    for words in (
        "input", "3 inputs", "layers.0", "4 units", "layers.1", "2 outputs", "tanh", "then",
        "subtract, multiply, mean", "x₁", "x₃", "y₂", "ring of a unit: its bias",
    ):  # fmt: skip
        assert words in texts
    assert "positive weight" in " ".join(texts)


@pytest.mark.usefixtures("renderer")
def test_invisible_helpers_are_not_drawn() -> None:
    svg = ag.draw_network(by_hand()).pipe(encoding="utf-8")
    drawn = [group.get("class") for group in ElementTree.fromstring(svg).iter(f"{SVG}g")]
    assert drawn.count("edge") == 3 * 4 + 4 * 2
    assert drawn.count("node") == 3 + 4 + 2 + 6


@pytest.mark.usefixtures("renderer")
def test_nan_is_in_the_legend_only_where_there_is_one() -> None:
    for weights, there in (([[1.0, np.nan]], True), ([[1.0, 2.0]], False)):
        svg = ag.draw_network(np.ones((2, 1)) @ Tensor(weights)).pipe(encoding="utf-8")
        assert ("not finite" in " ".join(svg_texts(svg))) == there
    assert any(": nan" in (link.get(LINK) or "") for link in links([[1.0, np.nan]]))


def links(weights: Any) -> list[ElementTree.Element]:
    svg = ag.draw_network(np.ones((2, 1)) @ Tensor(weights)).pipe(encoding="utf-8")
    return list(ElementTree.fromstring(svg).iter(f"{SVG}a"))


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(name: str) -> None:
    output = (np.ones((2, 1)) @ Tensor([[1.0]], name=name) + Tensor([1.0])).named(name)
    svg = ag.draw_network(output).pipe(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "g", "title", "polygon", "polyline", "path", "text", "a", "ellipse",
    }  # fmt: skip
    shown = re.sub("[\x00-\x08\x0b-\x1f]", "", name)
    shown = shown if len(name) <= 48 else name[:47] + "…"
    texts = [" ".join(text.split()) for text in svg_texts(svg)]
    assert " ".join(shown.split()) in [*texts, ""]
    tips = [" ".join((link.get(LINK) or "").split()) for link in root.iter(f"{SVG}a")]
    assert " ".join(f"{shown or 'weight'}: x₁ → y₁: 1".split()) in tips
    assert " ".join(f"{shown or 'output'}: y₁ bias 1".split()) in tips


@pytest.mark.usefixtures("renderer")
def test_the_picture_is_no_larger_than_its_size() -> None:
    svg = ElementTree.fromstring(ag.draw_network(mlp(64, 32, 10), size=(3, 2)).pipe(encoding="utf-8"))
    assert float(svg.attrib["width"].removesuffix("pt")) <= 3 * 72
    assert float(svg.attrib["height"].removesuffix("pt")) <= 2 * 72


@pytest.mark.usefixtures("renderer")
def test_png_and_pdf() -> None:
    drawing = ag.draw_network(by_hand())
    assert drawing.pipe(format="png").startswith(b"\x89PNG")
    assert drawing.pipe(format="pdf").startswith(b"%PDF")
