"""Divergence: the first difference, as a frozen value."""

from dataclasses import FrozenInstanceError

import pytest

from fast_dag import Divergence


def test_a_divergence_tells_where_what_and_why():
    found = Divergence(3, "load", "parse", "another node comes next")
    assert (found.index, found.ours, found.theirs) == (3, "load", "parse")
    assert found == Divergence(3, "load", "parse", "another node comes next")
    assert "another node comes next" in str(found)


def test_a_divergence_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Divergence(0, None, None, "").reason = "another"
