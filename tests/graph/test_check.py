"""The problems of a definition, all at once."""

import copy
import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, Optional, Protocol, TypeVar, Union

import pytest

from fast_dag import DAG, CycleError, DisconnectedNodeError, ValidationError
from fast_dag.graph.check import compatible

T = TypeVar("T")


class Row(NamedTuple):
    size: int


class Sized(Protocol):
    size: int


class Base:
    pass


class Derived(Base):
    pass


def give():
    return 1


def take(x, y=0):
    return x, y


def ring(*names):
    """A DAG whose nodes form a ring in this order."""
    dag = DAG("ring")
    for name in names:
        dag.add_node(name, take)
    for source, target in zip(names, [*names[1:], names[0]], strict=True):
        dag.connect(source, target)
    return dag


def typed(given, taken, **options):
    """A DAG whose one edge goes from a function that returns *given* to one that takes *taken*."""

    def a():
        return 1

    def b(x):
        return x

    a.__annotations__["return"] = given
    b.__annotations__["x"] = taken
    dag = DAG("typed").add_node("a", a).add_node("b", b, **options)
    return dag.connect("a", "b", input=options.get("inputs", ["x"])[0])


def broken():
    """A DAG with a ring and a crowded input."""
    dag = ring("a", "b")
    return dag.add_node("c", give).add_node("d", take).connect("a", "d").connect("c", "d", input="x")


def pickled(problem):
    return pickle.loads(pickle.dumps(problem))  # noqa: S301 - our own bytes


def errors(dag, **options):
    return [problem for problem in dag.validate(**options) if problem.severity == "error"]


def warnings(dag, **options):
    return [problem for problem in dag.validate(**options) if problem.severity == "warning"]


def test_a_sound_graph_has_no_problems():
    assert DAG("flow").add_node("a", give).add_node("b", take).connect("a", "b").validate() == []


def test_one_node_alone_has_no_problems():
    assert DAG("flow").add_node("a", give).validate() == []


def test_an_empty_graph_has_an_error():
    assert errors(DAG("flow")) == ["'flow' has no nodes"]


def test_a_ring_that_nobody_declared_is_an_error_that_names_the_path():
    (problem,) = errors(ring("a", "b", "c"))
    assert "a -> b -> c -> a" in problem


def test_a_node_connected_to_itself_is_a_ring():
    (problem,) = errors(ring("a"))
    assert "a -> a" in problem


def test_each_ring_is_an_error_of_its_own():
    dag = ring("a", "b")
    for name in ("c", "d"):
        dag.add_node(name, take)
    dag.connect("c", "d").connect("d", "c")
    assert [problem.nodes for problem in errors(dag)] == [("a", "b", "a"), ("c", "d", "c")]


def test_two_connections_into_one_input_are_an_error_with_the_remedy():
    dag = DAG("flow").add_node("a", give).add_node("b", give).add_node("c", take)
    dag.connect("a", "c", input="x").connect("b", "c", input="x")
    (problem,) = errors(dag)
    assert problem.startswith("input 'x' of 'c' has several connections (a, b); use @dag.any")


@pytest.mark.parametrize("node_type", ["any", "all"])
def test_two_connections_into_one_of_several_inputs_of_a_joining_node_are_an_error(node_type):
    dag = DAG("flow").add_node("a", give).add_node("b", give).add_node("c", take, node_type=node_type)
    dag.connect("a", "c", input="x").connect("b", "c", input="x")
    assert [problem.kind for problem in errors(dag)] == ["input"]


@pytest.mark.parametrize("node_type", ["any", "all"])
def test_many_connections_into_the_one_input_of_a_joining_node_are_fine(node_type):
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    dag.add_node("c", lambda value: value, node_type=node_type).connect("a", "c").connect("b", "c")
    assert errors(dag) == []


def test_an_alias_that_is_repeated_is_an_error():
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    dag.add_node("c", lambda data: data, node_type="all")
    dag.connect("a", "c", input="left").connect("b", "c", input="left")
    (problem,) = errors(dag)
    assert "'c' is given 'left' 2 times" in problem


def test_a_branch_that_is_not_wired_is_a_warning():
    dag = DAG("flow").add_node("check", give, node_type="conditional").add_node("a", take)
    dag.connect("check", "a", output="true")
    assert warnings(dag) == ["branch 'false' of 'check' is not connected"]


def test_a_declared_branch_of_a_select_that_is_not_wired_is_a_warning():
    dag = (
        DAG("flow").add_node("pick", give, node_type="select", outputs=["left", "right"]).add_node("a", take)
    )
    dag.connect("pick", "a", output="left")
    assert warnings(dag) == ["branch 'right' of 'pick' is not connected"]


def test_a_select_without_declared_branches_is_a_warning_when_routers_are_strict():
    dag = DAG("flow").add_node("pick", give, node_type="select").add_node("a", take)
    dag.connect("pick", "a", output="left")
    assert (len(warnings(dag)), len(warnings(dag, strict_routers=True))) == (0, 1)


