"""Optimisers against their formulas, and their compiled steps against those that are not compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor

STEPS = 200
MAKERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda parameters: nn.SGD(parameters, 0.05),
    "momentum": lambda parameters: nn.SGD(parameters, 0.05, 0.9),
    "nesterov": lambda parameters: nn.SGD(parameters, 0.05, 0.9, nesterov=True),
    "Adam": lambda parameters: nn.Adam(parameters, 0.05),
    "Adam, betas": lambda parameters: nn.Adam(parameters, 0.05, betas=(0.5, 0.8), eps=1e-3),
}


def parameters(dtype: Any = np.float64) -> list[Tensor]:
    """An array and a scalar."""
    w = np.random.default_rng(0).normal(size=(3, 2)).astype(dtype)
    return [Tensor(w, name="w"), Tensor(dtype(0.5), name="b")]


def loss_of(leaves: list[Tensor]) -> Callable[[Any], Any]:
    """A loss whose gradient has no sum, which a program may compute in another order."""
    w, b = leaves
    return lambda x: ag.tanh(w * x).sum() + ag.tanh(b * x[0, 0])


def batches(count: int = STEPS, dtype: Any = np.float64) -> Any:
    return np.random.default_rng(1).normal(size=(count, 3, 2)).astype(dtype)


def train(optimiser: Any, loss: Callable[..., Any], *arguments: Any) -> Any:
    """One step without compiling; the loss before it."""
    optimiser.zero_grad()
    value = loss(*arguments)
    value.backward()
    optimiser.step()
    return value.data


def states(optimiser: Any, leaves: list[Tensor]) -> list[Any]:
    kept = [optimiser.state_of(leaf) for leaf in leaves]
    return [optimiser.steps.value.data, *(state[name].value.data for state in kept for name in sorted(state))]


def assert_same(mine: tuple[Any, list[Tensor]], other: tuple[Any, list[Tensor]], **tolerance: Any) -> None:
    """Parameters and states are equal: to the last bit unless there is a tolerance."""
    ones = [*(leaf.data for leaf in mine[1]), *states(*mine)]
    twos = [*(leaf.data for leaf in other[1]), *states(*other)]
    for one, two in zip(ones, twos, strict=True):
        assert one.dtype == two.dtype
        if tolerance:
            np.testing.assert_allclose(one, two, **tolerance)
        else:
            np.testing.assert_array_equal(one, two)


# ------------------------------------------------------------------------------------------------------- formulas


class ByHand:
    """The formulas, on float64 arrays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.v: Any = 0.0
        self.m: Any = 0.0
        self.t = 0

    def __call__(self, w: Any, g: Any) -> Any:
        self.t += 1
        if self.name == "SGD":
            return w - 0.05 * g
        if self.name in ("momentum", "nesterov"):
            self.v = 0.9 * self.v + g
            return w - 0.05 * (g + 0.9 * self.v if self.name == "nesterov" else self.v)
        b1, b2, eps = (0.9, 0.999, 1e-8) if self.name == "Adam" else (0.5, 0.8, 1e-3)
        self.m, self.v = b1 * self.m + (1 - b1) * g, b2 * self.v + (1 - b2) * g * g
        mean, square = self.m / (1 - b1**self.t), self.v / (1 - b2**self.t)
        return w - 0.05 * mean / (np.sqrt(square) + eps)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_steps_are_those_of_the_formula(name: str, compiled: bool) -> None:
    leaves = parameters()
    optimiser, loss = MAKERS[name](leaves), loss_of(leaves)
    step = ag.compile(loss, optimiser=optimiser)
    rules, values = [ByHand(name) for _ in leaves], [leaf.numpy() for leaf in leaves]
    for x in batches(50):
        slopes = ag.gradients(loss(x), leaves)
        if compiled:
            step.step(x)
        else:
            train(optimiser, loss, x)
        values = [rule(w, g) for rule, w, g in zip(rules, values, slopes)]
        for leaf, value in zip(leaves, values):
            np.testing.assert_allclose(leaf.data, value, rtol=1e-9, atol=1e-12)
    assert optimiser.steps.value.item() == 50


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MAKERS)
def test_steps_are_those_of_pytorch(name: str, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    makers = {
        "SGD": lambda p: torch.optim.SGD(p, 0.05),
        "momentum": lambda p: torch.optim.SGD(p, 0.05, 0.9),
        "nesterov": lambda p: torch.optim.SGD(p, 0.05, 0.9, nesterov=True),
        "Adam": lambda p: torch.optim.Adam(p, 0.05),
        "Adam, betas": lambda p: torch.optim.Adam(p, 0.05, betas=(0.5, 0.8), eps=1e-3),
    }
    leaves = parameters(dtype)
    optimiser, loss = MAKERS[name](leaves), loss_of(leaves)
    theirs = [torch.tensor(leaf.numpy(), requires_grad=True) for leaf in leaves]
    peer = makers[name](theirs)
    for x in batches(100, dtype):
        peer.zero_grad()
        (torch.tanh(torch.tensor(x) * theirs[0]).sum() + torch.tanh(torch.tensor(x)[0, 0] * theirs[1])).backward()
        peer.step()
        train(optimiser, loss, x)
    tolerance = 1e-9 if dtype is np.float64 else 1e-3
    for leaf, other in zip(leaves, theirs):
        np.testing.assert_allclose(leaf.data, other.detach().numpy(), rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------------------------ eager and compiled


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MAKERS)
def test_compiled_steps_are_equal_to_the_last_bit(name: str, dtype: Any) -> None:
    eager, mine = parameters(dtype), parameters(dtype)
    descent, optimiser = MAKERS[name](eager), MAKERS[name](mine)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser), loss_of(eager)
    for x in batches(STEPS, dtype):
        assert step.step(x) == train(descent, loss, x)
        assert_same((optimiser, mine), (descent, eager))
    assert step.compilations == 1
    assert {leaf.dtype for leaf in mine} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MAKERS)
