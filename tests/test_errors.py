"""Every exception raised on purpose: its bases, its data, its text."""

import builtins
import copy
import pickle

import pytest

import fast_dag
from fast_dag import (
    AmbiguousMetricError,
    ConditionError,
    ConvergenceExpressionError,
    CycleError,
    DisconnectedNodeError,
    DuplicateNodeError,
    ExecutionError,
    FastDAGError,
    InvalidNodeError,
    MissingConnectionError,
    MissingInputError,
    MissingMetricError,
    MissingOutputError,
    RouterError,
    RunCancelledError,
    RunStalled,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)

BASES = [
    (FastDAGError, Exception),
    (ValidationError, FastDAGError),
    (CycleError, ValidationError),
    (DisconnectedNodeError, ValidationError),
    (MissingConnectionError, ValidationError),
    (UnknownOptionError, ValidationError),
    (UnknownOptionError, TypeError),
    (InvalidNodeError, FastDAGError),
    (UnknownNodeError, InvalidNodeError),
    (UnknownNodeError, KeyError),
    (DuplicateNodeError, InvalidNodeError),
    (DuplicateNodeError, ValueError),
    (ExecutionError, FastDAGError),
    (fast_dag.TimeoutError, ExecutionError),
    (fast_dag.TimeoutError, builtins.TimeoutError),
    (MissingInputError, ExecutionError),
    (MissingOutputError, ExecutionError),
    (RouterError, ExecutionError),
    (ConditionError, ExecutionError),
    (RunCancelledError, ExecutionError),
    (RunStalled, FastDAGError),
    (AmbiguousMetricError, ValidationError),
    (ConvergenceExpressionError, ValidationError),
    (ConvergenceExpressionError, ExecutionError),
    (MissingMetricError, ExecutionError),
]
FAILURES = [ConditionError, ExecutionError, MissingInputError, MissingOutputError, fast_dag.TimeoutError]


def pickled(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


@pytest.mark.parametrize(("error", "base"), BASES)
def test_an_error_has_the_base_of_the_contract(error, base):
    assert issubclass(error, base)


def test_a_validation_error_of_one_text_has_one_problem():
    assert ValidationError("no nodes").errors == ["no nodes"]


def test_a_validation_error_with_one_problem_shows_just_that():
    assert str(ValidationError(["no nodes"], "flow")) == "no nodes"


def test_a_validation_error_with_several_problems_numbers_them_under_the_name_of_the_workflow():
    text = str(ValidationError(["first", "second"], "flow"))
    assert text == "'flow' has 2 problems:\n  1. first\n  2. second"


def test_the_problems_of_a_validation_error_are_a_list_of_its_own():
    given = ["first"]
    error = ValidationError(given)
    given.append("second")
    assert error.errors == ["first"]


def test_a_cycle_error_holds_each_ring_as_a_list_of_names():
    assert CycleError("a ring", "flow", [("a", "b", "a")]).cycles == [["a", "b", "a"]]


def test_an_unknown_node_is_told_in_plain_text_not_as_the_quoted_repr_of_a_key_error():
    assert str(UnknownNodeError("no node 'x' in 'flow'")) == "no node 'x' in 'flow'"


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_without_particulars_has_no_node_no_original_and_no_attempts(kind):
    error = kind("broken")
    assert (str(error), error.node_name, error.original_error, error.attempts) == ("broken", None, None, 0)


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_keeps_node_original_and_attempts(kind):
    original = OSError("disk")
    error = kind("broken", "load", original, 3)
    assert (error.node_name, error.original_error, error.attempts) == ("load", original, 3)


def test_a_router_error_keeps_what_was_returned_and_what_there_is():
    error = RouterError("no such branch", "route", "up", ["left", "right"])
    assert (error.returned, error.targets, error.node_name) == ("up", ("left", "right"), "route")


@pytest.mark.parametrize("clone", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (ValidationError(["a", "b"], "flow"), ["errors", "workflow"]),
        (CycleError("ring", "flow", [["a", "a"]]), ["errors", "workflow", "cycles"]),
        (UnknownOptionError(["no x"], "run"), ["errors"]),
        (ExecutionError("broken", "load", None, 2), ["node_name", "attempts"]),
        (fast_dag.TimeoutError("late", "load", None, 2), ["node_name", "attempts"]),
        (RouterError("lost", "route", "up", ["left"]), ["node_name", "returned", "targets"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_keeps_its_text_and_data_when_it_is_copied(clone, error, fields):
    twin = clone(error)
    assert [str(twin), *[getattr(twin, field) for field in fields]] == [
        str(error),
        *[getattr(error, field) for field in fields],
    ]


def test_an_error_of_an_expression_tells_where_and_survives_a_pickle():
    error = pickled(ConvergenceExpressionError("no metric 'y'", "x > y", 5))
    assert str(error) == "expression 'x > y', column 5: no metric 'y'"
    assert (error.problem, error.expression, error.column) == ("no metric 'y'", "x > y", 5)
    assert (error.errors, error.node_name, error.attempts) == ([str(error)], None, 0)
