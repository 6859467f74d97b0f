"""A node that sends its input one way or another, by comparing a field of it."""

import pickle
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from fast_dag import DAG, Node
from fast_dag.cycles.switch import SwitchNode
from fast_dag.errors import ConditionError, CycleConfigurationError, MissingInputError, MissingOutputError
from fast_dag.values import SelectReturn


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Reading:
    point: Point

    @property
    def secret(self):
        return 1


def in_a_dag(switch: SwitchNode) -> DAG:
    """A source with a run input, the switch, and a node behind each of its branches."""
    dag = DAG("switched")
    dag.add_node("source", lambda given: given)
    dag.add_node("check", switch, node_type=switch.node_type, outputs=switch.outputs)
    dag.connect("source", "check")
    for branch in switch.outputs:
        dag.add_node(f"at_{branch}", lambda value: value)
        dag.connect("check", f"at_{branch}", output=branch, input="value")
    return dag


@pytest.mark.parametrize(
    ("operator", "value", "branches"),
    [
        ("==", 2, "fTf"),
        ("!=", 2, "TfT"),
        (">", 2, "ffT"),
        ("<", 2, "Tff"),
        (">=", 2, "fTT"),
        ("<=", 2, "TTf"),
        ("in", (1, 3), "TfT"),
        ("not_in", (1, 3), "fTf"),
    ],
)
def test_each_operator_compares_the_field_with_the_value(operator, value, branches):
    switch = SwitchNode(condition_field="n", operator=operator, value=value)
    found = [switch({"n": n}).branch for n in (1, 2, 3)]
    assert found == ["true_output" if each == "T" else "false_output" for each in branches]


def test_without_settings_the_input_itself_is_compared_with_true():
    assert [SwitchNode()(given).branch for given in (True, False)] == ["true_output", "false_output"]


def test_the_branch_receives_the_input_itself():
    given = {"value": 12}
    assert SwitchNode(condition_field="value", operator=">=", value=10)(given).value is given


@pytest.mark.parametrize(
    "given",
    [{"point": {"x": 3}}, {"point": Point(3, 4)}, Reading(Point(3, 4))],
    ids=["mapping", "tuple", "data"],
)
def test_a_field_is_looked_up_by_dots_in_mappings_and_fields(given):
    assert SwitchNode(condition_field="point.x", value=3)(given).branch == "true_output"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("size", {"value": 1}),
        ("value.size", {"value": 1}),
        ("secret", Reading(Point(1, 2))),
        ("point.count", Reading(Point(1, 2))),
        ("__class__", Point(1, 2)),
        ("real", 3),
        ("0", [1]),
    ],
)
def test_what_is_no_key_or_field_is_missing(field, given):
    with pytest.raises(MissingOutputError, match=f"'check' finds no '{field}'"):
        SwitchNode("check", condition_field=field)(given)


def test_a_field_that_its_dataclass_never_set_is_missing():
    empty = object.__new__(Reading)
    with pytest.raises(MissingOutputError):
        SwitchNode(condition_field="point")(empty)


def test_the_error_for_a_missing_field_names_what_is_there():
    with pytest.raises(MissingOutputError, match="there are 'quality', 'loss'") as caught:
        SwitchNode("check", condition_field="qualty")({"quality": 1, "loss": 2})
    assert caught.value.node_name == "check"


@pytest.mark.parametrize(("operator", "value", "given"), [("<", 3, "a"), (">=", 3, None), ("in", {1}, [])])
def test_values_that_cannot_be_compared_are_a_condition_error(operator, value, given):
    with pytest.raises(ConditionError, match=f"'check' cannot compare .* by {operator}"):
        SwitchNode("check", operator=operator, value=value)(given)


def test_an_answer_without_a_truth_is_a_condition_error():
    class Vague:
        def __eq__(self, other):
            return self

        def __bool__(self):
            raise ValueError("ambiguous")

        __hash__ = None

    with pytest.raises(ConditionError, match="ambiguous"):
        SwitchNode()(Vague())


