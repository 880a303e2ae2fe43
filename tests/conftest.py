"""Hypothesis profiles: `dev` for a quick look, `ci` reproducible."""

import os

from hypothesis import HealthCheck, settings

slow_start = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=10, deadline=None, suppress_health_check=slow_start)
settings.register_profile("default", max_examples=40, deadline=None, suppress_health_check=slow_start)
settings.register_profile(
    "ci", max_examples=40, deadline=None, derandomize=True, suppress_health_check=slow_start, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))
