"""What users of ag.compile can rely on: results, gradients, steps, sources, and what happens to wrong calls."""

from __future__ import annotations

import copy
import gc
import pdb  # noqa: F401 - the debugger reads linecache, as tracebacks do
import pickle
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor


def net(seed: int = 0, sizes: tuple[int, ...] = (4, 5, 3), dtype: type = np.float64) -> nn.MLP:
    return nn.MLP(sizes, rng=np.random.default_rng(seed), dtype=dtype)


def batch(count: int = 6, seed: int = 1, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 4)).astype(dtype), rng.integers(0, 3, count)


# ---------------------------------------------------------------------------------------------------------- results


def test_a_call_returns_tensors_in_the_same_containers() -> None:
    compiled = ag.compile(lambda x, y: {"sum": x["a"] + y, "pair": (x["a"] * y, [y])})
    result = compiled({"a": np.array([1.0, 2.0])}, np.array([3.0, 4.0]))
    assert isinstance(result["pair"], tuple)
    assert isinstance(result["sum"], Tensor)
    np.testing.assert_array_equal(result["pair"][0].data, [3.0, 8.0])
    np.testing.assert_array_equal(result["pair"][1][0].data, [3.0, 4.0])


def test_a_function_runs_once_for_each_signature() -> None:
    calls: list[Any] = ag.static([])

    def f(x: Any) -> Any:
        calls.append(x.shape)
        return x * 2.0

    compiled = ag.compile(f)
    for count in (2, 2, 3, 2, 3):
        np.testing.assert_array_equal(compiled.value(np.ones(count)), np.full(count, 2.0))
    assert calls == [(2,), (3,)]
    assert compiled.compilations == 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_each_dtype_has_a_program_and_keeps_its_dtype(dtype: type) -> None:
    compiled = ag.compile(lambda x: ag.tanh(x) * 0.5)
    x = np.linspace(-1, 1, 5).astype(dtype)
    assert compiled.value(x).dtype == dtype
    np.testing.assert_array_equal(compiled.value(x), (ag.tanh(Tensor(x)) * 0.5).data)


def test_a_result_is_the_callers_own() -> None:
    compiled = ag.compile(lambda x: (x + 1.0, x, ag.reshape(x + 2.0, (2, 1)), Tensor(np.ones(2), requires_grad=False)))
    x = np.array([1.0, 2.0])
    first = compiled.value(x)
    kept = copy.deepcopy(first)
    for result in first:
        assert not np.may_share_memory(result, x)
    second = compiled.value(x * 10)
    for one, two, before in zip(first, second, kept):
        np.testing.assert_array_equal(one, before)
        one[...] = -1.0
        assert not np.may_share_memory(one, two)
    np.testing.assert_array_equal(compiled.value(x)[3], [1.0, 1.0])


def test_scalars_empty_arrays_and_numbers() -> None:
    compiled = ag.compile(lambda x, axis=None: ag.sum(x, axis=axis))
    assert compiled.value(np.float64(3.0)) == 3.0
    assert compiled.value(np.zeros((0, 3))) == 0.0
    np.testing.assert_array_equal(compiled.value(np.zeros((0, 3)), axis=0), np.zeros(3))
    np.testing.assert_array_equal(compiled.value(np.ones((2, 3)), axis=1), [3.0, 3.0])


def test_an_array_without_axes_is_the_scalar_that_a_tensor_holds() -> None:
    x, y = np.array(1.02956868, np.float32), np.array(1.65579781, np.float32)
    compiled = ag.compile(ag.power)
    for arguments in ((x, y), (x[()], y[()]), (Tensor(x), Tensor(y))):
        assert compiled.value(*arguments) == x[()] ** y[()]


