"""The states of nested cycles, each by the way that leads to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fast_dag.run.cycle_state import CycleState

Path = tuple[tuple[str, int], ...]


class CycleStateManager:
    """Keeps a state for each cycle, and for a nested one anew for each iteration of those around it.

    Parameters:
        clock: what durations are counted on, in seconds.
        history_limit: as for `CycleState`.
    """

    def __init__(self, *, clock: Callable[[], float] | None = None, history_limit: int | None = 10) -> None:
        self._clock, self._history_limit = clock, history_limit
        self._states: dict[tuple[Path, str], CycleState] = {}
        self._active: list[CycleState] = []

    def get_or_create_state(self, cycle_id: str) -> CycleState:
        """The state of *cycle_id* within the cycles that are active now."""
        around = [each.cycle_id for each in self._active]
        # One that is active itself is meant, not another one inside it.
        if cycle_id in around:
            return self._active[around.index(cycle_id)]
        key = tuple((each.cycle_id, each.iteration) for each in self._active), cycle_id
        if key not in self._states:
            self._states[key] = CycleState(cycle_id, history_limit=self._history_limit, clock=self._clock)
        return self._states[key]

    def push_cycle(self, cycle_id: str) -> CycleState:
        """Begin *cycle_id* within those that are active; its state."""
        state = self.get_or_create_state(cycle_id)
        self._active.append(state)
        return state

    def pop_cycle(self) -> str | None:
        """End the innermost active cycle; its name, None if there is none."""
        return self._active.pop().cycle_id if self._active else None

    def get_active_cycle(self) -> str | None:
        """The innermost active cycle, None if there is none."""
        return self._active[-1].cycle_id if self._active else None

    def get_all_summaries(self) -> dict[str, dict[str, Any]]:
        """The summary of each state; that of a nested one under a name such as ``outer[2].inner``."""
        return {_shown(*key): state.get_summary() for key, state in self._states.items()}

    def clear(self, cycle_id: str | None = None) -> None:
        """Forget the states of *cycle_id* and of all inside it, by default every one."""
        if cycle_id is None:
            self._states.clear()
            self._active.clear()
            return
        self._states = {
            key: state
            for key, state in self._states.items()
            if cycle_id != key[1] and all(cycle_id != name for name, _ in key[0])
        }
        names = [each.cycle_id for each in self._active]
        if cycle_id in names:
            del self._active[names.index(cycle_id) :]


def _shown(path: Path, cycle_id: str) -> str:
    return ".".join([*(f"{name}[{index}]" for name, index in path), cycle_id])
