"""The same training steps by hand, by autograd-mini and by its peers, side by side in one run.

    pip install -e '.[bench]'
    python benchmarks/compare.py
    python benchmarks/compare.py 64-32-10 moons --sides 'by hand' eager

All sides start from the same weights and take the same steps in turn, with one thread each; their losses are checked to
agree, and medians are printed: microseconds per step, in brackets relative to the first side. Peers that are not
installed are left out.
"""

from __future__ import annotations

import one_thread  # noqa: F401

# isort: split
import argparse

from measure import Workload, measure, one_run
from report import environment, print_table
from workloads import deep_net, logistic, lstm, moons, relu_net, sine_fit

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for module in (relu_net, sine_fit, moons, deep_net, logistic, lstm)
    for workload in module.WORKLOADS
}
SIDES = list(dict.fromkeys(name for workload in WORKLOADS.values() for name in workload.sides))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "workloads", nargs="*", metavar="workload", help=f"{', '.join(WORKLOADS)}; all of them by default"
    )
    parser.add_argument("--sides", nargs="+", choices=SIDES, metavar="side", default=SIDES, help=", ".join(SIDES))
    parser.add_argument("--one-run", nargs=2, metavar=("WORKLOAD", "SIDE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    for name in given.workloads:
        if name not in WORKLOADS:
            parser.error(f"there is no workload {name!r}; choose from {', '.join(WORKLOADS)}")
    return given


def main() -> None:
    given = arguments()
    if given.one_run:
        name, side = given.one_run
        one_run(WORKLOADS[name], side)
        return
    print(environment())
    for name in given.workloads or WORKLOADS:
        print_table(name, measure(WORKLOADS[name], given.sides))


if __name__ == "__main__":
    main()