def test_nan_and_infinity_go_through() -> None:
    compiled = ag.compile(lambda x: ag.relu(x) + ag.sigmoid(x))
    x = np.array([np.nan, np.inf, -np.inf, 0.0])
    np.testing.assert_array_equal(compiled.value(x), (ag.relu(Tensor(x)) + ag.sigmoid(Tensor(x))).data)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_infinite_logits_are_computed_as_carefully(bad: float) -> None:
    z = Tensor([[0.0, bad, 1.0], [1.0, 2.0, 3.0]])
    y = np.array([0, 2])
    compiled = ag.compile(nn.softmax_cross_entropy)
    with np.errstate(all="ignore"):
        loss = nn.softmax_cross_entropy(z, y)
        (slope,) = ag.gradients(loss, [z])
        np.testing.assert_array_equal(compiled.value_and_grad(z, y), loss.data)
    np.testing.assert_array_equal(z.grad, slope)


# -------------------------------------------------------------------------------------------------------- gradients


def test_gradients_are_those_of_backward_bit_for_bit() -> None:
    model, (x, y) = net(), batch()
    loss = nn.softmax_cross_entropy(model(x), y)
    loss.backward()
    expected = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    compiled = ag.compile(lambda x, y: nn.softmax_cross_entropy(model(x), y))
    for _ in range(2):
        assert compiled.value_and_grad(x, y) == loss.data
        for parameter, slope in zip(model.parameters(), expected):
            np.testing.assert_array_equal(parameter.grad, slope)


def test_gradients_are_kept_in_one_array_and_replaced() -> None:
    w = Tensor([1.0, 2.0], name="w")
    compiled = ag.compile(lambda x: (w * x).sum())
    compiled.value_and_grad(np.array([3.0, 4.0]))
    first = w.grad
    assert not first.flags.writeable
    w.zero_grad()
    compiled.value_and_grad(np.array([5.0, 6.0]))
    assert w.grad is first
    np.testing.assert_array_equal(w.grad, [5.0, 6.0])


def test_a_gradient_passed_back_in_is_read_before_it_is_overwritten() -> None:
    w = Tensor([1.0, 2.0])
    compiled = ag.compile(lambda x: (w * w * x).sum())
    compiled.value_and_grad(np.array([1.0, 1.0]))
    compiled.value_and_grad(w.grad)
    np.testing.assert_array_equal(w.grad, 2 * w.data * [2.0, 4.0])


def test_tensors_among_the_arguments_get_gradients_of_their_own() -> None:
    compiled = ag.compile(lambda a, b: (a * b).sum())
    a, b, c = (Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([5.0, 6.0]))
    compiled.value_and_grad(a, b)
    kept = a.grad
    compiled.value_and_grad(c, b)
    np.testing.assert_array_equal(kept, [3.0, 4.0])
    np.testing.assert_array_equal(c.grad, [3.0, 4.0])
    np.testing.assert_array_equal(b.grad, [5.0, 6.0])


def test_one_tensor_in_two_places_gets_the_sum() -> None:
    compiled = ag.compile(lambda a, b: (a * b * w).sum())
    w = Tensor([1.0, 2.0])
    a = Tensor([3.0, 4.0])
    compiled.value_and_grad(a, a)
    np.testing.assert_array_equal(a.grad, 2 * a.data * w.data)
    compiled.value_and_grad(w, w)
    np.testing.assert_array_equal(w.grad, 3 * w.data**2)


def test_what_no_gradient_reaches_has_none() -> None:
    a, b, u = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([1.0, 2.0])
    b.grad = u.grad = np.ones(2)
    ag.compile(lambda p, q, unread: (p * q.detach()).sum()).value_and_grad(a, b, u)
    assert b.grad is u.grad is None
    ag.compile(lambda: {"both": (a * b.detach()).sum()})()["both"].backward()
    assert b.grad is None
    a.zero_grad()
    ag.compile(lambda: [(a * a).sum(), (b * b).sum()])()[1].backward()
    assert a.grad is None
    np.testing.assert_array_equal(b.grad, 2 * b.data)


def test_a_step_leaves_no_old_gradient_to_a_parameter_that_is_not_read() -> None:
    a, b, other = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor(1.0)
    b.grad, other.grad = np.ones(2), 1.0
    ag.compile(lambda: (a * a).sum(), optimiser=nn.SGD([a, b], lr=0.1)).step()
    assert b.grad is None
    assert other.grad == 1.0


