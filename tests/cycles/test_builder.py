"""Cycles that are put together by a builder: edges in call order, settings by calls, all of it or nothing."""

import itertools

import pytest

from fast_dag import (
    DAG,
    CycleConfig,
    CycleConfigurationError,
    CycleConnectionError,
    CycleError,
    DuplicateCycleError,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    UnknownNodeError,
    UnknownOptionError,
)
from fast_dag.cycles.builder import CycleBuilder
from fast_dag.errors import ConvergenceExpressionError
from fast_dag.workflow.builder import WorkflowBuilder


def step(x=0, y=0):
    return x + 1


def chain(*names, make=DAG):
    """A workflow in which each of *names* feeds the next one's x."""
    dag = DAG("flow")
    for name in names:
        dag.add_node(name, step)
    for source, target in itertools.pairwise(names):
        dag.connect(source, target, input="x")
    return dag


def backs(workflow):
    return [(str(edge), edge.output, edge.input, edge.cycle) for edge in workflow.drawing.cycles.edges]


# Four spellings.


def test_four_spellings_give_equal_graphs():
    one, two, three, four = (chain("a", "b") for _ in range(4))
    one.feedback("b", "a", input="x", cycle="loop")
    with one.cycle("loop", max_iterations=3):
        pass
    with two.cycle("loop", max_iterations=3) as c:
        c.feedback("b", "a", input="x")
    three.create_cycle("loop").connect("b", "a", {"result": "x"}).max_iterations(3).build()
    CycleBuilder(four, "loop").max_iterations(3).feedback("b", "a", input="x").build()
    for dag in (one, two, three, four):
        assert backs(dag) == [("b->a", "result", "x", "loop")]
        assert dag.drawing.cycles.configs == {"loop": CycleConfig(max_iterations=3)}
        assert dag.graph.edges(data=True) == one.graph.edges(data=True)
        assert dag.run() == 6


def test_a_workflow_builder_is_as_good_as_a_dag():
    builder = WorkflowBuilder("flow").add_node(step, "a").add_node(step, "b")
    builder.add_connection("a", "result", "b", "x")
    builder.create_cycle("loop").connect("b", "a", {"result": "x"}).max_iterations(3).build()
    dag = chain("a", "b").feedback("b", "a", input="x", cycle="loop")
    assert (builder.graph.edges(data=True), builder.build().run()) == (dag.graph.edges(data=True), 6)


# Which edge feeds back.


def test_an_edge_that_would_close_a_loop_feeds_back_and_any_other_leads_on():
    dag = DAG("flow")
    cycle = dag.create_cycle("fit")
    for name in "pabc":
        cycle.add_node(name, step)
    cycle.connect("p", "a").connect("a", "b").connect("b", "c").connect("c", "a", {"result": "y"})
    cycle.max_iterations(2)
    assert cycle.build().nodes == ["a", "b", "c"]
    assert dag.get_cycle_groups() == {"fit": [("a", "b"), ("b", "c"), ("c", "a")]}
    assert [edge.source for edge in dag.connections] == ["p", "a", "b"]


def test_the_order_of_the_calls_says_which_edge_feeds_back():
    dag = DAG("flow").add_node("a", step).add_node("b", step)
    built = (
        dag.create_cycle("fit").connect("b", "a").connect("a", "b", {"result": "y"}).max_iterations(2).build()
    )
    assert (built.nodes, [str(edge) for edge in built.feedback_edges]) == (["b", "a"], ["a->b"])


def test_an_edge_of_a_node_to_itself_feeds_back():
    assert [
        str(edge)
        for edge in CycleBuilder(chain("a"), "x").connect("a", "a", {"result": "x"}).build().feedback_edges
    ] == ["a->a"]


def test_whether_an_edge_feeds_back_may_be_said():
    dag = chain("a", "b")
    with pytest.raises(CycleConnectionError, match="feedback edge a->b of cycle 'fit' closes no loop"):
        dag.create_cycle("fit").connect("a", "b", feedback=True).max_iterations(2).build()
    dag = chain("a", "b")
    with pytest.raises(CycleError, match="a -> b -> a"):
        dag.create_cycle("fit").connect("b", "a", feedback=False).feedback("a", "a", input="y").build()
    assert [str(edge) for edge in dag.connections] == ["a.result -> b.x"]


