import networkx as nx
import pytest


@pytest.fixture
def components(example):
    """What networkx finds: sizes, and the smallest member of each."""

    def find(pairs):
        found = nx.connected_components(nx.Graph(pairs))
        return sorted(((len(each), min(each)) for each in found), key=lambda each: (-each[0], each[1]))

    return find


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_the_club_is_one_community(example, components, mode):
    pairs = example["club"]()
    assert example["flow"].run(pairs=pairs, mode=mode) == components(pairs) == [(34, 1)]
    result = example["flow"].context.metadata["cycles"]["spreading"]
    assert [each.items for each in result.history] == [25, 17, 8, 0]
    assert (result.reason, result.reason_detail) == ("exit", "no_data")


def test_ten_thousand_members_fall_into_the_communities_that_networkx_finds(example, components):
    pairs = example["scale_free"]()
    found = example["flow"].run(pairs=pairs)
    assert found == components(pairs)
    assert len(found) > 30
    assert sum(size for size, _ in found) > 9_900


def test_changes_travel_and_nothing_else(example):
    """Beside the naive way, where every member tells every friend in every round."""
    pairs = example["scale_free"](2_000, 10)
    example["flow"].run(pairs=pairs)
    friends, history = (
        example["flow"]["friends"],
        example["flow"].context.metadata["cycles"]["spreading"].history,
    )
    told = len(friends) + sum(each.items for each in history)
    assert told < 0.8 * len(friends) * len(history)


def test_main_shows_both_networks(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "karate club: 1 communities, the largest has 34 members"
    assert printed[1] == "  labels that changed, round by round: 25, 17, 8, 0"
    assert printed[2].startswith("10,000 members: ")