def test_a_tensor_that_was_computed_outside_may_be_read_detached() -> None:
    a = Tensor([1.0, 2.0], name="a")
    h = 2.0 * a
    detached = ag.compile(lambda: (a * h.detach()).sum(), check=True)
    assert detached.value_and_grad() == 10.0
    np.testing.assert_array_equal(a.grad, h.data)
    with pytest.raises(TypeError, match="was computed outside by multiply: its gradient would end there"):
        ag.compile(lambda: (a * h).sum()).value_and_grad()


def test_without_anything_to_differentiate() -> None:
    with pytest.raises(TypeError, match="does not depend on a Tensor that requires a gradient"):
        ag.compile(lambda x: x.sum()).value_and_grad(np.ones(2))


def test_a_loss_has_one_entry() -> None:
    w = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="has 2 entries, not 1"):
        ag.compile(lambda: w * 2.0).value_and_grad()
    assert w.grad is None


def test_a_loss_of_shape_1_is_a_loss() -> None:
    w = Tensor([3.0])
    assert ag.compile(lambda: w * w).value_and_grad() == 9.0
    np.testing.assert_array_equal(w.grad, [6.0])


def test_a_computed_argument_would_lose_its_gradient() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"argument x .* was computed .* x\.detach\(\)"):
        ag.compile(lambda x: x.sum()).value_and_grad(x * 2.0)


def test_results_can_be_differentiated() -> None:
    w, x = Tensor([1.0, 2.0], name="w"), Tensor([3.0, 4.0], name="x")
    compiled = ag.compile(lambda x: (ag.tanh(w * x), x.sum(), ag.floor(x)))
    tanh, total, floors = compiled(x)
    assert not floors.requires_grad
    (tanh.sum() * total).backward()
    got = w.grad, x.grad
    w.zero_grad()
    x.zero_grad()
    (ag.tanh(w * x).sum() * x.sum()).backward()
    np.testing.assert_allclose(got[0], w.grad, rtol=1e-15)
    np.testing.assert_allclose(got[1], x.grad, rtol=1e-15)


def test_transforms_see_through_a_compiled_function() -> None:
    w = Tensor(0.5)
    compiled = ag.compile(lambda x: ag.sin(w * x) * x)
    plain = compiled.function
    assert ag.grad(compiled)(2.0) == pytest.approx(ag.grad(plain)(2.0).data)
    assert ag.grad(ag.grad(compiled))(2.0) == pytest.approx(ag.grad(ag.grad(plain))(2.0).data)
    assert ag.compile(ag.grad(compiled)).value(np.float64(2.0)) == pytest.approx(ag.grad(plain)(2.0).data)


def test_under_no_grad_results_are_constants() -> None:
    w = Tensor(2.0)
    compiled = ag.compile(lambda x: w * x)
    with ag.no_grad():
        assert not compiled(3.0).requires_grad


# ------------------------------------------------------------------------------------------------------------ steps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_compiled_step_is_an_eager_step(dtype: type) -> None:
    x, y = batch(dtype=dtype)
    eager, compiled_model = net(dtype=dtype), net(dtype=dtype)
    optimiser = nn.SGD(eager.parameters(), lr=0.3)
    train = ag.compile(
        lambda x, y: nn.softmax_cross_entropy(compiled_model(x), y),
        optimiser=nn.SGD(compiled_model.parameters(), lr=0.3),
    )
    for _ in range(5):
        loss = nn.softmax_cross_entropy(eager(x), y)
        eager.zero_grad()
        loss.backward()
        optimiser.step()
        assert train.step(x, y) == loss.data
    for one, other in zip(eager.parameters(), compiled_model.parameters()):
        np.testing.assert_array_equal(one.data, other.data)
        np.testing.assert_array_equal(one.grad, other.grad)


