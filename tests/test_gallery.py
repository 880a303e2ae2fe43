"""The pictures of docs/gallery.md: the script makes those that the page shows, and they show what the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
SCRIPT = DOCS / "gallery.py"
COMMITTED = DOCS / "gallery"

PROMISED = {
    "neuron": ["y", "tanh", "grad -1.461"],
    "neuron_backward": ["w = -3", "x = 2", "1 − y² = 0.4869"],
    "neuron_both": ["∂y/∂x", "∂y/∂w", "1 − y²", "dotted: a value that a rule reads"],
    "xor_network": ["x₁", "x₂", "relu"],
    "xor": ["q₁", "value 2", "q₂", "value 0", "δ₂⁽¹⁾ -2", "W₂⁽²⁾"],
    "net_3_3_2": ["3 inputs", "3 units", "2 outputs", "tanh", "sigmoid"],
    "scalars": ["W₁₁⁽²⁾", "δ₁⁽²⁾ -0.07508", "grad -0.04647 − 0.05255 = -0.09902", "1 − z₁² = 0.6732", "t₂"],
    "digits_backward": ["layers.0: Linear", "[v₁ > 0]", "xᵀ @ g", "g, summed over axis 0"],
    "digits_closed": ["MLP", "2,410 parameters", "gives (2, 10) float64"],
    "residual": ["blocks.0: Block × 4", "blocks.0.inner.weight", "loss"],
    "attention_head": ["attention", "weights ⊙ (g − sum(g ⊙ weights,", "weightsᵀ @ g"],
    "shape_error": ["q", "matmul: q (5, 4) @ W2 (2, 4):", "inner sizes 4 and 2 differ;"],
    "nan_forward": ["infinity starts here", "value nan"],
    "nan_backward": ["1 / (2·distance)", "(2,) norm inf", "(2,) norm nan"],
    "agreement": ["by hand: wrong ✗", "by hand: exact ="],
    "program": ["sum_1", "d_w", "tanh_1"],
    "dark": ["v₁", "1 − y² = 0.4869"],
    "figure_6_6": ["∂J/∂W1", "g @ q1ᵀ", "W2ᵀ @ g", "[z1 > 0]"],
}
"""What is written on each picture."""


EXPLORED = ["<td>h<td>0.2087", "<td>x<td><td>v₁<td>-1.448<td>-1.2<td>w<td>1.738<td>0.1554"]
"""What stands in the explorer's table of steps."""

FRAMES = 12
"""Of the animation: five values, a seed, and six contributions."""

NEEDED = {"backprop.gif": find_spec("PIL"), "explorer.png": find_spec("playwright") and shutil.which("chromium")}
"""What is made only where something else is installed."""


def shown() -> list[str]:
    """The files that the page shows or links, in order."""
    return re.findall(r"\]\(gallery/(\S+)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))


def drawn() -> list[str]:
    """Those that are drawings."""
    return [name for name in shown() if name.endswith(".svg")]


def texts(path: Path) -> list[str]:
    """What is written on a picture, without the spaces around it."""
    found = ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(element.itertext()).replace("\xa0", " ").strip() for element in found)


def page(path: Path) -> tuple[str, list[str]]:
    """The page of an explorer without what depends on the renderer or on a last bit, and the texts of its picture."""
    html = path.read_text(encoding="utf-8")
    written = re.findall(r"<text[^>]*>([^<]*)</text>", html)
    return re.sub(r"<svg.*</svg>|(?<=id=\"data\">)[^<]*", "", html, flags=re.DOTALL), sorted(written)


def frames(path: Path) -> list[int]:
    """For how many milliseconds each frame of an animation is shown."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with image.open(path) as animation:
        return [animation.seek(i) or animation.info["duration"] for i in range(animation.n_frames)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the script was run."""
    if shutil.which("dot") is None:
        pytest.importorskip("pygraphviz", exc_type=ImportError)
    out = tmp_path_factory.mktemp("gallery")
    done = subprocess.run([sys.executable, SCRIPT, "--out", out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_the_script_makes_what_the_page_shows(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == sorted(set(shown()) - {x for x in NEEDED if not NEEDED[x]})
    assert sorted(drawn()) == sorted(f"{name}.svg" for name in PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_each_picture_shows_what_its_section_says(name: str, made: Path) -> None:
    assert [part for part in PROMISED[name] if part not in texts(made / f"{name}.svg")] == []


def test_the_pictures_in_the_repository_are_those_of_today(made: Path) -> None:
    assert sorted(path.name for path in COMMITTED.iterdir()) == sorted(shown())
    stale = [name for name in drawn() if texts(COMMITTED / name) != texts(made / name)]
    assert stale == [], "run python docs/gallery.py"


def test_the_explorer_in_the_repository_is_that_of_today(made: Path) -> None:
    path = COMMITTED / "explorer.html"
    text, written = page(path)
    assert [part for part in EXPLORED if part not in text] == []
    assert {"x", "h", "L", "grad 0.1554"} <= {*written}
    assert (text, written) == page(made / path.name), "run python docs/gallery.py"
    assert path.stat().st_size < 100_000


def test_the_animation_in_the_repository_is_that_of_today(made: Path) -> None:
    path = COMMITTED / "backprop.gif"
    assert frames(path) == frames(made / path.name) == [800] * (FRAMES - 1) + [3200]
    assert path.stat().st_size < 150_000


@pytest.mark.skipif(not NEEDED["explorer.png"], reason="there is no playwright, or no chromium program on PATH")
@pytest.mark.browser
def test_the_screenshot_is_as_wide_as_the_page(made: Path) -> None:
    headers = [path.read_bytes()[:20] for path in (COMMITTED / "explorer.png", made / "explorer.png")]
    assert [header[:4] for header in headers] == [b"\x89PNG"] * 2
    assert [int.from_bytes(header[16:]) for header in headers] == [1150] * 2  # the height is the renderer's


def test_no_two_pictures_have_one_name() -> None:
    assert len(set(shown())) == len(shown())