def test_edges_that_follow_from_names_count_as_forward_edges():
    dag = DAG("flow", autowire=True)
    dag.add_node("a", lambda x=0: x).add_node("b", lambda a: a + 1)
    built = dag.create_cycle("fit").connect("b", "a").max_iterations(3).build()
    assert (built.nodes, dag.run()) == (["a", "b"], 3)


# Ports.


def test_a_mapping_is_an_edge_for_each_of_its_entries():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "q": q}, outputs=["p", "q"])
    dag.create_cycle("fit").connect("a", "a", {"p": "p", "q": "q"}).max_iterations(3).build()
    assert dag.run() == {"p": 7, "q": 2}


def test_a_star_connects_ports_of_the_same_name():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "r": q}, outputs=["p", "r"])
    built = dag.create_cycle("fit").connect("a", "a", "*").max_iterations(3).build()
    assert [(edge.output, edge.input) for edge in built.feedback_edges] == [("p", "p")]


@pytest.mark.parametrize("mapping", ["*", "p"])
def test_a_star_without_ports_of_the_same_name_is_refused_as_is_any_other_text(mapping):
    with pytest.raises(MissingConnectionError, match=r"no ports of the same name|or '\*', got 'p'"):
        chain("a").create_cycle("fit").connect("a", "a", mapping)


def test_an_unknown_node_is_told_with_those_there_are():
    with pytest.raises(UnknownNodeError, match=r"no node 'z' .*\(nodes: a, b\)"):
        chain("a", "b").create_cycle("fit").connect("z", "a")


def test_a_port_that_may_be_one_of_several_is_refused():
    with pytest.raises(MissingConnectionError, match="say input="):
        chain("a").create_cycle("fit").connect("a", "a").max_iterations(2).build()


# Nodes.


class Adding:
    """Adds what it was made with."""

    def __init__(self, name, amount):
        self.name, self.amount = name, amount

    def run(self, x):
        return x + self.amount


def test_nodes_are_functions_nodes_classes_objects_and_names():
    dag = DAG("flow")
    cycle = dag.create_cycle("fit").add_node("f", step, {"y": 3}).add_node("c", Adding, {"amount": 2})
    cycle.add_node("o", Adding("other", 3)).add_node("s", "SwitchNode", {"operator": "<", "value": 20})
    cycle.connect("f", "c").connect("c", "o").connect("o", "s").connect("s", "f", {"true_output": "x"})
    built = cycle.build()
    assert (built.nodes, dag.run(), dag["f"], dag.nodes["f"].description) == (
        ["f", "c", "o", "s"],
        24,
        19,
        None,
    )
    assert dag.nodes["c"].description == "Adds what it was made with."


def test_a_node_that_cannot_be_one_is_refused():
    cycle = chain("a").create_cycle("fit")
    with pytest.raises(InvalidNodeError, match="3 is no node"):
        cycle.add_node("n", 3)
    with pytest.raises(InvalidNodeError, match="did you mean 'SwitchNode'"):
        cycle.add_node("n", "SwitchNod")
    with pytest.raises(UnknownOptionError, match="node 'n' takes no 'z'"):
        cycle.add_node("n", step, {"z": 1})
    with pytest.raises(DuplicateNodeError, match="'a' already exists"):
        cycle.add_node("a", step)


# Settings.


def test_every_setting_is_a_field_of_the_config():
    cycle = CycleBuilder(chain("a"), "fit").max_iterations(9).min_iterations(2).timeout(5).memory_limit(100)
    cycle.cpu_limit(4).when("x < 3").nested_in("outer").on_limit("return").on_nan("ignore")
    cycle.initial_parameters({"a.x": 1}, y=2).preserve_state("best", ["worst"]).objective("a", "minimize")
    cycle.early_stop(3, min_delta=0.1).stop_on("oscillating", ("stalled",)).combine("all")
    cycle.converge_when("a > 3").converge_when_all("a > 1", "a < 9")
    assert cycle.config == CycleConfig(
        max_iterations=9,
        min_iterations=2,
        timeout_seconds=5,
        memory_limit_mb=100,
        cpu_time_limit_seconds=4,
        when="x < 3",
        parent_cycle="outer",
        on_limit="return",
        on_nan="ignore",
        initial_parameters={"a.x": 1, "y": 2},
        preserve_state=("best", "worst"),
        objective="a",
        direction="minimize",
        early_stop={"patience": 3, "min_delta": 0.1},
        stop_on=("oscillating", "stalled"),
        combine="all",
        convergence_conditions=(
            "a > 3",
            {"type": "compound", "operator": "AND", "conditions": ["a > 1", "a < 9"]},
        ),
    )


