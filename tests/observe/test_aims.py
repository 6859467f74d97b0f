import pytest

from fast_dag.observe.aims import Aim, metric_of


@pytest.mark.parametrize(("direction", "best", "stale"), [("maximize", 3, 1), ("minimize", 1, 3)])
def test_an_aim_counts_iterations_since_the_best_value(direction, best, stale):
    aim = Aim("loss", direction)
    for value in (1, 2, 3, 2):
        aim.add({"loss": value})
    assert (aim.best, aim.stale, list(aim.values)) == (best, stale, [1, 2, 3, 2])


def test_what_is_no_number_is_left_out():
    aim = Aim("loss", "minimize")
    for value in ("low", True, None):
        aim.add({"loss": value})
    aim.add({})
    assert (aim.best, aim.stale) == (None, None)


def test_without_an_objective_there_is_nothing_to_count():
    aim = Aim(None, "maximize")
    aim.add({"loss": 1})
    assert aim.stale is None


def test_a_cycle_that_is_entered_again_begins_anew():
    aim = Aim("loss", "minimize")
    aim.add({"loss": 1})
    aim.begin()
    aim.add({"loss": 5})
    assert (aim.best, aim.stale) == (5, 0)


def test_a_metric_is_found_by_its_name_or_its_path():
    assert metric_of({"loss": 1}, "loss") == 1
    assert metric_of({"loss": 1}, "trainer.loss") == 1
    assert metric_of({"trainer.loss": 1, "test.loss": 2}, "test.loss") == 2
    assert metric_of({"trainer.loss": 1}, "loss") == 1
    assert metric_of({"gloss": 1}, "loss") is None
