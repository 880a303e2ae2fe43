"""Animations: what is to be seen at each step, that nothing moves, and the file."""

from __future__ import annotations

import io
import sys
import xml.etree.ElementTree as ElementTree
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing import Drawing, RendererNotFoundError
from autograd_mini.drawing.animation.animate import palette, pictures, table
from autograd_mini.drawing.animation.moments import Moment, moments
from autograd_mini.drawing.dot import Layout, dot_lines
from autograd_mini.drawing.text import value
from autograd_mini.drawing.themes import THEMES
from tests.autograd_mini.test_draw import HOSTILE, neuron, no_renderer, renderer, svg_texts

__all__ = ["no_renderer", "renderer"]

Image = pytest.importorskip("PIL.Image")
LIGHT = THEMES["light"]
SVG = "{http://www.w3.org/2000/svg}"


def reused() -> Tensor:
    x = Tensor(2.0, name="x")
    return ((x * x + x) * np.log(x)).named("y")


def network() -> Tensor:
    model = nn.MLP([2, 3, 1], rng=np.random.default_rng(0))
    return nn.mse(model(np.ones((4, 2))), np.zeros((4, 1)))


def infinite() -> Tensor:
    with np.errstate(all="ignore"):
        return np.log(Tensor(0.0, name="x")) * 2 + Tensor(1.0, requires_grad=False)


GRAPHS = [neuron, reused, network, infinite]


def moments_of(output: Tensor) -> list[Moment]:
    return moments(ag.replay(output), LIGHT)


def frames(path: str) -> list[Any]:
    with Image.open(path) as file:
        found = []
        for i in range(file.n_frames):
            file.seek(i)
            found.append((np.asarray(file.convert("RGB")).astype(int), file.info["duration"]))
    return found


# ------------------------------------------------------------------------------------------- what is to be seen


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_last_moment_is_the_drawing_of_the_way_back(graph: Any) -> None:
    output = graph()
    drawing = Drawing(dot_lines(moments_of(output)[-1].scene, LIGHT, Layout(legend=False)))
    assert drawing.source == ag.draw(output, show="backward", legend=False).source


@st.composite
def programs(draw: Any) -> Tensor:
    """A number that comes of others by way of shared intermediate results."""
    known = [Tensor(draw(st.floats(-2, 2)), requires_grad=i > 0) for i in range(3)]
    for _ in range(draw(st.integers(1, 6))):
        operation = draw(st.sampled_from([ag.add, ag.multiply, ag.subtract, lambda x, y: np.tanh(x) + 1.0]))
        known.append(operation(draw(st.sampled_from(known)), draw(st.sampled_from(known))))
    return reduce(ag.add, known)


@settings(max_examples=20)
@given(programs())
def test_every_step_changes_one_box(output: Tensor) -> None:
    replay = ag.replay(output)
    before: dict[str, Any] = {}
    identity = {node: f"n{i}" for i, node in enumerate(replay.order)}
    for step, moment in zip(replay, moments(replay, LIGHT)):
        boxes = {box.identity: box for box in moment.scene.boxes}
        changed = {name for name in boxes if before and before[name] != boxes[name]}
        assert changed <= {identity[step.node]}
        rows = boxes[identity[step.node]].rows
        assert f"value {value(step.node.data)}" in rows
        assert ("grad –" in rows) if step.kind == "forward" else value(step.total) in rows[4]
        assert {len(boxes[name].rows) for name in before} == {len(box.rows) for box in before.values()}
        before = boxes


def test_values_and_texts_of_arrows_appear_when_they_are_reached() -> None:
    first, *_, last = moments_of(neuron())
    assert [box.rows[3] for box in first.scene.boxes] == ["value 2", " ", " ", " ", " ", " "]
    hidden = [arrow.identity for arrow in first.scene.arrows if first.settings[arrow.identity].get("fontcolor")]
    assert hidden == [arrow.identity for arrow in first.scene.arrows]
    assert not any("fontcolor" in special for special in last.settings.values())
    assert {arrow.kind for arrow in first.scene.arrows} == {"forward"}
    assert {arrow.kind for arrow in last.scene.arrows} == {"backward"}
    assert [a.rows for a in first.scene.arrows] == [a.rows for a in last.scene.arrows]


