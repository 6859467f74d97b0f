"""Strategies by name."""

import pytest

from fast_dag.run.policy import Handlers, strategy_named


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("fail_fast", "fail_fast"),
        ("stop", "fail_fast"),
        ("continue_skip", "continue"),
        ("continue_none", "continue_none"),
    ],
)
def test_an_alias_means_the_strategy_it_stands_for(name, meaning):
    assert strategy_named(name) == meaning


@pytest.mark.parametrize("name", ["ignore", "", None, 3])
def test_an_unknown_strategy_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match="known are fail_fast, stop, continue"):
        strategy_named(name)


def test_handlers_are_true_when_there_is_anybody_to_ask():
    assert not Handlers()
    assert Handlers(run=print)
    assert Handlers({"a": print})
