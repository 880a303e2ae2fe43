"""Wrong derivations by the hundred: each a correct one with one mistake in it, of a kind that is known.

`python -m tests.autograd_mini.comparison.mutations 40` prints how many of 40 of each are recognised.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.diagnosis import diagnose
from tests.autograd_mini.comparison.hand import Net, Slip, backward, forward, numbers, random_net, tensors

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Mutation:
    kind: str
    word: str
    net: Net
    case: Case


@dataclass(frozen=True, eq=False)
class Scene:
    """A net with its true gradients and those derived by hand, all of them right."""

    net: Net
    arrays: dict[str, np.ndarray]
    tensors: dict[str, Any]
    true: dict[str, np.ndarray]
    right: dict[str, np.ndarray]

    def wrong(self, **slip: Any) -> dict[str, np.ndarray]:
        return backward(self.net, self.arrays, Slip(**slip))

    def case(self, name: str, hand: Any, kinks: Any = None) -> Case:
        """The case of one wrong array among others that are right."""
        true = self.true[name]
        noise = 64 * np.finfo(self.net.dtype).eps * (np.abs(true) + np.sqrt(np.mean(true**2)))
        given = {self.tensors[other]: np.float64(array) for other, array in self.right.items() if other != name}
        mask = np.zeros(true.shape, bool) if kinks is None else kinks
        node = self.tensors[name]
        return Case(self.tensors["loss"], node, name, np.float64(hand), true, noise, mask, given)


def scene(net: Net, arrays: dict[str, np.ndarray] | None = None) -> Scene:
    arrays = forward(net, numbers(net) if arrays is None else arrays)
    exact = tensors(net, arrays, np.float64)
    slopes = ag.gradients(exact["loss"])
    true = {name: np.asarray(slopes[x]) for name, x in exact.items() if name != "loss"}
    return Scene(net, arrays, tensors(net, arrays), true, backward(net, arrays))


def pick(rng: Rng, names: Any) -> str:
    return str(rng.choice(sorted(names)))


def weights(s: Scene) -> list[str]:
    return [name for name in s.true if name[0] == "W"]


def hidden(rng: Rng, s: Scene) -> tuple[int, str]:
    """A hidden layer, and a row that lies behind its activation."""
    layer = int(rng.integers(1, s.net.depth))
    return layer, pick(rng, [name for name in s.true if int(name[1]) <= layer and name[0] in "Wbz"])


Made = tuple[str, Any] | tuple[str, Any, Any] | None
Maker = Callable[[Rng, Scene], Made]


def factor(rng: Rng, s: Scene) -> Made:
    N, K = s.net.samples, s.net.sizes[-1]
    c = float(rng.choice([-1, 2, 0.5, N, 1 / N, K, 1 / K, 1 / (N * K), N * K]))
    name = pick(rng, s.true)
    return name, s.right[name] * s.net.dtype(c)


def transpose(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, s.right[name].T


def not_transposed(rng: Rng, s: Scene) -> Made:
    square = [k for k in range(2, s.net.depth + 1) if s.net.sizes[k - 1] == s.net.sizes[k]]
    if not square:
        return None
    layer = int(rng.choice(square))
    name = pick(rng, [n for n in s.true if int(n[1]) < layer])
    return name, s.wrong(word="not-transposed", layer=layer)[name]


def per_sample(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    k = name[1]
    return None if s.net.decay else (name, np.einsum("ni,nj->nij", s.arrays[f"x{k}"], s.right[f"z{k}"]))


def summed_delta(rng: Rng, s: Scene) -> Made:
    name = pick(rng, [n for n in s.true if n[0] in "zh"])
    return name, s.right[name].sum(axis=0, keepdims=bool(rng.integers(2)))


def last_sample(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    x, d = s.arrays[f"x{name[1]}"], s.right[f"z{name[1]}"]
    return name, x[-1:].T @ d[-1:] + s.net.dtype(2 * s.net.decay) * s.arrays[name]


def bias_not_summed(rng: Rng, s: Scene) -> Made:
    name = pick(rng, [n for n in s.true if n[0] == "b"])
    return name, s.right[f"z{name[1]}"]


def bias_of_one(rng: Rng, s: Scene) -> Made:
    name = pick(rng, [n for n in s.true if n[0] == "b"])
    return name, s.right[f"z{name[1]}"][-1]


def bias_row_missing(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, s.right[name][1:]


def bias_row_zero(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    hand = s.right[name].copy()
    hand[0] = 0
    return name, hand


def bias_row_last(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, np.roll(s.right[name], -1, axis=0)


def bias_column_kept(rng: Rng, s: Scene) -> Made:
    layer = int(rng.integers(2, s.net.depth + 1))
    return f"h{layer - 1}", s.right[f"z{layer}"] @ s.arrays[f"W{layer}"].T


def bias_column_wrong(rng: Rng, s: Scene) -> Made:
    layer = int(rng.integers(2, s.net.depth + 1))
    name = pick(rng, [n for n in s.true if int(n[1]) < layer])
    return name, s.wrong(word="wrong-column", layer=layer)[name]


def row_too_many(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, with_row(s, name)


def with_row(s: Scene, name: str) -> np.ndarray:
    return np.concatenate([s.right[f"b{name[1]}"][None], s.right[name]])


def permutation(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    axis = int(rng.integers(2))
    return name, np.take(s.right[name], rng.permutation(s.right[name].shape[axis]), axis=axis)


def at_activation(word: str) -> Maker:
    def make(rng: Rng, s: Scene) -> Made:
        layer, name = hidden(rng, s)
        return name, s.wrong(word=word, layer=layer)[name]

    return make


def everywhere(word: str) -> Maker:
    def make(rng: Rng, s: Scene) -> Made:
        name = pick(rng, ["W1", "z1"])
        return name, s.wrong(word=word)[name]

    return make


def before_activation(rng: Rng, s: Scene) -> Made:
    layer = int(rng.integers(2, s.net.depth + 1))
    return f"W{layer}", s.wrong(word="input-before-activation", layer=layer)[f"W{layer}"]


def at_output(word: str) -> Maker:
    def make(rng: Rng, s: Scene) -> Made:
        name = pick(rng, s.true)
        return name, s.wrong(word=word)[name]

    return make


def decay(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    number = float(rng.choice([0, 0, 1 / s.net.samples, 0.5, 2]))
    return name, s.wrong(word="decay", number=number)[name]


def decay_of_bias(rng: Rng, s: Scene) -> Made:
    name = pick(rng, [n for n in s.true if n[0] == "b"])
    return name, s.right[name] + s.net.dtype(2 * s.net.decay) * s.arrays[name]


def updated_above(rng: Rng, s: Scene) -> Made:
    layer = int(rng.integers(2, s.net.depth + 1))
    name = pick(rng, [n for n in s.true if int(n[1]) < layer])
    return name, s.wrong(word="updated", layer=layer, number=float(rng.choice([0.1, 0.5, 0.03])))[name]


def updated_all(rng: Rng, s: Scene) -> Made:
    rate = s.net.dtype(rng.choice([0.1, 0.03]))
    moved = {n: a - rate * s.right[n] if n in s.right else a for n, a in numbers(s.net).items()}
    name = pick(rng, weights(s))
    return name, backward(s.net, forward(s.net, moved))[name]


def changed_later(rng: Rng, s: Scene) -> Made:
    """The leaves are updated in place after the forward pass: either side may be of before or of after."""
    name = pick(rng, weights(s))
    for n, x in s.tensors.items():
        if x.op is None and n in s.right:
            x.data[...] = x.data - 0.1 * s.right[n]
    moved = {n: np.array(s.tensors[n].data) if n in s.tensors else a for n, a in numbers(s.net).items()}
    later = scene(s.net, moved)
    if rng.integers(2):
        s.true.update(later.true)
        return name, s.right[name]
    mixed = ag.gradients(s.tensors["loss"])
    s.true.update({n: np.float64(mixed[x]) for n, x in s.tensors.items()})
    return name, later.right[name]


def kink(rng: Rng, s: Scene) -> Made:
    layer = int(rng.integers(1, s.net.depth))
    a = numbers(s.net)
    unit = int(rng.integers(s.net.sizes[layer]))
    a[f"W{layer}"][:, unit] = 0
    a[f"b{layer}"][unit] = 0
    moved = scene(s.net, a)
    name = f"{'Wbz'[int(rng.integers(3))]}{layer}"
    mask = np.zeros(moved.true[name].shape, bool)
    mask[..., unit] = True
    s.tensors.update(moved.tensors)
    s.true.update(moved.true)
    s.right.update(moved.right)
    return name, moved.wrong(word="one-at-kink", layer=layer)[name], mask


def one_less(rng: Rng, s: Scene) -> Made:
    N, name = s.net.samples, pick(rng, s.true)
    return name, s.right[name] * s.net.dtype(N / (N - 1))


def other_shape(rng: Rng, s: Scene) -> Made:
    name = pick(rng, [n for n in s.true if n[0] == "b"])
    return name, s.right[name][None]


def hopeless_shape(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, rng.normal(size=(11, 13))


def noise(rng: Rng, s: Scene) -> Made:
    name = pick(rng, weights(s))
    return name, s.right[name] + rng.normal(size=s.true[name].shape)


def also(make: Maker) -> Maker:
    """The same mistake, and a number besides."""

    def twice(rng: Rng, s: Scene) -> Made:
        made = make(rng, s)
        return None if made is None else (made[0], made[1] * s.net.dtype(rng.choice([2, 0.5, -1, s.net.samples])))

    return twice


DEEP: dict[str, Any] = {"sizes": (3, 4, 5, 2)}
CURVED = {**DEEP, "decay": 0.0}
ONES: dict[str, Any] = {"sizes": (3, 4, 2), "ones": True, "decay": 0.0, "samples": 5}

TABLE: list[tuple[str, str, Maker, dict[str, Any]]] = [
    ("factor", "factor", factor, {"samples": 5}),
    ("factor", "factor, any batch", factor, {}),
    ("transposed", "transpose", transpose, {}),
    ("transposed", "square transpose", transpose, {"sizes": (4, 4, 4)}),
    ("transposed", "W for W transposed", not_transposed, {"sizes": (3, 4, 4, 2)}),
    ("transposed", "square W, deep", not_transposed, {"sizes": (3, 3, 3, 3)}),
    ("transposed", "square W, ones", not_transposed, {**ONES, "sizes": (3, 4, 4, 2)}),
    ("transposed", "transpose, times", also(transpose), {"samples": 4}),
    ("batch-sum", "per sample", per_sample, {"decay": 0.0, "samples": 4}),
    ("batch-sum", "summed delta", summed_delta, {"samples": 5}),
    ("batch-sum", "last sample", last_sample, {"samples": 3}),
    ("broadcast-sum", "bias not summed", bias_not_summed, {"samples": 6}),
    ("broadcast-sum", "bias of one", bias_of_one, {"samples": 4}),
    ("bias", "row missing", bias_row_missing, ONES),
    ("bias", "row zero", bias_row_zero, ONES),
    ("bias", "row last", bias_row_last, ONES),
    ("bias", "column kept", bias_column_kept, ONES),
    ("bias", "wrong column", bias_column_wrong, ONES),
    ("bias", "row too many", row_too_many, {"decay": 0.0}),
    ("permuted", "permutation", permutation, {}),
    ("activation-missing", "missing", at_activation("activation-missing"), DEEP),
    ("activation-missing", "missing everywhere", everywhere("activation-missing"), DEEP),
    ("activation-missing", "missing, times", also(at_activation("activation-missing")), CURVED),
    ("activation-missing", "function itself", at_activation("function-for-slope"), DEEP),
    ("activation-twice", "twice", at_activation("activation-twice"), DEEP),
    ("activation-twice", "twice everywhere", everywhere("activation-twice"), DEEP),
    ("pre-activation", "input for output", at_activation("input-for-output"), DEEP),
    ("pre-activation", "input for output everywhere", everywhere("input-for-output"), DEEP),
    ("pre-activation", "slope at output", at_activation("slope-at-output"), DEEP),
    ("pre-activation", "z for h", before_activation, DEEP),
    ("pre-activation", "z for h, ones", before_activation, ONES),
    ("softmax-twice", "softmax twice", at_output("softmax-twice"), {"loss": "cross-entropy"}),
    ("softmax-twice", "softmax twice, own form", at_output("softmax-twice"), {"loss": "softmax"}),
    ("softmax-twice", "diagonal twice", at_output("softmax-diagonal-twice"), {"loss": "logsumexp"}),
    ("off-diagonal", "off-diagonal", at_output("off-diagonal"), {"loss": "cross-entropy"}),
    ("off-diagonal", "off-diagonal, own form", at_output("off-diagonal"), {"loss": "softmax"}),
    ("off-diagonal", "off-diagonal, logsumexp", at_output("off-diagonal"), {"loss": "logsumexp"}),
    ("regulariser", "decay", decay, {"decay": 0.02, "samples": 5}),
    ("regulariser", "decay of bias", decay_of_bias, {"decay": 0.02, "sizes": (3, 5, 4)}),
    ("stale", "updated above", updated_above, DEEP),
    ("stale", "updated all", updated_all, DEEP),
    ("stale", "changed later", changed_later, DEEP),
    ("kink", "kink", kink, {**DEEP, "activation": "relu", "written_out": False}),
    ("ddof", "N - 1", one_less, {"samples": 5}),
    ("shape", "row vector", other_shape, {}),
    ("shape", "hopeless", hopeless_shape, {}),
    ("unknown", "noise", noise, {}),
]


def mutations(each: int, seed: int = 0) -> Iterator[Mutation]:
    """`each` wrong derivations of every row of the table."""
    for number, (kind, word, make, fixed) in enumerate(TABLE):
        rng = np.random.default_rng([seed, number])
        made = 0
        while made < each:
            mutation = _mutation(rng, kind, word, make, fixed)
            if mutation is not None:
                made += 1
                yield mutation


def _mutation(rng: Rng, kind: str, word: str, make: Maker, fixed: dict[str, Any]) -> Mutation | None:
    """One of them; None where the mistake makes no difference in this net."""
    net = random_net(rng, **fixed)
    s = scene(net)
    wrong = make(rng, s)
    if wrong is None:
        return None
    name, hand, *kinks = wrong
    true = s.true[name]
    same = np.shape(hand) == true.shape and np.linalg.norm(hand - true) <= 0.01 * np.linalg.norm(true)
    lost = not np.any(true) or not np.any(hand)
    return None if same or lost else Mutation(kind, word, net, s.case(name, hand, *kinks))


def main(each: int) -> None:
    """Print the rows of the table whose kinds are not recognised, and the figures for all."""
    first, named, count = Counter[str](), Counter[str](), Counter[str]()
    for m in mutations(each):
        kinds = [finding.kind for finding in diagnose(m.case)]
        count[m.word] += 1
        named[m.word] += m.kind in kinds
        first[m.word] += kinds[:1] == [m.kind]
        if m.kind not in kinds:
            print(m.word, m.case.name, m.net, kinds)
    for word in count:
        print(f"{word:30} first {first[word]:4} named {named[word]:4} of {count[word]}")
    print(f"first {first.total() / count.total():.4f} named {named.total() / count.total():.4f} of {count.total()}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
