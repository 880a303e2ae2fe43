"""Tensor: what may become one, its attributes, NumPy's protocols, and what it says when misused."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
import nn
from autograd_mini import Tensor

# ---------------------------------------------------------------------------------------------------- construction


@pytest.mark.parametrize("data", [2, 2.0, [1, 2], np.arange(3), np.int8(4), [[True + 0]]])
def test_numbers_and_integers_become_float64(data: Any) -> None:
    x = Tensor(data)
    assert x.dtype == np.float64
    assert x.requires_grad


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_dtype(dtype: Any) -> None:
    assert Tensor(np.ones(2, dtype)).dtype == dtype
    assert Tensor(dtype(1)).dtype == dtype
    assert Tensor([1, 2], dtype=dtype).dtype == dtype


@pytest.mark.parametrize("data", [True, 3, np.arange(3, dtype=np.int8), [False, True]])
def test_constants_keep_any_numeric_dtype(data: Any) -> None:
    assert Tensor(data, requires_grad=False).dtype == np.asarray(data).dtype


@pytest.mark.parametrize("data", [True, [True, False], "1.0", ["a"], None, object(), 1j, [1 + 2j], {"a": 1}])
def test_data_without_gradient_are_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="Tensor: "):
        Tensor(data)


@pytest.mark.parametrize("data", ["1.0", object(), 1j])
def test_what_is_not_a_real_number_is_refused_even_as_a_constant(data: Any) -> None:
    with pytest.raises(TypeError, match="real numbers"):
        Tensor(data, requires_grad=False)


def test_an_integer_dtype_that_should_carry_a_gradient_is_refused() -> None:
    with pytest.raises(TypeError, match="int64 data carry no gradient; write requires_grad=False"):
        Tensor([1.0], dtype=np.int64)


def test_a_ragged_list_is_refused() -> None:
    with pytest.raises(ValueError, match="the data make no array"):
        Tensor([[1.0], [1.0, 2.0]])


def test_a_list_of_tensors_is_refused_with_the_way_to_join_them() -> None:
    x = Tensor(1.0, name="x")
    for make in (Tensor, np.array, np.asarray, lambda data: np.array(data, dtype=float)):
        with pytest.raises(TypeError, match=r"x \(\) would lose its graph; .*ag.stack\(\[x, y\]\)"):
            make([x, x])


def test_the_constructor_copies_and_as_tensor_shares() -> None:
    data = np.zeros(2)
    copied, shared = Tensor(data), ag.as_tensor(data)
    data[0] = 1.0
    assert copied.data[0] == 0.0
    assert shared.data[0] == 1.0
    assert ag.as_tensor(shared) is shared
    for options in ({"name": "x"}, {"requires_grad": False}, {"dtype": np.float32}):
        with pytest.raises(TypeError, match=r"is a Tensor already; write x\.astype"):
            ag.as_tensor(shared, **options)  # type: ignore[arg-type]


def test_zero_dimensional_data_are_numpy_scalars() -> None:
    for x in (Tensor(2.0), Tensor(np.array(2.0)), Tensor([1.0, 2.0]).sum(), Tensor([1.0]).reshape(())):
        assert isinstance(x.data, np.float64)
        assert (x.shape, x.ndim, x.size) == ((), 0, 1)


def test_masked_arrays_are_refused() -> None:
    with pytest.raises(TypeError, match=r"would lose its mask; write x\.filled"):
        Tensor(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_names_are_strings() -> None:
    assert (Tensor(1.0) * 2).named("double").name == "double"
    with pytest.raises(TypeError, match="name: expected a string, got int"):
        Tensor(1.0, name=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (Tensor(2.0), "Tensor(2.0)"),
        (Tensor([1.0, 2.0], name="x"), "Tensor([1., 2.], name='x')"),
        (Tensor(np.float32(0.1)), "Tensor(0.1, dtype=float32)"),
        (Tensor([1, 2], requires_grad=False), "Tensor([1, 2], dtype=int64, requires_grad=False)"),
        (Tensor(1.0) + 1, "Tensor(2.0, op='add')"),
    ],
)
def test_repr(x: Tensor, text: str) -> None:
    assert repr(x) == text


def test_format_of_a_single_entry() -> None:
    assert f"{Tensor(0.12345):.2f}" == "0.12"
    assert f"{Tensor(2.0)}" == "Tensor(2.0)"


# -------------------------------------------------------------------------------------------------- data and grad


def test_data_are_replaced_in_the_leafs_dtype() -> None:
    x = Tensor(np.ones(2, np.float32))
    x.data = np.array([1.5, 2.5])
    assert x.dtype == np.float32
    x.data -= 0.5
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_a_scalar_leaf_is_updated_in_place() -> None:
    x = Tensor(3.0)
    x.data -= 1.0
    assert x.data == 2.0
    assert isinstance(x.data, np.float64)


@pytest.mark.parametrize("value", [[1.0], np.ones((2, 1)), 3.0])
@pytest.mark.parametrize("attribute", ["data", "grad"])
def test_a_value_of_another_shape_changes_nothing(attribute: str, value: Any) -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(ValueError, match=rf"{attribute}: x \(2,\) can't take a value of shape"):
        setattr(x, attribute, value)
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    assert x.grad is None


def test_computed_data_can_not_be_changed() -> None:
    x = Tensor([1.0, 2.0])
    for y in (x * 2, x.reshape(2, 1), x[:1]):
        with pytest.raises(TypeError, match="was computed by"):
            y.data = np.zeros(y.shape)
        with pytest.raises(ValueError, match="read-only"):
            y.data -= 1.0
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_values_are_copied_in() -> None:
    x, value = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    x.data = value
    x.grad = value
    value[0] = 9.0
    np.testing.assert_array_equal(x.data, [3.0, 4.0])
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
    assert x.grad is not None
    assert not x.grad.flags.writeable


def test_a_value_that_would_lose_its_fraction_is_refused() -> None:
    labels = Tensor([1, 2], requires_grad=False, name="labels")
    with pytest.raises(TypeError, match=r"labels int64 \(2,\) can't take float64"):
        labels.data = [1.7, 2.2]  # type: ignore[assignment]
    with pytest.raises(TypeError, match="can't take complex128"):
        Tensor([1.0, 2.0]).data = np.ones(2) * 1j


def test_gradients_are_read_only_and_may_be_replaced() -> None:
    x = Tensor([1.0, 2.0])
    (x * x).sum().backward()
    assert x.grad is not None
    with pytest.raises(ValueError, match="read-only"):
        x.grad[0] = 5.0
    x.grad = x.grad * 0.5
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
    x.grad = None
    assert x.grad is None


def test_freezing_a_leaf() -> None:
    x, w = Tensor(2.0), Tensor(3.0)
    w.requires_grad = False
    (x * w).backward()
    assert (x.grad, w.grad) == (3.0, None)
    with pytest.raises(TypeError, match="was computed"):
        (x * w).requires_grad = False
    with pytest.raises(TypeError, match="not of floats"):
        Tensor([1], requires_grad=False).requires_grad = True


def test_detach_shares_the_data_and_forgets_the_history() -> None:
    y = (Tensor([1.0, 2.0]) * 2).named("y")
    detached = y.detach()
    assert np.shares_memory(detached.data, y.data)
    assert (detached.op, detached.requires_grad, detached.name) == (None, False, "y")


# ------------------------------------------------------------------------------------------------ out of the graph


def test_single_entries_become_python_numbers() -> None:
    assert float(Tensor([[2.5]])) == 2.5
    assert int(Tensor(2.0)) == 2
    assert Tensor(2.5).item() == 2.5
    assert bool(Tensor(0.0)) is False
    assert bool(Tensor([3.0])) is True


@pytest.mark.parametrize("convert", [float, int, Tensor.item, bool])
@pytest.mark.parametrize("data", [[1.0, 2.0], []])
def test_several_entries_do_not(convert: Any, data: list[float]) -> None:
    with pytest.raises(ValueError, match=r"x \(\d,\)"):
        convert(Tensor(data, name="x"))


def test_leaves_are_copied_and_pickled_and_graphs_are_not() -> None:
    x = Tensor(np.array([1.0, 2.0], np.float32), name="x")
    x.grad = [3.0, 4.0]  # type: ignore[assignment]
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert repr(twin) == repr(x)
        np.testing.assert_array_equal(twin.grad, x.grad)
        twin.data[0] = 9.0
    assert x.data[0] == 1.0
    for duplicate in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"Tensor \(2,\) was computed by multiply; copy or pickle x\.detach\(\)"):
            duplicate(x * 2)


def test_operations_are_copied_as_themselves_and_pickled_by_name() -> None:
    for op in (ag.relu, ag.sum, ag.add):
        assert copy.deepcopy(op) is op
        assert pickle.loads(pickle.dumps(op)) is op
    with pytest.raises(TypeError, match="the operation local is no variable"):
        pickle.dumps(ag.Op("local", np.sin, None))


def test_models_are_copied_and_pickled() -> None:
    model = nn.MLP([2, 3, 1], rng=np.random.default_rng(0))
    x = np.ones((1, 2))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin(x).data, model(x).data)
        assert [p.name for p in twin.parameters()] == [p.name for p in model.parameters()]


def test_numpy_gives_a_copy_that_may_be_changed() -> None:
    x = Tensor([1.0, 2.0])
    x.numpy()[0] = 9.0
    assert x.data[0] == 1.0


def test_a_constant_converts_to_an_array_and_a_variable_does_not() -> None:
    np.testing.assert_array_equal(np.asarray(Tensor([1.0], requires_grad=False)), [1.0])
    with pytest.raises(TypeError, match=r"write x\.data"):
        np.asarray(Tensor([1.0]))


# ------------------------------------------------------------------------------------------------ NumPy's protocols


@pytest.mark.parametrize(
    ("compute", "op", "value"),
    [
        (lambda x: np.ones(2) * x, "multiply", [1.0, 2.0]),
        (lambda x: np.float64(2) - x, "subtract", [1.0, 0.0]),
        (
            lambda x: [1.0, 2.0] + x,  # noqa: RUF005
            "add",
            [2.0, 4.0],
        ),
        (lambda x: x / [2.0, 2.0], "divide", [0.5, 1.0]),
        (lambda x: 2**x, "power", [2.0, 4.0]),
        (np.tanh, "tanh", np.tanh([1.0, 2.0])),
        (lambda x: np.sum(x, axis=0), "sum", 3.0),
        (lambda x: np.mean(x, 0, keepdims=True), "mean", [1.5]),
        (lambda x: np.max(x), "max", 2.0),
        (lambda x: np.sum(x, 0, None, None, True), "sum", [3.0]),
        (lambda x: np.where([True, False], x, 0.0), "where", [1.0, 0.0]),
        (lambda x: np.concatenate([x, [5.0]]), "concatenate", [1.0, 2.0, 5.0]),
        (lambda x: np.stack((x, x), axis=1), "stack", [[1.0, 1.0], [2.0, 2.0]]),
        (lambda x: np.reshape(x, (2, 1)), "reshape", [[1.0], [2.0]]),
        (lambda x: np.eye(2) @ x, "matmul", [1.0, 2.0]),
        (lambda x: np.maximum(1.5, x), "maximum", [1.5, 2.0]),
        (lambda x: x == np.array([1.0, 3.0]), "equal", [True, False]),
        (lambda x: np.array([1.0, 3.0]) >= x, "less_equal", [True, True]),
        (abs, "absolute", [1.0, 2.0]),
    ],
)
def test_numpy_functions_and_operators_are_recorded(compute: Any, op: str, value: Any) -> None:
    result = compute(Tensor([1.0, 2.0]))
    assert isinstance(result, Tensor)
    assert result.op is not None
    assert result.op.name in (op, "greater_equal" if op == "less_equal" else op)
    np.testing.assert_array_equal(result.data, value)


DATA = np.array([[4.0, -1.0, 2.5], [0.5, 3.0, -2.0]])


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        *((name, (), {}) for name in ("sum", "prod", "mean", "max", "min", "any", "all", "var", "std")),
        *((name, (1,), {"keepdims": True}) for name in ("sum", "prod", "mean", "max", "min", "any", "all", "argmax")),
        *((name, (-1,), {}) for name in ("argmin", "cumsum", "cumprod", "argsort", "var", "std")),
        *((name, (), {}) for name in ("cumsum", "cumprod", "argsort", "ravel", "flatten", "transpose", "trace")),
        *((name, (), {}) for name in ("squeeze", "diagonal", "argmax", "round")),
        ("std", (0,), {"ddof": 1}),
        ("reshape", (3, 2), {}),
        ("reshape", ((3, -1),), {}),
        ("transpose", (1, 0), {}),
        ("swapaxes", (0, 1), {}),
        ("repeat", (2,), {"axis": 1}),
        ("take", ([0, 0],), {"axis": 1}),
        ("dot", (np.ones(3),), {}),
        ("clip", (-1.0, 2.0), {}),
        ("round", (1,), {}),
        ("astype", (np.float32,), {}),
    ],
)
def test_methods_are_numpys(name: str, arguments: Any, options: Any) -> None:
    result = getattr(Tensor(DATA), name)(*arguments, **options)
    expected = getattr(DATA, name)(*arguments, **options)
    assert isinstance(result, Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.data, expected, rtol=1e-15)


def test_properties_that_are_operations() -> None:
    x = Tensor(np.arange(24.0).reshape(2, 3, 4))
    assert x.T.shape == (4, 3, 2)
    assert x.mT.shape == (2, 4, 3)


@pytest.mark.parametrize("symbol", ["//", "%"])
def test_division_with_remainder(symbol: str) -> None:
    x, y = np.array([5.5, -5.5]), np.array([2.0, 2.0])
    for left, right in ((Tensor(x), y), (x, Tensor(y)), (Tensor(x), Tensor(y)), (Tensor(x), 2.0), (7.0, Tensor(y))):
        plain = [part.data if isinstance(part, Tensor) else part for part in (left, right)]
        expected = plain[0] // plain[1] if symbol == "//" else plain[0] % plain[1]
        result = left // right if symbol == "//" else left % right
        np.testing.assert_array_equal(result.data, expected)


def test_logic_of_comparisons() -> None:
    x = Tensor([-1.0, 0.5, 2.0])
    inside = (x > 0) & (x < 1)
    np.testing.assert_array_equal(inside.data, [False, True, False])
    np.testing.assert_array_equal((~inside | (x == 0.5)).data, [True, True, True])
    np.testing.assert_array_equal((np.array([True, True, False]) ^ (x > 0)).data, [True, False, True])
    with pytest.raises(TypeError, match=r"Tensor float64 \(3,\) is not boolean; compare it first"):
        x & (x > 0)


def test_an_integer_tensor_is_an_index() -> None:
    n = Tensor(2, requires_grad=False)
    assert list(range(n)) == [0, 1]
    assert [1, 2, 3][n] == 3
    with pytest.raises(TypeError, match="is not an integer"):
        range(Tensor(2.0))


def test_numpy_queries_see_the_data() -> None:
    x = Tensor([[1.0, 2.0]])
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((1, 2), 2, 2)
    assert np.allclose(x, [[1.0, 2.0]])
    assert np.shape(a=x) == (1, 2)
    assert np.allclose(a=x, b=x)
    assert isinstance(np.zeros_like(x), np.ndarray)


@pytest.mark.parametrize(
    ("compute", "name"),
    [
        (np.spacing, "np.spacing"),
        (np.unique, r"np\.unique"),
        (np.linalg.matrix_rank, r"np\.linalg\.matrix_rank"),
        (np.add.reduce, r"np.add\.reduce"),
        (lambda x: np.multiply.outer(x, x), r"np.multiply\.outer"),
    ],
)
def test_numpy_functions_without_a_rule_say_so(compute: Any, name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name} of Tensor \(2,\): no derivative is known for it; .*ag.Op"):
        compute(Tensor([1.0, 2.0]))


def test_an_array_is_not_updated_in_place_from_a_tensor() -> None:
    array = np.ones(2)
    with pytest.raises(TypeError, match="write a = a \\+ x"):
        array += Tensor([1.0, 2.0])
    np.testing.assert_array_equal(array, [1.0, 1.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, 0, np.float32),
        lambda x: np.sum(x, 0, None, np.ones(())),
        lambda x: np.sum(x, dtype=np.float32),
        lambda x: np.exp(x, where=[True, False]),
        lambda x: ag.exp(x, x),
        lambda x: ag.sum(),
        lambda x: ag.sum(x, 0, axis=0),
        lambda x: ag.reshape(x),
        lambda x: ag.where(x > 0),
    ],
)
def test_arguments_that_do_not_fit_are_refused(call: Any) -> None:
    with pytest.raises(TypeError, match=r"(sum|exp|reshape|where): "):
        call(Tensor([1.0, 2.0]))


# --------------------------------------------------------------------------------------------------- as a sequence


def test_length_iteration_and_membership() -> None:
    x = Tensor([1.0, 2.0])
    assert len(x) == 2
    assert [float(entry) for entry in x] == [1.0, 2.0]
    first, _ = x
    first.backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0])
    for call in (len, iter):
        with pytest.raises(TypeError, match="has no axis"):
            call(Tensor(1.0))


def test_item_assignment_says_what_to_write() -> None:
    x = Tensor([1.0, 2.0], name="x")
    with pytest.raises(TypeError, match=r"x \(2,\) can't be changed in place; write ag\.put\(x, index, value\)"):
        x[0] = 5.0


def test_an_index_may_be_a_tensor() -> None:
    x, rows = Tensor([1.0, 2.0, 3.0]), Tensor([0, 0, 2], requires_grad=False)
    y = x[rows]
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0, 1.0])
    assert y.inputs == (x, rows)


def test_identity_finds_tensors_in_dicts_and_sets() -> None:
    x, y = Tensor(1.0), Tensor(1.0)
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[y] == "y"
    assert (x == None) is False  # noqa: E711
    assert x != "a"


# ---------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: Tensor(np.ones((100, 784)), name="x") @ Tensor(np.ones((768, 200)), name="layers.0.weight"),
            r"matmul: x \(100, 784\) @ layers\.0\.weight \(768, 200\): inner sizes 784 and 768 differ",
        ),
        (lambda: Tensor([1.0], name="x") @ 2.0, r"matmul: x \(1,\) @ 2\.0: a 0-d operand .*use \*"),
        (
            lambda: Tensor(np.ones((2, 3)), name="x") + Tensor(np.ones((2, 4)), name="y"),
            r"add: x \(2, 3\) \+ y \(2, 4\): shapes do not broadcast: axis -1 has sizes 3 and 4",
        ),
        (
            lambda: Tensor(np.ones((1, 3)), name="x") + np.ones((2, 4)),
            r"add: x \(1, 3\) \+ array \(2, 4\): shapes do not broadcast: axis -1 has sizes 3 and 4",
        ),
        (
            lambda: ag.where([True], Tensor(np.ones(3), name="x"), np.ones(4)),
            r"where: array \(1,\), x \(3,\), array \(4,\): shapes do not broadcast: axis -1 has sizes 3 and 4",
        ),
        (
            lambda: Tensor(np.ones((2, 3, 4)), name="x") @ np.ones((5, 4, 3)),
            r"matmul: x \(2, 3, 4\) @ array \(5, 4, 3\): (?!inner sizes)",
        ),
        (lambda: Tensor([1.0], name="x").sum(axis=3), r"sum: x \(1,\), axis=3.*out of bounds"),
        (lambda: Tensor([1.0, 2.0], name="x").reshape(3), r"reshape: x \(2,\), shape=\(3,\)"),
        (lambda: Tensor(np.ones((0, 2)), name="x").max(), r"max: x \(0, 2\).*no identity"),
        (lambda: ag.concatenate([Tensor([1.0], name="a"), np.ones((1, 1))]), r"concatenate: a \(1,\), array \(1, 1\)"),
    ],
)
def test_wrong_shapes_name_the_operation_the_tensors_and_the_shapes(compute: Any, message: str) -> None:
    with pytest.raises((ValueError, IndexError), match=message):
        compute()


@pytest.mark.parametrize("index", [5, (0, 0), [0, 7], "a", 1.5, np.array([0.5])])
def test_wrong_indices_are_named(index: Any) -> None:
    with pytest.raises(IndexError, match=r"getitem: x \(2,\), "):
        Tensor([1.0, 2.0], name="x")[index]


@pytest.mark.parametrize("other", [None, "a", object(), {}])
def test_operands_of_no_number_are_a_type_error(other: Any) -> None:
    with pytest.raises(TypeError, match=r"add: x float64 \(\) \+ "):
        Tensor(1.0, name="x") + other


def test_a_message_does_not_recurse_into_what_is_wrong() -> None:
    deep: Any = 1.0
    for _ in range(2 * sys.getrecursionlimit()):
        deep = {"inner": [deep]}
    with pytest.raises(TypeError, match=r"add: x float64 \(\) \+ a dict nested too deep to show"):
        Tensor(1.0, name="x") + deep
    with pytest.raises(TypeError, match=r"sum: x float64 .*axis=a dict nested too deep to show"):
        Tensor(1.0, name="x").sum(axis=deep)


def test_a_product_with_none_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"matmul: x float64 \(2,\) @ None"):
        Tensor([1.0, 2.0], name="x") @ None


def test_lists_are_arrays() -> None:
    np.testing.assert_array_equal(ag.add([1.0, 2.0], [3.0, 4.0]), [4.0, 6.0])
    np.testing.assert_array_equal((Tensor([1.0, 2.0]) * [3.0, 4.0]).data, [3.0, 8.0])


def test_complex_results_are_refused() -> None:
    with pytest.raises(TypeError, match=r"multiply: x float64 \(\), 1j: a result of complex128"):
        Tensor(1.0, name="x") * 1j


def test_python_numbers_do_not_promote_float32() -> None:
    x = Tensor(np.float32(3))
    assert (2 * x + 1.5 - x**2 / 3).dtype == np.float32


# -------------------------------------------------------------------------------------------------------- no_grad


def test_no_grad_ends_with_its_block_even_after_an_error() -> None:
    x = Tensor(1.0)
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        int((x * 2).op is not None and 1) / 0
    assert (x * 2).op is not None


def test_nested_blocks_end_one_by_one() -> None:
    x = Tensor(1.0)
    with ag.no_grad():
        with ag.no_grad():
            pass
        assert (x * 2).op is None


def test_no_grad_decorates_functions() -> None:
    @ag.no_grad()
    def double(x: Tensor) -> Tensor:
        return x * 2

    assert double(Tensor(1.0)).op is None


def test_no_grad_may_be_entered_again() -> None:
    quiet = ag.no_grad()
    for _ in range(2):
        with quiet, quiet:
            assert (Tensor(1.0) * 2).op is None
    assert (Tensor(1.0) * 2).op is not None


def test_no_grad_belongs_to_its_thread() -> None:
    recorded = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: recorded.append((Tensor(1.0) * 2).requires_grad))
        thread.start()
        thread.join()
    assert recorded == [True]


def test_comparisons_are_recorded_and_constants_are_not() -> None:
    x, constant = Tensor(1.0), Tensor(1.0, requires_grad=False)
    assert (x > 0).inputs == (x, 0)
    assert (constant * 2).op is None
