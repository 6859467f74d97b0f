"""A map, driven by hand."""

import pytest

from fast_dag import DAG, ExecutionError
from fast_dag.run.elements import Elements
from fast_dag.run.invocation import invocation
from fast_dag.run.mapped import FETCH, MapRun
from fast_dag.run.requests import Ask, Attempt, Enter, Outcome, Success, Wait
from fast_dag.run.visit import Visit
from tests.run.plans import run_of

NO = ValueError("no")


def graph_run(item, *, limit=None, workers=1, watched=False, is_async=False, **settings):
    """A run of one map node called *f* over *item*, which has begun."""
    dag = DAG("map")

    def function(item, other=7):
        return item, other

    async def coroutine(item, other=7):
        return item, other

    dag.map(coroutine if is_async else function, name="f", **settings)
    run = run_of(dag.plan(), watched=watched)
    run.values[run.plan.layouts[0].arguments[0].slot] = item
    run.ledger.limit, run.ledger.workers = limit, workers
    run.ready()
    return run


def map_run(item, **options):
    """The map in such a run, its counts, and where its results are."""
    run = graph_run(item, **options)
    elements, counts = Elements(item, run.plan.nodes[0].settings.depth), {"items": 0, "failed": 0}
    return MapRun(Visit(run, 0), elements, counts), elements, counts


def start(run, step):
    """The first request of *step*, and what goes on with it."""
    steps = run.invoke(step)
    return steps, next(steps)


def end(run, steps, outcome, step=1):
    """Send the *outcome* of the request of *step*; the steps this sets free."""
    with pytest.raises(StopIteration) as ended:
        steps.send(outcome)
    assert isinstance(ended.value.value, Success)
    return run.done(step, ended.value.value.value)


def test_all_elements_of_a_list_may_start_where_nothing_limits_them():
    run, _, _ = map_run([5, 6, 7], is_async=True)
    assert run.ready() == [1, 2, 3]
    assert not run.finished


def test_a_map_of_nothing_is_finished_at_once():
    run, elements, _ = map_run([])
    assert run.ready() == []
    assert run.finished
    assert elements.results() == []


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"limit": 2}, 2),
        ({"limit": 2, "max_concurrency": 5}, 2),
        ({"limit": 5, "max_concurrency": 3}, 3),
        ({"workers": 2}, 2),
        ({"workers": 2, "is_async": True}, 6),
        ({"workers": 2, "is_async": True, "max_concurrency": 4}, 4),
        ({"limit": 2, "retry": 2, "retry_delay": 1}, 6),
        ({"limit": 2, "retry": 2, "retry_delay": 1, "max_concurrency": 3}, 3),
    ],
    ids=str,
)
def test_as_many_elements_start_as_all_limits_allow(options, count):
    run, _, _ = map_run(range(6), **options)
    assert len(run.ready()) == count


def test_an_element_that_is_done_makes_room_for_the_next():
    run, elements, counts = map_run(["a", "b"], limit=1)
    assert run.ready() == [1]
    steps, request = start(run, 1)
    assert isinstance(request, Attempt)
    assert request.args == ["a", 7]
    assert end(run, steps, Outcome("A")) == [2]
    steps, request = start(run, 2)
    assert request.args == ["b", 7]
    assert end(run, steps, Outcome("B"), step=2) == []
    assert run.finished
    assert (elements.results(), counts) == (["A", "B"], {"items": 2, "failed": 0})


def fetch(run):
    """Have the next element taken; the steps this sets free."""
    steps, ask = start(run, FETCH)
    assert isinstance(ask, Ask)
    return end(run, steps, Outcome(ask.function(*ask.args)), FETCH)


def test_an_iterator_is_asked_for_one_element_at_a_time():
    run, elements, _ = map_run(iter("ab"), limit=2)
    assert run.ready() == [FETCH]
    assert fetch(run) == [1, FETCH]
    assert fetch(run) == [2]
    steps, request = start(run, 1)
    assert request.args == ["a", 7]
    assert end(run, steps, Outcome("A")) == [FETCH]
    assert fetch(run) == []
    assert not run.finished
    steps, _ = start(run, 2)
    assert end(run, steps, Outcome("B"), 2) == []
    assert run.finished
    assert elements.results() == ["A", "B"]


def broken(run):
    """Have taking the next element fail; the steps this sets free."""
    steps, _ = start(run, FETCH)
    with pytest.raises(StopIteration) as ended:
        steps.send(Outcome(error=KeyError("iterator")))
    return run.failed(FETCH, ended.value.value.error)


def test_an_iterator_that_breaks_fails_the_map_when_what_is_under_way_has_ended():
    run, _, _ = map_run(iter("ab"), limit=2)
    run.ready()
    fetch(run)
    steps, _ = start(run, 1)
    assert broken(run) == []
    assert not run.finished
    assert end(run, steps, Outcome("A")) == []
    assert run.finished
    assert isinstance(run.failure.error, KeyError)


def failing(run, step, error):
    """Have the element of *step* fail."""
    steps, _ = start(run, step)
    return end(run, steps, Outcome(error=error), step)


