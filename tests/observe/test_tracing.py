"""Runs as OpenTelemetry spans: in every mode below the right one, and below the one around the run."""

import asyncio
import sys
import threading

import pytest
from opentelemetry import metrics, trace

from fast_dag import DAG, FSM, MissingExtraError, OpenTelemetryObserver
from fast_dag.errors import UnknownOptionError
from tests.observe.tracer import Kept

MODES = ["sequential", "parallel", "async"]


@pytest.fixture
def kept():
    return Kept()


def nested_cycles():
    """``lead`` in "outer", ``hold`` in "inner" inside that; the inner one is declared first."""
    dag = DAG("nested").add_node("lead", lambda last=0: last)
    dag.add_node("hold", lambda lead, value=0: value + 1)
    dag.connect("lead", "hold").feedback("hold", "hold", input="value", cycle="inner")
    dag.feedback("hold", "lead", cycle="outer")
    for name in ("inner", "outer"):
        with dag.cycle(name, max_iterations=2, on_limit="return"):
            pass
    return dag


def counting(name="counting", cycle="loop"):
    dag = DAG(name).add_node("add", lambda x=1, value=0: value + x)
    dag.feedback("add", "add", input="value", cycle=cycle)
    with dag.cycle(cycle, max_iterations=2, on_limit="return"):
        pass
    return dag


def door():
    fsm = FSM("door").add_state("open", lambda x=1: x, initial=True, transitions=["shut"])
    return fsm.add_state("shut", lambda value: value, terminal=True)


