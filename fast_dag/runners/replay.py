"""Every answer from a recording: one step after the other, in the order in which they were recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable

from fast_dag.run.lap import Ending
from fast_dag.run.recording import RecordedStep
from fast_dag.run.replaying import Replayer
from fast_dag.run.requests import Enter
from fast_dag.run.run import Run
from fast_dag.runners.stepper import Stepper


def drive(run: Run, replayer: Replayer, report: Callable[[], None]) -> None:
    """Follow *run* to its end, or to where it parts from the recording."""
    ledger = run.ledger
    ledger.around, ledger.recalls = replayer, replayer.recalls
    stepper = Stepper(run, report, limit=None, is_timed=False)
    # As many elements of a map may begin as may ever have, and time is that of the recording.
    ledger.workers, ledger.clock = sys.maxsize, replayer.clock
    try:
        while True:
            waiting = stepper.waiting()
            if run.finished:
                break
            told = replayer.next(waiting)
            if isinstance(told, RecordedStep):
                end = _give_up if told.kind == "late" else _cut
                replayer.ended(is_found=end(stepper, replayer, told))
            elif told is not None:
                stepper.tell(told.pause, told.entry)
    finally:
        stepper.close()
    replayer.finish()


def _give_up(stepper: Stepper, replayer: Replayer, _: RecordedStep) -> bool:
    """Give up the workflow inside a node that was out of time; false if there is none."""
    for each in stepper.desk.timed:
        if isinstance(each, Enter) and replayer.is_late(each):
            stepper.desk.expire(each, replayer.time)
            return True
    return False


def _cut(stepper: Stepper, replayer: Replayer, entry: RecordedStep) -> bool:
    """End the cycle that was ended in the middle; false if it is not under way."""
    for strand in stepper.desk.strands:
        rounds = getattr(strand.run, "rounds", None)
        for lap in () if rounds is None else rounds.laps:
            if replayer.is_cut(strand, lap):
                stepper.desk.cut(strand, lap, Ending(entry.outcome, entry.branch or ""))
                return True
    return False
