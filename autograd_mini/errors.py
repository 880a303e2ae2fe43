"""What an operation says when it fails: its name, its inputs by name with their shapes, and the next step."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

_KINDS = (TypeError, IndexError, np.linalg.LinAlgError, ValueError, OverflowError)
"""The exceptions that NumPy raises for bad arguments; each failure keeps its kind."""


def failure(op: Any, inputs: tuple[Any, ...], settings: Mapping[str, Any], error: Exception) -> Exception:
    """The exception to raise when `op` could not be computed: of the same kind, and readable.

    >>> import autograd_mini as ag
    >>> failure(ag.add, (np.ones(3), np.ones(4)), {}, ValueError("operands could not be broadcast together"))
    ValueError('add: array (3,) + array (4,): shapes do not broadcast: axis -1 has sizes 3 and 4; make one of them 1')
    """
    kind = next(kind for kind in _KINDS if isinstance(error, kind))
    with_dtypes = kind is TypeError
    reason = _broadcast_reason(op, inputs) or str(error)
    return kind(f"{op.name}: {_call(op, inputs, settings, with_dtypes)}: {reason}")


def rule_failure(op: Any, x: Any, error: Exception) -> Exception:
    """The exception to raise when the rule of `op` for its input `x` failed."""
    kind = next(kind for kind in _KINDS if isinstance(error, kind))
    return kind(f"{op.name}: its rule for {describe(x)} failed: {error}; mend the rule")


def describe(x: Any, with_dtype: bool = False) -> str:
    """One input in a few words: its name or kind, then its shape.

    >>> describe(np.ones((2, 3)))
    'array (2, 3)'
    """
    if not hasattr(x, "shape"):
        return _shown(x)
    label = getattr(x, "name", None) or ("Tensor" if hasattr(x, "requires_grad") else "array")
    return f"{label} {x.dtype} {x.shape}" if with_dtype else f"{label} {x.shape}"


def _call(op: Any, inputs: tuple[Any, ...], settings: Mapping[str, Any], with_dtypes: bool) -> str:
    operands = [describe(x, with_dtypes) for x in inputs]
    if op.arity == 2 and op.symbol != op.name:
        return f" {op.symbol} ".join(operands)
    return ", ".join(operands + [f"{name}={_shown(value)}" for name, value in settings.items()])


def _shown(x: Any) -> str:
    """As Python writes it, if Python can: it recurses into containers."""
    try:
        return repr(x)
    except RecursionError:
        return f"a {type(x).__name__} nested too deep to show"


def _broadcast_reason(op: Any, inputs: tuple[Any, ...]) -> str | None:
    """Why an elementwise operation's shapes do not fit together, or None if they do."""
    if op.numpy is not np.where and (not isinstance(op.numpy, np.ufunc) or op.numpy.signature):
        return None
    for one, other in itertools.combinations([np.shape(x) for x in inputs], 2):
        for axis, (m, n) in enumerate(zip(reversed(one), reversed(other)), 1):
            if m != n and 1 not in (m, n):
                return f"shapes do not broadcast: axis -{axis} has sizes {m} and {n}; make one of them 1"
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about the name that was probably meant, to be appended to a message; empty if none is near.

    >>> did_you_mean("sofmax", ["softmax", "tanh"])
    "; did you mean 'softmax'?"
    """
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
