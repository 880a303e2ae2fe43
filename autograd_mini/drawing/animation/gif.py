"""From pictures to one file that moves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from autograd_mini.drawing.themes import Theme

_SHADES = 20
"""Between two colours, both among them, where text or a line meets what it stands on."""


def pillow() -> ModuleType:
    """Pillow's module of images; ImportError that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"animate: a GIF is put together by Pillow ({error}); pip install 'autograd-mini[plot]'"
        ) from error
    return Image


def joined(pictures: Sequence[bytes], milliseconds: Sequence[int], theme: Theme) -> bytes:
    """PNG pictures as a GIF that is repeated for ever. All have the same colours: what is equal in them stays equal."""
    Image = pillow()
    colours = Image.new("P", (1, 1))
    colours.putpalette(palette(theme))
    frames = []
    for picture in pictures:
        seen = Image.open(io.BytesIO(picture)).convert("RGBA")
        opaque = Image.alpha_composite(Image.new("RGBA", seen.size, theme.paper), seen).convert("RGB")
        frames.append(opaque.quantize(palette=colours, dither=Image.Dither.NONE))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=[*milliseconds], loop=0)
    return file.getvalue()


def palette(theme: Theme) -> list[int]:
    """At most 256 colours, red, green and blue of each: all shades that a drawing in this theme has."""
    grounds = [(theme.ink, fill) for fill in theme.fill.values()]
    lines = [(line, theme.paper) for line in (theme.ink, theme.faint, theme.backward, theme.alarm)]
    return [level for line, ground in grounds + lines for level in _shades(line, ground)]


def _shades(line: str, ground: str) -> list[int]:
    return np.linspace(_levels(line), _levels(ground), _SHADES).round().astype(int).ravel().tolist()


def _levels(colour: str) -> list[int]:
    return [*bytes.fromhex(colour[1:])]
