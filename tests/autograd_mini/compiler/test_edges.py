"""What real programs do now and then: views of single entries, masks from outside, unusual arrays and arguments."""

from __future__ import annotations

import gc
import linecache
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
import nn
from autograd_mini import Tensor

# ----------------------------------------------------------------------------------------------------------- memory


def test_an_entry_read_with_an_ellipsis_outlives_its_array() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        entry = y[0, ...]
        return entry * ag.exp(y + 1).sum()  # the sum takes the place of y

    x = np.array([0.1, 0.2, 0.3])
    np.testing.assert_allclose(ag.compile(f).value(x), 0.2 * np.exp(2 * x + 1).sum())


@pytest.mark.parametrize("index", [(...,), (0, ...), (..., 0), (slice(1), ...), (..., None)], ids=str)
def test_indices_with_an_ellipsis(index: Any) -> None:
    x = np.array([1.0, 2.0]) if len(index) > 1 else np.float64(3.0)
    result = ag.compile(lambda x: (x * 2)[index]).value(x)
    np.testing.assert_array_equal(result, (x * 2)[index])
    assert isinstance(result, np.generic) is (result.shape == ())


def test_results_can_be_written_to() -> None:
    repeated = ag.compile(lambda x: ag.broadcast_to(x * 2, (3, 2))).value(np.ones(2))
    repeated[0] = 5.0
    np.testing.assert_array_equal(repeated, [[5.0, 5.0], [2.0, 2.0], [2.0, 2.0]])


