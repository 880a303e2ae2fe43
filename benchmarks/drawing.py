"""What drawings cost: DOT text, pictures, explorers and refusals, in seconds, and the size of an explorer's file.

python benchmarks/drawing.py
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import argparse
import os
from functools import partial

import numpy as np

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from measure import timed
from report import environment


def chain(length: int) -> Tensor:
    """No two operations side by side."""
    y = Tensor(1.0, name="x")
    for _ in range(length - 1):
        y = y * 0.999
    return y


def skips(count: int, reach: int) -> Tensor:
    """Each value computed from the last one and a random one of the `reach` before it."""
    rng = np.random.default_rng(0)
    values = [Tensor(float(x)) for x in rng.normal(size=10)]
    while len(values) < count:
        other = values[rng.integers(max(0, len(values) - reach), len(values))]
        values.append(ag.tanh(values[-1]) if len(values) % 7 == 0 else values[-1] + other)
    return values[-1]


def deep_net(layers: int) -> Tensor:
    """The loss of a multilayer perceptron, four Tensors a layer."""
    model = nn.MLP([8] + [16] * layers + [4], rng=np.random.default_rng(0))
    return nn.softmax_cross_entropy(model(np.ones((3, 8))), [0, 1, 2])


def fifty() -> Tensor:
    """Fifty Tensors, six of them leaves that are read again and again."""
    leaves = [Tensor(0.1 * place + 0.01, name=f"w{place}") for place in range(6)]
    y = leaves[0]
    for place in range(44):
        leaf = leaves[place % 5 + 1]
        y = [partial(ag.tanh, y), partial(ag.multiply, y, leaf), partial(ag.add, y, leaf)][place % 3]()
    return y


def refusal(output: Tensor) -> str:
    """What the guard says of a graph that is too large."""
    try:
        ag.draw(output)
    except ValueError as error:
        return str(error)
    raise AssertionError("it was to be refused")


def pictures(repeats: int) -> None:
    """Seconds to make the SVG of graphs of about 300 Tensors, with the renderer that there is."""
    graphs = {
        "70 layers": deep_net(70),
        "chain": chain(300),
        "skips of 40": skips(300, 40),
        "any skips": skips(300, 300),
    }
    print(f"\nSVG of 300 Tensors, s         {'forward':>8s} {'backward':>9s}")
    for name, graph in graphs.items():
        times = [
            timed(lambda graph=graph, show=show: ag.draw(graph, show=show).pipe(format="svg"), repeats)
            for show in ("forward", "backward")
        ]
        print(f"{name:29s} {times[0]:8.2f} {times[1]:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement (default 5)")
    repeats = parser.parse_args().repeats
    print(environment())
    ag.draw(chain(3))  # the parts for drawing are imported now
    ten_thousand, million = chain(10_000), chain(1_000_000)
    text = timed(lambda: ag.draw(ten_thousand, max_nodes=10_000).source, repeats)
    print(f"\nDOT text of 10 000 Tensors    {text:8.3f} s")
    print(f"refusing 1 000 000 Tensors    {timed(lambda: refusal(million), repeats) * 1e3:8.3f} ms")
    pictures(repeats)
    explorer = ag.explore(fifty())
    print(f"\nexplorer of 50 Tensors        {timed(lambda: ag.explore(fifty()), repeats):8.3f} s")
    print(f"its file                      {len(os.fsencode(explorer.html)) / 1000:8.1f} KB")


if __name__ == "__main__":
    main()
