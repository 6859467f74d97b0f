"""What nodes keep from one iteration to the next: the same in every mode."""

import threading

import pytest

from fast_dag import DAG
from fast_dag.cycles.nodes import CycleAwareNode
from fast_dag.cycles.state import CycleContext, CycleState
from tests.conformance.modes import as_async


def looped(dag, node, name="c", feedback=None, **settings):
    """*dag* with a cycle around one node, that goes round as long as its settings allow."""
    with dag.cycle(name, **settings) as cycle:
        cycle.feedback(node, node, **(feedback or {"signal": True}))
    return dag


def result_of(dag, name="c"):
    return dag.context.metadata["cycles"][name]


class Sum(CycleAwareNode):
    """Worked example 8."""

    def run(self, value=10):
        total = self.get_cycle_state("total", 0) + value
        self.set_cycle_state({"total": total, "last": self.get_iteration()})
        history = self.accumulate_values("history", value)
        return {"value": value + 10, "total": total, "history": history}


class AsyncSum(Sum):
    async def run(self, value=10):
        return await as_async(super().run)(value)


@pytest.mark.parametrize("made", [Sum, AsyncSum, Sum(), AsyncSum(name="x")], ids=lambda made: repr(made)[:12])
def test_worked_example_8_a_node_keeps_its_total(any_mode, made):
    dag = DAG("w8")
    dag.add_node("add", made)
    looped(
        dag,
        "add",
        feedback={"output": "value", "input": "value"},
        max_iterations=9,
        convergence_check="total >= 100",
    )
    last = any_mode(dag)
    result = result_of(dag)
    assert (result.reason, result.total_iterations) == ("converged", 4)
    assert (last["total"], last["history"]) == (100, [10, 20, 30, 40])
    assert result.state == {"add": {"total": 100, "last": 3, "history": [10, 20, 30, 40]}}


def test_worked_example_20_a_node_knows_how_far_its_cycle_is(any_mode, kind):
    dag, seen = DAG("w20"), []

    def look(ctx: CycleContext):
        seen.append((ctx.index, ctx.is_first, ctx.is_last, ctx.progress, ctx.cycle_id, ctx.path))

    dag.node(kind(look), name="look")
    any_mode(looped(dag, "look", max_iterations=4))
    assert seen == [
        (0, True, False, 0.25, "c", ("c",)),
        (1, False, False, 0.5, "c", ("c",)),
        (2, False, False, 0.75, "c", ("c",)),
        (3, False, True, 1.0, "c", ("c",)),
    ]


def test_a_failed_attempt_leaves_no_state_behind(any_mode, kind):
    dag, calls = DAG("retried"), []

    def flaky(ctx: CycleContext):
        calls.append(dict(ctx.state))
        ctx.state["count"] = ctx.state.get("count", 0) + 1
        ctx.state.setdefault("items", []).append(len(calls))
        ctx.shared["count"] = ctx.state["count"]
        ctx.accumulate("log", len(calls))
        ctx.stop("of no effect") if len(calls) % 2 else None
        if len(calls) % 2:
            raise OSError
        return ctx.state["count"]

    dag.node(kind(flaky), name="flaky", retry=2)
    any_mode(looped(dag, "flaky", max_iterations=3))
    assert [each.get("count") for each in calls] == [None, None, 1, 1, 2, 2]
    result = result_of(dag)
    assert result.reason == "max_iterations"
    assert result.state == {"flaky": {"count": 3, "items": [2, 4, 6], "log": [2, 4, 6]}}
    assert result.shared == {"count": 3}


def test_a_node_that_fails_for_good_keeps_nothing_although_the_run_goes_on(any_mode):
    dag = DAG("continued")

    @dag.node
    def count(ctx: CycleContext):
        ctx.state["count"] = ctx.state.get("count", 0) + 1
        if ctx.index == 1:
            raise OSError
        return ctx.index

    any_mode(looped(dag, "count", max_iterations=4), error_strategy="continue_none")
    assert result_of(dag).state == {"count": {"count": 3}}


def test_state_is_not_kept_when_a_hook_fails_the_node_after_its_call(any_mode):
    dag = DAG("hooked")

    @dag.node
    def count(ctx: CycleContext):
        ctx.state["count"] = ctx.state.get("count", 0) + 1
        return ctx.state["count"]

    def check(node, inputs, result):
        if result == 2:
            raise OSError

    dag.set_node_hooks("count", post_execute=check)
    dag.set_node_error_handler("count", lambda node, inputs, error: -1)
    any_mode(looped(dag, "count", max_iterations=3))
    assert result_of(dag).state == {"count": {"count": 1}}


