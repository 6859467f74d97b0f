"""Checkpoints of a cycle: a run that goes on from one comes to what an uninterrupted run comes to."""

import asyncio
import math

import pytest

from fast_dag import (
    DAG,
    ConditionalReturn,
    CycleConfig,
    CycleConfigurationError,
    CycleExecutionError,
    Private,
    all_of,
    any_of,
    stable,
)
from fast_dag.cycles.checking import Checker, outcome
from fast_dag.cycles.executor import CyclicWorkflowExecutor
from fast_dag.cycles.templates import CycleTemplates
from fast_dag.errors import CycleStateError
from fast_dag.run.cycle_context import CycleContext
from fast_dag.stores.states import FileStateStore, MemoryStateStore
from tests.cycles.walking import told, walk

MODES = ["sequential", "parallel", "async"]


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_failed_goes_on_behind_its_last_checkpoint(mode, tmp_path):
    dag, made = walk(fails_at=5)
    executor = CyclicWorkflowExecutor(dag, state_persistence=True, state_store=str(tmp_path))
    with pytest.raises(CycleExecutionError):
        executor.execute_cycle_sync("walk", {"seed": 1}, mode=mode)
    mended, made = walk()
    again = CyclicWorkflowExecutor(mended, state_persistence=True, state_store=FileStateStore(tmp_path))
    found = asyncio.run(again.resume_cycle(mode=mode))
    assert told(found) == told(CyclicWorkflowExecutor(walk()[0]).execute_cycle_sync("walk"))
    assert made == ["step"] * 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", [stable(None, 0.5), any_of(stable(None, 0.5), all_of(stable(None, 0.5)))])
def test_what_is_emitted_and_what_a_rule_has_seen_comes_back(mode, rule):
    def made(failing):
        dag = DAG("wf").add_node("half", lambda x: 1 / 0 if x == failing else x / 2)
        dag.add_node("behind", lambda half: half).connect("half", "behind")
        with dag.cycle("c", until=rule, emit="tagged") as c:
            c.feedback("half", "half", input="x")
        return dag

    store = MemoryStateStore()
    executor = CyclicWorkflowExecutor(made(failing=0.5), state_persistence=True, state_store=store)
    with pytest.raises(CycleExecutionError):
        executor.execute_cycle_sync("c", {"x": 16.0}, mode=mode)
    again = CyclicWorkflowExecutor(made(failing=None), state_persistence=True, state_store=store)
    found = asyncio.run(again.resume_cycle(mode=mode))
    assert found.value == [(each, 16 / 2**each) for each in range(1, 8)]
    assert (found.reason, found.total_iterations) == ("converged", 7)


def test_what_stands_beside_the_value_of_an_iteration_comes_back():
    def made(failing):
        dag = DAG("wf")
        dag.iterate(lambda x: x + 1, name="grow", max_rounds=3)
        dag.add_node("step", lambda rounds, n=0: 1 / 0 if n == failing else n + rounds)
        dag.connect("grow", "step", output="rounds", input="rounds")
        return dag.feedback("step", "step", input="n", cycle="c")

    store = MemoryStateStore()
    executor = CyclicWorkflowExecutor(made(3), state_persistence=True, state_store=store, max_iterations=2)
    with pytest.raises(CycleExecutionError):
        executor.execute_cycle_sync("c", {"x": 0})
    again = CyclicWorkflowExecutor(made(None), state_persistence=True, state_store=store, max_iterations=2)
    assert again.resume_cycle_sync().value == 6


def test_values_of_every_plain_type_come_back():
    values = [None, (1, "a"), {1, 2}, b"x", 1j, math.inf, {3: "c"}, [1, (2,)]]
    dag = DAG("wf").add_node("spin", lambda values: values[1:] + values[:1])
    dag.feedback("spin", "spin", cycle="c")
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=3), {"values": values}, run_id="r")
    found = executor.resume_cycle_sync("r", CycleConfig(max_iterations=len(values)))
    assert found.outputs == {"spin": values}


