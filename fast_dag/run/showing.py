"""Which results of a run can be seen, and which values are let go when all have read them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fast_dag.plan.plan import GONE, Plan
from fast_dag.run.streams import shown
from fast_dag.values import NO_DATA


class Showing:
    """Fills the results of a run as they come, and clears the slots nobody reads any more.

    Parameters:
        plan: what the run follows.
        values: its values by slot.
        results: what nodes and the caller see, None if nobody looks before the run is over.
        keep: names of the results to keep, None for all; the others go with their last reader.
    """

    def __init__(
        self, plan: Plan, values: list[Any], results: dict[str, Any] | None, keep: Collection[str] | None
    ) -> None:
        self.results = results
        self._plan, self._values, self._keep = plan, values, keep
        # A cycle reads again what it has read before.
        self.frees = results is not None and not plan.cycles
        self._unread: dict[int, int] = dict(plan.readers.counts) if self.frees else {}

    def show(self, step: int, value: Any) -> None:
        """Let the result of *step* be seen, if it is one to be kept or still to be read."""
        if self.results is None:
            return
        name, slot = self._plan.names[step], self._plan.first + step
        if self._keep is None or name in self._keep or slot in self._plan.readers.counts:
            self.results[name] = shown(value)

    def show_again(self, step: int, value: Any) -> None:
        """Let what a cycle has gone back to be seen in place of what it dropped."""
        if self.results is not None and value is NO_DATA:
            self.results.pop(self._plan.names[step], None)
        else:
            self.show(step, value)

    def settled(self, step: int) -> None:
        """Clear the slots whose last reader was *step*, and its own if all have done without it."""
        for slot in self._plan.readers.slots[step]:
            self._unread[slot] -= 1
            if not self._unread[slot]:
                self.clear(slot)
        own = self._plan.first + step
        if self._unread.get(own) == 0:
            self.clear(own)

    def end(self) -> None:
        """Leave the results that are to be kept, where none was let go before the run was over."""
        if self._keep is None or self.results is None or self.frees:
            return
        for name in self._plan.names:
            if name not in self._keep:
                self.results.pop(name, None)

    def hold(self, name: str) -> None:
        """Keep the value of node *name* until the run is over, whoever has read it."""
        slot = self._plan.first + self._plan.names.index(name)
        self._unread[slot] = self._unread.get(slot, 0) + 1

    def clear(self, slot: int) -> None:
        """Let go of a value that nobody reads any more."""
        value, unit = self._values[slot], slot - self._plan.first
        if value is NO_DATA:
            return  # which stays to be told from what has been read
        self._values[slot] = GONE
        if self.results is None or self._keep is None or unit < 0:
            return
        name = self._plan.names[unit]
        if name not in self._keep and self.results.get(name) is shown(value):
            del self.results[name]
