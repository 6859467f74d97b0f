"""The plain loop gives what the core gives: results, errors and metrics."""

import contextvars

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_dag import DAG, NO_DATA, Context
from fast_dag.runners.row_loop import Interrupted, row_loop
from tests.properties.strategies import build, graphs
from tests.run.plans import plan_of

TIMES = {"execution_time", "total_duration", "node_times"}
answers = st.sampled_from(
    ["value", "value", "value", "none", "nothing", "later", "error", "late error", "exit"]
)
strategies = st.sampled_from(["fail_fast", "continue", "continue_none"])
contexts = st.one_of(st.none(), st.builds(Context, st.just({"old": 1})))
property_test = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def later(function):
    return function()


def fail():
    raise KeyError("broken")


def function_that(answers):
    """A function that gives an *answers* at each call, whatever it is called with."""

    def function(*args):
        if answers == "exit":
            raise SystemExit(3)
        given = {
            "none": lambda: None,
            "nothing": lambda: NO_DATA,
            "error": fail,
            "late error": lambda: later(fail),
            "later": lambda: later(lambda: ("later", args)),
        }
        return given.get(answers, lambda: args)()

    return function


@st.composite
def wide_rows(draw):
    """Nodes with one answer each, and up to four sources among those before; a quarter have defaults."""
    nodes = []
    for index in range(draw(st.integers(1, 7))):
        sources = draw(st.lists(st.sampled_from(range(index)), max_size=4, unique=True)) if index else []
        nodes.append((draw(answers), sources, draw(st.integers(0, 3)) == 0))
    return nodes


def dag_of(nodes):
    dag = DAG("rows")
    for index, (answer, sources, has_defaults) in enumerate(nodes):
        function = function_that(answer)
        default = "=None" if has_defaults else ""
        names = ", ".join(f"n{source}{default}" for source in sources)
        passed = ", ".join(f"n{source}" for source in sources)
        dag.node(eval(f"lambda {names}: function({passed})", {"function": function}), name=f"n{index}")  # noqa: S307
        for source in sources:
            dag.connect(f"n{source}", f"n{index}")
    return dag


def outcome(dag, inputs, **options):
    """Everything that is to be seen of a sequential run, times apart."""
    error, value = None, None
    try:
        value = dag.run(inputs, **options)
    except BaseException as raised:  # noqa: BLE001 - SystemExit too
        error = raised
    context = dag.context
    listed = [
        {key: entry[key] for key in entry if key != "timestamp"}
        for entry in context.metadata.get("errors", [])
    ]
    return {
        "value": repr(value),
        "error": repr(error),
        "attempts": getattr(error, "attempts", None),
        "node": getattr(error, "node_name", None),
        "results": {name: repr(result) for name, result in context.results.items()},
        "order": list(context.results),
        "skipped": context.metadata["skipped"],
        "status": context.metadata["execution_status"],
        "errors": listed,
        "metrics": {key: each for key, each in context.metrics.items() if key not in TIMES},
        "timed": set(context.metrics["node_times"]),
        "cancelled": context.cancelled,
    }


class Curious:
    """Sees the events, with the values of nodes; so every step of its run goes through the core."""

    wants_values = True

    def __call__(self, event):
        pass


def through_the_core(dag, inputs, **options):
    """The same, but through the core."""
    return outcome(dag, inputs, observers=[Curious()], **options)


@property_test
@given(wide_rows(), strategies, st.booleans())
def test_rows_of_every_answer_give_what_the_core_gives(nodes, strategy, passed):
    plain = Context({"old": 1}) if passed else None
    core = Context({"old": 1}) if passed else None
    options = {"error_strategy": strategy}
    assert outcome(dag_of(nodes), {}, context=plain, **options) == through_the_core(
        dag_of(nodes), {}, context=core, **options
    )


@property_test
@given(graphs(races=True), strategies)
def test_random_graphs_give_what_the_core_gives(graph, strategy):
    plain = outcome(build(graph), graph.inputs, error_strategy=strategy)
    assert plain == through_the_core(build(graph), graph.inputs, error_strategy=strategy)


def test_the_loop_stops_at_a_value_that_only_the_core_can_take():
    dag = DAG("special")
    dag.node(lambda: 1, name="a") >> dag.node(lambda a: NO_DATA, name="b") >> dag.node(lambda b: b, name="c")
    plan = dag.plan()
    values, stamps = list(plan.base), []
    loop, _ = row_loop(plan.rows, values, values.append, stamps, contextvars.copy_context())
    assert loop().value is NO_DATA
    assert values[plan.first :] == [1]
    assert len(stamps) == 1


def test_a_loop_that_was_stopped_ends_after_the_function_that_runs():
    dag, calls = DAG("stopped"), []

    @dag.node
    def a():
        stop()

    dag.node(lambda: calls.append("b"), name="b")
    plan = dag.plan()
    values = list(plan.base)
    loop, stop = row_loop(plan.rows, values, values.append, [], contextvars.copy_context())
    with pytest.raises(Interrupted):
        loop()
    assert calls == []


def test_the_rows_end_before_the_first_router():
    plan = plan_of("a -> b", "b -> check", "check.true -> c", kinds={"check": "conditional"})
    assert len(plan.rows) == 2
