"""Drawings: the DOT text without a renderer, then the pictures of every renderer there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing import RendererNotFoundError
from autograd_mini.drawing.themes import SHAPES, THEMES

HOSTILE = [
    '"></text><script>alert(1)</script>',
    "</script>",
    "<b>bold</b>",
    "<img src=x onerror=alert(1)>",
    "a|b",
    "{a}",
    "a{b|c}d",
    "<port> x",
    'say "hi"',
    "back\\slash",
    "ends with \\",
    "\\N \\G \\E \\T \\H \\L",
    "\\n is no newline",
    "&amp;",
    "&lt;",
    "a & b",
    "&#65;",
    "n0:p1",
    "->",
    "digraph { x -> y }",
    "// comment",
    "/* comment */",
    "# hash",
    "%s %d {0}",
    "naïve Σ δ 中文 🙂",
    "  two  spaces ",
    "tab\tinside",
    "bell\x07 and \x00 null",
    "; label=x",
    "]",
    "a->a",
    "'single'",
    "",
    "x" * 500,
]


def neuron() -> Tensor:
    x, w, b = Tensor(2.0, name="x"), Tensor(-3.0, name="w"), Tensor(6.9, name="b")
    return (x * w + b).tanh().named("y")


def readable(dot: str) -> str:
    """DOT text with the backslashes before spaces taken out."""
    return dot.replace("\\ ", " ")


# ---------------------------------------------------------------------------------------------------- the DOT text


def source(output: Any, **choices: Any) -> str:
    """DOT text without a legend, with the backslashes before spaces taken out."""
    return readable(ag.draw(output, legend=False, **choices).source)


def nodes(dot: str) -> dict[str, str]:
    """The label of each node by its identity."""
    return dict(
        re.findall(r'^\t(\w+) \[id="\w+" shape="\w+"(?: style="[\w,]+")? label="(.*?)" fillcolor', dot, re.MULTILINE)
    )


def edges(dot: str) -> list[str]:
    return re.findall(r"^\t(\w+ -> [\w:]+)", dot, re.MULTILINE)


def edge_labels(dot: str) -> dict[str, str]:
    """The label of each edge, without the spaces that keep it off the line."""
    found = re.findall(r'^\t\w+ -> \S+ \[id="(\w+)".* label=" (.*?) "', dot, re.MULTILINE)
    return {identity: label.replace(r" \n ", r"\n").removesuffix(r"\n") for identity, label in found}


def test_the_text_of_a_neuron() -> None:
    assert source(neuron()).splitlines()[4:] == [
        '\tn0 [id="n0" shape="box3d" label="x\\nparameter\\n() float64\\nvalue 2\\ngrad -1.461"'
        ' fillcolor="#fde9c9" class="parameter" margin="0.11,0.09"]',
        '\tn1 [id="n1" shape="box3d" label="w\\nparameter\\n() float64\\nvalue -3\\ngrad 0.9738"'
        ' fillcolor="#fde9c9" class="parameter" margin="0.11,0.09"]',
        '\tn2 [id="n2" shape="Mrecord" label="{{<i0>1|<i1>2}|multiply *|() float64|value -6|grad 0.4869}"'
        ' fillcolor="#dcebf7" class="operation"]',
        '\tn3 [id="n3" shape="box3d" label="b\\nparameter\\n() float64\\nvalue 6.9\\ngrad 0.4869"'
        ' fillcolor="#fde9c9" class="parameter" margin="0.11,0.09"]',
        '\tn4 [id="n4" shape="Mrecord" label="{{<i0>1|<i1>2}|add +|() float64|value 0.9|grad 0.4869}"'
        ' fillcolor="#dcebf7" class="operation"]',
        '\tn5 [id="n5" shape="record" label="{y|tanh|() float64|value 0.7163|grad 1}"'
        ' fillcolor="#fbf3a9" class="output" penwidth="2"]',
        '\tn0 -> n2:i0:n [id="e2_0"]',
        '\tn1 -> n2:i1:n [id="e2_1"]',
        '\tn2 -> n4:i0:n [id="e4_0"]',
        '\tn3 -> n4:i1:n [id="e4_1"]',
        '\tn4 -> n5 [id="e5_0"]',
        "}",
    ]


def test_a_product_with_itself_has_two_edges() -> None:
    x = Tensor(3.0, name="x")
    assert edges(source(x * x)) == ["n0 -> n1:i0:n", "n0 -> n1:i1:n"]


def test_the_order_of_operands_is_visible() -> None:
    x, y = Tensor(3.0, name="x"), Tensor(4.0, name="y")
    assert edges(source(x - y)) == ["n0 -> n2:i0:n", "n1 -> n2:i1:n"]
    assert edges(source(y - x)) == ["n0 -> n2:i0:n", "n1 -> n2:i1:n"]
    assert nodes(source(y - x))["n0"].startswith("y")


def test_two_runs_give_the_same_bytes() -> None:
    program = "import autograd_mini as ag; x = ag.Tensor([1.0, 2.0]); print(ag.draw((x * x[0] + 2).sum()).source)"
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1


def test_drawing_touches_nothing_and_is_the_same_after_backward() -> None:
    y = neuron()
    before = source(y)
    assert all(node.grad is None for node in ag.topological_order(y))
    y.backward()
    assert source(y) == before


def test_no_gradient_is_a_dash_and_never_a_false_zero() -> None:
    x = Tensor([1.0, 2.0], name="x")
    assert "grad –" in source(x * 2)
    assert "grad 0" not in source(x * 2)
    constant = Tensor(1.0, requires_grad=False, name="c")
    assert r"c\ninput\n() float64\nvalue 1\ngrad –" in source((x * constant).sum())


def test_constants_settings_and_summaries() -> None:
    x = Tensor(np.arange(100.0).reshape(10, 10), name="x")
    text = source(((x / np.ones((10, 10))).sum(axis=1) ** 2).mean())
    for part in ("value min 0 mean 49.5 max 99", r"constant\n(10, 10) float64", "sum Σ axis=1|", '"2"', "power **"):
        assert part in text


def test_values_that_are_not_finite_are_counted() -> None:
    x = Tensor([np.nan, np.inf, *range(8)])
    assert "min 0 mean 3.5 max 7, 2 not finite" in source(x)
    assert "value [nan, 1]" in source(Tensor([np.nan, 1.0]))
    assert "8 entries, none finite" in source(Tensor([np.nan] * 8))
    assert "value empty" in source(Tensor([]))


@pytest.mark.parametrize("errors", ["warn", "raise"])
def test_huge_and_tiny_entries_are_summarised(errors: Any) -> None:
    huge = Tensor(np.full(10, 1.5e308))
    wide = (Tensor([1.0, 1.0]) * np.array([1e-200, 1e200])).sum()
    with np.errstate(all=errors):
        assert "value min 1.5e+308 mean 1.5e+308 max 1.5e+308" in source(huge)
        assert "(2,) norm 1e+200" in source(wide, show="backward")


def test_masks_count_what_is_true() -> None:
    assert "value 3 of 10 True" in source(Tensor(np.arange(10.0)) > 6)


def test_a_long_chain_draws_without_recursion() -> None:
    y = Tensor(1.0)
    for _ in range(5000):
        y = y + 1.0
    assert source(y, max_nodes=10_000).count("add") == 5000


def test_a_huge_graph_is_refused_with_the_way_on() -> None:
    y = Tensor(1.0)
    for _ in range(1000):
        y = y + 1.0
    with pytest.raises(ValueError, match=r"more than max_nodes=300 nodes; .*depth=0, or pass a larger max_nodes"):
        ag.draw(y)


def test_only_tensors_are_drawn() -> None:
    with pytest.raises(TypeError, match="draw: expected a Tensor, got float"):
        ag.draw(1.0)  # type: ignore[arg-type]


def test_parameters_are_drawn_by_their_path() -> None:
    model = nn.MLP([3, 4, 2], rng=np.random.default_rng(0))
    text = source(nn.softmax_cross_entropy(model(np.ones((2, 3))), [0, 1]))
    for name in ("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"):
        assert rf'"{name}\nparameter\n' in text


# ------------------------------------------------------------------------------------------------------ the way back


def test_edges_show_local_derivative_and_contribution() -> None:
    labels = edge_labels(source(neuron(), show="backward"))
    assert labels == {
        "e2_0": r"w = -3\n0.4869 × -3 = -1.461",
        "e2_1": r"x = 2\n0.4869 × 2 = 0.9738",
        "e4_0": r"1\n0.4869 × 1 = 0.4869",
        "e4_1": r"1\n0.4869 × 1 = 0.4869",
        "e5_0": r"1 − y² = 0.4869\n1 × 0.4869 = 0.4869",
    }


def test_where_paths_meet_the_sum_is_written_out() -> None:
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    f = ((a * b) * (a + b)).named("f")
    boxes = nodes(source(f, show="backward"))
    assert "grad 15 + 6 = 21" in boxes["n0"] or "grad 6 + 15 = 21" in boxes["n0"]
    x = Tensor(-1.0, name="x")
    assert "grad -1 − 1 = -2" in nodes(source(x * x, show="backward"))["n0"]


def test_many_paths_are_counted() -> None:
    x = Tensor(1.0, name="x")
    total = x
    for _ in range(9):
        total = total + x
    assert "grad 10, the sum of 10" in nodes(source(total, show="backward"))["n0"]


def test_edges_of_arrays_show_formula_shape_and_norm() -> None:
    X, W = Tensor(np.ones((2, 3)), requires_grad=False, name="X"), Tensor(np.full((3, 4), 2.0), name="W")
    text = source((X @ W).sum().named("E"), show="backward")
    assert edge_labels(text)["e2_1"] == rf"Xᵀ @ g\n(3, 4) norm {np.linalg.norm(np.full((3, 4), 2.0)):.4g}"
    assert re.search(r'n0 -> n2:i0:n \[id="e2_0" dir="none"', text), "no gradient flows to a constant"


def test_both_rows_of_the_figure() -> None:
    y = neuron()
    text = source(y, show="both")
    boxes = nodes(text)
    assert boxes["g5"] == r"∂y/∂y\n() float64\n1"
    assert boxes["g0"] == r"∂y/∂x\n() float64\n-1.461"
    assert {"g4 -> g5", "g2 -> g4", "g3 -> g4", "g0 -> g2", "g1 -> g2"} <= set(edges(text))
    assert {"n5 -> g4", "n1 -> g0", "n0 -> g1"} <= set(edges(text)), "what the rules read: y, w and x"
    assert "n4 -> g2" not in edges(text), "the rule of a sum reads nothing"


def test_unnamed_values_get_short_names_where_formulas_speak_of_them() -> None:
    boxes = nodes(source(neuron(), show="backward"))
    assert boxes["n2"].startswith("{{<i0>1|<i1>2}|v₁|multiply *")


def test_gradients_need_one_number_to_start_from() -> None:
    with pytest.raises(ValueError, match="has 2 entries, not 1; reduce it"):
        ag.draw(Tensor([1.0, 2.0]) * 2, show="backward")


# ------------------------------------------------------------------------------------------------- what went wrong


def test_the_first_nan_is_marked() -> None:
    with np.errstate(all="ignore"):
        w = Tensor([1.0, 0.0], name="w")
        text = source((ag.log(w) * w).sum(), show="backward")
    boxes = nodes(text)
    assert "infinity starts here" in boxes["n1"]
    assert boxes["n2"].endswith("|NaN}")
    assert "here" not in boxes["n2"] + boxes["n3"]
    assert text.count('penwidth="3"') == 3 + 2, "three values, and two contributions: of log and of the product"


@pytest.mark.parametrize(
    "choices", [{}, {"show": "backward"}, {"show": "both"}, {"expand": "scalar", "show": "backward"}]
)
def test_what_is_not_finite_is_drawn_within_debug_too(choices: Any) -> None:
    x = Tensor([4.0, 0.0], name="x")
    loss = ag.sqrt(x).sum()
    drawn = source(loss, **choices)
    with ag.debug():
        assert source(loss, **choices) == drawn
        with pytest.raises(FloatingPointError):
            loss.backward()


def test_values_with_the_same_name_are_told_apart() -> None:
    """Else formulas are ambiguous, and a rule seems to read both."""
    one, other = Tensor(2.0, name="a"), Tensor(3.0, name="a")
    text = source(one * other, show="both")
    read = re.findall(r'(n\d) -> (g\d) \[.*style="dotted"', text)
    assert read == [("n0", "g1"), ("n1", "g0")]
    assert r"∂v₁/∂a\n" in text
    assert r"∂v₁/∂a#2\n" in text


def test_a_gradient_that_is_not_finite_is_marked_where_it_starts() -> None:
    x = Tensor([0.0, 1.0], name="x")
    text = source((ag.sqrt(x) * 2.0).sum(), show="backward")
    assert [line.split(" [")[0] for line in text.splitlines() if 'penwidth="3"' in line] == ["\tn0 -> n1"]


def failing(build: Any) -> BaseException:
    try:
        build()
    except Exception as error:
        return error
    raise AssertionError("it was to fail")


def test_what_is_left_of_a_failed_build_is_drawn() -> None:
    x, W = Tensor(np.ones((2, 3)), name="x"), Tensor(np.ones((2, 3)), name="W")
    error = failing(lambda: nn.mse(ag.tanh(x) @ W, np.ones((2, 3))))
    boxes = nodes(source(error))
    assert boxes["n0"].startswith(r"x\nparameter")
    assert boxes["n3"].startswith(r"matmul @\nmatmul: Tensor (2, 3) @ W (2, 3):")
    text = source(error)
    assert edges(text) == ["n0 -> n1", "n1 -> n3", "n2 -> n3"]
    assert re.search(r'n3 \[id="n3" shape="octagon".* penwidth="3"', text)
    assert re.search(r'n1 -> n3 .*headlabel=" 1 "', text)


def test_failures_of_broadcasting_joining_and_indexing_are_drawn() -> None:
    x = Tensor(np.ones((2, 3)), name="x")
    for build in (
        lambda: x + np.ones(4),
        lambda: ag.concatenate([x, np.ones(3)]),
        lambda: x[5],
        lambda: x.reshape(7),
        lambda: ag.linalg.inv(x),
    ):
        assert 'shape="octagon"' in source(failing(build))


def test_only_the_operations_of_a_failure_are_drawn() -> None:
    with pytest.raises(ValueError, match="add: ") as caught:
        Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
    for choices in ({"show": "backward"}, {"show": "both"}, {"expand": "scalar"}):
        with pytest.raises(TypeError, match='draw: of ValueError the operations are drawn, with show="forward"'):
            ag.draw(caught.value, **choices)  # type: ignore[arg-type]
    ag.draw(caught.value, max_nodes=3)
    for few in (1, 2):
        with pytest.raises(ValueError, match=f"more than max_nodes={few} nodes"):
            ag.draw(caught.value, max_nodes=few)


def test_exceptions_from_elsewhere_are_refused() -> None:
    with pytest.raises(ValueError, match="this KeyError does not come from an operation on Tensors"):
        ag.draw(KeyError("x"))
    with pytest.raises(ValueError, match="does not come from an operation"):
        ag.draw(failing(lambda: nn.mse(Tensor([1.0]), [1.0, 2.0])))
    error = failing(lambda: Tensor([1.0, 2.0]) + np.ones(3))
    with pytest.raises(ValueError, match="still has its traceback"):
        ag.draw(error.with_traceback(None))


# ---------------------------------------------------------------------------------------------- compiled functions


def test_the_program_of_a_compiled_function_is_drawn() -> None:
    w = Tensor([3.0, -1.0], name="w")
    loss = ag.compile(lambda x: ag.tanh(w * x).sum())
    with pytest.raises(RuntimeError, match="has no program yet; call it once"):
        ag.draw(loss)
    loss.value_and_grad(np.array([0.0, 0.5]))
    boxes = nodes(source(loss))
    assert r"w\nparameter\n(2,) float64" in boxes.values()
    assert r"x\ninput\n(2,) float64" in boxes.values()
    assert any("tanh" in label for label in boxes.values())
    assert "value" not in source(loss)
    assert sum('shape="record"' in line for line in source(loss).splitlines()) == 2, "the loss and the gradient"
    for choices in ({"show": "backward"}, {"show": "both"}, {"expand": "scalar"}):
        with pytest.raises(
            TypeError, match='draw: of a compiled function the operations are drawn, with show="forward"'
        ):
            ag.draw(loss, **choices)  # type: ignore[arg-type]


def test_the_result_of_a_compiled_function_is_drawn() -> None:
    w = Tensor([3.0, -1.0], name="w")
    y = ag.compile(lambda x: ag.tanh(w * x).sum())(np.array([0.0, 0.5]))
    assert "value -0.4621" in source(y)
    assert "grad [0, 0.3932]" in source(y, show="backward")


# ------------------------------------------------------------------------------------------------ agreement, themes


def test_nodes_are_coloured_by_agreement() -> None:
    y = neuron()
    w = next(x for x in ag.topological_order(y) if x.name == "w")
    text = source(y, agreement={"x": "exact", w: "wrong", "b": "rounding", "y": "kink"})
    boxes = nodes(text)
    assert boxes["n0"].endswith(r"\nby hand: exact =")
    assert boxes["n1"].endswith(r"\nby hand: wrong ✗")
    assert boxes["n3"].endswith(r"\nby hand: rounding ≈")
    assert boxes["n5"].endswith("|by hand: kink ∧}")
    assert len(set(re.findall(r'fillcolor="(#\w+)"', text))) == 5, "four verdicts, and operations without one"


def test_agreement_reaches_the_entries_of_an_array() -> None:
    x, W = Tensor([[1.0, 2.0]], name="x"), Tensor([[3.0], [4.0]], name="W")
    text = source((x @ W).sum().named("E"), expand="scalar", agreement={"W": "wrong"})
    assert text.count("by hand: wrong") == 2


@pytest.mark.parametrize(
    ("agreement", "message"),
    [
        ({"nobody": "exact"}, "agreement speaks of 'nobody', which is not in the graph"),
        ({Tensor(1.0): "exact"}, r"agreement speaks of Tensor \(\), which is not in the graph"),
        (
            {"x": "fine"},
            "a verdict of agreement is one of 'exact', 'rounding', 'kink', 'inherited', 'wrong', got 'fine'",
        ),
        ({None: "exact"}, "agreement speaks of None"),
    ],
)
def test_agreement_with_what_is_not_there_is_refused(agreement: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.draw(neuron(), agreement=agreement)


def test_dark_drawings_have_other_colours_and_the_same_words() -> None:
    light, dark = source(neuron()), source(neuron(), theme="dark")
    assert re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)
    assert not set(re.findall("#[0-9a-f]{6}", light)) & set(re.findall("#[0-9a-f]{6}", dark))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())
def test_text_can_be_read_on_every_colour(theme: Any) -> None:
    for paper in (theme.paper, *theme.fill.values(), *theme.verdicts.values()):
        dark, light = sorted([luminance(theme.ink), luminance(paper)])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, paper
    for ink in (theme.backward, theme.alarm):
        dark, light = sorted([luminance(ink), luminance(theme.paper)])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, ink


def test_roles_differ_in_shape() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_the_legend_explains_what_occurs() -> None:
    def legend(**choices: Any) -> str:
        return readable(ag.draw(neuron(), **choices).source).partition("cluster_legend")[2]

    assert 'label="parameter"' in legend()
    assert "constant" not in legend()
    assert "upstream × local = contribution" in legend(show="backward")
    assert "upstream" not in legend()
    assert "by hand: wrong" in legend(agreement={"x": "wrong"})
    assert legend(legend=False) == ""


# ------------------------------------------------------------------------------------------------------- choices


@pytest.mark.parametrize("direction", ["TB", "LR", "BT", "RL"])
def test_directions(direction: str) -> None:
    text = source(neuron(), direction=direction)
    assert f"rankdir={direction}" in text
    assert f"n0 -> n2:i0:{dict(TB='n', LR='w', BT='s', RL='e')[direction]}" in text


def test_size_and_resolution() -> None:
    text = source(neuron(), size=(4, 2.5), dpi=150)
    assert 'size="4,2.5"' in text
    assert 'dpi="150"' in text
    assert not re.search(r"\bsize=|dpi=", source(neuron()))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"show": "all"}, "show is one of 'forward', 'backward', 'both', got 'all'"),
        ({"expand": "vector"}, "expand is one of None, 'scalar', got 'vector'"),
        ({"direction": "up"}, "direction is one of"),
        ({"theme": "pink"}, "theme is one of 'light', 'dark', got 'pink'"),
        ({"max_nodes": 0}, "max_nodes is at least 1, got 0"),
        ({"max_nodes": 2.5}, "max_nodes is a whole number, got 2.5"),
        ({"size": 3}, "size is .width, height. in inches"),
        ({"size": (3, -1)}, "size is .width, height. in inches"),
        ({"dpi": 0}, "dpi is a number above 0"),
        ({"depth": -1}, "draw: depth is at least 0, got -1"),
        ({"depth": "1"}, "draw: depth is a whole number, got '1'"),
        ({"collapse": ["nobody"]}, "draw: collapse speaks of 'nobody', and there is no such module; there are none"),
        ({"collapse": "MLP"}, r"draw: collapse is a list of names, got 'MLP'; write collapse=\['MLP'\]"),
        ({"collapse": None}, "draw: collapse is a list of names, got None"),
        ({"agreement": ["W"]}, r"draw: agreement is a report .* got \['W'\]"),
        ({"agreement": []}, r"draw: agreement is a report of ag.compare, or maps Tensors"),
        ({"show": "both", "depth": 1}, "depth, collapse and fold go with"),
        ({"expand": "scalar", "fold": True}, "depth, collapse and fold go with"),
    ],
)
def test_wrong_choices_are_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        ag.draw(neuron(), **choices)


def test_entries_are_drawn_one_by_one() -> None:
    x, W = Tensor([[1.0, 2.0]], requires_grad=False, name="x"), Tensor([[0.3], [0.4]], name="W")
    E = ((x @ W).named("z").tanh() * 2.0).sum().named("E")
    delta = 2.0 * (1.0 - np.tanh(1.1) ** 2)
    boxes = " ".join(nodes(source(E, expand="scalar")).values())
    for part in ("W₁₁", "W₂₁", "x₁", "x₂", "z₁", f"|δ₁ {delta:.4g}"):
        assert part in boxes
    assert "float64" not in boxes
    rows = nodes(source(E, expand="scalar", show="both"))
    assert rf"δ₁ = ∂E/∂z₁\n{delta:.4g}" in rows.values()
    assert "float64" not in " ".join(rows.values())
    assert (
        rf"x₂ = 2\n{delta:.4g} × 2 = {2 * delta:.4g}"
        in edge_labels(source(E, expand="scalar", show="backward")).values()
    )


def test_a_local_derivative_that_is_a_number_is_written_once() -> None:
    x, y = Tensor(3.0, name="x"), Tensor(4.0, name="y")
    assert edge_labels(source(x - y, show="backward"))["e2_1"] == r"−1\n1 × -1 = -1"


def test_plain_arrays_bear_the_names_that_formulas_give_them() -> None:
    X, W = np.ones((2, 3)), Tensor(np.ones((3, 4)), name="W")
    text = source((X @ W).sum(), show="backward")
    assert edge_labels(text)["e1_1"].startswith(r"c₁ᵀ @ g\n")
    assert nodes(text)["n1_c0"] == r"c₁\nconstant\n(2, 3) float64\nvalue [[1, 1, 1], [1, 1, 1]]"
    assert nodes(source((X @ W).sum()))["n1_c0"].startswith("constant")


def test_long_formulas_are_wrapped_and_not_cut() -> None:
    x = Tensor([[1.0, 2.0]], name="scores")
    label = edge_labels(source(ag.softmax(x, axis=-1).named("weights")[0, 0], show="backward"))["e1_0"]
    assert label.startswith(r"weights ⊙ (g − sum(g ⊙ weights,\naxis=-1, keepdims=True))\n")


def test_what_broadcasting_adds_up_is_said() -> None:
    x, W, b = Tensor(np.ones((3, 2)), name="x"), Tensor(np.ones((2, 4)), name="W"), Tensor(np.ones(4), name="b")
    c = Tensor(np.ones((3, 1)), name="c")
    layer = edge_labels(source(ag.affine(x, W, b).sum(), show="backward"))
    assert [layer[f"e3_{i}"].split(r"\n")[0] for i in range(3)] == ["g @ Wᵀ", "xᵀ @ g", "g, summed over axis 0"]
    sums = edge_labels(source((c + b).sum(), show="both"))
    assert {"1, summed over axis 0", "1, summed over axis 1"} <= set(sums.values())
    scale = edge_labels(source((Tensor(2.0) * x).sum(), show="backward"))
    assert scale["e2_0"].startswith("x, summed over axes 0, 1")


def test_what_rounding_leaves_of_a_mean_is_not_shown() -> None:
    x = Tensor([0.1, 0.2, -0.3, 0.1, 0.2, -0.3, 0.3], name="x") - Tensor([0.0] * 6 + [0.3])
    assert 0 < abs(x.data.mean()) < 1e-16
    assert "value min -0.3 mean 0 max 0.2" in source(x)
    assert "mean 1e-20" in source(x * 0 + 1e-20)


def test_the_legend_says_what_red_means_where_nothing_else_does() -> None:
    x = Tensor([0.0, 1.0], name="x")
    with np.errstate(all="ignore"):
        infinite = (1.0 / x).sum()
    red = "thick and red: not finite"
    assert red in ag.draw(infinite).source
    assert red in ag.draw(ag.sqrt(x).sum(), show="backward").source
    assert red not in ag.draw(ag.sqrt(x).sum()).source
    assert red not in ag.draw(x * x, agreement={"x": "wrong"}).source
    assert red not in ag.draw(failing(lambda: x + Tensor(np.ones(3)))).source


def test_edge_labels_keep_off_the_lines() -> None:
    y = neuron()
    assert 'label=" 1 − y² = 0.4869 \\n 1 × 0.4869 = 0.4869 "' in source(y, show="backward")
    assert 'label=" 1 − y² = 0.4869 \\n 1 × 0.4869 = 0.4869 \\n  "' in source(y, show="backward", direction="LR")


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("show", ["forward", "backward", "both"])
def test_the_legend_explains_what_there_is_and_hides_none_of_it(show: str, direction: str) -> None:
    W = Tensor(np.ones((2, 2)), name="W")
    y = ((np.ones((1, 2)) @ W) * Tensor(2.0, requires_grad=False)).sum()
    text = ag.draw(y, show=show, direction=direction, agreement={"W": "kink"}).source
    legend = set(re.findall(r"^\t\t(legend_\w+) \[", text, re.MULTILINE))
    roles = {"parameter", "input", "constant", "operation", "output", "kink"}
    kinds = {"forward": set(), "backward": {"line_backward"}, "both": {"gradient", "line_gradient", "line_read"}}[show]
    assert legend == {f"legend_{name}" for name in roles | kinds}
    assert not re.search(r"^\t\t\{?(rank=same )?\w+ \[style=", text, re.MULTILINE)


def test_long_names_are_cut_with_the_whole_in_a_tooltip() -> None:
    name = "x" * 60 + r"\N <b>"
    text = ag.draw(Tensor(1.0, name=name), legend=False).source
    assert "x" * 47 + "…" in text
    assert 'tooltip="' + "x" * 60 + r"\\\\N <b>" + '"' in text


# --------------------------------------------------------------------------------------------------------- modules


class Residual(nn.Module):
    """x + linear(tanh(x))"""

    def __init__(self, rng: np.random.Generator) -> None:
        self.linear = nn.Linear(3, 3, rng=rng)

    def forward(self, x: Any) -> Tensor:
        return x + self.linear(ag.tanh(x))


class Stack(nn.Module):
    """Four residual blocks and a head."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.first = nn.Linear(3, 3, rng=rng)
        self.blocks = [Residual(rng) for _ in range(4)]
        self.head = nn.Linear(3, 1, rng=rng)

    def forward(self, x: Any) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def stack() -> Tensor:
    x = Tensor(np.ones((2, 3)), requires_grad=False, name="x")
    return Stack()(x).sum().named("loss")


