"""The HTML file: the picture, the steps as data and as a table, and the scripts that bring them together."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources
from string import Template
from typing import Any

from autograd_mini.drawing.explorer.data import replay_as_data
from autograd_mini.drawing.steps import Replay
from autograd_mini.drawing.table import steps_table

SCRIPTS = ("number.js", "operations.js", "computation.js", "explorer.js")


def page(replay: Replay, picture: str, theme: str) -> str:
    """The text of the file."""
    style = source("explorer.css")
    script = "\n".join(map(source, SCRIPTS))
    text = Template(source("page.html")).substitute(
        theme=theme,
        policy=policy(style, script),
        title=html.escape(f"Backpropagation of {replay.labels[replay.output]}"),
        style=style,
        script=script,
        picture=picture,
        table=steps_table(replay),
        data=inert(replay_as_data(replay)),
    )
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair, which no file can hold, becomes "?"


def source(name: str) -> str:
    """The text of a file that lies beside this one."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def policy(style: str, script: str) -> str:
    """A content security policy under which this style and this script apply, and nothing else is run or loaded."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def inert(data: Any) -> str:
    r"""JSON that can't end the element which it stands in, nor be read as markup.

    >>> print(inert({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