def test_two_conditions_end_a_cycle_at_the_first_that_holds():
    dag = chain("a")
    dag.create_cycle("count").connect("a", "a", {"result": "x"}).converge_when("a >= 3").converge_when(
        "a >= 7"
    ).build()
    assert dag.run() == 3


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        (lambda c: c.max_iterations(0), "max_iterations"),
        (lambda c: c.max_iterations(-5), "max_iterations"),
        (lambda c: c.max_iterations(True), "max_iterations"),
        (lambda c: c.timeout(0), "timeout_seconds"),
        (lambda c: c.memory_limit(0), "memory_limit_mb"),
        (lambda c: c.objective("x", "up"), "direction"),
        (lambda c: c.early_stop(0), "patience"),
        (lambda c: c.apply_config({"cycle_name": "other"}), "give one name"),
        (lambda c: c.converge_when({"type": "thresold"}), "thresold"),
    ],
)
def test_a_bad_value_is_told_at_once(setting, error):
    with pytest.raises(CycleConfigurationError, match=error):
        setting(chain("a").create_cycle("fit"))


def test_a_bad_expression_is_told_at_once_or_when_the_cycle_is_built():
    with pytest.raises(ConvergenceExpressionError):
        chain("a").create_cycle("fit").converge_when("a >")
    with pytest.raises(ConvergenceExpressionError), chain("a").cycle("fit", convergence_check="a >") as c:
        c.connect("a", "a", {"result": "x"})


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.enable_safety_monitoring(),
        lambda c: c.monitor_resource_usage(),
        lambda c: c.enable_debugging(),
        lambda c: c.enable_profiling(),
        lambda c: c.until(abs),
        lambda c: c.emit("each"),
        lambda c: c.on_round(print),
        lambda c: c.delta("x"),
    ],
)
def test_what_is_not_built_yet_is_refused(call):
    with pytest.raises(CycleConfigurationError, match="is not built yet"):
        call(chain("a").create_cycle("fit"))


def test_a_builder_may_start_from_a_config_and_take_in_others():
    dag = chain("a")
    config = CycleConfig(max_iterations=9, objective="a")
    cycle = CycleBuilder.from_config(dag, config).apply_config({"max_iterations": 2})
    assert (cycle.name, cycle.config) == ("cycle", config.replace(max_iterations=2))
    assert CycleBuilder.from_config(dag, {}).name == "cycle_2"
    assert CycleBuilder.from_config(dag, {"cycle_name": "fit"}).name == "fit"


# Building.


def test_what_is_built_tells_of_the_cycle():
    dag = chain("p", "a", "b", "z")
    built = dag.create_cycle("fit").connect("b", "a", {"result": "y"}).max_iterations(2).build()
    assert (built.cycle_id, built.name, built.nodes, built.attached) == ("fit", "fit", ["a", "b"], [])
    assert built.config == CycleConfig(max_iterations=2)
    assert built.feedback_edges == dag.feedback_edges


def test_nothing_is_drawn_until_it_is_built():
    dag = chain("a", "b").add_node("c", step)
    cycle = dag.create_cycle("fit").connect("b", "c").connect("c", "a", {"result": "x"}).max_iterations(2)
    assert (len(dag.connections), dag.feedback_edges) == (1, [])
    cycle.build()
    assert (len(dag.connections), len(dag.feedback_edges)) == (2, 1)


def test_a_builder_that_was_never_built_is_an_error_at_run():
    dag = chain("a", "b")
    cycle = dag.create_cycle("x").feedback("b", "a", input="x").max_iterations(2)
    with pytest.raises(CycleConfigurationError, match=r"create_cycle\('x'\) was never built"):
        dag.run()
    cycle.build()
    assert dag.run() == 4


