"""Train a network on real handwritten digits, draw its graph, and compare autodiff with hand-derived delta rules.

The data are the 1 797 images of 8 x 8 pixels that come with scikit-learn (nothing is downloaded); the model is a
64-32-10 relu net trained by mini-batch gradient descent. Written to --out: loss and accuracy curves, a sheet of test
images with predictions, and the computational graph of one step on two samples.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import graphviz
import numpy as np

import autograd_mini as ag
import nn
from autograd_mini.comparison import Report

SIZES = [64, 32, 10]
BATCH_SIZE = 32
RATE = 0.2
EPOCHS = 60

Agreement = Mapping[str, str]
"""The verdict on the hand-derived gradient of each parameter."""


@dataclass(frozen=True)
class Split:
    """Images as rows of 64 numbers from 0 to 1, and their labels from 0 to 9."""

    images: np.ndarray
    labels: np.ndarray


@dataclass
class History:
    """One entry per epoch."""

    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    interrupted: bool = False


# ---------------------------------------------------------------------------------------------------------- data


def load_digits(rng: np.random.Generator) -> tuple[Split, Split]:
    """The digits, shuffled by the generator and split 80 to 20."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        sys.exit(f"digits.py needs scikit-learn for its images: pip install scikit-learn ({error})")
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    cut = len(images) * 4 // 5
    return Split(images[:cut], labels[:cut]), Split(images[cut:], labels[cut:])


# ------------------------------------------------------------------------------------------------------ training


def train(model: nn.MLP, train_set: Split, test_set: Split, epochs: int, rng: np.random.Generator) -> History:
    """Mini-batch gradient descent; Ctrl-C ends it with what it has."""
    history = History()
    optimiser = nn.SGD(model.parameters(), lr=RATE)
    try:
        for report in progress(epochs):
            losses = [step(model, optimiser, x, y) for x, y in batches(train_set, rng)]
            record(history, float(np.mean(losses)), accuracy(model, train_set), accuracy(model, test_set))
            report(f"loss {history.loss[-1]:.4f}  test accuracy {history.test_accuracy[-1]:.2%}")
    except KeyboardInterrupt:
        history.interrupted = True
        print(f"\nStopped after {len(history.loss)} of {epochs} epochs; going on with what there is.")
    return history


def batches(split: Split, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    return nn.minibatches(split.images, split.labels, batch_size=BATCH_SIZE, rng=rng)


def step(model: nn.MLP, optimiser: nn.SGD, x: np.ndarray, y: np.ndarray) -> float:
    """One update; returns the loss before it."""
    loss = nn.softmax_cross_entropy(model(x), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def record(history: History, loss: float, train_accuracy: float, test_accuracy: float) -> None:
    history.loss.append(loss)
    history.train_accuracy.append(train_accuracy)
    history.test_accuracy.append(test_accuracy)


def predictions(model: nn.MLP, images: np.ndarray) -> np.ndarray:
    with ag.no_grad():
        return model(images).data.argmax(axis=1)


def accuracy(model: nn.MLP, split: Split) -> float:
    return float(np.mean(predictions(model, split.images) == split.labels))


def progress(epochs: int) -> Iterator[Callable[[str], None]]:
    """One function per epoch that shows a message: beside tqdm's bar, or as a line every tenth epoch."""
    try:
        from tqdm import tqdm
    except ImportError:
        print("(for a progress bar: pip install tqdm)")
        for epoch in range(1, epochs + 1):
            yield lambda text, epoch=epoch: print(f"epoch {epoch}/{epochs}  {text}") if epoch % 10 == 0 else None
        return
    with tqdm(total=epochs, unit="epoch") as bar:
        for _ in range(epochs):
            yield lambda text: bar.set_postfix_str(text, refresh=False)
            bar.update()


# --------------------------------------------------------------------------------------------------- delta rules


def hand_derived(
    x: np.ndarray, y: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> list[np.ndarray]:
    """The gradients by the delta rules of 004_3fd59ef6bf62b8c0.txt, Algorithm 6.1, for L = 2 and classification.

    Line numbers are the algorithm's. It has weights as (out, in); here they are (in, out), so each product with a
    weight is transposed.
    """
    n = len(x)
    Z1 = x @ W1 + b1  # line 4
    Q1 = np.maximum(Z1, 0)  # line 5
    Z2 = Q1 @ W2 + b2  # line 4
    dZ2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)  # line 13: softmax ...
    dZ2[np.arange(n), y] -= 1  # ... minus 1 at the label
    dQ1 = dZ2 @ W2.T  # line 17
    dZ1 = dQ1 * (Z1 > 0)  # line 16
    return [x.T @ dZ1 / n, dZ1.sum(axis=0) / n, Q1.T @ dZ2 / n, dZ2.sum(axis=0) / n]  # lines 18 and 19


def compare_delta_rules(model: nn.MLP, x: np.ndarray, y: np.ndarray) -> Report:
    """A row for each parameter: whether the delta rules give what autodiff gives."""
    parameters = model.parameters()
    by_hand = hand_derived(x, y, *(parameter.numpy() for parameter in parameters))
    return ag.compare(nn.softmax_cross_entropy(model(x), y), dict(zip(parameters, by_hand)))


# ------------------------------------------------------------------------------------------------------ pictures


def draw_curves(history: History, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history.loss) + 1)
    left.plot(epochs, history.loss)
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title="training loss")
    right.plot(epochs, history.train_accuracy, label="training")
    right.plot(epochs, history.test_accuracy, "--", label="test")
    right.set(xlabel="epoch", ylabel="accuracy", title="accuracy")
    right.legend()
    save(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))


