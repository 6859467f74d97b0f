"""Open spans: found again by what they are of, each below what it is inside."""

import pytest

from fast_dag.observe.places import Place
from fast_dag.observe.spans import CYCLE, ITERATION, NODE, Mark, Spans

PLACES = {
    "sub": Place("", ""),
    "sub.add": Place("sub", "sub.loop"),
    "sub.loop": Place("sub", ""),
    "free": Place("", ""),
}


class Known:
    def of(self, path):
        return PLACES[path]


@pytest.fixture
def below():
    """For each span the one it is below."""
    return {}


@pytest.fixture
def spans(below):
    def begin(name, around, time, attributes):
        made = f"{name} {time}"
        below[made] = around
        return made

    return Spans(begin, Known(), "root")


def test_a_node_without_anything_around_it_is_below_the_run(spans, below):
    spans.begin(Mark(NODE, "free", ()), 1, {})
    assert below == {"node free 1": "root"}


def test_a_span_is_below_the_innermost_that_is_open(spans, below):
    spans.begin(Mark(NODE, "sub.add", (0,)), 1, {})
    spans.begin(Mark(NODE, "sub", ()), 2, {})
    spans.begin(Mark(CYCLE, "sub.loop", ()), 3, {})
    spans.begin(Mark(NODE, "sub.add", (0,)), 4, {})
    spans.begin(Mark(ITERATION, "sub.loop", (0,)), 5, {})
    spans.begin(Mark(NODE, "sub.add", (0,)), 6, {})
    assert list(below.values()) == [
        *("root", "root", "node sub 2"),
        *("cycle sub.loop 3", "cycle sub.loop 3", "iteration sub.loop 5"),
    ]


def test_an_iteration_without_its_cycle_is_below_what_is_around_the_cycle(spans, below):
    spans.begin(Mark(ITERATION, "sub.loop", (0,)), 1, {})
    assert below == {"iteration sub.loop 1": "root"}


def test_a_span_is_taken_by_its_mark(spans):
    for attempt in (1, 2):
        spans.begin(Mark(NODE, "free", (), attempt), attempt, {})
    assert spans.take(Mark(NODE, "free", (), 2), 0) == "node free 2"
    assert spans.take(Mark(NODE, "free", (), 2), 0) is None
    assert spans.take(Mark(NODE, "free", (1,), 1), 0) is None


def test_of_several_with_one_mark_the_one_that_began_nearest_is_taken(spans):
    for time in (10, 20, 30):
        spans.begin(Mark(NODE, "sub.add", (0,)), time, {})
    mark = Mark(NODE, "sub.add", (0,))
    assert [spans.take(mark, began) for began in (21, 12, 5)] == [
        f"node sub.add {time}" for time in (20, 10, 30)
    ]


def test_something_is_told_to_the_span_it_is_about_or_to_the_one_around_it(spans):
    spans.begin(Mark(NODE, "sub", ()), 1, {})
    assert spans.at(Mark(NODE, "sub", ())) == "node sub 1"
    assert spans.at(Mark(NODE, "sub.add", (0,))) == "node sub 1"
    assert (spans.of_cycle("sub.loop"), spans.of_cycle(None)) == ("root", "root")
    spans.begin(Mark(CYCLE, "sub.loop", ()), 2, {})
    assert spans.of_cycle("sub.loop") == "cycle sub.loop 2"


def test_what_is_left_comes_from_the_inside_out_and_once(spans):
    spans.begin(Mark(NODE, "sub", ()), 1, {})
    spans.begin(Mark(CYCLE, "sub.loop", ()), 2, {})
    assert list(spans.left()) == ["cycle sub.loop 2", "node sub 1"]
    assert list(spans.left()) == []
