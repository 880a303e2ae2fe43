"""Module: an object that owns parameters and computes with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd_mini import Tensor


class Module:
    """The base of layers and models: write the computation in `forward`, and call the module.

    Every Tensor that requires a gradient and is stored in an attribute, or in a list, tuple or dict there, is a
    parameter; so are those of modules stored likewise. Parameters are named by their path when they are assigned,
    unless they have a name already. A parameter may be replaced by another leaf Tensor or by None: anything else would
    silently drop it from the model, and is a TypeError.

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

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        return self.forward(*inputs, **settings)

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(self, x)")

    def __setattr__(self, attribute: str, value: Any) -> None:
        _check_replacement(attribute, vars(self).get(attribute), value)
        super().__setattr__(attribute, value)
        for path, parameter in _named_parameters(value, attribute, set()):
            _give_name(parameter, path)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Pairs of path and parameter, in order of assignment; a parameter used twice comes once."""
        for path, parameter in _named_parameters(self, "", set()):
            _give_name(parameter, path)  # one that was appended to a list has none yet
            yield path, parameter

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
    if not isinstance(old, Tensor) or not old.requires_grad or new is None:
        return
    if not isinstance(new, Tensor) or new.op is not None:
        what = "a computed Tensor" if isinstance(new, Tensor) else type(new).__name__
        raise TypeError(
            f"{attribute}: a parameter can't become {what}; to change its value write {attribute}.data = ..."
        )


def _named_parameters(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    """Each parameter once, under its first path, however the modules share or refer to each other."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        if value.requires_grad and value.op is None:
            yield path, value
        return
    for key, part in _parts(value):
        yield from _named_parameters(part, f"{path}.{key}" if path else str(key), seen)


def _give_name(parameter: Tensor, path: str) -> None:
    """Name a parameter by its path. A name that ends the path was given by an inner module, and grows as they nest."""
    if parameter.name is None or f".{path}".endswith(f".{parameter.name}"):
        parameter.name = path


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Module):
        yield from vars(value).items()
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
