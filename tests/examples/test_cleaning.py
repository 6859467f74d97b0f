import csv

import pytest

CLEAN = {
    "Culmen Length (mm)": "bill_length_mm",
    "Culmen Depth (mm)": "bill_depth_mm",
    "Flipper Length (mm)": "flipper_length_mm",
    "Body Mass (g)": "body_mass_g",
}


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_it_ends_with_the_birds_of_the_clean_file(example, mode):
    rows = example["flow"].run(path=example["DATA"], mode=mode)
    with example["DATA"].with_name("penguins.csv").open(newline="") as file:
        clean = [row for row in csv.DictReader(file) if row["body_mass_g"] != "NA"]
    assert [{CLEAN.get(name, name): value for name, value in row.items()} for row in rows] == clean


def test_it_gets_better_with_each_repair(example):
    example["flow"].run(path=example["DATA"])
    result = example["flow"].context.metadata["cycles"]["quality"]
    assert (result.reason, result.total_iterations) == ("converged", 5)
    scores = result.metric_history["quality_score"]
    assert scores == sorted(scores)
    assert scores[-1] >= 0.994 > scores[-2]


def test_what_nobody_can_repair_is_left_alone(example, tmp_path):
    head, *rows = example["DATA"].read_text().splitlines()
    unknown = [row for row in rows if "NA" in row.split(",")[-4]][:3]
    path = tmp_path / "few.csv"
    path.write_text("\n".join([head, *unknown]))
    with pytest.warns(match="cycle 'quality' ended by max_iterations=10"):
        example["flow"].run(path=path)
    report = example["flow"]["inspect"]
    assert report.worst == ""
    assert set(report.faults) == {"sex unknown"}


def test_main_tells_of_each_round(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "converged after 5 rounds: quality_score >= 0.994"
    assert [line.split()[2] for line in printed[1:-1]] == ["39.9%", "59.9%", "79.9%", "99.2%", "99.5%"]
    assert printed[-1] == "342 birds, 9 with sex unknown"
