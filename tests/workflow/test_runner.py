"""A runner object: a workflow with run options to keep."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from fast_dag import DAG, Context, DAGRunner, UnknownOptionError, ValidationError


@pytest.fixture
def dag():
    return DAG("flow").add_node("double", lambda x: 2 * x)


def test_a_runner_runs_its_workflow(dag):
    assert DAGRunner(dag).run(x=2) == 4


def test_a_runner_takes_inputs_as_a_mapping(dag):
    assert DAGRunner(dag).run({"x": 2}) == 4


def test_a_runner_uses_the_context_it_is_given(dag):
    context = Context()
    DAGRunner(dag).run(context=context, x=2)
    assert context["double"] == 4


def test_a_runner_runs_on_the_running_loop_whatever_its_mode(dag):
    assert asyncio.run(DAGRunner(dag, mode="parallel").run_async(x=2)) == 4


def test_a_workflow_has_a_runner_with_default_options(dag):
    assert (dag.runner.mode, dag.runner.run(x=2)) == ("sequential", 4)


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("mode", "sequential"),
        ("max_workers", None),
        ("executor", None),
        ("timeout", None),
        ("error_strategy", "fail_fast"),
        ("error_handler", None),
        ("strict_observers", False),
        ("check_types", False),
    ],
)
def test_each_option_can_be_read(dag, option, default):
    assert getattr(DAGRunner(dag), option) == default


def test_options_given_at_first_can_be_read(dag):
    runner = DAGRunner(dag, "parallel", max_workers=3)
    assert (runner.mode, runner.max_workers) == ("parallel", 3)


def test_what_is_no_option_is_no_attribute(dag):
    with pytest.raises(AttributeError, match="no attribute 'workers'"):
        _ = DAGRunner(dag).workers


def test_an_option_cannot_be_set_past_configure(dag):
    with pytest.raises(AttributeError):
        DAGRunner(dag).max_workers = 3


def test_configuring_changes_what_is_given_and_keeps_the_rest(dag):
    runner = DAGRunner(dag, "parallel", max_workers=3)
    runner.configure(timeout=5)
    assert (runner.mode, runner.max_workers, runner.timeout) == ("parallel", 3, 5)


def test_configuring_gives_the_runner(dag):
    runner = DAGRunner(dag)
    assert runner.configure(timeout=5) is runner


def test_a_kept_option_holds_in_every_run():
    dag = DAG("flow").add_node("a", lambda: 1).add_node("b", lambda: 1 / 0)
    runner = DAGRunner(dag, error_strategy="continue")
    assert [runner.run(), runner.run()] == [1, 1]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"mode": "paralel"}, ValueError),
        ({"max_workers": 0}, ValueError),
        ({"max_workers": 2}, ValueError),
        ({"timeout": 0}, ValueError),
        ({"error_strategy": "ignore"}, ValueError),
        ({"error_handler": 5}, ValidationError),
        ({"max_worker": 2}, UnknownOptionError),
        ({"inputs": {}}, UnknownOptionError),
    ],
    ids=str,
)
@pytest.mark.parametrize("place", ["constructor", "configure"])
def test_a_bad_option_is_refused_at_once(dag, options, error, place):
    with pytest.raises(error):
        DAGRunner(dag, **options) if place == "constructor" else DAGRunner(dag).configure(**options)


def test_a_misspelt_option_is_refused_with_a_suggestion(dag):
    with pytest.raises(UnknownOptionError, match="did you mean 'max_workers'"):
        DAGRunner(dag).configure(max_worker=2)


@pytest.mark.parametrize("other", [3, None, DAG, "flow"])
def test_what_is_no_workflow_is_refused(other):
    with pytest.raises(ValidationError, match="a runner needs a workflow, got"):
        DAGRunner(other)


def test_a_refused_change_leaves_the_options_alone(dag):
    runner = DAGRunner(dag, timeout=5)
    with pytest.raises(ValueError, match="max_workers"):
        runner.configure(timeout=6, max_workers=0)
    assert runner.timeout == 5


def test_an_option_is_no_keyword_of_a_call(dag):
    with pytest.raises(UnknownOptionError, match="'mode'"):
        DAGRunner(dag).run(x=1, mode="parallel")


def test_an_executor_implies_its_mode(dag):
    with ThreadPoolExecutor(1) as pool:
        assert DAGRunner(dag, executor=pool).mode == "parallel"


def test_an_executor_that_contradicts_the_mode_is_refused(dag):
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValidationError, match="implies mode 'parallel'"):
        DAGRunner(dag, "async", executor=pool)


def test_two_runners_of_a_workflow_share_no_options(dag):
    first, second = DAGRunner(dag), DAGRunner(dag)
    first.configure(timeout=5)
    assert second.timeout is None


def test_one_runner_may_serve_many_threads(dag):
    runner = DAGRunner(dag)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda x: runner.run(x=x), range(200))) == [2 * x for x in range(200)]


def test_the_metrics_are_those_of_the_last_run(dag):
    runner = DAGRunner(dag)
    runner.run(x=1)
    assert runner.get_metrics()["execution_order"] == ["double"]
