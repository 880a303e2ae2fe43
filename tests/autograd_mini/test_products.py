"""Products at their edges: what NumPy decides, what Python numbers are, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient

ONES = np.ones((2, 3))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "expected"),
    [
        ("ii", [(3, 3)], [np.eye(3)]),
        ("ii->i", [(3, 3)], [np.eye(3)]),
        ("iii->", [(2, 2, 2)], [np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])]),
        ("ij->", [(2, 3)], [np.ones((2, 3))]),
        ("i,j->", [(2,), (3,)], [np.full(2, 3.0), np.full(3, 2.0)]),
        ("i,i->", [(1,), (3,)], [np.full(1, 3.0), np.ones(3)]),
        ("ii,i->", [(1, 1), (3,)], [np.full((1, 1), 3.0), np.ones(3)]),
        ("...,...->...", [(2, 1), (3,)], [np.full((2, 1), 3.0), np.full(3, 2.0)]),
        (",->", [(), ()], [1.0, 1.0]),
        ("ij,kl->", [(0, 2), (3, 1)], [np.ones((0, 2)), np.zeros((3, 1))]),
    ],
)
def test_einsum_of_ones(subscripts: str, shapes: list[tuple[int, ...]], expected: list[Any]) -> None:
    operands = [Tensor(np.ones(shape)) for shape in shapes]
    ag.einsum(subscripts, *operands).sum().backward()
    for operand, gradient in zip(operands, expected):
        np.testing.assert_array_equal(operand.grad, gradient)


def test_one_tensor_may_be_two_operands() -> None:
    check_gradient(lambda x: ag.einsum("ij,jk,ki", x, x, x), [[0.5, -1.0], [2.0, 0.3]])


@pytest.mark.parametrize("optimize", [False, True, "greedy", ["einsum_path", (1, 2), (0, 1)]])
def test_einsum_takes_numpys_optimize(optimize: Any) -> None:
    x, y, z = (np.arange(4.0).reshape(2, 2) + k for k in range(3))
    check_gradient(lambda *xs: ag.einsum("ij,jk,kl->il", *xs, optimize=optimize), x, y, z)


def test_einsum_through_numpy() -> None:
    x = Tensor(ONES)
    np.einsum("ij,j", x, [1.0, 2.0, 3.0]).sum().backward()
    np.testing.assert_array_equal(x.grad, [[1.0, 2.0, 3.0]] * 2)


def test_einsum_with_sublists_is_refused() -> None:
    with pytest.raises(TypeError, match=r"einsum: the subscripts are a string, got Tensor; write einsum\('ij"):
        ag.einsum(Tensor(ONES), [0, 1])


def test_einsum_that_does_not_fit_names_the_shapes() -> None:
    with pytest.raises(
        ValueError, match=r"einsum: 'ij,jk' of arrays \(2, 3\), \(2, 3\): 'j' stands for axes of 3 and of 2"
    ):
        ag.einsum("ij,jk", Tensor(ONES), Tensor(ONES))
    with pytest.raises(TypeError, match="out"):
        ag.einsum("ij", Tensor(ONES), out=np.ones((2, 3)))


@pytest.mark.parametrize("function", [ag.dot, ag.inner, ag.outer, ag.kron, lambda x, y: ag.einsum(",i", x, y)])
def test_python_numbers_are_weak(function: Any) -> None:
    x = Tensor(np.ones(3, np.float32))
    assert function(2.0, x).dtype == np.float32
    np.testing.assert_array_equal(function(2.0, x).data.ravel(), [2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.dot(x, ONES.T),
        lambda x: np.inner(x, ONES),
        lambda x: np.outer(x, ONES),
        lambda x: np.vdot(x, ONES),
        lambda x: np.kron(x, ONES),
        lambda x: np.cross(x, ONES, axis=1),
        lambda x: np.tensordot(x, ONES, ([0, 1], [0, 1])),
        lambda x: np.vecdot(x, ONES, axis=0),
        lambda x: np.linalg.multi_dot([x, ONES.T, ONES]),
    ],
)
def test_numpys_functions_are_recorded(call: Any) -> None:
    x = ONES * [1.0, 2.0, 4.0]
    result = call(Tensor(x))
    assert isinstance(result, Tensor)
    assert result.requires_grad
    np.testing.assert_array_equal(result.data, call(x))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy has matvec since 2.2")
def test_matvec_and_vecmat_through_numpy() -> None:
    x = Tensor(ONES)
    np.testing.assert_array_equal(np.matvec(x, np.ones(3)).data, [3.0, 3.0])
    np.testing.assert_array_equal(np.vecmat(np.ones(2), x).data, [2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.cross(np.ones(2), np.ones(2)), r"cross: axis 0 of shape \(2,\) has size 2"),
        (lambda: ag.tensordot(ONES, ONES, 1), r"tensordot: axes \(1,\) of \(2, 3\) and \(0,\) of \(2, 3\) differ"),
        (lambda: ag.tensordot(ONES, ONES, ([0, 0], [0, 0])), "repeated axis"),
        (lambda: ag.tensordot(ONES, ONES, (0, [0, 1])), "differ in number or size"),
        (lambda: ag.dot(ONES, ONES), "inner sizes 3 and 2 differ"),
        (lambda: ag.vdot(ONES, np.ones(5)), "inner sizes 6 and 5 differ"),
        (lambda: ag.vecdot(ONES, np.ones((2, 1))), "inner sizes 3 and 1 differ"),
        (lambda: ag.linalg.multi_dot([ONES]), "multi_dot: needs two or more arrays, got 1"),
        (lambda: ag.linalg.multi_dot([ONES, np.ones(3), ONES]), r"multi_dot: array 1 has shape \(3,\)"),
        (lambda: ag.linalg.multi_dot([ONES, ONES, ONES]), "inner sizes 3 and 2 differ"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_multi_dot_takes_the_cheapest_order() -> None:
    tall, wide, vector = Tensor(np.ones((9, 2))), Tensor(np.ones((2, 9))), Tensor(np.ones(9))
    result = ag.linalg.multi_dot([tall, wide, vector])
    assert result.inputs[0] is tall  # the matrix of 9 by 9 is never made
    assert ag.linalg.multi_dot([vector, tall, wide]).inputs[1] is wide


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        (ag.vecdot, [1.0, 2.0], 2.0),
        (ag.cross, [1.0, 2.0, 3.0], 2.0),
        (ag.matvec, [[1.0, 2.0]], 2.0),
        (ag.matvec, [1.0, 2.0], [3.0, 4.0]),
        (ag.vecmat, [1.0, 2.0], [3.0, 4.0]),
        (ag.vecmat, 1.0, [[3.0, 4.0]]),
    ],
)
def test_operands_with_too_few_axes_are_refused(function: Any, x: Any, y: Any) -> None:
    for operands in ((Tensor(x), y), (x, Tensor(y)), (Tensor(x), Tensor(y))):
        with pytest.raises(ValueError, match=f"{function.__name__}: an operand of shape .* has too few axes"):
            function(*operands)
