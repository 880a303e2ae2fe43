"""The rules of the lecture notes as they were published, compared with automatic differentiation.

For each system: the rule as a plain NumPy function under the number of its equation, the same model in Tensors, and
the report, which finds the slips of the notes by itself and names them; then the rule put right, where it was wrong,
or derived here, where the notes leave it as an exercise. Before those of C1, D1 and E6 stand the rules that are read
off the graph. The last table is the summary. The exit status is 1 if a rule came out otherwise than is said here.

What has no number to compare is not here. A2 and A3 state no gradient of a net. B5 names its optimisers without a
formula; they differ in their step, so that only the gradient that all of them use is compared. The following slips of
the text change no number, or leave nothing to compute:

- 000: `nIterations`, `X1`, `Z1`, `Xtest1` and `addOnes` are used without a definition, `X.shape` stands for
  `X.shape[0]`, the test targets read X for Xtest; `(1 - z~_m^2)` in the first full update lacks its subscript n;
  w <- w - dE/dw_1 lacks its rate; the sizes D x N and M x N under the last matrix forms lack the row of ones.
- 001: the sum of squares is a mean in the section on gradient descent and a sum in the one on its stochastic form;
  the last block of the gradient by Theta is numbered k for K.
- 002: most underbraces label the wrong factor; the net input is printed without its bias; dE/dy_1 is announced where
  dE/dz_1 follows, and z is said to depend on y.
- 003: (8) multiplies by W where (3) and (10) have its transpose; (11) subtracts an estimate from an estimate; (19)
  gives an input of the layer two subscripts; (25) sums over an index that does not occur.
- 004: the second term of the parameter count is printed 200 * 200 for 200; (6.16b) adds b(1) for b(L-1); example 6.1
  has weights as (in, out), its formulas as (out, in).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.comparison import Report, Row, RuleRow

DOCUMENTS = {
    "A": "000_35a5eac7cd588442.txt",
    "B": "001_c2498eda3db27e58.txt",
    "C": "002_db86e9d051e7874b.txt",
    "D": "003_7c76b89e879ef343.txt",
    "E": "004_3fd59ef6bf62b8c0.txt",
}

Array = np.ndarray
Hand = Mapping[Any, Any]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A rule of the notes: what it gives as published, and put right; and what the reports on it have to say."""

    rule: str
    """What it is a rule for, and where in the document it stands."""
    loss: ag.Tensor
    published: Hand | None
    """What it gives for each Tensor; None for a rule that the notes leave to the reader."""
    corrected: Hand | None = None
    """None for a rule that is right as published."""
    slip: str | Mapping[str, str] = ""
    """Which kind of mistake the report has to name: in all rows, or in those with a name here."""
    by: Callable[[ag.Tensor, Hand], Report] = ag.compare

    @cached_property
    def as_published(self) -> Report | None:
        return None if self.published is None else self.by(self.loss, self.published)

    @cached_property
    def put_right(self) -> Report | None:
        return None if self.corrected is None else self.by(self.loss, self.corrected)

    def slip_of(self, name: str) -> str:
        """The kind of mistake in one row; empty for a row that is right as published."""
        return self.slip if isinstance(self.slip, str) else self.slip.get(name, "")


@dataclass(frozen=True, eq=False)
class System:
    """One system of the notes."""

    title: str
    comparisons: Callable[[], list[Comparison]]
    explained: Callable[[], Any] | None = None
    """The equations and rules as `ag.explain` reads them off the graph, in the convention of the notes."""


def generator() -> np.random.Generator:
    """The same numbers for each system, whichever others are asked for."""
    return np.random.default_rng(0)


