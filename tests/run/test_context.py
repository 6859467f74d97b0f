"""What one run knows, for nodes to read and change and for callers to look at."""

import json

import pytest

from fast_dag import DAG, ConditionalReturn, Context, ExecutionError, RunCancelledError, SelectReturn


class Thing:
    def __repr__(self):
        return "<thing>"


def test_a_context_is_always_true():
    assert Context()


def test_results_metadata_and_metrics_are_plain_dicts():
    context = Context()
    assert [type(part) for part in (context.results, context.metadata, context.metrics)] == [dict] * 3


def test_a_context_starts_with_what_it_is_given():
    context = Context({"a": 1}, {"user": "me"}, {"cost": 2})
    assert (context.results, context.metadata, context.metrics) == ({"a": 1}, {"user": "me"}, {"cost": 2})


def test_two_contexts_share_nothing():
    first, second = Context(), Context()
    first.metadata["user"] = "me"
    assert second.metadata == {}


@pytest.mark.parametrize("store", ["set_result", "set"])
def test_a_result_can_be_stored(store):
    context = Context()
    getattr(context, store)("a", 1)
    assert context.results == {"a": 1}


@pytest.mark.parametrize("read", [Context.get_result, Context.__getitem__, Context.get])
def test_a_result_can_be_read(read):
    assert read(Context({"a": None, "b": 2}), "b") == 2


@pytest.mark.parametrize("read", [Context.get_result, Context.__getitem__])
def test_a_result_that_is_not_there_is_a_key_error(read):
    with pytest.raises(KeyError, match="a"):
        read(Context(), "a")


def test_a_result_that_is_not_there_has_a_default():
    assert (Context().get("a"), Context().get("a", 5)) == (None, 5)


def test_a_result_of_none_is_not_the_default():
    assert Context({"a": None}).get("a", 5) is None


@pytest.mark.parametrize("has", [Context.has_result, Context.__contains__])
def test_a_context_knows_which_results_it_has(has):
    context = Context({"a": None})
    assert (has(context, "a"), has(context, "b")) == (True, False)


def test_metrics_are_merged_under_a_name():
    context = Context(metrics={"cost": {"cpu": 1, "disk": 1}})
    context.update_metrics("cost", {"disk": 2})
    context.update_metrics("rows", {"read": 3})
    assert context.metrics == {"cost": {"cpu": 1, "disk": 2}, "rows": {"read": 3}}


def test_a_context_as_a_dict_is_ready_for_json():
    context = Context({"a": (1, 2), "b": {"c": None}}, {"user": "me"}, {"cost": {"cpu": 1.5}})
    stored = context.to_dict()
    assert json.loads(json.dumps(stored)) == stored


def test_a_context_as_a_dict_has_three_parts():
    assert Context({"a": 1}).to_dict() == {"results": {"a": 1}, "metadata": {}, "metrics": {}}


@pytest.mark.parametrize("value", [Thing(), [Thing()], {"deep": Thing()}])
def test_a_value_that_json_cannot_hold_becomes_its_repr(value):
    assert Context({"a": value}).to_dict()["results"]["a"] == {"$repr": repr(value)}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]], ids=repr)
def test_a_number_that_json_does_not_know_becomes_its_repr(value):
    assert Context({"x": value}).to_dict()["results"] == {"x": {"$repr": repr(value)}}
    with pytest.raises(TypeError, match=r"results\['x'\]"):
        Context({"x": value}).to_dict(strict=True)


def test_a_value_that_contains_itself_becomes_its_repr():
    loop = []
    loop.append(loop)
    assert Context({"a": loop}).to_dict()["results"]["a"]["$repr"].count("...") == 1


def test_a_repr_that_stands_for_a_value_is_short_and_never_fails():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    stored = Context({"long": [Thing()] * 10_000, "shy": Shy()}).to_dict()["results"]
    assert [len(each["$repr"]) < 1000 for each in stored.values()] == [True, True]


