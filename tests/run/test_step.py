"""The arguments of a step, and how its answer is read."""

import dataclasses
from collections import UserDict
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    ConditionalReturn,
    ConditionError,
    Context,
    MissingOutputError,
    RouterError,
    SelectReturn,
)


class NumPyBool:
    """Like the bool of NumPy, which these tests do not need."""

    def __init__(self, holds):
        self.holds = holds

    def __bool__(self):
        return self.holds

    def item(self):
        return self.holds


NumPyBool.__name__ = "bool_"


class Pair(NamedTuple):
    low: int
    high: int


@dataclasses.dataclass
class Span:
    low: int
    high: int

    def width(self):
        return self.high - self.low


def part(value, output, *, optional=False, **options):
    """What an edge from *output* of a node that returns *value* brings."""
    dag = DAG("parts").add_node("source", lambda: value, **options).add_node("target", lambda x="default": x)
    return dag.connect("source", "target", output=output, optional=optional).run()


def called(function, **inputs):
    return DAG("call").add_node("target", function).run(inputs)


def routed(answer, *branches, node_type="select", **options):
    """A DAG after a run in which a router gave *answer*; each branch leads to a node of its name."""
    dag = DAG("routes").add_node("route", lambda given=5: answer, node_type=node_type, **options)
    for branch in branches:
        dag.add_node(branch, lambda x: x).connect("route", branch, output=branch)
    dag.run()
    return dag


def joined(function, node_type, **sources):
    """What an any or all node is given by sources with these values."""
    dag = DAG("join").add_node("join", function, node_type=node_type)
    for name, value in sources.items():
        dag.add_node(name, lambda value=value: value).connect(name, "join")
    return dag.run()


def test_arguments_are_passed_as_the_function_takes_them():
    def mixed(first, /, second, *, third, fourth=4):
        return first, second, third, fourth

    assert called(mixed, first=1, second=2, third=3) == (1, 2, 3, 4)


def test_a_renamed_keyword_only_input_is_passed_under_its_own_name():
    def power(base, *, exponent):
        return base**exponent

    assert DAG("flow").add_node("a", power, inputs=["x", "n"]).run(x=2, n=5) == 32


def test_inputs_named_for_star_args_are_passed_in_order():
    dag = DAG("flow").add_node("a", lambda *numbers: numbers, inputs=["x", "y"])
    assert dag.run(y=2, x=1) == (1, 2)


def test_a_function_of_any_name_gets_run_inputs_and_edges_by_name():
    dag = DAG("flow").add_node("a", lambda: 1).add_node("b", lambda **values: values)
    assert dag.connect("a", "b", input="first").run(second=2) == {"first": 1, "second": 2}


def test_the_context_is_put_where_the_function_takes_it():
    def use(x, run: Context, *, context):
        return x, run is context

    assert called(use, x=1) == (1, True)


def test_a_bound_method_is_called_on_its_instance():
    assert called("a b".split, maxsplit=0) == ["a b"]


def test_a_wrapper_without_wraps_gets_the_inputs_of_the_function_it_wraps():
    def doubled(function):
        def wrapper(*args, **kwargs):
            return 2 * function(*args, **kwargs)

        return wrapper

    def add(x, *, y):
        return x + y

    assert called(doubled(add), x=1, y=2) == 6


@pytest.mark.parametrize("output", [None, "result"])
@pytest.mark.parametrize("value", [{"result": 1}, (1, 2), Pair(1, 2)])
def test_the_whole_value_is_never_unpacked(value, output):
    assert part(value, output) is value


@pytest.mark.parametrize(
    "value", [{"low": 1, "high": 2}, UserDict(low=1, high=2), Pair(1, 2), Span(1, 2)], ids=repr
)
def test_a_part_is_found_by_key_or_field(value):
    assert part(value, "high") == 2


@pytest.mark.parametrize("value", [(1, 2), {"low": 1, "high": 2}, Pair(1, 2), Span(1, 2)], ids=repr)
def test_a_declared_output_is_found_by_position_key_or_field(value):
    assert part(value, "high", outputs=["low", "high"]) == 2


def test_a_part_that_is_none_is_there():
    assert part({"low": None}, "low") is None


