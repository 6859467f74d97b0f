"""The options of a run, checked before anything else happens."""

import pytest

from fast_dag import DAG, ExecutionMode, ValidationError


def give():
    return 1


def take(x, y=0):
    return x + y


@pytest.fixture
def dag():
    """a -> b, whose y is open"""
    return DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b")


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async", *list(ExecutionMode)[:3]])
def test_a_mode_may_be_a_text_or_a_member(dag, mode):
    assert dag.run(mode=mode) == 1


def test_an_unknown_mode_is_refused_with_those_there_are(dag):
    with pytest.raises(ValueError, match=r"no mode 'paralel': known are sequential.*did you mean 'parallel'"):
        dag.run(mode="paralel")


@pytest.mark.parametrize("mode", [None, 5, ["async"]])
def test_what_is_no_mode_is_refused(dag, mode):
    with pytest.raises(ValueError, match="no mode"):
        dag.run(mode=mode)


def test_more_workers_than_one_need_a_concurrent_mode(dag):
    with pytest.raises(ValueError, match="needs a concurrent mode"):
        dag.run(max_workers=2)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_a_bad_number_of_workers_is_refused(dag, workers):
    with pytest.raises(ValueError, match="max_workers"):
        dag.run(mode="parallel", max_workers=workers)


@pytest.mark.parametrize("timeout", [0, -1, "1", float("nan")])
def test_a_bad_timeout_is_refused(dag, timeout):
    with pytest.raises(ValueError, match="timeout"):
        dag.run(timeout=timeout)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_an_unknown_strategy_is_refused_before_anything_runs(mode):
    called = []
    dag = DAG("flow").add_node("a", lambda: called.append(1))
    with pytest.raises(ValueError, match="no error strategy 'ignore': known are fail_fast"):
        dag.run(mode=mode, error_strategy="ignore")
    assert called == []


def test_an_observer_that_cannot_be_called_is_refused(dag):
    with pytest.raises(ValidationError, match="an observer must be callable, got 5"):
        dag.run(observers=[5])


def test_what_is_no_executor_is_refused(dag):
    with pytest.raises(ValidationError, match="executor must be"):
        dag.run(executor=5)
