"""Cycles of a DAG: declared, and proven to have a way out; nothing here runs them."""

import itertools

import pytest

from fast_dag import (
    DAG,
    END,
    CycleConfigurationError,
    CycleConnectionError,
    CycleError,
    CycleExitError,
    DuplicateCycleError,
    DuplicateNodeError,
    InvalidNodeError,
    MissingConnectionError,
    SelectReturn,
    UnknownNodeError,
    UnknownOptionError,
)
from fast_dag.workflow.functions import FunctionRegistry

HINT = (
    "    hint: say when it ends, dag.cycle('loop', max_iterations=...) or convergence_check=...; "
    "or add a conditional edge from one of these nodes that can leave the cycle (e.g. to END)"
)


def value(x=0, y=0, z=0):
    return x


def holds(x=0, y=0):
    return bool(x)


def choose(x=0, y=0):
    return SelectReturn("a")


def drawn(nodes, edges, back, **settings):
    """A DAG of the nodes named in *nodes*: "a" plain, "b?" a condition, "c?x,y" a select with branches.

    Edges and feedback edges are written "a>b", and from a branch "b.true>c".
    """
    dag = DAG("wf")
    for text in nodes.split():
        name, is_router, branches = text.partition("?")
        if branches:
            dag.add_node(name, choose, node_type="select", outputs=branches.split(","))
        else:
            dag.add_node(
                name, holds if is_router else value, node_type="conditional" if is_router else "standard"
            )
    ports = {name: itertools.cycle("xyz") for name in dag.nodes}
    for text in edges.split():
        source, output, target = ends(text)
        dag.connect(source, target, output=output, input=next(ports[target]))
    for text in back.split():
        source, output, target = ends(text)
        dag.feedback(source, target, output=output, input=next(ports[target]), cycle="loop")
    if settings:
        with dag.cycle("loop", **settings):
            pass
    return dag


def ends(text):
    start, target = text.split(">")
    source, _, output = start.partition(".")
    return source, output or None, target


def exits(dag):
    return [
        (problem.kind, " ".join(problem.ring)) for problem in dag.validate() if problem.severity == "error"
    ]


