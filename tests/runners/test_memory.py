"""The memory of the process while a block runs."""

import threading

import pytest

from fast_dag.observe.meter import MIB, ProcessMeter
from fast_dag.runners.memory import MemorySampler
from tests.conformance.modes import comes_true


def sampler(**options):
    return MemorySampler(ProcessMeter().memory_mb, **options)


def samplers():
    return [each for each in threading.enumerate() if each.name == "fast_dag memory"]


def touched(mebibytes):
    """Memory that has been written to, so that it is resident."""
    return bytearray(b"x") * (mebibytes * MIB)


def test_what_is_allocated_and_freed_within_the_block_shows_in_the_peak():
    with sampler() as memory:
        before = memory.usage()["start_mb"]
        block = touched(60)
        assert comes_true(lambda: memory.usage()["peak_mb"] > before + 50)
        del block
        after = memory.sample()
    usage = memory.usage()
    assert usage["start_mb"] == before
    assert usage["peak_mb"] > before + 50 > after


def test_what_is_there_at_the_end_shows_in_the_peak_of_a_sampler_that_never_looked_in_between():
    with sampler(interval=1000) as memory:
        block = touched(60)
    assert memory.usage()["peak_mb"] > memory.usage()["start_mb"] + 50
    del block


def test_a_sample_can_be_taken_at_any_time():
    with sampler(interval=1000) as memory:
        before = memory.usage()["start_mb"]
        block = touched(60)
        assert memory.sample() > before + 50
        del block
        assert memory.usage()["peak_mb"] > before + 50


def test_the_peak_is_never_below_the_start():
    block = touched(60)
    with sampler() as memory:
        del block
    assert memory.usage()["peak_mb"] >= memory.usage()["start_mb"] > 0


def test_one_daemon_thread_watches_and_has_ended_when_the_block_is_left():
    with sampler():
        (thread,) = samplers()
        assert thread.daemon
    assert samplers() == []


def test_leaving_the_block_does_not_wait_for_the_next_sample():
    with sampler(interval=1000):
        pass
    assert samplers() == []


def test_an_exception_passes_and_the_thread_ends():
    with pytest.raises(KeyError, match="mine"), sampler() as memory:
        raise KeyError("mine")
    assert samplers() == []
    assert memory.usage()["start_mb"] > 0


def test_a_sampler_can_be_used_again():
    memory = sampler()
    with memory:
        block = touched(60)
        memory.sample()
    first = memory.usage()
    del block
    with memory:
        pass
    assert memory.usage()["peak_mb"] < first["peak_mb"]


@pytest.mark.parametrize("interval", [0, -1, "soon", float("nan")])
def test_an_interval_is_a_positive_number_of_seconds(interval):
    with pytest.raises(ValueError, match="interval must be a number of seconds > 0"):
        MemorySampler(float, interval)
