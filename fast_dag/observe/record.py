"""What was seen of runs since somebody began to watch, and how well they go."""

from __future__ import annotations

from array import array
from collections import deque

from fast_dag.observe import health
from fast_dag.observe.aims import Aim
from fast_dag.observe.findings import CycleFacts, Facts
from fast_dag.observe.medians import Median
from fast_dag.observe.usage import Usage
from fast_dag.run.violation import Violation


class Record:
    """What was seen; 24 bytes an iteration.

    Parameters:
        usage: what the process uses meanwhile.
    """

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self.violations: list[Violation] = []
        self.durations = array("d")
        """Seconds of each iteration."""
        self.memory = array("d")
        """MiB at the end of iterations: of all of them, unless they are short."""
        self.sampled = array("l")
        """How many had ended when each of these was read."""
        self._ended = 0
        self.nodes: dict[str, float] = {}
        """Seconds spent in each node."""
        self.cycles: list[CycleFacts] = []
        self.wall = 0.0
        """Seconds of runs that are over."""
        self.index: int | None = None
        """Of the iteration that was last under way."""
        self.aim: Aim | None = None
        """Of the cycle that it was of."""
        self._median = Median()
        self._recent: deque[tuple[float, bool]] = deque(maxlen=health.RECENT)
        """Seconds of iterations, and whether they failed."""

    def add_iteration(self, seconds: float, *, is_failed: bool) -> None:
        """An iteration has come to its end."""
        self.durations.append(seconds)
        self._median.add(seconds)
        self._recent.append((seconds, is_failed))

    def end_iteration(self, memory: float | None) -> None:
        """Take the memory at the end of an iteration, None where it was not read."""
        self._ended += 1
        if memory is not None:
            self.memory.append(memory)
            self.sampled.append(self._ended)

    def add_node(self, name: str, seconds: float) -> None:
        """An attempt of a node has come to its end."""
        self.nodes[name] = self.nodes.get(name, 0.0) + seconds

    @property
    def mean_seconds(self) -> float | None:
        """Of an iteration, None before there is one."""
        return sum(self.durations) / len(self.durations) if self.durations else None

    def score(self, memory_limit: float | None, cpu_limit: float | None, *, times: bool) -> float:
        """How well it goes, from 0 to 1; *times* says whether those of iterations are looked at."""
        if not self._recent:
            return 1.0
        usage, aim = self.usage, self.aim
        seconds = [each for each, _ in self._recent]
        return health.score_of(
            [
                health.soundness([is_failed for _, is_failed in self._recent]),
                health.room(usage.growth, memory_limit or usage.first.memory),
                health.room(usage.cpu_seconds, cpu_limit),
                health.pace(self._median.value, seconds) if times else None,
                None if aim is None else health.progress(aim.stale, aim.patience),
            ]
        )

    def facts(self) -> Facts:
        """All of it, as the rules of recommendations look at it."""
        return Facts(
            cycles=tuple(self.cycles),
            durations=self.durations,
            baseline=self.usage.first.memory,
            memory=self.memory,
            sampled=self.sampled,
            nodes=self.nodes,
            wall=self.wall,
            cpu_percent=self.usage.mean_cpu_percent,
        )
