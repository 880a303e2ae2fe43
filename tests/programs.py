"""Random programs: graphs with fan-out, broadcasting, reductions, indexing and joining, run by any array library.

`python -m tests.programs 10000` compares the gradients of that many programs with PyTorch in float64, and
`python -m tests.programs 10000 compiled` those of compiled programs with the functions' own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_mini as ag

Library = dict[str, Callable[..., Any]]


@dataclass(frozen=True)
class Step:
    """One operation: its name in the library, the positions of its operands, and its settings."""

    name: str
    operands: tuple[int, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Program:
    """Leaves, then steps that each append a value; the result weighs the last values and sums them."""

    leaves: list[np.ndarray]
    steps: list[Step]

    def run(self, library: Library, leaves: list[Any]) -> Any:
        """The scalar result, computed by a library from leaves of its own kind."""
        values = list(leaves)
        for step in self.steps:
            values.append(library[step.name](*(values[i] for i in step.operands), **step.settings))
        return library["total"](*values[len(leaves) :])


SMOOTH = ("add", "subtract", "multiply", "ratio", "tanh", "sigmoid", "bell", "square", "sum", "mean", "logsumexp")
MOVING = ("reshape", "transpose", "first", "reverse", "pick", "join", "product", "again")
BENT = ("relu", "maximum", "absolute", "where", "max")

REDUCTIONS = ("sum", "mean", "logsumexp", "max")
BINARY = ("add", "subtract", "multiply", "ratio", "maximum", "where")


def random_program(seed: int, *, smooth: bool) -> Program:
    """A program of 3 to 12 steps on up to 3 leaves; the same for the same seed."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 4)))
    leaves = [rng.uniform(-1.5, 1.5, _broadcastable(shape, rng)) for _ in range(rng.integers(1, 4))]
    names = SMOOTH + MOVING + (() if smooth else BENT)
    shapes = [leaf.shape for leaf in leaves]
    steps: list[Step] = []
    for _ in range(rng.integers(3, 13)):
        step = _random_step(str(rng.choice(names)), shapes, rng)
        result = NUMPY[step.name](*(np.zeros(shapes[i]) for i in step.operands), **step.settings)
        steps.append(step)
        shapes.append(np.shape(result))
    return Program(leaves, steps)


def _broadcastable(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    kept = shape[rng.integers(0, len(shape) + 1) :]
    return tuple(1 if rng.random() < 0.3 else n for n in kept)


def _random_step(name: str, shapes: list[tuple[int, ...]], rng: np.random.Generator) -> Step:
    first = int(rng.integers(len(shapes)))
    if name in BINARY:
        fitting = [i for i, other in enumerate(shapes) if _fit(shapes[first], other)]
        return Step(name, (first, int(rng.choice(fitting))), {})
    if name in REDUCTIONS:
        axis = int(rng.integers(-len(shapes[first]), len(shapes[first]))) if shapes[first] else None
        return Step(name, (first,), {"axis": axis, "keepdims": bool(rng.random() < 0.5)})
    if name == "product" and np.prod(shapes[first]) > 12:
        return Step("again", (first,), {})  # a product has the square of its operand's size
    if name == "pick":
        rows = shapes[first][0] if shapes[first] else 1
        return Step(name, (first,), {"rows": rng.integers(-rows, rows, 4).tolist()})
    return Step(name, (first,), {})


def _fit(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(one), reversed(other)))


def _shared() -> Library:
    """What every library computes with operators and methods alike."""
    return {
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "ratio": lambda x, y: x / (y * y + 1.0),
        "square": lambda x: x**2,
        "first": lambda x: x[..., :1] if len(x.shape) else x * 1.0,
        "again": lambda x: x * x + x,
        "reshape": lambda x: x.reshape((-1,)),
        "product": lambda x: x.reshape((-1, 1)) @ x.reshape((1, -1)),
    }