@pytest.mark.parametrize(
    "step", [lambda x: x[::-1], lambda x: ag.where(x > 0, x, x), ag.sigmoid], ids=["turned", "where", "sigmoid"]
)
def test_long_chains(step: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = step(x)
        return x

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(ag.compile(f).value(x), f(Tensor(x)).data)


# -------------------------------------------------------------------------------------------------------- optimisers


@given(count=st.integers(1, 60), trained=st.data())
def test_a_step_updates_just_the_scalars_of_the_optimiser(count: int, trained: st.DataObject) -> None:
    chosen = trained.draw(st.sets(st.integers(0, count - 1), min_size=1))
    eager, compiled = ([Tensor(0.1 * i) for i in range(count)] for _ in range(2))

    def loss(weights: list[Tensor]) -> Any:
        return sum((ag.tanh(w) * (i + 1) for i, w in enumerate(weights)), Tensor(0.0, requires_grad=False))

    loss(eager).backward()
    nn.SGD([eager[i] for i in chosen], lr=0.5).step()
    ag.compile(lambda: loss(compiled), optimiser=nn.SGD([compiled[i] for i in chosen], lr=0.5)).step()
    np.testing.assert_allclose([w.data for w in compiled], [w.data for w in eager])
    np.testing.assert_allclose([w.grad for w in compiled], [w.grad for w in eager])


def test_a_parameter_among_the_arguments_of_a_step() -> None:
    w = Tensor([1.0, 2.0], name="w")
    step = ag.compile(lambda v: (w * v).sum(), optimiser=nn.SGD([w], lr=0.5)).step
    step(Tensor([1.0, 1.0]))
    with pytest.raises(TypeError, match=r"step: w .* is a parameter of the optimiser and an argument"):
        step(w)
    np.testing.assert_array_equal(w.data, [0.5, 1.5])


def test_a_large_rate_is_no_reason_to_warn() -> None:
    w = Tensor(np.ones(2, np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ag.compile(lambda: w.sum(), optimiser=nn.SGD([w], lr=1e6)).step()
    np.testing.assert_array_equal(w.data, np.float32([1 - 1e6] * 2))


# --------------------------------------------------------------------------------------------------------- arguments


def test_a_mask_from_outside_may_select_another_number_of_entries() -> None:
    mask = np.array([True, False, True])
    x = np.array([1.0, 4.0, 7.0])
    compiled = ag.compile(lambda x: x[mask].mean() + x[mask][0])
    assert compiled.value(x) == 5.0
    mask[:] = [True, True, False]
    assert (compiled.value(x), compiled.compilations) == (3.5, 1)
    mask[:] = [False, False, True]
    assert (compiled.value(x), compiled.compilations) == (14.0, 2)


def test_a_matrix_is_computed_with_as_an_array() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        x = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    compiled = ag.compile(lambda x: (x.reshape(4) * x[0][0], x))
    product, same = compiled.value(x)
    np.testing.assert_array_equal(product, [1.0, 2.0, 3.0, 4.0])
    assert type(same) is np.ndarray


def test_a_masked_array_is_refused_also_where_an_array_was_taken() -> None:
    compiled = ag.compile(lambda x: x * 2)
    compiled.value(np.ones(2))
    with pytest.raises(TypeError, match="masked array would lose its mask"):
        compiled.value(np.ma.masked_array([1.0, 2.0], [True, False]))


def test_kinds_of_dicts_are_kept_apart() -> None:
    compiled = ag.compile(lambda d: {"ordered": d["x"] * 2} if isinstance(d, OrderedDict) else {"plain": d["x"]})
    assert list(compiled.value({"x": np.ones(1)})) == ["plain"]
    assert list(compiled.value(OrderedDict(x=np.ones(1)))) == ["ordered"]


@pytest.mark.parametrize("make", [iter, lambda xs: (x for x in xs), enumerate], ids=["iter", "generator", "enumerate"])
def test_an_argument_that_can_be_read_only_once(make: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="can be read only once; pass a list"):
        ag.compile(lambda xs: sum(xs)).value(make([Tensor(1.0)]))


def test_arguments_may_have_any_name() -> None:
    compiled = ag.compile(lambda self, function, kind: self * function - kind, check=True)
    named = {"self": np.array([2.0]), "function": np.array([3.0]), "kind": np.array([1.0])}
    np.testing.assert_array_equal(compiled.value(**named), [5.0])
    np.testing.assert_array_equal(compiled(**named).data, [5.0])


def test_a_list_of_parameters_that_is_replaced() -> None:
    v, w = Tensor(1.0), Tensor(1.0)
    optimiser = nn.SGD([v, w], lr=0.5)
    compiled = ag.compile(lambda: v + w, optimiser=optimiser)
    compiled.step()
    optimiser.parameters = [v]
    optimiser.lr = 0.25
    compiled.step()
    assert (v.data, w.data, compiled.compilations) == (0.25, 0.5, 2)
    with pytest.raises(AttributeError):
        compiled.optimiser = nn.SGD([w], lr=0.5)  # type: ignore[misc]


def test_the_source_of_a_dropped_program_is_dropped() -> None:
    def files() -> set[str]:
        return {file for file in linecache.cache if file.startswith("<ag.compile")}

    before = files()
    compiled = ag.compile(lambda x: x * 2)
    compiled.value(np.ones(2))
    assert len(files() - before) == 1
    del compiled
    gc.collect()
    ag.compile(lambda x: x * 3).value(np.ones(2))
    assert len(files() - before) == 1


# --------------------------------------------------------------------------------------------------------- gradients


_SLICES = st.lists(
    st.one_of(
        st.integers(-3, 2),
        st.slices(3),
        st.just(None),
        st.just(slice(None)),
    ),
    max_size=2,
).map(tuple)


@given(indices=st.lists(_SLICES, min_size=1, max_size=5))
def test_gradients_of_slices_that_overlap(indices: list[Any]) -> None:
    x = Tensor(np.arange(9.0).reshape(3, 3))

    def f() -> Any:
        return sum(((x[index] ** 2).sum() * (i + 1) for i, index in enumerate(indices)), Tensor(0.0))

    (expected,) = ag.gradients(f(), [x])
    ag.compile(f).value_and_grad()
    np.testing.assert_allclose(x.grad, expected)


def test_many_slices_that_overlap() -> None:
    x = Tensor(np.ones(2001))
    ag.compile(lambda: sum((x[i : i + 2].sum() for i in range(2000)), Tensor(0.0))).value_and_grad()
    np.testing.assert_array_equal(x.grad, [1.0, *[2.0] * 1999, 1.0])


def test_a_loss_of_constants_alone() -> None:
    with pytest.raises(TypeError, match="does not depend on a Tensor that requires a gradient"):
        ag.compile(lambda: Tensor(3.0) * 2).value_and_grad()


@pytest.mark.parametrize("empty", [[], (), {}], ids=str)
def test_a_function_that_returns_nothing_but_a_container(empty: Any) -> None:
    assert ag.compile(lambda: empty, check=True).value() == empty


@pytest.mark.parametrize("x", [np.int64(3), np.array([1, 2], np.uint8), np.array([True, False])], ids=str)
def test_checking_integers_and_booleans(x: Any) -> None:
    results = ag.compile(lambda x: (x * 2, x == 1), check=True).value(x)
    for one, other in zip(results, (x * 2, x == 1)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["np", "as_value", "workspace", "det", "value"])
def test_a_tensor_named_like_what_generated_source_uses(name: str) -> None:
    w = Tensor([[2.0, 0.0], [0.0, 3.0]], name=name)
    assert ag.compile(lambda: ag.linalg.det(w)).value() == 6.0


# ----------------------------------------------------------------------------------------------------------- methods


def test_a_compiled_method_that_calls_that_of_its_base() -> None:
    class Base:
        @ag.compile
        def double(self, x: Any) -> Any:
            return x * 2

    class Derived(Base):
        def double(self, x: Any) -> Any:
            return super().double(x) * 10

    derived = Derived()
    for _ in range(2):
        assert derived.double(np.float64(1.0)).item() == 20.0
    assert Base().double.value(np.float64(1.0)) == 2.0


def test_a_method_that_is_put_into_its_class_later() -> None:
    class Late: ...

    Late.double = Late.twice = ag.compile(lambda self, x: x * 2)  # type: ignore[attr-defined]
    late: Any = Late()
    for _ in range(2):
        assert late.twice.value(np.float64(1.0)) == 2.0
    assert late.twice is late.double
    assert late.double.compilations == 1


def test_a_method_of_objects_that_can_not_keep_its_programs() -> None:
    class Slotted:
        __slots__ = ()

        @ag.compile
        def double(self, x: Any) -> Any:
            return x * 2

    with pytest.raises(TypeError, match="kept in its __dict__, which this Slotted can't do"):
        Slotted().double.value(np.ones(1))


# ---------------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize("way", ["__call__", "value", "value_and_grad", "step"])
def test_a_warning_shows_the_line_of_the_call(way: str) -> None:
    w = Tensor(2.0)
    call = getattr(ag.compile(lambda n: w * n, optimiser=nn.SGD([w], lr=0.1)), way)
    with pytest.warns(ag.RecompilationWarning, match="compiled 9 times") as caught:
        _ = [call(n) for n in range(9)]
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (lambda loss: (loss, loss), "returned 2 Tensors in a tuple, not one; return the loss alone"),
        (lambda loss: {"loss": loss}, "value_and_grad: <lambda> returned 1 Tensors in a dict, not one"),
        (lambda loss: [], "value_and_grad: <lambda> returned 0 Tensors in a list, not one"),
        (lambda loss: ag.stack([loss, loss]), r"value_and_grad: the loss \(2,\) that <lambda> returned has 2 entries"),
    ],
    ids=["two", "dict", "none", "vector"],
)
def test_what_is_no_loss(result: Callable[[Any], Any], wanted: str) -> None:
    w = Tensor(2.0)
    with pytest.raises(ValueError, match=wanted):
        ag.compile(lambda: result(w * w)).value_and_grad()


@pytest.mark.parametrize("optimiser", [3, nn.SGD, object()], ids=["number", "class", "object"])
def test_what_is_no_optimiser(optimiser: Any) -> None:
    with pytest.raises(TypeError, match="is no optimiser whose step can be compiled: it has no"):
        ag.compile(lambda x: x, optimiser=optimiser)


def test_a_warning_calls_what_changes_as_the_user_does() -> None:
    class Trainer:
        count = 0

        def loss(self, x: Any) -> Any:
            return x * self.count

    trainer = Trainer()
    compiled = ag.compile(trainer.loss)
    for trainer.count in range(8):
        compiled.value(np.ones(2))
    trainer.count = 8
    with pytest.warns(ag.RecompilationWarning, match=r"because loss.__self__.count changed from 7 to 8"):
        compiled.value(np.ones(2))


# ---------------------------------------------------------------------------------------- leaves without a gradient


def _unused(way: str, b: Tensor) -> Any:
    if way == "no_grad":
        with ag.no_grad():
            return b * 1.0
    cut: dict[str, Callable[[Tensor], Any]] = {
        "detach": lambda b: b.detach(),
        "stop_gradient": ag.stop_gradient,
        "argmax": ag.argmax,
        "compared": lambda b: (b > 3.5).sum(),
        "rounded": lambda b: ag.stop_gradient(ag.round(b)),
    }
    return cut[way](b)


@pytest.mark.parametrize("optimiser", [lambda p: nn.SGD(p, 0.1, momentum=0.9), lambda p: nn.Adam(p, 0.1)])
@pytest.mark.parametrize("way", ["no_grad", "detach", "stop_gradient", "argmax", "compared", "rounded"])
def test_a_leaf_that_no_gradient_reaches_has_none_and_stays(way: str, optimiser: Callable[[Any], Any]) -> None:
    """An optimiser would move it by its momentum or its state if the gradient were 0 in place of None."""

    def losses(step_of: Callable[[Any, Any], Callable[[Any], Any]]) -> list[Any]:
        a, b, used = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), [True]
        chosen = optimiser([a, b])
        step = step_of(lambda x: (a * (b if used[0] else _unused(way, b)) * x).sum(), chosen)
        found = []
        for used[0] in (True, False, True, False):
            step(np.array([1.0, 2.0]))
            found += [a.data.copy(), b.data.copy(), b.grad is None, chosen.steps.value.item()]
        return found

    def eager(loss: Any, chosen: Any) -> Callable[[Any], Any]:
        def step(x: Any) -> None:
            chosen.zero_grad()
            loss(x).backward()
            chosen.step()

        return step

    compiled = losses(lambda loss, chosen: ag.compile(loss, optimiser=chosen).step)
    for one, other in zip(compiled, losses(eager)):
        np.testing.assert_array_equal(one, other)