def test_scalars_that_are_packed_into_vectors(name: str, dtype: Any) -> None:
    start = np.random.default_rng(3).normal(size=(6, 4)).astype(dtype)

    def net(weights: list[list[Tensor]]) -> Callable[[Any], Any]:
        def loss(x: Any) -> Any:
            entries = [x[i] for i in range(4)]
            outputs = [ag.tanh(sum(w * entry for w, entry in zip(row, entries))) for row in weights]
            return sum((output - 0.25) ** 2 for output in outputs)

        return loss

    one, two = ([[Tensor(w) for w in row] for row in start] for _ in range(2))
    eager, mine = ([w for row in rows for w in row] for rows in (one, two))
    descent, optimiser = MAKERS[name](eager), MAKERS[name](mine)
    step, loss = ag.compile(net(two), optimiser=optimiser), net(one)
    double = dtype is np.float64
    for x in np.random.default_rng(4).normal(size=(40, 4)).astype(dtype):
        np.testing.assert_allclose(step.step(x), train(descent, loss, x), rtol=1e-10 if double else 1e-4)
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if double else {"rtol": 1e-3, "atol": 1e-5}
    assert_same((optimiser, mine), (descent, eager), **tolerance)
    assert step.compilations == 1


@pytest.mark.parametrize("maker", [nn.SGD, nn.Adam])
def test_groups_with_settings_of_their_own(maker: Any) -> None:
    def groups(leaves: list[Tensor]) -> Any:
        return maker([{"params": [leaves[0]], "lr": 0.01}, {"params": [leaves[1]]}], lr=0.1)

    eager, mine = parameters(), parameters()
    descent, optimiser = groups(eager), groups(mine)
    alone = parameters()
    slow, fast = maker([alone[0]], lr=0.01), maker([alone[1]], lr=0.1)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser), loss_of(eager)
    for x in batches(60):
        assert step.step(x) == train(descent, loss, x)
        loss_of(alone)(x).backward()
        for one in (slow, fast):
            one.step()
            one.zero_grad()
    assert_same((optimiser, mine), (descent, eager))
    for leaf, other in zip(mine, alone):
        np.testing.assert_array_equal(leaf.data, other.data)


def test_several_optimisers_in_one_program() -> None:
    def both(leaves: list[Tensor]) -> list[Any]:
        return [nn.SGD([leaves[0]], 0.05, 0.9), nn.Adam([leaves[1]], 0.01)]

    eager, mine = parameters(), parameters()
    descents, optimisers = both(eager), both(mine)
    step, loss = ag.compile(loss_of(mine), optimiser=optimisers), loss_of(eager)
    for x in batches(60):
        value = loss(x)
        for leaf in eager:
            leaf.zero_grad()
        value.backward()
        for descent in descents:
            descent.step()
        assert step.step(x) == value.data
        for i in range(2):
            assert_same((optimisers[i], [mine[i]]), (descents[i], [eager[i]]))
    assert step.compilations == 1