def test_what_cannot_be_kept_is_told_at_the_first_checkpoint():
    dag = DAG("wf").add_node("give", lambda value=0: object()).feedback("give", "give", cycle="c")
    executor = CyclicWorkflowExecutor(dag, state_persistence=True, max_iterations=3)
    with pytest.raises(CycleStateError, match="key 'result' of node 'give' holds a object"):
        executor.execute_cycle_sync("c")
    dag = DAG("wf")

    @dag.node
    def keep(ctx: CycleContext, value=0):
        ctx.state["handle"] = object()
        return value

    dag.feedback("keep", "keep", input="value", cycle="c")
    with pytest.raises(CycleStateError, match="key 'handle' of node 'keep' holds a object"):
        executor.execute_cycle_sync("c", workflow=dag)


def test_what_a_cycle_inside_cannot_have_kept_is_told_with_its_node():
    dag = DAG("wf").add_node("lead", lambda last=0: last)

    @dag.node
    def hold(lead, ctx: CycleContext, value=0):
        ctx.state["handle"] = object()
        return value

    dag.connect("lead", "hold").feedback("hold", "hold", input="value", cycle="inner")
    dag.feedback("hold", "lead", cycle="outer")
    with dag.cycle("inner", max_iterations=1):
        pass
    executor = CyclicWorkflowExecutor(dag, state_persistence=True, max_iterations=2)
    with pytest.raises(CycleStateError, match="key 'handle' of node 'hold' holds a object"):
        executor.execute_cycle_sync("outer")


def test_pickle_has_to_be_allowed():
    with pytest.raises(CycleConfigurationError, match="allow_pickle"):
        CyclicWorkflowExecutor(state_persistence=True, serializer="pickle")
    dag = DAG("wf").add_node("give", lambda value=0: complex(1)).feedback("give", "give", cycle="c")
    executor = CyclicWorkflowExecutor(
        dag, state_persistence=True, serializer="pickle", allow_pickle=True, max_iterations=2
    )
    assert executor.execute_cycle_sync("c").total_iterations == 2


def test_the_branch_of_a_router_is_not_chosen_again():
    asked = []
    dag = DAG("wf")

    @dag.condition
    def big(start=5):
        asked.append(start)
        return ConditionalReturn(start > 3, start)

    dag.add_node("count", lambda first, value=0: first + value, outputs=["value"])
    dag.add_node("small", lambda first: first)
    dag.connect("big", "count", output="true", input="first").connect("big", "small", output="false")
    dag.feedback("count", "count", input="value", cycle="c")
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2), run_id="r")
    found = executor.resume_cycle_sync("r", CycleConfig(max_iterations=4))
    assert (found.outputs, asked) == ({"count": 20}, [5])
    assert "small" in found.skipped


def test_a_cycle_that_had_ended_before_is_not_run_again():
    runs = {"first": 0, "second": 0}

    def counting(name):
        def count(value=0, seed=0):
            runs[name] += 1
            return value + 1

        return count

    dag = DAG("wf").add_node("first", counting("first")).add_node("second", counting("second"))
    dag.connect("first", "second", input="seed")
    for name in runs:
        dag.feedback(name, name, input="value", cycle=f"{name}_cycle")
        with dag.cycle(f"{name}_cycle", max_iterations=3):
            pass
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(cycle_name="second_cycle", max_iterations=1), run_id="r")
    found = executor.resume_cycle_sync("r")
    assert found.node_outputs == {"first": 3, "second": 3}
    assert runs == {"first": 3, "second": 3}


def test_one_that_had_converged_is_not_gone_round_again():
    dag, made = walk(convergence_conditions=("value >= 3",))
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    expected = executor.execute_cycle_sync("walk", run_id="r")
    del made[:]
    assert told(executor.resume_cycle_sync("r"))["outputs"] == expected.outputs
    assert executor.resume_cycle_sync("r").reason == "converged"
    assert made == []


