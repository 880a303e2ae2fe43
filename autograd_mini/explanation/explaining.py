"""`explain`: the forward equations and the delta rules of a loss, read off its graph."""

from __future__ import annotations

from typing import Any

from autograd_mini.errors import describe
from autograd_mini.explanation.conventions import check_choices
from autograd_mini.explanation.equations import equations_of
from autograd_mini.explanation.explanation import Explanation
from autograd_mini.graph.walk import leading_to
from autograd_mini.tensor import Tensor, topological_order


def explain(
    loss: Any,
    wrt: Any = None,
    *,
    samples: str | None = None,
    weights: str | None = None,
    bias: str = "separate",
    average: bool = True,
    style: str = "matrices",
) -> Explanation:
    """The forward equations and the delta rules of a loss, read off its graph and simplified.

    `loss` is a Tensor of one entry that requires a gradient. δ1, δ2, … are the gradients of the net inputs (weighted
    sums) in forward order, dW1 is that of W1, d_name that of a longer name. Names are those of the Tensors; others get
    short ones: Z for net inputs, h for what is computed from these, W and b for parameters, X for data, T for targets,
    y for labels, E for the loss. N and K are the sizes of the first and last axis that a mean goes over. What has no
    formula is a call of the operation's own rule: `vjp_conv2d(...)`.

    - `wrt`, a Tensor or its name: only what its gradient needs, and the paths of the chain rule that lead to it.
    - `samples="rows"` or `"columns"`, `weights="in-out"` or `"out-in"`: the net as it is written in that convention,
      whatever its own is. By default it is explained as it is computed.
    - `bias="row"`: W̃ = [b; W] and [1, X] @ W̃ in place of X @ W + b, where their gradients come from one layer.
    - `average=False`: the rules of N·E, so that the N of a mean over samples does not show.

    - `style="scalars"`: every equation for one entry, with subscripts: dW_jk = Σ_n X_nj·δ_nk. It has no paths.

    No `.grad` is read or changed. Raises TypeError if `loss` is no Tensor or requires no gradient; ValueError if it has
    several entries or is a leaf, for a `wrt` that it does not depend on, and for an unknown choice.

    >>> import autograd_mini as ag
    >>> x, W = ag.Tensor([[1.0, 2.0]], requires_grad=False, name="x"), ag.Tensor([[3.0], [4.0]], name="W")
    >>> print(explain(((x @ W - 1) ** 2).mean()))
    forward
      Z = x @ W           (1, 1)
      E = mean((Z − 1)²)
    backward
      δ = 2·(Z − 1)       (1, 1)
      dW = xᵀ @ δ         (2, 1)
    with δ = ∂E/∂Z
    """
    check_choices(samples=samples, weights=weights, bias=bias, style=style)
    _check_loss(loss)
    target = None if wrt is None else _wrt(wrt, loss)
    needed = None if target is None else leading_to(topological_order(loss), target)
    return Explanation(equations_of(loss, target, needed, samples, weights, bias, average), style)


def _check_loss(loss: Any) -> None:
    if not isinstance(loss, Tensor):
        raise TypeError(f"explain: the loss is a Tensor, got {type(loss).__name__}")
    if not loss.requires_grad:
        raise TypeError(
            f"explain: {describe(loss)} does not depend on a Tensor that requires a gradient; "
            "check requires_grad of its inputs, and that it was not computed under ag.no_grad() or detached"
        )
    if loss.size != 1:
        raise ValueError(f"explain: {describe(loss)} has {loss.size} entries, not 1; explain its .sum() or .mean()")
    if loss.op is None:
        raise ValueError(f"explain: nothing was computed in {describe(loss)}, a leaf; pass the loss of a computation")


def _wrt(wrt: Any, loss: Tensor) -> Tensor:
    """The Tensor that is meant, by itself or by its name."""
    order = topological_order(loss)
    found = [x for x in order if x is wrt or (isinstance(wrt, str) and x.name == wrt)]
    if not found or not found[0].requires_grad:
        known = ", ".join(x.name for x in order if x.name and x.requires_grad) or "none has a name"
        shown = repr(wrt) if isinstance(wrt, str) else describe(wrt)
        raise ValueError(f"explain: the loss does not depend on {shown}; Tensors that it depends on: {known}")
    if found[0] is loss:
        raise ValueError("explain: wrt is the loss itself, whose derivative by itself is 1")
    return found[0]
