"""RandomWatch: random numbers drawn while a function is traced are an error, whatever they are drawn from."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd_mini.compiler.guards.randomness import RandomWatch


class Noise(nn.Module):
    def __init__(self, rng: Any) -> None:
        self.rngs = [{"noise": rng}]

    def forward(self, x: Any) -> Any:
        return x + self.rngs[0]["noise"].normal()


def from_closure(kind: Callable[[], Any]) -> tuple[Callable[[], Any], str]:
    rng = kind()
    return (lambda: rng.uniform(0.0, 1.0)), "rng"


def from_method() -> tuple[Callable[[], Any], str]:
    draw = np.random.default_rng(0).normal
    return (lambda: draw()), "draw.__self__"


def from_module() -> tuple[Callable[[], Any], str]:
    model = Noise(np.random.default_rng(0))
    return (lambda: model(1.0)), "model.rngs[0]['noise']"


def from_bits() -> tuple[Callable[[], Any], str]:
    bits = np.random.PCG64(0)
    return (lambda: np.random.Generator(bits).random()), "bits"


def second_of_one_name() -> tuple[Callable[[], Any], str]:
    unused, (used, _) = from_closure(np.random.default_rng)[0], from_closure(np.random.default_rng)
    return (lambda deep=False: unused() if deep else used()), "rng"


ROWS = [
    from_closure(np.random.default_rng),
    from_closure(lambda: np.random.Generator(np.random.MT19937(0))),
    from_closure(np.random.RandomState),
    from_closure(lambda: random.Random(0)),
    from_method(),
    from_module(),
    from_bits(),
    second_of_one_name(),
    (lambda: np.random.normal(), "np.random"),  # noqa: NPY002
    (lambda: random.gauss(), "random"),
    (lambda: random.random(), "random"),
]


@pytest.mark.parametrize(("function", "path"), ROWS)
def test_a_draw_is_an_error_that_names_the_generator(function: Callable[[], Any], path: str) -> None:
    watch = RandomWatch(function)
    watch.check()
    function()
    with pytest.raises(RuntimeError) as caught:
        watch.check()
    assert f"compile: <lambda> drew random numbers from `{path}` while it was traced; " in str(caught.value)
    assert str(caught.value).endswith("draw them outside and pass them as an argument")


def test_a_generator_among_the_arguments() -> None:
    arguments = (1.0, {"rng": [np.random.default_rng(0)]})
    watch = RandomWatch(np.negative, arguments)
    arguments[1]["rng"][0].random()  # type: ignore[index]
    with pytest.raises(RuntimeError, match=r"negative drew .* `arguments\[1\]\['rng'\]\[0\]`"):
        watch.check()


@pytest.mark.parametrize("function", [row[0] for row in ROWS[:8]])
def test_watching_draws_nothing(function: Callable[[], Any]) -> None:
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    np_state, state = np.random.get_state(), random.getstate()  # noqa: NPY002
    RandomWatch(function, (rng,)).check()
    assert rng.random() == other.random()
    assert random.getstate() == state
    assert all(map(np.array_equal, np.random.get_state(), np_state))  # noqa: NPY002


def test_what_has_no_state_is_left_alone() -> None:
    system = random.SystemRandom()
    watch = RandomWatch(lambda: system.random())
    system.random()
    watch.check()
