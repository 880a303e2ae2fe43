"""Diagnosis: the mistake that was made is named, and a right derivation has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import autograd_mini as ag
from autograd_mini.comparison.case import Case
from autograd_mini.comparison.diagnosis import diagnose
from autograd_mini.comparison.diagnosis import diagnose as module_function
from autograd_mini.comparison.diagnosis.tape import Tape
from autograd_mini.comparison.findings import KINDS, Finding
from tests.autograd_mini.comparison.hand import Net, random_net
from tests.autograd_mini.comparison.mutations import TABLE, mutations, scene

MODULE = module_function.__globals__


def case_of(loss: ag.Tensor, node: ag.Tensor, hand: Any, given: Mapping[ag.Tensor, Any] | None = None) -> Case:
    true = np.asarray(ag.gradients(loss)[node], np.float64)
    noise = 64 * np.finfo(node.dtype).eps * (np.abs(true) + np.sqrt(np.mean(true**2)))
    made = hand(true) if callable(hand) else hand
    return Case(loss, node, node.name or "it", np.float64(made), true, noise, np.zeros(true.shape, bool), given or {})


def kinds(*case: Any) -> list[str]:
    return [finding.kind for finding in diagnose(case_of(*case))]


def only(*case: Any) -> Finding:
    (finding,) = diagnose(case_of(*case))
    return finding


# ------------------------------------------------------------------------------------------------ the suite


def test_wrong_derivations_are_recognised() -> None:
    first, named, count = Counter[str](), Counter[str](), Counter[str]()
    for m in mutations(each=6):
        found = [finding.kind for finding in diagnose(m.case)]
        assert found, m
        assert set(found) <= set(KINDS)
        count[m.word] += 1
        named[m.word] += m.kind in found
        first[m.word] += found[0] == m.kind
    assert count.total() >= 240
    assert {kind for kind, *_ in TABLE} == set(KINDS)
    assert named.total() >= 0.95 * count.total(), count - named
    assert first.total() >= 0.95 * count.total(), count - first
    assert all(named[word] >= 5 for word in count), count - named


def test_right_derivations_have_no_finding() -> None:
    rng = np.random.default_rng(7)
    for number in range(60):
        s = scene(random_net(rng, ones=bool(number % 3 == 0)))
        for name in s.true:
            assert diagnose(s.case(name, s.right[name])) == [], (name, s.net)


def test_a_wrong_row_is_recognised_among_other_wrong_rows() -> None:
    s = scene(Net((3, 4, 5, 2), 6, "tanh", "half", np.float64, seed=3))
    wrong = s.wrong(word="activation-missing", layer=2)
    given = {s.tensors[name]: array for name, array in wrong.items() if name != "W1"}
    case = s.case("W1", wrong["W1"])
    findings = diagnose(Case(case.loss, case.node, "W1", case.hand, case.gradient, case.noise, case.kinks, given))
    assert [finding.kind for finding in findings] == ["activation-missing"]
    assert "tanh at h2 (6, 5)" in findings[0].detail


# ----------------------------------------------------------------------------------------- bad and odd input


@settings(deadline=None)
@given(arrays(np.float64, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)), st.data())
def test_any_array_has_a_diagnosis(hand: Any, data: Any) -> None:
    s = scene(Net((3, 4, 2), 4, "tanh", "cross-entropy", np.float64, 0.02, seed=1))
    name = data.draw(st.sampled_from(sorted(s.true)))
    findings = diagnose(s.case(name, hand))
    assert findings
    assert all(finding.kind in KINDS and finding.detail and "\n" not in finding.detail for finding in findings)


def test_nan_is_said_and_where() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    finding = only((w * w).sum(), w, [1.0, np.nan])
    assert (finding.kind, finding.detail) == ("unknown", "your w[1] is nan; 1 of 2 entries are not finite")


def test_without_a_graph_the_numbers_are_compared_alone() -> None:
    x = ag.Tensor([1.0, 2.0, 4.0], name="x")
    case = Case(x, x, "x", np.array([3.0, 6.0, 12.0]), x.data, np.full(3, 1e-12), np.zeros(3, bool), {})
    assert [finding.kind for finding in diagnose(case)] == ["factor"]
    assert diagnose(case)[0].detail.startswith("your rule is 3 times the gradient")


def test_an_error_of_our_own_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(study: Any) -> Any:
        raise ZeroDivisionError("a fault of a hypothesis")
        yield

    monkeypatch.setitem(MODULE, "_FROM_GRAPH", (broken,))
    w = ag.Tensor([1.0, 2.0, 3.0], name="w")
    with pytest.raises(ZeroDivisionError):
        only((w * w).sum(), w, [1.0, 2.0, 7.0])


def test_an_operation_that_can_not_be_run_again_spoils_nothing() -> None:
    calls: list[int] = []

    def once(x: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("only once")
        return x * x

    fragile = ag.Op("fragile", once, lambda g, out, x: 2 * g * x)
    x = ag.Tensor([1.0, 2.0, 3.0], name="x")
    assert kinds(fragile(x).sum(), x, lambda true: -true) == ["factor"]


def test_nothing_is_changed() -> None:
    s = scene(Net((3, 4, 2), 4, "relu", "softmax", np.float32, seed=1))
    before = {name: np.array(x.data) for name, x in s.tensors.items()}
    for name in s.true:
        case = s.case(name, s.right[name] + 1)
        hand, gradient = np.array(case.hand), np.array(case.gradient)
        diagnose(case)
        np.testing.assert_array_equal(case.hand, hand)
        np.testing.assert_array_equal(case.gradient, gradient)
    assert all(np.array_equal(x.data, before[name]) and x.grad is None for name, x in s.tensors.items())


# ------------------------------------------------------------------------------------------------ each kind


@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1.0, 1e30, 1e150])
def test_the_scale_of_the_loss_does_not_matter(scale: float) -> None:
    x = ag.Tensor([[0.3, -0.8], [1.2, 0.1], [0.5, 0.7]], name="x")
    h = ag.tanh(x).named("h")
    loss = ((h - 0.5) ** 2).sum() * scale
    missing = 2 * (h.data - 0.5) * scale
    assert kinds(loss, x, missing) == ["activation-missing"]
    assert kinds(loss, x, lambda true: -true) == ["factor"]
    assert kinds(loss, h, missing.sum(axis=0)) == ["batch-sum"]


def test_scalars() -> None:
    w = ag.Tensor(0.7, name="w")
    s = ag.sigmoid(w * 1.5).named("s")
    loss = (s - 2.0) ** 2
    p = float(s.data)
    assert only(loss, w, 2 * (p - 2) * 1.5).detail == "the derivative of sigmoid at s () is missing"
    assert only(loss, w, -2 * (p - 2) * p * (1 - p) * 1.5).detail == "your rule is -1 times the gradient"
    assert kinds(loss, w, 0.123) == ["unknown"]
    assert kinds(loss, loss, 2.0) == ["factor"]


def test_the_right_numbers_in_another_shape() -> None:
    w = ag.Tensor(np.arange(1.0, 7.0).reshape(2, 3), name="w")
    finding = only((w**3).sum(), w, lambda true: true.ravel())
    assert finding.detail == "the numbers are right, but of shape (6,): reshape them to (2, 3)"


def test_a_factor_that_is_a_size_says_of_what() -> None:
    w = ag.Tensor(np.ones((3, 4)), name="w")
    y = (np.arange(15.0).reshape(5, 3) @ w).named("y")
    finding = only(((y - 1.0) ** 2).mean(), w, lambda true: 5 * true)
    assert finding.detail == "your rule is 5 times the gradient, and 5 is the number of rows of y (5, 4)"
    assert finding.residual < 1e-15


def test_a_weight_of_all_time_steps_the_wrong_way_round() -> None:
    r = np.random.default_rng(2)
    x, u, w = r.normal(size=(4, 3, 2)), r.normal(size=(2, 4)), ag.Tensor(r.normal(size=(4, 4)), name="w")
    h: list[Any] = [ag.Tensor(np.zeros((3, 4)), requires_grad=False)]
    for step in range(4):
        h.append(ag.tanh(x[step] @ u + h[-1] @ w))
    delta, total = 2 * h[-1].data, np.zeros((4, 4))
    for step in reversed(range(4)):
        delta = delta * (1 - h[step + 1].data ** 2)
        total += h[step].data.T @ delta
        delta = delta @ w.data
    finding = only((h[-1] * h[-1]).sum(), w, total)
    assert finding.kind == "transposed"
    assert "w (4, 4), in 3 products, the wrong way round" in finding.detail


def test_the_derivative_of_another_activation() -> None:
    r = np.random.default_rng(4)
    x, w = r.normal(size=(5, 3)), ag.Tensor(r.normal(size=(3, 2)), name="w")
    for f, wrong, other in (("sigmoid", lambda h: 1 - h**2, "tanh"), ("tanh", lambda h: h * (1 - h), "sigmoid")):
        h = getattr(ag, f)(x @ w).named("h")
        finding = only((h * h).sum(), w, x.T @ (2 * h.data * wrong(h.data)))
        assert finding.kind == "activation-missing"
        assert f"the derivative of {other}, but h (5, 2) is {f}" in finding.detail


def test_a_skip_connection_left_out() -> None:
    r = np.random.default_rng(3)
    x, w = r.normal(size=(3, 4)), ag.Tensor(r.normal(size=(4, 4)), name="w")
    h = ag.tanh(x @ w).named("h")
    y = (h + ag.tanh(h @ (2 * w))).named("y")
    through = 2 * y.data * (1 - (y.data - h.data) ** 2)
    finding = only((y * y).sum(), h, through @ (2 * w.data).T)
    assert finding.detail.startswith("the way from h (3, 4) through y (3, 4) is missing")
    assert finding.residual < 1e-12
    total = 2 * h.data.T @ through + x.T @ ((through @ (2 * w.data).T) * (1 - h.data**2))
    assert only((y * y).sum(), w, total).detail == finding.detail


def test_one_use_of_many_alone() -> None:
    a, b = ag.Tensor([0.3, 0.5, 0.7], name="a"), ag.Tensor([2.0, 3.0, 5.0], name="b")
    loss = (a * b + ag.sin(a) + ag.exp(a)).sum()
    finding = only(loss, a, np.cos(a.data))
    assert finding.detail.startswith("your rule takes one of the 3 uses of a (3,), that in the sin (3,)")
    assert only(loss, a, b.data + np.exp(a.data)).detail.startswith("the way from a (3,) through the sin (3,) is")


def test_a_mean_that_is_taken_for_a_constant() -> None:
    x = ag.Tensor(np.random.default_rng(6).normal(size=(5, 2)), name="x")
    middle = x.mean(axis=0).named("middle")
    loss = ag.sin(x - middle).sum()
    finding = only(loss, x, np.cos(x.data - middle.data))
    assert finding.kind == "unknown"
    assert finding.detail.startswith("the way from x (5, 2) through middle (2,) is missing")


def test_time_steps_that_are_cut_off() -> None:
    r = np.random.default_rng(2)
    x, w, h = r.normal(size=(4, 3, 2)), ag.Tensor(r.normal(size=(2, 2)), name="w"), [np.zeros((3, 2))]
    b: Any = ag.Tensor(r.normal(size=2), name="b")
    state: Any = np.zeros((3, 2))
    for step in range(4):
        state = ag.tanh(x[step] + state @ w + b).named(f"h{step}")
        h.append(state.data)
    delta, total = 2 * h[-1], np.zeros(2)
    for step in (3, 2):
        delta = delta * (1 - h[step + 1] ** 2)
        total += delta.sum(axis=0)
        delta = delta @ w.data.T
    assert only((state * state).sum(), b, total).detail.startswith("nothing comes back through h1 (3, 2)")


@pytest.mark.parametrize(
    ("turn", "kind"), [(lambda k: k[..., ::-1, ::-1], "permuted"), (lambda k: k.swapaxes(2, 3), "transposed")]
)
def test_a_kernel_that_is_turned(turn: Any, kind: str) -> None:
    r = np.random.default_rng(5)
    x, k = r.normal(size=(2, 1, 5, 5)), ag.Tensor(r.normal(size=(3, 1, 3, 3)), name="k")
    loss = (ag.conv2d(x, k) ** 2).sum()
    assert only(loss, k, turn(ag.gradients(loss)[k])).kind == kind


def test_a_2_is_no_size_of_the_parameter_itself() -> None:
    w = ag.Tensor([[1.0], [2.0]], name="w")
    error = (np.array([[1.0, 3.0]]) @ w - 1).reshape(())
    assert only(error * error, w, ag.gradients(error * error)[w] / 2).detail == "your rule is 1/2 times the gradient"


def test_zeros_are_no_factor_to_be_named() -> None:
    w = ag.Tensor([1.0, 2.0], name="w")
    finding = only((w * w).sum(), w, [0.0, 0.0])
    assert (finding.kind, finding.residual) == ("factor", 0)
    assert finding.detail.startswith("your rule gives 0 everywhere")


def test_any_other_constant_is_a_last_resort() -> None:
    w = ag.Tensor([1.0, 2.0, 3.0], name="w")
    assert only((w * w).sum(), w, lambda true: 0.7371 * true).detail.endswith("a constant factor")
    assert kinds((w * w).sum(), w, lambda true: 0 * true) == ["factor"]
    one = ag.Tensor([2.0], name="one")
    assert kinds((one * one).sum(), one, [0.7371]) == ["unknown"]  # any number is a multiple of any other


def test_a_factor_beside_another_mistake() -> None:
    s = scene(Net((3, 4, 2), 5, "tanh", "half", np.float64, seed=4))
    hand = s.wrong(word="activation-missing")["W1"] / 5
    (finding,) = diagnose(s.case("W1", hand))
    assert finding.kind == "activation-missing"
    assert finding.detail.startswith("the derivative of tanh at h1 (5, 4) is missing; besides, your rule is 1/5 times")
    (finding,) = diagnose(s.case("W1", hand.T * 5))
    assert "is missing; besides, your rule gives the transpose" in finding.detail


def test_samples_in_columns() -> None:
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(3, 6)), rng.normal(size=(2, 6))
    W = ag.Tensor(rng.normal(size=(3, 2)), name="W")
    b = ag.Tensor(rng.normal(size=(2, 1)), name="b")
    z = (W.T @ X + b).named("z")
    loss = ((z - T) ** 2).sum() / 2
    d = np.array(z.data) - T
    assert kinds(loss, W, -X @ d.T) == ["factor"]
    assert kinds(loss, W, X @ d.T / 2) == ["factor"]
    assert kinds(loss, W, d @ X.T) == ["transposed"]
    assert kinds(loss, W, np.outer(X[:, -1], d[:, -1])) == ["batch-sum"]
    assert kinds(loss, b, d) == ["broadcast-sum"]
    assert kinds(loss, b, d[:, :1]) == ["broadcast-sum"]


def test_a_bias_summed_over_the_wrong_axis() -> None:
    s = scene(Net((3, 4, 2), 4, "tanh", "half", np.float64, seed=4))
    (finding,) = diagnose(s.case("b1", s.right["z1"].sum(axis=1)))
    assert (finding.kind, "sums over axis 1 of the gradient of z1 (4, 4)" in finding.detail) == ("broadcast-sum", True)


def test_leaves_that_changed_after_the_forward_pass() -> None:
    w = ag.Tensor([1.0, 2.0, 4.0], name="w")
    loss = (ag.exp(w) * w).sum()
    w.data[...] = [0.5, 1.0, 3.0]
    mixed = np.array(ag.gradients(loss)[w])
    today = np.exp(w.data) * (1 + w.data)
    assert not np.allclose(mixed, today)
    finding = only(loss, w, today)
    assert finding.detail == "your rule gives the gradient at today's values: w changed after the forward pass"
    assert only(loss, w, today * np.array([1.0, 2.0, 1.5])).kind == "stale"


def test_the_bias_as_a_row_of_ones_below_the_data() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(3, 6)), np.ones((1, 6))])
    W = ag.Tensor(rng.normal(size=(2, 4)), name="W")
    loss = (ag.tanh(W @ X) ** 2).sum()

    def without_bias(true: Any) -> Any:
        return np.concatenate([true[:, :3], np.zeros((2, 1))], axis=1)

    assert "column 3 of W (2, 4), the bias, is 0" in only(loss, W, without_bias).detail
    assert kinds(loss, W, lambda true: np.roll(true, 1, axis=1)) == ["bias"]


def test_a_forward_pass_without_the_bias() -> None:
    s = scene(Net((3, 4, 2), 5, "tanh", "half", np.float64, seed=4))
    other = scene(s.net, {**s.arrays, "b1": np.zeros(4)})
    (finding,) = diagnose(s.case("W2", other.right["W2"]))
    assert (finding.kind, "without b1 (4,)" in finding.detail) == ("bias", True)


def test_two_classes_by_softplus_or_by_a_sigmoid_written_out() -> None:
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(7, 3)), np.arange(7) % 2
    w = ag.Tensor(rng.normal(size=3), name="w")
    z = X @ w
    p = 1 / (1 + ag.exp(-z))
    P = np.array(p.data)
    hand = X.T @ ((P - t) * P * (1 - P)) / 7
    assert kinds((ag.softplus(z) - t * z).mean(), w, hand) == ["activation-twice"]
    assert kinds(-(t * ag.log(p) + (1 - t) * ag.log(1 - p)).mean(), w, hand) == ["activation-twice"]


def test_the_variance_with_the_other_count_inside_a_function() -> None:
    rng = np.random.default_rng(0)
    x = ag.Tensor(rng.normal(size=(6, 3)), name="x")
    other = ag.Tensor(x.data, name="x")
    hand = ag.gradients(ag.tanh(ag.var(other, axis=0, ddof=1)).sum())[other]
    assert kinds(ag.tanh(ag.var(x, axis=0)).sum(), x, hand) == ["ddof"]
    hand = ag.gradients(ag.tanh(ag.std(other, axis=0)).sum())[other]
    assert kinds(ag.tanh(ag.std(x, axis=0, ddof=1)).sum(), x, hand) == ["ddof"]


def ridge(rng: Any) -> tuple[ag.Tensor, Any, Any]:
    """Loss, and the two parts of its gradient by hand: the data's and that of the penalty."""
    X, y, G = rng.normal(size=(8, 4)), rng.normal(size=8), rng.normal(size=(4, 4))
    w = ag.Tensor(rng.normal(size=4), name="w")
    loss = ((X @ w - y) ** 2).mean() + 0.3 * ((G @ w) ** 2).sum()
    return loss, 2 * X.T @ (X @ w.data - y) / 8, 0.6 * G.T @ (G @ w.data)