def constant(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(size=shape)


def variable(name: str, rng: np.random.Generator, *shape: int) -> ag.Tensor:
    return ag.Tensor(rng.normal(size=shape) / np.sqrt(shape[0]), name=name)


def with_ones(x: Any) -> Any:
    """Samples in rows, with the constant 1 as their first entry."""
    ones = np.ones((x.shape[0], 1))
    return ag.concatenate([ones, x], axis=1) if isinstance(x, ag.Tensor) else np.hstack([ones, x])


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def softmax(Z: Array) -> Array:
    """The probabilities of the classes; samples in rows."""
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


def one_hot(labels: Array, classes: int) -> Array:
    return np.eye(classes)[labels]


def negative_log_likelihood(Z: ag.Tensor, labels: Array) -> ag.Tensor:
    """The mean over the samples, in rows, of -z_y + ln sum_j exp(z_j)."""
    return (ag.logsumexp(Z, axis=1) - Z[np.arange(len(labels)), labels]).mean()


# ------------------------------------------------------------------------------------------- A1: Widrow and Hoff


def lms_sum(X1: Array, T: Array, w: Array) -> Array:
    """-2 sum_n (t_n - x_n^T w) x_n: the derivative of the sum of squared errors, as it is displayed."""
    return -2 * sum((t - x @ w) * x[:, None] for x, t in zip(X1, T))


def lms_listing(x: Array, t: Array, w: Array) -> Array:
    """`dEdw` of the listing, for one sample, which it calls the gradient of the squared error."""
    predicted = x @ w
    return -(t - predicted) * x.T


def lms_update(x: Array, t: Array, w: Array, eta: float) -> Array:
    """w + eta (t_n - x_n^T w) x_n: the second line of the update, in which the 2 has gone into the rate."""
    return w + eta * (t - x @ w) * x.T


def a1() -> list[Comparison]:
    rng = generator()
    X = rng.uniform(0, 10, size=(1000, 1))
    T = 2 - 0.1 * X + rng.normal(0, 0.1, size=(1000, 1))
    X1, eta = with_ones(X), 0.01
    w = ag.Tensor([[1.5], [0.2]], name="w")
    x, t = X1[1:2], T[1:2]
    total, one = ((T - X1 @ w) ** 2).sum(), ((t - x @ w) ** 2).sum()
    half = {w: lms_listing(x, t, w.data)}
    update, right = {w: lms_update(x, t, w.data, eta)}, {w: w.data - 2 * eta * half[w]}
    by_step = partial(ag.compare_update, rate=eta)
    return [
        Comparison("sum of squared errors, as displayed", total, {w: lms_sum(X1, T, w.data)}),
        Comparison("squared error of one sample, dEdw of the listing", one, half, {w: 2 * half[w]}, "factor"),
        Comparison("update by one sample, second line", one, update, right, "factor", by_step),
    ]


# ------------------------------------------------------------------------------------------- A4: two-layer net


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """The net of 000 with its data: the arrays under the names of the notes, and the error E in Tensors."""

    X1: Array
    T: Array
    V: ag.Tensor
    W: ag.Tensor
    Z: ag.Tensor
    Y: ag.Tensor
    E: ag.Tensor

    @property
    def error(self) -> Array:
        return self.T - self.Y.data

    @property
    def Z1(self) -> Array:
        return with_ones(self.Z.data)


def two_layers() -> TwoLayers:
    rng, n, hidden = generator(), 20, 10
    X = np.linspace(0.0, 20.0, n).reshape(n, 1) - 10
    T = 0.2 + 0.05 * (X + 10) + 0.4 * np.sin(X + 10) + 0.2 * rng.normal(size=(n, 1))
    V = ag.Tensor(0.1 * 2 * (rng.uniform(size=(1 + 1, hidden)) - 0.5), name="V")
    W = ag.Tensor(0.1 * 2 * (rng.uniform(size=(1 + hidden, 1)) - 0.5), name="W")
    Z = ag.tanh(with_ones(X) @ V).named("Z")
    Y = (with_ones(Z) @ W).named("Y")
    return TwoLayers(with_ones(X), T, V, W, Z, Y, ((T - Y) ** 2).mean())


def summary_v(net: TwoLayers) -> Array:
    """-2/(N K) sum_n sum_k (t_nk - y_nk) w_mk (1 - z_nm^2) x_nj, from "To summarize"."""
    slope = 1 - net.Z.data**2
    return -2 / net.T.size * np.einsum("nk,mk,nm,nj->jm", net.error, net.W.data[1:], slope, net.X1)


def summary_w(net: TwoLayers) -> Array:
    """-2/(N K) sum_n (t_nk - y_nk) z~_nm, from "To summarize"."""
    return -2 / net.T.size * np.einsum("nk,nm->mk", net.error, net.Z1)


def printed_sum(net: TwoLayers) -> dict[ag.Tensor, Array]:
    """dE/dy and dE/dw with y_nk = sum over m from 1 to M of w_mk z~_nm: the constant unit, m = 0, is left out."""
    delta = -2 / net.T.size * (net.T - net.Z.data @ net.W.data[1:])
    return {net.Y: delta, net.W: net.Z1.T @ delta}


def matrix_v(net: TwoLayers, rh: float) -> Array:
    """V + rh X~^T ((T - Y) W^^T . (1 - Z^2)): "All together now", and the listing."""
    return net.V.data + rh * net.X1.T @ ((net.error @ net.W.data[1:, :].T) * (1 - net.Z.data**2))


def matrix_w(net: TwoLayers, ro: float) -> Array:
    """W + ro Z~^T (T - Y): "All together now", and the listing."""
    return net.W.data + ro * net.Z1.T @ net.error


def almost_v(net: TwoLayers) -> Array:
    """((T - Y) W^^T . (1 - Z^2))^T X~, of which the notes say "Almost"; with the -2/(N K) of the summary."""
    return -2 / net.T.size * ((net.error @ net.W.data[1:].T) * (1 - net.Z.data**2)).T @ net.X1


def almost_w(net: TwoLayers) -> Array:
    """(T - Y)^T Z~, of which the notes say "Again, almost"."""
    return -2 / net.T.size * net.error.T @ net.Z1


def a4() -> list[Comparison]:
    net, rhoh, rhoo = two_layers(), 0.5, 0.1
    V, W, loss, size = net.V, net.W, net.E, net.T.size
    right = {V: summary_v(net), W: summary_w(net)}
    shown, bare, put_right = ({V: matrix_v(net, c * rhoh), W: matrix_w(net, c * rhoo)} for c in (1 / size, 1, 2 / size))
    by_step = partial(ag.compare_update, rate={"V": rhoh, "W": rhoo})
    almost = {V: almost_v(net), W: almost_w(net)}
    turned = {weights: hand.T for weights, hand in almost.items()}
    with_constant = {net.Y: -2 / size * net.error, W: summary_w(net)}
    return [
        Comparison('dE/dV and dE/dW, "To summarize"', loss, right),
        Comparison("updates in matrix form, 1/(N K) shown", loss, shown, put_right, "factor", by_step),
        Comparison('updates "in python", rh and ro for the rates', loss, bare, put_right, "factor", by_step),
        Comparison('first matrix forms, called "almost"', loss, almost, turned, "transposed"),
        Comparison("dE/dY, dE/dW with y summed from m = 1", loss, printed_sum(net), with_constant, "unknown"),
        *simplified_view(),
    ]


def simplified_view() -> list[Comparison]:
    """One hidden unit and two outputs, E = (t_1 - y_1)^2 + (t_2 - y_2)^2."""
    x, t1, t2, rho_o, rho_h = 0.7, 0.3, -0.4, 0.1, 0.5
    v, w1, w2 = (ag.Tensor(value, name=name) for name, value in (("v", 0.4), ("w1", -0.6), ("w2", 0.9)))
    z = ag.tanh(v * x)
    loss = (t1 - w1 * z) ** 2 + (t2 - w2 * z) ** 2
    Z, W1, W2 = z.data, w1.data, w2.data
    d1, d2 = t1 - W1 * Z, t2 - W2 * Z
    right = {v: -2 * (d1 * W1 + d2 * W2) * (1 - Z**2) * x, w1: -2 * d1 * Z}
    updates = {v: v.data + rho_h * (d1 * W1 + d2 * W2) * (1 - Z**2) * x, w1: W1 + rho_o * d1 * Z}
    put_right = {v: v.data - rho_h * right[v], w1: W1 - rho_o * right[w1]}
    by_step = partial(ag.compare_update, rate={"v": rho_h, "w1": rho_o})
    return [
        Comparison("simplified view, two outputs", loss, right),
        Comparison("simplified view, updates with deltas", loss, updates, put_right, "factor", by_step),
    ]


# ------------------------------------------------------------------------------------ B1 to B5: linear regression


def line() -> tuple[Array, Array]:
    """200 points of y = 2 + 5 x + noise, the inputs with their constant 1."""
    rng = generator()
    x = 2 * rng.uniform(size=(200, 1))
    return with_ones(x), 2 + 5 * x + 0.5 * rng.normal(size=(200, 1))


def mean_squared_error(X: Array, Y: Array, theta: ag.Tensor) -> ag.Tensor:
    """J = |X theta - Y|^2 / m."""
    return ((X @ theta - Y) ** 2).sum() / len(X)


def normal_equation(X: Array, Y: Array) -> Array:
    """theta* = (X^T X)^-1 X^T Y."""
    return np.linalg.inv(X.T @ X) @ X.T @ Y


def partial_derivatives(X: Array, Y: Array, theta: Array) -> Array:
    """(1/m) sum_i 2 x_j^(i) (h(x^(i)) - y^(i)), for each j."""
    return np.array([[np.sum(2 * x[:, None] * (X @ theta - Y)) / len(X)] for x in X.T])


def grad_f(X: Array, Y: Array, theta: Array) -> Array:
    """The function of the listing, 2/m X^T (X theta - Y)."""
    return 2 / len(X) * X.T @ (X @ theta - Y)


def b1() -> list[Comparison]:
    X, Y = line()
    theta = ag.Tensor(normal_equation(X, Y), name="theta")
    J = mean_squared_error(X, Y, theta)
    return [Comparison("grad J = 0 at theta* of the normal equation", J, {theta: np.zeros((2, 1))})]


def b2() -> list[Comparison]:
    X, Y = line()
    theta = ag.Tensor([[1.0], [3.0]], name="theta")
    J = mean_squared_error(X, Y, theta)
    val_f = ag.sqrt(((X @ theta - Y) ** 2).sum()) / len(X)
    gradient = {theta: grad_f(X, Y, theta.data)}
    slip = "activation-missing"  # that of the square root, which val_f has and J has not
    return [
        Comparison("partial derivatives of J", J, {theta: partial_derivatives(X, Y, theta.data)}),
        Comparison("grad J = 2/m X^T (X theta - Y)", J, gradient),
        Comparison("grad_f as gradient of val_f, listing", val_f, gradient, by_root(X, Y, theta), slip),
    ]


def by_root(X: Array, Y: Array, theta: ag.Tensor) -> dict[ag.Tensor, Array]:
    """The gradient of |X theta - Y| / m, derived here: X^T (X theta - Y) / (m |X theta - Y|)."""
    error = X @ theta.data - Y
    return {theta: X.T @ error / (len(X) * np.linalg.norm(error))}


def lasso_gradient(X: Array, Y: Array, theta: Array, rate: float) -> Array:
    """2/m X^T (X theta - Y) + lambda sign(theta), derived here."""
    return grad_f(X, Y, theta) + rate * np.sign(theta)


def ridge_gradient(X: Array, Y: Array, theta: Array, gamma: Array) -> Array:
    """2/m X^T (X theta - Y) + 2 Gamma^T Gamma theta, derived here."""
    return grad_f(X, Y, theta) + 2 * gamma.T @ gamma @ theta


def b3() -> list[Comparison]:
    X, Y = line()
    rate, gamma = 0.3, np.array([[0.5, 0.1], [0.0, 0.7]])
    theta, start = ag.Tensor([[1.0], [3.0]], name="theta"), ag.Tensor(np.zeros((2, 1)), name="theta")
    lasso = mean_squared_error(X, Y, theta) + rate * ag.absolute(theta).sum()
    at_start = mean_squared_error(X, Y, start) + rate * ag.absolute(start).sum()
    ridge = mean_squared_error(X, Y, theta) + ((gamma @ theta) ** 2).sum()
    return [
        Comparison("Lasso", lasso, None, {theta: lasso_gradient(X, Y, theta.data, rate)}),
        Comparison(
            "Lasso at theta = 0, slope from the right", at_start, None, {start: grad_f(X, Y, start.data) + rate}
        ),
        Comparison("Ridge", ridge, None, {theta: ridge_gradient(X, Y, theta.data, gamma)}),
    ]


def one_sample_gradient(x: Array, y: Array, theta: Array) -> Array:
    """grad J_omega = 2 (h(x) - y) x, and `gradients` of the listing."""
    return 2 * x.T @ (x @ theta - y)


def b4() -> list[Comparison]:
    X, Y = line()
    x, y = X[17:18], Y[17:18]
    theta = ag.Tensor([[1.0], [3.0]], name="theta")
    J = ((x @ theta - y) ** 2).sum()
    return [Comparison("gradient for one random sample", J, {theta: one_sample_gradient(x, y, theta.data)})]


def b5() -> list[Comparison]:
    X, Y = line()
    x, y = X[:16], Y[:16]
    theta = ag.Tensor([[1.0], [3.0]], name="theta")
    J = mean_squared_error(x, y, theta)
    return [Comparison("mini-batch gradient", J, None, {theta: grad_f(x, y, theta.data)})]


# --------------------------------------------------------------------------- B6 to B8: logistic, softmax, one layer


@cache
def iris() -> tuple[Array, Array]:
    """Four measurements of 150 flowers and their species 0, 1, 2; without scikit-learn, seeded ones like them."""
    try:
        from sklearn.datasets import load_iris
    except ImportError:
        print("(iris comes with scikit-learn, which is not installed: seeded numbers like it are used)")
        means = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
        species = np.repeat(np.arange(3), 50)
        return means[species] + 0.3 * constant(generator(), 150, 4), species
    x, species = load_iris(return_X_y=True)
    return np.asarray(x), np.asarray(species)


def loss_slope(p: Array, y: Array) -> Array:
    """dc/dp = -[y / p - (1 - y) / (1 - p)], for each sample."""
    return -(y / p - (1 - y) / (1 - p))


def logistic_gradient(X: Array, y: Array, theta: Array) -> Array:
    """(1/m) sum_i [sigma(theta . x^(i)) - y^(i)] x_j^(i)."""
    return sum((sigmoid(x @ theta) - t) * x for x, t in zip(X, y)) / len(X)


def b6() -> list[Comparison]:
    x, species = iris()
    X, y = with_ones(x[:, 2:]), (species == 2).astype(float)
    theta = ag.Tensor([-3.0, 0.2, 1.1], name="theta")
    p = ag.sigmoid(X @ theta).named("p")
    c = -(ag.log(p) * y + ag.log(1 - p) * (1 - y))
    return [
        Comparison("J by theta", c.mean(), {theta: logistic_gradient(X, y, theta.data)}),
        Comparison("c by p, its samples summed", c.sum(), {p: loss_slope(p.data, y)}),
    ]


def softmax_gradient(X: Array, P: Array, labels: Array) -> Array:
    """-(1/m) sum_i (1{y = j} - p_j) x, a row for each class j."""
    return -(one_hot(labels, P.shape[1]) - P).T @ X / len(X)


def printed_softmax(Z: Array) -> Array:
    """exp(z_k) over the sum from j = 0 to K of exp(z_j); there is no z_0, and 0 stands for it here."""
    return np.exp(Z) / (1 + np.exp(Z).sum(axis=1, keepdims=True))


def b7() -> list[Comparison]:
    x, labels = iris()
    X = with_ones(x[:, 2:])
    Theta = ag.Tensor(generator().normal(size=(3, 3)) / 3, name="Theta")
    Z = (X @ Theta.T).named("z")
    J = negative_log_likelihood(Z, labels)
    by_softmax, by_printed = (
        {Z: (P - one_hot(labels, 3)) / len(X), Theta: softmax_gradient(X, P, labels)}
        for P in (softmax(Z.data), printed_softmax(Z.data))
    )
    return [
        Comparison("J by z and Theta", J, by_softmax),
        Comparison("J by z and Theta, softmax summed from j = 0", J, by_printed, by_softmax, "unknown"),
    ]


@dataclass(frozen=True, eq=False)
class OneHidden:
    """The net of 001 for iris: Theta_hidden (n_h, n + 1), Theta (K, n_h + 1), the constant 1 first; tanh."""

    X: Array
    labels: Array
    hidden: ag.Tensor
    output: ag.Tensor
    h: ag.Tensor
    z: ag.Tensor
    J: ag.Tensor

    @property
    def dz(self) -> Array:
        """dJ/dz, as in softmax regression."""
        return (softmax(self.z.data) - one_hot(self.labels, 3)) / len(self.X)


def one_hidden(units: int) -> OneHidden:
    rng = generator()
    x, labels = iris()
    X = with_ones(x)
    hidden = ag.Tensor(rng.normal(size=(units, 5)) / 5, name="Theta_hidden")
    output = ag.Tensor(rng.normal(size=(3, units + 1)), name="Theta")
    h = ag.tanh(X @ hidden.T).named("h")
    z = with_ones(h) @ output.T
    return OneHidden(X, labels, hidden, output, h, z, negative_log_likelihood(z, labels))


def output_rule(net: OneHidden) -> Array:
    """-(1/m) sum_i (1{y = j} - p_j) h, a row for each class j."""
    return softmax_gradient(with_ones(net.h.data), softmax(net.z.data), net.labels)


def hidden_delta(net: OneHidden) -> Array:
    """dJ/dh_j = sum_l dJ/dz_l Theta_{j,l}, where Theta_{j,l} is entry j of the parameters of class l."""
    return net.dz @ net.output.data[:, 1:]


def hidden_delta_by_matrix(net: OneHidden) -> Array:
    """The same with Theta_{j,l} read as row j, column l of the matrix Theta, which is K x (n_h + 1)."""
    return net.dz @ net.output.data[:, 1:].T


def hidden_rule(net: OneHidden, dh: Array) -> Array:
    """sum_i dJ/dh_j phi'(h^-_j) x, a row for each hidden unit j."""
    return (dh * (1 - net.h.data**2)).T @ net.X


def b8() -> list[Comparison]:
    net, square, rates = one_hidden(5), one_hidden(3), (0.01, 0.02)
    hand = {net.output: output_rule(net), net.hidden: hidden_rule(net, hidden_delta(net))}
    by_row, by_class = (
        {square.h: dh, square.hidden: hidden_rule(square, dh)}
        for dh in (hidden_delta_by_matrix(square), hidden_delta(square))
    )
    penalised, terms = net.J, {}
    for rate, Theta in zip(rates, hand):
        penalised = penalised + rate * ag.trace(Theta.T @ Theta)
        terms[Theta] = hand[Theta] + 2 * rate * Theta.data
    return [
        Comparison("J by both matrices", net.J, hand),
        Comparison("Theta_{j,l} read as row, column; 3 hidden units", square.J, by_row, by_class, "transposed"),
        Comparison("with lambda tr(Theta^T Theta) for each layer", penalised, None, terms),
    ]


# --------------------------------------------------------------------------------------- C1, C2: scalar by scalar


@dataclass(frozen=True, eq=False)
class ThreeThreeTwo:
    """The net of 002 for one pair (x, t): tanh, then sigmoid; W1 is 3 x 3 and W2 is 2 x 3, as they are declared."""

    x: Array
    t: Array
    W1: ag.Tensor
    b1: ag.Tensor
    W2: ag.Tensor
    b2: ag.Tensor
    z: ag.Tensor
    y: ag.Tensor
    E: ag.Tensor


def three_three_two() -> ThreeThreeTwo:
    rng = generator()
    x, t = (ag.Tensor(constant(rng, size), requires_grad=False, name=name) for name, size in (("x", 3), ("t", 2)))
    W1, b1 = variable("W1", rng, 3, 3), variable("b1", rng, 3)
    W2, b2 = variable("W2", rng, 2, 3), variable("b2", rng, 2)
    z = ag.tanh((W1 @ x + b1).named("z_in")).named("z")
    y = ag.sigmoid((W2 @ z + b2).named("y_in")).named("y")
    return ThreeThreeTwo(x.data, t.data, W1, b1, W2, b2, z, y, 0.5 * ((t - y) ** 2).sum())


def output_delta(y: Array, t: Array) -> Array:
    """delta_k^(2) = (y_k - t_k) phi'(y_in_k)."""
    return (y - t) * y * (1 - y)


def underbraced_delta(y: Array, t: Array) -> Array:
    """dE/dy_k, which the underbrace of the first derivative calls delta_k^(2)."""
    return y - t


def weights_by_input(delta: Array, inputs: Array) -> Array:
    """dE/dW_jk = delta_k z_j in row j, column k."""
    return np.array([[d * z for d in delta] for z in inputs])


def first_layer_delta(d_y_in: Array, W2: Array, z: Array) -> Array:
    """delta_k^(1) = (delta_1 w_k1 + delta_2 w_k2) phi'(z_in_k), with w_kj in row k, column j."""
    return np.array([(d_y_in[0] * W2[k, 0] + d_y_in[1] * W2[k, 1]) * (1 - z[k] ** 2) for k in range(3)])


def first_layer_delta_as_declared(d_y_in: Array, W2: Array, z: Array) -> Array:
    """The same with w_kj, which leads from unit k to unit j, in row j, column k."""
    return first_layer_delta(d_y_in, W2.T, z)


def bias_by_one_path(delta: Array, W2: Array, z: Array) -> float:
    """dE/db_2^(1) = dE/dy_2 dy_2/dz_2 dz_2/db_2, as it is displayed: the way through y_1 is left out."""
    return float(delta[1] * W2[1, 1] * (1 - z[1] ** 2))


def c1() -> list[Comparison]:
    net = three_three_two()
    E, W1, b1, W2, b2, z = net.E, net.W1, net.b1, net.W2, net.b2, net.z.data
    d2 = output_delta(net.y.data, net.t)
    d1 = first_layer_delta_as_declared(d2, W2.data, z)
    by_input = {W2: weights_by_input(d2, z), W1: weights_by_input(d1, net.x)}
    turned = {weights: hand.T for weights, hand in by_input.items()}
    one_path = d1.copy()
    one_path[1] = bias_by_one_path(d2, W2.data, z)
    named, right = {W2: np.outer(underbraced_delta(net.y.data, net.t), z)}, {W2: np.outer(d2, z)}
    recursion, put_right = {"z_in": first_layer_delta}, {"z_in": first_layer_delta_as_declared}
    by_rule = ag.compare_rules
    return [
        Comparison("deltas and biases", E, {"y_in": d2, b2: d2, "z_in": d1, b1: d1}),
        Comparison("dE/dW_jk = delta_k z_j, W as declared", E, by_input, turned, "transposed"),
        Comparison("delta^(1) by w_k1 and w_k2, W as declared", E, recursion, put_right, "unknown", by_rule),
        Comparison("delta^(2) as the first underbrace says", E, named, right, "activation-missing"),
        Comparison("dE/db_2^(1) through y_2 alone", E, {b1: one_path}, {b1: d1}, "unknown"),
    ]


def c1_explained() -> Any:
    return ag.explain(three_three_two().E, style="scalars")


def deltas(weights: list[Array], outputs: list[Array], t: Array) -> list[Array]:
    """The exercise: delta^(L) = (y - t) phi', then delta^(l) = (W^(l+1)^T delta^(l+1)) * phi'(z_in^(l)).

    `outputs` are those of the layers from 1 to L, each a tanh, so that phi' is 1 - z^2.
    """
    found = [(outputs[-1] - t) * (1 - outputs[-1] ** 2)]
    for W, z in zip(reversed(weights[1:]), reversed(outputs[:-1])):
        found.append(W.T @ found[-1] * (1 - z**2))
    return found[::-1]


def c2() -> list[Comparison]:
    rng, sizes = generator(), [4, 5, 3, 6, 2]
    pairs = list(enumerate(pairwise(sizes), 1))
    weights = [variable(f"W{layer}", rng, after, before) for layer, (before, after) in pairs]
    biases = [variable(f"b{layer}", rng, after) for layer, (_, after) in pairs]
    z, t = [ag.as_tensor(constant(rng, sizes[0]))], constant(rng, sizes[-1])
    for W, b in zip(weights, biases):
        z.append(ag.tanh(W @ z[-1] + b))
    loss = 0.5 * ((t - z[-1]) ** 2).sum()
    found = deltas([W.data for W in weights], [a.data for a in z[1:]], t)
    hand = {W: np.outer(delta, a.data) for W, delta, a in zip(weights, found, z)}
    return [Comparison("4 layers by the recursion", loss, None, {**hand, **dict(zip(biases, found))})]


# ------------------------------------------------------------------------------------ D1: samples in columns


@dataclass(frozen=True, eq=False)
class Columns:
    """The net of 003: X is D x M, Z1 = W1^T X + b1, A1 = tanh(Z1), Y = W2^T A1 + b2; E = 1/M sum_m E_m."""

    X: Array
    T: Array
    W1: ag.Tensor
    b1: ag.Tensor
    W2: ag.Tensor
    b2: ag.Tensor
    A1: ag.Tensor
    Y: ag.Tensor
    E_m: ag.Tensor
    """Sum over the samples of the errors E_m: of one sample, where there is only one."""

    @property
    def error(self) -> Array:
        return self.Y.data - self.T

    @property
    def slope(self) -> Array:
        """g'(Z1)."""
        return 1 - self.A1.data**2


def columns(samples: int) -> Columns:
    rng, D, n, K = generator(), 5, 4, 3
    X, T = constant(rng, D, samples), constant(rng, K, samples)
    W1, b1 = variable("W1", rng, D, n), variable("b1", rng, n, 1)
    W2, b2 = variable("W2", rng, n, K), variable("b2", rng, K, 1)
    A1 = ag.tanh((W1.T @ X + b1).named("Z1")).named("A1")
    Y = (W2.T @ A1 + b2).named("Y")
    return Columns(X, T, W1, b1, W2, b2, A1, Y, 0.5 * ((Y - T) ** 2).sum())


def equation_18(net: Columns) -> Array:
    """-(y_k - t_k) dy_k/dw_ik, with the a_i of layer 1 for the last factor."""
    return -np.einsum("km,im->ik", net.error, net.A1.data)


def equation_21(net: Columns) -> Array:
    """(y_i - t_k) a_i^[2], by (20): the outputs of layer 2 are the y themselves."""
    return np.einsum("ikm,im->ik", net.Y.data[:, None] - net.T, net.Y.data)


def equation_22(net: Columns) -> Array:
    """-sum_k (y_k - t_k) dy_k/dw_di, with the derivative of (23) to (25)."""
    return -equation_26(net)


def equation_24(net: Columns) -> Array:
    """(26) with da_i/dz_i = g(z_i), as the line before (25) has it."""
    return np.einsum("km,ik,im,dm->di", net.error, net.W2.data, net.A1.data, net.X)


def equation_26(net: Columns) -> Array:
    """sum_k (y_k - t_k) w_ik g'(z_i) x_d; summed over the samples if there are several."""
    return np.einsum("km,ik,im,dm->di", net.error, net.W2.data, net.slope, net.X)


def equation_27(net: Columns) -> Array:
    """1/M 1/K sum_m sum_k (y_k - t_km) w_ik g'(z_im) x_dm."""
    K, M = net.T.shape
    return equation_26(net) / M / K


def equation_28(net: Columns) -> Array:
    """1/M 1/K sum_m (y_k - t_km) a_i, with the a_i of layer 1."""
    K, M = net.T.shape
    return np.einsum("km,im->ik", net.error, net.A1.data) / M / K


def equation_28_as_printed(net: Columns) -> Array:
    """The same with a_i^[2], as it is printed."""
    K, M = net.T.shape
    return np.einsum("km,im->ik", net.error, net.Y.data) / M / K


def bias_sums(net: Columns) -> dict[ag.Tensor, Array]:
    """The two rules for the biases that 003 names as its next step, derived as it derives those for the weights.

    dE_m/db_k^[2] = (y_k - t_k) dy_k/db_k, and by (19) the last factor is 1. dE_m/db_i^[1] is the same chain as (22) to
    (26), in which (25) becomes dz_i/db_i = 1. So, with (16):

        dE/db_k^[2] = 1/M sum_m (y_k - t_km)
        dE/db_i^[1] = 1/M sum_m sum_k (y_k - t_km) w_ik g'(z_im)
    """
    M = net.T.shape[1]
    first = np.einsum("km,ik,im->i", net.error, net.W2.data, net.slope) / M
    return {net.b1: first[:, None], net.b2: np.einsum("km->k", net.error)[:, None] / M}


def matrix_form(net: Columns) -> dict[ag.Tensor, Array]:
    """The matrix form that 003 leaves as its last step: what stands under a sum over m becomes a product.

    With delta2 = (Y - T) / M, K x M, and delta1 = (W2 delta2) * g'(Z1), n x M, the sum over m in (28) is that of the
    product A1 delta2^T, n x K, the one in (27) that of X delta1^T, D x n; the sum over k is inside of W2 delta2:

        dE/dW2 = A1 delta2^T    dE/db2 = delta2 1
        dE/dW1 = X delta1^T     dE/db1 = delta1 1        where 1 is a column of M ones
    """
    delta2 = net.error / net.T.shape[1]
    delta1 = (net.W2.data @ delta2) * net.slope
    ones = np.ones((net.T.shape[1], 1))
    return {net.W2: net.A1.data @ delta2.T, net.b2: delta2 @ ones, net.W1: net.X @ delta1.T, net.b1: delta1 @ ones}


def d1_explained() -> Any:
    return ag.explain(columns(7).E_m / 7, samples="columns")


def d1() -> list[Comparison]:
    return [*d1_single(columns(1)), *d1_batch(columns(7))]


def d1_single(net: Columns) -> list[Comparison]:
    """The equations for one sample, (18) to (26)."""
    E_m, W1, W2 = net.E_m, net.W1, net.W2
    right_2, right_1 = {W2: -equation_18(net)}, {W1: equation_26(net)}
    return [
        Comparison("(18), minus sign", E_m, {W2: equation_18(net)}, right_2, "factor"),
        Comparison("(20), (21): a[2] for a[1]", E_m, {W2: equation_21(net)}, right_2, "shape"),
        Comparison("(22), minus sign", E_m, {W1: equation_22(net)}, right_1, "factor"),
        Comparison("(24): g for g'", E_m, {W1: equation_24(net)}, right_1, "activation-missing"),
        Comparison("(26)", E_m, right_1),
    ]


def d1_batch(net: Columns) -> list[Comparison]:
    """The equations for all samples."""
    K, M = net.T.shape
    E, W1, W2 = net.E_m / M, net.W1, net.W2
    boxed = {W1: equation_27(net), W2: equation_28(net)}
    right, summed = ({weights: c * hand for weights, hand in boxed.items()} for c in (K, M * K))
    derived, printed = matrix_form(net), {W2: equation_28_as_printed(net)}
    return [
        Comparison("(27), (28) as gradients of E (16)", E, boxed, right, "factor"),
        Comparison("(27), (28) as gradients of E (11)", net.E_m, boxed, summed, "factor"),
        Comparison("(28): a[2] for a[1]", E, printed, {W2: derived[W2]}, "shape"),
        Comparison("biases, derived", E, None, bias_sums(net)),
        Comparison("matrix form, derived", E, None, derived),
    ]


# ------------------------------------------------------------------------------------ E6: backpropagation


def line_10(Z2: Array, y: Array) -> Array:
    """dZ^(L) = -2 (y - Z^(L)) for regression; (6.26a)."""
    return -2 * (y - Z2)


def line_13(Z2: Array, y: Array) -> Array:
    """dZ_ij^(L) = -1{y_i = j} + exp(Z_ij) / sum_j exp(Z_ij) for classification, y one-hot; (6.26b)."""
    return -y + softmax(Z2)


def line_16(d_Q1: Array, Z1: Array) -> Array:
    """dZ^(l) = dQ^(l) * h'(Z^(l)), h the relu; (6.27a)."""
    return d_Q1 * (Z1 > 0)


def line_17(d_Z2: Array, W2: Array) -> Array:
    """dQ^(l-1) = dZ^(l) W^(l); (6.27b)."""
    return d_Z2 @ W2


def line_18_in_layer_2(d_Z2: Array, Q1: Array) -> Array:
    """dW^(l) = 1/n_b dZ^(l)^T Q^(l-1); (6.27c)."""
    return d_Z2.T @ Q1 / len(Q1)


def line_18_in_layer_1(d_Z1: Array, X: Array) -> Array:
    """The same where Q^(0) = X."""
    return d_Z1.T @ X / len(X)


def line_19_in_layer_2(d_Z2: Array) -> Array:
    """db_j^(l) = 1/n_b sum_i dZ_ij^(l); (6.27d)."""
    return d_Z2.sum(axis=0) / len(d_Z2)


def line_19_in_layer_1(d_Z1: Array) -> Array:
    """The same."""
    return d_Z1.sum(axis=0) / len(d_Z1)


def algorithm(first: Callable[[Array, Array], Array]) -> dict[str, Callable[..., Array]]:
    """Algorithm 6.1, for L = 2: which line computes what; the first is line 10 or 13. For n_b = 1, (6.26), (6.27)."""
    units = {"Z2": first, "Q1": line_17, "Z1": line_16}
    weights = {"W2": line_18_in_layer_2, "W1": line_18_in_layer_1}
    return {**units, **weights, "b2": line_19_in_layer_2, "b1": line_19_in_layer_1}


def algorithm_on_means(first: Callable[[Array, Array], Array]) -> dict[str, Callable[..., Array]]:
    """The same with the 1/n_b of J where J has it, at the first step, and nowhere else."""
    return {
        **algorithm(first),
        "Z2": lambda Z2, y: first(Z2, y) / len(Z2),
        "W2": lambda d_Z2, Q1: d_Z2.T @ Q1,
        "W1": lambda d_Z1, X: d_Z1.T @ X,
        "b2": lambda d_Z2: d_Z2.sum(axis=0),
        "b1": lambda d_Z1: d_Z1.sum(axis=0),
    }


def relu_layer(rng: np.random.Generator, number: str, inputs: int, outputs: int) -> tuple[ag.Tensor, ag.Tensor]:
    weights = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
    return ag.Tensor(weights, name="W" + number), ag.Tensor(0.1 * rng.normal(size=outputs), name="b" + number)


def relu_logits(samples: int, sizes: tuple[int, int, int]) -> ag.Tensor:
    """Z2 of a two-layer relu net with weights (out, in); samples are rows of numbers from 0 to 1, like pixels."""
    rng = generator()
    X = ag.Tensor(np.clip(constant(rng, samples, sizes[0]), 0, 1), requires_grad=False, name="X")
    (W1, b1), (W2, b2) = (relu_layer(rng, str(i), *pair) for i, pair in enumerate(pairwise(sizes), 1))
    Q1 = ag.relu((X @ W1.T + b1).named("Z1")).named("Q1")
    return (Q1 @ W2.T + b2).named("Z2")


def regression_cost(Z2: ag.Tensor) -> ag.Tensor:
    """Line 9, for seeded targets."""
    y = ag.Tensor(constant(generator(), *Z2.shape), requires_grad=False, name="y")
    return ((y - Z2) ** 2).sum() / len(Z2)


def classification_cost(Z2: ag.Tensor) -> ag.Tensor:
    """Line 12, for seeded labels."""
    labels = generator().integers(0, Z2.shape[1], size=len(Z2))
    y = ag.Tensor(one_hot(labels, Z2.shape[1]), requires_grad=False, name="y")
    return (-(Z2 * y).sum(axis=1) + ag.logsumexp(Z2, axis=1)).mean()


def e6_explained() -> Any:
    return ag.explain(classification_cost(relu_logits(16, (784, 20, 10))))


def e6() -> list[Comparison]:
    """For one data point all is right; for several, 10 and 13 give n_b times dJ/dZ2, and 18 and 19 make it good."""
    slips = {"Z2": "factor", "Q1": "inherited", "Z1": "inherited"}
    found = []
    for problem, cost, first, sizes in (
        ("regression", regression_cost, line_10, (12, 5, 1)),
        ("classification", classification_cost, line_13, (784, 20, 10)),
    ):
        one, batch = (cost(relu_logits(samples, sizes)) for samples in (1, 16))
        lines, on_means = algorithm(first), algorithm_on_means(first)
        found += [
            Comparison(f"(6.26), (6.27), {problem}, one data point", one, lines, by=ag.compare_rules),
            Comparison(f"algorithm 6.1, {problem}", batch, lines, on_means, slips, ag.compare_rules),
        ]
    return found


SYSTEMS = {
    "A1": System("LMS: sample-by-sample linear regression", a1),
    "A4": System("two-layer tanh net with constant-1 columns", a4),
    "B1": System("normal equations", b1),
    "B2": System("batch gradient descent", b2),
    "B3": System("Lasso and Ridge", b3),
    "B4": System("stochastic gradient descent", b4),
    "B5": System("mini-batches, for Momentum and the others", b5),
    "B6": System("logistic regression", b6),
    "B7": System("softmax regression", b7),
    "B8": System("one hidden layer", b8),
    "C1": System("3-3-2 net, scalar by scalar", c1, c1_explained),
    "C2": System("the delta recursion for L layers", c2),
    "D1": System("two layers, samples in columns", d1, d1_explained),
    "E6": System("backpropagation, both costs", e6, e6_explained),
}


# ------------------------------------------------------------------------------------------------- the report


@dataclass(frozen=True, eq=False)
class Outcome:
    """One row of the summary: one gradient by one rule."""

    system: str
    rule: str
    name: str
    published: Row | None
    corrected: Row | None
    slip: str

    @property
    def kinds(self) -> list[str]:
        """Which mistakes the report on the published rule names."""
        found = [finding.kind for finding in self.published.findings] if self.published else []
        return ["inherited", *found] if isinstance(self.published, RuleRow) and self.published.inherited else found

    @property
    def expected(self) -> bool:
        """Whether the published rule is wrong where a slip is known, with its kind; and all else is right."""
        right = self.corrected is None or self.corrected.verdict != "wrong"
        if not self.slip:
            return right and (self.published is None or self.published.verdict != "wrong")
        wrong = self.published is not None and self.published.verdict == "wrong" and self.slip in self.kinds
        return wrong and self.corrected is not None and self.corrected.verdict in ("exact", "rounding")


def outcomes(system: str, comparison: Comparison) -> Iterator[Outcome]:
    published, corrected = rows(comparison.as_published), rows(comparison.put_right)
    for name in dict.fromkeys([*published, *corrected]):
        found = published.get(name), corrected.get(name)
        yield Outcome(system, comparison.rule, name, *found, comparison.slip_of(name))


def rows(report: Report | None) -> dict[str, Row]:
    return {row.name: row for row in report} if report is not None else {}


def section(identity: str, comparisons: list[Comparison]) -> str:
    """The reports on one system."""
    title = f"{identity}  {SYSTEMS[identity].title}  ({DOCUMENTS[identity[0]]})"
    parts = [f"{title}\n{'=' * len(title)}"]
    explained = SYSTEMS[identity].explained
    parts += [f"Read off the graph:\n\n{explained()}"] if explained is not None else []
    for comparison in comparisons:
        parts.append(f"--- {comparison.rule}")
        if comparison.as_published is not None:
            parts.append(f"As published: {comparison.as_published}")
        if comparison.put_right is not None:
            how = "Put right" if comparison.as_published is not None else "Derived here"
            parts.append(f"{how}: {comparison.put_right}")
    return "\n\n".join(parts) + "\n"


HEADINGS = ("system", "rule", "gradient", "as published", "diagnosis", "put right", "")


def summary(found: list[Outcome]) -> str:
    """One line for each gradient; the last column marks what is not as the notes' slips make one expect."""
    table = [HEADINGS, *(cells(outcome) for outcome in found)]
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in table)


