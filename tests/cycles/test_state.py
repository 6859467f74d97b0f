"""The public names of cycle state, and the clock they bring."""

import time

import pytest

from fast_dag import cycles
from fast_dag.cycles import CycleState

NAMES = [
    "CycleAwareNode",
    "CycleContext",
    "CycleState",
    "CycleStateError",
    "CycleStateManager",
    "register_codec",
]


@pytest.mark.parametrize("name", [*NAMES, "FileStateStore", "MemoryStateStore", "StateCodec"])
def test_a_name_of_the_contract_can_be_imported(name):
    assert getattr(cycles, name).__module__.startswith("fast_dag.")
    assert name in cycles.__all__


def test_a_state_that_somebody_makes_counts_real_seconds():
    state, started = CycleState("mine"), time.monotonic()
    assert 0 <= state.elapsed_time <= time.monotonic() - started + 1
    while not state.elapsed_time:
        pass
