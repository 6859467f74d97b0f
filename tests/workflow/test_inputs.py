"""Run inputs: which slots they fill, which names nobody takes, which are missing."""

import pytest

from fast_dag import DAG, FSM, MissingInputError, UnknownOptionError, ValidationError


def give():
    return 1


def take(x, y=0):
    return x + y


@pytest.fixture
def dag():
    """a -> b, whose y is open"""
    return DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b")


def test_inputs_come_as_keywords(dag):
    assert dag.run(y=2) == 3


def test_inputs_come_as_a_mapping(dag):
    assert dag.run({"y": 2}) == 3


def test_an_input_that_comes_twice_is_refused(dag):
    with pytest.raises(UnknownOptionError, match="input 'y' is given twice"):
        dag.run({"y": 2}, y=3)


def test_a_mapping_of_inputs_is_left_as_it_is():
    given = {"x": 1}
    DAG("flow").add_node("b", take).run(given, y=2)
    assert given == {"x": 1}


def test_an_input_fills_every_open_parameter_of_its_name(dag):
    dag.add_node("c", lambda y: 10 * y).run(y=2)
    assert dag.results == {"a": 1, "b": 3, "c": 20}


def test_an_input_called_like_an_option_comes_in_the_mapping():
    assert DAG("flow").add_node("b", lambda timeout, mode: (timeout, mode)).run(
        {"timeout": 5, "mode": 6}
    ) == (5, 6)


def test_an_input_that_no_node_takes_is_refused_with_a_suggestion(dag):
    with pytest.raises(UnknownOptionError, match="did you mean 'max_workers'"):
        dag.run(max_worker=2)


def test_an_input_that_an_edge_feeds_is_refused_with_the_source(dag):
    with pytest.raises(UnknownOptionError, match="'x' of 'b' is fed by 'a'"):
        dag.run(x=2)


def test_every_unknown_input_is_reported_at_once(dag):
    with pytest.raises(UnknownOptionError) as caught:
        dag.run(first=1, second=2)
    assert len(caught.value.errors) == 2


def test_missing_inputs_are_reported_all_at_once_before_any_node_starts():
    called = []
    dag = (
        DAG("flow").add_node("free", lambda: called.append(1)).add_node("b", take).add_node("c", lambda z: z)
    )
    with pytest.raises(MissingInputError, match="'x' of 'b', 'z' of 'c'"):
        dag.run()
    assert called == []


def test_none_is_an_input_like_any_other():
    assert DAG("flow").add_node("b", lambda x=1: x).run(x=None) is None


def test_an_input_whose_name_is_no_text_is_refused_before_anything_runs():
    called = []
    dag = DAG("flow").add_node("any", lambda **inputs: called.append(inputs))
    with pytest.raises(ValidationError, match="but 1 is no name: give a string"):
        dag.run({1: 2})
    assert called == []


def test_an_input_of_one_node_alone_is_named_with_it():
    dag = DAG("wf")
    dag.add_node("a", lambda x: x).add_node("b", lambda x, y=0: (x, y)).add_node("c", lambda **more: more)
    dag.run({"x": 1, "b.x": 2, "b.y": 3, "c.z": 4})
    assert dag.results == {"a": 1, "b": (2, 3), "c": {"x": 1, "z": 4}}


def test_an_input_of_a_node_that_lacks_it_is_an_error():
    dag = DAG("wf").add_node("a", lambda x=0: x)
    with pytest.raises(UnknownOptionError, match=r"no node of 'wf' takes an input 'a\.y'"):
        dag.run({"a.y": 1})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_cycle", "no state of 'machine' takes an input 'max_cycle'; did you mean 'max_cycles'?"),
        ("has_cap", "no state of 'machine' takes an input 'has_cap'"),
    ],
)
def test_a_machine_suggests_its_own_options_and_has_no_others(name, text):
    fsm = FSM("machine").add_state("only", lambda: 1, initial=True)
    with pytest.raises(UnknownOptionError, match=text.replace("?", "[?]")):
        fsm.run(**{name: 5})
