"""The gradient of any function: of NumPy, SciPy, scikit-learn, and of Tensors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag


def test_an_objective_of_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x = np.array([-1.2, 1.0, 0.3, 2.0])
    assert ag.compare_functions(optimize.rosen, optimize.rosen_der, x).passed
    row = ag.compare_functions(optimize.rosen, lambda x: -optimize.rosen_der(x), x)["x"]
    assert (row.verdict, row.findings[0].kind) == ("wrong", "factor")
    assert row.findings[0].detail == "your rule is -1 times the gradient"
    assert row.vote == "your rule is wrong"


def test_the_regressor_of_scikit_learn_is_off_by_its_number_of_outputs() -> None:
    """scikit-learn #8349: the gradient of MLPRegressor is n_outputs times that of its own loss."""
    network = pytest.importorskip("sklearn.neural_network")
    r = np.random.default_rng(0)
    inputs, targets, units = r.normal(size=(20, 4)), r.normal(size=(20, 3)), [4, 5, 3]
    model = network.MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", alpha=0.0, max_iter=1, solver="lbfgs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(inputs, targets)
    if not hasattr(model, "_loss_grad_lbfgs"):
        pytest.skip("this scikit-learn has no _loss_grad_lbfgs")

    def both(parts: Any) -> tuple[float, list[Any]]:
        layers = [inputs] + [np.empty((20, n)) for n in units[1:]]
        slopes = [np.empty_like(part) for part in parts]
        packed = np.concatenate([part.ravel() for part in parts])
        samples = (None,) if "sample_weight" in model._loss_grad_lbfgs.__code__.co_varnames else ()
        given = (packed, inputs, targets, *samples, layers, [None] * 2, slopes[:2], slopes[2:])
        loss, gradient = model._loss_grad_lbfgs(*given)
        pieces = np.split(gradient, np.cumsum([part.size for part in parts])[:-1])
        return loss, [piece.reshape(part.shape) for piece, part in zip(pieces, parts)]

    start = [part.copy() for part in (*model.coefs_, *model.intercepts_)]
    report = ag.compare_functions(lambda x: both(x)[0], lambda x: both(x)[1], start, sizes={"n_outputs": 3})
    if report.passed:
        pytest.skip("this scikit-learn has mended it")
    for row in report:
        assert row.findings[0].detail.startswith("your rule is 3 times the gradient; 3 is n_outputs")
        assert row.findings[0].residual < 1e-6


def test_functions_of_tensors_have_three_witnesses() -> None:
    x = {"a": np.array([1.0, 2.0]), "b": 3.0}
    report = ag.compare_functions(
        lambda p: (ag.sin(p["a"]) * p["b"]).sum(), lambda p: {"a": p["b"] * np.cos(p["a"]), "b": 0.0}, x
    )
    assert report["x['a']"].verdict in ("exact", "rounding")
    row = report["x['b']"]
    assert row.verdict == "wrong"
    assert row.testimonies[0].automatic == pytest.approx(np.sin([1.0, 2.0]).sum())


def plain(x: Any) -> float:
    return float(np.sum(np.asarray(x, float) ** 2))


def test_a_list_of_numbers_is_a_vector() -> None:
    report = ag.compare_functions(plain, lambda x: 2 * x, [1, 2, 3])
    assert [(row.name, row.shape, row.verdict) for row in report] == [("x", (3,), "rounding")]


def test_a_kink() -> None:
    def f(x: Any) -> float:
        return float(np.abs(np.asarray(x, float)).sum())

    assert ag.compare_functions(f, lambda x: np.sign(x) + (x == 0), np.array([0.0, 2.0]))["x"].verdict == "kink"
    assert ag.compare_functions(f, lambda x: np.sign(x) + 2 * (x == 0), np.array([0.0, 2.0]))["x"].verdict == "wrong"
    assert ag.compare_functions(f, lambda x: np.sign(x) * 2, np.array([1.0, 2.0]))["x"].verdict == "wrong"


