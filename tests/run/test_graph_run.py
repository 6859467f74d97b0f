"""The core, with no runner at all."""

import pytest

from fast_dag import NO_DATA, ExecutionError, RunStalled
from fast_dag.run.step import Route
from tests.run.plans import names, number, plan_of, run_of


def test_the_first_steps_are_those_that_wait_for_nothing():
    run = run_of(plan_of("a -> c", "b -> c"))
    assert names(run, run.ready()) == ["a", "b"]


def test_a_node_is_set_free_when_its_last_predecessor_finishes():
    run = run_of(plan_of("a -> c", "b -> c"))
    a, b = run.ready()
    assert run.done(a, 1) == []
    assert names(run, run.done(b, 2)) == ["c"]


def test_a_run_is_finished_when_every_node_has_settled():
    run = run_of(plan_of("a -> b"))
    (a,) = run.ready()
    (b,) = run.done(a, 1)
    assert not run.finished
    run.done(b, 2)
    assert run.finished
    assert run.value() == 2


def test_the_value_is_that_of_the_last_exit_in_execution_order_whoever_finished_last():
    run = run_of(plan_of("a", "b"))
    a, b = run.ready()
    run.done(b, "b")
    run.done(a, "a")
    assert run.value() == "b"


@pytest.mark.parametrize("value", [None, 0, False, "", [], float("nan")])
def test_a_falsy_value_is_a_result_like_any_other(value):
    run = run_of(plan_of("a -> b"))
    (a,) = run.ready()
    assert names(run, run.done(a, value)) == ["b"]
    assert run.late_results()()["a"] is value


def test_a_branch_that_is_not_taken_skips_what_hangs_behind_it():
    run = run_of(
        plan_of("check.true -> yes", "check.false -> no", "no -> later", kinds={"check": "conditional"})
    )
    (check,) = run.ready()
    assert names(run, run.done(check, Route("true", 5, True))) == ["yes"]
    assert run.skip_reasons() == {
        "no": "branch 'false' of 'check' was not taken",
        "later": "'no' was skipped",
    }
    assert run.taken == {"check": "true"}


def test_a_router_shows_one_value_and_passes_another_on():
    run = run_of(plan_of("check.true -> yes", kinds={"check": "conditional"}))
    (check,) = run.ready()
    run.done(check, Route("true", "passed", shown=True))
    assert run.late_results()() == {"check": True}
    assert run.values[run.plan.branches[check]["true"]] == "passed"


def test_a_dead_required_edge_skips_its_target_at_once():
    run = run_of(plan_of("a -> c", "b -> c"))
    a, _b = run.ready()
    run.done(a, NO_DATA)
    assert run.skip_reasons() == {"c": "'a' gave no data"}


def test_what_arrives_at_a_skipped_node_later_sets_nothing_free():
    run = run_of(plan_of("a -> c", "b -> c"))
    a, b = run.ready()
    run.done(a, NO_DATA)
    assert run.done(b, 2) == []
    assert run.finished


def test_a_node_with_defaults_runs_when_one_of_its_edges_is_alive():
    run = run_of(plan_of("a -> c", "b -> c", optional=["c"]))
    a, b = run.ready()
    assert run.done(a, NO_DATA) == []
    assert names(run, run.done(b, 2)) == ["c"]


def test_a_node_with_defaults_is_skipped_when_all_its_edges_are_dead():
    run = run_of(plan_of("a -> c", "b -> c", optional=["c"]))
    for step in run.ready():
        assert run.done(step, NO_DATA) == []
    assert run.skip_reasons() == {"c": "'a' gave no data"}


def test_the_reason_of_a_skip_does_not_depend_on_who_finished_first():
    reasons = []
    for backwards in (False, True):
        run = run_of(plan_of("a -> c", "b -> c"))
        for step in sorted(run.ready(), reverse=backwards):
            run.done(step, NO_DATA)
        reasons.append(run.skip_reasons())
    assert reasons[0] == reasons[1] == {"c": "'a' gave no data"}


def test_an_any_node_is_set_free_by_its_first_source_and_only_once():
    run = run_of(plan_of("a -> c", "b -> c", kinds={"c": "any"}))
    a, b = run.ready()
    assert names(run, run.done(b, 2)) == ["c"]
    assert run.done(a, 1) == []
    assert run.winners == {number(run, "c"): run.plan.first + b}


