from fast_dag.observe.together import Together
from fast_dag.run.violation import Violation


class Plain:
    """Only takes events."""

    def __init__(self):
        self.seen = []
        self.results = None

    def __call__(self, event):
        self.seen.append(event)

    def close(self, results):
        self.results = results


class Full(Plain):
    may_end = True
    wants_values = True
    memory_growth = 5.0

    def __init__(self, every, violation=None, landing=None):
        super().__init__()
        self.refresh_every, self.violation, self.landing = every, violation, landing
        self.asked = []

    def refresh(self):
        self.asked.append("refresh")

    def after_iteration(self, cycle, index, seconds):
        self.asked.append((cycle, index, seconds))
        return self.violation

    def admit(self, cycle, entry):
        return self.landing

    def left(self, entry):
        self.asked.append(entry)


def test_all_are_told_and_closed():
    plain, full = Plain(), Full(0.5)
    both = Together([plain, full])
    both("event")
    both.close({})
    assert plain.seen == full.seen == ["event"]
    assert plain.results == full.results == {}


def test_it_is_what_any_of_them_is():
    both = Together([Plain(), Full(0.5), Full(0.2)])
    assert (both.may_end, both.wants_values, both.refresh_every, both.memory_growth) == (True, True, 0.2, 5.0)
    none = Together([Plain()])
    assert (none.may_end, none.wants_values, none.refresh_every, none.memory_growth) == (
        *(False, False, None, None),
    )


def test_all_look_after_an_iteration_and_the_first_violation_counts():
    first, second = (Violation(kind=kind, limit=1, value=2) for kind in ("memory", "cpu"))
    watchers = [Full(1), Full(1, first), Full(1, second)]
    assert Together([Plain(), *watchers]).after_iteration("loop", 3, 0.1) is first
    assert all(each.asked == [("loop", 3, 0.1)] for each in watchers)


def test_a_cycle_waits_for_whoever_wants_that():
    landing = object()
    assert Together([Plain(), Full(1), Full(1, landing=landing)]).admit("loop", 1) is landing
    assert Together([Plain(), Full(1)]).admit("loop", 1) is None


def test_all_are_told_that_a_cycle_has_left():
    watchers = [Full(1), Full(2)]
    Together([Plain(), *watchers]).left("entry")
    assert [each.asked for each in watchers] == [["entry"], ["entry"]]


def test_all_that_can_be_refreshed_are():
    watchers = [Full(1), Full(2)]
    Together([Plain(), *watchers]).refresh()
    assert [each.asked for each in watchers] == [["refresh"], ["refresh"]]
