"""The gradient of any function, written in whatever library, against its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd_mini.checks import Array
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.comparing import compare
from autograd_mini.comparison.diagnosis import diagnose
from autograd_mini.comparison.findings import Finding
from autograd_mini.comparison.given import UnusableError, array_of, finite_sentence, shape_sentence
from autograd_mini.comparison.numeric import MARGIN, Index, difference, sides
from autograd_mini.comparison.report import Report, Row
from autograd_mini.comparison.witnesses import ROUGH, YOURS, Testimony
from autograd_mini.modes import tracer
from autograd_mini.ops import Op
from autograd_mini.tensor import Tensor
from autograd_mini.transforms.trees import Leaf, flatten, matching


def factor(said: Sequence[Testimony], *sizes: Mapping[str, int]) -> Finding | None:
    """That what was derived by hand is a constant times the numeric derivative, or None if it is not.

    The constant is named after the first of the `sizes` that it is, or is the reciprocal of.
    """
    hand, numeric = np.array([one.hand for one in said]), np.array([one.numeric for one in said])
    error = np.array([one.error for one in said])
    unit = float(np.max(np.abs(numeric), initial=0.0))
    if not np.isfinite(hand).all() or not unit:
        return None
    ratio = float((hand / unit) @ (numeric / unit) / ((numeric / unit) @ (numeric / unit)))
    if ratio == 0 or (np.abs(hand - ratio * numeric) > 4 * abs(ratio) * error + 1e-9 * np.abs(hand)).any():
        return None
    origin = next(filter(None, (_origin(ratio, names) for names in sizes)), "")
    apart = (hand - ratio * numeric) / unit
    residual = float(np.linalg.norm(apart) / np.linalg.norm(hand / unit))
    return Finding("factor", f"your rule is {_text(ratio)} times the gradient{origin}", residual)


def _text(ratio: float) -> str:
    for number, text in ((ratio, "{}"), (1 / ratio, "1/{}")):
        whole = round(number)
        if whole and math.isclose(number, whole, rel_tol=1e-6):
            return "-" * (whole < 0) + text.format(abs(whole))
    return f"{ratio:.6g}"


def _origin(ratio: float, sizes: Mapping[str, int]) -> str:
    """Which of the sizes the factor is."""
    for number in (ratio, 1 / ratio):
        names = [name for name, size in sizes.items() if size > 2 and math.isclose(number, size, rel_tol=1e-6)]
        if names:
            return f"; {round(number)} is {' and '.join(names[:3])}"
    return ""


ALL = 200
"""Entries of an array that are all tried; of a larger one this many, drawn with a seed."""

CENTRAL = "central differences"


def compare_functions(
    loss_fn: Callable[[Any], Any],
    grad_fn: Callable[[Any], Any],
    x: Any,
    *,
    sizes: Mapping[str, int] | None = None,
) -> Report:
    """Compare the gradient that `grad_fn(x)` returns with the values of `loss_fn(x)`: a report with a row per array.

    `x` is an array (a flat vector, say), or lists, tuples and dicts of arrays; `grad_fn` returns the like. `loss_fn`
    returns one number. If it computes with Tensors, this is `ag.compare` on the graph that it records. If not, the
    witnesses are two: what `grad_fn` says, and central differences of the values, entry by entry (of an array of more
    than 200 entries a seeded sample). A row is right where these agree within the estimated error; one about which
    differences say nothing is wrong, because nothing confirms it. `sizes` gives names to numbers that may turn up as a
    wrong factor: `{"n_outputs": 3}`.

    Raises TypeError for anything but functions, for `x` that are no real numbers, and within `ag.compile`; ValueError
    if `grad_fn` returns another structure, or `loss_fn` several numbers.

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> report = compare_functions(lambda x: float(np.sum(x**2)), lambda x: x, x)
    >>> report["x"].verdict, report["x"].findings[0].detail
    ('wrong', 'your rule is 1/2 times the gradient')
    """
    _check_call(loss_fn, grad_fn)
    leaves, rebuild = _arrays(x)
    hands = matching(rebuild([leaf.value for leaf in leaves]), grad_fn(rebuild(_copies(leaves))), "grad_fn(x)")
    recorded = _recorded(loss_fn, rebuild, leaves)
    if recorded is not None:
        loss, variables = recorded
        return compare(loss, dict(zip(variables, (hand.value for hand in hands))))
    with np.errstate(all="ignore"):
        checked = _Function(loss_fn, rebuild, leaves, dict(sizes or {}))
        return Report([checked.row(position, hand.value) for position, hand in enumerate(hands)])


def _check_call(*functions: Any) -> None:
    if tracer():
        raise TypeError("compare_functions: values are not known while ag.compile traces; compare outside of it")
    for function in functions:
        if not callable(function):
            raise TypeError(f"compare_functions: expected a function of x, got {type(function).__name__}")


def _arrays(x: Any) -> tuple[list[Leaf], Callable[[Iterable[Any]], Any]]:
    """The arrays in x, as floats, with their paths; a list of numbers is one array."""
    leaves, rebuild = flatten(x, "x")
    if leaves and isinstance(x, list | tuple) and all(isinstance(leaf.value, int | float) for leaf in leaves):
        leaves, rebuild = flatten(np.array(x), "x")
    return [Leaf(path, _floats(path, value)) for path, value in leaves], rebuild


def _floats(path: str, value: Any) -> Array:
    try:
        array = array_of(value)
    except UnusableError as problem:
        raise TypeError(f"compare_functions: {path}: {problem}") from None
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _copies(leaves: Sequence[Leaf]) -> list[Array]:
    return [leaf.value.copy() for leaf in leaves]


def _recorded(
    loss_fn: Callable[[Any], Any], rebuild: Callable[[Iterable[Any]], Any], leaves: Sequence[Leaf]
) -> tuple[Tensor, list[Tensor]] | None:
    """The loss as a Tensor and its variables, if the function computes with Tensors."""
    variables = [Tensor(leaf.value, name=leaf.path) for leaf in leaves]
    try:
        loss = loss_fn(rebuild(variables))
    except Exception:  # what another library raises at a Tensor may be anything
        return None
    recorded = isinstance(loss, Tensor) and loss.requires_grad and loss.size == 1
    return (loss, variables) if recorded else None


@dataclass(frozen=True, eq=False)
class _Function:
    """A function of arrays that is known by its values alone."""

    loss_fn: Callable[[Any], Any]
    rebuild: Callable[[Iterable[Any]], Any]
    leaves: Sequence[Leaf]
    sizes: Mapping[str, int]

    def row(self, position: int, value: Any) -> Row:
        """The verdict on the gradient by one of the arrays."""
        path, x = self.leaves[position]
        try:
            hand = array_of(value)
        except UnusableError as problem:
            return _failed(path, x.shape, Finding("unknown", str(problem), math.nan))
        if hand.shape != x.shape:
            nothing = np.full(x.shape, math.nan)
            return _failed(path, x.shape, Finding("shape", shape_sentence(hand, nothing, nothing), math.nan))
        if not np.isfinite(hand).all():
            return _failed(path, x.shape, Finding("unknown", finite_sentence(hand), math.nan))
        said = [self._asked(position, index, float(hand[index])) for index in _indices(x.shape)]
        row = self._judged(path, x, position, said)
        whole = row.verdict == "wrong" and len(_decided(said)) == x.size
        return replace(row, findings=_diagnosed(row, x, hand, said)) if whole else row

    def _asked(self, position: int, index: Index, hand: float) -> Testimony:
        x = self.leaves[position].value
        found = difference(self._along(position, index), float(x[index]), float(np.max(np.abs(x))), self._epsilon)
        error = MARGIN * found.error + self._precision() * abs(found.value)
        return Testimony(index, hand, math.nan, found.value, error, CENTRAL)

    def _precision(self) -> float:
        """Rounding of what is compared, in the coarsest of the dtypes."""
        return 64 * max(float(np.finfo(leaf.value.dtype).eps) for leaf in self.leaves)

    @cached_property
    def _epsilon(self) -> float:
        """Rounding of the values of the loss, which may be less precise than the arrays it is computed from."""
        value = _plain(self.loss_fn(self.rebuild(leaf.value.astype(np.float64) for leaf in self.leaves)))
        return float(np.finfo(value.dtype if value.dtype.kind == "f" else np.float64).eps)

    def _along(self, position: int, index: Index) -> Callable[[float], float]:
        def along(shift: float) -> float:
            arrays = [leaf.value.astype(np.float64) for leaf in self.leaves]
            arrays[position][index] += shift
            return _number(self.loss_fn(self.rebuild(arrays)))

        return along

    def _judged(self, path: str, x: Array, position: int, said: Sequence[Testimony]) -> Row:
        decided = _decided(said)
        differing = [one for one in decided if not abs(one.hand - one.numeric) <= one.error]
        wrong = [one for one in differing if not self._at_kink(position, one)]
        worst = max(wrong or differing or decided, key=_excess, default=None)
        verdict = "wrong" if wrong or (said and not decided) else "kink" if differing else "rounding"
        findings = self._findings(wrong, decided, said, verdict)
        shown = (worst, *(one for one in wrong if one is not worst)) if worst is not None and wrong else ()
        vote = YOURS if wrong else _about_rough(len(said) - len(decided), len(said))
        apart = [abs(one.hand - one.numeric) for one in decided]
        larger = [max(abs(one.hand), abs(one.numeric)) or 1.0 for one in decided]
        relative = max((a / b for a, b in zip(apart, larger)), default=0.0)
        at = worst.index if worst is not None and worst.hand != worst.numeric else None
        most = max(apart, default=0.0 if not said else math.nan)
        return Row(path, x.shape, verdict, most, relative, at, math.nan, findings, vote, shown)

    def _at_kink(self, position: int, one: Testimony) -> bool:
        """Whether the slopes to the two sides stay apart, and what was derived by hand lies between them."""
        x = float(self.leaves[position].value[one.index])
        low, high = sides(self._along(position, one.index), x, self._epsilon)
        return low < high and low - one.error <= one.hand <= high + one.error

    def _lengths(self) -> dict[str, int]:
        """The sizes that the arrays themselves have."""
        shapes = [(leaf.path, leaf.value.shape) for leaf in self.leaves]
        return {f"the length of axis {axis} of {path}": n for path, shape in shapes for axis, n in enumerate(shape)}

    def _findings(
        self, wrong: Sequence[Testimony], decided: Sequence[Testimony], said: Sequence[Testimony], verdict: str
    ) -> tuple[Finding, ...]:
        if verdict == "kink":
            text = "the function has a kink here: any value between the one-sided slopes is a subgradient"
            return (Finding("kink", text, math.nan),)
        if verdict != "wrong":
            return ()
        if not wrong:
            text = f"nothing confirms your rule: {_about_rough(len(said), len(said))}"
            return (Finding("unknown", text, math.nan),)
        found = factor(decided, self.sizes, self._lengths())
        text = f"{len(wrong)} of {len(decided)} entries that were tried differ, and by no common factor"
        return (found or Finding("unknown", text, math.nan),)


def _diagnosed(row: Row, x: Array, hand: Array, said: Sequence[Testimony]) -> tuple[Finding, ...]:
    """What a diagnosis adds that needs nothing but the numbers: the function is an operation of its own to it."""
    gradient = np.array([one.numeric for one in said]).reshape(x.shape)
    error = np.array([one.error for one in said]).reshape(x.shape)
    node = Tensor(x, name=row.name)
    opaque = Op("loss_fn", lambda x: np.sum(x * gradient), lambda g, out, x: g * gradient)
    case = Case(opaque(node), node, row.name, hand.astype(np.float64), gradient, error, np.zeros(x.shape, bool), {})
    more = [finding for finding in diagnose(case) if finding.kind not in ("factor", "unknown")]
    known = [finding for finding in row.findings if finding.kind == "factor"]
    return (*known, *more) or row.findings


def _failed(path: str, shape: tuple[int, ...], finding: Finding) -> Row:
    return Row(path, shape, "wrong", math.nan, math.nan, None, math.nan, (finding,))


def _indices(shape: tuple[int, ...]) -> list[Index]:
    count = math.prod(shape)
    flat = np.arange(count)
    if count > ALL:
        flat = np.sort(np.random.default_rng(0).choice(count, ALL, replace=False))
    return [tuple(int(i) for i in np.unravel_index(entry, shape)) for entry in flat]


def _plain(value: Any) -> Array:
    return np.asarray(value.data if isinstance(value, Tensor) else value)


def _number(value: Any) -> float:
    array = _plain(value)
    if array.size != 1:
        raise ValueError(f"compare_functions: loss_fn returned {array.shape}, not one number; sum or average it")
    return float(array.item())


def _about_rough(count: int, tried: int) -> str:
    return f"{ROUGH} about {count} of {tried} entries" if count else ""


def _decided(said: Sequence[Testimony]) -> list[Testimony]:
    """The entries about which the differences are precise enough to tell anything: for the entry, or for the array."""
    scale = max((abs(one.numeric) for one in said if math.isfinite(one.numeric)), default=0.0)
    return [one for one in said if _is_precise(one, scale)]


def _is_precise(one: Testimony, scale: float) -> bool:
    size = max(abs(one.hand), abs(one.numeric))
    return math.isfinite(one.numeric) and one.error <= max(1e-3 * size, 1e-6 * scale)


def _excess(one: Testimony) -> float:
    apart = abs(one.hand - one.numeric)
    return apart / one.error if one.error > 0 else math.inf if apart > 0 else 0.0
