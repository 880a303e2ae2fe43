"""The rules of the lecture notes: each published slip is found and named, each correct rule passes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

SCRIPT = Path(__file__).parents[1] / "examples" / "delta_rules.py"

IDENTITIES = ["A1", "A4", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "C1", "C2", "D1", "E6"]

# System, the beginning of the rule, the gradient, the kind of mistake, and a part of the sentence that names it.
SLIPS = [
    ("A1", "squared error of one sample", "w", "factor", "1/2"),
    ("A1", "update by one sample", "w", "factor", "1/2 times yours"),
    ("A4", "updates in matrix form", "V", "factor", "1/2 times yours"),
    ("A4", "updates in matrix form", "W", "factor", "1/2 times yours"),
    ("A4", 'updates "in python"', "V", "factor", "N/2 = 10 times yours"),
    ("A4", 'updates "in python"', "W", "factor", "N/2 = 10 times yours"),
    ("A4", "first matrix forms", "V", "transposed", "transpose"),
    ("A4", "first matrix forms", "W", "transposed", "transpose"),
    ("A4", "dE/dY, dE/dW with y summed", "Y", "unknown", "Y[19, 0]"),
    ("A4", "dE/dY, dE/dW with y summed", "W", "unknown", "your gradient of Y (20, 1): the mistake is there"),
    ("A4", "simplified view, updates", "v", "factor", "1/2 times yours"),
    ("A4", "simplified view, updates", "w1", "factor", "1/2 times yours"),
    ("B2", "grad_f as gradient of val_f", "theta", "activation-missing", "derivative of sqrt"),
    ("B7", "J by z and Theta, softmax", "z", "unknown", "z["),
    ("B7", "J by z and Theta, softmax", "Theta", "unknown", "your gradient of z (150, 3): the mistake is there"),
    ("B8", "Theta_{j,l}", "h", "transposed", "transpose"),
    ("B8", "Theta_{j,l}", "Theta_hidden", "transposed", "transpose"),
    ("C1", "dE/dW_jk", "W1", "transposed", "transpose"),
    ("C1", "dE/dW_jk", "W2", "transposed", "transpose"),
    ("C1", "delta^(1) by w_k1", "z_in", "unknown", "IndexError"),
    ("C1", "delta^(2) as the first underbrace", "W2", "activation-missing", "derivative of sigmoid"),
    ("C1", "dE/db_2^(1)", "b1", "unknown", "not 0.204902; all other entries are right"),
    ("D1", "(18)", "W2", "factor", "-1 times"),
    ("D1", "(20), (21)", "W2", "shape", "(3, 3)"),
    ("D1", "(22)", "W1", "factor", "-1 times"),
    ("D1", "(24)", "W1", "activation-missing", "tanh"),
    ("D1", "(27), (28) as gradients of E (16)", "W1", "factor", "1/3"),
    ("D1", "(27), (28) as gradients of E (16)", "W2", "factor", "1/3"),
    ("D1", "(27), (28) as gradients of E (11)", "W1", "factor", "1/21"),
    ("D1", "(27), (28) as gradients of E (11)", "W2", "factor", "1/21"),
    ("D1", "(28)", "W2", "shape", "(3, 3)"),
    *(("E6", f"algorithm 6.1, {problem}", "Z2", "factor", "16 times") for problem in ("regression", "classification")),
]


def loaded() -> ModuleType:
    specification = importlib.util.spec_from_file_location("delta_rules", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["delta_rules"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


delta_rules = loaded()


@cache
def outcomes(identity: str) -> list[Any]:
    comparisons = delta_rules.SYSTEMS[identity].comparisons()
    return [outcome for comparison in comparisons for outcome in delta_rules.outcomes(identity, comparison)]


def run(*arguments: str | Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    """The script as a program, after some lines of Python."""
    argv = [str(SCRIPT), *map(str, arguments)]
    program = f"import sys, runpy; {before}; sys.argv = {argv!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_every_system_of_the_notes_is_there() -> None:
    assert list(delta_rules.SYSTEMS) == IDENTITIES


@pytest.mark.parametrize("identity", IDENTITIES)
def test_published_and_corrected_rules_come_out_as_expected(identity: str) -> None:
    found = outcomes(identity)
    assert found
    assert [delta_rules.cells(outcome) for outcome in found if not outcome.expected] == []


@pytest.mark.parametrize(("identity", "rule", "name", "kind", "words"), SLIPS)
def test_each_slip_is_named(identity: str, rule: str, name: str, kind: str, words: str) -> None:
    (outcome,) = (o for o in outcomes(identity) if o.rule.startswith(rule) and o.name == name)
    assert outcome.published.verdict == "wrong"
    assert outcome.corrected.verdict in ("exact", "rounding")
    assert [finding.kind for finding in outcome.published.findings if words in finding.detail].count(kind) == 1


@pytest.mark.parametrize("identity", IDENTITIES)
def test_nothing_else_is_called_wrong(identity: str) -> None:
    known = {(rule, name) for system, rule, name, _, _ in SLIPS if system == identity}
    wrong = [o for o in outcomes(identity) if o.published is not None and o.published.verdict == "wrong"]
    others = [o for o in wrong if not any(o.rule.startswith(rule) and o.name == name for rule, name in known)]
    assert [(o.name, o.kinds) for o in others] == [("Q1", ["inherited"]), ("Z1", ["inherited"])] * (len(others) // 2)
    assert len(others) == (4 if identity == "E6" else 0)


def test_the_only_kink_is_that_of_the_lasso() -> None:
    rows = [(o.rule, row.verdict) for i in IDENTITIES for o in outcomes(i) for row in (o.published, o.corrected) if row]
    assert [rule for rule, verdict in rows if verdict == "kink"] == ["Lasso at theta = 0, slope from the right"]


def test_the_derived_rules_of_003_agree_with_differences_of_its_error() -> None:
    net = delta_rules.columns(7)
    M = net.T.shape[1]

    def error(moved: Mapping[str, np.ndarray]) -> float:
        W1, b1, W2, b2 = (moved.get(x.name or "", x.data) for x in (net.W1, net.b1, net.W2, net.b2))
        return float(np.sum((W2.T @ np.tanh(W1.T @ net.X + b1) + b2 - net.T) ** 2) / 2 / M)

    for rules in (delta_rules.bias_sums(net), delta_rules.matrix_form(net)):
        for x, hand in rules.items():
            for index in np.ndindex(x.shape):
                step = np.zeros(x.shape)
                step[index] = 1e-5
                slope = (error({x.name: x.data + step}) - error({x.name: x.data - step})) / 2e-5
                assert hand[index] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_what_003_leaves_as_next_steps_is_read_off_its_graph() -> None:
    text = str(delta_rules.d1_explained())
    for line in (
        "dW2 = A1 @ δ2ᵀ",
        "db2 = sum(δ2, axis=1",
        "δ1 = (W2 @ δ2) ⊙ (1 − A1²)",
        "dW1 = X @ δ1ᵀ",
        "db1 = sum(δ1, a",
    ):
        assert line in text


def test_a_slip_that_is_not_found_is_a_surprise() -> None:
    w = ag.Tensor([1.0, 2.0, 4.0], name="w")
    right, half = {w: 2 * w.data}, {w: w.data}
    slip = delta_rules.Comparison("rule", (w * w).sum(), half, right, "factor")
    (found,) = delta_rules.outcomes("A1", slip)
    assert found.expected
    for changed in (
        {"slip": ""},
        {"slip": "transposed"},
        {"published": right},
        {"corrected": half},
        {"corrected": None},
    ):
        (outcome,) = delta_rules.outcomes("A1", replace(slip, **changed))
        assert not outcome.expected
        assert delta_rules.cells(outcome)[-1] == "NOT AS EXPECTED"


def test_the_script_prints_a_section_for_each_system_and_a_summary(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    done = run("--only", "D1", "A1", "--json", file)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.index("A1  LMS"), done.stdout.index("D1  two layers")
    assert first < second < done.stdout.index("Summary")
    assert "A4" not in done.stdout
    assert second < done.stdout.index("δ1 = (W2 @ δ2)")
    assert done.stdout.rstrip().endswith("0 not as expected.")
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert {row["system"] for row in rows} == {"A1", "D1"}
    assert all(row["as_expected"] for row in rows)
    assert {"kind": "factor", "detail": "your rule is -1 times the gradient"} in [
        finding for row in rows for finding in row["findings"]
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["rules.json"]


def test_iris_has_a_stand_in_without_scikit_learn() -> None:
    done = run("--only", "B6", "B7", "B8", before="sys.modules['sklearn'] = sys.modules['sklearn.datasets'] = None")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("scikit-learn, which is not installed") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "A9"], "invalid choice: 'A9'"),
        (["--only"], "expected at least one argument"),
        (["--json", "nowhere/rules.json"], "not a file in an existing folder"),
        (["--json", "."], "not a file in an existing folder"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert words in done.stderr
    assert "LMS" not in done.stdout


def test_help_names_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--only" in done.stdout
    assert "--json" in done.stdout