def test_the_rate_is_read_at_each_step() -> None:
    w = Tensor([1.0, 1.0])
    optimiser = nn.SGD([w], lr=1.0)
    train = ag.compile(lambda x: (w * x).sum(), optimiser=optimiser)
    train.step(np.array([1.0, 2.0]))
    optimiser.lr = 0.5
    train.step(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(w.data, [-0.5, -2.0])
    assert train.compilations == 1


def test_parameters_that_the_optimiser_does_not_have_stay() -> None:
    w, b = Tensor([1.0, 2.0]), Tensor(3.0)
    train = ag.compile(lambda: (w * b).sum(), optimiser=nn.SGD([b], lr=0.1))
    train.step()
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    np.testing.assert_array_equal(w.grad, [3.0, 3.0])
    assert b.data == 3.0 - 0.1 * 3.0


def test_a_step_needs_an_optimiser() -> None:
    with pytest.raises(TypeError, match=r"step: there is no optimiser; write ag\.compile\(loss, optimiser="):
        ag.compile(lambda x: x.sum()).step(np.ones(2))


def test_a_step_that_would_update_nothing() -> None:
    w = Tensor([1.0, 2.0])
    train = ag.compile(lambda p, x: (p * x).sum(), optimiser=nn.SGD([w], lr=0.1))
    with pytest.raises(TypeError, match="step: the function reads no parameter of the optimiser from outside"):
        train.step(w, np.ones(2))


def test_an_argument_that_shares_memory_with_a_parameter() -> None:
    data = np.array([1.0, 2.0])
    w = ag.as_tensor(data)
    train = ag.compile(lambda x: (w * x).sum(), optimiser=nn.SGD([w], lr=0.5))
    train.step(data)
    np.testing.assert_array_equal(data, [0.5, 1.0])
    np.testing.assert_array_equal(w.grad, [1.0, 2.0])


def test_every_optimiser_works_on_the_gradients() -> None:
    w = Tensor([1.0, 2.0])
    optimiser = nn.SGD([w], lr=0.5)
    compiled = ag.compile(lambda: (w * w).sum())
    for _ in range(3):
        compiled.value_and_grad()
        optimiser.step()
        optimiser.zero_grad()
    np.testing.assert_array_equal(w.data, [0.0, 0.0])


# --------------------------------------------------------------------------------------------- nothing is ever stale


def test_a_replaced_parameter_is_read() -> None:
    model, (x, y) = net(), batch()
    compiled = ag.compile(lambda x: model(x).sum())
    compiled.value_and_grad(x)
    model.layers[0].weight = Tensor(np.zeros((4, 5)))
    assert compiled.value(x) == model(x).sum().data
    compiled.value_and_grad(x)
    assert model.layers[0].weight.grad is not None
    assert y is not None


def test_new_data_of_a_parameter_are_read() -> None:
    w = Tensor(2.0)
    v = Tensor([1.0, 2.0])
    compiled = ag.compile(lambda: (w * v).sum())
    assert compiled.value() == 6.0
    w.data = 3.0
    v.data = [2.0, 2.0]
    assert compiled.value() == 12.0
    v.data[0] = 0.0
    assert compiled.value() == 6.0
    assert compiled.compilations == 1


def test_a_frozen_parameter_gets_no_gradient() -> None:
    w, b = Tensor(2.0), Tensor(3.0)
    compiled = ag.compile(lambda: w * b)
    compiled.value_and_grad()
    w.requires_grad = False
    w.zero_grad()
    compiled.value_and_grad()
    assert w.grad is None
    assert b.grad == 2.0


def test_plain_values_from_outside_are_watched() -> None:
    rate, array = 2.0, np.array([1.0, 2.0])
    compiled = ag.compile(lambda x: x * rate + array)
    x = np.ones(2)
    np.testing.assert_array_equal(compiled.value(x), [3.0, 4.0])
    rate = 3.0
    np.testing.assert_array_equal(compiled.value(x), [4.0, 5.0])
    array[0] = 10.0
    np.testing.assert_array_equal(compiled.value(x), [13.0, 5.0])
    array = np.zeros(2)
    np.testing.assert_array_equal(compiled.value(x), [3.0, 3.0])


def test_arguments_changed_in_place_or_passed_twice() -> None:
    compiled = ag.compile(lambda x, y: x * 2.0 + y)
    x = np.ones(3)
    np.testing.assert_array_equal(compiled.value(x, x), [3.0, 3.0, 3.0])
    x[0] = 5.0
    np.testing.assert_array_equal(compiled.value(x, x), [15.0, 3.0, 3.0])
    np.testing.assert_array_equal(compiled.value(x, x[::-1]), [11.0, 3.0, 7.0])


def test_strided_and_read_only_arguments() -> None:
    compiled = ag.compile(lambda x: (x @ x.T) + 1.0)
    base = np.arange(24.0).reshape(4, 6)
    for x in (base[:, :4], base[:, ::-1][:, :4], np.asfortranarray(base[:, :4]), np.broadcast_to(base[0, :4], (4, 4))):
        np.testing.assert_allclose(compiled.value(x), x @ x.T + 1.0, rtol=1e-15)
    assert compiled.compilations == 1


def test_random_numbers_are_never_frozen() -> None:
    rng = np.random.default_rng(0)
    dropout = ag.compile(lambda x: x * (rng.random(3) > 0.5))
    with pytest.raises(RuntimeError, match=r"drew random numbers from `rng` .* pass them as an argument"):
        dropout.value(np.ones(3))
    masked = ag.compile(lambda x, mask: x * mask)
    for _ in range(3):
        mask = rng.random(3) > 0.5
        np.testing.assert_array_equal(masked.value(np.ones(3), mask), mask * 1.0)


# ----------------------------------------------------------------------------------------------- what can't be traced


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: x if x.sum() > 0 else -x, r"bool: .* write ag\.where\(condition, x, y\) instead of a branch"),
        (lambda x: x * float(x.sum()), "float: .* is traced by ag.compile"),
        (lambda x: x * x.sum().item(), "item: "),
        (lambda x: x * x.data, "data: "),
        (lambda x: x * np.asarray(x), "array: "),
        (lambda x: x * x.numpy(), "numpy: "),
        (lambda x: x[int(x.sum())], "int: "),
        (lambda x: x * W.data, "data: "),
        (lambda x: x * np.array_equal(x, x), "array_equal: "),
        (lambda x: x[x > 0], "shape .* depends on .*values"),
        (lambda x: backward(x), "backward: "),
        (lambda x: copy.deepcopy(W) * x, "copy: "),
    ],
)
@pytest.mark.parametrize("suppress", [False, True])
def test_values_can_not_be_read_while_tracing(f: Callable[..., Any], wanted: str, suppress: bool) -> None:
    function = ag.no_grad()(f) if suppress else f
    with pytest.raises((TypeError, ValueError), match=wanted):
        ag.compile(function).value(np.array([1.0, 2.0]))
    assert W.data == 2.0  # the trace has ended


