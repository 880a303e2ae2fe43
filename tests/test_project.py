"""What holds for the whole project: its layers, its imports, its size of function, and its README."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("autograd_mini/**/*.py"), *ROOT.glob("nn/**/*.py")])
OPTIONAL = (
    "autograd_mini.comparison",
    "autograd_mini.compiler",
    "autograd_mini.drawing",
    "autograd_mini.explanation",
    "autograd_mini.formula",
    "graphviz",
    "pygraphviz",
    "matplotlib",
    "PIL",
    "sklearn",
    "tqdm",
    "hypothesis",
    "pytest",
    "numpy.random",
)

# Each layer imports from the layers before it.
LAYERS = [
    "static",
    "atomic",
    "ops",
    "linalg",
    "errors",
    "checks",
    "methods",
    "modes",
    "tensor",
    "state",
    "random",
    "groups",
    "graph",
    "transforms",
    "differences",
    "formula",
    "testing",
    "debug",
    "compiler",
    "drawing",
    "comparison",
    "explanation",
]
READERS = {"testing", "debug", "compiler", "drawing", "comparison", "explanation"}
"""They stand side by side: what two of them need is in a layer before them."""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(tree(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def layer(module: str) -> int:
    return LAYERS.index(module.split(".")[1])


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "autograd_mini")], ids=str)
def test_imports_point_one_way(path: Path) -> None:
    if path.parent.name == "autograd_mini" and path.name == "__init__.py":
        return
    own = layer(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for module in imported(path):
        for_types = (path.name, module) == ("methods.py", "autograd_mini.tensor")
        if module.startswith("autograd_mini.") and not for_types:
            assert layer(module) <= own, module
            assert LAYERS[own] not in READERS or module.split(".")[1] not in READERS - {LAYERS[own]}, module


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "nn")], ids=str)
def test_nn_uses_public_names_only(path: Path) -> None:
    assert not any(module.startswith("autograd_mini.") for module in imported(path))
    foreign = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and ast.unparse(n.value) != "self"]
    assert {n.attr for n in foreign if n.attr[0] == "_"} <= {"__init__", "__name__", "__new__", "__setattr__", "_place"}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_function_is_longer_than_thirty_lines(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or (body[-1].end_lineno or 0) - body[0].lineno < 30, node.name


def test_optional_parts_load_when_they_are_used() -> None:
    program = f"import sys, autograd_mini, nn; print([m for m in {OPTIONAL!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_ci_runs_the_readmes_test_command() -> None:
    commands = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv")]
    assert [("examples/digits.py" in line, "python -m pytest" in line) for line in commands] == [
        (True, False),
        (False, True),
    ]


def test_the_scripts_that_the_readme_runs_exist() -> None:
    scripts = re.findall(r"python (\S+\.py)", (ROOT / "README.md").read_text())
    assert [script for script in scripts if not (ROOT / script).exists()] == []
    assert "benchmarks/compare.py" in scripts
