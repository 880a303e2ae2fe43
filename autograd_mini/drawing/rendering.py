"""A drawing that renders with whatever Graphviz there is: the `dot` program, pygraphviz, or none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import graphviz

HELP = """no Graphviz found. Install ONE of:
  pip install 'pygraphviz>=2.0'   (the extra "draw"; its wheels carry Graphviz)
  apt install graphviz
  brew install graphviz
  winget install Graphviz.Graphviz
  conda install python-graphviz
The DOT text needs none of these: drawing.source, or drawing.save('graph.dot')."""


class RendererNotFoundError(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """There is neither a `dot` program nor pygraphviz; the message lists what to install."""

    def __init__(self, message: str) -> None:
        RuntimeError.__init__(self, message)  # the parent's own message only names the missing program


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that falls back on pygraphviz where there is no `dot` program.

    Nothing is rendered before `render`, `pipe` or a notebook asks for it.
    """

    def __init__(self, lines: Iterable[str] = (), **options: Any) -> None:
        super().__init__(**{"body": [f"\t{line}\n" for line in lines], "format": "svg", **options})

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text with `encoding`."""
        try:
            return super().pipe(format=format, encoding=encoding, **options)
        except graphviz.ExecutableNotFound:
            picture = _render_in_process(self.source, format or self.format)
            return picture.decode(encoding) if encoding else picture

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        outfile: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> str:
        """Write the DOT text and the picture; returns the path of the picture.

        As `graphviz.Digraph.render`: the picture is `filename.format`, or `outfile`, whose ending tells the format. A
        filename that ends like a picture is an outfile: `render("graph.png")`. The picture is written whole or not at
        all, also where the program that draws is interrupted. `options` are those of `pipe`.
        """
        if filename is not None and outfile is None and format is None and _is_picture(filename):
            filename, outfile = None, filename
        if outfile is not None:
            outfile = Path(self.directory if directory is None else "", outfile)
            filename = filename or outfile.with_suffix(".gv")
            format = format or outfile.suffix[1:].lower()
        picture = self.pipe(format, **options)
        text = self.save(filename, directory=directory)
        path = outfile or Path(f"{text}.{format or self.format}")
        write_whole(path, picture)
        if cleanup:
            Path(text).unlink()
        if view:
            graphviz.view(path)
        return os.fspath(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, Any]:
        """The picture in a notebook; without a renderer the message and the DOT text, not a traceback."""
        try:
            return dict(super()._repr_mimebundle_(include, exclude, **options))
        except RendererNotFoundError as error:
            return {"text/plain": f"{error}\n\n{self.source}"}


def _is_picture(filename: str | os.PathLike[str]) -> bool:
    return Path(filename).suffix[1:].lower() in _PICTURES


_PICTURES = {"svg", "svgz", "png", "pdf", "gif", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "ps", "eps"}
"""Endings of files that are pictures; what ends in another way is the name of the DOT text."""


def _render_in_process(source: str, format: str) -> bytes:
    try:
        import pygraphviz
    except ImportError as error:  # also a pygraphviz whose system libraries are missing
        there = (
            "" if isinstance(error, ModuleNotFoundError) else f"\n(pygraphviz is present but does not load: {error})"
        )
        raise RendererNotFoundError(f"cannot draw the graph as {format}: {HELP}{there}") from error
    try:
        picture: bytes = pygraphviz.AGraph(string=source).draw(format=format, prog="dot")
    except TypeError as error:  # what pygraphviz says for a format that it does not know
        raise ValueError(f"draw: pygraphviz has no format {format!r}; try svg, png or pdf") from error
    return picture


def write_whole(path: Path, content: bytes) -> None:
    """Write all or nothing, into a folder that is made where there is none: an interrupted run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