def test_after_a_failure_no_further_element_starts():
    run, _, counts = map_run(range(9), limit=2)
    first, second = run.ready()
    steps, _ = start(run, first)
    assert failing(run, second, NO) == []
    assert not run.finished
    assert end(run, steps, Outcome(1), first) == []
    assert run.finished
    assert (run.failure.error, run.failure.marks) == (NO, {"index": 1, "attempts": 1})
    assert counts == {"items": 2, "failed": 1}


def test_what_was_free_to_start_before_a_failure_is_not_called_any_more():
    run, _, counts = map_run(range(3), is_async=True)
    run.ready()
    failing(run, 1, NO)
    for step in (2, 3):
        with pytest.raises(StopIteration) as ended:
            next(run.invoke(step))
        run.done(step, ended.value.value.value)
    assert run.finished
    assert counts == {"items": 1, "failed": 1}


def test_of_several_failures_the_one_of_the_lowest_index_counts():
    run, _, _ = map_run(range(3), limit=3)
    started = [start(run, step)[0] for step in run.ready()]
    errors = [ValueError(number) for number in range(3)]
    for number in (2, 0, 1):
        end(run, started[number], Outcome(error=errors[number]), number + 1)
    assert run.failure.error is errors[0]


def test_a_failed_element_counts_before_a_broken_iterator():
    run, _, _ = map_run(iter("ab"), limit=2)
    run.ready()
    fetch(run)
    steps, _ = start(run, 1)
    broken(run)
    end(run, steps, Outcome(error=NO))
    assert run.failure.error is NO


@pytest.mark.parametrize(
    ("meaning", "expected"), [("skip", ["A"]), ("none", ["A", None]), ("return", ["A", NO])]
)
def test_a_failed_element_may_be_left_out_or_replaced(meaning, expected):
    run, elements, counts = map_run(["a", "b"], limit=1, item_errors=meaning)
    run.ready()
    steps, _ = start(run, 1)
    end(run, steps, Outcome("A"))
    assert failing(run, 2, NO) == []
    assert (run.finished, run.failure) == (True, None)
    assert (elements.results(), counts) == (expected, {"items": 2, "failed": 1})


def test_an_element_has_attempts_and_waits_of_its_own():
    run, elements, _ = map_run(["a"], retry=2, retry_delay=0.5)
    run.ready()
    steps, _ = start(run, 1)
    wait = steps.send(Outcome(error=NO))
    assert isinstance(wait, Wait)
    assert wait.delay == 0.5
    again = steps.send(Outcome())
    assert again.args == ["a", 7]
    end(run, steps, Outcome("A"))
    assert run.outer.tally.attempts == [2]
    assert elements.results() == ["A"]


def test_an_attempt_out_of_time_is_a_failure_of_its_element():
    run, _, _ = map_run(["a"], timeout=2.0)
    run.ready()
    steps, request = start(run, 1)
    assert request.timeout == 2.0
    end(run, steps, Outcome(expired=True))
    assert str(run.failure.error) == "node 'f' timed out after 2.0 s"


def test_durations_add_up():
    run, _, _ = map_run(["a", "b"], limit=2)
    for step in run.ready():
        steps, _ = start(run, step)
        end(run, steps, Outcome(step, duration=0.25), step)
    assert (run.outer.tally.durations, run.outer.tally.attempts) == ([0.5], [2])


def test_elements_are_noted_when_somebody_watches():
    run, _, _ = map_run(["a", "b"], limit=1, watched=True)
    run.ready()
    steps, _ = start(run, 1)
    end(run, steps, Outcome("A", duration=0.25))
    failing(run, 2, NO)
    noted = [
        (note.kind, note.step, note.fields["index"], note.fields["duration"]) for note in run.outer.notes
    ]
    assert noted == [("item_finished", 0, 0, 0.25), ("item_failed", 0, 1, 0.0)]


def test_events_about_elements_are_told_in_the_name_of_the_node():
    run, _, _ = map_run(["a"])
    assert (run.path_of(3), run.noted(3)) == ("f", (run.outer, 0))
    assert run.is_inside(run.outer)
    assert not run.outer.is_inside(run)


def test_a_map_that_is_stopped_is_finished():
    run, _, _ = map_run(["a", "b"])
    run.ready()
    run.stop(NO)
    assert (run.finished, run.error) == (True, NO)


def test_an_execution_of_a_map_node_is_a_run_inside_it():
    run = graph_run(["a"], limit=1)
    steps = invocation(run, 0)
    enter = next(steps)
    assert isinstance(enter, Enter)
    assert enter.timeout is None
    inner = enter.inner
    inner.ready()
    calls = enter.invoke(1)
    request = next(calls)
    assert request.args == ["a", 7]
    end(inner, calls, Outcome("A"))
    with pytest.raises(StopIteration) as ended:
        steps.send(Outcome())
    assert ended.value.value == Success(["A"])
    assert run.tally.maps == {0: {"items": 1, "failed": 0}}


@pytest.mark.parametrize("value", [5, "text", b"", {}, None], ids=repr)
def test_what_is_no_number_of_elements_fails_the_node_at_once(value):
    with pytest.raises(StopIteration) as ended:
        next(invocation(graph_run(value), 0))
    error = ended.value.value.error
    assert isinstance(error, ExecutionError)
    assert str(error).startswith(f"'f' maps over 'item', got {type(value).__name__}")