def test_an_argument_that_no_gradient_reaches_has_none() -> None:
    w, p = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (p * p).sum().backward()
    ag.compile(lambda p: (w * p.detach()).sum()).value_and_grad(p)
    assert p.grad is None
    np.testing.assert_array_equal(w.grad, [3.0, 4.0])


def test_gradients_of_another_call_do_not_stay() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    compiled = ag.compile(lambda x, both: ((a + b) * x).sum() if both else (a * x).sum())
    x = np.array([1.0, 2.0])
    for both in (True, False, True, False):
        compiled.value_and_grad(x, both)
        np.testing.assert_array_equal(a.grad, x)
        assert (b.grad is not None) == both
    compiled.value_and_grad(x, True)
    b.requires_grad = False
    compiled.value_and_grad(x, True)
    assert b.grad is None


def test_a_leaf_that_is_an_argument_too_keeps_the_gradient_that_it_gets() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    compiled = ag.compile(lambda p: (a * p.detach()).sum())
    for argument, expected in ((b, [3.0, 4.0]), (a, [1.0, 2.0]), (b, [3.0, 4.0])):
        compiled.value_and_grad(argument)
        np.testing.assert_array_equal(a.grad, expected)


def test_gradients_of_another_model_stay() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = Tensor([1.0, 2.0])

    one, other = Model(), Model()
    compiled = ag.compile(lambda model, x: (model.w * x).sum())
    for model in (one, other, one):
        compiled.value_and_grad(model, np.array([3.0, 4.0]))
    np.testing.assert_array_equal(one.w.grad, [3.0, 4.0])
    np.testing.assert_array_equal(other.w.grad, [3.0, 4.0])
