"""Every answer from a recording: one step after the other, in the order in which they were recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable

from fast_dag.run.recording import RecordedStep
from fast_dag.run.replaying import Replayer
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
                _give_up(stepper, replayer)
            elif told is not None:
                stepper.tell(told.pause, told.entry)
    finally:
        stepper.close()
    replayer.finish()


def _give_up(stepper: Stepper, replayer: Replayer) -> None:
    """Give up what the recording says was out of time."""
    found = next((each for each in list(stepper.desk.timed) if replayer.late(each)), None)
    if found is None:
        replayer.not_late()
    else:
        stepper.desk.expire(found, replayer.time)
