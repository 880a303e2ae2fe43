"""Random programs: their gradients agree with finite differences, with their own recorded form, and with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.testing import check_gradient
from tests.programs import NUMPY, OURS, disagreement, random_program, torch_library

seeds = st.integers(0, 10**6)


@settings(max_examples=60)
@given(seeds)
def test_gradients_of_smooth_programs_agree_with_finite_differences(seed: int) -> None:
    program = random_program(seed, smooth=True)
    check_gradient(lambda *leaves: program.run(OURS, list(leaves)), *program.leaves)


@given(seeds)
def test_values_are_numpys(seed: int) -> None:
    program = random_program(seed, smooth=False)
    expected = program.run(NUMPY, program.leaves)
    result = program.run(OURS, [ag.Tensor(leaf) for leaf in program.leaves])
    assert result.item() == pytest.approx(float(expected), rel=1e-12)


@given(seeds)
def test_recorded_gradients_equal_plain_ones(seed: int) -> None:
    program = random_program(seed, smooth=False)
    leaves = [ag.Tensor(leaf) for leaf in program.leaves]
    result = program.run(OURS, leaves)
    plain, recorded = (ag.gradients(result, leaves, create_graph=flag) for flag in (False, True))
    for one, other in zip(plain, recorded):
        np.testing.assert_allclose(one, other.data, rtol=1e-12, atol=1e-12)


@given(seeds)
def test_gradients_agree_with_pytorch(seed: int) -> None:
    pytest.importorskip("torch")
    assert disagreement(seed, torch_library()) < 1e-9