def test_sums_grow() -> None:
    rows = [next(box.rows[4] for box in moment.scene.boxes if "x" in box.rows) for moment in moments_of(reused())]
    seen = [*dict.fromkeys(rows)]
    assert seen == [
        "grad –", "grad 3", "grad 3 + 0.6931 = 3.693", "grad 3 + 0.6931 + 1.386 = 5.079",
        "grad 3 + 0.6931 + 1.386 + 1.386 = 6.466",
    ]  # fmt: skip


def test_the_arrow_and_the_box_of_a_step_are_thick() -> None:
    output = reused()
    for step, moment in zip(ag.replay(output), moments_of(output)):
        thick = [name for name, special in moment.settings.items() if special.get("penwidth") == "3.5"]
        arrows = [name for name in thick if name.startswith("e")]
        operands = len(step.node.inputs)
        assert len(arrows) == {"forward": operands, "seed": 0, "backward": 1}[step.kind]
        assert len(thick) == len(arrows) + 1


def test_captions_are_the_steps() -> None:
    replay = ag.replay(neuron())
    captions = [moment.caption for moment in moments(replay, LIGHT)]
    assert captions[0] == ("1 of 12: forward", "x = 2")
    assert [" ".join(caption[1:]).split() for caption in captions] == [str(step).split() for step in replay]
    long = moments_of(sum(Tensor(1.0, name="n" * 48 + str(i)) for i in range(2)) * 3)  # type: ignore[arg-type]
    assert max(len(line) for moment in long for line in moment.caption) <= 64
    assert max(len(moment.caption) for moment in long) <= 4


# ------------------------------------------------------------------------------------------------ nothing moves


def placed(drawing: Drawing) -> list[list[str]]:
    """Places and sizes of paper and boxes, and places of the texts of arrows."""
    lines = [line.split() for line in drawing.pipe(format="plain", encoding="utf-8").splitlines()]
    labels = [line[:3] + line[-4:-2] for line in lines if line[0] == "edge" and "×" in line]
    return [line[:6] for line in lines if line[0] in ("graph", "node")] + labels


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("direction", ["TB", "RL"])
def test_no_box_moves_or_changes_its_size(graph: Any, direction: str, capfd: pytest.CaptureFixture[str]) -> None:
    drawings = pictures(moments_of(graph()), LIGHT, Layout(direction, legend=False))
    first, *others = [placed(drawing) for drawing in drawings]
    assert len(first) > 3
    assert all(other == first for other in others)
    assert "too small" not in capfd.readouterr().err


@pytest.mark.usefixtures("renderer")
def test_only_boxes_of_the_step_change(tmp_path: Path) -> None:
    replay = ag.replay(reused())
    seen = moments(replay, LIGHT)
    plain = pictures(seen, LIGHT, Layout(legend=False))[0].pipe(format="plain", encoding="utf-8")
    boxes = {line.split()[1]: [*map(float, line.split()[2:6])] for line in plain.splitlines() if line[:4] == "node"}
    shown = [picture for picture, _ in frames(ag.animate(reused(), tmp_path / "a.gif"))]
    for i in range(1, len(replay)):
        concerned = {f"n{replay.order.index(replay[k].node)}" for k in (i - 1, i)}
        for name, (x, y, width, height) in boxes.items():
            bottom = shown[i].shape[0] - 5
            rows = slice(int(bottom - 96 * (y + height / 2) + 8), int(bottom - 96 * (y - height / 2) - 8))
            columns = slice(int(5 + 96 * (x - width / 2) + 8), int(5 + 96 * (x + width / 2) - 8))
            assert (shown[i - 1][rows, columns] == shown[i][rows, columns]).all() or name in concerned
        assert (shown[i - 1] != shown[i]).any()


@pytest.mark.usefixtures("renderer")
def test_hostile_names_are_shown_and_do_nothing() -> None:
    names = [name for name in HOSTILE if len(name) <= 48]
    output = reduce(ag.add, [Tensor(1.0, name=name) for name in names])
    seen = moments_of(output)
    svg = pictures(seen, LIGHT, Layout(legend=False))[-1].pipe(format="svg", encoding="utf-8")
    allowed = {"svg", "g", "title", "polygon", "polyline", "path", "text", "a"}
    assert {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()} <= allowed
    texts = {" ".join(text.split()) for text in svg_texts(svg)}
    clean = str.maketrans("", "", "\x07\x00")
    assert {" ".join(name.translate(clean).split()) for name in names} <= {*texts, ""}
    labels = [f"c{i} [label={table(moment.caption)}]" for i, moment in enumerate(seen)]
    captions = [" ".join(text.split()) for text in svg_texts(Drawing(labels).pipe(format="svg", encoding="utf-8"))]
    assert captions == [" ".join(line.translate(clean).split()) for moment in seen for line in moment.caption]