def frames(dot: str) -> list[str]:
    return re.findall(r"^\s*subgraph cluster_\d+ \{\n\s*label=\"(.*?)\"", dot, re.MULTILINE)


def test_modules_stand_in_frames() -> None:
    text = source(stack())
    assert frames(text)[:4] == ["Stack", "first: Linear", "blocks.0: Residual", "blocks.0.linear: Linear"]
    assert len(frames(text)) == 1 + 1 + 4 * 2 + 1
    assert frames(source(stack(), show="both")) == []


def test_every_box_is_in_one_frame_at_most() -> None:
    listed = re.findall(r"^\t+((?:n\d+(?:_c\d+)? ?)+)$", source(stack()), re.MULTILINE)
    boxes = " ".join(listed).split()
    assert len(boxes) == len(set(boxes))
    assert set(boxes) <= nodes(source(stack())).keys()


def test_depth_closes_modules() -> None:
    boxes = nodes(source(stack(), depth=0))
    assert boxes["m0"] == r"Stack\n14 operations\n64 parameters\ngives (2, 1) float64"
    assert len(boxes) == 3
    assert [edge.split(" -> ")[0] for edge in edges(source(stack(), depth=0))] == ["n0", "m0"]
    inner = nodes(source(stack(), depth=1))
    assert sum("Residual" in label for label in inner.values()) == 4
    assert any(label.startswith(r"head: Linear\n1 operation\n4 parameters") for label in inner.values())