W = Tensor(2.0, name="W")


def backward(x: Any) -> Any:
    loss = (W * x).sum()
    loss.backward()
    return loss


def test_no_grad_and_detach_are_traced() -> None:
    w = Tensor(2.0)

    def f(x: Any) -> Any:
        with ag.no_grad():
            mean = x.mean()
        return w * (x - mean).sum() + w.detach() * x.sum()

    compiled = ag.compile(f)
    for x in (np.array([1.0, 2.0]), np.array([5.0, 7.0])):
        assert compiled.value_and_grad(x) == f(Tensor(x)).data
        assert w.grad == 0.0


@pytest.mark.parametrize("result", [3.0, None, "text", np.ones(2)])
def test_an_output_that_is_no_tensor(result: Any) -> None:
    with pytest.raises(TypeError, match=r"compile: <lambda> returned \w+, not a Tensor"):
        ag.compile(lambda x: result).value(np.ones(2))


def test_arguments_that_are_no_input() -> None:
    compiled = ag.compile(lambda x, flag: x * 2.0 if flag else x)
    np.testing.assert_array_equal(compiled.value(np.ones(1), True), [2.0])
    np.testing.assert_array_equal(compiled.value(np.ones(1), False), [1.0])
    np.testing.assert_array_equal(compiled.value(np.ones(1), {1}), [2.0])
    with pytest.raises(TypeError, match="compile: x"):
        compiled.value(np.array([1j]), True)
    with pytest.raises(TypeError, match="compile: expected a function"):
        ag.compile(3)  # type: ignore[arg-type]


