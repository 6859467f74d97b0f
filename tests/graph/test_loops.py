import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG
from fast_dag.graph.loops import cycles_of


def chain(*names, **options):
    """A DAG of nodes in a row, each with the parameters *inputs* (default x=0, y=0)."""
    dag = DAG("wf")
    for name in names:
        dag.add_node(name, lambda x=0, y=0: x)
    for source, target in itertools.pairwise(names):
        dag.connect(source, target, input="x")
    return dag


def cycles(dag):
    found, faults = cycles_of(dag.drawing)
    assert faults == []
    return {cycle.name: (list(cycle.nodes), cycle.parent) for cycle in found}


def fault(dag):
    _, (found,) = cycles_of(dag.drawing)
    return found.kind, found.text


def test_the_body_is_what_lies_on_the_way_back():
    dag = chain(*"abcde")
    dag.add_node("side", lambda x=0: x).connect("b", "side")
    dag.feedback("d", "b", input="y", cycle="loop")
    assert cycles(dag) == {"loop": (["b", "c", "d"], None)}


def test_a_node_may_feed_itself():
    dag = chain("a")
    dag.feedback("a", "a", input="y")
    assert cycles(dag) == {"a_loop": (["a"], None)}


def test_the_loops_of_one_cycle_are_one_body():
    dag = chain(*"abcd")
    dag.feedback("c", "a", input="y", cycle="loop").feedback("d", "b", input="y", cycle="loop")
    assert cycles(dag) == {"loop": (["a", "b", "c", "d"], None)}


def test_cycles_may_lie_one_inside_the_other():
    dag = chain(*"abcdef")
    dag.feedback("f", "a", input="y", cycle="outer")
    dag.feedback("c", "c", input="y", cycle="inmost")
    dag.feedback("d", "b", input="y", cycle="inner")
    assert cycles(dag) == {
        "outer": (list("abcdef"), None),
        "inmost": (["c"], "inner"),
        "inner": (["b", "c", "d"], "outer"),
    }


def test_an_edge_that_closes_no_loop():
    dag = chain(*"abc")
    dag.feedback("a", "c", input="y", cycle="x")
    kind, text = fault(dag)
    assert kind == "feedback"
    assert text.startswith("feedback edge a->c of cycle 'x' closes no loop")


def test_loops_of_one_cycle_that_share_nothing():
    dag = chain(*"abcd")
    dag.feedback("b", "a", input="y", cycle="x").feedback("d", "c", input="y", cycle="x")
    assert fault(dag) == ("overlap", "the loops of cycle 'x' share no node: give them different names")


def test_a_node_between_the_loops_of_one_cycle():
    dag = chain(*"amz")
    dag.add_node("k", lambda x=0: x).connect("a", "k").connect("k", "z", input="y")
    dag.add_node("t", lambda: 0).connect("t", "m", input="y")
    dag.add_node("s", lambda x=0: x).connect("m", "s")
    dag.drawing.cycles.clear()
    dag.feedback("s", "a", input="y", cycle="x")
    # From a over m to s, and from m to z: k is on neither loop.
    dag.feedback("z", "m", signal=True, cycle="x")
    kind, text = fault(dag)
    assert kind == "overlap"
    assert "'k' lies between nodes of cycle 'x', but on none of its loops" in text


def test_cycles_that_overlap_in_part():
    dag = chain(*"abcd")
    dag.feedback("c", "a", input="y", cycle="x").feedback("d", "b", input="y", cycle="z")
    kind, text = fault(dag)
    assert kind == "overlap"
    assert text == "cycles 'x' and 'z' overlap in 'b', 'c', and neither lies inside the other"


def test_cycles_with_the_same_body():
    dag = chain(*"ab")
    dag.feedback("b", "a", input="y", cycle="x").feedback("b", "a", signal=True, cycle="z")
    assert fault(dag) == (
        "overlap",
        "feedback edges of cycles 'x' and 'z' both lead to 'a': give them one name",
    )


