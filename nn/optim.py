"""Optimisers: they read `.grad`, and give parameters and their own state new values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

import autograd_mini as ag
from autograd_mini import Buffer, Tensor

_OTHER_NAMES = {"rate", "learning_rate"}


class Optimiser:
    """The base of optimisers: a subclass gives `update`, and `state` if it remembers something of each parameter.

    `parameters` are leaf Tensors, or dicts `{"params": [...], "lr": ...}` with settings of their own for groups of
    them; `settings` are those of all groups that don't say otherwise. `step()` calls `update` for each parameter with
    a gradient, and `ag.compile(loss, optimiser=...)` traces the same `update`: there is one formula.

    Raises TypeError for parameters that are no leaf Tensors with a gradient; ValueError for none, for one given twice,
    and for one that can't be written to.

    >>> class Decay(Optimiser):
    ...     hyperparameters = ("lr", "decay")
    ...
    ...     def update(self, parameter, gradient, state, step, *, lr, decay):
    ...         return parameter - lr * (gradient + decay * parameter), {}
    >>> w = Tensor(4.0)
    >>> optimiser = Decay([w], lr=0.5, decay=0.25)
    >>> (w * 2.0).backward()
    >>> optimiser.step()
    >>> w
    Tensor(2.5)
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("lr",)
    """The settings that are numbers, read at each step; a compiled step treats all others as part of the program.

    So it does whether one of these is 0: momentum, say, needs a state.
    """

    def __new__(cls, *arguments: Any, **settings: Any) -> Self:
        """TypeError for the names that other libraries have for `lr`."""
        for name in _OTHER_NAMES & settings.keys() - set(cls.hyperparameters):
            raise TypeError(
                f"{cls.__name__}: no setting {name}; the step size is lr: write {cls.__name__}(..., lr=...)"
            )
        return super().__new__(cls)

    def __init__(self, parameters: Iterable[Any], **settings: Any) -> None:
        self.param_groups = _groups(type(self).__name__, parameters, settings)
        """A dict for each group: its `params`, and its settings, which may be changed between steps."""
        self.states: dict[Tensor, dict[str, Buffer]] = {}
        """What is remembered of each parameter, since its first step."""
        self.steps = Buffer(0, name="steps")
        """How many steps were done."""
        for name in self.hyperparameters:
            if not all(name in group for group in self.param_groups):
                raise TypeError(f"{type(self).__name__}: its hyperparameter {name} has no value; pass {name}=...")

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError for a setting of the groups and other names of lr; TypeError for steps that are no Buffer."""
        if name != "lr" and name in self.__dict__.get("param_groups", [{}])[0]:
            raise AttributeError(f"{type(self).__name__}.{name}: set it in the groups: param_groups[i][{name!r}] = ...")
        if name in _OTHER_NAMES and name not in self.hyperparameters:
            raise AttributeError(f"{type(self).__name__}.{name}: the step size is called lr")
        if name == "steps" and not isinstance(value, Buffer):
            raise TypeError(f"{type(self).__name__}.steps is a Buffer: set steps.value = {value!r}")
        super().__setattr__(name, value)

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of all groups; where there is one group, they may be replaced."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @parameters.setter
    def parameters(self, parameters: Iterable[Tensor]) -> None:
        if len(self.param_groups) > 1:
            raise ValueError(
                f"{type(self).__name__}.parameters: there are several groups; set param_groups[i]['params']"
            )
        self.param_groups[0]["params"] = _checked_parameters(type(self).__name__, parameters)

    @property
    def lr(self) -> float:
        """The step size of the first group; setting it sets that of all groups. ValueError for a negative number."""
        return float(self.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        lr = _not_negative(type(self).__name__, "lr", value)
        for group in self.param_groups:
            group["lr"] = lr

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        """What to remember of a parameter from step to step: the first values, arrays by name."""
        return {}

    def update(self, *arguments: Any, **settings: Any) -> Any:
        """The new value of a parameter and its new state: `update(parameter, gradient, state, step, **settings)`.

        Parameter, gradient and the values of the state are arrays that can't be written to, or in a trace Tensors:
        give new ones. `step` counts the steps from 1. It and the settings named in `hyperparameters` are numbers that
        a trace does not know, so that `ag.where` and `ag.minimum` stand for `if`. The state is a dict of this call
        alone; a state that is not returned stays as it is.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update(self, parameter, gradient, state, step)")

    def state_of(self, parameter: Tensor) -> dict[str, Buffer]:
        """What is remembered of a parameter, made at its first step."""
        if parameter not in self.states:
            first = {name: Buffer(value, name=name) for name, value in self.state(parameter).items()}
            self.states[parameter] = first
        return self.states[parameter]

    def updates(self, gradient_of: Callable[[Tensor], Any]) -> dict[Tensor | Buffer, Any]:
        """The new value that this step would give each parameter with a gradient, each of their states, and `steps`."""
        new: dict[Tensor | Buffer, Any] = {}
        step = self.steps.value.data + 1
        count = step.item()
        for group in self.param_groups:
            settings = self._settings(group)
            for parameter in group["params"]:
                gradient = gradient_of(parameter)
                if gradient is not None:
                    kept = self.state_of(parameter)
                    state = {name: _read_only(kept[name].value.data) for name in kept} if kept else {}
                    new[parameter], changed = self._updated(parameter, gradient, state, count, settings)
                    for name in changed:
                        new[_kept(kept, name, changed[name])] = changed[name]
        return {**new, self.steps: step} if new else new

    def _updated(
        self, parameter: Tensor, gradient: Any, state: dict[str, Any], count: int, settings: dict[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        try:
            result = self.update(_read_only(parameter.data), gradient, state, count, **settings)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise ValueError(
                f"{type(self).__name__}.update: it changes an array in place; return a new one, as does "
                "parameter - lr * gradient"
            ) from error
        if type(result) is not tuple or len(result) != 2 or not isinstance(result[1], (dict, Mapping)):
            kind = type(result).__name__
            raise TypeError(
                f"{type(self).__name__}.update: it returned {kind}, not (new parameter, dict of new states)"
            )
        return result

    def _settings(self, group: dict[str, Any]) -> dict[str, Any]:
        """The settings of a group as `update` takes them: Python's numbers, so that float32 stays float32."""
        settings = dict(group)
        del settings["params"]
        for name in self.hyperparameters:
            if name in settings:
                settings[name] = float(settings[name])
        return settings

    def step(self) -> None:
        """Update the parameters that have a gradient, in place: all of them, or none if something interrupts.

        Raises RuntimeError if no parameter has a gradient, and as `ag.assign` for an update that does not fit.
        """
        new = self.updates(_gradient)
        if not new:
            raise RuntimeError(f"{type(self).__name__}.step: no parameter has a gradient; call loss.backward() first")
        ag.assign(new)

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next `backward()` starts anew."""
        for parameter in self.parameters:
            parameter.zero_grad()


def _kept(states: dict[str, Buffer], name: str, value: Any) -> Buffer:
    """The buffer of a state; one that `state` did not give is made."""
    if name not in states:
        states[name] = Buffer(np.zeros_like(value), name=name)
    return states[name]


def _read_only(array: Any) -> Any:
    """The array as one that an update can't change before the step is done."""
    if not array.shape:
        return array
    view = array.view()
    view.setflags(write=False)
    return view


_gradient = operator.attrgetter("grad")


class SGD(Optimiser):
    """Gradient descent, also with momentum: v = momentum v + g, and each step subtracts lr v.

    With `nesterov` it subtracts lr (g + momentum v), the gradient at a point further on, as PyTorch writes it
    (Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013, eqs. 3 and 4, after
    a change of variables). Without momentum: 004_3fd59ef6bf62b8c0.txt, eq. 6.23.

    Raises ValueError for a negative lr, a negative momentum, and for nesterov without momentum; and as
    `Optimiser`.

    >>> w = Tensor(1.0)
    >>> optimiser = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w
    Tensor(0.8)
    """

    hyperparameters = ("lr", "momentum")

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        lr = _not_negative("SGD", "lr", lr)
        super().__init__(parameters, lr=lr, momentum=_not_negative("SGD", "momentum", momentum), nesterov=nesterov)
        for group in self.param_groups:
            if group["nesterov"] and not group["momentum"]:
                raise ValueError("SGD: nesterov needs a momentum, 0.9 say")

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        """The velocity v, where there is momentum."""
        group = next(group for group in self.param_groups if any(parameter is p for p in group["params"]))
        return {"velocity": np.zeros_like(parameter.data)} if group["momentum"] else {}

    def update(
        self,
        parameter: Any,
        gradient: Any,
        state: Mapping[str, Any],
        step: Any,
        *,
        lr: Any,
        momentum: Any,
        nesterov: Any,
    ) -> Any:
        """parameter - lr * gradient, or with the velocity in place of the gradient."""
        if "velocity" in state:
            velocity = momentum * state["velocity"] + gradient
        elif isinstance(momentum, float) and momentum:  # it was 0 before
            velocity = gradient
        else:
            return parameter - lr * gradient, {}
        direction = gradient + momentum * velocity if nesterov else velocity
        return parameter - lr * direction, {"velocity": velocity}


class Adam(Optimiser):
    """Adam: steps along the mean gradient m, divided by the root of the mean squared gradient v.

    m = b1 m + (1 - b1) g and v = b2 v + (1 - b2) g^2 start at 0, and are corrected for that: at step t by 1 - b1^t and
    1 - b2^t (Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, Algorithm 1). As in PyTorch, eps is
    added to the corrected root. t counts the steps of the optimiser; PyTorch counts those of each parameter, which
    differ only where one had no gradient.

    Raises ValueError for a negative lr, betas outside of [0, 1) and a negative eps; and as `Optimiser`.

    >>> w = Tensor([1.0, -2.0])
    >>> optimiser = Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimiser.step()
    >>> w
    Tensor([ 0.5, -1.5])
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        lr, eps = _not_negative("Adam", "lr", lr), _not_negative("Adam", "eps", eps)
        super().__init__(parameters, lr=lr, betas=betas, eps=eps)
        for group in self.param_groups:
            if len(group["betas"]) != 2 or not all(0 <= beta < 1 for beta in group["betas"]):
                raise ValueError(f"Adam: betas are two numbers from 0 up to, but not 1, got {group['betas']!r}")

    def state(self, parameter: Tensor) -> Mapping[str, Any]:
        """The means m and v."""
        return {"mean": np.zeros_like(parameter.data), "square": np.zeros_like(parameter.data)}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], step: Any, *, lr: Any, betas: Any, eps: float
    ) -> Any:
        """One step of the algorithm. Python's numbers stay such, so that float32 stays float32."""
        b1, b2 = betas
        mean = b1 * state["mean"] + (1 - b1) * gradient
        square = b2 * state["square"] + (1 - b2) * (gradient * gradient)
        root = ag.sqrt(square) / (1 - b2**step) ** 0.5
        return parameter - lr / (1 - b1**step) * (mean / (root + eps)), {"mean": mean, "square": square}


def _groups(name: str, parameters: Any, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The groups, each with all settings."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        kind = type(parameters).__name__
        raise TypeError(
            f"{name}: expected a list of Tensors, got {kind}; write {name}([w], lr) or {name}(model.parameters(), lr)"
        )
    given = list(parameters)
    if not any(isinstance(part, dict) for part in given):
        given = [{"params": given}]
    groups = [{**settings, **_checked_group(name, group, settings)} for group in given]
    every = [parameter for group in groups for parameter in group["params"]]
    if len(set(every)) < len(every):
        raise ValueError(f"{name}: a parameter is given twice, and would be updated twice a step")
    return groups


def _checked_group(name: str, group: Any, settings: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(group, dict) or "params" not in group:
        raise TypeError(f"{name}: a group is a dict with 'params', got {group!r}")
    for setting in group.keys() - settings.keys() - {"params"}:
        raise TypeError(f"{name}: no setting {setting!r}; its settings: {', '.join(settings)}")
    if "lr" in group:
        group = {**group, "lr": _not_negative(name, "lr", group["lr"])}
    return {**group, "params": _checked_parameters(name, group["params"])}


def _checked_parameters(name: str, parameters: Any) -> list[Tensor]:
    checked = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not checked:
        raise ValueError(f"{name}: there are no parameters; does the model store its Tensors in attributes?")
    for parameter in checked:
        if not isinstance(parameter, Tensor) or parameter.op is not None or not parameter.requires_grad:
            raise TypeError(f"{name}: {parameter!r} is not a leaf Tensor that requires a gradient")
        if parameter.shape and not parameter.data.flags.writeable:
            raise ValueError(
                f"{name}: the data of {parameter!r} can't be written; make it with Tensor(...), which copies"
            )
    return checked


def _not_negative(name: str, setting: str, value: Any) -> float:
    if not isinstance(value, (int, float, np.floating)) or not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{name}: {setting} is a number that is not negative, got {value!r}")
    return float(value)
