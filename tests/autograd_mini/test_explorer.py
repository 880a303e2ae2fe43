"""The explorer's file, without a browser and then in one: what it shows, computes, and does not do."""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor
from autograd_mini.drawing import text
from autograd_mini.drawing.explorer.explorer import inert, obstacle, slope_as_data, source, svg
from autograd_mini.drawing.rendering import RendererNotFoundError
from autograd_mini.drawing.steps import replay
from tests.autograd_mini.test_draw import HOSTILE

NAMES = ("x", "w", "b")
VALUES = (2.0, -3.0, 6.9)


def computed(*values: float) -> Tensor:
    """A loss of which every leaf is used more than once, and one result twice by the same operation."""
    x, w, b = (Tensor(value, name=name) for value, name in zip(values, NAMES))
    y = (x * w + b).tanh().named("y")
    return (y * y + x * 0.5 * y + ag.exp(w / 4) * b**2).named("L")


def arrays() -> Tensor:
    """A classifier on two samples."""
    model = nn.MLP([3, 4, 2], rng=np.random.default_rng(0))
    return nn.softmax_cross_entropy(model(np.ones((2, 3))), [0, 1])


def data_of(explorer: Any) -> dict[str, Any]:
    return json.loads(re.search('id="data">(.*?)</script>', explorer.html)[1])  # type: ignore[index]


# ----------------------------------------------------------------------------------------------- without a browser


def test_the_file_refers_to_nothing_outside() -> None:
    page = re.sub(r'xmlns(:xlink)?="[^"]*"', "", ag.explore(computed(*VALUES)).html)
    assert not re.search(r"https?:|//[a-z]|\bhref|\bsrc=|@import|url\((?!#)", re.sub("(?m)//.*$", "", page))


def test_a_graph_of_fifty_nodes_stays_under_100_kilobytes() -> None:
    leaves = [Tensor(0.1 * place + 0.01, name=f"w{place}") for place in range(6)]
    y = leaves[0]
    for place in range(44):
        leaf = leaves[place % 5 + 1]
        y = [y.tanh, lambda y=y, leaf=leaf: y * leaf, lambda y=y, leaf=leaf: y + leaf][place % 3]()  # type: ignore[misc]
    assert len(ag.topological_order(y)) == 50
    size = len(ag.explore(y).html.encode())
    assert size < 100_000


def test_two_files_of_equal_graphs_are_equal() -> None:
    assert ag.explore(computed(*VALUES)).html == ag.explore(computed(*VALUES)).html


def test_every_node_and_edge_has_its_id() -> None:
    output = computed(*VALUES)
    found = set(re.findall(r'<g id="([^"]*)"', svg(replay(output))))
    order = ag.topological_order(output)
    edges = {f"e{place}_{operand}" for place, node in enumerate(order) for operand in range(len(node.inputs))}
    assert {f"n{place}" for place in range(len(order))} | edges <= found


def test_the_data_hold_every_step() -> None:
    data = data_of(ag.explore(computed(*VALUES)))
    kinds = [step["kind"] for step in data["steps"]]
    assert kinds == sorted(kinds, key=["forward", "seed", "backward"].index)
    edges = [(step["through"], step["position"]) for step in data["steps"] if step["kind"] == "backward"]
    nodes = enumerate(data["nodes"])
    inner = [(at, place) for at, node in nodes for place, x in enumerate(node.get("inputs", ())) if x[0] == "node"]
    assert sorted(edges) == sorted(inner)


