"""What a run and the runs inside it keep together."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fast_dag.plan.plan import Plan
from fast_dag.run.notes import Note

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fast_dag.run.cyclic_run import CyclicRun
    from fast_dag.run.deltas import Retained
    from fast_dag.run.lap import Ending, Lap
    from fast_dag.run.limits import Gauge
    from fast_dag.run.requests import Invocation, Landing, Watch
    from fast_dag.run.resuming import Keeper
    from fast_dag.run.run import Run
    from fast_dag.run.strand import Strand
    from fast_dag.run.streams import Stream
    from fast_dag.run.tools import Order
    from fast_dag.run.traced import Traced
    from fast_dag.run.violation import Violation
    from fast_dag.run.visit import Visit


class Bridge(Protocol):
    """The way between the threads of a run and its event loop."""

    is_closed: bool
    """Whether the run is over, and the loop does not answer any more."""

    def wait_for(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Have the loop run a coroutine, from a thread that waits for what it gives."""

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Call *function* in a thread, from a coroutine that waits for what it gives."""

    def condition(self) -> Any:
        """A new condition variable."""

    def is_here(self) -> bool:
        """Whether the caller is in the thread of the loop."""

    @property
    def is_wanted(self) -> bool:
        """Whether a thread waits for the loop."""


class Around(Protocol):
    """What stands between the desk and every step of a run, those inside its nodes included."""

    def begin(self, strand: Strand, step: int) -> Invocation:
        """What is to be done for *step*, in the place of what *strand* says."""

    def cut(self, strand: Strand, lap: Lap, ending: Ending) -> None:
        """A cycle of the run that *strand* follows is ended in the middle."""

    def measured(self, run: CyclicRun, lap: Lap, ending: Ending | None) -> Ending | None:
        """Why a cycle ends after an iteration, None if it does not, in the place of *ending*."""


def _is_stuck_alone(blocked: int, _: float) -> bool:
    """Without a runner nothing goes on but what is asked for."""
    return blocked > 0


def _nobody() -> None:
    """Nobody has to be woken."""


@dataclass(slots=True, eq=False)
class Ledger:
    """The common books of one call of `run`: of the outermost run and of those inside its nodes."""

    notes: deque[Note] | None = None
    """What happened since somebody looked, None if nobody watches."""
    traced: Traced | None = None
    """Where all that happens is kept, None if that is not wanted."""
    is_observed: bool = True
    """Whether those who watch want to be told at once; a trace does not, so plain loops may be used."""
    is_watched: bool = False
    """Whether a tool is among those who watch."""
    shows_values: bool = False
    """Whether somebody who watches wants the inputs and results of nodes as well."""
    in_rows: Callable[[], AbstractContextManager[Any]] | None = None
    """Gives a plain loop what tells of its nodes without notes; brought by who delivers."""
    open: dict[Visit, None] = field(default_factory=dict)
    """Executions that leave something to be cleaned up, oldest first."""
    streams: dict[Stream, None] = field(default_factory=dict)
    """Those that may have to be closed, oldest first."""
    warnings: list[str | Warning] = field(default_factory=list)
    """What the caller is to be warned of when the run is over."""
    inside: dict[Run, Callable[[Run], float]] = field(default_factory=dict)
    """Runs inside nodes that have not been left, and what closes their books; that gives their seconds."""
    plans: Mapping[Any, Plan] = field(default_factory=dict)
    """What each workflow inside follows in this run."""
    watches: deque[tuple[Any, Watch | None]] = field(default_factory=deque)
    """Looks at cycles that may have to end early, each with its run, None for orders; the desk takes them."""
    gauge: Callable[[], Gauge] | None = None
    """Gives what reads what the process uses."""
    loops_plainly: bool = False
    """Whether cycles of plain calls are gone round as plain loops, in runs inside steps too."""
    tell_lap: Callable[[Run, Any, Any], None] | None = None
    """Told of each iteration that has ended: its run, its lap, and why the cycle ends, None if it goes on."""
    keeper: Keeper | None = None
    """Keeps what the run has come to after iterations of a cycle, and knows what to go on from."""
    guards: Sequence[Callable[[str, int, float], Violation | None]] = ()
    """Asked of a cycle after each iteration, by name, index and seconds: what ends it there."""
    admit: Sequence[Callable[[str, Lap], Landing | None]] = ()
    """Asked before a cycle is entered, by name; each gives None, or what is to be waited for."""
    left: Sequence[Callable[[Lap], Any]] = ()
    """Told when such a cycle has ended, or waits no longer."""
    excuses: Sequence[Callable[[str, Exception], bool]] = ()
    """Asked of a failure in a cycle: whether the iteration counts all the same, and the cycle goes on."""
    violations: list[tuple[str | None, Violation]] = field(default_factory=list)
    """Limits that were broken, each with the cycle it is about, None for the run."""
    orders: deque[Order] = field(default_factory=deque)
    """Cycles that are to end."""
    wake: Callable[[], None] = _nobody
    """Brought by a runner that may be waiting: has it look at the orders."""
    around: Around | None = None
    """Stands around every step: waits to be told, records, or answers from a recording."""
    epoch: int = 0
    """The epoch of a session that it is about; a run of its own is epoch 0."""
    retained: Retained | None = None
    """The facts that outlive an epoch, None where there are no epochs."""
    recalls: Callable[[str], bool] | None = None
    """Whether the node of a path is answered from a recording, so that its cache is left alone."""
    limit: int | None = None
    """How many calls may be under way at once, None for any number."""
    is_in_order: bool = False
    """Whether one step is made after the other, in the order of the plan."""
    workers: int = 1
    """How many calls of sync functions may be under way at once."""
    bridge: Bridge | None = None
    """Brought by the runner, as are the clock and the context; without one the clock stands still."""
    clock: Callable[[], float] = float
    trend: Callable[..., Any] | None = None
    """Says how a series moves."""
    context: contextvars.Context = field(default_factory=contextvars.Context)
    """The context variables that nodes see."""
    blocked: list[object] = field(default_factory=list)
    """The calls in which a reader of a stream waits for another one."""
    is_stuck: Callable[[int, float], bool] = _is_stuck_alone
    """Whether nothing goes on but as many calls as are blocked, for so many seconds."""

    def attach(
        self, bridge: Bridge, clock: Callable[[], float], context: contextvars.Context, workers: int
    ) -> None:
        """Take what a runner brings."""
        self.bridge, self.clock, self.context, self.workers = bridge, clock, context, workers

    def detach(self) -> None:
        """Let go of what holds the run: the desk, the delivery of events."""
        self.is_stuck, self.wake, self.in_rows = _is_stuck_alone, _nobody, None
