"""Whether an iteration is to begin."""

import math
import operator

import pytest

from fast_dag import DAG, CycleConfig
from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError
from tests.cycles.watching import watch

PORTS = {"rows": [1, 2], "left": 3, "fit": {"loss": 2}}
INPUTS = {**PORTS, **{f"step.{name}": value for name, value in PORTS.items()}}


def admits(watched, inputs):
    """Whether an iteration is to begin, where functions are called on the spot."""
    asking, answer = watched.admitting(inputs), None
    while True:
        try:
            question, arguments = asking.send(answer)
        except StopIteration as end:
            return end.value
        answer = question.function(*arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left > 0", True),
        ("step.left == left", True),
        ("left > 3", False),
        ("False", False),
        ("len(rows) == 2", True),
        ("fit.loss == 2 and step.fit.loss == 2", True),
        ("fit['loss'] == 2", True),
        ("defined(right)", False),
        ("iteration == 0", True),
    ],
)
def test_an_expression_names_the_inputs(text, expected):
    assert admits(watch(when=text), INPUTS) is expected


def test_a_function_is_given_the_inputs_and_cannot_change_them():
    assert admits(watch(when=lambda inputs: inputs["left"] == 3), INPUTS)
    assert not admits(watch(when=lambda inputs: None), INPUTS)
    with pytest.raises(TypeError):
        admits(watch(when=lambda inputs: operator.setitem(inputs, "left", 1)), INPUTS)


def test_an_async_function_is_refused_where_nobody_awaits_it():
    async def later(inputs):
        return True

    with pytest.raises(CycleConfigurationError, match="is async"):
        admits(watch(when=later), INPUTS)


def test_inputs_and_counts_are_looked_at_anew_each_time():
    watched = watch(when="left > iteration")
    assert admits(watched, {"left": 1})
    watched.after({}, 1, 0.0)
    assert not admits(watched, {"left": 1})
    assert admits(watched, {"left": 2})


def test_a_misspelt_input_is_an_error_that_names_those_there_are():
    with pytest.raises(ConvergenceExpressionError, match="did you mean"):
        admits(watch(when="lefft > 1"), {"left": 1})


def test_nan_follows_the_setting_of_the_cycle():
    with pytest.raises(ConvergenceExpressionError, match="NaN"):
        admits(watch(when="left > 1"), {"left": math.nan})
    assert not admits(watch(when="left > 1", on_nan="ignore"), {"left": math.nan})


def test_without_a_precondition_every_iteration_begins():
    assert admits(watch("x"), {})
    assert (watch("x").is_asked_before, watch(when="x").is_asked_before) == (False, True)


def test_an_expression_that_is_not_allowed_is_refused_at_once():
    with pytest.raises(ConvergenceExpressionError):
        watch(when="x.__class__")


def counting():
    return DAG("counting").add_node("count", lambda x=0: x + 1)


def test_a_cycle_is_not_built_with_an_expression_that_cannot_be_read():
    builder = counting().create_cycle("loop").feedback("count", "count", input="x").when("x <")
    with pytest.raises(ConvergenceExpressionError, match="cannot be read"):
        builder.build()


def test_one_given_for_a_run_is_found_before_anything_runs():
    dag, ran = counting(), []
    dag.add_node("before", lambda: ran.append(1))
    dag.create_cycle("loop").feedback("count", "count", input="x").max_iterations(2).build()
    with pytest.raises(ConvergenceExpressionError, match="cannot be read"):
        dag.execute_cycle_sync(CycleConfig(when="x <"))
    assert ran == []
