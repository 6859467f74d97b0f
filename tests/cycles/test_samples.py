"""What a checker keeps from one call to the next, and what it knows of the cycle around it."""

import pytest

from fast_dag.cycles.checkers import ConvergenceCheckerNode
from fast_dag.cycles.samples import Samples, current_samples, sampled
from fast_dag.errors import CycleConfigurationError


def test_outside_of_a_cycle_there_are_none():
    assert current_samples() is None


def test_inside_they_are_those_that_were_set_and_afterwards_not():
    samples = Samples(index=3)
    with sampled(samples):
        assert current_samples() is samples
    assert current_samples() is None


def test_an_owner_finds_again_what_it_keeps():
    samples, owner = Samples(), object()
    assert samples.kept(owner, list) is samples.kept(owner, list)
    assert samples.kept(owner, list) is not samples.kept(object(), list)


def test_without_a_cycle_there_are_no_conditions():
    with pytest.raises(CycleConfigurationError, match="there is no cycle here"):
        Samples().decides()


def test_a_checker_keeps_the_samples_of_two_runs_apart():
    checker = ConvergenceCheckerNode(threshold=0.9, patience=2)
    runs = [Samples(), Samples()]
    found = []
    for index in range(3):
        for samples in runs:
            samples.index = index
            with sampled(samples):
                found.append(checker.check(value=0.5)["should_stop"])
    assert found == [False, False, False, False, True, True]
    assert checker.check(value=0.5)["iteration"] == 0


def test_a_checker_takes_the_iteration_from_its_cycle():
    with sampled(Samples(index=6)):
        assert ConvergenceCheckerNode().check(value=1)["iteration"] == 6


def test_the_objective_and_the_direction_of_the_cycle_are_the_defaults():
    checker = ConvergenceCheckerNode(threshold=0.1)
    with sampled(Samples(objective="loss", direction="minimize")):
        assert checker.check(loss=0.05)["reason"] == "loss 0.05 <= 0.1"


def test_a_direction_of_its_own_comes_before_that_of_the_cycle():
    checker = ConvergenceCheckerNode(threshold=0.1, direction="maximize")
    with sampled(Samples(objective="loss", direction="minimize")):
        assert checker.check(loss=0.05)["converged"] is False


@pytest.mark.parametrize(
    ("decision", "converged", "kind", "reason"),
    [
        (None, False, None, None),
        (("converged", "loss < 0.1"), True, "expression", "loss < 0.1"),
        (("early_stopped", "no improvement"), False, "early_stop", "no improvement"),
    ],
)
def test_without_criteria_a_checker_says_what_the_conditions_of_its_cycle_say(
    decision, converged, kind, reason
):
    with sampled(Samples(conditions=lambda: decision)):
        found = ConvergenceCheckerNode(mode="multi_criteria").check(loss=0.05)
    assert (found["converged"], found["stop_kind"], found["reason"]) == (converged, kind, reason)
    assert found["should_stop"] is (decision is not None)


def test_without_criteria_a_checker_still_stops_early():
    with sampled(Samples(index=4, conditions=lambda: None)):
        found = ConvergenceCheckerNode(mode="multi_criteria", early_stop_iterations=5).check(loss=0.05)
    assert (found["should_stop"], found["stop_kind"], found["converged"]) == (True, "early_stop", False)


def test_without_criteria_and_without_a_cycle_a_checker_is_a_configuration_error():
    with pytest.raises(CycleConfigurationError, match="give it threshold_conditions"):
        ConvergenceCheckerNode(mode="multi_criteria", patience=3).check(value=1)


def test_the_bound_and_the_time_of_the_cycle_can_stand_in_expressions():
    text = "iteration == max_iterations and elapsed_time > 2"
    checker = ConvergenceCheckerNode(mode="custom", custom_expression=text)
    with sampled(Samples(index=9, elapsed=2.5, max_iterations=10)):
        assert checker.check()["converged"] is True