def test_a_sample_of_many() -> None:
    x = np.linspace(1, 2, 1000)
    assert ag.compare_functions(plain, lambda x: 2 * x, x).passed
    row = ag.compare_functions(plain, lambda x: 2 * x + 1, x)["x"]
    assert "200 of 200 entries that were tried differ, and by no common factor" in row.findings[0].detail


def test_what_nothing_confirms_is_not_right() -> None:
    r = np.random.default_rng(0)
    row = ag.compare_functions(lambda x: float(r.normal()), lambda x: 0 * x + 1.0, np.array([1.0, 2.0]))["x"]
    assert row.verdict == "wrong"
    assert "nothing confirms your rule" in row.findings[0].detail


def test_scale_does_not_matter() -> None:
    f, x = (lambda x: plain(x) * 1e-12), np.array([1.0, 2.0])
    assert ag.compare_functions(f, lambda x: 2e-12 * x, x).passed
    assert not ag.compare_functions(f, lambda x: -2e-12 * x, x).passed


def test_bad_results() -> None:
    x = [np.ones(2), np.ones((2, 3))]

    def loss(parts: Any) -> float:
        return float(sum(np.sum(np.asarray(part, float) ** 2) for part in parts))

    report = ag.compare_functions(loss, lambda parts: [None, 2 * parts[1].T], x)
    assert "None was given" in report["x[0]"].findings[0].detail
    assert "its transpose, .T," in report["x[1]"].findings[0].detail
    nan = ag.compare_functions(plain, lambda x: x * np.nan, np.ones(2))["x"]
    assert "2 of 2 entries are NaN or infinite" in nan.findings[0].detail
    with pytest.raises(ValueError, match=r"grad_fn\(x\)"):
        ag.compare_functions(loss, lambda parts: parts[0], x)
    with pytest.raises(TypeError, match=r"compare_functions: x: .*real numbers"):
        ag.compare_functions(loss, loss, "text")
    with pytest.raises(TypeError, match="expected a function of x, got float"):
        ag.compare_functions(1.0, loss, x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not one number"):
        ag.compare_functions(lambda x: np.asarray(x, float), lambda x: x, np.ones(2))


def single(x: Any) -> np.float32:
    return np.float32(np.sum(np.sin(x) + np.abs(x - 0.5)) + 3)


def test_a_loss_in_float32_is_known_in_float32() -> None:
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=6) + 1e-3
        x[0] = 0.5
        slope = np.cos(x) + np.sign(x - 0.5)
        assert ag.compare_functions(single, lambda x, slope=slope: slope, x).passed, seed
        slope = 1.01 * slope
        assert ag.compare_functions(single, lambda x, slope=slope: slope, x)["x"].verdict == "wrong", seed


def relu_net(seed: int) -> tuple[Any, Any, list[np.ndarray]]:
    """A net with 1200 kinks, of which some are near: its loss, the right gradient, and where."""
    r = np.random.default_rng(seed)
    x, t = r.normal(size=(200, 5)), r.normal(size=200)

    def loss(parts: Any) -> float:
        return float(np.sum((np.maximum(x @ parts[0], 0) @ parts[1] - t) ** 2))

    def gradient(parts: Any) -> list[np.ndarray]:
        h = np.maximum(x @ parts[0], 0)
        error = 2 * (h @ parts[1] - t)
        return [x.T @ (np.outer(error, parts[1]) * (h > 0)), h.T @ error]

    return loss, gradient, [r.normal(size=(5, 6)), r.normal(size=6)]


@pytest.mark.parametrize("seed", range(12))
def test_kinks_near_by_do_not_make_a_right_gradient_wrong(seed: int) -> None:
    loss, gradient, start = relu_net(seed)
    assert ag.compare_functions(loss, gradient, start).passed

    def wrong(parts: Any) -> list[np.ndarray]:
        first, second = gradient(parts)
        first[0, 0] *= 1.05
        return [first, second]

    assert [row.verdict for row in ag.compare_functions(loss, wrong, start)] == ["wrong", "rounding"]