def test_what_is_not_finite_is_json_all_the_same() -> None:
    with np.errstate(all="ignore"):
        data = data_of(ag.explore(ag.log(Tensor(0.0, name="x")) * Tensor(np.nan, name="y")))
    assert [node["value"] for node in data["nodes"]] == [0.0, "-inf", "nan", "nan"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (lambda: (Tensor([1.0, 2.0], name="x") * 2).sum(), r"x is an array of shape \(2,\)"),
        (lambda: Tensor(1.0, dtype=np.float32, name="x") * 2, "x is of float32; the page computes with float64"),
        (lambda: (Tensor(1.0, name="x") * np.ones(3)).sum(), "is an array of shape"),
        (lambda: Tensor(1.0, name="x").sum().named("s"), "s was computed by sum, which is not elementwise"),
        (lambda: ag.nan_to_num(Tensor(1.0)).named("s"), "s was computed by nan_to_num with settings"),
        (lambda: hooked(), "z has a hook, which only Python can call"),
    ],
)
def test_why_a_graph_can_not_be_edited(output: Callable[[], Tensor], reason: str) -> None:
    assert re.search(reason, obstacle(replay(output())) or "")
    assert obstacle(replay(computed(*VALUES))) is None


def test_the_table_has_every_step_in_words() -> None:
    explorer = ag.explore(computed(*VALUES))
    table = re.search("<noscript>(<table.*)</noscript>", explorer.html, re.DOTALL)[1]  # type: ignore[index]
    assert table.count("<tr>") == 1 + len(data_of(explorer)["steps"])
    assert "<td>forward<td>w<td>-3<td>" in table


@given(st.text(st.characters(exclude_categories=())))
def test_json_can_not_end_its_element(name: str) -> None:
    text = inert({"name": name})
    assert json.loads(text) == {"name": name}
    assert not set("<>&") & set(text)


def test_a_folder_is_made_for_the_file(tmp_path: Path) -> None:
    explorer = ag.explore(computed(*VALUES), tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text("utf-8") == explorer.html


def test_wrong_calls_say_what_to_do_and_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    with pytest.raises(TypeError, match="expected a Tensor, got float"):
        ag.explore(1.0, path)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"^explore: the graph has more than max_nodes=3 nodes; explore .* Tensor\), or"
    ):
        ag.explore(computed(*VALUES), path, max_nodes=3)
    with pytest.raises(ValueError, match="theme is one of 'light', 'dark', got 'blue'"):
        ag.explore(computed(*VALUES), path, theme="blue")
    assert list(tmp_path.iterdir()) == []


