"""A run that goes on behind an iteration of a cycle comes to what an uninterrupted run comes to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import CycleConfig
from fast_dag.cycles.executor import CyclicWorkflowExecutor
from tests.cycles.walking import told, walk

MODES = ["sequential", "parallel", "async"]
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "objective": st.just("quality"),
        "convergence_conditions": st.sampled_from(
            [
                ("quality == 10",),
                ("slope(quality, 3) > 2",),
                ({"type": "stability", "metric": "total", "threshold": 1e-9, "window": 3},),
                ("max(history(quality)) - min(history(quality)) > 9",),
                (lambda results: results["step"]["quality"] == 8,),
            ]
        ),
        "early_stop": st.just({"patience": 2, "metric": "quality"}),
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


PARTS = st.fixed_dictionaries({"inner": st.none() | INNER})
KEEPING = st.fixed_dictionaries({"checkpoint_every": st.integers(1, 3), "state_compression": st.booleans()})


def results_of(dag):
    return {name: told(result) for name, result in dag.context.metadata["cycles"].items()}


@settings(max_examples=40, deadline=None)
@given(
    config=CONDITIONS, parts=PARTS, keeping=KEEPING, stops_at=st.integers(1, 7), mode=st.sampled_from(MODES)
)
def test_a_run_that_goes_on_comes_to_the_same(config, parts, keeping, stops_at, mode):
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
