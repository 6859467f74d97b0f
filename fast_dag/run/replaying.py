"""Answering the steps of a run from a recording, in the order in which that run settled them.

The core is told the same outcomes in the same order, so it goes the same way, whatever mode was recorded.
Hooks, handlers, routers and conditions belong to the way and are asked again; functions of nodes are not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fast_dag.errors import CycleStateError, RecordingError, RunCancelledError
from fast_dag.run.divergence import Divergence
from fast_dag.run.lap import Ending
from fast_dag.run.lap_notes import name_of
from fast_dag.run.matching import Over, begun, is_about, is_entered, loose, where
from fast_dag.run.pausing import Pause
from fast_dag.run.places import AROUND, FETCHING, NODE, POLICY, Place, Places, without_index
from fast_dag.run.recalled import recalled
from fast_dag.run.recorder import MEASURED, branch_of, outcome_of
from fast_dag.run.recording import RecordedAttempt, RecordedStep, Recording
from fast_dag.run.requests import Attempt, Enter, Invocation, Outcome, Request, TurnCall, Wait
from fast_dag.run.waiting import Pauses

if TYPE_CHECKING:
    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.lap import Lap
    from fast_dag.run.run import Run
    from fast_dag.run.strand import Strand


class Form(NamedTuple):
    """How values become text and values again; brought by who knows."""

    encode: Callable[[Any, str], str]
    decode: Callable[[str], Any]
    needs_mask: Callable[[Any], bool]
    """Whether a value holds something of which only the mask was recorded."""


class Told(NamedTuple):
    """What goes on next: the step that waits at *pause*, with what was recorded of it, None for nothing."""

    pause: Pause
    entry: RecordedStep | None


class Replayer:
    """Stands around the steps of *run* and answers the calls of node functions.

    Parameters:
        run: the outermost run.
        recording: where the answers are.
        form: of the values in it.
        live: paths of nodes that are called for real, with all that is inside them.
    """

    def __init__(self, run: Run, recording: Recording, form: Form, live: Sequence[str]) -> None:
        self._run, self._steps, self._ended_by, self._form = run, recording.steps, recording.error, form
        self._live = tuple(live)
        self._places = Places()
        self._index = 0
        self.time = 0.0
        """That of the recorded run, in seconds since it began."""
        self.divergence: Divergence | None = None

    def clock(self) -> float:
        """The clock of the run: that of the recording."""
        return self.time

    def recalls(self, path: str) -> bool:
        """Whether the node of *path* is answered from the recording."""
        name = without_index(path)
        return not any(name == each or name.startswith(f"{each}.") for each in self._live)

    def begin(self, strand: Strand, step: int) -> Invocation:
        """What is to be done for *step*: it waits for its turn, and has its attempts answered."""
        place = self._places.take(strand, step)
        try:
            if place.kind == FETCHING:
                return (yield from strand.invoke(step))
            entry: RecordedStep | None = (yield Pause(place)).value
            steps = begun(place, entry)
            if place.kind == NODE:
                answer = yield from self._answered(place, entry, steps)
            else:
                answer = yield from self._through(steps)
            if place.kind == AROUND:
                entry = (yield Over(place)).value
            if entry is not None and self.recalls(place.path):
                yield from self._compare(place, entry, answer)
        except (CycleStateError, _Masked) as error:
            self._run.stop(
                RecordingError(f"the recording does not do for {place.path!r}: {error}", place.path)
            )
            yield Pause(place)  # nobody comes back to it: the run is over
            raise
        else:
            return answer  # type: ignore[no-any-return]
        finally:
            self._places.drop(place)

    def cut(self, strand: Strand, lap: Lap, ending: Ending) -> None:
        """A cycle is ended in the middle, as the recording says."""

    def measured(self, run: CyclicRun, lap: Lap, ending: Ending | None) -> Ending | None:
        """Why a cycle ends after an iteration: what was measured is what was recorded."""
        if self._index < len(self._steps):
            entry = self._steps[self._index]
            if entry.kind == "measured" and entry.node == name_of(run, lap):
                self._index += 1
                return Ending(entry.outcome, entry.branch or "")
        return None if ending is not None and ending.reason in MEASURED else ending

    def next(self, waiting: Pauses) -> Told | RecordedStep | None:
        """Which of the *waiting* steps goes on; or what was ended in the middle, for `is_late` or `is_cut`.

        None where the recording has no answer: then the run is stopped.
        """
        while self._index < len(self._steps):
            entry = self._steps[self._index]
            self.time = max(self.time, entry.time)
            if entry.kind in {"late", "cut"}:
                return entry
            pause = _about(waiting, entry)
            if pause is not None:
                if not is_entered(pause, entry):
                    self._index += not self._differs(pause.place, entry)
                return None if self.divergence else Told(pause, entry)
            pause = loose(waiting.all(), self._steps[self._index :])
            if pause is not None:
                return Told(pause, None)
            if entry.kind != POLICY:
                self._miss(waiting, entry)
                return None
            self._index += 1  # nothing has to be asked there any more
        return self._beyond(waiting)

    def is_late(self, request: Request) -> bool:
        """Whether it is the workflow of *request* whose time was up."""
        is_inside = isinstance(request, Enter)
        return is_inside and self._places.of(request.strand, request.step).key == self._steps[self._index].key

    def is_cut(self, strand: Strand, lap: Lap) -> bool:
        """Whether it is this cycle that was cut."""
        return lap.is_running and self._places.cycle(strand, lap) == self._steps[self._index].key

    def ended(self, *, is_found: bool) -> None:
        """What was ended in the middle has been, if it was found."""
        entry = self._steps[self._index]
        if is_found:
            self._index += 1
        else:
            self._diverge(None, entry, f"{entry.node!r} was ended in the middle, and it is not under way")

    def finish(self) -> None:
        """The run is over: see whether the recording is."""
        rest = [each for each in self._steps[self._index :] if each.kind != POLICY]
        if self.divergence is not None or isinstance(self._run.error, RecordingError):
            return
        if rest:
            self._diverge(None, rest[0], f"the run is over, and {rest[0].node!r} was recorded after that")
        elif self._ended_by is not None and self._run.error is None:
            text = f"the recorded run ended with {self._ended_by.kind[1]}: {self._ended_by.text}"
            self._diverge(None, self._ended_by, text)

    # What becomes of a step

    def _answered(
        self, place: Place, entry: RecordedStep | None, steps: Invocation
    ) -> Generator[Request, Outcome, Any]:
        """Go through the execution of a node with its attempts answered."""
        is_live, used, outcome = not self.recalls(place.path), 0, None
        attempts = [] if entry is None else entry.attempts
        while True:
            try:
                waiting: list[Request] = [steps.send(outcome)]  # type: ignore[arg-type]
            except StopIteration as end:
                if not is_live and used < len(attempts):
                    text = f"{place.path!r} ended with attempt {used}, and {len(attempts)} were recorded"
                    yield from self._end(place, entry, text)
                return end.value
            request = waiting[0]
            if isinstance(request, Attempt) and not is_live:
                if used >= len(attempts):
                    text = f"{place.path!r} makes attempt {used + 1}, and {len(attempts)} were recorded"
                    yield from self._end(place, entry, text)
                outcome = self._outcome(place, attempts[used], request)
                used += 1
            elif isinstance(request, Wait) and not is_live:
                outcome = Outcome()
            else:
                if isinstance(request, Attempt):
                    self._check_masks(place)
                del request
                outcome = yield waiting.pop()

    def _through(self, steps: Invocation) -> Generator[Request, Outcome, Any]:
        """Go through what is around other steps, or asked about a cycle: without waits."""
        outcome: Any = None
        while True:
            try:
                waiting: list[Request] = [steps.send(outcome)]
            except StopIteration as end:
                return end.value
            outcome = Outcome() if isinstance(waiting[0], Wait) else (yield waiting.pop())

    def _outcome(self, place: Place, attempt: RecordedAttempt, request: Attempt) -> Outcome:
        """What a recorded attempt came to."""
        decode, made = self._form.decode, Outcome(duration=attempt.seconds, ended=self.time)
        if attempt.is_late:
            made.expired = True
        elif attempt.error is not None:
            settings = place.node.settings
            made.error = recalled(attempt.error, decode, settings.retry_on)
        else:
            made.value = decode(attempt.value or "null")
            if attempt.written is not None and isinstance(request, TurnCall):
                request.turn.write(decode(attempt.written))
        return made

    def _check_masks(self, place: Place) -> None:
        """A node that is called for real needs what was recorded."""
        for name, value in place.inputs().items() if place.kind == NODE else ():
            if self._form.needs_mask(value):
                raise _Masked(name)

    def _compare(self, place: Place, entry: RecordedStep, answer: Any) -> Generator[Request, Outcome, None]:
        """See whether a step came to what it came to before."""
        outcome, branch = outcome_of(answer), branch_of(place, answer)
        if outcome != entry.outcome:
            texts = "failed, which went well", "went well, which failed"
            text = texts[outcome == "done"] + " when it was recorded"
            yield from self._end(place, entry, f"{place.path!r} {text}")
        elif branch != entry.branch:
            text = f"{place.path!r} leads to {branch!r}, and led to {entry.branch!r}"
            yield from self._end(place, entry, text)

    def _end(self, place: Place, entry: RecordedStep | None, text: str) -> Generator[Request, Outcome, None]:
        """The run parts from the recording in the middle of a step: nobody comes back to it."""
        index = next((at for at, each in enumerate(self._steps) if each is entry), self._index)
        self._diverge(self._asked(place), entry, text, index)
        yield Pause(place)

    # Where the run parts from the recording

    def _differs(self, place: Place, entry: RecordedStep) -> bool:
        """Whether the inputs of a step are others than they were; then the run parts from the recording."""
        if place.kind != NODE or not self.recalls(place.path):
            return False
        asked = self._asked(place)
        names = [*entry.inputs, *(name for name in asked.inputs if name not in entry.inputs)]
        other = [name for name in names if asked.inputs.get(name) != entry.inputs.get(name)]
        if other:
            listed = ", ".join(map(repr, other))
            self._diverge(asked, entry, f"{place.path!r} is given another {listed} than was recorded")
        return bool(other)

    def _asked(self, place: Place) -> RecordedStep:
        """A step as it would be recorded before it has run."""
        inputs = {name: self._text(value) for name, value in place.fed().items()}
        return RecordedStep(place.kind, place.path, place.iteration, inputs, time=self.time)

    def _text(self, value: Any) -> str:
        try:
            return self._form.encode(value, "it")
        except CycleStateError as error:
            return str(error)

    def _miss(self, waiting: Pauses, entry: RecordedStep) -> None:
        """What was recorded next is not asked for."""
        left = {each.key for each in self._steps[self._index :]}
        every = waiting.all()
        others = [each for each in every if each.place.key not in left] or every
        first = others[0].place if others else None
        text = f"{where(entry.node, entry.iteration)} was recorded next, and is not ready"
        if first is not None:
            text += f"; what is asked is {where(first.path, first.iteration)}"
        self._diverge(None if first is None else self._asked(first), entry, text)

    def _beyond(self, waiting: Pauses) -> Told | None:
        """Everything recorded has had its turn, and the run is not over."""
        pause = loose(waiting.all(), ())
        if pause is not None:
            return Told(pause, None)
        if self._ended_by is not None:
            self._run.stop(self._end_again())
        else:
            first = waiting.all()[0].place
            text = f"nothing was recorded for {where(first.path, first.iteration)}"
            self._diverge(self._asked(first), None, text)
        return None

    def _end_again(self) -> Exception:
        """The error that ended the recorded run."""
        error = self._ended_by
        if error is None or ("builtins", "Exception") not in error.bases:
            kind = "an error" if error is None else error.kind[1]
            return RunCancelledError(f"the recorded run was ended by {kind}")
        return recalled(error, self._form.decode)

    def _diverge(self, ours: Any, theirs: Any, reason: str, index: int | None = None) -> None:
        if self.divergence is None:
            self.divergence = Divergence(self._index if index is None else index, ours, theirs, reason)
        self._run.stop(RunCancelledError(f"the run has parted from its recording: {reason}"))


class _Masked(Exception):
    """A node that is called for real is given what was recorded masked."""

    def __str__(self) -> str:
        return (
            f"its input {self.args[0]!r} is a Private, of which only the mask was recorded; have the node "
            "that gives it live too, or give a run input again with inputs="
        )


def _about(waiting: Pauses, entry: RecordedStep) -> Pause | None:
    """The pause of the step that *entry* tells of, or of a node around it that has not been entered."""
    found = [each for each in waiting.of(entry.key) if is_about(each, entry)]
    found = found or [each for each in waiting.around if is_entered(each, entry)]
    return found[0] if found else None