def test_without_a_renderer_the_error_lists_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)
    with pytest.raises(RendererNotFoundError, match="apt install"):
        ag.explore(computed(*VALUES), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_saving_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = ag.explore(computed(*VALUES), tmp_path / "page.html")
    assert explorer.save(tmp_path / "again.html") == tmp_path / "again.html"
    assert (tmp_path / "again.html").read_text("utf-8") == (tmp_path / "page.html").read_text("utf-8") == explorer.html

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        explorer.save(tmp_path / "third.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.html", "page.html"]


def test_folders_are_made(tmp_path: Path) -> None:
    ag.explore(computed(*VALUES), tmp_path / "new" / "folder" / "page.html")
    assert (tmp_path / "new" / "folder" / "page.html").exists()


def test_half_a_surrogate_pair_is_saved(tmp_path: Path) -> None:
    ag.explore(Tensor(1.0, name="half \ud800") * 2, tmp_path / "page.html")
    assert "half ?" in (tmp_path / "page.html").read_text("utf-8")


def test_exploring_leaves_gradients_alone() -> None:
    output = computed(*VALUES)
    ag.explore(output)
    assert all(node.grad is None for node in ag.topological_order(output))


# -------------------------------------------------------------------------------------------------- in a browser

browser_test = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium program on PATH")
    with playwright.sync_playwright() as started:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        opened = started.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


class Seen:
    """A page with all that it said and asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, explorer: Any, path: Path) -> Any:
        explorer.save(path)
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def seen(browser: Any, request: pytest.FixtureRequest) -> Iterator[Seen]:
    context = browser.new_context(**getattr(request, "param", {}))
    context.set_default_timeout(10_000)
    yield Seen(context.new_page())
    context.close()


@pytest.fixture
def opened(seen: Seen, tmp_path: Path) -> Iterator[Any]:
    """The page of `computed`; at the end it has said nothing and asked for nothing but itself."""
    page = seen.open(ag.explore(computed(*VALUES)), tmp_path / "page.html")
    yield page
    assert seen.said == []
    assert seen.asked == [(tmp_path / "page.html").as_uri()]


@pytest.fixture(scope="module")
def calculator(browser: Any) -> Iterator[Any]:
    """A page with the explorer's functions and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=source("number.js") + source("operations.js"))
    yield page
    page.close()


def count(page: Any) -> str:
    return str(page.inner_text("#count"))


def node_lines(page: Any, place: int) -> list[str]:
    return [" ".join(line.split()) for line in page.locator(f"#n{place} text").all_text_contents()]


@browser_test
def test_buttons_go_through_the_steps(opened: Any) -> None:
    steps = len(data_of(ag.explore(computed(*VALUES)))["steps"])
    assert count(opened) == f"Step 1 of {steps}"
    assert opened.inner_text("#step") == "Forward: x = 2 (given)"
    for button, place in [("#forward", 2), ("#forward", 3), ("#back", 2), ("#last", steps), ("#forward", steps),
                          ("#first", 1), ("#back", 1)]:  # fmt: skip
        opened.click(button)
        assert count(opened) == f"Step {place} of {steps}"
        assert opened.input_value("#slider") == str(place - 1)


@browser_test
def test_values_and_gradients_appear_when_they_are_known(opened: Any) -> None:
    assert node_lines(opened, 0)[-2:] == ["value 2", "grad –"]
    assert node_lines(opened, 1)[-2:] == ["value –", "grad –"]
    opened.click("#last")
    output = computed(*VALUES)
    gradients = ag.gradients(output)
    for place, node in enumerate(ag.topological_order(output)):
        shown = [f"value {text.number(node.data)}", f"grad {text.number(gradients[node])}"]
        assert node_lines(opened, place)[-2:] == shown
        assert opened.get_attribute(f"#n{place}", "aria-label").endswith(
            f"value {shown[0][6:]}, gradient {shown[1][5:]}"
        )


def rounded_otherwise() -> Tensor:
    """A loss whose rules multiply in another order than gradient times local derivative."""
    x, w = Tensor(1.1, name="x"), Tensor(0.7, name="w")
    return (x**3.3 / w * 0.3 / x).tanh().named("L")


def infinite() -> Tensor:
    """A loss with an infinite gradient, of which a branch that is not taken gets an exact 0."""
    x = Tensor(1.0, name="x")
    return ag.sqrt(ag.where(x < 0, x, 0.0)).named("L")


def hooked() -> Tensor:
    """A loss with a gradient that is replaced on its way back."""
    x = Tensor(2.0, name="x")
    z = (x * x).named("z")
    z.register_hook(lambda g: 10 * g)
    return z * 3.0


@browser_test
@pytest.mark.parametrize("output", [lambda: computed(*VALUES), rounded_otherwise, infinite, hooked])
def test_the_page_has_the_numbers_of_python_to_the_last_bit(
    seen: Seen, tmp_path: Path, output: Callable[[], Tensor]
) -> None:
    with np.errstate(all="ignore"):
        page = seen.open(ag.explore(output()), tmp_path / "page.html")
        steps = list(replay(output()))
    for found, step in zip(page.evaluate("givenSteps(data)"), steps):
        if step.kind == "backward":
            names = ("upstream", "local", "contribution", "total")
            assert [float(found[name]) for name in names] == [getattr(step, name) for name in names]


@browser_test
def test_what_is_not_finite_is_marked_when_it_is_known_and_only_then(seen: Seen, tmp_path: Path) -> None:
    x = Tensor(0.0, name="x")
    with np.errstate(all="ignore"):
        page = seen.open(ag.explore((ag.log(x) * 2.0).named("y")), tmp_path / "page.html")
    strange = ".strange"
    assert "infinity" not in page.inner_text("#picture")
    assert page.locator(strange).count() == 0
    page.click("#last")
    assert [node.get_attribute("id") for node in page.locator(strange).all()] == ["n1", "n2"]
    page.fill("#leaves input", "1")
    assert page.locator(strange).count() == 0
    page.click("#reset")
    assert page.locator(strange).count() == 2


@browser_test
def test_a_long_line_stays_in_its_node(opened: Any) -> None:
    opened.evaluate("write(0, 'value', '-1.234e-100 '.repeat(4))")
    line, node = (opened.locator(f"#n0 {tag}").all() for tag in ("text", "polygon"))
    inner, outer = line[-2].bounding_box(), node[0].bounding_box()
    assert outer["x"] <= inner["x"] <= inner["x"] + inner["width"] <= outer["x"] + outer["width"]


@browser_test
def test_the_words_of_each_step(opened: Any) -> None:
    replayed = replay(computed(*VALUES))
    for place, step in enumerate(replayed):
        opened.evaluate(f"go({place})")
        words = opened.inner_text("#step")
        name = replayed.labels[step.node]
        assert words.startswith({"forward": f"Forward: {name} = ", "seed": "Seed: ∂L/∂L = 1"}.get(step.kind, ""))
        if step.kind == "backward":
            upstream, local, contribution = re.match(
                r"Backward: ∂L/∂\S+ \+= (\S+) × \(?([^ )]+)\)? = (\S+)", words
            ).groups()  # type: ignore[union-attr]
            assert contribution == text.number(step.contribution)
            assert float(upstream) * float(local) == pytest.approx(step.contribution, rel=2e-3)
            assert f"(total so far {text.number(step.total)})" in words


@browser_test
def test_the_current_node_and_edge_are_marked_by_width_too(opened: Any) -> None:
    data = data_of(ag.explore(computed(*VALUES)))
    place, step = next((at, step) for at, step in enumerate(data["steps"]) if step["kind"] == "backward")
    opened.emulate_media(reduced_motion="reduce")
    opened.evaluate(f"go({place})")
    marked = {element.get_attribute("id") for element in opened.locator("svg .current").all()}
    assert marked == {f"n{step['node']}", f"e{step['through']}_{step['position']}"}
    width = "element => getComputedStyle(element).strokeWidth"
    assert opened.locator("svg .edge.current path").evaluate(width) == "3px"
    assert opened.locator("svg .node.current").locator("polygon, path").first.evaluate(width) == "4px"
    assert opened.locator("svg .node polygon").first.evaluate("e => getComputedStyle(e).transitionDuration") == "0s"


@browser_test
def test_keys(opened: Any) -> None:
    steps = int(count(opened).split()[-1])
    for key, place in [("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", steps), ("Home", 1)]:
        opened.keyboard.press(key)
        assert count(opened) == f"Step {place} of {steps}"
    opened.keyboard.press("Control+ArrowRight")
    assert count(opened) == f"Step 1 of {steps}"
    opened.keyboard.press(" ")
    assert opened.inner_text("#play") == "Pause"
    opened.keyboard.press(" ")
    assert opened.inner_text("#play") == "Play"


@browser_test
def test_keys_in_a_field_stay_there(opened: Any) -> None:
    before = count(opened)
    opened.focus("#leaves input")
    for key in ("ArrowLeft", "Home", "End", "ArrowRight"):
        opened.keyboard.press(key)
    assert count(opened) == before


@browser_test
def test_the_slider_goes_to_a_step(opened: Any) -> None:
    opened.focus("#slider")
    opened.keyboard.press("ArrowRight")
    assert count(opened).startswith("Step 2 ")
    opened.locator("#slider").fill("5")
    assert count(opened).startswith("Step 6 ")


@browser_test
def test_play_goes_to_the_end_and_stops_there(opened: Any) -> None:
    steps = int(count(opened).split()[-1])
    opened.evaluate("document.getElementById('speed').options[2].value = '1'")
    opened.select_option("#speed", index=2)
    opened.click("#play")
    opened.locator("#play", has_text="Play").wait_for()
    assert count(opened) == f"Step {steps} of {steps}"
    opened.select_option("#speed", label="slow")
    opened.click("#play")
    assert (count(opened), opened.inner_text("#play")) == (f"Step 1 of {steps}", "Pause")
    opened.click("#play")
    assert opened.evaluate("timer") is None


@browser_test
def test_a_node_spells_out_its_chain_rule(seen: Seen, tmp_path: Path) -> None:
    x, w = Tensor(0.8, name="x"), Tensor(-0.2, name="w")
    page = seen.open(ag.explore((x * x + w * x * 1.5 - x).named("L")), tmp_path / "page.html")
    page.click("#n0")
    assert page.inner_text(".sum") == "∂L/∂x = 1·(-1) + 1.5·(-0.2) + 1·0.8 + 1·0.8 = 0.3"
    assert page.locator("#node li").count() == 4
    page.locator("#n0").focus()
    place = page.evaluate("data.nodes.findIndex(node => node.label === 'w')")
    page.locator(f"#n{place}").focus()
    page.keyboard.press("Enter")
    assert page.inner_text("#node-title") == "Node w"
    assert page.locator(f"#n{place}").get_attribute("role") == "button"


@browser_test
@given(st.tuples(*[st.floats(-5, 5)] * 3))
def test_edited_values_are_those_of_python(editable: Any, edits: Any) -> None:
    order = ag.topological_order(computed(*VALUES))
    for node, value in zip([node for node in order if node.op is None], edits):
        editable.fill(f'[aria-label="value of {node.name}"]', repr(value))
    with np.errstate(all="ignore"):
        fresh = computed(*edits)
        expected = replay(fresh)
    assert editable.evaluate("shown.values") == pytest.approx([node.data for node in expected.order], rel=1e-12, abs=0)
    totals = editable.evaluate("shown.steps.map(step => step.total ?? null)")
    wanted = [None if step.kind == "forward" else float(step.total) for step in expected]
    pairs = zip(totals, wanted)
    assert all(found == want or found == pytest.approx(want, rel=1e-12, abs=1e-13) for found, want in pairs)


@pytest.fixture(scope="module")
def editable(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    page = browser.new_page()
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    ag.explore(computed(*VALUES), path)
    page.goto(path.as_uri())
    yield page
    page.close()


@browser_test
def test_half_a_number_changes_nothing_and_reset_restores(opened: Any) -> None:
    field = opened.locator("#leaves input").first
    opened.click("#last")
    before = opened.inner_text("#picture")
    field.fill("")
    assert (field.get_attribute("aria-invalid"), opened.inner_text("#picture")) == ("true", before)
    field.fill("1e-3")
    assert field.get_attribute("aria-invalid") == "false"
    assert opened.inner_text("#picture") != before
    opened.click("#reset")
    assert (field.input_value(), opened.inner_text("#picture")) == ("2", before)


def doubled() -> ag.Op:
    """An operation of the user's that is called tanh and is not."""
    return ag.Op("tanh", lambda x: x * 2.0, lambda g, out, x: g * 2.0, elementwise=True)


def moved() -> Tensor:
    x = Tensor(2.0, name="x")
    y = x * x
    x.data = 3.0
    return y


@browser_test
@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (lambda: doubled()(Tensor(1.0, name="x")).named("y"), "computes another value for y (tanh)"),
        (lambda: ag.Op("constructor", np.tanh, lambda g, out, x: g)(Tensor(1.0)), "no scalar form of constructor"),
        (lambda: ag.Op("cube", lambda x: x**3, lambda g, out, x: g, elementwise=True)(Tensor(1.0)), "form of cube"),
        (lambda: ag.gelu(Tensor(1.0)), "no scalar form of erfc"),
        (moved, "a leaf has changed since"),
        (arrays, "is an array of shape (3, 4); the page computes with scalars"),
    ],
)
def test_editing_is_off_where_the_page_could_be_wrong(
    seen: Seen, tmp_path: Path, output: Callable[[], Tensor], reason: str
) -> None:
    page = seen.open(ag.explore(output()), tmp_path / "page.html")
    assert reason in page.inner_text("#editing") or "which is not elementwise" in page.inner_text("#editing")
    assert page.locator("#leaves input").count() == 0
    page.click("#last")
    assert seen.said == []


