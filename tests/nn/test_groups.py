"""The groups that modules make of what they compute, and the names of modules."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing.groups import groups_of

X = np.ones((2, 3))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def names(output: Tensor) -> list[str]:
    return [f"{'  ' * group.depth}{group.name}" for group in groups_of(ag.topological_order(output))]


class Classifier(nn.Module):
    def __init__(self, rng: np.random.Generator) -> None:
        self.body = nn.MLP([3, 4, 3], rng=rng)
        self.heads = {"one": nn.Linear(3, 2, rng=rng), "two": (nn.Linear(3, 2, rng=rng),)}

    def forward(self, x: Any, *, head: str = "one") -> Any:
        layer = self.heads[head]
        return (layer if isinstance(layer, nn.Module) else layer[0])(self.body(x))


def test_groups_are_named_by_path_and_class(rng: np.random.Generator) -> None:
    mlp = nn.MLP([3, 4, 3], rng=rng)
    assert names(mlp(X).sum()) == ["MLP", "  layers.0: Linear", "  layers.1: Linear"]


def test_paths_grow_as_modules_nest(rng: np.random.Generator) -> None:
    body = ["  body: MLP", "    body.layers.0: Linear", "    body.layers.1: Linear"]
    model = Classifier(rng)
    assert names(model(X)) == ["Classifier", *body, "  heads.one: Linear"]
    assert names(model(X, head="two")) == ["Classifier", *body, "  heads.two.0: Linear"]


def test_a_module_that_was_appended_is_named_when_parameters_are_collected(rng: np.random.Generator) -> None:
    model = nn.Module()
    model.layers = []
    model.layers.append(nn.Linear(3, 2, rng=rng))
    assert names(model.layers[0](X)) == ["Linear"]
    model.parameters()
    assert names(model.layers[0](X)) == ["layers.0: Linear"]


def test_a_shared_module_keeps_its_first_path_and_calls_are_numbered(rng: np.random.Generator) -> None:
    model = nn.Module()
    model.first = model.second = nn.Linear(3, 3, rng=rng)
    assert names(model.second(model.first(X))) == ["first: Linear", "first: Linear (2)"]


def test_an_owner_has_no_place_in_its_part(rng: np.random.Generator) -> None:
    model = Classifier(rng)
    model.body.owner = model
    model.parameters()
    assert names(model(X))[:2] == ["Classifier", "  body: MLP"]


def test_a_name_of_its_own_attribute_is_left_alone(rng: np.random.Generator) -> None:
    layer = nn.Linear(3, 2, rng=rng)
    layer.name, layer.path = "mine", "also mine"
    assert names(layer(X)) == ["Linear"]
    assert (layer.name, layer.path) == ("mine", "also mine")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_keep_their_names(copied: Any, rng: np.random.Generator) -> None:
    model = nn.MLP([3, 4, 3], rng=rng)
    again = copied(model)
    assert names(again(X)) == names(model(X))
    assert repr(again) == repr(model) == "MLP(31 parameters)"
    assert vars(again).keys() == vars(model).keys() == {"activation", "layers"}


def test_inputs_by_name_and_in_containers(rng: np.random.Generator) -> None:
    class Join(nn.Module):
        def forward(self, pair: Any, *, mask: Any) -> Any:
            return pair[0] + pair[1]["other"] * mask

    x, y, mask = Tensor(1.0), Tensor(2.0), Tensor(3.0)
    z = Join()((x, {"other": y}), mask=mask)
    (group,) = groups_of(ag.topological_order(z))
    assert group.inputs == (x, y, mask)


def test_parameters_belong_to_their_layers(rng: np.random.Generator) -> None:
    mlp = nn.MLP([3, 4, 3], rng=rng)
    whole, *layers = groups_of(ag.topological_order(mlp(X)))
    assert set(mlp.parameters()) <= whole.members
    for layer, group in zip(mlp.layers, layers, strict=True):
        assert {x for x in group.members if x.op is None} == set(layer.parameters())


def test_a_model_is_compiled_once_wherever_it_stands(rng: np.random.Generator) -> None:
    model = nn.MLP([3, 4, 3], rng=rng)
    calls = ag.static(itertools.count())
    model.activation = lambda x: (next(calls), ag.tanh(x))[1]
    step = ag.compile(model)
    step(X)
    outer = nn.Module()
    outer.model = model
    step(X)
    assert next(calls) == 1