def cells(outcome: Outcome) -> tuple[str, ...]:
    verdicts = [row.verdict if row is not None else "-" for row in (outcome.published, outcome.corrected)]
    mark = "" if outcome.expected else "NOT AS EXPECTED"
    return (outcome.system, outcome.rule, outcome.name, verdicts[0], ", ".join(outcome.kinds), verdicts[1], mark)


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome for JSON."""
    published, corrected = outcome.published, outcome.corrected
    return {
        "system": outcome.system,
        "document": DOCUMENTS[outcome.system[0]],
        "rule": outcome.rule,
        "gradient": outcome.name,
        "published": published.verdict if published else None,
        "findings": [{"kind": f.kind, "detail": f.detail} for f in published.findings] if published else [],
        "corrected": corrected.verdict if corrected else None,
        "as_expected": outcome.expected,
    }


def save(path: Path, text: str) -> None:
    """Write all or nothing: an interrupted run leaves no half file."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


# ------------------------------------------------------------------------------------------------------- main


def main() -> int:
    options = parse_options()
    found: list[Outcome] = []
    for identity in options.only:
        comparisons = SYSTEMS[identity].comparisons()
        print(section(identity, comparisons))
        found += [outcome for comparison in comparisons for outcome in outcomes(identity, comparison)]
    print("Summary\n=======\n" + summary(found))
    if options.json is not None:
        data = [as_data(outcome) for outcome in found]
        save(options.json, json.dumps(data, indent=1) + "\n")
        print(f"\nWritten: {options.json}")
    surprises = [outcome for outcome in found if not outcome.expected]
    print(f"\n{len(found)} gradients by published or derived rules, {len(surprises)} not as expected.")
    return 1 if surprises else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS), help="these systems")
    parser.add_argument("--json", type=Path, help="write the summary, with its findings, to this file")
    options = parser.parse_args()
    if options.json is not None and (options.json.is_dir() or not options.json.parent.is_dir()):
        parser.error(f"--json {options.json} is not a file in an existing folder")
    options.only = [identity for identity in SYSTEMS if identity in options.only]
    return options


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
