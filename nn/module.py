"""Module: an object that owns parameters and computes with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Self

from autograd_mini import Buffer, Tensor, group, moment

_LEVELS_NAMED = 32
"""How far down an assignment gives names: deeper than most models are. With a bound, the work of nesting modules one by
one grows as their number, not as its square. `named_parameters` names all of them."""


class Module:
    """The base of layers and models: write the computation in `forward`, and call the module.

    Every Tensor that requires a gradient and is stored in an attribute, or in a list, tuple or dict there, is a
    parameter; so are those of modules stored likewise. Parameters are named by their path when they are assigned,
    unless they have a name already; one that is more than 32 levels down gets its whole path when the parameters are
    collected. A parameter may be replaced by another leaf Tensor or by None: anything else would silently drop it from
    the model, and is a TypeError.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> model = Scale()
    >>> model(3.0)
    Tensor(6.0, op='multiply')
    >>> list(model.named_parameters())
    [('factor', Tensor(2.0, name='factor'))]
    """

    __slots__ = ("__dict__", "__weakref__", "_label")

    _label: str
    """What drawings call the module: its path in the model, where it has one, and its class."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        module = super().__new__(cls)
        object.__setattr__(module, "_label", cls.__name__)
        return module

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        began = moment()
        if settings:
            return group(self._label, (inputs, settings), self.forward(*inputs, **settings), began)
        return group(self._label, inputs, self.forward(*inputs), began)

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(self, x)")

    def __setattr__(self, attribute: str, value: Any) -> None:
        _check_replacement(attribute, vars(self).get(attribute), value)
        super().__setattr__(attribute, value)
        parts = list(_named_parts(value, attribute, _LEVELS_NAMED))
        if parts and not self._is_within(value, parts):
            for path, part in parts:
                _give_name(part, path)

    def _is_within(self, value: Any, near: list[tuple[str, Tensor | Module]]) -> bool:
        """Whether a value refers to the module: then the module is its owner, and has no place in its part."""
        if any(part is self for _, part in near):
            return True
        has_place = self._label != type(self).__name__  # only a module that is part of another can be deep in a value
        return has_place and any(part is self for _, part in _named_parts(value, "value"))

    def _place(self, path: str) -> None:
        """Take a path in a model as the label; the one that there is grows as models nest, and else stays."""
        kind = type(self).__name__
        known = self._label.removesuffix(kind).removesuffix(": ")
        if not known or _grows(known, path):
            object.__setattr__(self, "_label", f"{path}: {kind}")

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Pairs of path and parameter, in order of assignment; a parameter used twice comes once."""
        for path, part in _named_parts(self, ""):
            _give_name(part, path)  # one that was appended to a list has none yet
            if isinstance(part, Tensor):
                yield path, part

    def parameters(self) -> list[Tensor]:
        """The parameters, in order of assignment."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def __repr__(self) -> str:
        count = sum(parameter.size for parameter in self.parameters())
        return f"{type(self).__name__}({count:,} parameters)"


def _check_replacement(attribute: str, old: Any, new: Any) -> None:
    if isinstance(old, Buffer) and isinstance(new, Tensor):
        raise TypeError(
            f"{attribute}: a buffer can't become a Tensor; to change its value write {attribute}.value = ..."
        )
    if not isinstance(old, Tensor) or not old.requires_grad or new is None:
        return
    if not isinstance(new, Tensor) or new.op is not None:
        what = "a computed Tensor" if isinstance(new, Tensor) else type(new).__name__
        raise TypeError(
            f"{attribute}: a parameter can't become {what}; to change its value write {attribute}.data = ..."
        )


def _named_parts(value: Any, path: str, levels: float = math.inf) -> Iterator[tuple[str, Tensor | Module]]:
    """Each parameter and module once, under its first path, however the modules share or refer to each other.

    `levels` says how far down to go.
    """
    seen: set[int] = set()
    stack = [(path, value, levels)]
    while stack:
        path, part, levels = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Tensor):
            if part.requires_grad and part.op is None:
                yield path, part
            continue
        if isinstance(part, Module) and path:
            yield path, part
        if levels:
            stack += [(f"{path}.{key}" if path else str(key), x, levels - 1) for key, x in reversed(_parts(part))]


def _give_name(part: Tensor | Module, path: str) -> None:
    """Name a part by its path. A name that ends the path was given by an inner module, and grows as they nest."""
    if isinstance(part, Module):
        part._place(path)
    elif part.name is None or _grows(part.name, path):
        part.name = path


def _grows(name: str, path: str) -> bool:
    return f".{path}".endswith(f".{name}")


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """What may hold parameters in a module or container, with the key of each."""
    if isinstance(value, Module):
        value = vars(value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [(key, part) for key, part in items if isinstance(part, (Tensor, Module, dict, list, tuple))]
