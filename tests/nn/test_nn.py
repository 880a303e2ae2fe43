"""Modules, layers, initial weights, losses, batches and SGD."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# --------------------------------------------------------------------------------------------------------- modules


class Pair(nn.Module):
    def __init__(self, rng: np.random.Generator) -> None:
        self.shared = nn.Linear(2, 2, rng=rng)
        self.again = self.shared
        self.parts = {"scale": Tensor(1.0), "frozen": Tensor(1.0, requires_grad=False)}
        self.named = Tensor(0.5, name="gain")
        self.note = "not a parameter"

    def forward(self, x: Any) -> Any:
        return self.shared(x) * self.parts["scale"] * self.named


def test_parameters_by_path_each_once(rng: np.random.Generator) -> None:
    pair = Pair(rng)
    names = [(path, parameter.name) for path, parameter in pair.named_parameters()]
    assert names == [
        ("shared.weight", "shared.weight"),
        ("shared.bias", "shared.bias"),
        ("parts.scale", "parts.scale"),
        ("named", "gain"),
    ]
    assert len(pair.parameters()) == 4


def test_names_grow_as_modules_nest(rng: np.random.Generator) -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            self.encoder = nn.MLP([2, 3], rng=rng)

    assert [p.name for p in Outer().parameters()] == ["encoder.layers.0.weight", "encoder.layers.0.bias"]


def test_parameters_appended_to_a_list_are_named_when_they_are_collected(rng: np.random.Generator) -> None:
    model = nn.Module()
    model.layers = []
    model.layers.append(nn.Linear(2, 2, rng=rng))
    assert [p.name for p in model.parameters()] == ["layers.0.weight", "layers.0.bias"]


def test_a_name_grows_only_at_a_dot(rng: np.random.Generator) -> None:
    model = nn.Module()
    model.overweight = Tensor(1.0, name="weight")
    assert model.overweight.name == "weight"


def test_modules_that_share_modules_are_walked_once(rng: np.random.Generator) -> None:
    node = nn.Linear(1, 1, rng=rng)
    for _ in range(200):
        pair = nn.Module()
        pair.left = pair.right = node
        node = pair
    assert len(node.parameters()) == 2


def test_a_module_that_refers_to_its_owner(rng: np.random.Generator) -> None:
    pair = Pair(rng)
    pair.shared.owner = pair
    assert len(pair.parameters()) == 4


class Wrap(nn.Module):
    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.scale = Tensor(1.0)


HOLDERS: list[tuple[str, Any]] = [
    ("inner", lambda inner: inner),
    ("inner.0", lambda inner: [inner]),
    ("inner.part.1", lambda inner: {"part": (None, inner)}),
]


def nested(depth: int, hold: Any = HOLDERS[0][1]) -> Wrap:
    model = Wrap(None)
    for _ in range(depth):
        model = Wrap(hold(model))
    return model


@pytest.mark.parametrize(("step", "hold"), HOLDERS)
def test_modules_may_be_nested_as_deep_as_memory_allows(step: str, hold: Any) -> None:
    depth = 2 * sys.getrecursionlimit()
    model = nested(depth, hold)
    found = list(model.named_parameters())
    paths = [f"{step}." * level + "scale" for level in reversed(range(depth + 1))]
    assert [path for path, _ in found] == paths
    assert [parameter.name for _, parameter in found] == paths
    assert model.parameters() == [parameter for _, parameter in found]
    assert repr(model) == f"Wrap({depth + 1:,} parameters)"
    found[0][1].grad = 1.0
    model.zero_grad()
    assert found[0][1].grad is None


def test_names_grow_at_once_some_levels_down_and_else_when_parameters_are_collected() -> None:
    model = nested(40)
    part, parts = model, [model]
    while part.inner is not None:
        part = part.inner
        parts.append(part)
    assert [part.scale.name for part in parts[:33]] == ["inner." * level + "scale" for level in range(33)]
    assert parts[40].scale.name == "inner." * 32 + "scale"
    model.parameters()
    assert [part.scale.name for part in parts] == ["inner." * level + "scale" for level in range(41)]


def test_the_work_of_nesting_grows_as_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr("nn.module._give_name", lambda part, path: given.append(path))
    nested(200)
    first = len(given)
    nested(400)
    assert len(given) - first < 2.2 * first


def test_a_module_deep_down_that_refers_to_its_owner() -> None:
    model = nested(60)
    innermost = model
    while innermost.inner is not None:
        innermost = innermost.inner
    before = [parameter.name for parameter in model.parameters()]
    innermost.owners = [model]
    assert [parameter.name for parameter in model.parameters()] == before
    assert before[-2:] == ["inner.scale", "scale"]


@pytest.mark.parametrize("value", [lambda w: w - 0.1, lambda w: w.numpy(), lambda w: 0.0])
def test_a_parameter_can_not_be_replaced_by_something_else(rng: np.random.Generator, value: Any) -> None:
    layer = nn.Linear(2, 2, rng=rng)
    with pytest.raises(TypeError, match=r"weight: a parameter can't become .*write weight\.data = "):
        layer.weight = value(layer.weight)
    assert len(layer.parameters()) == 2
    layer.bias = None
    assert len(layer.parameters()) == 1


def test_zero_grad_forgets_every_gradient(rng: np.random.Generator) -> None:
    pair = Pair(rng)
    pair(np.ones((1, 2))).sum().backward()
    assert all(p.grad is not None for p in pair.parameters())
    pair.zero_grad()
    assert all(p.grad is None for p in pair.parameters())


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"Module defines no forward\(self, x\)"):
        nn.Module()(1.0)


# ---------------------------------------------------------------------------------------------------------- layers


def test_linear_is_affine(rng: np.random.Generator) -> None:
    layer = nn.Linear(3, 2, rng=rng)
    layer.bias.data = np.array([1.0, -1.0])
    x = rng.normal(size=(5, 3))
    np.testing.assert_allclose(layer(x).data, x @ layer.weight.data + [1.0, -1.0])
    assert nn.Linear(3, 2, rng=rng, bias=False).parameters()[0].shape == (3, 2)


def test_mlp_is_what_it_says(rng: np.random.Generator) -> None:
    model = nn.MLP([3, 4, 2], rng=rng, activation="tanh")
    W1, b1, W2, b2 = (p.data for p in model.parameters())
    x = rng.normal(size=(5, 3))
    np.testing.assert_allclose(model(x).data, np.tanh(x @ W1 + b1) @ W2 + b2)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity", ag.tanh, lambda z: z * z])
def test_gradients_of_an_mlp_by_name_or_function(rng: np.random.Generator, activation: Any) -> None:
    model = nn.MLP([3, 4, 2], rng=rng, activation=activation)
    x, labels = rng.normal(size=(5, 3)), [0, 1, 1, 0, 1]

    def loss(*values: Tensor) -> Tensor:
        model.layers[0].weight, model.layers[0].bias, model.layers[1].weight, model.layers[1].bias = values
        return nn.softmax_cross_entropy(model(x), labels)

    check_gradient(loss, *(p.numpy() for p in model.parameters()), order=1)


def test_the_number_of_parameters_of_the_lecture(rng: np.random.Generator) -> None:
    assert repr(nn.MLP([784, 200, 10], rng=rng)) == "MLP(159,010 parameters)"  # 004, Example 6.1
    assert repr(nn.MLP([784, 10], rng=rng)) == "MLP(7,850 parameters)"


def test_float32_models(rng: np.random.Generator) -> None:
    model = nn.MLP([3, 4, 2], rng=rng, dtype=np.float32)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_a_generator_is_a_generator_a_seed_or_none() -> None:
    by_seed, by_generator = nn.MLP([2, 8, 8, 1], rng=3), nn.MLP([2, 8, 8, 1], rng=np.random.default_rng(3))
    for one, other in zip(by_seed.parameters(), by_generator.parameters()):
        np.testing.assert_array_equal(one.data, other.data)
    square = [nn.MLP([4, 4, 4], rng=3).parameters()[i].data for i in (0, 2)]
    assert (square[0] != square[1]).all()  # a seed does not make the layers alike
    assert (nn.MLP([2, 8]).parameters()[0].data != nn.MLP([2, 8]).parameters()[0].data).all()
    orders = [[list(x) for (x,) in nn.minibatches(np.arange(9), batch_size=4, rng=rng)] for rng in (1, 1, np.int64(1))]
    assert orders[0] == orders[1] == orders[2]
    for wrong in (True, 1.0, "1", np.random.RandomState(0)):
        with pytest.raises(TypeError, match="rng: expected a NumPy generator, a seed or None"):
            nn.MLP([2, 1], rng=wrong)  # type: ignore[arg-type]


def test_the_same_generator_gives_the_same_weights() -> None:
    one, two = (nn.MLP([3, 4, 2], rng=np.random.default_rng(7)) for _ in range(2))
    for a, b in zip(one.parameters(), two.parameters()):
        np.testing.assert_array_equal(a.data, b.data)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda rng: nn.Linear(0, 2, rng=rng), ValueError, "sizes are at least 1, got 0"),
        (lambda rng: nn.Linear(2.0, 2, rng=rng), TypeError, "sizes are whole numbers"),
        (
            lambda rng: nn.Linear(2, 2, rng="0"),
            TypeError,
            "expected a NumPy generator, a seed or None, got str; write rng=0",
        ),
        (lambda rng: nn.Linear(2, 2, rng=rng, dtype=int), TypeError, "parameters need floats"),
        (lambda rng: nn.Linear(3, 2, rng=rng, init=lambda *_: np.zeros((2, 3))), ValueError, r"init gave .* \(2, 3\)"),
        (lambda rng: nn.MLP(3, rng=rng), ValueError, "at least the sizes of input and output"),
        (lambda rng: nn.MLP([3], rng=rng), ValueError, "at least the sizes of input and output"),
        (
            lambda rng: nn.MLP([3, 2], rng=rng, activation="rleu"),
            ValueError,
            "unknown name 'rleu'; use one of identity",
        ),
        (lambda rng: nn.MLP([3, 2], rng=rng, activation=3), TypeError, "expected a name or a function"),
    ],
)
def test_wrong_layers(rng: np.random.Generator, make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(rng)


def test_a_batch_of_the_wrong_width_names_the_weight(rng: np.random.Generator) -> None:
    with pytest.raises(
        ValueError, match=r"affine: array \(5, 4\), layers\.0\.weight \(3, 2\), .*: inner sizes 4 and 3"
    ):
        nn.MLP([3, 2], rng=rng)(np.ones((5, 4)))


def test_layers_that_feed_a_relu_start_after_he_and_others_after_glorot(rng: np.random.Generator) -> None:
    sizes = [300, 200, 100]
    for activation, variance in (("relu", 2 / 300), ("tanh", 2 / 500)):
        first, last = (layer.weight.data for layer in nn.MLP(sizes, rng=rng, activation=activation).layers)
        assert first.var() == pytest.approx(variance, rel=0.05)
        assert last.var() == pytest.approx(2 / 300, rel=0.05)  # 2 / (200 + 100)
        assert abs(last).max() < np.sqrt(6 / 300)


def test_initial_weights_have_the_variance_of_the_papers(rng: np.random.Generator) -> None:
    assert nn.he(500, 300, rng).var() == pytest.approx(2 / 500, rel=0.02)
    assert nn.glorot(500, 300, rng).var() == pytest.approx(2 / 800, rel=0.02)


# ---------------------------------------------------------------------------------------------------------- losses


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
def test_cross_entropy_and_its_gradient(samples: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, y = Tensor(rng.normal(size=(samples, classes))), rng.integers(0, classes, samples)
    loss = nn.softmax_cross_entropy(z, y)
    loss.backward()
    p = np.exp(z.data) / np.exp(z.data).sum(axis=1, keepdims=True)
    assert loss.item() == pytest.approx(-np.mean(np.log(p[np.arange(samples), y])), abs=1e-14)
    np.testing.assert_allclose(z.grad, (p - np.eye(classes)[y]) / samples, atol=1e-15)  # 004, eq. 6.26b
    check_gradient(lambda t: nn.softmax_cross_entropy(t, y), z.data)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cross_entropy_is_stable_at_huge_logits(dtype: Any) -> None:
    z = Tensor(np.array([[1e4, -1e4], [-1e4, 1e4]]), dtype=dtype)
    loss = nn.softmax_cross_entropy(z, [1, 1])
    loss.backward()
    assert loss.item() == 10000.0
    np.testing.assert_array_equal(z.grad, [[0.5, -0.5], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("logits", "loss"),
    [
        ([[30.0, 0.0]], np.log1p(np.exp(-30.0))),
        ([[1e4, 1e4 - 20.0]], np.log1p(np.exp(-20.0))),
        ([[0.0, 1e4]], 1e4),
        ([[0.0, -np.inf]], 0.0),
        ([[-np.inf, 0.0]], np.inf),
        ([[0.0]], 0.0),
    ],
)
def test_tiny_and_infinite_losses_are_right(logits: list[list[float]], loss: float) -> None:
    assert nn.softmax_cross_entropy(Tensor(logits), [0]).item() == pytest.approx(loss, rel=1e-14, abs=0)


def test_the_loss_of_many_samples_in_half_precision() -> None:
    z = Tensor(np.zeros((70_000, 2), np.float16))
    loss = nn.softmax_cross_entropy(z, np.zeros(70_000, int))
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2), rel=1e-3)
    np.testing.assert_allclose(z.grad[0], [-0.5 / 70_000, 0.5 / 70_000], rtol=1e-2)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_a_negative_label_of_the_operation_is_refused(dtype: type) -> None:
    with pytest.raises(ValueError, match="label -1 of sample 1"):
        ag.softmax_cross_entropy(Tensor([[1.0, 2.0, 4.0]] * 2), np.array([0, -1], dtype))


@pytest.mark.parametrize(
    ("x", "w", "b"), [((3,), (3,), (3,)), ((1, 3), (3, 2), (4, 2)), ((2, 3), (3, 1), (2, 4)), ((3,), (3,), (2,))]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_bias_that_would_enlarge_the_product_is_refused(x: Any, w: Any, b: Any, dtype: Any) -> None:
    with pytest.raises(ValueError, match=r"affine: .*bias .* would enlarge the product"):
        ag.affine(Tensor(np.ones(x, np.float32)), np.ones(w, np.float32), np.ones(b, dtype))


def test_a_tiny_loss_in_single_precision() -> None:
    loss = nn.softmax_cross_entropy(Tensor(np.array([[30, 16]], np.float32)), [0])
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(np.log1p(np.exp(-14.0)), rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("shape", "labels", "error", "message"),
    [
        ((2, 3), [1, 3], ValueError, r"label 3 of sample 1 .* classes 0 to 2; are the labels counted from 1\?$"),
        ((2, 3), [0, 3], ValueError, r"label 3 of sample 1 is not among the classes 0 to 2$"),
        ((2, 3), np.eye(3)[:2], TypeError, r"write labels\.argmax\(axis=1\)"),
        ((2, 3), [-1, 0], ValueError, "label -1 of sample 0"),
        ((2, 3), [0.0, 1.0], TypeError, r"labels of float64 are not integers; write labels\.astype\(int\)"),
        ((2, 3), [True, False], TypeError, "labels of bool"),
        ((2, 3), [0], ValueError, r"2 rows of logits need as many labels, got shape \(1,\)"),
        ((2, 3), [[0], [1]], ValueError, r"got shape \(2, 1\)"),
        ((0, 3), [], ValueError, "are empty; skip the batch"),
        ((3,), [0], ValueError, r"logits have shape \(3,\), expected \(samples, classes\)"),
    ],
)
def test_wrong_labels(shape: tuple[int, ...], labels: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nn.softmax_cross_entropy(Tensor(np.zeros(shape)), labels)


def test_nan_logits_flow_and_no_label_is_blamed() -> None:
    loss = nn.softmax_cross_entropy(Tensor([[np.nan, 1.0], [0.0, 1.0]]), [0, 1])
    assert np.isnan(loss.item())


def test_labels_may_be_a_tensor_and_logits_an_array() -> None:
    labels = Tensor([0, 1], requires_grad=False)
    assert nn.softmax_cross_entropy(Tensor(np.zeros((2, 2))), labels).item() == pytest.approx(np.log(2))
    assert nn.softmax_cross_entropy([[0.0, 0.0]], [0]) == pytest.approx(np.log(2))


def test_mse_and_its_gradient(rng: np.random.Generator) -> None:
    prediction, target = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    assert nn.mse(Tensor(prediction), target).item() == pytest.approx(np.mean((prediction - target) ** 2))
    check_gradient(nn.mse, prediction, target)


@pytest.mark.parametrize(("shape", "message"), [((4, 1), r"\(4,\) and \(4, 1\) differ"), ((0,), "differ")])
def test_mse_of_shapes_that_would_broadcast(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.mse(Tensor(np.zeros(4)), np.zeros(shape))
    with pytest.raises(ValueError, match="the batch is empty"):
        nn.mse(Tensor([]), [])


# ------------------------------------------------------------------------------------------------- batches and SGD


@given(st.integers(0, 20), st.integers(1, 8), st.integers(0, 100))
def test_batches_are_a_shuffled_partition(samples: int, batch_size: int, seed: int) -> None:
    x = np.arange(samples)
    batches = list(nn.minibatches(x, -x, batch_size=batch_size, rng=np.random.default_rng(seed)))
    assert sorted(int(n) for batch, _ in batches for n in batch) == list(range(samples))
    assert all(np.array_equal(a, -b) for a, b in batches)
    assert [len(a) for a, _ in batches[:-1]] == [batch_size] * max(len(batches) - 1, 0)


def test_batches_follow_the_generator() -> None:
    orders = {
        tuple(
            int(n)
            for (batch,) in nn.minibatches(np.arange(50), batch_size=7, rng=np.random.default_rng(seed))
            for n in batch
        )
        for seed in (0, 0, 1)
    }
    assert len(orders) == 2
    assert tuple(range(50)) not in orders


@pytest.mark.parametrize(
    ("arrays", "size", "message"),
    [
        ((np.ones(3), np.ones(4)), 2, r"lengths \[3, 4\]"),
        ((), 2, "one length"),
        ((np.ones(3),), 0, "at least 1"),
    ],
)
def test_wrong_batches_fail_before_the_first(arrays: Any, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.minibatches(*arrays, batch_size=size, rng=np.random.default_rng(0))


def test_sgd_works_in_place() -> None:
    w = Tensor([1.0, 2.0])
    data = w.data
    (w * w).sum().backward()
    nn.SGD([w], lr=0.5).step()
    np.testing.assert_array_equal(data, [0.0, 0.0])


def test_sgd_subtracts_the_gradient() -> None:
    w, untouched = Tensor(np.array([1.0, 2.0], np.float32)), Tensor(5.0)
    optimiser = nn.SGD([w, untouched], lr=0.1)
    (w * w).sum().backward()
    optimiser.step()
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    assert w.dtype == np.float32
    assert untouched.data == 5.0
    optimiser.zero_grad()
    assert w.grad is None


@pytest.mark.parametrize(
    ("parameters", "rate", "error", "message"),
    [
        ([], 0.1, ValueError, "there are no parameters"),
        (Tensor(1.0), 0.1, TypeError, r"write SGD\(\[w\], lr\)"),
        ([Tensor(1.0) * 2], 0.1, TypeError, "is not a leaf Tensor"),
        ([Tensor(1.0, requires_grad=False)], 0.1, TypeError, "is not a leaf Tensor"),
        ([np.ones(2)], 0.1, TypeError, "is not a leaf Tensor"),
        ([ag.as_tensor(np.broadcast_to(1.0, 2))], 0.1, ValueError, "can't be written"),
        ([shared := Tensor(1.0), shared], 0.1, ValueError, "given twice"),
        (nn.Module.parameters, 0.1, TypeError, r"SGD\(model\.parameters\(\), lr\)"),
        ([Tensor(1.0)], "x", ValueError, "not negative"),
        ([Tensor(1.0)], -0.1, ValueError, "not negative"),
        ([Tensor(1.0)], np.nan, ValueError, "not negative"),
        ([Tensor(1.0)], np.inf, ValueError, "not negative"),
    ],
)
def test_wrong_optimisers(parameters: Any, rate: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nn.SGD(parameters, rate)


def test_the_step_size_may_change_between_steps_but_is_not_negative() -> None:
    optimiser = nn.SGD([Tensor(1.0)], lr=0.1)
    optimiser.lr = 0.5
    with pytest.raises(ValueError, match="not negative"):
        optimiser.lr = -1.0
    assert optimiser.lr == 0.5


def test_a_step_before_backward_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"call loss\.backward\(\) first"):
        nn.SGD([Tensor(1.0)], lr=0.1).step()


def test_two_layers_learn_exclusive_or(rng: np.random.Generator) -> None:
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    model = nn.MLP([2, 8, 2], rng=rng, activation="tanh")
    optimiser = nn.SGD(model.parameters(), lr=0.5)
    for _ in range(300):
        optimiser.zero_grad()
        nn.softmax_cross_entropy(model(x), y).backward()
        optimiser.step()
    assert model(x).data.argmax(axis=1).tolist() == y
