"""A file as it came from the field, repaired fault by fault until its quality is good enough."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fast_dag import DAG
from fast_dag.cycles import CycleTemplates

DATA = Path(__file__).parent / "data" / "penguins_raw.csv"
MEASURES = ("Culmen Length (mm)", "Culmen Depth (mm)", "Flipper Length (mm)", "Body Mass (g)")

Row = dict[str, str]

FAULTS: dict[str, Callable[[Row], bool]] = {
    "species in full": lambda row: " " in row["Species"],
    "a day in place of a year": lambda row: "-" in row["Date Egg"],
    "sex in capitals": lambda row: row["Sex"] in ("MALE", "FEMALE"),
    "not measured": lambda row: all(row[measure] == "NA" for measure in MEASURES),
    "sex unknown": lambda row: row["Sex"] == "NA",
}
REMEDIES: dict[str, Callable[[Row], Row | None]] = {
    "species in full": lambda row: row | {"Species": row["Species"].split()[0]},
    "a day in place of a year": lambda row: row | {"Date Egg": row["Date Egg"][:4]},
    "sex in capitals": lambda row: row | {"Sex": row["Sex"].lower()},
    "not measured": lambda _: None,
}
"""What to make of a row with a fault: another row, or none.  Some faults nobody can repair."""


class Report(NamedTuple):
    """Rows, the part of all checks that they pass, the worst fault that can be repaired, and all counts."""

    rows: list[Row]
    quality_score: float
    worst: str
    faults: Counter[str]


flow = DAG("cleaning")


@flow.node
def load(path: Path) -> list[Row]:
    """Read the file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@flow.node
def repair(rows: list[Row], worst: str = "") -> list[Row]:
    """Repair the worst fault; in the first round nobody knows of any."""
    if not worst:
        return rows
    repaired = (REMEDIES[worst](row) if FAULTS[worst](row) else row for row in rows)
    return [row for row in repaired if row is not None]


@flow.node(outputs=["rows", "quality_score", "worst", "faults"])
def inspect(repair: list[Row]) -> Report:
    """Look for faults."""
    faults = Counter(name for row in repair for name, is_there in FAULTS.items() if is_there(row))
    quality = 1 - faults.total() / (len(FAULTS) * len(repair))
    worst = max(REMEDIES, key=faults.__getitem__)
    return Report(repair, quality, worst if faults[worst] else "", faults)


@flow.node
def table(rows: list[Row]) -> list[Row]:
    """Leave out what was only of use in the field."""
    kept = {
        "Species": "species",
        "Island": "island",
        **{measure: measure for measure in MEASURES},
        "Sex": "sex",
    }
    return [{name: row[column] for column, name in (kept | {"Date Egg": "year"}).items()} for row in rows]


load >> repair >> inspect
inspect.output_ports["rows"] >> table

flow.add_cycle(
    CycleTemplates.data_quality_cycle(quality_threshold=0.994, max_cleaning_iterations=10),
    repair,
    inspect,
    feedback={"rows": "rows", "worst": "worst"},
    name="quality",
)


def main() -> None:
    """Clean the file, and tell how it got better."""
    rows = flow.run(path=DATA)
    result = flow.context.metadata["cycles"]["quality"]
    print(f"{result.reason} after {result.total_iterations} rounds: {result.reason_detail}")
    for number, score in enumerate(result.metric_history["quality_score"], start=1):
        print(f"round {number}: {score:6.1%} of the checks passed")
    left = ", ".join(f"{count} with {name}" for name, count in flow["inspect"].faults.items())
    print(f"{len(rows)} birds, {left}")


if __name__ == "__main__":
    main()
