"""A safety manager at one run: what it looks for there, and what it does about that."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from fast_dag.observe.leaks import Leak
from fast_dag.observe.limits import ENDING, Gate
from fast_dag.observe.quiet import Quiet
from fast_dag.run import events
from fast_dag.run.tools import Control
from fast_dag.run.violation import Violation

if TYPE_CHECKING:
    from fast_dag.observe.admission import Ticket
    from fast_dag.observe.alarms import Alert
    from fast_dag.observe.safety import CycleSafetyManager
    from fast_dag.run.results import CycleResult


class Guarding:
    """What a manager does in one run.

    Parameters:
        manager: it has been started.
        control: of the run.
    """

    def __init__(self, manager: CycleSafetyManager, control: Control) -> None:
        self._manager, self._control = manager, control
        self._lock = threading.Lock()
        """Over what follows; the manager is never asked while it is held."""
        self._gates = {limit.kind: Gate(limit) for limit in manager.limits()}
        self._leaks: dict[str, Leak] = {}
        self._quiet = Quiet(control.bodies)
        self._has_room = False
        """Whether somebody who waits may be let in, and nobody has been told."""
        self._told: set[str] = set()
        """The cycles whose deadlock has been told of."""
        self._standing: list[Violation] = []
        """Violations of this run, while it lasts."""
        self.refresh_every = manager.refresh_every
        self.may_end = manager.may_end

    def __call__(self, event: events.Event) -> None:
        """Take an event."""
        with self._lock:
            self._quiet.take(event, self._manager.clock())
            if isinstance(event, events.CycleStarted):
                self._told.discard(event.cycle)
                for gate in self._gates.values():
                    gate.rearm()
        if self._has_room:
            self._has_room = False
            self._manager.admission.call()

    def refresh(self) -> None:
        """Look at the process and at this run; in a thread of its own."""
        values = self._manager.looked(is_late_enough=True)
        if values is None:
            return
        with self._lock:
            found: list[tuple[Violation, str | None]] = [*self._deadlocks()]
            found += [(each, None) for each in self._broken(values, None)]
        for violation, cycle in found:
            patience = self._manager.graceful_shutdown_timeout
            self._control.end(violation, cycle, patience=patience)

    def after_iteration(self, cycle: str, index: int, seconds: float) -> Violation | None:  # noqa: ARG002 - as asked
        """Why *cycle* ends after its iteration *index*, None if it may go on."""
        values = self._manager.looked(is_late_enough=not self._manager.memory_leak_detection)
        if values is None:
            return None
        with self._lock:
            for gate in self._gates.values():
                gate.rearm()
            found = [*self._broken(values, index), *self._leaked(values, cycle, index)]
        for violation in found:
            if violation.action not in ENDING:
                self._control.tell(violation, cycle)
        return next((each for each in found if each.action in ENDING), None)

    def admit(self, cycle: str, entry: Hashable) -> Ticket | None:
        """None to let *cycle* in, else what it has to wait for.

        Raises:
            CycleSafetyError: it may not wait.
        """
        return self._manager.admission.enter((self, entry), cycle)

    def left(self, entry: Hashable) -> None:
        """A cycle that was let in has ended; other runs are told with the next event, not from here."""
        self._manager.admission.leave((self, entry))
        self._has_room = True

    def warn(self, alert: Alert) -> None:
        """Have the observers of this run know of an alert."""
        self._control.warn(f"{alert.kind}_alert", alert.message)

    @property
    def deadlocked(self) -> list[str]:
        """The cycles in which nothing comes to its end any more."""
        with self._lock:
            return [] if not self._manager.deadlock_detection_enabled else list(self._stuck())

    @property
    def standing(self) -> list[Violation]:
        """What was broken in this run, and the process is no longer able to tell."""
        with self._lock:
            return list(self._standing)

    def close(self, results: Mapping[str, CycleResult]) -> None:  # noqa: ARG002 - they know of violations
        """The run is over."""
        self._manager.admission.drop(self)
        self._manager.leave(self._control)

    def _broken(self, values: Mapping[str, float | None], index: int | None) -> list[Violation]:
        now = self._manager.now()
        gates = self._gates.items()
        return [found for kind, gate in gates if (found := gate.broken(values[kind], index, now))]

    def _leaked(self, values: Mapping[str, float | None], cycle: str, index: int) -> list[Violation]:
        manager = self._manager
        if not manager.memory_leak_detection:
            return []
        if index == 0 or cycle not in self._leaks:
            self._leaks[cycle] = Leak(manager.memory_growth_threshold, manager.leak_window, manager.action)
        found = self._leaks[cycle].violation(values["global_memory"], cycle, index, manager.now())
        if found is None:
            return []
        self._standing.append(found)
        return [found]

    def _stuck(self) -> dict[str, float]:
        return self._quiet.stuck(self._manager.deadlock_timeout_seconds, self._manager.clock())

    def _deadlocks(self) -> list[tuple[Violation, str]]:
        manager = self._manager
        stuck = self._stuck() if manager.deadlock_detection_enabled else {}
        found: list[tuple[Violation, str]] = []
        for cycle in self._quiet.outermost(stuck):
            if cycle in self._told:
                continue
            self._told.add(cycle)
            limit, lasting = manager.deadlock_timeout_seconds, stuck[cycle]
            violation = Violation(
                kind="deadlock",
                limit=limit,
                value=lasting,
                action=manager.action,
                message=f"in cycle {cycle!r} no node came to its end for {lasting:.1f} s, more than"
                f" deadlock_timeout_seconds={limit:g}",
                timestamp=manager.now(),
            )
            self._standing.append(violation)
            found.append((violation, cycle))
        return found