@pytest.mark.parametrize("mode", MODES)
def test_nodes_are_below_their_run(kept, mode):
    dag = DAG("etl").add_node("load", lambda: 1).add_node("store", lambda load: load)
    dag.connect("load", "store").run(mode=mode, observers=[kept.observer])
    assert kept.below == {
        ("run etl", None): 1,
        ("node load", "run etl"): 1,
        ("node store", "run etl"): 1,
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_nodes_of_a_workflow_inside_are_below_its_node(kept, mode):
    middle = DAG("middle")
    middle.add_dag("deep", DAG("innermost").add_node("leaf", lambda x: x))
    dag = DAG("outer").add_node("start", lambda: 1).add_node("leaf", lambda start: start)
    dag.add_dag("sub", middle)
    dag.connect("start", "leaf").connect("start", "sub")
    dag.run(mode=mode, observers=[kept.observer])
    assert kept.below == {
        ("run outer", None): 1,
        ("node start", "run outer"): 1,
        ("node leaf", "run outer"): 1,
        ("node sub", "run outer"): 1,
        ("node sub.deep", "node sub"): 1,
        ("node sub.deep.leaf", "node sub.deep"): 1,
    }


@pytest.mark.parametrize("mode", MODES)
def test_cycles_and_iterations_are_below_what_they_are_inside(kept, mode):
    nested_cycles().run(mode=mode, observers=[kept.observer])
    expected = {("run nested", None): 1, ("cycle outer", "run nested"): 1}
    for out in range(2):
        around = f"iteration outer [{out}]"
        expected |= {(around, "cycle outer"): 1, (f"node lead [{out}]", around): 1}
        expected |= {(f"cycle inner [{out}]", around): 1}
        for index in range(2):
            own = f"[{out}, {index}]"
            expected |= {(f"iteration inner {own}", f"cycle inner [{out}]"): 1}
            expected |= {(f"node hold {own}", f"iteration inner {own}"): 1}
    assert kept.below == expected


@pytest.mark.parametrize("mode", MODES)
def test_cycles_that_run_at_the_same_time_keep_their_own_nodes(kept, mode):
    barrier = threading.Barrier(2 if mode == "parallel" else 1)
    dag = DAG("twins")
    for name in ("one", "two"):

        def step(value=0):
            barrier.wait(5)
            return value + 1

        dag.add_node(name, step).feedback(name, name, cycle=f"c_{name}")
        with dag.cycle(f"c_{name}", max_iterations=2, on_limit="return"):
            pass
    dag.run(mode=mode, observers=[kept.observer])
    for name in ("one", "two"):
        for index in range(2):
            assert kept.below[f"node {name} [{index}]", f"iteration c_{name} [{index}]"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_cycle_and_a_machine_inside_a_node_are_below_it(kept, mode):
    dag = DAG("outer")
    dag.add_dag("sub", counting())
    dag.add_fsm("door", door())
    dag.run(x=1, mode=mode, observers=[kept.observer])
    assert kept.below == {
        ("run outer", None): 1,
        ("node sub", "run outer"): 1,
        ("cycle sub.loop", "node sub"): 1,
        **{(f"iteration sub.loop [{index}]", "cycle sub.loop"): 1 for index in range(2)},
        **{(f"node sub.add [{index}]", f"iteration sub.loop [{index}]"): 1 for index in range(2)},
        ("node door", "run outer"): 1,
        **{(f"node door.{state} [0]", "node door"): 1 for state in ("open", "shut")},
    }
    assert [event.name for event in kept.span("node door").events] == ["transition"]


@pytest.mark.parametrize("mode", MODES)
def test_states_are_below_their_run(kept, mode):
    door().run(mode=mode, observers=[kept.observer])
    assert kept.below == {
        ("run door", None): 1,
        ("node open [0]", "run door"): 1,
        ("node shut [0]", "run door"): 1,
    }
    assert [event.name for event in kept.span("run door").events] == ["transition"]


@pytest.mark.parametrize("mode", MODES)
def test_a_map_is_one_span_however_many_elements_it_has(kept, mode):
    dag = DAG("maps").add_node("items", lambda: [1, 2, 3])
    dag.map(lambda item: item, name="each")
    dag.connect("items", "each").run(mode=mode, observers=[kept.observer])
    assert kept.below["node each", "run maps"] == 1
    assert len(kept.spans) == 3


@pytest.mark.parametrize("mode", MODES)
def test_a_workflow_for_each_element_is_below_the_map(kept, mode):
    dag = DAG("maps").add_node("items", lambda: [1, 2, 3])
    dag.add_dag("each", DAG("inner").add_node("leaf", lambda x: x), map="x")
    dag.connect("items", "each").run(mode=mode, observers=[kept.observer])
    assert kept.below["node each.leaf", "node each"] == 3


@pytest.mark.parametrize("mode", MODES)
def test_a_run_is_below_the_span_that_is_current_where_it_is_called(kept, mode):
    dag = DAG("etl").add_node("load", lambda: 1)
    with kept.tracer_provider.get_tracer("test").start_as_current_span("request"):
        dag.run(mode=mode, observers=[kept.observer])
    assert kept.below["run etl", "request"] == 1


def test_a_run_in_the_background_is_below_the_span_where_it_was_started(kept):
    dag = DAG("etl").add_node("load", lambda: 1).add_observer(kept.observer)
    with kept.tracer_provider.get_tracer("test").start_as_current_span("request"):
        handle = dag.start()
    handle.result(10)
    assert kept.below["run etl", "request"] == 1


def test_runs_at_the_same_time_on_one_loop_keep_their_own_spans(kept):
    tracer = kept.tracer_provider.get_tracer("test")

    async def work(x):
        await asyncio.sleep(0)
        return x

    dag = DAG("etl").add_node("load", work).add_observer(kept.observer)

    async def request(name):
        with tracer.start_as_current_span(name):
            await dag.run_async(x=1)

    async def both():
        await asyncio.gather(request("one"), request("two"))

    asyncio.run(both())
    assert (kept.below["run etl", "one"], kept.below["run etl", "two"]) == (1, 1)
    for span in kept.spans:
        assert span.name != "node load" or span.parent is not None


def test_spans_lie_within_those_they_are_below(kept):
    nested_cycles().run(mode="parallel", observers=[kept.observer])
    spans = {span.context.span_id: span for span in kept.spans}
    for span in spans.values():
        if span.parent is not None:
            around = spans[span.parent.span_id]
            assert around.start_time <= span.start_time <= span.end_time <= around.end_time


def test_without_providers_the_global_ones_are_used(monkeypatch):
    kept = Kept()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: kept.tracer_provider)
    monkeypatch.setattr(metrics, "get_meter_provider", metrics.NoOpMeterProvider)
    DAG("etl").add_node("load", lambda: 1).run(observers=[OpenTelemetryObserver()])
    assert kept.span("run etl")


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(MissingExtraError, match=r"opentelemetry-api: pip install 'fast-dag\[otel\]'"):
        OpenTelemetryObserver()


@pytest.mark.parametrize("name", ["tracer_provider", "meter_provider"])
def test_what_is_no_provider_is_told(name):
    with pytest.raises(ValueError, match=f"{name} must have a method get_.*, got 3"):
        OpenTelemetryObserver(**{name: 3})
    with pytest.raises(UnknownOptionError, match=f"did you mean '{name}'"):
        OpenTelemetryObserver(**{f"{name}s": None})
