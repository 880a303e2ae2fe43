"""Which drawings are laid out with care, and which quickly."""

from __future__ import annotations

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor


def chain(length: int, leaves: int) -> Tensor:
    """A chain in which each leaf is read again and again: its arrows are long."""
    weights = [Tensor(0.1 * place, name=f"w{place}") for place in range(leaves)]
    y = Tensor(1.0)
    for place in range(length):
        y = y * weights[place % leaves] if leaves else y * 0.5
    return y


def is_quick(output: Tensor, **choices: str) -> bool:
    return "splines=line" in ag.draw(output, max_nodes=1000, **choices).source


def test_deep_networks_and_chains_are_laid_out_with_care() -> None:
    model = nn.MLP([3] + [4] * 60 + [2], rng=np.random.default_rng(0))
    assert not is_quick(model(np.ones((2, 3))).sum(), show="backward")
    assert not is_quick(chain(400, 0), show="backward")


def test_what_is_read_along_a_whole_chain_makes_arrows_straight() -> None:
    assert is_quick(chain(150, 3))
    assert not is_quick(chain(40, 3))


def test_labels_count_twice() -> None:
    assert not is_quick(chain(60, 3))
    assert is_quick(chain(60, 3), show="backward")
