"""Hooks around a node: when each is called, with what, and what its answer does."""

import contextvars

import anyio
import pytest

from fast_dag import DAG, Context, ExecutionError, MissingInputError, Replace, SelectReturn
from tests.conformance.modes import raised_by

VALUE = contextvars.ContextVar("value", default="unset")


def noting(seen, kind, who):
    """The four hooks of *who*, each of which notes that it was called."""

    def hook(phase):
        return kind(lambda *about: seen.append(f"{who} {phase}"))

    names = {"pre_execute": "pre", "post_execute": "post", "on_error": "error", "cleanup": "cleanup"}
    return {name: hook(phase) for name, phase in names.items()}


def hooked(function, kind=lambda function: function, settings=None, **hooks):
    """A DAG of one node *n* with *hooks*."""
    dag = DAG("hooked")
    dag.node(kind(function), name="n", **(settings or {}))
    return dag.set_node_hooks("n", **{name: kind(hook) for name, hook in hooks.items()})


# Order


def test_default_hooks_are_outside_those_of_the_node(any_mode, kind):
    dag, seen = DAG("order"), []
    dag.node(kind(lambda: seen.append("call")), name="n")
    dag.set_default_hooks(**noting(seen, kind, "default")).set_node_hooks("n", **noting(seen, kind, "node"))
    any_mode(dag)
    assert seen == [
        "default pre",
        "node pre",
        "call",
        "node post",
        "default post",
        "node cleanup",
        "default cleanup",
    ]


def test_on_error_follows_every_failed_attempt_and_is_inside_first(any_mode, kind):
    dag, seen = DAG("order"), []

    def flaky():
        seen.append("call")
        if seen.count("call") < 3:
            raise OSError

    dag.node(kind(flaky), name="n", retry=3)
    dag.set_default_hooks(**noting(seen, kind, "default")).set_node_hooks("n", **noting(seen, kind, "node"))
    any_mode(dag)
    assert seen == [
        *["default pre", "node pre"],
        *["call", "node error", "default error"] * 2,
        *["call", "node post", "default post", "node cleanup", "default cleanup"],
    ]


def test_a_node_that_fails_for_good_has_no_post_execute(any_mode, kind):
    dag, seen = DAG("order"), []
    dag.node(kind(lambda: 1 / 0), name="n")
    dag.set_node_hooks("n", **noting(seen, kind, "node"))
    raised_by(any_mode, dag)
    assert seen == ["node pre", "node error", "node cleanup"]


def test_inputs_are_checked_before_any_hook(any_mode, kind):
    dag, seen = DAG("order"), []
    dag.node(kind(lambda x: x), name="n")
    dag.set_default_hooks(**noting(seen, kind, "default"))
    assert isinstance(raised_by(any_mode, dag), MissingInputError)
    assert seen == []


def test_a_cache_hit_has_all_hooks_but_no_call(any_mode, kind):
    dag, seen = DAG("cached"), []
    dag.cached_node(kind(lambda x: seen.append("call") or x), name="n")
    dag.set_node_hooks("n", **noting(seen, kind, "node"))
    assert [any_mode(dag, x=1), any_mode(dag, x=1)] == [1, 1]
    assert seen == ["node pre", "call", "node post", "node cleanup", "node pre", "node post", "node cleanup"]


def test_the_cache_is_asked_about_the_inputs_that_pre_execute_gave(any_mode, kind):
    dag, calls = DAG("cached"), []
    dag.cached_node(kind(lambda x: calls.append(x) or x), name="n")
    dag.set_node_hooks("n", pre_execute=kind(lambda node, inputs: {"x": abs(inputs["x"])}))
    assert [any_mode(dag, x=-1), any_mode(dag, x=1)] == [1, 1]
    assert calls == [1]


def test_skipped_nodes_run_no_hooks(any_mode, kind):
    dag, seen = DAG("skipped"), []
    bad = dag.node(kind(lambda: 1 / 0), name="bad")
    bad >> dag.node(kind(lambda bad: bad), name="after")
    dag.set_default_hooks(pre_execute=kind(lambda node, _: seen.append(node.name)))
    dag.set_node_hooks("after", **noting(seen, kind, "after"))
    any_mode(dag, error_strategy="continue")
    assert seen == ["bad"]


