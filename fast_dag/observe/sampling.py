"""Samples of what this process uses, each with its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time, time
from typing import Final, NamedTuple, Self

from fast_dag.errors import CycleConfigurationError
from fast_dag.observe.meter import Meter, ProcessMeter

CLOSE: Final = 0.002
"""Seconds between samples at the ends of iterations: one takes about 12 us, so less than 1 % of the time."""


class Sample(NamedTuple):
    """What was read at one time."""

    time: float
    """Seconds of a clock that never goes back."""
    memory: float | None
    """Resident memory of this process in MiB, None where it cannot be measured."""
    cpu: float | None
    """Processor seconds of this process, None where nobody wants them."""


@dataclass(frozen=True, kw_only=True)
class Instruments:
    """What samples are read from; tests bring others.

    >>> Instruments(cpu=lambda: 2.0, clock=lambda: 7.0).sample()
    Sample(time=7.0, memory=None, cpu=2.0)

    Parameters:
        memory: gives the resident memory in MiB, None where nothing tells it.
        cpu: gives processor seconds.
        clock: gives seconds of a clock that never goes back.
        now: gives seconds since 1970.
    """

    memory: Callable[[], float] | None = None
    cpu: Callable[[], float] | None = process_time
    clock: Callable[[], float] = perf_counter
    now: Callable[[], float] = time

    @classmethod
    def of_process(cls, *, is_memory_needed: bool) -> Self:
        """Those for this process.

        Raises:
            CycleConfigurationError: its memory is needed, and nothing here tells it.
        """
        try:
            meter: Meter = ProcessMeter()
        except CycleConfigurationError:
            if is_memory_needed:
                raise
            return cls()
        return cls(memory=meter.memory_mb, cpu=meter.cpu_seconds)

    def sample(self) -> Sample:
        """Read all of them."""
        memory = None if self.memory is None else self.memory()
        return Sample(self.clock(), memory, None if self.cpu is None else self.cpu())
