"""What the process uses is read from what is there."""

import pytest

from fast_dag.errors import CycleConfigurationError
from fast_dag.observe import meter
from fast_dag.observe.meter import ProcessMeter


@pytest.mark.parametrize("source", meter.SOURCES)
def test_every_source_sees_memory_that_is_taken(source, monkeypatch):
    monkeypatch.setattr(meter, "SOURCES", (source,))
    read = ProcessMeter()
    before = read.memory_mb()
    block = bytearray(64 * 1024 * 1024)
    # The last one only knows the most there has been, which earlier tests may have been.
    assert read.memory_mb() >= before > 0
    del block


def test_processor_time_grows_with_work():
    read = ProcessMeter()
    before = read.cpu_seconds()
    while read.cpu_seconds() == before:
        sum(range(1000))
    assert read.cpu_seconds() > before


def test_a_system_that_tells_nothing_is_an_error(monkeypatch):
    monkeypatch.setattr(meter, "SOURCES", ())
    with pytest.raises(CycleConfigurationError, match="cannot be measured"):
        ProcessMeter()


def test_a_source_that_is_not_there_is_passed_over(monkeypatch):
    def missing():
        raise ImportError("no such module")

    monkeypatch.setattr(meter, "SOURCES", (missing, *meter.SOURCES))
    assert ProcessMeter().memory_mb() > 0