def test_default_hooks_are_around_every_node(any_mode, kind):
    dag, seen = DAG("all"), []
    dag.set_default_hooks(cleanup=kind(lambda node: seen.append(node.name)))
    dag.node(kind(lambda: 1), name="a") >> dag.node(kind(lambda a: a), name="b")
    any_mode(dag)
    assert seen == ["a", "b"]


# What hooks are given


def test_hooks_see_node_inputs_result_and_the_context_of_the_run(any_mode, kind):
    seen, context = [], Context()
    dag = hooked(
        lambda x, context, y=2: x + y,
        kind,
        pre_execute=lambda node, inputs, context: seen.append((node, inputs, context)),
        post_execute=lambda node, inputs, result, context: seen.append((node, inputs, result, context)),
        cleanup=lambda node, context: seen.append((node, context)),
    )
    any_mode(dag, x=1, context=context)
    node, inputs = dag.nodes["n"], {"x": 1, "y": 2}
    assert seen == [(node, inputs, context), (node, inputs, 3, context), (node, context)]


def test_on_error_gets_the_original_error(any_mode, kind):
    seen, original = [], ValueError("broken")

    def bad(x):
        raise original

    dag = hooked(bad, kind, on_error=lambda node, inputs, error, context: seen.append((inputs, error)))
    raised_by(any_mode, dag, x=1)
    assert seen == [({"x": 1}, original)]


def test_on_error_hears_of_timeouts(any_mode, kind):
    dag, seen = DAG("timeout"), []
    dag.node(anyio.sleep, name="n", timeout=0.01, retry=2)
    dag.set_node_hooks("n", on_error=kind(lambda node, inputs, error: seen.append(str(error))))
    raised_by(any_mode, dag, delay=30)
    assert seen == [f"node 'n' timed out after 0.01 s (attempt {number} of 2)" for number in (1, 2)]


def test_the_inputs_a_hook_gets_are_a_copy(any_mode, kind):
    dag = hooked(
        lambda x: x,
        kind,
        pre_execute=lambda node, inputs: inputs.clear(),
        post_execute=lambda node, inputs, result: inputs.clear(),
    )
    assert any_mode(dag, x=1) == 1


def test_hooks_take_the_short_form_as_well(any_mode, kind):
    seen = []
    dag = hooked(
        lambda x: x / 0,
        kind,
        pre_execute=lambda node, inputs: seen.append((node.name, inputs)),
        on_error=lambda node, inputs, error: seen.append(type(error)),
        cleanup=lambda node: seen.append(node.name),
    )
    raised_by(any_mode, dag, x=1)
    assert seen == [("n", {"x": 1}), ZeroDivisionError, "n"]


def test_context_variables_are_seen_in_hooks_and_stay_there(any_mode, kind):
    seen = []

    def look_and_set(node):
        seen.append(VALUE.get())
        VALUE.set("from a hook")

    token = VALUE.set("of the caller")
    try:
        dag = hooked(
            lambda: seen.append(VALUE.get()),
            kind,
            pre_execute=lambda node, inputs: look_and_set(node),
            post_execute=lambda node, inputs, result: look_and_set(node),
            cleanup=look_and_set,
        )
        any_mode(dag)
        assert seen == ["of the caller"] * 4
        assert VALUE.get() == "of the caller"
    finally:
        VALUE.reset(token)


# What pre_execute answers


def test_a_dict_replaces_the_inputs_it_names(any_mode, kind):
    dag = hooked(lambda x, y=2: (x, y), kind, pre_execute=lambda node, inputs: {"x": 10})
    assert any_mode(dag, x=1) == (10, 2)


def test_an_inner_pre_execute_sees_what_the_outer_one_changed(any_mode, kind):
    dag = hooked(lambda x: x, kind, pre_execute=lambda node, inputs: {"x": inputs["x"] * 2})
    dag.set_default_hooks(pre_execute=kind(lambda node, inputs: {"x": inputs["x"] + 1}))
    assert any_mode(dag, x=1) == 4


def test_the_changed_inputs_hold_for_every_attempt_and_later_hook(any_mode, kind):
    seen = []

    def flaky(x):
        seen.append(x)
        if len(seen) < 3:
            raise OSError

    dag = hooked(
        flaky,
        kind,
        {"retry": 2},
        pre_execute=lambda node, inputs: {"x": 10},
        on_error=lambda node, inputs, error: seen.append(inputs),
        post_execute=lambda node, inputs, result: seen.append(inputs),
    )
    any_mode(dag, x=1)
    assert seen == [10, {"x": 10}, 10, {"x": 10}]