def test_a_parameter_of_two_optimisers_is_refused() -> None:
    leaves = parameters()
    step = ag.compile(loss_of(leaves), optimiser=[nn.SGD(leaves, 0.1), nn.Adam([leaves[1]])])
    with pytest.raises(TypeError, match="belongs to two optimisers"):
        step.step(batches(1)[0])


# ----------------------------------------------------------------------------------------- changes between the steps


def _lr(optimiser: Any, call: int) -> None:
    optimiser.lr = 0.1 / (1 + call)


def _momentum(optimiser: Any, call: int) -> None:
    optimiser.param_groups[0]["momentum"] = 0.5 if call < 10 else 0.8


def _betas(optimiser: Any, call: int) -> None:
    if call == 10:
        optimiser.param_groups[0]["betas"] = (0.7, 0.9)


def _cleared(optimiser: Any, call: int) -> None:
    if call == 10:
        optimiser.states.clear()
        optimiser.steps.value = 0


def _replaced(optimiser: Any, call: int) -> None:
    for state in optimiser.states.values():
        for name in state:
            if call == 10:
                state[name] = ag.Buffer(np.ones_like(state[name].value.data), name=name)
            if call == 15:
                state[name].value = np.full_like(state[name].value.data, 0.5)


def _steps(optimiser: Any, call: int) -> None:
    if call == 10:
        optimiser.steps.value = 100
    if call == 15:
        optimiser.steps = ag.Buffer(3, name="steps")


def _data(optimiser: Any, call: int) -> None:
    if call % 5 == 4:
        for parameter in optimiser.parameters:
            parameter.data = parameter.data * 0.5


CHANGES: list[tuple[str, Callable[[Any, int], None]]] = [
    ("SGD", _lr),
    ("momentum", _lr),
    ("Adam", _lr),
    ("momentum", _momentum),
    ("nesterov", _momentum),
    ("Adam", _betas),
    ("momentum", _cleared),
    ("Adam", _cleared),
    ("momentum", _replaced),
    ("Adam", _replaced),
    ("Adam", _steps),
    ("SGD", _data),
    ("Adam", _data),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_what_changes_between_steps_counts_at_the_next(name: str, change: Callable[[Any, int], None]) -> None:
    eager, mine = parameters(), parameters()
    descent, optimiser = MAKERS[name](eager), MAKERS[name](mine)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser), loss_of(eager)
    for call, x in enumerate(batches(25)):
        change(descent, call)
        change(optimiser, call)
        assert step.step(x) == train(descent, loss, x)
        assert_same((optimiser, mine), (descent, eager))
    assert step.compilations <= 3


def test_a_rate_that_changes_needs_no_other_program() -> None:
    leaves = parameters()
    optimiser = nn.SGD(leaves, 0.1, 0.9)
    step = ag.compile(loss_of(leaves), optimiser=optimiser)
    for call, x in enumerate(batches(20)):
        optimiser.lr = 0.1 / (1 + call)
        step.step(x)
    assert step.compilations == 1
    assert optimiser.lr == 0.005


@pytest.mark.parametrize("name", MAKERS)
def test_steps_that_are_compiled_now_and_then(name: str) -> None:
    eager, mine = parameters(), parameters()
    descent, optimiser = MAKERS[name](eager), MAKERS[name](mine)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser), loss_of(eager)
    for call, x in enumerate(batches(30)):
        value = train(descent, loss, x)
        assert (step.step(x) if call % 3 else train(optimiser, loss_of(mine), x)) == value
        assert_same((optimiser, mine), (descent, eager))


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adam"])
def test_parameters_that_are_replaced(name: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.w, self.b = parameters()

        def forward(self, x: Any) -> Any:
            return loss_of([self.w, self.b])(x)

    eager, mine = Model(), Model()
    descent, optimiser = MAKERS[name](eager.parameters()), MAKERS[name](mine.parameters())
    step = ag.compile(mine, optimiser=optimiser)
    for call, x in enumerate(batches(20)):
        if call == 10:
            for model, one in ((eager, descent), (mine, optimiser)):
                model.w = Tensor(np.ones((3, 2)), name="w")
                one.parameters = model.parameters()
        assert step.step(x) == train(descent, eager, x)
        assert_same((optimiser, mine.parameters()), (descent, eager.parameters()))


@pytest.mark.parametrize("check", [True, 7])
@pytest.mark.parametrize("name", MAKERS)
def test_compared_steps_are_done_once(name: str, check: bool | int) -> None:
    eager, mine = parameters(), parameters()
    descent, optimiser = MAKERS[name](eager), MAKERS[name](mine)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser, check=check), loss_of(eager)
    for x in batches(20):
        assert step.step(x) == train(descent, loss, x)
        assert_same((optimiser, mine), (descent, eager))
    assert step.compilations == 1


