"""Whose code is whose: the user's is looked into, that of libraries is not."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import types
from collections import UserDict
from typing import Any

import hypothesis
import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini.compiler.guards.origins import is_closed, is_library_file, is_users_class, is_users_module


class Mine(nn.Module):
    """A class of the user's."""


@pytest.mark.parametrize("module", [np, ag, nn, os, hypothesis, sys, np.linalg, ag.linalg])
def test_libraries(module: types.ModuleType) -> None:
    assert not is_users_module(module)
    assert module is sys or is_library_file(str(module.__file__))


def test_the_users_modules_and_classes() -> None:
    here = sys.modules[__name__]
    assert is_users_module(here)
    assert is_users_module(types.ModuleType("made_by_hand"))
    assert is_users_class(Mine)
    assert not is_library_file(__file__)
    assert not is_library_file("<stdin>")
    assert not is_users_class(nn.Module)


@pytest.mark.parametrize("kind", [np.ndarray, ag.Tensor, ag.Op, int, list, logging.Logger, types.FunctionType])
def test_instances_that_are_looked_at_as_a_whole(kind: type) -> None:
    assert is_closed(kind)


@pytest.mark.parametrize(
    "kind", [Mine, nn.MLP, nn.SGD, types.SimpleNamespace, argparse.Namespace, UserDict, hypothesis.settings]
)
def test_instances_that_are_looked_into(kind: Any) -> None:
    assert not is_closed(kind)