def test_wrong_shapes_and_labels_change_nothing() -> None:
    model, (x, y) = net(), batch()
    train = ag.compile(lambda x, y: nn.softmax_cross_entropy(model(x), y), optimiser=nn.SGD(model.parameters(), lr=0.1))
    train.step(x, y)
    before = [p.numpy() for p in model.parameters()]
    with pytest.raises(ValueError, match="affine"):
        train.step(x[:, :3], y)
    for bad in (np.full(6, 3), np.full(6, -1)):
        with pytest.raises(ValueError, match=r"label -?\d of sample 0 is not among the classes 0 to 2"):
            train.step(x, bad)
    for parameter, data in zip(model.parameters(), before):
        np.testing.assert_array_equal(parameter.data, data)
    train.step(x, y)


def test_hooks_do_not_survive_compilation() -> None:
    w = Tensor(2.0, name="w")
    w.register_hook(lambda g: g * 2.0)
    with pytest.raises(TypeError, match=r"w .* hook"):
        ag.compile(lambda: w * w).value_and_grad()


def test_debug_sees_the_operations_of_a_compiled_function() -> None:
    x = Tensor([0.0, 1.0], name="x")
    compiled = ag.compile(lambda x: ag.log(x))
    with ag.debug(), pytest.raises(FloatingPointError, match=r"log: .* x = 0\.0"):
        compiled(x)
    w = Tensor(0.0, name="w")
    root = ag.compile(lambda: ag.sqrt(w) * 1.0)
    with ag.debug(), pytest.raises(FloatingPointError, match="sqrt: the gradient for w"):
        root.value_and_grad()
    logarithm = ag.compile(lambda: ag.log(w))
    with ag.debug(), pytest.raises(FloatingPointError, match="log: "):
        logarithm.value()


# ------------------------------------------------------------------------------------- programs, sources, travelling