def test_every_seventh_step_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = parameters()
    calls = []
    updates = nn.Optimiser.updates

    def watched(self: Any, gradient_of: Any) -> Any:
        calls.append(self.steps.value.item())
        return updates(self, gradient_of)

    monkeypatch.setattr(nn.Optimiser, "updates", watched)
    step = ag.compile(loss_of(leaves), optimiser=nn.SGD(leaves, 0.05, 0.9), check=7)
    for x in batches(20):
        step.step(x)
    assert calls == [0, 7, 14]


# ----------------------------------------------------------------------------------------------- optimisers of users


class Noisy(nn.Optimiser):
    """Descent with decay and noise; the decay is an attribute and no setting."""

    def __init__(self, leaves: list[Tensor], lr: float, decay: float) -> None:
        super().__init__(leaves, lr=lr)
        self.decay = decay
        self.rng = np.random.default_rng(5)

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        return {"mean": np.zeros_like(parameter.data), "worst": np.zeros((), parameter.dtype)}

    def update(self, parameter: Any, gradient: Any, state: Mapping[str, Any], step: Any, *, lr: Any) -> Any:
        noise = ag.random.normal(self.rng, np.shape(gradient), dtype=parameter.dtype)
        mean = 0.5 * state["mean"] + gradient + noise * 0.01
        worst = ag.maximum(state["worst"], ag.max(ag.absolute(gradient)))
        new = parameter - lr / step**0.5 * (mean + self.decay * parameter)
        return new, {"mean": mean, "worst": worst}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_optimiser_with_noise_and_an_attribute_that_changes(dtype: Any) -> None:
    eager, mine = parameters(dtype), parameters(dtype)
    descent, optimiser = Noisy(eager, 0.05, 0.1), Noisy(mine, 0.05, 0.1)
    step, loss = ag.compile(loss_of(mine), optimiser=optimiser), loss_of(eager)
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype is np.float64 else {"rtol": 1e-3, "atol": 1e-4}
    for call, x in enumerate(batches(40, dtype)):
        descent.decay = optimiser.decay = 0.1 if call < 15 else 0.3
        np.testing.assert_allclose(step.step(x), train(descent, loss, x), **tolerance)
        assert_same((optimiser, mine), (descent, eager), **tolerance)
        assert optimiser.rng.bit_generator.state == descent.rng.bit_generator.state
    assert step.compilations == 2


class Wrong(nn.Optimiser):
    def __init__(self, leaves: list[Tensor], result: Callable[..., Any]) -> None:
        super().__init__(leaves, lr=0.1)
        self.result = result

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        return {"memory": np.zeros_like(parameter.data)}

    def update(self, parameter: Any, gradient: Any, state: Mapping[str, Any], step: Any, *, lr: Any) -> Any:
        return self.result(parameter, gradient, state)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "result",
    [
        lambda p, g, s: p - g,
        lambda p, g, s: (p - g,),
        lambda p, g, s: (ag.sum(p), {}),
        lambda p, g, s: (p - g, {"memory": ag.sum(g)}) if np.ndim(p) else (p - g, {}),
        lambda p, g, s: (None, {}),
        lambda p, g, s: None,
    ],
    ids=["no state", "a tuple of one", "another shape", "a state of another shape", "None", "nothing"],
)
def test_what_an_update_returns_is_checked_and_nothing_has_changed(result: Any, compiled: bool) -> None:
    leaves = parameters()
    before = [leaf.numpy() for leaf in leaves]
    optimiser, loss = Wrong(leaves, result), loss_of(leaves)
    x = batches(1)[0]
    loss(x).backward()
    with pytest.raises((TypeError, ValueError)):
        ag.compile(loss, optimiser=optimiser).step(x) if compiled else optimiser.step()
    for leaf, data in zip(leaves, before):
        np.testing.assert_array_equal(leaf.data, data)
    assert optimiser.steps.value.item() == 0