SCENARIOS = {
    "S1": (("a b", "a>b", "b>a"), [("pure_cycle", "a b a")]),
    "S2": (("a b c", "a>b b>c", "c>a"), [("pure_cycle", "a b c a")]),
    "S3": (("a", "", "a>a"), [("self_loop", "a a")]),
    "S4": (("a b?", "a>b", "b.true>a"), []),
    "S5": (("a?", "", "a.true>a"), []),
    "S6": (("a? b?", "a.true>b", "a.false>a"), []),
    "S8": (("a b?again", "a>b", "b.again>a"), [("router_cannot_exit", "a b a")]),
    "S9": (("a b? c", "a>b b.true>c", "b.false>a c>b"), [("router_cannot_exit", "a b a")]),
    "S10": (("a b? c? d", "a>b b.true>c b.false>d", "c.true>a d>b"), []),
    "S12": (("r? x y", "r.true>x x>y", "y>x"), [("pure_cycle", "x y x")]),
    "S15": (("a b c", "a>b b>c", "b>a"), [("pure_cycle", "a b a")]),
    "S18": (("a?again", "", "a.again>a"), [("router_cannot_exit", "a a")]),
    "S20": (("a b? c d", "a>b b.true>c c>d", "d>c"), [("pure_cycle", "c d c")]),
    "S22": (("a b", "a>b", "a>a"), [("self_loop", "a a")]),
    "S26": (("a b", "a>b a>b", "b>a"), [("pure_cycle", "a b a")]),
    "S28": (("a? b c", "a.true>b a.false>c", "b>a c>a"), [("router_cannot_exit", "a b a")]),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_scenarios_of_the_rules_without_bounds(name):
    drawing, expected = SCENARIOS[name]
    dag = drawn(*drawing)
    assert exits(dag) == expected
    assert dag.is_valid is not bool(expected)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("bound", [{"max_iterations": 3}, {"timeout": 1}, {"convergence_check": "x > 1"}])
def test_a_bounded_cycle_passes(name, bound):
    drawing, _ = SCENARIOS[name]
    assert exits(drawn(*drawing, **bound)) == []


def test_s14_every_cycle_is_reported():
    dag = drawn("a b c d", "a>b c>d", "")
    dag.feedback("b", "a", input="x").feedback("d", "c", input="x")
    with pytest.raises(CycleExitError) as caught:
        dag.validate_or_raise()
    assert caught.value.cycles == [["a", "b", "a"], ["c", "d", "c"]]
    assert [each.kind for each in caught.value.problems] == ["pure_cycle", "pure_cycle"]


def test_s24_a_router_elsewhere_changes_nothing():
    dag = drawn("r? x y", "x>y", "y>x")
    assert exits(dag) == [("pure_cycle", "x y x")]


def test_s30_a_clone_is_not_changed_with_its_original():
    dag = drawn("a b", "a>b", "")
    clone = dag.clone()
    dag.feedback("b", "a", input="x")
    assert not dag.is_valid
    assert clone.is_valid
    assert clone.run(x=1) == 1


def test_s32_a_long_body_takes_no_recursion():
    names = [f"n{number}" for number in range(5_000)]
    dag = DAG("wf")
    for name in names:
        dag.add_node(name, value)
    dag.add_node("check", holds, node_type="conditional")
    for source, target in itertools.pairwise([*names, "check"]):
        dag.connect(source, target, input="x")
    dag.feedback("check", names[0], output="true", input="y")
    assert dag.is_valid


# The categories and test cases of the decision record.


@pytest.mark.parametrize(
    ("category", "drawing", "is_allowed"),
    [
        ("pure cycle", ("a b", "a>b", "b>a"), False),
        ("guarded cycle", ("a b r?", "a>b b>r", "r.true>a"), True),
        ("self-loop", ("a", "", "a>a"), False),
        ("conditional self-loop", ("a r?", "a>r", "r.true>a"), True),
    ],
)
def test_the_categories_of_cycles(category, drawing, is_allowed):
    assert drawn(*drawing).is_valid is is_allowed
    assert drawn(*drawing, max_iterations=3).is_valid


def test_a_pure_cycle_is_rejected():
    with pytest.raises(CycleExitError, match="cycle detected with no exit"):
        drawn("a b", "a>b", "b>a").validate_or_raise()


def test_a_guarded_cycle_is_allowed():
    drawn("a b?", "a>b", "b.false>a").validate_or_raise()


def test_a_self_loop_is_rejected():
    with pytest.raises(CycleExitError, match="self-loop detected"):
        drawn("a", "", "a>a").validate_or_raise()


# Messages.


def test_each_text_names_the_cycle():
    dag = drawn("a b", "a>b", "b>a")
    text = f"cycle 'loop' has no way out: cycle detected with no exit condition: [a, b, a]\n{HINT}"
    assert dag.validate() == [text]
    with pytest.raises(CycleConfigurationError) as caught:
        dag.run()
    assert caught.value.errors == [text]
    assert str(caught.value) == f"graph 'wf' is invalid:\n  {text}"
    assert (caught.value.kind, caught.value.node) == ("pure_cycle", "a")


def test_other_problems_stand_in_the_same_list():
    dag = drawn("a b c", "a>b", "b>a")
    dag.connect("a", "c", input="x").connect("b", "c", input="x")
    with pytest.raises(CycleExitError) as caught:
        dag.validate_or_raise()
    assert len(caught.value.errors) == 2
    assert caught.value.errors[0].startswith("input 'x' of 'c' has several connections")
    assert len(caught.value.problems) == 1


def test_a_ring_of_forward_edges_is_an_error_whatever_is_declared():
    dag = drawn("a b", "a>b b>a", "")
    dag.feedback("b", "a", input="z", cycle="loop")
    with pytest.raises(CycleError) as caught:
        dag.run()
    assert caught.value.cycles == [["a", "b", "a"]]
    text = str(caught.value)
    assert "a -> b -> a" in text
    for remedy in ("hint:", "dag.feedback('b', 'a'", "dag.iterate", "condition that has an exit"):
        assert remedy in text


# Which edges depend on a decision.


def test_a_decision_free_ring_in_a_cycle_that_can_be_left():
    dag = drawn("a b c?", "a>b b>c", "b>a c.true>a")
    (problem,) = [each for each in dag.validate() if each.severity == "error"]
    assert problem.kind == "decision_free_subcycle"
    assert problem.startswith("cycle 'loop' has no way out: cycle [a, b, a] contains no decision")
    assert "although its component can be left at 'c'" in problem


def joined(x, y):
    return x


def test_all_edges_into_a_node_behind_a_branch_depend_on_it():
    dag = drawn("a c?", "a>c", "")
    dag.add_node("j", joined).connect("a", "j", input="x").connect("c", "j", output="true", input="y")
    assert exits(dag.feedback("j", "a", input="y", cycle="loop")) == []


def test_also_those_into_nodes_that_need_such_a_node():
    dag = drawn("a c?", "a>c", "")
    dag.add_node("k", joined).connect("c", "k", output="true", input="x").connect("a", "k", input="y")
    dag.add_node("j", joined).connect("k", "j", input="x").connect("a", "j", input="y")
    assert exits(dag.feedback("j", "a", input="y", cycle="loop")) == []


def test_an_input_with_a_default_keeps_its_node_going():
    dag = drawn("a c?", "a>c", "")
    dag.add_node("j", lambda x, y=0: x).connect("a", "j", input="x").connect(
        "c", "j", output="true", input="y"
    )
    assert exits(dag.feedback("j", "a", input="y", cycle="loop")) == [("decision_free_subcycle", "a j a")]


def test_an_any_node_is_skipped_only_with_all_its_sources():
    def any_of(second):
        dag = drawn("a c?", "a>c", "")
        dag.add_node("m", lambda x=None, y=None: x, node_type="any")
        dag.connect("c", "m", output="true", input="x").connect(*second, input="y")
        return exits(dag.feedback("m", "a", input="y", cycle="loop"))

    assert any_of(("a", "m")) == [("decision_free_subcycle", "a m a")]
    dag = drawn("a c?one,two,three", "a>c", "")
    dag.add_node("m", lambda x=None, y=None: x, node_type="any")
    dag.connect("c", "m", output="one", input="x").connect("c", "m", output="two", input="y")
    assert exits(dag.feedback("m", "a", input="y", cycle="loop")) == []


def test_a_branch_of_a_router_outside_the_cycle_decides_nothing():
    assert exits(drawn("r? a b", "r.true>a a>b", "b>a")) == [("pure_cycle", "a b a")]


def test_a_branch_may_lead_out_of_the_cycle():
    dag = drawn("a b?c,d c d", "a>b b.c>c b.d>d", "c>a")
    assert exits(dag) == []


# Cycles inside cycles.


def nest(inner_bound=None, **outer):
    """a >> p >> q? >> z, p fed back from q, and a from z."""
    dag = drawn("a p q? z", "a>p p>q q.true>z", "")
    dag.feedback("q", "p", output="false", input="y", cycle="inner")
    dag.feedback("z", "a", input="y", cycle="outer")
    for name, settings in (("inner", inner_bound), ("outer", outer)):
        if settings:
            with dag.cycle(name, **settings):
                pass
    return dag


def test_a_cycle_inside_counts_as_one_node():
    dag = nest()
    (problem,) = dag.validate()
    assert problem.nodes == ("a", "inner", "z", "a")
    assert problem.startswith(
        "cycle 'outer' has no way out: conditional edge on 'inner' cannot leave the cycle"
    )
    assert exits(nest(max_iterations=2)) == []


def test_a_cycle_inside_that_may_end_first_is_a_way_out():
    assert exits(nest({"max_iterations": 2})) == []


def test_a_branch_inside_that_leads_out_of_both():
    dag = drawn("a p q?again,next,stop z", "a>p p>q q.next>z", "")
    dag.feedback("q", "p", output="again", input="y", cycle="inner")
    dag.feedback("z", "a", input="y", cycle="outer")
    assert exits(dag) == []


def test_bounds_of_one_cycle_say_nothing_of_another():
    dag = drawn("a p z", "a>p p>z", "")
    dag.feedback("p", "p", input="y", cycle="inner").feedback("z", "a", input="y", cycle="outer")
    with dag.cycle("outer", max_iterations=3):
        pass
    assert exits(dag) == [("self_loop", "p p")]
    dag = drawn("a p z", "a>p p>z", "")
    dag.feedback("p", "p", input="y", cycle="inner").feedback("z", "a", input="y", cycle="outer")
    with dag.cycle("inner", max_iterations=3):
        pass
    assert exits(dag) == [("pure_cycle", "a inner z a")]


# Declaring.


def test_the_refinement_pattern():
    dag = DAG("refinement")
    draft = dag.node(lambda: "text", name="draft")
    review = dag.node(lambda text: text, name="review")
    good = dag.condition(lambda review: True, name="good")
    refine = dag.node(lambda text: text, name="refine")
    finalize = dag.node(lambda text: text, name="finalize")
    draft.connect_to(review, input="text")
    review >> good
    good.on_false >> refine
    good.on_true >> finalize
    assert dag.feedback("refine", "review", input="text", cycle="polish") is dag
    assert dag.validate() == []
    assert dag.has_cycles()


def test_a_branch_itself_may_be_fed_back():
    dag = drawn("attempt check?", "attempt>check", "")
    dag.feedback("check", "attempt", output="false", input="y", cycle="retry")
    check = dag.get_node("check")
    assert (check.on_true >> END) == END
    assert dag.validate() == []


def test_a_branch_that_leads_to_end_leaves_the_cycle():
    dag = drawn("a b?again,stop", "a>b", "b.again>a")
    warnings = [str(each) for each in dag.validate()]
    assert warnings == ["branch 'stop' of 'b' is not connected"]
    dag.get_node("b").branches["stop"] >> END
    assert dag.validate() == []


def test_a_branch_to_end_that_also_leads_on_is_no_exit():
    dag = drawn("a b?again", "a>b", "b.again>a")
    dag.connect("b", END, output="again")
    assert exits(dag) == [("router_cannot_exit", "a b a")]


def test_an_open_select_node_leaves_by_the_branch_to_end():
    dag = DAG("wf")
    dag.add_node("a", value)
    pick = dag.select(choose, name="pick")
    dag.connect("a", "pick", input="x").feedback("pick", "a", output="again", input="x", cycle="loop")
    assert exits(dag) == [("router_cannot_exit", "a pick a")]
    pick.branches["stop"] >> END
    assert exits(dag) == []


def test_only_a_branch_leads_to_end():
    dag = drawn("a b?", "a>b", "")
    with pytest.raises(MissingConnectionError, match="'a' cannot lead to END"):
        dag.get_node("a") >> END
    with pytest.raises(MissingConnectionError, match="'b' has no branch 'maybe'"):
        dag.connect("b", END, output="maybe")
    with pytest.raises(InvalidNodeError, match="cannot connect 'other'"):
        dag.get_node("b").on_true >> "other"


def test_a_branch_to_end_may_be_asked_for_and_taken_back():
    dag = drawn("a b?again,stop", "a>b", "b.again>a")
    assert dag.can_connect("b", END, output="stop") == []
    assert dag.can_connect("a", END) == [
        "'a' cannot lead to END: only a branch of a condition or select node can"
    ]
    dag.connect("b", END, output="stop").disconnect("b", END)
    assert [each.kind for each in dag.validate()] == ["branch"]
    with pytest.raises(MissingConnectionError, match="no such branch of 'b' leads to END"):
        dag.disconnect("b", END, output="stop")


@pytest.mark.parametrize("add", [lambda dag: dag.add_node(END, value), lambda dag: dag.node(value, name=END)])
def test_no_node_is_called_end(add):
    with pytest.raises(InvalidNodeError, match="'__end__' cannot be a node's name"):
        add(DAG("wf"))


def test_without_a_name_the_cycle_is_called_after_its_target():
    dag = drawn("a b", "a>b", "").feedback("b", "a")
    (edge,) = dag.feedback_edges
    assert (edge.cycle, edge.source, edge.target) == ("a_loop", "b", "a")


def test_a_block_declares_the_same_as_single_calls():
    single = drawn("a b c", "a>b b>c", "")
    single.feedback("c", "a", input="y", cycle="fit").feedback("c", "b", signal=True, cycle="fit")
    with single.cycle("fit", max_iterations=3):
        pass
    block = drawn("a b c", "a>b b>c", "")
    with block.cycle("fit", max_iterations=3) as c:
        assert c.feedback("c", "a", input="y").feedback("c", "b", signal=True) is c
    assert block.feedback_edges == single.feedback_edges
    assert block.drawing.cycles.configs == single.drawing.cycles.configs
    assert block.is_valid


def test_a_block_left_by_an_exception_declares_nothing():
    dag = drawn("a b", "a>b", "")
    block = dag.cycle("fit", max_iterations=3)
    block.feedback("b", "a", input="y")
    with pytest.raises(ZeroDivisionError), block:
        raise ZeroDivisionError
    assert not dag.has_cycles()
    with dag.cycle("fit", max_iterations=3) as c:
        c.feedback("b", "a", input="y")
    assert dag.is_valid


def test_a_cycle_is_configured_once():
    dag = drawn("a b", "a>b", "b>a", max_iterations=3)
    with pytest.raises(DuplicateCycleError, match="cycle 'loop' is configured already"):
        dag.cycle("loop", max_iterations=5)


def test_a_cycle_that_was_begun_and_not_built():
    dag = drawn("a b", "a>b", "")
    dag.cycle("fit", max_iterations=3)
    with pytest.raises(
        CycleConfigurationError, match=r"create_cycle\('fit'\) was never built: call its build"
    ):
        dag.run()


def test_a_cycle_without_a_feedback_edge():
    dag = drawn("a b", "a>b", "")
    with (
        pytest.raises(CycleConfigurationError, match="cycle 'fit' has no feedback edge"),
        dag.cycle("fit", max_iterations=3),
    ):
        pass


def test_cycles_and_nodes_share_their_names():
    dag = drawn("a b", "a>b", "b>a")
    with pytest.raises(DuplicateNodeError, match="'loop' is the name of a cycle"):
        dag.add_node("loop", value)
    with pytest.raises(DuplicateCycleError, match="'a' is the name of a node"):
        dag.feedback("b", "b", cycle="a")
    with pytest.raises(DuplicateCycleError, match="'b' is the name of a node"):
        dag.cycle("b")


@pytest.mark.parametrize("name", ["", "a.b", END, 3])
def test_what_cannot_be_the_name_of_a_cycle(name):
    with pytest.raises(CycleConfigurationError, match="cannot be a cycle's name"):
        drawn("a b", "a>b", "").feedback("b", "a", cycle=name)


def test_settings_are_checked_where_they_are_given():
    dag = drawn("a b", "a>b", "")
    with pytest.raises(CycleConfigurationError, match="max_iterations"):
        dag.cycle("fit", max_iterations=0)
    with pytest.raises(UnknownOptionError, match="did you mean 'max_iterations'"):
        dag.cycle("fit", max_iteration=3)
    with pytest.raises(CycleConfigurationError, match="give one name"):
        dag.cycle("fit", cycle_name="other")
    with pytest.raises(UnknownOptionError, match="did you mean 'cycle'"):
        dag.feedback("b", "a", cycles="fit")
    assert not dag.drawing.cycles


def test_unknown_nodes_and_ports_are_refused_at_once():
    dag = drawn("a b c?", "a>b b>c", "")
    with pytest.raises(UnknownNodeError, match="no node 'bb'"):
        dag.feedback("bb", "a")
    with pytest.raises(MissingConnectionError, match="'w' of 'a' is no input"):
        dag.feedback("b", "a", input="w")
    with pytest.raises(MissingConnectionError, match="chooses a branch"):
        dag.feedback("c", "a")
    with pytest.raises(CycleConfigurationError, match="signal=True carries no value"):
        dag.feedback("b", "a", input="x", signal=True)
    assert not dag.has_cycles()


def test_problems_of_one_kind_raise_the_class_of_that_kind():
    with pytest.raises(CycleConnectionError, match="closes no loop"):
        drawn("a b", "a>b", "a>b", max_iterations=2).run()
    dag = drawn("a b", "a>b", "").feedback("b", "a", cycle="loop")
    with dag.cycle("loop", max_iterations=2):
        pass
    with pytest.raises(MissingConnectionError, match="say input="):
        dag.run()
    dag = drawn("a b c", "a>b b>c", "").feedback("b", "a", signal=True, cycle="one")
    with pytest.raises(CycleError, match="overlap in 'b', and neither"):
        dag.feedback("c", "b", signal=True, cycle="two").run()


def test_min_iterations_beyond_the_maximum():
    with pytest.raises(CycleConfigurationError, match="cycle 'loop': min_iterations"):
        drawn("a b", "a>b", "b>a", max_iterations=2, min_iterations=3)


# What edits, copies, drawings and documents make of cycles.


def test_removing_a_node_removes_its_cycle():
    dag = drawn("a b", "a>b", "b>a", max_iterations=2).remove_node("b")
    assert not dag.has_cycles()
    assert dag.run(x=1) == 1
    dag.add_node("b", value).connect("a", "b", input="x")
    with dag.cycle("loop", max_iterations=2) as c:
        c.feedback("b", "a", input="y")
    assert dag.is_valid


def test_clearing_removes_all_cycles():
    dag = drawn("a b?", "a>b", "b.true>a").clear_nodes()
    assert not dag.has_cycles()
    assert dag.feedback_edges == []


def test_a_replaced_node_keeps_its_place_in_a_cycle():
    dag = drawn("a b", "a>b", "b>a", max_iterations=2)
    dag.replace_node("a", lambda x, y: x)
    assert len(dag.feedback_edges) == 1
    with pytest.raises(MissingConnectionError, match="'x' of 'a' is no input"):
        dag.replace_node("a", lambda y: y)


def test_a_replaced_router_keeps_its_branches():
    dag = drawn("a b?again,stop", "a>b", "b.again>a")
    dag.connect("b", END, output="stop")
    dag.replace_node("b", choose, outputs=["again", "stop"])
    with pytest.raises(MissingConnectionError, match="no branch 'again'"):
        dag.replace_node("b", choose, outputs=["stop"])
    with pytest.raises(MissingConnectionError, match="no branch 'stop'"):
        dag.replace_node("b", choose, outputs=["again"])


def test_a_clone_has_the_same_cycles():
    dag = drawn("a b?", "a>b", "b.true>a", max_iterations=2)
    dag.connect("b", END, output="false")
    clone = dag.clone()
    assert clone.feedback_edges == dag.feedback_edges
    assert clone.drawing.cycles.configs == dag.drawing.cycles.configs
    assert clone.validate() == dag.validate() == []
    clone.remove_node("b")
    assert dag.has_cycles()


def test_a_part_has_the_cycles_that_lie_in_it():
    dag = drawn("a b c", "a>b b>c", "b>a", max_iterations=2)
    assert dag.subgraph(["a", "b"]).feedback_edges == dag.feedback_edges
    part = dag.subgraph(["b", "c"])
    assert not part.has_cycles()
    assert part.run(x=1) == 1


def test_autowiring_draws_no_edge_where_a_value_is_fed_back():
    dag = DAG("wf", autowire=True)
    dag.add_node("a", lambda b=0: b)
    dag.add_node("b", lambda a: a)
    with dag.cycle("loop", max_iterations=2) as c:
        c.feedback("b", "a")
    assert dag.validate() == []


def test_cycles_inside_a_nested_workflow_are_checked():
    inner = drawn("a b", "a>b", "b>a")
    dag = DAG("outer")
    dag.add_dag("part", inner)
    with pytest.raises(CycleExitError, match="in 'part': cycle 'loop' has no way out"):
        dag.run()


def test_a_drawing_shows_feedback_edges_dashed_with_the_name_of_their_cycle():
    dag = drawn("a b?", "a>b", "b.true>a")
    assert 'n1 -.->|"true → loop"| n0' in dag.to_mermaid()
    assert 'n1 -> n0 [label="true → loop", style=dashed];' in dag.to_graphviz()
    dag = drawn("a b", "a>b", "b>a")
    assert 'n1 -.->|"loop"| n0' in dag.to_mermaid()


def settled(previous, current):
    return previous == current


def stored():
    dag = drawn("a b? c", "a>b b.true>c", "b.false>a", max_iterations=5, until=settled, metadata={"k": [1]})
    dag.feedback("b", "b", signal=True, output="false", cycle="again")
    dag.connect("b", END, output="true")
    return dag


FUNCTIONS = FunctionRegistry()
for function in (value, holds, choose, settled):
    FUNCTIONS.register(function, name=function.__name__)


@pytest.mark.parametrize("form", ["dict", "json", "yaml", "msgpack"])
def test_a_document_holds_the_cycles(form):
    dag = stored()
    written = getattr(dag, f"to_{form}")(registry=FUNCTIONS)
    again = getattr(DAG, f"from_{form}")(written, registry=FUNCTIONS)
    assert again.feedback_edges == dag.feedback_edges
    assert again.drawing.cycles.configs == dag.drawing.cycles.configs
    assert list(again.drawing.cycles.ended) == [("b", "true")]
    assert again.validate() == dag.validate()
    assert again.to_dict(registry=FUNCTIONS) == dag.to_dict(registry=FUNCTIONS)


def test_a_document_without_cycles_does_not_mention_them():
    (table,) = drawn("a b", "a>b", "").to_dict(registry=FUNCTIONS)["workflows"].values()
    assert not {"feedback", "cycles", "ends"} & table.keys()


def test_what_cannot_be_stored_of_a_cycle():
    dag = drawn("a b", "a>b", "b>a", until=lambda previous, current: True)
    with pytest.raises(ValueError, match=r"not registered.*until of a cycle in 'wf'"):
        dag.to_dict(registry=FUNCTIONS)
    dag = drawn("a b", "a>b", "b>a", metadata={"x": object()})
    with pytest.raises(ValueError, match=r"metadata\.x holds object"):
        dag.to_dict(registry=FUNCTIONS)
    dag = drawn("a b", "a>b", "")
    dag.cycle("fit")
    with pytest.raises(ValueError, match="'fit': a cycle that was never built"):
        dag.to_dict(registry=FUNCTIONS)


@pytest.mark.parametrize(
    ("key", "entry", "text"),
    [
        ("feedback", [{"source": "a"}], r"feedback\[0\]: 'cycle', 'target' is missing"),
        ("feedback", [{"source": "a", "target": 1, "cycle": "l"}], r"feedback\[0\]\.target must be a text"),
        ("feedback", [{"source": "q", "target": "a", "cycle": "l"}], r"feedback\[0\]: no node 'q'"),
        ("cycles", {"l": {"max_iterations": 0}}, r"cycles\.l: max_iterations must be"),
        ("cycles", {"l": {"iterations": 1}}, r"cycles\.l: a cycle takes no 'iterations'"),
        ("cycles", {"l": {"until": {"$function": "nobody"}}}, "not in the registry: 'nobody'"),
        ("cycles", {"l": 3}, r"cycles\.l must be a table"),
        ("ends", [{"node": "a", "branch": "true"}], r"ends\[0\]: 'a' cannot lead to END"),
    ],
)
def test_a_document_that_is_wrong_about_cycles(key, entry, text):
    document = drawn("a b", "a>b", "").to_dict(registry=FUNCTIONS)
    document["workflows"]["w1"][key] = entry
    with pytest.raises(ValueError, match=text):
        DAG.from_dict(document, registry=FUNCTIONS)
