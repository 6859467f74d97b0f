"""FSMContext: the context of a run of a machine, which also knows the way it went."""

from __future__ import annotations

from typing import Any, Self

from fast_dag.run.context import Context
from fast_dag.run.track import Track
from fast_dag.values import NO_DATA


class FSMContext(Context):
    """Results, metadata and metrics of one run of an FSM, and its states.

    The result of a state is that of its latest execution; ``get_result("state.0")`` is that of its first.
    Parameters are those of `Context`.  A run of an FSM begins the states anew.
    """

    # Beside the dict that it may share with a plain context.
    __slots__ = ("_track",)

    def __init__(
        self,
        results: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        metrics: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(results, metadata, metrics)
        self._track = Track()

    @classmethod
    def over(cls, context: Context) -> FSMContext:
        """*context*, or one that shares all it holds if it is a plain one: three dicts, a cancel, the run."""
        if isinstance(context, FSMContext):
            return context
        made = cls.__new__(cls)
        made.__dict__ = context.__dict__
        return made.follow(Track())

    @property
    def state_history(self) -> list[str]:
        """The names of the states in the order of execution, as far as they are kept."""
        return list(self._track.history)

    @property
    def current_state(self) -> str | None:
        """The state that is executed or due, after the end the last one; None before the first."""
        return self._track.names[self._track.at] if self._track.at >= 0 else None

    @property
    def cycle_count(self) -> int:
        """How many executions of states have come to their end in this run."""
        return self._track.count

    @property
    def cycle_results(self) -> dict[str, list[Any]]:
        """For each state that was executed what it gave, in order, as far as that is kept."""
        return self._track.values()

    @property
    def visits(self) -> dict[str, int]:
        """How often each state was executed, in the order of declaration, without those that never were."""
        return self._track.visited()

    @property
    def is_terminated(self) -> bool:
        """Whether the run came to a regular end: not to an error, nor to its cap."""
        return self._track.is_terminated

    def get_latest(self, state: str, default: Any = None) -> Any:
        """The value of the latest execution of *state*, or *default*."""
        return self.get_cycle(state, self.visits.get(state, 0) - 1, default)

    def get_cycle(self, state: str, index: int, default: Any = None) -> Any:
        """The value of execution *index* of *state*, 0 for the first; *default* if there is none."""
        track = self._track
        if state not in track.names or index < 0:
            return default
        unit = list(track.names).index(state)
        kept = track.series[unit]
        place = index - (track.visits(unit) - len(kept))
        return kept[place] if 0 <= place < len(kept) else default

    def follow(self, track: Track) -> Self:
        """Tell of the states on *track* from now on; the engine calls it."""
        self._track = track
        return self

    def _own(self, key: Any) -> Any:
        found = super()._own(key)
        if found is not NO_DATA or not isinstance(key, str):
            return found
        state, dot, index = key.rpartition(".")
        return self.get_cycle(state, int(index), NO_DATA) if dot and index.isdecimal() else NO_DATA
