"""custom_gradient: one node, gradients of every order, containers, settings, and what it refuses."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.testing import GradientMismatchError, check_gradient


@ag.custom_gradient
def log1pexp(x: Any) -> Any:
    e = ag.exp(x)
    return ag.log(1 + e), lambda g: g * (1 - 1 / (1 + e))


@ag.custom_gradient
def scaled_product(x: Any, y: Any, *, factor: float = 1.0) -> Any:
    return factor * x * y, lambda g: (factor * g * y, factor * g * x)


@ag.custom_gradient
def line(p: Any, x: Any) -> Any:
    return p["w"] * x + p["b"][0], lambda g: ({"b": [g], "w": (g * x)}, g * p["w"])


def test_a_call_is_one_node() -> None:
    x = Tensor([0.0, 1.0], name="x")
    y = log1pexp(x)
    assert [node.name or (node.op and node.op.name) for node in ag.topological_order(y)] == ["x", "log1pexp"]
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 1 / (1 + np.exp([-0.0, -1.0])))
    assert "log1pexp" in ag.draw(y).source


def test_every_order() -> None:
    check_gradient(log1pexp, [-1.0, 0.3, 2.0], order=3)
    check_gradient(lambda x, y: scaled_product(x, y, factor=-2.0), [1.0, 2.0], [[3.0], [4.0]], order=3)  # broadcasts
    check_gradient(lambda w, b, x: line({"w": w, "b": [b]}, x), 2.0, 0.5, 3.0, order=3)


def test_the_checker_sees_a_wrong_pullback() -> None:
    wrong = ag.custom_gradient(lambda x: (x * x, lambda g: g * x))
    with pytest.raises(GradientMismatchError):
        check_gradient(wrong, 2.0)


def test_it_works_in_every_transform() -> None:
    slope, curvature = 1 / (1 + np.exp(-0.5)), np.exp(-0.5) / (1 + np.exp(-0.5)) ** 2
    assert ag.grad(log1pexp)(0.5) == pytest.approx(slope)
    assert ag.grad(ag.grad(log1pexp))(0.5) == pytest.approx(curvature)
    assert ag.jvp(log1pexp, (0.5,), (2.0,))[1] == pytest.approx(2 * slope)
    assert ag.hvp(log1pexp, (0.5,), (2.0,))[0] == pytest.approx(2 * curvature)
    assert ag.hessian(lambda x: log1pexp(x).sum())(np.array([0.5])) == pytest.approx(np.array([[curvature]]))
    assert ag.grad(ag.custom_gradient(lambda x: ag.vjp(ag.sigmoid, x)))(0.5) == pytest.approx(slope * (1 - slope))


def test_the_gradient_may_be_ones_own() -> None:
    straight_through = ag.custom_gradient(lambda x: (ag.sign(x), lambda g: g))
    x = Tensor([-2.0, 3.0])
    y = straight_through(x)
    assert y.data.tolist() == [-1.0, 1.0]
    assert ag.gradients((y * [1.0, 10.0]).sum(), [x])[0].tolist() == [1.0, 10.0]


def test_an_argument_without_gradient() -> None:
    @ag.custom_gradient
    def take(x: Any, index: Any, unused: Any) -> Any:
        return x[index], lambda g: (ag.where(np.arange(3) == index, g, 0), None, None)

    slopes = ag.grad(take, argnums=(0, 2))(np.arange(3.0), 1, 5.0)
    assert (slopes[0].tolist(), slopes[1]) == ([0.0, 1.0, 0.0], 0.0)
    x, unused = Tensor(np.arange(3.0)), Tensor(5.0)
    again = ag.gradients(take(x, 1, unused), [x, unused], create_graph=True)
    assert all(isinstance(slope, Tensor) for slope in again)


def test_plain_in_plain_out() -> None:
    assert isinstance(scaled_product(2.0, np.ones(2)), np.ndarray)
    assert scaled_product(Tensor(2.0), 3.0).data.dtype == np.float64
    single = Tensor(np.ones(2, np.float32))
    assert scaled_product(single, 3.0).dtype == np.float32  # Python numbers stay weak
    assert ag.gradients(scaled_product(single, 3.0).sum(), [single])[0].dtype == np.float32
    with ag.no_grad():
        assert not log1pexp(Tensor(1.0)).requires_grad


def test_the_function_runs_once_and_its_pullback_once_per_pass() -> None:
    calls: list[str] = []

    @ag.custom_gradient
    def counted(x: Any, y: Any) -> Any:
        calls.append("function")

        def pullback(g: Any) -> Any:
            calls.append("pullback")
            return g * y, g * x

        return x * y, pullback

    x, y = Tensor(2.0), Tensor(3.0)
    product = counted(x, y)
    product.backward()
    assert calls == ["function", "pullback"]
    product.backward()
    assert calls == ["function", "pullback", "pullback"]
    assert (x.grad, y.grad) == (6.0, 4.0)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_dead_graph_is_freed_at_once(create_graph: bool) -> None:
    gc.disable()
    try:
        x, y = Tensor(2.0), Tensor(3.0)
        product = scaled_product(x, y) ** 2
        slopes = ag.gradients(product, [x], create_graph=create_graph)
        alive = weakref.ref(product)
        del product, slopes
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: x, TypeError, r"<lambda> returned Tensor; it must return \(value, pullback\)"),
        (lambda x: (x, x), TypeError, r"must return \(value, pullback\), where pullback is a function"),
        (lambda x: ("text", abs), TypeError, "forward returned str; it must return one array"),
        (lambda x: (x, lambda g: (g, g)), TypeError, r"<lambda>: its rule for x \(2,\) failed: it gave tuple"),
        (
            lambda x: (x, lambda g: g[:1]),
            ValueError,
            r"x \(2,\) failed: it gave a gradient of shape \(1,\)",
        ),
        (lambda x: (x, lambda g: "text"), TypeError, r"for x \(2,\) failed: it gave str"),
    ],
)
def test_wrong_definitions(function: Any, error: type[Exception], message: str) -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(error, match=message):
        ag.custom_gradient(function)(x).sum().backward()
    assert x.grad is None


def test_a_wrong_number_of_gradients() -> None:
    wrong = ag.custom_gradient(lambda x, y: (x * y, lambda g: (g, g, g)))
    with pytest.raises(ValueError, match="gradients of <lambda>: expected a tuple of 2, got a tuple of 3"):
        ag.grad(wrong)(1.0, 2.0)
    nested = ag.custom_gradient(lambda p: (p["w"] * 1, lambda g: {"v": g}))
    with pytest.raises(ValueError, match=r"gradients of <lambda>: expected a dict with keys \['w'\]"):
        ag.grad(nested)({"w": 1.0})


def test_a_tensor_from_outside_is_refused() -> None:
    w = Tensor(2.0, name="w")
    reading = ag.custom_gradient(lambda x: (w * x, lambda g: g * w))
    with pytest.raises(TypeError, match=r"it reads w \(\) from outside, which would get no gradient"):
        reading(Tensor(3.0))
    constant = ag.custom_gradient(lambda x: (ag.stop_gradient(w) * x, lambda g: g * w))
    assert ag.grad(constant)(3.0) == 2.0


def test_a_pullback_that_lost_its_graph_is_refused_for_higher_orders() -> None:
    frozen = ag.custom_gradient(lambda x: (x * x, lambda g: g.data * 2 * x.data))
    assert ag.grad(frozen)(3.0) == 6.0
    with pytest.raises(TypeError, match="gradients of <lambda> is a float64, not a Tensor"):
        ag.grad(ag.grad(frozen))(3.0)