# ----------------------------------------------------------------------------------------------------- the file


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("theme", THEMES)
def test_a_frame_for_each_step_and_the_last_is_held(theme: str, tmp_path: Path) -> None:
    path = ag.animate(reused(), tmp_path / "backprop.gif", theme=theme, milliseconds=100)
    assert path == str(tmp_path / "backprop.gif")
    found = frames(path)
    assert [time for _, time in found] == [100] * (len(ag.replay(reused())) - 1) + [400]
    assert len({picture.shape for picture, _ in found}) == 1
    paper = [*bytes.fromhex(THEMES[theme].paper[1:])]
    for picture, _ in found:
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert np.abs(edge - paper).max() < 8
    with Image.open(path) as file:
        assert file.info["loop"] == 0


@pytest.mark.usefixtures("renderer")
def test_equal_graphs_give_equal_files(tmp_path: Path) -> None:
    files = [Path(ag.animate(neuron(), str(tmp_path / f"{name}.GIF"))) for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.usefixtures("renderer")
def test_dots_per_inch(tmp_path: Path) -> None:
    usual, fine = (frames(ag.animate(neuron(), tmp_path / "a.gif", dpi=dpi))[0][0].shape for dpi in (None, 192))
    assert np.allclose(np.array(fine[:2]) / usual[:2], 2, atol=0.01)
    x = Tensor(0.5, name="x")
    tall = reduce(lambda y, _: np.tanh(y * x), range(10), x)
    picture = pictures(moments_of(tall), LIGHT, Layout(legend=False))[0].pipe(format="png")
    width, height = Image.open(io.BytesIO(picture)).size
    assert 1_900_000 < width * height < 2_100_000


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_palette_has_the_colours_of_its_theme(theme: Any) -> None:
    colours = np.reshape(palette(theme), (-1, 3)).tolist()
    assert len(colours) <= 256
    for colour in (theme.paper, theme.ink, theme.faint, theme.backward, theme.alarm, *theme.fill.values()):
        assert [*bytes.fromhex(colour[1:])] in colours


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    path, y = tmp_path / "a.gif", neuron()
    for error, words, wrong in [
        (ValueError, r"ends in \.gif", lambda: ag.animate(y, tmp_path / "a.png")),
        (ValueError, r"ends in \.gif", lambda: ag.animate(y, "gif")),
        (TypeError, "int", lambda: ag.animate(y, 3)),  # type: ignore[arg-type]
        (ValueError, "theme is one of", lambda: ag.animate(y, path, theme="red")),
        (ValueError, "direction is one of", lambda: ag.animate(y, path, direction="up")),
        (ValueError, "milliseconds is at least 20", lambda: ag.animate(y, path, milliseconds=0)),
        (ValueError, "milliseconds is at most 60000", lambda: ag.animate(y, path, milliseconds=60_001)),
        (TypeError, "milliseconds is a whole number", lambda: ag.animate(y, path, milliseconds=0.5)),  # type: ignore
        (ValueError, "dpi is a number above 0", lambda: ag.animate(y, path, dpi=0)),
        (
            ValueError,
            "animate: the graph has more than max_nodes=5 nodes; animate .*larger max_nodes",
            lambda: ag.animate(y, path, max_nodes=5),
        ),
        (TypeError, "replay: expected a Tensor", lambda: ag.animate(3.0, path)),  # type: ignore[arg-type]
        (ValueError, "scalar|entr|size|shape", lambda: ag.animate(Tensor([1.0, 2.0]) * 2, path)),
        (TypeError, "gradient", lambda: ag.animate(Tensor(1.0, requires_grad=False) * 2, path)),
    ]:
        with pytest.raises(error, match=words):
            wrong()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("no_renderer")
def test_without_a_renderer_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(RendererNotFoundError, match="apt install graphviz"):
        ag.animate(neuron(), tmp_path / "a.gif")
    assert [*tmp_path.iterdir()] == []


def test_without_pillow_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"Pillow.*autograd-mini\[plot\]"):
        ag.animate(neuron(), tmp_path / "a.gif")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("renderer")
def test_an_interrupted_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.gif").write_text("old")
    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ag.animate(Tensor(1.0) * 2, tmp_path / "a.gif")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.gif": "old"}