@browser_test
def test_arrays_show_shape_norm_and_formula(seen: Seen, tmp_path: Path) -> None:
    page = seen.open(ag.explore(arrays()), tmp_path / "page.html")
    page.click("#last")
    assert "array of norm" in page.inner_text("#step")
    page.click("#n0")
    assert "(3, 4) array of norm" in page.inner_text(".sum")


@browser_test
@pytest.mark.parametrize(
    ("output", "words"),
    [
        (lambda: Tensor(3.0, name="x"), "Seed: ∂x/∂x = 1"),
        (lambda: (Tensor(3.0, name="x") * np.ones(4)).sum().named("y"), "+= upstream ⊙ ("),
        (lambda: ag.exp(Tensor(800.0, name="x")).named("y"), "∂y/∂x += 1 × inf = inf"),
        (lambda: ag.where(Tensor(1.0) > 0, Tensor(3.0, name="x"), 2.0).named("y"), "∂y/∂x += 1 × 1 = 1"),
    ],
)
def test_graphs_of_other_kinds(seen: Seen, tmp_path: Path, output: Callable[[], Tensor], words: str) -> None:
    with np.errstate(all="ignore"):
        page = seen.open(ag.explore(output()), tmp_path / "page.html")
    page.click("#last")
    page.click("#n0")
    assert words in page.inner_text("#step")
    assert seen.said == []


