"""What a cycle may use of the process, and what those who watch say after an iteration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from fast_dag.errors import CycleSafetyError
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.lap_notes import name_of
from fast_dag.run.requests import Watch
from fast_dag.run.violation import Violation, tell

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun

POLL: Final = 0.05
"""Seconds from one look to the next while an iteration is under way."""


class Gauge(Protocol):
    """Reads what the process uses."""

    def memory_mb(self) -> float:
        """The resident memory, in MiB."""

    def cpu_seconds(self) -> float:
        """The processor time used so far."""

    def now(self) -> float:
        """Seconds since 1970."""


class Usage(NamedTuple):
    """What the process used when a cycle began, and what reads it."""

    gauge: Gauge
    memory_mb: float
    cpu_seconds: float


def begin(run: CyclicRun, lap: Lap) -> None:
    """Note what the process uses when a cycle begins that has limits on that, and look at it now and then."""
    config, ledger = lap.cycle.config, run.ledger
    if not (config.memory_limit_mb or config.cpu_time_limit_seconds) or ledger.gauge is None:
        return
    gauge = ledger.gauge()
    lap.usage = Usage(gauge, gauge.memory_mb(), gauge.cpu_seconds())
    ledger.watches.append((run, Watch(lap, POLL, partial(_polled, run, lap))))


def broken(run: CyclicRun, lap: Lap, *, after_iteration: bool = True) -> Ending | None:
    """The limit on memory that *lap* has broken, or that somebody who watches says it has."""
    if lap.closing is not None:
        return lap.closing
    violation = _memory(lap)
    if violation is None and after_iteration and run.ledger.guards:
        name, seconds = name_of(run, lap), run.ledger.clock() - lap.started
        said = (guard(name, lap.index, seconds) for guard in run.ledger.guards)
        violation = next((each for each in said if each is not None), None)
    if violation is None:
        return None
    tell(run.ledger, violation, name_of(run, lap))
    ending = Ending("violation", violation.message)
    if violation.action == "raise":
        error = CycleSafetyError(violation.message, violation)
        run.rounds.endings.last(lap)
        vars(error).update(cycle=lap.cycle.name, result=run.rounds.endings.result(lap, ending))
        run.stop_all(error)
    return ending


def used_up(lap: Lap) -> Ending | None:
    """The limit on processor time, if *lap* has used it up."""
    limit, usage = lap.cycle.config.cpu_time_limit_seconds, lap.usage
    if limit is None or usage is None or usage.gauge.cpu_seconds() - usage.cpu_seconds < limit:
        return None
    return Ending("cpu_limit", f"cpu_time_limit_seconds={limit:g}")


def _polled(run: CyclicRun, lap: Lap) -> Ending | None:
    return broken(run, lap, after_iteration=False) or used_up(lap)


def _memory(lap: Lap) -> Violation | None:
    limit, usage = lap.cycle.config.memory_limit_mb, lap.usage
    grown = 0.0 if limit is None or usage is None else usage.gauge.memory_mb() - usage.memory_mb
    if limit is None or usage is None or grown <= limit:
        return None
    name = lap.cycle.name
    return Violation(
        kind="memory",
        limit=limit,
        value=grown,
        iteration=lap.index,
        message=f"cycle {name!r} has grown by {grown:.1f} MiB, more than memory_limit_mb={limit:g}",
        timestamp=usage.gauge.now(),
    )
