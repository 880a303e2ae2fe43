"""Transforms: identities between them, containers, nesting, plain results, and what they refuse."""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.transforms.trees import flatten, matching
from tests.operations import ROWS, Row


def test_derivatives_of_every_order_from_the_first_day() -> None:
    f: Any = lambda x: x**5  # noqa: E731
    expected = [32.0, 80.0, 160.0, 240.0, 240.0, 120.0, 0.0]
    for order, value in enumerate(expected):
        assert float(f(2.0)) == pytest.approx(value), order
        f = ag.grad(f)


def test_arrays_in_arrays_out() -> None:
    slope = ag.grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    assert isinstance(slope, np.ndarray)
    np.testing.assert_array_equal(slope, [2.0, 4.0])
    one, other = ag.grad(lambda x, y: (x + y).sum(), argnums=(0, 1))(np.ones(2), np.ones(2))
    one += 1.0
    np.testing.assert_array_equal(other, [1.0, 1.0])


def test_tensors_in_tensors_out() -> None:
    x = Tensor(3.0)
    slope = ag.grad(lambda t: t**2)(x)
    assert isinstance(slope, Tensor)
    slope.backward()
    assert x.grad == 2.0


def test_a_tensor_of_the_closure_stays_differentiable() -> None:
    w = Tensor(2.0)
    slope = ag.grad(lambda x: w * x * x)(3.0)
    assert slope.item() == 12.0
    slope.backward()
    assert w.grad == 6.0


def test_nested_derivatives_do_not_mix() -> None:
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(x))(1.0) == 1.0
    for inner in (lambda x, y: x * y * y, lambda x, y: x * y**2):
        slope = ag.grad(lambda x, inner=inner: ag.grad(lambda y: inner(x, y))(3.0))(2.0)
        assert slope == 6.0
        assert isinstance(slope, np.float64)


def test_several_arguments_and_settings() -> None:
    def f(x: Any, y: Any, *, power: int) -> Any:
        return (x * y**power).sum()

    assert ag.grad(f, argnums=1)(2.0, 3.0, power=2) == 12.0
    assert ag.grad(f, argnums=(1, 0))(2.0, 3.0, power=2) == (12.0, 9.0)
    value, slopes = ag.value_and_grad(f, argnums=(0,))(2.0, 3.0, power=2)
    assert (value, slopes) == (18.0, (9.0,))


def test_a_constant_function_has_gradient_zero() -> None:
    assert ag.grad(lambda x: Tensor(2.0, requires_grad=False))(1.0) == 0.0
    assert ag.grad(lambda x: ag.sign(x))(1.0) == 0.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0,), TypeError, "expected a function, got float; pass the function itself, uncalled"),
        ((Tensor(3.0),), TypeError, "expected a function, got Tensor; for a Tensor use ag.gradients"),
        ((ag.exp, "0"), TypeError, "argnums are positions"),
        ((ag.exp, ()), TypeError, "argnums are positions"),
        ((ag.exp, -1), TypeError, "argnums are positions"),
        ((ag.exp, (0, 0)), ValueError, "name an argument twice"),
    ],
)
def test_wrong_transforms(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ag.grad(*arguments)


def test_nothing_is_left_behind() -> None:
    w = Tensor(2.0)
    ag.grad(lambda x: w * x)(3.0)
    assert w.grad is None


def test_derivatives_within_no_grad() -> None:
    w = Tensor(2.0)
    with ag.no_grad():
        assert ag.grad(lambda x: x**3)(2.0) == 12.0
        assert isinstance(ag.grad(lambda x: w * x)(3.0), np.floating)


def test_a_result_that_lost_its_graph_is_refused() -> None:
    def careless(x: Tensor) -> Any:
        return float(x) ** 2

    with pytest.raises(TypeError, match=r"careless returned float, not a Tensor; was \.data or float"):
        ag.grad(careless)(2.0)


def test_a_result_of_several_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="3 entries, not 1"):
        ag.grad(lambda x: x * 2)(np.ones(3))