@browser_test
def test_hostile_names_do_nothing(seen: Seen, tmp_path: Path) -> None:
    leaves = [Tensor(float(place), name=name) for place, name in enumerate(HOSTILE)]
    output = functools.reduce(ag.add, leaves).named(HOSTILE[0])
    page = seen.open(ag.explore(output), tmp_path / "page.html")
    page.click("#last")
    for place in range(len(HOSTILE)):
        page.evaluate(f"choose({place})")
    assert seen.said == []
    assert len(seen.asked) == 1
    assert page.locator("img, b, iframe, [onerror], [href]").count() == 0
    assert page.locator("script").count() == 2
    assert page.locator("#leaves td:first-child").all_text_contents() == [replay(output).labels[x] for x in leaves]


@browser_test
def test_what_is_put_into_the_file_by_hand_is_not_run(seen: Seen, tmp_path: Path) -> None:
    explorer = ag.explore(computed(*VALUES))
    planted = "<script>document.title = 'planted'</script><img src=x onerror=\"document.title = 'planted'\">"
    (tmp_path / "page.html").write_text(explorer.html.replace("</main>", f"</main>{planted}"), "utf-8")
    seen.page.goto((tmp_path / "page.html").as_uri())
    seen.page.click("#forward")
    assert seen.page.title() == "Backpropagation of L"
    assert len([words for words in seen.said if "Content Security Policy" in words]) >= 2


