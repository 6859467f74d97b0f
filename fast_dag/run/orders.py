"""What those who watch want ended: cycles that are under way, or the whole run.

A cycle that is to end is cut short at once, or, where its calls get some seconds to come back, when they
have; meanwhile nothing of it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fast_dag.errors import CycleSafetyError
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.lap_notes import name_of
from fast_dag.run.requests import Call, Request, Watch

if TYPE_CHECKING:
    from fast_dag.run.dispatch import Dispatch
    from fast_dag.run.strand import Strand
    from fast_dag.run.tools import Order


LOOK: Final = 0.01
"""Seconds from one look to the next whether calls have come back."""


class _Closing(NamedTuple):
    """A cycle, or without *lap* the run, that ends as soon as none of its calls is under way."""

    strand: Strand
    lap: Lap | None
    error: CycleSafetyError

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return self.strand.run.finished or (self.lap is not None and not self.lap.is_running)


class Orders:
    """The orders of one run, which the desk asks it to follow.

    Parameters:
        desk: the desk.
    """

    def __init__(self, desk: Dispatch) -> None:
        self._desk = desk
        self._open: list[_Closing] = []
        """What is to end when its calls have come back."""

    def follow(self) -> None:
        """Take what is ordered, and end what has no calls under way any more."""
        desk = self._desk
        while desk.run.ledger.orders:
            order = desk.run.ledger.orders.popleft()
            error = CycleSafetyError(order.violation.message, order.violation)
            meant: list[tuple[Strand, Lap | None]] = [*self._meant(order)]
            # A cycle that was meant by name may have ended by itself since.
            for strand, lap in meant or ([(desk.root, None)] if order.cycle is None else ()):
                self._begin(_Closing(strand, lap, error), order.patience)

    def end_idle(self) -> bool:
        """End what has no calls under way any more; whether there was such a thing."""
        due, idle = self._desk.run.ledger.clock(), list(self._open)
        for closing in idle:
            self._look(closing, due)
        return bool(idle)

    def _meant(self, order: Order) -> Iterator[tuple[Strand, Lap]]:
        """The cycles under way that an order is about: by name, else the outermost ones."""
        for strand in self._desk.strands:
            running = [lap for lap in _laps_of(strand) if lap.is_running]
            if order.cycle is not None:
                yield from ((strand, lap) for lap in running if name_of(strand.run, lap) == order.cycle)
            elif not any(_lap_around(strand)):
                yield from ((strand, lap) for lap in running if len(lap.memory.path) == 1)

    def _begin(self, closing: _Closing, patience: float) -> None:
        """Have nothing more begin; coroutines are cancelled, and calls get *patience* seconds."""
        if closing.is_over or closing in self._open:
            return
        self._open.append(closing)
        if closing.lap is None:
            self._desk.hold_back()
        else:
            closing.lap.closing = Ending("violation", str(closing.error))
        calls = list(self._calls_of(closing))
        self._desk.leave([each for each in calls if isinstance(each, Call) and each.is_async])
        ledger = self._desk.run.ledger
        due = ledger.clock() + patience
        if not self._look(closing, due):
            watch = Watch(closing.lap, min(patience, LOOK), partial(self._look, closing, due))
            ledger.watches.append((closing.strand.run, watch))

    def _look(self, closing: _Closing, due: float) -> bool:
        """End what has no calls under way any more, or no time left; whether it has ended."""
        is_due = self._desk.run.ledger.clock() >= due
        if not (closing.is_over or is_due or not any(self._calls_of(closing))):
            return False
        self._open.remove(closing)
        if not closing.is_over and closing.lap is None:
            self._desk.run.stop(closing.error)
        elif not closing.is_over:
            self._desk.cut(closing.strand, closing.lap, Ending("violation", str(closing.error)))  # type: ignore[arg-type]
        return True

    def _calls_of(self, closing: _Closing) -> Iterator[Request]:
        """What is under way of a cycle, in runs inside its nodes too; of the run everything."""
        for request in self._desk.under_way:
            if closing.lap is None or closing.lap in _laps_holding(request, closing.strand):
                yield request


def _laps_of(strand: Strand) -> list[Lap]:
    rounds = getattr(strand.run, "rounds", None)
    return [] if rounds is None else rounds.laps


def _laps_holding(request: Any, around: Strand) -> list[Lap]:
    """The cycles of *around* that a request lies in, directly or in a run inside one of their nodes."""
    while request is not None and request.strand is not around:
        request = request.strand.enter
    if request is None:
        return []
    return [lap for lap in _laps_of(around) if lap.cycle.enter <= request.step <= lap.cycle.leave]


def _lap_around(strand: Strand) -> Iterator[Lap]:
    """The cycles of outer runs that *strand* lies in."""
    request = strand.enter
    while request is not None:
        yield from _laps_holding(request, request.strand)
        request = request.strand.enter
