import copy
import math
import pickle

import pytest

from fast_dag import CycleConfigurationError, UnknownOptionError
from fast_dag.cycles import ExpressionCondition, ThresholdCondition
from fast_dag.errors import NotSerializableError
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.cycle_data import register_condition


def settled(one, other):
    return True


register_condition("settled", settled)


def test_fields_have_the_defaults_of_the_contract():
    config = CycleConfig()
    assert (config.max_iterations, config.min_iterations, config.safety_cap) == (None, 1, 1000)
    assert (config.on_limit, config.on_nan, config.emit, config.combine) == ("warn", "raise", "last", "any")
    assert (config.history_limit, config.verdict_window, config.verdict_tolerance) == (10, 10, 1e-3)
    assert config.given == {}


def test_other_names_of_fields_are_taken():
    config = CycleConfig(cycle_id="fit", timeout=2, memory_limit=100, convergence_check="x > 1")
    assert config == CycleConfig(
        cycle_name="fit", timeout_seconds=2, memory_limit_mb=100, convergence_conditions=["x > 1"]
    )


def test_a_field_under_both_its_names_is_refused():
    with pytest.raises(CycleConfigurationError, match="timeout_seconds is given twice, also as timeout"):
        CycleConfig(timeout=1, timeout_seconds=2)


def test_an_unknown_field_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownOptionError, match="did you mean 'max_iterations'"):
        CycleConfig(max_iteration=3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_iterations", 0),
        ("max_iterations", -5),
        ("max_iterations", True),
        ("max_iterations", 2.0),
        ("min_iterations", 0),
        ("timeout", 0),
        ("timeout_seconds", math.inf),
        ("cpu_time_limit_seconds", -1),
        ("memory_limit", 0),
        ("memory_limit_mb", "10"),
        ("convergence_conditions", True),
        ("convergence_conditions", ""),
        ("convergence_conditions", [1, None]),
        ("combine", "some"),
        ("initial_parameters", [1]),
        ("parameter_mapping", {"a": 1}),
        ("objective", ""),
        ("direction", "up"),
        ("when", 3),
        ("early_stop", {"metric": "loss"}),
        ("early_stop", {"patience": 0}),
        ("early_stop", {"patience": 3, "metrics": "loss"}),
        ("verdict_window", 0),
        ("verdict_tolerance", 0),
        ("stop_on", "sideways"),
        ("until", "x > 1"),
        ("until", lambda cur: True),
        ("on_round", lambda value: None),
        ("emit", "all"),
        ("on_round", 1),
        ("on_limit", "ignore"),
        ("on_nan", "warn"),
        ("safety_cap", 0),
        ("preserve_state", 3),
        ("keep_state", 1),
        ("history_limit", -1),
        ("metric_history_limit", 0),
        ("parent_cycle", ""),
        ("description", None),
        ("metadata", {1: 2}),
        ("cycle_name", "a.b"),
        ("cycle_name", "__end__"),
    ],
)
def test_a_bad_value_is_refused_and_its_field_named(field, value):
    with pytest.raises(CycleConfigurationError, match=field if field != "cycle_name" else "cycle's name"):
        CycleConfig(**{field: value})


def test_one_value_stands_for_a_list_of_one():
    config = CycleConfig(convergence_conditions="x > 1", stop_on="plateau", preserve_state="best")
    assert config.convergence_conditions == ("x > 1",)
    assert (config.stop_on, config.preserve_state) == (("plateau",), ("best",))


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        CycleConfig().max_iterations = 3


def test_merging_takes_only_what_the_other_sets():
    one = CycleConfig(max_iterations=50, timeout=2.5, on_limit="raise")
    merged = one.merge(CycleConfig(max_iterations=None, on_limit="warn"))
    assert merged == CycleConfig(timeout=2.5)
    assert list(merged.given) == ["max_iterations", "timeout_seconds", "on_limit"]


