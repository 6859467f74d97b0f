"""A run that goes on behind an iteration of a cycle comes to what an uninterrupted run comes to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG, CycleConfig, DeltaError
from fast_dag.cycles.checkers import ConvergenceCheckerNode
from fast_dag.cycles.executor import CyclicWorkflowExecutor
from fast_dag.cycles.multi_criteria import MultiCriteriaConvergenceNode
from tests.cycles.walking import told, walk

MODES = ["sequential", "parallel", "async"]
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "objective": st.just("step.quality"),
        "convergence_conditions": st.sampled_from(
            [
                ("step.quality == 10",),
                ("slope(step.quality, 3) > 2",),
                ({"type": "stability", "metric": "score.total", "threshold": 1e-9, "window": 3},),
                ("max(history(step.quality)) - min(history(step.quality)) > 9",),
                (lambda results: results["step"]["quality"] == 8,),
            ]
        ),
        "early_stop": st.just({"patience": 2, "metric": "step.quality"}),
        "history_limit": st.sampled_from([0, 2, None]),
        "metric_history_limit": st.sampled_from([1, 4]),
        "preserve_state": st.just(("sum",)),
        "stall_window": st.just(2),
    },
)


INNER = st.fixed_dictionaries(
    {},
    optional={
        "keep_state": st.just(True),
        "preserve_state": st.sampled_from([("seen",), ("times",)]),
        "objective": st.just("noted"),
        "max_iterations": st.sampled_from([1, 3]),
        "history_limit": st.sampled_from([0, None]),
        "convergence_conditions": st.sampled_from(
            [("settle.value > 20",), (lambda results: len(results) < 4,)]
        ),
    },
)


WIDE = {"metric": "quality", "direction": "maximize"}
STEADY = {"window_size": 3, "variance_threshold": 20}
STAGES = {"iterations": [2, 5], "quality_thresholds": [99, 3]}
TARGETS = {"total": {"target": 9}, "quality": {"target": 12, "weight": 2, "tolerance": 0.5}}
CHECKERS = [
    lambda: ConvergenceCheckerNode(metric="quality", threshold=10),
    lambda: ConvergenceCheckerNode(mode="stability", metric="quality", stability_config=STEADY),
    lambda: ConvergenceCheckerNode(mode="improvement", min_improvement=0.6, **WIDE),
    lambda: ConvergenceCheckerNode(threshold=99, patience=2, **WIDE),
    lambda: ConvergenceCheckerNode(
        mode="multi_criteria",
        threshold_conditions={"total": {"operator": ">=", "value": 99}},
        improvement_config={"min_improvement": 1, "window_size": 2, "consecutive_failures": 2},
        metric="quality",
    ),
    lambda: ConvergenceCheckerNode(
        mode="custom",
        custom_expression="sum(history(quality)) > 30 and delta(total) > 0 and best == 10",
        metric="quality",
    ),
    lambda: ConvergenceCheckerNode(
        mode="multi_criteria",
        expression_conditions=["improvement_rate < -1 or stability_variance > 14"],
        adaptive_criteria={"early_stopping": STAGES},
        metric="quality",
    ),
    lambda: MultiCriteriaConvergenceNode(
        convergence_metrics=TARGETS,
        convergence_strategy="weighted_score",
        min_weighted_score=0.7,
        stability_window=2,
        stability_threshold=0.3,
        early_stopping={"max_iterations_without_improvement": 3},
    ),
    lambda: MultiCriteriaConvergenceNode(
        criteria={
            "total": {"mode": "improvement", "min_improvement": 2},
            "quality": {"mode": "stability", "stability_config": STEADY, "patience": 4},
        },
        require_all=False,
    ),
]
PARTS = st.fixed_dictionaries(
    {}, optional={"inner": INNER, "checker": st.sampled_from(CHECKERS).map(lambda make: make())}
)
KEEPING = st.fixed_dictionaries({"checkpoint_every": st.integers(1, 3), "state_compression": st.booleans()})


def results_of(dag):
    return {name: told(result) for name, result in dag.context.metadata["cycles"].items()}


def compare(config, parts, keeping, stops_at, mode):
    """Hold a run that stops and goes on against one that does not."""
    whole, _ = walk(**parts, **config)
    expected = CyclicWorkflowExecutor(whole).execute_cycle_sync("walk")
    dag, made = walk(**parts, **config)
    executor = CyclicWorkflowExecutor(dag, state_persistence=True, **keeping)
    short = CycleConfig(cycle_name="walk", max_iterations=stops_at)
    first = executor.execute_cycle_sync(short, mode=mode, run_id="r")
    before = len(made)
    found = executor.resume_cycle_sync("r", mode=mode)
    assert told(found) == told(expected)
    assert results_of(dag) == results_of(whole)
    assert len(made) - before == expected.total_iterations - first.total_iterations


@settings(max_examples=40, deadline=None)
@given(
    config=CONDITIONS, parts=PARTS, keeping=KEEPING, stops_at=st.integers(1, 7), mode=st.sampled_from(MODES)
)
def test_a_run_that_goes_on_comes_to_the_same(config, parts, keeping, stops_at, mode):
    compare(config, parts, keeping, stops_at, mode)


@pytest.mark.parametrize("stops_at", range(1, 8))
@pytest.mark.parametrize("make", CHECKERS)
def test_every_checker_knows_what_it_has_seen(make, stops_at):
    compare({}, {"checker": make()}, {}, stops_at, "sequential")


def gathering(merge, step, seeds):
    dag = DAG("gathering").add_node("step", step).add_node("report", lambda facts: facts)
    with dag.cycle("walk", max_iterations=20) as c:
        c.feedback("step", "step", input="facts").delta("step", input="facts", merge=merge)
    return dag.connect("walk", "report", output="facts"), {"facts": seeds}


def further(facts):
    return {(n + 1, "x" * n) for n, _ in facts.new if n < 9}


def nearer(facts):
    return {(key, value - 1 if value else 0) for key, value in facts.new.items()} | {(max(facts.all) + 1, 5)}


@pytest.mark.parametrize("stops_at", [1, 2, 5])
@pytest.mark.parametrize(
    ("merge", "step", "seeds"),
    [
        ("set", further, [(0, "")]),
        ("min", nearer, {(0): 7}),
        (lambda one, other: min(one, other), nearer, {(0): 7}),
    ],
    ids=["set", "min", "function"],
)
def test_a_cycle_over_a_delta_variable_goes_on_with_its_facts(merge, step, seeds, stops_at):
    whole, inputs = gathering(merge, step, seeds)
    expected = CyclicWorkflowExecutor(whole).execute_cycle_sync("walk", inputs)
    dag, inputs = gathering(merge, step, seeds)
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    short = CycleConfig(cycle_name="walk", max_iterations=stops_at)
    executor.execute_cycle_sync(short, inputs, run_id="r")
    found = executor.resume_cycle_sync("r")
    assert (found.reason, found.total_iterations) == (expected.reason, expected.total_iterations)
    assert found.value == expected.value
    assert [each.items for each in found.history] == [each.items for each in expected.history]


def test_a_merge_that_goes_back_is_found_after_an_interruption_as_well():
    def turn(facts):
        return {"k": (facts.all["k"] + 1) % 4}

    dag, inputs = gathering(lambda _, new: new, turn, {"k": 0})
    executor = CyclicWorkflowExecutor(dag, state_persistence=True)
    executor.execute_cycle_sync(CycleConfig(cycle_name="walk", max_iterations=2), inputs, run_id="r")
    with pytest.raises(DeltaError, match=r"key 'k' went back from 3 to 0 \(round 4\)"):
        executor.resume_cycle_sync("r")
