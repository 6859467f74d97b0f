"""One attempt of a node that uses the state of its cycle: what it sees, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fast_dag.run.cycle_state import CycleState
from fast_dag.run.working import Snapshot, Working


class Place(NamedTuple):
    """Where in which cycle an attempt is made; the defaults stand for outside of any."""

    cycle_id: str = ""
    iteration: int = 0
    """Its index."""
    max_iterations: int | None = None
    timeout: float | None = None
    started: float = 0.0
    clock: Callable[[], float] = float
    path: tuple[str, ...] = ()
    """The cycles around it, the outermost first and its own last; empty outside."""
    direction: str = "maximize"
    """What a better value of the objective is."""
    trend: Callable[..., Any] | None = None
    """Says how a series moves."""


class Turn:
    """What one attempt sees of its cycle and writes; nothing of it counts until it is kept.

    Parameters:
        state: of the cycle.
        place: where it is.
        node: whose attempt it is.
    """

    __slots__ = ("detail", "node", "others", "place", "seen", "shared", "state", "stops")

    def __init__(self, state: CycleState, place: Place, node: str) -> None:
        self.place, self.node = place, node
        self.state = Working(state.books.nodes.setdefault(node, {}))
        self.shared = Working(state.books.shared)
        self.others: dict[str, dict[Any, Any]] = {}
        """What it writes into the state of other nodes."""
        self.stops = False
        """Whether the cycle is to end after this iteration."""
        self.detail = ""
        self.seen = state.as_seen_in(self)

    @property
    def previous(self) -> Snapshot:
        """The node's state as the last iteration left it."""
        return Snapshot(self.seen.books.nodes[self.node])

    def stop(self, detail: str) -> None:
        """End the cycle after this iteration, if the attempt is kept."""
        self.stops, self.detail = True, detail

    def written(self) -> dict[str, Any] | None:
        """All that it says besides its value, for another turn to `write`; None if that is nothing."""
        found = [self.state.written(), self.shared.written()]
        if not (any(found[0]) or any(found[1]) or self.others or self.stops):
            return None
        return {
            "state": found[0],
            "shared": found[1],
            "others": self.others,
            "stops": [self.stops, self.detail],
        }

    def write(self, written: dict[str, Any]) -> None:
        """Say what another turn has said."""
        self.state.write(written["state"])
        self.shared.write(written["shared"])
        self.others.update(written["others"])
        self.stops, self.detail = written["stops"]

    def keep(self) -> None:
        """Write everything into the state of the cycle."""
        self.state.keep()
        self.shared.keep(what_changed=True)
        for node, values in self.others.items():
            self.seen.books.put(node, values)


def outside(node: str = "", trend: Callable[..., Any] | None = None) -> Turn:
    """A turn outside of any cycle; nobody keeps it."""
    return Turn(CycleState("", takes_metrics=False), Place(trend=trend), node)