def test_replacing_takes_other_names_too():
    assert CycleConfig(timeout=1, max_iterations=3).replace(timeout=2) == CycleConfig(
        timeout_seconds=2, max_iterations=3
    )


def test_its_text_shows_the_fields_that_are_set():
    assert (
        repr(CycleConfig(timeout=1, max_iterations=3)) == "CycleConfig(max_iterations=3, timeout_seconds=1)"
    )


@pytest.mark.parametrize(
    ("settings", "is_bounded"),
    [
        ({}, False),
        ({"min_iterations": 3}, False),
        ({"safety_cap": 10}, False),
        ({"cpu_time_limit_seconds": 1}, False),
        ({"max_iterations": 3}, True),
        ({"timeout": 1}, True),
        ({"convergence_conditions": "x > 1"}, True),
        ({"when": "x < 1"}, True),
        ({"early_stop": {"patience": 2}}, True),
        ({"stop_on": "plateau"}, True),
        ({"until": settled}, True),
    ],
)
def test_what_bounds_a_cycle(settings, is_bounded):
    assert CycleConfig(**settings).is_bounded is is_bounded


def test_fields_that_contradict_each_other_are_found():
    assert CycleConfig(max_iterations=5, min_iterations=5).validate() == []
    (text,) = CycleConfig(max_iterations=5, min_iterations=6).validate()
    assert text == "min_iterations (6) exceeds max_iterations (5)"


FULL = CycleConfig(
    cycle_name="fit",
    max_iterations=5,
    convergence_conditions=["x > 1", 3, {"type": "adaptive", "stages": [(1, "x > 2")]}, settled],
    early_stop={"patience": 2, "metric": "loss"},
    until=settled,
    preserve_state=("best",),
    metadata={"owner": {"name": "me"}, "list": [1, (2, 3)]},
)


def test_a_round_trip_over_plain_data_is_exact():
    again = CycleConfig.from_dict(FULL.to_dict())
    assert again == FULL
    assert repr(again) == repr(FULL)


def test_copies_and_pickles_are_equal():
    assert copy.deepcopy(FULL) == FULL
    assert pickle.loads(pickle.dumps(FULL)).given == FULL.given  # noqa: S301 - our own bytes


def test_a_function_nobody_registered_cannot_be_stored():
    with pytest.raises(NotSerializableError, match=r"until holds .*register_condition"):
        CycleConfig(until=lambda previous, current: True).to_dict()


def test_a_value_without_plain_form_cannot_be_stored():
    with pytest.raises(NotSerializableError, match=r"metadata\.x holds object"):
        CycleConfig(metadata={"x": object()}).to_dict()
    with pytest.raises(NotSerializableError, match=r"metadata has the key '\$function'"):
        CycleConfig(metadata={"$function": "settled"}).to_dict()


def test_reading_names_a_condition_that_is_not_registered():
    with pytest.raises(NotSerializableError, match=r"no condition 'setled'.*did you mean 'settled'"):
        CycleConfig.from_dict({"until": {"$function": "setled"}})


def test_reading_refuses_unknown_fields():
    with pytest.raises(UnknownOptionError, match="maximum"):
        CycleConfig.from_dict({"maximum": 3})


def test_a_name_stands_for_one_condition():
    assert register_condition("settled", settled) is settled
    with pytest.raises(ValueError, match="'settled' is taken"):
        register_condition("settled", print)
    with pytest.raises(ValueError, match="takes a name and a function"):
        register_condition("", print)


def test_condition_objects_are_stored_as_what_they_can_be_made_from():
    config = CycleConfig(
        convergence_conditions=[ThresholdCondition("q", ">", 3) | ExpressionCondition("done")]
    )
    stored = config.to_dict()
    assert CycleConfig.from_dict(stored).to_dict() == stored
    assert stored["convergence_conditions"]["$tuple"][0]["operator"] == "OR"
