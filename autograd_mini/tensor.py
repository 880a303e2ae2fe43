"""Tensor: a value that remembers how it was computed, and the walk that differentiates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd_mini import ops
from autograd_mini.atomic import at_once, lock
from autograd_mini.checks import Array, checked_data, checked_name, conforming, read_only, result_value
from autograd_mini.errors import describe, failure, rule_failure
from autograd_mini.methods import Methods
from autograd_mini.modes import Observer, Tracer, current, mode, no_grad, observer, quietly, recording, tracer
from autograd_mini.ops import Op, Traced, as_operand

_new = object.__new__
_publishing = lock()  # threads may share leaves: reading, adding and storing a gradient is one step
_NO_SETTINGS: dict[str, Any] = {}
_FLOAT64: type = np.float64


class Extras:
    """What few Tensors have: hooks, a wish to keep the gradient, what the forward saved, a note of where it is from.

    `groups` are the marks of the parts of a model that computed it, inner ones first: see `autograd_mini.groups`.

    It is one object, so that the many others pay for one empty slot.
    """

    groups: Any = None
    hooks: list[Callable[[Any], Any]] | tuple[()] = ()
    origin: Any = None
    retains_grad = False
    saved: Any = None


class Hook:
    """The handle of a registered hook."""

    def __init__(self, hooks: list[Callable[[Any], Any]], hook: Callable[[Any], Any]) -> None:
        self._hooks = hooks
        self._hook = lambda gradient: hook(gradient)  # an object of its own: the same hook may be registered twice
        hooks.append(self._hook)

    def remove(self) -> None:
        """Take the hook off; doing so again changes nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)