@pytest.mark.parametrize("part", ["results", "metadata", "metrics"])
def test_a_strict_dict_refuses_such_a_value_and_names_its_key(part):
    with pytest.raises(TypeError, match=rf"{part}\['a'\] holds a Thing"):
        Context(**{part: {"a": Thing()}}).to_dict(strict=True)


def test_a_strict_dict_of_plain_values_is_the_same():
    context = Context({"a": [1, "x", None]})
    assert context.to_dict(strict=True) == context.to_dict()


def test_a_context_comes_back_from_its_dict():
    stored = Context({"a": 1}, {"user": "me"}, {"cost": 2}).to_dict()
    assert Context.from_dict(stored).to_dict() == stored


def test_a_context_comes_back_from_a_dict_with_parts_missing():
    assert Context.from_dict({"results": {"a": 1}}).metadata == {}


def test_a_context_of_a_run_can_be_stored_strictly():
    context = Context()
    DAG("flow").add_node("a", lambda: 1).run(context=context)
    assert context.to_dict(strict=True)["results"] == {"a": 1}


def test_a_fresh_context_is_not_cancelled():
    assert not Context().cancelled


def test_the_inputs_of_the_run_can_be_read():
    context = Context()
    DAG("flow").add_node("a", lambda x, y=2: x).run(context=context, x=1)
    assert context.inputs == {"x": 1}


def test_the_inputs_of_the_run_cannot_be_changed():
    context = Context()
    DAG("flow").add_node("a", lambda x: x).run(context=context, x=1)
    with pytest.raises(TypeError):
        context.inputs["x"] = 2


@pytest.mark.parametrize(
    ("node_type", "answer", "branch"),
    [
        ("conditional", True, "true"),
        ("conditional", ConditionalReturn(False, 1), "false"),
        ("select", SelectReturn("left", 1), "left"),
    ],
)
def test_the_branch_that_a_router_took_can_be_read(node_type, answer, branch):
    context = Context()
    dag = DAG("flow").add_node("route", lambda: answer, node_type=node_type).add_node("next", lambda x: x)
    dag.connect("route", "next", output=branch).run(context=context)
    assert context.branches == {"route": branch}


def test_the_branches_cannot_be_changed():
    context = Context()
    DAG("flow").add_node("check", lambda: True, node_type="conditional").run(context=context)
    with pytest.raises(TypeError):
        context.branches["check"] = "false"


def test_a_run_identifies_itself():
    context = Context()
    DAG("flow").add_node("a", lambda: 1).run(context=context)
    assert len(context.metadata["run_id"]) == 32


def test_each_run_has_an_identity_of_its_own():
    dag = DAG("flow").add_node("a", lambda: 1)
    dag.run()
    first = dag.context.metadata["run_id"]
    dag.run()
    assert dag.context.metadata["run_id"] != first


def test_an_identity_that_is_given_is_kept():
    context = Context(metadata={"run_id": "mine"})
    DAG("flow").add_node("a", lambda: 1).run(context=context)
    assert context.metadata["run_id"] == "mine"


def test_the_status_is_running_while_nodes_run():
    dag = DAG("flow").add_node("a", lambda context: context.metadata["execution_status"])
    assert dag.run() == "running"


def test_the_status_of_a_good_run_is_completed():
    dag = DAG("flow").add_node("a", lambda: 1)
    dag.run()
    assert dag.context.metadata["execution_status"] == "completed"


@pytest.mark.parametrize(
    ("strategy", "status"), [("fail_fast", "failed"), ("continue", "completed_with_errors")]
)
def test_the_status_of_a_run_with_an_error_tells_whether_it_survived(strategy, status):
    dag = DAG("flow").add_node("a", lambda: 1 / 0).add_node("b", lambda: 1)
    if strategy == "fail_fast":
        with pytest.raises(ZeroDivisionError):
            dag.run(error_strategy=strategy)
    else:
        dag.run(error_strategy=strategy)
    assert dag.context.metadata["execution_status"] == status


