"""`python -m benchmarks [words of a row's name] [--json PATH]`; a missed target is shown, not an error."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    around,
    cycles,
    deltas,
    event_loop,
    fixed_costs,
    iteration,
    machines,
    modes,
    threads,
    watching,
)
from benchmarks.case import Case, Row
from benchmarks.measure import measure
from benchmarks.table import head, line, write_json

BUDGET = 1.5
"""Seconds for each row."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for, and show it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", default="", help="only rows with this in their name")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures to a file")
    asked = parser.parse_args(arguments)
    groups = (modes, threads, event_loop, machines, cycles, iteration, deltas, around, watching, fixed_costs)
    cases = [case for group in groups for case in group.cases()]
    chosen = [case for case in cases if asked.part in case.name]
    if not chosen:
        parser.error(f"no row has {asked.part!r} in its name")
    rows = show(chosen, BUDGET)
    if asked.json is not None:
        write_json(asked.json, rows)


def show(cases: Sequence[Case], budget: float) -> list[Row]:
    """Print a row for each case as soon as it is measured."""
    print(head())
    rows = []
    for case in cases:
        row = measure(case, budget)
        print(line(row), flush=True)
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