def test_an_unknown_input_from_pre_execute_is_an_error(any_mode, kind):
    error = raised_by(any_mode, hooked(lambda x: x, kind, pre_execute=lambda node, inputs: {"z": 1}), x=1)
    assert isinstance(error, ExecutionError)
    assert str(error) == "the pre_execute hook of 'n' gave inputs it does not take: 'z'; it takes x"


def test_an_injected_parameter_is_no_input_for_pre_execute_to_change(any_mode, kind):
    dag = hooked(lambda x, context: x, kind, pre_execute=lambda node, inputs: {"context": None})
    assert "'context'" in str(raised_by(any_mode, dag, x=1))


@pytest.mark.parametrize("answer", [5, "x", [("x", 1)], False])
def test_another_answer_of_pre_execute_is_an_error(any_mode, answer):
    error = raised_by(any_mode, hooked(lambda x: x, pre_execute=lambda node, inputs: answer), x=1)
    assert isinstance(error, ExecutionError)
    assert f"must return a dict of inputs or None, got {answer!r}" in str(error)


def test_a_function_that_takes_any_name_takes_new_ones_from_pre_execute(any_mode, kind):
    dag = hooked(lambda **named: named, kind, pre_execute=lambda node, inputs: {"more": 1})
    assert any_mode(dag) == {"more": 1}


# What post_execute answers


@pytest.mark.parametrize(
    ("answer", "result"), [(None, 1), (Replace(None), None), (5, 5), (Replace(5), 5), (False, False)]
)
def test_what_post_execute_answers_is_the_result_unless_it_is_none(any_mode, kind, answer, result):
    dag = hooked(lambda: 1, kind, post_execute=lambda node, inputs, result: answer)
    dag.node(lambda n: ("after", n), name="after")
    dag.connect("n", "after")
    assert any_mode(dag) == ("after", result)
    assert dag["n"] is result


def test_an_outer_post_execute_sees_what_the_inner_one_made(any_mode, kind):
    dag = hooked(lambda: 1, kind, post_execute=lambda node, inputs, result: result + 1)
    dag.set_default_hooks(post_execute=kind(lambda node, inputs, result: result * 10))
    assert any_mode(dag) == 20


# Hooks that raise


@pytest.mark.parametrize("phase", ["pre_execute", "post_execute"])
def test_a_hook_that_raises_fails_the_node_without_another_attempt(any_mode, kind, phase):
    calls, cleaned = [], []
    dag = hooked(lambda: calls.append(1), kind, {"retry": 3}, cleanup=lambda node: cleaned.append(1))

    def broken(*about):
        raise KeyError("hook")

    dag.set_node_hooks("n", **{phase: kind(broken)})
    error = raised_by(any_mode, dag)
    assert isinstance(error, KeyError)
    assert isinstance(error, ExecutionError)
    assert error.node_name == "n"
    assert (calls, cleaned) == ([1] if phase == "post_execute" else [], [1])
    assert dag.context.metadata["execution_status"] == "failed"


@pytest.mark.parametrize("phase", ["pre_execute", "post_execute"])
def test_handlers_and_strategies_see_the_error_of_a_hook(any_mode, kind, phase):
    seen, original = [], KeyError("hook")

    def broken(*about):
        raise original

    dag = hooked(lambda: 1, kind, **{phase: broken})
    assert any_mode(dag, error_strategy="continue") is None
    assert any_mode(dag, error_handler=lambda name, error, _: seen.append(error) or "continue") is None
    dag.set_node_error_handler("n", kind(lambda node, inputs, error: seen.append(error) or "instead"))
    assert any_mode(dag) == "instead"
    assert seen == [original, original]


def test_an_on_error_hook_that_raises_leaves_the_error_and_adds_a_note(any_mode, kind):
    def broken(*about):
        raise KeyError("hook")

    error = raised_by(any_mode, hooked(lambda: 1 / 0, kind, on_error=broken))
    assert isinstance(error, ZeroDivisionError)
    assert not isinstance(error, KeyError)
    assert error.__notes__ == ["its on_error hook raised KeyError: 'hook'"]


def test_the_answer_of_on_error_is_ignored(any_mode, kind):
    dag = hooked(lambda: 1 / 0, kind, on_error=lambda node, inputs, error: "instead")
    assert isinstance(raised_by(any_mode, dag), ZeroDivisionError)