def draw_predictions(model: nn.MLP, test_set: Split, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.2), layout="constrained")
    figure.suptitle("test images: predicted digit (in red with the label, if wrong)")
    guesses = predictions(model, test_set.images)
    for axes, image, label, guess in zip(figure.subplots(4, 8).flat, test_set.images, test_set.labels, guesses):
        axes.imshow(image.reshape(8, 8), cmap="gray_r")
        axes.set_axis_off()
        right = guess == label
        axes.set_title(f"{guess}" if right else f"{guess}, is {label}", color="black" if right else "crimson")
    save(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))


def draw_graph(model: nn.MLP, x: np.ndarray, y: np.ndarray, agreement: Agreement, directory: Path) -> list[Path]:
    """The computational graph of the loss on a few samples, coloured by the comparison, as SVG and PNG."""
    images = ag.Tensor(x, requires_grad=False, name="images")
    loss = nn.softmax_cross_entropy(model(images).named("logits"), y).named("loss")
    drawing = ag.draw(loss, show="backward", agreement=agreement)
    paths = [directory / "graph.svg", directory / "graph.png"]
    for path in paths:
        picture = drawing.pipe(format=path.suffix[1:])
        save(path, lambda temporary, picture=picture: temporary.write_bytes(picture))
    return paths


def save(path: Path, write: Callable[[Path], Any]) -> None:
    """Write all or nothing: an interrupted run leaves no half file."""
    temporary = path.with_name(f".{path.name}.part")
    write(temporary)
    os.replace(temporary, path)


def write_pictures(
    model: nn.MLP, history: History, test_set: Split, agreement: Agreement, directory: Path
) -> tuple[list[Path], list[str]]:
    """Everything that can be drawn here; returns the files, and what was left out and how to get it."""
    curves, sheet = directory / "curves.png", directory / "predictions.png"
    written, left_out = [], []
    try:
        draw_curves(history, curves)
        draw_predictions(model, test_set, sheet)
        written += [curves, sheet]
    except ImportError:
        left_out.append("curves and test images (pip install matplotlib)")
    try:
        written += draw_graph(model, test_set.images[:2], test_set.labels[:2], agreement, directory)
    except graphviz.ExecutableNotFound as error:
        left_out.append(f"the graph: {error}")
    return written, left_out


# ---------------------------------------------------------------------------------------------------------- main


def main() -> None:
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    train_set, test_set = load_digits(rng)
    model = nn.MLP(SIZES, activation="relu", rng=rng)
    print(f"{model} on {len(train_set.images)} training and {len(test_set.images)} test images")
    history = train(model, train_set, test_set, options.epochs, rng)
    print(f"\nTest accuracy: {accuracy(model, test_set):.2%}")
    print("\nThe delta rules beside autodiff, on 32 test images in float64:")
    report = compare_delta_rules(model, test_set.images[:32], test_set.labels[:32])
    print(report)
    agreement = {row.name: row.verdict for row in report}
    written, left_out = write_pictures(model, history, test_set, agreement, options.out)
    if written:
        print("\nWritten:", *written, sep="\n  ")
    if left_out:
        print("\nLeft out:", *left_out, sep="\n  ")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the batches (default 0)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"passes over the data (default {EPOCHS})")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the pictures (default out)")
    options = parser.parse_args()
    if options.epochs < 0 or options.seed < 0:
        parser.error("--epochs and --seed are 0 or more")
    if options.out.exists() and not options.out.is_dir():
        parser.error(f"--out {options.out} is not a folder")
    return options


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