@pytest.mark.parametrize(
    ("a", "b", "kind", "words"),
    [
        (1, 0, "regulariser", "is missing from your rule"),
        (1, 1 / 8, "regulariser", "counts 1/8 times"),
        (8, 0, "regulariser", "is missing; besides, the rest is 8 times"),
        (8, 1, "factor", "all but the regulariser"),
        (8, 2, "regulariser", "besides, the rest is 8 times"),
    ],
)
def test_a_penalty_with_a_matrix(a: float, b: float, kind: str, words: str) -> None:
    loss, data, penalty = ridge(np.random.default_rng(5))
    (w,) = (x for x in ag.topological_order(loss) if x.name == "w")
    finding = only(loss, w, a * data + b * penalty)
    assert (finding.kind, words in finding.detail) == (kind, True), finding


def test_the_update_of_a_layer_above_with_its_rate() -> None:
    s = scene(Net((3, 4, 5, 2), 6, "tanh", "half", np.float64, seed=3))
    hand = s.wrong(word="updated", layer=3, number=0.25)["W1"]
    (finding,) = diagnose(s.case("W1", hand))
    assert finding.detail == (
        "your rule reads W3 after its update (- 0.25 times its gradient): take it before the update"
    )


def test_what_follows_from_a_wrong_gradient_above() -> None:
    s = scene(Net((3, 4, 2), 5, "tanh", "half", np.float64, seed=4))
    wrong = s.right["z2"] + np.random.default_rng(0).normal(size=(5, 2))
    hand = s.arrays["h1"].T @ wrong
    case = s.case("W2", hand)
    given = {**case.given, s.tensors["z2"]: wrong}
    (finding,) = diagnose(Case(case.loss, case.node, "W2", hand, case.gradient, case.noise, case.kinks, given))
    assert finding.kind == "unknown"
    assert finding.detail.endswith("from your gradient of z2 (5, 2): the mistake is there")