def test_named_modules_are_closed() -> None:
    boxes = nodes(source(stack(), collapse=["blocks.1: Residual"]))
    assert [label.split(r"\n")[0] for identity, label in boxes.items() if identity[0] == "m"] == ["blocks.1: Residual"]


def test_closing_a_module_hides_nothing_that_is_wrong() -> None:
    model = nn.MLP([2, 3, 1], rng=np.random.default_rng(0))
    loss = model(np.ones((1, 2))).sum()
    verdicts = {"layers.0.weight": "exact", "layers.0.bias": "wrong", "layers.1.weight": "rounding"}
    modules = [line for line in source(loss, depth=1, agreement=verdicts).splitlines() if "component" in line]
    assert ["by hand: wrong ✗" in line for line in modules] == [True, False]
    assert ["by hand: rounding ≈" in line for line in modules] == [False, True]
    assert ['penwidth="3"' in line for line in modules] == [True, False]
    broken = ag.group("broken", (), ag.sqrt(Tensor(np.nan, name="x")) * 2.0) + 1.0
    (module,) = (line for line in source(broken, depth=0).splitlines() if "component" in line)
    assert r"\nNaN starts here" in module
    assert THEMES["light"].alarm in module


def test_repetitions_are_folded() -> None:
    text = source(stack(), fold=True)
    assert frames(text) == [
        "Stack", "first: Linear", "blocks.0: Residual × 4", "blocks.0.linear: Linear", "head: Linear",
    ]  # fmt: skip
    assert [label for label in nodes(text).values() if "blocks.1" in label] == []
    folded = nodes(source(stack(), fold=True, depth=1))
    assert any(label.startswith(r"blocks.0: Residual × 4\n3 operations\n12 parameters") for label in folded.values())


