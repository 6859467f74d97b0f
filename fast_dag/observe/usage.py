"""What a process has used since a first sample: running sums over samples."""

from __future__ import annotations

from fast_dag.observe.sampling import Sample


class Usage:
    """Memory and processor time over some samples, the *first* of which they are counted from.

    >>> usage = Usage(Sample(0.0, 100.0, 0.0))
    >>> usage.add(Sample(2.0, 110.0, 1.0))
    >>> usage.add(Sample(4.0, 106.0, 2.5))
    >>> usage.growth, usage.peak, usage.cpu_percent, usage.mean_cpu_percent
    (6.0, 110.0, 75.0, 62.5)
    >>> usage.efficiency
    0.8
    """

    def __init__(self, first: Sample) -> None:
        self.first = self.last = first
        self.peak = first.memory
        """Most memory that was seen, in MiB."""
        self.cpu_percent: float | None = None
        """Share of one processor between the last two samples, in percent; None before there are two."""
        self._memory, self._grown, self._count = 0.0, 0.0, 0

    def add(self, sample: Sample) -> None:
        """Take one more sample."""
        before, self.last = self.last, sample
        seconds = sample.time - before.time
        if sample.cpu is not None and before.cpu is not None and seconds > 0:
            self.cpu_percent = 100 * (sample.cpu - before.cpu) / seconds
        if sample.memory is not None and self.first.memory is not None:
            self.peak = max(self.peak or 0.0, sample.memory)
            self._memory += sample.memory
            # What was there before does not count as saved.
            self._grown += max(0.0, sample.memory - self.first.memory)
            self._count += 1

    @property
    def seconds(self) -> float:
        """Between the first and the last sample."""
        return self.last.time - self.first.time

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time used meanwhile."""
        if self.last.cpu is None or self.first.cpu is None:
            return None
        return self.last.cpu - self.first.cpu

    @property
    def mean_cpu_percent(self) -> float | None:
        """Share of one processor over all the time, in percent; None before any has passed."""
        used = self.cpu_seconds
        return None if used is None or self.seconds <= 0 else 100 * used / self.seconds

    @property
    def growth(self) -> float | None:
        """By how many MiB the last sample is above the first."""
        if self.last.memory is None or self.first.memory is None:
            return None
        return self.last.memory - self.first.memory

    @property
    def mean_memory(self) -> float | None:
        """MiB over all samples after the first; that one if there are no others."""
        return self._memory / self._count if self._count else self.first.memory

    @property
    def efficiency(self) -> float | None:
        """Mean growth in relation to the largest; 1.0 if nothing grew."""
        if self.peak is None or self.first.memory is None:
            return None
        most = self.peak - self.first.memory
        return self._grown / self._count / most if most > 0 else 1.0