@pytest.mark.parametrize(
    ("value", "output", "there"),
    [
        ({"low": 1}, "high", "a mapping with 'low'"),
        ({}, "high", "a mapping with no keys"),
        (dict.fromkeys(range(10_000), 1), "high", "a mapping with 0, .* 19, 9980 more$"),
        ({"x" * 10_000: 1}, "high", r"a mapping with 'x{,60}\.\.\.x{,60}'$"),
        (Pair(1, 2), "count", "a Pair with low, high"),
        (Span(1, 2), "width", "a Span with low, high"),
        ((1, 2), "high", "a tuple of 2"),
        (5, "real", "a int"),
    ],
)
def test_a_part_that_is_not_there_is_an_error_that_says_what_is(value, output, there):
    with pytest.raises(MissingOutputError, match=f"'source' gave no output '{output}'.* it gave {there}"):
        part(value, output)


def test_a_declared_position_beyond_the_tuple_is_an_error():
    with pytest.raises(MissingOutputError, match="it gave a tuple of 1"):
        part((1,), "high", outputs=["low", "high"])


def test_an_optional_edge_without_its_part_is_dead():
    dag = DAG("flow").add_node("a", lambda: {}).add_node("b", lambda: 1)  # noqa: PIE807 - a node of its own
    dag.add_node("c", lambda x, y="default": (x, y)).connect("b", "c")
    assert dag.connect("a", "c", output="rows", optional=True).run() == (1, "default")


@pytest.mark.parametrize(
    "answer", [True, NumPyBool(True), ConditionalReturn(True), ConditionalReturn(NumPyBool(True))]
)
def test_a_condition_that_holds_takes_the_true_branch(answer):
    assert routed(answer, "true", "false", node_type="conditional").context.branches == {"route": "true"}


@pytest.mark.parametrize("answer", [False, NumPyBool(False), ConditionalReturn(False)])
def test_a_condition_that_does_not_hold_takes_the_false_branch(answer):
    assert routed(answer, "true", "false", node_type="conditional").context.branches == {"route": "false"}


@pytest.mark.parametrize("answer", [None, 1, 0, "true", [], SelectReturn("true"), ConditionalReturn("yes")])
def test_a_condition_that_answers_something_else_is_an_error(answer):
    with pytest.raises(ConditionError, match="condition 'route' must return a bool or a ConditionalReturn"):
        routed(answer, "true", node_type="conditional")


def test_a_bool_passes_the_first_input_on():
    assert routed(True, "true", node_type="conditional")["true"] == 5


def test_a_bool_of_a_node_without_inputs_passes_itself_on():
    dag = DAG("flow").add_node("check", lambda: True, node_type="conditional").add_node("a", lambda x: x)
    assert dag.connect("check", "a", output="true").run() is True


def test_the_context_is_not_the_first_input_of_a_condition():
    dag = DAG("flow").add_node("check", lambda context, x: True, node_type="conditional")
    dag.add_node("a", lambda y: y).connect("check", "a", output="true")
    assert dag.run(x=3) == 3


def test_a_conditional_return_passes_its_value_on():
    assert routed(ConditionalReturn(False, "v"), "false", node_type="conditional")["false"] == "v"


def test_the_result_of_a_condition_is_its_bool():
    assert routed(True, "true", node_type="conditional")["route"] is True


@pytest.mark.parametrize(
    ("answer", "kind"), [(ConditionalReturn(True, "v"), "conditional"), (SelectReturn("a", "v"), "select")]
)
def test_the_result_of_a_return_object_is_its_value(answer, kind):
    assert routed(answer, {"conditional": "true", "select": "a"}[kind], node_type=kind)["route"] == "v"


def test_a_router_that_is_an_exit_gives_the_value_of_the_run():
    dag = DAG("flow").add_node("pick", lambda: SelectReturn("left", 3), node_type="select", outputs=["left"])
    assert dag.run() == 3


def test_only_the_chosen_branch_runs():
    dag = routed(SelectReturn("left", 1), "left", "right")
    assert dag.results == {"route": 1, "left": 1}


@pytest.mark.parametrize("branch", ["up", "", None, 5, ["left"]])
def test_an_unknown_branch_is_an_error_that_lists_the_branches(branch):
    with pytest.raises(
        RouterError, match=r"'route' chose the unknown branch .*; branches: left, right"
    ) as caught:
        routed(SelectReturn(branch), "left", "right")
    assert (caught.value.returned, caught.value.targets) == (branch, ("left", "right"))


@pytest.mark.parametrize("branch", ["up", None, ["left"]])
def test_an_unknown_branch_goes_to_the_default_one(branch):
    assert routed(SelectReturn(branch, 3), "left", "default")["default"] == 3