def test_a_disconnected_node_is_a_warning():
    dag = ring("a").add_node("lone", give)
    assert [(each.kind, each.nodes) for each in warnings(dag)] == [("disconnected", ("lone",))]


def test_a_disconnected_node_is_an_error_when_none_are_allowed():
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    assert [each.nodes for each in errors(dag, allow_disconnected=False)] == [("a",), ("b",)]


def test_a_problem_is_its_own_text():
    (problem,) = DAG("flow").validate()
    assert (problem, type(problem.message)) == (problem.message, str)


def test_a_problem_tells_its_severity_and_kind():
    (problem,) = DAG("flow").validate()
    assert (problem.severity, problem.kind) == ("error", "empty")


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_a_problem_keeps_its_data_when_it_is_copied(clone):
    (problem,) = warnings(ring("a").add_node("lone", give))
    twin = clone(problem)
    assert (twin, twin.severity, twin.kind, twin.nodes) == (problem, "warning", "disconnected", ("lone",))


def test_one_error_holds_every_problem_of_every_kind():
    with pytest.raises(ValidationError) as caught:
        broken().validate_or_raise(allow_disconnected=False)
    assert len(caught.value.errors) == 2


def test_problems_of_several_kinds_are_a_plain_validation_error():
    with pytest.raises(ValidationError) as caught:
        broken().validate_or_raise()
    assert type(caught.value) is ValidationError


def test_an_error_of_several_problems_numbers_them():
    with pytest.raises(ValidationError, match=r"^'ring' has 2 problems:\n  1\. .*\n  2\. .*$"):
        broken().validate_or_raise()


def test_rings_alone_are_a_cycle_error_that_holds_them():
    with pytest.raises(CycleError) as caught:
        ring("a", "b").validate_or_raise()
    assert caught.value.cycles == [["a", "b", "a"]]


def test_disconnected_nodes_alone_are_a_disconnected_node_error():
    dag = DAG("flow").add_node("a", give).add_node("b", give)
    with pytest.raises(DisconnectedNodeError):
        dag.validate_or_raise(allow_disconnected=False)


def test_warnings_raise_nothing():
    assert DAG("flow").add_node("a", give).add_node("b", give).validate_or_raise() is None


def test_a_graph_with_warnings_is_valid():
    assert DAG("flow").add_node("a", give).add_node("b", give).is_valid


def test_a_graph_with_errors_is_not_valid():
    assert not broken().is_valid


def test_validity_follows_an_edit_at_once():
    dag = ring("a", "b")
    dag.disconnect("b", "a")
    assert dag.is_valid


def test_types_are_not_compared_unless_asked_for():
    assert errors(typed(int, str)) == []


def test_a_type_mismatch_names_both_ports_and_types():
    assert errors(typed(int, str), check_types=True) == ["type mismatch a.result: int -> b.x: str"]


def test_a_quoted_annotation_is_compared_too():
    assert len(errors(typed("int", "str"), check_types=True)) == 1


def test_an_annotation_that_names_nothing_is_compatible():
    assert errors(typed("Nowhere", str), check_types=True) == []


def test_a_renamed_input_is_compared_under_its_new_name():
    dag = typed(int, str, inputs=["text"])
    assert errors(dag, check_types=True) == ["type mismatch a.result: int -> b.text: str"]


def test_a_part_of_a_value_is_compatible_with_anything():
    dag = typed(dict, str)
    dag.disconnect("a", "b").connect("a", "b", output="rows")
    assert errors(dag, check_types=True) == []


def test_a_wrapper_that_cannot_be_read_is_compatible_with_anything():
    def decorate(first, second):
        def wrapper(*args, **kwargs):
            return first, second

        return wrapper

    dag = typed(int, str).add_node("c", decorate(give, take), inputs=["x"])
    assert len(errors(dag.connect("a", "c"), check_types=True)) == 1


def test_type_mismatches_raise_with_the_other_errors():
    with pytest.raises(ValidationError, match="type mismatch"):
        typed(int, str).validate_or_raise(check_types=True)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (int, int),
        (bool, int),
        (int, float),
        (Derived, Base),
        (Any, str),
        (int, Any),
        (int, object),
        (int, int | None),
        (int, Optional[int]),  # noqa: UP045 - this spelling is tested too
        (Union[int, bool], int),  # noqa: UP007 - and this
        (None, int | None),
        (type(None), None),
        (list[int], list),
        (list[int], Sequence[int]),
        (list, Iterable),
        (dict[str, int], dict),
        (int, T),
        (T, int),
        (Literal["a"], str),
        (Row, Sized),
        (give, Callable),
        (type, Callable[..., Any]),
        (Row, tuple),
    ],
)
def test_types_that_may_fit_are_compatible(given, taken):
    assert compatible(given, taken)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (int, str),
        (float, int),
        (Base, Derived),
        (int | None, int),
        (int | str, int),
        (None, int),
        (int, None),
        (str, int | None),
        (list[int], dict),
        (set, Sequence),
        (object, int),
    ],
)
def test_types_that_cannot_fit_are_not_compatible(given, taken):
    assert not compatible(given, taken)
