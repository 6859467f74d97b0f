"""A run that was recorded, in any mode, replays the same way without a call."""

import inspect
import threading
from collections import Counter

import anyio
import pytest

from fast_dag import (
    DAG,
    FSM,
    NO_DATA,
    Context,
    Converged,
    CycleContext,
    CycleState,
    ExecutionError,
    FSMContext,
    FSMReturn,
    Private,
    RecordingError,
    RunCancelledError,
    TimeoutError,
)


class Trouble(Exception):
    """Of the tests' own."""


@pytest.fixture
def calls():
    return Counter()


def counting(calls, name, function):
    """*function*, which counts its calls under *name*."""

    def work(*args, **kwargs):
        calls[name] += 1
        return function(*args, **kwargs)

    work.__signature__ = inspect.signature(function)
    return work


def failing(calls, name, *errors):
    """A function that raises one error after the other, then gives its input."""
    left = list(errors)

    def work(x):
        calls[name] += 1
        if left:
            raise left.pop(0)
        return x

    return work


def recorded(mode, dag, *args, **options):
    """The context of a recorded run, and what it raised."""
    context, error = options.pop("context", None) or Context(), None
    try:
        mode(dag, *args, context=context, record=True, **options)
    except ExecutionError as raised:
        error = raised
    return context, error


def test_retries_and_handlers_take_the_same_way(any_mode, calls):
    dag = DAG("tries")
    dag.add_node("a", failing(calls, "a", OSError(2, "gone"), Trouble("one", 2)), retry=3, retry_delay=0.001)
    dag.add_node("b", failing(calls, "b", KeyError("k")), retry=1).connect("a", "b")
    dag.set_node_error_handler("b", lambda node, inputs, error: [type(error), str(error)])
    context, _ = recorded(any_mode, dag, x=1)
    calls.clear()
    result = dag.replay(context.recording)
    assert (result.divergence, result.value, calls) == (None, [KeyError, "'k'"], {})
    assert result.context.metrics["attempts"] == {"a": 3, "b": 1}


def test_only_the_errors_that_a_node_is_retried_on_are_taken_for_these(any_mode, calls):
    dag = DAG("tries").add_node("a", failing(calls, "a", Trouble("first")), retry=5, retry_on=(Trouble,))
    context, error = recorded(any_mode, dag, x=1)
    assert error is None
    assert dag.replay(context.recording).value == 1


def test_a_failed_run_fails_again_with_the_same_error(any_mode, calls):
    dag = DAG("fails").add_node("a", failing(calls, "a", Trouble("no", 3)))
    context, error = recorded(any_mode, dag, x=1)
    calls.clear()
    with pytest.raises(Trouble, match="node 'a' failed with Trouble") as caught:
        dag.replay(context.recording)
    assert (str(caught.value), caught.value.original_error.args) == (str(error), ("no", 3))
    assert (caught.value.node_name, calls) == ("a", {})


def test_a_run_error_handler_is_asked_again(any_mode, calls):
    dag = DAG("asked").add_node("a", failing(calls, "a", Trouble("no"))).add_node("b", lambda a=5: a)
    dag.connect("a", "b")
    asked = []

    def handler(node, error, context):
        asked.append((node, type(error)))
        return "continue"

    context, error = recorded(any_mode, dag, x=1, error_handler=handler)
    assert error is None
    result = dag.replay(context.recording, error_handler=handler)
    assert result.divergence is None
    assert asked == [("a", Trouble)] * 2


def test_a_node_out_of_time_is_out_of_time_again_at_once(any_mode):
    gate = threading.Event()
    dag = DAG("late").add_node("slow", lambda: gate.wait(10), timeout=0.02)
    context, error = recorded(any_mode, dag)
    gate.set()
    assert isinstance(error, TimeoutError)
    with pytest.raises(TimeoutError, match=r"node 'slow' timed out after 0\.02 s"):
        dag.replay(context.recording)


def test_a_workflow_inside_that_is_out_of_time_is_so_again(any_mode):
    async def slow():
        await anyio.sleep(30)

    inner = DAG("inner").add_node("first", lambda: 1).add_node("slow", slow)
    dag = DAG("outer")
    dag.add_dag("sub", inner, timeout=0.1)
    context, error = recorded(any_mode, dag)
    assert isinstance(error, TimeoutError)
    with pytest.raises(TimeoutError, match="node 'sub' timed out"):
        dag.replay(context.recording)


