from fractions import Fraction

import pytest


@pytest.fixture
def ranks(example):
    """The ranks that a run ends with."""

    def run(**options):
        example["flow"].run(path=example["DATA"], **options)
        return example["flow"]["handed_on"].ranks

    return run


def solved(friends, damping):
    """The ranks as the solution of their equations, by elimination with exact numbers."""
    members = sorted(friends)
    rows = []
    for member in members:
        row = [Fraction(member == each) for each in members]
        for each in friends[member]:
            row[members.index(each)] -= damping / len(friends[each])
        rows.append([*row, (1 - damping) / len(members)])
    for place in range(len(rows)):
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for other in range(len(rows)):
            if other != place and rows[other][place]:
                factor = rows[other][place]
                rows[other] = [
                    mine - factor * its for mine, its in zip(rows[other], rows[place], strict=True)
                ]
    return {member: float(row[-1]) for member, row in zip(members, rows, strict=True)}


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_ranks_solve_the_equations_of_pagerank(example, ranks, mode):
    found = ranks(mode=mode)
    assert found == pytest.approx(solved(example["flow"]["friends"], Fraction(85, 100)), abs=1e-10)
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)


def test_the_leaders_are_those_that_are_known(ranks):
    """Values that networkx 3.6.1 gives for the same graph without weights."""
    found = ranks()
    known = {34: 0.10091918, 1: 0.09699729, 33: 0.07169323, 3: 0.05707851, 2: 0.05287692, 32: 0.03715809}
    assert {member: round(found[member], 8) for member in known} == known
    assert sorted(found, key=found.get)[:-7:-1] == list(known)


def test_it_ends_when_the_ranks_stand_still(example, ranks):
    ranks()
    result = example["flow"].context.metadata["cycles"]["rounds"]
    changes = result.metric_history["change"]
    assert (result.reason, result.reason_detail) == ("converged", "change < 1e-10")
    assert changes[-1] < 1e-10 <= changes[-2]
    assert result.best_quality == changes[-1]
    assert result.verdict == "converged"


def test_the_file_holds_78_pairs_of_34_members(example):
    pairs = [tuple(map(int, line.split())) for line in example["DATA"].read_text().splitlines()]
    assert len({frozenset(pair) for pair in pairs}) == 78
    assert {member for pair in pairs for member in pair} == set(range(1, 35))


def test_main_shows_five_members_and_how_it_ended(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "member 34  0.100919"
    assert printed[5] == "converged after 60 rounds: change < 1e-10"
    assert len(printed) == 10
