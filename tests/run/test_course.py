"""What a template adds to a cycle, with no runner at all: its questions, and the values it lays ready."""

from fast_dag import DAG
from fast_dag.cycles.courses import Batches, Plain
from fast_dag.run.course import begin, supply
from fast_dag.run.lap import Lap
from fast_dag.run.ledger import Ledger
from fast_dag.run.requests import Ask, Outcome, Wait


class Slow(Plain):
    """Waits as many seconds as the index says."""

    def __init__(self):
        self.begun = []

    def delay(self, index, answer=None):
        return float(index if answer is None else answer)

    def begins(self, index, now):
        self.begun.append((index, now))


def lap_of(course, index=0):
    """The lap of a cycle with *course*, about to begin the iteration *index*."""
    dag = DAG("wf").add_node("load", lambda start=0, end=0, batch_index=0: end)
    dag.feedback("load", "load", signal=True, cycle="c")
    dag.drawing.cycles.courses["c"] = course
    with dag.cycle("c", max_iterations=9):
        pass
    plan = dag.plan()
    lap = Lap(plan.cycles[0], [])
    lap.begin(0.0)
    lap.course, lap.index = course, index
    return lap, plan


def answered(steps, *answers):
    """What *steps* ask for, and what they come to, when they get these *answers*."""
    asked, replies = [], iter(answers)
    try:
        asked.append(next(steps))
        while True:
            asked.append(steps.send(Outcome(next(replies, None))))
    except StopIteration as end:
        return asked, end.value


def test_the_first_iteration_waits_for_nothing():
    course = Slow()
    asked, outcome = answered(begin(lap_of(course)[0], Ledger()))
    assert (asked, outcome.value, course.begun) == ([], True, [(0, 0.0)])


def test_a_pause_is_a_request():
    asked, outcome = answered(begin(lap_of(Slow(), 2)[0], Ledger()), None)
    assert [type(each) for each in asked] == [Wait]
    assert (asked[0].delay, outcome.value) == (2.0, True)


def test_functions_of_the_user_are_asked():
    course = Slow()
    course.sleep, course.clock, course.backoff = print, float, int
    asked, outcome = answered(begin(lap_of(course, 3)[0], Ledger()), 5, None, 7.0)
    assert [(type(each), each.function, each.args) for each in asked] == [
        (Ask, int, (3,)),
        (Ask, print, (5.0,)),
        (Ask, float, ()),
    ]
    assert (outcome.value, course.begun) == (True, [(3, 7.0)])


def test_there_may_be_no_such_iteration():
    asked, outcome = answered(begin(lap_of(Batches("load", 10, 30), 3)[0], Ledger()))
    assert (asked, outcome.value) == ([], False)


def test_values_are_laid_into_slots_of_their_own():
    lap, plan = lap_of(Batches("load", 10, 25), 2)
    values = list(plan.base)
    supply(lap, values, Ledger())
    assert {name: values[slot] for name, slot in lap.cycle.supplied} == {
        "load.start": 20,
        "load.end": 25,
        "load.batch_index": 2,
    }
    assert lap.own == {"load.start": 0, "load.end": 0, "load.batch_index": 0}
