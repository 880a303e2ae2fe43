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
    return dict(re.findall(r'^\t\w+ -> \S+ \[id="(\w+)".* label="(.*?)"', dot, re.MULTILINE))


def test_the_text_of_a_neuron() -> None:
    assert source(neuron()).splitlines()[4:] == [
        '\tn0 [id="n0" shape="box3d" label="x\\nparameter\\n() float64\\nvalue 2\\ngrad -1.461" fillcolor="#fde9c9"]',
        '\tn1 [id="n1" shape="box3d" label="w\\nparameter\\n() float64\\nvalue -3\\ngrad 0.9738" fillcolor="#fde9c9"]',
        '\tn2 [id="n2" shape="Mrecord" label="{{<i0>1|<i1>2}|multiply *|() float64|value -6|grad 0.4869}"'
        ' fillcolor="#dcebf7"]',
        '\tn3 [id="n3" shape="box3d" label="b\\nparameter\\n() float64\\nvalue 6.9\\ngrad 0.4869" fillcolor="#fde9c9"]',
        '\tn4 [id="n4" shape="Mrecord" label="{{<i0>1|<i1>2}|add +|() float64|value 0.9|grad 0.4869}"'
        ' fillcolor="#dcebf7"]',
        '\tn5 [id="n5" shape="record" label="{y|tanh|() float64|value 0.7163|grad 1}"'
        ' fillcolor="#fbf3a9" penwidth="2"]',
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


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(name: str) -> None:
    svg = ag.draw(Tensor(1.0, name=name) * 2).pipe(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "g", "title", "polygon", "polyline", "path", "text", "a",
    }  # fmt: skip
    shown = re.sub("[\x00-\x08\x0b-\x1f]", "", name)
    shown = shown if len(name) <= 48 else name[:47] + "…"
    texts = [" ".join(text.split()) for text in svg_texts(svg)]
    assert " ".join(shown.split()) in [*texts, ""]


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


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygraphviz", exc_type=ImportError)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ag.draw(neuron()).render(outfile=tmp_path / "graph.png", cleanup=True)
    assert [path.name for path in tmp_path.iterdir()] == ["graph.gv"]
