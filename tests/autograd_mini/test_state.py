"""Programs with state: buffers, several changes at once, random numbers, eager and compiled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Buffer, Tensor

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def generator_state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


# --------------------------------------------------------------------------------------------------------- buffers


def test_a_buffer_holds_a_constant() -> None:
    buffer = Buffer([1.0, 2.0], name="mean")
    assert not buffer.value.requires_grad
    assert repr(buffer) == "Buffer([1. 2.], name='mean')"
    assert (buffer.name, buffer.value.name) == ("mean", "mean")


def test_a_buffer_copies_what_it_is_made_of_and_what_it_is_given() -> None:
    start, new = np.zeros(2), np.ones(2)
    buffer = Buffer(start)
    start[0] = 5.0
    np.testing.assert_array_equal(buffer.value.data, [0.0, 0.0])
    buffer.value = new
    new[0] = 5.0
    np.testing.assert_array_equal(buffer.value.data, [1.0, 1.0])


def test_setting_a_buffer_cuts_the_graph_and_keeps_the_dtype_and_the_name() -> None:
    w = Tensor([1.0, 2.0])
    buffer = Buffer(np.zeros(2, np.float32), name="memory")
    buffer.value = w * 3.0
    assert buffer.value.op is None
    assert not (buffer.value * 2.0).requires_grad
    assert buffer.value.dtype == np.float32
    assert buffer.value.name == "memory"


def test_an_earlier_value_is_not_changed_by_a_later_one() -> None:
    buffer = Buffer([1.0, 2.0])
    before = buffer.value
    buffer.value = buffer.value * 2.0
    np.testing.assert_array_equal(before.data, [1.0, 2.0])


@pytest.mark.parametrize(
    ("start", "value", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0], ValueError),
        ([1.0, 2.0], 1.0, ValueError),
        (1.0, [1.0], ValueError),
        (0, 1.5, TypeError),
        (0, Tensor(1.5), TypeError),
        ([1.0], ["a"], TypeError),
        ([1.0], [1j], TypeError),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_has_changed(start: Any, value: Any, error: Any) -> None:
    buffer = Buffer(start)
    before = buffer.value
    with pytest.raises(error):
        buffer.value = value
    assert buffer.value is before
    with pytest.raises(error):
        ag.assign({buffer: value})
    assert buffer.value is before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda buffer: pickle.loads(pickle.dumps(buffer))])
def test_copies_of_buffers(copied: Callable[[Buffer], Buffer]) -> None:
    buffer = Buffer([1.0, 2.0], name="mean")
    again = copied(buffer)
    again.value = [3.0, 4.0]
    assert again.name == "mean"
    np.testing.assert_array_equal(buffer.value.data, [1.0, 2.0])


# ---------------------------------------------------------------------------------------------------------- assign


def test_several_changes_at_once() -> None:
    w, scale, count = Tensor([1.0, 2.0]), Tensor(3.0), Buffer(0)
    shared = w.data
    ag.assign({w: [5.0, 6.0], scale: 4, count: 1})
    np.testing.assert_array_equal(shared, [5.0, 6.0])
    assert w.data is shared
    assert (scale.item(), count.value.item()) == (4.0, 1)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: (Tensor([1.0]), [1.0, 2.0]), ValueError, "shape"),
        (lambda: (Tensor(1.0), [1.0]), ValueError, "shape"),
        (lambda: (Tensor([1.0]), 2.0), ValueError, "shape"),
        (lambda: (Tensor([1.0]), [1j]), TypeError, "complex128"),
        (lambda: (Tensor([1.0]), "a"), TypeError, "<U1"),
        (lambda: (Tensor([1.0]) * 2.0, [1.0]), TypeError, "neither a leaf Tensor nor a Buffer"),
        (lambda: (Buffer([1.0]), [1.0, 2.0]), ValueError, "shape"),
        (lambda: (Buffer(0), 0.5), TypeError, "float64"),
        (lambda: ("name", 0.5), TypeError, "neither a leaf Tensor nor a Buffer"),
        (lambda: (read_only(), [1.0]), ValueError, "can't be written"),
    ],
)
@pytest.mark.parametrize("place", ["first", "last", "between"])
def test_one_change_that_does_not_fit_prevents_all(bad: Any, error: Any, message: str, place: str) -> None:
    w, scale, count = Tensor([1.0, 2.0]), Tensor(3.0), Buffer(0)
    good: list[Any] = [(w, [5.0, 6.0]), (scale, 4.0), (count, 1)]
    good.insert({"first": 0, "last": 3, "between": 1}[place], bad())
    with pytest.raises(error, match=message):
        ag.assign(dict(good))
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    assert (scale.item(), count.value.item()) == (3.0, 0)


def read_only() -> Tensor:
    data = np.ones(1)
    data.flags.writeable = False
    return ag.as_tensor(data, requires_grad=True)


def test_two_tensors_are_swapped() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    ag.assign({a: b.data, b: a.data})
    np.testing.assert_array_equal(a.data, [3.0, 4.0])
    np.testing.assert_array_equal(b.data, [1.0, 2.0])
    ag.assign({a: b, b: a})
    np.testing.assert_array_equal(a.data, [1.0, 2.0])
    np.testing.assert_array_equal(b.data, [3.0, 4.0])


def test_what_is_assigned_may_be_a_view_of_what_is_written() -> None:
    a, b = Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])
    ag.assign({a: a.data[::-1], b: a.data[::-1]})
    np.testing.assert_array_equal(a.data, [3.0, 2.0, 1.0])
    np.testing.assert_array_equal(b.data, [3.0, 2.0, 1.0])


def test_scalars_and_buffers_are_swapped() -> None:
    a, b, c, d = Tensor(1.0), Tensor(2.0), Buffer([3.0]), Buffer([4.0])
    ag.assign({a: b, b: a, c: d.value, d: c.value})
    assert (a.item(), b.item(), c.value.item(), d.value.item()) == (2.0, 1.0, 4.0, 3.0)


def test_assigned_values_are_cast_and_not_shared() -> None:
    w, new = Tensor(np.zeros(2, np.float32)), np.array([1.5, 2.5])
    ag.assign({w: new})
    new[0] = 7.0
    assert w.dtype == np.float32
    np.testing.assert_array_equal(w.data, [1.5, 2.5])
    same = np.array([1.0, 2.0], np.float32)
    ag.assign({w: same})
    same[0] = 7.0
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_assigning_nothing_changes_nothing() -> None:
    ag.assign({})


# ------------------------------------------------------------------------------------------------- random, compiled

DRAWS: dict[str, Callable[[Any], Any]] = {
    "normal": lambda r: ag.random.normal(r, (2, 3)),
    "normal, scaled": lambda r: ag.random.normal(r, 3, loc=2.0, scale=0.5),
    "normal, float32": lambda r: ag.random.normal(r, 3, dtype=np.float32),
    "normal, scalar": lambda r: ag.random.normal(r),
    "uniform": lambda r: ag.random.uniform(r, (2, 3), low=-1.0, high=2.0),
    "uniform, scalar": lambda r: ag.random.uniform(r),
    "bernoulli": lambda r: ag.random.bernoulli(r, 0.3, (2, 3)),
    "bernoulli, array": lambda r: ag.random.bernoulli(r, np.array([0.1, 0.5, 0.9])),
    "permutation": lambda r: ag.random.permutation(r, 5),
    "permutation, array": lambda r: ag.random.permutation(r, X),
    "choice": lambda r: ag.random.choice(r, 5, 3, replace=False),
    "choice, array": lambda r: ag.random.choice(r, X[0], (2, 2), p=[0.2, 0.3, 0.5]),
}


@pytest.mark.parametrize("name", DRAWS)
def test_compiled_draws_are_those_without_compiling_over_many_calls(name: str) -> None:
    draw, eager, other = DRAWS[name], rng(3), rng(3)
    compiled = ag.compile(lambda x: x.sum() + draw(other))
    for call in range(8):
        x = X * call
        np.testing.assert_array_equal(compiled(x).data, (ag.as_tensor(x).sum() + draw(eager)).data)
        np.testing.assert_array_equal(compiled.value(x), (ag.as_tensor(x).sum() + draw(eager)).data)
    assert compiled.compilations == 1
    assert generator_state(eager) == generator_state(other)


class Holder(nn.Module):
    def __init__(self, generator: Any) -> None:
        self.rng = generator
        self.w = Tensor([1.0, 2.0, 3.0], name="w")

    def forward(self, x: Any) -> Any:
        return ((x @ self.w + ag.random.normal(self.rng, 2)) ** 2).sum()


def test_the_generator_may_be_an_argument_an_attribute_or_from_outside() -> None:
    expected, generator = rng(5), rng(5)
    model = Holder(generator)
    outside = ag.compile(lambda x: (x * ag.random.normal(generator, 3)).sum())
    argument = ag.compile(lambda x, r: (x * ag.random.normal(r, 3)).sum())
    keyword = ag.compile(lambda x, *, options: (x * ag.random.normal(options["r"], 3)).sum())
    attribute = ag.compile(model)
    for _ in range(4):
        z = [expected.standard_normal(3) for _ in range(3)]
        assert outside.value(X) == pytest.approx((X * z[0]).sum(), rel=1e-14)
        assert argument.value(X, generator) == pytest.approx((X * z[1]).sum(), rel=1e-14)
        assert keyword.value(X, options={"r": generator}) == pytest.approx((X * z[2]).sum(), rel=1e-14)
        noise = expected.standard_normal(2)
        assert attribute.value(X) == pytest.approx(((X @ [1.0, 2.0, 3.0] + noise) ** 2).sum(), rel=1e-14)
    assert [f.compilations for f in (outside, argument, keyword, attribute)] == [1] * 4


def test_another_generator_as_argument_needs_no_other_program() -> None:
    compiled = ag.compile(lambda x, r: (x * ag.random.normal(r, 3)).sum())
    values = [compiled.value(X, rng(seed)) for seed in range(6)]
    assert len(set(values)) == 6
    assert compiled.value(X, rng(2)) == values[2]
    assert compiled.compilations == 1


def test_a_generator_that_is_replaced_is_noticed() -> None:
    model = Holder(rng(1))
    compiled = ag.compile(model)
    compiled.value(X)
    model.rng = rng(2)
    assert compiled.value(X) == Holder(rng(2))(X).item()


def test_two_generators_each_in_order() -> None:
    def both(x: Any, a: Any, b: Any) -> Any:
        one = ag.random.normal(a, 3)
        two = ag.random.uniform(b, 3)
        three = ag.random.normal(a, 3)
        return (x * three).sum() + (x * two).sum() * 10.0 + (x * one).sum() * 100.0

    eager, compiled, program = (rng(1), rng(2)), (rng(1), rng(2)), ag.compile(both)
    for _ in range(5):
        assert program.value(X, *compiled) == pytest.approx(both(ag.as_tensor(X), *eager).item(), rel=1e-13)
    assert [*map(generator_state, eager)] == [*map(generator_state, compiled)]


def test_one_generator_that_is_passed_twice() -> None:
    def both(x: Any, a: Any, b: Any) -> Any:
        return (x * ag.random.normal(a, 3)).sum() + 10.0 * (x * ag.random.normal(b, 3)).sum()

    eager, compiled, program = rng(1), rng(1), ag.compile(both)
    for _ in range(4):
        assert program.value(X, compiled, compiled) == pytest.approx(both(X, eager, eager).item(), rel=1e-13)
    assert program.value(X, rng(1), rng(2)) == pytest.approx(both(X, rng(1), rng(2)).item(), rel=1e-13)
    assert program.value(X, compiled, compiled) == pytest.approx(both(X, eager, eager).item(), rel=1e-13)
    assert generator_state(eager) == generator_state(compiled)


def test_one_generator_as_an_argument_and_from_outside() -> None:
    generator, eager = rng(1), rng(1)
    program = ag.compile(lambda x, r: (x * ag.random.normal(generator, 3)).sum() - (x * ag.random.uniform(r, 3)).sum())
    for _ in range(3):
        expected = (X * eager.standard_normal(3)).sum() - (X * eager.random(3)).sum()
        assert program.value(X, generator) == pytest.approx(expected, rel=1e-13)
    assert generator_state(generator) == generator_state(eager)


def test_numbers_that_are_not_used_are_drawn_all_the_same() -> None:
    def wasteful(x: Any, r: Any) -> Any:
        ag.random.normal(r, 7)
        used = ag.random.normal(r, 3)
        ag.random.permutation(r, 4)
        return (x * used).sum()

    eager, compiled, program = rng(1), rng(1), ag.compile(wasteful)
    for _ in range(3):
        assert program.value(X, compiled) == pytest.approx(wasteful(X, eager).item(), rel=1e-13)
        assert generator_state(eager) == generator_state(compiled)


def test_compiling_itself_draws_nothing() -> None:
    generator = rng(1)
    program = ag.compile(lambda x, r: (x * ag.random.normal(r, 3)).sum())
    with pytest.raises(ValueError, match="shape"):
        program.value(np.ones(4), generator)
    assert generator_state(generator) == generator_state(rng(1))


@pytest.mark.parametrize("kind", ["value_and_grad", "call"])
def test_gradients_reach_what_random_numbers_are_scaled_with(kind: str) -> None:
    loc, scale = Tensor([0.5, -1.0, 2.0], name="loc"), Tensor([1.0, 2.0, 0.5], name="scale")
    low, high = Tensor(-1.0, name="low"), Tensor(2.0, name="high")
    leaves = (loc, scale, low, high)

    def loss(r: Any) -> Any:
        z = ag.random.normal(r, (4, 3), loc=loc, scale=scale)
        u = ag.random.uniform(r, (4, 3), low=low, high=high)
        return (z * z * u).mean()

    eager, compiled, program = rng(1), rng(1), ag.compile(loss)
    for _ in range(4):
        expected = loss(eager)
        slopes = ag.gradients(expected, list(leaves))
        for leaf in leaves:
            leaf.zero_grad()
        if kind == "call":
            value = program(compiled)
            value.backward()
        else:
            value = program.value_and_grad(compiled)
        np.testing.assert_allclose(value.item(), expected.item(), rtol=1e-13)
        for leaf, slope in zip(leaves, slopes):
            np.testing.assert_allclose(leaf.grad, slope, rtol=1e-12, atol=1e-15)


def test_the_way_back_uses_the_numbers_of_its_own_call() -> None:
    w, eager, generator = Tensor([1.0, 2.0, 3.0]), rng(1), rng(1)
    program = ag.compile(lambda x: (ag.tanh(x * w) * ag.random.normal(generator, 3)).sum())
    results = [program(X) for _ in range(4)]
    noises = [eager.standard_normal(3) for _ in range(4)]
    for i in (2, 0, 3, 1):
        w.zero_grad()
        results[i].backward()
        expected = (X * noises[i] * (1 - np.tanh(X * w.data) ** 2)).sum(axis=0)
        np.testing.assert_allclose(w.grad, expected, rtol=1e-13)
    w.zero_grad()
    (results[0] + results[1]).backward()
    both = ((noises[0] + noises[1]) * X * (1 - np.tanh(X * w.data) ** 2)).sum(axis=0)
    np.testing.assert_allclose(w.grad, both, rtol=1e-13)
    assert generator_state(generator) == generator_state(eager)


def test_dropout_eager_and_compiled() -> None:
    class Dropout(nn.Module):
        def __init__(self, generator: Any) -> None:
            self.rng = generator
            self.one, self.two = nn.Linear(3, 8, rng=rng(0)), nn.Linear(8, 1, rng=rng(1))
            self.training = True

        def forward(self, x: Any) -> Any:
            h = ag.relu(self.one(x))
            if self.training:
                h = h * ag.random.bernoulli(self.rng, 0.5, (2, 8)) / 0.5
            return (self.two(h) ** 2).mean()

    eager, model = Dropout(rng(4)), Dropout(rng(4))
    descent, optimiser = nn.SGD(eager.parameters(), 0.05), nn.SGD(model.parameters(), 0.05)
    step = ag.compile(model, optimiser=optimiser)
    for _ in range(20):
        descent.zero_grad()
        loss = eager(X)
        loss.backward()
        descent.step()
        assert step.step(X) == pytest.approx(loss.item(), rel=1e-12)
    for one, two in zip(eager.parameters(), model.parameters()):
        np.testing.assert_allclose(one.data, two.data, rtol=1e-10, atol=1e-14)
    model.training = eager.training = False
    before = generator_state(model.rng)
    assert step.value(X) == pytest.approx(eager(X).item(), rel=1e-10)
    assert generator_state(model.rng) == before


def test_a_variational_autoencoder_eager_and_compiled() -> None:
    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            self.rng = rng(7)
            self.encoder, self.decoder = nn.Linear(3, 4, rng=rng(0)), nn.Linear(2, 3, rng=rng(1))

        def forward(self, x: Any) -> Any:
            h = self.encoder(x)
            mean, logvar = h[:, :2], h[:, 2:]
            z = ag.random.normal(self.rng, (2, 2), loc=mean, scale=ag.exp(logvar / 2))
            kl = -0.5 * (1 + logvar - mean * mean - ag.exp(logvar)).sum()
            return ((self.decoder(z) - x) ** 2).sum() + kl

    eager, model = Autoencoder(), Autoencoder()
    descent = nn.Adam(eager.parameters(), 0.01)
    step = ag.compile(model, optimiser=nn.Adam(model.parameters(), 0.01))
    losses = []
    for _ in range(30):
        descent.zero_grad()
        loss = eager(X)
        loss.backward()
        descent.step()
        losses.append(loss.item())
        assert step.step(X) == pytest.approx(losses[-1], rel=1e-9)
    assert len(set(losses)) == 30
    assert generator_state(eager.rng) == generator_state(model.rng)


@pytest.mark.parametrize("bad", [None, 0, np.random, np.random.RandomState(0)])
def test_what_is_no_generator(bad: Any) -> None:
    for draw in (ag.random.normal, ag.random.uniform):
        with pytest.raises(TypeError, match=r"not a NumPy generator; write rng = np\.random\.default_rng\(0\)"):
            draw(bad, 3)


def test_wrong_requests() -> None:
    with pytest.raises(TypeError, match="float64 or float32"):
        ag.random.normal(rng(), 3, dtype=np.float16)
    with pytest.raises(TypeError, match="has no axis"):
        ag.random.permutation(rng(), Tensor(1.0))
    with pytest.raises(TypeError, match="p is a Tensor"):
        ag.random.choice(rng(), 3, p=Tensor([0.2, 0.3, 0.5]))


@pytest.mark.parametrize("draw", [lambda r: r.normal(size=3), lambda r: r.permutation(3)])
def test_drawing_without_ag_random_is_refused_in_a_trace(draw: Callable[[Any], Any]) -> None:
    generator = rng(1)
    with pytest.raises((TypeError, RuntimeError), match="random"):
        ag.compile(lambda x: (x * draw(generator)).sum())(X)


# -------------------------------------------------------------------------------------------------- buffers, compiled


class Counter(nn.Module):
    """Counts its calls, and keeps a sum of what it saw and of what it computed."""

    def __init__(self) -> None:
        self.w = Tensor([1.0, -1.0, 2.0], name="w")
        self.count = Buffer(0, name="count")
        self.kept = {"sum": Buffer(np.zeros(3), name="sum"), "last": [Buffer(0.0, name="last")]}

    def forward(self, x: Any) -> Any:
        self.count.value = self.count.value + 1
        self.kept["sum"].value = self.kept["sum"].value + x.sum(axis=0)
        loss = ((x * self.w - self.kept["sum"].value) ** 2).mean() * self.count.value
        self.kept["last"][0].value = loss
        return loss

    def state(self) -> list[Any]:
        return [np.array(b.value.data) for b in (self.count, self.kept["sum"], self.kept["last"][0])]


@pytest.mark.parametrize("kind", ["call", "value", "value_and_grad", "step"])
def test_buffers_change_as_without_compiling(kind: str) -> None:
    eager, model = Counter(), Counter()
    descent, optimiser = nn.SGD([eager.w], 0.001), nn.SGD([model.w], 0.001)
    compiled = ag.compile(model, optimiser=optimiser)
    for call in range(20):
        x = X * (1.0 + call)
        loss = eager(ag.as_tensor(x))
        eager.w.zero_grad()
        loss.backward()
        if kind == "call":
            result = compiled(x)
            model.w.zero_grad()
            result.backward()
        else:
            result = getattr(compiled, kind)(x)
        if kind == "step":
            descent.step()
        np.testing.assert_allclose(result.item(), loss.item(), rtol=1e-12)
        for one, two in zip(eager.state(), model.state()):
            np.testing.assert_allclose(one, two, rtol=1e-12)
            assert one.dtype == two.dtype
        if kind != "value":
            np.testing.assert_allclose(model.w.grad, eager.w.grad, rtol=1e-11)
    assert compiled.compilations == 1
    assert model.count.value.item() == 20


class BatchNorm(nn.Module):
    def __init__(self, dtype: Any = np.float64) -> None:
        self.gain, self.shift = Tensor(np.ones(3, dtype)), Tensor(np.zeros(3, dtype))
        self.mean, self.var = Buffer(np.zeros(3, dtype), name="mean"), Buffer(np.ones(3, dtype), name="var")
        self.training = True

    def forward(self, x: Any) -> Any:
        if self.training:
            mean, var = ag.mean(x, axis=0), ag.var(x, axis=0)
            self.mean.value = 0.9 * self.mean.value + 0.1 * mean
            self.var.value = 0.9 * self.var.value + 0.1 * var
        else:
            mean, var = self.mean.value, self.var.value
        return (((x - mean) / ag.sqrt(var + 1e-5) * self.gain + self.shift) ** 3).mean()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_running_means_are_those_without_compiling_over_50_calls(dtype: Any) -> None:
    eager, model = BatchNorm(dtype), BatchNorm(dtype)
    descent = nn.SGD(eager.parameters(), 0.01)
    step = ag.compile(model, optimiser=nn.SGD(model.parameters(), 0.01))
    batches = rng(2).normal(size=(50, 8, 3)).astype(dtype)
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    for x in batches:
        descent.zero_grad()
        eager(ag.as_tensor(x)).backward()
        descent.step()
        step.step(x)
        np.testing.assert_allclose(model.mean.value.data, eager.mean.value.data, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(model.var.value.data, eager.var.value.data, rtol=tolerance, atol=tolerance)
    assert model.mean.value.dtype == dtype
    assert step.compilations == 1
    model.training = eager.training = False
    before = np.array(model.mean.value.data)
    for x in batches[:3]:
        np.testing.assert_allclose(step.value(x), eager(ag.as_tensor(x)).item(), rtol=10 * tolerance)
    np.testing.assert_array_equal(model.mean.value.data, before)


def test_a_batch_norm_in_its_way_back_uses_the_batch_and_not_the_buffer() -> None:
    eager, model = BatchNorm(), BatchNorm()
    compiled = ag.compile(model)
    first, second = compiled(X), compiled(2.0 * X + 1.0)
    second.backward()
    first.backward()
    eager(ag.as_tensor(X)).backward()
    eager(ag.as_tensor(2.0 * X + 1.0)).backward()
    np.testing.assert_allclose(model.gain.grad, eager.gain.grad, rtol=1e-12)


def test_what_is_written_is_read_in_the_same_call_and_the_last_value_stays() -> None:
    buffer = Buffer([1.0, 1.0])

    def twice(x: Any) -> Any:
        first = buffer.value
        buffer.value = first * x
        second = buffer.value
        buffer.value = second + 1.0
        return first * 100.0 + second * 10.0 + buffer.value

    compiled = ag.compile(twice)
    np.testing.assert_array_equal(compiled.value(np.array([2.0, 3.0])), [123.0, 134.0])
    np.testing.assert_array_equal(buffer.value.data, [3.0, 4.0])
    np.testing.assert_array_equal(compiled.value(np.array([2.0, 3.0])), [367.0, 533.0])
    np.testing.assert_array_equal(buffer.value.data, [7.0, 13.0])


def test_a_value_that_is_set_from_outside_is_read_at_the_next_call() -> None:
    buffer = Buffer([1.0, 2.0])
    compiled = ag.compile(lambda x: (x * buffer.value).sum())
    x = np.array([1.0, 1.0])
    assert compiled.value(x) == 3.0
    buffer.value = [5.0, 6.0]
    assert compiled.value(x) == 11.0
    ag.assign({buffer: [0.0, 1.0]})
    assert compiled.value(x) == 1.0
    assert compiled.compilations == 1


def test_no_gradient_flows_through_a_buffer() -> None:
    w, buffer = Tensor([1.0, 2.0]), Buffer([0.0, 0.0])

    def loss(x: Any) -> Any:
        buffer.value = w * x
        return (w * buffer.value).sum()

    x = np.array([3.0, 4.0])
    ag.compile(loss).value_and_grad(x)
    np.testing.assert_array_equal(w.grad, [3.0, 8.0])
    assert not buffer.value.requires_grad


@pytest.mark.parametrize(("start", "new"), [(0.0, 2.5), (0, 3), (np.float32(1), 0.5), (True, False)])
def test_scalar_buffers_take_numbers_and_keep_their_dtype(start: Any, new: Any) -> None:
    eager, buffer = Buffer(start), Buffer(start)

    def write(target: Buffer, x: Any) -> Any:
        target.value = new
        return x * target.value

    compiled = ag.compile(lambda x: write(buffer, x))
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X).data, write(eager, ag.as_tensor(X)).data)
        assert buffer.value.dtype == eager.value.dtype
        assert buffer.value.item() == eager.value.item()


@pytest.mark.parametrize("value", [lambda x: x, lambda x: x.sum(axis=0), lambda x: np.zeros(5)])
def test_a_value_of_another_shape_is_refused_in_a_trace_and_nothing_has_changed(value: Callable[[Any], Any]) -> None:
    first, buffer = Buffer(0), Buffer(np.zeros(4))

    def write(x: Any) -> Any:
        first.value = first.value + 1
        buffer.value = value(x)
        return x.sum()

    with pytest.raises(ValueError, match="take"):
        ag.compile(write)(X)
    assert first.value.item() == 0


def test_floats_for_a_buffer_of_integers_are_refused_in_a_trace() -> None:
    buffer = Buffer(0)

    def write(x: Any) -> Any:
        buffer.value = x.sum()
        return x.sum()

    with pytest.raises((TypeError, ValueError), match="take"):
        ag.compile(write)(X)
    assert buffer.value.item() == 0


def test_a_buffer_that_is_returned_and_kept_does_not_change_later() -> None:
    buffer = Buffer(np.zeros(2))

    def total(x: Any) -> Any:
        buffer.value = buffer.value + x
        return buffer.value

    compiled = ag.compile(total)
    results = [compiled(np.array([1.0, 2.0])) for _ in range(3)]
    values = [compiled.value(np.array([1.0, 2.0])) for _ in range(3)]
    np.testing.assert_array_equal([r.data for r in results], [[1, 2], [2, 4], [3, 6]])
    np.testing.assert_array_equal(values, [[4, 8], [5, 10], [6, 12]])
    values[-1][0] = 99.0
    np.testing.assert_array_equal(buffer.value.data, [6.0, 12.0])


def test_buffers_that_swap_their_values() -> None:
    a, b = Buffer([1.0]), Buffer([2.0])

    def swap(x: Any) -> Any:
        a.value, b.value = b.value, a.value
        return x * a.value

    compiled = ag.compile(swap)
    assert [compiled.value(np.ones(1)).item() for _ in range(3)] == [2.0, 1.0, 2.0]
    assert (a.value.item(), b.value.item()) == (2.0, 1.0)


def test_a_failing_call_changes_no_buffer() -> None:
    model = Counter()
    compiled = ag.compile(model)
    compiled(X)
    before = model.state()
    with pytest.raises(ValueError, match=r"multiply|shape"):
        compiled(np.ones((2, 4)))
    for one, two in zip(before, model.state()):
        np.testing.assert_array_equal(one, two)


def test_buffers_in_another_trace_are_the_outer_function_s() -> None:
    inner_count = Buffer(0)

    def inner(x: Any) -> Any:
        inner_count.value = inner_count.value + 1
        return x * inner_count.value

    compiled_inner = ag.compile(inner)
    outer = ag.compile(lambda x: (compiled_inner(x) + compiled_inner(x)).sum())
    assert outer.value(np.ones(2)) == 2 * (1 + 2)
    assert outer.value(np.ones(2)) == 2 * (3 + 4)
    assert inner_count.value.item() == 4


@pytest.mark.parametrize("check", [True, 3])
def test_compared_calls_leave_buffers_and_generators_as_one_call_does(check: bool | int) -> None:
    eager, model = Counter(), Counter()
    a, b = rng(1), rng(1)

    def noisy(net: Any, generator: Any, x: Any) -> Any:
        return net(x * ag.random.normal(generator, (2, 3)))

    compiled = ag.compile(lambda x: noisy(model, b, x), check=check)
    for _ in range(7):
        expected = noisy(eager, a, ag.as_tensor(X))
        np.testing.assert_allclose(compiled.value_and_grad(X), expected.item(), rtol=1e-12)
        for one, two in zip(eager.state(), model.state()):
            np.testing.assert_allclose(one, two, rtol=1e-12)
        assert generator_state(a) == generator_state(b)


def test_a_buffer_that_is_written_within_a_transform() -> None:
    count = Buffer(0)

    def f(x: Any) -> Any:
        count.value = count.value + 1
        return (x * x * x).sum() * count.value

    x = np.array([1.0, 2.0])
    expected = ag.grad(f)(x)
    assert count.value.item() == 1
    count.value = 0
    np.testing.assert_allclose(ag.compile(lambda x: ag.grad(f)(x)).value(x), np.asarray(expected), rtol=1e-13)
    assert count.value.item() == 1
