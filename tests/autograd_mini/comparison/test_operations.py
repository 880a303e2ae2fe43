"""Every operation can be computed anew, in extended precision and with disturbances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from tests.operations import ROWS, Row

smooth_rows = pytest.mark.parametrize("row", [row for row in ROWS if row.order], ids=lambda row: row.name)


@smooth_rows
@settings(max_examples=3)
@given(data=st.data())
def test_rounding_is_told_from_errors(row: Row, data: st.DataObject) -> None:
    arrays, options = data.draw(row.cases)
    inputs = [ag.Tensor(x, name=f"x{i}") for i, x in enumerate(arrays)]
    output = row.call(*inputs, **options)
    if not output.requires_grad:
        return
    weights = np.random.default_rng(0).uniform(0.5, 1.5, output.shape)
    loss = (output * weights).sum()
    found = ag.gradients(loss)
    slopes = {x: found[x] for x in inputs if x in found and np.isfinite(found[x]).all()}
    report = ag.compare(loss, {x: g * (1 + 2e-16) for x, g in slopes.items()})
    assert report.passed, str(report)
    for line in ag.compare(loss, {x: g * 1.01 for x, g in slopes.items()}):
        size = np.max(np.abs(slopes[line.node]), initial=0.0)
        expected = {"wrong"} if size > 1e-10 else {"exact"} if size == 0 else {"exact", "rounding", "kink", "wrong"}
        assert line.verdict in expected, str(line)
