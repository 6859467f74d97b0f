"""Whether the same happened in two runs."""

import itertools
import math

import pytest

from fast_dag import DAG, events
from tests.observe.traces import COMMON, failed, finished, iteration, ran, shape, skipped, started, trace

CHAIN = shape("a; b < a; c")


def of(*told, shapes=CHAIN):
    return trace(list(told), shapes)


def test_times_and_workers_do_not_count():
    ours = of(ran("a", 0, 1), ran("b", 1, 2))
    theirs = of(ran("a", 3, 7, worker="w2"), ran("b", 8, 9, worker="w3"))
    assert ours.compare(theirs) is None


def test_independent_steps_may_come_in_any_order():
    ours = of(ran("a", 0, 1), ran("b", 1, 2), ran("c", 2, 3))
    theirs = of(ran("c", 0, 3), ran("a", 1, 2), ran("b", 2, 3))
    assert ours.compare(theirs) is None


def test_the_order_of_dependent_steps_counts():
    ours = of(ran("a", 0, 1), ran("b", 1, 2))
    theirs = of(ran("b", 0, 1), ran("a", 1, 2))
    found = ours.compare(theirs)
    assert (found.index, found.ours.node, found.theirs.node) == (3, "b", "b")
    assert found.reason == "'b' came after 'a' here, before it there"


def test_who_wins_a_race_does_not_count():
    race = shape("a; b; first < a b", {"first": "any"})
    ours = of(ran("a", 0, 1), ran("b", 0, 2), ran("first", 3, 4), shapes=race)
    theirs = of(ran("a", 0, 1), ran("b", 0, 9), ran("first", 1, 2), shapes=race)
    assert ours.compare(theirs) is None


def test_a_node_that_ran_in_one_of_them_only_is_a_difference():
    found = of(ran("a", 0, 1), ran("c", 1, 2)).compare(of(ran("a", 0, 1)))
    assert (found.index, found.ours.node, found.theirs) == (3, "c", None)
    assert found.reason == "node_started of 'c' (1) here, nothing there"
    back = of(ran("a", 0, 1)).compare(of(ran("a", 0, 1), ran("c", 1, 2)))
    assert (back.index, back.ours, back.theirs.node) == (3, None, "c")


def test_the_first_difference_in_ours_is_told():
    ours = of(ran("a", 0, 1), ran("b", 1, 2), ran("c", 2, 3))
    theirs = of([started("a", 0), failed("a", 1, 1)], [started("c", 2), failed("c", 3, 1)])
    found = ours.compare(theirs)
    assert (found.index, found.ours.kind, found.theirs.kind) == (2, "node_finished", "node_failed")


@pytest.mark.parametrize(
    "others",
    [
        [started("a", 0), failed("a", 1, 1)],
        [started("a", 0), finished("a", 1, 1, cached=True)],
        [started("a", 0), failed("a", 1, 1, retry_in=0.0), started("a", 1, 2), finished("a", 2, 1, 2)],
        [skipped("a", 0)],
        [started("a", 0)],
    ],
    ids=["failed", "cached", "tried again", "skipped", "never ended"],
)
def test_another_outcome_is_a_difference(others):
    assert of(ran("a", 0, 1)).compare(of(others)) is not None


def test_errors_are_compared_by_class_and_text():
    def broken(error):
        return of([started("a", 0), failed("a", 1, 1, error=error)])

    assert broken(ValueError("x")).compare(broken(ValueError("x"))) is None
    assert "ValueError: y" in broken(ValueError("x")).compare(broken(ValueError("y"))).reason
    assert broken(ValueError("x")).compare(broken(KeyError("x"))) is not None


def test_iterations_are_compared_one_by_one():
    ours = of(iteration(0, 0, 1, ran("a", 0, 1, (0,))), iteration(1, 1, 2, ran("a", 1, 2, (1,))))
    theirs = of(iteration(0, 0, 1, ran("a", 0, 1, (0,))), iteration(1, 1, 2, [skipped("a", 1, (1,))]))
    found = ours.compare(theirs)
    assert (found.ours.iteration, found.theirs.kind) == ((1,), "node_skipped")
    assert "in iteration 1" in found.reason


def test_metrics_count_and_nan_is_itself():
    def measured(value):
        about = {**COMMON, "cycle": "loop", "index": 0, "duration": 1.0, "time": 1.0}
        return of(events.IterationFinished(**about, metrics={"loss": value}))

    assert measured(math.nan).compare(measured(math.nan)) is None
    assert measured(0).compare(measured(False)) is not None


def test_elements_of_a_map_may_end_in_any_order():
    def item(index, time):
        about = {"node": "a", "attempt": 1, "worker": "w", "duration": 1.0}
        return events.ItemFinished(**COMMON, **about, time=time, index=index)

    around = [started("a", 0), finished("a", 9, 9)]
    assert of(around, item(0, 1.0), item(1, 2.0)).compare(of(around, item(1, 1.0), item(0, 2.0))) is None
    assert of(around, item(0, 1.0)).compare(of(around, item(1, 1.0))) is not None


def test_runs_inside_elements_of_a_map_may_overlap():
    one_by_one = of(ran("m.x", 0, 1), ran("m.x", 1, 2), shapes={"": shape("m"), "m.": shape("x")})
    at_once = of(
        [started("m.x", 0), started("m.x", 0.5), finished("m.x", 1, 1), finished("m.x", 2, 1)],
        shapes={"": shape("m"), "m.": shape("x")},
    )
    assert one_by_one.compare(at_once) is None
    assert at_once.compare(one_by_one) is None


def test_the_way_of_a_machine_counts():
    def moves(*names):
        return of(
            *(
                events.Transitioned(**COMMON, time=float(place), source=source, target=target)
                for place, (source, target) in enumerate(itertools.pairwise(names))
            )
        )

    assert moves("a", "b", "a").compare(moves("a", "b", "a")) is None
    assert moves("a", "b", "a").compare(moves("a", "c", "a")).reason == (
        "transition of 'w' (a, b) here, transition of 'w' (a, c) there"
    )


def test_only_traces_are_compared():
    with pytest.raises(TypeError, match="compared with another one, got list"):
        of().compare([])


def test_two_runs_of_a_workflow_that_took_another_branch_differ():
    dag = DAG("branches")
    dag.condition(lambda x: x > 0, name="check")
    dag.node(lambda value: value, name="yes")
    dag.node(lambda value: -value, name="no")
    dag.connect("check", "yes", output="true").connect("check", "no", output="false")
    traces = []
    for value in (1, -1):
        dag.run(x=value, trace=True)
        traces.append(dag.context.trace)
    found = traces[0].compare(traces[1])
    assert {found.ours.kind, found.theirs.kind} == {"node_skipped", "node_started"}
