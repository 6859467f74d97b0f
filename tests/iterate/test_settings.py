"""The settings of a bounded iteration: what each may be, and what is said of it."""

import pytest

from fast_dag import CycleConfigurationError, UnknownOptionError
from fast_dag.iterate.settings import settings_of


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"max_rounds": 0}, "max_rounds must be an integer >= 1, got 0"),
        ({"max_rounds": True}, "max_rounds must be an integer >= 1, got True"),
        ({"max_rounds": 2.0}, "max_rounds must be an integer >= 1, got 2.0"),
        ({"max_rounds": "many"}, "max_rounds must be an integer >= 1, got 'many'"),
        ({"until": len}, "until must accept (prev, cur) or (prev, cur, round)"),
        ({"until": lambda a, b, c, d: True}, "until must accept (prev, cur) or (prev, cur, round)"),
        ({"on_round": lambda value: None}, "on_round must accept (round, value)"),
        (
            {"until": "fixed_point", "buffering": "stream"},
            "until needs the whole of a round: use buffering='full'",
        ),
        ({"max_buffer": 3}, "max_buffer is about items: set stream=True"),
    ],
)
def test_a_bad_setting_is_refused_by_name(given, text):
    with pytest.raises(CycleConfigurationError) as caught:
        settings_of("it", given)
    assert str(caught.value) == f"iteration 'it': {text}"


@pytest.mark.parametrize(
    "given",
    [
        {"emit": "all"},
        {"stream": 1},
        {"buffering": "half"},
        {"stop_on_empty": None},
        {"on_limit": "ignore"},
        {"timeout": 0},
        {"max_buffer": 0, "stream": True},
        {"history": "yes"},
        {"seed": ""},
        {"output": 3},
        {"until": "fixed point"},
    ],
)
def test_every_setting_is_checked(given):
    name = next(iter(given))
    with pytest.raises(CycleConfigurationError, match=f"iteration 'it': {name} "):
        settings_of("it", {"max_rounds": 3, **given})


def test_an_unknown_setting_gets_a_suggestion():
    with pytest.raises(UnknownOptionError, match=r"iteration 'it' takes no 'max_round'.*max_rounds"):
        settings_of("it", {"max_round": 3})


def test_something_has_to_end_it():
    for given in ({"max_rounds": 1}, {"until": "fixed_point"}, {"timeout": 1}):
        settings_of("it", given).check_end(has_signal=False)
    settings_of("it", {}).check_end(has_signal=True)
    with pytest.raises(CycleConfigurationError) as caught:
        settings_of("it", {}).check_end(has_signal=False)
    assert str(caught.value) == "iteration 'it': give max_rounds, until, timeout or a 'converged' port"


def test_streaming_items_implies_items():
    assert settings_of("it", {"max_rounds": 1, "buffering": "stream"}).stream