def test_an_attempt_that_ran_out_of_time_writes_nothing_when_it_ends(leaving_mode, gate):
    dag, left = DAG("late"), threading.Event()

    def slow(ctx: CycleContext):
        ctx.state["count"] = ctx.state.get("count", 0) + 1
        if ctx.index == 1 and not left.is_set():
            left.set()
            gate.wait(5)
            ctx.state["late"] = True
        return ctx.index

    dag.node(slow, name="slow", timeout=0.2, retry=2)
    leaving_mode(looped(dag, "slow", max_iterations=3))
    gate.set()
    assert result_of(dag).state == {"slow": {"count": 3}}


def test_concurrent_nodes_see_what_the_others_wrote_in_the_iteration_before(any_mode, kind):
    dag, seen = DAG("shared"), {"left": [], "right": []}

    def node(side):
        def write(ctx: CycleContext, state: CycleState, start):
            seen[side].append((state.get("left"), state.get("right")))
            state.set(side, ctx.index)
            ctx.shared["both"] = side
            assert state.get(side) == ctx.index
            return ctx.index

        return kind(write)

    dag.node(lambda again=0: again, name="start")
    dag.node(node("left"), name="left")
    dag.node(node("right"), name="right")
    dag.node(lambda left, right: left, name="join")
    for side in ("left", "right"):
        dag.connect("start", side)
        dag.connect(side, "join")
    with dag.cycle("c", max_iterations=3) as cycle:
        cycle.feedback("join", "start", input="again")
    any_mode(dag)
    before = [(None, None), (0, 0), (1, 1)]
    assert seen == {"left": before, "right": before}
    # What both write is settled by the order of the plan, not by who was last.
    assert result_of(dag).shared == {"left": 2, "right": 2, "both": "right"}


def nested(settings, body):
    """A cycle of two iterations around one of three."""
    dag = DAG("nested")
    dag.node(lambda again=0: again, name="first")
    dag.node(body, name="body")
    dag.node(lambda body: body, name="last")
    dag.connect("first", "body", input="first")
    dag.connect("body", "last")
    with dag.cycle("outer", max_iterations=2) as outer:
        outer.feedback("last", "first", input="again")
    with dag.cycle("inner", max_iterations=3, **settings) as inner:
        inner.feedback("body", "body", signal=True)
    return dag


def counting(seen):
    def body(ctx: CycleContext, first):
        seen.append((ctx.index, ctx.path, ctx.state.get("kept", 0), ctx.state.get("lost", 0)))
        ctx.state["kept"] = ctx.state.get("kept", 0) + 1
        ctx.state["lost"] = ctx.state.get("lost", 0) + 1
        return ctx.index

    return body


def test_worked_example_12_a_nested_cycle_starts_afresh(any_mode, kind):
    seen = []
    dag = nested({}, kind(counting(seen)))
    any_mode(dag)
    path = ("outer", "inner")
    assert seen == [(index, path, index, index) for index in (0, 1, 2, 0, 1, 2)]
    assert result_of(dag, "outer").total_iterations == 2


@pytest.mark.parametrize(
    ("settings", "lost"), [({"preserve_state": ("kept",)}, [0, 1, 2, 0, 1, 2]), ({"keep_state": True}, None)]
)
def test_what_is_preserved_outlives_an_outer_iteration(any_mode, settings, lost):
    seen = []
    dag = nested(settings, counting(seen))
    any_mode(dag)
    assert [each[2] for each in seen] == [0, 1, 2, 3, 4, 5]
    assert [each[3] for each in seen] == (lost or [0, 1, 2, 3, 4, 5])
    kept = {"kept": 6} if lost else {"kept": 6, "lost": 6}
    assert result_of(dag, "inner").state == {"body": kept}


def test_a_node_ends_its_cycle_when_the_iteration_is_over(any_mode):
    dag, after = DAG("stopped"), []

    def decide(ctx: CycleContext):
        if ctx.index == 2:
            ctx.stop("enough")
        return ctx.index

    dag.node(decide)
    dag.node(lambda decide: after.append(decide), name="rest")
    dag.connect("decide", "rest")
    with dag.cycle(
        "c", max_iterations=9, convergence_check=lambda results: results["rest"] == "never"
    ) as cycle:
        cycle.feedback("rest", "decide", signal=True)
    any_mode(dag)
    result = result_of(dag)
    assert (result.reason, result.reason_detail, result.converged) == ("exit", "enough", True)
    assert after == [0, 1, 2]