def test_an_argument_without_gradient_is_refused() -> None:
    with pytest.raises(TypeError, match="bool data carry no gradient"):
        ag.grad(lambda x: x * 2)(True)
    with pytest.raises(TypeError, match="grad: there is no argument 2"):
        ag.grad(lambda x: x * 2, argnums=2)(1.0)


# ---------------------------------------------------------------------------------------------------- containers


class Line(NamedTuple):
    slope: Any
    start: Any


def squares(tree: Any) -> Any:
    """The sum of squares of everything in a container."""
    leaves, _ = flatten(tree)
    return sum((ag.sum(leaf.value * leaf.value) for leaf in leaves), start=Tensor(0.0, requires_grad=False))


CONTAINERS = [
    2.0,
    np.array([1.0, 2.0]),
    [1.0, np.ones((2, 3))],
    (1.0,),
    Line(2.0, np.ones(2)),
    {"w": [1.0, {"b": (2.0, 3.0)}], 0: np.zeros((0, 3))},
    OrderedDict(b=1.0, a=np.float32(2.0)),
    [],
    (),
    {},
    {"empty": [], "full": (1.0, ())},
]


def assert_same(actual: Any, expected: Any) -> None:
    """Equal structure, containers' types included, and equal arrays."""
    (ours, _), (theirs, _) = flatten(actual), flatten(expected)
    assert [leaf.path for leaf in ours] == [leaf.path for leaf in theirs]
    assert type(actual) is type(expected) or not isinstance(expected, list | tuple | dict)
    for one, other in zip(ours, theirs, strict=True):
        assert np.shape(one.value) == np.shape(other.value)
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12, atol=1e-300)


def doubled(tree: Any) -> Any:
    leaves, rebuild = flatten(tree)
    return rebuild([2 * leaf.value for leaf in leaves])


@pytest.mark.parametrize("tree", CONTAINERS, ids=repr)
def test_every_transform_keeps_containers(tree: Any) -> None:
    leaves, _ = flatten(tree)
    assert_same(ag.grad(squares)(tree), doubled(tree))
    value, slopes = ag.value_and_grad(lambda _, t: squares(t), argnums=(1, 0))(3.0, tree)
    assert_same(slopes, (doubled(tree), 0.0))
    assert value == pytest.approx(sum(np.sum(np.square(leaf.value)) for leaf in leaves))
    assert_same(ag.hvp(squares, (tree,), (tree,)), (doubled(tree),))
    output, move = ag.jvp(doubled, (tree,), (tree,))
    assert_same(output, doubled(tree))
    assert_same(move, doubled(tree))
    output, pullback = ag.vjp(doubled, tree)
    assert_same(pullback(tree), doubled(tree))
    assert_same(ag.jacobian(squares)(tree), doubled(tree))
    assert_same(ag.grad(ag.checkpoint(squares))(tree), doubled(tree))


def test_a_rebuilt_dict_keeps_its_kind() -> None:
    factory = defaultdict(list, w=2.0)
    slopes = ag.grad(squares)(factory)
    assert slopes == {"w": 4.0}
    assert slopes["new"] == []
    assert factory == {"w": 2.0}


def test_jacobian_and_hessian_of_containers_are_nested() -> None:
    point = {"a": np.array([1.0, 2.0]), "b": (3.0,)}
    full = ag.jacobian(lambda p: [p["a"] * p["b"][0], p["a"].sum()])(point)
    assert_same(
        full,
        [
            {"a": 3 * np.eye(2), "b": (np.array([1.0, 2.0]),)},
            {"a": np.ones(2), "b": (0.0,)},
        ],
    )
    second = ag.hessian(lambda p: (p["a"] ** 2).sum() * p["b"][0])(point)
    assert_same(
        second,
        {
            "a": {"a": 6 * np.eye(2), "b": (np.array([2.0, 4.0]),)},
            "b": ({"a": np.array([2.0, 4.0]), "b": (0.0,)},),
        },
    )
    pair = ag.hessian(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0)
    assert_same(pair, ((0.0, 6.0), (6.0, 4.0)))


