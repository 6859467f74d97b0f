"""The settings of a cycle by calls: each sets a field, and a bad value is told at once."""

import pytest

from fast_dag import DAG, CycleConfig, CycleConfigurationError
from fast_dag.cycles import CycleBuilder
from fast_dag.errors import ConvergenceExpressionError, UnknownOptionError


def step(x=0, y=0):
    return x + 1


@pytest.fixture
def dag():
    return DAG("flow").add_node("a", step)


def test_every_setting_is_a_field_of_the_config(dag):
    cycle = CycleBuilder(dag, "fit").max_iterations(9).min_iterations(2).timeout(5).memory_limit(100)
    cycle.cpu_limit(4).when("x < 3").nested_in("outer").on_limit("return").on_nan("ignore")
    cycle.initial_parameters({"a.x": 1}, y=2).preserve_state("best", ["worst"]).objective("a", "minimize")
    cycle.early_stop(3, min_delta=0.1).stop_on("oscillating", ("stalled",)).combine(
        "all"
    ).detect_infinite_loops()
    cycle.converge_when("a > 3").converge_when_all("a > 1", "a < 9")
    assert cycle.config == CycleConfig(
        max_iterations=9,
        min_iterations=2,
        timeout_seconds=5,
        memory_limit_mb=100,
        cpu_time_limit_seconds=4,
        when="x < 3",
        parent_cycle="outer",
        on_limit="return",
        on_nan="ignore",
        initial_parameters={"a.x": 1, "y": 2},
        preserve_state=("best", "worst"),
        objective="a",
        direction="minimize",
        early_stop={"patience": 3, "min_delta": 0.1},
        stop_on=("oscillating", "stalled"),
        combine="all",
        stall_window=3,
        convergence_conditions=(
            "a > 3",
            {"type": "compound", "operator": "AND", "conditions": ["a > 1", "a < 9"]},
        ),
    )


def test_two_conditions_end_a_cycle_at_the_first_that_holds(dag):
    cycle = dag.create_cycle("count").connect("a", "a", {"result": "x"})
    cycle.converge_when("a >= 3").converge_when("a >= 7").build()
    assert dag.run() == 3


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        (lambda c: c.max_iterations(0), "max_iterations"),
        (lambda c: c.max_iterations(-5), "max_iterations"),
        (lambda c: c.max_iterations(True), "max_iterations"),
        (lambda c: c.timeout(0), "timeout_seconds"),
        (lambda c: c.memory_limit(0), "memory_limit_mb"),
        (lambda c: c.objective("x", "up"), "direction"),
        (lambda c: c.early_stop(0), "patience"),
        (lambda c: c.apply_config({"cycle_name": "other"}), "give one name"),
        (lambda c: c.converge_when({"type": "thresold"}), "thresold"),
    ],
)
def test_a_bad_value_is_told_at_once(dag, setting, error):
    with pytest.raises(CycleConfigurationError, match=error):
        setting(dag.create_cycle("fit"))


def test_a_bad_expression_is_told_at_once(dag):
    with pytest.raises(ConvergenceExpressionError):
        dag.create_cycle("fit").converge_when("a >")


def test_a_bad_expression_among_the_settings_is_told_when_the_cycle_is_built(dag):
    with pytest.raises(ConvergenceExpressionError), dag.cycle("fit", convergence_check="a >") as c:
        c.connect("a", "a", {"result": "x"})


@pytest.mark.parametrize("kind", ["debugging", "profiling"])
def test_a_wrong_setting_of_a_tool_is_told_when_it_is_enabled(dag, kind):
    builder = dag.create_cycle("fit")
    with pytest.raises(UnknownOptionError, match="'cycle_i'; did you mean 'cycle_id'"):
        getattr(builder, f"enable_{kind}")(cycle_i="a")
    with pytest.raises(CycleConfigurationError, match="cycle_id must be a"):
        getattr(builder, f"enable_{kind}")(cycle_id="")


def test_a_builder_may_start_from_a_config_and_take_in_others(dag):
    config = CycleConfig(max_iterations=9, objective="a")
    cycle = CycleBuilder.from_config(dag, config).apply_config({"max_iterations": 2})
    assert (cycle.name, cycle.config) == ("cycle", config.replace(max_iterations=2))
    assert CycleBuilder.from_config(dag, {}).name == "cycle_2"
    assert CycleBuilder.from_config(dag, {"cycle_name": "fit"}).name == "fit"