@pytest.mark.parametrize("phase", ["pre_execute", "post_execute", "on_error", "cleanup"])
def test_ctrl_c_in_a_hook_passes_and_cleanup_is_called(any_mode, kind, phase):
    cleaned = []

    def interrupted(*about):
        raise KeyboardInterrupt

    function = (lambda: 1 / 0) if phase == "on_error" else lambda: 1
    dag = hooked(function, kind, **{phase: interrupted})
    dag.set_default_hooks(cleanup=kind(lambda node: cleaned.append(node.name)))
    assert type(raised_by(any_mode, dag)) is KeyboardInterrupt
    assert cleaned == ["n"]


# Other kinds of nodes


def test_a_condition_passes_on_the_input_that_pre_execute_gave(any_mode, kind):
    dag = DAG("router")
    check = dag.condition(kind(lambda x: x > 5), name="check")
    check.on_true >> dag.node(lambda x: ("big", x), name="big")
    check.on_false >> dag.node(lambda x: ("small", x), name="small")
    dag.set_node_hooks("check", pre_execute=kind(lambda node, inputs: {"x": 10}))
    assert any_mode(dag, x=1) == ("big", 10)


def test_post_execute_may_change_where_a_router_goes(any_mode, kind):
    dag = DAG("router")
    pick = dag.select(kind(lambda x: SelectReturn("left", x)), name="pick")
    pick.branches["left"] >> dag.node(lambda x: ("left", x), name="l")
    pick.branches["right"] >> dag.node(lambda x: ("right", x), name="r")
    dag.set_node_hooks("pick", post_execute=kind(lambda node, inputs, result: SelectReturn("right", 7)))
    assert any_mode(dag, x=1) == ("right", 7)
    assert dag.context.branches == {"pick": "right"}


def test_what_is_no_route_from_post_execute_fails_the_router(any_mode, kind):
    dag = DAG("router")
    dag.condition(kind(lambda x: True), name="check")
    dag.set_node_hooks("check", post_execute=kind(lambda node, inputs, result: "maybe"))
    assert "must return a bool" in str(raised_by(any_mode, dag, x=1))


@pytest.mark.parametrize("join", ["any", "all"])
def test_hooks_of_any_and_all_nodes_see_what_was_collected(any_mode, kind, join):
    dag, seen = DAG("join"), []
    node = getattr(dag, join)(kind(lambda data: dict(data)), name="join")
    [dag.node(lambda: 1, name="a"), dag.node(lambda: 1, name="b")] >> node
    dag.set_node_hooks("join", pre_execute=kind(lambda node, inputs: seen.append(inputs["data"])))
    value = any_mode(dag)
    assert seen == [value]
    assert value == {"a": 1, "b": 1} if join == "all" else len(value) == 1


def test_a_map_node_has_one_pre_post_and_cleanup_and_on_error_for_each_failed_attempt(any_mode, kind):
    dag, seen = DAG("map"), []
    dag.map(kind(lambda x: 1 / x), name="n", item_errors="none", retry=2)
    dag.set_node_hooks("n", **noting(seen, kind, "node"))
    assert any_mode(dag, x=[1, 0]) == [1.0, None]
    assert seen == ["node pre", "node error", "node error", "node post", "node cleanup"]


def test_hooks_of_a_nested_workflow_are_inside_those_of_its_node(any_mode, kind):
    inner, dag, seen = DAG("inner"), DAG("outer"), []
    inner.node(kind(lambda x: seen.append("call") or x), name="n")
    inner.set_default_hooks(**noting(seen, kind, "inner"))
    dag.add_dag("sub", inner)
    dag.set_node_hooks("sub", **noting(seen, kind, "outer"))
    assert any_mode(dag, x=3) == 3
    assert seen == [
        *["outer pre", "inner pre", "call", "inner post", "inner cleanup"],
        *["outer post", "outer cleanup"],
    ]


def test_a_run_in_progress_keeps_the_hooks_it_started_with(any_mode, kind):
    dag, seen = DAG("kept"), []
    dag.node(kind(lambda: dag.set_default_hooks(cleanup=None).set_node_hooks("n", cleanup=None)), name="n")
    dag.set_default_hooks(cleanup=lambda node: seen.append("default"))
    dag.set_node_hooks("n", cleanup=lambda node: seen.append("node"))
    any_mode(dag)
    assert seen == ["node", "default"]