def test_an_any_node_waits_on_when_a_source_is_dead():
    run = run_of(plan_of("a -> c", "b -> c", kinds={"c": "any"}))
    a, b = run.ready()
    assert run.done(a, NO_DATA) == []
    assert names(run, run.done(b, 2)) == ["c"]


def test_an_any_node_is_skipped_when_every_source_is_dead():
    run = run_of(plan_of("a -> c", "b -> c", kinds={"c": "any"}))
    for step in run.ready():
        run.done(step, NO_DATA)
    assert list(run.skip_reasons()) == ["c"]
    assert run.finished


def test_fail_fast_ends_the_run_with_steps_still_under_way():
    run = run_of(plan_of("a", "b"))
    a, _b = run.ready()
    assert run.failed(a, ValueError("no")) == []
    assert run.finished
    assert isinstance(run.error, ValueError)
    assert isinstance(run.error, ExecutionError)
    assert run.error.node_name == "a"


def test_continue_skips_the_dependants_of_a_failed_node():
    run = run_of(plan_of("a -> c", "b"), strategy="continue")
    a, b = run.ready()
    run.failed(a, ValueError("no"))
    run.done(b, 2)
    assert run.finished
    assert run.error is None
    assert run.skip_reasons() == {"c": "'a' failed"}
    assert run.value() == 2


def test_continue_none_hands_none_to_the_dependants():
    run = run_of(plan_of("a -> c"), strategy="continue_none")
    (a,) = run.ready()
    assert names(run, run.failed(a, ValueError("no"))) == ["c"]
    assert run.late_results()() == {"a": None}


def test_the_answer_of_a_handler_is_the_strategy_for_one_failure():
    run = run_of(plan_of("a", "b"), strategy="fail_fast")
    a, b = run.ready()
    run.failed(a, ValueError("no"), "continue")
    assert not run.finished
    run.failed(b, ValueError("no"))
    assert run.error is not None


def test_the_first_reason_to_stop_is_the_one_that_counts():
    run = run_of(plan_of("a"))
    run.ready()
    first = ExecutionError("first")
    run.stop(first)
    run.stop(ExecutionError("second"))
    assert run.error is first
    assert run.context.cancelled


def test_values_of_a_plain_loop_are_taken_as_done():
    run = run_of(plan_of("a -> b", "b -> c"), live=False)
    run.values += [1, 2]
    assert names(run, run.ready()) == ["c"]
    assert run.late_results()() == {"a": 1, "b": 2}


def test_a_plain_loop_that_did_everything_leaves_nothing_to_do():
    run = run_of(plan_of("a -> b"))
    run.values += [1, 2]
    assert run.ready() == []
    assert run.finished
    assert run.value() == 2


def test_live_results_stand_in_the_context_as_they_come():
    run = run_of(plan_of("a", "b"))
    a, _b = run.ready()
    run.done(a, 1)
    assert run.context.results == {"a": 1}


def test_no_note_exists_when_nobody_watches():
    run = run_of(plan_of("a -> b"))
    (a,) = run.ready()
    run.done(a, NO_DATA)
    assert run.notes is None


def test_a_skip_is_noted_with_the_reason_known_then():
    run = run_of(plan_of("a -> b"), watched=True)
    (a,) = run.ready()
    run.done(a, NO_DATA)
    (note,) = run.notes
    assert (note.kind, note.step, note.fields["reason"]) == (
        "node_skipped",
        number(run, "b"),
        "'a' gave no data",
    )


def test_a_run_that_cannot_go_on_says_what_waits():
    run = run_of(plan_of("a -> b"))
    run.ready()
    assert isinstance(run.stall(), RunStalled)
    assert "waiting: a, b" in str(run.stall())


def test_a_chain_of_skips_needs_no_recursion():
    run = run_of(plan_of(*(f"n{place} -> n{place + 1}" for place in range(5000))))
    (first,) = run.ready()
    run.done(first, NO_DATA)
    assert run.finished
    assert len(run.skip_reasons()) == 5000
