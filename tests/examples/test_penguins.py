import csv
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "penguins.py"
MODES = ["sequential", "parallel", "async"]


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture(scope="module")
def masses():
    """The body masses of each species, read without the example."""
    found = defaultdict(list)
    with (EXAMPLE.parent / "data" / "penguins.csv").open(newline="") as file:
        for bird in csv.DictReader(file):
            if bird["body_mass_g"] != "NA":
                found[bird["species"]].append(int(bird["body_mass_g"]))
    return found


def rows_of(table):
    """The lines of the table by what they begin with, as words."""
    return {line[:18].strip(): line[18:].split() for line in table.splitlines()}


def test_it_counts_and_weighs_the_birds_of_each_species(example, masses):
    rows = rows_of(example["flow"].run(path=example["DATA"]))
    assert {species: int(rows[species][0]) for species in masses} == {
        "Adelie": 151,
        "Chinstrap": 68,
        "Gentoo": 123,
    }
    for species, found in masses.items():
        assert rows[species][-2] == f"{sum(found) / len(found):.1f}"


def test_every_species_counts_the_same_because_chinstraps_are_few(example, masses):
    rows = rows_of(example["flow"].run(path=example["DATA"]))
    means = [sum(found) / len(found) for found in masses.values()]
    assert rows["all, by species"] == ["342", "45.0", "201.0", f"{sum(means) / 3:.1f}"]
    assert example["flow"].context.branches == {"is_balanced": "false"}


def test_every_bird_counts_the_same_in_a_balanced_sample(example, tmp_path, masses):
    head, *lines = example["DATA"].read_text().splitlines()
    chosen = [
        line for species in masses for line in [each for each in lines if each.startswith(species)][:68]
    ]
    balanced = tmp_path / "balanced.csv"
    balanced.write_text("\n".join([head, *chosen]))
    assert "all, by bird" in rows_of(example["flow"].run(path=balanced))


def test_birds_without_measurements_are_counted(example):
    assert example["flow"].run(path=example["DATA"]).endswith("left out: 2 birds without measurements")


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_writes_the_same_table(example, mode):
    flow, data = example["flow"], example["DATA"]
    assert flow.run(path=data, mode=mode) == flow.run(path=data)


def test_main_prints_the_table_once_and_a_line_for_each_mode(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out
    assert printed.count("mean (sd)") == 1
    assert [line.split()[0] for line in printed.splitlines() if line.endswith("the same table")] == MODES


def test_it_runs_as_a_script(tmp_path):
    ran = subprocess.run(  # noqa: S603 - our own example
        [sys.executable, EXAMPLE], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=15
    )
    assert ran.stdout.count("the same table") == 3
    assert not ran.stderr
