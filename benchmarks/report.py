"""What the benchmarks print: where they ran, and tables."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from importlib import metadata, util
from pathlib import Path

import numpy as np

PEERS = ("torch", "jax", "autograd", "mygrad", "micrograd")


def environment() -> str:
    """The versions, the machine and the date."""
    found = [f"{name} {metadata.version(name)}" for name in PEERS if util.find_spec(name)]
    missing = [name for name in PEERS if not util.find_spec(name)]
    lines = [
        ", ".join([f"Python {platform.python_version()}", f"NumPy {np.__version__}", *found]),
        f"{_processor()}, one thread, {datetime.date.today()}",
        *([f"not installed: {', '.join(missing)}"] if missing else []),
    ]
    return "\n".join(lines)


def _processor() -> str:
    information = Path("/proc/cpuinfo")  # where Linux says more than platform does
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def print_table(name: str, medians: Mapping[str, float]) -> None:
    """Microseconds per step of each side, and its ratio to the first."""
    print(f"\n{name:24s}{'µs per step':>12s}", flush=True)
    base = next(iter(medians.values()), 1.0)
    for side, value in medians.items():
        print(f"  {side:22s}{value:12,.{0 if value >= 100 else 1}f}   ({value / base:.2f})", flush=True)
