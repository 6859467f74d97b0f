"""A machine as a plain loop while somebody watches: functions tell that they begin, the clock the end."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fast_dag.run.events import NodeFinished, NodeStarted, Transitioned
from fast_dag.runners.row_loop import Interrupted

if TYPE_CHECKING:
    from fast_dag.run.machine_run import MachineRun
    from fast_dag.run.requests import Outcome
    from fast_dag.runners.delivery import Tell

NOBODY: Final = -1


class ObservedStates:
    """What tells of the states of *run*, which is about to begin; the events are those of the core."""

    def __init__(self, run: MachineRun) -> None:
        self._run = run
        self._paths = [run.path_of(unit) for unit in range(len(run.plan.names))]
        self.begun = NOBODY
        """The state whose start has been told, and its end not."""
        self.began = 0.0
        """When that was."""
        self._last = NOBODY
        self._spent = 0.0
        """Seconds that others took with the news, which are no state's."""

    def telling(self, unit: int, function: Callable[..., Any]) -> Callable[..., Any]:
        """*function* of the state *unit*, which tells that it begins."""

        def told(*args: Any, **kwargs: Any) -> Any:
            self._begin(unit)
            return function(*args, **kwargs)

        return told

    def around(self, loop: Callable[[], Outcome | None]) -> Callable[[], Outcome | None]:
        """*loop*, for the time of which nobody else tells of anything."""
        in_rows: Any = self._run.ledger.in_rows

        def watched() -> Outcome | None:
            with in_rows() as (tell, common):
                self._tell: Tell = tell
                self._node = common
                self._moved = {name: common[name] for name in ("run_id", "workflow", "time")}
                self.began = perf_counter()
                made = loop()
                if made is None and not self._run.finished:
                    self._move(self._run.track.at)  # which the core is to make
                return made

        return watched

    def clock(self) -> float:
        """When a state has ended, without what others took; it is told."""
        now, unit, spent = perf_counter(), self.begun, self._spent
        self.begun, self._last = NOBODY, unit
        fields = self._node.copy()
        fields["node"], fields["duration"], fields["cached"] = self._paths[unit], now - self.began, False
        self._tell(NodeFinished, fields)
        self._spent += perf_counter() - now
        self._heed()
        return now - spent

    def _begin(self, unit: int) -> None:
        now = perf_counter()
        self._move(unit)
        self._node["iteration"] = self._run.iteration_of(unit)
        fields = self._node.copy()
        fields["node"] = self._paths[unit]
        self._tell(NodeStarted, fields)
        self._heed()
        self.begun, self.began = unit, perf_counter()
        self._spent += self.began - now

    def _move(self, unit: int) -> None:
        if self._last != NOBODY:
            names = {"source": self._paths[self._last], "target": self._paths[unit]}
            self._last = NOBODY
            self._tell(Transitioned, {**self._moved, **names})
            self._heed()

    def _heed(self) -> None:
        """Stop if who was told has ended the run."""
        if self._run.finished:
            raise Interrupted
