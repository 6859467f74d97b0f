"""How big is a penguin?  One workflow over real data, with the same answer in three modes."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from time import perf_counter
from typing import NamedTuple

from fast_dag import DAG

DATA = Path(__file__).parent / "data" / "penguins.csv"
MEASURES = {"bill_length_mm": "bill mm", "flipper_length_mm": "flipper mm", "body_mass_g": "mass g"}

Bird = dict[str, str]


class Summary(NamedTuple):
    """How many birds, and the mean of each measure; with its standard deviation for a single species."""

    label: str
    birds: int
    means: list[float]
    deviations: list[float] | None = None

    def __str__(self) -> str:
        cells = [f"{mean:.1f}" for mean in self.means]
        if self.deviations:
            cells = [f"{cell} ({sd:.1f})" for cell, sd in zip(cells, self.deviations, strict=True)]
        return f"{self.label:18}{self.birds:5}" + "".join(f"{cell:>16}" for cell in cells)


def summary(species: str, measured: list[Bird]) -> Summary:
    """Describe the birds of one species."""
    chosen = [bird for bird in measured if bird["species"] == species]
    columns = [[float(bird[measure]) for bird in chosen] for measure in MEASURES]
    return Summary(species, len(chosen), [*map(fmean, columns)], [*map(stdev, columns)])


def average(label: str, groups: list[Summary], weights: list[int]) -> Summary:
    """Describe all birds by a mean over species."""
    birds = sum(each.birds for each in groups)
    columns = zip(*(each.means for each in groups), strict=True)
    return Summary(label, birds, [fmean(column, weights) for column in columns])


flow = DAG("penguins")


@flow.node
def load(path: Path) -> list[Bird]:
    """Read the birds."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@flow.node(outputs=["measured", "dropped"])
def clean(birds: list[Bird]) -> tuple[list[Bird], int]:
    """Drop the birds nobody measured, and count them."""
    measured = [bird for bird in birds if all(bird[measure] != "NA" for measure in MEASURES)]
    return measured, len(birds) - len(measured)


@flow.all
def species(groups: list[Summary]) -> list[Summary]:
    """Bring the species together."""
    return groups


@flow.condition
def is_balanced(groups: list[Summary]) -> bool:
    """Ask whether no species has more than twice the birds of another."""
    counts = [group.birds for group in groups]
    return max(counts) <= 2 * min(counts)


@flow.node
def by_bird(groups: list[Summary]) -> Summary:
    """Let every bird count the same."""
    return average("all, by bird", groups, [group.birds for group in groups])


@flow.node
def by_species(groups: list[Summary]) -> Summary:
    """Let every species count the same, however many of its birds were caught."""
    return average("all, by species", groups, [1 for _ in groups])


@flow.any
def overall(average: Summary) -> Summary:
    """Take the average that was made."""
    return average


@flow.node
def table(species: list[Summary], overall: Summary, dropped: int) -> str:
    """Write it all down."""
    head = f"{'mean (sd)':18}birds" + "".join(f"{title:>16}" for title in MEASURES.values())
    foot = f"left out: {dropped} birds without measurements"
    return "\n".join([head, *map(str, [*species, overall]), foot])


load >> clean
for name in ("Adelie", "Chinstrap", "Gentoo"):
    clean.output_ports["measured"] >> flow.node(partial(summary, name), name=name) >> species
species >> is_balanced
is_balanced.on_true >> by_bird
is_balanced.on_false >> by_species
[by_bird, by_species] >> overall >> table
species >> table
clean.output_ports["dropped"] >> table


def main() -> None:
    """Print the table once, and how each mode does."""
    answer = flow.run(path=DATA)
    print(answer, end="\n\n")
    for mode in ("sequential", "parallel", "async"):
        started = perf_counter()
        verdict = "the same table" if flow.run(path=DATA, mode=mode) == answer else "ANOTHER TABLE"
        print(f"{mode:12}{1000 * (perf_counter() - started):6.1f} ms  {verdict}")


if __name__ == "__main__":
    main()
