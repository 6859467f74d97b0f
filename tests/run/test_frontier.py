"""Counters on arrays."""

from fast_dag.run.frontier import SKIPPED, STARTS, WAITS, Frontier
from tests.run.plans import plan_of


def link_between(plan, source, target):
    """The edge from *source* to *target* of *plan*."""
    start, end = plan.names.index(source), plan.names.index(target)
    return next(link for link in plan.links[start] if link.target == end)


def test_entries_are_the_units_without_edges():
    assert Frontier(plan_of("a -> c", "b -> c")).entries() == [0, 1]


def test_a_target_may_start_when_its_last_edge_has_passed():
    frontier = Frontier(plan_of("a -> c", "b -> c"))
    assert frontier.passed([2]) == []
    assert frontier.passed([2]) == [2]


def test_an_edge_arriving_alone_says_whether_its_target_starts():
    plan = plan_of("a -> c", "b -> c")
    frontier = Frontier(plan)
    assert frontier.arrive(link_between(plan, "a", "c")) == WAITS
    assert frontier.arrive(link_between(plan, "b", "c")) == STARTS


def test_a_dead_edge_into_a_required_input_settles_the_target_once():
    plan = plan_of("a -> c", "b -> c")
    frontier = Frontier(plan)
    assert frontier.die(link_between(plan, "a", "c")) == SKIPPED
    assert frontier.die(link_between(plan, "b", "c")) == WAITS


def test_a_dead_edge_into_an_input_with_a_default_counts_as_settled():
    plan = plan_of("a -> c", "b -> c", optional=["c"])
    frontier = Frontier(plan)
    assert frontier.arrive(link_between(plan, "a", "c")) == WAITS
    assert frontier.die(link_between(plan, "b", "c")) == STARTS


def test_only_dead_edges_settle_a_target_with_defaults():
    plan = plan_of("a -> c", "b -> c", optional=["c"])
    frontier = Frontier(plan)
    assert frontier.die(link_between(plan, "a", "c")) == WAITS
    assert frontier.die(link_between(plan, "b", "c")) == SKIPPED


def test_units_that_are_reset_wait_as_they_did_at_first():
    plan = plan_of("a -> c", "b -> c", optional=["c"])
    frontier = Frontier(plan)
    for source in "ab":
        frontier.die(link_between(plan, source, "c"))
    frontier.reset(range(2, 3))
    assert frontier.passed([2]) == []
    assert frontier.die(link_between(plan, "b", "c")) == STARTS
