"""Results that nobody needs any more: gone at once, without the garbage collector."""

import gc
import threading
import tracemalloc
import weakref

import pytest

from fast_dag import DAG, ConditionalReturn, Context
from tests.conformance.modes import comes_true, raised_by

MB = 1_000_000


class Value:
    """Something whose end can be seen."""


class Source:
    """Makes a value, and tells whether it is still alive."""

    def __init__(self):
        self.refs = []

    def __call__(self):
        value = Value()
        self.refs.append(weakref.ref(value))
        return value

    @property
    def is_collected(self):
        return comes_true(lambda: gc.collect() >= 0 and all(ref() is None for ref in self.refs), within=2.0)

    @property
    def is_gone(self):
        # In another thread the call that had it may be about to return.
        return comes_true(lambda: all(ref() is None for ref in self.refs), within=1.0)


@pytest.fixture(autouse=True, scope="module")
def no_collector():
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(params=["plain", "timeout", "retry", "hooks"])
def around(request):
    """Settings for a node, and what is done to its DAG."""
    settings = {"timeout": {"timeout": 60}, "retry": {"retry": 2}}.get(request.param, {})

    def prepare(dag):
        if request.param == "hooks":
            dag.set_default_hooks(pre_execute=lambda node, inputs: None, cleanup=lambda node: None)
        return dag

    return settings, prepare


@pytest.fixture(params=["exits", "deleted"])
def freeing(request):
    """How results are let go of: the option of the run, and what a node does to the context's results."""
    if request.param == "exits":
        return "exits", lambda context, name: context.results.get(name)
    return "all", lambda context, name: context.results.pop(name) and None


def test_a_result_dies_in_the_middle_of_the_run(any_mode, kind, around, freeing):
    (settings, prepare), (keep, let_go), source, dag = around, freeing, Source(), DAG("freed")

    def look(context, reader):
        let_go(context, "source")
        return source.is_gone

    first = dag.node(kind(lambda: source()), name="source", **settings)
    reader = dag.node(kind(lambda source: None), name="reader", **settings)
    first >> reader >> dag.node(kind(look), name="look", **settings)
    assert any_mode(prepare(dag), keep_results=keep) is True


def test_no_idle_worker_holds_on_to_a_result(concurrent_mode, kind, freeing):
    (keep, let_go), source, dag = freeing, Source(), DAG("idle")
    met = threading.Event()
    first = dag.node(kind(lambda: source()), name="source")
    reader = dag.node(kind(lambda source: Source()()), name="reader")
    slow = dag.node(lambda source: met.wait(0.02), name="slow")
    look = dag.node(kind(lambda context, reader, slow: let_go(context, "source")), name="look")
    first >> [reader, slow] >> look
    look >> dag.node(kind(lambda look: source.is_gone), name="last")
    assert concurrent_mode(dag, keep_results=keep, max_workers=2) is True


def test_a_result_that_two_nodes_read_dies_with_the_second(any_mode, kind):
    source, dag, seen = Source(), DAG("two"), []
    first = dag.node(kind(lambda: source()), name="source")
    one = dag.node(kind(lambda source: None), name="one")
    two = dag.node(kind(lambda source, one: seen.append(source is not None)), name="two")
    last = dag.node(kind(lambda context, two: source.is_gone), name="last")
    first >> [one, two]
    one >> two >> last
    assert any_mode(dag, keep_results="exits") is True
    assert seen == [True]


def test_a_result_dies_when_those_who_wait_for_it_are_skipped(any_mode, kind):
    source, dag = Source(), DAG("skipped")
    first = dag.node(kind(lambda: source()), name="source")
    check = dag.condition(kind(lambda: False), name="check")
    never = dag.node(kind(lambda source, value: 1), name="never")
    dag.connect(first, never, input="source").connect(check, never, output="true", input="value")
    last = dag.node(kind(lambda value, other: source.is_gone), name="last")
    after = dag.node(kind(lambda context: 1), name="after")
    dag.connect(check, last, output="false", input="value").connect(after, last, input="other")
    assert any_mode(dag, keep_results="exits", max_workers=1) is True


def test_a_result_dies_when_its_reader_fails(any_mode, kind, freeing):
    (keep, let_go), source, dag = freeing, Source(), DAG("fails")
    first = dag.node(kind(lambda: source()), name="source")
    fails = dag.node(kind(lambda source: None), name="reader")
    broken = dag.node(kind(lambda reader: 1 / 0), name="broken")
    last = dag.node(kind(lambda context, reader: let_go(context, "source") or source.is_gone), name="last")
    first >> fails >> [broken, last]
    assert any_mode(dag, keep_results=keep, error_strategy="continue", max_workers=1) is True


@pytest.mark.parametrize("router", ["bool", "return", "chain"])
def test_a_result_that_a_router_passed_on_dies(any_mode, kind, freeing, router):
    (keep, let_go), source, dag = freeing, Source(), DAG("routed")
    first = dag.node(kind(lambda: source()), name="source")
    answer = (
        (lambda value: ConditionalReturn(condition=True, value=value))
        if router == "return"
        else lambda value: True
    )
    check = dag.condition(kind(answer), name="check")
    first >> check
    if router == "chain":
        outer, check = check, dag.condition(kind(lambda value: True), name="second")
        outer.on_true >> check
    taken = dag.node(kind(lambda value: None), name="taken")

    def look(context, taken):
        let_go(context, "source")
        let_go(context, "check")
        return source.is_gone

    check.on_true >> taken >> dag.node(kind(look), name="last")
    assert any_mode(dag, keep_results=keep) is True


