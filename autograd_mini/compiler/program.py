"""A generated function at work: fed from its sources, its gradients handed to their Tensors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_mini.checks import Array, as_value, read_only
from autograd_mini.compiler.emit import Source
from autograd_mini.compiler.graph import Graph
from autograd_mini.compiler.linking import aligned, buffers, linked
from autograd_mini.compiler.reading import caller
from autograd_mini.compiler.sources import Outside, Pack, entries
from autograd_mini.tensor import Tensor


@dataclass(frozen=True)
class Recipe:
    """What a program is made of. It can be pickled: the source travels, and is linked again where it arrives."""

    graph: Graph | None
    """What the source computes, for drawings; None where it has come from elsewhere."""
    source: Source
    blocks: tuple[int, ...]
    """The bytes of each block of the workspace."""
    inputs: tuple[Any, ...]
    """Where each parameter of the function comes from."""
    container: Any
    """What the user's function returns, with the positions of its outputs."""
    differentiable: tuple[bool, ...]
    """Which outputs depend on what requires a gradient."""
    slopes: tuple[Any, ...]
    """Whose gradients come after these outputs."""
    updated: tuple[Any, ...]
    """Whose new values come last."""
    kept: Mapping[int, tuple[tuple[int, ...], np.dtype[Any]]]
    """Shape and dtype of the results, by position, that live in the workspace from call to call."""

    @property
    def peak_bytes(self) -> int:
        """The memory of a workspace, and of the gradients that are kept in it."""
        kept = sum(math.prod(shape) * dtype.itemsize for shape, dtype in self.kept.values())
        return sum(self.blocks) + kept


class _Workspace:
    """The memory of one run at a time."""

    def __init__(self, recipe: Recipe) -> None:
        kept, row = _kept(recipe)
        self.arrays = [*buffers(recipe.source, recipe.blocks), *kept.values(), *row]
        first = len(recipe.differentiable)
        self.slopes = [(recipe.slopes[position - first].tensor, read_only(x)) for position, x in kept.items()]

    def forget(self) -> None:
        """Take back the gradients that an interrupted run may have half written."""
        for tensor, slope in self.slopes:
            if tensor._grad is slope:
                tensor._grad = None

    def apart(self, x: Any) -> Any:
        """An input, copied if it is one of the gradients that the run is about to overwrite."""
        shared = isinstance(x, np.ndarray) and any(np.may_share_memory(x, slope) for _, slope in self.slopes)
        return x.copy() if shared else x


def _kept(recipe: Recipe) -> tuple[dict[int, Array], list[Array]]:
    """The arrays of the kept gradients, and the row of all their entries where they have one memory."""
    if not recipe.source.in_a_row:
        return {position: _array(shape, dtype) for position, (shape, dtype) in recipe.kept.items()}, []
    sizes = [math.prod(shape) for shape, _ in recipe.kept.values()]
    row = _array((sum(sizes),), next(dtype for _, dtype in recipe.kept.values()))
    starts = itertools.accumulate(sizes, initial=0)
    parts = zip(recipe.kept.items(), starts, sizes)
    return {position: row[start : start + size].reshape(shape) for (position, (shape, _)), start, size in parts}, [row]


def _array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    made: Array = aligned(math.prod(shape) * dtype.itemsize).view(dtype).reshape(shape)
    return made


class Program:
    """A recipe ready to run, in as many workspaces as threads run it at once."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._call = caller(linked(recipe.source), recipe.inputs)
        self._workspaces: list[_Workspace] = []
        first = len(recipe.differentiable)
        returned = {position: i for i, position in enumerate(recipe.source.returned)}
        slopes = enumerate(recipe.slopes, first)
        updated = enumerate(recipe.updated, first + len(recipe.slopes))
        self._slopes = [(returned[position], source) for position, source in slopes if position in returned]
        self._updated = [(returned[position], source) for position, source in updated if position in returned]

    def run(self, leaves: Sequence[Any], optimiser: Any = None) -> Sequence[Any]:
        """The outputs for these leaves of the arguments; gradients and updates go where they belong."""
        try:
            workspace = self._workspaces.pop()
        except IndexError:
            workspace = _Workspace(self.recipe)
        try:
            results = self._call(leaves, optimiser, workspace)
            for tensor, slope in workspace.slopes:
                tensor._grad = slope
            if self._slopes or self._updated:
                self._hand_out(results, leaves, workspace)
        except BaseException:
            workspace.forget()
            raise
        finally:
            self._workspaces.append(workspace)
        return results

    def _hand_out(self, results: Sequence[Any], leaves: Sequence[Any], workspace: _Workspace) -> None:
        """Gradients that are no kept arrays, added up where one Tensor came by several ways, and new values."""
        kept = dict(workspace.slopes)
        slopes: dict[Tensor, Any] = {}
        for position, source in self._slopes:
            for tensor, slope in _of_tensors(source, results[position], leaves):
                before = slopes.get(tensor, kept.get(tensor))
                slopes[tensor] = slope if before is None else before + slope
        for tensor, slope in slopes.items():
            tensor._grad = read_only(as_value(slope))
        for position, source in self._updated:
            for tensor, value in _of_tensors(source, results[position], leaves):
                tensor._data = as_value(value)


def _of_tensors(source: Any, result: Any, leaves: Sequence[Any]) -> list[tuple[Tensor, Any]]:
    """The Tensors that a result belongs to, each with its part."""
    results = result if isinstance(source, Pack) else [result]
    tensors = [s.tensor if isinstance(s, Outside) else leaves[s.position] for s in entries(source)]
    return list(zip(tensors, results))