class Tensor(Methods, Traced):
    """A value in a computational graph: a leaf that holds data, or the result of an operation on other Tensors.

    A Tensor is a variable; plain arrays and numbers are constants. `data` may be a number, a nested list or an array of
    any shape, and is copied. Floats keep their dtype; Python numbers and integers become float64. With
    `requires_grad=False` the Tensor is a constant with a name, and keeps any numeric dtype. `name` is what drawings,
    errors and reports call it.

    Raises TypeError for complex, string or object data, for booleans that require a gradient, and for data that
    contain Tensors (their graph would be lost); ValueError for a ragged list.

    >>> x = Tensor(3.0, name="x")
    >>> y = x * x
    >>> y.backward()
    >>> x.grad
    np.float64(6.0)
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_extras",
        "_grad",
        "_name",
        "_requires_grad",
        "inputs",
        "op",
        "settings",
    )

    op: Op | None
    """The operation that computed this Tensor; None for a leaf."""
    inputs: tuple[Any, ...]
    """What it was computed from, in order: Tensors, arrays and numbers."""
    settings: Mapping[str, Any]
    """The operation's settings: axis, shape and the like."""

    _data: Array
    _grad: Array | None
    _name: str | None
    _requires_grad: bool
    _extras: Extras | None

    def __init__(
        self,
        data: ArrayLike,
        *,
        requires_grad: bool = True,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ) -> None:
        _fill_leaf(self, checked_data(data, requires_grad, dtype, copy=True), requires_grad, name)

    # ------------------------------------------------------------------------------------------ attributes

    @property
    def data(self) -> Array:
        """The value: an ndarray, or a NumPy scalar for shape ().

        A leaf's value may be changed in place, or replaced by a copy of one of the same shape in the leaf's dtype;
        ValueError for another shape. What was computed is read-only: TypeError.
        """
        if current.get() is not True:
            _check_readable(self, "data")
        return self._data if self.op is None else read_only(self._data)

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if current.get() is not True:
            _check_readable(self, "data")
        if self.op is not None:
            raise TypeError(f"data: {describe(self)} was computed by {self.op.name}; set the data of a leaf instead")
        if value is not self._data:
            self._data = conforming("data", value, self)

    @property
    def grad(self) -> Array | None:
        """dL/d(self) after `L.backward()`: read-only, of the shape and dtype of the data; None before."""
        if current.get() is not True:
            _check_readable(self, "grad")
        return self._grad

    @grad.setter
    def grad(self, value: ArrayLike | None) -> None:
        self._grad = None if value is None else read_only(conforming("grad", value, self))

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this Tensor. Settable on a leaf of floats; TypeError otherwise."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.op is not None:
            raise TypeError(f"requires_grad: {describe(self)} was computed; write x.detach() for a constant copy")
        if value and self.dtype.kind != "f":
            raise TypeError(f"requires_grad: {describe(self, True)} is not of floats; write x.astype(float)")
        self._requires_grad = bool(value)

    @property
    def name(self) -> str | None:
        """What drawings, errors and reports call this Tensor."""
        return self._name

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = checked_name(value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis; () for a scalar."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the data."""
        return self._data.dtype

    # --------------------------------------------------------------------------------------- differentiation

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add dL/dx to `x.grad` for every leaf x that this Tensor L was computed from.

        L must have one entry, unless `gradient` gives dM/dL for some further M, in the shape of L. Tensors with
        `retain_grad()` get theirs too. If anything fails, no `.grad` has changed.

        Raises ValueError for a non-scalar L without `gradient`, or one of another shape; TypeError if no input of L
        requires a gradient.

        >>> w = Tensor([1.0, 2.0])
        >>> (w * w).sum().backward()
        >>> w.grad
        array([2., 4.])
        """
        if current.get() is not True:
            _check_readable(self, "backward")
        seed = _seed(self, gradient)
        _publish([(node, g) for node, g in walk(self, seed) if node.op is None or _retains_grad(node)])

    def retain_grad(self) -> None:
        """Keep the gradient of this computed Tensor in `.grad` at each `backward()`, replacing the previous one."""
        if current.get() is not True:
            _check_readable(self, "retain_grad")
        if not self._requires_grad:
            raise TypeError(f"retain_grad: {describe(self)} does not require a gradient")
        _extras(self).retains_grad = True

    def register_hook(self, hook: Callable[[Any], Any]) -> Hook:
        """Call `hook(gradient)` whenever the gradient of this Tensor is complete; returns a handle with `remove()`.

        What the hook returns replaces the gradient, and has its shape; None leaves it. The gradient is read-only. Hooks
        run in the order of their registration. TypeError if this Tensor requires no gradient or `hook` is no function.

        >>> x = Tensor([3.0, 4.0])
        >>> handle = x.register_hook(lambda g: g / 5.0)
        >>> (x * x).sum().backward()
        >>> x.grad
        array([1.2, 1.6])
        >>> handle.remove()
        """
        if current.get() is not True:
            _check_readable(self, "register_hook")
        if not self._requires_grad:
            raise TypeError(f"register_hook: {describe(self)} does not require a gradient")
        if not callable(hook):
            raise TypeError(f"register_hook: expected a function of the gradient, got {type(hook).__name__}")
        extras = _extras(self)
        extras.hooks = extras.hooks or []
        return Hook(extras.hooks, hook)

    def zero_grad(self) -> None:
        """Forget the gradient, so that the next `backward()` starts anew."""
        self._grad = None

    def detach(self) -> Tensor:
        """A constant Tensor that shares this one's data and has no history."""
        return _record(ops.stop_gradient, (self,)) if tracer() else _leaf(self._data, False, self._name)

    def named(self, name: str) -> Tensor:
        """Give this Tensor a name and return it: `h = (x @ w).named("h")`."""
        self.name = name
        return self

    # ----------------------------------------------------------------------------------------- out of the graph

    def item(self) -> Any:
        """The only entry as a Python number; ValueError if there is not exactly one."""
        if current.get() is not True:
            _check_readable(self, "item")
        if self._data.size != 1:
            raise ValueError(f"item: {describe(self)} has {self._data.size} entries, not 1; index it first")
        return self._data.item()

    def numpy(self) -> Array:
        """A copy of the data as an ndarray, free to be changed."""
        if current.get() is not True:
            _check_readable(self, "numpy")
        return np.array(self._data)

    def __float__(self) -> float:
        return float(self._only("float"))

    def __int__(self) -> int:
        return int(self._only("int"))

    def _only(self, what: str) -> Any:
        """The only entry, for what asks for it."""
        if current.get() is not True:
            _check_readable(self, what)
        return self.item()

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"index: {describe(self, True)} is not an integer")
        return int(self.item())

    def __bool__(self) -> bool:
        if current.get() is not True:
            _check_readable(self, "bool")
        if self._data.size != 1:
            raise ValueError(f"bool: {describe(self)} is ambiguous; write (x > 0).any() or .all()")
        return bool(self._data)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        if current.get() is not True:
            _check_readable(self, "repr")
        body = np.array2string(self._data, separator=", ", prefix="Tensor(") if self.shape else str(self._data)
        details = [f"name={self._name!r}"] if self._name is not None else []
        details += [f"dtype={self.dtype}"] if self.dtype != np.float64 else []
        details += [] if self._requires_grad else ["requires_grad=False"]
        details += [f"op={self.op.name!r}"] if self.op is not None else []
        return f"Tensor({', '.join([body, *details])})"

    # --------------------------------------------------------------------------------------- NumPy's protocols

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if current.get() is not True:
            _check_readable(self, "array")
        if self._requires_grad:
            raise TypeError(
                f"array: {describe(self)} would lose its graph; write x.data for its value, "
                "or ag.stack([x, y]) to join Tensors"
            )
        return np.array(self._data, dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        if settings.get("out") is not None:
            raise TypeError(f"{ufunc.__name__}: an array can't be updated in place from a Tensor; write a = a + x")
        if method != "__call__" or ufunc not in _NUMPY:
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise TypeError(_no_rule(f"np.{name}", self))
        return _NUMPY[ufunc](*inputs, **settings)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _QUERIES:
            if func not in _SHAPE_QUERIES:
                _check_readable(self, func.__name__)
            named = {name: _plain(x) for name, x in kwargs.items()}
            return func(*map(_plain, args), **named)
        if func not in _NUMPY:
            raise TypeError(_no_rule(f"{func.__module__.replace('numpy', 'np')}.{func.__name__}", self))
        return _call_as_numpy(func, args, kwargs)

    # -------------------------------------------------------------------------------------------- as a sequence

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"len: {describe(self)} has no axis")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError(f"iter: {describe(self)} has no axis")
        return (self[position] for position in range(len(self)))

    def __getitem__(self, index: Any) -> Tensor:
        arrays, pattern = ops.split_index(index)
        return _record(ops.getitem, (self, *arrays), {"index": pattern})

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            f"setitem: {describe(self)} can't be changed in place; write ag.put(x, index, value), ag.add_at(x, index, "
            "value) or ag.where(mask, new, x), or x.data[index] = value on a leaf before it is used"
        )

    def __reduce__(self) -> Any:
        """Leaves are copied and pickled with their gradient; a graph is not: its functions may be anything."""
        if current.get() is not True:
            _check_readable(self, "copy")
        if self.op is not None:
            raise TypeError(f"copy: {describe(self)} was computed by {self.op.name}; copy or pickle x.detach()")
        return _rebuilt, (self._data, self._grad, self._requires_grad, self._name)

    @staticmethod
    def record(op: Op, inputs: tuple[Any, ...], settings: Mapping[str, Any] = _NO_SETTINGS) -> Tensor:
        """Compute `op`, and remember how if a gradient or a trace may need it.

        Every operation passes here, so the loop is written out: on scalars its cost is the cost of the program.
        """
        here: Any = current.get()
        forward = op.forward
        if here is not True:
            here, forward, inputs, settings = _in_mode(op, inputs, settings)
        arrays = []
        tracked = False
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x._data)
                tracked = tracked or x._requires_grad
            elif isinstance(x, (list, tuple)):
                return Tensor.record(op, tuple(map(as_operand, inputs)), settings)
            else:
                arrays.append(x)
        try:
            data: Any = forward(*arrays, **settings) if settings else forward(*arrays)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise failure(op, inputs, settings, error) from error
        if op.saves:
            data, saved = data
        if not (isinstance(data, np.generic) or (type(data) is np.ndarray and data.ndim)):
            data = result_value(op, data)
        if not (tracked and here) and (here is True or here is False or not here.traces):
            return _leaf(data, False)
        node = _node(op, inputs, settings, data)
        if op.saves:
            _extras(node).saved = saved
        if here is not True:
            _observed(node, here, tracked)
        return node

    # ----------------------------------------------------------------------------------------------- operators
    # fmt: off
    def __neg__(self) -> Tensor: return _record(ops.negative, (self,))
    def __pos__(self) -> Tensor: return _record(ops.positive, (self,))
    def __abs__(self) -> Tensor: return _record(ops.absolute, (self,))
    def __add__(self, other: Any) -> Tensor: return _record(ops.add, (self, other))
    def __radd__(self, other: Any) -> Tensor: return _record(ops.add, (other, self))
    def __sub__(self, other: Any) -> Tensor: return _record(ops.subtract, (self, other))
    def __rsub__(self, other: Any) -> Tensor: return _record(ops.subtract, (other, self))
    def __mul__(self, other: Any) -> Tensor: return _record(ops.multiply, (self, other))
    def __rmul__(self, other: Any) -> Tensor: return _record(ops.multiply, (other, self))
    def __truediv__(self, other: Any) -> Tensor: return _record(ops.divide, (self, other))
    def __rtruediv__(self, other: Any) -> Tensor: return _record(ops.divide, (other, self))
    def __pow__(self, other: Any) -> Tensor: return _record(ops.power, (self, other))
    def __rpow__(self, other: Any) -> Tensor: return _record(ops.power, (other, self))
    def __floordiv__(self, other: Any) -> Tensor: return ops.floor_divide(self, other)
    def __rfloordiv__(self, other: Any) -> Tensor: return ops.floor_divide(other, self)
    def __mod__(self, other: Any) -> Tensor: return ops.remainder(self, other)
    def __rmod__(self, other: Any) -> Tensor: return ops.remainder(other, self)
    def __matmul__(self, other: Any) -> Tensor: return _record(ops.matmul, (self, other))
    def __rmatmul__(self, other: Any) -> Tensor: return _record(ops.matmul, (other, self))
    def __lt__(self, other: Any) -> Tensor: return _record(ops.less, (self, other))
    def __le__(self, other: Any) -> Tensor: return _record(ops.less_equal, (self, other))
    def __gt__(self, other: Any) -> Tensor: return _record(ops.greater, (self, other))
    def __ge__(self, other: Any) -> Tensor: return _record(ops.greater_equal, (self, other))
    def __and__(self, other: Any) -> Tensor: return ops.logical_and(_truth(self), _truth(other))
    def __rand__(self, other: Any) -> Tensor: return ops.logical_and(_truth(other), _truth(self))
    def __or__(self, other: Any) -> Tensor: return ops.logical_or(_truth(self), _truth(other))
    def __ror__(self, other: Any) -> Tensor: return ops.logical_or(_truth(other), _truth(self))
    def __xor__(self, other: Any) -> Tensor: return ops.logical_xor(_truth(self), _truth(other))
    def __rxor__(self, other: Any) -> Tensor: return ops.logical_xor(_truth(other), _truth(self))
    def __invert__(self) -> Tensor: return ops.logical_not(_truth(self))
    # fmt: on

    def __eq__(self, other: Any) -> Any:
        return NotImplemented if _incomparable(other) else _record(ops.equal, (self, other))

    def __ne__(self, other: Any) -> Any:
        return NotImplemented if _incomparable(other) else _record(ops.not_equal, (self, other))

    # `==` compares entries, so a Tensor is found in a dict or set by identity alone.
    __hash__ = object.__hash__


