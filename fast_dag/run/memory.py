"""The state of one cycle on its way: begun with it, kept after each iteration, carried over where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.plan.plan import Cycle
from fast_dag.run.cycle_state import CycleState
from fast_dag.run.turn import Place, Turn

if TYPE_CHECKING:
    from fast_dag.run.ledger import Ledger

Key = tuple[int, tuple[int, ...]]


class Memory:
    """What the nodes of one cycle keep; costs nothing until one of them asks.

    Parameters:
        cycle: the cycle.
        path: the names of the cycles around it, the outermost first and its own last.
    """

    def __init__(self, cycle: Cycle, path: Sequence[str]) -> None:
        self._cycle, self.path = cycle, tuple(path)
        self.state: CycleState | None = None
        self.metrics: Callable[[], Mapping[str, Any]] | None = None
        """Gives the series of the metrics, where somebody keeps them."""
        self._turns: dict[Key, Turn] = {}
        """What succeeded in this iteration, by unit, and place of an element."""
        self._left: CycleState | None = None
        """The state of before the cycle was entered anew."""

    def begin(self) -> None:
        """The cycle is entered: forget, but for what is to outlive that."""
        self._turns.clear()
        self._left, self.state = self.state or self._left, None

    def turn(self, node: str, index: int, started: float, ledger: Ledger) -> Turn:
        """What an attempt of *node* sees in the iteration *index* of the cycle, which *started* then."""
        if self.state is None:
            self.state = self._made(started, ledger.clock)
        config, books = self._cycle.config, self.state.books
        books.iteration, books.completed = index, index + 1
        place = Place(
            *(self._cycle.name, index, config.max_iterations, config.timeout_seconds, started),
            *(ledger.clock, self.path, config.direction, ledger.trend),
        )
        return Turn(self.state, place, node)

    def share(self, slots: Mapping[str, Any], started: float, clock: Callable[[], float]) -> None:
        """Lay values into shared *slots*, for an iteration that begins."""
        if self.state is None:
            self.state = self._made(started, clock)
        self.state.books.shared.update(slots)

    def take(self, unit: int, element: tuple[int, ...], turn: Turn) -> None:
        """An attempt has succeeded: keep it when the iteration has come to its end."""
        self._turns[unit, element] = turn

    def drop(self, unit: int) -> None:
        """What a node wrote does not count after all."""
        for key in [key for key in self._turns if key[0] == unit]:
            del self._turns[key]

    def complete(self, results: Callable[[], Mapping[str, Any]], index: int) -> str | None:
        """An iteration has come to its end; why it is the last one, None if no node said so."""
        if self.state is None:
            return None
        # Not in the order of finishing: that may be another one each time.
        turns = [self._turns[key] for key in sorted(self._turns)]
        self._turns.clear()
        for turn in turns:
            turn.keep()
        self.state.update(results(), index)
        return next((turn.detail for turn in turns if turn.stops), None)

    def changes(self) -> Iterator[tuple[str, Any, Any, Any]]:
        """What the attempts of this iteration are about to change: node, key, values before and after.

        The node of what all of them share is "".
        """
        for key in sorted(self._turns):
            turn = self._turns[key]
            yield from ((turn.node, *each) for each in turn.state.changes())
            yield from (("", *each) for each in turn.shared.changes())

    def end(self) -> None:
        """The cycle ends: what an unfinished iteration wrote does not count."""
        self._turns.clear()

    def node_states(self) -> dict[str, dict[Any, Any]]:
        """The state of each node that has one; where some keys are to outlive the cycle, only those."""
        if self.state is None:
            return {}
        keys = self._cycle.config.preserve_state
        found = self.state.node_states
        if keys:
            found = {node: {key: held[key] for key in keys if key in held} for node, held in found.items()}
        return {node: held for node, held in found.items() if held}

    def saved(self) -> dict[str, Any] | None:
        """All of it as plain data around the values, None if nobody has asked for state."""
        return None if self.state is None else self.state.to_dict()

    def saved_left(self) -> dict[str, Any] | None:
        """As `saved`, of the state from before it was entered anew, while nobody has asked for it since."""
        return None if self._left is None else self._left.to_dict()

    def resume(
        self, data: Mapping[str, Any] | None, left: Mapping[str, Any] | None, clock: Callable[[], float]
    ) -> None:
        """Take what `saved` and `saved_left` gave in an earlier run."""
        self.state = self._restored(data, clock)
        self._left = self._restored(left, clock)

    def shared(self) -> dict[Any, Any]:
        """What lies in the shared slots."""
        return {} if self.state is None else self.state.to_dict()["shared"]

    def _restored(self, data: Mapping[str, Any] | None, clock: Callable[[], float]) -> CycleState | None:
        if data is None:
            return None
        state = self._made(clock(), clock)
        state.books.restore(data)
        return state

    def _made(self, started: float, clock: Callable[[], float]) -> CycleState:
        config = self._cycle.config
        state = CycleState(
            self._cycle.name,
            max_iterations=config.max_iterations,
            history_limit=config.history_limit,
            clock=clock,
            takes_metrics=config.history_limit is None and self.metrics is None,
        )
        state.books.recorded.started = state.books.recorded.last = started
        state.books.metrics = self.metrics
        if self._left is not None:
            old, self._left = self._left.books, None
            state.books.shared = self._outliving(old.shared)
            state.books.nodes = {node: self._outliving(kept) for node, kept in old.nodes.items()}
        return state

    def _outliving(self, kept: dict[Any, Any]) -> dict[Any, Any]:
        config = self._cycle.config
        return {key: kept[key] for key in kept if config.keep_state or key in config.preserve_state}
