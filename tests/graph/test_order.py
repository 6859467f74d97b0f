"""Topological order and rings."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fast_dag.graph.order import components, reached, rings, topological_order

LONG = 20_000


def graph(*edges, names=""):
    """Names and successors of edges such as "ab"; *names* gives the order of insertion."""
    known = dict.fromkeys([*names, *"".join(edges)])
    return list(known), {name: [end for start, end in edges if start == name] for name in known}


def chain(length):
    return list(range(length)), {n: [n + 1] if n + 1 < length else [] for n in range(length)}


@st.composite
def graphs(draw):
    """A graph of up to eight numbers with any edges."""
    count = draw(st.integers(1, 8))
    numbers = st.integers(0, count - 1)
    edges = draw(st.sets(st.tuples(numbers, numbers), max_size=16))
    return list(range(count)), {n: sorted(end for start, end in edges if start == n) for n in range(count)}


def test_a_node_comes_after_its_predecessors():
    assert topological_order(*graph("ca", "cb", "ab", names="abc")) == ["c", "a", "b"]


def test_of_the_ready_ones_the_earliest_inserted_comes_first():
    assert topological_order(*graph("ad", "bc", names="abcd")) == ["a", "b", "c", "d"]


def test_a_node_that_gets_ready_comes_before_later_inserted_ones():
    assert topological_order(*graph("cb", names="abcd")) == ["a", "c", "b", "d"]


def test_two_edges_between_two_nodes_count_as_two():
    assert topological_order(["a", "b"], {"a": ["b", "b"], "b": []}) == ["a", "b"]


def test_what_lies_on_or_behind_a_ring_is_left_out():
    assert topological_order(*graph("ab", "bc", "cb", "cd")) == ["a"]


def test_an_empty_graph_has_an_empty_order():
    assert topological_order([], {}) == []


def test_a_node_reaches_what_lies_behind_it():
    assert "c" in reached("a", graph("ab", "bc")[1])


def test_a_node_does_not_reach_what_lies_before_it():
    assert "a" not in reached("c", graph("ab", "bc")[1])


def test_a_node_reaches_itself():
    assert "a" in reached("a", graph("ab")[1])


def test_reaching_ends_on_a_ring():
    assert "d" not in reached("a", graph("ab", "ba", "dc")[1])


def test_a_graph_without_a_ring_has_none():
    assert rings(*graph("ab", "bc", "ac")) == []


def test_a_ring_starts_and_ends_with_its_first_name():
    assert rings(*graph("bc", "ca", "ab", names="abc")) == [["a", "b", "c", "a"]]


def test_an_edge_to_itself_is_a_ring():
    assert rings(*graph("aa")) == [["a", "a"]]


def test_each_component_shows_its_shortest_ring_through_its_first_name():
    assert rings(*graph("ab", "bc", "cd", "da", "ca")) == [["a", "b", "c", "a"]]


def test_rings_are_told_in_the_order_of_insertion():
    assert rings(*graph("cd", "dc", "ab", "ba", names="abcd")) == [["a", "b", "a"], ["c", "d", "c"]]


def test_what_hangs_on_a_ring_is_no_part_of_it():
    assert rings(*graph("xa", "ab", "ba", "by")) == [["a", "b", "a"]]


def test_a_component_holds_all_that_reach_each_other():
    names, successors = graph("ab", "bc", "ca", "cd", "de", "ed")
    assert sorted(map(sorted, components(names, successors))) == [["a", "b", "c"], ["d", "e"]]


def test_a_long_chain_is_ordered_without_recursion():
    names, successors = chain(LONG)
    assert topological_order(names, successors) == names


def test_a_long_ring_is_found_without_recursion():
    names, successors = chain(LONG)
    successors[LONG - 1] = [0]
    assert rings(names, successors) == [[*names, 0]]


@given(graphs())
def test_every_ring_is_a_closed_path(drawn):
    names, successors = drawn
    for ring in rings(names, successors):
        assert ring[0] == ring[-1]
        assert all(end in successors[start] for start, end in pairwise(ring))


@given(graphs())
def test_there_is_a_ring_exactly_when_the_order_leaves_something_out(drawn):
    names, successors = drawn
    assert bool(rings(names, successors)) == (len(topological_order(names, successors)) < len(names))


@given(graphs())
def test_every_node_is_in_one_component(drawn):
    names, successors = drawn
    assert sorted(name for component in components(names, successors) for name in component) == names


@given(graphs())
def test_two_nodes_share_a_component_when_they_reach_each_other(drawn):
    names, successors = drawn
    place = {name: index for index, part in enumerate(components(names, successors)) for name in part}
    for start in names:
        for end in names:
            both = end in reached(start, successors) and start in reached(end, successors)
            assert (place[start] == place[end]) == both
