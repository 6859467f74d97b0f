import json

import pytest

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
from benchmarks.__main__ import main, show
from benchmarks.case import Case, Sides
from benchmarks.measure import measure

SMALL = [
    *modes.cases(size=8, layers=2)[2::3],
    *threads.cases(layers=2, width=3, pairs=2, total=0.002),
    *event_loop.cases(size=4, delay=0.001),
    *machines.cases(size=30),
    *[case for case in cycles.cases(size=20) if not case.excess],  # which noise may make negative
    *deltas.cases(length=6, nodes=100),
    *[case for case in iteration.cases(size=20, nodes=50) if not case.excess],
    *around.cases(size=20),
    *[case for case in watching.cases(size=20) if not case.excess],
    *fixed_costs.cases(size=5)[2:],
]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_every_case_gives_a_row(case):
    row = measure(case, budget=0)
    assert row.name == case.name
    assert row.rounds == 1
    assert row.cost > 0
    assert (row.ratio is None) == (row.beside == "")
    assert (row.is_met is None) == (row.target == "")


def test_a_row_says_whether_its_target_is_met(capsys):
    def case(name, most_cost):
        return Case(name=name, make=lambda: Sides(lambda: None), most_cost=most_cost)

    show([case("easy", 1e9), case("hopeless", 0.0)], budget=0)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed[-2:]] == ["ok", "MISSED"]


def test_a_side_that_gives_something_else_is_not_timed():
    wrong = Case(name="wrong", make=lambda: Sides(lambda: 1, lambda: 2, lambda: 1))
    with pytest.raises(AssertionError, match="wrong: not what the hand-written code gives"):
        measure(wrong, budget=0)


def test_rows_are_chosen_by_a_part_of_their_name_and_stored(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.BUDGET", 0)
    main(["run of one node", "--json", str(tmp_path / "figures.json")])
    stored = json.loads((tmp_path / "figures.json").read_text())
    assert [row["name"] for row in stored["rows"]] == ["run of one node"]
    assert "run of one node" in capsys.readouterr().out


def test_an_unknown_row_is_an_error_of_usage(capsys):
    with pytest.raises(SystemExit):
        main(["no such row"])
    assert "no row has 'no such row' in its name" in capsys.readouterr().err