@browser_test
@pytest.mark.parametrize("seen", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_there_are_the_picture_and_the_table(seen: Seen, tmp_path: Path) -> None:
    page = seen.open(ag.explore(computed(*VALUES)), tmp_path / "page.html")
    assert page.locator("svg .node").first.is_visible()
    rows = page.locator("table:visible tbody tr")
    assert rows.count() == len(data_of(ag.explore(computed(*VALUES)))["steps"])
    assert not page.locator("#controls").is_visible()
    assert not page.locator("#side").is_visible()


@browser_test
def test_a_notebook_shows_it_in_a_frame(seen: Seen) -> None:
    shown = ag.explore(computed(*VALUES))._repr_html_()
    assert re.match(r'<iframe [^>]*sandbox="allow-scripts"[^>]*srcdoc="', shown)
    seen.page.set_content(shown)
    frame = seen.page.frame_locator("iframe")
    frame.locator("#forward").click()
    assert frame.locator("#count").inner_text().startswith("Step 2 ")
    assert seen.said == []


@browser_test
def test_themes_and_language(seen: Seen, tmp_path: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    for theme, colour in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 24, 28)")]:
        page = seen.open(ag.explore(computed(*VALUES), theme=theme), tmp_path / f"{theme}.html")
        assert page.evaluate(background) == colour
        assert (page.title(), page.get_attribute("html", "lang")) == ("Backpropagation of L", "en")


@browser_test
def test_a_narrow_window_does_not_scroll_sideways(seen: Seen, tmp_path: Path) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 640})
    page = seen.open(ag.explore(arrays()), tmp_path / "page.html")
    page.click("#last")
    page.evaluate("choose(0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


# --------------------------------------------------------------------------------- numbers and operations in both


NUMBERS = st.floats() | st.integers(1000, 10**6).map(lambda n: n / 2) | st.floats(1e-6, 1e6).map(lambda x: round(x, 5))


@browser_test
@given(st.lists(NUMBERS, min_size=50, max_size=100))
def test_numbers_read_alike_in_python_and_in_the_page(calculator: Any, numbers: list[float]) -> None:
    ties = [1000.5, 1001.5, 12345.0, 12355.0, -12345.0, 0.5, 2.5, 0.03125, 1e-4, 9999.5, 99995.0, -0.0, 5e-324, True]
    assert calculator.evaluate("xs => xs.map(number)", ties + numbers) == [text.number(x) for x in ties + numbers]


SAMPLES = [math.nan, math.inf, -math.inf, -7.25, -2.5, -1.0, -0.3, 0.0, 0.3, 0.5, 1.0, 1.5, 2.0, 3.5, 40.0]
UNKNOWN = {"erf", "erfc", "sinc", "sinc_derivative"}
WITH_OTHER_SETTINGS = {"astype", "isclose", "nan_to_num", "round"}
ELEMENTWISE = {op.name: op for op in vars(ag.ops).values() if isinstance(op, ag.Op) and op.elementwise}


@browser_test
def test_which_operations_the_page_knows(calculator: Any) -> None:
    known = set(calculator.evaluate("Object.keys(OPERATIONS)"))
    assert known == set(ELEMENTWISE) - UNKNOWN - WITH_OTHER_SETTINGS


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=1e-12)