def test_what_hides_a_wrong_verdict_is_not_folded() -> None:
    loss = stack()
    assert "× 4" in source(loss, fold=True, agreement={"blocks.0.linear.weight": "wrong"})
    text = source(loss, fold=True, agreement={"blocks.2.linear.weight": "wrong"})
    assert "× 4" not in text
    assert "by hand: wrong" in text


def test_folded_drawings_are_connected() -> None:
    text = source(stack(), fold=True)
    boxes = nodes(text)
    for edge in edges(text):
        source_, target = edge.split(" -> ")
        assert source_ in boxes
        assert target.split(":")[0] in boxes
    assert len(edges(text)) >= len(boxes) - 1


def test_what_is_closed_counts_as_one() -> None:
    with pytest.raises(ValueError, match="more than max_nodes=10 nodes"):
        ag.draw(stack(), max_nodes=10)
    ag.draw(stack(), max_nodes=10, depth=0)
    with pytest.raises(ValueError, match="more than max_nodes=2 nodes"):
        ag.draw(stack(), max_nodes=2, depth=0)


def test_modules_do_not_hide_any_number_of_nodes() -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(400):
        y = y * 0.5
    y = ag.group("chain", x, y)
    ag.draw(y, max_nodes=5, depth=0)
    with pytest.raises(ValueError, match="more than max_nodes="):
        ag.draw(y, max_nodes=3, depth=0)


