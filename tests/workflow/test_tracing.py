"""The option `trace` of a run."""

import pytest

from fast_dag import DAG, Context, DAGRunner, Runtime, ValidationError


def one():
    dag = DAG("one")
    dag.node(lambda x=1: x, name="a")
    return dag


def test_a_trace_is_kept_with_a_context_that_was_given():
    context = Context(metadata={"run_id": "mine"})
    one().run(context=context, trace=True)
    assert context.trace.run_id == "mine"


def test_a_run_that_does_not_begin_leaves_no_trace():
    context = Context()
    with pytest.raises(ValidationError, match="inputs must map"):
        one().run(5, trace=True, context=context)
    assert context.trace is None


def test_a_runtime_and_a_runner_take_the_option():
    flow = one()
    Runtime(trace=True).execute_sync(flow)
    assert flow.context.trace is not None
    DAGRunner(flow, trace=True).run()
    assert flow.context.trace is not None


def test_a_context_with_a_trace_goes_into_a_dict_without_it():
    context = Context()
    one().run(context=context, trace=True)
    assert set(context.to_dict()) == {"results", "metadata", "metrics"}
