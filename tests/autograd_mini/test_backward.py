"""backward and gradients: the classic traps, accumulation, memory, and what they refuse."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor, ops

# ----------------------------------------------------------------------------------------------------------- traps


def test_a_sum_of_sums() -> None:
    a = Tensor(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4.0


def test_a_diamond() -> None:
    x = Tensor(2.0)
    y = x * x
    z = y * 3 + ag.exp(y) * x
    z.backward()
    assert x.grad == pytest.approx(3 * 4 + np.exp(4.0) * (4 * 2 + 1))


@pytest.mark.parametrize(
    ("compute", "slope"),
    [(lambda x: x * x, 6.0), (lambda x: x - x, 0.0), (lambda x: x / x, 0.0), (lambda x: ag.maximum(x, x), 1.0)],
)
def test_the_same_tensor_twice_in_one_operation(compute: Any, slope: float) -> None:
    x = Tensor(3.0)
    compute(x).backward()
    assert x.grad == slope


def test_equal_leaves_are_different_leaves() -> None:
    x, y = Tensor(1.0), Tensor(1.0)
    (x * 2 + y * 3).backward()
    assert (x.grad, y.grad) == (2.0, 3.0)


def test_leaves_accumulate_and_intermediates_do_not_double() -> None:
    x = Tensor(3.0)
    y = x * x
    y.retain_grad()
    z = y * 2
    z.backward()
    z.backward()
    assert x.grad == 24.0
    assert y.grad == 2.0
    x.zero_grad()
    z.backward()
    assert x.grad == 12.0


def test_intermediates_have_no_gradient_unless_retained() -> None:
    x = Tensor(3.0)
    y = x * x
    (y + 1).backward()
    assert y.grad is None
    with pytest.raises(TypeError, match="does not require a gradient"):
        (x > 0).retain_grad()


def test_a_chain_of_a_million_additions() -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad) == (1_000_001.0, 1.0)


def test_a_wide_fan_of_reads() -> None:
    x = Tensor(np.arange(2000.0))
    total = sum((x[position] * position for position in range(2000)), start=Tensor(0.0, requires_grad=False))
    total.backward()
    np.testing.assert_array_equal(x.grad, np.arange(2000.0))


def test_reading_entries_one_by_one_makes_no_full_array_each(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(ops.scatter_add, "forward", lambda *arrays, **settings: made.append(1))
    x = Tensor(np.ones(100_000))
    ag.stack([x[position] for position in range(500)]).sum().backward()
    assert made == []
    assert x.grad is not None
    assert x.grad.sum() == 500


def test_reads_add_into_one_array(monkeypatch: pytest.MonkeyPatch) -> None:
    totals, accumulate = [], ops.getitem.accumulate
    assert accumulate is not None

    def watched(total: Any, *arguments: Any, **settings: Any) -> None:
        totals.append(total)
        accumulate(total, *arguments, **settings)

    monkeypatch.setattr(ops.getitem, "accumulate", watched)
    x = Tensor(np.arange(5.0))
    (x[0] * 2 + x[1:] + x[[1, 1, 1, 1]]).sum().backward()
    assert len(totals) == 3
    assert all(total is totals[0] for total in totals)


def test_accumulation_in_place_is_for_the_first_input() -> None:
    def accumulate(total: Any, g: Any, x: Any, w: Any) -> None:
        total[0] += np.sum(g * w)

    first_by = ag.Op(
        "first_by",
        lambda x, w: x[0] * w,
        lambda g, out, x, w: pytest.fail("the first input has accumulate"),
        lambda g, out, x, w: g * x[0],
        accumulate=accumulate,
    )
    x, w = Tensor([2.0, 3.0]), Tensor([5.0])
    first_by(x, w).sum().backward()
    np.testing.assert_array_equal(x.grad, [5.0, 0.0])
    np.testing.assert_array_equal(w.grad, [2.0])


def test_reading_a_scalar() -> None:
    x = Tensor(3.0)
    (x[()] * x[None]).sum().backward()
    assert x.grad == 6.0


def test_a_read_joins_other_gradients_of_the_same_tensor() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    ((x * x).sum() + x[1] + x[[0, 0]].sum() + x.sum()).backward()
    np.testing.assert_array_equal(x.grad, [5.0, 6.0, 7.0])


# ---------------------------------------------------------------------------------------------------- conventions


@pytest.mark.parametrize(
    ("compute", "point", "slope"),
    [
        (ag.relu, 0.0, 0.0),
        (ag.absolute, 0.0, 0.0),
        (lambda x: ag.maximum(x, 0.0), 0.0, 0.5),
        (lambda x: ag.maximum(0.0, x), 0.0, 0.5),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x ** np.array(2), 0.0, 0.0),
        (lambda x: (-2.0) ** ag.stop_gradient(x) * x, 2.0, 4.0),
        (lambda x: 0.0**x, 2.0, 0.0),
        (lambda x: 0.0**x, 0.0, 0.0),
        (lambda x: x**3, -2.0, 12.0),
        (lambda x: ag.where(x > 5, x * 3, x), 2.0, 1.0),
    ],
)
def test_conventions_at_kinks_and_edges(compute: Any, point: float, slope: float) -> None:
    x = Tensor(point)
    compute(x).backward()
    assert x.grad == slope


def test_ties_of_a_maximum_share_equally() -> None:
    x = Tensor([[3.0, 3.0, 3.0, 1.0], [0.0, 2.0, 2.0, 0.0]])
    x.max(axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[1 / 3, 1 / 3, 1 / 3, 0], [0, 0.5, 0.5, 0]])


def test_the_square_root_at_zero_is_infinitely_steep_as_ieee_says() -> None:
    x = Tensor(0.0)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        ag.sqrt(x).backward()
    assert x.grad == np.inf


@pytest.mark.parametrize("z", [-1e4, -745.0, -30.0, 0.0, 30.0, 1e4])
def test_sigmoid_neither_overflows_nor_loses_its_tail(z: float) -> None:
    x = Tensor(z)
    y = ag.sigmoid(x)
    y.backward()
    expected = np.exp(z) if z < -30 else 1 / (1 + np.exp(-z))
    assert y.data == pytest.approx(expected, rel=1e-13, abs=0)
    assert np.isfinite(x.grad)


@pytest.mark.parametrize(
    ("row", "value", "slope"),
    [
        ([1e4, -1e4], 1e4, [1.0, 0.0]),
        ([-1e4, -1e4], -1e4 + np.log(2), [0.5, 0.5]),
        ([-np.inf, 0.0], 0.0, [0.0, 1.0]),
        ([-np.inf, -np.inf], -np.inf, [0.0, 0.0]),
        ([], -np.inf, []),
    ],
)
def test_log_sum_exp_at_its_edges(row: list[float], value: float, slope: list[float]) -> None:
    x = Tensor(row)
    y = ag.logsumexp(x)
    y.backward()
    assert y.item() == value
    np.testing.assert_allclose(x.grad, slope, rtol=1e-12)


def test_steep_gradients_do_not_leak_through_masks() -> None:
    steep = ag.Op("steep", lambda x: x, lambda g, out, x: g * np.inf)
    x, y = Tensor([1.0, 5.0]), Tensor([2.0, 3.0])
    steep(ag.where([True, False], x, y)).sum().backward()
    np.testing.assert_array_equal(x.grad, [np.inf, 0.0])
    np.testing.assert_array_equal(y.grad, [0.0, np.inf])
    x, y = Tensor([1.0, 5.0]), Tensor([2.0, 3.0])
    steep(ag.maximum(x, y)).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, np.inf])
    np.testing.assert_array_equal(y.grad, [np.inf, 0.0])


def test_powers_of_zero_in_the_exponent() -> None:
    y = Tensor([-1.0, 0.0, 2.0])
    with np.errstate(divide="ignore"):
        (0.0**y).sum().backward()
    np.testing.assert_array_equal(y.grad, [-np.inf, 0.0, 0.0])


def test_the_mixed_derivative_of_a_power_at_exponent_zero() -> None:
    x, y = Tensor(3.0), Tensor(0.0)
    (slope_x,) = ag.gradients(x**y, [x], create_graph=True)
    (slope_y,) = ag.gradients(x**y, [y], create_graph=True)
    assert ag.gradients(slope_x, [y])[0] == pytest.approx(1 / 3)
    assert ag.gradients(slope_y, [x])[0] == pytest.approx(1 / 3)


def test_where_gives_the_branch_not_taken_an_exact_zero() -> None:
    x = Tensor([0.0, 2.0])
    safe = ag.where(x > 0, x, 1.0)
    ag.where(x > 0, ag.log(safe), 0.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])


def test_a_branch_that_broadcasts_gets_a_gradient_of_its_own_shape() -> None:
    x = Tensor([3.0])
    ag.where([True, False, True], x, 0.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0])


def test_log_sum_exp_keeps_float32_and_takes_integers() -> None:
    assert ag.logsumexp(Tensor(np.full((2, 2), -np.inf, np.float32)), axis=1).dtype == np.float32
    assert ag.logsumexp([0, 0]) == np.log(2)


@pytest.mark.parametrize("reduce", [ag.sum, ag.mean, ag.max, ag.logsumexp])
def test_negative_axes(reduce: Any) -> None:
    data = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 0.0]])
    for axis in (-1, -2, (-1, 0), (-2, -1)):
        positive = tuple(np.atleast_1d(axis) % 2)
        x, y = Tensor(data), Tensor(data)
        (reduce(x, axis=axis) ** 2).sum().backward()
        (reduce(y, axis=positive) ** 2).sum().backward()
        np.testing.assert_array_equal(x.grad, y.grad)


def test_reductions_of_nothing() -> None:
    x = Tensor(np.zeros((0, 3)))
    x.mean(axis=1).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_concatenation_without_an_axis_flattens() -> None:
    x, y = Tensor([[1.0, 2.0]]), Tensor(3.0)
    (ag.concatenate([x, y], axis=None) * [1.0, 2.0, 3.0]).sum().backward()
    np.testing.assert_array_equal(x.grad, [[1.0, 2.0]])
    assert y.grad == 3.0


def test_the_mean_of_many_half_precision_numbers_has_a_gradient() -> None:
    x = Tensor(np.ones(70_000, np.float16))
    x.mean().backward()
    np.testing.assert_array_equal(x.grad, np.full(70_000, np.float16(1 / 70_000)))


def test_nan_flows_without_an_error() -> None:
    x = Tensor([np.nan, 1.0])
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [np.nan, 2.0])


def test_empty_arrays_have_empty_gradients() -> None:
    x = Tensor(np.zeros((0, 3)))
    (x * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


# --------------------------------------------------------------------------------------------------- dtype, sharing


def test_float32_in_float32_everywhere() -> None:
    rng = np.random.default_rng(0)
    model = nn.MLP([3, 4, 2], rng=rng, dtype=np.float32)
    x = rng.normal(size=(5, 3)).astype(np.float32)
    loss = nn.softmax_cross_entropy(model(x), [0, 1, 0, 1, 1])
    assert {node.dtype for node in ag.topological_order(loss)} == {np.dtype(np.float32)}
    assert {g.dtype for g in ag.gradients(loss).values()} == {np.dtype(np.float32)}


def test_a_mixed_graph_gives_each_leaf_its_own_dtype() -> None:
    x, w = Tensor(np.ones(2, np.float32)), Tensor(np.ones(2))
    (x * w).sum().backward()
    assert x.grad is not None
    assert w.grad is not None
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)


def test_a_gradient_of_another_dtype_is_cast() -> None:
    x = Tensor(np.ones(2, np.float32))
    for seed in (np.ones(2), Tensor(np.ones(2))):
        (slope,) = ag.gradients(x * 2, [x], gradient=seed, create_graph=True)
        assert slope.dtype == np.float32


def test_a_given_gradient_is_neither_locked_nor_shared() -> None:
    x, seed = Tensor([1.0, 2.0]), np.ones(2)
    (x + 0).backward(seed)
    seed[0] = 9.0
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


# --------------------------------------------------------------------------------------------- what it says no to


def test_backward_needs_a_single_entry_or_a_gradient() -> None:
    h = (Tensor(np.ones((3, 2))) * 2).named("h")
    with pytest.raises(ValueError, match=r"backward: h \(3, 2\) has 6 entries, not 1; reduce it with \.sum\(\)"):
        h.backward()
    with pytest.raises(ValueError, match=r"gradient: h \(3, 2\) can't take a value of shape \(2,\)"):
        h.backward(np.ones(2))


@pytest.mark.parametrize(
    "make", [lambda x: Tensor(1.0, requires_grad=False), lambda x: x > 0, lambda x: x.detach() * 2]
)
def test_backward_from_a_constant_is_refused(make: Any) -> None:
    with pytest.raises(TypeError, match="does not depend on a Tensor that requires a gradient"):
        make(Tensor(1.0)).backward()


def test_a_rule_that_fails_leaves_every_gradient_as_it_was() -> None:
    broken = ag.Op("broken", lambda x: x * 2, lambda g, out, x: 1 / 0)
    x, y, z = Tensor(1.0), Tensor(2.0), Tensor(3.0)
    for output in (y * 3 + broken(x) + z, z + (broken(x) + y * 3)):  # broken first, and last
        with pytest.raises(ZeroDivisionError):
            output.backward()
        assert (x.grad, y.grad, z.grad) == (None, None, None)


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (np.ones(7), ValueError, r"broken: its rule for x \(2,\) failed: it gave a gradient of shape \(7,\)"),
        (np.ones(2) * 1j, TypeError, r"broken: its rule for x \(2,\) failed: it gave a gradient of complex128"),
        (None, TypeError, r"broken: its rule for x \(2,\) failed: it gave NoneType, not an array"),
        ([1.0, 1.0], TypeError, r"broken: its rule for x \(2,\) failed: it gave list, not an array"),
    ],
)
def test_what_a_rule_returns_is_checked(result: Any, error: type[Exception], message: str) -> None:
    broken = ag.Op("broken", lambda x: x * 2, lambda g, out, x: result)
    with pytest.raises(error, match=message):
        broken(Tensor([1.0, 2.0], name="x")).sum().backward()


def test_a_rule_may_return_a_number_for_a_scalar() -> None:
    x = Tensor(3.0)
    ag.Op("twice", lambda x: x * 2, lambda g, out, x: 2.0)(x).backward()
    assert x.grad == 2.0
    assert isinstance(x.grad, np.float64)


def test_an_error_in_a_rule_names_the_operation_and_the_input() -> None:
    broken = ag.Op("broken", lambda x: x * 2, lambda g, out, x: g @ np.ones((5, 5)))
    with pytest.raises(ValueError, match=r"broken: its rule for x \(2,\) failed: .*; mend the rule"):
        broken(Tensor([1.0, 2.0], name="x")).sum().backward()


@pytest.mark.parametrize("result", [None, (1.0, 2.0), "a", [1.0]])
def test_what_a_forward_returns_is_checked(result: Any) -> None:
    broken = ag.Op("broken", lambda x: result, None)
    with pytest.raises(TypeError, match="broken: its forward returned"):
        broken(Tensor(1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("f", 3, None), "Op f: forward is a function"),
        (("f", np.sin), "Op f: give one rule per array input"),
        (("f", np.sin, 3), "Op f: the rule for input 0 is neither a function nor None"),
        ((3, np.sin, None), "Op: the name is a string"),
    ],
)
def test_a_wrong_definition_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ag.Op(*arguments)


def test_an_interrupt_while_gradients_are_stored_undoes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = [Tensor(1.0), Tensor(2.0), Tensor(3.0)]
    leaves[0].grad = 7.0
    stored = []

    def interrupted(g: Any) -> Any:
        stored.append(g)
        if len(stored) == 2:
            raise KeyboardInterrupt
        return g

    monkeypatch.setattr("autograd_mini.tensor.read_only", interrupted)
    with pytest.raises(KeyboardInterrupt):
        (leaves[0] * leaves[1] * leaves[2]).backward()
    assert [leaf.grad for leaf in leaves] == [7.0, None, None]


def test_rules_for_constants_are_never_called() -> None:
    def unwanted(*_: Any) -> Any:
        raise AssertionError("called")

    product = ag.Op("product", lambda x, w: x @ w, unwanted, lambda g, out, x, w: x.T @ g)
    w = Tensor(np.ones((3, 1)))
    for x in (np.ones((2, 3)), Tensor(np.ones((2, 3)), requires_grad=False)):
        product(x, w).sum().backward()


# ------------------------------------------------------------------------------------------------------- gradients


def test_graphs_of_gradients_are_recorded_even_within_no_grad() -> None:
    x = Tensor(3.0)
    y = x**3
    with ag.no_grad():
        (slope,) = ag.gradients(y, [x], create_graph=True)
    assert ag.gradients(slope, [x]) == [18.0]


def test_gradients_touch_no_grad() -> None:
    x, y = Tensor(2.0), Tensor(3.0)
    z = x * y
    assert ag.gradients(z, [y, x]) == [2.0, 3.0]
    assert ag.gradients(z) == {z: 1.0, x: 3.0, y: 2.0}
    assert (x.grad, y.grad, z.grad) == (None, None, None)


def test_gradients_may_share_memory_so_they_can_not_be_written() -> None:
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    for slope in [*ag.gradients((x + y).sum(), [x, y]), *ag.gradients((x + y).sum()).values()]:
        assert not np.shape(slope) or not slope.flags.writeable


def test_gradients_of_intermediates_and_of_what_takes_no_part() -> None:
    x, other = Tensor(2.0), Tensor([1.0, 1.0])
    y = x * x
    slope_y, slope_other = ag.gradients(y * 3, [y, other])
    assert slope_y == 3.0
    np.testing.assert_array_equal(slope_other, [0.0, 0.0])


def test_only_paths_to_what_is_asked_are_followed() -> None:
    def unwanted(*_: Any) -> Any:
        raise AssertionError("called")

    costly = ag.Op("costly", lambda x: x, unwanted)
    x, w = Tensor(2.0), Tensor(3.0)
    assert ag.gradients(x * costly(w), [x]) == [3.0]


def test_a_gradient_that_is_a_tensor_stays_in_the_graph() -> None:
    x, v = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (product,) = ag.gradients(x * x, [x], gradient=v, create_graph=True)
    product.sum().backward()
    np.testing.assert_array_equal(v.grad, [2.0, 4.0])


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        (Tensor(1.0), r"write wrt=\[x\]"),
        ([2.0], "wrt holds a float"),
        ([Tensor(1.0, requires_grad=False)], "does not require a gradient"),
    ],
)
def test_gradients_with_respect_to_nonsense(wrt: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ag.gradients(Tensor(1.0) * 2, wrt)


# ----------------------------------------------------------------------------------------------- memory and threads


@pytest.fixture
def collector_off() -> Any:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("collector_off")
def test_a_graph_is_freed_at_once_when_it_is_dropped() -> None:
    x = Tensor([1.0, 2.0])
    y = (x[0] * x).sum()
    node = weakref.ref(y.inputs[0])
    y.backward()
    del y
    assert node() is None


def test_running_sums_of_constants_keep_no_graph() -> None:
    w = Tensor(np.ones(3))
    average, correct = Tensor(0.0, requires_grad=False), Tensor(0, requires_grad=False)
    for _ in range(10):
        average = average * 0.9 + ag.stop_gradient((w * w).sum()) * 0.1
        correct = correct + (w > 0).sum()
    assert len(ag.topological_order(average)) == len(ag.topological_order(correct)) == 1
    assert correct.item() == 30


@pytest.mark.usefixtures("collector_off")
def test_a_thousand_steps_leave_memory_flat() -> None:
    rng = np.random.default_rng(0)
    model = nn.MLP([4, 8, 3], rng=rng)
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    x, y = rng.normal(size=(16, 4)), rng.integers(0, 3, 16)

    def steps(count: int) -> int:
        for _ in range(count):
            optimiser.zero_grad()
            nn.softmax_cross_entropy(model(x), y).backward()
            optimiser.step()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = steps(500)  # Python's and NumPy's own caches fill up first
    after = steps(1000)
    tracemalloc.stop()
    assert after - before < 50_000  # a graph that stayed behind at each step would be 10 MB


def test_gradients_are_released_on_the_way_back() -> None:
    x = Tensor(np.ones(100_000))
    y = x
    for _ in range(50):
        y = ag.positive(y * 1.0)
    total = y.sum()
    tracemalloc.start()
    total.backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * x.data.nbytes


def test_the_peak_of_a_deep_net_is_what_its_activations_need() -> None:
    width, depth = 20_000, 200
    x = Tensor(np.full(width, 0.5))

    def run() -> None:
        y = x
        for _ in range(depth):
            y = ag.tanh(y)
        y.sum().backward()

    run()
    x.zero_grad()
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.15 * depth * x.data.nbytes


def test_two_threads_train_as_one_after_the_other() -> None:
    def train(seed: int, results: dict[int, np.ndarray]) -> None:
        rng = np.random.default_rng(seed)
        model = nn.MLP([4, 8, 3], rng=rng)
        optimiser = nn.SGD(model.parameters(), lr=0.1)
        x, y = rng.normal(size=(16, 4)), rng.integers(0, 3, 16)
        for _ in range(50):
            optimiser.zero_grad()
            nn.softmax_cross_entropy(model(x), y).backward()
            optimiser.step()
        results[seed] = np.concatenate([parameter.numpy().ravel() for parameter in model.parameters()])

    alone: dict[int, np.ndarray] = {}
    together: dict[int, np.ndarray] = {}
    for seed in (1, 2):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        np.testing.assert_array_equal(alone[seed], together[seed])


def test_threads_that_share_a_leaf_lose_no_gradient() -> None:
    w = Tensor(1.0)

    def work() -> None:
        for _ in range(500):
            (w * 1.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad == 2000.0


def test_time_is_linear_in_the_length_of_a_chain() -> None:
    """Counted, not timed: every node is visited once, and each rule is called once."""
    calls = []
    step = ag.Op("step", lambda x: x + 1, lambda g, out, x: calls.append(1) or g)
    x = Tensor(0.0)
    y = x
    for _ in range(100):
        y = step(y)
        y = y + y
    y.backward()
    assert len(calls) == 100
    assert len(ag.topological_order(y)) == 201
    assert x.grad == 2.0**100