# ------------------------------------------------------------------------------------------------- recording


_record = Tensor.record


def _in_mode(op: Op, inputs: tuple[Any, ...], settings: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    """The mode that holds here, what computes the operation, and its inputs and settings as a trace shall have them."""
    here = mode()
    if isinstance(here, Tracer):
        return here, op.forward, *here.record.operands(inputs, settings)
    return here, _quiet(op.forward, here), inputs, settings


def _quiet(function: Callable[..., Any], here: bool | Observer | None) -> Callable[..., Any]:
    """The function without NumPy's warnings, where an Observer reports what they are about."""
    return partial(quietly, function) if isinstance(here, Observer) and here.reports_errors else function


def _observed(node: Tensor, by: Observer, tracked: bool) -> None:
    """Tell the Observer of a new node; what a Tracer makes the node record needs no gradient for it."""
    if by.traces:
        _check_shape_is_fixed(node)
        node._requires_grad = node._requires_grad and tracked and by.differentiable
        if node._extras is not None:
            node._extras.saved = _node(SAVED, (node,), _NO_SETTINGS, node._extras.saved)
            by.recorded(node._extras.saved)
    by.recorded(node)


def _check_shape_is_fixed(node: Tensor) -> None:
    """A trace holds for all values, so that none may decide about a shape."""
    if node.op is ops.getitem and any(isinstance(x, Tensor) and x.dtype == bool for x in node.inputs[1:]):
        raise TypeError(
            f"getitem: {describe(node.inputs[0])}: the shape of x[mask] depends on the values of a traced mask; write "
            "ag.where(mask, x, 0), or compute the mask outside of the compiled function"
        )


SAVED = Op("saved", lambda out: out, None, doc="What the forward of a traced operation has saved for its rules.")


def _check_readable(x: Tensor, wanted: str) -> None:
    """A trace stands for the function at any values, so that none can be read while it is made."""
    here = tracer()
    if here:
        cure = _INSTEAD.get(wanted, "return it from the function to see its value, or compute it outside and pass it")
        refusal = TypeError(f"{wanted}: {describe(x)} is traced by ag.compile, and has no value yet; {cure}")
        here.record.refusal = here.record.refusal or refusal  # code may catch it and go another way
        raise refusal


_INSTEAD = {
    "bool": "write ag.where(condition, x, y) instead of a branch on it",
    "backward": "compile the function that returns the loss, and call value_and_grad of what compile returns",
    "grad": "compute gradients with ag.gradients or ag.grad in the function",
    "repr": "show x.shape, or return it from the function to see its value",
}


def _node(op: Op, inputs: tuple[Any, ...], settings: Mapping[str, Any], data: Array) -> Tensor:
    node = _new(Tensor)
    node._data = data
    node._grad = node._name = None
    node._requires_grad = op.differentiable and (data.dtype.kind == "f" or _is_float(op, inputs, data))
    node._extras = None
    node.op = op
    node.inputs = inputs
    node.settings = settings
    return node


def independent(x: Tensor) -> Tensor:
    """A variable with the value of a traced Tensor, to differentiate by: no gradient flows further back."""
    variable = _node(ops.stop_gradient, (x,), _NO_SETTINGS, x._data)
    variable._requires_grad = True
    here = tracer()
    if here:
        here.recorded(variable)
    return variable


def _is_float(op: Op, inputs: tuple[Any, ...], data: Array) -> bool:
    """False for integers and booleans, which carry no gradient; TypeError for what would carry a wrong one."""
    if data.dtype.kind in "iub":
        return False
    operands = ", ".join(describe(x, True) for x in inputs)
    raise TypeError(f"{op.name}: {operands}: a result of {data.dtype} has no gradient here; use float data")


def _leaf(data: Array, requires_grad: bool, name: str | None = None) -> Tensor:
    leaf = _new(Tensor)
    _fill_leaf(leaf, data, requires_grad, name)
    return leaf


def constant(data: Array, name: str | None = None) -> Tensor:
    """A leaf without a gradient that holds just these data."""
    return _leaf(data, False, name)


def _fill_leaf(leaf: Tensor, data: Array, requires_grad: bool, name: str | None) -> None:
    leaf._data = data
    leaf._grad = None
    leaf._name = checked_name(name)
    leaf._requires_grad = requires_grad
    leaf._extras = None
    leaf.op = None
    leaf.inputs = ()
    leaf.settings = _NO_SETTINGS


def as_tensor(
    data: ArrayLike | Tensor,
    *,
    requires_grad: bool = True,
    dtype: DTypeLike | None = None,
    name: str | None = None,
) -> Tensor:
    """A Tensor that shares the memory of an array (where dtypes allow); a Tensor is returned as it is.

    >>> shared = np.zeros(2)
    >>> x = as_tensor(shared, name="x")
    >>> shared[0] = 5.0
    >>> x
    Tensor([5., 0.], name='x')
    """
    if isinstance(data, Tensor):
        if dtype is not None or name is not None or not requires_grad:
            raise TypeError(
                f"as_tensor: {describe(data)} is a Tensor already; write x.astype(dtype), x.named(name) or x.detach()"
            )
        return data
    return _leaf(checked_data(data, requires_grad, dtype, copy=False), requires_grad, name)


# ------------------------------------------------------------------------------------------------------ the walk


def topological_order(output: Tensor, *more: Tensor) -> list[Tensor]:
    """Every Tensor that the outputs were computed from, and themselves: each after all its inputs.

    >>> x = Tensor(1.0, name="x")
    >>> [node.name or node.op.name for node in topological_order((x + x) * x)]
    ['x', 'add', 'multiply']
    """
    order: list[Tensor] = []
    entered: set[Tensor] = set()
    stack: list[Tensor | None] = [*more[::-1], output]
    while stack:
        node = stack.pop()
        if node is None:  # all inputs of the node below this mark are in order
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in entered:
            entered.add(node)
            if not node.inputs:
                order.append(node)
                continue
            stack += (node, None)
            for x in reversed(node.inputs):
                if isinstance(x, Tensor) and x not in entered:
                    stack.append(x)
    return order


def walk(output: Tensor, seed: Any, *, create_graph: bool = False, wrt: Sequence[Tensor] = ()) -> Iterator[Any]:
    """Go back from `output` and yield each node with its finished gradient, after all the nodes that use it.

    With `create_graph` the gradients are Tensors, recorded like any other computation. With `wrt` only the paths that
    lead to these Tensors are followed.
    """
    order = topological_order(output)
    needed = _leading_to(wrt, order) if wrt else None
    totals = {output: seed}
    private: set[Tensor] = set()  # nodes whose total is an array of our own, into which a gradient may be added
    watcher = observer()
    while order:
        node = order.pop()
        g = totals.pop(node, None)
        if g is None:
            continue
        if node._extras is not None and node._extras.hooks:
            g = _hooked(node, g)
        if node.op is not None:
            _send_back(node, node.op, g, create_graph, needed, totals, private, watcher)
        yield node, g


def _send_back(
    node: Tensor,
    op: Op,
    g: Any,
    create_graph: bool,
    needed: set[Tensor] | None,
    totals: dict[Tensor, Any],
    private: set[Tensor],
    watcher: Observer | None,
) -> None:
    """Add what `node` contributes to the gradient of each of its inputs."""
    settings = {**node.settings, "saved": _saved(node, create_graph)} if op.saves else node.settings
    out: Any = node if create_graph else node._data
    inputs: Sequence[Any] = node.inputs
    if not create_graph:
        inputs = [x._data if isinstance(x, Tensor) else x for x in node.inputs]
    for x, rule in zip(node.inputs, op.vjps or op.rules(len(inputs))):
        if rule is None or not isinstance(x, Tensor) or not x._requires_grad:
            continue
        if needed is not None and x not in needed:
            continue
        try:
            if op.accumulate is not None and rule is op.vjps[0] and not create_graph and watcher is None and x.ndim:
                op.accumulate(_private_total(x, totals, private), g, *inputs, **settings)
                continue
            rule = rule if watcher is None else _quiet(rule, watcher)
            contribution = rule(g, out, *inputs, **settings) if settings else rule(g, out, *inputs)
            # Most scalars are float64, and most arrays fit; for all else dtype and shape are seen to.
            if type(contribution) is not _FLOAT64 or type(x._data) is not _FLOAT64:
                contribution = _fit(contribution, x)
        except (TypeError, ValueError, IndexError) as error:
            raise rule_failure(op, x, error) from error
        if watcher is not None:
            watcher.contributed(node, x, g, contribution)
        totals[x] = totals[x] + contribution if x in totals else contribution


def _extras(node: Tensor) -> Extras:
    if node._extras is None:
        node._extras = Extras()
    return node._extras


def _saved(node: Tensor, create_graph: bool) -> Any:
    """What the forward saved; None where the way back is differentiated, which what was saved can't be."""
    if node._extras is None or (create_graph and _is_differentiable()):
        return None
    return node._extras.saved


def _is_differentiable() -> bool:
    """Whether what is recorded here can be differentiated."""
    mode = observer()
    return mode is None or mode.differentiable


def _retains_grad(node: Tensor) -> bool:
    return node._extras is not None and node._extras.retains_grad


def _hooked(node: Tensor, g: Any) -> Any:
    """The gradient as the hooks of the node leave it."""
    assert node._extras is not None
    for hook in list(node._extras.hooks):
        replaced = hook(g if isinstance(g, Tensor) else read_only(g))
        if replaced is not None:
            g = replaced if isinstance(replaced, Tensor) else conforming("hook", replaced, node)
    return g


def _leading_to(wrt: Sequence[Tensor], order: list[Tensor]) -> set[Tensor]:
    """The nodes through which a gradient reaches one of the Tensors asked for."""
    needed = set(wrt)
    for node in order:
        if node.op is not None and node not in needed:
            rules = zip(node.inputs, node.op.rules(len(node.inputs)))
            if any(rule is not None and isinstance(x, Tensor) and x in needed for x, rule in rules):
                needed.add(node)
    return needed


def _private_total(x: Tensor, totals: dict[Tensor, Any], private: set[Tensor]) -> Array:
    """The total of `x` as an array to add into: reading n entries one by one must not make n arrays of its size."""
    if x not in private:
        totals[x] = np.array(totals[x]) if x in totals else np.zeros(x.shape, x.dtype)
        private.add(x)
    total: Array = totals[x]
    return total


def _fit(g: Any, x: Tensor) -> Any:
    """Sum a gradient over the axes along which `x` was broadcast, and cast it to the dtype of `x`."""
    data = x._data
    if isinstance(g, np.ndarray) and g.dtype is data.dtype:
        if g.shape == data.shape:
            return g if g.shape else g[()]
        if data.shape and g.shape[1:] == data.shape:  # a bias: one axis is summed over
            return np.add.reduce(g)
    if not isinstance(g, (Tensor, np.ndarray, np.generic, int, float)):
        raise TypeError(f"it gave {type(g).__name__}, not an array")
    g = g if isinstance(g, Tensor) else np.asarray(g)[()]
    g = _unbroadcast(g, x.shape) if g.shape != x.shape else g
    if g.shape != x.shape:
        raise ValueError(f"it gave a gradient of shape {g.shape}")
    if g.dtype.kind not in "fiub":
        raise TypeError(f"it gave a gradient of {g.dtype}")
    return g if g.dtype == x.dtype else ops.astype(g, dtype=x.dtype)


def _unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    added = len(g.shape) - len(shape)
    if added > 0:
        g = g.sum(axis=0 if added == 1 else tuple(range(added)))
        if g.shape == shape:
            return g
    stretched = tuple(axis for axis, (m, n) in enumerate(zip(g.shape, shape)) if n == 1 != m)
    return g.sum(axis=stretched, keepdims=True) if stretched else g


def gradients(
    output: Tensor,
    wrt: Sequence[Tensor] | None = None,
    gradient: Any = None,
    *,
    create_graph: bool = False,
) -> Any:
    """The gradients of `output`, leaving every `.grad` as it is.

    Without `wrt`, a dict of every Tensor that takes part to its gradient; with `wrt`, a list in that order, zero for a
    Tensor that `output` does not depend on. With `create_graph=True` the gradients are Tensors that can be
    differentiated again; otherwise they are arrays that can't be written, because nodes may share them. `gradient` is
    as in `Tensor.backward`.

    Raises TypeError if `wrt` is not a sequence of Tensors that require gradients, and as `Tensor.backward`.

    >>> x = Tensor(3.0)
    >>> (slope,) = gradients(x**3, [x], create_graph=True)
    >>> slope
    Tensor(27.0, op='multiply')
    >>> gradients(slope, [x])
    [np.float64(18.0)]
    """
    wrt = None if wrt is None else _checked_wrt(wrt)
    wanted = set(wrt or ())
    block, create_graph = _way_back(create_graph)
    seed = _seed_tensor(output, gradient) if create_graph else _seed(output, gradient)
    with block:
        every = walk(output, seed, create_graph=create_graph, wrt=wrt or ())
        found = {node: g if create_graph else read_only(g) for node, g in every if wrt is None or node in wanted}
    return found if wrt is None else [found[x] if x in found else _zero(x, create_graph) for x in wrt]


def _way_back(create_graph: bool) -> tuple[AbstractContextManager[Any], bool]:
    """The mode of a walk, and whether its gradients are Tensors: in a trace they always are."""
    if create_graph:
        return recording(), True
    return (no_grad(), True) if tracer() else (nullcontext(), False)


def _zero(x: Tensor, create_graph: bool) -> Any:
    zero = np.zeros_like(x._data)[()]
    return _leaf(zero, False) if create_graph else zero


def _checked_wrt(wrt: Any) -> list[Tensor]:
    if isinstance(wrt, Tensor):
        raise TypeError(f"gradients: wrt is one Tensor, {describe(wrt)}; write wrt=[x]")
    tensors: list[Tensor] = list(wrt)
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(f"gradients: wrt holds a {type(x).__name__}; only Tensors have gradients")
        if not x._requires_grad:
            raise TypeError(f"gradients: {describe(x)} does not require a gradient; create it with requires_grad=True")
    return tensors


def _seed(output: Tensor, gradient: Any) -> Any:
    """The gradient to start from: ones for an output of one entry, else a private copy of what was given."""
    if not isinstance(output, Tensor):
        raise TypeError(f"gradients: the output is a {type(output).__name__}; only a Tensor has gradients")
    if not output._requires_grad:
        raise TypeError(
            f"backward: {describe(output)} does not depend on a Tensor that requires a gradient; "
            "check requires_grad of its inputs, and that it was not computed under ag.no_grad() or detached"
        )
    if gradient is not None:
        given = gradient._data if isinstance(gradient, Tensor) else gradient
        return conforming("gradient", np.array(given), output)
    data: Any = output._data
    if isinstance(data, np.generic):
        return type(data)(1)
    if data.size != 1:
        raise ValueError(
            f"backward: {describe(output)} has {output.size} entries, not 1; "
            "reduce it with .sum() or .mean(), or pass a gradient of its shape to backward()"
        )
    return np.ones(data.shape, data.dtype)


def _seed_tensor(output: Tensor, gradient: Any) -> Tensor:
    """The same as a Tensor; a Tensor that was given stays in the graph."""
    seed = _leaf(_seed(output, gradient), False)
    return ops.astype(gradient, dtype=output.dtype) if isinstance(gradient, Tensor) else seed


replace_grad: Any = vars(Tensor)["_grad"].__set__
replace_data: Any = vars(Tensor)["_data"].__set__
"""These set the gradient or the data of a Tensor as they are; written in C, for `at_once`."""


def _publish(finished: list[tuple[Tensor, Array]]) -> None:
    """Add the gradients to `.grad`: all of them, or none if something interrupts."""
    with _publishing:
        at_once([(replace_grad, node, read_only(_total(node, g))) for node, g in finished])


def _total(node: Tensor, g: Array) -> Array:
    """Leaves accumulate."""
    return g if node._grad is None or node.op is not None else node._grad + g


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _rebuilt(data: Array, grad: Array | None, requires_grad: bool, name: str | None) -> Tensor:
    """A leaf as pickle and copy make it anew."""
    leaf = _leaf(data, requires_grad, name)
    leaf.grad = grad
    return leaf


def _truth(x: Any) -> Any:
    """An operand of & | ^ ~, which are defined for booleans."""
    if np.result_type(x.dtype if hasattr(x, "dtype") else x) == np.bool:
        return x
    raise TypeError(f"& | ^ ~: {describe(x, True)} is not boolean; compare it first, (x > 0) & (y > 0)")


def _incomparable(other: Any) -> bool:
    return other is None or isinstance(other, str)


# ------------------------------------------------------------------------------------------- NumPy's functions

_NUMPY: dict[Any, Any] = {f.numpy: f for f in vars(ops).values() if getattr(f, "numpy", None) is not None}

_NUMPY |= {  # `array & tensor` comes as one of these
    np.bitwise_and: lambda x, y: ops.logical_and(_truth(x), _truth(y)),
    np.bitwise_or: lambda x, y: ops.logical_or(_truth(x), _truth(y)),
    np.bitwise_xor: lambda x, y: ops.logical_xor(_truth(x), _truth(y)),
    np.invert: lambda x: ops.logical_not(_truth(x)),
}

_SHAPE_QUERIES = frozenset({np.shape, np.ndim, np.size, np.zeros_like, np.ones_like})
_QUERIES = _SHAPE_QUERIES | {np.full_like, np.allclose, np.array_equal, np.nonzero, np.argwhere, np.flatnonzero}
"""NumPy functions whose result does not carry a gradient: they see the plain data."""


def _call_as_numpy(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call our function for NumPy's, whose arguments after the arrays may come by position."""
    function = _NUMPY[func]
    arity = getattr(function, "arity", None)
    if arity is not None and len(args) > arity:
        parameters = list(signature(func).parameters.values())[arity : len(args)]
        given = {p.name: value for p, value in zip(parameters, args[arity:]) if value is not p.default}
        args, kwargs = args[:arity], {**given, **kwargs}
    return function(*args, **kwargs)


def _no_rule(name: str, x: Tensor) -> str:
    return (
        f"{name} of {describe(x)}: no derivative is known for it; compute with the operations of autograd_mini, "
        "define it with ag.Op(name, forward, *rules), or pass x.data for a result without gradient"
    )
