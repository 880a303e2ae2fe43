"""debug(): the first NaN or infinity is named, and so is data that changed before the way back. Hooks beside it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor

# ----------------------------------------------------------------------------------------------------------- NaN


def test_the_first_operation_that_makes_a_nan_is_named_with_its_line() -> None:
    x = Tensor([4.0, -1.0, 9.0], name="x")
    with pytest.raises(FloatingPointError) as caught, ag.debug():
        ag.exp(ag.sqrt(x) * 2.0)
    message = str(caught.value)
    assert message.startswith("sqrt: the result is nan at entry (1,), where x = -1.0; computed from x (3,) at ")
    assert "test_debug.py:" in message
    assert message.endswith("ag.exp(ag.sqrt(x) * 2.0)")


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda x, y: ag.log(x), r"log: the result is -inf at entry \(0,\), where x = 0\.0"),
        (lambda x, y: y / x, r"divide: the result is inf at entry \(0,\), where y = 1\.0, x = 0\.0"),
        (lambda x, y: ag.exp(y * 1000), r"exp: the result is inf at entry \(0,\)"),
        (lambda x, y: (y / x) * 0.0, "divide: the result is inf"),
        (lambda x, y: np.ones((2, 2)) / x, r"divide: .* entry \(0, 0\), where x = 1\.0, x = 0\.0"),
    ],
)
def test_strange_results_are_named(compute: Any, message: str) -> None:
    x, y = Tensor([0.0, 2.0], name="x"), Tensor([1.0, 3.0], name="y")
    with pytest.raises(FloatingPointError, match=message), ag.debug():
        compute(x, y)


def test_a_gradient_that_becomes_strange_is_named() -> None:
    x = Tensor([4.0, 0.0], name="x")
    message = (
        r"sqrt: the gradient for x \(2,\) is inf at entry \(1,\), where g = 1\.0, x = 0\.0; computed from x \(2,\) at "
    )
    with pytest.raises(FloatingPointError, match=message), ag.debug():
        ag.sqrt(x).sum().backward()
    assert x.grad is None


def test_a_graph_recorded_outside_is_checked_on_the_way_back() -> None:
    y = ag.sqrt(Tensor(0.0, name="x"))
    with (
        pytest.raises(FloatingPointError, match=r"x \(\) is inf .* at a line that was run outside ag\.debug\(\)"),
        ag.debug(),
    ):
        y.backward()


def test_strange_inputs_are_not_blamed_on_the_operation() -> None:
    x = Tensor([np.nan, 1.0])
    with ag.debug():
        y = (x * 2.0).sum()
        y.backward()
    assert np.isnan(y.item())


def test_higher_orders_are_checked() -> None:
    x = Tensor(0.0, name="x")
    with ag.debug():
        (slope,) = ag.gradients(x**1.5, [x], create_graph=True)
        with pytest.raises(FloatingPointError, match="power"):
            ag.gradients(slope, [x])


# -------------------------------------------------------------------------------------------------------- changes


def test_changed_leaves_and_buffers_are_named() -> None:
    w, buffer = Tensor([1.0, 2.0], name="w"), np.ones(2)
    with ag.debug():
        y = (w * buffer).sum()
        buffer[0] = 5.0
        with pytest.raises(RuntimeError, match=r"multiply: array \(2,\) was changed after .*test_debug.py:\d+: y = "):
            y.backward()
        z = (w * w).sum()
        w.data -= 1.0
        with pytest.raises(
            RuntimeError, match=r"multiply: w \(2,\) was changed after .*change data after backward\(\)"
        ):
            z.backward()
    assert w.grad is None


def test_a_step_between_two_ways_back_is_found() -> None:
    model = nn.MLP([2, 3, 1], rng=np.random.default_rng(0))
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    with ag.debug():
        loss = nn.mse(model(np.ones((4, 2))), np.zeros((4, 1)))
        loss.backward()
        optimiser.step()
        with pytest.raises(RuntimeError, match=r"layers\.1\.\w+ .* was changed"):
            loss.backward()


def test_sound_programs_pass_unchanged() -> None:
    def train() -> np.ndarray:
        rng = np.random.default_rng(0)
        model = nn.MLP([2, 3, 2], rng=rng)
        optimiser = nn.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimiser.zero_grad()
            nn.softmax_cross_entropy(model(rng.normal(size=(4, 2))), [0, 1, 1, 0]).backward()
            optimiser.step()
        return np.concatenate([p.numpy().ravel() for p in model.parameters()])

    plain = train()
    with ag.debug():
        np.testing.assert_array_equal(train(), plain)


# -------------------------------------------------------------------------------------------------------- contexts


def test_the_block_ends_even_after_an_error() -> None:
    with pytest.raises(FloatingPointError), ag.debug():
        ag.log(Tensor(0.0))
    with np.errstate(divide="ignore"):
        assert ag.log(Tensor(0.0)).item() == -np.inf


def test_contexts_nest_in_any_order() -> None:
    x = Tensor(0.0)
    with ag.debug(), ag.no_grad(), np.errstate(divide="ignore"):
        assert ag.log(x).item() == -np.inf
    with ag.no_grad(), ag.debug(), pytest.raises(FloatingPointError):
        ag.log(x)
    with ag.debug(), pytest.raises(FloatingPointError):
        ag.grad(ag.log)(0.0)


def test_the_block_belongs_to_its_thread() -> None:
    results = []
    with ag.debug(), np.errstate(divide="ignore"):
        thread = threading.Thread(target=lambda: results.append((Tensor(1e300) * 10.0).item()))
        thread.start()
        thread.join()
    assert results == [1e301]


# ----------------------------------------------------------------------------------------------------------- hooks


def test_a_hook_sees_the_complete_gradient() -> None:
    x, seen = Tensor(3.0), []
    y = x * x
    y.register_hook(seen.append)
    (y * 2 + y).backward()
    assert seen == [3.0]
    assert x.grad == 18.0


def test_a_hook_replaces_the_gradient_and_all_that_follows() -> None:
    x = Tensor([3.0, 4.0])
    y = x * x
    y.register_hook(lambda g: np.clip(g, -1.0, 1.0))
    (y * [10.0, 0.5]).sum().backward()
    np.testing.assert_array_equal(x.grad, [6.0, 4.0])


def test_hooks_run_in_order_and_are_removed_one_by_one() -> None:
    x = Tensor(1.0)
    double = x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g + 1)
    (x * 1.0).backward()
    assert x.grad == 3.0
    double.remove()
    double.remove()
    x.zero_grad()
    (x * 1.0).backward()
    assert x.grad == 2.0


def test_hooks_see_tensors_where_the_graph_goes_on() -> None:
    x = Tensor(3.0)
    x.register_hook(lambda g: g * g)
    (slope,) = ag.gradients(x * x, [x], create_graph=True)
    assert slope.item() == 36.0
    assert ag.gradients(slope.reshape(1).sum() * 1.0, [x]) == [(2 * 36.0 / 3.0) ** 2]


@pytest.mark.parametrize(
    ("register", "error", "message"),
    [
        (lambda x: x.register_hook(3), TypeError, "expected a function of the gradient, got int"),
        (lambda x: x.detach().register_hook(print), TypeError, "does not require a gradient"),
        (
            lambda x: x.register_hook(lambda g: np.ones(3)),
            ValueError,
            r"hook: x \(2,\) can't take a value of shape \(3,\)",
        ),
        (lambda x: x.register_hook(lambda g: g.__imul__(2)), ValueError, "read-only"),
    ],
)
def test_wrong_hooks(register: Any, error: type[Exception], message: str) -> None:
    x = Tensor([1.0, 2.0], name="x")

    def use() -> None:
        register(x)
        (x * 2).sum().backward()

    with pytest.raises(error, match=message):
        use()
    assert x.grad is None