def test_a_stop_comes_before_the_conditions_and_the_limit(any_mode):
    dag = DAG("order")

    @dag.node
    def decide(ctx: CycleContext):
        ctx.stop("first")
        return {"x": 1}

    any_mode(looped(dag, "decide", max_iterations=1, convergence_check="x == 1"))
    assert (result_of(dag).reason, result_of(dag).reason_detail) == ("exit", "first")


class Until(CycleAwareNode):
    """Ends its cycle, which needs no other way out."""

    def run(self):
        self.set_cycle_state("count", self.get_cycle_state("count", 0) + 1)
        return self.get_cycle_state("count")

    def should_continue_cycle(self):
        return self.get_cycle_state("count") < self.config.get("most", 3)


class AsyncUntil(Until):
    async def run(self):
        return await as_async(super().run)()


@pytest.mark.parametrize("made", [Until(most=4), AsyncUntil(most=4)], ids=["sync", "async"])
def test_a_node_that_does_not_want_to_go_on_ends_its_cycle(any_mode, made):
    dag = looped(DAG("until").add_node("until", made), "until")
    assert any_mode(dag) == 4
    assert result_of(dag).reason == "exit"
    assert "should_continue_cycle" in result_of(dag).reason_detail


def test_one_instance_serves_many_runs_at_once():
    node, start = Sum(), threading.Barrier(3)
    found = []

    def run():
        dag = DAG("same").add_node("add", node)
        looped(dag, "add", feedback={"output": "value", "input": "value"}, max_iterations=4)
        start.wait(5)
        found.append(dag.run(mode="sequential")["history"])

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[10, 20, 30, 40]] * 3


def test_a_rerun_begins_anew(any_mode):
    dag = looped(DAG("again").add_node("until", Until()), "until")
    assert [any_mode(dag), any_mode(dag)] == [3, 3]


def test_outside_of_a_cycle_state_is_thrown_away_after_the_call(any_mode, kind):
    dag = DAG("outside")

    def use(ctx: CycleContext, state: "CycleState | None"):
        ctx.state["x"] = 1
        state.set("y", 2)
        return ctx.index, ctx.is_last, ctx.progress, ctx.state["x"], state.get("y")

    dag.node(kind(use), name="use")
    dag.add_node("sum", Sum(value=5))
    any_mode(dag)
    assert dag["use"] == (0, True, 1.0, 1, 2)
    assert dag["sum"]["total"] == 5


def test_injected_parameters_are_no_inputs():
    dag = DAG("inputs")

    def quoted(here: "CycleContext", there: "CycleState", other, context):
        return other

    assert dag.node(quoted).inputs == ("other",)


def test_the_trend_of_a_series_is_at_hand(any_mode):
    dag, seen = DAG("trends"), []

    @dag.node
    def fit(ctx: CycleContext):
        ctx.accumulate("loss", 2.0**-ctx.index)
        trend = ctx.trend(key="loss", window_size=2, threshold=0.3)
        seen.append((bool(trend), trend.direction))

    any_mode(looped(dag, "fit", max_iterations=4, direction="minimize"))
    assert [each[0] for each in seen] == [False, False, True, True]
    assert [each[1] for each in seen] == ["insufficient_data", "improving", "flat", "flat"]


def test_elements_of_a_map_keep_what_they_add(any_mode):
    dag = DAG("mapped")

    def each(item, ctx: CycleContext):
        ctx.accumulate("seen", (ctx.index, item), None)
        return item

    dag.node(lambda again=0: [1, 2, 3], name="items")
    dag.map(each, over="item")
    dag.connect("items", "each")
    with dag.cycle("c", max_iterations=2) as cycle:
        cycle.feedback("each", "items", input="again")
    any_mode(dag)
    assert result_of(dag).state == {"each": {"seen": [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]}}


def test_the_live_state_tells_of_the_iterations_so_far(any_mode):
    dag, seen = DAG("live"), []

    @dag.node
    def look(state: CycleState):
        seen.append((state.iteration, state.completed, state.max_iterations, state.history))
        return len(seen)

    any_mode(looped(dag, "look", max_iterations=3, history_limit=1))
    assert seen == [(0, 1, 3, []), (1, 2, 3, [{"look": 1}]), (2, 3, 3, [{"look": 2}])]


def test_what_is_not_fed_back_yet_is_no_input_of_a_node_that_takes_any_name(any_mode):
    seen = []

    class Taking(CycleAwareNode):
        def run(self, **inputs):
            seen.append(dict(inputs))
            return len(seen)

    dag = DAG("taking")
    dag.add_node("node", Taking)
    with dag.cycle("loop", max_iterations=2) as c:
        c.feedback("node", "node", input="count")
    any_mode(dag, data=7)
    assert seen == [{"data": 7}, {"data": 7, "count": 1}]