def test_a_cycle_out_of_time_ends_at_the_same_step(any_mode):
    async def one(n=0):
        await anyio.sleep(0.02)
        return n + 1

    dag = DAG("round").add_node("one", one).add_node("after", lambda one: one)
    dag.connect("one", "after")
    with dag.cycle("loop", timeout_seconds=0.15, on_limit="return") as cycle:
        cycle.feedback("one", "one", input="n")
    context, error = recorded(any_mode, dag)
    assert error is None
    ended = context.metadata["cycles"]["loop"]
    assert ended.reason == "timeout"
    result = dag.replay(context.recording)
    assert result.divergence is None
    again = result.context.metadata["cycles"]["loop"]
    assert (again.reason, again.total_iterations) == ("timeout", ended.total_iterations)


def test_a_run_out_of_time_ends_so_again(any_mode):
    async def slow():
        await anyio.sleep(30)

    dag = DAG("late").add_node("first", lambda: 1).add_node("slow", slow)
    context, error = recorded(any_mode, dag, timeout=0.05)
    assert isinstance(error, TimeoutError)
    with pytest.raises(TimeoutError, match=r"run of 'late' timed out after 0\.05 s"):
        dag.replay(context.recording)


def test_a_cancelled_run_is_cancelled_again(any_mode):
    dag = DAG("stops")

    @dag.node
    def first(context: Context):
        context.cancel("enough")
        return 1

    dag.add_node("second", lambda first: first).connect("first", "second")
    context, error = recorded(any_mode, dag)
    assert isinstance(error, RunCancelledError)
    with pytest.raises(RunCancelledError, match="enough"):
        dag.replay(context.recording)


def test_an_any_node_has_the_same_winner(any_mode):
    """In a concurrent mode the one that was first, whatever its place in the order of the plan."""
    taken = threading.Event()
    dag = DAG("race")

    def slow():
        if any_mode.is_concurrent:
            taken.wait(10)
        return "slow"

    dag.add_node("slow", slow).add_node("quick", lambda: "quick")
    dag.any(lambda value: taken.set() or value, name="first")
    dag.connect("slow", "first").connect("quick", "first")
    context, _ = recorded(any_mode, dag, **({"max_workers": 4} if any_mode.is_concurrent else {}))
    assert context.results["first"] == ("quick" if any_mode.is_concurrent else "slow")
    result = dag.replay(context.recording)
    assert (result.divergence, result.value) == (None, context.results["first"])


def test_cached_results_are_replayed_without_the_cache(any_mode, calls):
    dag = DAG("cached")
    dag.cached_node(counting(calls, "a", lambda x: x + 1), name="a")
    any_mode(dag, x=1)
    context, _ = recorded(any_mode, dag, x=1)
    assert context.metrics["cache_hits"] == {"a": 1}
    dag.invalidate_cache()
    result = dag.replay(context.recording)
    assert (result.value, result.divergence, calls) == (2, None, {"a": 1})
    assert dag.explain_cache("a", x=1).hit is False


def test_what_nodes_kept_in_a_cycle_is_there_again(any_mode, calls):
    dag = DAG("kept")

    @dag.node
    def step(ctx: CycleContext, state: CycleState, n=0):
        calls["step"] += 1
        ctx.accumulate("seen", n, max_history=3)
        state.set("last", n)
        if n == 4:
            ctx.stop("enough")
        return n + 1

    with dag.cycle("loop", max_iterations=9) as cycle:
        cycle.feedback("step", "step", input="n")
    context, _ = recorded(any_mode, dag)
    ended = context.metadata["cycles"]["loop"]
    calls.clear()
    again = dag.replay(context.recording).context.metadata["cycles"]["loop"]
    assert (again.reason, again.reason_detail, again.total_iterations) == (ended.reason, "enough", 5)
    assert (again.state, again.shared, calls) == (ended.state, {"last": 4}, {})
    assert again.state["step"]["seen"] == [2, 3, 4]


def test_what_a_node_may_return_to_steer_is_recorded(any_mode, calls):
    dag = DAG("steers")
    dag.add_node("one", counting(calls, "one", lambda n=0: Converged(n) if n > 2 else n + 1))
    dag.add_node("none", counting(calls, "none", lambda one: NO_DATA)).add_node("behind", lambda none: none)
    dag.connect("one", "none").connect("none", "behind")
    with dag.cycle("loop", max_iterations=9) as cycle:
        cycle.feedback("one", "one", input="n")
    context, _ = recorded(any_mode, dag)
    calls.clear()
    result = dag.replay(context.recording)
    assert (result.divergence, calls) == (None, {})
    assert result.context.metadata["skipped"] == context.metadata["skipped"]
    assert result.context.results == context.results


