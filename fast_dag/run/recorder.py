"""Recording a run: what each step is given and gives is turned into text where it happens."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from fast_dag.errors import CycleStateError, RecordingError
from fast_dag.plan.machine import OVER
from fast_dag.run.cached import is_look_up
from fast_dag.run.lap_notes import name_of
from fast_dag.run.moves import Move
from fast_dag.run.pausing import Pause
from fast_dag.run.places import AROUND, FETCHING, NODE, Place, Places
from fast_dag.run.recalled import recorded_error
from fast_dag.run.recording import RecordedAttempt, RecordedStep, Recording
from fast_dag.run.requests import Attempt, Enter, Invocation, Outcome, Request, Success, TurnCall
from fast_dag.run.step import Route
from fast_dag.run.streams import is_stream
from fast_dag.values import END

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.lap import Ending, Lap
    from fast_dag.run.run import Run
    from fast_dag.run.strand import Strand

MEASURED: Final = ("timeout", "violation", "cpu_limit")
"""Reasons why a cycle ends that depend on a clock or a gauge."""
Encode = Callable[[Any, str], str]
"""Makes text of a value; what it is called is told if that is not possible, in a CycleStateError."""


class Recorder:
    """Stands around the steps of *run* and writes down what becomes of them.

    Parameters:
        run: the outermost run.
        recording: what is written.
        encode: makes text of values.
    """

    def __init__(self, run: Run, recording: Recording, encode: Encode) -> None:
        self._run, self.recording, self._encode = run, recording, encode
        self._places = Places()
        self._known: dict[str, str] = {}
        self._started: float | None = None

    def begin(self, strand: Strand, step: int) -> Invocation:
        """What is to be done for *step*: the same as ever, with somebody who looks on."""
        if self._started is None:
            self._started = self._run.ledger.clock()
        place = self._places.take(strand, step)
        try:
            if place.kind == FETCHING:
                return (yield from strand.invoke(step))
            entry = RecordedStep(place.kind, place.path, place.iteration, self._inputs(place))
            answer = yield from self._followed(place, entry, strand.invoke(step))
            entry.outcome, entry.branch = outcome_of(answer), branch_of(place, answer)
            self._note(entry)
        except _Unrecordable as error:
            # No strategy and no handler is about it.
            self._run.stop(RecordingError(str(error), place.path))
            yield Pause(place)  # nobody comes back to it: the run is over
            raise
        else:
            return answer  # type: ignore[no-any-return]
        finally:
            self._places.drop(place)

    def cut(self, strand: Strand, lap: Lap, ending: Ending) -> None:
        """Write down that a cycle is ended in the middle, and why."""
        entry = RecordedStep("cut", *self._places.cycle(strand, lap))
        entry.outcome, entry.branch = ending
        self._note(entry)

    def measured(self, run: CyclicRun, lap: Lap, ending: Ending | None) -> Ending | None:
        """Write down that a cycle ends because of what was measured, which will be another time."""
        if ending is not None and ending.reason in MEASURED:
            entry = RecordedStep("measured", name_of(run, lap), (lap.index,))
            entry.outcome, entry.branch = ending
            self._note(entry)
        return ending

    def end(self, status: str, error: BaseException | None) -> None:
        """Write down how the run ended."""
        self.recording.status = status
        self.recording.error = None if error is None else recorded_error(error, self._text)

    def _followed(
        self, place: Place, entry: RecordedStep, steps: Invocation
    ) -> Generator[Request, Outcome, Any]:
        """Go through an invocation and write down its attempts."""
        outcome: Any = None
        while True:
            try:
                # Not kept while it is waited for: it knows this generator.
                waiting: list[Request] = [steps.send(outcome)]
            except StopIteration as end:
                return end.value
            is_attempt = place.kind == NODE and isinstance(waiting[0], Attempt)
            is_asked, is_entered = is_look_up(waiting[0]), isinstance(waiting[0], Enter)
            turn = waiting[0].turn if isinstance(waiting[0], TurnCall) else None
            outcome = yield waiting.pop()
            if is_attempt:
                entry.attempts.append(self._attempt(place, outcome, turn))
            elif is_asked and outcome.error is None and outcome.value.hit:
                value = self._value(place, outcome.value.value, "its cached result")
                entry.attempts.append(RecordedAttempt(value, is_cached=True))
            elif is_entered and outcome.expired and place.kind == AROUND:
                self._note(RecordedStep("late", place.path, place.iteration))

    def _attempt(self, place: Place, outcome: Outcome, turn: Any) -> RecordedAttempt:
        seconds = outcome.duration
        if outcome.expired:
            return RecordedAttempt(None, is_late=True, seconds=seconds)
        if outcome.error is not None:
            return RecordedAttempt(None, recorded_error(outcome.error, self._text), seconds=seconds)
        value = self._value(place, outcome.value, "its result")
        written = None if turn is None else turn.written()
        said = None if written is None else self._value(place, written, "its state")
        return RecordedAttempt(value, seconds=seconds, written=said)

    def _inputs(self, place: Place) -> dict[str, str]:
        return {name: self._value(place, value, f"its input {name!r}") for name, value in place.fed().items()}

    def _note(self, entry: RecordedStep) -> None:
        entry.time = self._run.ledger.clock() - (self._started or 0.0)
        self.recording.steps.append(entry)

    def _value(self, place: Place, value: Any, what: str) -> str:
        """*value* of the node at *place* as text."""
        if is_stream(value):
            msg = f"{place.path!r} cannot be recorded: {what} is a stream; collect it with stream='list'"
            raise _Unrecordable(msg)
        try:
            return self._text(value, what)
        except CycleStateError as error:
            msg = f"{place.path!r} cannot be recorded: {error}"
            raise _Unrecordable(msg) from None

    def _text(self, value: Any, what: str) -> str:
        text = self._encode(value, what)
        # Equal values are kept once.
        return self._known.setdefault(text, text)


class _Unrecordable(Exception):
    """A value that the recording cannot hold."""


def outcome_of(answer: Any) -> str:
    """What became of a step, in one word."""
    return "done" if isinstance(answer, Success) else "failed"


def branch_of(place: Place, answer: Any) -> str | None:
    """The branch that a router took, or the state that follows a state; None for any other step."""
    value = answer.value if isinstance(answer, Success) else None
    if isinstance(value, Route):
        return value.branch
    if isinstance(value, Move):
        return END if value.target == OVER else str(place.run.plan.names[value.target])
    return None