def test_a_state_that_was_not_given_is_refused_in_a_compiled_step() -> None:
    leaves = parameters()
    optimiser = Wrong(leaves, lambda p, g, s: (p - g, {"other": g}))
    with pytest.raises(
        TypeError, match=r"Wrong\.update: it returned the state other, which state\(parameter\) did not"
    ):
        ag.compile(loss_of(leaves), optimiser=optimiser).step(batches(1)[0])
    assert optimiser.steps.value.item() == 0


def test_an_optimiser_without_an_update_says_so() -> None:
    leaves = parameters()
    optimiser = nn.Optimiser(leaves, lr=0.1)
    loss_of(leaves)(batches(1)[0]).backward()
    with pytest.raises(NotImplementedError, match=r"Optimiser defines no update\(self, parameter, gradient"):
        optimiser.step()


# ------------------------------------------------------------------------------------------------------ wrong settings


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: nn.SGD(p, -0.1), "lr is a number that is not negative"),
        (lambda p: nn.SGD(p, float("nan")), "lr is a number that is not negative"),
        (lambda p: nn.SGD(p, 0.1, -0.1), "momentum is a number that is not negative"),
        (lambda p: nn.SGD(p, 0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda p: nn.Adam(p, betas=(0.9, 1.0)), "betas are two numbers"),
        (lambda p: nn.Adam(p, betas=(0.9,)), "betas are two numbers"),
        (lambda p: nn.Adam(p, eps=-1.0), "eps is a number"),
        (lambda p: nn.SGD([*p, p[0]], 0.1), "given twice"),
        (lambda p: nn.SGD([], 0.1), "there are no parameters"),
        (lambda p: nn.SGD([{"params": p, "lr": -1.0}], 0.1), "lr is a number that is not negative"),
    ],
)
def test_wrong_settings(make: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(parameters())


def test_an_unknown_setting_of_a_group() -> None:
    with pytest.raises(TypeError, match="no setting 'rate'; its settings: lr, momentum, nesterov"):
        nn.SGD([{"params": parameters(), "rate": 0.1}], 0.1)


def test_a_parameter_without_a_gradient_stays_and_has_no_state_changed() -> None:
    leaves = parameters()
    optimiser = nn.Adam(leaves, 0.1)
    (leaves[0] ** 2).sum().backward()
    optimiser.step()
    assert leaves[1].item() == 0.5
    assert leaves[1] not in optimiser.states


def test_a_step_without_gradients_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"call loss\.backward\(\) first"):
        nn.Adam(parameters()).step()


def test_a_step_size_by_another_name_is_refused() -> None:
    for name in ("rate", "learning_rate"):
        with pytest.raises(TypeError, match=rf"SGD: no setting {name}; the step size is lr: write SGD\(\.\.\., lr="):
            nn.SGD([Tensor(1.0)], **{name: 0.1})
        with pytest.raises(AttributeError, match=rf"Adam\.{name}: the step size is called lr"):
            setattr(nn.Adam([Tensor(1.0)]), name, 0.1)


def test_a_step_size_of_0_is_a_step_all_the_same() -> None:
    w = Tensor([1.0, 2.0])
    optimiser = nn.SGD([w], 0.0, momentum=0.9)
    step = ag.compile(lambda x: (w * x).sum(), optimiser=optimiser)
    step.step(np.ones(2))
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    optimiser.lr = 0.5
    step.step(np.ones(2))
    np.testing.assert_array_equal(w.data, np.array([1.0, 2.0]) - 0.5 * 1.9)


def test_settings_that_are_set_beside_the_groups_are_refused() -> None:
    optimiser = nn.SGD([Tensor(1.0)], 0.1, momentum=0.5)
    with pytest.raises(AttributeError, match=r"SGD\.momentum: set it in the groups: param_groups\[i\]\['momentum'\]"):
        optimiser.momentum = 0.9  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"SGD\.steps is a Buffer: set steps\.value = 5"):
        optimiser.steps = 5  # type: ignore[assignment]


class Heavy(nn.Optimiser):
    """Momentum, written as each case of a test writes it."""

    def __init__(self, leaves: Any, write: Any) -> None:
        super().__init__(leaves, lr=0.1)
        self.write = write

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        return {"v": np.zeros_like(parameter.data)}

    def update(self, parameter: Any, gradient: Any, state: Any, step: Any, *, lr: Any) -> Any:
        return self.write(parameter, gradient, state, lr)


def _into_the_state(p: Any, g: Any, state: Any, lr: Any) -> Any:
    state["v"] = 0.9 * state["v"] + g
    return p - lr * state["v"], state


def _replaced_state(p: Any, g: Any, state: Any, lr: Any) -> Any:
    v = 0.9 * state.pop("v") + g
    state["v"] = v
    return p - lr * v, state