def test_a_cancelled_run_raises_the_reason():
    dag = DAG("flow").add_node("a", lambda context: context.cancel("no more money")).add_node("b", lambda: 1)
    with pytest.raises(RunCancelledError, match="no more money"):
        dag.run()


def test_a_cancelled_run_starts_no_further_node():
    dag = DAG("flow").add_node("a", lambda context: context.cancel()).add_node("b", lambda: 1)
    with pytest.raises(RunCancelledError):
        dag.run()
    assert "b" not in dag.results


def test_the_status_of_a_cancelled_run_is_cancelled():
    dag = DAG("flow").add_node("a", lambda context: context.cancel()).add_node("b", lambda: 1)
    with pytest.raises(RunCancelledError):
        dag.run()
    assert (dag.context.metadata["execution_status"], dag.context.cancelled) == ("cancelled", True)


def test_a_context_that_was_cancelled_serves_the_next_run():
    context = Context()
    context.cancel()
    assert DAG("flow").add_node("a", lambda context: context.cancelled).run(context=context) is False


def test_there_are_no_errors_in_the_metadata_of_a_good_run():
    context = Context(metadata={"errors": "of the run before"})
    DAG("flow").add_node("a", lambda: 1).run(context=context)
    assert "errors" not in context.metadata


def test_each_skipped_node_has_its_reason():
    dag = DAG("flow").add_node("check", lambda: False, node_type="conditional").add_node("a", lambda x: x)
    dag.add_node("b", lambda x: x).connect("check", "a", output="true").connect("a", "b").run()
    reasons = {"a": "branch 'true' of 'check' was not taken", "b": "'a' was skipped"}
    assert dag.context.metadata["skipped"] == reasons


def test_a_result_that_a_node_writes_under_a_foreign_name_stays():
    dag = DAG("flow").add_node("a", lambda context: context.set_result("extra", 5))
    dag.run()
    assert dag.context.results == {"extra": 5, "a": None}


def test_a_result_that_a_node_writes_under_its_own_name_is_overwritten_by_its_value():
    dag = DAG("flow").add_node("a", lambda context: context.set("a", "written") or "returned")
    dag.run()
    assert dag.context["a"] == "returned"


def test_a_result_from_before_is_visible_but_replaces_no_execution():
    context = Context({"a": "before"})
    dag = DAG("flow").add_node("a", lambda context: f"after {context['a']}")
    assert dag.run(context=context) == "after before"


def test_nodes_find_the_results_of_those_before_them():
    dag = DAG("flow").add_node("a", lambda: 1).add_node("b", lambda x, context: context["a"] + x)
    assert dag.connect("a", "b").run() == 2


def test_a_context_is_readable_after_a_failure():
    context = Context()
    dag = DAG("flow").add_node("a", lambda: 1).add_node("b", lambda x: x / 0).connect("a", "b")
    with pytest.raises(ZeroDivisionError):
        dag.run(context=context)
    assert context.results == {"a": 1}


def test_a_context_in_use_is_refused_to_another_run():
    inner = DAG("inner").add_node("b", lambda: 1)
    outer = DAG("outer").add_node("a", lambda context: inner.run(context=context))
    with pytest.raises(ExecutionError, match="this context is in use by another run"):
        outer.run()


def test_a_context_can_be_used_by_one_run_after_another():
    context = Context()
    DAG("first").add_node("a", lambda: 1).run(context=context)
    DAG("second").add_node("b", lambda context: context["a"] + 1).run(context=context)
    assert context.results == {"a": 1, "b": 2}


def test_a_context_shows_its_status():
    context = Context()
    DAG("flow").add_node("a", lambda: 1).run(context=context)
    assert repr(context) == "<Context completed, 1 results>"