def test_one_value_in_two_places_is_two_variables() -> None:
    x = Tensor(3.0)
    one, other = ag.grad(lambda p: p[0] * p[1] ** 2)([x, x])
    assert (one.item(), other.item()) == (9.0, 18.0)


@pytest.mark.parametrize("bad", ["text", None, True, 1j, {1, 2}, np.array([True])])
def test_a_wrong_leaf_is_named_by_its_path(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"grad: arguments\[1\]\['w'\]\[0\]: "):
        ag.grad(lambda x, p: x, argnums=1)(1.0, {"w": [bad]})


def test_an_outer_array_of_numbers_may_be_a_list_as_tangent() -> None:
    assert ag.jvp(lambda x: x.sum(), (np.ones(2),), ([1.0, 2.0],))[1] == 3.0


@pytest.mark.parametrize(
    ("tangents", "message"),
    [
        (({"w": 1.0},), r"jvp: tangents\[0\]: expected a dict with keys \['w', 'b'\], got a dict with keys \['w'\]"),
        (([1.0, 2.0],), r"tangents\[0\]: expected a dict .* got a list of 2"),
        ((), r"tangents: expected a tuple of 1, got a tuple of 0"),
        (1.0, r"tangents: expected a tuple of 1, got one float"),
        (({"w": [1.0], "b": np.ones(2)},), r"tangents\[0\]\['w'\]: Tensor \(\) can't take a value of shape \(1,\)"),
        (({"w": 1.0, "b": np.ones(3)},), r"tangents\[0\]\['b'\]: b \(2,\) can't take a value of shape \(3,\)"),
        (({"w": 1.0, "b": Tensor(np.ones(3))},), r"tangents\[0\]\['b'\]: b \(2,\) can't take"),
    ],
)
def test_wrong_tangents_are_named_by_their_path(tangents: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.jvp(squares, ({"w": 1.0, "b": Tensor(np.ones(2), name="b")},), tangents)


NESTS = [
    lambda inner: [inner],
    lambda inner: (1.0, inner),
    lambda inner: {"inner": inner, "w": 1.0},
    lambda inner: Line([inner], 1.0),
]


def deep(nest: Any, leaf: Any = 3.0) -> Any:
    """A container nested twice as deep as Python may recurse."""
    for _ in range(2 * sys.getrecursionlimit()):
        leaf = nest(leaf)
    return leaf


def assert_same_leaves(actual: Any, expected: Any) -> None:
    """As `assert_same`, where `==` and pytest would recurse."""
    (ours, _), (theirs, _) = flatten(actual), flatten(expected)
    assert [leaf.path for leaf in ours] == [leaf.path for leaf in theirs]
    assert [leaf.value for leaf in ours] == [leaf.value for leaf in theirs]


@pytest.mark.parametrize("nest", NESTS)
def test_containers_may_be_nested_as_deep_as_memory_allows(nest: Any) -> None:
    tree = deep(nest)
    slopes, twice = ag.grad(squares)(tree), doubled(tree)
    assert type(slopes) is type(tree)
    assert_same_leaves(slopes, twice)
    assert_same_leaves(ag.grad(lambda t: (squares(t), t), has_aux=True)(tree)[1], tree)
    assert_same_leaves(ag.jvp(doubled, (tree,), (tree,)), (twice, twice))
    assert_same_leaves(ag.vjp(doubled, tree)[1](tree), twice)
    assert_same_leaves(ag.hvp(squares, (tree,), (tree,)), (twice,))
    assert_same_leaves(ag.grad(ag.checkpoint(squares))(tree), twice)
    own = ag.custom_gradient(lambda t: (squares(t), lambda g: flatten(t)[1](2 * g * x for x in flat(t))))
    assert_same_leaves(ag.grad(own)(tree), twice)


def flat(tree: Any) -> list[Any]:
    return [leaf.value for leaf in flatten(tree)[0]]


def test_jacobians_of_deep_containers() -> None:
    tree = deep(NESTS[0])
    assert_same_leaves(ag.jacobian(doubled)(tree), deep(NESTS[0], deep(NESTS[0], 2.0)))
    assert_same_leaves(ag.hessian(squares)(tree), deep(NESTS[0], deep(NESTS[0], 2.0)))


@pytest.mark.parametrize("nest", NESTS)
def test_long_paths_are_cut_in_the_middle(nest: Any) -> None:
    leaves, _ = flatten(deep(nest), "x")
    assert max(len(leaf.path) for leaf in leaves) < 500
    whole, _ = flatten(nest(nest(3.0)), "x")
    innermost = max(leaves, key=lambda leaf: leaf.value).path
    assert innermost.startswith(max(whole, key=lambda leaf: leaf.value).path)
    assert innermost.endswith(innermost[1:10])
    assert innermost.count("...") == 1


def test_what_is_wrong_in_a_deep_container_is_said_in_a_line() -> None:
    with pytest.raises(TypeError, match=r"^grad: arguments\[0\]\[0\]\[0\].*\.\.\..*\[0\]\[0\]: ") as caught:
        ag.grad(squares)(deep(NESTS[0], "text"))
    assert len(str(caught.value)) < 1000
    with pytest.raises(ValueError, match=r"^here\[1\].*\.\.\..*\[1\]: expected a list of 1, got one float$"):
        matching(deep(NESTS[1], [1.0]), deep(NESTS[1], 1.0), "here")


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        (lambda own: own.append(own), r"^grad: arguments\[0\]\[0\]: the list holds itself"),
        (lambda own: own.append({"w": (own,)}), r"^grad: arguments\[0\]\[0\]\['w'\]\[0\]: the list holds itself"),
    ],
)
def test_a_container_that_holds_itself_is_refused(hold: Any, message: str) -> None:
    own: list[Any] = []
    hold(own)
    with pytest.raises(ValueError, match=message):
        ag.grad(squares)(own)


