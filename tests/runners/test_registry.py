"""Modes by name, and the one an executor can serve."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from fast_dag import DAG, ExecutionMode, ValidationError
from fast_dag.runners.registry import mode_named, mode_of_executor


@pytest.mark.parametrize("name", ["sequential", "parallel", "async"])
def test_a_mode_is_found_by_string_or_member(name):
    assert mode_named(name) is mode_named(ExecutionMode(name)) is ExecutionMode(name)


@pytest.mark.parametrize("mode", ["paralel", "", None, 3, []])
def test_an_unknown_mode_is_a_value_error_with_the_known_ones(mode):
    with pytest.raises(ValueError, match="known are sequential, parallel, async, process, dask"):
        mode_named(mode)


@pytest.mark.parametrize("mode", ["process", "dask"])
def test_a_mode_to_come_says_so(mode):
    with pytest.raises(ValueError, match=f"mode {mode} is not built yet"):
        mode_named(mode)


def test_an_executor_of_threads_implies_the_parallel_mode():
    with ThreadPoolExecutor(1) as executor:
        assert mode_of_executor(executor) is ExecutionMode.PARALLEL


def test_an_executor_of_processes_implies_the_process_mode():
    with ProcessPoolExecutor(1) as executor:
        assert mode_of_executor(executor) is ExecutionMode.PROCESS


def test_something_else_is_no_executor():
    with pytest.raises(ValidationError, match=r"concurrent\.futures\.Executor"):
        mode_of_executor(object())


def test_an_executor_that_contradicts_the_mode_is_refused():
    dag = DAG("contradiction")
    dag.node(lambda: 1, name="a")
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValidationError, match="leave out one"):
        dag.run(executor=executor, mode="async")
