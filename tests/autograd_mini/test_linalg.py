"""Linear algebra at its edges: singular matrices, equal eigenvalues, NumPy's tuples, dtypes and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import Tensor
from autograd_mini.testing import check_gradient

REGULAR = np.array([[2.0, 1.0, 0.0], [0.5, -3.0, 1.0], [1.0, 0.0, 4.0]])
SINGULAR = {
    "rank 2": np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 0.0], [3.0, 3.0, 3.0]]),
    "rank 1": np.outer([1.0, 2.0, -1.0], [3.0, 1.0, 2.0]),  # two singular values near 0
    "exactly rank 1": np.diag([0.0, -2.0, 0.0]),
    "rank 0": np.zeros((3, 3)),
}


def slope(function: Any, x: Any) -> Any:
    variable = Tensor(x)
    function(variable).sum().backward()
    return variable.grad


# ---------------------------------------------------------------------------------------------------- determinants


@pytest.mark.parametrize("matrix", SINGULAR.values(), ids=SINGULAR)
def test_det_of_singular_matrices_has_its_gradients(matrix: Any) -> None:
    x = Tensor(matrix)
    (first,) = ag.gradients(ag.linalg.det(x), [x], create_graph=True)
    direction = np.arange(9.0).reshape(3, 3) - np.eye(3)
    (second,) = ag.gradients((first * direction).sum(), [x])
    # det of 3 by 3 is a polynomial of degree 3 in any direction: these differences are exact
    cofactors = [_cofactors(matrix + sign * direction) for sign in (1, -1)]
    np.testing.assert_allclose(first.data, _cofactors(matrix), atol=1e-13)
    np.testing.assert_allclose(second, (cofactors[0] - cofactors[1]) / 2, rtol=1e-12, atol=1e-12)


def _cofactors(x: Any) -> Any:
    minors = [[np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(3)] for i in range(3)]
    return np.array(minors) * [[1, -1, 1], [-1, 1, -1], [1, -1, 1]]


def test_det_of_the_identity_to_second_order() -> None:
    check_gradient(ag.linalg.det, np.eye(4))
    check_gradient(ag.linalg.det, np.stack([np.eye(3), -REGULAR]))


def test_det_to_third_order() -> None:
    along = ag.grad(ag.grad(ag.grad(lambda t: ag.linalg.det(t * REGULAR + np.eye(3)))))
    assert float(along(0.5)) == pytest.approx(6 * np.linalg.det(REGULAR))
    with pytest.raises(np.linalg.LinAlgError):
        ag.grad(ag.grad(ag.grad(lambda t: ag.linalg.det(t * np.ones((3, 3))))))(1.0)


def test_slogdet_neither_overflows_nor_underflows() -> None:
    x = 1e-3 * np.eye(200)
    np.testing.assert_allclose(slope(lambda x: ag.linalg.slogdet(x).logabsdet, x), 1e3 * np.eye(200))


def test_slogdet_of_a_singular_matrix() -> None:
    x = Tensor(np.zeros((2, 2)))
    sign, logabsdet = ag.linalg.slogdet(x)
    assert (sign.data, logabsdet.data) == (0.0, -np.inf)
    with pytest.raises(np.linalg.LinAlgError):
        logabsdet.backward()


# --------------------------------------------------------------------------------------------------- equal eigenvalues


def test_equal_eigenvalues_have_a_gradient_where_it_exists() -> None:
    np.testing.assert_array_equal(slope(ag.linalg.eigvalsh, np.eye(3)), np.eye(3))
    np.testing.assert_array_equal(slope(ag.linalg.svdvals, 2 * np.eye(3)), np.eye(3))
    np.testing.assert_array_equal(slope(ag.linalg.svdvals, np.zeros((3, 2))), np.eye(3, 2))


def test_what_does_not_depend_on_the_choice_of_eigenvectors_is_right_to_first_order() -> None:
    def exponential(x: Any) -> Any:
        w, v = ag.linalg.eigh((x + x.T) / 2)
        return (v * ag.exp(w)) @ v.T

    weights = np.arange(9.0).reshape(3, 3)
    gradient = slope(lambda x: exponential(x) * weights, np.eye(3))
    np.testing.assert_allclose(np.diag(gradient), np.e * np.diag(weights))

    def rebuilt(x: Any) -> Any:
        u, s, vh = ag.linalg.svd(x)
        return (u * s) @ vh * weights

    check_gradient(rebuilt, REGULAR)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_factors_rebuild_the_matrix_and_its_gradient(shape: tuple[int, ...]) -> None:
    x = Tensor(np.random.default_rng(0).normal(size=shape))
    weights = np.random.default_rng(1).normal(size=shape)
    q, r = ag.linalg.qr(x)
    u, s, vh = ag.linalg.svd(x, full_matrices=False)
    for product in (q @ r, (u * s[..., None, :]) @ vh):
        np.testing.assert_allclose(product.data, x.data, atol=1e-14)
        np.testing.assert_allclose(ag.gradients(product, [x], weights)[0], weights, atol=1e-13)


@pytest.mark.parametrize("function", [ag.linalg.cholesky, lambda x: ag.linalg.eigh(x).eigenvectors ** 2])
def test_gradients_of_symmetric_matrices_are_symmetric(function: Any) -> None:
    gradient = slope(function, REGULAR @ REGULAR.T)
    np.testing.assert_allclose(gradient, gradient.T)


def test_the_triangle_that_is_read() -> None:
    upper, lower = np.triu(REGULAR @ REGULAR.T), np.tril(REGULAR @ REGULAR.T)
    np.testing.assert_array_equal(ag.linalg.eigh(Tensor(upper), "U")[0].data, np.linalg.eigh(upper, "U")[0])
    np.testing.assert_array_equal(ag.linalg.cholesky(Tensor(lower)).data, np.linalg.cholesky(lower))


def test_pinv_of_low_rank_along_changes_that_keep_the_rank() -> None:
    check_gradient(lambda x, y: ag.linalg.pinv(ag.outer(x, y), rcond=1e-8), [1.0, 2.0, -1.0], [3.0, 1.0])


# --------------------------------------------------------------------------------------------------------- as NumPy


def numpys_calls(x: Any) -> dict[str, Any]:
    y = x @ x.T
    return {
        "inv": np.linalg.inv(x),
        "solve": np.linalg.solve(x, np.ones(3)),
        "pinv": np.linalg.pinv(x, 1e-10),
        "matrix_power": np.linalg.matrix_power(x, -2),
        "det": np.linalg.det(x),
        "slogdet": np.linalg.slogdet(x),
        "cholesky": np.linalg.cholesky(y),
        "qr": np.linalg.qr(x),
        "eigh": np.linalg.eigh(y, "U"),
        "eigvalsh": np.linalg.eigvalsh(y),
        "svd": np.linalg.svd(x),
        "svdvals": np.linalg.svdvals(x),
    }


def test_numpys_functions_are_recorded_and_give_numpys_tuples() -> None:
    recorded, plain = numpys_calls(Tensor(REGULAR)), numpys_calls(REGULAR)
    for name, expected in plain.items():
        assert type(recorded[name]) is (type(expected) if isinstance(expected, tuple) else Tensor)
        parts = recorded[name] if isinstance(expected, tuple) else [recorded[name]]
        for part, values in zip(parts, expected if isinstance(expected, tuple) else [expected]):
            assert isinstance(part, Tensor)
            np.testing.assert_allclose(part.data, values, rtol=1e-13, atol=1e-13)


def test_plain_arrays_give_numpys_tuples_of_arrays() -> None:
    for name in ("slogdet", "qr", "eigh", "svd"):
        plain, ours = getattr(np.linalg, name)(REGULAR), getattr(ag.linalg, name)(REGULAR)
        assert type(ours) is type(plain)
        assert [type(part) for part in ours] == [type(part) for part in plain]


@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_wide_and_tall_shapes_are_numpys(shape: tuple[int, int]) -> None:
    x = REGULAR[: shape[0], : shape[1]]
    for part, values in zip(ag.linalg.qr(Tensor(x)), np.linalg.qr(x)):
        np.testing.assert_allclose(part.data, values, atol=1e-14)
    np.testing.assert_allclose(ag.linalg.qr(Tensor(x), "r").data, np.linalg.qr(x, "r"), atol=1e-14)
    np.testing.assert_allclose(ag.linalg.svd(Tensor(x), compute_uv=False).data, np.linalg.svdvals(x))


def test_power_zero_is_the_identity_with_an_exact_zero_gradient() -> None:
    x = np.array([[np.inf, 1.0], [0.0, 1.0]], np.float32)
    result = ag.linalg.matrix_power(Tensor(x), 0)
    np.testing.assert_array_equal(result.data, np.eye(2))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(slope(lambda x: ag.linalg.matrix_power(x, 0), x), np.zeros((2, 2)))


def test_qr_of_dependent_columns_has_no_gradient() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        slope(lambda x: ag.linalg.qr(x).Q, np.zeros((3, 2)))


def test_integers_and_lists_are_taken() -> None:
    np.testing.assert_array_equal(ag.linalg.solve([[2, 0], [0, 4]], [2, 2]), [1.0, 0.5])
    np.testing.assert_array_equal(ag.linalg.svd([[2, 0], [0, 1]], compute_uv=False), [2.0, 1.0])
    assert ag.linalg.inv(np.array([[2]])).dtype == np.float64


def test_float16_meets_float32() -> None:
    x, y = np.eye(2, dtype=np.float16), np.ones(2, np.float32)
    assert ag.linalg.solve(Tensor(x), y).dtype == np.float32
    assert ag.linalg.solve(x, y.astype(np.float16)).dtype == np.float16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ag.linalg.inv(x), r"inv: x \(2, 3\): Last 2 dimensions of the array must be square"),
        (lambda x: ag.linalg.inv(x[:, :2] * 0), r"inv: Tensor \(2, 2\): Singular matrix"),
        (lambda x: ag.linalg.cholesky(-x[:, :2]), r"cholesky: .*: Matrix is not positive definite"),
        (lambda x: ag.linalg.qr(x[0]), r"qr: an array of shape \(3,\) is no matrix"),
        (lambda x: ag.linalg.svd(x[0]), r"svd: an array of shape \(3,\) is no matrix"),
        (lambda x: ag.linalg.eigh(x[0]), r"eigh: Tensor \(3,\), UPLO='L': 1-dimensional array given"),
        (lambda x: ag.linalg.matrix_power(x, 2), r"matrix_power: the last two axes of \(2, 3\) differ"),
    ],
)
def test_numpys_linalgerror_keeps_its_kind(call: Any, message: str) -> None:
    x = Tensor(np.ones((2, 3)), name="x")
    with pytest.raises(np.linalg.LinAlgError, match=message):
        call(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ag.linalg.svd(x), ValueError, r"svd: the full U and Vh .*write full_matrices=False"),
        (lambda x: ag.linalg.qr(x, "complete"), ValueError, r"qr: mode 'complete' has no derivative here"),
        (lambda x: ag.linalg.matrix_power(x, 0.5), TypeError, "matrix_power: the exponent is an integer, got 0.5"),
        (lambda x: ag.linalg.cholesky(x, upper=True), TypeError, "cholesky: no setting 'upper'"),
        (lambda x: ag.linalg.svd(x, hermitian=True), TypeError, "hermitian"),
    ],
)
def test_what_has_no_derivative_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(Tensor(np.ones((2, 3))))