@browser_test
def test_every_operation_computes_as_in_python(calculator: Any) -> None:
    calls = [
        [op.name, *operands, *([op.settings] if op.settings else [])]
        for op in ELEMENTWISE.values()
        if op.name not in UNKNOWN | WITH_OTHER_SETTINGS
        for operands in itertools.product(SAMPLES, repeat=len(op.vjps))
    ]
    found = calculator.evaluate("calls => calls.map(([name, ...rest]) => OPERATIONS[name](...rest))", calls)
    with np.errstate(all="ignore"):
        wanted = [_in_python(*call) for call in calls]
    assert [(call, x, y) for call, x, y in zip(calls, found, wanted) if not same(x, y)] == []


def _in_python(name: str, *arguments: Any) -> float:
    settings = arguments[-1] if isinstance(arguments[-1], dict) else {}
    return float(ELEMENTWISE[name](*[np.float64(x) for x in arguments if not isinstance(x, dict)], **settings))


@browser_test
def test_every_tree_of_a_derivative_evaluates_to_the_rule(calculator: Any) -> None:
    with np.errstate(all="ignore"):
        cases = [case for op in ELEMENTWISE.values() if op.name not in UNKNOWN for case in _slopes(op)]
    found = calculator.evaluate("cases => cases.map(({tree, names}) => evaluate(tree, names))", cases)
    assert [(case, x) for case, x in zip(cases, found) if not same(x, case["local"])] == []
    assert len(cases) > 200


def _slopes(op: ag.Op) -> Iterator[dict[str, Any]]:
    """The tree of each local derivative of an operation, its values, and what its rule gives."""
    settings = {name: np.float64 if name == "dtype" else default for name, default in op.settings.items()}
    for sample in (0.3, -0.7, 1.5, 2.0):
        operands = [Tensor(sample + 0.25 * place) for place in range(len(op.vjps))]
        out = op(*operands, **settings)
        for place, rule in enumerate(op.vjps):
            if rule is not None:
                local = rule(1.0, out.data, *(x.data for x in operands), **settings)
                names = {f"x{at}": x.item() for at, x in enumerate(operands)} | {"y": out.item()}
                yield {"tree": slope_as_data(out, place), "names": names, "local": float(local)}