def _further_state(p: Any, g: Any, state: Any, lr: Any) -> Any:
    return p - lr * (0.9 * state["v"] + g), {**state, "v": 0.9 * state["v"] + g}


@pytest.mark.parametrize("write", [_into_the_state, _replaced_state, _further_state])
def test_a_state_may_be_written_into_the_dict_that_update_gets(write: Any) -> None:
    one, other = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    eager, optimiser = Heavy([one], write), Heavy([other], write)
    step = ag.compile(lambda x: (other * other * x).sum(), optimiser=optimiser)
    for x in np.arange(1.0, 7.0).reshape(3, 2):
        eager.zero_grad()
        (one * one * x).sum().backward()
        eager.step()
        step.step(x)
        np.testing.assert_array_equal(other.data, one.data)
        np.testing.assert_array_equal(optimiser.state_of(other)["v"].value.data, eager.state_of(one)["v"].value.data)


def _parameter_in_place(p: Any, g: Any, state: Any, lr: Any) -> Any:
    p -= lr * g
    return p, {}


def _state_in_place(p: Any, g: Any, state: Any, lr: Any) -> Any:
    v = state["v"]
    v *= 0.9
    v += g
    return p - lr * v, {"v": v}


def _gradient_in_place(p: Any, g: Any, state: Any, lr: Any) -> Any:
    g += 0.1 * p
    return p - lr * g, {}


@pytest.mark.parametrize("write", [_parameter_in_place, _state_in_place, _gradient_in_place])
def test_an_update_in_place_changes_nothing(write: Any) -> None:
    w = Tensor([1.0, 2.0])
    optimiser = Heavy([w], write)
    (w * w).sum().backward()
    with pytest.raises(ValueError, match=r"Heavy\.update: it changes an array in place; return a new one"):
        optimiser.step()
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    assert optimiser.steps.value.item() == 0
    with pytest.raises(ValueError, match=r"Heavy\.update: it changes an array in place"):
        ag.compile(lambda: (w * w).sum(), optimiser=optimiser, check=True).step()
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_an_update_that_gives_no_pair_is_refused() -> None:
    w = Tensor([1.0, 2.0])
    optimiser = Heavy([w], lambda p, g, state, lr: p - lr * g)
    (w * w).sum().backward()
    with pytest.raises(TypeError, match=r"Heavy\.update: it returned ndarray, not \(new parameter, dict of new state"):
        optimiser.step()
    with pytest.raises(TypeError, match=r"Heavy\.update: it returned Tensor, not \(new parameter, dict of new state"):
        ag.compile(lambda: (w * w).sum(), optimiser=optimiser).step()


def test_a_hyperparameter_without_a_value_is_refused() -> None:
    class Decay(nn.Optimiser):
        hyperparameters = ("lr", "decay")

    with pytest.raises(TypeError, match=r"Decay: its hyperparameter decay has no value; pass decay="):
        Decay([Tensor(1.0)], lr=0.1)


def test_an_optimiser_whose_step_does_more_is_refused() -> None:
    class Clipped(nn.SGD):
        def step(self) -> None:
            for parameter in self.parameters:
                parameter.grad = np.clip(parameter.grad, -0.1, 0.1)  # type: ignore[misc]
            super().step()

    class Normed(nn.SGD):
        def updates(self, gradient_of: Any) -> Any:
            return super().updates(lambda p: gradient_of(p) * 0.5)

    w = Tensor([1.0, 2.0])
    for kind, name in ((Clipped, "step"), (Normed, "updates")):
        with pytest.raises(TypeError, match=rf"compile: {kind.__name__}\.{name} is not that of Optimiser"):
            ag.compile(lambda: (w * w).sum(), optimiser=kind([w], 0.1))


def test_parameters_that_share_memory_are_refused() -> None:
    data = np.arange(4.0)
    one, other = ag.as_tensor(data[:3]), ag.as_tensor(data[1:])
    with pytest.raises(TypeError, match="share memory; give each an array of its own"):
        ag.compile(lambda: (one * other).sum(), optimiser=nn.SGD([one, other], 0.1)).step()
    even, odd = ag.as_tensor(data[::2]), ag.as_tensor(data[1::2])
    ag.compile(lambda: (even * odd).sum(), optimiser=nn.SGD([even, odd], 0.5)).step()
    np.testing.assert_array_equal(data, [-0.5, 1.0, 0.5, 2.0])
