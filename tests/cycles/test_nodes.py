"""Nodes as classes, outside of a cycle; within one they stand in tests/conformance/test_cycle_state.py."""

import pytest

from fast_dag import DAG
from fast_dag.cycles.nodes import CycleAwareNode


class Scale(CycleAwareNode):
    """Scales a number."""

    def run(self, value, factor=2):
        return value * factor


class Anything(CycleAwareNode):
    def run(self, **inputs):
        return inputs


class Wilful(CycleAwareNode):
    def __init__(self):
        self.calls = []

    def run(self):
        return self.name, self.config


def test_outside_of_a_cycle_a_node_is_in_the_first_and_last_iteration():
    node = Scale()
    assert (node.get_iteration(), node.is_first_iteration(), node.is_last_iteration()) == (0, True, True)
    assert node.get_cycle_progress() == 1.0
    assert node.get_previous_state() == {}
    assert node.get_cycle_state() == {}
    assert node.should_continue_cycle()
    assert node.get_cycle_info()["iteration"] == 0


def test_what_is_kept_outside_of_a_cycle_is_thrown_away():
    node = Scale()
    node.set_cycle_state("x", 1)
    assert node.get_cycle_state("x", "nothing") == "nothing"


@pytest.mark.parametrize("added", [Scale, Scale(), Scale(name="other")])
def test_a_class_is_added_like_an_instance(added):
    dag = DAG("scaled")
    dag.add_node("scale", added)
    assert dag.run(value=3) == 6
    assert dag.nodes["scale"].description == "Scales a number."


def test_a_node_is_called_like_its_class_unless_it_has_a_name():
    dag = DAG("names")
    node = Scale()
    node.name = "late"
    dag.add_node(Scale)
    dag.add_node(Scale(name="own"))
    dag.add_node(node)
    assert list(dag.nodes) == ["Scale", "own", "late"]


def test_the_config_fills_parameters_of_the_same_name():
    dag = DAG("scaled")
    dag.add_node("scale", Scale(factor=5, unused=1))
    assert dag.nodes["scale"].inputs == ("value", "factor")
    assert dag.run(value=3) == 15
    assert dag.run(value=3, factor=7) == 21


def test_a_node_that_takes_any_name_is_given_its_whole_config():
    dag = DAG("anything")
    dag.add_node("take", Anything(rate=0.1))
    assert dag.run() == {"rate": 0.1}
    assert dag.run(rate=0.2, more=1) == {"rate": 0.2, "more": 1}


def test_a_class_need_not_call_the_constructor():
    dag = DAG("wilful")
    dag.add_node("w", Wilful())
    assert dag.run() == ("Wilful", {})


def test_a_node_without_run_says_so():
    with pytest.raises(NotImplementedError, match="Empty has no run method"):
        type("Empty", (CycleAwareNode,), {})().run()


def test_a_value_without_a_key_is_refused():
    with pytest.raises(TypeError, match="lacks a value"):
        Scale().set_cycle_state("x")


def test_the_trend_of_no_values_is_insufficient_data():
    node = Scale()
    assert node.detect_convergence_trend([]).direction == "insufficient_data"
    assert not node.detect_convergence_trend(key="never kept")
    assert node.detect_convergence_trend([1.0, 1.0, 1.0])["plateau_detected"]
    assert node.detect_convergence_trend([3, 2, 1], direction="minimize").direction == "improving"
    with pytest.raises(ValueError, match="give values, or the key"):
        node.detect_convergence_trend()
