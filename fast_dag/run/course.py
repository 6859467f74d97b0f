"""What a template adds to a cycle: values for each iteration, pauses between them, failures that count.

A cycle without a template has no course, and nothing here is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fast_dag.errors import ExecutionError
from fast_dag.run.requests import Ask, Outcome, Request, Wait
from fast_dag.values import NO_DATA

if TYPE_CHECKING:
    from fast_dag.run.lap import Ending, Lap
    from fast_dag.run.ledger import Ledger
    from fast_dag.run.results import CycleResult


class Course(Protocol):
    """What a template adds to one entry into a cycle.

    Of its functions only *sleep*, *clock* and *backoff* are the user's, and go to the runner.
    """

    sleep: Callable[[float], Any] | None
    """Waits so many seconds in place of the runner."""
    clock: Callable[[], float] | None
    """Tells the time in place of the runner."""
    backoff: Callable[[int], float] | None
    """Says how long to wait before an iteration, if a function does."""

    def admits(self, index: int) -> bool:
        """Whether there is an iteration *index*."""

    def delay(self, index: int, answer: Any = None) -> float:
        """Seconds to wait before it; *answer* is what *backoff* said.

        Raises:
            ExecutionError: that is no number of seconds.
        """

    def begins(self, index: int, now: float) -> None:
        """Take that it begins."""

    def inputs(self, index: int, own: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values for its inputs by ``node.parameter``; *own* are those they have without the template."""

    def shared(self, index: int) -> Mapping[str, Any]:
        """Values for the slots that the nodes share."""

    def absorbs(self, error: Exception) -> bool:
        """Whether an iteration whose node raised *error* counts as one that came to its end."""

    def after(self, results: Mapping[str, Any], completed: int) -> Ending | None:
        """Why the cycle ends after an iteration that gave *results*, None if it does not."""

    def exhausted(self) -> Exception | None:
        """What a cycle that has used up its iterations fails with, None if it does not fail."""

    def describe(self, result: CycleResult) -> None:
        """Fill in what it knows."""


def begin(lap: Lap, ledger: Ledger) -> Generator[Request, Outcome, Outcome]:
    """Wait until an iteration may begin; whether there is one."""
    course: Course = lap.course  # type: ignore[assignment]
    if not course.admits(lap.index):
        return Outcome(value=False)
    outcome = yield from _paused(course, lap.index)
    if outcome.error is None and course.clock is not None:
        outcome = yield Ask(course.clock, ())
    if outcome.error is not None:
        return outcome
    course.begins(lap.index, ledger.clock() if course.clock is None else outcome.value)
    return Outcome(value=True)


def supply(lap: Lap, values: list[Any], ledger: Ledger) -> None:
    """Lay ready what the course has for an iteration that begins."""
    course: Course = lap.course  # type: ignore[assignment]
    supplied = dict(lap.cycle.supplied)
    if lap.own is None:
        # Before anything else is laid there; a cycle inside another begins from the same values each time.
        lap.own = {name: values[slot] for name, slot in supplied.items() if values[slot] is not NO_DATA}
    for name, value in course.inputs(lap.index, lap.own).items():
        if name in supplied:
            values[supplied[name]] = value
    shared = course.shared(lap.index)
    if shared:
        lap.memory.share(shared, lap.started, ledger.clock)


def _paused(course: Course, index: int) -> Generator[Request, Outcome, Outcome]:
    answer = None
    if course.backoff is not None and index > 0:
        outcome = yield Ask(course.backoff, (index,))
        if outcome.error is not None:
            return outcome
        answer = outcome.value
    try:
        delay = course.delay(index, answer)
    except ExecutionError as error:
        return Outcome(error=error)
    if delay <= 0:
        return Outcome()
    return (yield Wait(delay) if course.sleep is None else Ask(course.sleep, (delay,)))
