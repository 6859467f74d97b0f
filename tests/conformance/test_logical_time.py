"""The time of a node: its epoch, and the round of each cycle around it, in every mode."""

import pytest

from fast_dag import DAG, LogicalTime, ValidationError
from tests.conformance.iterations import one


def asking(seen, name="step"):
    def ask(x, context):
        seen.append((name, context.time, context.round, context.is_first_round, context.epoch))
        return x + 1

    return ask


def test_rounds_are_counted_from_one(any_mode, kind):
    seen = []
    dag = DAG("loop").add_node("before", kind(lambda context: seen.append(context.time) or 0))
    dag.add_node("step", kind(asking(seen))).connect("before", "step")
    dag.add_node("behind", kind(lambda step, context: seen.append(context.time))).connect("step", "behind")
    with dag.cycle("loop", max_iterations=3) as c:
        c.feedback("step", "step", input="x")
    any_mode(dag)
    rounds = [("step", LogicalTime(0, each), each, each == 1, 0) for each in (1, 2, 3)]
    assert seen == [LogicalTime(0), *rounds, LogicalTime(0)]


def test_an_inner_cycle_begins_again_in_every_outer_round(any_mode):
    seen = []
    dag = DAG("nested").add_node("begin", lambda x=0: x)
    dag.add_node("step", lambda begin, context, y=0: seen.append(context.time) or y + begin)
    dag.add_node("end", lambda step, context: seen.append(context.time) or step)
    dag.connect("begin", "step").connect("step", "end")
    with dag.cycle("inner", max_iterations=2) as c:
        c.feedback("step", "step", input="y")
    with dag.cycle("outer", max_iterations=2) as c:
        c.feedback("end", "begin", input="x")
    any_mode(dag)
    assert seen == [(0, 1, 1), (0, 1, 2), (0, 1), (0, 2, 1), (0, 2, 2), (0, 2)]


def test_workflows_and_iterations_inside_count_what_is_around_them(any_mode):
    seen = []
    plain = DAG("plain").add_node("look", lambda it, context: seen.append(("look", *context.time)) or it)
    dag = DAG("around")
    dag.iterate("it", one(asking(seen)), seed="x", feedback="x", output="step", max_rounds=2)
    dag.add_dag("plain", plain)
    dag.connect("it", "plain")
    with dag.cycle("outer", max_iterations=2) as c:
        c.feedback("plain", "it", input="seed")
    any_mode(dag, seed=0)
    times = [(each[0], *(each[1] if len(each) == 5 else each[1:])) for each in seen]
    assert times == [
        ("step", 0, 1, 1),
        ("step", 0, 1, 2),
        ("look", 0, 1),
        ("step", 0, 2, 1),
        ("step", 0, 2, 2),
        ("look", 0, 2),
    ]


def test_the_function_form_has_rounds_too(any_mode, kind):
    seen = []
    dag = DAG("grow")
    dag.iterate(kind(asking(seen)), name="grow", max_rounds=2)
    any_mode(dag, x=0)
    assert [each[1] for each in seen] == [(0, 1), (0, 2)]


def test_two_cycles_at_once_do_not_disturb_each_other(any_mode):
    seen = []
    dag = DAG("two")
    for name, rounds in (("a", 3), ("b", 2)):
        dag.add_node(name, lambda context, x=0, name=name: seen.append((name, *context.time)) or x)
        with dag.cycle(f"loop_{name}", max_iterations=rounds) as c:
            c.feedback(name, name, input="x")
    any_mode(dag)
    assert sorted(seen) == [("a", 0, 1), ("a", 0, 2), ("a", 0, 3), ("b", 0, 1), ("b", 0, 2)]


def test_outside_of_cycles_there_is_no_round(any_mode):
    seen = []
    dag = DAG("plain").add_node("look", lambda context: seen.append((context.round, context.is_first_round)))
    any_mode(dag)
    assert seen == [(None, True)]
    assert (dag.context.time, dag.context.round) == ((0,), None)


def test_a_retry_keeps_its_round(any_mode):
    seen = []

    def shaky(x, context):
        seen.append(context.time)
        if len(seen) in (2, 4):
            raise OSError("again")
        return x

    dag = DAG("retrying")
    dag.node(shaky, name="step", retry=2)
    with dag.cycle("loop", max_iterations=3) as c:
        c.feedback("step", "step", input="x")
    any_mode(dag, x=0)
    assert seen == [(0, 1), (0, 2), (0, 2), (0, 3), (0, 3)]


def test_the_epoch_of_a_session_is_told():
    seen = []
    dag = DAG("epochs").add_node("step", lambda x, context: seen.append(context.time) or x)
    with dag.cycle("loop", max_iterations=2) as c:
        c.feedback("step", "step", input="x")
    with dag.session() as s:
        x = s.input("x")
        x.send(1)
        x.advance_to(1)
        x.send(2)
    assert seen == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_two_edges_from_the_body_into_one_input_are_an_error():
    dag = DAG("crowded").add_node("a", lambda x=0: x).add_node("b", lambda a: a).add_node("c", lambda v: v)
    dag.connect("a", "b").connect("a", "c", input="v").connect("b", "c", input="v")
    with dag.cycle("loop", max_iterations=2) as c:
        c.feedback("c", "a", input="x")
    with pytest.raises(ValidationError, match="'v' of 'c' has several connections"):
        dag.run()


@pytest.mark.parametrize("settings", [{}, {"retry": 2}, {"cached": True}])
def test_the_elements_of_a_map_have_the_time_of_their_node(any_mode, kind, settings):
    seen = []
    body = DAG("body").add_node("pair", lambda x: [x, x + 10])
    body.map(kind(lambda each, context: seen.append(context.time) or each), name="each", **settings)
    body.connect("pair", "each", input="each").add_node("step", lambda each: each[0] + 1).connect(
        "each", "step"
    )
    dag = DAG("around")
    dag.iterate("it", body, seed="x", feedback="x", output="step", max_rounds=2)
    assert any_mode(dag, seed=0) == 2
    assert seen == [(0, 1), (0, 1), (0, 2), (0, 2)]
