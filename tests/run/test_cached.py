"""A cached execution, driven by hand against a cache that only notes what it is asked."""

from dataclasses import dataclass
from typing import Any

import pytest

from fast_dag import DAG, CacheError
from fast_dag.run.hooked import ends
from fast_dag.run.invocation import invocation
from fast_dag.run.requests import Ask, Attempt, Failure, Outcome, Quick, Success, Until
from tests.run.plans import run_of

NO = ValueError("no")


@dataclass
class Found:
    """What a look-up gives."""

    hit: bool
    value: Any = None
    flight: Any = None
    is_mine: bool = False
    warnings: tuple = ()


HIT = Found(hit=True, value="stored")
MINE = Found(hit=False, flight="mine", is_mine=True)
THEIRS = Found(hit=False, flight="theirs")


class Notebook:
    """A cache that answers look-ups as it was told, and notes the rest."""

    def __init__(self, *answers, in_memory=True):
        self.answers = list(answers)
        self.in_memory = in_memory
        self.notes = []

    def look_up(self, inputs):
        self.notes.append(("look_up", inputs))
        return self.answers.pop(0)

    def store(self, flight, value):
        self.notes.append(("store", flight, value))

    def give_up(self, flight):
        self.notes.append(("give_up", flight))


def run_with(cache, *, watched=False, **settings):
    """A run of one cached node called *a*, which has begun."""
    dag = DAG("one")
    dag.cached_node(lambda x=5: x, name="a", **settings)
    run = run_of(dag.plan(), watched=watched, cache_of=lambda _: cache)
    run.ready()
    return run


def follow(steps, *outcomes):
    """The requests of an invocation, and what it comes to; what is asked of the cache is really done."""
    asked, left, outcome = [], list(outcomes), None
    while True:
        try:
            request = steps.send(outcome)
        except StopIteration as stop:
            return asked, stop.value
        asked.append(request)
        if isinstance(request, Ask):
            outcome = Outcome(request.function(*request.args))
        elif left:
            outcome = left.pop(0)
        else:
            return asked, None


def kinds(requests):
    return [type(request) for request in requests]


def test_a_hit_is_the_answer_without_an_attempt():
    cache = Notebook(HIT)
    run = run_with(cache)
    asked, answer = follow(invocation(run, 0))
    assert (kinds(asked), answer) == ([Quick], Success("stored"))
    assert cache.notes == [("look_up", {"x": 5})]
    assert run.tally.hits == {0: 1}


def test_a_miss_is_attempted_and_stored():
    cache = Notebook(MINE)
    run = run_with(cache)
    asked, answer = follow(invocation(run, 0), Outcome("new"))
    assert (kinds(asked), answer) == ([Quick, Attempt, Quick], Success("new"))
    assert cache.notes[1:] == [("store", "mine", "new")]
    assert run.tally.misses == {0: 1}


def test_what_others_compute_is_waited_for_and_then_looked_up_again():
    asked, answer = follow(invocation(run_with(Notebook(THEIRS, THEIRS, HIT)), 0), Outcome(), Outcome())
    assert kinds(asked) == [Quick, Until, Quick, Until, Quick]
    assert asked[1].flight == "theirs"
    assert answer == Success("stored")


def test_a_wait_is_neither_a_hit_nor_a_miss():
    run = run_with(Notebook(THEIRS, MINE))
    follow(invocation(run, 0), Outcome(), Outcome(1))
    assert (run.tally.hits, run.tally.misses) == ({}, {0: 1})


def test_a_failure_leaves_the_computation_to_the_next_one():
    cache = Notebook(MINE)
    asked, answer = follow(invocation(run_with(cache, retry=2), 0), Outcome(error=NO), Outcome(error=NO))
    assert kinds(asked) == [Quick, Attempt, Attempt, Quick]
    assert cache.notes[1:] == [("give_up", "mine")]
    assert answer == Failure(NO)


def test_a_cache_that_may_have_to_wait_is_asked_where_waiting_is_allowed():
    asked, _ = follow(invocation(run_with(Notebook(MINE, in_memory=False)), 0), Outcome(1))
    assert kinds(asked) == [Ask, Attempt, Ask]


@pytest.mark.parametrize("settings", [{"cache_key": lambda inputs: 1}, {"version": lambda: "1"}])
def test_functions_of_the_users_are_called_where_waiting_is_allowed(settings):
    asked, _ = follow(invocation(run_with(Notebook(HIT), **settings), 0))
    assert kinds(asked) == [Ask]


def test_a_look_up_that_fails_fails_the_node_without_an_attempt():
    steps = invocation(run_with(Notebook()), 0)
    next(steps)
    with pytest.raises(StopIteration) as stop:
        steps.send(Outcome(error=NO))
    assert stop.value.value == Failure(NO)


def test_a_value_that_cannot_be_stored_fails_the_node():
    steps = invocation(run_with(Notebook()), 0)
    requests = [next(steps), steps.send(Outcome(MINE)), steps.send(Outcome("new"))]
    assert kinds(requests) == [Quick, Attempt, Quick]
    with pytest.raises(StopIteration) as stop:
        steps.send(Outcome(error=NO))
    assert stop.value.value == Failure(NO)


def test_a_stream_is_not_stored():
    cache = Notebook(MINE)
    _, answer = follow(invocation(run_with(cache), 0), Outcome(iter([1])))
    assert isinstance(answer.error, CacheError)
    assert cache.notes[1:] == [("give_up", "mine")]


def test_what_an_iterator_gives_may_be_stored_where_it_is_said_to_be_no_stream():
    cache, items = Notebook(MINE), iter([1])
    follow(invocation(run_with(cache, stream=False), 0), Outcome(items))
    assert cache.notes[1:] == [("store", "mine", items)]


def test_the_events_of_a_hit_are_a_start_and_a_finish_from_the_cache():
    run = run_with(Notebook(HIT), watched=True)
    follow(invocation(run, 0))
    assert [note.kind for note in run.notes] == ["node_started", "node_finished"]
    assert run.notes[-1].fields["cached"] is True


def test_what_the_backend_found_damaged_is_told_as_warnings():
    run = run_with(Notebook(Found(hit=True, warnings=("torn", "worn"))), watched=True)
    follow(invocation(run, 0))
    told = [note.fields for note in run.notes if note.kind == "warning"]
    assert told == [{"code": "cache_corrupt", "message": text} for text in ("torn", "worn")]


def test_warnings_are_dropped_where_nobody_watches():
    _, answer = follow(invocation(run_with(Notebook(Found(hit=True, value=1, warnings=("torn",)))), 0))
    assert answer == Success(1)


def test_a_run_that_ends_in_the_middle_lets_go_of_its_computation():
    cache = Notebook(MINE)
    run = run_with(cache)
    steps = invocation(run, 0)
    steps.send(Outcome(next(steps).function({"x": 5})))
    ends(run)
    assert cache.notes[-1] == ("give_up", "mine")


def test_a_look_up_that_ends_after_its_run_lets_go_of_what_it_claims():
    cache = Notebook(MINE)
    run = run_with(cache)
    late = next(invocation(run, 0))
    ends(run)
    assert cache.notes == []
    late.function(*late.args)
    assert cache.notes[-1] == ("give_up", "mine")


def test_an_execution_that_is_over_leaves_nothing_open():
    run = run_with(Notebook(HIT))
    follow(invocation(run, 0))
    assert not run.ledger.open