def test_limits_count_what_was_used_before():
    dag, made = walk()
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=3), run_id="r")
    found = executor.resume_cycle_sync("r", CycleConfig(max_iterations=3))
    assert (found.reason, found.total_iterations, made.count("step")) == ("max_iterations", 3, 3)


def test_batches_go_on_with_the_next_range():
    seen = []
    dag = DAG("wf").add_node("load", lambda start, end: seen.append((start, end)) or {"rows": end - start})
    dag.add_cycle(CycleTemplates.batch_processing_cycle(10, 35), name="c")
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2, on_limit="return"), run_id="r")
    assert executor.resume_cycle_sync("r").reason == "converged"
    assert seen == [(0, 10), (10, 20), (20, 30), (30, 35)]


def test_iterations_asked_for_one_by_one_can_be_gone_on_with():
    async def main(executor):
        iterations = executor.execute_with_monitoring("walk", run_id="r")
        async for each in iterations:
            if each.iteration == 2:
                break
        await iterations.aclose()
        return [
            each.iteration async for each in executor.execute_with_monitoring("walk", resume="r")
        ], await executor.resume_cycle("r")

    dag, made = walk()
    rest, found = asyncio.run(main(CyclicWorkflowExecutor(dag, state_persistence=True)))
    assert rest == [3, 4, 5, 6, 7]
    assert (found.total_iterations, made.count("step"), made.count("before")) == (8, 8, 1)


# What is refused


def test_another_definition_of_the_cycle_cannot_go_on():
    store = MemoryStateStore()
    executor = CyclicWorkflowExecutor(walk()[0], state_persistence=True, state_store=store)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2), run_id="r")
    changed = walk(objective="quality")[0]
    with pytest.raises(CycleStateError, match="of other settings or nodes of cycle 'walk'"):
        executor.resume_cycle_sync("r", workflow=changed)
    executor.resume_cycle_sync("r", CycleConfig(max_iterations=3, description="the same"))


def test_a_cycle_inside_with_other_settings_cannot_go_on():
    executor = CyclicWorkflowExecutor(walk(inner={})[0], state_persistence=True)
    short = CycleConfig(cycle_name="walk", max_iterations=2)
    executor.execute_cycle_sync(short, run_id="r")
    with pytest.raises(CycleStateError, match="of other settings or nodes of cycle 'walk'"):
        executor.resume_cycle_sync("r", workflow=walk(inner={"keep_state": True})[0])
    assert (
        executor.resume_cycle_sync("r", workflow=walk(inner={"max_iterations": 5})[0]).total_iterations == 8
    )


def test_a_run_nobody_kept_is_an_error():
    executor = CyclicWorkflowExecutor(walk()[0], state_persistence=True)
    with pytest.raises(CycleStateError, match="nothing is kept yet"):
        executor.resume_cycle_sync()
    with pytest.raises(CycleStateError, match="no state of run 'r'"):
        executor.resume_cycle_sync("r")


def test_without_persistence_nothing_can_be_gone_on_with():
    with pytest.raises(CycleStateError, match="state_persistence=True"):
        CyclicWorkflowExecutor(walk()[0]).resume_cycle_sync("r")


def test_something_else_than_a_store_is_an_error():
    with pytest.raises(CycleConfigurationError, match="state_store must be a state store or a path"):
        CyclicWorkflowExecutor(state_persistence=True, state_store=3)


class Counting(Checker):
    """Converges after so many calls, and keeps them as it likes."""

    def __init__(self, owner, make, most=6):
        super().__init__(None, {"most": most}, attach=True)
        self._owner, self._make, self._most = owner, make, most

    def check(self, **inputs):
        calls = self.samples().kept(self._owner, self._make)
        calls.append(inputs["total"])
        return outcome("count" if len(calls) >= self._most else None, f"{calls}", "", converged=True)