def test_one_container_in_two_places_is_two_containers() -> None:
    pair = [1.0, {"w": 2.0}]
    assert ag.grad(squares)((pair, [pair], pair)) == ([2.0, {"w": 4.0}], [[2.0, {"w": 4.0}]], [2.0, {"w": 4.0}])


# --------------------------------------------------------------------------------------------------- identities

UNARY = [
    ag.tanh,
    ag.sigmoid,
    ag.exp,
    lambda x: x * x,
    lambda x: x.T @ x if x.ndim == 2 else x * 3,
    lambda x: x[::-1] if x.ndim else x,
]
BINARY = [ag.add, ag.multiply, ag.subtract, lambda x, y: ag.maximum(x, y + 10), lambda x, y: x / (2 + y * y)]


def random_program(seed: int) -> Any:
    """A function of a 2 x 2 array, a vector and a number that ends in two outputs, of random operations."""
    choices = np.random.default_rng(seed).integers(0, 1000, 30).tolist()

    def program(x: Any, y: Any, z: Any) -> Any:
        pool, remaining = [x, y, z], iter(choices)
        for _ in range(6):
            one, other = pool[next(remaining) % len(pool)], pool[next(remaining) % len(pool)]
            step = next(remaining)
            pool.append(UNARY[step % 6](one) if step % 2 else BINARY[step % 5](one, other))
            pool[-1] = ag.tanh(pool[-1])  # values stay of order 1
        return pool[-1], {"rest": pool[-2] * pool[0].sum()}

    return program


def moved(point: Any, direction: Any, step: float) -> Any:
    return tuple(x + step * v for x, v in zip(point, direction))