def test_a_declared_branch_that_is_not_wired_leads_nowhere():
    dag = routed(SelectReturn("right", 3), "left", "default", outputs=["left", "right"])
    assert (dag.results, dag.context.branches) == ({"route": 3}, {"route": "right"})


@pytest.mark.parametrize("answer", [None, "left", True, ConditionalReturn(True)])
def test_a_select_that_answers_something_else_is_an_error(answer):
    with pytest.raises(ConditionError, match="select node 'route' must return a SelectReturn"):
        routed(answer, "left")


def test_several_parameters_of_an_all_node_get_each_their_source():
    assert joined(lambda b, a: (b, a), "all", a=1, b=2) == (2, 1)


def test_the_winner_of_an_any_node_has_its_value_and_the_others_none_or_their_default():
    assert joined(lambda a, b, c="default": (a, b, c), "any", a=1, b=2, c=3) == (1, None, "default")


@pytest.mark.parametrize("function", [lambda data: data, lambda inputs: inputs])
def test_a_parameter_called_data_or_inputs_gets_a_dict_by_source(function):
    assert joined(function, "all", a=1, b=2) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "annotation", [dict, dict[str, int] | None, "dict | None", "Mapping[str, int]"], ids=str
)
def test_a_parameter_annotated_as_a_dict_gets_one(annotation):
    def join(values):
        return values

    join.__annotations__["values"] = annotation
    assert joined(join, "all", a=1, b=2) == {"a": 1, "b": 2}


def test_a_dict_is_keyed_by_the_alias_given_as_input():
    dag = DAG("flow").add_node("a", lambda: 1).add_node("join", lambda data: data, node_type="all")
    assert dag.connect("a", "join", input="left").run() == {"left": 1}


def test_the_dict_of_an_any_node_has_one_key():
    assert joined(lambda data: data, "any", a=1, b=2) == {"a": 1}


@pytest.mark.parametrize("annotation", [list, list[int], Sequence[int], "list[int]"], ids=str)
def test_a_parameter_annotated_as_a_list_gets_the_values_in_connection_order(annotation):
    def join(values):
        return values

    join.__annotations__["values"] = annotation
    assert joined(join, "all", b=2, a=1) == [2, 1]


def test_another_single_parameter_of_an_all_node_gets_the_list_of_several():
    assert joined(lambda value: value, "all", a=1, b=2) == [1, 2]


@pytest.mark.parametrize("node_type", ["any", "all"])
def test_another_single_parameter_gets_the_value_of_a_single_source(node_type):
    assert joined(lambda value: value, node_type, a=1) == 1


def test_another_single_parameter_of_an_any_node_gets_the_first_value():
    assert joined(lambda value: value, "any", a=1, b=2) == 1


def test_the_context_is_no_parameter_that_joins():
    assert joined(lambda data, context: (data, len(context.results)), "all", a=1) == ({"a": 1}, 1)


def test_an_any_node_takes_the_value_of_a_live_edge_past_dead_ones():
    assert joined(lambda value: value, "any", a=NO_DATA, b=2) == 2


def test_an_any_node_is_skipped_when_all_its_edges_are_dead():
    assert joined(lambda value: value, "any", a=NO_DATA, b=NO_DATA) is None


def test_an_all_node_is_skipped_when_one_edge_is_dead():
    assert joined(lambda data: data, "all", a=NO_DATA, b=2) is None


def test_a_required_parameter_behind_a_dead_edge_skips_its_node():
    dag = DAG("flow").add_node("a", lambda: NO_DATA).add_node("b", lambda x: x).connect("a", "b")
    dag.run()
    assert dag.context.metadata["skipped"] == {"b": "'a' gave no data"}


def test_a_defaulted_parameter_behind_a_dead_edge_takes_its_default():
    dag = DAG("flow").add_node("a", lambda: NO_DATA).add_node("b", lambda: 1)
    dag.add_node("c", lambda x, y="default": (x, y)).connect("b", "c").connect("a", "c")
    assert dag.run() == (1, "default")


def test_a_node_whose_edges_are_all_dead_is_skipped_despite_its_defaults():
    dag = DAG("flow").add_node("a", lambda: NO_DATA).add_node("b", lambda x=1: x).connect("a", "b")
    dag.run()
    assert "b" not in dag.results


def test_a_node_that_returns_no_data_has_run_without_a_result():
    dag = DAG("flow").add_node("a", lambda: NO_DATA)
    dag.run()
    assert (dag.results, dag.get_metrics()["execution_order"]) == ({}, ["a"])