def test_what_a_router_passed_on_is_there_for_a_later_part(any_mode, kind):
    dag = DAG("routed")
    first = dag.node(kind(lambda: {"low": "value"}), name="source")
    check = dag.condition(kind(lambda value: True), name="check")
    second = dag.condition(kind(lambda value: True), name="second")
    dag.connect(first, check, output="low")
    check.on_true >> second
    second.on_true >> dag.node(kind(lambda value: value), name="last")
    assert any_mode(dag) == "value"
    assert dag.run_from("last") == "value"
    assert dag.run_from("second") == "value"


@pytest.mark.parametrize("join", ["any", "all"])
def test_results_that_a_join_has_read_die(any_mode, kind, join):
    source, dag = Source(), DAG("joined")
    joined = getattr(dag, join)(kind(lambda value: None), name="joined")
    last = dag.all(kind(lambda *values, data: source.is_gone), name="last")
    for number in range(3):
        dag.node(kind(lambda: source()), name=f"source{number}") >> joined
        end = dag.node(kind(lambda: None), name=f"end{number}", inputs=[])
        end >> last
    joined >> last
    assert any_mode(dag, keep_results="exits", max_workers=1) is True


def test_a_value_handed_into_a_nested_run_dies_after_it(any_mode, kind, around):
    (settings, prepare), source, inner, outer = around, Source(), DAG("inner"), DAG("outer")
    inner.node(kind(lambda x: x), name="hand_on") >> inner.node(kind(lambda hand_on: None), name="end")
    first = outer.node(kind(lambda: source()), name="source")
    last = outer.node(kind(lambda context, sub: source.is_gone), name="last")
    first >> outer.add_dag("sub", prepare(inner), **settings) >> last
    assert any_mode(outer, keep_results="exits") is True


def test_a_value_that_came_out_of_a_nested_run_dies(any_mode, kind, around):
    (settings, prepare), source, inner, outer = around, Source(), DAG("inner"), DAG("outer")
    inner.node(kind(lambda: source()), name="make") >> inner.node(kind(lambda make: make), name="end")
    reader = outer.node(kind(lambda sub: None), name="reader")
    last = outer.node(kind(lambda context, reader: source.is_gone), name="last")
    outer.add_dag("sub", prepare(inner), **settings) >> reader >> last
    assert any_mode(outer, keep_results="exits") is True


def test_everything_dies_with_the_context(any_mode, kind):
    source, inner, middle, outer = Source(), DAG("inner"), DAG("middle"), DAG("outer")
    inner.node(kind(lambda x=None: source()), name="make") >> inner.node(kind(lambda make: make), name="end")
    middle.add_dag("inner", inner)
    outer.add_dag("sub", middle)
    outer.add_dag("many", inner, map="x", inputs=["x"])
    outer.node(kind(lambda context: source()), name="own")
    context = Context()
    any_mode(outer, x=[1, 2], context=context)
    ref = weakref.ref(context)
    assert len(source.refs) == 4
    del context
    outer.reset()
    assert source.is_collected  # the tasks of trio hold on to each other
    assert ref() is None


def test_everything_dies_with_the_context_of_a_run_that_went_wrong(any_mode, kind):
    source, inner, outer = Source(), DAG("inner"), DAG("outer")
    inner.node(kind(lambda: source()), name="make") >> inner.node(kind(lambda make: 1 / 0), name="fails")
    outer.add_dag("sub", inner)
    outer.node(kind(lambda context: source()), name="own")
    any_mode(outer, error_strategy="continue")
    outer.reset()
    assert source.is_collected  # what raised knows its own traceback
    error = raised_by(any_mode, outer)
    outer.reset()
    error.__traceback__ = error.__cause__.__traceback__ = None
    del error
    assert source.is_collected


def copied(value):
    return bytearray(len(value))


def peak_of(mode, dag):
    """The memory a run needs above what there was before, once what it needs is loaded."""
    mode(DAG("first").add_node("n", copied), value=b"")
    dag.plan()
    gc.collect()
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        mode(dag, keep_results="exits")
        return tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("settings", [{}, {"retry": 2}], ids=["plain", "retried"])
def test_a_chain_of_1000_values_of_1_mb_peaks_at_3_mb(any_mode, kind, settings):
    dag = DAG("chain")
    last = dag.node(lambda: bytearray(MB), name="node0")
    for number in range(1, 1000):
        node = dag.node(kind(copied), name=f"node{number}", **settings)
        last >> node
        last = node
    last >> dag.node(lambda value: len(value), name="length")
    assert peak_of(any_mode, dag) <= 3 * MB


def test_a_chain_of_workflows_needs_the_memory_of_a_few_values(any_mode):
    dag = DAG("chain")
    last = dag.node(lambda: bytearray(MB), name="node0")
    for number in range(1, 200):
        inner = DAG("inner")
        inner.node(copied)
        node = dag.add_dag(f"node{number}", inner)
        last >> node
        last = node
    last >> dag.node(lambda value: len(value), name="length")
    assert peak_of(any_mode, dag) <= 5 * MB
