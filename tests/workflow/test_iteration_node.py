"""A bounded iteration as a node: how it is made, checked, called, and run by itself."""

import pickle

import pytest

from fast_dag import (
    DAG,
    FSM,
    BoundedIterationNode,
    CycleConfigurationError,
    CycleExecutionError,
    InvalidNodeError,
    IterationInfo,
    MissingConnectionError,
    UnknownOptionError,
    ValidationError,
)

PORTS = {"seed": "x", "feedback": "x", "output": "step"}

shared = DAG("shared")


@shared.iterate(max_rounds=3)
def growing(x: int, step: int = 1) -> int:
    """Grow."""
    return x + step


def body(function=lambda x: x // 2 + 1):
    return DAG("body").add_node("step", function)


def node(function=lambda x: x // 2 + 1, max_rounds=100, **settings):
    return BoundedIterationNode("it", body(function), max_rounds, **{**PORTS, **settings})


# By itself


def test_it_runs_without_a_dag():
    info = node(until="fixed_point", emit="each").iterate(10)
    assert isinstance(info, IterationInfo)
    assert (info.emitted, info.rounds, info.total_iterations) == ([6, 4, 3, 2, 2], 5, 5)
    assert (info.reason, info.reason_detail, info.converged) == ("converged", "fixed_point", True)
    assert (info.value, info.last_change, info.cycle_id) == (2, 0, "it")


def test_held_inputs_are_given_by_name():
    grow = node(lambda x, by: x + by, max_rounds=3)
    assert grow.iterate(0, by=2).value == 6
    with pytest.raises(ValidationError) as caught:
        grow.iterate(0)
    assert str(caught.value) == "iteration 'it': input 'by' of the inner graph is not connected"
    with pytest.raises(UnknownOptionError, match=r"iteration 'it' takes no 'bye'.*'by'"):
        grow.iterate(0, by=1, bye=2)


def test_it_may_be_called_like_a_workflow():
    assert node(max_rounds=2)(10) == 4
    assert node(max_rounds=2)(seed=10) == 4


def test_rounds_are_made_when_they_are_asked_for():
    calls = []
    rounds = node(lambda x: calls.append(x) or x + 1).rounds(0)
    assert calls == []
    assert [next(rounds), next(rounds)] == [(1, 1), (2, 2)]
    assert calls == [0, 1]
    rounds.close()
    assert calls == [0, 1]


@pytest.mark.parametrize(
    "settings", [{"until": lambda prev, cur: False}, {"on_round": lambda number, _: None}]
)
def test_functions_that_are_told_of_a_round_begin_no_other(settings):
    seen = []
    rounds = node(lambda x: seen.append(x) or x + 1, **settings).rounds(0)
    assert [next(rounds), next(rounds)] == [(1, 1), (2, 2)]
    assert seen == [0, 1]
    rounds.close()
    assert seen == [0, 1]


@pytest.mark.parametrize("buffering", ["full", "stream"])
def test_the_items_of_a_round_are_there_for_good(buffering):
    told = []
    grow = node(
        lambda x: [each + 1 for each in x],
        max_rounds=3,
        stream=True,
        buffering=buffering,
        on_round=lambda number, items: told.append((number, items)),
    )
    expected = [(1, [1, 2]), (2, [2, 3]), (3, [3, 4])]
    assert list(grow.rounds([0, 1])) == expected
    assert told == expected


def test_rounds_end_with_the_last_one():
    assert list(node(until="fixed_point").rounds(10)) == [(1, 6), (2, 4), (3, 3), (4, 2), (5, 2)]


def test_rounds_raise_what_a_round_raises():
    rounds = node(lambda x: 6 // x - 1).rounds(3)
    assert next(rounds) == (1, 1)
    assert next(rounds) == (2, 5)
    assert next(rounds) == (3, 0)
    with pytest.raises(ZeroDivisionError) as caught:
        next(rounds)
    assert isinstance(caught.value, CycleExecutionError)
    assert (caught.value.node_name, caught.value.round) == ("it.step", 4)


def test_edits_of_the_inner_graph_show_at_once():
    it = node(max_rounds=1)
    assert it.iterate(10).value == 6
    it.workflow.replace_node("step", lambda x: x + 1)
    assert it.iterate(10).value == 11


# The function form


def test_the_function_stays_a_function():
    assert growing(1) == 2
    assert growing(1, step=4) == 5
    assert (growing.__name__, growing.__doc__, growing.name) == ("growing", "Grow.", "growing")
    assert growing.inputs == ("x", "step")
    assert growing.iterate(1).value == 4
    assert growing.iterate(1, step=2).value == 7
    assert list(growing.rounds(0)) == [(1, 1), (2, 2), (3, 3)]


def test_it_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(growing)) is growing  # noqa: S301 - our own bytes


def test_an_error_names_the_function_once():
    with pytest.raises(TypeError) as caught:
        growing.iterate(None)
    assert caught.value.node_name == "growing"


def test_a_function_without_parameters_cannot_go_round():
    with pytest.raises(CycleConfigurationError, match="iteration 'f': the function takes nothing"):
        DAG("d").iterate(lambda: 1, name="f", max_rounds=1)


# How it is made


def test_a_node_can_be_added_like_any_other():
    dag = DAG("d").add_node(node(max_rounds=2))
    assert dag.run(seed=10) == 4
    assert dag["it"] == 4


@pytest.mark.parametrize("graph", [FSM("machine"), "body", None])
def test_only_a_dag_goes_round(graph):
    with pytest.raises(InvalidNodeError, match="iteration 'it' needs a DAG to go round"):
        BoundedIterationNode("it", graph, 3)


def test_a_name_without_a_graph_is_refused():
    with pytest.raises(CycleConfigurationError, match="iteration 'it': give an inner graph"):
        DAG("d").iterate("it", max_rounds=3)


def test_settings_are_checked_at_once():
    with pytest.raises(CycleConfigurationError, match="max_rounds must be an integer >= 1, got 0"):
        node(max_rounds=0)
    with pytest.raises(CycleConfigurationError, match="iteration 'it': give max_rounds, until, timeout"):
        DAG("d").iterate("it", body(), **PORTS)
    with pytest.raises(UnknownOptionError, match="iteration 'it' takes no 'untill'"):
        node(untill="fixed_point")


def test_a_node_called_converged_is_a_way_out():
    inner = body().add_node("converged", lambda step: step < 3).connect("step", "converged")
    dag = DAG("d")
    dag.iterate("it", inner, **PORTS)
    assert dag.run(seed=10) == 2


# How it is wired


def around(it):
    return DAG("around").add_node(it)


def errors_of(dag, **inputs):
    with pytest.raises(ValidationError) as caught:
        dag.run(**inputs)
    return caught.value.errors


def test_all_that_is_wrong_is_said_at_once():
    inner = DAG("body").add_node("step", lambda x, seed, graph: x)
    dag = around(BoundedIterationNode("it", inner, 3, converged="done"))
    dag.add_node("a", lambda: 1).connect("a", "it", input="feedback")
    assert errors_of(dag) == [
        (
            "iteration 'it': inner graph 'body' has no 'feedback' input (inputs: x, seed, graph)\n"
            '    hint: map it with feedback="x"'
        ),
        (
            "iteration 'it': inner graph 'body' has no 'output' output (nodes: step)\n"
            '    hint: map it with output="step"'
        ),
        (
            "iteration 'it': inner graph 'body' has no 'converged' output (mapped to 'done') (nodes: step)\n"
            '    hint: map it with converged="step"'
        ),
        "iteration 'it': 'feedback' is filled by the engine from 'output'; connect 'seed' instead",
        "iteration 'it': input 'seed' is not connected",
        "iteration 'it': input 'x' of the inner graph is not connected",
        "iteration 'it': input 'graph' of the inner graph is not connected",
    ]


def test_an_input_without_a_value_is_found_before_anything_runs():
    calls = []
    dag = around(node(lambda x, graph: calls.append(x), max_rounds=3))
    dag.add_node("first", lambda: calls.append("first"))
    assert errors_of(dag) == [
        "iteration 'it': input 'seed' is not connected",
        "iteration 'it': input 'graph' of the inner graph is not connected",
    ]
    assert errors_of(dag, seed=1) == ["iteration 'it': input 'graph' of the inner graph is not connected"]
    assert calls == []
    assert [problem.severity for problem in dag.validate() if problem.kind == "port"] == ["warning"] * 2


def test_a_run_input_counts_as_connected():
    for name in ("seed", "x", "it.seed"):
        assert around(node(max_rounds=1)).run({name: 10}) == 6


def test_a_held_input_may_keep_its_default():
    assert around(node(lambda x, by=3: x + by, max_rounds=2)).run(seed=0) == 6


def test_an_input_may_not_be_given_by_both_its_names():
    dag = DAG("around").add_node(node(max_rounds=3)).add_node("other", lambda x: x)
    with pytest.raises(UnknownOptionError, match="input 'seed' of 'it' is given twice, as 'x' and as 'seed'"):
        dag.run(x=1, seed=2)
    dag.run({"it.seed": 10, "x": 7})
    assert dag.results == {"it": 3, "other": 7}


def test_an_input_inside_may_not_hide_the_seed():
    dag = DAG("around").add_node(node(lambda x, seed: x + seed, max_rounds=3))
    text = (
        "iteration 'it': inner graph 'body' has an input 'seed' beside 'x', which that port fills: rename it"
    )
    with pytest.raises(ValidationError) as caught:
        dag.run(seed=2)
    assert caught.value.errors == [text]


# As a node with settings


def test_it_takes_the_settings_of_any_node():
    failures = iter([False, True])
    grow = node(lambda x: 1 / 0 if next(failures, False) else x + 1, max_rounds=3)
    dag = DAG("around").add_node(grow, retry=2)
    assert dag.run(seed=0) == 3
    assert dag["it"] == dag.context.metadata["cycles"]["it"].value == 3
    with pytest.raises(UnknownOptionError, match="did you mean 'retry'"):
        dag.add_node(node(), retr=2)
    with pytest.raises(InvalidNodeError, match="'it' runs a workflow: give it outputs when it is made"):
        dag.add_node(node(), outputs=["a"])


def test_a_decorated_iteration_takes_the_settings_of_a_decorator_around_it():
    dag, failures = DAG("around"), iter([False, True])

    @dag.node(retry=2)
    @dag.iterate(max_rounds=3)
    def grow(x):
        return 1 / 0 if next(failures, False) else x + 1

    assert dag.run(x=0) == 3
    assert list(dag.nodes) == ["grow"]


def test_it_may_replace_a_node():
    dag = DAG("around").add_node("it", lambda seed: seed)
    dag.replace_node("it", node(lambda x: x + 1, max_rounds=3))
    assert dag.run(seed=0) == 3
    assert dag.context.metadata["cycles"]["it"].rounds == 3


@pytest.mark.parametrize(
    ("settings", "why"), [({"cached": True}, "is cached"), ({"map": "seed"}, "goes round")]
)
def test_many_or_kept_results_have_nothing_beside_them(settings, why):
    dag = DAG("around").add_node(node(max_rounds=3), **settings).add_node("log", lambda value: value)
    dag.connect("it", "log", output="rounds")
    with pytest.raises(ValidationError, match=f"iteration 'it': it {why}.*so there is no 'rounds' beside"):
        dag.run(seed=[1])


def test_each_element_of_a_map_goes_round_by_itself():
    dag = DAG("around").add_node(node(lambda x: x + 1, max_rounds=3), map="seed")
    for mode in ("sequential", "parallel", "async"):
        assert dag.run(seed=[0, 10], mode=mode) == [3, 13]
        assert "cycles" not in dag.context.metadata
        assert dag.context.nested["it[1]"].metadata["cycles"]["it"].value == 13


# Wrong in other ways


def test_an_output_that_there_is_not_is_refused():
    dag = around(node()).add_node("log", lambda value: value)
    with pytest.raises(MissingConnectionError, match=r"'it' has no output 'round'.*rounds"):
        dag.connect("it", "log", output="round")


def test_a_clone_runs_on_its_own():
    dag = around(node(max_rounds=2))
    assert dag.clone().run(seed=10) == 4


def test_it_is_drawn_like_a_workflow():
    drawn = around(node(max_rounds=9, until="fixed_point"))
    said = "up to 9 rounds, until fixed_point"
    assert f'[["it<br/>(seed) → output, converged, rounds, reason<br/>{said}"]]' in drawn.to_mermaid()
    assert said in drawn.to_graphviz()
    signalling = DAG("body").add_node("step", lambda x: x + 1).add_node("converged", lambda step: step > 3)
    signalling.connect("step", "converged")
    dag = DAG("around")
    dag.iterate("it", signalling, **PORTS)
    assert "<br/>until converged" in dag.to_mermaid()
