"""The way of a machine, all of it or its end."""

from fast_dag.run.track import Track


def gone(*steps, limit=None):
    track = Track(("a", "b", "c"), limit)
    for number, unit in enumerate(steps):
        track.add(unit, number)
    return track


def test_everything_is_kept_without_a_limit():
    track = gone(0, 1, 0)
    assert (list(track.history), track.count) == (["a", "b", "a"], 3)
    assert track.values() == {"a": [0, 2], "b": [1]}
    assert track.visited() == {"a": 2, "b": 1}
    assert list(track.units()) == [0, 1, 0]


def test_the_last_ones_are_kept_of_all_and_of_each_state_but_all_are_counted():
    track = gone(0, 1, 0, 0, 1, limit=2)
    assert (list(track.history), track.count) == (["a", "b"], 5)
    assert track.values() == {"a": [2, 3], "b": [1, 4]}
    assert track.visited() == {"a": 3, "b": 2}
    assert [track.visits(unit) for unit in range(3)] == [3, 2, 0]


def test_before_the_first_state_there_is_nothing():
    track = Track()
    assert (track.count, track.visited(), track.values(), track.at, track.is_terminated) == (
        0,
        {},
        {},
        -1,
        False,
    )