def test_the_same_target_under_two_names():
    dag = chain(*"abc")
    dag.feedback("c", "a", input="y", cycle="x").feedback("b", "a", signal=True, cycle="z")
    assert fault(dag)[1].startswith("feedback edges of cycles 'x' and 'z' both lead to 'a'")


def test_a_cycle_that_is_said_to_lie_in_another():
    dag = chain(*"abcd")
    dag.feedback("d", "a", input="y", cycle="outer").feedback("c", "b", input="y", cycle="inner")
    dag.feedback("b", "b", signal=True, cycle="other")
    _, faults = cycles_of(dag.drawing)
    assert len(faults) == 1  # b under two names
    dag = chain(*"abcd")
    dag.feedback("d", "a", input="y", cycle="outer").feedback("c", "b", input="y", cycle="inner")
    with dag.cycle("inner", parent_cycle="outer"):
        pass
    assert cycles(dag)["inner"] == (["b", "c"], "outer")
    dag = chain(*"abcd")
    dag.feedback("b", "a", input="y", cycle="one").feedback("d", "c", input="y", cycle="two")
    with dag.cycle("two", parent_cycle="one"):
        pass
    assert fault(dag) == ("cycle_config", "cycle 'two' does not lie inside 'one'")


def test_nothing_is_said_of_a_graph_with_a_ring_of_forward_edges():
    dag = chain(*"ab").connect("b", "a", input="x").feedback("b", "a", input="y")
    assert cycles_of(dag.drawing) == ([], [])


def bound(dag):
    found, faults = cycles_of(dag.drawing)
    assert faults == []
    return [edge.input for cycle in found for edge in cycle.edges]


def pair(target):
    """source >> target, and *target* fed back from the source of its own value."""
    dag = DAG("wf")
    dag.add_node("seed", lambda: 0)
    dag.add_node("t", target)
    dag.add_node("s", lambda v: v)
    dag.connect("t", "s")
    return dag


def test_an_input_named_like_the_source_comes_first():
    dag = pair(lambda a, s, b: 0).feedback("s", "t")
    assert bound(dag) == ["s"]


def test_then_one_named_like_the_output():
    dag = pair(lambda a, best, b: 0).feedback("s", "t", output="best")
    assert bound(dag) == ["best"]


def test_then_the_only_required_one_left():
    dag = pair(lambda a, b=0: 0).feedback("s", "t")
    assert bound(dag) == ["a"]


def test_then_the_only_one_with_a_default():
    dag = pair(lambda a=0: 0).feedback("s", "t")
    assert bound(dag) == ["a"]


def test_an_edge_from_outside_leaves_the_input_free():
    dag = pair(lambda a: 0).connect("seed", "t", input="a").feedback("s", "t")
    assert bound(dag) == ["a"]


def test_an_edge_of_the_body_or_another_feedback_edge_takes_the_input():
    dag = DAG("wf")
    for name in "abc":
        dag.add_node(name, lambda x, y, z: 0)
    dag.connect("a", "b", input="x").connect("b", "c", input="x")
    dag.feedback("c", "a", signal=True, cycle="l")
    dag.feedback("c", "b", cycle="l").feedback("c", "b", input="y", cycle="l")
    assert bound(dag) == [None, "z", "y"]


def test_several_candidates_have_to_be_told_apart():
    dag = pair(lambda a, b: 0).feedback("s", "t")
    assert fault(dag) == ("feedback_input", "the feedback edge s->t may feed a, b of 't': say input=")


def test_no_candidate_at_all():
    dag = pair(lambda: 0).feedback("s", "t")
    assert fault(dag) == ("feedback_input", "the feedback edge s->t finds no free input of 't': say input=")


def test_a_node_that_takes_any_name_takes_that_of_the_source():
    dag = pair(lambda **values: 0).feedback("s", "t")
    assert bound(dag) == ["s"]


