"""What comparisons with hand-derived gradients cost: seconds for nets of several sizes, right and wrong.

python benchmarks/comparison.py
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import argparse
from functools import partial

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from measure import timed
from report import environment

SIZES = {"4-5-3": ((4, 5, 3), 20), "20-30-10": ((20, 30, 10), 32), "784-200-10": ((784, 200, 10), 100)}


def case(sizes: tuple[int, ...], samples: int) -> tuple[Tensor, list[Tensor], list[np.ndarray]]:
    """The loss of a relu net, its parameters, and their gradients."""
    rng = np.random.default_rng(0)
    model = nn.MLP(sizes, rng=rng)
    labels = rng.integers(0, sizes[-1], samples)
    loss = nn.softmax_cross_entropy(model(rng.normal(size=(samples, sizes[0]))), labels)
    return loss, model.parameters(), ag.gradients(loss, model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement (default 3)")
    repeats = parser.parse_args().repeats
    print(environment())
    print(f"\nseconds, all four parameters  {'right':>8s} {'wrong by 2':>11s} {'nothing fits':>13s}")
    for name, (sizes, samples) in SIZES.items():
        loss, parameters, slopes = case(sizes, samples)
        noise = [np.random.default_rng(1).normal(size=slope.shape) for slope in slopes]
        right = [np.nextafter(slope, np.inf) for slope in slopes]
        given = [right, [2 * slope for slope in slopes], [slope * (1 + x) for slope, x in zip(slopes, noise)]]
        times = [timed(partial(ag.compare, loss, dict(zip(parameters, hand))), repeats) for hand in given]
        count = sum(parameter.size for parameter in parameters)
        print(f"{name:12s} {count:8,} parameters {times[0]:8.3f} {times[1]:11.3f} {times[2]:13.3f}")


if __name__ == "__main__":
    main()
