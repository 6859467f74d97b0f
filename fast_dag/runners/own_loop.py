"""Mode async for callers that do not run a loop: the event loop runner on a private loop."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable

from fast_dag.run.run import Run
from fast_dag.runners import event_loop
from fast_dag.runners.calls import GRACE
from fast_dag.runners.deadlines import run_timeout
from fast_dag.runners.limits import Limits
from fast_dag.runners.private_loop import PrivateLoop
from fast_dag.runners.winding_up import Patience


def drive(run: Run, limits: Limits, report: Callable[[], None]) -> None:
    """Follow *run* to its end on a loop of its own; one that cannot be left is abandoned with its thread."""
    loop = PrivateLoop(run.plan.name)
    desk = event_loop.desk_of(run, limits)
    grace, patience = GRACE, Patience()
    ended = threading.Event()
    faults: list[BaseException] = []

    async def follow() -> None:
        try:
            await event_loop.drive(run, limits, report, desk, patience)
        except BaseException as error:  # it belongs to the caller, who waits in another thread
            faults.append(error)
        ended.set()

    handle = loop.start(follow, contextvars.copy_context())
    try:
        # The loop itself ends the run at its deadline; if it has not done so, a node blocks it.
        in_time = ended.wait(None if limits.timeout is None else limits.timeout + GRACE)
        if not in_time and not (run.finished and ended.wait(GRACE)):
            run.stop(run_timeout(desk, limits.timeout))
            grace = 0.0
    except BaseException:
        handle.cancel()
        ended.wait(2 * GRACE)  # closing the loop would cancel the cleanup hooks as well
        raise
    finally:
        if not loop.close(grace):
            run.tally.abandoned += 1
            patience.end()
    if faults and run.error is None:
        raise faults[0]
