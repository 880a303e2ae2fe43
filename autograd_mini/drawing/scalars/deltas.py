"""What the delta rule calls the gradients of a network's net inputs, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

from autograd_mini.drawing.scalars.subscripts import entry_names, superscript


def entry_deltas(layer: int, layers: int, shape: tuple[int, ...]) -> Iterator[str]:
    """What to call δ of each entry of a net input, row by row: δₖ⁽ˡ⁾ in layer l, δₖ if there is only one.

    >>> list(entry_deltas(1, 2, (1, 2))), list(entry_deltas(1, 1, (2,))), list(entry_deltas(2, 2, ()))
    (['δ₁⁽¹⁾', 'δ₂⁽¹⁾'], ['δ₁', 'δ₂'], ['δ⁽²⁾'])
    """
    above = superscript(layer) if layers > 1 else ""
    return (name + above for name in entry_names("δ", shape))