def test_values_of_different_types_are_unequal():
    assert SwitchNode(value="3")(3).branch == "false_output"


def test_cases_have_a_branch_each_and_a_default():
    switch = SwitchNode(condition_field="kind", cases={"small": 1, "large": 2})
    assert switch.outputs == ("case_small", "case_large", "default")
    assert [switch({"kind": kind}).branch for kind in (1, 2, 3)] == ["case_small", "case_large", "default"]


def test_cases_are_compared_by_the_operator_and_the_first_that_holds_is_taken():
    switch = SwitchNode(operator=">=", cases={"hot": 30, "warm": 20})
    assert [switch(degrees).branch for degrees in (35, 25, 5)] == ["case_hot", "case_warm", "default"]


def test_the_input_has_another_name():
    assert SwitchNode(value=1)(input_data=1) == SelectReturn("true_output", 1)


def test_none_is_an_input_like_any_other():
    assert SwitchNode(value=None)(None).branch == "true_output"


def test_without_an_input_it_says_so():
    with pytest.raises(MissingInputError, match="switch 'check' has no input"):
        SwitchNode("check")()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"operator": "=>"}, "operator must be one of == .*did you mean"),
        ({"operator": ["=="]}, "operator must be one of"),
        ({"condition_field": ""}, "condition_field must be keys"),
        ({"condition_field": "a..b"}, "condition_field must be keys"),
        ({"condition_field": 3}, "condition_field must be keys"),
        ({"operator": "in", "value": 3}, "needs a value that holds others"),
        ({"operator": "not_in", "cases": {"a": 1}}, "needs a value that holds others"),
        ({"cases": {}}, "cases must map labels"),
        ({"cases": [1]}, "cases must map labels"),
        ({"cases": {"a.b": 1}}, "cases must map labels"),
        ({"cases": {"a": 1}, "value": 3}, "either value=3 or cases"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(CycleConfigurationError, match=text):
        SwitchNode(**settings)


def test_as_a_node_it_takes_one_required_input():
    switch = SwitchNode("check")
    node = Node(switch, node_type=switch.node_type, outputs=switch.outputs)
    assert (node.name, node.inputs, [each.required for each in node.signature.inputs]) == (
        "check",
        ("input",),
        [True],
    )


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_in_a_dag_only_the_chosen_branch_runs(mode):
    dag = in_a_dag(SwitchNode(condition_field="value", operator=">=", value=10))
    assert dag.run(given={"value": 12}, mode=mode) == {"value": 12}
    assert dag.results["at_true_output"] == {"value": 12}
    assert list(dag.context.metadata["skipped"]) == ["at_false_output"]


def test_in_a_dag_the_default_takes_what_is_no_case():
    dag = in_a_dag(SwitchNode(cases={"one": 1}))
    assert dag.run(given=7) == 7
    assert list(dag.context.metadata["skipped"]) == ["at_case_one"]


def test_a_branch_it_does_not_have_is_refused_when_connecting():
    dag = in_a_dag(SwitchNode())
    with pytest.raises(Exception, match="no branch 'yes'"):
        dag.connect("check", "source", output="yes")


def test_its_name_may_be_changed_and_is_only_a_default():
    switch = SwitchNode()
    assert switch.name == "SwitchNode"
    switch.name = "gate"
    assert (Node(switch).name, Node(switch, name="door").name) == ("gate", "door")


def test_it_pickles():
    switch = pickle.loads(pickle.dumps(SwitchNode("check", operator="<", value=3)))  # noqa: S301 - our own
    assert (switch.name, switch(2).branch) == ("check", "true_output")


def test_its_repr_tells_the_comparison():
    assert repr(SwitchNode("check", "n", ">", 3)) == "<SwitchNode 'check': n > 3>"
    assert repr(SwitchNode("check", cases={"a": 1, "b": 2})) == "<SwitchNode 'check': input == one of a, b>"