def test_a_graph_is_not_walked_through_to_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    y = Tensor(1.0)
    for _ in range(10_000):
        y = y + 1.0
    monkeypatch.setattr("autograd_mini.drawing.subject.topological_order", None)
    monkeypatch.setattr("autograd_mini.drawing.subject.gradients", None)
    with pytest.raises(ValueError, match="more than max_nodes=300 nodes"):
        ag.draw(y)


# ------------------------------------------------------------------------------------------------------- pictures


@pytest.fixture(params=["dot", "pygraphviz"])
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One renderer at a time: the other is hidden."""
    if request.param == "dot":
        if shutil.which("dot") is None:
            pytest.skip("there is no dot program on PATH")
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
    else:
        pytest.importorskip("pygraphviz", exc_type=ImportError)
        monkeypatch.setenv("PATH", "")
    return request.param


@pytest.fixture
def no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def svg_texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.usefixtures("renderer")
def test_the_svg_shows_every_line() -> None:
    texts = svg_texts(ag.draw(neuron()).pipe(encoding="utf-8"))
    for line in ("x", "w", "b", "y", "tanh", "multiply *", "add +", "value 0.7163", "grad -1.461", "1", "2"):
        assert line in texts


def as_shown(name: str) -> str:
    """A name without what SVG forbids, cut, and with single spaces."""
    name = re.sub("[\x00-\x08\x0b-\x1f]", "", name)
    return " ".join((name if len(name) <= 48 else name[:47] + "…").split())


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(name: str) -> None:
    x = Tensor(1.0, name=name)
    y = ag.group(name, x, (x * x).named(name))
    shown = as_shown(name)
    for choices in ({"agreement": {name: "wrong"}}, {"show": "backward"}, {"show": "both"}, {"expand": "scalar"}):
        svg = ag.draw(y, **choices).pipe(encoding="utf-8")
        root = ElementTree.fromstring(svg)
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
            "svg", "g", "title", "polygon", "polyline", "path", "text", "a",
        }  # fmt: skip
        texts = [" ".join(text.split()) for text in svg_texts(svg)]
        assert texts.count(shown) >= 2 or not shown, "the leaf and the result"


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_modules_are_shown(name: str) -> None:
    x = Tensor(1.0)
    y = ag.group(name, x, x * 2.0) + 1.0
    for choices in ({}, {"depth": 0}):
        texts = [" ".join(text.split()) for text in svg_texts(ag.draw(y, **choices).pipe(encoding="utf-8"))]
        assert as_shown(name) in [*texts, ""]


@pytest.mark.usefixtures("renderer")
def test_png_and_pdf(tmp_path: Path) -> None:
    drawing = ag.draw(neuron())
    assert drawing.pipe(format="png").startswith(b"\x89PNG")
    assert drawing.pipe(format="pdf").startswith(b"%PDF")
    path = drawing.render(tmp_path / "graph", format="png")
    assert Path(path) == tmp_path / "graph.png"
    assert Path(path).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "graph").read_text() == drawing.source
    assert "<svg" in Path(drawing.render(outfile=tmp_path / "out.svg", cleanup=True)).read_text()
    assert Path(drawing.render(tmp_path / "named.png", cleanup=True)) == tmp_path / "named.png"
    assert (tmp_path / "named.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["graph", "graph.png", "named.png", "out.svg"]


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", ["new/folder/a.svg", "a.jpeg", "a.SVG", "a.eps"])
def test_a_name_that_ends_like_a_picture_is_that_of_the_picture(tmp_path: Path, name: str) -> None:
    assert Path(ag.draw(neuron()).render(tmp_path / name, cleanup=True)) == tmp_path / name
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.usefixtures("renderer")
def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        ag.draw(neuron()).pipe(format="docx")


@pytest.mark.usefixtures("renderer")
def test_a_notebook_shows_the_picture() -> None:
    assert "<svg" in ag.draw(neuron())._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.usefixtures("no_renderer")
def test_without_a_renderer_the_error_lists_what_to_install(tmp_path: Path) -> None:
    drawing = ag.draw(neuron())
    for render in (drawing.pipe, lambda: drawing.render(tmp_path / "graph")):
        with pytest.raises(RendererNotFoundError) as caught:
            render()
        for way in ("pygraphviz>=2.0", "apt install", "brew install", "winget install", "conda install"):
            assert way in str(caught.value)
    with pytest.raises(graphviz.ExecutableNotFound):
        drawing.pipe()


@pytest.mark.usefixtures("no_renderer")
def test_without_a_renderer_the_text_is_there(tmp_path: Path) -> None:
    drawing = ag.draw(neuron(), legend=False)
    assert readable(drawing.source) == source(neuron())
    assert Path(drawing.save(tmp_path / "graph.dot")).read_text() == drawing.source
    shown = drawing._repr_mimebundle_()
    assert set(shown) == {"text/plain"}
    assert drawing.source in shown["text/plain"]


def test_a_drawing_is_a_digraph() -> None:
    drawing = ag.draw(neuron())
    assert isinstance(drawing, graphviz.Digraph)
    assert drawing.copy().source == drawing.source


def test_settings_that_are_arrays() -> None:
    assert "reshape shape=[2 1]" in source(ag.reshape(Tensor([1.0, 2.0]), np.array([2, 1])).sum())


def test_numbers_in_words() -> None:
    assert r"value 0\n" in source(Tensor(-0.0))
    assert "mean 4.998e+04" in source(Tensor(np.full(100, 5e4, np.float16)))


def test_lines_of_a_name() -> None:
    assert r"one\ntwo\nthree\nparameter" in source(Tensor(1.0, name="one\r\ntwo\nthree"))


@pytest.mark.parametrize("name", ["", "\n", "\x00", "\nx", "a\n\nb", "x\n"])
def test_no_label_has_an_empty_line(name: str) -> None:
    """At such a label the Graphviz within pygraphviz 2.0.4 ends the process now and then."""
    x = Tensor(1.0, name=name)
    for show in ("forward", "backward", "both"):
        text = ag.draw(ag.group(name, x, (x * x).named(name)), show=show).source
        for label in re.findall(r'label="(.*?)"', text):
            fields = re.split(r"[|{}]", label) if label[:1] == "{" else [label]
            assert "" not in [line for field in fields if field for line in field.split(r"\n")]
            assert label
        assert not re.search(r"\|\||\{\||\|\}", text.replace(r"\|", ""))


@pytest.mark.usefixtures("renderer")
def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ag.draw(neuron()).render(outfile=tmp_path / "graph.png", cleanup=True)
    assert [path.name for path in tmp_path.iterdir()] == ["graph.gv"]


@pytest.mark.usefixtures("renderer")
def test_a_picture_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    path = Path(ag.draw(neuron()).render(tmp_path / "graph.svg", cleanup=True))
    before = path.read_bytes()
    broken = ag.draw(neuron())
    broken.body.append("this is -> no [DOT")
    with pytest.raises((graphviz.CalledProcessError, ValueError)):
        broken.render(path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("show", ["forward", "backward", "both"])
def test_a_drawing_calls_each_hook_once(show: str) -> None:
    x, calls = Tensor([1.0, 2.0], name="x"), []
    x.register_hook(calls.append)
    ag.draw((x * x).sum(), show=show)
    assert len(calls) == 1