def test_recompiling_again_and_again_is_warned_of() -> None:
    compiled = ag.compile(lambda x: x * 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for count in range(8):
            compiled.value(np.ones(count))
    message = r"compiled 9 times, this time because argument 0 was float64 \(7,\), then float64 \(8,\)"
    with pytest.warns(ag.RecompilationWarning, match=message) as caught:
        compiled.value(np.ones(8))
    assert caught[0].filename == __file__


def test_old_programs_make_room() -> None:
    compiled = ag.compile(lambda x: x * 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for count in range(100):
            compiled.value(np.ones(count))
    assert len(compiled._programs._found) == 64


def test_there_is_no_source_before_the_first_call() -> None:
    compiled = ag.compile(lambda x: x)
    for ask in (lambda: compiled.source, lambda: compiled.peak_bytes):
        with pytest.raises(RuntimeError, match="has no program yet; call it once"):
            ask()


@pytest.mark.parametrize(
    "name", ["x); import os", "</script>", "lambda", "np", "workspace", "", "ﬁ", "x" * 500, "1", "\n"]
)
def test_hostile_names_are_harmless(name: str) -> None:
    w = Tensor([1.0, 2.0], name=name)
    v = Tensor([3.0, 4.0], name=name)
    compiled = ag.compile(lambda x: ((w * x).named(name) * v).sum().named(name))
    assert compiled.value_and_grad(np.ones(2)) == 11.0
    np.testing.assert_array_equal(w.grad, [3.0, 4.0])
    assert "import os" not in compiled.source


def test_tracebacks_show_the_generated_line() -> None:
    compiled = ag.compile(lambda x: ag.linalg.inv(x))
    compiled.value(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        compiled.value(np.zeros((2, 2)))
    assert "inv(x)" in "".join(traceback.format_exception(caught.value))


def double(x: Any) -> Any:
    return x * 2.0


def test_a_pickled_function_brings_only_itself() -> None:
    """Source from elsewhere would be run unread."""
    compiled = ag.compile(double, check=3)
    compiled.value(np.ones(3))
    data = pickle.dumps(compiled)
    assert b"np.multiply" not in data
    other = pickle.loads(data)
    assert other.compilations == 0
    with pytest.raises(RuntimeError, match="double has no program yet; call it once"):
        _ = other.source
    np.testing.assert_array_equal(other.value(np.ones(3)), [2.0, 2.0, 2.0])
    assert other.source == compiled.source
    assert other.compilations == 1
    assert pickle.dumps(other) == data


class Scale(nn.Module):
    def __init__(self) -> None:
        self.factor = Tensor([2.0, 3.0])

    def loss(self, x: Any) -> Any:
        return (self.factor * x).sum()


def test_a_pickled_method_goes_with_its_own_parameters() -> None:
    model = Scale()
    compiled = ag.compile(model.loss)
    compiled.value_and_grad(np.ones(2))
    other = pickle.loads(pickle.dumps(compiled))
    own = other.function.__self__.factor
    own.data[0] = 10.0
    assert other.value_and_grad(np.ones(2)) == 13.0
    np.testing.assert_array_equal(own.grad, [1.0, 1.0])
    assert compiled.value(np.ones(2)) == 5.0


class Net(nn.Module):
    def __init__(self, factor: float) -> None:
        self.factor = Tensor(factor)

    @ag.compile
    def forward(self, x: Any) -> Any:
        return (self.factor * x).sum()


def test_a_compiled_method_belongs_to_its_object() -> None:
    one, two = Net(2.0), Net(3.0)
    for _ in range(2):
        assert one.forward.value_and_grad(np.ones(2)) == 4.0
        assert two(np.ones(2)).data == 6.0
    assert one.factor.grad == 2.0
    assert two.factor.grad is None
    assert (one.forward.compilations, two.forward.compilations) == (1, 1)
    assert isinstance(Net.forward, ag.Compiled)
    assert list(one.named_parameters()) == [("factor", one.factor)]
    copied = copy.deepcopy(one)
    copied.factor.data = 5.0
    assert copied.forward.value(np.ones(2)) == 10.0
    assert one.forward.value(np.ones(2)) == 4.0


def test_checking_finds_what_changes_from_call_to_call() -> None:
    values = ag.static(iter([1.0, 2.0, 3.0]))
    compiled = ag.compile(lambda x: x * next(values), check=True)
    with pytest.raises(RuntimeError, match=r"compile: output 0 of <lambda> is .* but .* without compiling"):
        compiled.value(np.ones(1))
    w = Tensor(2.0, name="w")
    factors = ag.static(iter([1.0, 2.0, 3.0]))
    loss = ag.compile(lambda: w * w * 0.0 + w * next(factors), check=True)
    with pytest.raises(RuntimeError, match="without compiling"):
        loss.value_and_grad()


def test_an_iterator_is_refused_by_name() -> None:
    values = iter([1.0, 2.0, 3.0])
    compiled = ag.compile(lambda x: x * next(values))
    with pytest.raises(TypeError, match=r"<lambda> reads values, a list_iterator, .* with ag\.static\(values\) that"):
        compiled.value(np.ones(1))
    assert compiled.compilations == 0


def test_checking_takes_no_number_for_an_infinity() -> None:
    values = ag.static(iter([1.0, np.inf]))
    compiled = ag.compile(lambda x: x * next(values), check=True)
    with pytest.raises(RuntimeError, match=r"compile: output 0 of <lambda> is \[1\.\], but \[inf\] without compiling"):
        compiled.value(np.ones(1))


def test_checking_a_right_program() -> None:
    model, (x, y) = net(), batch()
    train = ag.compile(
        lambda x, y: nn.softmax_cross_entropy(model(x), y), optimiser=nn.SGD(model.parameters(), lr=0.1), check=True
    )
    assert [train.step(x, y), train.value_and_grad(x, y)][1] == train.value(x, y)


def test_threads_share_a_compiled_function() -> None:
    compiled = ag.compile(lambda a, x: (ag.tanh(x @ a) ** 2).sum())
    rng = np.random.default_rng(0)
    cases = [(Tensor(rng.normal(size=(40, 30))), rng.normal(size=(50, 40))) for _ in range(8)]
    found: list[list[Any]] = [[] for _ in cases]

    def work(index: int) -> None:
        a, x = cases[index]
        for _ in range(20):
            found[index].append((compiled.value_and_grad(a, x), a.grad))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (a, x), results in zip(cases, found):
        expected = compiled.value_and_grad(a, x)
        for loss, slope in results:
            assert loss == expected
            np.testing.assert_array_equal(slope, a.grad)
    assert compiled.compilations == 1


def test_an_interrupted_run_leaves_no_half_written_gradient() -> None:
    w = Tensor([1.0, 2.0])
    fail = np.array([False])  # an array may change without a new trace

    def rule(g: Any, out: Any, x: Any) -> Any:
        return interrupted(g)

    def forward(g: Any) -> Any:
        if fail[0]:
            raise KeyboardInterrupt
        return g

    interrupted = ag.Op("interrupted", forward, None)
    passing = ag.Op("passing", lambda x: x * 1.0, rule)
    compiled = ag.compile(lambda x: (passing(w) * x).sum())
    compiled.value_and_grad(np.ones(2))
    fail[0] = True
    with pytest.raises(KeyboardInterrupt):
        compiled.value_and_grad(np.ones(2))
    assert w.grad is None
    fail[0] = False
    assert compiled.value_and_grad(np.ones(2)) == 3.0


def test_a_dropped_function_frees_its_programs() -> None:
    gc.disable()
    try:
        w = Tensor(np.ones(1000))
        compiled = ag.compile(lambda: (w * w).sum())
        compiled.value_and_grad()
        program = compiled._programs.newest
        import weakref

        alive = weakref.ref(program)
        del program, compiled
        assert alive() is None
    finally:
        gc.enable()


# ------------------------------------------------------------------------- decorators, pickles, what to write


class Regression:
    """An object whose loss is compiled."""

    def __init__(self) -> None:
        self.w = Tensor([1.0, 2.0])

    @ag.compile
    def loss(self, x: Any) -> Any:
        return (self.w * x).sum()

    @ag.compile(check=True)
    def double(self, x: Any) -> Any:
        return (self.w * x).sum() * 2


@pytest.mark.parametrize("travel", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy])
def test_an_object_with_programs_travels(travel: Any) -> None:
    first = Regression()
    assert first.loss.value(np.ones(2)) * 2 == first.double.value(np.ones(2)) == 6.0
    other = travel(first)
    assert other.loss.value(np.ones(2)) * 2 == other.double.value(np.ones(2)) == 6.0
    other.w = Tensor([3.0, 4.0])
    assert (other.loss.value(np.ones(2)), first.loss.value(np.ones(2))) == (7.0, 3.0)
    again = travel(ag.compile(first.loss))
    assert again.value(np.ones(2)) == 3.0


def test_a_decorator_with_settings() -> None:
    w = Tensor([1.0, 2.0])

    @ag.compile(optimiser=nn.SGD([w], lr=0.5), check=2)
    def loss(x: Any) -> Any:
        return (w * x).sum()

    assert loss.step(np.ones(2)) == 3.0
    np.testing.assert_array_equal(w.data, [0.5, 1.5])
    with pytest.raises(TypeError, match="compile: expected a function, got NoneType"):
        ag.compile(None)  # type: ignore[call-overload]


def _generates(x: Any) -> Any:
    yield x


async def _waits(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: (x, None), r"returned NoneType at \[1\], not a Tensor; return Tensors alone"),
        (lambda x: {"y": x, "n": 3}, r"returned int at \['n'\], not a Tensor; was \.data or float\(\) used inside\?"),
        (lambda x: np.ones(2), r"returned ndarray, not a Tensor; .* return what is constant in another way"),
        (lambda x: slice(x), "returned slice, not a Tensor; .* not in an object"),
        (_generates, "it is a generator or coroutine function"),
        (_waits, "it is a generator or coroutine function"),
        (
            lambda x: x.copy(),
            r"asks x \(2,\) for copy, which only an array has; arrays among the arguments arrive as T",
        ),
        (lambda x: x * {1: 2}[x], r"looks up x \(2,\) in a dict, and an argument is another object in a trace"),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_what_can_not_be_returned_or_asked_says_what_to_write(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ag.compile(function).value(np.ones(2))
