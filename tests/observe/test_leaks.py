from fast_dag.observe.leaks import Leak


def told(memory, **settings):
    leak = Leak(**{"threshold": 0.1, "window": 3, **settings})
    return [leak.grown(each) is not None for each in memory]


def test_so_many_iterations_in_a_row_with_more_growth_than_allowed_make_a_leak():
    assert told([100, 111, 123, 136]) == [False, False, False, True]


def test_growth_of_exactly_as_much_as_is_allowed_makes_none():
    assert not any(told([100, 150, 225, 337.5, 506.25], threshold=0.5))


def test_an_iteration_that_grows_less_begins_it_anew():
    assert told([100, 120, 140, 141, 160, 180, 200]) == [False] * 6 + [True]


def test_a_leak_is_told_again_after_as_many_more():
    assert told([100, 120, 150, 180, 220, 270], window=2) == [False, False, True, False, True, False]


def test_memory_that_is_not_measured_makes_none():
    assert told([None, None, None, None]) == [False] * 4


def test_a_violation_says_by_how_much_it_grew():
    leak = Leak(0.1, 1, "terminate")
    assert leak.violation(100.0, "fit", 0, 5.0) is None
    found = leak.violation(150.0, "fit", 1, 6.0)
    assert (found.kind, found.limit, found.value, found.iteration) == ("memory_leak", 0.1, 0.5, 1)
    assert (found.action, found.timestamp) == ("terminate", 6.0)
    assert found.message == (
        "memory grew by more than 10% in each of 1 iterations of cycle 'fit', in the last one by 50%"
    )