def library_of(np_like: Any, reverse: Callable[[Any], Any], reductions: Library) -> Library:
    """A library from a module with NumPy's names for elementwise functions."""
    return (
        _shared()
        | {
            "tanh": np_like.tanh,
            "sigmoid": lambda x: 1.0 / (np_like.exp(-x) + 1.0),
            "bell": lambda x: np_like.exp(-x * x),
            "relu": lambda x: np_like.maximum(x, x * 0.0),
            "maximum": np_like.maximum,
            "absolute": np_like.abs if hasattr(np_like, "abs") else np_like.absolute,
            "where": lambda x, y: np_like.where(x > y, x * 2.0, y),
            "transpose": lambda x: x.T if len(x.shape) == 2 else x * 1.0,
            "reverse": reverse,
            "pick": lambda x, rows: x[rows] if len(x.shape) else x * 1.0,
        }
        | reductions
    )


def _named(sum_: Any, mean: Any, max_: Any, logsumexp: Any, join: Any) -> Library:
    """`total` weighs each value by its position, so that no two paths cancel."""
    return {
        "sum": sum_,
        "mean": mean,
        "max": max_,
        "logsumexp": logsumexp,
        "join": lambda x: join([x.reshape((-1,)), x.reshape((-1,)) * 2.0]),
        "total": lambda *values: sum(
            (sum_(value * (1.0 / (i + 1)), axis=None, keepdims=False) for i, value in enumerate(values)), 0.0
        ),
    }


def _numpy_logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


def _reverse(x: Any) -> Any:
    return x[::-1] if len(x.shape) else x * 1.0


NUMPY = library_of(np, _reverse, _named(np.sum, np.mean, np.max, _numpy_logsumexp, np.concatenate))
OURS = library_of(ag, _reverse, _named(ag.sum, ag.mean, ag.max, ag.logsumexp, ag.concatenate))


def torch_library() -> Library:
    """The same in PyTorch, whose reductions take no axis None with keepdims."""
    import torch

    def by_axis(function: Any) -> Callable[..., Any]:
        def reduce(x: Any, axis: int | None, keepdims: bool) -> Any:
            return function(x, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims)

        return reduce

    reductions = _named(
        by_axis(torch.sum), by_axis(torch.mean), by_axis(torch.amax), by_axis(torch.logsumexp), torch.cat
    )
    return library_of(torch, lambda x: x.flip(0) if x.ndim else x * 1.0, reductions)


def disagreement(seed: int, torch_side: Library) -> float:
    """The largest difference of value and gradients from PyTorch's, relative to the largest gradient."""
    import torch

    program = random_program(seed, smooth=False)
    ours = [ag.Tensor(leaf) for leaf in program.leaves]
    theirs = [torch.tensor(leaf, dtype=torch.float64, requires_grad=True) for leaf in program.leaves]
    result, expected = program.run(OURS, ours), program.run(torch_side, theirs)
    result.backward()
    expected.backward()
    slopes = [np.zeros(t.shape) if t.grad is None else t.grad.numpy() for t in theirs]
    return _difference(result.item(), ours, expected.item(), slopes)


def _difference(value: float, leaves: list[ag.Tensor], expected: float, slopes: list[np.ndarray]) -> float:
    """The largest difference of a value and the gradients of leaves from what is expected, relatively."""
    worst = abs(value - expected) / max(abs(expected), 1.0)
    for x, slope in zip(leaves, slopes):
        mine = np.zeros(x.shape) if x.grad is None else x.grad
        worst = max(worst, float(np.max(np.abs(mine - slope)) / max(float(np.max(np.abs(slope))), 1.0)))
    return worst


def compiled_disagreement(seed: int) -> float:
    """The same between a compiled program and the function itself."""
    program = random_program(seed, smooth=False)
    leaves = [ag.Tensor(leaf) for leaf in program.leaves]
    result = program.run(OURS, leaves)
    expected = ag.gradients(result, leaves)
    value = ag.compile(lambda: program.run(OURS, leaves)).value_and_grad()
    return _difference(value, leaves, result.item(), expected)


def main(count: int, compiled: bool) -> None:
    torch_side = {} if compiled else torch_library()
    worst = [compiled_disagreement(seed) if compiled else disagreement(seed, torch_side) for seed in range(count)]
    wrong = [seed for seed, difference in enumerate(worst) if not difference < 1e-9]
    print(f"{count} programs, {len(wrong)} wrong" + (f": seeds {wrong[:10]}" if wrong else ""))
    print(f"largest relative difference {max(worst):.1e}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] == ["compiled"])