def test_a_joining_node_takes_the_value_under_the_name_of_the_source():
    dag = DAG("wf")
    dag.add_node("a", lambda: 0)
    dag.add_node("t", lambda data: 0, node_type="any")
    dag.connect("a", "t").feedback("t", "t")
    assert bound(dag) == ["t"]


def test_a_signal_needs_no_input():
    dag = pair(lambda: 0).feedback("s", "t", signal=True)
    assert bound(dag) == [None]


def test_an_input_that_the_body_feeds_takes_nothing_back():
    dag = chain(*"abc").feedback("c", "b", input="x", cycle="l")
    assert bound(dag) == ["x"]  # a is outside
    dag = chain(*"abc").feedback("c", "a", input="y", cycle="l").feedback("c", "b", input="x", cycle="l")
    kind, text = fault(dag)
    assert kind == "feedback_input"
    assert text == "input 'x' of 'b' is fed by 'a' in each iteration of 'l': feed 'c' back into another"


@pytest.mark.parametrize("count", [1_000, 8_000])
def test_long_bodies_and_many_cycles_are_looked_at_without_recursion(count):
    names = [f"n{number}" for number in range(count)]
    dag = chain(*names)
    dag.feedback(names[-1], names[0], input="y", cycle="all")
    for name in names[1 : count // 4]:
        dag.feedback(name, name, input="y")
    assert len(cycles(dag)) == count // 4


# Brute force: bodies by the definition, on graphs small enough to try everything.

NODES = "abcdef"
FORWARD = st.sets(st.sampled_from(list(itertools.combinations(NODES, 2))), max_size=9)
BACK = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from("xyz")), max_size=4)


def leads(edges, start):
    """Every node that *start* leads to, itself included."""
    seen = {start}
    for _ in NODES:
        seen |= {target for source, target in edges if source in seen}
    return seen


def expected_bodies(forward, back):
    """The body of each cycle that is sound by itself, and the names of those that are not."""
    bodies, unsound = {}, set()
    for name in {cycle for _, _, cycle in back}:
        ends = [(source, target) for source, target, cycle in back if cycle == name]
        loops = [
            {node for node in leads(forward, target) if source in leads(forward, node)}
            for source, target in ends
        ]
        body = set().union(*loops)
        between = {
            node
            for node in NODES
            if any(node in leads(forward, each) for each in body) and leads(forward, node) & body
        }
        reached, again = set(loops[0]), True
        while again:
            found = reached.union(*(loop for loop in loops if loop & reached))
            again, reached = found != reached, found
        if not all(loops) or reached != body or between != body:
            unsound.add(name)
        else:
            bodies[name] = body
    return bodies, unsound


def crossing(bodies, back):
    heads = {name: {target for _, target, cycle in back if cycle == name} for name in bodies}
    return {
        name
        for one, other in itertools.combinations(bodies, 2)
        if heads[one] & heads[other]
        or (
            bodies[one] & bodies[other]
            and not bodies[one] < bodies[other]
            and not bodies[other] < bodies[one]
        )
        for name in (one, other)
    }


@settings(max_examples=200, deadline=None)
@given(FORWARD, BACK)
def test_bodies_and_nesting_are_those_of_the_definition(forward, back):
    dag = DAG("wf")
    for name in NODES:
        dag.add_node(name, lambda **values: 0)
    for source, target in forward:
        dag.connect(source, target)
    for source, target, cycle in back:
        dag.feedback(source, target, signal=True, cycle=cycle)
    found, faults = cycles_of(dag.drawing)
    bodies, unsound = expected_bodies(forward, back)
    crossed = crossing(bodies, back)
    assert {cycle.name: set(cycle.nodes) for cycle in found} == {
        name: body for name, body in bodies.items() if name not in crossed
    }
    assert bool(faults) == bool(unsound or crossed)
    if not faults:
        around = {name: [other for other in bodies if bodies[name] < bodies[other]] for name in bodies}
        assert {cycle.name: cycle.parent for cycle in found} == {
            name: min(others, key=lambda other: len(bodies[other]), default=None)
            for name, others in around.items()
        }
