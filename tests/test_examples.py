"""The examples run as scripts: complete, stripped of their optional parts, interrupted, and misused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
DIGITS = EXAMPLES / "digits.py"
COMPILED = EXAMPLES / "compiled.py"
PICTURES = ["curves.png", "graph.png", "graph.svg", "predictions.png"]

# Runs a script as if the named modules were not installed.
WITHOUT = "import sys, runpy; [sys.modules.__setitem__(m, None) for m in {modules!r}]; sys.argv = {argv!r}; "
WITHOUT += "runpy.run_path(sys.argv[0], run_name='__main__')"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


def run_without(modules: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = WITHOUT.format(modules=modules, argv=[str(DIGITS), *map(str, arguments)])
    environment = {**os.environ, "PATH": ""}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_digits(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    pytest.importorskip("pygraphviz", exc_type=ImportError)
    done = run(DIGITS, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (accuracy,) = re.findall(r"Test accuracy: ([\d.]+)%", done.stdout)
    assert float(accuracy) >= 96.0
    rows = re.findall(r"^layers\.\d\.\w+ +\(.*?\) +(exact|rounding only) +(\S+) +(\S+)", done.stdout, re.MULTILINE)
    assert len(rows) == 4
    for _, largest, _ in rows:
        assert float(largest) < 1e-12
    assert files(tmp_path) == PICTURES
    graph = (tmp_path / "graph.svg").read_text()
    assert "layers.0.weight" in graph
    assert graph.count("by hand: ") >= 4


def test_digits_says_what_it_left_out(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    done = run_without(["matplotlib", "matplotlib.figure", "tqdm", "pygraphviz"], "--epochs", "10", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("epoch 10/10", "pip install tqdm", "pip install matplotlib", "pygraphviz>=2.0", "Left out"):
        assert part in done.stdout
    assert files(tmp_path) == []


def test_digits_without_its_data_names_the_extra(tmp_path: Path) -> None:
    done = run_without(["sklearn", "sklearn.datasets"], "--out", tmp_path)
    assert done.returncode == 1
    assert "pip install scikit-learn" in done.stderr
    assert "Traceback" not in done.stderr


def test_digits_interrupted_ends_with_what_it_has(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("tqdm")
    command = [sys.executable, str(DIGITS), "--epochs", "1000000", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.read(1)  # the first sign of the progress bar
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert re.search(r"Stopped after \d+ of 1000000 epochs", output)
    assert "Test accuracy" in output
    assert "Traceback" not in errors


@pytest.mark.parametrize("arguments", [["--epochs", "-1"], ["--seed", "x"], ["--nonsense"]])
def test_digits_refuses_wrong_options(arguments: list[str]) -> None:
    done = run(DIGITS, *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_digits_help() -> None:
    done = run(DIGITS, "--help")
    assert done.returncode == 0
    for option in ("--seed", "--epochs", "--out"):
        assert option in done.stdout


def test_compiled() -> None:
    done = run(COMPILED, "--steps", "200")
    assert done.returncode == 0, done.stderr
    assert "def step(x, target, layers_0_weight," in done.stdout
    rows = re.findall(r"^(?:eager|compiled) +(\S+) +(\S+) +\S+$", done.stdout, re.MULTILINE)
    assert len(rows) == 2
    assert rows[0] == rows[1]
    first, last = map(float, rows[0])
    assert last < first / 2
    (difference,) = re.findall(r"Largest difference of the weights: (\S+)", done.stdout)
    assert float(difference) < 1e-12


@pytest.mark.parametrize("arguments", [["--steps", "9"], ["--seed", "-1"], ["--nonsense"]])
def test_compiled_refuses_wrong_options(arguments: list[str]) -> None:
    done = run(COMPILED, *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
