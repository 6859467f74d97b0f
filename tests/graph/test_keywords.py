"""A keyword nobody knows is told apart, with the nearest known one."""

import pytest

from fast_dag import DAG, UnknownOptionError, ValidationError


def pair():
    """A DAG of two nodes that are not connected."""
    dag = DAG("pair")
    dag.add_node("a", lambda: 1)
    dag.add_node("b", lambda x=0: x)
    return dag


@pytest.mark.parametrize(
    ("call", "suggested"),
    [
        (lambda dag: DAG("x", autowired=True), "autowire"),
        (lambda dag: dag.connect("a", "b", inputs="x"), "input"),
        (lambda dag: dag.disconnect("a", "b", outputs="x"), "output"),
        (lambda dag: dag.can_connect("a", "b", inputs="x"), "input"),
        (lambda dag: dag.validate(check_type=True), "check_types"),
        (lambda dag: dag.validate_or_raise(strict_router=True), "strict_routers"),
        (lambda dag: dag.clone(names="x"), "name"),
        (lambda dag: dag.get_result("a", defualt=1), "default"),
        (lambda dag: dag.get("a", defualt=1), "default"),
        (lambda dag: dag.invalidate_cache(nam="a"), "name"),
    ],
)
def test_a_misspelt_keyword_is_refused_with_the_one_that_was_meant(call, suggested):
    with pytest.raises(UnknownOptionError, match=f"did you mean '{suggested}'"):
        call(pair())


def test_a_call_that_was_refused_has_changed_nothing():
    dag = pair()
    with pytest.raises(TypeError):
        dag.connect("a", "b", inputs="x")
    assert dag.connections == []


@pytest.mark.parametrize("options", [{"context": 5}, {"inputs": 5}])
def test_a_context_or_inputs_of_another_type_are_refused_before_anything_runs(options):
    with pytest.raises(ValidationError, match="got 5"):
        pair().run(**options)
    with pytest.raises(ValidationError, match="got 5"):
        pair().step(**options)
