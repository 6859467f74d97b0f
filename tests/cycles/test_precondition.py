"""Whether an iteration is to begin."""

import math
import operator

import pytest

from fast_dag.errors import ConvergenceExpressionError, CycleConfigurationError
from tests.cycles.watching import watch

PORTS = {"rows": [1, 2], "left": 3, "fit": {"loss": 2}}
INPUTS = {**PORTS, **{f"step.{name}": value for name, value in PORTS.items()}}


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
    assert watch(when=text).admits(INPUTS) is expected


def test_a_function_is_given_the_inputs_and_cannot_change_them():
    assert watch(when=lambda inputs: inputs["left"] == 3).admits(INPUTS)
    assert not watch(when=lambda inputs: None).admits(INPUTS)
    with pytest.raises(TypeError):
        watch(when=lambda inputs: operator.setitem(inputs, "left", 1)).admits(INPUTS)


def test_an_async_function_is_refused_where_nobody_awaits_it():
    async def later(inputs):
        return True

    with pytest.raises(CycleConfigurationError, match="is async"):
        watch(when=later).admits(INPUTS)


def test_inputs_and_counts_are_looked_at_anew_each_time():
    watched = watch(when="left > iteration")
    assert watched.admits({"left": 1})
    watched.after({}, 1, 0.0)
    assert not watched.admits({"left": 1})
    assert watched.admits({"left": 2})


def test_a_misspelt_input_is_an_error_that_names_those_there_are():
    with pytest.raises(ConvergenceExpressionError, match="did you mean"):
        watch(when="lefft > 1").admits({"left": 1})


def test_nan_follows_the_setting_of_the_cycle():
    with pytest.raises(ConvergenceExpressionError, match="NaN"):
        watch(when="left > 1").admits({"left": math.nan})
    assert not watch(when="left > 1", on_nan="ignore").admits({"left": math.nan})


def test_without_a_precondition_every_iteration_begins():
    assert watch("x").admits({})
    assert (watch("x").is_asked_before, watch(when="x").is_asked_before) == (False, True)


def test_an_expression_that_is_not_allowed_is_refused_at_once():
    with pytest.raises(ConvergenceExpressionError):
        watch(when="x.__class__")