def test_the_same_finding_every_time() -> None:
    assert [diagnose(m.case) for m in mutations(each=1)] == [diagnose(m.case) for m in mutations(each=1)]


def test_a_long_chain_is_walked_without_recursion() -> None:
    x = ag.Tensor(np.linspace(0.1, 1.0, 4), name="x")
    y: Any = x
    for _ in range(10_000):
        y = ag.tanh(y) * 1.01
    assert kinds(y.sum(), x, lambda true: true + np.arange(4.0)) == ["unknown"]


def test_the_work_for_many_wrong_gradients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    work, rows = Counter[str](), 24

    def counted(name: str) -> Any:
        whole = getattr(Tape, name)

        def step(tape: Tape, *given: Any, **settings: Any) -> Any:
            work["nodes"] += len(tape.order)
            return whole(tape, *given, **settings)

        return step

    for name in ("walk", "computed"):
        monkeypatch.setattr(Tape, name, counted(name))
    r = np.random.default_rng(0)
    h: Any = r.normal(size=(3, 2))
    for layer in range(rows):
        h = ag.sigmoid(h @ ag.Tensor(r.normal(size=(2, 2)), name=f"w{layer}") * 2) * 2 - 1
    loss = (h * h).sum()
    report = ag.compare(loss, {f"w{layer}": r.normal(size=(2, 2)) for layer in range(rows)})
    assert all(row.findings[0].kind == "unknown" for row in report)
    nodes = len(ag.topological_order(loss))
    assert work["nodes"] <= 5 * 200_000 + 10 * nodes * rows