def values(tree: Any) -> list[np.ndarray]:
    return [np.asarray(leaf.value.data if isinstance(leaf.value, Tensor) else leaf.value) for leaf in flatten(tree)[0]]


def dot(one: Any, other: Any) -> float:
    return float(sum(np.sum(a * b) for a, b in zip(values(one), values(other), strict=True)))


@given(seed=st.integers(0, 10**6))
def test_products_of_random_programs_agree(seed: int) -> None:
    program, generator = random_program(seed), np.random.default_rng(seed)
    point, direction = (tuple(generator.normal(size=s) for s in [(2, 2), (2,), ()]) for _ in range(2))
    output, pushed = ag.jvp(program, point, direction)
    step = 1e-5
    above, below = program(*moved(point, direction, step)), program(*moved(point, direction, -step))
    for move, high, low in zip(values(pushed), values(above), values(below), strict=True):
        np.testing.assert_allclose(move, (high - low) / (2 * step), rtol=1e-6, atol=1e-8)
    same, pullback = ag.vjp(program, *point)
    assert_same(same, output)
    cotangent = (generator.normal(size=output[0].shape), {"rest": generator.normal(size=output[1]["rest"].shape)})
    assert dot(pullback(cotangent), direction) == pytest.approx(dot(cotangent, pushed), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
def test_every_rule_is_linear(row: Row, data: st.DataObject) -> None:
    """jvp transposes the rules: it agrees with vjp only if each is linear in g, and recorded as such."""
    arrays, options = data.draw(row.cases)
    generator = np.random.default_rng(0)
    output, pullback = ag.vjp(lambda *variables: row.call(*variables, **options), *arrays)
    if np.asarray(output).dtype.kind == "f":
        direction = tuple(generator.normal(size=x.shape) for x in arrays)
        cotangent = generator.normal(size=np.shape(output))
        _, pushed = ag.jvp(lambda *variables: row.call(*variables, **options), arrays, list(direction))
        parts = [np.sum(a * b) for a, b in zip(values(pullback(cotangent)), values(direction), strict=True)]
        size = sum(np.sum(np.abs(a * b)) for a, b in zip(values(pullback(cotangent)), values(direction), strict=True))
        assert dot(cotangent, pushed) == pytest.approx(sum(parts), rel=1e-9, abs=1e-9 * size)


@given(seed=st.integers(0, 10**6))
def test_hessians_of_random_programs(seed: int) -> None:
    program, generator = random_program(seed), np.random.default_rng(seed)
    x, y, z = (generator.normal(size=s) for s in [(2, 2), (2,), ()])

    def scalar(x: Any) -> Any:
        output, rest = program(x, y, z)
        return output.sum() + rest["rest"].sum()

    full = ag.hessian(scalar)(x)
    assert full.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(full, full.transpose(2, 3, 0, 1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(full, ag.jacobian(ag.grad(scalar))(x), rtol=1e-12, atol=1e-14)
    v = generator.normal(size=(2, 2))
    product = np.einsum("ijkl,kl->ij", full, v)
    np.testing.assert_allclose(ag.hvp(scalar, (x,), (v,))[0], product, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(ag.jvp(ag.grad(scalar), (x,), (v,))[1], product, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(ag.grad(lambda x: (ag.grad(scalar)(x) * v).sum())(x), product, rtol=1e-8, atol=1e-11)


def test_third_order_by_every_route() -> None:
    f: Any = lambda x: ag.exp(2 * x) * x  # noqa: E731
    expected = (8 * 0.5 + 12) * np.exp(1.0)
    assert ag.grad(ag.grad(ag.grad(f)))(0.5) == pytest.approx(expected)
    assert ag.grad(ag.hessian(f))(0.5) == pytest.approx(expected)
    assert ag.hessian(ag.grad(f))(0.5) == pytest.approx(expected)
    assert ag.grad(lambda x: ag.hvp(f, (x,), (1.0,))[0])(0.5) == pytest.approx(expected)
    twice: Any = lambda x: ag.jvp(lambda y: ag.jvp(f, (y,), (1.0,))[1], (x,), (1.0,))[1]  # noqa: E731
    assert ag.jvp(twice, (0.5,), (1.0,))[1] == pytest.approx(expected)
    cube = ag.jacobian(ag.hessian(lambda x: (x**3).sum()))(np.array([1.0, 2.0]))
    assert cube.shape == (2, 2, 2)
    assert cube[1, 1, 1] == 6.0


def test_derivatives_of_what_is_linear_or_constant_are_zero() -> None:
    assert ag.grad(ag.grad(lambda x: 3 * x))(2.0) == 0.0
    assert ag.grad(lambda x: ag.grad(lambda y: 3 * y)(3.0))(2.0) == 0.0
    np.testing.assert_array_equal(ag.hessian(lambda x: x.sum())(np.ones(2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(ag.hvp(lambda x: x.sum(), (np.ones(2),), (np.ones(2),))[0], np.zeros(2))
    assert ag.jvp(lambda x: x > 1, (2.0,), (1.0,)) == (True, 0.0)


def test_functions_that_ignore_an_argument() -> None:
    ignoring: Any = lambda x, y: x * x  # noqa: E731
    assert_same(ag.grad(ignoring, argnums=(1, 0))(2.0, np.ones(2)), (np.zeros(2), 4.0))
    assert ag.vjp(ignoring, 2.0, 3.0)[1](1.0) == (4.0, 0.0)
    assert ag.jvp(ignoring, (2.0, 3.0), (0.0, 1.0)) == (4.0, 0.0)
    assert ag.hessian(ignoring, (0, 1))(2.0, 3.0) == ((2.0, 0.0), (0.0, 0.0))
    assert ag.jacobian(ignoring, (1,))(Tensor(np.ones(2)), np.ones(3))[0].tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,), (2, 1)])
def test_shapes_of_all_derivatives(shape: tuple[int, ...]) -> None:
    x = np.full(shape, 2.0)
    square: Any = lambda x: x * x  # noqa: E731
    assert ag.jacobian(square)(x).shape == shape + shape
    assert ag.hessian(lambda x: square(x).sum())(x).shape == shape + shape
    for result in (ag.jvp(square, (x,), (x,))[1], ag.vjp(square, x)[1](x), ag.elementwise_grad(square)(x)):
        assert np.shape(result) == shape
        assert isinstance(result, np.ndarray if shape else np.generic)
    assert ag.jacobian(lambda x: x.sum(axis=None))(x).shape == shape


def test_dtypes_are_kept() -> None:
    x = np.array([1.0, 2.0], np.float32)
    f: Any = lambda x: (x**3).sum()  # noqa: E731
    results = [ag.jvp(f, (x,), (np.ones(2),)), ag.vjp(f, x)[1](1.0), ag.hvp(f, (x,), ([1, 1],)), ag.hessian(f)(x)]
    assert {leaf.value.dtype for leaf in flatten(results)[0]} == {np.dtype(np.float32)}
    assert ag.jacobian(lambda n: n * 2)(3) == 2.0  # whole numbers are taken as float64


# ------------------------------------------------------------------------------------- plain results, nesting, state


def test_results_are_plain_and_their_callers_own() -> None:
    x = np.ones(2)
    output, pullback = ag.vjp(lambda x: x.T, x)
    output += 100.0
    slopes = pullback(np.ones(2))
    slopes += 100.0
    assert x.tolist() == [1.0, 1.0]
    assert pullback(np.ones(2)).tolist() == [1.0, 1.0]
    for result in (ag.jvp(ag.exp, (x,), (x,)), ag.hvp(squares, (x,), (x,)), ag.jacobian(ag.exp)(x)):
        for leaf in flatten(result)[0]:
            leaf.value[...] = 0.0


def test_results_stay_tensors_only_where_they_depend_on_something() -> None:
    w = Tensor(2.0, name="w")
    moved, still = ag.grad(lambda p: w * p[0] + p[1] ** 2)([1.0, 3.0])
    assert isinstance(moved, Tensor)
    assert isinstance(still, np.floating)
    value, pullback = ag.vjp(lambda x: w * x, 3.0)
    assert ag.gradients(value, [w]) == [3.0]
    assert ag.gradients(pullback(1.0), [w]) == [1.0]
    for result in (
        ag.jvp(lambda x: w**2 * x, (3.0,), (1.0,))[1],
        ag.hvp(lambda x: w**2 * x**2 / 2, (3.0,), (1.0,))[0],
        ag.jacobian(lambda x: w**2 * x)(3.0),
        ag.hessian(lambda x: w**2 * x**2 / 2)(3.0),
        ag.elementwise_grad(lambda x: w**2 * x)(3.0),
    ):
        assert ag.gradients(result, [w]) == [4.0]
    assert w.grad is None


def test_a_tangent_or_cotangent_may_be_differentiated_by() -> None:
    t = Tensor(5.0)
    _, move = ag.jvp(lambda x: x**3, (2.0,), (t,))
    assert ag.gradients(move, [t]) == [12.0]
    _, pullback = ag.vjp(lambda x: x**3, 2.0)
    assert ag.gradients(pullback(t), [t]) == [12.0]
    assert isinstance(pullback(1.0), np.floating)


def test_no_transform_mixes_its_derivatives_with_anothers() -> None:
    inner = [
        lambda x: ag.jvp(lambda y: x + y, (x,), (1.0,))[1],
        lambda x: ag.vjp(lambda y: x + y, x)[1](1.0),
        lambda x: ag.jacobian(lambda y: x + y)(x),
        lambda x: ag.elementwise_grad(lambda y: x + y)(x),
        lambda x: ag.hvp(lambda y: (x + y) * y / 2, (x,), (1.0,))[0],
    ]
    for one in inner:
        assert ag.grad(lambda x, one=one: x * one(x))(1.0) == 1.0
        assert ag.jvp(lambda x, one=one: x * one(x), (1.0,), (1.0,))[1] == 1.0
    _, pullback = ag.vjp(lambda y: y**2, 3.0)
    assert ag.grad(lambda x: x * pullback(x))(2.0) == 24.0
    assert isinstance(ag.grad(lambda x: ag.vjp(lambda y: x * y * y, 3.0)[1](1.0))(2.0), np.floating)


def test_every_transform_works_within_no_grad() -> None:
    w, x = Tensor(2.0), Tensor(3.0)
    f: Any = lambda x: w * x**2  # noqa: E731
    with ag.no_grad():
        results = [
            ag.value_and_grad(f)(x),
            (ag.vjp(f, x)[1](1.0), ag.elementwise_grad(f)(x)),
            ag.jvp(f, (x,), (1.0,)),
            (ag.hvp(f, (x,), (1.0,)), ag.hessian(f)(x), ag.jacobian(f)(x)),
        ]
        kept = ag.checkpoint(f)(x)
    assert [leaf.value for leaf in flatten(results)[0]] == [18, 12, 12, 12, 18, 12, 4, 4, 12]
    assert all(isinstance(leaf.value, np.floating) for leaf in flatten(results)[0])
    assert not kept.requires_grad


def test_an_error_within_a_function_leaves_no_trace() -> None:
    x = Tensor(2.0)
    with pytest.raises(ZeroDivisionError):
        ag.grad(lambda y: 1 / 0)(x)
    assert isinstance(ag.grad(lambda y: 3 * y)(2.0), np.floating)
    assert x.requires_grad


def test_auxiliary_results_leave_plain() -> None:
    w = Tensor(2.0, name="w")

    def f(x: Any) -> Any:
        return w * x, {"square": x * x, "weighted": [w * x], "text": "kept", "none": None}

    slope, aux = ag.grad(f, has_aux=True)(3.0)
    assert slope.item() == 2.0
    assert isinstance(aux["square"], np.floating)
    assert aux["square"] == 9.0
    assert ag.gradients(aux["weighted"][0], [w]) == [3.0]
    assert (aux["text"], aux["none"]) == ("kept", None)
    (value, _), _ = ag.value_and_grad(f, has_aux=True)(3.0)
    assert value.item() == 6.0
    with pytest.raises(TypeError, match=r"grad: <lambda> returned Tensor; with has_aux it returns \(output, aux\)"):
        ag.grad(lambda x: x, has_aux=True)(1.0)
    with pytest.raises(TypeError, match="value_and_grad: <lambda> returned a tuple of 3"):
        ag.value_and_grad(lambda x: (x, x, x), has_aux=True)(1.0)


@pytest.mark.parametrize("transform", [ag.vjp, ag.jvp, ag.hvp, ag.checkpoint, ag.custom_gradient])
def test_what_is_no_function_is_refused(transform: Any) -> None:
    arguments = ((), ()) if transform in (ag.jvp, ag.hvp) else ()
    with pytest.raises(TypeError, match=f"{transform.__name__}: expected a function, got float"):
        transform(3.0, *arguments)


def test_wrong_calls_of_products() -> None:
    with pytest.raises(TypeError, match="jvp: primals are a tuple with one entry per argument, got float"):
        ag.jvp(ag.exp, 1.0, 1.0)
    with pytest.raises(TypeError, match=r"vjp: <lambda> returned float at \['a'\], not a Tensor"):
        ag.vjp(lambda x: {"a": float(x)}, 1.0)
    with pytest.raises(ValueError, match=r"vjp: cotangent\[1\]: .* can't take a value of shape \(2,\)"):
        ag.vjp(lambda x: (x, x), 1.0)[1]((1.0, np.ones(2)))
    with pytest.raises(TypeError, match="hessian: there is no argument 1"):
        ag.hessian(ag.exp, argnums=1)(1.0)
    with pytest.raises(ValueError, match="3 entries, not 1"):
        ag.hvp(lambda x: x * x, (np.ones(3),), (np.ones(3),))
    with pytest.raises(TypeError, match="jacobian: argnums are positions"):
        ag.jacobian(ag.exp, argnums=-1)


def test_elementwise_grad_wants_one_shape() -> None:
    f = ag.elementwise_grad(lambda x, y: x * y, argnums=(0, 1))
    assert_same(f(np.array([1.0, 2.0]), np.array([3.0, 4.0])), (np.array([3.0, 4.0]), np.array([1.0, 2.0])))
    with pytest.raises(
        ValueError, match=r"elementwise_grad: <lambda> gives shape \(2,\) for an argument of shape \(\)"
    ):
        f(np.ones(2), 3.0)
    assert ag.elementwise_grad(ag.elementwise_grad(lambda x: x**3))(np.ones(2)).tolist() == [6.0, 6.0]


def test_infinite_outputs_do_not_spoil_other_cotangents() -> None:
    f: Any = lambda x: (1 / x, x * 2)  # noqa: E731
    with np.errstate(divide="ignore"):
        _, pullback = ag.vjp(f, np.array([0.0, 1.0]))
    with np.errstate(all="ignore"):
        assert pullback((np.array([0.0, 1.0]), np.ones(2)))[1] == 1.0


def test_a_gradient_of_several_entries_says_what_to_take_instead() -> None:
    for transform in (ag.grad, ag.value_and_grad):
        with pytest.raises(ValueError, match=r"with 2 entries, not 1; reduce it .* ag\.jacobian, or ag\.elementwise"):
            transform(lambda x: x * 2)(np.ones(2))
