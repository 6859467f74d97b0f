"""What a node may know of the cycle around it, and keep there."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any

from fast_dag.run.cycle_state import CycleState
from fast_dag.run.turn import Turn
from fast_dag.run.turn import outside as turn_outside


class CycleContext:
    """The cycle around a node in one attempt; a parameter with this annotation is given it.

    Outside of a cycle the index is 0, which is the first and the last, and what is kept is thrown away.
    """

    __fast_dag_injected__ = "CycleContext"
    __slots__ = ("_turn",)

    def __init__(self, turn: Turn | None = None) -> None:
        self._turn = turn_outside() if turn is None else turn

    def __repr__(self) -> str:
        return f"<CycleContext of {self.cycle_id!r}, iteration {self.index}>"

    @property
    def cycle_id(self) -> str:
        """Name of the innermost cycle, '' outside."""
        return self._turn.place.cycle_id

    @property
    def index(self) -> int:
        """The index of the current iteration, from 0."""
        return self._turn.place.iteration

    @property
    def completed(self) -> int:
        """How many iterations there are with the current one."""
        return self._turn.place.iteration + 1

    @property
    def max_iterations(self) -> int | None:
        """After how many iterations the cycle ends, None if nothing says."""
        return self._turn.place.max_iterations

    @property
    def is_first(self) -> bool:
        """Whether this is the first iteration."""
        return self._turn.place.iteration == 0

    @property
    def is_last(self) -> bool:
        """Whether this is the last one that `max_iterations` allows; false if nothing says."""
        place = self._turn.place
        return not place.path or place.max_iterations == place.iteration + 1

    @property
    def progress(self) -> float | None:
        """How much of the iterations, or of the time, is used up, from 0 to 1; None without either bound."""
        place = self._turn.place
        if not place.path:
            return 1.0
        shares = []
        if place.max_iterations is not None:
            shares.append(self.completed / place.max_iterations)
        if place.timeout is not None:
            shares.append(self.elapsed / place.timeout)
        return min(1.0, max(shares)) if shares else None

    @property
    def elapsed(self) -> float:
        """Seconds since the cycle was entered."""
        place = self._turn.place
        return place.clock() - place.started

    @property
    def path(self) -> tuple[str, ...]:
        """The cycles around the node, the outermost first."""
        return self._turn.place.path

    @property
    def direction(self) -> str:
        """What a better value is: maximize or minimize."""
        return self._turn.place.direction

    @property
    def state(self) -> MutableMapping[Any, Any]:
        """What the node keeps from one iteration to the next; counts if this attempt succeeds."""
        return self._turn.state

    @property
    def previous(self) -> Mapping[Any, Any]:
        """The same as the last iteration left it, read-only."""
        return self._turn.previous

    @property
    def shared(self) -> MutableMapping[Any, Any]:
        """Slots that all nodes of the cycle have; what others write is here from the next iteration on."""
        return self._turn.shared

    @property
    def cycle_state(self) -> CycleState:
        """The state of the whole cycle."""
        return self._turn.seen

    def accumulate(self, key: Any, value: Any, max_history: int | None = 100) -> Sequence[Any]:
        """Add *value* to the values that the node keeps under *key*.

        Parameters:
            key: in `state`.
            value: anything.
            max_history: how many are kept, None for all.

        Returns:
            The values: a list, with ``max_history=None`` a read-only view, which costs nothing.

        Raises:
            ValueError: *max_history* is no integer of at least 1.
            CycleStateError: under *key* lies something to which nothing can be added.
        """
        return self._turn.state.accumulate(key, value, max_history)

    def trend(  # noqa: PLR0917 - the contract's form
        self,
        values: Sequence[Any] | None = None,
        key: Any = None,
        window_size: int = 3,
        threshold: float = 0.01,
        measure: str = "range",
        direction: str | None = None,
    ) -> Any:
        """How *values*, or those the node keeps under *key*, move; a `Trend`.

        Parameters:
            values: numbers, oldest first.
            key: in `state`, where no *values* are given.
            window_size, threshold, measure: see `fast_dag.cycles.trend`.
            direction: maximize or minimize, by default that of the cycle.

        Raises:
            ValueError: a setting is wrong, or there are neither *values* nor a *key*.
        """
        if values is None:
            if key is None:
                msg = "a trend is that of some values: give values, or the key they are kept under"
                raise ValueError(msg)
            values = self.state.get(key, ())
        judge = self._turn.place.trend
        if judge is None:
            msg = "this context belongs to no run, so it knows no trends: use fast_dag.cycles.trend"
            raise ValueError(msg)
        return judge(values, window_size, threshold, measure, direction or self.direction)

    def stop(self, detail: str = "") -> None:
        """End the cycle after this iteration, with the reason exit; nothing outside of a cycle."""
        self._turn.stop(detail)


CURRENT: ContextVar[CycleContext] = ContextVar("fast_dag_cycle")
"""What `CycleAwareNode` reads in the call that the engine makes."""


def current() -> CycleContext:
    """That of the call under way; outside of a run one that is thrown away."""
    found = CURRENT.get(None)
    return CycleContext() if found is None else found
