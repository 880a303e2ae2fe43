"""checkpoint: the same gradients in every order, less memory, and what it refuses."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient


def layer(x: Any, w: Any, b: Any) -> Any:
    return ag.tanh(x @ w + b) * x


X, W, B = (np.random.default_rng(0).normal(size=shape) for shape in [(3, 2), (2, 2), (2,)])


def test_gradients_of_every_order_are_those_of_the_function() -> None:
    check_gradient(ag.checkpoint(layer), X, W, B, order=3)


@given(seed=st.integers(0, 10**6))
def test_all_transforms_agree_with_the_plain_function(seed: int) -> None:
    generator = np.random.default_rng(seed)
    point, direction = (tuple(generator.normal(size=s) for s in [(3, 2), (2, 2), (2,)]) for _ in range(2))
    outer = Tensor(generator.normal(size=(2, 2)), name="outer")

    def run(block: Any) -> Any:
        def loss(x: Any, w: Any, b: Any) -> Any:
            return (block(block(x, w, b), w @ outer, b) ** 2).sum()

        slopes = ag.grad(loss, argnums=(0, 1, 2))(*point)
        further = ag.gradients(slopes[1].sum(), [outer])[0]
        third = ag.grad(lambda w: (ag.hvp(lambda w: loss(point[0], w, point[2]), (w,), (w,))[0] * w).sum())(point[1])
        return [*slopes, further, third, ag.jvp(loss, point, direction)[1], *ag.hvp(loss, point, direction)]

    for one, other in zip(run(ag.checkpoint(layer)), run(layer), strict=True):
        one, other = (result.data if isinstance(result, Tensor) else result for result in (one, other))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_a_call_is_one_node_with_the_tensors_that_it_reads() -> None:
    x, w, b = Tensor(X, name="x"), Tensor(W, name="w"), Tensor(B, name="b")
    y = ag.checkpoint(lambda x, *, b: layer(x, w, b))(x, b=b)
    assert [node.name or (node.op and node.op.name) for node in ag.topological_order(y)] == ["x", "b", "w", "<lambda>"]
    y.sum().backward()
    for ours, theirs in zip((x, w, b), ag.grad(lambda *p: layer(*p).sum(), (0, 1, 2))(X, W, B), strict=True):
        np.testing.assert_allclose(ours.grad, theirs)
    assert "lambda" in ag.draw(y).source


def test_computed_tensors_from_outside() -> None:
    x, w = Tensor(3.0), Tensor(2.0)
    h = w * w
    y = ag.checkpoint(lambda x: ag.sigmoid(x) * h * (2 * h))(x)
    plain = ag.sigmoid(x) * h * (2 * h)
    assert ag.gradients(y, [x, w, h]) == pytest.approx(ag.gradients(plain, [x, w, h]))
    assert ag.grad(lambda w: ag.checkpoint(lambda x: x * w * w)(3.0))(2.0) == 12.0
    assert ag.grad(ag.grad(lambda w: ag.checkpoint(lambda x: x * w**3)(w)))(2.0) == 12 * 2.0**2


def test_arguments_that_depend_on_what_is_read_from_outside() -> None:
    w = Tensor(2.0)
    f = ag.checkpoint(lambda x: x * x * w)
    (slope,) = ag.gradients(f(w * w), [w], create_graph=True)
    assert slope.item() == 5 * 2.0**4  # w**5
    assert ag.gradients(slope, [w]) == [20 * 2.0**3]


def test_containers_constants_and_settings() -> None:
    f = ag.checkpoint(lambda p, kind, *, power: p["w"][0] ** power * p["n"] if kind == "power" else None)
    p = {"w": [Tensor(3.0)], "n": 2}
    assert ag.gradients(f(p, "power", power=2), p["w"]) == [12.0]
    assert ag.checkpoint(lambda x: x * 2)(np.ones(2)).tolist() == [2.0, 2.0]
    assert isinstance(ag.checkpoint(lambda x: x * 2)(Tensor(1.0, requires_grad=False)), Tensor)
    x = Tensor([1.0, 2.0])
    assert ag.gradients(ag.checkpoint(lambda x, y: x)(x, x).sum(), [x])[0].tolist() == [1.0, 1.0]
    assert ag.gradients(ag.checkpoint(lambda: x)().sum(), [x])[0].tolist() == [1.0, 1.0]
    assert ag.gradients(ag.checkpoint(lambda x, y: x * 2)(x, x[:0]).sum(), [x])[0].tolist() == [2.0, 2.0]


def test_nested_checkpoints_and_decorators() -> None:
    @ag.checkpoint
    def outer(x: Any) -> Any:
        return ag.checkpoint(ag.tanh)(ag.checkpoint(lambda y: y * x)(x)) * x

    assert outer.__name__ == "outer"
    check_gradient(outer, [0.5, -1.0], order=3)


def test_a_transform_within_a_checkpoint() -> None:
    f = ag.checkpoint(lambda x: ag.grad(lambda y: y**3 * x)(x))  # 3 x**3
    assert ag.grad(f)(2.0) == 36.0
    assert ag.grad(ag.grad(f))(2.0) == 36.0


def test_a_network_of_nn() -> None:
    model = nn.MLP([2, 3, 2], rng=np.random.default_rng(0))
    plain = ag.gradients((model(X) ** 2).sum(), list(model.parameters()))
    again = ag.gradients((ag.checkpoint(model)(X) ** 2).sum(), list(model.parameters()))
    for one, other in zip(plain, again, strict=True):
        np.testing.assert_allclose(one, other)


def peak(block: Any, segments: int) -> int:
    """The most memory held while a chain of blocks runs forward and back."""
    x = Tensor(np.full(50_000, 0.5))
    tracemalloc.start()
    try:
        y = x
        for _ in range(segments):
            y = block(y)
        y.sum().backward()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def deep(x: Any) -> Any:
    for _ in range(20):
        x = ag.tanh(x * 1.01)
    return x


def test_memory_is_saved() -> None:
    plain, saved = peak(deep, 20), peak(ag.checkpoint(deep), 20)
    assert plain > 20 * 40 * 50_000 * 8  # every intermediate result
    assert saved < plain / 8  # the ends of 20 segments, and the inside of one


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_dead_graph_is_freed_at_once(create_graph: bool) -> None:
    gc.disable()
    try:
        x, w = Tensor(2.0), Tensor(3.0)
        y = ag.checkpoint(lambda x: ag.tanh(x * w))(x) ** 2
        slopes = ag.gradients(y, [x], create_graph=create_graph)
        alive = weakref.ref(y)
        del y, slopes
        assert alive() is None
    finally:
        gc.enable()


def test_what_is_random_inside_is_refused() -> None:
    generator = np.random.default_rng(0)
    x = Tensor(np.ones(10))
    y = ag.checkpoint(lambda x: x * (generator.random(10) > 0.5))(x)
    with pytest.raises(ValueError, match="gave another result when it was computed again; draw its random numbers"):
        y.sum().backward()
    assert x.grad is None


def test_results_that_are_not_finite_repeat() -> None:
    x = Tensor([0.0, 1.0, -1.0])
    with np.errstate(all="ignore"):
        y = ag.checkpoint(lambda x: ag.log(x))(x)
        assert np.isnan(y.data[2])
        assert ag.gradients(y[:2].sum(), [x])[0].tolist() == [np.inf, 1.0, -0.0]


def test_the_operation_computes_again_for_other_arrays() -> None:
    y = ag.checkpoint(layer)(*map(Tensor, (X, W, B)))
    assert y.op is not None
    np.testing.assert_array_equal(y.op.forward(2 * X, W, B), layer(2 * X, W, B))


def test_tensors_from_outside_that_depend_on_each_other_are_refused() -> None:
    w = Tensor(2.0, name="w")
    h = (w * w).named("h")
    with pytest.raises(ValueError, match=r"<lambda> reads h \(\) and w \(\) from outside, and the first was computed"):
        ag.checkpoint(lambda x: x * h * w)(Tensor(1.0))
    y = ag.checkpoint(lambda x, h: x * h * w)(Tensor(1.0), h)
    assert ag.gradients(y, [w]) == [12.0]


def test_a_function_that_keeps_what_it_computes_is_refused() -> None:
    kept: list[Tensor] = []
    w = Tensor(2.0, name="w")

    def keeping(x: Any) -> Any:
        kept.append(x * w)
        return ag.tanh(kept[-1])

    y = ag.checkpoint(keeping)(Tensor(3.0))
    with pytest.raises(ValueError, match=r"keeping reads w \(\) from outside, which it did not at first"):
        y.backward()
    assert w.grad is None


def test_what_no_gradient_reaches_has_none() -> None:
    a, b, c = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor(5.0)
    ag.checkpoint(lambda p, q: (p * q.detach() * c + c.detach()).sum())(a, b).backward()
    np.testing.assert_array_equal(a.grad, 5 * b.data)
    assert b.grad is None
    assert c.grad == 11.0


@pytest.mark.parametrize("result", ["text", None])
def test_a_function_that_returns_no_tensor_is_refused(result: Any) -> None:
    with pytest.raises(TypeError, match=f"<lambda> returned {type(result).__name__}; it must return one Tensor"):
        ag.checkpoint(lambda x: result)(Tensor(1.0))
    with pytest.raises(TypeError, match="<lambda> returned tuple"):
        ag.checkpoint(lambda x: (x, x))(Tensor(1.0))
