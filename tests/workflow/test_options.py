"""The options of a run, checked before anything else happens."""

import asyncio

import pytest

from fast_dag import DAG, ExecutionMode, LoggingObserver, UnknownOptionError, ValidationError


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


def test_an_observer_that_would_have_to_be_awaited_or_made_first_is_refused(dag):
    async def late(event):
        raise AssertionError("nobody awaits it")

    with pytest.raises(ValidationError, match=r"an observer is called and not awaited.*plain function"):
        dag.run(observers=[late])
    with pytest.raises(ValidationError, match="not awaited"):
        dag.add_observer(late)
    with pytest.raises(ValidationError, match="got the class LoggingObserver: make one of it"):
        dag.add_observer(LoggingObserver)


def test_what_is_no_executor_is_refused(dag):
    with pytest.raises(ValidationError, match="executor must be"):
        dag.run(executor=5)


@pytest.mark.parametrize("observers", [5, None, print])
def test_observers_that_are_no_list_are_refused(dag, observers):
    with pytest.raises(
        ValidationError, match=r"observers must be a list, got .*: write observers=\[\.\.\.\]"
    ):
        dag.run(observers=observers)


def test_observers_that_can_be_gone_through_only_once_are_all_told(dag):
    first, second = [], []
    dag.run(observers=(seen.append for seen in (first, second)))
    assert first == second != []


@pytest.mark.parametrize("flag", ["strict_observers", "track_memory", "check_types"])
def test_an_option_to_switch_on_is_true_or_false(dag, flag):
    with pytest.raises(ValueError, match=f"{flag} must be True or False, got 'no'"):
        dag.run(**{flag: "no"})


@pytest.mark.parametrize("keep", [5, None, "exit"])
def test_what_names_no_results_to_keep_is_refused(dag, keep):
    with pytest.raises(ValueError, match=f"'all', 'exits' or a list of names of nodes, got {keep!r}"):
        dag.run(keep_results=keep)


@pytest.mark.parametrize("listed", [list, tuple, set, iter], ids=str)
def test_results_to_keep_may_come_in_any_iterable(dag, listed):
    dag.run(keep_results=listed(["a"]))
    assert dag.results == {"a": 1}


def test_results_to_keep_may_be_named_by_their_nodes(dag):
    dag.run(keep_results=[dag.get_node("a")])
    assert dag.results == {"a": 1}


@pytest.mark.parametrize("name", ["run_async", "run_from_async", "run_until_async", "run_between_async"])
def test_a_run_on_the_running_loop_takes_no_mode(dag, name):
    nodes = {"run_async": [], "run_between_async": ["a", "b"]}.get(name, ["a"])
    dag.add_node("any", lambda **inputs: inputs)
    with pytest.raises(
        UnknownOptionError, match="run_async takes no mode, it runs on the running event loop"
    ):
        asyncio.run(getattr(dag, name)(*nodes, mode="parallel"))


def test_an_input_called_mode_goes_to_run_async_in_inputs(dag):
    asyncio.run(dag.add_node("any", lambda **inputs: inputs).run_async({"mode": 1}))
    assert dag["any"] == {"mode": 1}


def test_an_option_that_a_call_does_not_have_is_told_as_that(dag):
    with pytest.raises(
        UnknownOptionError, match="takes an input 'timeout', and this call has no such option"
    ):
        dag.step(timeout=5)
