"""Delta rules one by one: culprits and heirs, what arguments mean, and bad rules beside good ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.comparison import ComparisonError, RuleReport

Rules = dict[str, Callable[..., Any]]

DEPTH = 10
BATCH = 5

# Each writes another step than the right one, in the right shape; none is a right rule for some other network.
MISTAKES: dict[str, Callable[[int], tuple[str, Callable[..., Any]]]] = {
    "activation forgotten": lambda k: (f"a{k}", with_names(lambda d, h: d, f"d_h{k}", f"h{k}")),
    "activation not squared": lambda k: (f"a{k}", with_names(lambda d, h: d * (1 - h), f"d_h{k}", f"h{k}")),
    "sign": lambda k: (f"a{k}", with_names(lambda d, h: d * (h**2 - 1), f"d_h{k}", f"h{k}")),
    "factor": lambda k: (f"a{k}", with_names(lambda d, h: d * (1 - h**2) / BATCH, f"d_h{k}", f"h{k}")),
    "shifted samples": lambda k: (f"a{k}", with_names(lambda d, h: np.roll(d * (1 - h**2), 1, 0), f"d_h{k}", f"h{k}")),
}


def with_names(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """The function with other names for its arguments."""
    namespace: dict[str, Any] = {"function": function}
    exec(f"def named({', '.join(names)}): return function({', '.join(names)})", namespace)
    named: Callable[..., Any] = namespace["named"]
    return named


def deep(seed: int, dtype: Any = np.float64, depth: int = DEPTH) -> tuple[Tensor, Rules]:
    """A net of tanh layers of different widths, and its right rules."""
    rng = np.random.default_rng(seed)
    widths = [7, *(3 + i % 4 for i in range(depth))]
    h = Tensor(rng.normal(size=(BATCH, widths[0])).astype(dtype), requires_grad=False, name="h0")
    rules: Rules = {}
    for k in range(1, depth + 1):
        W = Tensor((rng.normal(size=(widths[k - 1], widths[k])) / 2).astype(dtype), name=f"W{k}")
        a = (h @ W).named(f"a{k}")
        h = ag.tanh(a).named(f"h{k}")
        rules[f"a{k}"] = with_names(lambda d, h: d * (1 - h**2), f"d_h{k}", f"h{k}")
        rules[f"W{k}"] = with_names(lambda d, h: h.T @ d, f"d_a{k}", f"h{k - 1}")
        if k > 1:
            rules[f"h{k - 1}"] = with_names(lambda d, W: d @ W.T, f"d_a{k}", f"W{k}")
    t = rng.normal(size=h.shape).astype(dtype)
    rules[f"h{depth}"] = with_names(lambda h: 2 * (h - t) / h.size, f"h{depth}")
    return ((h - t) ** 2).mean(), rules


def small() -> tuple[Tensor, Rules]:
    return deep(1, depth=2)


def names(rows: Any) -> set[str]:
    return {row.name for row in rows}


# --------------------------------------------------------------------------------------------- culprits and heirs


@given(seed=st.integers(0, 99), dtype=st.sampled_from([np.float64, np.float32]))
def test_right_rules_pass_one_by_one_and_together(seed: int, dtype: Any) -> None:
    loss, rules = deep(seed, dtype)
    report = ag.compare_rules(loss, rules)
    assert {row.local for row in report} | {row.chained for row in report} <= {"exact", "rounding"}
    assert (len(report), report.culprits, report.notes) == (3 * DEPTH, (), ())
    report.check()


@given(k=st.integers(1, DEPTH), mistake=st.sampled_from(sorted(MISTAKES)), seed=st.integers(0, 9))
def test_the_wrong_layer_is_the_culprit_and_those_below_inherit(k: int, mistake: str, seed: int) -> None:
    loss, rules = deep(seed)
    name, wrong = MISTAKES[mistake](k)
    report = ag.compare_rules(loss, rules | {name: wrong})
    below = {f"{kind}{j}" for j in range(1, k + 1) for kind in ("a", "h", "W")} - {f"h{k}", name}
    assert [row.name for row in report.culprits] == [name]
    assert names(row for row in report if row.inherited) == below
    assert names(row for row in report if "wrong" not in (row.local, row.chained)) == {*rules} - below - {name}


@given(first=st.integers(1, 4), second=st.integers(6, 10))
def test_two_mistakes_are_two_culprits_from_the_loss_down(first: int, second: int) -> None:
    loss, rules = deep(0)
    rules |= dict(MISTAKES["activation forgotten"](j) for j in (first, second))
    report = ag.compare_rules(loss, rules)
    assert [row.name for row in report.culprits] == [f"a{second}", f"a{first}"]
    assert report[f"a{first}"].fed == (f"d_h{first}",)
    assert report[f"a{first}"].remark == f"wrong here, and fed by a wrong d_h{first}; this is about its own step"


def test_a_second_wrong_sign_makes_good_the_first() -> None:
    loss, rules = deep(0)
    report = ag.compare_rules(loss, rules | dict(MISTAKES["sign"](j) for j in (6, 2)))
    assert [row.name for row in report.culprits] == ["a6"]
    assert (report["a2"].local, report["a2"].label, report["h1"].verdict) == ("wrong", "makes good", "rounding")


def test_what_is_said_of_a_culprit_is_about_its_own_step() -> None:
    loss, rules = deep(0)
    wrong = {f"a{k}": with_names(lambda d, h: np.sin(d + h), f"d_h{k}", f"h{k}") for k in (8, 3)}
    report = ag.compare_rules(loss, rules | wrong)
    assert [row.name for row in report.culprits] == ["a8", "a3"]
    assert not any("a8" in finding.detail for finding in report["a3"].findings)


def test_a_wrong_parameter_hands_nothing_on() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, rules | {"W2": lambda d_a2, h1: h1.T @ d_a2 / len(h1)})
    assert [row.name for row in report if row.verdict == "wrong"] == ["W2"]


def test_what_the_report_says() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, rules | {"a2": lambda d_h2: d_h2})
    text = str(report)
    assert "a2: wrong here: all that it is given is right." in text
    assert "h1: inherited from d_a2: its own step is right." in text
    assert "Note: the wrong step, from the loss down: a2; 4 right steps below inherit wrong deltas." in text
    assert [line.split()[3] for line in text.splitlines() if line.startswith("h1  ")] == ["inherited"]
    assert "inherited" in report._repr_html_()
    with pytest.raises(ComparisonError, match="the wrong step, from the loss down: a2"):
        report.check()


def test_the_report_goes_to_json() -> None:
    loss, rules = small()
    data = json.loads(ag.compare_rules(loss, rules | {"a2": lambda d_h2: d_h2}).to_json())
    row = next(row for row in data["rows"] if row["name"] == "h1")
    assert (data["culprits"], row["local"], row["chained"], row["fed"]) == (["a2"], "exact", "wrong", ["d_a2"])


def test_the_report_colours_a_drawing() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, rules | {"a2": lambda d_h2: d_h2})
    text = ag.draw(loss, agreement=report).source
    drawn = [line for line in text.replace("\\ ", " ").splitlines() if "by hand: " in line and "legend" not in line]
    assert [sum(verdict in line for line in drawn) for verdict in ("wrong ✗", "inherited ↤")] == [1, 4]
    assert len(drawn) == len(report)


def test_a_rule_that_is_not_the_same_twice_blames_nobody_else() -> None:
    loss, rules = small()
    factors = iter([2.0, 1.0])
    report = ag.compare_rules(loss, rules | {"a2": lambda d_h2, h2: next(factors) * d_h2 * (1 - h2**2)})
    assert report["a2"].remark == "wrong on the true deltas, right on yours, which differ by rounding"
    assert [row.name for row in report if row.verdict == "wrong"] == []


# -------------------------------------------------------------------------- 004_3fd59ef6bf62b8c0.txt, Algorithm 6.1


def algorithm(classes: bool, n: int = 6) -> tuple[Tensor, Rules]:
    """Lines 8 to 19 for two layers, weights out × in, and the cost of line 9 or 12."""
    rng = np.random.default_rng(4)
    U, M = 5, 3 if classes else 1
    Q0 = Tensor(rng.normal(size=(n, 4)), requires_grad=False, name="Q0")
    W1, b1 = Tensor(rng.normal(size=(U, 4)), name="W1"), Tensor(rng.normal(size=(1, U)), name="b1")
    W2, b2 = Tensor(rng.normal(size=(M, U)), name="W2"), Tensor(rng.normal(size=(1, M)), name="b2")
    Z1 = (Q0 @ W1.T + b1).named("Z1")
    Q1 = ag.tanh(Z1).named("Q1")
    Z2 = (Q1 @ W2.T + b2).named("Z2")
    y = np.eye(M)[rng.integers(0, M, n)] if classes else rng.normal(size=(n, 1))
    J = (ag.logsumexp(Z2, axis=1) - (Z2 * y).sum(axis=1)).mean() if classes else ((y - Z2) ** 2).mean()

    def softmax(Z: Any) -> Any:
        return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)

    rules: Rules = {
        "Z2": lambda Z2: -y + softmax(Z2) if classes else -2 * (y - Z2),
        "Q1": lambda d_Z2, W2: d_Z2 @ W2,
        "Z1": lambda d_Q1, Q1: d_Q1 * (1 - Q1**2),
        "W2": lambda d_Z2, Q1: d_Z2.T @ Q1 / n,
        "b2": lambda d_Z2: d_Z2.sum(axis=0, keepdims=True) / n,
        "W1": lambda d_Z1, Q0: d_Z1.T @ Q0 / n,
        "b1": lambda d_Z1: d_Z1.sum(axis=0, keepdims=True) / n,
    }
    return J, rules


@pytest.mark.parametrize("classes", [False, True])
def test_algorithm_6_1_divides_by_n_late_and_is_right_in_the_end(classes: bool) -> None:
    report = ag.compare_rules(*algorithm(classes))
    assert [row.name for row in report.culprits] == ["Z2"]
    assert names(row for row in report if row.inherited) == {"Q1", "Z1"}
    for name in ("W1", "b1", "W2", "b2"):
        assert (report[name].local, report[name].verdict, report[name].label) == ("wrong", "rounding", "makes good")
    assert report["W2"].remark == (
        "right in the end: it makes good what is wrong with d_Z2, and would be wrong on the true deltas"
    )


@pytest.mark.parametrize("classes", [False, True])
def test_algorithm_6_1_with_the_division_where_the_cost_has_it(classes: bool) -> None:
    J, rules = algorithm(classes)
    output = rules["Z2"]
    right: Rules = {
        "Z2": with_names(lambda Z2: output(Z2) / len(Z2), "Z2"),
        "W2": lambda d_Z2, Q1: d_Z2.T @ Q1,
        "b2": lambda d_Z2: d_Z2.sum(axis=0, keepdims=True),
        "W1": lambda d_Z1, Q0: d_Z1.T @ Q0,
        "b1": lambda d_Z1: d_Z1.sum(axis=0, keepdims=True),
    }
    assert ag.compare_rules(J, rules | right).passed


# --------------------------------------------------------------------------------------------- names and arguments


def test_a_rule_is_named_as_its_tensor_or_as_the_delta_or_keyed_by_either() -> None:
    loss, _ = small()
    a2 = next(x for x in ag.topological_order(loss) if x.name == "a2")

    def d_a2(d_h2: Any, h2: Any) -> Any:
        return d_h2 * (1 - h2**2)

    for given_rules in ([d_a2], {"d_a2": d_a2}, {"a2": d_a2}, {a2: d_a2}):
        assert ag.compare_rules(loss, given_rules)[a2].verdict in ("exact", "rounding")


def test_what_no_identifier_may_contain_becomes_an_underscore() -> None:
    w = Tensor([1.0, 2.0], name="layers.0.weight")
    λ = Tensor(3.0, name="lambda")
    y = (w * λ).named("0.out")
    rules = {
        "0.out": lambda _0_out: 2 * _0_out,
        "layers.0.weight": lambda d__0_out, lambda_: d__0_out * lambda_,
        "lambda_": lambda d__0_out, layers_0_weight: (d__0_out * layers_0_weight).sum(),
    }
    assert names(ag.compare_rules((y * y).sum(), rules)) == {"0.out", "layers.0.weight", "lambda"}
    assert ag.compare_rules((y * y).sum(), rules).passed


def test_defaults_keywords_and_positional_arguments() -> None:
    x = Tensor([1.0, 2.0], name="x")

    def rule(x: Any, /, scale: float = 2.0, *more: Any, **settings: Any) -> Any:
        assert (more, settings) == ((), {})
        return scale * x

    assert ag.compare_rules((x * x).sum(), {x: rule}).passed
    assert ag.compare_rules((x * x).sum(), {x: partial(rule, scale=2.0)}).passed
    assert not ag.compare_rules((x * x).sum(), {x: partial(rule, scale=3.0)}).passed
    assert ag.compare_rules((x * x).sum(), {x: partial(lambda a, *, x: a * x, 2.0)}).passed


def test_rules_of_scalars_may_return_numbers_and_lists() -> None:
    x, y = Tensor(3.0, name="x"), Tensor([1.0, 2.0], name="y")
    report = ag.compare_rules(x * x + (y * y).sum(), {"x": lambda x: float(2 * x), "y": lambda y: [2.0, 4.0]})
    assert [row.verdict for row in report] == ["exact", "exact"]


def test_arguments_are_copies() -> None:
    loss, rules = small()
    order = ag.topological_order(loss)
    before = [x.numpy() for x in order]

    def a2(d_h2: Any, h2: Any) -> Any:
        d_h2 *= 1 - h2**2
        h2[...] = 0
        return d_h2

    report = ag.compare_rules(loss, rules | {"a2": a2})
    assert report.passed
    assert all(np.array_equal(x.data, old) for x, old in zip(order, before, strict=True))
    assert all(x.grad is None for x in order)


def test_a_long_chain_of_rules_is_no_recursion() -> None:
    x = y = Tensor(1.0, name="x0")
    rules: Rules = {}
    for k in range(1, 3001):
        y = (-y).named(f"x{k}")
        rules[f"x{k - 1}"] = with_names(lambda d: -d, f"d_x{k}")
    report = ag.compare_rules(y.named("loss"), rules | {"loss": lambda: 1.0, "x2999": lambda: -1.0})
    assert len(report) == 3001
    assert {row.verdict for row in report} == {"exact"}
    assert x is not y


# -------------------------------------------------------------------------------------- bad rules beside good ones


def raises(d_h2: Any) -> Any:
    raise KeyError("no such thing")


BAD: dict[str, tuple[Any, str]] = {
    "raises": (raises, "the rule raised KeyError: 'no such thing'; it was given d_h2 (5, 4)"),
    "returns nothing": (lambda d_h2: None, "None was given; does your function return its result?"),
    "another shape": (lambda d_h2: d_h2.T, r"your array has shape (4, 5), the gradient has (5, 4)"),
    "words": (lambda d_h2: "wrong", "give an array of real numbers"),
    "ragged": (lambda d_h2: [[1.0], [1.0, 2.0]], "what was given makes no array"),
    "NaN": (lambda d_h2: d_h2 * np.nan, "20 of 20 entries are NaN or infinite"),
    "unknown argument": (lambda d_h22: d_h22, "no Tensor of the graph has that name; did you mean 'd_h2'?"),
    "constant": (lambda d_h0: d_h0, "the rule asks for 'd_h0', but h0 is a constant without delta"),
    "no function": (3.0, "the rule is a float, not a function"),
    "itself": (lambda d_a2: d_a2, "the rules go in a circle: d_a2 from d_a2"),
    "circle": (lambda d_W2: d_W2, "the rules go in a circle: "),
    "no names": (dict, "have no names"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_rule_says_so_and_the_others_are_judged_all_the_same(kind: str) -> None:
    loss, rules = small()
    rule, said = BAD[kind]
    report = ag.compare_rules(loss, rules | {"a2": rule})
    assert any(said in finding.detail for finding in report["a2"].findings), report["a2"].findings
    assert report["a2"].verdict == "wrong"
    circle = {"W2"} if kind == "circle" else set()
    others = [row for row in report if row.name not in {"a2", *circle}]
    assert len(others) == 5 - len(circle)
    if kind == "NaN":  # it is an array of the right shape, so that it is handed on
        assert names(row for row in others if row.inherited) == {"W2", "h1", "a1", "W1"}
    else:
        assert all(row.verdict in ("exact", "rounding") for row in others)
        assert any("d_a2" in note and "given autodiff's" in note for note in report.notes)


def test_a_circle_names_who_asks_for_whom() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, rules | {"a2": lambda d_W2: d_W2})
    circles = {f"the rules go in a circle: {a} from {b} from {a}" for a, b in (("d_a2", "d_W2"), ("d_W2", "d_a2"))}
    assert {report[name].findings[0].detail.split(";")[0] for name in ("a2", "W2")} <= circles


def test_a_rule_without_a_name_or_for_nobody_has_a_row_at_the_end() -> None:
    loss, rules = small()

    def a22(d_h2: Any) -> Any:
        return d_h2

    nameless: list[Any] = [lambda d_h2: d_h2, 3, a22]
    report = ag.compare_rules(loss, [*rules_with_names(rules), *nameless])
    said = [row.findings[0].detail for row in list(report)[-3:]]
    assert [row.name for row in report][-3:] == ["rule 7", "rule 8", "a22"]
    assert said[0].startswith("a lambda has no name: write def NAME(...)")
    assert said[1] == "3 is no function"
    assert said[2] == "no Tensor of the graph is named 'a22'; did you mean 'a2'?"
    assert [row.local for row in report][:6].count("wrong") == 0
    assert report.culprits == ()


def rules_with_names(rules: Rules) -> list[Callable[..., Any]]:
    for name, rule in rules.items():
        rule.__name__ = name
    return list(rules.values())


def test_two_rules_for_one_tensor() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, rules | {"d_a2": rules["a2"]})
    assert report["a2"].findings[0].detail == "there are two rules for it, a2 and d_a2: keep one"
    assert all(row.verdict != "wrong" for row in report if row.name != "a2")


def test_a_delta_without_a_rule_is_autodiffs() -> None:
    loss, rules = small()
    report = ag.compare_rules(loss, {"W1": rules["W1"]})
    assert report.passed
    assert report.notes == ("no rule computes d_a1: what asks for it is given autodiff's",)


def test_names_that_may_mean_two_tensors() -> None:
    x, d_x = Tensor([1.0, 2.0], name="x"), Tensor([3.0, 4.0], name="d_x")
    y = (x * d_x).named("y")
    report = ag.compare_rules((y * y).sum(), {"y": lambda y: 2 * y, "x": lambda d_y, d_x: d_y * d_x})
    assert "'d_x', which may mean 2 Tensors; give them other names" in report["x"].findings[0].detail
    assert report["y"].verdict == "exact"


def test_kinks_are_no_mistakes_and_are_handed_on() -> None:
    x = Tensor([-1.0, 0.0, 2.0], name="x")
    z = (x * 1.0).named("z")
    rules: Rules = {"h": lambda h: 0 * h + 1, "z": lambda d_h, z: d_h * (z >= 0), "x": lambda d_z: d_z}
    report = ag.compare_rules(ag.relu(z).named("h").sum(), rules)
    assert [(row.local, row.chained) for row in report] == [("exact", "exact"), ("kink", "kink"), ("exact", "kink")]
    assert report.passed


@pytest.mark.parametrize("rules", [3, None, "a2"])
def test_rules_that_are_none_are_refused(rules: Any) -> None:
    with pytest.raises(TypeError, match="compare_rules: expected a list of functions or a mapping"):
        ag.compare_rules(small()[0], rules)


def test_a_loss_that_is_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="compare_rules: the loss is a float"):
        ag.compare_rules(1.0, [])  # type: ignore[arg-type]


def test_values_are_not_known_while_tracing() -> None:
    compared = ag.compile(lambda x: ag.compare_rules((x * x).sum(), []))
    with pytest.raises(TypeError, match=r"compare_rules: values are not known while ag.compile traces"):
        compared(np.ones(3))


def test_no_rules_make_an_empty_report() -> None:
    report = ag.compare_rules(small()[0], [])
    assert isinstance(report, RuleReport)
    assert (len(report), report.passed) == (0, True)