def test_a_machine_goes_the_same_way(any_mode, calls):
    fsm = FSM("machine")
    fsm.add_state("a", counting(calls, "a", lambda n: FSMReturn("b", n + 1)), initial=True)
    fsm.add_state("b", counting(calls, "b", lambda n: n), terminal=False)
    fsm.add_state("c", counting(calls, "c", lambda n: n), terminal=True)
    fsm.add_transition("a", "b", condition="named")
    fsm.add_conditional_transition("b", lambda n: "a" if n < 3 else "c", targets=["a", "c"])
    context, error = recorded(any_mode, fsm, n=1, context=FSMContext())
    assert error is None
    calls.clear()
    result = fsm.replay(context.recording)
    assert (result.value, calls) == (3, {})
    assert result.context.state_history == context.state_history == ["a", "b", "a", "b", "c"]


def test_maps_and_workflows_inside_are_replayed_element_by_element(any_mode, calls):
    inner = DAG("inner").add_node("double", counting(calls, "double", lambda x: 2 * x))
    dag = DAG("outer").add_node("items", counting(calls, "items", lambda: [1, 2, 3]))
    dag.add_dag("each", inner, map="x")
    dag.node(
        counting(calls, "tens", lambda item: 10 / (item - 2)), name="tens", map="item", item_errors="none"
    )
    dag.connect("items", "each").connect("items", "tens")
    context, error = recorded(any_mode, dag)
    assert error is None
    calls.clear()
    result = dag.replay(context.recording)
    assert (result.divergence, calls) == (None, {})
    assert (
        result.context.results
        == context.results
        == {
            "items": [1, 2, 3],
            "each": [2, 4, 6],
            "tens": [-10.0, None, 10.0],
        }
    )
    assert result.context.get_result("each[1].double") == 4


def test_a_value_that_cannot_be_recorded_ends_the_run(any_mode):
    dag = DAG("odd").add_node("fine", lambda: 1).add_node("lock", lambda fine: threading.Lock(), retry=3)
    dag.connect("fine", "lock").set_node_error_handler("lock", lambda node, inputs, error: 1)
    context, error = recorded(any_mode, dag, error_strategy="continue")
    assert type(error) is RecordingError
    assert error.node_name == "lock"
    assert str(error).startswith("'lock' cannot be recorded: its result holds a lock, which cannot be stored")
    assert context.results == {"fine": 1}


def test_a_stream_cannot_be_recorded(any_mode):
    dag = DAG("stream").add_node("numbers", lambda: (n for n in range(3)))
    dag.add_node("total", lambda numbers: sum(numbers)).connect("numbers", "total")
    _, error = recorded(any_mode, dag)
    assert type(error) is RecordingError
    assert "its result is a stream; collect it with stream='list'" in str(error)
    dag = DAG("list").add_node("numbers", lambda: (n for n in range(3)), stream="list")
    context, _ = recorded(any_mode, dag)
    assert dag.replay(context.recording).value == [0, 1, 2]


def test_a_private_value_is_recorded_masked(any_mode, tmp_path):
    dag = DAG("secret").add_node("token", lambda key: Private("hunter2"))
    dag.add_node("use", lambda token: len(token.reveal())).connect("token", "use")
    context, _ = recorded(any_mode, dag, key=Private("swordfish"))
    context.recording.save(tmp_path / "run.jsonl")
    text = (tmp_path / "run.jsonl").read_text()
    assert "hunter2" not in text
    assert "swordfish" not in text
    assert dag.replay(context.recording).value == 7
    with pytest.raises(RecordingError, match=r"'use'.*its input 'token' is a Private.*only the mask"):
        dag.replay(context.recording, live=["use"])
    result = dag.replay(context.recording, live=["token", "use"], inputs={"key": Private("swordfish")})
    assert (result.value, result.divergence) == (7, None)


@pytest.mark.parametrize("is_nested", [False, True])
def test_an_element_that_ends_after_another_has_failed_is_replayed(any_mode, calls, is_nested):
    failed = threading.Event()

    def work(item):
        calls["work"] += 1
        if item == 1:
            raise Trouble("one")
        if item == 0 and any_mode.is_concurrent:
            failed.wait(10)
        return item

    dag, options = DAG("maps"), {"map": "item", "retry": 1}
    if is_nested:
        dag.add_dag("each", DAG("inner").add_node("work", work), **options)
    else:
        dag.add_node("each", work, **options)

    def hear(event):
        if event.kind == "item_failed" or (is_nested and event.kind == "node_failed"):
            failed.set()

    limit = {"max_workers": 3} if any_mode.is_concurrent else {}
    context, error = recorded(any_mode, dag, item=[0, 1, 2, 3, 4], observers=[hear], **limit)
    assert isinstance(error, Trouble)
    calls.clear()
    with pytest.raises(Trouble, match="one") as caught:
        dag.replay(context.recording)
    assert (caught.value.index, calls) == (1, {})
