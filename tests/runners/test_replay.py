"""Replays are made at once, one step after the other, in the thread of the caller."""

import threading
from time import perf_counter

import anyio

from fast_dag import DAG, Context


def recorded(dag, **options):
    context = Context()
    dag.run(context=context, record=True, **options)
    return context.recording


def test_waits_between_attempts_are_left_out():
    errors = [OSError(), OSError()]

    def flaky():
        if errors:
            raise errors.pop()
        return 1

    dag = DAG("waits").add_node("flaky", flaky, retry=3, retry_delay=0.3, retry_backoff=1.0)
    recording = recorded(dag)
    started = perf_counter()
    assert dag.replay(recording).value == 1
    assert perf_counter() - started < 0.3


def test_what_a_node_took_is_the_time_it_took_when_it_was_recorded():
    async def slow():
        await anyio.sleep(0.05)

    dag = DAG("slow").add_node("slow", slow)
    recording = recorded(dag)
    times = dag.replay(recording).context.metrics["node_times"]
    assert times["slow"] >= 0.05


def test_live_nodes_run_in_the_thread_of_the_caller():
    dag = DAG("here").add_node("a", lambda: 1)
    dag.add_node("b", lambda a: threading.current_thread().name).connect("a", "b")
    recording = recorded(dag, mode="parallel")
    assert dag.replay(recording, live=["b"]).value == threading.current_thread().name


def test_cleanup_hooks_of_what_is_left_are_called_where_a_replay_ends_early():
    called = []

    def sub(extra):
        inner = DAG("inner").add_node("one", lambda: 1)
        dag = DAG("outer")
        dag.add_dag("sub", inner.add_node("two", lambda: 2) if extra else inner)
        return dag

    changed = sub(extra=True)
    changed.set_node_hooks("sub", cleanup=lambda node: called.append(node.name))
    result = changed.replay(recorded(sub(extra=False)))
    assert result.divergence.reason.startswith("'sub' was recorded next")
    assert called == ["sub"]
