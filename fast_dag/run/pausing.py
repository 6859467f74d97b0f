"""Steps that wait to be told: before each, and after each failure, somebody says what is to become of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fast_dag.errors import ValidationError
from fast_dag.run.invocation import given
from fast_dag.run.mapped import SETTLED, MapRun
from fast_dag.run.moves import Move
from fast_dag.run.places import AROUND, NODE, Place, Places
from fast_dag.run.requests import LEFT_OUT, Failure, Invocation, Outcome, Request, Success
from fast_dag.run.step import Route
from fast_dag.values import NO_DATA, Converged

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.lap import Ending, Lap
    from fast_dag.run.strand import Strand

Told = Generator[Request, Outcome, Any]


class Verdict(NamedTuple):
    """What is to become of a step: run, give it a value, or leave it out."""

    what: str
    value: Any = None


RUN: Final = Verdict("run")
SKIP: Final = Verdict("skip")


class Waiting:
    """What a runner holds of a step that has not begun: nobody waits for it."""

    has_begun = False

    def cancel(self) -> bool:
        """There is nothing to be stopped."""
        return True


class Pause(Request):
    """Come back when somebody has said what is to become of the step at *place*; its outcome is that.

    Parameters:
        place: where it is.
        failure: what it has failed with, None before it has run.
        attempt: the number that its next attempt would have.
    """

    __slots__ = ("attempt", "failure", "place")

    takes_room = False

    def __init__(self, place: Place, failure: Failure | None = None, attempt: int = 1) -> None:
        super().__init__()
        self.handle = Waiting()
        self.place, self.failure, self.attempt = place, failure, attempt


class Pausing:
    """Has each step of a run wait to be told, those inside its nodes included."""

    def __init__(self) -> None:
        self._places = Places()
        self.latest: Any = None
        """What the step gave that was the last to end."""

    def begin(self, strand: Strand, step: int) -> Invocation:
        """What is to be done for *step*, in the place of what its strand says."""
        place = self._places.take(strand, step)
        try:
            if place.kind not in (NODE, AROUND):
                return (yield from strand.invoke(step))
            # A node with steps inside waits only when it has failed.
            answer: Any = None if place.kind == NODE else (yield from strand.invoke(step))
            before, executed = _attempts(place), int(place.kind == AROUND)
            while not _is_settled(answer):
                made = executed if place.kind == AROUND else _attempts(place) - before
                executed += 1
                pause = Pause(place, answer, made + 1)
                verdict: Verdict = (yield pause).value
                answer = yield from self._done(place, verdict)
            self._note(place, answer)
            return answer  # type: ignore[no-any-return]
        finally:
            self._places.drop(place)

    def cut(self, strand: Strand, lap: Lap, ending: Ending) -> None:
        """A cycle is ended in the middle, as in any run."""

    def measured(self, _run: CyclicRun, _lap: Lap, ending: Ending | None) -> Ending | None:
        """As in any run."""
        return ending

    def _done(self, place: Place, verdict: Verdict) -> Told:
        """Do as the verdict says; what comes of that."""
        for each in place.around():
            each.has_begun = True
        run, step = place.run, place.step
        if verdict.what == "run":
            return (yield from place.strand.invoke(step))
        if verdict.what == "skip":
            if not isinstance(run, MapRun):
                return LEFT_OUT
            run.leave_out(step)
            return SETTLED
        if isinstance(run, MapRun):
            run.put(step, verdict.value)
            self.latest = verdict.value
            return SETTLED
        return (yield from given(run, step, verdict.value))

    def _note(self, place: Place, answer: Any) -> None:
        if place.kind != NODE:
            return
        if isinstance(place.run, MapRun):
            self.latest = place.run.value_of(place.step)
        else:
            self.latest = _plain(answer.value) if isinstance(answer, Success) else None


def check_skip(place: Place) -> None:
    """Raise ValidationError if the step at *place* cannot be left out."""
    run = place.run
    if not isinstance(run, MapRun) and not run.can_pass_over:
        name = place.path
        msg = (
            f"state {name!r} cannot be skipped, nothing would say what follows: give it a result with "
            "replace(FSMReturn(next_state=...))"
        )
        raise ValidationError(msg)


def raised(place: Place, failure: Failure) -> Exception:
    """The error of a step that has failed, as it would leave the run."""
    run, step = place.run, place.step
    error: Exception = run.blamed(step, failure.error)
    vars(error).update(failure.marks)
    for note in failure.notes:
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
    return error


def _attempts(place: Place) -> int:
    """The attempts that the node of *place* has made in its run."""
    return 0 if isinstance(place.run, MapRun) else place.run.tally.attempts[place.step]


def _is_settled(answer: Any) -> bool:
    return answer is LEFT_OUT or isinstance(answer, Success)


def _plain(value: Any) -> Any:
    """The result that a step shows."""
    if isinstance(value, Route):
        value = value.shown
    elif isinstance(value, Move):
        value = value.value
    value = value.value if isinstance(value, Converged) else value
    return None if value is NO_DATA else value