class Calls(list):
    """Calls that can be stored."""

    def saved(self):
        return list(self)

    def resume(self, data):
        self[:] = data


def test_a_checker_of_ones_own_says_how_its_samples_are_stored():
    expected = CyclicWorkflowExecutor(walk(checker=Counting("calls", Calls))[0]).execute_cycle_sync("walk")
    executor = CyclicWorkflowExecutor(walk(checker=Counting("calls", Calls))[0], state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=4), run_id="r")
    assert told(executor.resume_cycle_sync("r")) == told(expected)
    assert (expected.reason, expected.total_iterations) == ("converged", 6)


@pytest.mark.parametrize(
    ("owner", "make", "why"),
    [
        ("calls", list, r"a list has no saved\(\)"),
        (object(), Calls, "their owner has to be a text, and is a object"),
    ],
)
def test_samples_without_a_form_that_can_be_stored_are_told_of(owner, make, why):
    executor = CyclicWorkflowExecutor(walk(checker=Counting(owner, make))[0], state_persistence=True)
    with pytest.raises(CycleStateError, match=f"checker 'check' of cycle 'walk' cannot be stored: {why}"):
        executor.execute_cycle_sync("walk")


def test_a_checker_with_other_settings_cannot_go_on():
    makers = [lambda most=most: Counting("calls", Calls, most) for most in (6, 7)]
    first, other = (walk(checker=make())[0] for make in makers)
    executor = CyclicWorkflowExecutor(first, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(max_iterations=2), run_id="r")
    with pytest.raises(CycleStateError, match="of other settings or nodes of cycle 'walk'"):
        executor.resume_cycle_sync("r", workflow=other)


def test_a_nested_cycle_has_no_checkpoints():
    dag = DAG("wf").add_node("a", lambda y=0: y).add_node("b", lambda a, x=0: a + x)
    dag.connect("a", "b").feedback("b", "b", input="x", cycle="inner")
    dag.feedback("b", "a", input="y", cycle="outer")
    for name in ("inner", "outer"):
        with dag.cycle(name, max_iterations=2):
            pass
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    with pytest.raises(CycleConfigurationError, match="'inner' lies inside 'outer'"):
        executor.execute_cycle_sync("inner")


def keeping(ctx: CycleContext, value=0):
    ctx.state["handle"] = 3
    ctx.state["token"] = {"inner": Private("canary")}
    return value


def sharing(ctx: CycleContext, value=0):
    ctx.shared["token"] = Private("canary")
    return value


@pytest.mark.parametrize(
    "options", [{}, {"serializer": "pickle", "allow_pickle": True}], ids=["json", "pickle"]
)
@pytest.mark.parametrize(
    ("before", "inside", "place"),
    [
        (lambda x: 0, keeping, "key 'token' of node 'loop' holds"),
        (lambda x: 0, sharing, "shared key 'token' holds"),
        (lambda x: 0, lambda value=0: [Private("canary")], "key 'result' of node 'loop' holds"),
        (lambda x: Private("canary"), lambda value=0: 0, "key 'result' of node 'before' holds"),
        (lambda x: 0, lambda value=0: 0, "inputs.x holds"),
    ],
    ids=["state", "shared state", "result", "result before", "input"],
)
def test_a_secret_is_refused_with_node_and_key(options, before, inside, place, tmp_path):
    dag = DAG("wf").add_node("before", before).add_node("loop", inside)
    dag.node(lambda before: 0, name="between") >> dag.node(lambda between: 0, name="last")
    dag.connect("before", "between").feedback("loop", "loop", input="value", cycle="c")
    given = Private("canary") if place.startswith("inputs") else 1
    settings = {"state_persistence": True, "state_store": tmp_path, "max_iterations": 2, **options}
    with pytest.raises(CycleStateError, match=rf"{place} .*Private") as caught:
        CyclicWorkflowExecutor(dag, **settings).execute_cycle_sync("c", {"x": given})
    assert "canary" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