def test_a_cycle_without_a_feedback_edge_is_refused():
    with pytest.raises(CycleConfigurationError, match="cycle 'fit' has no feedback edge"):
        chain("a", "b").create_cycle("fit").connect("a", "b").max_iterations(2).build()


def test_a_failed_build_changes_nothing_and_may_be_tried_again():
    dag = chain("a", "b").add_node("c", step)
    cycle = dag.create_cycle("fit").connect("b", "c").max_iterations(2)
    with pytest.raises(CycleConfigurationError, match="no feedback edge"):
        cycle.build()
    assert len(dag.connections) == 1
    cycle.feedback("c", "a", input="y").build()
    assert len(dag.connections) == 2


def test_a_second_build_is_an_error():
    cycle = chain("a").create_cycle("fit").connect("a", "a", {"result": "x"}).max_iterations(2)
    cycle.build()
    with pytest.raises(DuplicateCycleError, match="built already"):
        cycle.build()


def test_a_cycle_has_one_builder():
    dag = chain("a")
    dag.create_cycle("fit")
    for again in (dag.cycle, dag.create_cycle, lambda name: CycleBuilder(dag, name)):
        with pytest.raises(DuplicateCycleError, match="configured already"):
            again("fit")
    with pytest.raises(DuplicateCycleError, match="name of a node"):
        dag.create_cycle("a")


def test_a_block_may_build_its_cycle_itself():
    dag = chain("a")
    with dag.cycle("fit", max_iterations=2) as c:
        built = c.connect("a", "a", {"result": "x"}).build()
    assert (built.nodes, dag.run()) == (["a"], 2)


def test_a_block_that_ends_badly_leaves_nothing():
    dag = chain("a", "b")
    with pytest.raises(CycleConnectionError), dag.cycle("fit", max_iterations=2) as c:
        c.feedback("a", "b", input="y")
    with pytest.raises(ZeroDivisionError), dag.cycle("fit", max_iterations=2) as c:
        c.feedback("b", "a", input="y").add_node("c", step, {"x": 1 / 0})
    assert (dag.feedback_edges, bool(dag.drawing.cycles), len(dag)) == ([], False, 2)


def test_only_a_workflow_can_have_cycles():
    with pytest.raises(CycleConfigurationError, match="needs a DAG or a WorkflowBuilder"):
        CycleBuilder(object(), "fit")


# A table of feedback edges.


def test_a_table_of_parameters_is_feedback_edges():
    dag = DAG("flow").add_node("a", lambda p=1, q=2: {"p": p + q, "q": q})
    mapping = {
        "previous_iteration.p": "current_iteration.p",
        "previous_iteration.a.q": "current_iteration.a.q",
    }
    with dag.cycle("fit", max_iterations=3, parameter_mapping=mapping):
        pass
    assert backs(dag) == [("a->a", "p", "p", "fit"), ("a->a", "q", "q", "fit")]
    assert dag.run() == {"p": 7, "q": 2}


def test_bare_names_are_those_of_the_body_that_fit():
    dag = DAG("flow").add_node("p", lambda: 1).add_node("a", lambda x, best=0: x, outputs=["v"])
    dag.add_node("b", lambda v: v, outputs=["best"]).add_node("z", lambda best: best, outputs=["best"])
    dag.connect("p", "a", input="x").connect("a", "b", output="v").connect("b", "z", output="best")
    config = {"parameter_mapping": {"previous_iteration.best": "current_iteration.best"}, "max_iterations": 2}
    with pytest.raises(CycleConfigurationError, match="may be b -> a, z -> a"):
        CycleBuilder(dag, "one").apply_config(config).build()
    CycleBuilder(dag, "two").apply_config(config).feedback("b", "a", signal=True).build()
    assert [str(edge) for edge in dag.feedback_edges] == ["b->a", "b->a"]


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ({"previous.x": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.x": "y"}, "must be 'current_iteration.name'"),
        ({"previous_iteration.b.c.d": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.": "current_iteration.y"}, "must be 'previous_iteration.name'"),
        ({"previous_iteration.v": "current_iteration.q"}, "fits no loop"),
    ],
)
def test_a_table_that_says_no_edge_is_refused(mapping, error):
    with (
        pytest.raises(CycleConfigurationError, match=error),
        chain("a", "b").cycle("fit", max_iterations=3, parameter_mapping=mapping),
    ):
        pass
